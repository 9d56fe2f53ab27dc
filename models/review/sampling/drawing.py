"""Drawing a sample from a release's cleared assets, and putting it into the queue.

Sample, strata, assets and items are one transaction: after a crash all of it is there, or nothing,
and drawing again draws the same.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from models.canonical import digest_lines
from models.errors import ReviewError
from models.failpoints import reach
from models.review.audit import append_audit
from models.review.enqueueing import enqueue, hold_questions, item_id_of
from models.review.items import WAITING, Question
from models.review.quality.audit_sample import AuditPlan, draw_sample, plan_audit
from models.review.quality.wording import plain_percent
from models.review.ranking import read_priority
from models.review.sampling.marking import asks_for_sample
from models.review.sampling.stored import (
    SampledAsset,
    Terms,
    find_sample,
    list_sampled,
    read_blind_rulings,
)
from models.review.sampling.strata import Cleared
from models.store.database import now_ms
from models.store.tables import (
    AssuranceAssetRow,
    AssuranceSampleRow,
    AssuranceStratumRow,
    ReviewItemRow,
    RulingRow,
)

DRAWN = "draw_sample"
"""The action of the audit row that records a sample; its subject is the release's id."""

_BATCH = 500
_WAITING = {state.value for state in WAITING}


@dataclass(frozen=True, slots=True)
class Draft:
    """A sample before it is stored.

    Attributes:
        release_id, dataset: of the release.
        terms: what it is drawn for.
        plan: how many of each stratum.
        ledger_root: root of the usage ledger with the release in it.
        seed: what it is drawn with.
        approved: see ``models.review.sampling.strata.Cleared``.
        drawn: ids by stratum, in the order of drawing.
    """

    release_id: str
    dataset: str
    terms: Terms
    plan: AuditPlan
    ledger_root: str
    seed: str
    approved: int
    drawn: Mapping[str, Sequence[str]]

    @property
    def assets(self) -> frozenset[str]:
        """Every drawn asset."""
        return frozenset(asset for assets in self.drawn.values() for asset in assets)


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a drawn sample.

    Attributes:
        is_new: False where the same sample had been drawn before.
        asked: how many items wait for a ruling because of it, or did until they were ruled on.
        known: how many were answered blind before, for an earlier release, with nothing changed.
        ruled_before: about how many a person had ruled before, on another question.
        elsewhere: how many wait already with another question, which goes first.
    """

    is_new: bool
    asked: int
    known: int
    ruled_before: int
    elsewhere: int


def make_seed(release_id: str, ledger_root: str, public_value: str) -> str:
    """The seed of a sample: all of it can be looked up by others."""
    seed = f"release {release_id}, ledger root {ledger_root}"
    return f"{seed}, {public_value}" if public_value else seed


def draft_sample(
    release_id: str, dataset: str, cleared: Cleared, terms: Terms, ledger_root: str
) -> Draft:
    """Plan a sample and draw it; nothing is stored.

    Raises:
        ReviewError: a number is out of range, or a machine cleared nothing.
    """
    if not any(cleared.strata.values()):
        raise ReviewError(
            "The release holds no asset that a machine cleared: there is nothing to draw from.",
            "Reviewers have looked at each of its assets, or it is empty.",
        )
    plan = plan_audit(
        cleared.populations,
        terms.at_most,
        aim=terms.aim,
        confidence=terms.confidence,
        allowed=terms.allowed,
    )
    seed = make_seed(release_id, ledger_root, terms.public_value)
    drawn = draw_sample(cleared.strata, plan.sizes, seed)
    return Draft(release_id, dataset, terms, plan, ledger_root, seed, cleared.approved, drawn)


def find_drawn(session: Session, draft: Draft) -> bool:
    """Whether just this sample was drawn before.

    Raises:
        ReviewError: another one was drawn from the release: a second would void the confidence.
    """
    known = find_sample(session, draft.release_id)
    if known is None:
        return False
    if known.terms == draft.terms:
        return True
    said = known.terms
    value = f" --seed {said.public_value!r}" if said.public_value else ""
    raise ReviewError(
        f"A sample was drawn from this release before, with other terms: --at-most "
        f"{plain_percent(said.at_most)} --confidence {plain_percent(said.confidence)} "
        f"--aim {said.aim.value} --allowed {said.allowed} --by {said.parting.value}{value}.",
        "Drawing until the figure pleases voids it. See `kiyome assurance report`; another sample "
        "takes another release, without what was found and its like.",
    )


def list_priorities(session: Session, dataset: str) -> list[int]:
    """The priorities of a dataset's items that are no sample's, without their age, in order."""
    row = ReviewItemRow
    query = select(row.priority, row.asked_ms).where(row.dataset == dataset, ~asks_for_sample())
    return sorted(read_priority(found, asked, asked) for found, asked in session.execute(query))


def store_sample(session: Session, draft: Draft, questions: Collection[Question]) -> Asked:
    """Record a sample and ask reviewers about it, in the caller's transaction.

    Again with the same sample it changes nothing, except that items which were withdrawn in the
    meantime are asked about once more.

    Args:
        session: an open transaction.
        draft: the sample.
        questions: one about each drawn asset; for a sample that was drawn before, about those
            that the last run has cleared.

    Raises:
        ReviewError: another sample was drawn from the release.
        ValueError: a question is missing.
    """
    hold_questions(session)
    is_new = not find_drawn(session, draft)
    if is_new:
        digests = {question.asset_id: question.digest for question in questions}
        if digests.keys() != draft.assets:
            raise ValueError("a sample takes one question about each drawn asset")
        _insert(session, draft, digests)
    reach("assurance.planned")
    sampled = list_sampled(session, draft.release_id)
    known = read_blind_rulings(session, sampled)
    states = _read_states(session, sampled)
    elsewhere = 0
    wanted = set()
    for asset in sampled:
        state, question = states.get(asset.item_id, ("", ""))
        if asset.asset_id in known:
            continue
        if question in ("", asset.question):
            wanted.add(asset.asset_id)
        elif state in _WAITING or not is_new:
            elsewhere += state in _WAITING
        else:
            wanted.add(asset.asset_id)
    stored = {asset.asset_id: asset.question for asset in sampled}
    chosen = [q for q in questions if q.asset_id in wanted and q.digest == stored[q.asset_id]]
    enqueue(session, draft.dataset, chosen, None)
    reach("assurance.enqueued")
    # Alone in the queue: ruled on together with others, it would not have been looked at itself.
    items = sorted(item_id_of(draft.dataset, question.asset_id) for question in chosen)
    for start in range(0, len(items), _BATCH):
        session.execute(
            update(ReviewItemRow)
            .where(ReviewItemRow.id.in_(items[start : start + _BATCH]))
            .values(cluster="")
            .execution_options(synchronize_session=False)
        )
    if is_new:
        append_audit(session, "kiyome", DRAWN, draft.release_id, _describe(draft, stored))
    reach("assurance.recorded")
    before = sum(asset.ruled_before for asset in sampled)
    return Asked(is_new, len(chosen), len(known), before, elsewhere)


def _insert(session: Session, draft: Draft, questions: Mapping[str, str]) -> None:
    terms = draft.terms
    session.execute(
        insert(AssuranceSampleRow).values(
            release_id=draft.release_id,
            dataset=draft.dataset,
            parting=terms.parting.value,
            aim=terms.aim.value,
            at_most=terms.at_most,
            confidence=terms.confidence,
            allowed=terms.allowed,
            combination=draft.plan.combination.value,
            ledger_root=draft.ledger_root,
            public_value=terms.public_value,
            seed=draft.seed,
            approved=draft.approved,
            drawn_ms=now_ms(session),
        )
    )
    strata = [
        {
            "release_id": draft.release_id,
            "name": stratum.name,
            "population": stratum.population,
            "drawn": stratum.size,
        }
        for stratum in draft.plan.strata
    ]
    session.execute(insert(AssuranceStratumRow), strata)
    items = {asset: item_id_of(draft.dataset, asset) for asset in draft.assets}
    before = _find_ruled(session, items, questions)
    rows = [
        {
            "release_id": draft.release_id,
            "asset_id": asset,
            "stratum": name,
            "place": place,
            "item_id": items[asset],
            "question": questions[asset],
            "ruled_before": int(asset in before),
        }
        for name, assets in draft.drawn.items()
        for place, asset in enumerate(assets)
    ]
    if rows:
        session.execute(insert(AssuranceAssetRow), rows)


def _find_ruled(
    session: Session, items: Mapping[str, str], questions: Mapping[str, str]
) -> frozenset[str]:
    """Assets that somebody has ruled on before, on another question."""
    by_item = {item: asset for asset, item in items.items()}
    ids = sorted(by_item)
    found: set[str] = set()
    for start in range(0, len(ids), _BATCH):
        query = select(RulingRow.item_id, RulingRow.question).where(
            RulingRow.item_id.in_(ids[start : start + _BATCH])
        )
        found.update(
            by_item[item]
            for item, question in session.execute(query)
            if question != questions[by_item[item]]
        )
    return frozenset(found)


def _read_states(session: Session, sampled: Sequence[SampledAsset]) -> dict[str, tuple[str, str]]:
    """State and question of each item that is there."""
    row = ReviewItemRow
    ids = sorted(asset.item_id for asset in sampled)
    states: dict[str, tuple[str, str]] = {}
    for start in range(0, len(ids), _BATCH):
        some = row.id.in_(ids[start : start + _BATCH])
        for item, *state in session.execute(select(row.id, row.state, row.question).where(some)):
            states[item] = (state[0], state[1])
    return states


def _describe(draft: Draft, questions: Mapping[str, str]) -> dict[str, str | int]:
    """What the audit chain keeps: it binds the list of drawn assets without naming them."""
    return {
        "seed": draft.seed,
        "by": draft.terms.parting.value,
        "aim": draft.terms.aim.value,
        "at_most": plain_percent(draft.terms.at_most),
        "confidence": plain_percent(draft.terms.confidence),
        "allowed": draft.terms.allowed,
        "drawn": len(questions),
        "drawn_sha256": digest_lines(
            f"{asset} {question}" for asset, question in sorted(questions.items())
        ),
    }
