"""Verifying the audit chain for whoever asks: one verification at a time, its result for a minute.

A million rows take the better part of a minute to verify. However many readers ask, and however
often, one processor at most is at it. A result is shown with the moment that it is about, and only
as long as the row that it ends with still stands in the chain.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from models.errors import StoreError
from models.review.audit import AuditReport, hold_against, verify_audit
from models.store.database import Database, now_ms

_log = logging.getLogger("kiyome.review")

AT_ONCE = 5000
"""Chains up to this long are verified while the reader waits: about 0.2 s."""

KEPT_S = 60.0
"""For so long the result of a longer one is shown."""


@dataclass(frozen=True, slots=True)
class Checked:
    """A verification that ended; ``as_of_ms`` is the moment at which the chain was as it says."""

    report: AuditReport
    as_of_ms: int


@dataclass(frozen=True, slots=True)
class ChainState:
    """What can be said of the chain now.

    Attributes:
        checked: the last verification, if it was just now.
        since_ms: when the one began that is going on; 0 where none is.
        failed: the last one could not be brought to its end.
        fresh: ``checked`` was made for whoever looks.
    """

    checked: Checked | None = None
    since_ms: int = 0
    failed: bool = False
    fresh: bool = False


class ChainCheck:
    """Verifies a chain. Threads may share it.

    Args:
        clock: seconds, from anywhere.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._turn = threading.Lock()
        self._since_ms = 0
        self._checked: tuple[Checked, float] | None = None
        self._failed = False

    def look(
        self, database: Database, session: Session, length: int, *, ask: bool = False
    ) -> ChainState:
        """What is known of a chain; a short one is verified for it, a long one only if asked for.

        Args:
            session: a snapshot, in which a short chain is verified.
            length: rows of the chain.
            ask: begin to verify a long chain, unless that is going on or was just done.

        Raises:
            StoreError, SQLAlchemyError: the database cannot be read.
        """
        if length <= AT_ONCE:
            with self._turn:
                return ChainState(Checked(verify_audit(session), now_ms(session)), fresh=True)
        with self._lock:
            kept = self._checked if self._checked and self._clock() < self._checked[1] else None
            if kept is not None and _fits(session, kept[0].report):
                return ChainState(kept[0])
            self._checked = None
            if not self._since_ms and ask:
                began = now_ms(session)
                threading.Thread(
                    target=self._verify, args=(database,), name="audit-verification", daemon=True
                ).start()
                self._since_ms, self._failed = began, False
            return ChainState(since_ms=self._since_ms, failed=self._failed)

    def _verify(self, database: Database) -> None:
        checked = None
        try:
            with database.snapshot() as session:
                as_of = now_ms(session)
                checked = Checked(verify_audit(session), as_of)
        except (StoreError, SQLAlchemyError) as error:
            _log.error("the audit chain could not be verified: %s", error)
        finally:
            with self._lock:
                self._since_ms, self._failed = 0, checked is None
                self._checked = (checked, self._clock() + KEPT_S) if checked else None


def _fits(session: Session, report: AuditReport) -> bool:
    """Whether the chain still has the row that a verification ended with."""
    return not report.ok or hold_against(session, report, report.rows, report.head).ok
