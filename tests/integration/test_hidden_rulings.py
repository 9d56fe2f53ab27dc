"""What others ruled stays hidden by every way there is, from whoever may still rule without it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from models.accounts.records import require_by_name
from models.accounts.roles import Role
from models.captions.ruling import decide_rewriting
from models.errors import ReviewError
from models.review.golden_handing_on import (
    list_handed_golden,
    send_golden_back,
    settle_golden,
)
from models.review.golden_marking import mark_golden
from models.review.questions_to_owners import answer_question
from models.review.queue import GoldenShare, Question, enqueue, give_back, lease_next, send_back
from models.store.database import Database
from models.store.tables import OwnerQuestionRow, ReviewItemRow
from tests.account_parts import cheap_passwords, put_account, signed_in
from tests.api_parts import client, make_app, token_for
from tests.rounds_seed import (
    DATASET,
    SETTER,
    ask,
    asset,
    item_of,
    make_question,
    put_owner,
    rule,
    submit,
    take,
)

pytestmark = pytest.mark.usefixtures("cheap_passwords")
__all__ = ["cheap_passwords"]
CAPTION = "Kokoneko Mimi waves from the platform"
SHARE = GoldenShare(b"k" * 32, 0.05)


@pytest.fixture
def app(database: Database, tmp_path: Path) -> Any:
    for name in ("mika", "jun"):
        put_account(database, name)
    put_account(database, "lead", Role.LEAD)
    return make_app(database, tmp_path)


def program(app: Any, database: Database, name: str) -> Any:
    with database.snapshot() as session:
        account = require_by_name(session, name)
    return client(app, token_for(database, account))


def rows(program: Any, action: str) -> list[dict[str, Any]]:
    listed = program.get("/api/v1/audit", params={"limit": 200}).json()["items"]
    return [row for row in listed if row["action"] == action]


def ask_to_rewrite(database: Database) -> None:
    """An item for two persons, with a caption that can be rewritten."""
    evidence = {"asset": {"name": "1.png"}, "captions": [{"text": CAPTION}]}
    with database.transaction() as session:
        enqueue(session, DATASET, [Question(asset(1), "a" * 64, 99, evidence, 2)], None)


def rewrite(database: Database, reviewer: str, text: str) -> None:
    item = take(database, 1, reviewer)
    with database.transaction() as session:
        decide_rewriting(
            session,
            item.id,
            item.lease_token,
            item.version,
            {0: text},
            "names_removed",
            "",
            reviewer,
        )


def serve_golden(database: Database, reviewer: str) -> None:
    """Give a reviewer items until the golden one comes; they hold it then."""
    for _ in range(150):
        with database.transaction() as session:
            item = lease_next(session, reviewer, golden=SHARE)
        assert item is not None
        if item.id == item_of(1):
            return
        submit(database, item, reviewer)
    raise AssertionError("no golden item in 150 places")


def put_golden(database: Database) -> None:
    questions = (make_question(number, persons=1, setter=SETTER) for number in range(1, 201))
    ask(database, *questions)
    rule(database, 1, "lead", "exclude")
    with database.transaction() as session:
        mark_golden(session, item_of(1), "lead")


def test_the_audit_of_the_api_keeps_back_a_first_ruling(app: Any, database: Database) -> None:
    ask(database, make_question(1))
    rule(database, 1, "mika", "exclude")
    (row,) = rows(program(app, database, "jun"), "rule")
    assert (row["subject"], row["detail"]) == (None, None)
    (own,) = rows(program(app, database, "mika"), "rule")
    assert own["detail"]["ruling"] == "exclude"
    rule(database, 1, "jun", "exclude")
    assert all(row["detail"] for row in rows(program(app, database, "jun"), "rule"))


def test_a_first_rewrite_is_told_by_neither_captions_nor_audit(
    app: Any, database: Database
) -> None:
    ask_to_rewrite(database)
    rewrite(database, "mika", "A small dog waves from the platform")
    jun = signed_in(app, "jun")
    for show in ("all", "in_force", "proposed"):
        assert "small dog" not in jun.http.get(f"/captions?show={show}").text
    assert asset(1) not in jun.http.get("/audit").text
    (row,) = rows(program(app, database, "jun"), "edit_caption")
    assert row["detail"] is None
    rewrite(database, "jun", "A small dog waves from the platform")
    assert "small dog" in jun.http.get("/captions?show=all").text
    assert all(row["detail"] for row in rows(program(app, database, "jun"), "edit_caption"))


def test_the_audit_of_the_api_does_not_say_which_items_are_golden(
    app: Any, database: Database
) -> None:
    put_golden(database)
    assert rows(program(app, database, "jun"), "mark_golden") == []
    assert len(rows(program(app, database, "lead"), "mark_golden")) == 1


def test_whoever_has_a_golden_item_does_not_read_its_answer_in_the_audit(
    app: Any, database: Database
) -> None:
    put_golden(database)
    serve_golden(database, "jun")
    mine = program(app, database, "jun")
    told = [row["detail"] for row in rows(mine, "rule") if row["detail"]]
    assert told
    assert item_of(1) not in [detail["item_id"] for detail in told]
    known = [row["detail"]["item_id"] for row in rows(program(app, database, "lead"), "rule")]
    assert item_of(1) in known


def test_that_somebody_ruled_on_a_golden_item_tells_others_nothing(
    app: Any, database: Database
) -> None:
    put_golden(database)
    serve_golden(database, "jun")
    with database.transaction() as session:
        item = lease_next(session, "jun", golden=SHARE)
    assert item is not None
    submit(database, item, "jun", "approve")
    told = [row["detail"] for row in rows(program(app, database, "mika"), "rule")]
    assert [d["reviewer"] for d in told if d and d["item_id"] == item_of(1)] == ["lead"]


def test_lists_of_the_api_show_a_golden_item_as_one_that_waits(
    app: Any, database: Database
) -> None:
    put_golden(database)
    serve_golden(database, "jun")
    mine, others = program(app, database, "jun"), program(app, database, "mika")

    def listed(who: Any, state: str) -> list[str]:
        found: list[str] = []
        after = ""
        while after is not None:
            query = {"state": state, "after": after, "limit": 7}
            page = who.get("/api/v1/items", params=query).json()
            found += [line["id"] for line in page["items"]]
            after = page["next"]
        assert len(found) == len(set(found))
        return found

    assert item_of(1) in listed(mine, "waiting")
    assert item_of(1) not in listed(mine, "decided")
    assert item_of(1) in listed(others, "decided")
    assert item_of(1) not in listed(others, "waiting")
    assert sorted(listed(mine, "waiting") + listed(mine, "decided")) == sorted(listed(mine, "all"))


def test_a_golden_item_that_is_handed_on_is_told_apart_by_nothing(
    app: Any, database: Database
) -> None:
    owner = put_owner(database)
    put_golden(database)
    serve_golden(database, "jun")
    other = 200  # serving the golden one has not come so far
    mine, others = program(app, database, "jun"), program(app, database, "mika")

    def do(number: int, what: str, **words: str) -> Any:
        item = take(database, number, "jun")
        held = {"lease_token": item.lease_token, "item_version": item.version, "take_next": False}
        return mine.post(f"/api/v1/items/{item.id}/{what}", json={**held, **words}).json()

    def seen(number: int) -> Any:
        return unnamed(mine.get(f"/api/v1/items/{item_of(number)}").json())

    for number in (1, other):
        asked = do(number, "question", owner=SETTER, question="Is it yours?")
        assert seen(number)["state"] == "asked_owner"
        taken_back = mine.post(f"/api/v1/questions/{asked['question_id']}/withdrawal")
        assert taken_back.json() == {"item_id": item_of(number)}
        again = mine.post(f"/api/v1/questions/{asked['question_id']}/withdrawal")
        assert (again.status_code, again.json()) == (200, taken_back.json())
        do(number, "question", owner=SETTER, question="And now?")
    make_overdue(database)
    for number in (1, other):
        assert seen(number)["state"] == "open"
        do(number, "escalation", note="please look")
        with pytest.raises(ReviewError, match="waits for a lead"):
            take(database, number, "jun")
    assert seen(1) == seen(other)
    assert seen(1)["state"] == "escalated"
    hand_back(database, other)
    assert seen(1) == seen(other)
    assert (seen(1)["state"], seen(1)["told"][-1]["note"]) == ("open", "look at the ribbon")
    for number in (1, other):
        asked = do(number, "question", owner=SETTER, question="And this?")
        with database.transaction() as session:
            answer_question(session, asked["question_id"], owner, "Yes.")
    assert seen(1) == seen(other)
    assert (seen(1)["state"], seen(1)["questions"][-1]["answer"]) == ("open", "Yes.")
    for number in (1, other):
        do(number, "escalation", note="once more")
    settle(database, other)
    assert seen(1) == seen(other)
    assert (seen(1)["state"], seen(1)["rulings"][0]["ruling"]) == ("decided", "exclude")
    for number in (1, other):
        (ruling,) = mine.get(f"/api/v1/items/{item_of(number)}").json()["rulings"]
        for _ in range(2):
            undone = mine.post(f"/api/v1/rulings/{ruling['id']}/undo")
            assert undone.json()["item_id"] == item_of(number)
        do(number, "ruling", ruling="approve", reason_code="other_name")
    assert seen(1) == seen(other)
    handed = ("escalate", "send_back", "ask_owner")
    for action in (*handed, "withdraw_question", "question_overdue", "answer_question"):
        told = [row["detail"]["item_id"] for row in rows(others, action) if row["detail"]]
        assert set(told) == {item_of(other)}
        known = [row["detail"]["item_id"] for row in rows(mine, action) if row["detail"]]
        assert set(known) == {item_of(1), item_of(other)}


def unnamed(shown: Any) -> Any:
    """What the API shows of an item, without what differs from each item to the next."""
    if isinstance(shown, list):
        return [unnamed(each) for each in shown]
    if not isinstance(shown, dict):
        return shown
    own = ("id", "asset_id", "item_id", "evidence", "priority", "updated", "ruled", "at")
    times = ("asked", "due", "answered")
    kept = {name: unnamed(value) for name, value in shown.items() if name not in own}
    return {name: bool(value) if name in times else value for name, value in kept.items()}


def hand_back(database: Database, number: int) -> None:
    """A lead hands back what was handed to them: a golden item, and one that is not."""
    words = "look at the ribbon"
    item = take(database, number, "lead", lead=True)
    with database.transaction() as session:
        (handed,) = list_handed_golden(session)
        send_golden_back(session, handed.serving_id, words, "lead")
        send_back(session, item.id, item.lease_token, item.version, words, "lead")


def settle(database: Database, number: int) -> None:
    """A lead rules on what was handed to them: a golden item, and one that is not."""
    submit(database, take(database, number, "lead", lead=True), "lead", "exclude", "a copy")
    with database.transaction() as session:
        (handed,) = list_handed_golden(session)
        settle_golden(session, handed.serving_id, "a copy", "lead")


def make_overdue(database: Database) -> None:
    with database.transaction() as session:
        session.execute(update(ReviewItemRow).where(ReviewItemRow.due_ms > 0).values(due_ms=1))
        session.execute(update(OwnerQuestionRow).values(due_ms=1))
        item = lease_next(session, "jun", golden=SHARE)
        assert item is not None
        give_back(session, item.id, item.lease_token)
