"""Takedowns: an owner's acknowledged request beats everything, in every release made after it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Set
from typing import TYPE_CHECKING

from sqlalchemy import func, insert, select, text, tuple_
from sqlalchemy.orm import Session

from models.assets.asset import unread_id
from models.canonical import digest_bytes
from models.errors import KiyomeError
from models.outbox import post_events
from models.review.audit import append_audit, append_audit_many
from models.review.closing import audit_closed, close_taken_down
from models.store.batching import cut_batches
from models.store.database import now_ms
from models.store.tables import ReleaseRow, TakedownRow
from models.words import read_words

if TYPE_CHECKING:
    import pyarrow as pa

OF_NOTHING = digest_bytes(b"")
"""The SHA-256 of an empty file, by which no asset goes."""
_NAMED_AT_ONCE = 500
"""Assets in one statement: a database takes a limited number of parameters."""


def acknowledge_takedown(
    session: Session, asset_id: str, requested_by: str, note: str, actor: str = ""
) -> int:
    """Record the takedown of one asset: ``acknowledge_takedowns``.

    Returns:
        When it was acknowledged, in UTC milliseconds; an earlier acknowledgement stands.

    Raises:
        KiyomeError: see there.
    """
    return acknowledge_takedowns(session, [asset_id], requested_by, note, actor)[asset_id]


def acknowledge_takedowns(
    session: Session,
    asset_ids: Collection[str],
    requested_by: str,
    note: str,
    actor: str = "",
) -> dict[str, int]:
    """Record takedowns, all or none; from the commit of this transaction on they are in force.

    What waits in the review queue about these assets is closed with them.

    Args:
        asset_ids: SHA-256 of each original file.
        requested_by: who asked for it.
        note: why, or under which reference.
        actor: who entered it, where that is somebody else.

    Returns:
        When each was acknowledged, in UTC milliseconds; an earlier acknowledgement stands.

    Raises:
        KiyomeError: an asset id is not the SHA-256 of a file, or is that of an empty one, or
            nobody is named.
    """
    for asset_id in asset_ids:
        _check_asset(asset_id)
    if not read_words(requested_by):
        raise KiyomeError("A takedown needs the name of who asked for it.", "Give it with --by.")
    at = begin_refusal(session)
    known = _times_of(session, asset_ids)
    # In one order, so that two who name the same assets never wait for each other.
    fresh = sorted(set(asset_ids) - known.keys())
    rows = [
        {
            "asset_id": asset_id,
            "requested_by": requested_by,
            "note": note,
            "acknowledged_ms": at,
        }
        for asset_id in fresh
    ]
    if rows:
        session.execute(insert(TakedownRow), rows)
    closed = close_taken_down(session, fresh)
    asked = {"requested_by": requested_by} if actor else {}
    detail = {"note": note, **asked}
    who = actor or requested_by
    append_audit_many(session, who, "takedown", [(asset_id, detail) for asset_id in fresh])
    audit_closed(session, closed)
    told = [{"asset_id": asset_id, "acknowledged_ms": at} for asset_id in fresh]
    post_events(session, "takedown.acknowledged", told)
    return {**dict.fromkeys(fresh, at), **known}


def _check_asset(asset_id: str) -> None:
    if not re.fullmatch(r"[0-9a-f]{64}", asset_id):
        raise KiyomeError(
            f"{asset_id!r} is not an asset id.",
            "Give the SHA-256 of the original file: `sha256sum FILE` prints it.",
        )
    if asset_id == OF_NOTHING:
        raise KiyomeError(
            "The file is empty, and no asset goes by that.",
            "Give the original file, or the asset id that the report shows for this one.",
        )


def _times_of(session: Session, asset_ids: Collection[str]) -> dict[str, int]:
    """When those of some assets that are taken down already were."""
    row = TakedownRow
    found: dict[str, int] = {}
    for some in cut_batches(sorted(set(asset_ids)), _NAMED_AT_ONCE):
        query = select(row.asset_id, row.acknowledged_ms).where(row.asset_id.in_(some))
        found |= {each.asset_id: each.acknowledged_ms for each in session.execute(query)}
    return found


def begin_refusal(session: Session) -> int:
    """When a refusal is acknowledged that this transaction is about to add, in UTC milliseconds.

    A release is recorded, and a refusal acknowledged, one after the other. The time is taken once
    it is this one's turn, and is later than that of every release made without it.
    """
    lock_refusals(session, to_read=False)
    latest = session.scalar(select(func.max(ReleaseRow.created_ms))) or 0
    return max(now_ms(session), latest + 1)


def lock_refusals(session: Session, *, to_read: bool) -> None:
    """Hold takedowns and withdrawals still until the transaction ends.

    SQLite's writers exclude each other in any case.

    Args:
        to_read: nobody may add a refusal meanwhile; otherwise one is about to be added.
    """
    if session.get_bind().dialect.name == "postgresql":
        mode = "SHARE" if to_read else "ROW EXCLUSIVE"
        session.execute(text(f"LOCK TABLE takedowns, owner_request_subjects IN {mode} MODE"))


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
    found: dict[str, set[str]] = {}
    ids = manifest["asset_id"].to_pylist()
    wanted = frozenset(takedowns)
    for asset_id in wanted.intersection(ids):
        found[asset_id] = {asset_id}
    for asset_id, names in zip(ids, manifest["names"].to_pylist(), strict=True):
        if by_name := wanted.intersection(map(unread_id, names)):
            found.setdefault(asset_id, set()).update(by_name)
    return found


def lift_takedown(session: Session, asset_id: str, lifted_by: str, reason: str) -> None:
    """End a takedown: releases made from now on may hold the asset again, if all else allows it.

    That it stood, and why it was lifted, stays in the audit chain.

    Raises:
        KiyomeError: there is none, nobody is named, or no reason is given.
    """
    if not (read_words(lifted_by) and read_words(reason)):
        raise KiyomeError(
            "Lifting a takedown needs the name of who does it, and a reason.",
            "Give them with --by and --reason.",
        )
    lock_refusals(session, to_read=False)
    row = session.get(TakedownRow, asset_id)
    if row is None:
        raise KiyomeError(
            f"There is no takedown of {asset_id}.", "`kiyome takedown list` shows those in force."
        )
    detail = {
        "acknowledged_ms": row.acknowledged_ms,
        "note": row.note,
        "reason": reason,
    }
    session.delete(row)
    session.flush()
    append_audit(session, lifted_by, "lift_takedown", asset_id, detail)


def list_takedowns(
    session: Session, after: tuple[int, str] | None = None, limit: int | None = None
) -> list[TakedownRow]:
    """Takedowns, newest first.

    Args:
        after: only those after this time and asset id in the list.
        limit: how many at most; None for all.
    """
    row = TakedownRow
    query = select(row).order_by(row.acknowledged_ms.desc(), row.asset_id.desc()).limit(limit)
    if after is not None:
        query = query.where(tuple_(row.acknowledged_ms, row.asset_id) < after)
    return list(session.scalars(query))
