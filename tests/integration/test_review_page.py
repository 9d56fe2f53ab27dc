"""The review page over HTTP: what a reviewer, a stale tab, and a hostile dataset get."""

from __future__ import annotations

import contextlib
import hashlib
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from models.errors import SettingsError
from models.findings import Finding
from models.review.audit import AuditEntry, read_latest, verify_audit
from models.review.queue import (
    EffectiveRuling,
    Item,
    ItemState,
    effective_rulings,
    find_item,
    item_id_of,
    lease_item,
)
from models.settings import Settings
from models.store.database import Database
from models.takedowns import acknowledge_takedown
from review_ui.app import create_app
from review_ui.security import MAX_BODY
from tests.review_seed import DATASET, draw_mascot, make_evidence, put, seed, store_picture

ORIGIN = "http://127.0.0.1"
ROOT = Path(__file__).resolve().parents[2]


class Reviewer:
    """A browser without JavaScript, in which somebody is signed in."""

    def __init__(self, app: Any, name: str, language: str = "en") -> None:
        self.http = TestClient(
            app, base_url=ORIGIN, headers={"Accept-Language": language}, follow_redirects=False
        )
        self.http.get("/sign-in")
        self.send("/sign-in", "/sign-in", name=name)

    def open(self, path: str) -> str:
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def token(self, page: str) -> str:
        match = re.search(r'name="csrf" value="(\w+)"', self.http.get(page).text)
        assert match
        return match[1]

    def send(self, action: str, from_page: str = "/help", **fields: str) -> Any:
        return self.http.post(action, data={"csrf": self.token(from_page), **fields})

    def take_next(self) -> tuple[str, dict[str, str]]:
        """The path of the next item, and the hidden fields of its form."""
        path = self.send("/next").headers["location"]
        return path, self.form(path)

    def form(self, path: str) -> dict[str, str]:
        form = re.search(r'<form id="ruling".*?</form>', self.open(path), re.DOTALL)
        assert form
        return dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form[0]))

    def rule(self, path: str, form: dict[str, str], ruling: str = "approve", **fields: str) -> Any:
        reasons = {"approve_reason": "other_motif", "exclude_reason": "derived_motif"}
        return self.http.post(
            f"{path.split('?')[0]}/ruling", data={**form, **reasons, "ruling": ruling, **fields}
        )


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def app(workspace: Path, sqlite_database: Database) -> Any:
    return create_app(Settings(workspace=workspace), sqlite_database)


@pytest.fixture
def mika(app: Any) -> Iterator[Reviewer]:
    reviewer = Reviewer(app, "mika")
    yield reviewer
    reviewer.http.close()


@pytest.fixture
def asset_ids(sqlite_database: Database, workspace: Path) -> list[str]:
    return seed(sqlite_database, workspace, 4)


def rulings(database: Database) -> dict[str, EffectiveRuling]:
    with database.snapshot() as session:
        return effective_rulings(session, DATASET)


def latest_of(database: Database, most: int) -> tuple[AuditEntry, ...]:
    with database.snapshot() as session:
        return read_latest(session, most)


def look(database: Database, asset_id: str) -> Item:
    with database.snapshot() as session:
        item = find_item(session, item_id_of(DATASET, asset_id))
    assert item is not None
    return item


@pytest.mark.parametrize(
    ("language", "words"), [("en", "was taken down on"), ("ja", "取り下げられました")]
)
def test_a_takedown_ends_the_lease_and_the_page_says_what_to_do(
    app: Any, asset_ids: list[str], sqlite_database: Database, language: str, words: str
) -> None:
    mika = Reviewer(app, "mika", language)
    path, form = mika.take_next()
    assert words not in mika.open(path)
    taken = next(a for a in asset_ids if path.split("?")[0].endswith(item_id_of(DATASET, a)))
    with sqlite_database.transaction() as session:
        acknowledge_takedown(session, taken, "Studio", "letter")
    refused = mika.rule(path, form)
    assert (refused.status_code, words in refused.text) == (409, True)
    assert 'id="ruling"' not in mika.open(path)
    assert mika.take_next()[0] != path
    assert rulings(sqlite_database) == {}
    newest = [(e.action, e.subject) for e in latest_of(sqlite_database, 2)]
    assert newest == [("close_item", item_id_of(DATASET, taken)), ("takedown", taken)]
    mika.http.close()


class TestSignIn:
    @pytest.mark.parametrize("path", ["/", "/audit", "/help", f"/items/{'0' * 32}"])
    def test_whoever_is_not_signed_in_is_asked_to(self, app: Any, path: str) -> None:
        answer = TestClient(app, base_url=ORIGIN, follow_redirects=False).get(path)
        assert (answer.status_code, answer.headers["location"][:14]) == (303, "/sign-in?next=")

    def test_signing_in_leads_back_to_where_one_was_going(self, app: Any) -> None:
        http = TestClient(app, base_url=ORIGIN, follow_redirects=True)
        page = http.get("/audit").text
        fields = dict(
            re.findall(r'name="(\w+)" value="([^"]*)"', page.split('action="/sign-in"')[1])
        )
        assert "<h1>Audit chain</h1>" in http.post("/sign-in", data={**fields, "name": "mika"}).text

    def test_signing_in_draws_a_new_session(self, app: Any) -> None:
        http = TestClient(app, base_url=ORIGIN, follow_redirects=False)
        token = re.search(r'name="csrf" value="(\w+)"', http.get("/sign-in").text)
        assert token
        http.post("/sign-in", data={"csrf": token[1], "name": "mika"})
        assert http.post("/next", data={"csrf": token[1]}).status_code == 403

    def test_the_cookie_is_kept_from_scripts_and_other_sites(self, app: Any) -> None:
        cookie = TestClient(app, base_url=ORIGIN).get("/sign-in").headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie

    def test_a_name_that_cannot_be_one_is_refused_in_words(self, app: Any) -> None:
        http = TestClient(app, base_url=ORIGIN)
        token = re.search(r'name="csrf" value="(\w+)"', http.get("/sign-in").text)
        assert token
        answer = http.post("/sign-in", data={"csrf": token[1], "name": "\u202e"})
        assert answer.status_code == 422
        assert "Give a name" in answer.text

    def test_signing_out_ends_it(self, mika: Reviewer) -> None:
        mika.send("/sign-out")
        assert mika.http.get("/").status_code == 303

    def test_a_session_survives_a_restart(
        self, mika: Reviewer, workspace: Path, sqlite_database: Database
    ) -> None:
        again = create_app(Settings(workspace=workspace), sqlite_database)
        http = TestClient(again, base_url=ORIGIN, cookies=dict(mika.http.cookies))
        assert http.get("/", follow_redirects=False).status_code == 200


class TestRuling:
    def test_an_approval_is_stored_and_leads_to_the_next_item(
        self, mika: Reviewer, sqlite_database: Database, asset_ids: list[str]
    ) -> None:
        path, form = mika.take_next()
        answer = mika.rule(path, form, note="another ribbon")
        assert answer.status_code == 303
        assert answer.headers["location"].split("?")[0] != path.split("?")[0]
        stored = rulings(sqlite_database)[asset_ids[0]]
        assert (stored.ruling, stored.reason_code, stored.reviewer) == (
            "approve",
            "other_motif",
            "mika",
        )
        assert 'id="ruling"' in mika.open(answer.headers["location"])

    def test_an_exclusion_takes_the_reason_to_exclude(
        self, mika: Reviewer, sqlite_database: Database, asset_ids: list[str]
    ) -> None:
        mika.rule(*mika.take_next(), "exclude")
        assert rulings(sqlite_database)[asset_ids[0]].reason_code == "derived_motif"

    def test_skip_stores_nothing_and_goes_on(
        self, mika: Reviewer, sqlite_database: Database, asset_ids: list[str]
    ) -> None:
        path, form = mika.take_next()
        answer = mika.rule(path, form, "skip")
        assert answer.headers["location"].split("?")[0] != path.split("?")[0]
        assert rulings(sqlite_database) == {}

    @pytest.mark.usefixtures("asset_ids")
    def test_a_note_that_was_begun_is_there_when_the_item_is_taken_again(
        self, app: Any, mika: Reviewer
    ) -> None:
        jun = Reviewer(app, "jun")
        path, form = mika.take_next()
        item = path.split("?")[0]
        words = {**form, "note": "a zebra <differs>"}
        assert mika.send(f"{item}/heartbeat", **words).status_code == 204
        assert "a zebra &lt;differs&gt;" in mika.open(item)
        mika.send(f"{item}/give-back", **{**words, "note": "another zebra"})
        jun.send(f"{item}/lease")
        assert "zebra" not in jun.open(item)
        lost = mika.send(f"{item}/ruling", **words, ruling="exclude", exclude_reason="copied_motif")
        assert lost.status_code == 409
        assert "a zebra &lt;differs&gt;" in lost.text

    def test_skipping_the_only_item_left_says_so(
        self, mika: Reviewer, sqlite_database: Database
    ) -> None:
        put(sqlite_database, make_evidence("a" * 64, "only.png"))
        answer = mika.rule(*mika.take_next(), "skip")
        assert "only items that you skipped are left" in mika.open(answer.headers["location"])

    def test_the_last_ruling_leads_to_a_page_that_says_what_to_do_next(
        self, mika: Reviewer, sqlite_database: Database
    ) -> None:
        put(sqlite_database, make_evidence("a" * 64, "only.png"))
        answer = mika.rule(*mika.take_next())
        page = mika.open(answer.headers["location"])
        assert "Everything is decided." in page
        assert "kiyome cleanse" in page

    def test_a_reload_of_the_answer_changes_nothing(
        self, mika: Reviewer, sqlite_database: Database, asset_ids: list[str]
    ) -> None:
        path, form = mika.take_next()
        first, second = mika.rule(path, form), mika.rule(path, form)
        assert first.headers["location"] == second.headers["location"]
        assert len(rulings(sqlite_database)) == 1

    def test_a_ruling_on_what_another_decided_shows_their_decision(
        self, app: Any, mika: Reviewer, sqlite_database: Database, asset_ids: list[str]
    ) -> None:
        path, form = mika.take_next()
        with sqlite_database.transaction() as session:
            session.execute(text("UPDATE review_items SET lease_until_ms = 1"))
        jun = Reviewer(app, "jun")
        jun.rule(*jun.take_next(), "exclude", note="the ribbon is hers")
        answer = mika.rule(path, form)
        assert answer.status_code == 409
        for words in ("Someone already ruled", "excluded", "jun", "the ribbon is hers"):
            assert words in answer.text
        assert rulings(sqlite_database)[asset_ids[0]].reviewer == "jun"

    def test_a_lost_lease_writes_nothing_and_shows_how_things_stand(
        self, mika: Reviewer, sqlite_database: Database, asset_ids: list[str]
    ) -> None:
        path, form = mika.take_next()
        with sqlite_database.transaction() as session:
            session.execute(text("UPDATE review_items SET lease_until_ms = 1"))
            lease_item(session, path.split("/")[-1].split("?")[0], "jun")
        answer = mika.rule(path, form)
        assert answer.status_code == 409
        assert "Nothing was written" in answer.text
        assert "jun is working on this item" in answer.text
        assert rulings(sqlite_database) == {}

    def test_a_doubt_about_consent_is_not_settled_by_another_reason(
        self, mika: Reviewer, sqlite_database: Database, asset_ids: list[str]
    ) -> None:
        path, form = mika.take_next()
        with sqlite_database.transaction() as session:
            session.execute(text("UPDATE review_items SET reasons = 'consent_malformed'"))
        answer = mika.rule(path, form, approve_reason="other_motif")
        assert answer.status_code == 422
        assert "Consent is in doubt here too" in answer.text
        assert rulings(sqlite_database) == {}
        assert mika.rule(path, form, approve_reason="consent_confirmed").status_code == 303

    @pytest.mark.parametrize(
        ("fields", "words"),
        [
            ({"approve_reason": "approved_otherwise"}, "needs a note"),
            ({"approve_reason": "derived_motif"}, "Choose a reason"),
            ({"note": "x" * 2001}, "too long"),
        ],
    )
    def test_a_form_that_cannot_be_taken_comes_back_filled_in(
        self,
        mika: Reviewer,
        sqlite_database: Database,
        asset_ids: list[str],
        fields: dict[str, str],
        words: str,
    ) -> None:
        path, form = mika.take_next()
        answer = mika.rule(path, form, **{"note": "  ", **fields})
        assert answer.status_code == 422
        assert words in answer.text
        assert f">{fields.get('note', '  ')}</textarea>" in answer.text
        assert rulings(sqlite_database) == {}
        assert mika.rule(path, form).status_code == 303

    @pytest.mark.parametrize("broken", [{"item_version": "one"}, {"ruling": "burn"}])
    def test_a_broken_form_is_refused_in_words(
        self, mika: Reviewer, asset_ids: list[str], broken: dict[str, str]
    ) -> None:
        path, form = mika.take_next()
        answer = mika.rule(path, {**form, **broken}, **broken)
        assert (answer.status_code, "not filled in" in answer.text) == (422, True)

    def test_undo_reopens_the_item_and_hands_it_to_who_undid(
        self, mika: Reviewer, sqlite_database: Database, asset_ids: list[str]
    ) -> None:
        path, form = mika.take_next()
        following = mika.rule(path, form).headers["location"]
        undo = re.search(r'action="(/rulings/\w+/undo)"', mika.open(following))
        assert undo
        answer = mika.send(undo[1])
        assert answer.headers["location"] == path.split("?")[0]
        assert rulings(sqlite_database) == {}
        mika.rule(path, mika.form(path), "exclude")
        assert rulings(sqlite_database)[asset_ids[0]].ruling == "exclude"
        assert mika.send(undo[1]).status_code == 409

    def test_giving_back_frees_the_item(
        self, mika: Reviewer, sqlite_database: Database, asset_ids: list[str]
    ) -> None:
        path, form = mika.take_next()
        mika.send(f"{path.split('?')[0]}/give-back", lease_token=form["lease_token"])
        assert look(sqlite_database, asset_ids[0]).state is ItemState.OPEN

    def test_a_heartbeat_keeps_the_item_and_says_when_it_is_gone(
        self, mika: Reviewer, sqlite_database: Database, asset_ids: list[str]
    ) -> None:
        path, form = mika.take_next()
        beat = f"{path.split('?')[0]}/heartbeat"
        assert mika.send(beat, lease_token=form["lease_token"]).status_code == 204
        assert mika.send(beat, lease_token="another").status_code == 409

    def test_a_page_that_is_only_opened_takes_no_item(
        self, mika: Reviewer, sqlite_database: Database, asset_ids: list[str]
    ) -> None:
        item_id = item_id_of(DATASET, asset_ids[0])
        assert 'id="ruling"' not in mika.open(f"/items/{item_id}")
        assert look(sqlite_database, asset_ids[0]).state is ItemState.OPEN
        mika.send(f"/items/{item_id}/lease")
        assert 'id="ruling"' in mika.open(f"/items/{item_id}")

    def test_the_token_of_a_lease_is_shown_to_its_holder_only(
        self, app: Any, mika: Reviewer, asset_ids: list[str]
    ) -> None:
        path, form = mika.take_next()
        page = Reviewer(app, "jun").open(path)
        assert form["lease_token"] not in page
        assert "mika is working on this item" in page

    def test_every_ruling_is_in_the_audit_chain(
        self, mika: Reviewer, sqlite_database: Database, asset_ids: list[str]
    ) -> None:
        mika.rule(*mika.take_next())
        assert "The chain is whole." in mika.open("/audit")
        with sqlite_database.transaction() as session:
            session.execute(text("UPDATE rulings SET ruling = 'exclude'"))
            assert not verify_audit(session).ok
        assert "The chain is broken." in mika.open("/audit")


class TestPages:
    def test_the_item_shows_pictures_marks_statements_and_reasons(
        self, mika: Reviewer, asset_ids: list[str]
    ) -> None:
        page = mika.open(f"/items/{item_id_of(DATASET, asset_ids[0])}")
        for part in (
            f'src="/pictures/{asset_ids[0]}/768"',
            '<rect class="over" x="0.13" y="0.16"',
            '<mark class="name_protected">kokoneko_mimi</mark>',
            "Studio Tsukimachi",
            "L1 unaltered",
            "not allowed",
            "The picture resembles a registered motif.",
            "A reviewer compares the two pictures.",
            "copies/ねこ.png",
        ):
            assert part in page, part

    def test_a_missing_picture_is_a_placeholder_with_its_reason(
        self, mika: Reviewer, asset_ids: list[str]
    ) -> None:
        page = mika.open(f"/items/{item_id_of(DATASET, asset_ids[1])}")
        assert "There is no picture to show." in page
        assert "The file is damaged or cut short." in page
        assert "image file is truncated" in page

    def test_evidence_of_an_unknown_shape_still_makes_a_page(
        self, mika: Reviewer, sqlite_database: Database
    ) -> None:
        odd: dict[str, Any] = {
            "asset": {"id": "b" * 64, "name": 5, "names": None, "width": "wide"},
            "captions": [{"text": None}, 7],
            "findings": [{"kind": "seen_by_aliens", "score": float("nan"), "box": ["x"]}],
            "statements": [{"preferences": ["x"], "issued_at": "yesterday"}, None],
            "reasons": ["brand_new"],
            "explanation": None,
            "references": [{"id": "../../x"}],
        }
        put(sqlite_database, odd)
        page = mika.open(f"/items/{item_id_of(DATASET, 'b' * 64)}")
        assert "seen_by_aliens" in page
        assert "brand_new" in page

    def test_the_queue_counts_and_filters(self, mika: Reviewer, asset_ids: list[str]) -> None:
        mika.rule(*mika.take_next())
        assert "3 waiting" in mika.open("/")
        decided = mika.open(f"/?dataset={DATASET}&show=decided")
        assert decided.count('class="row"') == 1
        assert "approved by mika" in decided
        assert "Nothing matches." in mika.open("/?dataset=none&show=all")

    def test_an_empty_queue_says_what_to_do(self, mika: Reviewer) -> None:
        page = mika.open("/")
        assert "Nothing has been put to review yet." in page
        assert "kiyome cleanse" in page

    def test_a_queue_held_by_others_says_so(
        self, app: Any, mika: Reviewer, sqlite_database: Database
    ) -> None:
        put(sqlite_database, make_evidence("a" * 64, "only.png"))
        Reviewer(app, "jun").take_next()
        answer = mika.send("/next")
        assert "other reviewers hold what still waits" in mika.open(answer.headers["location"])

    @pytest.mark.parametrize("path", ["/", "/audit", "/help", "/sign-in", "ITEM", "/nowhere"])
    def test_every_page_is_in_japanese_for_who_reads_it(
        self, app: Any, asset_ids: list[str], path: str
    ) -> None:
        rei = Reviewer(app, "rei", "ja-JP")
        answer = rei.http.get(
            f"/items/{item_id_of(DATASET, asset_ids[0])}" if path == "ITEM" else path
        )
        assert '<html lang="ja">' in answer.text
        assert answer.headers["content-language"] == "ja"
        assert re.search("[ぁ-ん]", answer.text.split("<main")[1])

    def test_the_language_can_be_chosen(self, mika: Reviewer) -> None:
        answer = mika.send("/language", language="ja", back="/help")
        assert answer.headers["location"] == "/help"
        assert "<h1>審査の手引き</h1>" in mika.open("/help")

    def test_notes_are_read_in_japanese_and_what_stays_in_english_says_so(
        self, app: Any, sqlite_database: Database
    ) -> None:
        evidence = make_evidence("c" * 64, "a.png")
        evidence["statements"] = [
            {
                "carrier": "rsl",
                "source": "https://a.example/terms.xml (Link header of the image)",
                "notes": ["the licence asks for: payment (purchase), a key", "odd words"],
            }
        ]
        put(sqlite_database, evidence)
        path = f"/items/{item_id_of(DATASET, 'c' * 64)}"
        with Reviewer(app, "aiko", "ja").http as http:
            page = unescape(http.get(path).text)
        assert '<span class="says">ライセンスの条件：支払い（purchase）、復号鍵</span>' in page
        assert '<span class="says" lang="en">odd words</span>' in page
        assert "<bdi>https://a.example/terms.xml（画像の Link ヘッダー）</bdi>" in page

    def test_findings_are_explained_in_japanese_and_what_stays_in_english_says_so(
        self, app: Any, sqlite_database: Database
    ) -> None:
        findings = [
            Finding(kind="unknown_term", detector="d/1", score=0.5, explanation=explanation)
            for explanation in ("'umbreon <b>' is in no dictionary.", "It is odd.")
        ]
        put(sqlite_database, make_evidence("c" * 64, "a.png", findings=findings))
        path = f"/items/{item_id_of(DATASET, 'c' * 64)}"
        with Reviewer(app, "aiko", "ja").http as http:
            page = http.get(path).text
        assert "<p>「umbreon &lt;b&gt;」は辞書にない語です。</p>" in page
        assert '<p lang="en">It is odd.</p>' in page
        with Reviewer(app, "mika").http as http:
            page = http.get(path).text
        assert "<p>&#39;umbreon &lt;b&gt;&#39; is in no dictionary.</p>" in page

    def test_a_page_that_is_not_there_says_so(self, mika: Reviewer) -> None:
        pictures = f"/pictures/{'0' * 64}"
        for path in (
            "/nowhere",
            f"/items/{'0' * 32}",
            "/items/x",
            f"{pictures}/768",
            f"{pictures}/x",
            f"{pictures}/+768",
        ):
            answer = mika.http.get(path)
            assert (answer.status_code, "There is no such page" in answer.text) == (404, True)

    def test_a_database_that_is_gone_is_said_in_words(
        self, mika: Reviewer, sqlite_database: Database
    ) -> None:
        with sqlite_database.transaction() as session:
            session.execute(text("DROP TABLE review_items"))
        answer = mika.http.get("/")
        assert (answer.status_code, "The database cannot be used" in answer.text) == (503, True)

    def test_a_failure_of_the_page_itself_is_said_in_words_and_guarded(
        self, app: Any, mika: Reviewer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def fail(*_: object, **__: object) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr("review_ui.routes.queue.list_viewed", fail)
        cookies = dict(mika.http.cookies)
        http = TestClient(app, base_url=ORIGIN, cookies=cookies, raise_server_exceptions=False)
        answer = http.get("/")
        assert (answer.status_code, "Something went wrong" in answer.text) == (500, True)
        assert "ZeroDivisionError" not in answer.text
        assert "default-src 'none'" in answer.headers["content-security-policy"]


class TestServer:
    def test_the_server_makes_its_tables_and_answers(self, tmp_path: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        code = (
            "from pathlib import Path; from models.settings import Settings\n"
            "from review_ui.app import serve\n"
            f"serve(Settings(workspace=Path({str(tmp_path)!r}), review_port={port}))"
        )
        server = subprocess.Popen([sys.executable, "-c", code], cwd=ROOT)
        try:
            for _ in range(300):
                with contextlib.suppress(httpx.TransportError):
                    answer = httpx.get(f"http://127.0.0.1:{port}/sign-in")
                    break
                time.sleep(0.1)
            assert answer.status_code == 200
            assert "server" not in answer.headers
            assert (tmp_path / "kiyome.db").exists()
        finally:
            server.send_signal(signal.SIGINT)
        assert server.wait(timeout=20) is not None


class TestDefence:
    HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)>{{ 7*7 }}\ud800"

    def test_hostile_text_stays_text(
        self, mika: Reviewer, sqlite_database: Database, workspace: Path
    ) -> None:
        reference = store_picture(workspace, draw_mascot((64, 64), "#fff", "#f00"))
        evidence = make_evidence(
            "c" * 64,
            self.HOSTILE,
            captions=[self.HOSTILE],
            names=[self.HOSTILE],
            reasons=[self.HOSTILE],
            references=[
                {"id": reference, "label": self.HOSTILE, "category": self.HOSTILE, "owner": "x"}
            ],
        )
        evidence["findings"] = [
            {
                "kind": self.HOSTILE,
                "label": self.HOSTILE,
                "explanation": self.HOSTILE,
                "detector": self.HOSTILE,
                "reference": reference,
                "caption": 0,
                "start": 0,
                "end": 8,
            }
        ]
        evidence["statements"] = [
            {
                "carrier": self.HOSTILE,
                "source": self.HOSTILE,
                "preferences": {self.HOSTILE: self.HOSTILE},
                "levels": self.HOSTILE,
                "setter": self.HOSTILE,
                "license_ref": "javascript:alert(1)",
                "notes": [self.HOSTILE],
            }
        ]
        evidence["explanation"] = {"en": self.HOSTILE, "ja": self.HOSTILE}
        put(sqlite_database, evidence)
        path, form = mika.take_next()
        mika.rule(path, form, note=self.HOSTILE.rstrip("\ud800"))
        for page in (mika.open(path), mika.open("/"), mika.open("/?show=all"), mika.open("/audit")):
            assert "<script>" not in page
            assert "<img src=x" not in page
            assert "49" not in re.sub(r"[0-9a-f]{12,}|\d{4}-\d\d-\d\d \d\d:\d\d", "", page)
            assert 'href="javascript' not in page
        assert "<script>alert(1)</script>" in unescape(mika.open(path))

    @pytest.mark.parametrize("token", ["", "0" * 64])
    def test_a_form_without_the_sessions_token_changes_nothing(
        self, mika: Reviewer, sqlite_database: Database, asset_ids: list[str], token: str
    ) -> None:
        path, form = mika.take_next()
        answer = mika.rule(path, {**form, "csrf": token})
        assert (answer.status_code, "does not belong" in answer.text) == (403, True)
        for action in ("/next", "/sign-out", "/language", f"/rulings/{'0' * 32}/undo"):
            assert mika.http.post(action, data={"csrf": token, "language": "ja"}).status_code == 403
        assert rulings(sqlite_database) == {}

    def test_no_ruling_is_taken_by_get(self, mika: Reviewer, asset_ids: list[str]) -> None:
        path, _ = mika.take_next()
        assert mika.http.get(f"{path.split('?')[0]}/ruling").status_code == 405

    @pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "", "[::1].x"])
    def test_another_host_name_is_refused(self, app: Any, host: str) -> None:
        answer = TestClient(app, base_url=ORIGIN).get("/sign-in", headers={"Host": host})
        assert answer.status_code == 400
        assert "127.0.0.1" in answer.text

    @pytest.mark.parametrize("host", ["127.0.0.1:8620", "localhost", "[::1]:8620"])
    def test_the_loopbacks_names_are_served(self, app: Any, host: str) -> None:
        answer = TestClient(app, base_url=ORIGIN).get("/sign-in", headers={"Host": host})
        assert answer.status_code == 200

    @pytest.mark.parametrize("path", ["/sign-in", "/", "/nowhere", "/static/review.js"])
    def test_every_answer_carries_the_headers(self, app: Any, path: str) -> None:
        headers = TestClient(app, base_url=ORIGIN, follow_redirects=False).get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] in ("no-store", "no-cache")

    def test_no_page_needs_inline_script_or_style(self) -> None:
        folder = ROOT / "review_ui" / "templates"
        templates = "\n".join(path.read_text("utf-8") for path in folder.iterdir())
        assert not re.search(r"<style|\sstyle=|\son\w+=|\|\s*safe|autoescape", templates)
        scripts = re.findall(r"<script[^>]*>", templates)
        assert len(scripts) == templates.count("<script")
        ours = ROOT / "review_ui" / "static"
        known = {f'<script type="module" src="/static/{p.name}">' for p in ours.glob("*.js")}
        assert set(scripts) <= known

    def test_a_browser_keeps_our_own_files_until_one_of_them_changes(self, app: Any) -> None:
        client = TestClient(app, base_url=ORIGIN)
        links = re.findall(r'"(/static/[^"]+)"', client.get("/sign-in").text)
        assert links
        for link in links:
            answer = client.get(link)
            assert answer.status_code == 200
            assert "immutable" in answer.headers["cache-control"]
            name = link.split("/", 3)[3]
            for other in (f"/static/{name}", f"/static/{'0' * 16}/{name}"):
                asked = client.get(other)
                assert (asked.headers["cache-control"], asked.text) == ("no-cache", answer.text)

    @pytest.mark.parametrize(
        "path",
        [
            "/pictures/..%2f..%2freview-session.secret/768",
            "/pictures/../review-session.secret",
            "/static/../security.py",
            "/static/%2e%2e/security.py",
            f"/pictures/{'0' * 62}..%2f/768",
            f"/pictures/{'A' * 64}/768",
            f"/pictures/{'0' * 64}%0a/768",
            f"/pictures/{'0' * 64}/4096",
        ],
    )
    def test_nothing_but_copies_of_pictures_is_served(self, mika: Reviewer, path: str) -> None:
        assert mika.http.get(path).status_code in (404, 422)

    def test_a_picture_is_shown_to_reviewers_only(
        self, app: Any, mika: Reviewer, asset_ids: list[str]
    ) -> None:
        path = f"/pictures/{asset_ids[0]}/256"
        answer = mika.http.get(path)
        assert answer.headers["content-type"] == "image/webp"
        assert answer.headers["cache-control"].startswith("private")
        stranger = TestClient(app, base_url=ORIGIN, follow_redirects=False)
        assert stranger.get(path).status_code == 303

    def test_an_original_beside_the_copies_is_not_served(
        self, mika: Reviewer, workspace: Path
    ) -> None:
        data = b"<svg xmlns='http://www.w3.org/2000/svg'/>"
        asset_id = hashlib.sha256(data).hexdigest()
        folder = workspace / "derivatives" / asset_id[:2]
        folder.mkdir(parents=True)
        (folder / asset_id).write_bytes(data)
        assert mika.http.get(f"/pictures/{asset_id}/768").status_code == 404

    def test_a_body_that_no_form_has_is_refused(self, app: Any) -> None:
        http = TestClient(app, base_url=ORIGIN)
        assert http.post("/sign-in", content=b"x" * (MAX_BODY + 1)).status_code == 413
        assert http.post("/sign-in", content=iter([b"x"])).status_code == 411

    def test_the_page_does_not_start_where_others_reach_it(
        self, workspace: Path, sqlite_database: Database
    ) -> None:
        with pytest.raises(SettingsError, match="other machines can reach it"):
            create_app(Settings(workspace=workspace, review_host="0.0.0.0"), sqlite_database)
