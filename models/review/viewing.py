"""What one person sees of an item: as much as they may know before they rule on it.

Where two persons rule, each by themselves, neither sees what the other ruled or that there was a
first ruling at all, what they wrote, or how sure a detector was. A golden item is to its reviewer
an item like any other, and stays what they ruled on afterwards.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import and_, select
from sqlalchemy.orm import Session

from models.accounts.records import key_of
from models.captions.records import StoredEdit, edits_of_ruling
from models.review.golden_items import age_of, find_serving, find_servings, show_served
from models.review.items import WAITING, Item, ItemState, find_row, read_item
from models.review.listing import ItemPage, ItemSummary, list_items, read_summary, summary_columns
from models.review.owner_questions import OwnerQuestion, questions_on
from models.review.referrals import Referral, referrals_on
from models.review.sampling.marking import is_sampled
from models.review.shareable import is_withdrawn, taken_down_since
from models.review.stored_rulings import (
    StoredRuling,
    golden_ruling_on,
    golden_rulings_on,
    rulings_on,
)
from models.review.streams import ANY, Stream
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
        rewritten: the captions that each of the two gives, by the ruling's id.
        blind: scores are not shown.
        referrals: what reviewers and leads told each other, as far as they may see it.
        questions: what owners were asked.
        served: it is a golden item of theirs.
        taken_down_ms: since when a takedown of the asset stands, or None.
        withdrawn: it waits, and an owner has withdrawn consent for some use of it meanwhile.
    """

    item: Item
    rulings: tuple[StoredRuling, ...]
    withheld: bool
    own: StoredRuling | None
    disputed: tuple[StoredRuling, ...]
    rewritten: Mapping[str, tuple[StoredEdit, ...]]
    blind: bool
    referrals: tuple[Referral, ...]
    questions: tuple[OwnerQuestion, ...]
    served: bool
    taken_down_ms: int | None
    withdrawn: bool


def view_item(session: Session, item_id: str, viewer: Viewer) -> ItemView | None:
    """What somebody sees of an item, or None where there is no such item."""
    now = now_ms(session)
    found = find_row(session, item_id)
    if found is None:
        return None
    item = read_item(found, now)
    key = key_of(viewer.reviewer)
    serving = find_serving(session, item, key)
    rulings: tuple[StoredRuling, ...]
    if serving is not None:
        item = show_served(item, serving, now)
        rulings = golden_rulings_on(session, serving.id)
        disputed: tuple[StoredRuling, ...] = ()
    else:
        rulings = rulings_on(session, item_id)
        disputed = _find_disputed(item, rulings, viewer, key)
    mine = tuple(each for each in rulings if each.reviewer == viewer.reviewer)
    withheld = item.waits and not disputed and _is_withheld(session, item, viewer)
    own = next((each for each in mine if each.stands), None) if item.waits else None
    blind = item.blind
    serving_id = "" if serving is None else serving.id
    told = referrals_on(session, item_id, serving_id, golden=viewer.lead)
    asked = questions_on(session, item_id, serving_id, golden=viewer.lead)
    if blind and item.waits_for is not WaitsFor.LEAD:
        told = tuple(each for each in told if each.given_by == viewer.reviewer)
    evidence = hide_scores(item.evidence) if blind else item.evidence
    return ItemView(
        item=replace(item, state=_hide_second(item.state), evidence=evidence),
        rulings=mine if withheld else rulings,
        withheld=withheld,
        own=own,
        disputed=disputed,
        rewritten={each.id: edits_of_ruling(session, each.id) for each in disputed},
        blind=blind,
        referrals=told,
        questions=asked,
        served=serving is not None,
        taken_down_ms=taken_down_since(session, item),
        withdrawn=item.waits and is_withdrawn(session, item),
    )


def list_viewed(
    session: Session,
    viewer: Viewer,
    states: frozenset[ItemState] = WAITING,
    *,
    stream: Stream = ANY,
    offset: int = 0,
    limit: int = 50,
    after: str | None = None,
    most: int | None = None,
) -> ItemPage:
    """A list of items as somebody sees it: nothing tells a second review or a golden item.

    A golden item that waits for them is at its place among those that wait, and not among those
    that are decided, which it is for everybody else.

    Args:
        states, stream, offset, limit, after, most: as for ``models.review.listing.list_items``.
    """
    served = _list_served(session, viewer, stream)
    mine = [item for item in served if after is None or item.id > after]
    mine = mine if states == WAITING else []
    # However many of them come first, an item is at most so many places further on.
    begin = max(0, offset - len(mine))
    page = list_items(
        session,
        states=states,
        offset=begin,
        limit=offset + limit - begin,
        after=after,
        stream=stream,
        most=most,
        without=() if states & WAITING else [item.id for item in served],
    )
    lines = (*_view_lines(session, page.items, viewer), *mine)
    if mine:
        lines = tuple(sorted(lines, key=_turn_of if after is None else _id_of))
    total = page.total + len(mine) if most is None else min(page.total + len(mine), most)
    return ItemPage(lines[offset - begin :][:limit], total, offset)


def _turn_of(item: ItemSummary) -> tuple[int, str, str]:
    return -item.priority, item.cluster, item.id


def _id_of(item: ItemSummary) -> str:
    return item.id


def _view_lines(
    session: Session, items: Sequence[ItemSummary], viewer: Viewer
) -> tuple[ItemSummary, ...]:
    servings = find_servings(session, viewer.reviewer, [item.id for item in items])
    now = now_ms(session)
    return tuple(
        _view_served(session, item, servings[item.id], now)
        if item.id in servings
        else replace(item, state=_hide_second(item.state))
        for item in items
    )


def _list_served(session: Session, viewer: Viewer, stream: Stream) -> tuple[ItemSummary, ...]:
    """The golden items of a stream on which somebody has not ruled, as they see them."""
    row, served = ReviewItemRow, GoldenServingRow
    query = (
        select(*summary_columns())
        .join(served, and_(served.item_id == row.id, served.question == row.question))
        .where(
            served.reviewer_key == key_of(viewer.reviewer),
            served.state.not_in((ItemState.DECIDED.value, ItemState.SUPERSEDED.value)),
            row.state == ItemState.DECIDED.value,
            *stream.conditions(),
        )
    )
    now = now_ms(session)
    return _view_lines(
        session, [read_summary(found, now) for found in session.execute(query)], viewer
    )


def _view_served(
    session: Session, item: ItemSummary, serving: GoldenServingRow, now: int
) -> ItemSummary:
    """A line about a golden item, as its reviewer sees it."""
    held = serving.state == "leased" and serving.lease_until_ms > now
    free = serving.state in ("open", "leased") and not held
    golden = golden_ruling_on(session, serving.ruling_id) if serving.ruling_id else None
    return replace(
        item,
        state=ItemState.OPEN if free else ItemState(serving.state),
        version=serving.version,
        lease_holder=serving.reviewer if held else "",
        lease_until_ms=serving.lease_until_ms,
        updated_ms=serving.updated_ms,
        ruling=golden.ruling if golden else "",
        reviewer=golden.reviewer if golden else "",
        **age_of(item, serving, now),
    )


def _hide_second(state: ItemState) -> ItemState:
    """Nobody is told that there was a first ruling."""
    return ItemState.OPEN if state is ItemState.AWAITING_SECOND else state


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
