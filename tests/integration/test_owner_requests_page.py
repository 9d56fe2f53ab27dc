"""Owners' requests over HTTP, without JavaScript: asked, tracked and settled."""

from __future__ import annotations

import json
import re
from dataclasses import asdict
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from models.accounts.roles import Role
from models.assets.asset import Asset, Caption, Location
from models.assets.shards import make_shard, write_shard
from models.canonical import digest_bytes
from models.motifs.register import list_motifs
from models.nouns.register.storage import add_name, find_names
from models.owners.identities import Basis, bind_identity
from models.owners.requests import MOST_ASSETS
from models.planning import Plan
from models.settings import Settings
from models.store.database import Database
from models.store.tables import NameRow, OwnerRequestRow
from models.takedowns import OF_NOTHING, takedown_times
from models.withdrawals import read_withdrawals
from review_ui.app import create_app
from tests import rounds_seed
from tests.account_parts import Window, cheap_passwords, put_account, signed_in
from tests.owner_request_parts import SETTER
from tests.reference_pictures import SVG, save, scene

pytestmark = pytest.mark.usefixtures("cheap_passwords")
__all__ = ["cheap_passwords"]
WORK, OTHER = "1" * 64, "2" * 64
FOX = save(scene(1))
NAME = {"name": "Kokoneko Mimi", "category": "character", "right": "copyright"}


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def app(workspace: Path, sqlite_database: Database) -> Any:
    owner = put_account(sqlite_database, "aoi", Role.OWNER)
    put_account(sqlite_database, "ben", Role.OWNER)
    put_account(sqlite_database, "mika", Role.LEAD)
    with sqlite_database.transaction() as session:
        bind_identity(session, owner.id, SETTER, Basis.VOUCHED, "test")
    return create_app(Settings(workspace=workspace), sqlite_database)


@pytest.fixture
def aoi(app: Any) -> Window:
    return signed_in(app, "aoi")


@pytest.fixture
def mika(app: Any) -> Window:
    return signed_in(app, "mika")


def page(window: Window, path: str, status: int = 200) -> str:
    answer = window.http.get(path)
    assert answer.status_code == status, answer.text
    return unescape(answer.text)


def form_id(text: str) -> str:
    found = re.search(r'name="form" value="(\w+)"', text)
    assert found
    return found[1]


def ask(window: Window, path: str, **fields: Any) -> str:
    """Fill in a confirmation page and send it; the address of the request."""
    shown = window.http.get(path)
    data = {"csrf": window.token(path), "form": form_id(shown.text), **fields}
    answer = window.http.post(path.partition("?")[0], data=data)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"]).partition("?")[0]


def write_captions(workspace: Path, *texts: str) -> None:
    """A dataset as a run would have left it, with these captions."""
    assets = []
    for n, text in enumerate(texts):
        at, said = Location(f"{n}.png", f"file:///{n}.png"), Caption(text, f"{n}.txt")
        assets.append(Asset(f"{n:064x}", (at,), (said,)))
    shard = make_shard(assets)
    folder = workspace / "datasets" / "books"
    write_shard(folder / "shards", shard)
    plan = Plan("books", "/books", "kohya", ((shard.digest, len(texts)),), ())
    (folder / "plan.json").write_text(json.dumps(asdict(plan)), "utf-8")


class TestWithdrawing:
    def test_what_will_happen_is_shown_before_anything_does(
        self, aoi: Window, sqlite_database: Database
    ) -> None:
        shown = page(aoi, f"/requests/withdraw?asset={WORK}&asset={OTHER}")
        assert WORK in shown
        assert "What will happen" in shown
        assert shown.count("checked") == 4
        with sqlite_database.snapshot() as session:
            assert not session.scalar(select(func.count(OwnerRequestRow.id)))

    def test_a_withdrawal_is_acknowledged_at_once_and_listed(
        self, aoi: Window, sqlite_database: Database
    ) -> None:
        path = f"/requests/withdraw?asset={WORK}"
        fields = {"asset": WORK, "purpose": "generative_training", "note": "<b>no</b>"}
        at = ask(aoi, path, **fields)
        shown = page(aoi, f"{at}?done=yes")
        assert "Acknowledged at" in shown
        assert "In no dataset" in shown
        assert "<b>no</b>" not in aoi.http.get(at).text
        with sqlite_database.snapshot() as session:
            (standing,) = read_withdrawals(session).assets[WORK]
            assert standing.purpose == "generative_training"
        assert at in page(aoi, "/requests")

    def test_the_page_of_an_item_says_at_once_what_was_withdrawn(
        self, aoi: Window, mika: Window, sqlite_database: Database
    ) -> None:
        rounds_seed.ask(sqlite_database, rounds_seed.make_question(1, persons=1))
        at, work = f"/items/{rounds_seed.item_of(1)}", rounds_seed.asset(1)
        assert "has withdrawn consent" not in page(mika, at)
        ask(aoi, f"/requests/withdraw?asset={work}", asset=work, purpose="data_mining")
        assert "has withdrawn consent" in page(mika, at)
        mika.send("/language", language="ja")
        assert "同意を撤回しました" in page(mika, at)

    def test_everything_of_the_identities_is_withdrawn_with_one_form(
        self, aoi: Window, sqlite_database: Database
    ) -> None:
        shown = page(aoi, "/requests/withdraw?whole=yes")
        assert SETTER in shown
        ask(aoi, "/requests/withdraw?whole=yes", whole="yes", purpose="data_mining")
        with sqlite_database.snapshot() as session:
            assert set(read_withdrawals(session).identities) == {SETTER}

    def test_without_an_identity_nothing_is_withdrawn_as_a_whole(self, app: Any) -> None:
        ben = signed_in(app, "ben")
        assert "Bind a wallet first" in page(ben, "/requests/withdraw?whole=yes", 422)

    def test_without_a_use_nothing_is_withdrawn(self, aoi: Window) -> None:
        path = f"/requests/withdraw?asset={WORK}"
        data = {"csrf": aoi.token(path), "form": form_id(page(aoi, path)), "asset": WORK}
        answer = aoi.http.post("/requests/withdraw", data=data)
        assert answer.status_code == 422
        assert "No use is chosen" in answer.text

    def test_only_its_owner_sees_a_request_or_gives_consent_back(
        self, app: Any, aoi: Window, sqlite_database: Database
    ) -> None:
        at = ask(aoi, f"/requests/withdraw?asset={WORK}", asset=WORK, purpose="inference")
        ben = signed_in(app, "ben")
        assert ben.http.get(at).status_code == 404
        assert ben.send(f"{at}/renew", sure="yes").status_code == 404
        assert aoi.send(f"{at}/renew", at).status_code == 422
        assert aoi.send(f"{at}/renew", at, sure="yes").status_code == 303
        assert "Consent given back" in page(aoi, at)
        with sqlite_database.snapshot() as session:
            assert not read_withdrawals(session)


class TestTakingDown:
    def test_an_uploaded_file_is_hashed_shown_and_not_kept(
        self, aoi: Window, workspace: Path, sqlite_database: Database
    ) -> None:
        data = b"the original file" * 10_000
        answer = aoi.http.post(
            "/requests/takedown",
            data={"csrf": aoi.token("/requests/takedown")},
            files=[("files", ("a.png", data))],
        )
        digest = digest_bytes(data)
        assert answer.status_code == 200
        assert digest in answer.text
        with sqlite_database.snapshot() as session:
            assert not takedown_times(session)
        fields = {"form": form_id(answer.text), "asset": digest, "sure": "yes"}
        done = aoi.send("/requests/takedown", "/requests/takedown", **fields)
        assert done.status_code == 303
        with sqlite_database.snapshot() as session:
            assert set(takedown_times(session)) == {digest}
        kept = [path for path in workspace.rglob("*") if path.is_file()]
        assert not any(data[:100] in path.read_bytes() for path in kept)

    def test_a_typed_digest_is_taken_in_any_case_and_anything_else_is_refused(
        self, aoi: Window
    ) -> None:
        send = aoi.send("/requests/takedown", "/requests/takedown", digests=f" {'AB' * 32}\n")
        assert "ab" * 32 in send.text
        wrong = aoi.send("/requests/takedown", "/requests/takedown", digests="a.png")
        assert wrong.status_code == 422
        assert "not a SHA-256" in wrong.text
        assert aoi.send("/requests/takedown", "/requests/takedown").status_code == 422

    def test_an_empty_file_and_too_many_works_are_told_before_anything_is_confirmed(
        self, aoi: Window
    ) -> None:
        asked = "/requests/takedown"
        for digests, said in (
            (f"{OF_NOTHING} {'ab' * 32}", "An empty file does not tell"),
            (" ".join(f"{number:064x}" for number in range(MOST_ASSETS + 1)), "At most 500"),
        ):
            answer = aoi.send(asked, asked, digests=digests)
            assert (answer.status_code, said in answer.text) == (422, True)
            assert 'name="sure"' not in answer.text
        assert OF_NOTHING not in aoi.send(asked, asked, digests=f"{OF_NOTHING} {'ab' * 32}").text
        many = " ".join(f"{number:064x}" for number in range(MOST_ASSETS))
        confirming = aoi.send(asked, asked, digests=many).text
        assert 'name="sure"' in confirming
        assert '<a href="/requests" aria-current="page">' in confirming
        fields = {"csrf": aoi.token(asked), "asset": ["ab" * 32] * 1001}
        answer = aoi.http.post(asked, data=fields)
        assert answer.status_code == 400
        assert "names more than 1,000 things" in answer.text


class TestNames:
    def test_what_a_name_would_have_met_is_told_before_it_is_sent(
        self, aoi: Window, workspace: Path, sqlite_database: Database
    ) -> None:
        write_captions(workspace, "Kokoneko Mimi waves", "ここねこミミと空", "a hill", "a lake")
        answer = aoi.send("/requests/new/name", japanese="ここねこミミ", **NAME)
        assert "met 2 of 4 captions of books" in answer.text
        assert "protected as soon as you send it" in answer.text
        with sqlite_database.snapshot() as session:
            assert not session.scalar(select(func.count(NameRow.id)))

    def test_a_name_is_protected_at_once_and_confirmed_later(
        self, aoi: Window, mika: Window, sqlite_database: Database
    ) -> None:
        at = self._claim(aoi, NAME)
        with sqlite_database.snapshot() as session:
            (entry,) = find_names(session, "Kokoneko Mimi")
            assert entry.source == f"owner:{at.rsplit('/', 1)[1]}"
        assert "Protected" in page(aoi, at)
        lead = at.replace("/requests", "/owners/requests")
        assert 'value="confirm"' in page(mika, lead)
        assert mika.send(f"{lead}/settle", lead, ruling="confirm").status_code == 303
        shown = page(aoi, at)
        assert "Confirmed" in shown
        assert "mika" not in shown

    def test_a_refused_name_leaves_the_register_and_the_owner_reads_why(
        self, aoi: Window, mika: Window, sqlite_database: Database
    ) -> None:
        at = self._claim(aoi, NAME)
        lead = at.replace("/requests", "/owners/requests")
        assert mika.send(f"{lead}/settle", lead, ruling="refuse").status_code == 422
        done = mika.send(f"{lead}/settle", lead, ruling="refuse", reason="It is ours.")
        assert done.status_code == 303
        assert "It is ours." in page(aoi, at)
        with sqlite_database.snapshot() as session:
            assert not find_names(session, "Kokoneko Mimi")

    def test_an_ordinary_word_is_held_until_a_lead_has_looked(
        self, aoi: Window, mika: Window, sqlite_database: Database
    ) -> None:
        claim = {**NAME, "name": "Smile"}
        answer = aoi.send("/requests/new/name", **claim)
        assert "before it is protected" in answer.text
        at = self._claim(aoi, claim)
        with sqlite_database.snapshot() as session:
            assert not find_names(session, "Smile")
        assert "Waits for a look" in page(aoi, at)
        assert at.rsplit("/", 1)[1] in page(mika, "/owners/requests?waiting=yes")
        lead = at.replace("/requests", "/owners/requests")
        mika.send(f"{lead}/settle", lead, ruling="confirm")
        with sqlite_database.snapshot() as session:
            assert find_names(session, "Smile")

    def test_a_name_that_would_meet_much_of_a_dataset_is_held(
        self, aoi: Window, workspace: Path
    ) -> None:
        write_captions(workspace, *(f"Kokoneko Mimi on roof {n}" for n in range(60)))
        answer = aoi.send("/requests/new/name", **NAME)
        assert "a large part of books" in answer.text

    def test_a_name_of_the_register_keeps_its_owner_and_its_spellings(
        self, aoi: Window, mika: Window, sqlite_database: Database
    ) -> None:
        with sqlite_database.transaction() as session:
            add_name(session, "Kokoneko Mimi", "character", owner="Studio", source="list")
        at = self._claim(aoi, {**NAME, "english": "Mimi of the Attic"})
        with sqlite_database.snapshot() as session:
            (entry,) = find_names(session, "Kokoneko Mimi")
            assert (entry.owner, entry.source) == ("Studio", "list")
            assert {s.text for s in entry.surfaces} == {"Kokoneko Mimi", "Mimi of the Attic"}
        lead = at.replace("/requests", "/owners/requests")
        mika.send(f"{lead}/settle", lead, ruling="refuse", reason="no")
        with sqlite_database.snapshot() as session:
            (entry,) = find_names(session, "Kokoneko Mimi")
            assert {s.text for s in entry.surfaces} == {"Kokoneko Mimi"}

    @pytest.mark.parametrize(
        "change", [{"name": "…"}, {"category": "animal"}, {"right": ""}, {"name": "x" * 201}]
    )
    def test_what_cannot_be_a_name_is_refused_in_both_languages(
        self, app: Any, sqlite_database: Database, change: dict[str, str]
    ) -> None:
        for language in ("en", "ja"):
            window = signed_in(app, "aoi", language=language)
            answer = window.send("/requests/new/name", **{**NAME, **change})
            assert answer.status_code == 422
            assert 'role="alert"' in answer.text
        with sqlite_database.snapshot() as session:
            assert not session.scalar(select(func.count(NameRow.id)))

    def _claim(self, window: Window, fields: dict[str, str]) -> str:
        shown = window.send("/requests/new/name", **fields)
        answer = window.send("/requests/new/name", form=form_id(shown.text), sure="yes", **fields)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["location"]).partition("?")[0]


class TestMotifs:
    def test_pictures_are_protected_at_once_and_shown_to_their_owner(
        self, app: Any, aoi: Window, mika: Window, sqlite_database: Database
    ) -> None:
        answer = self._upload(aoi, {"a.png": FOX})
        assert answer.status_code == 303, answer.text
        at = answer.headers["location"].partition("?")[0]
        with sqlite_database.transaction() as session:
            (row,) = list_motifs(session)
        assert (row.state, row.owner, row.registered_by) == ("unconfirmed", "aoi", "aoi")
        picture = f"{at}/pictures/{row.id}"
        assert picture in page(aoi, at)
        assert aoi.http.get(picture).headers["content-type"] == "image/webp"
        assert signed_in(app, "ben").http.get(picture).status_code == 404
        assert aoi.http.get(f"{at}/pictures/{'0' * 64}").status_code == 404
        lead = at.replace("/requests", "/owners/requests")
        done = mika.send(f"{lead}/settle", lead, ruling="refuse", reason="everybody's fox")
        assert done.status_code == 303
        assert "everybody's fox" in page(aoi, at)
        with sqlite_database.snapshot() as session:
            assert list_motifs(session) == ()

    def test_a_decision_taken_among_the_motifs_shows_in_the_request(
        self, aoi: Window, mika: Window, sqlite_database: Database
    ) -> None:
        at = self._upload(aoi, {"a.png": FOX}).headers["location"].partition("?")[0]
        with sqlite_database.transaction() as session:
            (row,) = list_motifs(session)
        mika.send(f"/motifs/{row.id}/decide", f"/motifs/{row.id}", ruling="confirm")
        assert "Confirmed" in page(aoi, at)
        assert at.rsplit("/", 1)[1] not in page(mika, "/owners/requests?waiting=yes")

    def test_a_picture_that_is_refused_does_not_stop_the_others(
        self, aoi: Window, sqlite_database: Database
    ) -> None:
        answer = self._upload(aoi, {"a.png": FOX, "b.svg": SVG})
        assert answer.status_code == 200
        assert "Go to the request" in answer.text
        assert self._upload(aoi, {"b.svg": SVG}).status_code == 422
        with sqlite_database.snapshot() as session:
            assert len(list_motifs(session)) == 1
            assert session.scalar(select(func.count(OwnerRequestRow.id))) == 1

    def test_a_form_without_a_label_or_with_too_many_pictures_changes_nothing(
        self, aoi: Window, sqlite_database: Database
    ) -> None:
        assert self._upload(aoi, {"a.png": FOX}, label=" ").status_code == 422
        many = {f"{n}.png": FOX for n in range(13)}
        assert self._upload(aoi, many).status_code == 422
        with sqlite_database.snapshot() as session:
            assert list_motifs(session) == ()

    def _upload(self, window: Window, files: dict[str, bytes], **fields: str) -> Any:
        path = "/requests/new/motif"
        said = {"label": "Fox", "category": "character", "right": "copyright", **fields}
        return window.http.post(
            path,
            data={"csrf": window.token(path), "form": form_id(page(window, path)), **said},
            files=[("files", (name, data)) for name, data in files.items()],
        )


def test_leads_see_all_requests_with_their_age_and_filter_them(
    aoi: Window, mika: Window, app: Any
) -> None:
    at = ask(aoi, f"/requests/withdraw?asset={WORK}", asset=WORK, purpose="inference")
    request_id = at.rsplit("/", 1)[1]
    assert request_id in page(mika, "/owners/requests")
    assert request_id not in page(mika, "/owners/requests?kind=name")
    assert request_id not in page(mika, "/owners/requests?waiting=yes")
    shown = page(mika, f"/owners/requests/{request_id}")
    assert 'value="confirm"' not in shown
    refused = mika.send(f"/owners/requests/{request_id}/settle", "/help", ruling="confirm")
    assert refused.status_code == 422
    assert page(mika, f"/owners/requests/{'0' * 32}", 404)


def test_the_pages_speak_japanese(app: Any) -> None:
    window = signed_in(app, "aoi", language="ja")
    for path in ("/requests", "/requests/new", "/requests/takedown", "/requests/new/name"):
        assert "申請" in page(window, path)
