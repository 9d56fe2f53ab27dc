"""Takedowns: an owner's acknowledged request beats everything, in every release made after it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Set

import pyarrow as pa
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.assets.asset import unread_id
from models.canonical import digest_bytes
from models.errors import KiyomeError
from models.review.audit import append_audit
from models.store.database import now_ms
from models.store.tables import TakedownRow

_OF_NOTHING = digest_bytes(b"")


def acknowledge_takedown(session: Session, asset_id: str, requested_by: str, note: str) -> int:
    """Record a takedown; from the commit of this transaction on it is in force.

    Returns:
        When it was acknowledged, in UTC milliseconds; an earlier acknowledgement stands.

    Raises:
        KiyomeError: the asset id is not the SHA-256 of a file, or is that of an empty one, or
            nobody is named.
    """
    if not re.fullmatch(r"[0-9a-f]{64}", asset_id):
        raise KiyomeError(
            f"{asset_id!r} is not an asset id.",
            "Give the SHA-256 of the original file: `sha256sum FILE` prints it.",
        )
    if asset_id == _OF_NOTHING:
        raise KiyomeError(
            "The file is empty, and no asset goes by that.",
            "Give the original file, or the asset id that the report shows for this one.",
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


def ids_for_takedown(asset_id: str, names: Iterable[str]) -> set[str]:
    """The ids by which an asset may have been taken down.

    An asset that could not be read went by an id made from its name. Once its file can be read it
    goes by its content, and a takedown acknowledged before has to hold all the same.

    Args:
        asset_id: its id now.
        names: of its locations.
    """
    return {asset_id, *map(unread_id, names)}


def find_taken_down(manifest: pa.Table, takedowns: Set[str]) -> dict[str, set[str]]:
    """The assets of a manifest that have been taken down, each with the takedowns it falls under.

    Args:
        manifest: has the columns ``asset_id`` and ``names``.
        takedowns: ids of the takedowns in force.
    """
    if not takedowns:
        return {}
    rows = manifest.select(["asset_id", "names"]).to_pylist()
    found = (
        (row["asset_id"], ids_for_takedown(row["asset_id"], row["names"]) & takedowns)
        for row in rows
    )
    return {asset_id: ids for asset_id, ids in found if ids}


def list_takedowns(session: Session) -> list[TakedownRow]:
    """All takedowns, newest first."""
    query = select(TakedownRow).order_by(TakedownRow.acknowledged_ms.desc(), TakedownRow.asset_id)
    return list(session.scalars(query))
