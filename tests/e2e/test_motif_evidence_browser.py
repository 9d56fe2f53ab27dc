"""The evidence of a motif in a real browser: keys, lines, overlay, enlargement, no JavaScript."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from models.review.queue import item_id_of
from models.settings import Settings
from models.store.database import Database
from review_ui.app import create_app
from tests.browsers import launched_browser, served
from tests.motif_evidence_seed import seed_motifs
from tests.review_seed import DATASET

pytestmark = pytest.mark.browser
Show = Callable[..., Any]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched_browser() as launched:
        yield launched


@pytest.fixture
def show(browser: Any, tmp_path: Path, sqlite_database: Database) -> Iterator[Show]:
    """Opens the item of that place, signed in; an error in its console fails the test."""
    asset_ids = seed_motifs(sqlite_database, tmp_path / "workspace")
    app = create_app(Settings(workspace=tmp_path / "workspace"), sqlite_database)
    contexts, complaints = [], []

    with served(app) as address:

        def open_item(place: int = 0, **options: Any) -> Any:
            context = browser.new_context(**options)
            contexts.append(context)
            page = context.new_page()
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on(
                "console",
                lambda said: complaints.append(said.text) if said.type == "error" else None,
            )
            page.goto(address)
            page.fill("#name", "mika")
            page.click("main button")
            page.wait_for_selector(".datasets")
            page.goto(f"{address}/items/{item_id_of(DATASET, asset_ids[place])}")
            page.wait_for_load_state("networkidle")
            return page

        yield open_item
        for context in contexts:
            context.close()
    assert complaints == []


def middle(locator: Any) -> tuple[float, float]:
    box = locator.bounding_box()
    return box["x"] + box["width"] / 2, box["y"] + box["height"] / 2


def line_ends(page: Any) -> list[list[float]]:
    ends: list[list[float]] = page.evaluate(
        """() => {
          const at = document.querySelector('.lines').getBoundingClientRect();
          return [...document.querySelectorAll('.lines line')].map((line) => [
            line.x1.baseVal.value + at.left, line.y1.baseVal.value + at.top,
            line.x2.baseVal.value + at.left, line.y2.baseVal.value + at.top]);
        }"""
    )
    return ends


def assert_lines_join_dots(page: Any) -> None:
    page.wait_for_timeout(100)
    groups = page.locator(".dots:visible")
    assert groups.count() == 2
    ends = line_ends(page)
    assert len(ends) == groups.nth(0).locator("circle").count() > 20
    for place in (0, len(ends) - 1):
        here = middle(groups.nth(0).locator("circle").nth(place))
        there = middle(groups.nth(1).locator("circle").nth(place))
        assert ends[place] == pytest.approx([*here, *there], abs=1.5)


def test_lines_join_the_points_also_when_sides_are_swapped_or_the_window_is_narrow(
    show: Show,
) -> None:
    page = show()
    assert_lines_join_dots(page)
    page.keyboard.press("w")
    assert_lines_join_dots(page)
    page.set_viewport_size({"width": 600, "height": 900})
    assert_lines_join_dots(page)


def test_m_hides_the_points_and_the_next_item_remembers_it(show: Show) -> None:
    page = show()
    page.keyboard.press("m")
    assert not page.is_checked("#points")
    assert page.locator(".dots:visible").count() == 0
    assert not page.locator(".lines").is_visible()
    page.reload()
    assert not page.is_checked("#points")


def test_o_lays_the_motif_where_it_was_found(show: Show) -> None:
    page = show(1)
    outline = page.locator(".overlay-outline .over").first
    assert not outline.is_visible()
    page.keyboard.press("o")
    box = page.locator(".boxes .over").first.bounding_box()
    laid = outline.bounding_box()
    for name in ("x", "y", "width", "height"):
        assert laid[name] == pytest.approx(box[name], abs=6)
    page.check("#difference")
    assert (
        page.eval_on_selector(".overlay", "e => getComputedStyle(e).mixBlendMode") == "difference"
    )


def test_the_overlay_is_as_strong_as_the_slider_says_and_keys_work_on_it(show: Show) -> None:
    page = show()
    page.keyboard.press("o")
    page.locator("#strength input").fill("20")
    assert page.eval_on_selector(".overlay", "e => getComputedStyle(e).opacity") == "0.2"
    page.focus("#strength input")
    page.keyboard.press("o")
    assert not page.is_checked("#overlay")


def test_z_enlarges_the_part_of_both_pictures_alike(show: Show) -> None:
    page = show()
    page.keyboard.press("z")
    here, there = (page.locator(".zoomed:visible svg").nth(n).bounding_box() for n in (0, 1))
    assert (here["width"], here["height"]) == (there["width"], there["height"])
    page.keyboard.press("z")
    assert page.locator(".zoomed:visible").count() == 0


def test_a_digit_chooses_the_finding_of_that_number(show: Show) -> None:
    page = show()
    name = page.locator(".pair figure:visible").nth(1)
    assert "Kokoneko Mimi" in name.inner_text()
    page.keyboard.press("3")
    assert "Lantern fox" in page.locator(".pair figure:visible").nth(1).inner_text()
    assert page.locator(".lines line").count() == 0
    page.keyboard.press("1")
    assert page.is_checked("#match-2")
    page.keyboard.press("2")
    assert_lines_join_dots(page)


def test_choosing_and_looking_works_without_javascript(show: Show) -> None:
    page = show(java_script_enabled=False)
    assert page.locator(".dots:visible").count() == 2
    page.check("#overlay")
    assert page.locator(".overlay:visible").count() == 1
    assert not page.locator("#strength").is_visible()
    page.click("#zoom summary")
    assert page.locator(".zoomed:visible svg").count() == 2
    page.check("#match-2")
    assert "Lantern fox" in page.locator(".pair figure:visible").nth(1).inner_text()
    assert page.locator(".overlay:visible").count() == 0


@pytest.mark.parametrize("locale", ["en-GB", "ja-JP"])
def test_on_a_phone_nothing_is_cut_off(show: Show, locale: str) -> None:
    page = show(viewport={"width": 360, "height": 740}, has_touch=True, locale=locale)
    page.check("#overlay")
    page.click("#zoom summary")
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    for control in page.locator(".tools label:visible, .choose label:visible").all():
        assert control.bounding_box()["height"] >= 44


def test_nothing_moves_by_itself(show: Show) -> None:
    page = show(reduced_motion="reduce")
    page.keyboard.press("o")
    page.keyboard.press("z")
    assert page.evaluate("document.getAnimations().length") == 0


def test_a_small_picture_is_enlarged_and_its_marks_with_it(show: Show) -> None:
    page = show(1, viewport={"width": 1440, "height": 1000})
    for frame in page.locator(".pair .frame").all():
        image = frame.locator("img").bounding_box()
        assert min(image["width"], image["height"]) >= 340
        for marks in frame.locator("svg.marks, svg.boxes").all():
            assert marks.bounding_box() == image


def test_the_box_of_the_chosen_motif_and_its_number_lie_above_the_others(show: Show) -> None:
    page = show()
    for key, above, below in (("2", 1, 2), ("3", 2, 1)):
        page.keyboard.press(key)
        for marks in ("boxes", "marks"):
            heights = [
                page.eval_on_selector(f"svg.{marks}.box-{slot}", "e => getComputedStyle(e).zIndex")
                for slot in (above, below)
            ]
            assert int(heights[0]) > int(heights[1])
