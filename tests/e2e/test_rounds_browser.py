"""A second reviewer, a lead who settles, and an owner who answers, in a real browser."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models.store.database import Database
from tests.account_parts import PASSWORD, cheap_passwords
from tests.axe import find_violations
from tests.browsers import launched_browser, served
from tests.integration.test_review_rounds_page import (
    STUDIO,
    address,
    effective,
    need_two,
    open_app,
    open_owner,
)

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("cheap_passwords")]
__all__ = ["cheap_passwords"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched_browser() as launched:
        yield launched


@pytest.fixture
def app(tmp_path: Path, sqlite_database: Database) -> Any:
    return open_app(tmp_path, sqlite_database)


@pytest.fixture
def sign_in(browser: Any, app: Any) -> Iterator[Callable[..., Any]]:
    """Opens a window in which somebody is signed in; a page wider than its window fails."""
    contexts = []
    with served(app) as at:

        def open_window(name: str, language: str = "en", width: int = 1280) -> Any:
            size = {"width": width, "height": 800}
            context = browser.new_context(locale=language, base_url=at, viewport=size)
            contexts.append(context)
            page = context.new_page()
            page.goto("/sign-in")
            page.fill("#name", name)
            page.fill("input[type=password]", PASSWORD)
            page.click("main button")
            page.wait_for_selector(".who .reviewer")
            return page

        yield open_window
        for context in contexts:
            context.close()


def check(page: Any, name: str) -> None:
    """No violation of WCAG, and nothing cut off; keeps a picture where a folder is named."""
    if folder := os.environ.get("KIYOME_SCREENSHOTS"):
        width = page.viewport_size["width"]
        language = page.evaluate("document.documentElement.lang")
        page.screenshot(path=f"{folder}/{name}-{language}-{width}.png", full_page=True)
    else:
        assert find_violations(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def rule(page: Any, path: str, key: str) -> None:
    page.goto(path)
    page.click("form[action$='/lease'] button")
    page.wait_for_selector("#ruling")
    page.wait_for_load_state()
    page.keyboard.press(key)
    page.wait_for_function("path => !location.pathname.startsWith(path)", arg=path)


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("ja", 360)])
def test_two_persons_and_a_lead(
    app: Any, sqlite_database: Database, sign_in: Callable[..., Any], language: str, width: int
) -> None:
    need_two(sqlite_database, app)
    rule(sign_in("mika"), address(app), "a")
    second = sign_in("jun", language, width)
    second.goto(address(app))
    check(second, "second")
    rule(second, address(app), "x")
    lead = sign_in("lead", language, width)
    lead.goto("/adjudication")
    check(lead, "adjudication")
    lead.click(f"form[action='{address(app)}/lease'] button")
    lead.wait_for_selector("#disputed")
    lead.wait_for_load_state()
    check(lead, "disputed")
    lead.keyboard.press("x")
    lead.wait_for_url("**/adjudication")
    assert effective(sqlite_database) == ["exclude"]
    lead.goto(address(app))
    lead.click("form[action$='/golden'] button")
    lead.goto("/golden")
    check(lead, "golden")


@pytest.mark.parametrize(("language", "width"), [("en", 1280), ("ja", 360)])
def test_an_owner_is_asked(
    app: Any, sqlite_database: Database, sign_in: Callable[..., Any], language: str, width: int
) -> None:
    open_owner(app, sqlite_database)
    mika = sign_in("mika", language, width)
    mika.goto(address(app))
    mika.click("form[action$='/lease'] button")
    mika.wait_for_selector("#hand-on")
    mika.click("#hand-on details:last-of-type summary")
    mika.select_option("#ask-whom", STUDIO)
    mika.fill("#ask-words", "May this be used for training? Who drew it?")
    check(mika, "asking")
    mika.click("form[action$='/ask'] button")
    mika.wait_for_load_state()
    owner = sign_in("studio", language, width)
    owner.goto("/questions")
    check(owner, "questions")
    owner.click("a[href^='/questions/']")
    owner.wait_for_selector("#words")
    check(owner, "question")
    owner.fill("#words", "It is ours, and it may not.")
    owner.click("main form.stack button")
    owner.wait_for_selector(".notice.told")
    mika.goto(address(app))
    assert "It is ours, and it may not." in mika.inner_text("main")
    check(mika, "answered")
