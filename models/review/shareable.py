"""What an owner has refused of an item's asset, and whether its picture may be shown by a link."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from models.review.items import Item, ItemState
from models.review.owner_questions import setters_of
from models.store.tables import OwnerRequestRow, OwnerRequestSubjectRow, TakedownRow
from models.takedowns import ids_for_takedown
from models.withdrawals import ASSET, IDENTITY


def is_shareable(session: Session, item: Item) -> bool:
    """Whether a link may show an item's picture.

    None is shown of what nobody asks about any more, and of what an owner has had taken down or
    withdrawn for any purpose: what a release may still hold is not handed out here.
    """
    if item.state is ItemState.SUPERSEDED:
        return False
    ids = _ids_of(item)
    taken_down = exists().where(TakedownRow.asset_id.in_(ids))
    withdrawn = _is_withdrawn(ids, setters_of(item.evidence))
    return not session.scalar(select(or_(taken_down, withdrawn)))


def taken_down_since(session: Session, item: Item) -> int | None:
    """Since when a takedown of the item's asset stands, in UTC milliseconds; None without one."""
    row = TakedownRow
    return session.scalar(
        select(func.min(row.acknowledged_ms)).where(row.asset_id.in_(_ids_of(item)))
    )


def is_withdrawn(session: Session, item: Item) -> bool:
    """Whether an owner has withdrawn consent, for any purpose, from the item's asset."""
    return bool(session.scalar(select(_is_withdrawn(_ids_of(item), setters_of(item.evidence)))))


def _ids_of(item: Item) -> list[str]:
    """The ids by which the asset may have been taken down."""
    asset = item.evidence.get("asset")
    name = asset.get("name") if isinstance(asset, dict) else None
    return sorted(ids_for_takedown(item.asset_id, [name] if isinstance(name, str) else []))


def _is_withdrawn(ids: list[str], setters: tuple[str, ...]) -> ColumnElement[bool]:
    subject, request = OwnerRequestSubjectRow, OwnerRequestRow
    return exists().where(
        request.id == subject.request_id,
        request.kind == "withdrawal",
        subject.ended_ms.is_(None),
        or_(
            and_(subject.kind == ASSET, subject.subject.in_(ids)),
            and_(subject.kind == IDENTITY, subject.subject.in_(setters)),
        ),
    )
