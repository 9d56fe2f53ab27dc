"""The review queue: questions in, leases out, rulings in, on SQLite and PostgreSQL."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable

import pytest
from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from models.errors import AlreadyRuledError, LeaseLostError, ReviewError
from models.review.queue import (
    LEASE_MS,
    MAX_NOTE,
    RULING_REASONS,
    EnqueueReport,
    Item,
    ItemState,
    Question,
    Ruled,
    RulingKind,
    RulingReason,
    count_items,
    decide,
    effective_rulings,
    enqueue,
    find_item,
    give_back,
    heartbeat,
    item_id_of,
    latest_ruling,
    lease_item,
    lease_next,
    list_items,
    reasons_for,
    rulings_on,
    undo,
)
from models.review.skips import HOLDS_MS
from models.store.database import Database, now_ms
from models.store.tables import AuditRow, OutboxRow, ReviewItemRow, RulingRow, SkipRow


def asset(number: int) -> str:
    return f"{number:064x}"


def question(number: int, digest: str = "a", priority: int = 0, caption: str = "") -> Question:
    evidence = {
        "asset": {"id": asset(number), "name": f"{number}.png"},
        "reasons": ["name_possible", "motif_resembles"],
        "captions": [{"text": caption, "source": "x.txt"}],
    }
    return Question(asset(number), digest * 64, priority, evidence)


def ask(
    database: Database,
    questions: Iterable[Question],
    still_asked: frozenset[str] | None = None,
    dataset: str = "foxes",
) -> EnqueueReport:
    with database.transaction() as session:
        return enqueue(session, dataset, questions, still_asked)


def take(database: Database, reviewer: str = "mika", dataset: str | None = None) -> Item:
    with database.transaction() as session:
        item = lease_next(session, reviewer, dataset)
    assert item is not None
    return item


def rule(
    database: Database, item: Item, ruling: str = "approve", reviewer: str = "mika", note: str = ""
) -> Ruled:
    reasons = {"approve": "ordinary_word", "exclude": "copied_motif", "skip": ""}
    with database.transaction() as session:
        return decide(
            session,
            item.id,
            item.lease_token,
            item.version,
            ruling,
            reasons[ruling],
            note,
            reviewer,
        )


def expire(database: Database, item: Item) -> None:
    with database.transaction() as session:
        session.execute(
            update(ReviewItemRow).where(ReviewItemRow.id == item.id).values(lease_until_ms=1)
        )


def look(database: Database, number: int, dataset: str = "foxes") -> Item:
    with database.snapshot() as session:
        item = find_item(session, item_id_of(dataset, asset(number)))
    assert item is not None
    return item


def count_rows(session: Session) -> tuple[int, int, int]:
    rulings = session.execute(select(func.count(RulingRow.id))).scalar_one()
    audited = session.execute(
        select(func.count(AuditRow.seq)).where(AuditRow.action == "rule")
    ).scalar_one()
    posted = session.execute(
        select(func.count(OutboxRow.id)).where(OutboxRow.topic == "ruling")
    ).scalar_one()
    return rulings, audited, posted


class TestEnqueue:
    def test_new_questions_wait_as_open_items(self, database: Database) -> None:
        assert ask(database, [question(1), question(2)]) == EnqueueReport(2, 0, 0, 0)
        assert look(database, 1).state is ItemState.OPEN

    def test_the_same_question_changes_nothing(self, database: Database) -> None:
        ask(database, [question(1)])
        before = look(database, 1)
        assert ask(database, [question(1)]) == EnqueueReport(0, 0, 1, 0)
        assert look(database, 1) == before

    def test_what_was_decided_does_not_come_back_with_the_same_question(
        self, database: Database
    ) -> None:
        ask(database, [question(1)])
        rule(database, take(database))
        assert ask(database, [question(1)], frozenset({asset(1)})).unchanged == 1
        assert look(database, 1).state is ItemState.DECIDED

    def test_another_question_reopens_a_decided_item_under_the_next_version(
        self, database: Database
    ) -> None:
        ask(database, [question(1)])
        rule(database, take(database))
        assert ask(database, [question(1, "b", caption="new")]) == EnqueueReport(0, 1, 0, 0)
        item = look(database, 1)
        assert (item.state, item.version) == (ItemState.OPEN, 2)
        assert item.evidence["captions"][0]["text"] == "new"
        with database.snapshot() as session:
            assert effective_rulings(session, "foxes") == {}

    def test_another_question_drops_the_lease(self, database: Database) -> None:
        ask(database, [question(1)])
        held = take(database)
        ask(database, [question(1, "b")])
        with pytest.raises(LeaseLostError):
            rule(database, held)
        assert look(database, 1).state is ItemState.OPEN

    def test_what_nobody_asks_any_more_is_superseded(self, database: Database) -> None:
        ask(database, [question(1), question(2), question(3)])
        take(database)
        assert ask(database, [question(2)], frozenset()) == EnqueueReport(0, 0, 1, 2)
        assert [look(database, n).state.value for n in (1, 2, 3)] == [
            "superseded",
            "open",
            "superseded",
        ]

    def test_without_a_complete_list_nothing_is_superseded(self, database: Database) -> None:
        ask(database, [question(1)])
        assert ask(database, [question(2)], None).superseded == 0

    def test_a_decided_item_outlives_its_question(self, database: Database) -> None:
        ask(database, [question(1)])
        rule(database, take(database))
        assert ask(database, [], frozenset()).superseded == 0
        with database.snapshot() as session:
            assert list(effective_rulings(session, "foxes")) == [asset(1)]

    def test_another_dataset_is_left_alone(self, database: Database) -> None:
        ask(database, [question(1)], dataset="foxes")
        ask(database, [], frozenset(), dataset="cranes")
        assert look(database, 1).state is ItemState.OPEN

    def test_a_superseded_question_can_be_asked_again(self, database: Database) -> None:
        ask(database, [question(1)])
        ask(database, [], frozenset())
        assert ask(database, [question(1)]) == EnqueueReport(0, 1, 0, 0)
        assert (look(database, 1).state, look(database, 1).version) == (ItemState.OPEN, 2)

    def test_two_questions_about_one_asset_are_refused_and_nothing_is_written(
        self, database: Database
    ) -> None:
        with pytest.raises(ValueError, match="same asset"):
            ask(database, [question(1), question(1, "b")])
        with database.snapshot() as session:
            assert count_items(session) == ()

    def test_text_that_no_database_takes_survives_in_the_evidence(self, database: Database) -> None:
        strange = "half a pair \ud800, a nul \0, 三毛猫"
        odd = question(1, caption=strange)
        odd.evidence["asset"]["name"] = "a\udcff\0.png"
        ask(database, [odd])
        assert look(database, 1).evidence["captions"][0]["text"] == strange


class TestLease:
    def test_items_are_given_out_by_priority(self, database: Database) -> None:
        ask(database, [question(1, priority=1), question(2, priority=9), question(3, priority=5)])
        given = [take(database, reviewer).priority for reviewer in ("a", "b", "c")]
        assert given == [9, 5, 1]

    def test_a_reviewer_gets_their_own_live_lease_back(self, database: Database) -> None:
        ask(database, [question(1), question(2)])
        first, second = take(database), take(database)
        assert (first.id, first.lease_token) == (second.id, second.lease_token)

    def test_two_reviewers_never_hold_one_item(self, database: Database) -> None:
        ask(database, [question(1)])
        take(database, "mika")
        with database.transaction() as session:
            assert lease_next(session, "jun") is None

    def test_an_expired_lease_is_free_again(self, database: Database) -> None:
        ask(database, [question(1)])
        held = take(database, "mika")
        expire(database, held)
        assert take(database, "jun").lease_holder == "jun"
        with pytest.raises(LeaseLostError):
            rule(database, held)

    def test_a_late_ruling_counts_while_nobody_else_took_the_item(self, database: Database) -> None:
        ask(database, [question(1)])
        held = take(database)
        expire(database, held)
        assert rule(database, held).ruling_id

    def test_a_lease_lasts_ten_minutes_of_the_databases_time(self, database: Database) -> None:
        ask(database, [question(1)])
        with database.transaction() as session:
            before = now_ms(session)
            item = lease_next(session, "mika")
            after = now_ms(session)
        assert item is not None
        assert before + LEASE_MS <= item.lease_until_ms <= after + LEASE_MS

    def test_a_heartbeat_renews_the_lease(self, database: Database) -> None:
        ask(database, [question(1)])
        held = take(database)
        expire(database, held)
        with database.transaction() as session:
            heartbeat(session, held.id, held.lease_token)
        with database.transaction() as session:
            assert lease_next(session, "jun") is None

    def test_a_heartbeat_without_a_lease_says_so(self, database: Database) -> None:
        ask(database, [question(1)])
        held = take(database)
        with database.transaction() as session:
            assert give_back(session, held.id, held.lease_token)
        with database.transaction() as session, pytest.raises(LeaseLostError):
            heartbeat(session, held.id, held.lease_token)

    def test_giving_back_keeps_the_items_place(self, database: Database) -> None:
        ask(database, [question(1, priority=9), question(2)])
        held = take(database, "mika")
        with database.transaction() as session:
            give_back(session, held.id, held.lease_token)
        assert take(database, "jun").id == held.id

    def test_giving_back_what_is_not_held_changes_nothing(self, database: Database) -> None:
        ask(database, [question(1)])
        held = take(database)
        with database.transaction() as session:
            assert not give_back(session, held.id, "no such token")
        assert look(database, 1).lease_holder == "mika"

    def test_only_the_asked_dataset_is_leased(self, database: Database) -> None:
        ask(database, [question(1, priority=9)], dataset="foxes")
        ask(database, [question(2)], dataset="cranes")
        assert take(database, "mika", "cranes").dataset == "cranes"

    def test_one_particular_item_can_be_leased(self, database: Database) -> None:
        ask(database, [question(1, priority=9), question(2)])
        with database.transaction() as session:
            item = lease_item(session, item_id_of("foxes", asset(2)), "mika")
        assert item.lease_holder == "mika"

    def test_an_item_that_another_holds_decided_or_withdrew_is_not_leased(
        self, database: Database
    ) -> None:
        ask(database, [question(1), question(2), question(3)])
        item_ids = [item_id_of("foxes", asset(n)) for n in (1, 2, 3)]
        with database.transaction() as session:
            lease_item(session, item_ids[0], "jun")
            second = lease_item(session, item_ids[1], "jun")
        rule(database, second, reviewer="jun")
        ask(database, [question(1)], frozenset())
        expected = [LeaseLostError, AlreadyRuledError, ReviewError]
        for item_id, error in zip(item_ids, expected, strict=True):
            with database.transaction() as session, pytest.raises(error):
                lease_item(session, item_id, "mika")

    def test_threads_that_lease_at_once_never_share_an_item(self, database: Database) -> None:
        ask(database, [question(n) for n in range(24)])
        taken: list[str] = []

        def work(reviewer: str) -> None:
            while True:
                with database.transaction() as session:
                    item = lease_next(session, reviewer)
                if item is None:
                    return
                taken.append(item.id)
                rule(database, item, reviewer=reviewer)

        threads = [threading.Thread(target=work, args=(f"reviewer {n}",)) for n in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(taken) == len(set(taken)) == 24


class TestDecide:
    def test_a_ruling_decides_the_item_and_leaves_its_three_traces(
        self, database: Database
    ) -> None:
        ask(database, [question(1)])
        ruled = rule(database, take(database), "exclude", note="  the ribbon is hers ")
        with database.snapshot() as session:
            assert count_rows(session) == (1, 1, 1)
            effective = effective_rulings(session, "foxes")[asset(1)]
            stored = rulings_on(session, item_id_of("foxes", asset(1)))[0]
        assert (effective.ruling, effective.reason_code) == ("exclude", "copied_motif")
        assert (effective.ruling_id, effective.question) == (ruled.ruling_id, "a" * 64)
        assert (stored.note, stored.in_force) == ("the ribbon is hers", True)
        assert look(database, 1).state is ItemState.DECIDED

    def test_a_repeated_submit_returns_the_stored_ruling(self, database: Database) -> None:
        ask(database, [question(1)])
        item = take(database)
        first, second = rule(database, item), rule(database, item)
        assert (second.ruling_id, second.repeated) == (first.ruling_id, True)
        with database.snapshot() as session:
            assert count_rows(session) == (1, 1, 1)

    @pytest.mark.parametrize(("ruling", "reviewer"), [("exclude", "mika"), ("approve", "jun")])
    def test_a_conflicting_submit_is_refused(
        self, database: Database, ruling: str, reviewer: str
    ) -> None:
        ask(database, [question(1)])
        item = take(database)
        rule(database, item)
        with pytest.raises(AlreadyRuledError):
            rule(database, item, ruling, reviewer)
        with database.snapshot() as session:
            assert count_rows(session) == (1, 1, 1)

    def test_a_repeat_after_an_undo_says_that_the_ruling_is_not_in_force(
        self, database: Database
    ) -> None:
        ask(database, [question(1)])
        item = take(database)
        ruled = rule(database, item)
        with database.transaction() as session:
            undo(session, ruled.ruling_id, "mika")
        repeated = rule(database, item)
        assert (repeated.ruling_id, repeated.stands) == (ruled.ruling_id, False)
        assert look(database, 1).state is ItemState.OPEN

    @pytest.mark.parametrize("wrong", ["token", "version", "reviewer"])
    def test_a_lost_lease_writes_nothing(self, database: Database, wrong: str) -> None:
        ask(database, [question(1)])
        item = take(database)
        given = {
            "lease_token": "0" * 32 if wrong == "token" else item.lease_token,
            "item_version": 2 if wrong == "version" else 1,
            "reviewer": "jun" if wrong == "reviewer" else "mika",
        }
        with pytest.raises(LeaseLostError), database.transaction() as session:
            decide(
                session,
                item.id,
                ruling="approve",
                reason_code="other_name",
                note="",
                **given,  # type: ignore[arg-type]
            )
        with database.snapshot() as session:
            assert count_rows(session) == (0, 0, 0)
        assert look(database, 1).state is ItemState.LEASED

    def test_skip_puts_the_item_behind_the_others_without_a_ruling(
        self, database: Database
    ) -> None:
        ask(database, [question(1, priority=9), question(2, priority=5), question(3, priority=1)])
        skipped = take(database)
        assert rule(database, skipped, "skip").ruling_id == ""
        order = []
        for _ in range(3):
            item = take(database)
            order.append(item.priority)
            rule(database, item)
        assert order == [5, 1, 9]
        assert item.again
        with database.snapshot() as session:
            assert count_rows(session) == (3, 3, 3)

    def test_what_one_skips_others_get_at_its_place(self, database: Database) -> None:
        ask(database, [question(1, priority=9), question(2, priority=5)])
        rule(database, take(database), "skip")
        assert take(database, "jun").priority == 9
        assert take(database).priority == 5

    def test_skipped_items_come_back_in_the_order_of_skipping(self, database: Database) -> None:
        ask(database, [question(number, priority=number) for number in (1, 2, 3)])
        seen = []
        for _ in range(7):
            item = take(database)
            seen.append((item.priority, item.again))
            rule(database, item, "skip")
            with database.transaction() as session:  # the clock may stand still for a moment
                session.execute(update(SkipRow).values(skipped_ms=SkipRow.skipped_ms - 1))
        assert seen == [(n, at > 2) for at, n in enumerate((3, 2, 1, 3, 2, 1, 3))]

    @pytest.mark.parametrize("change", ["a day", "a clock put back", "another question"])
    def test_a_skip_holds_for_a_day_and_for_one_question(
        self, database: Database, change: str
    ) -> None:
        ask(database, [question(1, priority=9), question(2, priority=5)])
        rule(database, take(database), "skip")
        if change == "another question":
            ask(database, [question(1, priority=9, digest="b")])
        else:
            by = -HOLDS_MS if change == "a day" else HOLDS_MS
            with database.transaction() as session:
                session.execute(update(SkipRow).values(skipped_ms=SkipRow.skipped_ms + by))
        item = take(database)
        assert (item.priority, item.again) == (9, False)

    @pytest.mark.parametrize(
        ("ruling", "reason", "note"),
        [
            ("approve", "", ""),
            ("approve", "copied_motif", ""),
            ("exclude", "no_such_reason", ""),
            ("approve", "approved_otherwise", "  "),
            ("approve", "other_name", "x" * (MAX_NOTE + 1)),
            ("burn", "copied_motif", ""),
        ],
    )
    def test_a_ruling_that_cannot_be_taken_writes_nothing(
        self, database: Database, ruling: str, reason: str, note: str
    ) -> None:
        ask(database, [question(1)])
        item = take(database)
        with pytest.raises(ReviewError), database.transaction() as session:
            decide(session, item.id, item.lease_token, 1, ruling, reason, note, "mika")
        assert look(database, 1).state is ItemState.LEASED

    def test_an_item_that_does_not_exist_cannot_be_ruled_on(self, database: Database) -> None:
        with pytest.raises(ReviewError, match="no item"), database.transaction() as session:
            decide(session, "0" * 32, "t", 1, "approve", "other_name", "", "mika")


class TestUndo:
    def test_undo_reopens_the_item_and_keeps_the_ruling_row(self, database: Database) -> None:
        ask(database, [question(1)])
        ruled = rule(database, take(database))
        with database.transaction() as session:
            assert undo(session, ruled.ruling_id, "jun") == item_id_of("foxes", asset(1))
        item = look(database, 1)
        assert (item.state, item.version) == (ItemState.OPEN, 2)
        with database.snapshot() as session:
            assert effective_rulings(session, "foxes") == {}
            assert [r.in_force for r in rulings_on(session, item.id)] == [False]

    def test_an_undone_item_can_be_ruled_on_again(self, database: Database) -> None:
        ask(database, [question(1)])
        ruled = rule(database, take(database))
        with database.transaction() as session:
            undo(session, ruled.ruling_id, "mika")
        rule(database, take(database), "exclude")
        with database.snapshot() as session:
            assert effective_rulings(session, "foxes")[asset(1)].ruling == "exclude"
            assert len(rulings_on(session, item_id_of("foxes", asset(1)))) == 2

    def test_a_ruling_is_undone_once(self, database: Database) -> None:
        ask(database, [question(1)])
        ruled = rule(database, take(database))
        with database.transaction() as session:
            undo(session, ruled.ruling_id, "mika")
        with (
            pytest.raises(ReviewError, match="no longer in force"),
            database.transaction() as session,
        ):
            undo(session, ruled.ruling_id, "mika")
        assert look(database, 1).version == 2

    def test_a_ruling_that_does_not_exist_cannot_be_undone(self, database: Database) -> None:
        with pytest.raises(ReviewError, match="no ruling"), database.transaction() as session:
            undo(session, "0" * 32, "mika")

    def test_the_latest_ruling_of_a_reviewer_steps_back_with_each_undo(
        self, database: Database
    ) -> None:
        ask(database, [question(1, priority=2), question(2, priority=1)])
        first, second = (rule(database, take(database)).ruling_id for _ in range(2))
        with database.transaction() as session:
            session.execute(
                text("UPDATE rulings SET ruled_ms = ruled_ms + 5 WHERE id = :id"), {"id": second}
            )
        seen = []
        for _ in range(2):
            with database.transaction() as session:
                latest = latest_ruling(session, "mika")
                assert latest is not None
                seen.append(latest.id)
                undo(session, latest.id, "mika")
        assert seen == [second, first]


class TestLists:
    def test_counts_take_an_expired_lease_as_open(self, database: Database) -> None:
        ask(database, [question(n) for n in range(4)])
        ask(database, [question(9)], dataset="cranes")
        expire(database, take(database, "jun", "foxes"))
        take(database, "mika", "foxes")
        rule(database, take(database, "rei", "foxes"), reviewer="rei")
        with database.snapshot() as session:
            counts = count_items(session)
        assert [(c.dataset, c.open, c.leased, c.decided, c.superseded) for c in counts] == [
            ("cranes", 1, 0, 0, 0),
            ("foxes", 2, 1, 1, 0),
        ]
        assert counts[1].waiting == 3

    def test_a_list_is_paged_in_the_order_of_giving_out(self, database: Database) -> None:
        ask(database, [question(n, priority=n) for n in range(5)])
        with database.snapshot() as session:
            page = list_items(session, offset=2, limit=2)
        assert (page.total, [item.priority for item in page.items]) == (5, [2, 1])
        assert page.items[0].name == "2.png"
        assert page.items[0].reasons == ("name_possible", "motif_resembles")

    def test_a_list_is_filtered_by_dataset_and_state(self, database: Database) -> None:
        ask(database, [question(1), question(2)])
        ask(database, [question(3)], dataset="cranes")
        rule(database, take(database, "mika", "foxes"), "exclude")
        with database.snapshot() as session:
            page = list_items(session, dataset="foxes", states=frozenset({ItemState.DECIDED}))
        assert [(item.ruling, item.reviewer) for item in page.items] == [("exclude", "mika")]

    def test_a_list_never_reads_the_evidence(self, sqlite_database: Database) -> None:
        ask(sqlite_database, [question(1)])
        with sqlite_database.transaction() as session:
            session.execute(text("UPDATE review_items SET evidence = 'not JSON'"))
        with sqlite_database.snapshot() as session:
            assert list_items(session).total == 1

    def test_the_next_item_is_found_through_the_index(self, sqlite_database: Database) -> None:
        ask(sqlite_database, [question(1)])
        with sqlite_database.snapshot() as session:
            plan = session.execute(
                text(
                    "EXPLAIN QUERY PLAN SELECT id FROM review_items "
                    "WHERE state IN ('open', 'leased') AND lease_until_ms <= 1 "
                    "ORDER BY priority DESC, cluster, id LIMIT 1"
                )
            ).all()
        assert "ix_review_open" in str(plan)
        assert "TEMP B-TREE" not in str(plan)


def test_every_reason_belongs_to_a_ruling_and_is_said_in_both_languages() -> None:
    assert set(RULING_REASONS) == set(RulingReason)
    assert {reason for kind in RulingKind for reason in reasons_for(kind)} == set(RulingReason)
    assert all(said.en and said.ja for said in RULING_REASONS.values())


def test_the_outbox_tells_of_a_ruling_without_its_note(sqlite_database: Database) -> None:
    ask(sqlite_database, [question(1)])
    rule(sqlite_database, take(sqlite_database), note="private")
    with sqlite_database.snapshot() as session:
        payload = session.scalars(select(OutboxRow.payload)).one()
    assert json.loads(payload)["asset_id"] == asset(1)
    assert "private" not in payload
