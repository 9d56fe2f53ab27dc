"""What reviewers and leads told each other when an item was handed to a lead, or back by one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models.store.database import execute
from models.store.tables import ReferralRow

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


def referrals_on(session: Session, item_id: str) -> tuple[Referral, ...]:
    """What reviewers and leads told each other about an item, the oldest first."""
    return tuple(
        Referral(found.id, cast("ReferralKind", found.kind), *found[2:])
        for found in execute(session, _ON_ITEM, {"item": item_id})
    )


_ON_ITEM = (
    select(
        *(ReferralRow.id, ReferralRow.kind, ReferralRow.question),
        *(ReferralRow.note, ReferralRow.given_by, ReferralRow.at_ms),
    )
    .where(ReferralRow.item_id == bindparam("item"))
    .order_by(ReferralRow.at_ms, ReferralRow.id)
)
