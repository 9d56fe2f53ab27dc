"""What an owner, or somebody who only pretends to be one, tries to do to others."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request

from models.accounts import signing_in
from models.accounts.attempts import PER_NAME
from models.accounts.keeping import disable_account
from models.accounts.records import Account
from models.accounts.roles import Role
from models.accounts.sessions import begin_session, end_other_sessions, find_session
from models.captions.making import CaptionPlace, plan_edit, propose
from models.findings import Finding
from models.nouns.register.storage import add_name, load_register
from models.owners import name_requests
from models.owners.identities import identities_of
from models.owners.name_requests import NameClaim, ask_for_name
from models.owners.requests import OwnerRequest, read_request
from models.owners.settling import settle_claim
from models.owners.standing import State, find_claim_state
from models.owners.wallets import (
    Challenge,
    Outsider,
    ProvenWallet,
    answer_challenge,
    begin_challenge,
    bind_wallet,
)
from models.settings import Settings
from models.store.database import Database
from review_ui.app import create_app
from review_ui.routes.captions import MOST_LOOKED_AT
from tests.account_parts import Window, cheap_passwords, put_account, signed_in
from tests.owner_request_parts import STRANGER, form, put_owner
from tests.wallet_parts import ADDRESS, sign_text

pytestmark = pytest.mark.usefixtures("cheap_passwords")
__all__ = ["cheap_passwords"]
ORIGIN = "http://127.0.0.1"
NAME = "Kokoneko Mimi"
STRANGE_ADDRESSES = ("//[", "http://[::1", "https://evil.example/works", "/sign-out", "/worksx/..")


@pytest.fixture
def app(tmp_path: Path, database: Database) -> Any:
    put_account(database, "ops", Role.OPS)
    return create_app(Settings(workspace=tmp_path / "workspace"), database)


def claim(*english: str) -> NameClaim:
    return NameClaim(NAME, "character", english, (), "copyright")


def ask(database: Database, folder: Path, account: Account, *english: str) -> OwnerRequest:
    with database.transaction() as session:
        return ask_for_name(session, folder, account, form(), claim(*english))


def settle(database: Database, request: OwnerRequest, *, confirm: bool) -> None:
    with database.transaction() as session:
        settle_claim(session, request.id, confirm=confirm, actor="lead", reason="looked up")


def spellings(database: Database) -> set[str]:
    with database.snapshot() as session:
        return {s.text for entry in load_register(session).entries for s in entry.surfaces}


def state_of(database: Database, request: OwnerRequest) -> State:
    with database.snapshot() as session:
        now = read_request(session, request.id)
        assert now is not None
        return find_claim_state(session, now)


def test_a_name_stays_protected_for_its_owner_when_a_squatter_is_refused(
    database: Database, tmp_path: Path
) -> None:
    squatter, owner = put_owner(database), put_owner(database, "ben", STRANGER)
    first = ask(database, tmp_path, squatter, "Mimi of the Platform", "Mimi the Cat-Child")
    second = ask(database, tmp_path, owner, "Mimi of the Platform")
    settle(database, second, confirm=True)
    settle(database, first, confirm=False)
    assert spellings(database) == {NAME, "Mimi of the Platform"}
    assert state_of(database, first) is State.REFUSED
    assert state_of(database, second) is State.CONFIRMED
    with database.snapshot() as session:
        (entry,) = load_register(session).entries
    assert (entry.owner, entry.source) == (owner.display_name, f"owner:{second.id}")


def test_a_refusal_takes_out_what_two_asked_for_once_both_are_refused(
    database: Database, tmp_path: Path
) -> None:
    first = ask(database, tmp_path, put_owner(database), "Mimi of the Platform")
    second = ask(database, tmp_path, put_owner(database, "ben", STRANGER), "Mimi the Second")
    settle(database, first, confirm=False)
    assert spellings(database) == {NAME, "Mimi the Second"}
    settle(database, second, confirm=False)
    assert spellings(database) == set()


def test_what_was_registered_before_both_stays(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        add_name(session, NAME, "character", source="list", actor="ops")
    first = ask(database, tmp_path, put_owner(database), "Mimi of the Platform")
    second = ask(database, tmp_path, put_owner(database, "ben", STRANGER), "Mimi of the Platform")
    settle(database, first, confirm=False)
    assert spellings(database) == {NAME, "Mimi of the Platform"}
    settle(database, second, confirm=False)
    assert NAME in spellings(database)


def test_nobody_waits_to_write_while_captions_are_read_for_a_name(
    tmp_path: Path, sqlite_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_account(sqlite_database, "aoi", Role.OWNER)
    app = create_app(Settings(workspace=tmp_path / "workspace"), sqlite_database)
    path = sqlite_database.url.removeprefix("sqlite:///")
    free = []

    def write_meanwhile(*_: object) -> tuple[()]:
        with sqlite3.connect(path, timeout=0) as other:
            other.execute("BEGIN IMMEDIATE")
            free.append(True)
            other.rollback()
        return ()

    monkeypatch.setattr(name_requests, "_count_met", write_meanwhile)
    given = {"name": NAME, "category": "character", "right": "copyright", "form": form()}
    answer = signed_in(app, "aoi").send("/requests/new/name", sure="yes", **given)
    assert answer.status_code == 303, answer.text
    assert free == [True]


@pytest.mark.parametrize("way", ["disabled", "signed_out"])
def test_nothing_is_bound_to_an_account_that_was_shut_while_a_chain_was_asked(
    database: Database, way: str
) -> None:
    owner = put_account(database, "kumo", Role.OWNER)
    with database.transaction() as session:
        token = begin_session(session, owner, address="", agent="", how="password")
        found = find_session(session, token)
        assert found is not None
        challenge = begin_challenge(
            session, ORIGIN, found.id, ADDRESS, client="127.0.0.1", account=owner
        )
    assert isinstance(challenge, Challenge)
    proven = answer_challenge(
        database,
        ORIGIN,
        challenge.id,
        found.id,
        sign_text(challenge.message),
        lambda *_: None,
        client="127.0.0.1",
        account=owner,
    )
    assert isinstance(proven, ProvenWallet)
    with database.transaction() as session:
        if way == "disabled":
            disable_account(session, owner.id, "ops")
        else:
            end_other_sessions(session, owner, "", "kumo")
    bound = bind_wallet(database, proven, owner, lambda _: (), found.id)
    assert bound is Outsider.STRANGER
    with database.snapshot() as session:
        assert identities_of(session, owner.id) == ()


@pytest.mark.parametrize("back", STRANGE_ADDRESSES)
def test_a_form_about_a_caption_leads_back_to_works_and_nowhere_else(
    app: Any, database: Database, back: str
) -> None:
    put_account(database, "aoi", Role.OWNER)
    given = {"dataset": "x", "asset_id": "0" * 64, "caption": "0", "original_sha256": "0" * 64}
    answer = signed_in(app, "aoi").send("/works/captions", "/works", text="x", back=back, **given)
    assert answer.status_code == 303
    assert answer.headers["location"] == "/works?caption=refused"


def test_a_way_back_of_many_fields_is_no_error(app: Any, database: Database) -> None:
    put_account(database, "mika")
    window = signed_in(app, "mika")
    back = "show=refused&" * 50
    assert window.send(f"/captions/{'0' * 32}/accept", back=back).status_code == 409


@pytest.mark.parametrize("path", ["/requests/takedown", "/requests/new/motif", "/motifs/add"])
def test_files_of_strangers_are_refused_before_they_are_read(
    app: Any, database: Database, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_account(database, "mika")
    read: list[str] = []
    form_of = Request._get_form

    async def look(self: Request, **limits: Any) -> Any:
        read.append(self.url.path)
        return await form_of(self, **limits)

    monkeypatch.setattr(Request, "_get_form", look)
    stranger = Window(app)
    files = {"files": ("a.png", b"x" * 100_000, "image/png")}
    answer = stranger.http.post(path, data={"csrf": stranger.token("/sign-in")}, files=files)
    assert answer.status_code == 403
    assert "Nothing was registered" in answer.text
    assert path not in read


def test_files_of_somebody_who_may_upload_are_read(app: Any, database: Database) -> None:
    put_account(database, "aoi", Role.OWNER)
    window = signed_in(app, "aoi")
    files = {"files": ("a.png", b"x" * 100_000, "image/png")}
    data = {"csrf": window.token("/requests/takedown")}
    answer = window.http.post("/requests/takedown", data=data, files=files)
    assert answer.status_code == 200


def test_wrong_old_passwords_cost_the_server_no_new_hash(
    app: Any, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_account(database, "aoi", Role.OWNER)
    window = signed_in(app, "aoi")
    made = []
    hash_password = signing_in.hash_password
    monkeypatch.setattr(
        signing_in, "hash_password", lambda given: made.append(1) or hash_password(given)
    )
    fresh = "nine lanterns over the quay"
    for _ in range(PER_NAME + 2):
        window.send("/account/password", "/account", old="wrong", password=fresh, again=fresh)
    assert made == []


def test_long_proposals_do_not_hold_up_the_page_of_captions(app: Any, database: Database) -> None:
    put_account(database, "mika")
    seen: list[str] = []

    class Look:
        def look(self, _: str, texts: Sequence[str]) -> list[list[Finding]]:
            seen.extend(texts)
            return [[] for _ in texts]

    text = "fox " * 2_000
    with database.transaction() as session:
        for number in range(10):
            place = CaptionPlace("books", f"{number:064x}", "a.png", "a fox")
            propose(session, place, plan_edit("a fox", f"{text}{number}"), "aoi", "1", "")
    app.state.site = replace(app.state.site, look=Look())
    page = signed_in(app, "mika").http.get("/captions")
    assert page.status_code == 200
    assert 0 < sum(map(len, seen)) <= MOST_LOOKED_AT
