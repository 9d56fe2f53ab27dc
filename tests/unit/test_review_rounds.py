"""Two persons, a lead who settles it, items handed on, and owners who are asked."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select, update

from models.errors import AlreadyRuledError, LeaseLostError, ReviewError
from models.review.audit import verify_audit
from models.review.desk import look_at_queue
from models.review.owner_questions import (
    find_question,
    list_askable,
    open_questions,
    questions_on,
)
from models.review.questions_to_owners import answer_question
from models.review.queue import (
    ItemState,
    ask_owner,
    count_items,
    decide_alike,
    effective_rulings,
    escalate,
    group_items,
    latest_ruling,
    lease_next,
    list_items,
    referrals_on,
    send_back,
    undo,
    withdraw_question,
)
from models.review.referred import list_referred
from models.review.turns import WaitsFor
from models.review.viewing import Viewer, view_item
from models.store.database import Database
from models.store.tables import AuditRow, OutboxRow, ReviewItemRow, RulingRow
from tests.rounds_seed import (
    DATASET,
    SETTER,
    ask,
    asset,
    item_of,
    look,
    make_question,
    put_owner,
    rule,
    submit,
    take,
)


def effective(database: Database) -> dict[str, str]:
    with database.snapshot() as session:
        assert verify_audit(session).ok
        return {a: each.ruling for a, each in effective_rulings(session, DATASET).items()}


class TestTwoPersons:
    def test_a_lone_first_ruling_is_not_in_force(self, database: Database) -> None:
        ask(database, make_question(1))
        rule(database, 1, "mika")
        assert effective(database) == {}
        assert look(database, 1).state is ItemState.AWAITING_SECOND

    def test_two_who_agree_decide(self, database: Database) -> None:
        ask(database, make_question(1))
        rule(database, 1, "mika", "exclude")
        rule(database, 1, "jun", "exclude")
        assert effective(database) == {asset(1): "exclude"}

    def test_two_who_disagree_decide_nothing(self, database: Database) -> None:
        ask(database, make_question(1))
        rule(database, 1, "mika", "approve")
        rule(database, 1, "jun", "exclude")
        assert effective(database) == {}
        assert look(database, 1).state is ItemState.ADJUDICATION

    @pytest.mark.parametrize("name", ["mika", "MIKA", "ｍｉｋａ", " mika"])
    def test_nobody_is_the_second_person_to_themselves(self, database: Database, name: str) -> None:
        ask(database, make_question(1))
        rule(database, 1, "mika")
        with database.transaction() as session:
            assert lease_next(session, name) is None
        with pytest.raises(AlreadyRuledError):
            take(database, 1, name)

    def test_the_second_person_gets_the_item_in_its_turn(self, database: Database) -> None:
        ask(database, make_question(1), make_question(2))
        rule(database, 1, "mika")
        with database.transaction() as session:
            mine, theirs = lease_next(session, "mika"), lease_next(session, "jun")
        assert mine is not None
        assert theirs is not None
        assert (mine.asset_id, theirs.asset_id) == (asset(2), asset(1))

    def test_the_second_person_sees_nothing_of_the_first(self, database: Database) -> None:
        ask(database, make_question(1))
        rule(database, 1, "mika", "exclude", "surely a copy")
        item = take(database, 1, "jun")
        with database.snapshot() as session:
            view = view_item(session, item.id, Viewer("jun"))
        assert view is not None
        assert (view.rulings, view.own, view.disputed, view.withheld) == ((), None, (), True)

    def test_first_and_second_look_alike_but_for_a_number(self, database: Database) -> None:
        ask(database, make_question(1))
        views = []
        for name in ("mika", "jun"):
            item = take(database, 1, name)
            with database.snapshot() as session:
                view = view_item(session, item.id, Viewer(name))
            assert view is not None
            views.append((view.item.state, view.item.evidence, view.rulings, view.withheld))
            submit(database, item, name, "approve")
        assert views[0] == views[1]

    def test_the_version_does_not_count_from_one(self, database: Database) -> None:
        ask(database, *(make_question(number) for number in range(40)))
        assert len({look(database, number).version for number in range(40)}) > 5

    def test_a_form_of_somebody_who_was_overtaken_learns_nothing(self, database: Database) -> None:
        ask(database, make_question(1))
        stale = take(database, 1, "jun")
        with database.transaction() as session:
            session.execute(update(ReviewItemRow).values(lease_until_ms=1))
        rule(database, 1, "mika", "exclude")
        with pytest.raises(LeaseLostError) as caught:
            submit(database, stale, "jun", "approve")
        assert "mika" not in str(caught.value)

    def test_a_repeated_form_says_that_the_ruling_stands(self, database: Database) -> None:
        ask(database, make_question(1))
        item = take(database, 1, "mika")
        first = submit(database, item, "mika")
        again = submit(database, item, "mika")
        assert (again.ruling_id, again.repeated, again.stands) == (first.ruling_id, True, True)

    def test_others_are_told_of_a_ruling_only_when_it_is_in_force(self, database: Database) -> None:
        ask(database, make_question(1))
        rule(database, 1, "mika")
        rule(database, 1, "jun")
        with database.snapshot() as session:
            topics = list(session.scalars(select(OutboxRow.topic).order_by(OutboxRow.created_ms)))
        assert sorted(topics) == ["item_waits", "ruling"]

    def test_when_something_else_is_asked_the_first_ruling_is_history(
        self, database: Database
    ) -> None:
        ask(database, make_question(1))
        rule(database, 1, "mika")
        ask(database, make_question(1, digest="b"))
        assert look(database, 1).state is ItemState.OPEN
        rule(database, 1, "mika")
        assert look(database, 1).state is ItemState.AWAITING_SECOND
        with database.snapshot() as session:
            assert session.scalar(select(func.count(RulingRow.id))) == 2

    def test_what_nobody_asks_any_more_is_withdrawn_in_every_state(
        self, database: Database
    ) -> None:
        put_owner(database)
        ask(database, *(make_question(number, setter=SETTER) for number in range(1, 6)))
        rule(database, 1, "mika")
        rule(database, 2, "mika", "approve")
        rule(database, 2, "jun", "exclude")
        hand(database, 3)
        inquire(database, 4)
        ask(database, complete=True)
        with database.snapshot() as session:
            assert {
                item.state for item in list_items(session, states=frozenset(ItemState)).items
            } == {ItemState.SUPERSEDED}
            assert latest_ruling(session, "mika") is None
            assert open_questions(session, [SETTER]) == ()

    def test_a_policy_that_asks_for_two_lets_what_one_decided_wait(
        self, database: Database
    ) -> None:
        ask(database, make_question(1, persons=1))
        rule(database, 1, "mika")
        assert effective(database) == {asset(1): "approve"}
        ask(database, make_question(1, persons=2))
        assert effective(database) == {}
        with pytest.raises(AlreadyRuledError):
            take(database, 1, "mika")
        rule(database, 1, "jun")
        assert effective(database) == {asset(1): "approve"}

    def test_a_policy_that_asks_for_one_again_changes_nothing_that_was_begun(
        self, database: Database
    ) -> None:
        ask(database, make_question(1), make_question(2))
        rule(database, 1, "mika")
        ask(database, make_question(1, persons=1), make_question(2, persons=1))
        assert look(database, 1).state is ItemState.AWAITING_SECOND
        rule(database, 2, "mika")
        assert effective(database) == {asset(2): "approve"}

    def test_only_one_of_two_seconds_who_come_at_once_is_taken(self, database: Database) -> None:
        ask(database, make_question(1))
        rule(database, 1, "mika")
        got: list[str] = []

        def come(name: str) -> None:
            with database.transaction() as session:
                item = lease_next(session, name)
            if item is not None:
                submit(database, item, name)
                got.append(name)

        threads = [threading.Thread(target=come, args=(name,)) for name in ("jun", "sora")]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(got) == 1
        assert effective(database) == {asset(1): "approve"}


class TestUndo:
    def test_a_first_ruling_is_taken_back_by_its_giver_alone(self, database: Database) -> None:
        ask(database, make_question(1))
        ruled = rule(database, 1, "mika")
        with database.transaction() as session, pytest.raises(ReviewError):
            undo(session, ruled.ruling_id, "jun")
        with database.transaction() as session:
            undo(session, ruled.ruling_id, "mika")
        assert look(database, 1).state is ItemState.OPEN

    def test_whoever_holds_it_as_the_second_goes_on_as_the_first(self, database: Database) -> None:
        ask(database, make_question(1))
        ruled = rule(database, 1, "mika")
        held = take(database, 1, "jun")
        with database.transaction() as session:
            undo(session, ruled.ruling_id, "mika")
        submit(database, held, "jun", "exclude")
        assert look(database, 1).state is ItemState.AWAITING_SECOND
        rule(database, 1, "mika", "exclude")
        assert effective(database) == {asset(1): "exclude"}

    @pytest.mark.parametrize("giver", ["mika", "jun"])
    def test_of_two_who_agreed_either_may_go_back_and_the_other_ruling_stays(
        self, database: Database, giver: str
    ) -> None:
        ask(database, make_question(1))
        rulings = {name: rule(database, 1, name) for name in ("mika", "jun")}
        with database.transaction() as session:
            undo(session, rulings[giver].ruling_id, giver)
        assert effective(database) == {}
        assert look(database, 1).state is ItemState.AWAITING_SECOND
        rule(database, 1, giver)
        assert effective(database) == {asset(1): "approve"}

    def test_one_of_two_who_disagree_may_go_back(self, database: Database) -> None:
        ask(database, make_question(1))
        rule(database, 1, "mika", "approve")
        second = rule(database, 1, "jun", "exclude")
        with database.transaction() as session:
            undo(session, second.ruling_id, "jun")
        rule(database, 1, "jun", "approve")
        assert effective(database) == {asset(1): "approve"}

    def test_what_a_lead_settled_only_a_lead_reopens(self, database: Database) -> None:
        ask(database, make_question(1))
        first = rule(database, 1, "mika", "approve")
        rule(database, 1, "jun", "exclude")
        settled = rule(database, 1, "lead", "exclude", lead=True)
        for ruling_id in (first.ruling_id, settled.ruling_id):
            with database.transaction() as session, pytest.raises(ReviewError):
                undo(session, ruling_id, "mika")
        with database.snapshot() as session:
            assert latest_ruling(session, "mika") is None
        with database.transaction() as session:
            undo(session, settled.ruling_id, "lead", lead=True)
        assert look(database, 1).state is ItemState.ADJUDICATION
        assert effective(database) == {}


class TestAdjudication:
    def dispute(self, database: Database) -> None:
        ask(database, make_question(1))
        rule(database, 1, "mika", "approve", "hers")
        rule(database, 1, "jun", "exclude", "not hers")

    @pytest.mark.parametrize("ruling", ["approve", "exclude"])
    def test_a_third_ruling_decides(self, database: Database, ruling: str) -> None:
        self.dispute(database)
        rule(database, 1, "lead", ruling, lead=True)
        assert effective(database) == {asset(1): ruling}

    @pytest.mark.parametrize("name", ["mika", "JUN"])
    def test_neither_of_the_two_settles_it(self, database: Database, name: str) -> None:
        self.dispute(database)
        with pytest.raises(AlreadyRuledError):
            take(database, 1, name, lead=True)

    def test_reviewers_are_not_given_it(self, database: Database) -> None:
        self.dispute(database)
        with database.transaction() as session:
            assert lease_next(session, "sora") is None
        with pytest.raises(ReviewError):
            take(database, 1, "sora")

    def test_the_lead_sees_both_rulings_and_reviewers_neither(self, database: Database) -> None:
        self.dispute(database)
        with database.snapshot() as session:
            lead = view_item(session, item_of(1), Viewer("lead", lead=True))
            other = view_item(session, item_of(1), Viewer("sora"))
            mika = view_item(session, item_of(1), Viewer("mika", lead=True))
        assert lead is not None
        assert other is not None
        assert mika is not None
        assert [each.note for each in lead.disputed] == ["hers", "not hers"]
        assert (other.disputed, other.rulings) == ((), ())
        assert [each.note for each in mika.rulings] == ["hers"]

    def test_the_list_shows_it_without_evidence(self, database: Database) -> None:
        self.dispute(database)
        with database.snapshot() as session:
            listed = list_referred(session, WaitsFor.ADJUDICATION)
        assert [item.id for item in listed.items] == [item_of(1)]
        assert listed.total == 1


def hand(database: Database, number: int, note: str = "please look") -> None:
    item = take(database, number, "mika")
    with database.transaction() as session:
        escalate(session, item.id, item.lease_token, item.version, note, "mika")


class TestEscalation:
    @pytest.mark.parametrize("persons", [1, 2])
    def test_it_leaves_the_queue_for_a_lead_and_comes_back(
        self, database: Database, persons: int
    ) -> None:
        ask(database, make_question(1, persons=persons))
        hand(database, 1)
        assert look(database, 1).state is ItemState.ESCALATED
        with database.transaction() as session:
            assert lease_next(session, "jun") is None
        item = take(database, 1, "lead", lead=True)
        with database.transaction() as session:
            send_back(session, item.id, item.lease_token, item.version, "it is hers", "lead")
        with database.transaction() as session:
            assert lease_next(session, "jun") is not None
            told = [(each.kind, each.note) for each in referrals_on(session, item.id)]
        assert told == [("escalate", "please look"), ("send_back", "it is hers")]

    def test_a_leads_ruling_on_it_is_one_of_the_two(self, database: Database) -> None:
        ask(database, make_question(1))
        rule(database, 1, "jun", "exclude")
        hand(database, 1)
        rule(database, 1, "lead", "exclude", lead=True)
        assert effective(database) == {asset(1): "exclude"}

    def test_a_second_person_does_not_read_the_note(self, database: Database) -> None:
        ask(database, make_question(1))
        hand(database, 1)
        item = take(database, 1, "lead", lead=True)
        with database.transaction() as session:
            send_back(session, item.id, item.lease_token, item.version, "it is hers", "lead")
        rule(database, 1, "mika")
        with database.snapshot() as session:
            view = view_item(session, item.id, Viewer("jun"))
        assert view is not None
        assert view.referrals == ()

    @pytest.mark.parametrize("note", ["", "   ", "x" * 2001])
    def test_a_note_is_needed(self, database: Database, note: str) -> None:
        ask(database, make_question(1))
        with pytest.raises(ReviewError):
            hand(database, 1, note)
        assert look(database, 1).state is ItemState.LEASED


def test_what_a_lead_holds_is_still_to_be_settled(sqlite_database: Database) -> None:
    ask(sqlite_database, make_question(1), make_question(2))
    rule(sqlite_database, 1, "mika", "approve")
    rule(sqlite_database, 1, "jun", "exclude")
    hand(sqlite_database, 2, "please look")
    for number in (1, 2):
        take(sqlite_database, number, "lead", lead=True)
    with sqlite_database.snapshot() as session:
        desk = look_at_queue(session, 7)
    assert (desk.to_settle, desk.with_lead) == (1, 1)
    rule(sqlite_database, 1, "lead", "exclude", lead=True)
    with sqlite_database.snapshot() as session:
        assert look_at_queue(session, 7).to_settle == 0


def inquire(database: Database, number: int, days: int = 14) -> str:
    item = take(database, number, "mika")
    with database.transaction() as session:
        return ask_owner(
            session,
            item.id,
            item.lease_token,
            item.version,
            SETTER,
            "Is this yours?",
            "mika",
            days,
        ).id


class TestOwners:
    def test_the_item_waits_for_the_owner_and_comes_back_with_the_answer(
        self, database: Database
    ) -> None:
        account = put_owner(database)
        ask(database, make_question(1, setter=SETTER))
        question = inquire(database, 1)
        assert look(database, 1).state is ItemState.ASKED_OWNER
        with database.transaction() as session:
            assert lease_next(session, "jun") is None
            assert [each.id for each in open_questions(session, [SETTER])] == [question]
            answer_question(session, question, account, "Yes, but do not train on it.")
        with database.transaction() as session:
            assert lease_next(session, "jun") is not None
            (told,) = questions_on(session, item_of(1))
        assert told.answer == "Yes, but do not train on it."
        assert not told.open

    def test_it_comes_back_by_itself_when_the_time_is_over(self, database: Database) -> None:
        put_owner(database)
        ask(database, make_question(1, setter=SETTER))
        question = inquire(database, 1)
        with database.transaction() as session:
            session.execute(update(ReviewItemRow).values(due_ms=1))
        with database.transaction() as session:
            assert lease_next(session, "jun") is not None
            told = find_question(session, question)
            actions = list(session.scalars(select(AuditRow.action)))
        assert told is not None
        assert told.overdue_ms is not None
        assert told.open  # a late answer still helps
        assert "question_overdue" in actions

    def test_a_late_answer_disturbs_nobody(self, database: Database) -> None:
        account = put_owner(database)
        ask(database, make_question(1, setter=SETTER))
        question = inquire(database, 1)
        with database.transaction() as session:
            session.execute(update(ReviewItemRow).values(due_ms=1))
        with database.transaction() as session:
            item = lease_next(session, "jun")
        with database.transaction() as session:
            answer_question(session, question, account, "No.")
        assert item is not None
        submit(database, item, "jun")
        assert look(database, 1).state is ItemState.AWAITING_SECOND

    def test_nobody_else_answers(self, database: Database) -> None:
        put_owner(database)
        stranger = put_owner(database, "another", "did:example:other")
        ask(database, make_question(1, setter=SETTER))
        question = inquire(database, 1)
        with database.transaction() as session, pytest.raises(ReviewError):
            answer_question(session, question, stranger, "Yes.")
        assert look(database, 1).state is ItemState.ASKED_OWNER

    def test_an_owner_without_an_account_cannot_be_asked(self, database: Database) -> None:
        ask(database, make_question(1, setter=SETTER))
        item = take(database, 1, "mika")
        with database.snapshot() as session:
            assert [each.known for each in list_askable(session, item)] == [False]
        with pytest.raises(ReviewError, match="No account is known"):
            inquire(database, 1)
        assert look(database, 1).state is ItemState.LEASED

    def test_whoever_asked_takes_the_question_back(self, database: Database) -> None:
        account = put_owner(database)
        ask(database, make_question(1, setter=SETTER))
        question = inquire(database, 1)
        with database.transaction() as session, pytest.raises(ReviewError):
            withdraw_question(session, question, "jun")
        with database.transaction() as session:
            withdraw_question(session, question, "mika")
        assert look(database, 1).state is ItemState.OPEN
        with database.transaction() as session, pytest.raises(ReviewError):
            answer_question(session, question, account, "Yes.")

    def test_the_first_ruling_waits_meanwhile(self, database: Database) -> None:
        account = put_owner(database)
        ask(database, make_question(1, setter=SETTER))
        rule(database, 1, "jun", "exclude")
        question = inquire(database, 1)
        with database.transaction() as session:
            answer_question(session, question, account, "Not mine.")
        assert look(database, 1).state is ItemState.AWAITING_SECOND
        rule(database, 1, "mika", "exclude")
        assert effective(database) == {asset(1): "exclude"}


class TestTogether:
    def test_a_ruling_on_all_gives_each_its_own_turn(self, database: Database) -> None:
        ask(database, make_question(1), make_question(2), make_question(3, persons=1))
        with database.transaction() as session:
            group_items(session, DATASET, {asset(n): asset(1) for n in (1, 2, 3)})
        rule(database, 2, "jun", "exclude")
        item = take(database, 1, "mika")
        others = [(item_of(n), look(database, n).version) for n in (2, 3)]
        with database.transaction() as session:
            together = decide_alike(
                session,
                item.id,
                item.lease_token,
                item.version,
                "exclude",
                "copied_motif",
                "",
                "mika",
                others,
            )
        assert together.covered == 2
        assert look(database, 1).state is ItemState.AWAITING_SECOND
        assert effective(database) == {asset(2): "exclude", asset(3): "exclude"}
        with database.transaction() as session:
            undo(session, together.ruled.ruling_id, "mika")
        assert effective(database) == {}
        assert [look(database, n).state for n in (1, 2, 3)] == [
            ItemState.OPEN,
            ItemState.AWAITING_SECOND,
            ItemState.OPEN,
        ]

    def test_what_the_reviewer_has_ruled_on_is_left_out(self, database: Database) -> None:
        ask(database, make_question(1), make_question(2))
        with database.transaction() as session:
            group_items(session, DATASET, {asset(n): asset(1) for n in (1, 2)})
        rule(database, 2, "mika", "exclude")
        item = take(database, 1, "mika")
        with database.transaction() as session:
            together = decide_alike(
                session,
                item.id,
                item.lease_token,
                item.version,
                "exclude",
                "copied_motif",
                "",
                "mika",
                [(item_of(2), look(database, 2).version)],
            )
        assert together.covered == 0
        assert effective(database) == {}


def test_counts_add_up_in_every_state(database: Database) -> None:
    put_owner(database)
    ask(database, *(make_question(number, setter=SETTER) for number in range(1, 8)))
    rule(database, 1, "mika")
    rule(database, 2, "mika", "approve")
    rule(database, 2, "jun", "exclude")
    hand(database, 3)
    inquire(database, 4)
    for name in ("mika", "jun"):
        rule(database, 5, name)
    take(database, 6, "mika")
    with database.snapshot() as session:
        (counts,) = count_items(session)
        states = frozenset(ItemState)
        assert list_items(session, states=states).total == 7
        for state in states:
            listed = list_items(session, states=frozenset({state})).total
            assert listed == getattr(counts, state.value), state
    assert counts.waiting == 6
