"""Ruling on near-identical pictures together: one decision, and a ruling for each of them.

Only items that ask the same are covered (``models.review.asked``). Each gets a ruling of its own,
which answers its own question and names the item that the reviewer was looking at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.errors import ReviewError
from models.failpoints import reach
from models.review.alike import MOST_ALIKE, is_held
from models.review.items import WAITING, ItemState
from models.review.leasing import RELEASED
from models.review.reason_codes import RulingKind
from models.review.rulings import AskedItem, GivenRuling, Ruled, decide, store_ruling
from models.review.stored_rulings import find_ruling, rulings_with
from models.store.tables import ReviewItemRow

_WAITING = sorted(state.value for state in WAITING)

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

    An item that has changed since the reviewer saw it, is decided, asks something else or is held
    by another reviewer is left out. A skip covers the one item only. Submitting the same again
    writes nothing.

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
    if ruled.ruling is RulingKind.SKIP:
        return RuledTogether(ruled, 0, ())
    if ruled.repeated:
        covered = {stored.item_id for stored in rulings_with(session, ruled.ruling_id)}
        return RuledTogether(ruled, len(covered), ())
    stored = find_ruling(session, item_id, item_version)
    if stored is None:
        raise RuntimeError("a ruling that has just been stored is not there")
    given = GivenRuling(ruled.ruling, stored.reason_code, stored.note, reviewer, stored.ruled_ms)
    chosen = _claim(session, item_id, wanted, reviewer, given.ruled_ms)
    reach("review.alike.items")
    for item in chosen:
        store_ruling(session, item, given, came_with=(ruled.ruling_id, item_id))
        reach("review.alike.ruling")
    left = wanted.keys() - {item.id for item in chosen}
    return RuledTogether(ruled, len(chosen), _explain(session, left, wanted))


def _claim(
    session: Session, item_id: str, wanted: Mapping[str, int], reviewer: str, now: int
) -> list[AskedItem]:
    """Make decided what may be covered: what nobody else holds, as it was seen, and asks the same.

    Rows that another transaction has locked are skipped, so that this one waits for nobody while
    it holds the end of the audit chain.
    """
    row = ReviewItemRow
    lead = session.execute(
        select(row.dataset, row.cluster, row.alike).where(row.id == item_id)
    ).one()
    if not wanted or not lead.cluster or not lead.alike:
        return []
    query = (
        select(row.id, row.version, row.dataset, row.asset_id, row.question)
        .where(
            row.id.in_(sorted(wanted)),
            row.dataset == lead.dataset,
            row.cluster == lead.cluster,
            row.alike == lead.alike,
            row.state.in_(_WAITING),
            ~is_held(now, reviewer),
        )
        .order_by(row.id)
        .with_for_update(skip_locked=True)
    )
    found = [AskedItem(*values) for values in session.execute(query)]
    chosen = [item for item in found if item.version == wanted[item.id]]
    session.execute(
        update(row)
        .where(row.id.in_([item.id for item in chosen]))
        .values(**{**RELEASED, "state": ItemState.DECIDED.value, "updated_ms": now})
        .execution_options(synchronize_session=False)
    )
    return chosen


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
