"""Whatever reviewers and runs do, in any order: no ruling is lost, doubled or believed too long."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from models.errors import AlreadyRuledError, LeaseLostError, ReviewError
from models.review.audit import verify_audit
from models.review.items import UNDECIDED
from models.review.owner_questions import find_question
from models.review.questions_to_owners import answer_question
from models.review.queue import (
    Item,
    ItemState,
    Question,
    WaitsFor,
    ask_owner,
    decide,
    effective_rulings,
    enqueue,
    escalate,
    find_item,
    give_back,
    heartbeat,
    item_id_of,
    lease_item,
    lease_next,
    send_back,
    undo,
)
from models.store.database import Database, now_ms
from models.store.tables import AuditRow, Base, OutboxRow, ReviewItemRow, RulingRow, SkipRow
from models.takedowns import acknowledge_takedown, takedown_times
from tests.rounds_seed import SETTER, put_owner

DATASET = "foxes"
NUMBERS = st.integers(0, 3)
REVIEWERS = st.sampled_from(["mika", "jun", "sora"])
RULINGS = st.sampled_from(["approve", "exclude", "skip"])
REASONS = {"approve": "other_name", "exclude": "copied_motif", "skip": ""}


def asset(number: int) -> str:
    return f"{number:064x}"


class Killed(BaseException):
    """The process ends here: the database sees a connection that breaks off."""


@dataclass
class Expected:
    """What the model believes about one item."""

    digest: str
    persons: int
    version: int = 0
    state: ItemState = ItemState.OPEN
    waits_for: WaitsFor = WaitsFor.RULING
    standing: list[int] = field(default_factory=list)
    holder: str = ""
    expired: bool = False
    question: str = ""
    rulings: dict[int, tuple[str, str, str]] = field(default_factory=dict)

    @property
    def turn(self) -> WaitsFor:
        return (WaitsFor.RULING, WaitsFor.SECOND, WaitsFor.ADJUDICATION)[len(self.standing)]

    @property
    def waits(self) -> bool:
        return self.state in (ItemState.OPEN, ItemState.LEASED)

    def may_rule(self, reviewer: str) -> bool:
        return reviewer not in {self.rulings[version][1] for version in self.standing}

    def begin(self, digest: str, persons: int) -> None:
        self.digest, self.persons, self.state = digest, persons, ItemState.OPEN
        self.waits_for, self.standing, self.holder = WaitsFor.RULING, [], ""

    @property
    def shown(self) -> ItemState:
        free = {
            WaitsFor.RULING: ItemState.OPEN,
            WaitsFor.SECOND: ItemState.AWAITING_SECOND,
            WaitsFor.ADJUDICATION: ItemState.ADJUDICATION,
            WaitsFor.LEAD: ItemState.ESCALATED,
            WaitsFor.OWNER: ItemState.ASKED_OWNER,
        }
        if self.state is ItemState.OPEN or (self.state is ItemState.LEASED and self.expired):
            return free[self.waits_for]
        return self.state


class ReviewMachine(RuleBasedStateMachine):
    """Reviewers with tabs full of stale forms, and runs that keep changing their questions."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self.items: dict[str, Expected] = {}
        self.forms: list[tuple[Item, str]] = []
        self.skipped: dict[str, dict[str, str]] = {}
        self.skips = 0
        self.undone = 0
        self.referred = 0
        self.answered = 0
        self.handed: dict[tuple[str, str, str, int], str] = {}
        self.taken_down: set[str] = set()
        self.closed = 0
        with database.transaction() as session:
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(delete(table))
        self.owner = put_owner(database)
        with database.snapshot() as session:
            self.begun = session.scalar(select(func.count(AuditRow.seq))) or 0
            self.began_ms = now_ms(session) - 60 * 60 * 1000

    @rule(
        asked=st.dictionaries(NUMBERS, st.tuples(st.sampled_from("ab"), st.integers(1, 2))),
        complete=st.booleans(),
    )
    def run_asks(self, asked: dict[int, tuple[str, int]], complete: bool) -> None:
        evidence = {"asset": {}, "statements": [{"setter": SETTER}]}
        questions = [
            Question(asset(n), d * 64, n, evidence, persons) for n, (d, persons) in asked.items()
        ]
        new = reopened = unchanged = superseded = 0
        for question in questions:
            item = self.items.get(question.asset_id)
            if item is None:
                new += 1
                self.items[question.asset_id] = Expected(question.digest, question.persons)
            elif item.digest != question.digest or item.state is ItemState.SUPERSEDED:
                reopened += 1
                item.begin(question.digest, question.persons)
            elif item.state is ItemState.DECIDED and question.persons > item.persons:
                reopened += 1
                item.standing = [item.version]
                item.persons, item.state, item.holder = 2, ItemState.OPEN, ""
                item.waits_for = WaitsFor.SECOND
            else:
                unchanged += 1
                if item.waits and not item.standing:
                    item.persons = question.persons
        if complete:
            for asset_id, item in self.items.items():
                if item.waits and asset_id not in {question.asset_id for question in questions}:
                    superseded += 1
                    item.state, item.holder, item.standing = ItemState.SUPERSEDED, "", []
                    item.waits_for = WaitsFor.RULING
        for question in questions:
            self.close_if_taken_down(question.asset_id)
        with self.database.transaction() as session:
            report = enqueue(session, DATASET, questions, frozenset() if complete else None)
        assert (report.new, report.reopened) == (new, reopened)
        assert (report.unchanged, report.superseded) == (unchanged, superseded)
        self.read_versions()

    def close_if_taken_down(self, asset_id: str) -> None:
        item = self.items[asset_id]
        if asset_id in self.taken_down and item.waits:
            self.closed += 1
            item.state, item.holder, item.standing = ItemState.SUPERSEDED, "", []
            item.waits_for = WaitsFor.RULING

    def read_versions(self) -> None:
        """Where two persons rule, versions move on by steps that nobody can foretell."""
        with self.database.snapshot() as session:
            for asset_id, item in self.items.items():
                found = find_item(session, item_id_of(DATASET, asset_id))
                assert found is not None
                assert found.version >= item.version
                item.version = found.version

    def take_note(self, item: Item, reviewer: str) -> None:
        expected = self.items[item.asset_id]
        assert item.version == expected.version
        expected.state, expected.holder, expected.expired = ItemState.LEASED, reviewer, False
        self.forms.append((item, reviewer))

    @rule(reviewer=REVIEWERS)
    def reviewer_takes_the_next_item(self, reviewer: str) -> None:
        with self.database.transaction() as session:
            item = lease_next(session, reviewer)
        given = {
            a: e
            for a, e in self.items.items()
            if e.waits and e.waits_for in (WaitsFor.RULING, WaitsFor.SECOND)
        }
        live = {a for a, e in given.items() if e.state is ItemState.LEASED and not e.expired}
        own = {a for a in live if given[a].holder == reviewer}
        free = {a for a, e in given.items() if a not in live and e.may_rule(reviewer)}
        if item is None:
            assert not own
            assert not free
            return
        skipped = self.skipped.get(reviewer, {})
        new = {a for a in free if skipped.get(a) != given[a].digest}
        again = {next(a for a in skipped if a in free)} if free and not new else set()
        assert item.asset_id in (own or new or again)
        assert item.again == (not own and not new)
        self.take_note(item, reviewer)

    @precondition(lambda self: self.items)
    @rule(data=st.data(), reviewer=REVIEWERS, lead=st.booleans())
    def somebody_takes_one_item(self, data: st.DataObject, reviewer: str, lead: bool) -> None:
        asset_id = data.draw(st.sampled_from(sorted(self.items)))
        expected = self.items[asset_id]
        held = (
            expected.state is ItemState.LEASED
            and not expected.expired
            and expected.holder != reviewer
        )
        for_leads = expected.waits_for in (WaitsFor.ADJUDICATION, WaitsFor.LEAD)
        allowed = (
            expected.waits
            and not held
            and expected.may_rule(reviewer)
            and expected.waits_for is not WaitsFor.OWNER
            and (lead or not for_leads)
        )
        with self.database.transaction() as session:
            if allowed:
                item = lease_item(session, item_id_of(DATASET, asset_id), reviewer, lead=lead)
            else:
                with pytest.raises((ReviewError, AlreadyRuledError, LeaseLostError)):
                    lease_item(session, item_id_of(DATASET, asset_id), reviewer, lead=lead)
        if allowed:
            self.take_note(item, reviewer)

    @precondition(lambda self: self.forms)
    @rule(data=st.data(), act=st.sampled_from(["escalate", "send_back", "ask"]))
    def holder_hands_it_on(self, data: st.DataObject, act: str) -> None:
        item, reviewer = data.draw(st.sampled_from(self.forms))
        expected = self.items[item.asset_id]
        words = (item.id, item.lease_token, item.version)
        if (act, *words) in self.handed:
            with self.database.transaction() as session:
                handed = self._hand_on(session, act, words, reviewer)
            assert (handed.id, handed.repeated) == (self.handed[act, *words], True)
            return
        with_lead = expected.waits_for is WaitsFor.LEAD
        settling = expected.turn is WaitsFor.ADJUDICATION
        fits = {"escalate": not with_lead and not settling, "send_back": with_lead}
        allowed = self._holds(item) and fits.get(act, True) and not (settling and act != "ask")
        with self.database.transaction() as session:
            if not allowed:
                with pytest.raises((ReviewError, LeaseLostError)):
                    self._hand_on(session, act, words, reviewer)
                return
            handed = self._hand_on(session, act, words, reviewer)
        assert not handed.repeated
        self.handed[act, *words] = handed.id
        self.referred += 1
        expected.state, expected.holder = ItemState.OPEN, ""
        after = {"escalate": WaitsFor.LEAD, "send_back": expected.turn, "ask": WaitsFor.OWNER}
        expected.waits_for = after[act]
        if act == "ask":
            expected.question = handed.id

    @staticmethod
    def _hand_on(session, act, words, reviewer):  # type: ignore[no-untyped-def]
        if act == "escalate":
            return escalate(session, *words, "please look", reviewer)
        if act == "send_back":
            return send_back(session, *words, "rule as you see fit", reviewer)
        return ask_owner(session, *words, SETTER, "Is it yours?", reviewer, 14)

    @precondition(lambda self: any(item.question for item in self.items.values()))
    @rule(data=st.data(), late=st.booleans())
    def owner_answers_or_time_runs_out(self, data: st.DataObject, late: bool) -> None:
        chosen = sorted(a for a, item in self.items.items() if item.question)
        expected = self.items[data.draw(st.sampled_from(chosen))]
        with self.database.transaction() as session:
            question = find_question(session, expected.question)
            assert question is not None
            if late and expected.waits_for is WaitsFor.OWNER and expected.waits:
                session.execute(
                    update(ReviewItemRow)
                    .where(ReviewItemRow.id == question.item_id)
                    .values(due_ms=1)
                )
                lease_overdue = lease_next(session, "nobody else")
                if lease_overdue is not None:
                    give_back(session, lease_overdue.id, lease_overdue.lease_token)
                    given = self.items[lease_overdue.asset_id]
                    given.state, given.holder = ItemState.OPEN, ""
                self.answered += 1
                expected.waits_for = expected.turn
            elif question.open:
                answer_question(session, question.id, self.owner, "Yes.")
                self.referred += 1
                if expected.waits_for is WaitsFor.OWNER:
                    expected.waits_for = expected.turn
                expected.question = ""
            else:
                with pytest.raises(ReviewError):
                    answer_question(session, question.id, self.owner, "Yes.")

    @precondition(lambda self: self.forms)
    @rule(data=st.data())
    def time_runs_out(self, data: st.DataObject) -> None:
        item, _ = data.draw(st.sampled_from(self.forms))
        expected = self.items[item.asset_id]
        if expected.state is ItemState.LEASED:
            expected.expired = True
            with self.database.transaction() as session:
                session.execute(
                    update(ReviewItemRow)
                    .where(ReviewItemRow.id == item.id)
                    .values(lease_until_ms=1)
                )

    @precondition(lambda self: self.forms)
    @rule(data=st.data(), back=st.booleans())
    def reviewer_looks_on_or_gives_back(self, data: st.DataObject, back: bool) -> None:
        item, _ = data.draw(st.sampled_from(self.forms))
        expected = self.items[item.asset_id]
        holds = self._holds(item)
        with self.database.transaction() as session:
            if back:
                assert give_back(session, item.id, item.lease_token) == holds
            elif holds:
                heartbeat(session, item.id, item.lease_token)
            else:
                with pytest.raises(LeaseLostError):
                    heartbeat(session, item.id, item.lease_token)
        if holds and back:
            expected.state, expected.holder = ItemState.OPEN, ""
        elif holds:
            expected.expired = False

    @precondition(lambda self: self.forms)
    @rule(data=st.data(), ruling=RULINGS)
    def reviewer_submits_a_form(self, data: st.DataObject, ruling: str) -> None:
        item, reviewer = data.draw(st.sampled_from(self.forms))
        expected = self.items[item.asset_id]
        stored = expected.rulings.get(item.version)
        skipped = self.skipped.get(reviewer, {}).get(item.asset_id) == expected.digest
        with self.database.transaction() as session:
            if ruling == "skip" and skipped and not self._is_leased_by(item):
                ruled = self._decide(session, item, ruling, reviewer)
                assert (ruled.ruling_id, ruled.repeated) == ("", True)
            elif stored and stored[1] != reviewer and expected.waits:
                with pytest.raises(LeaseLostError):
                    self._decide(session, item, ruling, reviewer)
            elif stored and stored[:2] != (ruling, reviewer):
                with pytest.raises(AlreadyRuledError):
                    self._decide(session, item, ruling, reviewer)
            elif stored:
                ruled = self._decide(session, item, ruling, reviewer)
                assert (ruled.ruling_id, ruled.repeated) == (stored[2], True)
                assert ruled.stands == self._stands(expected, item.version)
            elif not expected.may_rule(reviewer):
                with pytest.raises(AlreadyRuledError):
                    self._decide(session, item, ruling, reviewer)
            elif not self._holds(item):
                with pytest.raises(LeaseLostError):
                    self._decide(session, item, ruling, reviewer)
            else:
                ruled = self._decide(session, item, ruling, reviewer)
                assert not ruled.repeated
                expected.holder = ""
                if ruling == "skip":
                    expected.state = ItemState.OPEN
                    skips = self.skipped.setdefault(reviewer, {})
                    skips.pop(item.asset_id, None)
                    skips[item.asset_id] = expected.digest
                    self._space_skips(session, item, reviewer)
                else:
                    expected.rulings[item.version] = (ruling, reviewer, ruled.ruling_id)
                    self._advance(expected, ruling)

    def _space_skips(self, session: Session, item: Item, reviewer: str) -> None:
        """Skips of one millisecond come back in order of id; here each has a moment of its own."""
        self.skips += 1
        session.execute(
            update(SkipRow)
            .where(SkipRow.item_id == item.id, SkipRow.reviewer_key == reviewer)
            .values(skipped_ms=self.began_ms + self.skips)
        )

    @staticmethod
    def _advance(expected: Expected, ruling: str) -> None:
        """What a ruling makes of an item."""
        turn, version = expected.turn, expected.version
        agrees = turn is WaitsFor.SECOND and expected.rulings[expected.standing[0]][0] == ruling
        alone = turn is WaitsFor.RULING and expected.persons == 1
        expected.waits_for = turn
        if turn is not WaitsFor.ADJUDICATION and not alone:
            expected.standing.append(version)
        if alone or agrees or turn is WaitsFor.ADJUDICATION:
            expected.state = ItemState.DECIDED
        else:
            expected.state, expected.version = ItemState.OPEN, version + 1
            expected.waits_for = expected.turn

    @staticmethod
    def _stands(expected: Expected, version: int) -> bool:
        if expected.state is ItemState.SUPERSEDED:
            return False
        if expected.state is not ItemState.DECIDED:
            return version in expected.standing
        settled = expected.waits_for is WaitsFor.ADJUDICATION
        return version == expected.version or (version in expected.standing and not settled)

    @precondition(lambda self: self.items)
    @rule(data=st.data())
    def owner_has_an_asset_taken_down(self, data: st.DataObject) -> None:
        """It is in no release from then on, and what waits about it is nobody's."""
        asset_id = data.draw(st.sampled_from(sorted(self.items)))
        with self.database.transaction() as session:
            acknowledge_takedown(session, asset_id, "studio", "letter of 3 May")
        self.taken_down.add(asset_id)
        self.close_if_taken_down(asset_id)

    @rule(data=st.data(), act=st.sampled_from(["take", "approve", "skip", "escalate", "ask"]))
    def process_dies_before_it_is_written(self, data: st.DataObject, act: str) -> None:
        """Nothing has happened, and who held an item goes on: with the same form, elsewhere."""
        form = data.draw(st.sampled_from(self.forms)) if self.forms else None
        with suppress(Killed), self.database.transaction() as session:
            with suppress(ReviewError):
                if act == "take" or form is None:
                    lease_next(session, "mika")
                elif act in ("approve", "skip"):
                    self._decide(session, form[0], act, form[1])
                else:
                    words = (form[0].id, form[0].lease_token, form[0].version)
                    self._hand_on(session, act, words, form[1])
            raise Killed
        self.database.engine.dispose()

    @precondition(lambda self: any(item.rulings for item in self.items.values()))
    @rule(data=st.data(), reviewer=REVIEWERS, lead=st.booleans())
    def reviewer_undoes(self, data: st.DataObject, reviewer: str, lead: bool) -> None:
        ruled = [(a, v) for a, item in sorted(self.items.items()) for v in item.rulings]
        asset_id, version = data.draw(st.sampled_from(ruled))
        expected = self.items[asset_id]
        allowed = self._stands(expected, version)
        if expected.waits:
            allowed = allowed and expected.rulings[version][1] == reviewer
        elif expected.waits_for is WaitsFor.ADJUDICATION:
            allowed = allowed and lead
        with self.database.transaction() as session:
            if not allowed:
                with pytest.raises(ReviewError):
                    undo(session, expected.rulings[version][2], reviewer, lead=lead)
                return
            undo(session, expected.rulings[version][2], reviewer, lead=lead)
        self.undone += 1
        settled = expected.waits_for is WaitsFor.ADJUDICATION and not expected.waits
        moves = not expected.waits or len(expected.standing) == 2
        if not settled:
            expected.standing = [v for v in expected.standing if v != version]
        if not expected.waits or expected.waits_for not in (WaitsFor.LEAD, WaitsFor.OWNER):
            expected.waits_for = expected.turn
        if moves:
            expected.version += 1
            expected.state, expected.holder = ItemState.OPEN, ""
        self.close_if_taken_down(asset_id)

    @invariant()
    def the_database_says_what_happened(self) -> None:
        in_force = {
            asset_id: item.rulings[item.version][::2]
            for asset_id, item in self.items.items()
            if item.state is ItemState.DECIDED
        }
        rulings = sum(len(item.rulings) for item in self.items.values())
        with self.database.snapshot() as session:
            effective = effective_rulings(session, DATASET)
            assert {a: (e.ruling, e.ruling_id) for a, e in effective.items()} == in_force
            assert all(e.question == self.items[a].digest for a, e in effective.items())
            assert session.scalar(select(func.count(RulingRow.id))) == rulings
            assert takedown_times(session).keys() == self.taken_down
            told = rulings + self.undone + self.referred + len(self.taken_down)
            assert session.scalar(select(func.count(OutboxRow.id))) == told
            audited = select(func.count(AuditRow.seq)).where(AuditRow.action != "enqueue")
            assert session.scalar(audited) == told + self.answered + self.closed + self.begun
            waiting = select(ReviewItemRow.asset_id).where(ReviewItemRow.state.in_(UNDECIDED))
            assert self.taken_down.isdisjoint(session.scalars(waiting))
            assert verify_audit(session).ok
            for asset_id, item in self.items.items():
                found = find_item(session, item_id_of(DATASET, asset_id))
                assert found is not None
                assert (found.state, found.version) == (item.shown, item.version)
                assert found.lease_holder == item.holder
                assert (found.round.waits_for, found.waits_for) == self._expected_turns(item, found)

    @staticmethod
    def _expected_turns(item: Expected, found: Item) -> tuple[WaitsFor, WaitsFor]:
        """Of a decided item only whose word decided it is kept."""
        waits_for = found.waits_for if item.state is ItemState.SUPERSEDED else item.waits_for
        return item.turn, waits_for

    def _holds(self, item: Item) -> bool:
        """Whether this form's token is the one that stands: the newest that was given out."""
        return self.items[item.asset_id].version == item.version and self._is_leased_by(item)

    def _is_leased_by(self, item: Item) -> bool:
        if self.items[item.asset_id].state is not ItemState.LEASED:
            return False
        newest = [form for form, _ in self.forms if form.id == item.id][-1]
        return newest.lease_token == item.lease_token

    @staticmethod
    def _decide(session, item, ruling, reviewer):  # type: ignore[no-untyped-def]
        return decide(
            session,
            item.id,
            item.lease_token,
            item.version,
            ruling,
            REASONS[ruling],
            "",
            reviewer,
        )


def test_no_order_of_events_loses_doubles_or_outlives_a_ruling(database: Database) -> None:
    run_state_machine_as_test(
        lambda: ReviewMachine(database),
        settings=settings(
            max_examples=30,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
