"""Whether an item's picture may be shown to whoever has a link to it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, or_, select
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
    asset = item.evidence.get("asset")
    name = asset.get("name") if isinstance(asset, dict) else None
    ids = sorted(ids_for_takedown(item.asset_id, [name] if isinstance(name, str) else []))
    taken_down = exists().where(TakedownRow.asset_id.in_(ids))
    withdrawn = _is_withdrawn(ids, setters_of(item.evidence))
    return not session.scalar(select(or_(taken_down, withdrawn)))


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
