"""Accounts in a real browser: signing in, being locked out, invitations, roles, and axe."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from models.accounts.attempts import PER_NAME
from models.accounts.keeping import change_role
from models.accounts.links import make_link
from models.accounts.roles import Role
from models.settings import Settings
from models.store.database import Database
from review_ui.app import create_app
from tests.account_parts import PASSWORD, cheap_passwords, put_account
from tests.axe import find_violations
from tests.browsers import launched_browser, served
from tests.review_seed import seed

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("cheap_passwords")]
__all__ = ["cheap_passwords"]
PHONE = {"viewport": {"width": 360, "height": 740}, "has_touch": True}
DESKTOP = {"viewport": {"width": 1280, "height": 900}}
SHOTS = os.environ.get("KIYOME_SCREENSHOTS", "")
"""A folder for pictures of every page, for a person to look at."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched_browser() as launched:
        yield launched


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def address(workspace: Path, sqlite_database: Database) -> Iterator[str]:
    seed(sqlite_database, workspace, 3)
    with served(create_app(Settings(workspace=workspace), sqlite_database)) as at:
        yield at


@pytest.fixture
def window(browser: Any) -> Iterator[Callable[..., Any]]:
    contexts = []

    def open_window(**options: Any) -> Any:
        contexts.append(browser.new_context(**options))
        return contexts[-1].new_page()

    yield open_window
    for context in contexts:
        context.close()


def sign_in(page: Any, address: str, name: str, password: str = PASSWORD) -> None:
    page.goto(f"{address}/sign-in")
    page.fill("#name", name)
    page.fill("#password", password)
    page.click("main button.primary")
    page.wait_for_load_state()


def shoot(page: Any, name: str) -> None:
    if SHOTS:
        Path(SHOTS).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=str(Path(SHOTS) / f"{name}.png"), full_page=True)


def test_signing_in_and_out(
    window: Callable[..., Any], address: str, sqlite_database: Database
) -> None:
    put_account(sqlite_database, "mika")
    page = window()
    page.goto(f"{address}/audit")
    page.fill("#name", "mika")
    page.fill("#password", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{address}/audit")
    page.click("text=Sign out")
    page.wait_for_selector("#password")
    page.goto(address)
    assert urlsplit(page.url).path == "/sign-in"


def test_a_wrong_password_says_so_and_too_many_say_until_when(
    window: Callable[..., Any], address: str, sqlite_database: Database
) -> None:
    put_account(sqlite_database, "mika")
    page = window()
    for _ in range(PER_NAME):
        sign_in(page, address, "mika", "not this one")
        assert "do not belong together" in page.inner_text("[role=alert]")
        assert page.input_value("#name") == "mika"
        assert page.input_value("#password") == ""
    sign_in(page, address, "mika")
    assert "Try again in 15 min" in page.inner_text("[role=alert]")
    shoot(page, "locked-out")


def test_an_invitation_from_making_it_to_ruling(
    window: Callable[..., Any], address: str, sqlite_database: Database
) -> None:
    put_account(sqlite_database, "lead", Role.LEAD)
    page, invited = window(), window()
    sign_in(page, address, "lead")
    page.click("text=Accounts")
    page.fill("#name", "aoi")
    page.fill("#display-name", "水野 葵")
    page.click("text=Make the account")
    page.wait_for_selector("#made-link")
    path = urlsplit(page.input_value("#made-link")).path
    invited.goto(address + path)
    invited.fill("#password", "eleven bicycles at the lake")
    invited.fill("#again", "eleven bicycles at the lake")
    invited.click("main button.primary")
    invited.wait_for_selector(".datasets")
    assert invited.inner_text(".reviewer") == "水野 葵"
    invited.click(".dataset button")
    invited.wait_for_selector("#ruling")
    page.goto(address + path)
    assert "does not work any more" in page.inner_text("h1")


def test_another_role_counts_at_once(
    window: Callable[..., Any], address: str, sqlite_database: Database
) -> None:
    mika = put_account(sqlite_database, "mika")
    page = window()
    sign_in(page, address, "mika")
    page.wait_for_selector(".dataset button")
    with sqlite_database.transaction() as session:
        change_role(session, mika.id, Role.OWNER, "test")
    page.click(".dataset button")
    page.wait_for_load_state()
    assert "You are not signed in any more" in page.inner_text(
        "h1"
    ) or "session" in page.inner_text("h1")
    sign_in(page, address, "mika")
    assert urlsplit(page.url).path == "/works"
    assert page.locator("nav >> text=Queue").count() == 0


def test_a_session_survives_a_restart_of_the_server(
    window: Callable[..., Any], workspace: Path, sqlite_database: Database
) -> None:
    put_account(sqlite_database, "mika")
    page = window()
    settings = Settings(workspace=workspace)
    with served(create_app(settings, sqlite_database)) as first:
        sign_in(page, first, "mika")
    with served(create_app(settings, sqlite_database)) as second:
        page.goto(f"{second}/account")  # Another port: cookies belong to the host.
        assert page.inner_text("h1") == "My account"


def test_looking_on_without_ruling_breaks_no_page(
    window: Callable[..., Any], address: str, sqlite_database: Database
) -> None:
    put_account(sqlite_database, "ops", Role.OPS)
    page = window()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    sign_in(page, address, "ops")
    page.click(".items .row")
    page.wait_for_selector(".pictures")
    for key in "axsuncz":
        page.keyboard.press(key)
    for path in ("/terms", "/motifs"):
        page.goto(address + path)
        for key in "jdnu":
            page.keyboard.press(key)
    assert complaints == []


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("size", ["desktop", "phone"])
def test_the_pages_of_accounts_are_accessible_and_fit(
    window: Callable[..., Any],
    address: str,
    sqlite_database: Database,
    language: str,
    size: str,
) -> None:
    options = {**(PHONE if size == "phone" else DESKTOP), "locale": f"{language}-JP"}
    page = window(**options)
    width = options["viewport"]["width"]  # type: ignore[index]

    def look(name: str) -> None:
        shoot(page, f"{name}-{language}-{size}")
        assert find_violations(page) == [], name
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name

    page.goto(f"{address}/sign-in")
    look("name-alone")
    ops = put_account(sqlite_database, "ops", Role.OPS)
    invited = put_account(sqlite_database, "mizuno.aoi@studio.example", password=None)
    for name, role in (("mika", Role.REVIEWER), ("lead", Role.LEAD), ("studio", Role.OWNER)):
        put_account(sqlite_database, name, role)
    with sqlite_database.transaction() as session:
        link = make_link(session, invited, ops.name)
    page.goto(address + link.path)
    page.wait_for_function("document.activeElement.id === 'password'")
    look("link")
    page.fill("#password", "aaaaaaaaaaaaaaa")
    page.fill("#again", "aaaaaaaaaaaaaaa")
    page.click("main button.primary")
    page.wait_for_selector("[role=alert]")
    look("link-refused")
    page.goto(f"{address}/link/{'x' * 43}")
    look("link-gone")
    sign_in(page, address, "ops", "not this one")
    look("sign-in-wrong")
    sign_in(page, address, "ops")
    other = window(**options)
    sign_in(other, address, "ops")
    page.goto(f"{address}/accounts")
    page.fill("#name", "new")
    page.click("form[action='/accounts/invite'] button")
    page.wait_for_selector("#made-link")
    look("accounts-made")
    page.locator("form[action$='/disable'] button").first.click()
    page.wait_for_selector("[role=status]")
    look("accounts")
    page.goto(f"{address}/account")
    look("account")
    sign_in(page, address, "studio")
    look("audit-owner")
    page.goto(address)
    look("not-allowed")
