"""A JSON-RPC node that misbehaves as told, in front of a real one or on its own."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Reply = tuple[int, dict[str, str], bytes]
Behaviour = Callable[["FaultyNode", Any], Reply | None]


@dataclass
class FaultyNode:
    """A node that can be told how to answer.

    Attributes:
        url: where it listens.
        upstream: the node that answers what is passed on; "" where there is none.
        behave: what to answer to a body; None as a reply drops the connection.
        seen: every body so far, parsed.
    """

    url: str
    upstream: str
    behave: Behaviour
    seen: list[Any] = field(default_factory=list)

    def forward(self, body: Any) -> Any:
        """The real node's answer to a body."""
        request = urllib.request.Request(
            self.upstream, json.dumps(body).encode(), {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=30) as response:
            return json.load(response)

    def methods(self) -> list[str]:
        """The methods that were asked for so far, in order."""
        return [q["method"] for body in self.seen for q in listed(body)]


def listed(body: Any) -> list[Any]:
    """The questions in a body, one or many."""
    return body if isinstance(body, list) else [body]


def reply(answer: Any, status: int = 200, headers: dict[str, str] | None = None) -> Reply:
    """An HTTP reply with a JSON body."""
    return status, headers or {}, json.dumps(answer).encode()


def refusal(body: Any, code: int, message: str) -> Reply:
    """The same error for every question."""
    answers = [
        {"jsonrpc": "2.0", "id": q["id"], "error": {"code": code, "message": message}}
        for q in listed(body)
    ]
    return reply(answers if isinstance(body, list) else answers[0])


def pass_on(node: FaultyNode, body: Any) -> Reply:
    """Answer as the real node does."""
    return reply(node.forward(body))


@contextmanager
def start_faulty_node(behave: Behaviour = pass_on, upstream: str = "") -> Iterator[FaultyNode]:
    """Run a node on a free port of the loopback."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            node.seen.append(body)
            answer = node.behave(node, body)
            if answer is None:
                self.close_connection = True
                self.connection.close()
                return
            status, headers, content = answer
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass  # connections that were dropped on purpose

    server = Server(("127.0.0.1", 0), Handler)
    node = FaultyNode(f"http://127.0.0.1:{server.server_port}", upstream, behave)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield node
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
