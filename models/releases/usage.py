"""What a release says in the usage ledger: one record per asset and purpose, use or exclusion."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from models.consent.purposes import Preference, Purpose
from models.consent.statements import Statement
from models.ledger.grounds import digest_grounds
from models.ledger.records import (
    ConsentRef,
    DatasetRef,
    MediaType,
    PolicyRef,
    RecordType,
    ReviewRef,
    RulingValue,
    UsageRecord,
    token,
)
from models.ledger.written import FormedRecords, RecordForm
from models.policy import Policy
from models.reasons import Reason
from models.releases.manifest import list_consent
from models.releases.release import Release
from models.verdicts import Verdict

Pseudonym = Callable[[str, str], str]
_MOST_KNOWN = 10_000
_LARGEST_KEY = 1 << 62
_LOGGED = {Verdict.CLEAR: RecordType.USE, Verdict.EXCLUDE: RecordType.EXCLUDE}


class _Row(NamedTuple):
    """What a record takes from a verdict besides the asset; lists are lines."""

    verdict: str
    reasons: str
    statements: str
    format: str | None
    ruling_id: str
    decided_by: str
    basis: str


RECORDED = ("asset_id", *_Row._fields)
"""The columns of a verdict table that records are made from."""


class UsageRecorder:
    """Makes the records of one release: its uses and its exclusions.

    Args:
        reviewers: reviewer by ruling id.
        pseudonym: ``UsageLedger.reference``: kind and name to a pseudonym.
        decided_at: UTC seconds.
        is_kept: whether the bytes of a piece of evidence are kept, by their SHA-256: a use says it
            of its own, so that nobody can say otherwise later.
    """

    def __init__(
        self,
        release: Release,
        policy: Policy,
        reviewers: dict[str, str],
        pseudonym: Pseudonym,
        decided_at: int,
        is_kept: Callable[[str], bool],
    ) -> None:
        self._policy = PolicyRef(token(policy.name), token(policy.version), policy.digest)
        self._dataset = DatasetRef(release.dataset, release.id, release.manifest_sha256)
        self._purposes = policy.consent.purposes
        self._reviewers = reviewers
        self._pseudonym = pseudonym
        self._decided_at = decided_at
        self._is_kept = is_kept
        self._known: dict[_Row, list[RecordForm]] = {}

    def record(self, verdicts: pa.Table) -> FormedRecords:
        """Every use and every exclusion of a shard, in its order, for each purpose one.

        Args:
            verdicts: its verdict rows; ``RECORDED`` at least.
        """
        ids = verdicts["asset_id"].to_pylist()
        rows, firsts, row_of = _distinct(verdicts)
        forms_of: list[list[RecordForm]] = []
        for row, first in zip(rows, firsts, strict=True):
            forms = self._known.get(row)
            if forms is None:
                if len(self._known) == _MOST_KNOWN:
                    self._known.clear()
                forms = self._known[row] = list(self._make_forms(row, ids[first]))
            forms_of.append(forms)
        return FormedRecords(forms_of, ids, row_of)

    def _make_forms(self, row: _Row, asset_id: str) -> Iterator[RecordForm]:
        kind = _LOGGED.get(Verdict(row.verdict))
        if kind is None:
            return
        statements = [_read_statement(text) for text in _lines(row.statements)]
        evidence = tuple({s.evidence_sha256 for s in statements} - {""})
        grounds, kept = "", None
        if kind is RecordType.USE:
            grounds = _digest_grounds(row, statements)
            kept = tuple(filter(self._is_kept, evidence))
        for purpose in self._purposes:
            record = UsageRecord(
                type=kind,
                asset_sha256=asset_id,
                media_type=_media_type(row.format),
                purpose=purpose,
                value=applied_value(statements, purpose, kind),
                decision=Verdict(row.verdict),
                reasons=tuple(map(Reason, _lines(row.reasons))),
                policy=self._policy,
                dataset=self._dataset,
                decided_at=self._decided_at,
                consent=ConsentRef(
                    tuple(statement.carrier for statement in statements),
                    evidence,
                    grounds,
                    kept,
                ),
                review=_review(row, self._reviewers, self._pseudonym),
                owner_ref=_owner(statements, self._pseudonym),
            )
            yield RecordForm(record)


def _distinct(verdicts: pa.Table) -> tuple[list[_Row], list[int], list[int]]:
    """The different rows of a shard, the place of the first of each, and each asset's row."""
    columns = [_texts(verdicts[name]).dictionary_encode() for name in _Row._fields]
    key, span = np.zeros(len(verdicts), np.int64), 1
    for column in columns:
        values = len(column.dictionary) + 1
        if span * values > _LARGEST_KEY:
            key = np.unique(key, return_inverse=True)[1].astype(np.int64)
            span = len(key) + 1
        key = key * values + pc.fill_null(column.indices, -1).to_numpy() + 1
        span *= values
    _, firsts, row_of = np.unique(key, return_index=True, return_inverse=True)
    texts = [_decode(column, firsts) for column in columns]
    return [_Row(*each) for each in zip(*texts, strict=True)], firsts.tolist(), row_of.tolist()


def _decode(column: pa.DictionaryArray, places: npt.NDArray[np.int64]) -> list[str | None]:
    """The texts at some places of a column."""
    texts = column.dictionary.to_pylist()
    codes = column.indices.take(pa.array(places)).to_pylist()
    return [None if code is None else texts[code] for code in codes]


def _texts(column: pa.ChunkedArray) -> pa.StringArray:
    """A column of text; of lists the texts of each, with line breaks, which none of them holds."""
    if pa.types.is_list(column.type):
        column = pc.binary_join(column.cast(pa.list_(pa.string())), "\n")
    return pa.concat_arrays(column.chunks)


def _lines(text: str) -> list[str]:
    return text.split("\n") if text else []


@lru_cache(maxsize=4096)
def _read_statement(text: str) -> Statement:
    return Statement.from_dict(json.loads(text))


def applied_value(
    statements: Sequence[Statement], purpose: Purpose, kind: RecordType
) -> Preference:
    """What consent said about a purpose, as it was applied.

    A use rests on an authenticated grant, or on silence under an opt-out profile; an exclusion on
    the most restrictive thing that was said.
    """
    said = {statement.preference(purpose) for statement in statements}
    if kind is RecordType.USE:
        granted = any(
            s.trust.may_grant
            and s.preference(purpose) in (Preference.ALLOWED, Preference.CONSTRAINED)
            for s in statements
        )
        return Preference.ALLOWED if granted else Preference.UNKNOWN
    order = (Preference.NOT_ALLOWED, Preference.CONSTRAINED, Preference.ALLOWED)
    return next((value for value in order if value in said), Preference.UNKNOWN)


def _digest_grounds(row: _Row, statements: Sequence[Statement]) -> str:
    """The digest over the manifest's row and the statements, as an auditor gets them."""
    said = {
        "basis": _lines(row.basis),
        "consent": list_consent(statements),
        "decided_by": row.decided_by,
        "reasons": _lines(row.reasons),
    }
    return digest_grounds(said, _lines(row.statements))


def _media_type(name: str | None) -> MediaType:
    return MediaType.__members__.get((name or "").upper(), MediaType.UNKNOWN)


def _owner(statements: Sequence[Statement], pseudonym: Pseudonym) -> str:
    setters = [s.setter for s in statements if s.setter and s.trust.may_grant]
    setters = setters or [s.setter for s in statements if s.setter]
    return pseudonym("owner", setters[0]) if setters else ""


def _review(row: _Row, reviewers: dict[str, str], pseudonym: Pseudonym) -> ReviewRef | None:
    reviewer = reviewers.get(row.ruling_id)
    if reviewer is None:
        return None
    cleared = row.verdict == Verdict.CLEAR.value
    ruling = RulingValue.APPROVE if cleared else RulingValue.EXCLUDE
    return ReviewRef(pseudonym("reviewer", reviewer), ruling)
