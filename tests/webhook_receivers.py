"""A receiver of webhooks on the loopback, that can misbehave, and parts to send to it."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from models.fetching.addresses import AddressRules
from models.store.database import Database
from models.store.tables import WebhookDeliveryRow
from models.webhooks.subscriptions import Webhook, add_webhook

OPEN = AddressRules(("127.0.0.0/8",), frozenset({443}))


@dataclass
class Received:
    """One request that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def said(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value


@dataclass
class Receiver:
    """Answers with ``status`` and ``headers``, after ``before`` was called."""

    url: str = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    before: Callable[[Received], None] | None = None
    got: list[Received] = field(default_factory=list)

    @property
    def numbers(self) -> list[int]:
        return [each.said["number"] for each in self.got]


@contextmanager
def receiving(tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    """A receiver, over TLS where a context is given."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            received = Received(self.path, headers, body)
            receiver.got.append(received)
            if receiver.before is not None:
                receiver.before(received)
            self.send_response(receiver.status)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_: object) -> None:
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    scheme = "http"
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
        scheme = "https"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    receiver.url = f"{scheme}://127.0.0.1:{server.server_port}/hook"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


def subscribe(database: Database, url: str, *topics: str) -> tuple[Webhook, str]:
    """A webhook, and its secret."""
    with database.transaction() as session:
        return add_webhook(session, url, topics, "ops", OPEN)


def make_due(database: Database) -> None:
    """Let the time pass until every delivery that waits is due."""
    with database.transaction() as session:
        session.query(WebhookDeliveryRow).filter_by(state="waiting").update({"next_ms": 0})


def states(database: Database) -> list[tuple[int, str, int, str]]:
    """Number, state, attempts and failure of every delivery, in order."""
    with database.snapshot() as session:
        rows = session.query(WebhookDeliveryRow).order_by(
            WebhookDeliveryRow.webhook_id, WebhookDeliveryRow.number
        )
        return [(row.number, row.state, row.attempts, row.failure) for row in rows]
