"""Whatever reviewers and runs do, in any order: no ruling is lost, doubled or believed too long."""

from __future__ import annotations

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

from models.errors import AlreadyRuledError, LeaseLostError, ReviewError
from models.review.audit import verify_audit
from models.review.queue import (
    Item,
    ItemState,
    Question,
    decide,
    effective_rulings,
    enqueue,
    find_item,
    give_back,
    heartbeat,
    item_id_of,
    lease_next,
    undo,
)
from models.store.database import Database
from models.store.tables import AuditRow, Base, OutboxRow, ReviewItemRow, RulingRow

DATASET = "foxes"
NUMBERS = st.integers(0, 3)
REVIEWERS = st.sampled_from(["mika", "jun"])
RULINGS = st.sampled_from(["approve", "exclude", "skip"])
REASONS = {"approve": "other_name", "exclude": "copied_motif", "skip": ""}


def asset(number: int) -> str:
    return f"{number:064x}"


@dataclass
class Expected:
    """What the model believes about one item."""

    digest: str
    version: int = 1
    state: ItemState = ItemState.OPEN
    holder: str = ""
    expired: bool = False
    rulings: dict[int, tuple[str, str, str]] = field(default_factory=dict)


class ReviewMachine(RuleBasedStateMachine):
    """Reviewers with tabs full of stale forms, and runs that keep changing their questions."""

    def __init__(self, database: Database) -> None:
        super().__init__()
        self.database = database
        self.items: dict[str, Expected] = {}
        self.forms: list[tuple[Item, str]] = []
        self.undone = 0
        with database.transaction() as session:
            for table in reversed(Base.metadata.sorted_tables):
                session.execute(delete(table))

    @rule(asked=st.dictionaries(NUMBERS, st.sampled_from("ab")), complete=st.booleans())
    def run_asks(self, asked: dict[int, str], complete: bool) -> None:
        questions = [Question(asset(n), d * 64, n, {"asset": {}}) for n, d in asked.items()]
        new = reopened = unchanged = superseded = 0
        for question in questions:
            item = self.items.get(question.asset_id)
            if item is None:
                new += 1
                self.items[question.asset_id] = Expected(question.digest)
            elif item.digest != question.digest or item.state is ItemState.SUPERSEDED:
                reopened += 1
                item.digest, item.version = question.digest, item.version + 1
                item.state, item.holder = ItemState.OPEN, ""
            else:
                unchanged += 1
        if complete:
            for asset_id, item in self.items.items():
                waits = item.state in (ItemState.OPEN, ItemState.LEASED)
                if waits and asset_id not in {question.asset_id for question in questions}:
                    superseded += 1
                    item.state, item.holder = ItemState.SUPERSEDED, ""
        with self.database.transaction() as session:
            report = enqueue(session, DATASET, questions, frozenset() if complete else None)
        assert (report.new, report.reopened) == (new, reopened)
        assert (report.unchanged, report.superseded) == (unchanged, superseded)

    @rule(reviewer=REVIEWERS)
    def reviewer_takes_the_next_item(self, reviewer: str) -> None:
        with self.database.transaction() as session:
            item = lease_next(session, reviewer)
        live = {
            a: e for a, e in self.items.items() if e.state is ItemState.LEASED and not e.expired
        }
        own = {a for a, e in live.items() if e.holder == reviewer}
        free = {
            a
            for a, e in self.items.items()
            if e.state in (ItemState.OPEN, ItemState.LEASED) and a not in live
        }
        if item is None:
            assert not own
            assert not free
            return
        assert item.asset_id in (own or free)
        expected = self.items[item.asset_id]
        assert item.version == expected.version
        expected.state, expected.holder, expected.expired = ItemState.LEASED, reviewer, False
        self.forms.append((item, reviewer))

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
        with self.database.transaction() as session:
            if stored and stored[:2] != (ruling, reviewer):
                with pytest.raises(AlreadyRuledError):
                    self._decide(session, item, ruling, reviewer)
            elif stored:
                ruled = self._decide(session, item, ruling, reviewer)
                assert (ruled.ruling_id, ruled.repeated) == (stored[2], True)
                in_force = expected.state is ItemState.DECIDED and expected.version == item.version
                assert ruled.in_force == in_force
            elif not self._holds(item):
                with pytest.raises(LeaseLostError):
                    self._decide(session, item, ruling, reviewer)
            else:
                ruled = self._decide(session, item, ruling, reviewer)
                assert not ruled.repeated
                expected.holder = ""
                if ruling == "skip":
                    expected.state = ItemState.OPEN
                else:
                    expected.state = ItemState.DECIDED
                    expected.rulings[item.version] = (ruling, reviewer, ruled.ruling_id)

    @precondition(lambda self: any(item.rulings for item in self.items.values()))
    @rule(data=st.data(), reviewer=REVIEWERS)
    def reviewer_undoes(self, data: st.DataObject, reviewer: str) -> None:
        ruled = [(a, v) for a, item in sorted(self.items.items()) for v in item.rulings]
        asset_id, version = data.draw(st.sampled_from(ruled))
        expected = self.items[asset_id]
        in_force = expected.state is ItemState.DECIDED and expected.version == version
        with self.database.transaction() as session:
            if in_force:
                undo(session, expected.rulings[version][2], reviewer)
                expected.version, expected.state = version + 1, ItemState.OPEN
                self.undone += 1
            else:
                with pytest.raises(ReviewError):
                    undo(session, expected.rulings[version][2], reviewer)

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
            assert session.scalar(select(func.count(OutboxRow.id))) == rulings + self.undone
            audited = select(func.count(AuditRow.seq)).where(AuditRow.action != "enqueue")
            assert session.scalar(audited) == rulings + self.undone
            assert verify_audit(session).ok
            for asset_id, item in self.items.items():
                found = find_item(session, item_id_of(DATASET, asset_id))
                assert found is not None
                state = item.state
                if state is ItemState.LEASED and item.expired:
                    state = ItemState.OPEN
                assert (found.state, found.version) == (state, item.version)
                assert found.lease_holder == item.holder

    def _holds(self, item: Item) -> bool:
        """Whether this form's token is the one that stands: the newest that was given out."""
        expected = self.items[item.asset_id]
        if expected.state is not ItemState.LEASED or expected.version != item.version:
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
