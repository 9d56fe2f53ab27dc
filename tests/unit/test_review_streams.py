"""Work streams, saved filters, keys, the figures of the desk, and why an item has its priority."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text, update
from sqlalchemy.orm import Session

from models.accounts.keeping import create_account
from models.accounts.roles import Role
from models.errors import ReviewError, StoreError
from models.review.desk import DAY_MS, look_at_queue, measure_pace
from models.review.preferences import (
    USUAL,
    Action,
    KeyProblem,
    Look,
    Preferences,
    clean_keys,
    preferences_of,
    read_preferences,
    store_preferences,
    write_preferences,
)
from models.review.queue import (
    Question,
    Stream,
    decide,
    enqueue,
    find_item,
    group_items,
    item_id_of,
    lease_next,
    list_items,
    peek_next,
)
from models.review.ranking import (
    PER_DAY,
    explain_rank,
    rank,
    rank_settled,
    read_priority,
    store_priority,
)
from models.review.saved_filters import (
    MOST_FILTERS,
    choose_default,
    default_stream,
    list_filters,
    remove_filter,
    save_filter,
)
from models.review.streams import language_of, stage_of
from models.store.database import Database, now_ms
from models.store.tables import ReviewItemRow
from review_ui.kept import FULL_S, LONGEST_S, TIMES, Kept, WaitingCounts

DATASET = "foxes"


def put(
    database: Database,
    number: int,
    reasons: tuple[str, ...] = ("name_possible",),
    caption: str = "A fox in the snow",
    priority: int = 500,
    dataset: str = DATASET,
) -> str:
    """Ask about one asset; the item's id."""
    evidence = {
        "asset": {"name": f"{number}.png"},
        "reasons": list(reasons),
        "captions": [{"text": caption}] if caption else [],
    }
    question = Question(f"{number:064x}", "a" * 64, priority, evidence)
    with database.transaction() as session:
        enqueue(session, dataset, [question], None)
    return item_id_of(dataset, question.asset_id)


def take(database: Database, reviewer: str, stream: Stream) -> str:
    with database.transaction() as session:
        item = lease_next(session, reviewer, stream=stream)
        return item.id if item else ""


def rule(database: Database, reviewer: str) -> None:
    with database.transaction() as session:
        item = lease_next(session, reviewer)
        assert item is not None
        token = (item.id, item.lease_token, item.version)
        decide(session, *token, "approve", "other_motif", "", reviewer)


class TestStreams:
    @pytest.mark.parametrize(
        ("reasons", "stage"),
        [
            (("consent_conflict", "motif_copy"), "consent"),
            (("grant_expired",), "consent"),
            (("name_possible",), "nouns"),
            (("unknown_term",), "nouns"),
            (("motif_resembles", "name_protected"), "motifs"),
            (("image_animated",), "other"),
            ((), ""),
        ],
    )
    def test_the_gravest_reason_says_what_an_item_is_about(
        self, reasons: tuple[str, ...], stage: str
    ) -> None:
        assert stage_of({"reasons": list(reasons)}) == stage

    @pytest.mark.parametrize(
        ("captions", "language"),
        [
            (["丘の上のねこ"], "ja"),
            (["A cat on a hill", "猫"], "ja"),
            (["A cat, sitting on a hill. It smiles."], "en"),
            (["Two friends share an umbrella in the rain"], "en"),
            (["1girl, solo, red ribbon"], "tags"),
            (["long_hair blue_eyes"], "tags"),
            (["...", ""], ""),
            ([], ""),
        ],
    )
    def test_captions_say_their_language(self, captions: list[str], language: str) -> None:
        assert language_of({"captions": [{"text": each} for each in captions]}) == language

    @pytest.mark.parametrize("evidence", [{}, {"captions": 3}, {"captions": [None, {"text": 1}]}])
    def test_evidence_of_another_shape_is_no_error(self, evidence: dict[str, Any]) -> None:
        assert language_of(evidence) == ""
        assert stage_of(evidence) == ""

    @pytest.mark.parametrize(
        "stream",
        [
            Stream(),
            Stream("foxes"),
            Stream("?odd & name"),
            Stream("foxes", "nouns", "ja", "name_possible"),
            Stream(stage="motifs"),
        ],
    )
    def test_a_stream_is_read_as_it_was_written(self, stream: Stream) -> None:
        assert Stream.read(stream.write()) == stream

    def test_what_is_no_stage_or_language_is_left_out(self) -> None:
        assert Stream.read("?stage=x&language=y&reason=%27&other=z") == Stream()

    def test_a_reviewer_is_given_items_of_the_stream_only(self, database: Database) -> None:
        put(database, 1, ("motif_copy",), priority=900)
        wanted = put(database, 2, ("name_possible",), "ねこ", priority=100)
        put(database, 3, ("name_possible",), "A cat.", priority=500)
        stream = Stream(stage="nouns", language="ja")
        with database.snapshot() as session:
            assert peek_next(session, "mika", stream, now_ms(session)) == f"{2:064x}"
        assert take(database, "mika", stream) == wanted
        assert take(database, "jun", stream) == ""

    def test_the_order_within_a_stream_is_that_of_the_queue(self, database: Database) -> None:
        for number, reason in enumerate(("name_possible", "motif_copy", "consent_conflict")):
            put(database, number, (reason,), priority=100 * number)
            put(database, 10 + number, (reason,), dataset="cranes", priority=100 * number + 50)
        with database.snapshot() as session:
            listed = list_items(session, stream=Stream(language="en"), offset=1, limit=3)
            whole = list_items(session, stream=Stream(DATASET))
        assert [item.priority for item in listed.items] == [200, 150, 100]
        assert listed.total == 6
        assert [item.priority for item in whole.items] == [200, 100, 0]

    def test_an_item_without_reasons_or_captions_is_in_every_stream(
        self, database: Database
    ) -> None:
        blind = put(database, 1, (), "")
        assert take(database, "mika", Stream(stage="motifs", language="ja")) == blind

    def test_one_of_several_reasons_is_enough(self, database: Database) -> None:
        both = put(database, 1, ("motif_copy", "name_possible"))
        put(database, 2, ("motif_copy",))
        with database.snapshot() as session:
            listed = list_items(session, stream=Stream(reason="name_possible")).items
            partly = list_items(session, stream=Stream(reason="name")).items
        assert [item.id for item in listed] == [both]
        assert partly == ()

    def test_many_at_once_never_get_one_item_twice(self, database: Database) -> None:
        for number in range(40):
            put(database, number)
        given = [take(database, f"r{number}", Stream(stage="nouns")) for number in range(40)]
        assert len(set(given)) == 40
        assert take(database, "late", Stream(stage="nouns")) == ""

    def test_asking_anew_brings_an_older_item_into_its_stream(self, database: Database) -> None:
        put(database, 1, ("name_possible",), "ねこ")
        with database.transaction() as session:
            session.execute(update(ReviewItemRow).values(stage="", language="", asked_ms=5))
        put(database, 1, ("name_possible",), "ねこ")
        with database.snapshot() as session:
            row = session.query(ReviewItemRow).one()
            assert (row.stage, row.language, row.asked_ms) == ("nouns", "ja", 5)

    def test_the_next_item_of_a_stream_is_found_through_an_index(
        self, sqlite_database: Database
    ) -> None:
        put(sqlite_database, 1)
        with sqlite_database.snapshot() as session:
            plan = session.execute(
                text(
                    "EXPLAIN QUERY PLAN SELECT id FROM review_items WHERE state IN "
                    "('open', 'leased') AND stage = 'nouns' AND language = 'ja' "
                    "AND dataset = 'foxes' "
                    "ORDER BY priority DESC, cluster, id LIMIT 1"
                )
            ).all()
        assert "ix_review_dataset_stream" in str(plan)
        assert "TEMP B-TREE" not in str(plan)


class TestSavedFilters:
    def test_at_most_one_is_the_default(self, database: Database) -> None:
        with database.transaction() as session:
            account = create_account(session, "mika", Role.REVIEWER, "test").id
            first = save_filter(session, account, "Names", Stream(stage="nouns"), default=True)
            save_filter(session, account, "Mine", Stream("foxes"), default=True)
        with database.transaction() as session:
            assert default_stream(session, account) == Stream("foxes")
            choose_default(session, account, first.id)
        with database.transaction() as session:
            assert [each.default for each in list_filters(session, account)] == [False, True]
            choose_default(session, account, first.id)
        with database.snapshot() as session:
            assert default_stream(session, account) == Stream()

    def test_the_same_name_replaces(self, database: Database) -> None:
        with database.transaction() as session:
            account = create_account(session, "mika", Role.REVIEWER, "test").id
            save_filter(session, account, "Names", Stream(stage="nouns"), default=False)
            save_filter(session, account, " Names ", Stream(stage="motifs"), default=False)
            (only,) = list_filters(session, account)
        assert only.stream == Stream(stage="motifs")

    def test_nobody_changes_what_somebody_else_saved(self, database: Database) -> None:
        with database.transaction() as session:
            mika = create_account(session, "mika", Role.REVIEWER, "test").id
            jun = create_account(session, "jun", Role.REVIEWER, "test").id
            saved = save_filter(session, mika, "Names", Stream(stage="nouns"), default=False)
            remove_filter(session, jun, saved.id)
            choose_default(session, jun, saved.id)
            assert [each.default for each in list_filters(session, mika)] == [False]

    @pytest.mark.parametrize("name", ["", "  ", "x" * 41, "a\u202eb"])
    def test_a_name_that_cannot_be_shown_is_refused(
        self, sqlite_database: Database, name: str
    ) -> None:
        with sqlite_database.transaction() as session, pytest.raises(ReviewError):
            save_filter(session, "nobody", name, Stream(), default=False)

    def test_there_is_an_end_to_them(self, sqlite_database: Database) -> None:
        with sqlite_database.transaction() as session:
            account = create_account(session, "mika", Role.REVIEWER, "test").id
            for number in range(MOST_FILTERS):
                save_filter(session, account, f"n{number}", Stream(), default=False)
            with pytest.raises(ReviewError):
                save_filter(session, account, "one more", Stream(), default=False)


class TestKeys:
    def test_the_usual_keys_are_fine(self) -> None:
        assert clean_keys({}) == (dict(USUAL), {})

    @pytest.mark.parametrize(
        ("key", "problem"),
        [
            ("", KeyProblem.NO_KEY),
            (" ", KeyProblem.NO_KEY),
            ("ab", KeyProblem.NO_KEY),
            ("5", KeyProblem.FINDING),
            ("x", KeyProblem.TAKEN),
            ("X", KeyProblem.TAKEN),
        ],
    )
    def test_what_cannot_be_a_key_is_refused(self, key: str, problem: KeyProblem) -> None:
        assert clean_keys({"approve": key})[1][Action.APPROVE] is problem

    def test_two_actions_may_change_places(self) -> None:
        keys, problems = clean_keys({"approve": "x", "exclude": "a"})
        assert not problems
        assert (keys[Action.APPROVE], keys[Action.EXCLUDE]) == ("x", "a")

    def test_what_is_kept_is_read_again(self, database: Database) -> None:
        chosen = Preferences(clean_keys({"approve": "Q", "undo": "\u3042"})[0], Look.BOTH)
        assert read_preferences(write_preferences(chosen)) == chosen
        with database.transaction() as session:
            account = create_account(session, "mika", Role.REVIEWER, "test").id
            assert preferences_of(session, account) == Preferences()
            store_preferences(session, account, chosen)
        with database.snapshot() as session:
            assert preferences_of(session, account) == chosen

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "[]",
            "{}",
            '{"keys": {"approve": "x"}, "look": ""}',
            '{"keys": [], "look": ""}',
            '{"keys": {"approve": 1}, "look": ""}',
            '{"keys": {}, "look": "red"}',
            "[" * 100_000,
        ],
    )
    def test_what_cannot_be_read_leaves_the_usual_keys(self, text: str) -> None:
        assert read_preferences(text).keys == USUAL


class TestDesk:
    def test_it_counts_what_waits_by_age_and_what_is_late(self, database: Database) -> None:
        ids = [put(database, number) for number in range(4)]
        with database.transaction() as session:
            now = now_ms(session)
            for item_id, days in zip(ids, (0, 2, 8, 40), strict=True):
                session.execute(
                    update(ReviewItemRow)
                    .where(ReviewItemRow.id == item_id)
                    .values(asked_ms=now - days * DAY_MS)
                )
        with database.snapshot() as session:
            desk = look_at_queue(session, 7)
        assert desk.ages == (1, 1, 0, 1, 0, 1)
        assert (desk.overdue, desk.waiting) == (2, 4)
        assert sum(day.asked for day in desk.days) == 3

    def test_it_says_what_each_reviewer_did(self, database: Database) -> None:
        for number in range(3):
            put(database, number)
        rule(database, "mika")
        rule(database, "mika")
        take(database, "jun", Stream())
        with database.snapshot() as session:
            jun, mika = look_at_queue(session, 7).loads
        assert (jun.reviewer, jun.ruled, jun.held) == ("jun", 0, 1)
        assert (mika.ruled, mika.latest, mika.undone, mika.held) == (2, 2, 0, 0)

    def test_too_few_second_reviews_are_no_number(self, database: Database) -> None:
        with database.snapshot() as session:
            desk = look_at_queue(session, 7)
        assert desk.agreement.raw.estimate is None
        assert desk.golden == ()

    def test_breaks_do_not_slow_anybody_down(self) -> None:
        assert measure_pace([10_000_000, 9_995_000, 9_985_000, 5_000]) == 7.5
        assert measure_pace([1]) is None


class TestPriority:
    def test_it_explains_itself(self) -> None:
        row = {"reasons": ["name_possible", "motif_copy"], "findings": ["{}", "{}"]}
        ranked = explain_rank(row, rank(row))
        assert ranked is not None
        assert (ranked.reason.value, ranked.risk, ranked.findings) == ("motif_copy", 85, 2)
        row |= {"reasons": ["name_possible"]}
        ranked = explain_rank(row, rank(row) + 2 * PER_DAY + rank_settled(5), settles=5, days=2)
        assert ranked is not None
        assert (ranked.by_stake, ranked.by_settling, ranked.by_age) == (202, 40, 100)

    @given(
        st.lists(
            st.tuples(st.integers(0, 1000), st.integers(0, 40 * DAY_MS), st.integers(1, 99)),
            min_size=2,
        ),
        st.integers(40 * DAY_MS, 400 * DAY_MS),
        st.integers(40 * DAY_MS, 400 * DAY_MS),
    )
    def test_time_never_changes_which_of_two_comes_first(
        self, questions: list[tuple[int, int, int]], now: int, later: int
    ) -> None:
        stored = [(store_priority(*each), each[1]) for each in questions]
        orders = [
            sorted(range(len(stored)), key=lambda n: (read_priority(*stored[n], at), n))
            for at in (now, later)
        ]
        assert orders[0] == orders[1] == sorted(range(len(stored)), key=lambda n: (stored[n][0], n))

    def test_what_waits_longer_and_what_settles_more_comes_first(self, database: Database) -> None:
        for number in (1, 2, 3):
            put(database, number)
        first, second, third = (f"{number:064x}" for number in (1, 2, 3))
        with database.transaction() as session:
            row = ReviewItemRow
            aged = {"asked_ms": row.asked_ms - DAY_MS, "priority": row.priority + PER_DAY}
            session.execute(update(row).where(row.asset_id == third).values(**aged))
            group_items(session, DATASET, {first: first, second: first})
        with database.snapshot() as session:
            listed = [(item.asset_id, item.priority) for item in list_items(session).items]
            one = find_item(session, item_id_of(DATASET, first))
        assert one is not None
        assert one.settles == 2
        assert sorted(listed[1:]) == [(first, 520), (second, 520)]
        assert listed[0] == (third, 550)

    def test_a_priority_of_another_rule_is_not_explained(self) -> None:
        assert explain_rank({"reasons": ["motif_copy"], "findings": []}, 3) is None
        assert explain_rank({"reasons": ["strange"], "findings": []}, 0) is None


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def wait_until(holds: Callable[[], bool]) -> None:
    """Return once something holds that another thread brings about.

    Raises:
        AssertionError: it did not within half a minute.
    """
    for _ in range(1500):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("it did not come about")


class TestKept:
    def test_a_short_queue_is_counted_anew_each_time(self, sqlite_database: Database) -> None:
        counted = iter(range(9))
        kept = Kept(lambda _: next(counted), lambda _: False, lambda: 0.0)
        assert [kept.get(sqlite_database) for _ in range(3)] == [0, 1, 2]

    def test_a_long_one_is_kept_for_as_long_as_it_is_worth(self, sqlite_database: Database) -> None:
        clock, counted = Clock(), iter(range(9))

        def count(_: Session) -> int:
            clock.now += 1.0
            return next(counted)

        kept = Kept(count, lambda _: True, clock)
        assert kept.get(sqlite_database) == 0
        clock.now += TIMES - 0.5
        assert kept.get(sqlite_database) == 0
        clock.now += 1.0
        assert kept.get(sqlite_database) == 0  # while it is counted again
        wait_until(lambda: kept.get(sqlite_database) == 1)

    def test_nobody_is_shown_a_figure_of_long_ago(self, sqlite_database: Database) -> None:
        clock, counted = Clock(), iter(range(9))
        kept = Kept(lambda _: next(counted), lambda _: True, clock)
        assert kept.get(sqlite_database) == 0
        clock.now += LONGEST_S + 1
        assert kept.get(sqlite_database) == 1

    def test_a_count_that_fails_leaves_the_last_figure_for_a_while(
        self, sqlite_database: Database
    ) -> None:
        clock, failed = Clock(), threading.Event()

        def count(_: Session) -> int:
            if clock.now:
                failed.set()
                raise StoreError("The database is away.", "Wait.")
            return 7

        kept = Kept(count, lambda _: True, clock)
        assert kept.get(sqlite_database) == 7
        clock.now = LONGEST_S - 1
        assert kept.get(sqlite_database) == 7
        assert failed.wait(30)
        clock.now = LONGEST_S + 1
        with pytest.raises(StoreError):
            kept.get(sqlite_database)

    def test_what_waits_is_counted_anew_unless_there_is_more_than_is_counted(
        self, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("review_ui.kept.MOST_COUNTED", 3)
        times = iter((0.0, 1.0, 2.0, 2.0, 1.9 + FULL_S, 2.1 + FULL_S))
        waiting = WaitingCounts(lambda: next(times))
        seen = []
        for number in (1, 2, 3):
            put(sqlite_database, number)
            with sqlite_database.snapshot() as session:
                seen.append(waiting.get(session, DATASET))
        assert seen == [1, 2, 3]
        for _ in range(2):
            rule(sqlite_database, "mika")
        with sqlite_database.snapshot() as session:
            assert [waiting.get(session, DATASET) for _ in range(2)] == [3, 1]
