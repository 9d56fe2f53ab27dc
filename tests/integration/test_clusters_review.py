"""One ruling on near-identical pictures: what it covers, what it leaves alone, and its undo."""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, func, select, update
from starlette.testclient import TestClient

from models.consent.purposes import Preference, Purpose
from models.consent.statements import Statement
from models.errors import AlreadyRuledError, LeaseLostError, ReviewError
from models.findings import Finding
from models.review.audit import verify_audit
from models.review.queue import (
    MOST_ALIKE,
    AlikeItems,
    Item,
    ItemState,
    LeftOut,
    RuledTogether,
    count_covered,
    decide_alike,
    effective_rulings,
    find_alike,
    item_id_of,
    latest_ruling,
    lease_next,
    rulings_on,
    undo,
)
from models.settings import Settings
from models.store.database import Database
from models.store.tables import AuditRow, OutboxRow, ReviewItemRow, RulingRow
from review_ui.app import create_app
from tests.alike_seed import ask_alike, asset, look, regroup, resembles, seed_cluster, take
from tests.browsers import launched_browser, served
from tests.review_seed import DATASET


def rule(
    database: Database,
    item: Item,
    others: Sequence[tuple[str, int]],
    ruling: str = "exclude",
    reviewer: str = "mika",
) -> RuledTogether:
    reason = {"exclude": "copied_motif", "approve": "other_motif", "skip": ""}[ruling]
    with database.transaction() as session:
        return decide_alike(
            session,
            item.id,
            item.lease_token,
            item.version,
            ruling,
            reason,
            "",
            reviewer,
            others,
        )


def seen(database: Database, *numbers: int) -> list[tuple[str, int]]:
    return [(item.id, item.version) for item in (look(database, number) for number in numbers)]


def in_force(database: Database, dataset: str = "foxes") -> dict[str, str]:
    with database.snapshot() as session:
        assert verify_audit(session).ok
        return {a: r.ruling for a, r in effective_rulings(session, dataset).items()}


def alike_of(database: Database, number: int, reviewer: str = "mika") -> AlikeItems | None:
    with database.snapshot() as session:
        return find_alike(session, look(database, number), reviewer)


def counts(database: Database) -> tuple[int, int, int]:
    with database.snapshot() as session:
        rulings = session.scalar(select(func.count(RulingRow.id))) or 0
        audited = session.scalar(select(func.count(AuditRow.seq)).where(AuditRow.action == "rule"))
        posted = session.scalar(select(func.count(OutboxRow.id)))
    return rulings, audited or 0, posted or 0


class TestCovering:
    def test_one_ruling_covers_the_cluster_and_each_item_has_its_own_rows(
        self, database: Database
    ) -> None:
        ask_alike(database, [1, 2, 3])
        item = take(database, 1)
        together = rule(database, item, seen(database, 2, 3))
        assert (together.covered, together.left_out) == (2, ())
        assert in_force(database) == {asset(n): "exclude" for n in (1, 2, 3)}
        assert counts(database) == (3, 3, 3)

    def test_a_covered_ruling_answers_its_own_question_and_names_what_it_came_with(
        self, database: Database
    ) -> None:
        ask_alike(database, [1, 2])
        item = take(database, 1)
        together = rule(database, item, seen(database, 2))
        with database.snapshot() as session:
            (stored,) = rulings_on(session, look(database, 2).id)
            query = select(AuditRow.detail).where(AuditRow.subject == stored.id)
            detail = session.scalars(query).one()
        assert stored.question == look(database, 2).question != look(database, 1).question
        assert (stored.came_with, stored.came_with_item) == (together.ruled.ruling_id, item.id)
        assert f'"came_with_item":"{item.id}"' in detail

    def test_an_item_that_another_reviewer_holds_is_left_alone(self, database: Database) -> None:
        ask_alike(database, [1, 2, 3])
        item = take(database, 1)
        held = take(database, 2, "jun")
        together = rule(database, item, seen(database, 2, 3))
        assert together.left_out == (LeftOut(held.id, "held"),)
        assert (look(database, 2).state, look(database, 2).lease_token) == (
            ItemState.LEASED,
            held.lease_token,
        )
        assert sorted(in_force(database)) == [asset(1), asset(3)]

    def test_a_lease_past_its_time_holds_nothing(self, database: Database) -> None:
        ask_alike(database, [1, 2])
        item = take(database, 1)
        held = take(database, 2, "jun")
        with database.transaction() as session:
            session.execute(
                update(ReviewItemRow).where(ReviewItemRow.id == held.id).values(lease_until_ms=1)
            )
        assert rule(database, item, seen(database, 2)).covered == 1
        with pytest.raises(AlreadyRuledError):
            rule(database, held, (), reviewer="jun")

    def test_an_item_that_changed_meanwhile_is_left_out(self, database: Database) -> None:
        ask_alike(database, [1, 2, 3])
        item = take(database, 1)
        as_seen = seen(database, 2, 3)
        ask_alike(database, [2], digest="b", cluster=False)
        together = rule(database, item, as_seen)
        assert [(out.item_id, out.why) for out in together.left_out] == [(as_seen[0][0], "changed")]
        assert look(database, 2).state is ItemState.OPEN

    def test_an_item_that_is_decided_is_left_out(self, database: Database) -> None:
        ask_alike(database, [1, 2])
        first = take(database, 2, "jun")
        item = take(database, 1)
        as_seen = seen(database, 2)
        rule(database, first, (), "approve", "jun")
        assert [out.why for out in rule(database, item, as_seen).left_out] == ["ruled"]
        assert in_force(database) == {asset(1): "exclude", asset(2): "approve"}

    def test_items_of_another_cluster_dataset_or_question_are_never_covered(
        self, database: Database
    ) -> None:
        ask_alike(database, [1, 2])
        ask_alike(database, [3], findings=[resembles("Other")], cluster=False)
        ask_alike(database, [4], cluster=False)
        ask_alike(database, [5], dataset="cranes")
        with database.transaction() as session:
            session.execute(
                update(ReviewItemRow)
                .where(ReviewItemRow.asset_id.in_([asset(3), asset(5)]))
                .values(cluster=asset(1))
            )
        foreign = (item_id_of("cranes", asset(5)), 1)
        item = take(database, 1)
        together = rule(database, item, [*seen(database, 2, 3, 4), foreign, ("f" * 32, 1)])
        assert together.covered == 1
        assert len(together.left_out) == 4
        assert list(in_force(database, "cranes")) == []

    def test_items_that_are_alone_are_not_covered(self, database: Database) -> None:
        ask_alike(database, [1, 2], cluster=False)
        item = take(database, 1)
        assert rule(database, item, seen(database, 2)).covered == 0

    def test_an_item_of_an_older_version_is_not_covered_until_it_is_asked_again(
        self, database: Database
    ) -> None:
        ask_alike(database, [1, 2])
        with database.transaction() as session:
            session.execute(update(ReviewItemRow).values(alike=""))
        alike = alike_of(database, 1)
        assert alike is not None
        assert (len(alike.free), len(alike.apart), alike.same) == (0, 1, False)
        ask_alike(database, [1, 2])
        alike = alike_of(database, 1)
        assert alike is not None
        assert (len(alike.free), look(database, 1).version) == (1, 1)

    def test_a_skip_covers_the_one_item_only(self, database: Database) -> None:
        ask_alike(database, [1, 2])
        item = take(database, 1)
        assert rule(database, item, seen(database, 2), "skip").covered == 0
        assert in_force(database) == {}

    def test_a_ruling_that_is_not_taken_covers_nothing(self, database: Database) -> None:
        ask_alike(database, [1, 2])
        item = take(database, 1)
        ask_alike(database, [1], digest="b", cluster=False)
        with pytest.raises(LeaseLostError):
            rule(database, item, seen(database, 2))
        assert look(database, 2).state is ItemState.OPEN

    def test_submitting_again_writes_nothing(self, database: Database) -> None:
        ask_alike(database, [1, 2, 3])
        item = take(database, 1)
        others = seen(database, 2, 3)
        first = rule(database, item, others)
        again = rule(database, item, others)
        assert (again.ruled.repeated, again.ruled.ruling_id) == (True, first.ruled.ruling_id)
        assert again.covered == 2
        assert counts(database) == (3, 3, 3)

    def test_more_than_the_most_are_refused(self, database: Database) -> None:
        ask_alike(database, [1])
        item = take(database, 1)
        with pytest.raises(ReviewError, match="at most"):
            rule(database, item, [(f"{n:032x}", 1) for n in range(MOST_ALIKE + 1)])


class TestUndo:
    def test_undo_ends_all_that_the_ruling_covered(self, database: Database) -> None:
        ask_alike(database, [1, 2, 3])
        together = rule(database, take(database, 1), seen(database, 2, 3))
        with database.transaction() as session:
            assert undo(session, together.ruled.ruling_id, "mika") == look(database, 1).id
        assert in_force(database) == {}
        assert [look(database, n).version for n in (1, 2, 3)] == [2, 2, 2]
        with database.snapshot() as session:
            query = select(func.count(AuditRow.seq)).where(AuditRow.action == "undo")
            assert session.scalar(query) == 3

    def test_a_covered_ruling_can_be_undone_alone(self, database: Database) -> None:
        ask_alike(database, [1, 2, 3])
        together = rule(database, take(database, 1), seen(database, 2, 3))
        with database.transaction() as session:
            (stored,) = rulings_on(session, look(database, 2).id)
            undo(session, stored.id, "jun")
        assert sorted(in_force(database)) == [asset(1), asset(3)]
        with database.transaction() as session:
            assert count_covered(session, together.ruled.ruling_id) == 1
            undo(session, together.ruled.ruling_id, "mika")
        assert in_force(database) == {}
        assert look(database, 2).version == 2

    def test_what_was_ruled_anew_since_outlives_the_undo(self, database: Database) -> None:
        ask_alike(database, [1, 2])
        together = rule(database, take(database, 1), seen(database, 2))
        with database.transaction() as session:
            (stored,) = rulings_on(session, look(database, 2).id)
            undo(session, stored.id, "jun")
        rule(database, take(database, 2, "jun"), (), "approve", "jun")
        with database.transaction() as session:
            undo(session, together.ruled.ruling_id, "mika")
        assert in_force(database) == {asset(2): "approve"}

    def test_the_latest_ruling_is_the_one_that_covered_the_others(self, database: Database) -> None:
        ask_alike(database, list(range(1, 9)))
        together = rule(database, take(database, 5), seen(database, 1, 2, 3, 4, 6, 7, 8))
        with database.snapshot() as session:
            latest = latest_ruling(session, "mika")
        assert latest is not None
        assert latest.id == together.ruled.ruling_id

    def test_undoing_twice_is_refused_and_changes_nothing(self, database: Database) -> None:
        ask_alike(database, [1, 2])
        together = rule(database, take(database, 1), seen(database, 2))
        with database.transaction() as session:
            undo(session, together.ruled.ruling_id, "mika")
        with pytest.raises(ReviewError), database.transaction() as session:
            undo(session, together.ruled.ruling_id, "mika")
        assert look(database, 2).version == 2


class TestIndexes:
    def test_items_and_rulings_are_found_through_their_indexes(
        self, sqlite_database: Database
    ) -> None:
        ask_alike(sqlite_database, [1, 2])
        together = rule(sqlite_database, take(sqlite_database, 1), seen(sqlite_database, 2))
        ask_alike(sqlite_database, [1, 2], digest="b")
        plans: list[str] = []

        def explain(connection: Any, _: Any, query: str, given: Any, *__: Any) -> None:
            if query.startswith("SELECT") and ("cluster != ''" in query or "came_with" in query):
                rows = connection.connection.execute(f"EXPLAIN QUERY PLAN {query}", given)
                plans.append(" ".join(str(row) for row in rows))

        event.listen(sqlite_database.engine, "before_cursor_execute", explain)
        alike_of(sqlite_database, 1)
        with sqlite_database.snapshot() as session:
            count_covered(session, together.ruled.ruling_id)
        assert len(plans) >= 5
        assert [
            p for p in plans if "ix_review_cluster" not in p and "ix_ruling_came" not in p
        ] == []


class TestAsking:
    @pytest.mark.parametrize(
        ("aspect", "evidence"),
        [
            ("reasons", {"reasons": ["motif_resembles", "consent_conflict"]}),
            ("motifs", {"findings": [resembles("Other")]}),
            (
                "names",
                {
                    "findings": [
                        resembles(),
                        Finding("unknown_term", "x/1", 0.5, "It may be a name.", term="mimi"),
                    ]
                },
            ),
            (
                "consent",
                {
                    "statements": [
                        Statement(
                            "sidecar",
                            "2.json",
                            {Purpose.GENERATIVE_TRAINING: Preference.NOT_ALLOWED},
                        )
                    ]
                },
            ),
            (
                "frames",
                {"findings": [resembles(), Finding("image_animated", "x/1", 1.0, "2 frames.")]},
            ),
        ],
    )
    def test_what_asks_something_else_is_apart_and_says_in_what(
        self, database: Database, aspect: str, evidence: dict[str, Any]
    ) -> None:
        ask_alike(database, [1, 3])
        ask_alike(database, [2], cluster=False, **evidence)
        regroup(database, [1, 2, 3])
        alike = alike_of(database, 1)
        assert alike is not None
        assert [each.differs for each in alike.apart] == [(aspect,)]
        assert [each.asset_id for each in alike.free] == [asset(3)]
        assert not alike.same

    def test_scores_boxes_captions_and_file_names_are_no_part_of_what_is_asked(
        self, database: Database
    ) -> None:
        ask_alike(database, [1], captions=["a cat"], cluster=False)
        ask_alike(database, [2], captions=["a dog"], findings=[resembles(score=0.7)], cluster=False)
        regroup(database, [1, 2])
        alike = alike_of(database, 1)
        assert alike is not None
        assert alike.same
        assert not alike.free[0].same_captions

    def test_the_same_word_in_another_sentence_is_another_question(
        self, database: Database
    ) -> None:
        def named(caption: str) -> dict[str, Any]:
            found = Finding(
                "name_possible",
                "register/1",
                0.5,
                "It may be a name.",
                reference="n-1",
                label="Lily",
                caption=0,
                start=0,
                end=4,
                surface="lily",
            )
            return {"findings": [found], "captions": [caption], "reasons": ["name_possible"]}

        ask_alike(database, [1], cluster=False, **named("lily smiles"))
        ask_alike(database, [2], cluster=False, **named("lily in a vase"))
        ask_alike(database, [3], cluster=False, **named("lily smiles"))
        regroup(database, [1, 2, 3])
        alike = alike_of(database, 1)
        assert alike is not None
        assert [each.asset_id for each in alike.free] == [asset(3)]

    def test_items_of_one_cluster_are_given_out_one_after_another(self, database: Database) -> None:
        ask_alike(database, list(range(1, 13)), cluster=False)
        representatives = {asset(n): asset(n % 3 + 1) for n in range(1, 13)}
        with database.transaction() as session:
            for number in range(1, 13):
                session.execute(
                    update(ReviewItemRow)
                    .where(ReviewItemRow.asset_id == asset(number))
                    .values(cluster=representatives[asset(number)])
                )
        order = []
        for number in range(12):
            with database.transaction() as session:
                item = lease_next(session, f"reviewer {number}")
            assert item is not None
            order.append(item.cluster)
        assert order == sorted(order)

    def test_a_new_cluster_neither_reopens_an_item_nor_ends_a_lease(
        self, database: Database
    ) -> None:
        ask_alike(database, [1, 2], cluster=False)
        rule(database, take(database, 1), ())
        held = take(database, 2)
        regroup(database, [1, 2])
        assert look(database, 1).state is ItemState.DECIDED
        assert look(database, 2).lease_token == held.lease_token
        alike = alike_of(database, 2)
        assert alike is None


def test_two_reviewers_at_once_never_rule_twice_on_an_item(database: Database) -> None:
    numbers = list(range(1, 13))
    ask_alike(database, numbers)
    first, second = take(database, 1, "mika"), take(database, 2, "jun")
    everything = seen(database, *numbers)
    start = threading.Barrier(2)
    together: dict[str, RuledTogether] = {}

    def work(item: Item, reviewer: str, ruling: str) -> None:
        start.wait()
        together[reviewer] = rule(database, item, everything, ruling, reviewer)

    threads = [
        threading.Thread(target=work, args=(first, "mika", "exclude")),
        threading.Thread(target=work, args=(second, "jun", "approve")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    ruled = in_force(database)
    assert sum(each.covered for each in together.values()) == len(ruled) - 2
    assert (ruled[asset(1)], ruled[asset(2)]) == ("exclude", "approve")
    assert counts(database) == (len(ruled), len(ruled), len(ruled))


class Page:
    """A browser without JavaScript, in which somebody is signed in."""

    def __init__(self, app: Any, name: str = "mika") -> None:
        self.http = TestClient(app, base_url="http://127.0.0.1", follow_redirects=False)
        page = self.http.get("/sign-in").text
        self.http.post("/sign-in", data={"csrf": self._token(page), "name": name})

    @staticmethod
    def _token(page: str) -> str:
        match = re.search(r'name="csrf" value="(\w+)"', page)
        assert match
        return match[1]

    def open(self, path: str) -> str:
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return unescape(answer.text)

    def take(self, item_id: str) -> str:
        page = self.http.get(f"/items/{item_id}").text
        self.http.post(f"/items/{item_id}/lease", data={"csrf": self._token(page)})
        return self.open(f"/items/{item_id}")

    def submit(self, item_id: str, page: str, **changed: Any) -> Any:
        form = re.search(r'<form id="ruling".*?</form>', page, re.DOTALL)
        assert form
        hidden = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[0]))
        ticked = re.findall(r'name="also"[^>]* value="([^"]*)" checked', page)
        chosen = {"alike": "on"} if re.search(r'name="alike" value="on"[^>]* checked', page) else {}
        fields = {
            "ruling": "exclude",
            "exclude_reason": "derived_motif",
            "approve_reason": "other_motif",
            "also": ticked,
        }
        data = {**hidden, **fields, **chosen, **changed}
        return self.http.post(f"/items/{item_id}/ruling", data=data)


@pytest.fixture
def ids(sqlite_database: Database, tmp_path: Path) -> list[str]:
    return seed_cluster(sqlite_database, tmp_path / "workspace")


@pytest.fixture
def app(sqlite_database: Database, tmp_path: Path) -> Any:
    return create_app(Settings(workspace=tmp_path / "workspace"), sqlite_database)


@pytest.fixture
def mika(app: Any) -> Page:
    return Page(app)


def item_of(asset_id: str) -> str:
    return item_id_of(DATASET, asset_id)


class TestPage:
    def test_the_card_shows_the_others_and_what_is_left_out(
        self, mika: Page, ids: list[str]
    ) -> None:
        page = mika.take(item_of(ids[0]))
        assert "Near-identical pictures" in page
        assert page.count('name="also"') == 5
        assert "cat_06.png" in page
        assert "other names or terms" in page
        assert "cat_07.png" not in page

    def test_the_choice_is_not_made_beforehand_where_others_ask_something_else(
        self, mika: Page, ids: list[str], sqlite_database: Database
    ) -> None:
        page = mika.take(item_of(ids[0]))
        assert "others of the group ask something else" in page
        mika.submit(item_of(ids[0]), page)
        assert list(in_force(sqlite_database, DATASET)) == [ids[0]]

    def test_where_all_ask_the_same_one_submit_rules_on_all_that_are_ticked(
        self, mika: Page, ids: list[str], sqlite_database: Database
    ) -> None:
        other = mika.take(item_of(ids[6]))
        mika.submit(item_of(ids[6]), other)
        page = mika.take(item_of(ids[0]))
        ticked = re.findall(r'name="also"[^>]* value="([^"]*)" checked', page)
        answer = mika.submit(item_of(ids[0]), page, also=ticked[1:])
        assert len(in_force(sqlite_database, DATASET)) == 6
        assert "and 4 alike" in mika.open(answer.headers["location"])

    def test_what_changed_meanwhile_is_left_out_and_said(
        self, app: Any, mika: Page, ids: list[str], sqlite_database: Database
    ) -> None:
        page = mika.take(item_of(ids[0]))
        Page(app, "jun").take(item_of(ids[1]))
        answer = mika.submit(item_of(ids[0]), page, alike="on")
        assert "left=1" in answer.headers["location"]
        assert "1 of the group was left out" in mika.open(answer.headers["location"])
        assert ids[1] not in in_force(sqlite_database, DATASET)

    def test_the_page_says_who_holds_one_and_does_not_offer_it(
        self, app: Any, mika: Page, ids: list[str]
    ) -> None:
        Page(app, "jun").take(item_of(ids[1]))
        page = mika.take(item_of(ids[0]))
        assert "with jun" in page
        assert item_of(ids[1]) + ":1" not in page

    def test_undo_brings_all_of_them_back(
        self, mika: Page, ids: list[str], sqlite_database: Database
    ) -> None:
        page = mika.take(item_of(ids[0]))
        location = mika.submit(item_of(ids[0]), page, alike="on").headers["location"]
        text = mika.http.get(location).text
        undo_form = re.search(r'id="undo".*?action="([^"]+)"', text, re.DOTALL)
        assert undo_form
        token = mika._token(text)
        answer = mika.http.post(undo_form[1], data={"csrf": token})
        assert answer.headers["location"] == f"/items/{item_of(ids[0])}"
        assert in_force(sqlite_database, DATASET) == {}

    def test_a_form_that_was_not_taken_keeps_what_was_ticked(
        self, mika: Page, ids: list[str]
    ) -> None:
        page = mika.take(item_of(ids[0]))
        ticked = re.findall(r'name="also"[^>]* value="([^"]*)" checked', page)
        answer = mika.submit(
            item_of(ids[0]),
            page,
            alike="on",
            also=ticked[:2],
            exclude_reason="excluded_otherwise",
        )
        assert answer.status_code == 422
        again = re.findall(r'name="also"[^>]* value="([^"]*)" checked', answer.text)
        assert again == ticked[:2]
        assert re.search(r'name="alike" value="on"[^>]* checked', answer.text)

    @pytest.mark.parametrize("also", ["", "x", "0" * 32, "0" * 32 + ":0", "0" * 32 + ":1 OR 1=1"])
    def test_an_odd_form_is_refused(
        self, mika: Page, ids: list[str], also: str, sqlite_database: Database
    ) -> None:
        page = mika.take(item_of(ids[0]))
        answer = mika.submit(item_of(ids[0]), page, alike="on", also=[also, also])
        assert answer.status_code == 422
        assert in_force(sqlite_database, DATASET) == {}

    def test_too_many_in_a_form_are_refused(self, mika: Page, ids: list[str]) -> None:
        page = mika.take(item_of(ids[0]))
        many = [f"{number:032x}:1" for number in range(MOST_ALIKE + 1)]
        assert mika.submit(item_of(ids[0]), page, alike="on", also=many).status_code == 422

    def test_a_covered_item_says_what_it_was_ruled_with(self, mika: Page, ids: list[str]) -> None:
        page = mika.take(item_of(ids[0]))
        mika.submit(item_of(ids[0]), page, alike="on")
        covered = mika.open(f"/items/{item_of(ids[2])}")
        assert f'href="/items/{item_of(ids[0])}">ruled together' in covered

    def test_an_item_that_is_alone_has_no_card(self, mika: Page, ids: list[str]) -> None:
        page = mika.take(item_of(ids[7]))
        assert "Near-identical pictures" not in page
        assert 'id="alike"' not in page


@pytest.mark.browser
class TestBrowser:
    def begin(self, page: Any, address: str, asset_id: str) -> None:
        page.goto(address)
        page.fill("#name", "mika")
        page.click("main button")
        page.wait_for_selector(".datasets")
        page.goto(f"{address}/items/{item_of(asset_id)}")
        page.click(".standing button.primary")
        page.wait_for_selector("#ruling")
        page.wait_for_load_state()

    def test_c_turns_the_choice_and_x_rules_on_all(
        self, app: Any, ids: list[str], sqlite_database: Database
    ) -> None:
        with launched_browser() as browser, served(app) as address:
            page = browser.new_page()
            complaints: list[str] = []
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on(
                "console",
                lambda said: complaints.append(said.text) if said.type == "error" else None,
            )
            self.begin(page, address, ids[0])
            assert not page.is_checked("#alike")
            page.keyboard.press("c")
            assert page.is_checked("#alike")
            assert "all 6 alike" in page.inner_text(".together")
            page.locator('input[name="also"]').first.uncheck()
            assert "all 5 alike" in page.inner_text(".together")
            before = page.url
            page.keyboard.press("x")
            page.wait_for_function("before => location.href !== before", arg=before)
            page.wait_for_load_state()
            assert len(in_force(sqlite_database, DATASET)) == 5
            before = page.url
            page.keyboard.press("u")
            page.wait_for_function("before => location.href !== before", arg=before)
            page.wait_for_selector("#ruling")
            assert in_force(sqlite_database, DATASET) == {}
            assert complaints == []

    def test_on_a_phone_the_choice_is_in_sight_and_nothing_is_cut_off(
        self, app: Any, ids: list[str]
    ) -> None:
        with launched_browser() as browser, served(app) as address:
            context = browser.new_context(viewport={"width": 360, "height": 740}, has_touch=True)
            page = context.new_page()
            self.begin(page, address, ids[0])
            assert page.evaluate("document.documentElement.scrollWidth") <= 360
            choice = page.locator(".together label").bounding_box()
            button = page.locator("button.approve").bounding_box()
            assert choice["y"] + choice["height"] <= button["y"]
            assert choice["height"] >= 44
            context.close()
