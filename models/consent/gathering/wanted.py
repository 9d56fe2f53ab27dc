"""What a dataset gives reason to ask about, put together from the outputs of the consent stage."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import pyarrow as pa

from models.assets.asset import Asset
from models.canonical import canonical_json
from models.consent.evidence.view import EvidenceView
from models.consent.licences import documents_to_fetch
from models.consent.purposes import ALL_PURPOSES, Preference
from models.consent.signed.document import CARRIER as SIGNED
from models.consent.statements import Condition, Statement
from models.consent.subjects import Subject, SubjectKind
from models.consent.supersession import is_superseded, last_words
from models.consent.testimony import ORIGINALS

_OF_BYTES = (SubjectKind.SHA256, SubjectKind.CID)
_RESTRICTING = (Preference.NOT_ALLOWED, Preference.CONSTRAINED)


@dataclass(frozen=True, slots=True)
class Original:
    """A file that refuses by itself; copies of the picture are to inherit that.

    Attributes:
        asset: the file.
        statements: those of its statements that restrict a use.
        heard: what was said elsewhere of its very bytes, and restricts a use.
    """

    asset: Asset
    statements: tuple[Statement, ...]
    heard: tuple[Statement, ...] = ()


@dataclass(frozen=True, slots=True)
class Unproven:
    """A signed statement whose signature only a contract wallet can confirm (ERC-1271).

    Attributes:
        asset: the file that it lies beside.
        digest: SHA-256 of the statement's file.
        cids: the CIDs of the image.
    """

    asset: Asset
    digest: str
    cids: tuple[str, ...]


@dataclass
class Wanted:
    """What to ask about. Sorted where it is read, so that the order of shards plays no part.

    Attributes:
        dataset: its name.
        known: the evidence so far: what was said elsewhere of a file's very bytes holds for its
            copies as what it says itself does. None for nothing.
        as_of: the moment at which that is weighed, UTC seconds.
        subjects: everything that assets can be recognised by.
        addresses: where images came from, each as it was found and in one scheme only.
        documents: addresses of licence documents that constrained statements point at.
        originals: files that refuse something, or of which that is said, by asset id.
        silent: ids of assets whose files could be read, and which nobody refuses.
        signers: who has signed a statement about the file with this CID.
        unproven: statements whose signature has to be asked for on a chain.
    """

    dataset: str = ""
    known: EvidenceView | None = None
    as_of: int = 0
    subjects: set[Subject] = field(default_factory=set)
    addresses: set[str] = field(default_factory=set)
    documents: set[str] = field(default_factory=set)
    originals: dict[str, Original] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)
    signers: dict[str, set[str]] = field(default_factory=dict)
    unproven: list[Unproven] = field(default_factory=list)

    def add_shard(self, assets: Sequence[Asset], consent: pa.Table) -> None:
        """Take in one shard.

        Args:
            assets: its assets.
            consent: rows of the consent stage for them.
        """
        by_id = {asset.asset_id: asset for asset in assets}
        columns = ["asset_id", "fault_code", "statements", "subjects"]
        rows = consent.select(columns).to_pylist()
        named = {
            row["asset_id"]: [Subject.parse(text) for text in row["subjects"] or ()] for row in rows
        }
        heard = _heard_of(named, self.known, self.as_of)
        for row in rows:
            subjects = named[row["asset_id"]]
            self.subjects.update(subjects)
            self.addresses |= _as_found(subjects)
            if row["fault_code"] or row["asset_id"] not in by_id:
                continue
            statements = [Statement.from_dict(json.loads(text)) for text in row["statements"]]
            self.documents |= documents_to_fetch(statements)
            self._add_signed(by_id[row["asset_id"]], statements, subjects)
            told = heard.get(row["asset_id"], ())
            restricting = restricting_of(statements)
            if restricting or told:
                asset = by_id[row["asset_id"]]
                self.originals[asset.asset_id] = Original(asset, restricting, told)
            elif all(statement.condition is Condition.SOUND for statement in statements):
                self.silent.add(row["asset_id"])

    def _add_signed(
        self, asset: Asset, statements: Iterable[Statement], subjects: Iterable[Subject]
    ) -> None:
        cids = tuple(s.value for s in subjects if s.kind is SubjectKind.CID)
        for statement in statements:
            if statement.carrier != SIGNED:
                continue
            if statement.condition is not Condition.SOUND:
                self.unproven.append(Unproven(asset, statement.evidence_sha256, cids))
            elif statement.trust.signer and statement.trust.bound:
                for cid in cids:
                    self.signers.setdefault(cid, set()).add(statement.setter)

    def values(self, kind: SubjectKind) -> tuple[str, ...]:
        """The names of one kind, in order."""
        return tuple(sorted(s.value for s in self.subjects if s.kind is kind))

    def counts(self) -> Mapping[str, int]:
        """How much there is to ask about, for a person."""
        return {
            "cid": len(self.values(SubjectKind.CID)),
            "token": len(self.values(SubjectKind.TOKEN)),
            "address": len(self.addresses),
            "document": len(self.documents),
            "original": len(self.originals),
        }


def _heard_of(
    named: Mapping[str, Sequence[Subject]], known: EvidenceView | None, as_of: int
) -> dict[str, tuple[Statement, ...]]:
    """What restricts files by their very bytes and was said elsewhere, by asset id.

    What its speaker has taken back since is left out, and so is when it was said: reading the same
    again makes nothing new to remember.
    """
    if known is None or not known.until:
        return {}
    bytes_of = {
        asset_id: [subject for subject in subjects if subject.kind in _OF_BYTES]
        for asset_id, subjects in named.items()
    }
    said = known.about({subject for subjects in bytes_of.values() for subject in subjects})
    found: dict[str, tuple[Statement, ...]] = {}
    for asset_id, subjects in bytes_of.items():
        statements = [
            replace(item.statement, trust=replace(item.statement.trust, bound=True))
            for subject in subjects
            for item in said.get(subject, ())
            if not item.source.startswith(ORIGINALS)
        ]
        texts = {
            canonical_json(each.as_dict()): each
            for each in map(_without_times, restricting_of(_standing(statements, as_of)))
        }
        if texts:
            found[asset_id] = tuple(texts[text] for text in sorted(texts))
    return found


def _standing(statements: Sequence[Statement], as_of: int) -> Iterator[Statement]:
    """The statements without what their own speakers have said otherwise later."""
    last = {purpose: last_words(statements, purpose, as_of) for purpose in ALL_PURPOSES}
    for statement in statements:
        kept = {
            purpose: value
            for purpose, value in statement.preferences.items()
            if not is_superseded(statement, last[purpose])
        }
        yield replace(statement, preferences=kept)


def _without_times(statement: Statement) -> Statement:
    return replace(statement, observed_at=None, issued_at=None, anchor="", sequence=0)


def _as_found(subjects: Iterable[Subject]) -> set[str]:
    """The addresses, without the other scheme that each is also recognised by."""
    found: dict[str, str] = {}
    for subject in subjects:
        if subject.kind is SubjectKind.URL:
            found.setdefault(subject.value.partition("://")[2], subject.value)
    return set(found.values())


def restricting_of(statements: Iterable[Statement]) -> tuple[Statement, ...]:
    """The statements that refuse or constrain a use."""
    return tuple(
        statement
        for statement in statements
        if any(value in _RESTRICTING for value in statement.preferences.values())
    )
