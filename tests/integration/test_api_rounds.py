"""The API for two persons, leads, owners and captions: the rules of the page, for programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from models.accounts.records import require_by_name
from models.accounts.roles import Role
from models.review.queue import Question, effective_rulings, enqueue, find_item, item_id_of
from models.store.database import Database
from tests.account_parts import put_account
from tests.api_parts import client, make_app, token_for
from tests.review_seed import DATASET, seed
from tests.rounds_seed import put_owner

STUDIO = "CN=Studio Tsukimachi"
"""Who speaks about the first seeded item."""


class Desk:
    """Two reviewers, a lead, and the first of two seeded items."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.database = database
        self.app = make_app(database, folder)
        first, *_ = seed(database, folder / "workspace", 2)
        self.item_id = item_id_of(DATASET, first)
        self.mika, self.jun = self.program("mika"), self.program("jun")
        self.lead = self.program("lead", Role.LEAD)

    def program(self, name: str, role: Role = Role.REVIEWER, scopes: Any = None) -> Any:
        account = put_account(self.database, name, role, None)
        return client(self.app, token_for(self.database, account, scopes))

    def need_two(self) -> None:
        with self.database.transaction() as session:
            item = find_item(session, self.item_id)
            assert item is not None
            question = Question(item.asset_id, item.question, 900, item.evidence, 2)
            enqueue(session, DATASET, [question], None)

    def take(self, program: Any) -> dict[str, Any]:
        answer = program.post(f"/api/v1/items/{self.item_id}/lease")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def send(self, program: Any, what: str, item: dict[str, Any] | None = None, **more: Any) -> Any:
        held = item or self.take(program)
        given = {"lease_token": held["lease"]["token"], "item_version": held["version"]}
        return program.post(f"/api/v1/items/{self.item_id}/{what}", json={**given, **more})

    def rewrite(self, program: Any, text: str) -> Any:
        captions = [{"caption": 0, "text": text}]
        return self.send(
            program, "rewrite", captions=captions, reason_code="caption_corrected", take_next=False
        )

    def look(self, program: Any) -> dict[str, Any]:
        return dict(program.get(f"/api/v1/items/{self.item_id}").json())

    def effective(self) -> list[str]:
        with self.database.snapshot() as session:
            return [each.ruling for each in effective_rulings(session, DATASET).values()]


@pytest.fixture
def desk(tmp_path: Path, sqlite_database: Database) -> Desk:
    return Desk(tmp_path, sqlite_database)


def test_two_rewrites_that_differ_are_settled_by_a_lead(desk: Desk) -> None:
    desk.need_two()
    assert desk.rewrite(desk.mika, "A girl by a river").status_code == 200
    seen = desk.look(desk.jun)
    assert (seen["blind"], seen["priority"], seen["rulings"]) == (True, None, [])
    assert desk.rewrite(desk.jun, "A girl by the sea").json()["next"] is None
    assert desk.effective() == []
    assert desk.look(desk.jun)["disputed"] == []
    assert desk.jun.post(f"/api/v1/items/{desk.item_id}/lease").json()["code"] == "already-ruled"
    (line,) = desk.lead.get("/api/v1/adjudication").json()["items"]
    assert (line["id"], line["state"]) == (desk.item_id, "adjudication")
    held = desk.take(desk.lead)
    texts = [[caption["text"] for caption in each["captions"]] for each in held["disputed"]]
    assert texts == [["A girl by a river"], ["A girl by the sea"]]
    assert desk.rewrite(desk.lead, "A girl by the sea").status_code == 200
    assert desk.effective() == ["rewrite"]


def test_a_lead_does_not_settle_what_they_ruled_on(desk: Desk) -> None:
    desk.need_two()
    desk.rewrite(desk.lead, "A girl by a river")
    desk.rewrite(desk.jun, "A girl by the sea")
    assert desk.look(desk.lead)["disputed"] == []
    assert desk.lead.post(f"/api/v1/items/{desk.item_id}/lease").status_code == 409


def test_a_lead_s_token_that_was_not_made_for_it_settles_nothing(desk: Desk) -> None:
    program = desk.program("yui", Role.LEAD, ["see_items", "rule_on_items"])
    assert desk.send(desk.mika, "escalation", note="please look").status_code == 200
    assert program.get("/api/v1/adjudication").json()["code"] == "not-allowed"
    assert program.post(f"/api/v1/items/{desk.item_id}/lease").json()["code"] == "lease-lost"
    full = client(desk.app, token_for(desk.database, find_account(desk.database, "yui")))
    held = desk.take(full)
    refused = desk.send(program, "ruling", held, ruling="exclude", reason_code="copied_motif")
    assert refused.json()["code"] == "not-allowed"


def test_an_item_goes_to_a_lead_and_back(desk: Desk) -> None:
    answer = desk.send(desk.mika, "escalation", note="please look")
    assert answer.json()["next"]["id"] != desk.item_id
    assert desk.look(desk.mika)["state"] == "escalated"
    (line,) = desk.lead.get("/api/v1/adjudication", params={"waits_for": "lead"}).json()["items"]
    assert line["id"] == desk.item_id
    assert desk.send(desk.mika, "return", desk.take(desk.lead), note="no").status_code == 403
    again = desk.send(desk.lead, "return", note="look at the ribbon", take_next=False)
    assert (again.status_code, again.json()["next"]) == (200, None)
    told = [(each["kind"], each["note"]) for each in desk.look(desk.mika)["told"]]
    assert told == [("escalate", "please look"), ("send_back", "look at the ribbon")]
    empty = desk.send(desk.mika, "escalation", note="   ")
    assert empty.json()["code"] == "invalid"


def test_an_owner_is_asked_and_the_question_taken_back(desk: Desk) -> None:
    unknown = desk.send(desk.mika, "question", owner=STUDIO, question="Is it yours?")
    assert unknown.json()["code"] == "invalid"
    put_owner(desk.database, identity=STUDIO)
    held = desk.take(desk.mika)
    assert {"owner": STUDIO, "known": True} in held["owners"]
    asked = desk.send(desk.mika, "question", held, owner=STUDIO, question="Is it yours?").json()
    assert desk.look(desk.jun)["state"] == "asked_owner"
    withdrawal = f"/api/v1/questions/{asked['question_id']}/withdrawal"
    assert desk.jun.post(withdrawal).json()["code"] == "not-found"
    assert desk.mika.post(withdrawal).json() == {"item_id": desk.item_id}
    assert desk.mika.post(withdrawal).json() == {"item_id": desk.item_id}
    (question,) = desk.look(desk.jun)["questions"]
    assert (question["text"], question["withdrawn"]) == ("Is it yours?", True)


def test_a_preview_says_what_cannot_be_taken_and_writes_nothing(desk: Desk) -> None:
    path = f"/api/v1/items/{desk.item_id}/rewrite/preview"
    given = [{"caption": 0, "text": "two\u200b spaces"}]
    (shown,) = desk.mika.post(path, json={"captions": given}).json()["captions"]
    assert "cannot be seen" in shown["problem"]
    twice = desk.mika.post(path, json={"captions": given * 2})
    assert twice.json()["code"] == "invalid"
    assert desk.rewrite(desk.mika, "two\u200b spaces").json()["code"] == "invalid"
    assert desk.effective() == []


def test_what_had_no_answer_can_be_sent_again(desk: Desk) -> None:
    put_owner(desk.database, identity=STUDIO)
    held = desk.take(desk.mika)
    first = desk.send(desk.mika, "escalation", held, note="look")
    again = desk.send(desk.mika, "escalation", held, note="look", take_next=True)
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.json()["next"]["lease"]["token"] == first.json()["next"]["lease"]["token"]
    assert desk.send(desk.mika, "escalation", held, note="No.").json()["code"] == "lease-lost"
    assert desk.send(desk.jun, "escalation", held, note="look").json()["code"] == "lease-lost"
    held = desk.take(desk.lead)
    for _ in range(2):
        sent = desk.send(desk.lead, "return", held, note="it is hers", take_next=False)
        assert sent.status_code == 200
    held = desk.take(desk.mika)
    asked = [
        desk.send(desk.mika, "question", held, owner=STUDIO, question="Is it yours?").json()
        for _ in range(2)
    ]
    assert asked[0]["question_id"] == asked[1]["question_id"]
    shown = desk.look(desk.mika)
    assert [each["kind"] for each in shown["told"]] == ["escalate", "send_back"]
    assert len(shown["questions"]) == 1


def test_the_same_words_under_another_lease_are_handed_on_anew(desk: Desk) -> None:
    desk.send(desk.mika, "escalation", note="look")
    desk.send(desk.lead, "return", note="no", take_next=False)
    second = desk.take(desk.mika)
    give = {"lease_token": second["lease"]["token"]}
    assert desk.mika.post(f"/api/v1/items/{desk.item_id}/give-back", json=give).status_code == 204
    desk.take(desk.jun)
    lost = desk.send(desk.mika, "escalation", second, note="look")
    assert lost.json()["code"] == "lease-lost"
    assert [each["kind"] for each in desk.look(desk.mika)["told"]] == ["escalate", "send_back"]


def test_a_skip_and_an_undo_are_answered_again_as_the_first_time(desk: Desk) -> None:
    held = desk.take(desk.mika)
    for _ in range(2):
        skipped = desk.send(desk.mika, "ruling", held, ruling="skip", take_next=False)
        assert skipped.json() == {"ruling_id": None, "next": None}
    assert desk.send(desk.jun, "ruling", held, ruling="skip").json()["code"] == "lease-lost"
    rule = {"ruling": "exclude", "reason_code": "copied_motif", "take_next": False}
    ruled = desk.send(desk.mika, "ruling", **rule).json()["ruling_id"]
    for _ in range(2):
        undone = desk.mika.post(f"/api/v1/rulings/{ruled}/undo")
        assert undone.json() == {"ruling_id": ruled, "item_id": desk.item_id}
    assert desk.jun.post(f"/api/v1/rulings/{ruled}/undo").json()["code"] == "conflict"


def test_what_was_written_is_told_though_the_version_has_moved_on(desk: Desk) -> None:
    desk.need_two()
    held = desk.take(desk.mika)
    given = {"lease_token": held["lease"]["token"], "item_version": held["version"]}
    rule = {**given, "ruling": "exclude", "reason_code": "copied_motif", "take_next": False}
    tag = {"If-Match": f'"{held["version"]}"'}
    path = f"/api/v1/items/{desk.item_id}/ruling"
    first = desk.mika.post(path, json=rule, headers=tag)
    again = desk.mika.post(path, json=rule, headers=tag).json()
    assert (again["code"], again["ruling"]["id"]) == ("already-ruled", first.json()["ruling_id"])
    stale = desk.lead.post(
        f"/api/v1/items/{desk.item_id}/return",
        headers={"If-Match": '"999"'},
        json={"lease_token": "x", "item_version": 999, "note": "no"},
    )
    assert stale.json()["code"] == "version-changed"


def find_account(database: Database, name: str) -> Any:
    with database.snapshot() as session:
        return require_by_name(session, name)
