"""kill -9 between planning a sample and asking about it: all of it is there, or nothing."""

from __future__ import annotations

import signal
import subprocess

import pytest
from sqlalchemy import func, select

from models.review.audit import verify_audit
from models.review.queue import count_items
from models.store.database import Database
from models.store.tables import (
    AssuranceAssetRow,
    AssuranceSampleRow,
    AssuranceStratumRow,
    AuditRow,
)
from tests.assurance_parts import draft, put_release
from tests.forking import run_code

pytestmark = pytest.mark.kill

DRAW = """
import sys
from models.failpoints import reach
from models.store.database import Database
from tests.assurance_parts import draw
drafted, asked = draw(Database(sys.argv[1]))
reach("after")
print(asked.is_new, asked.asked)
"""


def submit(url: str, failpoint: str = "") -> subprocess.CompletedProcess[str]:
    return run_code(DRAW, url, env={"KIYOME_FAILPOINT": failpoint} if failpoint else {})


def count_traces(database: Database) -> tuple[int, ...]:
    """Samples, strata, drawn assets, waiting items, and audit rows that record a drawing."""
    audited = select(func.count(AuditRow.seq)).where(AuditRow.action == "draw_sample")
    with database.snapshot() as session:
        assert verify_audit(session).ok
        return (
            session.scalar(select(func.count(AssuranceSampleRow.release_id))) or 0,
            session.scalar(select(func.count(AssuranceStratumRow.name))) or 0,
            session.scalar(select(func.count(AssuranceAssetRow.asset_id))) or 0,
            sum(counts.waiting for counts in count_items(session)),
            session.scalar(audited) or 0,
        )


@pytest.mark.parametrize(
    ("failpoint", "survives"),
    [
        ("assurance.planned", False),
        ("assurance.enqueued", False),
        ("assurance.recorded", False),
        ("after", True),
    ],
)
def test_a_sample_is_drawn_whole_or_not_at_all(
    database: Database, database_url: str, failpoint: str, survives: bool
) -> None:
    put_release(database)
    drawn = draft().plan.total
    whole = (1, 2, drawn, drawn, 1)
    assert submit(database_url, failpoint).returncode == -signal.SIGKILL
    assert count_traces(database) == (whole if survives else (0, 0, 0, 0, 0))

    again = submit(database_url)
    assert again.stdout.split() == [str(not survives), str(drawn)], again.stderr
    assert count_traces(database) == whole
