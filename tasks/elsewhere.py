"""A shard's walk in a process that did not begin the run, perhaps on another machine.

Such a process opens the order by its path, finds secrets in its own environment, and has to agree
with the process that leads the run on everything that a result depends on. Where it does not, the
run ends with a sentence that says why: a worker that would look into another database, or examine
with another version, must never decide about an asset.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from models.canonical import digest_lines
from models.detectors import Detectors
from models.errors import KiyomeError, SettingsError
from models.motifs.motifs_stage import MotifsStage
from models.settings import SECRETS
from models.store.tables import RunRow
from tasks.order import Desk, Order, read_order

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Handover:
    """What goes to another process with each shard.

    Attributes:
        attempt: how often the shards have been judged; a higher one reads rulings and refusals
            anew (``Desk.look_again``).
        equipment: digest of the detectors (``describe_equipment``).
        secrets: names of the secret settings that are in force, never what they say.
        host: the machine that leads the run.
    """

    attempt: int
    equipment: str
    secrets: tuple[str, ...]
    host: str


def hand_over_shards(desk: Desk, attempt: int) -> Handover:
    """What other processes have to agree on with this one."""
    return Handover(
        attempt=attempt,
        equipment=describe_equipment(desk.detectors),
        secrets=tuple(sorted(name for name in SECRETS if getattr(desk.settings, name))),
        host=socket.gethostname(),
    )


def describe_equipment(detectors: Detectors) -> str:
    """Digest of all that the rows of every stage depend on besides the assets."""
    empty = detectors.features.schema.empty_table()
    return digest_lines(
        [
            *(detectors.consent.fingerprint, detectors.likeness.fingerprint),
            *(detectors.nouns.fingerprint, detectors.features.fingerprint),
            MotifsStage(detectors.index, empty).fingerprint,
        ]
    )


class _Kept:
    """The desk of the run that this process works for, and which attempt it has read for."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.order = ""
        self.attempt = 0
        self.desk: Desk | None = None


_kept = _Kept()


def open_desk_elsewhere(order: str, handover: Handover) -> Desk:
    """The desk for an order that another process has written; one is kept in this process.

    Every process works with one thread: the cluster decides how many there are.

    Raises:
        SettingsError: this process cannot see the workspace, the database or a secret of the run,
            or examines with something else.
    """
    with _kept.lock:
        if _kept.desk is None or _kept.order != order:
            if _kept.desk is not None:
                _kept.desk.database.dispose()
            _kept.desk = None
            desk = _open(order, handover)
            _kept.order, _kept.attempt, _kept.desk = order, handover.attempt, desk
        elif _kept.attempt < handover.attempt:
            _kept.desk.look_again()
            _kept.attempt = handover.attempt
        return _kept.desk


def tell_whereabouts(work: Callable[[], T]) -> T:
    """Do something, and name this process in the error that it may end with."""
    try:
        return work()
    except KiyomeError as error:
        if str(error).startswith(_WORKER):
            raise
        raise type(error)(f"{_here()}: {error.problem}", error.remedy) from error


_WORKER = "The worker process "


def _here() -> str:
    return f"{_WORKER}{os.getpid()} on {socket.gethostname()}"


def _open(order: str, handover: Handover) -> Desk:
    if not Path(order).is_file():
        raise SettingsError(
            f"{_here()} does not see the workspace: there is no {order}.",
            "Mount the workspace at the same path on every machine of the cluster.",
        )
    desk = tell_whereabouts(lambda: Desk(_single_threaded(read_order(order))))
    lacking = [name for name in handover.secrets if not getattr(desk.settings, name)]
    if lacking:
        names = ", ".join(f"KIYOME_{name.upper()}" for name in lacking)
        raise SettingsError(
            f"{_here()} has no {names}, which the run works with.",
            "Set them, or their _FILE variables, where the workers of the cluster are started: "
            "secrets are never sent to them.",
        )
    tell_whereabouts(lambda: _require_same(desk, handover))
    return desk


def _single_threaded(order: Order) -> Order:
    return replace(order, settings={**order.settings, "workers": 1})


def _require_same(desk: Desk, handover: Handover) -> None:
    if desk.database.engine.dialect.name == "sqlite" and socket.gethostname() != handover.host:
        raise SettingsError(
            f"The run is led on {handover.host} with an SQLite file, which two machines cannot "
            "share safely.",
            "Set database_url to a PostgreSQL server that every machine reaches.",
        )
    try:
        with desk.database.snapshot() as session:
            known = session.get(RunRow, desk.order.run_id) is not None
    except SQLAlchemyError as error:
        raise SettingsError(
            f"The database does not answer ({type(error).__name__}).",
            "Mend KIYOME_DATABASE_URL where the workers of the cluster are started.",
        ) from error
    if not known:
        raise SettingsError(
            "The database does not know the run.",
            "Set KIYOME_DATABASE_URL to the run's own where the workers of the cluster are "
            "started.",
        )
    if describe_equipment(desk.detectors) != handover.equipment:
        raise SettingsError(
            "It examines with other code, models or registers than the process that leads the run.",
            "Install the same Kiyome and models on every machine. If a register was edited while "
            "the run was beginning, run again.",
        )
