"""Signing in with a wallet and looking after one's identities, as a browser does it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from models.accounts.attempts import PER_ADDRESS, PER_NAME
from models.accounts.keeping import disable_account
from models.accounts.records import Account, list_accounts
from models.accounts.roles import Role
from models.owners.identities import Basis, bind_identity, identities_of
from models.owners.wallet_messages import parse_message
from models.owners.wallets import MAX_WAITING
from models.settings import Settings
from models.store.database import Database
from models.store.tables import AccountSessionRow, AuditRow, WalletChallengeRow
from review_ui.app import create_app
from tests.account_parts import Window, cheap_passwords, put_account, signed_in
from tests.wallet_parts import (
    ADDRESS,
    KEY,
    OTHER,
    OTHER_KEY,
    THIRD,
    THIRD_KEY,
    address_of_key,
    hear,
    name_wallet,
    read_message,
    sign_in_with,
    sign_text,
)

pytestmark = pytest.mark.usefixtures("cheap_passwords")
__all__ = ["cheap_passwords"]
HOLDER = "Kumo Illustration 株式会社"


def make_app(tmp_path: Path, database: Database, **settings: Any) -> Any:
    return create_app(Settings(workspace=tmp_path / "workspace", **settings), database)


@pytest.fixture
def ops(database: Database) -> Account:
    return put_account(database, "ops", Role.OPS)


@pytest.fixture
def app(tmp_path: Path, database: Database, ops: Account) -> Any:
    return make_app(tmp_path, database)


@pytest.fixture
def owner(database: Database, ops: Account) -> Account:
    """An owner whose wallet ops vouches for, and who has no password."""
    account = put_account(database, "kumo", Role.OWNER, password=None)
    with database.transaction() as session:
        bind_identity(session, account.id, ADDRESS, Basis.VOUCHED, ops.name)
    return account


def bound_to(database: Database, account: Account) -> set[str]:
    with database.snapshot() as session:
        return set(identities_of(session, account.id))


def bind_with(window: Window, key: str) -> Any:
    """Bind a further wallet, from the page of identities."""
    path = name_wallet(window, address_of_key(key), "/identities/wallet").headers["location"]
    signature = sign_text(read_message(window.http.get(path).text), key)
    return window.send(path, "/identities", signature=signature)


def alert(page: str) -> str:
    found = re.search(r'role="alert">(.*?)</p>', page, re.DOTALL)
    assert found, page
    return found[1]


class TestSigningIn:
    def test_an_owner_signs_in_with_nothing_but_a_wallet(self, app: Any, owner: Account) -> None:
        window = Window(app)
        assert sign_in_with(window).status_code == 303
        page = window.http.get("/identities").text
        assert ADDRESS in page
        assert "proven with the wallet" in page

    def test_the_sign_in_page_leads_there(self, app: Any) -> None:
        assert 'href="/sign-in/wallet"' in Window(app).http.get("/sign-in").text

    def test_the_message_is_for_this_page_and_no_other(self, app: Any) -> None:
        window = Window(app)
        path = name_wallet(window).headers["location"]
        message = parse_message(read_message(window.http.get(path).text))
        assert message.uri == "http://127.0.0.1:8620/sign-in/wallet"
        assert (message.domain, message.address) == ("127.0.0.1:8620", ADDRESS)

    def test_the_domain_is_never_what_a_request_says(
        self, tmp_path: Path, database: Database, ops: Account
    ) -> None:
        app = make_app(tmp_path, database, review_origin="https://review.example")
        window = Window(app, origin="https://review.example")
        path = name_wallet(window).headers["location"]
        page = window.http.get(path, headers={"X-Forwarded-Host": "evil.example"}).text
        assert parse_message(read_message(page)).domain == "review.example"

    def test_before_there_are_accounts_there_is_nothing_to_sign_in_to(
        self, tmp_path: Path, database: Database
    ) -> None:
        window = Window(make_app(tmp_path, database, owner_wallets="anyone"))
        token = window.token("/sign-in")
        assert window.http.get("/sign-in/wallet").status_code == 404
        sent = {"csrf": token, "address": ADDRESS}
        assert window.http.post("/sign-in/wallet", data=sent).status_code == 404
        sent = {"csrf": token, "signature": "0x12"}
        assert window.http.post(f"/sign-in/wallet/{'0' * 32}", data=sent).status_code == 404
        assert 'href="/sign-in/wallet"' not in window.http.get("/sign-in").text

    def test_a_stranger_is_told_their_address_and_gets_no_account(
        self, app: Any, database: Database
    ) -> None:
        answer = sign_in_with(Window(app))
        assert answer.status_code == 403
        assert ADDRESS in alert(answer.text)
        with database.snapshot() as session:
            assert [each.name for each in list_accounts(session)] == ["ops"]

    def test_anyone_gets_an_owners_account_where_the_settings_say_so(
        self, tmp_path: Path, database: Database, ops: Account
    ) -> None:
        window = Window(make_app(tmp_path, database, owner_wallets="anyone"))
        assert sign_in_with(window).status_code == 303
        assert window.http.get("/identities").status_code == 200
        assert window.http.get("/accounts").status_code == 403

    def test_known_wallets_get_one_and_others_do_not(
        self, tmp_path: Path, database: Database, ops: Account
    ) -> None:
        hear(database, tmp_path / "workspace", OTHER)
        app = make_app(tmp_path, database, owner_wallets="known")
        assert sign_in_with(Window(app), KEY).status_code == 403
        assert sign_in_with(Window(app), OTHER_KEY).status_code == 303

    def test_a_disabled_account_is_not_entered(
        self, app: Any, database: Database, owner: Account
    ) -> None:
        with database.transaction() as session:
            disable_account(session, owner.id, "ops")
        assert sign_in_with(Window(app)).status_code == 403

    @pytest.mark.parametrize("given", ["", "kumo.eth", "0x12", ADDRESS.upper(), HOLDER])
    def test_what_is_no_address_is_refused(self, app: Any, given: str) -> None:
        answer = name_wallet(Window(app), given)
        assert answer.status_code == 422
        assert "not a wallet&#39;s address" in answer.text

    def test_what_is_typed_is_shown_as_text(self, app: Any) -> None:
        answer = name_wallet(Window(app), '"><script>alert(1)</script>')
        assert "<script>alert" not in answer.text


class TestDefence:
    def test_a_signature_cannot_be_sent_again(self, app: Any, owner: Account) -> None:
        window = Window(app)
        path = name_wallet(window).headers["location"]
        token = window.token(path)
        signature = sign_text(read_message(window.http.get(path).text))
        first = window.http.post(path, data={"csrf": token, "signature": signature})
        assert first.status_code == 303
        again = window.send(path, "/identities", signature=signature)
        assert again.status_code == 410

    def test_a_signature_is_worth_nothing_in_another_browser(
        self, app: Any, owner: Account
    ) -> None:
        victim, thief = Window(app), Window(app)
        path = name_wallet(victim).headers["location"]
        signature = sign_text(read_message(victim.http.get(path).text))
        assert thief.http.get(path).status_code == 410
        stolen = thief.send(path, "/sign-in/wallet", signature=signature)
        assert stolen.status_code == 410
        assert thief.http.get("/identities").status_code == 303

    def test_the_page_of_another_site_cannot_have_its_message_signed_here(
        self, tmp_path: Path, app: Any, database: Database, owner: Account
    ) -> None:
        elsewhere = make_app(tmp_path / "b", database, review_origin="https://evil.example")
        window, evil = Window(app), Window(elsewhere, origin="https://evil.example")
        path = name_wallet(window).headers["location"]
        token = window.token(path)
        theirs = read_message(evil.http.get(name_wallet(evil).headers["location"]).text)
        sent = {"csrf": token, "signature": sign_text(theirs)}
        assert window.http.post(path, data=sent).status_code == 401

    def test_another_wallets_signature_is_refused(self, app: Any, owner: Account) -> None:
        window = Window(app)
        path = name_wallet(window).headers["location"]
        token = window.token(path)
        signature = sign_text(read_message(window.http.get(path).text), OTHER_KEY)
        answer = window.http.post(path, data={"csrf": token, "signature": signature})
        assert answer.status_code == 401
        assert "not by this wallet" in alert(answer.text)

    def test_a_message_is_good_for_five_minutes(
        self, app: Any, database: Database, owner: Account
    ) -> None:
        window = Window(app)
        path = name_wallet(window).headers["location"]
        token = window.token(path)
        signature = sign_text(read_message(window.http.get(path).text))
        with database.transaction() as session:
            session.execute(update(WalletChallengeRow).values(expires_ms=1))
        answer = window.http.post(path, data={"csrf": token, "signature": signature})
        assert answer.status_code == 410

    def test_forms_without_the_sessions_token_are_refused(self, app: Any, owner: Account) -> None:
        window = Window(app)
        path = name_wallet(window).headers["location"]
        signature = sign_text(read_message(window.http.get(path).text))
        for given in ("", "0" * 64, Window(app).token("/sign-in")):
            sent = {"csrf": given, "address": ADDRESS, "signature": signature}
            assert window.http.post("/sign-in/wallet", data=sent).status_code == 403
            assert window.http.post(path, data=sent).status_code == 403

    def test_signing_in_begins_a_session_that_nobody_could_have_fixed(
        self, app: Any, owner: Account
    ) -> None:
        window = Window(app)
        window.token("/sign-in/wallet")
        before = window.cookie
        sign_in_with(window)
        assert window.cookie != before
        planted = Window(app)
        planted.http.cookies.set("kiyome_session", before)
        assert planted.http.get("/identities").status_code == 303

    def test_signing_in_over_another_session_ends_that_one(
        self, app: Any, database: Database, owner: Account
    ) -> None:
        window = signed_in(app, "ops")
        before = window.cookie
        assert sign_in_with(window).status_code == 303
        other = Window(app)
        other.http.cookies.set("kiyome_session", before)
        assert other.http.get("/account").status_code == 303
        with database.snapshot() as session:
            rows = session.scalars(select(AccountSessionRow.account_id)).all()
        assert rows == [owner.id]

    def test_too_many_failures_wait(self, app: Any, owner: Account) -> None:
        for _ in range(PER_NAME):
            window = Window(app)
            path = name_wallet(window).headers["location"]
            answer = window.send(path, "/sign-in/wallet", signature="0x" + "11" * 65)
            assert answer.status_code == 401
        answer = sign_in_with(Window(app))
        assert answer.status_code == 429
        assert "Try again in 15 min" in answer.text
        assert int(answer.headers["retry-after"]) > 800

    def test_wallets_and_passwords_are_counted_together_by_where_they_come_from(
        self, app: Any, owner: Account
    ) -> None:
        for number in range(PER_ADDRESS):
            assert Window(app).sign_in(f"nobody{number}", "not this").status_code == 401
        assert sign_in_with(Window(app)).status_code == 429

    def test_messages_that_nobody_answers_are_limited(self, app: Any) -> None:
        window = Window(app)
        for _ in range(MAX_WAITING):
            window.http.cookies.clear()
            assert name_wallet(window).status_code == 303
        window.http.cookies.clear()
        assert name_wallet(window).status_code == 429

    def test_a_chain_that_is_not_configured_is_said_to_be(self, app: Any, owner: Account) -> None:
        window = Window(app)
        path = name_wallet(window, chain_id="10").headers["location"]
        answer = window.send(path, "/sign-in/wallet", signature="0x" + "11" * 130)
        assert answer.status_code == 401
        assert "Only a contract wallet" in alert(answer.text)

    @pytest.mark.parametrize("chain", ["0", "-1", "x", "99999999999999999999"])
    def test_what_is_no_chain_is_a_broken_form(self, app: Any, chain: str) -> None:
        assert name_wallet(Window(app), chain_id=chain).status_code == 422

    def test_only_paths_of_messages_are_found(self, app: Any) -> None:
        assert Window(app).http.get("/sign-in/wallet/../../etc").status_code == 404
        assert Window(app).http.get(f"/sign-in/wallet/{'0' * 32}").status_code == 410


class TestIdentities:
    def test_a_further_wallet_is_bound_and_signs_in(
        self, app: Any, database: Database, owner: Account
    ) -> None:
        window = Window(app)
        sign_in_with(window)
        assert bind_with(window, OTHER_KEY).headers["location"] == "/identities?done=bound"
        assert bound_to(database, owner) == {ADDRESS, OTHER}
        assert sign_in_with(Window(app), OTHER_KEY).status_code == 303

    def test_a_wallet_of_another_account_is_not_bound(
        self, app: Any, database: Database, owner: Account
    ) -> None:
        put_account(database, "other", Role.OWNER)
        window = signed_in(app, "other")
        answer = bind_with(window, KEY)
        assert answer.status_code == 409
        assert "bound to another account" in alert(answer.text)
        assert bound_to(database, owner) == {ADDRESS}

    def test_the_message_for_one_account_binds_to_no_other(
        self, app: Any, database: Database, owner: Account
    ) -> None:
        put_account(database, "thief", Role.OWNER)
        victim, thief = Window(app), signed_in(app, "thief")
        sign_in_with(victim)
        path = name_wallet(victim, THIRD, "/identities/wallet").headers["location"]
        signature = sign_text(read_message(victim.http.get(path).text), THIRD_KEY)
        assert thief.http.get(path).status_code == 410
        assert thief.send(path, "/identities", signature=signature).status_code == 410
        sign_in_path = path.replace("/identities/", "/sign-in/")
        answer = victim.send(sign_in_path, "/identities", signature=signature)
        assert answer.status_code == 410
        assert bound_to(database, owner) == {ADDRESS}

    def test_one_of_several_wallets_is_ended(
        self, app: Any, database: Database, owner: Account
    ) -> None:
        window, elsewhere = Window(app), Window(app)
        sign_in_with(elsewhere)
        sign_in_with(window)
        bind_with(window, OTHER_KEY)
        page = window.http.get("/identities").text
        action = re.findall(r'action="(/identities/\w+/end)"', page)[0]
        assert window.send(action, "/identities").headers["location"] == "/identities?done=ended"
        assert bound_to(database, owner) == {OTHER}
        assert elsewhere.http.get("/identities").status_code == 303
        assert sign_in_with(Window(app)).status_code == 403

    def test_the_last_wallet_is_not_ended_without_another_way_in(
        self, app: Any, database: Database, owner: Account
    ) -> None:
        window = Window(app)
        sign_in_with(window)
        action = re.findall(r'action="(/identities/\w+/end)"', window.http.get("/identities").text)[
            0
        ]
        answer = window.send(action, "/identities")
        assert answer.status_code == 409
        assert "only way to sign in" in alert(answer.text)
        assert bound_to(database, owner) == {ADDRESS}

    def test_nobody_ends_what_is_somebody_elses(
        self, app: Any, database: Database, owner: Account
    ) -> None:
        window = Window(app)
        sign_in_with(window)
        action = re.findall(r'action="(/identities/\w+/end)"', window.http.get("/identities").text)[
            0
        ]
        put_account(database, "thief", Role.OWNER)
        signed_in(app, "thief").send(action, "/identities")
        assert bound_to(database, owner) == {ADDRESS}

    @pytest.mark.parametrize("language", ["en", "ja"])
    def test_a_new_owner_is_told_that_nothing_is_bound(
        self, app: Any, database: Database, language: str
    ) -> None:
        put_account(database, "new", Role.OWNER)
        page = signed_in(app, "new", language=language).http.get("/identities").text
        said = {"en": "Nothing is bound", "ja": "まだ何も登録されていません"}
        assert said[language] in page

    def test_all_of_it_is_in_the_audit_chain(
        self, app: Any, database: Database, owner: Account
    ) -> None:
        window = Window(app)
        sign_in_with(window)
        bind_with(window, OTHER_KEY)
        with database.snapshot() as session:
            rows = session.execute(select(AuditRow.actor, AuditRow.action)).all()
        assert [tuple(row) for row in rows][-4:] == [
            ("ops", "owner_identity_bound"),
            ("kumo", "owner_identity_bound"),
            ("kumo", "account_signed_in"),
            ("kumo", "owner_identity_bound"),
        ]


class TestAccountsPage:
    def test_ops_invites_an_owner_with_identities(self, app: Any, database: Database) -> None:
        window = signed_in(app, "ops")
        given = f"{HOLDER}\r\n\r\n{address_of_key(KEY)}\r\n"
        answer = window.send(
            "/accounts/invite", "/accounts", name="kumo", role="owner", identities=given
        )
        assert answer.status_code == 200
        assert "/link/" in answer.text
        with database.snapshot() as session:
            made = next(each for each in list_accounts(session) if each.name == "kumo")
        assert bound_to(database, made) == {HOLDER, ADDRESS}
        assert HOLDER in answer.text

    @pytest.mark.parametrize(
        ("fields", "status", "said"),
        [
            ({"role": "reviewer", "identities": HOLDER}, 422, "rights owners only"),
            ({"role": "owner", "identities": "0x12"}, 422, "cannot be an identity"),
            ({"role": "owner", "identities": ADDRESS}, 409, "bound to another account"),
        ],
    )
    def test_an_invitation_with_wrong_identities_makes_nothing(
        self,
        app: Any,
        database: Database,
        owner: Account,
        fields: dict[str, str],
        status: int,
        said: str,
    ) -> None:
        window = signed_in(app, "ops")
        answer = window.send("/accounts/invite", "/accounts", name="new", **fields)
        assert answer.status_code == status
        assert said in alert(answer.text)
        assert fields["identities"] in answer.text
        with database.snapshot() as session:
            assert "new" not in [each.name for each in list_accounts(session)]

    def test_ops_binds_and_ends(self, app: Any, database: Database, owner: Account) -> None:
        window = signed_in(app, "ops")
        action = f"/accounts/{owner.id}/identities"
        answer = window.send(action, "/accounts", identity=HOLDER)
        assert answer.headers["location"] == "/accounts?done=identity_bound"
        assert bound_to(database, owner) == {ADDRESS, HOLDER}
        page = window.http.get("/accounts").text
        assert page.count(f"{action}/") == 2
        for end in re.findall(rf'action="({action}/\w+/end)"', page):
            window.send(end, "/accounts")
        assert bound_to(database, owner) == set()

    def test_ending_a_wallet_signs_its_owner_out(
        self, app: Any, database: Database, owner: Account
    ) -> None:
        theirs, window = Window(app), signed_in(app, "ops")
        sign_in_with(theirs)
        page = window.http.get("/accounts").text
        window.send(re.findall(r'action="([^"]+/identities/\w+/end)"', page)[0], "/accounts")
        assert theirs.http.get("/identities").status_code == 303

    def test_identities_are_bound_to_owners_only(
        self, app: Any, database: Database, owner: Account
    ) -> None:
        reviewer = put_account(database, "mika", Role.REVIEWER)
        window = signed_in(app, "ops")
        answer = window.send(f"/accounts/{reviewer.id}/identities", "/accounts", identity=HOLDER)
        assert answer.status_code == 422
        answer = window.send(f"/accounts/{owner.id}/identities", "/accounts", identity="")
        assert answer.status_code == 422

    def test_leads_see_and_change_no_identities(
        self, app: Any, database: Database, owner: Account
    ) -> None:
        put_account(database, "lead", Role.LEAD)
        window = signed_in(app, "lead")
        assert ADDRESS not in window.http.get("/accounts").text
        answer = window.send(f"/accounts/{owner.id}/identities", "/accounts", identity=HOLDER)
        assert answer.status_code == 403
        assert bound_to(database, owner) == {ADDRESS}
