"""Sending what is due: a thread for each webhook, so that no slow receiver holds up another.

Any number of senders may run on one database: a webhook is one sender's at a time, by a lease on
its row. A sender that dies loses nothing; another takes its webhooks over when the lease is past.
"""

from __future__ import annotations

import logging
import threading
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exists, select
from sqlalchemy.exc import SQLAlchemyError

from models.errors import KiyomeError
from models.failpoints import reach
from models.fetching.urls import read_target
from models.settings import Settings
from models.store.database import Database
from models.store.tables import OutboxRow
from models.webhooks.deliveries import Due, drop_old, find_busy, free_webhook, settle, take_due
from models.webhooks.handing import BATCH, hand_out
from models.webhooks.posting import Answer, Post, Poster, rules_of
from models.webhooks.signing import ID, SIGNATURE, TIMESTAMP, sign

POLL_SECONDS = 1.0
_TIDY_ROUNDS = 3600
_log = logging.getLogger("kiyome.webhooks")


class Sender:
    """Sends the events of one database.

    Args:
        post: sends one body; ``posting.Poster``.
        days: how long a delivery is tried before it is given up.
    """

    def __init__(self, database: Database, post: Post, days: int) -> None:
        self._database = database
        self._post = post
        self._days = days
        self._holder = uuid.uuid4().hex
        self._stopped = threading.Event()
        self._threads: dict[str, threading.Thread] = {}

    def run(self) -> None:
        """Send until stopped. A database that cannot be used is asked again later."""
        rounds = 0
        while not self._stopped.is_set():
            try:
                self._begin_round()
                if rounds % _TIDY_ROUNDS == 0:
                    with self._database.transaction() as session:
                        drop_old(session)
            except (KiyomeError, SQLAlchemyError) as error:
                _log.warning("webhooks wait: %s", type(error).__name__)
            rounds += 1
            self._stopped.wait(POLL_SECONDS)

    def stop(self, seconds: float = 5.0) -> None:
        """Begin nothing new, and wait a little for what is under way; the rest is sent again."""
        self._stopped.set()
        for thread in list(self._threads.values()):
            thread.join(seconds)

    def send_now(self) -> None:
        """Hand out and send what is due, once, and wait for it.

        Raises:
            StoreError: the database cannot be used.
        """
        self._begin_round()
        for thread in list(self._threads.values()):
            thread.join()

    def send_to(self, webhook_id: str) -> int:
        """Send to one webhook what is due; how many attempts that took.

        Raises:
            StoreError: the database cannot be used.
        """
        attempts = 0
        settled: tuple[Due, Answer] | None = None
        while True:
            with self._database.transaction() as session:
                if settled is not None:
                    settle(session, *settled)
                if self._stopped.is_set():
                    free_webhook(session, webhook_id, self._holder)
                    return attempts
                due = take_due(session, webhook_id, self._holder)
            if due is None:
                return attempts
            settled = due, self._send(due)
            reach("webhooks.posted")
            attempts += 1

    def _begin_round(self) -> None:
        with self._database.snapshot() as session:
            unsent = session.scalar(select(exists().where(OutboxRow.sent_ms.is_(None))))
        while unsent and not self._stopped.is_set():
            with self._database.transaction() as session:
                unsent = hand_out(session, self._days) == BATCH
        with self._database.snapshot() as session:
            busy = find_busy(session)
        self._threads = {key: each for key, each in self._threads.items() if each.is_alive()}
        for webhook_id in busy:
            if webhook_id not in self._threads:
                # A daemon: a receiver that is slow must not keep a stopped server alive.
                name = f"webhook {webhook_id[:8]}"
                thread = threading.Thread(
                    target=self._work, args=(webhook_id,), name=name, daemon=True
                )
                self._threads[webhook_id] = thread
                thread.start()

    def _work(self, webhook_id: str) -> None:
        try:
            self.send_to(webhook_id)
        except (KiyomeError, SQLAlchemyError) as error:
            _log.warning("webhook %s waits: %s", webhook_id, type(error).__name__)

    def _send(self, due: Due) -> Answer:
        body, seconds = due.body.encode(), due.at_ms // 1000
        headers = {
            ID: due.event_id,
            TIMESTAMP: str(seconds),
            SIGNATURE: sign(due.secret, due.event_id, seconds, body),
        }
        answer = self._post(due.url, headers, body)
        if answer.failure:
            origin = read_target(due.url).origin
            told = f"{answer.failure} {answer.status or ''}".strip()
            _log.warning("webhook %s did not take %s: %s", origin, due.event_id, told)
        return answer


def make_sender(database: Database, settings: Settings) -> Sender:
    """A sender as the settings ask.

    Raises:
        SettingsError: ``webhook_allow`` or ``fetch_contact`` cannot be used.
    """
    poster = Poster(rules_of(settings), contact=settings.fetch_contact)
    return Sender(database, poster, settings.webhook_days)


@contextmanager
def sending(database: Database, settings: Settings) -> Iterator[None]:
    """Send from a thread for as long as the block runs.

    Raises:
        SettingsError: see ``make_sender``.
    """
    sender = make_sender(database, settings)
    thread = threading.Thread(target=sender.run, name="webhooks", daemon=True)
    thread.start()
    try:
        yield
    finally:
        sender.stop()
        thread.join(5)
