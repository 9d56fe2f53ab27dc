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
from models.review.queue import Item, ItemState, Question, effective_rulings, enqueue, lease_next
from models.store.database import Database
from models.store.tables import AuditRow, OutboxRow, RulingRow
from tests.rounds_seed import SETTER, ask, look, make_question, put_owner, rule, take

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


DECIDE_SECOND = (
    DECIDE.replace('"mika")', '"jun")')
    .replace("token, 1,", "token, int(version),")
    .replace("url, item, token = sys.argv[1:]", "url, item, token, version = sys.argv[1:]")
)

ACT = """
import sys
from models.review.queue import ask_owner, escalate, undo
from models.store.database import Database
url, act, item, token, version, ruling = sys.argv[1:]
database = Database(url)
with database.transaction() as session:
    words = (item, token, int(version))
    if act == "escalate":
        escalate(session, *words, "please look", "mika")
    elif act == "ask":
        ask_owner(session, *words, "did:example:studio", "Is it yours?", "mika", 14)
    else:
        undo(session, ruling, "mika")
"""


def run(code: str, *arguments: object, failpoint: str = "") -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "KIYOME_FAILPOINT": failpoint} if failpoint else {**os.environ}
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
        cwd=Path(__file__).resolve().parents[2],
        timeout=120,
    )


@pytest.mark.parametrize(
    "failpoint",
    [
        "review.decide.item",
        "review.decide.ruling",
        "review.decide.audit",
        "review.decide.outbox",
    ],
)
def test_a_second_ruling_decides_whole_or_not_at_all(
    database: Database, database_url: str, failpoint: str
) -> None:
    ask(database, make_question(1))
    rule(database, 1, "mika", "exclude")
    item = take(database, 1, "jun")
    before = traces(database)
    words = (database_url, item.id, item.lease_token, item.version)
    assert run(DECIDE_SECOND, *words, failpoint=failpoint).returncode == -signal.SIGKILL
    assert traces(database) == before == (0, 1, 1, 1)
    assert run(DECIDE_SECOND, *words).returncode == 0
    assert traces(database) == (1, 2, 2, 2)


@pytest.mark.parametrize(
    ("act", "failpoint", "after"),
    [
        ("escalate", "review.refer.item", ItemState.ESCALATED),
        ("escalate", "review.refer.audit", ItemState.ESCALATED),
        ("ask", "review.ask.item", ItemState.ASKED_OWNER),
        ("ask", "review.ask.audit", ItemState.ASKED_OWNER),
        ("undo", "review.undo.item", ItemState.OPEN),
        ("undo", "review.undo.audit", ItemState.OPEN),
    ],
)
def test_handing_on_and_taking_back_are_whole_or_not_at_all(
    database: Database, database_url: str, act: str, failpoint: str, after: ItemState
) -> None:
    put_owner(database)
    ask(database, make_question(1, setter=SETTER))
    ruling = rule(database, 1, "mika").ruling_id if act == "undo" else ""
    item = look(database, 1) if act == "undo" else take(database, 1, "mika")
    before = look(database, 1)
    words = (database_url, act, item.id, item.lease_token, item.version, ruling)
    assert run(ACT, *words, failpoint=failpoint).returncode == -signal.SIGKILL
    assert look(database, 1) == before
    assert run(ACT, *words).returncode == 0
    assert look(database, 1).state is after
    with database.snapshot() as session:
        assert verify_audit(session).ok


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
