"""Whether an item's picture may be shown to whoever has a link to it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, and_, exists, or_, select
from sqlalchemy.orm import Session

from models.review.items import ItemState, find_item
from models.review.owner_questions import setters_of
from models.store.tables import OwnerRequestRow, OwnerRequestSubjectRow, TakedownRow
from models.takedowns import ids_for_takedown
from models.withdrawals import ASSET, IDENTITY


def find_shareable(session: Session, item_id: str) -> str:
    """The asset of an item whose picture a link may show, or "".

    None is shown of what nobody asks about any more, and of what an owner has had taken down or
    withdrawn for any purpose: what a release may still hold is not handed out here.
    """
    item = find_item(session, item_id)
    if item is None or item.state is ItemState.SUPERSEDED:
        return ""
    asset = item.evidence.get("asset")
    name = asset.get("name") if isinstance(asset, dict) else None
    ids = sorted(ids_for_takedown(item.asset_id, [name] if isinstance(name, str) else []))
    taken_down = exists().where(TakedownRow.asset_id.in_(ids))
    withdrawn = _is_withdrawn(ids, setters_of(item.evidence))
    return "" if session.scalar(select(or_(taken_down, withdrawn))) else item.asset_id


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
