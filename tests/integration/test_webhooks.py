"""Webhooks, from what happens to a real receiver, on SQLite and PostgreSQL."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, update

from models.accounts.keeping import create_account
from models.accounts.roles import Role
from models.errors import WebhookError
from models.fetching.addresses import AddressRules
from models.outbox import post_event
from models.review.audit import verify_audit
from models.review.queue import Question, decide, enqueue, lease_next, undo
from models.store.database import Database
from models.store.tables import OutboxRow, WebhookDeliveryRow, WebhookRow
from models.takedowns import acknowledge_takedown
from models.webhooks.deliveries import (
    HOLDS,
    find_busy,
    list_deliveries,
    send_again,
    take_due,
)
from models.webhooks.handing import BATCH, hand_out, hand_test
from models.webhooks.posting import Answer, Poster
from models.webhooks.sending import Sender
from models.webhooks.signing import is_signed
from models.webhooks.subscriptions import (
    MOST_WEBHOOKS,
    add_webhook,
    find_webhook,
    pause_webhook,
    remove_webhook,
    resume_webhook,
)
from tests.fetching_servers import make_authority
from tests.webhook_receivers import OPEN, Receiver, make_due, receiving, states, subscribe

DAYS = 3


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as made:
        yield made


def sender(database: Database, **limits: float) -> Sender:
    return Sender(database, Poster(OPEN, **limits), DAYS)  # type: ignore[arg-type]


def hold(until: threading.Event) -> None:
    until.wait(60)


def happen(database: Database, count: int = 1) -> None:
    for number in range(count):
        with database.transaction() as session:
            told = {"run_id": f"run-{number}", "dataset": "foxes"}
            post_event(session, "run.failed", told)


def test_a_ruling_reaches_the_receiver_signed_and_without_names(
    database: Database, receiver: Receiver
) -> None:
    with database.transaction() as session:
        account = create_account(session, "mika", Role.REVIEWER, "test")
        enqueue(session, "foxes", [Question("0" * 64, "a" * 64, 0, {"asset": {}})], None)
    _, secret = subscribe(database, receiver.url)
    with database.transaction() as session:
        item = lease_next(session, "mika")
        assert item is not None
        given = (item.id, item.lease_token, item.version, "exclude", "excluded_otherwise")
        ruled = decide(session, *given, "Mika Tanaka wrote this", "mika")
    sender(database).send_now()
    (got,) = receiver.got
    assert is_signed(secret, got.headers, got.body, time.time())
    assert got.said["type"] == "ruling.taken"
    assert got.said["id"] == got.headers["webhook-id"]
    assert got.said["data"]["ruling_id"] == ruled.ruling_id
    assert got.said["data"]["reviewer"] == account.pseudonym
    assert b"mika" not in got.body.lower()
    assert "note" not in got.body.decode()
    assert states(database) == [(1, "delivered", 1, "")]


def test_an_undone_ruling_and_a_takedown_are_told_in_their_order(
    database: Database, receiver: Receiver
) -> None:
    subscribe(database, receiver.url)
    with database.transaction() as session:
        enqueue(session, "foxes", [Question("0" * 64, "a" * 64, 0, {"asset": {}})], None)
    with database.transaction() as session:
        item = lease_next(session, "mika")
        assert item is not None
        given = (item.id, item.lease_token, item.version, "exclude", "copied_motif", "", "mika")
        ruled = decide(session, *given)
    with database.transaction() as session:
        undo(session, ruled.ruling_id, "mika")
    with database.transaction() as session:
        acknowledge_takedown(session, "b" * 64, "Studio Tsukimachi", "letter of Mr. Ono")
    sender(database).send_now()
    told = [each.said["type"] for each in receiver.got]
    assert told == ["ruling.taken", "ruling.undone", "takedown.acknowledged"]
    assert receiver.numbers == [1, 2, 3]
    assert receiver.got[2].said["data"].keys() == {"asset_id", "acknowledged_ms"}


def test_only_the_topics_that_were_asked_for_are_told(
    database: Database, receiver: Receiver
) -> None:
    subscribe(database, receiver.url, "takedown.acknowledged")
    happen(database)
    with database.transaction() as session:
        acknowledge_takedown(session, "b" * 64, "Studio", "")
        post_event(session, "nobody.knows", {"secret": "x"})
    sender(database).send_now()
    assert [each.said["type"] for each in receiver.got] == ["takedown.acknowledged"]
    with database.snapshot() as session:
        unsent = select(func.count()).where(OutboxRow.sent_ms.is_(None))
        assert session.scalar(unsent) == 0


def test_what_happened_before_a_webhook_was_added_is_not_told(
    database: Database, receiver: Receiver
) -> None:
    happen(database)
    time.sleep(0.005)
    subscribe(database, receiver.url)
    happen(database)
    sender(database).send_now()
    assert receiver.numbers == [1]


def test_what_is_not_committed_is_never_told(database: Database, receiver: Receiver) -> None:
    subscribe(database, receiver.url)
    with database.transaction() as session:
        post_event(session, "run.failed", {"run_id": "r"})
        session.rollback()
    sender(database).send_now()
    assert receiver.got == []


def test_a_failure_is_tried_again_with_the_same_id_and_body(
    database: Database, receiver: Receiver
) -> None:
    subscribe(database, receiver.url)
    happen(database)
    receiver.status = 500
    sender(database).send_now()
    assert states(database) == [(1, "waiting", 1, "status")]
    sender(database).send_now()
    assert len(receiver.got) == 1  # it is not its turn yet
    make_due(database)
    receiver.status = 204
    sender(database).send_now()
    first, second = receiver.got
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    assert states(database) == [(1, "delivered", 2, "")]


def test_a_redirect_is_a_failure_and_is_not_followed(
    database: Database, receiver: Receiver
) -> None:
    subscribe(database, receiver.url)
    happen(database)
    receiver.status, receiver.headers = 302, {"Location": "/elsewhere"}
    sender(database).send_now()
    assert [each.path for each in receiver.got] == ["/hook"]
    assert states(database) == [(1, "waiting", 1, "redirect")]


def test_a_certificate_that_nobody_vouches_for_is_refused(
    database: Database, tmp_path: Path
) -> None:
    with receiving(make_authority(tmp_path).server_context("127.0.0.1")) as receiver:
        subscribe(database, receiver.url)
        happen(database)
        sender(database).send_now()
        assert receiver.got == []
    assert states(database) == [(1, "waiting", 1, "tls")]


def test_nobody_listening_is_a_failure(database: Database) -> None:
    with receiving() as receiver:
        subscribe(database, receiver.url)
    happen(database)
    sender(database).send_now()
    assert states(database) == [(1, "waiting", 1, "unreachable")]


def test_a_slow_receiver_is_cut_off(database: Database, receiver: Receiver) -> None:
    let_go = threading.Event()
    receiver.before = lambda _: hold(let_go)
    subscribe(database, receiver.url)
    happen(database)
    sender(database, total_seconds=0.3).send_now()
    let_go.set()
    assert states(database) == [(1, "waiting", 1, "timeout")]


def test_a_slow_receiver_holds_up_nobody_else(database: Database, receiver: Receiver) -> None:
    let_go = threading.Event()
    with receiving() as slow:
        slow.before = lambda _: hold(let_go)
        subscribe(database, slow.url)
        subscribe(database, receiver.url)
        happen(database, 3)
        working = threading.Thread(target=sender(database, total_seconds=60).send_now)
        working.start()
        while len(receiver.got) < 3:
            time.sleep(0.01)
        assert len(slow.got) <= 1
        let_go.set()
        working.join(60)
    assert receiver.numbers == [1, 2, 3]
    assert {state for _, state, _, _ in states(database)} == {"delivered"}


def test_a_failing_event_keeps_those_behind_it_back_and_then_steps_aside(
    database: Database, receiver: Receiver
) -> None:
    hook, _ = subscribe(database, receiver.url)
    happen(database, 2)
    receiver.status = 500
    for attempt in range(1, HOLDS):
        sender(database).send_now()
        assert receiver.numbers == [1] * attempt
        make_due(database)
    sender(database).send_now()
    assert receiver.numbers == [*[1] * HOLDS, 2]
    assert find_due_numbers(database, hook.id) == []


def find_due_numbers(database: Database, webhook_id: str) -> list[str]:
    with database.snapshot() as session:
        return [each for each in find_busy(session) if each == webhook_id]


def test_a_delivery_past_its_time_is_given_up_stays_visible_and_can_be_sent_again(
    database: Database, receiver: Receiver
) -> None:
    hook, _ = subscribe(database, receiver.url)
    happen(database)
    with database.transaction() as session:
        hand_out(session, DAYS)
        session.execute(update(WebhookDeliveryRow).values(expires_ms=0))
    receiver.status = 400
    sender(database).send_now()
    with database.snapshot() as session:
        (dead,) = list_deliveries(session, hook.id, "dead")
        assert find_webhook(session, hook.id).dead == 1
    assert (dead.status, dead.failure) == (400, "status")
    receiver.status = 200
    with database.transaction() as session:
        assert send_again(session, hook.id, "ops", DAYS, dead.id) == 1
    sender(database).send_now()
    assert states(database) == [(1, "delivered", 1, "")]
    with database.transaction() as session, pytest.raises(WebhookError, match="not one that"):
        send_again(session, hook.id, "ops", DAYS, dead.id)


def test_whoever_says_gone_is_paused_and_can_be_resumed(
    database: Database, receiver: Receiver
) -> None:
    hook, _ = subscribe(database, receiver.url)
    happen(database, 2)
    receiver.status = 410
    sender(database).send_now()
    with database.snapshot() as session:
        found = find_webhook(session, hook.id)
    assert (found.pause_reason, found.waiting) == ("gone", 2)
    make_due(database)
    receiver.status = 200
    sender(database).send_now()
    assert len(receiver.got) == 1
    with database.transaction() as session:
        resume_webhook(session, hook.id, "ops")
    sender(database).send_now()
    assert receiver.numbers == [1, 1, 2]


def test_a_receiver_that_asks_for_rest_is_left_alone(
    database: Database, receiver: Receiver
) -> None:
    subscribe(database, receiver.url)
    happen(database)
    receiver.status, receiver.headers = 429, {"Retry-After": "3600"}
    sender(database).send_now()
    with database.snapshot() as session:
        row = session.scalars(select(WebhookDeliveryRow)).one()
        assert row.next_ms - row.created_ms > 3_000_000


def test_two_senders_at_once_send_everything_once(database: Database, receiver: Receiver) -> None:
    subscribe(database, receiver.url)
    happen(database, 20)
    working = [threading.Thread(target=sender(database).send_now) for _ in range(3)]
    for thread in working:
        thread.start()
    for thread in working:
        thread.join(60)
    sender(database).send_now()
    assert receiver.numbers == list(range(1, 21))


def test_a_webhook_is_one_senders_until_its_lease_is_past(
    database: Database, receiver: Receiver
) -> None:
    hook, _ = subscribe(database, receiver.url)
    happen(database)
    with database.transaction() as session:
        hand_out(session, DAYS)
        assert take_due(session, hook.id, "the first") is not None
    make_due(database)
    with database.transaction() as session:
        assert take_due(session, hook.id, "the second") is None
        session.execute(update(WebhookRow).values(lease_until_ms=0))
        assert take_due(session, hook.id, "the second") is not None


def test_more_than_one_batch_is_handed_out_in_order(database: Database) -> None:
    subscribe(database, "http://127.0.0.1:9/")
    with database.transaction() as session:
        for number in range(BATCH + 3):
            post_event(session, "run.failed", {"run_id": f"{number:06}"})
    with database.transaction() as session:
        assert hand_out(session, DAYS) == BATCH
    with database.transaction() as session:
        assert hand_out(session, DAYS) == 3
    with database.snapshot() as session:
        assert session.scalars(select(WebhookRow.last_number)).one() == BATCH + 3


def test_a_removed_webhook_is_told_nothing_more(database: Database, receiver: Receiver) -> None:
    hook, _ = subscribe(database, receiver.url)
    happen(database)
    with database.transaction() as session:
        hand_out(session, DAYS)
        remove_webhook(session, hook.id, "ops")
    sender(database).send_now()
    assert receiver.got == []
    with database.snapshot() as session:
        assert verify_audit(session).ok


def test_a_paused_webhook_waits(database: Database, receiver: Receiver) -> None:
    hook, _ = subscribe(database, receiver.url)
    with database.transaction() as session:
        pause_webhook(session, hook.id, "ops")
    happen(database)
    sender(database).send_now()
    assert receiver.got == []
    assert states(database) == [(1, "waiting", 0, "")]


def test_a_test_event_goes_to_one_webhook(database: Database, receiver: Receiver) -> None:
    hook, _ = subscribe(database, receiver.url, "run.failed")
    subscribe(database, "http://127.0.0.1:9/")
    with database.transaction() as session:
        hand_test(session, hook.id, DAYS)
    sender(database).send_to(hook.id)
    assert [each.said["type"] for each in receiver.got] == ["webhook.test"]


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example/in",
        "https://127.0.0.1/in",
        "https://10.0.0.8/in",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/in",
        "https://[::ffff:10.0.0.8]/in",
        "https://0x7f000001/in",
        "https://2130706433/in",
        "https://user:word@hooks.example/in",
        "https://hooks.example:8443/in",
        "ftp://hooks.example/in",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "//hooks.example/in",
        "",
    ],
)
def test_an_address_that_may_not_be_sent_to_is_refused(sqlite_database: Database, url: str) -> None:
    rules = AddressRules((), frozenset({443}))
    with sqlite_database.transaction() as session, pytest.raises(WebhookError):
        add_webhook(session, url, (), "ops", rules)


def test_a_name_that_leads_to_a_private_address_is_refused_when_it_is_sent_to() -> None:
    rules = AddressRules((), frozenset({443}))
    poster = Poster(rules, resolve=lambda host, port: ["10.0.0.8"])
    assert poster("https://hooks.example/in", {}, b"{}") == Answer(failure="refused_address")


def test_there_are_at_most_so_many_webhooks(sqlite_database: Database) -> None:
    for number in range(MOST_WEBHOOKS):
        subscribe(sqlite_database, f"http://127.0.0.1:9/{number}")
    with pytest.raises(WebhookError, match="already"):
        subscribe(sqlite_database, "http://127.0.0.1:9/more")


def test_a_server_sends_while_it_runs_and_stops(database: Database, receiver: Receiver) -> None:
    subscribe(database, receiver.url)
    running = sender(database)
    thread = threading.Thread(target=running.run)
    thread.start()
    happen(database)
    while not receiver.got:
        time.sleep(0.01)
    running.stop()
    thread.join(30)
    assert not thread.is_alive()
