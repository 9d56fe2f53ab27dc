"""kill -9 in the middle of a ruling loses nothing, and ruling again doubles nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import func, select

from models.review.audit import verify_audit
from models.review.queue import Item, Question, effective_rulings, enqueue, lease_next
from models.store.database import Database
from models.store.tables import AuditRow, OutboxRow, RulingRow

pytestmark = pytest.mark.kill

DECIDE = """
import sys
from models.review.queue import decide
from models.store.database import Database
from models.failpoints import reach
url, item, token = sys.argv[1:]
database = Database(url)
with database.transaction() as session:
    ruled = decide(session, item, token, 1, "exclude", "copied_motif", "", "mika")
reach("after")
print(ruled.ruling_id, ruled.repeated)
"""


def submit(url: str, item: Item, failpoint: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "KIYOME_FAILPOINT": failpoint} if failpoint else {**os.environ}
    return subprocess.run(
        [sys.executable, "-c", DECIDE, url, item.id, item.lease_token],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        cwd=Path(__file__).resolve().parents[2],
        timeout=60,
    )


def traces(database: Database) -> tuple[int, int, int, int]:
    with database.snapshot() as session:
        assert verify_audit(session).ok
        audited = select(func.count(AuditRow.seq)).where(AuditRow.action == "rule")
        return (
            len(effective_rulings(session, "foxes")),
            session.scalar(select(func.count(RulingRow.id))) or 0,
            session.scalar(audited) or 0,
            session.scalar(select(func.count(OutboxRow.id))) or 0,
        )


@pytest.mark.parametrize(
    ("failpoint", "survives"),
    [
        ("review.decide.item", False),
        ("review.decide.ruling", False),
        ("review.decide.audit", False),
        ("review.decide.outbox", False),
        ("after", True),
    ],
)
def test_a_ruling_is_there_whole_or_not_at_all(
    database: Database, database_url: str, failpoint: str, survives: bool
) -> None:
    with database.transaction() as session:
        enqueue(session, "foxes", [Question("0" * 64, "a" * 64, 0, {"asset": {}})], None)
    with database.transaction() as session:
        item = lease_next(session, "mika")
    assert item is not None
    assert submit(database_url, item, failpoint).returncode == -signal.SIGKILL
    assert traces(database) == ((1, 1, 1, 1) if survives else (0, 0, 0, 0))

    again = submit(database_url, item)
    assert again.stdout.split()[1:] == [str(survives)], again.stderr
    assert traces(database) == (1, 1, 1, 1)
