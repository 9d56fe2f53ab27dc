"""Ruling on near-identical pictures together: one decision, and a ruling for each of them.

Only items that ask the same are covered (``models.review.asked``). Each gets a ruling of its own,
which answers its own question and names the item that the reviewer was looking at.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.accounts.records import key_of
from models.errors import ReviewError
from models.failpoints import reach
from models.review.alike import MOST_ALIKE, is_held
from models.review.items import UNDECIDED
from models.review.reason_codes import RulingKind
from models.review.releasing import RELEASED
from models.review.rulings import (
    ASKED,
    AskedItem,
    GivenRuling,
    Ruled,
    columns_after,
    decide,
    read_asked_item,
    read_kinds,
    store_ruling,
)
from models.review.stored_rulings import find_ruling_by_id, rulings_with
from models.review.turns import FOR_REVIEWERS, Taken, agree
from models.store.tables import ReviewItemRow

_REVIEWERS = sorted(each.value for each in FOR_REVIEWERS)

Why = Literal["held", "ruled", "changed"]
"""Why an item was left out: another reviewer holds it, it is decided, or it asks something else."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An item that a ruling was to cover, and does not."""

    item_id: str
    why: Why


@dataclass(frozen=True, slots=True)
class RuledTogether:
    """What became of a ruling on several items.

    Attributes:
        ruled: the ruling on the item that was looked at.
        covered: how many further items were ruled on.
        left_out: those that were not.
    """

    ruled: Ruled
    covered: int
    left_out: tuple[LeftOut, ...]


def decide_alike(
    session: Session,
    item_id: str,
    lease_token: str,
    item_version: int,
    ruling: str,
    reason_code: str,
    note: str,
    reviewer: str,
    others: Sequence[tuple[str, int]],
) -> RuledTogether:
    """Rule on an item and on others that ask the same, all in one transaction.

    An item that has changed since the reviewer saw it, is decided, asks something else, waits for
    somebody else's word or is held by another reviewer is left out. One that needs two persons gets
    the ruling of one of them. A skip covers the one item only. Submitting the same again writes
    nothing.

    Args:
        session: an open transaction.
        item_id, lease_token, item_version, ruling, reason_code, note, reviewer: as for
            ``models.review.rulings.decide``.
        others: id and version of the further items, as the reviewer saw them.

    Raises:
        AlreadyRuledError, LeaseLostError, ReviewError: as ``decide``; no item is ruled on then.
    """
    wanted = {other: version for other, version in others if other != item_id}
    if len(wanted) > MOST_ALIKE:
        raise ReviewError(
            f"One ruling covers at most {MOST_ALIKE} further items.", "Rule on fewer at a time."
        )
    ruled = decide(session, item_id, lease_token, item_version, ruling, reason_code, note, reviewer)
    if ruled.ruling is RulingKind.SKIP or not ruled.counts:
        return RuledTogether(ruled, 0, ())
    if ruled.repeated:
        covered = {stored.item_id for stored in rulings_with(session, ruled.ruling_id)}
        return RuledTogether(ruled, len(covered), ())
    if not wanted:
        return RuledTogether(ruled, 0, ())
    stored = find_ruling_by_id(session, ruled.ruling_id)
    if stored is None:
        raise RuntimeError("a ruling that has just been stored is not there")
    given = GivenRuling(ruled.ruling, stored.reason_code, stored.note, reviewer, stored.ruled_ms)
    chosen = _claim(session, item_id, wanted, given)
    reach("review.alike.items")
    for item, other_id, taken in chosen:
        store_ruling(session, item, given, other_id, taken, came_with=(ruled.ruling_id, item_id))
        reach("review.alike.ruling")
    left = wanted.keys() - {item.id for item, _, _ in chosen}
    return RuledTogether(ruled, len(chosen), _explain(session, left, wanted))


def _claim(
    session: Session, item_id: str, wanted: Mapping[str, int], given: GivenRuling
) -> list[tuple[AskedItem, str, Taken]]:
    """Change what may be covered: what nobody else holds, as it was seen, and asks the same.

    Rows that another transaction has locked are skipped, so that this one waits for nobody while
    it holds the end of the audit chain.
    """
    row = ReviewItemRow
    now, key = given.ruled_ms, key_of(given.reviewer)
    lead = session.execute(
        select(row.dataset, row.cluster, row.alike).where(row.id == item_id)
    ).one()
    if not wanted or not lead.cluster or not lead.alike:
        return []
    query = (
        select(*ASKED)
        .where(
            row.id.in_(sorted(wanted)),
            row.dataset == lead.dataset,
            row.cluster == lead.cluster,
            row.alike == lead.alike,
            row.state.in_(UNDECIDED),
            row.waits_for.in_(_REVIEWERS),
            row.first_by != key,
            ~is_held(now, given.reviewer),
        )
        .order_by(row.id)
        .with_for_update(skip_locked=True)
    )
    found = [read_asked_item(each) for each in session.execute(query)]
    chosen = [item for item in found if item.version == wanted[item.id]]
    kinds = read_kinds(session, [item.round.first for item in chosen])
    out = []
    for item in chosen:
        ruling_id = uuid.uuid4().hex
        agrees = agree(given.ruling, kinds.get(item.round.first, ""))
        taken = item.round.take(ruling_id, key, agrees=agrees)
        out.append((item, ruling_id, taken))
        session.execute(
            update(row)
            .where(row.id == item.id)
            .values(**{**RELEASED, **columns_after(item, taken), "updated_ms": now})
            .execution_options(synchronize_session=False)
        )
    return out


def _explain(session: Session, left: Set[str], wanted: Mapping[str, int]) -> tuple[LeftOut, ...]:
    row = ReviewItemRow
    query = select(row.id, row.state, row.version).where(row.id.in_(sorted(left)))
    found = {each.id: each for each in session.execute(query)}
    out = []
    for item_id in sorted(left):
        why: Why = "changed"
        if item_id in found and found[item_id].version == wanted[item_id]:
            states: dict[str, Why] = {"decided": "ruled", "leased": "held"}
            why = states.get(found[item_id].state, "changed")
        out.append(LeftOut(item_id, why))
    return tuple(out)
