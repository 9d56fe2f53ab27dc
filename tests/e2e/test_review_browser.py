"""The review page in a real browser: keys, undo, phone width, Japanese, no JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update

from models.review.audit import verify_audit
from models.review.queue import effective_rulings, lease_item
from models.settings import Settings
from models.store.database import Database
from models.store.tables import ReviewItemRow, RulingRow
from review_ui.app import create_app
from tests.browsers import launched_browser, served
from tests.review_seed import DATASET, make_evidence, put, seed

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched_browser() as launched:
        yield launched


@pytest.fixture
def address(tmp_path: Path, sqlite_database: Database) -> Iterator[str]:
    seed(sqlite_database, tmp_path / "workspace", 12)
    app = create_app(Settings(workspace=tmp_path / "workspace"), sqlite_database)
    with served(app) as at:
        yield at


@pytest.fixture
def sign_in(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Opens a window in which somebody is signed in; an error in its console fails the test."""
    contexts, complaints = [], []

    def open_window(name: str = "mika", **options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda said: complaints.append(said.text) if said.type == "error" else None
        )
        page.goto(address)
        page.fill("#name", name)
        page.click("main button")
        page.wait_for_selector(".datasets")
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert complaints == []


def begin(page: Any) -> None:
    page.click(".dataset button")
    page.wait_for_selector("#ruling")
    page.wait_for_load_state()


def press_and_wait(page: Any, key: str) -> None:
    before = page.url
    page.keyboard.press(key)
    page.wait_for_function("before => location.href !== before", arg=before)
    page.wait_for_load_state()


def count_rulings(database: Database) -> int:
    with database.snapshot() as session:
        return session.scalar(select(func.count(RulingRow.id))) or 0


def test_ten_items_are_ruled_on_by_keyboard_alone(
    sign_in: Callable[..., Any], sqlite_database: Database
) -> None:
    page = sign_in()
    begin(page)
    for turn in range(10):
        press_and_wait(page, "ax"[turn % 2])
    with sqlite_database.snapshot() as session:
        rulings = [ruling.ruling for ruling in effective_rulings(session, DATASET).values()]
    assert (rulings.count("approve"), rulings.count("exclude")) == (5, 5)


def test_a_held_key_rules_on_one_item(
    sign_in: Callable[..., Any], sqlite_database: Database
) -> None:
    page = sign_in()
    begin(page)
    before = page.url
    page.keyboard.down("a")
    page.wait_for_function("before => location.href !== before", arg=before)
    page.wait_for_load_state()
    for _ in range(10):
        page.keyboard.down("a")
    page.wait_for_timeout(300)
    page.keyboard.up("a")
    assert count_rulings(sqlite_database) == 1


def test_a_double_click_rules_once(sign_in: Callable[..., Any], sqlite_database: Database) -> None:
    page = sign_in()
    begin(page)
    before = page.url
    page.dblclick("button.exclude")
    page.wait_for_function("before => location.href !== before", arg=before)
    assert count_rulings(sqlite_database) == 1


def test_keys_with_a_modifier_or_in_the_note_do_nothing(
    sign_in: Callable[..., Any], sqlite_database: Database
) -> None:
    page = sign_in()
    begin(page)
    page.keyboard.press("Alt+x")
    page.keyboard.press("n")
    page.keyboard.type("axsu?")
    assert page.input_value("#note") == "axsu?"
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+?")
    page.wait_for_selector("dialog[open]")
    page.keyboard.press("a")
    page.keyboard.press("Escape")
    page.wait_for_timeout(200)
    assert count_rulings(sqlite_database) == 0


def test_undo_goes_back_to_the_item(sign_in: Callable[..., Any], sqlite_database: Database) -> None:
    page = sign_in()
    begin(page)
    first = page.inner_text("h1")
    press_and_wait(page, "a")
    assert page.inner_text("h1") != first
    press_and_wait(page, "u")
    assert page.inner_text("h1") == first
    with sqlite_database.snapshot() as session:
        assert effective_rulings(session, DATASET) == {}
    press_and_wait(page, "x")
    with sqlite_database.snapshot() as session:
        assert [r.ruling for r in effective_rulings(session, DATASET).values()] == ["exclude"]


def test_two_reviewers_on_one_queue_do_not_disturb_each_other(
    sign_in: Callable[..., Any], address: str, sqlite_database: Database
) -> None:
    mika, jun = sign_in(), sign_in("jun")
    begin(mika)
    begin(jun)
    seen = [mika.url, jun.url]
    for _ in range(2):
        for page in (mika, jun):
            press_and_wait(page, "a")
            seen.append(page.url)
        with sqlite_database.snapshot() as session:
            held = list(session.scalars(select(ReviewItemRow.lease_holder)))
        assert sorted(filter(None, held)) == ["jun", "mika"]
    assert len(set(seen)) == len(seen) == 6  # nothing was shown to both, and nothing twice
    queue = mika.context.new_page()
    queue.goto(address)
    assert "4 decided" in queue.inner_text(".dataset")
    assert "held by jun" in queue.inner_text("ul.items")
    token = jun.input_value("#ruling [name=lease_token]")
    press_and_wait(mika, "u")
    assert mika.url.split("?")[0] == seen[2].split("?")[0]  # what she ruled on last
    queue.reload()
    assert "3 decided" in queue.inner_text(".dataset")
    jun.reload()
    assert jun.input_value("#ruling [name=lease_token]") == token
    press_and_wait(jun, "x")
    assert count_rulings(sqlite_database) == 5
    with sqlite_database.snapshot() as session:
        assert verify_audit(session).ok


def test_whoever_was_overtaken_is_told_where_they_are_reading(
    browser: Any, address: str, sqlite_database: Database
) -> None:
    page = browser.new_page(viewport={"width": 360, "height": 760})
    page.goto(address)
    page.fill("#name", "mika")
    page.click("main button")
    begin(page)
    held = page.url.split("/items/")[1].split("?")[0]
    with sqlite_database.transaction() as session:
        session.execute(update(ReviewItemRow).values(lease_until_ms=0))
        lease_item(session, held, "jun")
    page.locator("#note").scroll_into_view_if_needed()
    page.fill("#note", "half a thought")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    page.wait_for_selector("#lease-ended:not([hidden])")
    place = page.locator("#lease-ended").bounding_box()
    assert 0 <= place["y"] < 760 - place["height"]
    page.close()


def test_a_reason_that_needs_a_note_asks_for_it_before_ruling(
    sign_in: Callable[..., Any], sqlite_database: Database
) -> None:
    page = sign_in()
    begin(page)
    page.select_option("#approve-reason", "approved_otherwise")
    page.evaluate("document.activeElement.blur()")
    for _ in range(3):
        page.keyboard.down("a")
    page.keyboard.up("a")
    assert page.evaluate("document.activeElement.id") == "note"
    assert page.input_value("#note") == ""  # a held key does not go on in the note
    page.keyboard.type("seen the contract")
    page.keyboard.press("Escape")
    press_and_wait(page, "a")
    assert count_rulings(sqlite_database) == 1


def test_a_reason_that_must_be_chosen_gets_the_focus_before_ruling(
    sign_in: Callable[..., Any], sqlite_database: Database
) -> None:
    asked = make_evidence("c" * 64, "tampered.png", reasons=["consent_tampered"])
    put(sqlite_database, asked, priority=1000)
    page = sign_in()
    begin(page)
    assert page.inner_text("h1") == "tampered.png"
    page.keyboard.press("a")
    assert page.evaluate("document.activeElement.id") == "approve-reason"
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    press_and_wait(page, "a")
    assert count_rulings(sqlite_database) == 1


def test_the_box_lies_on_the_picture_and_the_sides_can_be_swapped(
    sign_in: Callable[..., Any],
) -> None:
    page = sign_in()
    begin(page)
    picture = page.locator(".frame img").first.bounding_box()
    box = page.locator(".boxes .over").first.bounding_box()
    assert box["x"] - picture["x"] == pytest.approx(0.13 * picture["width"], abs=4)
    assert box["y"] - picture["y"] == pytest.approx(0.16 * picture["height"], abs=4)
    assert box["width"] == pytest.approx(0.44 * picture["width"], abs=8)
    asset, motif = page.locator(".pair figure").all()
    assert asset.bounding_box()["x"] < motif.bounding_box()["x"]
    page.keyboard.press("w")
    assert asset.bounding_box()["x"] > motif.bounding_box()["x"]


def test_on_a_phone_nothing_is_cut_off_and_the_buttons_are_in_reach(
    sign_in: Callable[..., Any], sqlite_database: Database
) -> None:
    page = sign_in(viewport={"width": 360, "height": 740}, has_touch=True)
    for path in ("/", "/audit", "/help"):
        page.goto(page.url.split("/", 3)[0] + "//" + page.url.split("/")[2] + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
    page.click("text=Queue")
    begin(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    button = page.locator("button.approve").bounding_box()
    assert button["y"] + button["height"] <= 740
    assert button["height"] >= 44
    page.tap("button.approve")
    page.wait_for_selector("#undo")
    assert count_rulings(sqlite_database) == 1


def test_a_japanese_browser_gets_a_japanese_page(sign_in: Callable[..., Any]) -> None:
    page = sign_in(locale="ja-JP")
    begin(page)
    assert page.get_attribute("html", "lang") == "ja"
    assert page.inner_text("button.approve").startswith("承認")
    page.click("button[lang=en]")
    page.wait_for_selector("html[lang=en]")


def test_everything_works_without_javascript(
    sign_in: Callable[..., Any], sqlite_database: Database
) -> None:
    page = sign_in(java_script_enabled=False)
    begin(page)
    first = page.inner_text("h1")
    page.fill("#note", "by hand")
    page.click("button.exclude")
    page.wait_for_selector("#undo")
    assert page.inner_text("h1") != first
    page.click("#undo button")
    page.wait_for_selector(f"h1:has-text('{first}')")
    assert count_rulings(sqlite_database) == 1
