"""Verifying a long audit chain: once for all who ask, and never shown as newer than it is."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from models.errors import StoreError
from models.review.audit import AuditReport, append_audit, verify_audit
from models.store.database import Database
from models.store.tables import AuditRow
from review_ui import chain_check
from review_ui.chain_check import KEPT_S, ChainCheck, ChainState

ROWS = 3


class Reader:
    """Somebody who looks at the chain, and the verification that waits until they let it go on."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.now = 0.0
        self.check = ChainCheck(lambda: self.now)
        self.made = 0
        self.go_on = threading.Event()
        self.fails = False

    def verify(self, session: Session) -> AuditReport:
        self.made += 1
        assert self.go_on.wait(60)
        if self.fails:
            raise StoreError("The database does not answer.", "Start it.")
        return verify_audit(session)

    def look(self, *, ask: bool = False) -> ChainState:
        with self.database.snapshot() as session:
            return self.check.look(self.database, session, ROWS, ask=ask)

    def wait(self) -> ChainState:
        self.go_on.set()
        while (state := self.look()).since_ms:
            time.sleep(0.01)
        return state


@pytest.fixture
def reader(sqlite_database: Database, monkeypatch: pytest.MonkeyPatch) -> Iterator[Reader]:
    append_to(sqlite_database, ROWS)
    made = Reader(sqlite_database)
    monkeypatch.setattr(chain_check, "AT_ONCE", ROWS - 1)
    monkeypatch.setattr(chain_check, "verify_audit", made.verify)
    yield made
    made.go_on.set()
    made.wait()


def append_to(database: Database, rows: int) -> None:
    with database.transaction() as session:
        for number in range(rows):
            append_audit(session, "mika", "sign_in", "x", {"n": number})


def test_nothing_is_verified_unasked(reader: Reader) -> None:
    assert reader.look() == ChainState()
    assert reader.made == 0


def test_however_many_ask_it_is_made_once_and_said_to_be_on_its_way(reader: Reader) -> None:
    states = [reader.look(ask=True) for _ in range(5)]
    assert {(state.checked, state.since_ms > 0) for state in states} == {(None, True)}
    state = reader.wait()
    assert state.checked is not None
    assert (state.checked.report.ok, state.checked.report.rows, state.fresh) == (True, ROWS, False)
    assert reader.look(ask=True) == state
    assert reader.made == 1


def test_a_result_is_of_the_moment_at_which_it_began(reader: Reader) -> None:
    began = reader.look(ask=True).since_ms
    state = reader.wait()
    assert state.checked is not None
    append_to(reader.database, 1)
    again = reader.look()
    assert again.checked is not None
    assert (again.checked.report.rows, again.checked.as_of_ms >= began) == (ROWS, True)


def test_after_a_minute_nothing_is_known_any_more(reader: Reader) -> None:
    reader.look(ask=True)
    assert reader.wait().checked is not None
    reader.now += KEPT_S
    assert reader.look() == ChainState()


def test_a_result_that_the_chain_no_longer_bears_out_is_not_shown(reader: Reader) -> None:
    reader.look(ask=True)
    assert reader.wait().checked is not None
    with reader.database.transaction() as session:
        session.execute(update(AuditRow).where(AuditRow.seq == ROWS).values(hash="0" * 64))
    assert reader.look() == ChainState()


def test_one_that_fails_is_said_to_have_failed_and_can_be_asked_for_again(reader: Reader) -> None:
    reader.fails = True
    reader.look(ask=True)
    assert reader.wait() == ChainState(failed=True)
    reader.fails = False
    reader.look(ask=True)
    assert reader.wait().checked is not None


def test_a_short_chain_is_verified_for_whoever_looks(
    reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chain_check, "AT_ONCE", ROWS)
    reader.go_on.set()
    for _ in range(2):
        state = reader.look()
        assert state.fresh
        assert state.checked is not None
        assert state.checked.report.ok
    assert reader.made == 2
