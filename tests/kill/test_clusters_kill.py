"""kill -9 in the middle of a ruling on several items: all of it is there, or nothing."""

from __future__ import annotations

import signal
import subprocess

import pytest
from sqlalchemy import func, select

from models.review.audit import verify_audit
from models.review.queue import effective_rulings
from models.store.database import Database
from models.store.tables import AuditRow, OutboxRow, RulingRow
from tests.alike_seed import ask_alike, look, take
from tests.forking import run_code

pytestmark = pytest.mark.kill


def count_traces(database: Database) -> tuple[int, int, int, int]:
    """Rulings in force, rulings, audit rows of rulings, and outbox rows."""
    with database.snapshot() as session:
        assert verify_audit(session).ok
        audited = select(func.count(AuditRow.seq)).where(AuditRow.action == "rule")
        return (
            len(effective_rulings(session, "foxes")),
            session.scalar(select(func.count(RulingRow.id))) or 0,
            session.scalar(audited) or 0,
            session.scalar(select(func.count(OutboxRow.id))) or 0,
        )


DECIDE = """
import sys
from models.review.queue import decide_alike
from models.store.database import Database
url, item, token, *others = sys.argv[1:]
with Database(url).transaction() as session:
    together = decide_alike(session, item, token, 1, "exclude", "copied_motif", "", "mika",
                            [(other, 1) for other in others])
print(together.covered, together.ruled.repeated)
"""


@pytest.mark.parametrize(
    "failpoint",
    [
        "review.alike.items",
        "review.alike.ruling",
        "review.alike.ruling:2",
        "review.decide.ruling:2",
        "review.decide.outbox:3",
    ],
)
def test_a_ruling_on_several_is_there_whole_or_not_at_all(
    database: Database, database_url: str, failpoint: str
) -> None:
    ask_alike(database, [1, 2, 3])
    item = take(database, 1)
    others = [other for other, _ in ((look(database, n).id, 1) for n in (2, 3))]

    def submit(point: str) -> subprocess.CompletedProcess[str]:
        env = {"KIYOME_FAILPOINT": point} if point else {}
        return run_code(DECIDE, database_url, item.id, item.lease_token, *others, env=env)

    assert submit(failpoint).returncode == -signal.SIGKILL
    assert count_traces(database) == (0, 0, 0, 0)
    again = submit("")
    assert again.stdout.split() == ["2", "False"], again.stderr
    assert count_traces(database) == (3, 3, 3, 3)
