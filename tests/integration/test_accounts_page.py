"""The page with accounts, over HTTP: signing in, links, sessions, and what an attacker tries."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from models.accounts.attempts import PER_NAME
from models.accounts.keeping import disable_account
from models.accounts.links import make_link
from models.accounts.records import Account
from models.accounts.roles import Role
from models.errors import SettingsError
from models.review.audit import read_latest, verify_audit
from models.settings import Settings
from models.store.database import Database
from models.store.tables import AccountRow, AccountSessionRow
from review_ui.app import create_app
from tests.account_parts import (
    PASSWORD,
    Window,
    cheap_passwords,
    put_account,
    signed_in,
)
from tests.review_seed import seed

pytestmark = pytest.mark.usefixtures("cheap_passwords")
__all__ = ["cheap_passwords"]
NEW = "eleven bicycles at the lake"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(workspace=tmp_path / "workspace")


@pytest.fixture
def app(settings: Settings, database: Database) -> Any:
    return create_app(settings, database)


@pytest.fixture
def mika(database: Database) -> Account:
    return put_account(database, "mika")


def link_for(database: Database, account: Account) -> str:
    with database.transaction() as session:
        return make_link(session, account, "test").path


def set_password(window: Window, path: str, password: str = NEW, again: str = "") -> Any:
    return window.send(
        "/link", path, token=path.rpartition("/")[2], password=password, again=again or password
    )


class TestWithoutAccounts:
    def test_a_name_alone_is_enough_and_the_page_says_what_that_means(self, app: Any) -> None:
        window = Window(app)
        page = window.http.get("/sign-in").text
        assert "under any name" in page
        assert "kiyome accounts create" in page
        assert 'type="password"' not in page
        assert window.send("/sign-in", "/sign-in", name="Mika Sato").status_code == 303
        assert window.http.get("/").status_code == 200
        assert window.http.get("/account").status_code == 403
        assert window.http.get("/accounts").status_code == 403

    def test_the_first_account_ends_that_for_those_signed_in_too(
        self, app: Any, database: Database
    ) -> None:
        window = Window(app)
        window.send("/sign-in", "/sign-in", name="aoi")
        token = window.token("/help")
        put_account(database, "mika")
        assert window.http.get("/").headers["location"] == "/sign-in?next=%2F"
        assert window.http.post("/next", data={"csrf": token}).status_code == 403
        answer = window.send("/sign-in", "/sign-in", name="aoi")
        assert answer.status_code == 401
        assert "do not belong together" in answer.text


class TestSigningIn:
    def test_with_the_password_one_is_in(self, app: Any, mika: Account) -> None:
        window = Window(app)
        answer = window.sign_in("MIKA", then="/audit")
        assert answer.headers["location"] == "/audit"
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=lax" in cookie
        assert "signed in" in window.http.get("/audit").text

    @pytest.mark.parametrize(
        ("name", "password"), [("mika", "the wrong one"), ("nobody", PASSWORD), ("", "")]
    )
    def test_nobody_is_told_what_was_wrong(
        self, app: Any, mika: Account, name: str, password: str
    ) -> None:
        window = Window(app)
        answer = window.sign_in(name, password)
        assert answer.status_code == 401
        assert "Name and password do not belong together" in answer.text
        assert password == "" or password not in answer.text
        assert window.http.get("/").status_code == 303

    def test_whoever_is_locked_out_is_told_until_when(self, app: Any, mika: Account) -> None:
        window = Window(app)
        for _ in range(PER_NAME):
            assert window.sign_in("mika", "wrong").status_code == 401
        answer = window.sign_in("mika")
        assert answer.status_code == 429
        assert 0 < int(answer.headers["retry-after"]) <= 15 * 60
        assert re.search(r"Try again in 15 min, at \d{4}-\d\d-\d\d \d\d:\d\d UTC", answer.text)
        japanese = Window(app, "ja").sign_in("mika")
        assert "15分後" in japanese.text

    def test_a_session_survives_a_restart(
        self, app: Any, settings: Settings, database: Database, mika: Account
    ) -> None:
        window = signed_in(app, "mika")
        again = Window(create_app(settings, database))
        again.http.cookies.update(window.http.cookies)
        assert again.http.get("/").status_code == 200

    def test_signing_out_ends_the_session_on_the_server(self, app: Any, mika: Account) -> None:
        window = signed_in(app, "mika")
        kept = dict(window.http.cookies)
        assert window.send("/sign-out").headers["location"] == "/sign-in"
        thief = Window(app)
        thief.http.cookies.update(kept)
        assert thief.http.get("/").status_code == 303

    def test_the_name_on_record_is_the_accounts(
        self, app: Any, settings: Settings, database: Database, mika: Account
    ) -> None:
        seed(database, settings.workspace, 1)
        window = signed_in(app, "MIKA")
        path = window.send("/next").headers["location"]
        assert path.startswith("/items/")
        with database.snapshot() as session:
            assert verify_audit(session).ok
        page = window.http.get(path).text
        fields = dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page))
        ruled = window.http.post(
            f"{path.split('?')[0]}/ruling",
            data={**fields, "ruling": "approve", "approve_reason": "other_motif"},
        )
        assert ruled.status_code == 303
        with database.snapshot() as session:
            assert read_latest(session)[0].actor == "mika"


class TestLinks:
    def test_an_invitation_sets_a_password_and_signs_in(self, app: Any, database: Database) -> None:
        lead = put_account(database, "lead", Role.LEAD)
        keeper = signed_in(app, lead.name)
        page = keeper.send(
            "/accounts/invite", "/accounts", name="aoi", display_name="水野 葵", role="reviewer"
        ).text
        found = re.search(r'value="http://127.0.0.1:8620(/link/[\w-]{43})"', page)
        assert found
        assert found[1] not in keeper.http.get("/accounts").text
        window = Window(app)
        for _ in range(2):
            assert "水野 葵" in window.http.get(found[1]).text
        assert set_password(window, found[1]).headers["location"] == "/"
        assert window.http.get("/").status_code == 200
        assert signed_in(app, "aoi", NEW)

    def test_a_link_works_once(self, app: Any, database: Database, mika: Account) -> None:
        path = link_for(database, mika)
        first, second = Window(app), Window(app)
        token = second.token(path)
        assert set_password(first, path).status_code == 303
        sent = {"csrf": token, "token": path.rpartition("/")[2]}
        answer = second.http.post("/link", data={**sent, "password": NEW, "again": NEW})
        assert answer.status_code == 410
        assert "does not work any more" in answer.text
        assert second.http.get(path).status_code == 410

    @pytest.mark.parametrize(
        ("password", "again", "words"),
        [
            (NEW, NEW + "x", "differ"),
            ("short", "short", "12 to 256 characters"),
            ("ababababababababab", "ababababababababab", "repeats"),
        ],
    )
    def test_a_password_that_is_refused_leaves_the_link_good(
        self,
        app: Any,
        database: Database,
        mika: Account,
        password: str,
        again: str,
        words: str,
    ) -> None:
        path = link_for(database, mika)
        window = Window(app)
        answer = set_password(window, path, password, again)
        assert (answer.status_code, words in answer.text) == (422, True)
        assert set_password(window, path).status_code == 303

    def test_a_reset_ends_the_sessions_that_there_are(
        self, app: Any, database: Database, mika: Account
    ) -> None:
        before = signed_in(app, "mika")
        assert set_password(Window(app), link_for(database, mika)).status_code == 303
        assert before.http.get("/").status_code == 303

    @pytest.mark.parametrize("host", ["evil.example", "127.0.0.1:1@evil.example"])
    def test_links_are_never_made_from_what_a_request_says(
        self, app: Any, database: Database, host: str
    ) -> None:
        put_account(database, "ops", Role.OPS)
        keeper = signed_in(app, "ops")
        token = keeper.token("/accounts")
        fields = {"csrf": token, "name": "aoi", "role": "reviewer"}
        for headers in ({"Host": host}, {"X-Forwarded-Host": host}):
            answer = keeper.http.post(
                "/accounts/invite", data={**fields, "name": f"a{len(headers)}"}, headers=headers
            )
            assert "evil.example" not in answer.text


class TestMyAccount:
    def test_the_password_is_changed_and_other_browsers_are_signed_out(
        self, app: Any, mika: Account
    ) -> None:
        here, there = signed_in(app, "mika"), signed_in(app, "mika")
        before = here.cookie
        answer = here.send("/account/password", old=PASSWORD, password=NEW, again=NEW)
        assert answer.headers["location"] == "/account?done=password"
        assert here.cookie != before
        assert here.http.get("/account?done=password").status_code == 200
        assert there.http.get("/").status_code == 303

    def test_without_the_present_password_nothing_is_changed(self, app: Any, mika: Account) -> None:
        window = signed_in(app, "mika")
        for _ in range(PER_NAME):
            answer = window.send("/account/password", old="wrong", password=NEW, again=NEW)
            assert (answer.status_code, "is not right" in answer.text) == (422, True)
        answer = window.send("/account/password", old=PASSWORD, password=NEW, again=NEW)
        assert answer.status_code == 429

    def test_sessions_are_listed_and_ended(self, app: Any, database: Database) -> None:
        put_account(database, "mika")
        put_account(database, "aoi")
        here, there, other = (signed_in(app, name) for name in ("mika", "mika", "aoi"))
        page = here.http.get("/account").text
        (path,) = re.findall(r'action="(/account/sessions/\w{32}/end)"', page)
        assert other.send(path).status_code == 303
        assert there.http.get("/").status_code == 200
        assert here.send(path).status_code == 303
        assert there.http.get("/").status_code == 303
        assert here.http.get("/").status_code == 200
        signed_in(app, "mika")
        here.send("/account/sessions/end-others")
        assert "Sign out there" not in here.http.get("/account").text

    def test_the_language_goes_with_the_account(self, app: Any, mika: Account) -> None:
        window = signed_in(app, "mika")
        window.send("/language", language="ja")
        assert 'lang="ja"' in signed_in(app, "mika").http.get("/account").text


class TestLookingAfterAccounts:
    def test_a_role_counts_at_once(self, app: Any, database: Database, mika: Account) -> None:
        put_account(database, "ops", Role.OPS)
        keeper, window = signed_in(app, "ops"), signed_in(app, "mika")
        assert window.http.get("/terms").status_code == 200
        keeper.send(f"/accounts/{mika.id}/role", "/accounts", role="owner")
        assert window.http.get("/terms").status_code == 303
        window = signed_in(app, "mika")
        assert window.http.get("/terms").status_code == 403
        assert window.http.get("/audit").status_code == 200

    def test_whoever_is_disabled_is_out_at_once(
        self, app: Any, database: Database, mika: Account
    ) -> None:
        put_account(database, "lead", Role.LEAD)
        keeper, window = signed_in(app, "lead"), signed_in(app, "mika")
        keeper.send(f"/accounts/{mika.id}/disable", "/accounts")
        assert window.http.get("/").status_code == 303
        assert Window(app).sign_in("mika").status_code == 401
        assert keeper.send(f"/accounts/{mika.id}/link", "/accounts").status_code == 409
        keeper.send(f"/accounts/{mika.id}/enable", "/accounts")
        assert signed_in(app, "mika")

    def test_a_lead_looks_after_reviewers_only(self, app: Any, database: Database) -> None:
        put_account(database, "lead", Role.LEAD)
        ops = put_account(database, "ops", Role.OPS)
        mika = put_account(database, "mika")
        keeper = signed_in(app, "lead")
        for action, fields in (
            (f"/accounts/{ops.id}/disable", {}),
            (f"/accounts/{ops.id}/link", {}),
            (f"/accounts/{ops.id}/role", {"role": "reviewer"}),
            (f"/accounts/{mika.id}/role", {"role": "ops"}),
            ("/accounts/invite", {"name": "x", "role": "lead"}),
        ):
            assert keeper.send(action, "/accounts", **fields).status_code == 403, action
        assert keeper.send(f"/accounts/{'0' * 32}/link", "/accounts").status_code == 404

    def test_nobody_changes_their_own_role_or_shuts_themselves_out(
        self, app: Any, database: Database
    ) -> None:
        ops = put_account(database, "ops", Role.OPS)
        keeper = signed_in(app, "ops")
        for action in ("role", "disable", "link"):
            answer = keeper.send(f"/accounts/{ops.id}/{action}", "/accounts", role="reviewer")
            assert answer.status_code == 403

    @pytest.mark.parametrize(
        ("name", "status", "words"),
        [("a b", 422, "cannot be a name"), ("MIKA", 409, "already")],
    )
    def test_a_name_that_cannot_be_given_is_said(
        self, app: Any, database: Database, mika: Account, name: str, status: int, words: str
    ) -> None:
        put_account(database, "ops", Role.OPS)
        keeper = signed_in(app, "ops")
        answer = keeper.send("/accounts/invite", "/accounts", name=name, role="reviewer")
        assert (answer.status_code, words in answer.text) == (status, True)


class TestOwners:
    def test_an_owner_sees_pseudonyms_and_no_details(
        self, app: Any, settings: Settings, database: Database, mika: Account
    ) -> None:
        seed(database, settings.workspace, 2)
        put_account(database, "studio", Role.OWNER)
        signed_in(app, "mika").send("/next")
        window = Window(app)
        assert window.sign_in("studio").headers["location"] == "/works"
        page = window.http.get("/audit").text
        assert mika.pseudonym in page
        assert "mika" not in page
        assert "somebody without an account" in page
        assert "<details>" not in page
        assert "The chain is whole." in page


class TestDefence:
    def test_a_planted_session_is_not_the_one_that_is_signed_in(
        self, app: Any, database: Database, mika: Account
    ) -> None:
        attacker = Window(app)
        attacker.http.get("/sign-in")
        victim = Window(app)
        victim.http.cookies.update(attacker.http.cookies)
        planted = victim.cookie
        assert victim.sign_in("mika").status_code == 303
        assert victim.cookie != planted
        assert attacker.http.get("/").status_code == 303

    def test_a_token_of_the_attackers_own_choice_is_never_taken_over(
        self, app: Any, mika: Account
    ) -> None:
        victim = Window(app)
        victim.http.cookies.set("kiyome_session", "x" * 43, domain="127.0.0.1")
        assert victim.http.get("/").status_code == 303
        victim.http.get("/sign-in")
        assert victim.cookie != "x" * 43

    def test_signing_in_again_ends_the_session_before(
        self, app: Any, database: Database, mika: Account
    ) -> None:
        put_account(database, "attacker")
        window = signed_in(app, "attacker")
        before = window.cookie
        assert window.sign_in("mika").status_code == 303
        thief = Window(app)
        thief.http.cookies.set("kiyome_session", before)
        assert thief.http.get("/").status_code == 303

    @pytest.mark.parametrize("token", ["", "0" * 64])
    def test_no_form_is_taken_without_its_sessions_token(
        self, app: Any, database: Database, mika: Account, token: str
    ) -> None:
        ops = put_account(database, "ops", Role.OPS)
        path = link_for(database, mika)
        keeper = signed_in(app, "ops")
        before = _everything(database)
        for action, fields in (
            ("/accounts/invite", {"name": "x", "role": "ops"}),
            (f"/accounts/{mika.id}/role", {"role": "ops"}),
            (f"/accounts/{mika.id}/disable", {}),
            (f"/accounts/{mika.id}/enable", {}),
            (f"/accounts/{mika.id}/link", {}),
            ("/account/password", {"old": PASSWORD, "password": NEW, "again": NEW}),
            ("/account/sessions/end-others", {}),
            (f"/account/sessions/{ops.id}/end", {}),
            ("/link", {"token": path[6:], "password": NEW, "again": NEW}),
            ("/sign-in", {"name": "mika", "password": PASSWORD}),
            ("/sign-out", {}),
            ("/language", {"language": "ja"}),
        ):
            answer = keeper.http.post(action, data={"csrf": token, **fields})
            assert answer.status_code == 403, action
        assert _everything(database) == before

    def test_a_token_of_before_signing_in_or_of_another_session_is_worth_nothing(
        self, app: Any, mika: Account
    ) -> None:
        window, other = Window(app), signed_in(app, "mika")
        early = window.token("/sign-in")
        window.sign_in("mika")
        for token in (early, other.token("/help")):
            assert window.http.post("/next", data={"csrf": token}).status_code == 403

    @pytest.mark.parametrize(
        "path",
        ["https://evil.example", "//evil.example", "/\\evil.example", "javascript:x", "/\n/x"],
    )
    def test_next_leads_nowhere_else(self, app: Any, mika: Account, path: str) -> None:
        assert Window(app).sign_in("mika", then=path).headers["location"] == "/"
        page = Window(app).http.get("/sign-in", params={"next": path}).text
        assert "evil" not in page

    def test_a_look_at_the_sign_in_page_does_not_sign_out(self, app: Any, mika: Account) -> None:
        window = signed_in(app, "mika")
        assert "set-cookie" not in window.http.get("/sign-in").headers
        assert window.http.get("/").status_code == 200

    def test_a_session_of_a_disabled_account_is_nobodys_whatever_the_table_says(
        self, app: Any, database: Database, mika: Account
    ) -> None:
        window = signed_in(app, "mika")
        with database.transaction() as session:
            session.execute(update(AccountRow).values(disabled_ms=1))
        assert window.http.get("/").status_code == 303


class TestServedToOthers:
    SECURE = "https://review.example"

    @pytest.fixture
    def secure(self, tmp_path: Path, database: Database, mika: Account) -> Any:
        settings = Settings(
            workspace=tmp_path / "workspace",
            review_host="0.0.0.0",
            review_origin=self.SECURE,
            review_proxies=("10.0.0.0/24",),
        )
        return create_app(settings, database)

    def test_cookies_are_bound_to_the_host_and_to_https(self, secure: Any) -> None:
        window = Window(secure, origin=self.SECURE)
        window.http.get("/sign-in")
        answer = window.sign_in("mika")
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith("__Host-kiyome_session=")
        assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
        assert "domain" not in cookie.lower()
        assert window.http.get("/").status_code == 200
        assert answer.headers["strict-transport-security"].startswith("max-age=")
        gone = window.send("/sign-out").headers["set-cookie"]
        assert gone.startswith("__Host-kiyome_session=")
        assert "Secure" in gone

    def test_in_clear_nothing_is_taken(self, secure: Any) -> None:
        window = Window(secure, origin="http://review.example")
        answer = window.http.get("/sign-in")
        assert (answer.status_code, answer.headers["location"]) == (307, f"{self.SECURE}/")
        posted = window.http.post("/sign-in", data={"name": "mika", "password": PASSWORD})
        assert posted.status_code == 400
        forged = window.http.get("/sign-in", headers={"X-Forwarded-Proto": "https"})
        assert forged.status_code == 307

    @pytest.mark.parametrize("host", ["evil.example", "127.0.0.1", "localhost", "0.0.0.0"])
    def test_no_other_name_is_served(self, secure: Any, host: str) -> None:
        window = Window(secure, origin=self.SECURE)
        assert window.http.get("/sign-in", headers={"Host": host}).status_code == 400

    @pytest.mark.parametrize(
        ("peer", "given", "address"),
        [
            ("10.0.0.2", "203.0.113.9", "203.0.113.9"),
            ("10.0.0.2", "198.51.100.1, 203.0.113.9, 10.0.0.3", "203.0.113.9"),
            ("10.0.0.2", "nonsense", "10.0.0.2"),
        ],
    )
    def test_a_trusted_proxy_says_whom_it_speaks_for(
        self, secure: Any, database: Database, peer: str, given: str, address: str
    ) -> None:
        from starlette.testclient import TestClient

        window = Window(secure)
        window.http = TestClient(
            secure,
            base_url="http://review.example",
            client=(peer, 1),
            headers={"X-Forwarded-For": given, "X-Forwarded-Proto": "https"},
            follow_redirects=False,
        )
        page = window.http.get("/sign-in")
        token = re.search(r'name="csrf" value="(\w+)"', page.text)
        assert token
        cookie = page.headers["set-cookie"].split(";")[0]
        answer = window.http.post(
            "/sign-in",
            data={"csrf": token[1], "name": "mika", "password": PASSWORD},
            headers={"Cookie": cookie},
        )
        assert answer.status_code == 303
        with database.snapshot() as session:
            assert session.scalars(select(AccountSessionRow.address)).one() == address

    def test_what_a_stranger_says_of_an_address_is_not_believed(
        self, app: Any, database: Database, mika: Account
    ) -> None:
        window = Window(app)
        window.http.headers["X-Forwarded-For"] = "203.0.113.9"
        window.sign_in("mika")
        with database.snapshot() as session:
            assert session.scalars(select(AccountSessionRow.address)).one() == "testclient"

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"review_host": "0.0.0.0"}, "other machines can reach it"),
            ({"review_origin": "https://review.example"}, "without a password"),
        ],
    )
    def test_without_accounts_it_does_not_start_and_says_how_to_make_one(
        self, tmp_path: Path, database: Database, given: dict[str, str], words: str
    ) -> None:
        with pytest.raises(SettingsError, match=words) as caught:
            create_app(Settings(workspace=tmp_path / "w", **given), database)
        assert "kiyome accounts create NAME --role ops" in str(caught.value)

    @pytest.mark.parametrize(
        ("given", "words"),
        [
            ({"review_host": "0.0.0.0"}, "without encryption"),
            ({"review_host": "10.0.0.1", "review_origin": "http://a.example"}, "encryption"),
            ({"review_proxies": ("proxy",)}, "no address and no network"),
            ({"review_certificate": "a.pem"}, "without its key"),
        ],
    )
    def test_with_accounts_what_would_be_unsafe_is_refused(
        self, tmp_path: Path, database: Database, mika: Account, given: Any, words: str
    ) -> None:
        with pytest.raises(SettingsError, match=words):
            create_app(Settings(workspace=tmp_path / "w", **given), database)

    def test_an_account_that_is_disabled_counts_as_one(
        self, tmp_path: Path, database: Database, mika: Account
    ) -> None:
        with database.transaction() as session:
            disable_account(session, mika.id, "test")
        window = Window(create_app(Settings(workspace=tmp_path / "w"), database))
        assert window.send("/sign-in", "/sign-in", name="aoi").status_code == 401


def _everything(database: Database) -> list[object]:
    with database.snapshot() as session:
        return [
            *session.execute(select(AccountRow.__table__)),
            *session.execute(
                select(AccountSessionRow.id, AccountSessionRow.account_id).order_by(
                    AccountSessionRow.id
                )
            ),
            len(read_latest(session, 1000)),
        ]
