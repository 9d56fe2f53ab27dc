"""The figures of a standing system, from its database and workspace alone: no Prefect is asked."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.errors import LedgerError
from models.ledger.chain.receipts import AnchorFiles
from models.ledger.note import Verifier as CheckpointKey
from models.ledger.proof_file import read_head
from models.review.items import WAITING
from models.review.queue import count_items
from models.settings import Settings
from models.store.database import Database, now_ms
from models.store.tables import (
    OutboxRow,
    ReleaseRow,
    ReviewItemRow,
    RulingRow,
    RunRow,
    TakedownRow,
)
from models.watching.progress import Progress, read_progress
from models.workspace import is_held

DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class RunFigures:
    """One run.

    Attributes:
        status: running, finished, failed or interrupted. One whose process is gone is interrupted,
            even if the next run has not noted it yet.
        seconds: as its summary says; where there is none, from its start to its end, or until now.
        counts: assets by verdict, and ``opt_in``, ``opt_out``, ``retry``, ``milliseconds`` where it
            says so.
        progress: of one that is running.
    """

    id: str
    status: str
    detail: str
    started_ms: int
    finished_ms: int | None
    seconds: float
    counts: Mapping[str, int]
    progress: Progress | None = None

    @property
    def opt_in_share(self) -> float | None:
        """Which part of the cleared assets rests on a grant; None where it is not known.

        What neither a grant nor silence cleared rests on a reviewer's ruling, and is no grant.
        """
        opt_in, opt_out = self.counts.get("opt_in"), self.counts.get("opt_out")
        if opt_in is None or opt_out is None:
            return None
        cleared = max(self.counts.get("clear", 0), opt_in + opt_out)
        return opt_in / cleared if cleared else None


@dataclass(frozen=True, slots=True)
class DatasetFigures:
    """One dataset.

    Attributes:
        last: its newest run; None where there is none.
        finished: its newest runs that ended well, the newest first, at most ``HISTORY``.
        release, release_ms: number and time of its newest release; 0 where there is none.
        waiting, decided: items of the review queue.
        oldest_ms: since when the oldest item waits; None where none does.
    """

    name: str
    last: RunFigures | None
    finished: tuple[RunFigures, ...]
    release: int
    release_ms: int
    cleared: int
    removed: int
    waiting: int
    decided: int
    oldest_ms: int | None


@dataclass(frozen=True, slots=True)
class LedgerFigures:
    """The ledger.

    Attributes:
        size: entries under the signed head.
        anchored: entries under the newest head that is final on a chain.
        chain: ``ledger_chain`` of the settings.
        head_ms: since when the signed head stands.
    """

    size: int
    anchored: int
    chain: str
    head_ms: int


@dataclass(frozen=True, slots=True)
class Figures:
    """How the system is at one moment.

    Attributes:
        at_ms: that moment, by the database's clock.
        rulings, rulings_of_day: that count, in all and in the last 24 hours.
        takedowns: in force.
        unsent, unsent_since_ms: what others have not been told yet, and since when.
        free: bytes free where the workspace is.
    """

    at_ms: int
    datasets: tuple[DatasetFigures, ...]
    rulings: int
    rulings_of_day: int
    takedowns: int
    unsent: int
    unsent_since_ms: int | None
    ledger: LedgerFigures | None
    free: int


HISTORY = 30


def gather_figures(settings: Settings, database: Database) -> Figures:
    """Read all figures at one moment of the database.

    Raises:
        StoreError: the database cannot be reached.
        LedgerError: the ledger's head cannot be read.
    """
    workspace = settings.workspace
    with database.snapshot() as session:
        now = now_ms(session)
        names = set(session.scalars(select(RunRow.dataset).distinct()))
        names |= set(session.scalars(select(ReleaseRow.dataset).distinct()))
        counts = {each.dataset: each for each in count_items(session)}
        oldest = _find_oldest(session)
        datasets = []
        for name in sorted(names | counts.keys()):
            release = _newest_release(session, name)
            queue = counts.get(name)
            datasets.append(
                DatasetFigures(
                    name=name,
                    last=_last_run(session, name, workspace, now),
                    finished=_finished_runs(session, name, now),
                    release=release.number if release else 0,
                    release_ms=release.created_ms if release else 0,
                    cleared=release.cleared if release else 0,
                    removed=release.removed if release else 0,
                    waiting=queue.waiting if queue else 0,
                    decided=queue.decided if queue else 0,
                    oldest_ms=oldest.get(name),
                )
            )
        unsent, since = session.execute(
            select(func.count(), func.min(OutboxRow.created_ms)).where(OutboxRow.sent_ms.is_(None))
        ).one()
        ruled = select(func.count()).select_from(RulingRow)
        rulings = session.scalar(ruled) or 0
        of_day = session.scalar(ruled.where(RulingRow.ruled_ms > now - DAY_MS)) or 0
        takedowns = session.scalar(select(func.count()).select_from(TakedownRow)) or 0
    return Figures(
        at_ms=now,
        datasets=tuple(datasets),
        rulings=rulings,
        rulings_of_day=of_day,
        takedowns=takedowns,
        unsent=unsent,
        unsent_since_ms=since,
        ledger=_read_ledger(settings),
        free=shutil.disk_usage(workspace).free,
    )


def _find_oldest(session: Session) -> dict[str, int]:
    query = (
        select(ReviewItemRow.dataset, func.min(ReviewItemRow.created_ms))
        .where(ReviewItemRow.state.in_([state.value for state in WAITING]))
        .group_by(ReviewItemRow.dataset)
    )
    return {row[0]: row[1] for row in session.execute(query)}


def _newest_release(session: Session, dataset: str) -> ReleaseRow | None:
    query = select(ReleaseRow).where(ReleaseRow.dataset == dataset)
    return session.scalars(query.order_by(ReleaseRow.number.desc()).limit(1)).first()


def _last_run(session: Session, dataset: str, workspace: Path, now: int) -> RunFigures | None:
    query = select(RunRow).where(RunRow.dataset == dataset)
    row = session.scalars(query.order_by(RunRow.started_ms.desc(), RunRow.id).limit(1)).first()
    if row is None:
        return None
    if row.status != "running":
        return _run(row, now)
    if not is_held(workspace):
        return replace(_run(row, now), status="interrupted")
    return _run(row, now, read_progress(workspace, row.id))


def _finished_runs(session: Session, dataset: str, now: int) -> tuple[RunFigures, ...]:
    query = (
        select(RunRow)
        .where(RunRow.dataset == dataset, RunRow.status == "finished")
        .order_by(RunRow.finished_ms.desc(), RunRow.id)
        .limit(HISTORY)
    )
    return tuple(_run(row, now) for row in session.scalars(query))


def _run(row: RunRow, now: int, progress: Progress | None = None) -> RunFigures:
    end = row.finished_ms if row.finished_ms is not None else now
    counts: dict[str, Any] = json.loads(row.counts)
    # Not the end of the row: a release may have waited for days to be signed off.
    took = counts.get("milliseconds", max(0, end - row.started_ms))
    return RunFigures(
        id=row.id,
        status=row.status,
        detail=row.detail,
        started_ms=row.started_ms,
        finished_ms=row.finished_ms,
        seconds=took / 1000,
        counts={name: value for name, value in counts.items() if isinstance(value, int)},
        progress=progress,
    )


def _read_ledger(settings: Settings) -> LedgerFigures | None:
    """From the public files alone: nobody who only looks needs a key."""
    public = settings.workspace / "ledger" / "public"
    path = public / "checkpoint"
    if not path.exists():
        return None
    try:
        stood = path.stat().st_mtime
        key = CheckpointKey.parse((public / "vkey").read_text("ascii").strip())
    except (OSError, ValueError) as error:
        raise LedgerError(
            f"The key of the ledger in {public} cannot be read: {error}.",
            "Look at it with `kiyome ledger verify`.",
        ) from error
    _, head = read_head(public, key)
    receipts = [receipt.size for receipt in AnchorFiles(public).receipts()]
    return LedgerFigures(
        size=head.size,
        anchored=max(receipts, default=0),
        chain=settings.ledger_chain,
        head_ms=int(stood * 1000),
    )
