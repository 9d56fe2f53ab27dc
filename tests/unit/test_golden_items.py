"""Golden items in the queue: like any other for their reviewer, and nothing for everybody else."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import func, select, update

from models.errors import AlreadyRuledError, LeaseLostError, ReviewError
from models.review.audit import read_latest, verify_audit
from models.review.golden_handing_on import (
    list_handed_golden,
    send_golden_back,
    settle_golden,
)
from models.review.golden_marking import (
    find_mark,
    list_golden,
    mark_golden,
    measure_reviewers,
    retire_golden,
)
from models.review.masking import find_withheld
from models.review.owner_questions import open_questions
from models.review.questions_to_owners import answer_question
from models.review.queue import (
    GoldenShare,
    Item,
    ItemState,
    ask_owner,
    count_items,
    effective_rulings,
    escalate,
    give_back,
    group_items,
    heartbeat,
    latest_ruling,
    lease_item,
    lease_next,
    undo,
)
from models.review.ranking import PER_DAY
from models.review.viewing import ItemView, Viewer, list_viewed, view_item
from models.store.database import Database
from models.store.tables import OutboxRow, ReviewItemRow, RulingRow
from models.takedowns import acknowledge_takedown
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

SHARE = GoldenShare(b"k" * 32, 0.05)
MIKA = Viewer("mika")


def prepare(database: Database, ruling: str = "exclude", others: int = 200) -> None:
    """One golden item, and others that wait."""
    numbers = range(1, others + 1)
    ask(database, *(make_question(number, persons=1, setter=SETTER) for number in numbers))
    rule(database, 1, "lead", ruling)
    with database.transaction() as session:
        mark_golden(session, item_of(1), "lead")


def serve(database: Database, reviewer: str = "mika") -> Item:
    """Rule on what comes until the golden item does."""
    for _ in range(150):
        with database.transaction() as session:
            item = lease_next(session, reviewer, golden=SHARE)
        assert item is not None
        if item.id == item_of(1):
            return item
        submit(database, item, reviewer)
    raise AssertionError("no golden item in 150 places")


def figures(database: Database) -> tuple[int, int, dict[str, str]]:
    with database.snapshot() as session:
        assert verify_audit(session).ok
        return (
            session.scalar(select(func.count(RulingRow.id))) or 0,
            session.scalar(select(func.count(OutboxRow.id))) or 0,
            {a: each.ruling_id for a, each in effective_rulings(session, DATASET).items()},
        )


def test_it_is_the_item_itself_under_its_own_address(sqlite_database: Database) -> None:
    prepare(sqlite_database)
    item = serve(sqlite_database)
    assert (item.state, item.lease_holder) == (ItemState.LEASED, "mika")
    with sqlite_database.transaction() as session:
        other = lease_next(session, "jun")
    assert other is not None
    assert len(item.lease_token) == len(other.lease_token)
    assert (item.waits_for, item.cluster, item.version) == (other.waits_for, "", 1)
    assert look(sqlite_database, 1).state is ItemState.DECIDED


def test_a_ruling_on_it_changes_nothing_but_the_audit_chain(sqlite_database: Database) -> None:
    prepare(sqlite_database)
    item = serve(sqlite_database)
    before = figures(sqlite_database)
    ruled = submit(sqlite_database, item, "mika", "approve")
    assert figures(sqlite_database) == before
    assert not ruled.counts
    with sqlite_database.snapshot() as session:
        newest = read_latest(session, 2)
        real = next(e for e in read_latest(session) if e.action == "rule" and e.seq < newest[0].seq)
    assert (newest[0].action, newest[0].subject) == ("rule", ruled.ruling_id)
    assert json.loads(newest[0].detail).keys() == json.loads(real.detail).keys()


def test_its_reviewer_goes_on_seeing_what_they_ruled(sqlite_database: Database) -> None:
    prepare(sqlite_database, "exclude")
    submit(sqlite_database, serve(sqlite_database), "mika", "approve")
    with sqlite_database.snapshot() as session:
        mine = view_item(session, item_of(1), Viewer("mika"))
        theirs = view_item(session, item_of(1), Viewer("jun"))
        latest = latest_ruling(session, "mika")
        decided = frozenset({ItemState.DECIDED})
        listed = list_viewed(session, Viewer("mika"), decided, limit=500).items
        shown = {item.id: item for item in listed}[item_of(1)]
    assert mine is not None
    assert theirs is not None
    assert latest is not None
    assert [(each.ruling, each.reviewer) for each in mine.rulings] == [("approve", "mika")]
    assert [(each.ruling, each.reviewer) for each in theirs.rulings] == [("exclude", "lead")]
    assert (latest.item_id, latest.ruling) == (item_of(1), "approve")
    assert (shown.ruling, shown.reviewer, shown.state) == ("approve", "mika", ItemState.DECIDED)


def test_undo_looks_as_everywhere_and_the_last_word_counts(sqlite_database: Database) -> None:
    prepare(sqlite_database, "exclude")
    item = serve(sqlite_database)
    ruled = submit(sqlite_database, item, "mika", "approve")
    before = figures(sqlite_database)
    with sqlite_database.transaction() as session:
        assert undo(session, ruled.ruling_id, "mika") == item.id
        again = lease_item(session, item.id, "mika")
    assert again.version == item.version + 1
    submit(sqlite_database, again, "mika", "exclude")
    assert figures(sqlite_database) == before
    with sqlite_database.snapshot() as session:
        (accuracy,) = measure_reviewers(session)
    assert (accuracy.reviewer, accuracy.right.found, accuracy.right.of) == ("mika", 1, 1)


def test_forms_are_taken_and_refused_as_everywhere(sqlite_database: Database) -> None:
    prepare(sqlite_database)
    item = serve(sqlite_database)
    with sqlite_database.transaction() as session:
        heartbeat(session, item.id, item.lease_token)
        assert give_back(session, item.id, item.lease_token)
        assert not give_back(session, item.id, item.lease_token)
    with pytest.raises(LeaseLostError):
        submit(sqlite_database, item, "mika")
    with sqlite_database.transaction() as session:
        back = lease_next(session, "mika", golden=SHARE)
    assert back is not None
    assert back.id == item.id
    first = submit(sqlite_database, back, "mika")
    again = submit(sqlite_database, back, "mika")
    assert (again.ruling_id, again.repeated, again.stands) == (first.ruling_id, True, True)
    with pytest.raises(AlreadyRuledError):
        submit(sqlite_database, back, "mika", "exclude")


def hand_on(database: Database, item: Item, reviewer: str, act: str = "escalate") -> str:
    """Hand a golden item to a lead or to its owner; the id of the note or question."""
    with database.transaction() as session:
        words = (item.id, item.lease_token, item.version)
        if act == "escalate":
            return escalate(session, *words, "please look", reviewer).id
        return ask_owner(session, *words, SETTER, "Is it yours?", reviewer, 14).id


def view(database: Database, viewer: Viewer) -> ItemView:
    with database.snapshot() as session:
        shown = view_item(session, item_of(1), viewer)
    assert shown is not None
    return shown


def test_handed_on_it_stays_decided_and_is_told_to_no_program(sqlite_database: Database) -> None:
    put_owner(sqlite_database)
    prepare(sqlite_database)
    before = None
    for act, state in (("escalate", ItemState.ESCALATED), ("ask", ItemState.ASKED_OWNER)):
        item = serve(sqlite_database, act)
        before = figures(sqlite_database)
        hand_on(sqlite_database, item, act, act)
        assert figures(sqlite_database) == before
        assert look(sqlite_database, 1).state is ItemState.DECIDED
        assert view(sqlite_database, Viewer(act)).item.state is state
        shown = view(sqlite_database, Viewer("sora"))
        assert (shown.referrals, shown.questions) == ((), ())
        with sqlite_database.snapshot() as session:
            (counts,) = count_items(session)
        assert (counts.escalated, counts.asked_owner) == (0, 0)


def test_a_lead_hands_it_back_with_an_answer(sqlite_database: Database) -> None:
    prepare(sqlite_database)
    hand_on(sqlite_database, serve(sqlite_database), "mika")
    with sqlite_database.transaction() as session:
        (handed,) = list_handed_golden(session)
        assert (handed.reviewer, handed.answer, handed.note) == ("mika", "exclude", "please look")
        with pytest.raises(ReviewError):
            send_golden_back(session, handed.serving_id, " ", "lead")
        send_golden_back(session, handed.serving_id, "look at the ribbon", "lead")
        assert list_handed_golden(session) == ()
        with pytest.raises(ReviewError):
            send_golden_back(session, handed.serving_id, "once more", "lead")
        item = lease_next(session, "mika", golden=SHARE)
    assert item is not None
    assert (item.id, item.state) == (item_of(1), ItemState.LEASED)
    told = [(each.kind, each.note, each.given_by) for each in view(sqlite_database, MIKA).referrals]
    assert told == [
        ("escalate", "please look", "mika"),
        ("send_back", "look at the ribbon", "lead"),
    ]
    hand_on(sqlite_database, item, "mika")
    with sqlite_database.snapshot() as session:
        assert len(list_handed_golden(session)) == 1


def test_a_lead_settles_it_and_that_is_no_answer_of_the_reviewer(
    sqlite_database: Database,
) -> None:
    prepare(sqlite_database)
    hand_on(sqlite_database, serve(sqlite_database), "mika")
    before = figures(sqlite_database)
    with sqlite_database.transaction() as session:
        (handed,) = list_handed_golden(session)
        settle_golden(session, handed.serving_id, "the same ribbon", "lead")
    assert figures(sqlite_database) == before
    shown = view(sqlite_database, MIKA)
    (ruling,) = shown.rulings
    assert (shown.item.state, ruling.ruling, ruling.reviewer, ruling.note, ruling.in_force) == (
        *(ItemState.DECIDED, "exclude", "lead"),
        *("the same ribbon", True),
    )
    with sqlite_database.transaction() as session:
        assert measure_reviewers(session) == ()
        assert [mark.given for mark in list_golden(session)] == [0]
        undo(session, ruling.id, "mika")  # as of any ruling of a lead on what one person rules on
    shown = view(sqlite_database, MIKA)
    assert (shown.item.state, [each.in_force for each in shown.rulings]) == (
        ItemState.OPEN,
        [False],
    )


def test_its_owner_is_asked_and_the_answer_brings_it_back(sqlite_database: Database) -> None:
    owner = put_owner(sqlite_database)
    prepare(sqlite_database)
    question = hand_on(sqlite_database, serve(sqlite_database), "mika", "ask")
    before = figures(sqlite_database)
    with sqlite_database.transaction() as session:
        assert [each.id for each in open_questions(session, [SETTER])] == [question]
        answer_question(session, question, owner, "Yes, and it was never licensed.")
        assert open_questions(session, [SETTER]) == ()
        item = lease_next(session, "mika", golden=SHARE)
    assert figures(sqlite_database) == before
    assert item is not None
    assert item.id == item_of(1)
    for viewer in (MIKA, Viewer("lead", lead=True)):
        (told,) = view(sqlite_database, viewer).questions
        assert told.answer == "Yes, and it was never licensed."
    assert view(sqlite_database, Viewer("sora")).questions == ()


def test_asked_anew_it_leaves_the_lead_and_its_owner_alone(sqlite_database: Database) -> None:
    put_owner(sqlite_database)
    prepare(sqlite_database)
    hand_on(sqlite_database, serve(sqlite_database), "mika")
    hand_on(sqlite_database, serve(sqlite_database, "jun"), "jun", "ask")
    ask(sqlite_database, make_question(1, persons=1, digest="b", setter=SETTER))
    with sqlite_database.snapshot() as session:
        assert list_handed_golden(session) == ()
        assert open_questions(session, [SETTER]) == ()


def test_nobody_gets_it_twice_nor_whoever_knows_it(sqlite_database: Database) -> None:
    prepare(sqlite_database)
    submit(sqlite_database, serve(sqlite_database), "mika")
    with pytest.raises(AssertionError, match="no golden item"):
        serve(sqlite_database, "lead")


def test_it_becomes_an_ordinary_item_when_it_is_asked_anew(sqlite_database: Database) -> None:
    prepare(sqlite_database)
    item = serve(sqlite_database)
    ask(sqlite_database, make_question(1, persons=1, digest="b"))
    with pytest.raises(LeaseLostError):
        submit(sqlite_database, item, "mika")
    assert look(sqlite_database, 1).state is ItemState.OPEN
    with sqlite_database.snapshot() as session:
        assert [mark.usable for mark in list_golden(session)] == [False]
        assert find_mark(session, item.id) == ""


def test_only_a_decided_item_that_stands_alone_is_marked(sqlite_database: Database) -> None:
    ask(sqlite_database, *(make_question(number, persons=1) for number in (1, 2)))
    with sqlite_database.transaction() as session, pytest.raises(ReviewError):
        mark_golden(session, item_of(1), "lead")
    rule(sqlite_database, 1, "jun")
    with sqlite_database.transaction() as session:
        group_items(session, DATASET, {asset(1): asset(1), asset(2): asset(1)})
    with sqlite_database.transaction() as session, pytest.raises(ReviewError):
        mark_golden(session, item_of(1), "lead")


def test_a_retired_item_counts_no_more(sqlite_database: Database) -> None:
    prepare(sqlite_database)
    submit(sqlite_database, serve(sqlite_database), "mika")
    with sqlite_database.transaction() as session:
        (mark,) = list_golden(session)
        assert (mark.given, mark.right) == (1, 0)
        retire_golden(session, mark.id, "lead")
        assert measure_reviewers(session) == ()
        assert list_golden(session) == ()
        mark_golden(session, item_of(1), "lead")
        assert verify_audit(session).ok


def test_what_marks_it_in_the_audit_chain_is_kept_from_whoever_is_tested(
    sqlite_database: Database,
) -> None:
    prepare(sqlite_database, others=3)
    with sqlite_database.snapshot() as session:
        entries = read_latest(session)
        marked = {entry.seq for entry in entries if entry.action == "mark_golden"}
        assert find_withheld(session, entries, "mika", sees_golden=False) == marked
        assert find_withheld(session, entries, "lead", sees_golden=True) == frozenset()


def test_first_rulings_of_others_are_kept_from_whoever_may_be_second(
    sqlite_database: Database,
) -> None:
    ask(sqlite_database, make_question(1))
    item = take(sqlite_database, 1, "mika")
    submit(sqlite_database, item, "mika")
    with sqlite_database.snapshot() as session:
        entries = read_latest(session)
        ruled = {entry.seq for entry in entries if entry.action == "rule"}
        assert find_withheld(session, entries, "jun", sees_golden=False) == ruled
        assert find_withheld(session, entries, "mika", sees_golden=False) == frozenset()
    rule(sqlite_database, 1, "jun")
    with sqlite_database.snapshot() as session:
        entries = read_latest(session)
        assert find_withheld(session, entries, "sora", sees_golden=False) == frozenset()


def test_it_is_as_old_as_what_it_takes_the_place_of(sqlite_database: Database) -> None:
    prepare(sqlite_database)
    row, month = ReviewItemRow, 30 * 24 * 60 * 60 * 1000
    with sqlite_database.transaction() as session:
        aged = {"asked_ms": row.asked_ms - month, "priority": row.priority + 30 * PER_DAY}
        session.execute(update(row).where(row.id == item_of(1)).values(**aged))
    item = serve(sqlite_database)
    assert item.priority == 99  # what is at stake, and no day of age
    with sqlite_database.snapshot() as session:
        viewer, asked_ms = Viewer("mika"), session.get_one(row, item_of(150)).asked_ms
        view = view_item(session, item.id, viewer)
        waiting = [list_viewed(session, viewer, offset=n, limit=3).items for n in range(0, 9, 3)]
        listed = [line for part in waiting for line in part]
        decided = list_viewed(session, viewer, frozenset({ItemState.DECIDED}), limit=500)
        theirs = list_viewed(session, Viewer("jun"), frozenset({ItemState.DECIDED}), limit=500)
    assert view is not None
    assert view.item.priority == item.priority
    assert view.item.asked_ms == asked_ms
    assert (listed[0].id, listed[0].priority, listed[0].state) == (item.id, 99, ItemState.LEASED)
    assert len({line.id for line in listed}) == 9
    assert [line.priority for line in listed] == sorted(line.priority for line in listed)[::-1]
    assert item.id not in {line.id for line in decided.items}
    assert item.id in {line.id for line in theirs.items}
    assert decided.total == theirs.total - 1


def test_skipped_it_comes_back_as_everything_else_does(sqlite_database: Database) -> None:
    prepare(sqlite_database, others=40)
    item = serve(sqlite_database)
    submit(sqlite_database, item, "mika", "skip")
    came = []
    for _ in range(60):
        with sqlite_database.transaction() as session:
            following = lease_next(session, "mika", golden=SHARE)
        assert following is not None
        came.append((following.id, following.again))
        if following.again:
            break
        submit(sqlite_database, following, "mika")
    assert came[-1] == (item.id, True)
    assert item.id not in {each for each, _ in came[:-1]}


@pytest.mark.parametrize("ruled", [False, True])
def test_taken_down_it_is_closed_for_its_reviewer_and_given_to_nobody(
    sqlite_database: Database, ruled: bool
) -> None:
    prepare(sqlite_database)
    item = serve(sqlite_database)
    given = submit(sqlite_database, item, "mika", "approve") if ruled else None
    with sqlite_database.transaction() as session:
        acknowledge_takedown(session, item.asset_id, "Studio", "letter")
        if given is not None:
            undo(session, given.ruling_id, "mika")
    with sqlite_database.transaction() as session, pytest.raises(LeaseLostError):
        heartbeat(session, item.id, item.lease_token)
    seen = view(sqlite_database, MIKA)
    assert (seen.item.state, seen.taken_down_ms is None) == (ItemState.SUPERSEDED, False)
    assert look(sqlite_database, 1).state is ItemState.DECIDED
    with sqlite_database.snapshot() as session:
        waiting = list_viewed(session, MIKA, limit=500).items
    assert item.id not in {each.id for each in waiting}
    with pytest.raises(AssertionError, match="no golden item"):
        serve(sqlite_database, "jun")


def test_on_postgresql_too(database: Database) -> None:
    prepare(database, others=150)
    submit(database, serve(database), "mika", "exclude")
    with database.snapshot() as session:
        (accuracy,) = measure_reviewers(session)
    assert accuracy.right.found == 1
