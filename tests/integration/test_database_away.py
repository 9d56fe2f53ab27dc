"""A PostgreSQL that is away or changes its password: a clear answer, no secret, and a way back."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import create_engine, text, update

from models.accounts.roles import Role
from models.errors import StoreError
from models.review.audit import verify_audit
from models.review.queue import effective_rulings
from models.store.database import Database, now_ms
from models.store.schema import open_database
from models.store.tables import ReviewItemRow
from tests.account_parts import PASSWORD, Window, put_account
from tests.api_parts import client, make_app, token_for
from tests.chaos.worlds import Postgres
from tests.conftest import _find_binaries
from tests.pipeline import POLICY, draw_dataset, run_kiyome
from tests.review_seed import DATASET, seed

pytestmark = pytest.mark.postgresql
OLD, NEW = "seven-lanterns", "eight-lanterns"


@pytest.fixture
def server() -> Iterator[Postgres]:
    """A server that asks for a password, and can be killed."""
    binaries = _find_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL server programs")
    running = Postgres(binaries, OLD)
    yield running
    running.close()


@pytest.fixture
def store(server: Postgres) -> Iterator[Database]:
    """Its database, as the review page has opened it."""
    opened = open_database(server.url)
    yield opened
    opened.dispose()


def _change_password(server: Postgres, before: str, after: str) -> None:
    """Change it, and end all connections that came in with the old one."""
    engine = create_engine(server.url_with(before), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"ALTER ROLE postgres PASSWORD '{after}'"))
        others = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'postgres'"
        connection.execute(text(f"{others} AND pid != pg_backend_pid()"))
    engine.dispose()


def _take_and_rule(api: Any) -> Any:
    item = api.post("/api/v1/leases", json={}).json()
    sent = {
        "lease_token": item["lease"]["token"],
        "item_version": item["version"],
        "ruling": "approve",
        "reason_code": "other_motif",
    }
    return lambda: api.post(f"/api/v1/items/{item['id']}/ruling", json=sent), item["id"]


def _in_force(database: Database) -> int:
    with database.snapshot() as session:
        assert verify_audit(session).ok
        return len(effective_rulings(session, DATASET))


def test_a_page_whose_password_was_changed_says_so_and_is_back_with_the_password(
    server: Postgres, store: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    seed(store, tmp_path / "workspace", 4)
    app = make_app(store, tmp_path)
    api = client(app, token_for(store, put_account(store, "mika")))
    rule, _ = _take_and_rule(api)
    window = Window(app)
    form = {"csrf": window.token("/sign-in"), "name": "mika", "password": PASSWORD}
    _change_password(server, OLD, NEW)
    with caplog.at_level(logging.DEBUG):
        refused = rule()
        page = window.http.post("/sign-in", data=form)
    assert (refused.status_code, refused.json()["code"]) == (503, "database")
    assert page.status_code == 503
    assert "password authentication failed" in caplog.text
    for said in (refused.text, page.text, caplog.text):
        assert OLD not in said
        assert NEW not in said
    _change_password(server, NEW, OLD)
    assert rule().status_code == 200
    assert _in_force(store) == 1


def test_a_command_with_the_old_password_ends_with_a_sentence_and_without_the_password(
    server: Postgres, store: Database, tmp_path: Path
) -> None:
    _change_password(server, OLD, NEW)
    with pytest.raises(StoreError, match="password authentication failed") as raised:
        open_database(server.url)
    assert OLD not in str(raised.value)
    root = draw_dataset(tmp_path / "set", 2)
    where = ("--workspace", tmp_path / "workspace")
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    env = {"KIYOME_DATABASE_URL": server.url, "KIYOME_POLICY": str(tmp_path / "policy.toml")}
    ended = run_kiyome("cleanse", root, *where, "--quiet", env=env)
    assert ended.returncode == 1
    assert "password authentication failed" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert OLD not in ended.stderr + ended.stdout
    open_database(server.url_with(NEW)).dispose()


def test_a_lease_that_ran_out_while_the_database_was_away_is_refused_and_nothing_written(
    server: Postgres, store: Database, tmp_path: Path
) -> None:
    seed(store, tmp_path / "workspace", 4)
    app = make_app(store, tmp_path)
    mika = client(app, token_for(store, put_account(store, "mika")))
    jun = client(app, token_for(store, put_account(store, "jun", Role.LEAD)))
    rule, item = _take_and_rule(mika)
    server.kill()
    assert rule().status_code == 503
    server.start()
    with store.transaction() as session:  # as if it had been away for longer than a lease
        past = now_ms(session) - 1
        held = update(ReviewItemRow).where(ReviewItemRow.id == item)
        session.execute(held.values(lease_until_ms=past))
    assert jun.post(f"/api/v1/items/{item}/lease").status_code == 200
    late = rule()
    assert (late.status_code, late.json()["code"]) == (409, "lease-lost")
    assert _in_force(store) == 0


def test_a_lease_that_still_runs_when_the_database_is_back_counts(
    server: Postgres, store: Database, tmp_path: Path
) -> None:
    seed(store, tmp_path / "workspace", 4)
    mika = client(make_app(store, tmp_path), token_for(store, put_account(store, "mika")))
    rule, _ = _take_and_rule(mika)
    server.kill()
    assert rule().status_code == 503
    server.start()
    assert rule().status_code == 200
    assert rule().status_code == 409
    assert _in_force(store) == 1
