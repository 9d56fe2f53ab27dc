"""kill -9 while webhooks are sent loses nothing; what is sent twice has the same id."""

from __future__ import annotations

import signal

import pytest
from sqlalchemy import update

from models.outbox import post_event
from models.store.database import Database
from models.store.tables import WebhookRow
from models.webhooks.posting import Poster
from models.webhooks.sending import Sender
from tests.forking import run_code
from tests.webhook_receivers import OPEN, make_due, receiving, states, subscribe

pytestmark = pytest.mark.kill

SEND = """
import sys
from models.store.database import Database
from models.webhooks.posting import Poster
from models.webhooks.sending import Sender
from tests.forking import run_code
from tests.webhook_receivers import OPEN
Sender(Database(sys.argv[1]), Poster(OPEN), 3).send_now()
"""


def send(url: str, failpoint: str) -> int:
    return run_code(SEND, url, env={"KIYOME_FAILPOINT": failpoint}).returncode


@pytest.mark.parametrize(
    ("failpoint", "arrived"),
    [("webhooks.handed", []), ("webhooks.posted", [1]), ("webhooks.posted:2", [1, 2])],
    ids=["handed", "first", "second"],
)
def test_what_a_killed_sender_left_is_sent_by_the_next(
    database: Database, database_url: str, failpoint: str, arrived: list[int]
) -> None:
    with receiving() as receiver:
        subscribe(database, receiver.url)
        with database.transaction() as session:
            for number in range(3):
                post_event(session, "run.failed", {"run_id": f"run-{number}"})
        assert send(database_url, failpoint) == -signal.SIGKILL
        assert receiver.numbers == arrived
        make_due(database)
        with database.transaction() as session:  # the lease of the killed one runs out
            session.execute(update(WebhookRow).values(lease_until_ms=0))
        Sender(database, Poster(OPEN), 3).send_now()
        again = arrived[-1:] or [1]
        assert receiver.numbers == [*arrived, *range(again[0], 4)]
        ids = {each.said["number"]: each.headers["webhook-id"] for each in receiver.got}
        assert len({each.headers["webhook-id"] for each in receiver.got}) == len(ids) == 3
    assert {state for _, state, _, _ in states(database)} == {"delivered"}
