"""What a dataset gives reason to ask about, put together from the outputs of the consent stage."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from models.assets.asset import Asset
from models.consent.licences import documents_to_fetch
from models.consent.purposes import Preference
from models.consent.signed.document import CARRIER as SIGNED
from models.consent.statements import Condition, Statement
from models.consent.subjects import Subject, SubjectKind

_RESTRICTING = (Preference.NOT_ALLOWED, Preference.CONSTRAINED)


@dataclass(frozen=True, slots=True)
class Original:
    """A file that refuses by itself; copies of the picture are to inherit that.

    Attributes:
        asset: the file.
        statements: those of its statements that restrict a use.
    """

    asset: Asset
    statements: tuple[Statement, ...]


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
        subjects: everything that assets can be recognised by.
        addresses: where images came from, each as it was found and in one scheme only.
        documents: addresses of licence documents that constrained statements point at.
        originals: files that refuse by themselves, by asset id.
        silent: ids of assets whose files could be read and refuse nothing.
        signers: who has signed a statement about the file with this CID.
        unproven: statements whose signature has to be asked for on a chain.
    """

    dataset: str = ""
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
        for row in consent.select(columns).to_pylist():
            subjects = [Subject.parse(text) for text in row["subjects"] or ()]
            self.subjects.update(subjects)
            self.addresses |= _as_found(subjects)
            if row["fault_code"] or row["asset_id"] not in by_id:
                continue
            statements = [Statement.from_dict(json.loads(text)) for text in row["statements"]]
            self.documents |= documents_to_fetch(statements)
            self._add_signed(by_id[row["asset_id"]], statements, subjects)
            if restricting := restricting_of(statements):
                asset = by_id[row["asset_id"]]
                self.originals[asset.asset_id] = Original(asset, restricting)
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
