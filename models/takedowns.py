"""Takedowns: an owner's acknowledged request beats everything, in every release made after it."""

from __future__ import annotations

import re

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.errors import KiyomeError
from models.review.audit import append_audit
from models.store.database import now_ms
from models.store.tables import TakedownRow


def acknowledge_takedown(session: Session, asset_id: str, requested_by: str, note: str) -> int:
    """Record a takedown; from the commit of this transaction on it is in force.

    Returns:
        When it was acknowledged, in UTC milliseconds; an earlier acknowledgement stands.

    Raises:
        KiyomeError: the asset id is not the SHA-256 of a file, or nobody is named.
    """
    if not re.fullmatch(r"[0-9a-f]{64}", asset_id):
        raise KiyomeError(
            f"{asset_id!r} is not an asset id.",
            "Give the SHA-256 of the original file: `sha256sum FILE` prints it.",
        )
    if not requested_by.strip():
        raise KiyomeError("A takedown needs the name of who asked for it.", "Give it with --by.")
    if existing := session.get(TakedownRow, asset_id):
        return existing.acknowledged_ms
    at = now_ms(session)
    session.add(
        TakedownRow(asset_id=asset_id, requested_by=requested_by, note=note, acknowledged_ms=at)
    )
    append_audit(session, requested_by, "takedown", asset_id, {"note": note})
    return at


def takedown_times(session: Session) -> dict[str, int]:
    """When each takedown in force was acknowledged, in UTC milliseconds, by asset id."""
    rows = session.execute(select(TakedownRow.asset_id, TakedownRow.acknowledged_ms))
    return {row.asset_id: row.acknowledged_ms for row in rows}


def list_takedowns(session: Session) -> list[TakedownRow]:
    """All takedowns, newest first."""
    query = select(TakedownRow).order_by(TakedownRow.acknowledged_ms.desc(), TakedownRow.asset_id)
    return list(session.scalars(query))
