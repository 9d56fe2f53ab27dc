"""Noticing: what waits for a run, from when one is due, and what a run has settled."""

from __future__ import annotations

import json

from sqlalchemy import insert, update

from models.noticing import Noticed, is_due, notice
from models.outbox import ASKED, post_event
from models.store.database import Database, now_ms
from models.store.tables import OutboxRow, RunRow

MINUTE = 60_000


def _post(database: Database, topic: str = ASKED) -> None:
    with database.transaction() as session:
        post_event(session, topic, {})


def _post_late(database: Database, ago_ms: int) -> None:
    """A row whose transaction began before that of others, and ended after."""
    with database.transaction() as session:
        at = now_ms(session) - ago_ms
        session.execute(
            insert(OutboxRow).values(
                id=f"late-{ago_ms}", topic=ASKED, payload=json.dumps({}), created_ms=at
            )
        )


def _run(database: Database, status: str = "finished", after_ms: int = 1) -> None:
    with database.transaction() as session:
        at = now_ms(session) + after_ms
        session.add(RunRow(id=f"{status}-{at}", dataset="d", status=status, started_ms=at))


def test_nothing_waits_where_nothing_happened(database: Database) -> None:
    assert not notice(database, "d", None)[0].waits


def test_a_request_waits_until_a_run_has_ended_well_that_began_after_it(
    database: Database,
) -> None:
    first, _ = notice(database, "d", None)
    _post(database)
    second, _ = notice(database, "d", first)
    assert second.waits
    _run(database, "failed")
    assert notice(database, "d", second)[0].waits
    _run(database, "running")
    third, _ = notice(database, "d", second)
    assert third.waits
    assert third.under_way
    with database.transaction() as session:
        session.execute(update(RunRow).values(status="failed"))
    fourth, _ = notice(database, "d", third)
    assert fourth.waits
    assert not fourth.under_way
    _run(database)
    assert not notice(database, "d", fourth)[0].waits


def test_what_happened_before_this_process_began_waits_too(database: Database) -> None:
    _run(database, after_ms=-MINUTE)
    _post(database)
    assert notice(database, "d", None)[0].waits


def test_what_the_last_run_has_seen_does_not_wait(database: Database) -> None:
    _post(database)
    _run(database)
    noticed, _ = notice(database, "d", None)
    assert not noticed.waits
    assert not notice(database, "d", noticed)[0].waits


def test_a_row_that_turns_up_late_is_noticed_although_a_run_began_meanwhile(
    database: Database,
) -> None:
    first, _ = notice(database, "d", None)
    _run(database, after_ms=0)
    second, _ = notice(database, "d", first)
    _post_late(database, 5_000)
    assert notice(database, "d", second)[0].waits


def test_what_changes_no_decision_is_passed_over(database: Database) -> None:
    _post(database, "release.published")
    _post(database, "run.finished")
    assert not notice(database, "d", None)[0].waits


def test_another_dataset_s_run_settles_nothing(database: Database) -> None:
    _post(database)
    with database.transaction() as session:
        at = now_ms(session) + 5
        session.add(RunRow(id="other", dataset="other", status="finished", started_ms=at))
    assert notice(database, "d", None)[0].waits


def test_a_run_is_due_once_it_has_been_quiet_or_something_waits_for_long() -> None:
    busy = Noticed(first_ms=1, last_ms=30 * MINUTE)
    assert not is_due(Noticed(), 10**9, MINUTE)
    assert not is_due(Noticed(first_ms=1, last_ms=1), MINUTE, MINUTE)
    assert is_due(Noticed(first_ms=1, last_ms=1), MINUTE + 1, MINUTE)
    assert is_due(busy, 30 * MINUTE + 1, MINUTE)
    assert not is_due(Noticed(first_ms=25 * MINUTE, last_ms=30 * MINUTE), 30 * MINUTE + 1, MINUTE)


def test_a_run_that_does_not_end_well_is_asked_for_again_later_and_later() -> None:
    waits = Noticed(first_ms=1, last_ms=1, tried_ms=10 * MINUTE, tries=1)
    assert not is_due(waits, 10 * MINUTE + 59_000, 0)
    assert is_due(waits, 11 * MINUTE, 0)
    third = Noticed(first_ms=1, last_ms=1, tried_ms=10 * MINUTE, tries=3)
    assert not is_due(third, 13 * MINUTE, 0)
    assert is_due(third, 14 * MINUTE, 0)
