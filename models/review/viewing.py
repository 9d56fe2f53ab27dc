"""What one person sees of an item: as much as they may know before they rule on it.

Where two persons rule, each by themselves, neither sees what the other ruled or that there was a
first ruling at all, what they wrote, or how sure a detector was. A golden item is to its reviewer
an item like any other, and stays what they ruled on afterwards.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from models.accounts.records import key_of
from models.review.escalating import Referral, referrals_on
from models.review.golden_items import find_serving, find_servings, show_served
from models.review.items import (
    ITEM_COLUMNS,
    Item,
    ItemState,
    ItemSummary,
    read_item,
    read_summary,
    summary_columns,
)
from models.review.questions_to_owners import OwnerQuestion, questions_on
from models.review.sampling.marking import is_sampled
from models.review.stored_rulings import StoredRuling, golden_ruling_on, rulings_on
from models.review.turns import WaitsFor
from models.review.two_persons import hide_scores
from models.store.database import now_ms
from models.store.tables import GoldenServingRow, ReviewItemRow


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks.

    Attributes:
        reviewer: the name that stands on record.
        lead: they may settle what two persons disagree about.
        tested: golden items are given out, so that no item may show its history while it waits.
    """

    reviewer: str
    lead: bool = False
    tested: bool = False


@dataclass(frozen=True, slots=True)
class ItemView:
    """An item as one person sees it.

    Attributes:
        item: the item; without scores where two persons rule by themselves.
        rulings: those that they may see, the newest first.
        withheld: there may be others, which are shown once the item is decided.
        own: their own ruling, while another person's is needed.
        disputed: the two rulings that they may settle, the first one first.
        blind: scores are not shown.
        referrals: what reviewers and leads told each other, as far as they may see it.
        questions: what owners were asked.
        served: it is a golden item of theirs.
    """

    item: Item
    rulings: tuple[StoredRuling, ...]
    withheld: bool
    own: StoredRuling | None
    disputed: tuple[StoredRuling, ...]
    blind: bool
    referrals: tuple[Referral, ...]
    questions: tuple[OwnerQuestion, ...]
    served: bool


def view_item(session: Session, item_id: str, viewer: Viewer) -> ItemView | None:
    """What somebody sees of an item, or None where there is no such item."""
    now = now_ms(session)
    found = session.execute(select(*ITEM_COLUMNS).where(ReviewItemRow.id == item_id)).first()
    if found is None:
        return None
    item = read_item(found, now)
    key = key_of(viewer.reviewer)
    serving = find_serving(session, item, key)
    rulings: tuple[StoredRuling, ...]
    if serving is not None:
        item = show_served(item, serving, now)
        golden = golden_ruling_on(session, serving.ruling_id) if serving.ruling_id else None
        rulings = (golden,) if golden else ()
        disputed: tuple[StoredRuling, ...] = ()
    else:
        rulings = rulings_on(session, item_id)
        disputed = _find_disputed(item, rulings, viewer, key)
    mine = tuple(each for each in rulings if each.reviewer == viewer.reviewer)
    withheld = item.waits and not disputed and _is_withheld(session, item, viewer)
    own = next((each for each in mine if each.stands), None) if item.waits else None
    blind = item.blind
    told = () if serving is not None else referrals_on(session, item_id)
    if blind and item.waits_for is not WaitsFor.LEAD:
        told = tuple(each for each in told if each.given_by == viewer.reviewer)
    state = ItemState.OPEN if item.state is ItemState.AWAITING_SECOND else item.state
    evidence = hide_scores(item.evidence) if blind else item.evidence
    return ItemView(
        item=replace(item, state=state, evidence=evidence),
        rulings=mine if withheld else rulings,
        withheld=withheld,
        own=own,
        disputed=disputed,
        blind=blind,
        referrals=told,
        questions=() if serving is not None else questions_on(session, item_id),
        served=serving is not None,
    )


def view_summaries(
    session: Session, items: Sequence[ItemSummary], viewer: Viewer
) -> tuple[ItemSummary, ...]:
    """Lines of a list as somebody sees them: nothing tells a second review or a golden item."""
    servings = find_servings(session, viewer.reviewer, [item.id for item in items])
    now = now_ms(session)
    out = []
    for item in items:
        if item.state is ItemState.AWAITING_SECOND:
            item = replace(item, state=ItemState.OPEN)
        serving = servings.get(item.id)
        if serving is not None:
            held = serving.state == "leased" and serving.lease_until_ms > now
            waits = serving.state in ("open", "leased")
            golden = golden_ruling_on(session, serving.ruling_id) if serving.ruling_id else None
            item = replace(
                item,
                state=(ItemState.LEASED if held else ItemState.OPEN)
                if waits
                else ItemState(serving.state),
                lease_holder=serving.reviewer if held else "",
                ruling=golden.ruling if golden else "",
                reviewer=golden.reviewer if golden else "",
            )
        out.append(item)
    return tuple(out)


def list_served(
    session: Session, reviewer: str, dataset: str | None = None, after: str = ""
) -> tuple[ItemSummary, ...]:
    """The golden items that wait for a reviewer, in order of id, as a list reads them.

    To everybody else they are decided; a list of what waits has to name them as well, or it would
    show which of the items that somebody holds are golden.

    Args:
        dataset: only items of this dataset; None for any.
        after: only those after this id.
    """
    row, served = ReviewItemRow, GoldenServingRow
    here = [] if dataset is None else [row.dataset == dataset]
    query = (
        select(*summary_columns())
        .join(served, and_(served.item_id == row.id, served.question == row.question))
        .where(
            served.reviewer_key == key_of(reviewer),
            served.state.in_(("open", "leased")),
            row.state == ItemState.DECIDED.value,
            row.id > after,
            *here,
        )
        .order_by(row.id)
    )
    now = now_ms(session)
    return tuple(read_summary(found, now) for found in session.execute(query))


def _find_disputed(
    item: Item, rulings: Sequence[StoredRuling], viewer: Viewer, key: str
) -> tuple[StoredRuling, ...]:
    disputed = item.waits and item.round.waits_for is WaitsFor.ADJUDICATION
    if not (disputed and viewer.lead and item.round.may_rule(key)):
        return ()
    by_id = {each.id: each for each in rulings}
    pair = (by_id.get(item.round.first), by_id.get(item.round.second))
    return tuple(each for each in pair if each is not None)


def _is_withheld(session: Session, item: Item, viewer: Viewer) -> bool:
    return item.round.persons > 1 or viewer.tested or is_sampled(session, item.id)
