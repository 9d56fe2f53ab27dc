"""What reviewers and leads told each other when an item was handed to a lead, or back by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models.store.database import execute
from models.store.tables import GoldenHandingRow, ReferralRow

ReferralKind = Literal["escalate", "send_back"]


@dataclass(frozen=True, slots=True)
class Referral:
    """An item that was handed to a lead, or back by one."""

    id: str
    kind: ReferralKind
    question: str
    note: str
    given_by: str
    at_ms: int


def referrals_on(
    session: Session, item_id: str, serving_id: str = "", *, golden: bool = False
) -> tuple[Referral, ...]:
    """What reviewers and leads told each other about an item, the oldest first.

    Args:
        item_id: which item.
        serving_id: of a golden item, what was told between its reviewer and leads; "" for what was
            told about the item itself.
        golden: with that also what was told about it as a golden item, for leads.
    """
    query, values = _ON_ITEM, {"item": item_id}
    if serving_id:
        query, values = _ON_SERVING, {**values, "serving": serving_id}
    elif golden:
        query = _TOLD
    return tuple(
        Referral(found.id, cast("ReferralKind", found.kind), *found[2:])
        for found in execute(session, query, values)
    )


_TOLD = (
    select(
        *(ReferralRow.id, ReferralRow.kind, ReferralRow.question),
        *(ReferralRow.note, ReferralRow.given_by, ReferralRow.at_ms),
    )
    .outerjoin(GoldenHandingRow, GoldenHandingRow.id == ReferralRow.id)
    .where(ReferralRow.item_id == bindparam("item"))
    .order_by(ReferralRow.at_ms, ReferralRow.id)
)
_ON_ITEM = _TOLD.where(GoldenHandingRow.id.is_(None))
_ON_SERVING = _TOLD.where(GoldenHandingRow.serving_id == bindparam("serving"))
