"""Lists of owners' requests: an owner's own, and all of them for those who settle them."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from models.owners.requests import MOTIF, Happened, OwnerRequest, RequestKind, read_requests
from models.store.tables import (
    MotifRow,
    OwnerRequestEventRow,
    OwnerRequestRow,
    OwnerRequestSubjectRow,
)

PAGE = 25


@dataclass(frozen=True, slots=True)
class RequestFilter:
    """Which requests are meant.

    Attributes:
        account_id: of this account; "" for all.
        kind: of this kind; "" for all.
        waiting: only those that somebody has to decide about.
    """

    account_id: str = ""
    kind: str = ""
    waiting: bool = False


def list_requests(
    session: Session, chosen: RequestFilter, *, offset: int = 0, limit: int = PAGE
) -> list[OwnerRequest]:
    """The requests that are meant: the newest first, those that wait the oldest first."""
    row = OwnerRequestRow
    order = row.acknowledged_ms if chosen.waiting else row.acknowledged_ms.desc()
    query = select(row.id).where(*_conditions(chosen)).order_by(order, row.id)
    return read_requests(session, session.scalars(query.offset(offset).limit(limit)).all())


def count_requests(session: Session, chosen: RequestFilter) -> int:
    """How many requests are meant."""
    query = select(func.count(OwnerRequestRow.id)).where(*_conditions(chosen))
    return session.scalar(query) or 0


def _conditions(chosen: RequestFilter) -> list[ColumnElement[bool]]:
    row = OwnerRequestRow
    conditions: list[ColumnElement[bool]] = []
    if chosen.account_id:
        conditions.append(row.account_id == chosen.account_id)
    if chosen.kind:
        conditions.append(row.kind == chosen.kind)
    if chosen.waiting:
        conditions.append(_waits())
    return conditions


def _waits() -> ColumnElement[bool]:
    """A name that nobody has decided about, or a motif with a picture that is unconfirmed."""
    row, event, subject = OwnerRequestRow, OwnerRequestEventRow, OwnerRequestSubjectRow
    decided = exists().where(
        event.request_id == row.id,
        event.action.in_((Happened.CONFIRMED.value, Happened.REFUSED.value)),
    )
    unconfirmed = exists().where(
        subject.request_id == row.id,
        subject.kind == MOTIF,
        MotifRow.id == subject.subject,
        MotifRow.state == "unconfirmed",
    )
    return or_(
        and_(row.kind == RequestKind.NAME.value, ~decided),
        and_(row.kind == RequestKind.MOTIF.value, unconfirmed),
    )
