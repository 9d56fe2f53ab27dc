"""The page of terms: over HTTP without JavaScript, and by keyboard in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from models.nouns.terms.records import effective_term_rulings
from models.nouns.terms.rulings import rule_term
from models.review.queue import find_item, item_id_of
from models.settings import Settings
from models.store.database import Database
from review_ui.app import create_app
from review_ui.language import load_words
from tests.browsers import launched_browser, served
from tests.term_seed import ask_about, asset_id_of, store_terms, unknown

SET = "posters"
ORIGIN = "http://127.0.0.1"
CAPTIONS = {
    "moonlit_reverie": ("1girl, moonlit_reverie, <b>smile</b>", 0.9, "work", 4),
    "soft_glow": ("a lamp, soft_glow", 0.5, "", 5),
    "夜明けのセレナーデ": ("夜明けのセレナーデを聞く少女", 0.7, "", 2),
    "rtl\u202eevil": ("rtl\u202eevil", 0.1, "", 1),
}


@pytest.fixture
def database(sqlite_database: Database) -> Database:
    found = {
        f"{surface[:4]}-{n}.png": (caption, [unknown(caption, surface, score, category)])
        for surface, (caption, score, category, count) in CAPTIONS.items()
        for n in range(count)
    }
    store_terms(sqlite_database, SET, found)
    ask_about(sqlite_database, SET, {name: findings for name, (_, findings) in found.items()})
    return sqlite_database


@pytest.fixture
def app(tmp_path: Path, database: Database) -> Any:
    return create_app(Settings(workspace=tmp_path / "workspace"), database)


class Visitor:
    """A browser without JavaScript, in which mika is signed in."""

    def __init__(self, app: Any, language: str = "en", name: str = "mika") -> None:
        self.http = TestClient(
            app, base_url=ORIGIN, headers={"Accept-Language": language}, follow_redirects=False
        )
        self.http.get("/sign-in")
        self.send("/sign-in", "/sign-in", name=name)

    def open(self, path: str = "/terms") -> str:
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return answer.text

    def send(self, action: str, from_page: str = "/help", **fields: str) -> Any:
        match = re.search(r'name="csrf" value="(\w+)"', self.http.get(from_page).text)
        assert match
        return self.http.post(action, data={"csrf": match[1], **fields})

    def rule(self, term: str, category: str = "", **fields: str) -> Any:
        ruling = {"ruling": "name", "category": category} if category else {"ruling": "descriptive"}
        return self.send("/terms/rule", dataset=SET, term=term, **ruling, **fields)


@pytest.fixture
def mika(app: Any) -> Iterator[Visitor]:
    visitor = Visitor(app)
    yield visitor
    visitor.http.close()


def rulings(database: Database) -> dict[str, str]:
    with database.snapshot() as session:
        return {t: r.category for t, r in effective_term_rulings(session, SET).items()}


def shown(page: str) -> list[str]:
    return [
        re.sub("<[^>]+>", "", name)
        for name in re.findall(r'<h2 id="name-\d+"><bdi>(.*?)</bdi>', page)
    ]


class TestWithoutJavaScript:
    def test_terms_come_by_weight_with_their_place_marked(self, mika: Visitor) -> None:
        page = mika.open()
        assert shown(page) == [
            *("moonlit_reverie", "soft_glow", "夜明けのセレナーデ", "rtlU+202Eevil")
        ]
        assert "1girl, <mark>moonlit_reverie</mark>, &lt;b&gt;smile" in page
        for words in ("likely a name", "perhaps a name", "hardly a name", "guess: work"):
            assert words in page
        assert '<option value="work" selected>a work' in page

    def test_a_ruling_says_what_it_came_to_and_leads_to_the_next_row(
        self, mika: Visitor, database: Database
    ) -> None:
        answer = mika.rule("soft glow", at="1")
        assert answer.status_code == 303
        page = mika.open(answer.headers["location"])
        assert "Decided: “soft_glow” only describes. 5 images are no longer asked about." in page
        assert re.search(r'id="term-1"[^>]* autofocus', page)
        assert "soft_glow" not in shown(page)
        assert rulings(database) == {"soft glow": ""}

    def test_a_name_is_left_to_the_policy(self, mika: Visitor, database: Database) -> None:
        page = mika.open(mika.rule("moonlit reverie", "work").headers["location"])
        assert "“moonlit_reverie” names a work. The policy decides its images" in page
        assert rulings(database) == {"moonlit reverie": "work"}

    def test_a_ruling_is_undone_from_the_message_and_from_the_list(
        self, mika: Visitor, database: Database
    ) -> None:
        page = mika.open(mika.rule("soft glow").headers["location"])
        undo = re.search(r'id="undo" method="post" action="(/terms/\w+/undo)"', page)
        assert undo
        page = mika.open(mika.send(undo[1]).headers["location"])
        assert "“soft_glow” is undecided again. 5 images are asked about again." in page
        assert rulings(database) == {}
        assert mika.send(undo[1]).status_code == 409
        mika.rule("soft glow", "brand")
        decided = mika.open("/terms?show=decided")
        assert shown(decided) == ["soft_glow"]
        assert "names a brand" in decided
        assert 'aria-label="Undo the ruling on soft_glow"' in decided

    def test_who_was_slower_sees_the_ruling_of_who_was_faster(
        self, mika: Visitor, database: Database
    ) -> None:
        with database.transaction() as session:
            rule_term(session, SET, "soft glow", "brand", "jun")
        answer = mika.rule("soft glow")
        assert answer.status_code == 409
        assert "jun ruled that “soft_glow” names a brand." in answer.text
        assert rulings(database) == {"soft glow": "brand"}

    def test_a_form_without_the_token_of_the_session_changes_nothing(
        self, mika: Visitor, database: Database
    ) -> None:
        answer = mika.http.post(
            "/terms/rule", data={"dataset": SET, "term": "soft glow", "ruling": "descriptive"}
        )
        assert (answer.status_code, rulings(database)) == (403, {})

    @pytest.mark.parametrize(
        "fields",
        [
            {"category": "planet"},
            {"category": "work", "term": "!!"},
            {"category": "work", "at": "-1"},
            {"category": "work", "page": "x"},
        ],
    )
    def test_a_form_that_cannot_be_taken_changes_nothing(
        self, mika: Visitor, database: Database, fields: dict[str, str]
    ) -> None:
        given = {"dataset": SET, "term": "soft glow", "ruling": "name", **fields}
        answer = mika.send("/terms/rule", **given)
        assert (answer.status_code, rulings(database)) == (422, {})

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("q=Moonlit-Reverie", ["moonlit_reverie"]),
            ("q=%25", []),
            ("dataset=none&show=all", []),
            ("detector=vocabulary/1&q=glow", ["soft_glow"]),
            ("show=decided", []),
            ("show=nonsense&q=glow", ["soft_glow"]),
            ("page=999&q=glow", ["soft_glow"]),
            ("done=%00&q=glow", ["soft_glow"]),
        ],
    )
    def test_the_list_can_be_filtered(self, mika: Visitor, query: str, found: list[str]) -> None:
        assert shown(mika.open(f"/terms?{query}")) == found

    def test_the_filter_is_kept_over_a_ruling(self, mika: Visitor) -> None:
        back = re.search(
            r'name="back" value="(dataset=[^"]*)"', mika.open("/terms?q=o&dataset=posters")
        )
        assert back
        answer = mika.rule("soft glow", back=back[1].replace("&amp;", "&"))
        assert "dataset=posters&q=o&" in answer.headers["location"]

    def test_the_queue_and_an_item_lead_to_the_terms(
        self, mika: Visitor, database: Database
    ) -> None:
        assert '<a href="/terms">4 terms wait for a decision.</a>' in mika.open("/")
        item_id = item_id_of(SET, asset_id_of("soft-0.png"))
        with database.snapshot() as session:
            assert find_item(session, item_id) is not None
        page = mika.open(f"/items/{item_id}")
        link = re.search(r'href="(/terms\?[^"]+)">Decide “soft_glow” once', page)
        assert link
        assert shown(mika.open(link[1].replace("&amp;", "&"))) == ["soft_glow"]

    def test_when_all_is_decided_the_page_says_what_comes_next(self, mika: Visitor) -> None:
        for term in ("moonlit reverie", "soft glow", "夜明けのセレナーデ", "rtl evil", "rtlevil"):
            mika.rule(term)
        page = mika.open()
        assert "Every term is decided." in page
        assert "kiyome cleanse" in page

    def test_a_workspace_without_terms_says_how_they_come(
        self, tmp_path: Path, sqlite_database: Database
    ) -> None:
        app = create_app(Settings(workspace=tmp_path / "workspace"), sqlite_database)
        assert "There are no unknown terms yet." in Visitor(app).open()

    def test_the_page_is_in_japanese_for_who_reads_it(self, app: Any) -> None:
        visitor = Visitor(app, "ja")
        page = visitor.open(visitor.rule("soft glow").headers["location"])
        assert '<html lang="ja">' in page
        assert (
            "「soft_glow」は名称ではないと判断しました。 画像 5 件の審査が不要になりました。"
            in page
        )
        body = re.sub(r"<[^>]+>|\{[^}]*\}", " ", page.split("<main")[1].split('id="keys"')[0])
        for text in CAPTIONS.values():
            body = body.replace(text[0], "")
        english = set(load_words("en").values()) - set(load_words("ja").values())
        assert not [words for words in english if len(words) > 6 and words in body]

    def test_why_a_term_is_asked_about_is_told_in_japanese(
        self, app: Any, database: Database
    ) -> None:
        caption = "umbreon_x, odd_one"
        findings = [
            replace(unknown(caption, "umbreon_x"), explanation="'umbreon' is in no dictionary."),
            replace(unknown(caption, "odd_one"), explanation="It is odd."),
        ]
        store_terms(database, SET, {"1.png": (caption, findings)}, run="run-2")
        page = Visitor(app, "ja").open()
        assert "<p>「umbreon」は辞書にない語です。</p>" in page
        assert '<p lang="en">It is odd.</p>' in page

    def test_both_languages_have_the_same_words(self) -> None:
        english, japanese = load_words("en"), load_words("ja")
        assert set(english) == set(japanese)
        for key, words in english.items():
            fields = set(re.findall(r"\{(\w+)\}", words))
            assert set(re.findall(r"\{(\w+)\}", japanese[key])) == fields, key


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with launched_browser() as launched:
        yield launched


@pytest.fixture
def address(app: Any) -> Iterator[str]:
    with served(app) as at:
        yield at


@pytest.fixture
def window(browser: Any, address: str) -> Iterator[Callable[..., Any]]:
    """Opens the page in a window in which mika is signed in; a complaint of it fails the test."""
    contexts, complaints = [], []

    def open_window(**options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.goto(f"{address}/terms")
        page.fill("#name", "mika")
        page.click("main button")
        page.wait_for_selector(".term-list")
        page.wait_for_load_state()
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert complaints == []


def press_and_wait(page: Any, *keys: str) -> None:
    with page.expect_navigation():
        for key in keys:
            page.keyboard.press(key)


def focused(page: Any) -> str:
    name: str = page.evaluate("document.activeElement.querySelector('h2')?.textContent ?? ''")
    return name


@pytest.mark.browser
class TestByKeyboard:
    def test_terms_are_walked_decided_named_and_taken_back(
        self, window: Callable[..., Any], database: Database
    ) -> None:
        page = window()
        page.keyboard.press("j")
        assert focused(page) == "moonlit_reverie"
        page.keyboard.press("j")
        assert focused(page) == "soft_glow"
        press_and_wait(page, "d")
        assert focused(page) == "夜明けのセレナーデ"
        press_and_wait(page, "n", "a")
        assert focused(page) == "rtlU+202Eevil"
        assert rulings(database) == {"soft glow": "", "夜明ケノセレナーデ": "artist"}
        press_and_wait(page, "u")
        press_and_wait(page, "u")
        assert rulings(database) == {}

    def test_enter_takes_what_is_chosen_and_escape_takes_nothing(
        self, window: Callable[..., Any], database: Database
    ) -> None:
        page = window()
        page.keyboard.press("n")
        assert page.inner_text("#naming-title") == "“moonlit_reverie” names …"
        page.keyboard.press("Escape")
        assert rulings(database) == {}
        page.keyboard.press("n")
        press_and_wait(page, "Enter")
        assert rulings(database) == {"moonlit reverie": "work"}

    def test_a_held_key_decides_one_term(
        self, window: Callable[..., Any], database: Database
    ) -> None:
        page = window()
        before = page.url
        page.keyboard.down("d")
        page.wait_for_function("before => location.href !== before", arg=before)
        page.wait_for_load_state()
        for _ in range(5):
            page.keyboard.down("d")
        page.wait_for_timeout(300)
        page.keyboard.up("d")
        assert len(rulings(database)) == 1

    def test_a_slash_leads_to_the_search_where_keys_are_letters(
        self, window: Callable[..., Any], database: Database
    ) -> None:
        page = window()
        page.keyboard.press("/")
        page.keyboard.type("dun")
        assert page.input_value("#search") == "dun"
        page.keyboard.press("Escape")
        page.keyboard.press("Alt+d")
        page.keyboard.press("?")
        assert page.evaluate("document.getElementById('keys').open")
        assert rulings(database) == {}

    @pytest.mark.parametrize("locale", ["en-GB", "ja-JP"])
    def test_on_a_phone_nothing_is_cut_off_and_the_message_stays_in_sight(
        self, window: Callable[..., Any], locale: str
    ) -> None:
        page = window(viewport={"width": 360, "height": 740}, has_touch=True, locale=locale)
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
        button = page.locator(".term .describes").nth(2)
        assert button.bounding_box()["height"] >= 44
        button.tap()
        page.wait_for_selector(".told")
        box = page.locator(".told").bounding_box()
        assert 0 <= box["y"] < 740 - box["height"]
        assert page.evaluate("document.documentElement.scrollWidth") <= 360

    def test_everything_works_without_javascript(
        self, window: Callable[..., Any], database: Database
    ) -> None:
        page = window(java_script_enabled=False)
        page.locator("select[name=category]").nth(1).select_option("brand")
        page.locator("button[value=name]").nth(1).click()
        page.wait_for_selector(".told")
        assert rulings(database) == {"soft glow": "brand"}
        page.click("#undo button")
        page.wait_for_selector("text=undecided again")
        assert rulings(database) == {}
