"""kill -9 in the middle of a ruling loses nothing, and ruling again doubles nothing."""

from __future__ import annotations

import signal
import subprocess

import pytest
from sqlalchemy import func, select

from models.review.audit import verify_audit
from models.review.queue import Item, ItemState, Question, effective_rulings, enqueue, lease_next
from models.store.database import Database
from models.store.tables import AuditRow, OutboxRow, RulingRow
from tests.forking import run_code
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
    return run(DECIDE, url, item.id, item.lease_token, failpoint=failpoint)


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
    env = {"KIYOME_FAILPOINT": failpoint} if failpoint else {}
    return run_code(code, *map(str, arguments), env=env)


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


TAKE = """
import sys
from models.review.queue import decide, lease_next
from models.store.database import Database
from models.failpoints import reach
url, act, reviewer, item, token = sys.argv[1:]
database = Database(url)
with database.transaction() as session:
    if act == "lease":
        given = lease_next(session, reviewer)
        print(given.lease_token if given else "")
    else:
        print(decide(session, item, token, 1, "skip", "", "", reviewer).repeated)
sys.stdout.flush()
reach("after")
"""


def test_a_lease_is_there_or_not_and_outlives_the_process(
    database: Database, database_url: str
) -> None:
    ask(database, make_question(1, persons=1))
    before = look(database, 1)
    killed = run(TAKE, database_url, "lease", "mika", "", "", failpoint="review.lease.item")
    assert killed.returncode == -signal.SIGKILL
    assert look(database, 1) == before
    given = run(TAKE, database_url, "lease", "mika", "", "", failpoint="after")
    assert given.returncode == -signal.SIGKILL
    held = look(database, 1)
    assert (held.state, held.lease_token) == (ItemState.LEASED, given.stdout.strip())
    with database.transaction() as session:
        assert lease_next(session, "jun") is None
        again = lease_next(session, "mika")
    assert again is not None
    assert again.lease_token == held.lease_token


@pytest.mark.parametrize("failpoint", ["review.decide.item", "review.skip.noted"])
def test_a_skip_is_there_whole_or_not_at_all(
    database: Database, database_url: str, failpoint: str
) -> None:
    ask(database, make_question(1, persons=1), make_question(2, persons=1))
    item = take(database, 1, "mika")
    words = (database_url, "skip", "mika", item.id, item.lease_token)
    assert run(TAKE, *words, failpoint=failpoint).returncode == -signal.SIGKILL
    assert look(database, 1) == item
    assert run(TAKE, *words, failpoint="after").stdout.split() == ["False"]
    assert run(TAKE, *words).stdout.split() == ["True"]
    with database.transaction() as session:
        following = lease_next(session, "mika")
    assert following is not None
    assert following.id != item.id


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
