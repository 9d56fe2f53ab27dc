"""The audit chain shows whatever was edited, taken away or reordered."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from sqlalchemy import text

from models.review import audit
from models.review.audit import append_audit, append_audit_many, read_latest, verify_audit
from models.review.queue import Question, decide, enqueue, lease_next
from models.store.database import Database


def fill(database: Database, rows: int = 5) -> None:
    for number in range(rows):
        with database.transaction() as session:
            append_audit(session, "mika", "note", f"subject {number}", {"n": number, "日本": "語"})


def change(database: Database, statement: str, **values: Any) -> None:
    with database.transaction() as session:
        assert session.execute(text(statement), values).rowcount  # type: ignore[attr-defined]


def verify(
    database: Database, known: tuple[int, str] | None = None
) -> tuple[bool, int | None, str]:
    with database.snapshot() as session:
        report = verify_audit(session, known)
    assert report.ok == (report.problem == "") == (report.detail == "")
    return report.ok, report.first_bad, report.problem


def rule_on_one(database: Database) -> str:
    evidence = {"asset": {"name": "a.png"}, "reasons": []}
    with database.transaction() as session:
        enqueue(session, "foxes", [Question("0" * 64, "a" * 64, 0, evidence)], None)
    with database.transaction() as session:
        item = lease_next(session, "mika")
        assert item is not None
        return decide(
            session, item.id, item.lease_token, 1, "approve", "other_name", "seen", "mika"
        ).ruling_id


def test_many_rows_at_once_are_the_rows_that_come_one_by_one(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "now_ms", lambda _: 1_800_000_000_000)
    deeds = [(f"subject {number}", {"n": number, "日本": "語"}) for number in range(7)]
    chains = []
    for together in (False, True):
        with database.transaction() as session:
            append_audit(session, "mika", "note", "before", {})
            if together:
                entries = append_audit_many(session, "mika", "note", deeds)
            else:
                entries = [append_audit(session, "mika", "note", *deed) for deed in deeds]
            append_audit(session, "mika", "note", "after", {})
            rows = session.execute(text("SELECT * FROM audit ORDER BY seq")).all()
            chains.append((entries, rows, verify_audit(session)))
            session.execute(text("DELETE FROM audit"))
    assert chains[0] == chains[1]
    assert len(chains[0][1]) == 9
    assert chains[0][2].ok


def test_no_row_at_all_leaves_the_chain_as_it_is(database: Database) -> None:
    fill(database)
    with database.transaction() as session:
        assert append_audit_many(session, "mika", "note", []) == []
    assert verify(database) == (True, None, "")


def test_an_empty_chain_is_whole(database: Database) -> None:
    assert verify(database) == (True, None, "")


def test_a_chain_that_was_only_appended_to_is_whole(database: Database) -> None:
    fill(database)
    rule_on_one(database)
    assert verify(database) == (True, None, "")


@pytest.mark.parametrize("column", ["actor", "action", "subject", "detail"])
def test_an_edited_row_is_found(database: Database, column: str) -> None:
    fill(database)
    change(database, f"UPDATE audit SET {column} = {column} || 'x' WHERE seq = 3")
    assert verify(database) == (False, 3, "edited")


def test_an_edited_time_is_found(database: Database) -> None:
    fill(database)
    change(database, "UPDATE audit SET at_ms = at_ms + 1 WHERE seq = 2")
    assert verify(database) == (False, 2, "edited")


def test_a_deleted_row_is_found(database: Database) -> None:
    fill(database)
    change(database, "DELETE FROM audit WHERE seq = 3")
    assert verify(database) == (False, 4, "gap")


def test_a_deleted_row_is_found_when_the_others_are_renumbered(database: Database) -> None:
    fill(database)
    change(database, "DELETE FROM audit WHERE seq = 3")
    for seq in (4, 5):
        change(database, "UPDATE audit SET seq = :to WHERE seq = :seq", seq=seq, to=seq - 1)
    assert verify(database) == (False, 3, "order")


def test_two_rows_that_changed_places_are_found(database: Database) -> None:
    fill(database)
    for seq, to in ((2, 99), (3, 2), (99, 3)):
        change(database, "UPDATE audit SET seq = :to WHERE seq = :seq", seq=seq, to=to)
    assert verify(database) == (False, 2, "order")


def test_a_row_that_was_edited_and_sealed_again_breaks_the_next(database: Database) -> None:
    fill(database)
    change(database, "UPDATE audit SET hash = :hash WHERE seq = 3", hash="f" * 64)
    assert verify(database) == (False, 3, "edited")


def test_rows_taken_from_the_end_are_found_by_a_head_that_was_noted(database: Database) -> None:
    fill(database)
    with database.snapshot() as session:
        report = verify_audit(session)
    assert verify(database, (report.rows, report.head)) == (True, None, "")
    change(database, "DELETE FROM audit WHERE seq = 5")
    assert verify(database) == (True, None, "")
    assert verify(database, (report.rows, report.head)) == (False, 5, "head")


def test_a_chain_that_was_written_anew_is_found_by_a_head_that_was_noted(
    database: Database,
) -> None:
    fill(database)
    assert verify(database, (4, "e" * 64)) == (False, 4, "head")


def test_a_ruling_that_the_chain_does_not_record_is_found(database: Database) -> None:
    rule_on_one(database)
    change(database, "DELETE FROM audit WHERE seq = 2")
    assert verify(database) == (False, None, "unlogged")


@pytest.mark.parametrize("column", ["ruling", "reason_code", "reviewer", "note"])
def test_a_ruling_that_was_changed_afterwards_is_found(database: Database, column: str) -> None:
    rule_on_one(database)
    change(database, f"UPDATE rulings SET {column} = 'exclude'")
    assert verify(database) == (False, 2, "ruling_edited")


def test_a_ruling_that_was_deleted_is_found(database: Database) -> None:
    rule_on_one(database)
    change(database, "DELETE FROM rulings")
    assert verify(database) == (False, 2, "ruling_lost")


def test_a_row_of_a_transaction_that_failed_is_not_there(database: Database) -> None:
    fill(database, 1)
    with contextlib.suppress(ZeroDivisionError), database.transaction() as session:
        append_audit(session, "mika", "note", "lost", {})
        _ = 1 // 0
    fill(database, 1)
    assert verify(database) == (True, None, "")
    with database.snapshot() as session:
        assert [entry.seq for entry in read_latest(session)] == [2, 1]
