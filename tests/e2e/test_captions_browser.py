"""Rewriting captions in a real browser: keys, live preview, Japanese, phone width, axe."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models.captions.making import CaptionPlace, plan_edit, propose
from models.captions.records import EditFilter, EditState, list_edits
from models.nouns.register.storage import add_name
from models.settings import Settings
from models.store.database import Database
from review_ui.app import create_app
from tests.axe import find_violations
from tests.browsers import launched_browser, served
from tests.integration.test_captions_page import CAPTION, put_item
from tests.review_seed import DATASET

pytestmark = pytest.mark.browser
ASSET = "b" * 64
OLD, NEW = "1girl, kokoneko mimi, smile", "1girl, cat ears, smile"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched_browser() as launched:
        yield launched


@pytest.fixture
def address(tmp_path: Path, sqlite_database: Database) -> Iterator[str]:
    with sqlite_database.transaction() as session:
        add_name(session, "Hoshino Kirari", "character")
        for number in range(3):
            place = CaptionPlace(DATASET, ASSET, f"set/{number}.png", f"{OLD}, {number}")
            spans = plan_edit(f"{OLD}, {number}", f"{NEW}, {number}")
            propose(session, place, spans, "Studio Tsukimachi", "o1", "She is not in it.")
    put_item(sqlite_database, tmp_path / "workspace")
    app = create_app(Settings(workspace=tmp_path / "workspace"), sqlite_database)
    app.state.site.look.load()
    with served(app) as at:
        yield at


@pytest.fixture
def sign_in(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Opens a window in which mika is signed in; an error in its console fails the test."""
    contexts, complaints = [], []

    def open_window(**options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda said: complaints.append(said.text) if said.type == "error" else None
        )
        page.goto(address)
        page.fill("#name", "mika")
        page.click("main button")
        page.wait_for_selector(".datasets")
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert complaints == []


def begin(page: Any) -> None:
    page.click(".dataset button")
    page.wait_for_selector("#rewrite-form", state="attached")
    page.wait_for_load_state()


def edits(database: Database, state: EditState) -> list[str]:
    with database.snapshot() as session:
        return [edit.text for edit in list_edits(session, EditFilter(DATASET, state))]


def test_a_caption_is_rewritten_by_keyboard_alone(
    sign_in: Callable[..., Any], sqlite_database: Database
) -> None:
    page = sign_in()
    begin(page)
    page.keyboard.press("r")
    page.wait_for_function("() => document.activeElement.name === 'choice'")
    page.keyboard.press("ArrowDown")
    text = "#text-0"
    page.wait_for_function("() => !document.querySelector('#text-0').value.includes('Kokoneko')")
    assert page.input_value(text) == "A character waves from the platform"
    page.wait_for_selector("fieldset[data-caption='0'] .preview .good")
    page.keyboard.press("Escape")
    before = page.url
    page.keyboard.press("r")
    page.wait_for_function("before => location.href !== before", arg=before)
    assert edits(sqlite_database, EditState.IN_FORCE) == ["A character waves from the platform"]


def test_the_preview_follows_what_is_written_and_names_what_remains(
    sign_in: Callable[..., Any], sqlite_database: Database
) -> None:
    page = sign_in()
    begin(page)
    page.keyboard.press("r")
    page.fill("#text-0", "Hoshino Kirari waves from the platform")
    page.wait_for_selector("fieldset[data-caption='0'] .remaining >> text=Hoshino Kirari")
    assert page.is_disabled("#choice-0-1")
    page.click(".again")
    page.wait_for_function("() => !document.querySelector('#choice-0-1').disabled")
    assert page.input_value("#text-0") == CAPTION
    assert edits(sqlite_database, EditState.IN_FORCE) == []


def test_keys_that_are_typed_into_the_caption_rule_nothing(
    sign_in: Callable[..., Any], sqlite_database: Database
) -> None:
    page = sign_in()
    begin(page)
    page.keyboard.press("r")
    page.focus("#text-0")
    page.keyboard.type("arxs")
    page.wait_for_timeout(400)
    assert page.input_value("#text-0").count("arxs") == 1
    assert edits(sqlite_database, EditState.IN_FORCE) == []


def test_a_rewrite_works_without_javascript(
    sign_in: Callable[..., Any], sqlite_database: Database
) -> None:
    page = sign_in(java_script_enabled=False)
    begin(page)
    page.click("#rewrite > summary")
    page.select_option("#choice-0-1", index=2)
    page.click("#rewrite-preview")
    page.wait_for_selector(".preview del")
    assert page.input_value("#text-0") == "waves from the platform"
    page.click("#rewrite-send")
    page.wait_for_load_state()
    assert edits(sqlite_database, EditState.IN_FORCE) == ["waves from the platform"]


def test_proposals_are_accepted_and_refused_by_keyboard(
    sign_in: Callable[..., Any], address: str, sqlite_database: Database
) -> None:
    page = sign_in()
    page.goto(f"{address}/captions")
    # Those that were made in the same millisecond stand in any order.
    (number,) = re.findall(r"set/(\d)\.png", page.inner_text(".edit-list > li:nth-child(2)"))
    page.keyboard.press("j")
    page.keyboard.press("a")
    page.wait_for_selector("[role=status]")
    assert edits(sqlite_database, EditState.IN_FORCE) == [f"{NEW}, {number}"]
    page.keyboard.press("x")
    page.wait_for_function("() => document.activeElement.name === 'answer'")
    page.keyboard.type("It is her.")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=Refused; the owner sees why.")
    assert len(edits(sqlite_database, EditState.REFUSED)) == 1


@pytest.mark.parametrize("language", ["en", "ja"])
@pytest.mark.parametrize("width", [1280, 360])
def test_the_pages_are_accessible_and_fit(
    sign_in: Callable[..., Any], address: str, language: str, width: int
) -> None:
    page = sign_in(locale=language, viewport={"width": width, "height": 900})
    begin(page)
    page.keyboard.press("r")
    page.fill("#text-0", "Hoshino Kirari waves")
    page.wait_for_selector(".remaining")
    shown = [find_violations(page)]
    wide = [page.evaluate("document.documentElement.scrollWidth")]
    page.goto(f"{address}/captions")
    shown.append(find_violations(page))
    wide.append(page.evaluate("document.documentElement.scrollWidth"))
    assert shown == [[], []]
    assert max(wide) <= width
