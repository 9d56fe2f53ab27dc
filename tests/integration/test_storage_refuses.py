"""Storage whose credentials have expired: no run fails, and everybody who looks is told."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from flows.diagnosis import Health
from flows.doctoring_around import check_disk, check_release_target
from models.errors import ReleaseError
from models.settings import Settings
from models.store.schema import open_database
from models.workspace import prepare_workspace
from tasks.order import open_desk, write_order
from tasks.push import push_mirror
from tests.pipeline import make_settings

_SECRET = "a-secret-of-the-environment"
_EXPIRED = (
    b'<?xml version="1.0" encoding="UTF-8"?><Error><Code>ExpiredToken</Code>'
    b"<Message>The provided token has expired.</Message></Error>"
)


class _Refusing(BaseHTTPRequestHandler):
    """Answers whatever it is asked as S3 does once a token has expired."""

    def _refuse(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.send_response(403)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(_EXPIRED)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(_EXPIRED)

    do_GET = do_HEAD = do_PUT = do_POST = _refuse  # noqa: N815  (names of the standard library)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """A workspace whose releases go to storage that takes its credentials no longer."""
    pytest.importorskip("s3fs", reason="pip install 'kiyome[s3]'")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Refusing)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", _SECRET)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    # One bucket for each test: fsspec keeps what it has opened.
    made = make_settings(tmp_path, release_target=f"s3://bucket-{server.server_port}/kiyome")
    prepare_workspace(made.workspace)
    yield made
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_run_goes_on_and_its_summary_says_what_to_see_to(settings: Settings) -> None:
    database = open_database(settings.resolved_database_url)
    order = str(write_order("1", "set", "/set", "auto", settings, database))
    try:
        told = push_mirror.fn(order)
    finally:
        open_desk.cache_clear()
        database.dispose()
    assert not told["settled"]
    assert "credentials" in told["warning"]
    assert _SECRET not in told["warning"]


def test_the_doctor_says_so_before_a_run_does(settings: Settings) -> None:
    with pytest.raises(ReleaseError, match="could not be read") as raised:
        check_release_target(settings)
    assert "credentials" in raised.value.remedy


def test_the_doctor_tells_a_disk_on_which_no_run_begins_from_one_that_grows_full(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = make_settings(tmp_path)
    prepare_workspace(settings.workspace)
    monkeypatch.setattr("models.workspace.LEAST_FREE", 0)
    monkeypatch.setattr("flows.doctoring_around._LOW_DISK", 1 << 60)
    assert check_disk(settings).health is Health.WARNING
    monkeypatch.setattr("models.workspace.LEAST_FREE", 1 << 60)
    told = check_disk(settings)
    assert told.health is Health.BAD
    assert "no run begins" in told.found
