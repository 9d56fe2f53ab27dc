"""Telling people what needs them: once when it begins, and once when it is over.

What has been told is a row, written with the event that tells it: a process that dies in between
tells it again rather than not at all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.outbox import post_event
from models.store.database import Database, now_ms
from models.store.tables.alerts import AlertRow
from models.watching.conditions import Alert, Kind

RAISED, CLEARED = "alert.raised", "alert.cleared"


@dataclass(frozen=True, slots=True)
class Change:
    """What changed since the last look.

    Attributes:
        raised: what needs a person now and did not before.
        cleared: what did, and no longer does.
        standing: what did before and still does.
    """

    raised: tuple[Alert, ...]
    cleared: tuple[Alert, ...]
    standing: tuple[Alert, ...]


def note_alerts(database: Database, alerts: Iterable[Alert]) -> Change:
    """Compare with what was told before, and post what changed for the webhooks to tell."""
    now = {alert.key: alert for alert in alerts}
    with database.transaction() as session:
        told = {row.key: _read(row) for row in session.scalars(select(AlertRow))}
        raised = tuple(alert for key, alert in now.items() if key not in told)
        cleared = tuple(alert for key, alert in told.items() if key not in now)
        at = now_ms(session)
        for alert in raised:
            session.add(
                AlertRow(
                    key=alert.key,
                    kind=alert.kind.value,
                    subject=alert.subject,
                    problem=alert.problem,
                    remedy=alert.remedy,
                    raised_ms=at,
                )
            )
            _post(session, RAISED, alert)
        for alert in cleared:
            session.execute(delete(AlertRow).where(AlertRow.key == alert.key))
            _post(session, CLEARED, alert)
    return Change(raised, cleared, tuple(now[key] for key in now.keys() & told.keys()))


def list_raised(session: Session) -> tuple[tuple[Alert, int], ...]:
    """What was told and is not over, with when it was told, in UTC milliseconds; oldest first."""
    rows = session.scalars(select(AlertRow).order_by(AlertRow.raised_ms, AlertRow.key))
    return tuple((_read(row), row.raised_ms) for row in rows)


def _post(session: Session, topic: str, alert: Alert) -> None:
    post_event(session, topic, {"kind": alert.kind.value, "subject": alert.subject})


def _read(row: AlertRow) -> Alert:
    return Alert(Kind(row.kind), row.subject, row.problem, row.remedy)
