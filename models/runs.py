"""Runs: what was done, when, from what; and whether doing it again would change anything."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.errors import StoreError
from models.outbox import post_event
from models.store.database import Database, now_ms
from models.store.tables import RunRow

WAITING = "waiting"
"""Status of a run that ended well, and whose release waits to be signed off."""


@dataclass(frozen=True, slots=True)
class Run:
    """One cleansing run.

    Attributes:
        inputs: digest of everything the result depends on; equal inputs give an equal result.
        holds_until_ms: when time alone may change the result (a consent runs out), or None.
        counts: verdict to number of assets, and what else the summary shows.
    """

    id: str
    dataset: str
    status: str
    inputs: str
    release: str
    counts: dict[str, Any]
    detail: str
    holds_until_ms: int | None
    started_ms: int
    finished_ms: int | None


def start_run(database: Database, dataset: str) -> str:
    """Record that a run begins; runs that never ended are marked as such.

    Returns:
        The new run's id.
    """
    run_id = str(uuid.uuid4())
    with database.transaction() as session:
        session.execute(
            update(RunRow)
            .where(RunRow.dataset == dataset, RunRow.status == "running")
            .values(status="interrupted", detail="The process ended before the run did.")
        )
        session.add(
            RunRow(id=run_id, dataset=dataset, status="running", started_ms=now_ms(session))
        )
    return run_id


def finish_run(
    database: Database,
    run_id: str,
    *,
    inputs: str,
    release: str,
    counts: dict[str, Any],
    holds_until: int | None,
    waits: bool = False,
) -> None:
    """Record that a run ended well.

    Args:
        holds_until: UTC seconds at which a consent runs out, or None.
        waits: its release is not published: it waits to be signed off.
    """
    with database.transaction() as session:
        row = session.get_one(RunRow, run_id)
        row.inputs, row.release = inputs, release
        row.counts = json.dumps(counts, sort_keys=True)
        row.holds_until_ms = None if holds_until is None else holds_until * 1000
        row.finished_ms = now_ms(session)
        if waits:
            row.status = WAITING
        else:
            _finish(session, row)


def finish_waiting(session: Session, run_id: str) -> None:
    """Record that the release that a run had made is published now."""
    row = session.get(RunRow, run_id)
    if row is not None and row.status == WAITING:
        row.finished_ms = now_ms(session)
        _finish(session, row)


def _finish(session: Session, row: RunRow) -> None:
    row.status = "finished"
    told = {"run_id": row.id, "dataset": row.dataset, "release_id": row.release}
    post_event(session, "run.finished", told)


def fail_run(database: Database, run_id: str, error: BaseException) -> None:
    """Record that a run ended with an error, and which.

    Where the database cannot be written any more, as on a full disk, the run stays as it was: it is
    told as interrupted, and the error that came first is the one to be heard.
    """
    detail = str(error) or type(error).__name__
    try:
        with database.transaction() as session:
            row = session.get_one(RunRow, run_id)
            row.status, row.detail, row.finished_ms = "failed", detail[:2000], now_ms(session)
            post_event(session, "run.failed", {"run_id": run_id, "dataset": row.dataset})
    except StoreError:
        return


def last_finished(database: Database, dataset: str, *, or_waiting: bool = False) -> Run | None:
    """The newest run of the dataset that ended well, or None.

    Args:
        or_waiting: take one whose release waits to be signed off, too.
    """
    states = ("finished", WAITING) if or_waiting else ("finished",)
    query = (
        select(RunRow)
        .where(RunRow.dataset == dataset, RunRow.status.in_(states))
        .order_by(RunRow.finished_ms.desc(), RunRow.id)
        .limit(1)
    )
    with database.snapshot() as session:
        row = session.scalars(query).first()
        return _from_row(row) if row else None


def find_fresh(database: Database, dataset: str, inputs: str) -> Run | None:
    """The last run that ended well, if doing it again would give the same result."""
    run = last_finished(database, dataset, or_waiting=True)
    if run is None or run.inputs != inputs or run.counts.get("retry"):
        return None
    with database.snapshot() as session:
        now = now_ms(session)
    return run if run.holds_until_ms is None or now < run.holds_until_ms else None


def _from_row(row: RunRow) -> Run:
    values = {name: getattr(row, name) for name in Run.__slots__}
    return Run(**{**values, "counts": json.loads(row.counts)})
