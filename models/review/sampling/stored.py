"""Samples as they stand in the database, and the rulings that answer their questions."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from models.review.items import ItemState
from models.review.quality.assurance import Combination
from models.review.quality.audit_sample import Aim
from models.review.sampling.strata import Parting
from models.store.batching import cut_batches
from models.store.tables import (
    AssuranceAssetRow,
    AssuranceSampleRow,
    AssuranceStratumRow,
    AuditRow,
    ReviewItemRow,
    RulingRow,
)

_BATCH = 500


@dataclass(frozen=True, slots=True)
class Terms:
    """What a sample is drawn for, fixed before it is.

    Attributes:
        parting: what the strata are.
        aim, at_most, confidence, allowed: see ``models.review.quality.audit_sample.plan_audit``.
        public_value: a published value that is part of the seed, or "".
    """

    parting: Parting
    aim: Aim
    at_most: float
    confidence: float
    allowed: int
    public_value: str


@dataclass(frozen=True, slots=True)
class Sample:
    """A sample that was drawn.

    Attributes:
        terms: what it was drawn for.
        combination: how the overall bound is computed.
        ledger_root: root of the usage ledger with the release in it.
        seed: what it was drawn with.
        approved: assets of the release that a reviewer's approval cleared; not drawn from.
        strata: population and number drawn, by name.
        drawn_ms: when it was drawn, in UTC milliseconds.
    """

    release_id: str
    dataset: str
    terms: Terms
    combination: Combination
    ledger_root: str
    seed: str
    approved: int
    strata: dict[str, tuple[int, int]]
    drawn_ms: int

    @property
    def populations(self) -> dict[str, int]:
        """How many cleared assets each stratum has."""
        return {name: population for name, (population, _) in self.strata.items()}

    @property
    def total(self) -> int:
        """How many assets were drawn."""
        return sum(drawn for _, drawn in self.strata.values())


@dataclass(frozen=True, slots=True)
class SampledAsset:
    """One drawn asset, and its item."""

    asset_id: str
    stratum: str
    item_id: str
    question: str
    ruled_before: bool


def find_sample(session: Session, release_id: str) -> Sample | None:
    """The sample of a release, or None where none was drawn."""
    row = session.get(AssuranceSampleRow, release_id)
    return _read(session, row) if row else None


def list_samples(session: Session, dataset: str | None = None) -> tuple[Sample, ...]:
    """Every sample, or those of a dataset, the newest first."""
    row = AssuranceSampleRow
    query = select(row).order_by(row.drawn_ms.desc(), row.release_id)
    if dataset is not None:
        query = query.where(row.dataset == dataset)
    return tuple(_read(session, found) for found in session.scalars(query))


def list_sampled(session: Session, release_id: str) -> tuple[SampledAsset, ...]:
    """The drawn assets of a release, by stratum in the order of drawing."""
    row = AssuranceAssetRow
    query = (
        select(row.asset_id, row.stratum, row.item_id, row.question, row.ruled_before)
        .where(row.release_id == release_id)
        .order_by(row.stratum, row.place)
    )
    return tuple(
        SampledAsset(asset_id, stratum, item_id, question, bool(before))
        for asset_id, stratum, item_id, question, before in session.execute(query)
    )


def read_blind_rulings(session: Session, sampled: Collection[SampledAsset]) -> dict[str, str]:
    """The rulings that answer the sample's questions, by asset id.

    One that was undone does not count. One whose item was asked about again since, because a run
    found something, does: it was taken blind, on the release as it is.
    """
    questions = {asset.item_id: asset for asset in sampled}
    row = RulingRow
    found: dict[str, tuple[str, str]] = {}
    for ids in cut_batches(sorted(questions), _BATCH):
        query = (
            select(row.item_id, row.question, row.id, row.ruling)
            .where(row.item_id.in_(ids))
            .order_by(row.item_version)
        )
        for item_id, question, ruling_id, ruling in session.execute(query):
            if question == questions[item_id].question:
                found[ruling_id] = (questions[item_id].asset_id, ruling)
    undone: set[str] = set()
    for ids in cut_batches(sorted(found), _BATCH):
        ended = select(AuditRow.subject).where(AuditRow.action == "undo", AuditRow.subject.in_(ids))
        undone.update(session.scalars(ended))
    return {
        asset_id: ruling
        for ruling_id, (asset_id, ruling) in found.items()
        if ruling_id not in undone
    }


def read_other_exclusions(session: Session, sampled: Collection[SampledAsset]) -> frozenset[str]:
    """Drawn assets that a ruling on another question excludes now."""
    ids = {asset.item_id: asset.asset_id for asset in sampled}
    item = ReviewItemRow
    found: set[str] = set()
    for chosen in cut_batches(sorted(ids), _BATCH):
        query = (
            select(item.id)
            .join(
                RulingRow,
                and_(RulingRow.item_id == item.id, RulingRow.item_version == item.version),
            )
            .where(
                item.id.in_(chosen),
                item.state == ItemState.DECIDED.value,
                RulingRow.ruling == "exclude",
            )
        )
        found.update(ids[item_id] for item_id in session.scalars(query))
    return frozenset(found)


def _read(session: Session, row: AssuranceSampleRow) -> Sample:
    stratum = AssuranceStratumRow
    query = select(stratum).where(stratum.release_id == row.release_id).order_by(stratum.name)
    return Sample(
        release_id=row.release_id,
        dataset=row.dataset,
        terms=Terms(
            Parting(row.parting),
            Aim(row.aim),
            row.at_most,
            row.confidence,
            row.allowed,
            row.public_value,
        ),
        combination=Combination(row.combination),
        ledger_root=row.ledger_root,
        seed=row.seed,
        approved=row.approved,
        strata={each.name: (each.population, each.drawn) for each in session.scalars(query)},
        drawn_ms=row.drawn_ms,
    )
