"""Accounts for tests, with passwords that are cheap to check, and a browser without JavaScript."""

from __future__ import annotations

import re
from typing import Any

import pytest
from argon2 import PasswordHasher
from starlette.testclient import TestClient

from models.accounts import passwords
from models.accounts.keeping import create_account, set_password_hash
from models.accounts.passwords import hash_password
from models.accounts.records import Account
from models.accounts.roles import Role
from models.store.database import Database

ORIGIN = "http://127.0.0.1"
PASSWORD = "seven umbrellas in the rain"


@pytest.fixture
def cheap_passwords(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes that take no time; that the real ones are dear is a test of its own."""
    cheap = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(passwords, "_HASHER", cheap)


def put_account(
    database: Database, name: str, role: Role = Role.REVIEWER, password: str | None = PASSWORD
) -> Account:
    """An account, with a password unless none is wanted."""
    with database.transaction() as session:
        account = create_account(session, name, role, "test")
        if password is None:
            return account
        return set_password_hash(session, account.id, hash_password(password), "test")


class Window:
    """A browser without JavaScript in which nobody is signed in yet."""

    def __init__(self, app: Any, language: str = "en", origin: str = ORIGIN) -> None:
        self.http = TestClient(
            app, base_url=origin, headers={"Accept-Language": language}, follow_redirects=False
        )

    def token(self, page: str) -> str:
        """The CSRF token of a page's forms."""
        found = re.search(r'name="csrf" value="(\w+)"', self.http.get(page).text)
        assert found, page
        return found[1]

    def send(self, action: str, from_page: str = "/help", **fields: str) -> Any:
        """Send a form as the page would."""
        return self.http.post(action, data={"csrf": self.token(from_page), **fields})

    def sign_in(self, name: str, password: str = PASSWORD, then: str = "/") -> Any:
        """Fill in the form."""
        return self.send("/sign-in", "/sign-in", name=name, password=password, next=then)

    @property
    def cookie(self) -> str:
        """The value of the session cookie, "" without one."""
        found = [c.value for c in self.http.cookies.jar if c.name.endswith("kiyome_session")]
        return str(found[0]) if found else ""


def signed_in(app: Any, name: str, password: str = PASSWORD, language: str = "en") -> Window:
    """A browser in which somebody is signed in."""
    window = Window(app, language)
    answer = window.sign_in(name, password)
    assert answer.status_code == 303, answer.text
    return window
