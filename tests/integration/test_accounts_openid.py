"""Signing in at a real OpenID provider, and what an attacker makes of its answers."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from models.accounts.identities import Identity, Stranger, sign_in_as
from models.accounts.keeping import create_account, disable_account
from models.accounts.records import list_accounts
from models.accounts.roles import Role
from models.accounts.signing_in import Begun
from models.errors import SettingsError
from models.settings import Settings
from models.store.database import Database
from review_ui.app import create_app
from review_ui.provider import Provider
from review_ui.security import Began, ProviderError
from tests.account_parts import Window, cheap_passwords, put_account, signed_in
from tests.openid import CLIENT, SECRET, openid_provider, visit_provider

pytestmark = pytest.mark.usefixtures("cheap_passwords")
__all__ = ["cheap_passwords"]
RETURN = "http://127.0.0.1:8620/sign-in/provider/return"
HERE = {"address": "192.0.2.7", "agent": "Firefox"}


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with openid_provider(RETURN) as found:
        yield found


def make_app(
    folder: Path, database: Database, issuer: str, new_accounts: Any = "refuse", **others: Any
) -> Any:
    given = {"oidc_client_id": CLIENT, "oidc_client_secret": SECRET, **others}
    settings = Settings(
        workspace=folder / "workspace",
        oidc_issuer=issuer,
        oidc_new_accounts=new_accounts,
        **given,
    )
    return create_app(settings, database)


def put_identity(database: Database, issuer: str, subject: str, name: str = "mika") -> str:
    with database.transaction() as session:
        account = create_account(
            session, name, Role.REVIEWER, "test", issuer=issuer, subject=subject
        )
    return account.id


def leave(window: Window, path: str = "/") -> str:
    answer = window.http.get("/sign-in/provider", params={"next": path})
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def come_back(window: Window, address: str) -> Any:
    parts = urlsplit(address)
    return window.http.get(f"{parts.path}?{parts.query}")


class TestAgainstTheProvider:
    def test_whoever_has_an_account_is_in(
        self, tmp_path: Path, sqlite_database: Database, issuer: str
    ) -> None:
        put_identity(sqlite_database, issuer, "sub-1")
        window = Window(make_app(tmp_path, sqlite_database, issuer))
        assert f"Sign in at {urlsplit(issuer).netloc}" in window.http.get("/sign-in").text
        address = leave(window, "/audit")
        asked = parse_qs(urlsplit(address).query)
        assert asked["code_challenge_method"] == ["S256"]
        assert {"state", "nonce", "code_challenge"} <= set(asked)
        assert asked["redirect_uri"] == [RETURN]
        before = window.cookie
        answer = come_back(window, visit_provider(address, "sub-1"))
        assert answer.headers["location"] == "/audit", answer.text
        assert window.cookie != before
        assert window.http.get("/").status_code == 200
        assert "Change the password" not in window.http.get("/account").text

    def test_whoever_has_none_is_told_their_subject(
        self, tmp_path: Path, sqlite_database: Database, issuer: str
    ) -> None:
        put_account(sqlite_database, "sub-2")
        window = Window(make_app(tmp_path, sqlite_database, issuer))
        answer = come_back(window, visit_provider(leave(window), "sub-2"))
        assert (answer.status_code, "<code>sub-2</code>" in answer.text) == (403, True)
        assert window.http.get("/").status_code == 303

    def test_an_account_is_made_where_the_setting_says_so_and_with_its_role(
        self, tmp_path: Path, sqlite_database: Database, issuer: str
    ) -> None:
        put_account(sqlite_database, "studio", Role.OPS)
        app = make_app(tmp_path, sqlite_database, issuer, "owner")
        window = Window(app)
        answer = come_back(window, visit_provider(leave(window), "studio|7"))
        assert answer.headers["location"] == "/works"
        with sqlite_database.snapshot() as session:
            made = next(a for a in list_accounts(session) if a.issuer)
        assert (made.role, made.issuer, made.subject) == (Role.OWNER, issuer, "studio|7")
        assert re.fullmatch(r"studio-[0-9a-f]{6}", made.name) or made.name.startswith("user-")
        again = Window(app)
        come_back(again, visit_provider(leave(again), "studio|7"))
        with sqlite_database.snapshot() as session:
            assert len(list_accounts(session)) == 2

    def test_the_answer_to_another_browser_is_worth_nothing(
        self, tmp_path: Path, sqlite_database: Database, issuer: str
    ) -> None:
        put_identity(sqlite_database, issuer, "attacker", "attacker")
        app = make_app(tmp_path, sqlite_database, issuer)
        attacker, victim = Window(app), Window(app)
        back = visit_provider(leave(attacker), "attacker")
        assert come_back(victim, back).status_code == 502
        leave(victim)
        assert come_back(victim, back).status_code == 502
        assert victim.http.get("/").status_code == 303

    def test_an_answer_is_taken_once(
        self, tmp_path: Path, sqlite_database: Database, issuer: str
    ) -> None:
        put_identity(sqlite_database, issuer, "sub-1")
        window = Window(make_app(tmp_path, sqlite_database, issuer))
        back = visit_provider(leave(window), "sub-1")
        kept = dict(window.http.cookies)
        assert come_back(window, back).status_code == 303
        assert come_back(window, back).status_code == 502
        window.http.cookies.clear()
        window.http.cookies.update(kept)
        assert come_back(window, back).status_code == 502

    @pytest.mark.parametrize(
        "change",
        [{"code": "x"}, {"code": ""}, {"iss": "https://other.example"}, {"state": "x"}],
        ids=lambda change: next(iter(change)),
    )
    def test_a_changed_answer_is_refused(
        self, tmp_path: Path, sqlite_database: Database, issuer: str, change: dict[str, str]
    ) -> None:
        put_identity(sqlite_database, issuer, "sub-1")
        window = Window(make_app(tmp_path, sqlite_database, issuer))
        parts = urlsplit(visit_provider(leave(window), "sub-1"))
        given = {key: values[0] for key, values in parse_qs(parts.query).items()}
        answer = window.http.get(f"{parts.path}?{urlencode({**given, **change})}")
        assert (answer.status_code, "did not work" in answer.text) == (502, True)
        assert window.http.get("/").status_code == 303

    def test_a_code_is_of_no_use_without_the_verifier(self, issuer: str) -> None:
        provider = Provider(issuer, CLIENT, SECRET, RETURN)
        address, began = provider.begin("/")
        given = parse_qs(urlsplit(visit_provider(address, "sub-1")).query)
        stolen = Began(began.state, began.nonce, "x" * 43, "/")
        with pytest.raises(ProviderError, match="not taken"):
            provider.finish(
                stolen, state=given["state"][0], code=given["code"][0], issuer=given["iss"][0]
            )

    def test_another_nonce_is_refused(self, issuer: str) -> None:
        provider = Provider(issuer, CLIENT, SECRET, RETURN)
        address, began = provider.begin("/")
        given = parse_qs(urlsplit(visit_provider(address, "sub-1")).query)
        replayed = Began(began.state, "x" * 43, began.verifier, "/")
        with pytest.raises(ProviderError, match="nonce"):
            provider.finish(
                replayed, state=given["state"][0], code=given["code"][0], issuer=given["iss"][0]
            )

    def test_next_leads_nowhere_else(
        self, tmp_path: Path, sqlite_database: Database, issuer: str
    ) -> None:
        put_identity(sqlite_database, issuer, "sub-1")
        window = Window(make_app(tmp_path, sqlite_database, issuer))
        back = visit_provider(leave(window, "//evil.example"), "sub-1")
        assert come_back(window, back).headers["location"] == "/"


class TestIdToken:
    KEY = RSAKey.generate_key(2048, {"kid": "1"})
    ISSUER = "https://id.example"

    def read(self, claims: dict[str, Any], key: Any = None, alg: str = "RS256") -> Identity:
        provider = Provider(self.ISSUER, CLIENT, SECRET, RETURN)
        documents = {
            f"{self.ISSUER}/.well-known/openid-configuration": {
                "issuer": self.ISSUER,
                "authorization_endpoint": f"{self.ISSUER}/auth",
                "token_endpoint": f"{self.ISSUER}/token",
                "jwks_uri": f"{self.ISSUER}/keys",
            },
            f"{self.ISSUER}/keys": {"keys": [self.KEY.as_dict(private=False)]},
        }
        provider._fetch = documents.__getitem__  # type: ignore[method-assign]
        now = int(time.time())
        sound = {
            "iss": self.ISSUER,
            "aud": CLIENT,
            "sub": "1",
            "nonce": "n",
            "iat": now,
            "exp": now + 60,
        }
        merged = {k: v for k, v in {**sound, **claims}.items() if v is not None}
        token = jwt.encode({"alg": alg, "kid": "1"}, merged, key or self.KEY, algorithms=[alg])
        return provider._read({"id_token": token}, "n")

    def test_a_sound_one_is_believed(self) -> None:
        assert self.read({}).subject == "1"
        assert self.read({"aud": [CLIENT, "other"], "azp": CLIENT}).subject == "1"

    @pytest.mark.parametrize(
        "claims",
        [
            {"iss": "https://other.example"},
            {"iss": None},
            {"aud": "another client"},
            {"aud": None},
            {"aud": [CLIENT, "other"], "azp": "other"},
            {"nonce": "another"},
            {"nonce": None},
            {"exp": 1},
            {"exp": None},
            {"sub": None},
            {"sub": ""},
            {"sub": 7},
        ],
        ids=str,
    )
    def test_a_claim_that_is_not_as_it_must_be_is_refused(self, claims: dict[str, Any]) -> None:
        with pytest.raises(ProviderError):
            self.read(claims)

    def test_another_signature_is_refused(self) -> None:
        with pytest.raises(ProviderError):
            self.read({}, RSAKey.generate_key(2048, {"kid": "1"}))

    def test_a_shared_secret_signs_nothing(self) -> None:
        with pytest.raises(ProviderError):
            self.read({}, OctKey.import_key(SECRET * 2), "HS256")

    def test_a_provider_that_calls_itself_otherwise_is_refused(self) -> None:
        provider = Provider(self.ISSUER, CLIENT, "", RETURN)
        provider._fetch = lambda _: {"issuer": "https://evil.example"}  # type: ignore[method-assign]
        with pytest.raises(ProviderError, match="calls itself"):
            provider.begin("/")

    def test_an_endpoint_in_clear_is_refused(self) -> None:
        provider = Provider(self.ISSUER, CLIENT, "", RETURN)
        known = {"issuer": self.ISSUER, "authorization_endpoint": "http://id.example/auth"}
        provider._fetch = lambda _: known  # type: ignore[method-assign]
        with pytest.raises(ProviderError, match="authorization_endpoint"):
            provider.begin("/")


class TestIdentities:
    def test_names_match_nobody(self, database: Database) -> None:
        put_account(database, "mika")
        stranger = Identity("https://i", "1", "mika", "Mika")
        assert sign_in_as(database, stranger, None, **HERE) == Stranger("1")
        made = sign_in_as(database, stranger, Role.REVIEWER, **HERE)
        assert isinstance(made, Begun)
        assert made.account.name.startswith("mika-")
        assert made.account.display_name == "Mika"

    def test_the_same_subject_of_another_issuer_is_somebody_else(self, database: Database) -> None:
        put_identity(database, "https://a", "1")
        assert isinstance(sign_in_as(database, Identity("https://a", "1"), None, **HERE), Begun)
        assert sign_in_as(database, Identity("https://b", "1"), None, **HERE) == Stranger("1")

    def test_whoever_is_disabled_gets_no_new_account(self, database: Database) -> None:
        account_id = put_identity(database, "https://a", "1")
        with database.transaction() as session:
            disable_account(session, account_id, "test")
        found = sign_in_as(database, Identity("https://a", "1"), Role.LEAD, **HERE)
        assert found == Stranger("1")

    @pytest.mark.parametrize("username", ["", "a b/<c>", "\ud800\0", "x" * 300, "水野"])
    def test_any_name_of_a_provider_gives_a_name_here(
        self, database: Database, username: str
    ) -> None:
        identity = Identity("https://a", "1", username, "\u202e" + "n" * 200)
        found = sign_in_as(database, identity, Role.REVIEWER, **HERE)
        assert isinstance(found, Begun)


class TestWithoutOne:
    def test_there_is_no_way_to_the_provider(
        self, tmp_path: Path, sqlite_database: Database
    ) -> None:
        put_account(sqlite_database, "mika")
        app = create_app(Settings(workspace=tmp_path / "w"), sqlite_database)
        for path in ("/sign-in/provider", "/sign-in/provider/return"):
            assert Window(app).http.get(path).status_code == 404
        assert signed_in(app, "mika")

    def test_the_first_account_is_never_one_of_the_providers_making(
        self, tmp_path: Path, sqlite_database: Database
    ) -> None:
        app = make_app(tmp_path, sqlite_database, "https://id.example", "reviewer")
        assert Window(app).http.get("/sign-in/provider").status_code == 404

    def test_a_provider_that_does_not_answer_is_said_in_words(
        self, tmp_path: Path, sqlite_database: Database
    ) -> None:
        put_account(sqlite_database, "mika")
        app = make_app(tmp_path, sqlite_database, "http://127.0.0.1:9")
        answer = Window(app).http.get("/sign-in/provider")
        assert (answer.status_code, "did not work" in answer.text) == (502, True)

    def test_a_provider_without_a_client_is_refused_at_the_start(
        self, tmp_path: Path, sqlite_database: Database
    ) -> None:
        with pytest.raises(SettingsError, match="oidc_client_id"):
            make_app(tmp_path, sqlite_database, "https://id.example", oidc_client_id="")
