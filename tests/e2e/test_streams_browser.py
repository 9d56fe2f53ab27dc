"""Fifty items by keyboard, keys of one's own, a saved filter, and the lead's desk, in a browser."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from models.accounts.roles import Role
from models.settings import Settings
from models.store.database import Database
from models.store.tables import ReviewItemRow, RulingRow
from review_ui.app import create_app
from tests.account_parts import PASSWORD, cheap_passwords, put_account
from tests.axe import find_violations
from tests.browsers import launched_browser, served
from tests.review_seed import make_evidence, put, seed

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("cheap_passwords")]
__all__ = ["cheap_passwords"]
MANY = 50


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched_browser() as launched:
        yield launched


@pytest.fixture
def sign_in(
    browser: Any, tmp_path: Path, sqlite_database: Database
) -> Iterator[Callable[..., Any]]:
    """Opens a window in which somebody is signed in; an error in its console fails the test."""
    seed(sqlite_database, tmp_path / "workspace", 6)
    for number in range(MANY):
        evidence = make_evidence(f"{number:064x}", f"{number}.png", captions=["ねこ"])
        put(sqlite_database, evidence, priority=400 - number)
    put_account(sqlite_database, "mika")
    put_account(sqlite_database, "rin", Role.LEAD)
    app = create_app(Settings(workspace=tmp_path / "workspace"), sqlite_database)
    contexts, complaints = [], []
    with served(app) as at:

        def open_window(name: str, language: str = "en", width: int = 1280) -> Any:
            size = {"width": width, "height": 800}
            context = browser.new_context(locale=language, base_url=at, viewport=size)
            context.set_default_timeout(60_000)
            contexts.append(context)
            page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.goto("/sign-in")
            page.fill("#name", name)
            page.fill("input[type=password]", PASSWORD)
            page.click("main button")
            page.wait_for_selector(".who .reviewer")
            return page

        yield open_window
        for context in contexts:
            context.close()
    assert complaints == []


def check(page: Any, name: str) -> None:
    """No violation of WCAG, and nothing cut off; keeps a picture where a folder is named."""
    if folder := os.environ.get("KIYOME_SCREENSHOTS"):
        width = page.viewport_size["width"]
        language = page.evaluate("document.documentElement.lang")
        page.screenshot(path=f"{folder}/{name}-{language}-{width}.png", full_page=True)
    else:
        assert find_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def press_and_wait(page: Any, key: str) -> None:
    before = page.url
    page.keyboard.press(key)
    page.wait_for_function("before => location.href !== before", arg=before)
    page.wait_for_load_state()


def count(database: Database, ruling: str) -> int:
    with database.snapshot() as session:
        query = select(func.count(RulingRow.id)).where(RulingRow.ruling == ruling)
        return session.execute(query).scalar_one()


def begin(page: Any) -> None:
    page.goto("/")
    page.click(".dataset button")
    page.wait_for_selector("#ruling")
    page.wait_for_load_state()


def test_fifty_items_are_ruled_on_by_keyboard_alone(
    sign_in: Callable[..., Any], sqlite_database: Database
) -> None:
    page = sign_in("mika")
    begin(page)
    for turn in range(MANY):
        press_and_wait(page, "ax"[turn % 2])
    assert (count(sqlite_database, "approve"), count(sqlite_database, "exclude")) == (25, 25)


def test_changed_keys_rule_once_each_and_the_old_ones_do_nothing(
    sign_in: Callable[..., Any], sqlite_database: Database
) -> None:
    page = sign_in("mika")
    page.goto("/keys")
    page.fill("#key-approve", "q")
    page.fill("#key-undo", "x")
    page.click("button.primary")
    page.wait_for_selector("#problem-undo")
    page.fill("#key-undo", "u")
    page.check("input[value=grey_blur]")
    page.click("button.primary")
    page.wait_for_selector(".notice[role=status]")
    begin(page)
    assert page.inner_text("button.approve kbd") == "q"
    assert "blur" in page.evaluate("getComputedStyle(document.querySelector('.frame img')).filter")
    page.keyboard.press("b")
    page.wait_for_function(
        "getComputedStyle(document.querySelector('.frame img')).filter === 'none'"
    )
    page.keyboard.press("a")
    press_and_wait(page, "q")
    before = page.url
    page.keyboard.down("q")
    page.wait_for_function("before => location.href !== before", arg=before)
    page.wait_for_load_state()
    page.keyboard.down("q")
    page.keyboard.up("q")
    press_and_wait(page, "x")
    assert count(sqlite_database, "approve") == 2
    assert count(sqlite_database, "exclude") == 1


def test_the_default_filter_decides_what_comes_next(
    sign_in: Callable[..., Any], sqlite_database: Database
) -> None:
    page = sign_in("mika")
    page.goto("/?language=ja&stage=nouns")
    page.fill(".saved input[name=name]", "Japanese names")
    page.check(".saved input[name=default]")
    page.click(".saved form[action='/filters'] button")
    page.wait_for_selector(".saved [aria-pressed=true]")
    check(page, "queue")
    row = ReviewItemRow
    wanted = select(row.id, row.priority).where(row.language == "ja", row.stage == "nouns")
    with sqlite_database.snapshot() as session:
        first = session.execute(wanted.order_by(row.priority.desc())).first()
        highest = session.execute(select(func.max(row.priority))).scalar_one()
    assert first is not None
    assert first.priority < highest
    csrf = page.get_attribute("input[name=csrf]", "value")
    answer = page.request.post("/next", form={"csrf": csrf}, max_redirects=0)
    assert answer.headers["location"].startswith(f"/items/{first.id}?within=")


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("ja", 360)])
def test_the_desk_and_the_keys_can_be_read_by_everybody(
    sign_in: Callable[..., Any], language: str, width: int
) -> None:
    page = sign_in("rin", language, width)
    begin(page)
    check(page, "item")
    press_and_wait(page, "a")
    page.goto("/desk")
    assert page.locator("svg.plot").count() == 3
    check(page, "desk")
    page.goto("/keys")
    check(page, "keys")
    page.goto("/?stage=nouns")
    check(page, "filters")
