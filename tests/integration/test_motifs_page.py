"""The page of motifs: over HTTP without JavaScript, and in a real browser."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from models.motifs.listing import read_history
from models.motifs.register import Claim, list_motifs, motif_folder, submit_reference
from models.settings import Settings
from models.store.database import Database
from models.store.tables import MotifRow
from review_ui.app import create_app
from review_ui.language import load_words
from review_ui.security import MAX_BODY, MAX_UPLOAD
from tests.browsers import launched_browser, served
from tests.reference_pictures import POLYGLOT, SVG, animation, gradient, huge, save, scene, star

ORIGIN = "http://127.0.0.1"
FOX, OWL = save(scene(1)), save(scene(2))
FOX_SMALLER = save(scene(1).resize((160, 120)))


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def app(workspace: Path, sqlite_database: Database) -> Any:
    return create_app(Settings(workspace=workspace), sqlite_database)


class Visitor:
    """A browser without JavaScript, in which mika is signed in."""

    def __init__(self, app: Any, language: str = "en", name: str = "mika") -> None:
        self.http = TestClient(
            app, base_url=ORIGIN, headers={"Accept-Language": language}, follow_redirects=False
        )
        self.http.get("/sign-in")
        self.send("/sign-in", "/sign-in", name=name)

    def open(self, path: str = "/motifs") -> str:
        answer = self.http.get(path)
        assert answer.status_code == 200, answer.text
        return unescape(answer.text)

    def token(self, page: str) -> str:
        match = re.search(r'name="csrf" value="(\w+)"', self.http.get(page).text)
        assert match
        return match[1]

    def send(self, action: str, from_page: str = "/help", **fields: str) -> Any:
        return self.http.post(action, data={"csrf": self.token(from_page), **fields})

    def upload(self, files: dict[str, bytes], **fields: str) -> Any:
        return self.http.post(
            "/motifs/add",
            data={"csrf": self.token("/motifs/add"), **fields},
            files=[("files", (name, data)) for name, data in files.items()],
        )


@pytest.fixture
def mika(app: Any) -> Iterator[Visitor]:
    visitor = Visitor(app)
    yield visitor
    visitor.http.close()


def rows(database: Database) -> tuple[MotifRow, ...]:
    with database.transaction() as session:
        return list_motifs(session, refused=True)


def submit(database: Database, workspace: Path, data: bytes, label: str = "Fox") -> str:
    with database.transaction() as session:
        outcome = submit_reference(
            session, workspace, data, Claim(label, "character"), submitted_by="Aoi"
        )
    assert outcome.row
    return outcome.row.id


class TestRegistering:
    def test_pictures_are_registered_with_what_is_claimed_and_by_whom(
        self, mika: Visitor, sqlite_database: Database
    ) -> None:
        claim = {"label": "Fox", "category": "character", "owner": "Aoi", "right": "trademark"}
        answer = mika.upload({"a.png": FOX, "b.png": OWL}, **claim)
        assert answer.status_code == 200
        assert answer.text.count("Registered:") == 2
        found = rows(sqlite_database)
        assert {(r.label, r.owner, r.right_kind, r.registered_by) for r in found} == {
            ("Fox", "Aoi", "trademark", "mika")
        }
        page = mika.open()
        assert "Labels: 1, pictures: 2" in page
        for row in found:
            assert f'src="/pictures/{row.id}/256"' in page
            shown = mika.http.get(f"/pictures/{row.id}/256")
            assert shown.headers["content-type"] == "image/webp"

    def test_a_file_without_a_label_is_called_as_it_is_named(
        self, mika: Visitor, sqlite_database: Database
    ) -> None:
        mika.upload({"C:\\pictures\\Hoshino Kirari.png": FOX})
        assert [row.label for row in rows(sqlite_database)] == ["Hoshino Kirari"]

    def test_a_box_in_per_cent_is_kept_and_drawn(
        self, mika: Visitor, sqlite_database: Database
    ) -> None:
        sides = {"left": "10", "top": "20", "box_right": "60.5", "bottom": "100"}
        mika.upload({"a.png": FOX}, label="Fox", **sides)
        (row,) = rows(sqlite_database)
        assert row.box == "0.1,0.2,0.605,1"
        page = mika.open(f"/motifs/{row.id}")
        assert 'name="box_right" value="60.5"' in page
        assert re.search(r'<rect class="over" x="0.1" y="0.2" width="0.50', page)

    @pytest.mark.parametrize(
        ("name", "data", "said"),
        [
            ("draw.svg", SVG, "not in an image format"),
            ("huge.png", huge(), "30,000 x 30,000 pixels are more than the 64,000,000"),
            ("cut.png", FOX[:2000], "damaged or cut short"),
            ("clear.png", save(star().point(lambda _: 0)), "Everything in the picture is transp"),
            ("soft.png", save(gradient()), "soft shading and nothing else"),
            ("empty.png", b"", "The file is empty"),
            ("<b>x</b>.png", b"<html>", "not in an image format"),
        ],
    )
    def test_a_file_that_is_no_reference_is_refused_with_what_to_do(
        self, mika: Visitor, sqlite_database: Database, name: str, data: bytes, said: str
    ) -> None:
        answer = mika.upload({name: data, "good.png": OWL}, owner="Aoi")
        assert answer.status_code == 200
        assert said in unescape(answer.text)
        assert "<b>x" not in answer.text
        assert [row.label for row in rows(sqlite_database)] == ["good"]
        assert mika.upload({name: data}, label="Fox", owner="Aoi").status_code == 422

    def test_a_polyglot_is_only_ever_shown_as_pixels(
        self, mika: Visitor, sqlite_database: Database
    ) -> None:
        mika.upload({"x.png": POLYGLOT})
        (row,) = rows(sqlite_database)
        for size in (256, 768):
            assert b"script" not in mika.http.get(f"/pictures/{row.id}/{size}").content

    def test_warnings_are_told_at_once_and_in_the_list(self, mika: Visitor) -> None:
        answer = mika.upload({"a.gif": animation()}, label="Fox")
        assert "2 frames, and only the first counts" in answer.text
        assert "1 warning" in mika.open()

    def test_another_owners_picture_is_refused_unless_it_is_disputed(
        self, mika: Visitor, sqlite_database: Database
    ) -> None:
        mika.upload({"a.png": FOX}, label="Fox", owner="Aoi")
        answer = mika.upload({"b.png": FOX_SMALLER}, label="Kitsune", owner="Ben")
        assert answer.status_code == 422
        assert "'Aoi' has registered" in unescape(answer.text)
        assert 'name="label" value="Kitsune"' in answer.text
        mika.upload({"b.png": FOX_SMALLER}, label="Kitsune", owner="Ben", also_mine="yes")
        disputed = next(row for row in rows(sqlite_database) if row.owner == "Ben")
        assert "Aoi has registered the same picture as “Fox”" in mika.open(f"/motifs/{disputed.id}")

    @pytest.mark.parametrize(
        ("files", "fields", "said"),
        [
            ({}, {}, "Choose a picture"),
            ({f"{n}.png": OWL for n in range(51)}, {}, "at most 50 files"),
            ({"a.png": FOX, "b.png": OWL}, {"left": "1"}, "One box cannot be right"),
            ({"a.png": FOX}, {"left": "1"}, "The box 1, ?, ?, ? is not four numbers"),
            ({"a.png": FOX}, dict.fromkeys(("left", "top"), "nan"), "is not four numbers"),
            (
                {"a.png": FOX},
                {"left": "0", "top": "0", "box_right": "150", "bottom": "9"},
                "from 0 to 100",
            ),
            (
                {"a.png": FOX},
                {"left": "50", "top": "0", "box_right": "10", "bottom": "9"},
                "is empty or reaches outside",
            ),
            ({"a.png": FOX}, {"category": "animal"}, "no motif category"),
            ({"a.png": FOX}, {"label": "x" * 501}, "longer than 500"),
        ],
    )
    def test_a_form_that_cannot_be_taken_changes_nothing(
        self,
        mika: Visitor,
        sqlite_database: Database,
        files: dict[str, bytes],
        fields: dict[str, str],
        said: str,
    ) -> None:
        answer = mika.upload(files, **fields)
        assert (answer.status_code, rows(sqlite_database)) == (422, ())
        assert said in unescape(answer.text)

    def test_only_this_form_may_be_large_and_has_a_limit_of_its_own(self, mika: Visitor) -> None:
        headers = {"content-length": str(MAX_UPLOAD + MAX_BODY + 1)}
        answer = mika.http.post("/motifs/add", content=b"", headers=headers)
        assert answer.status_code == 413
        assert "64 MiB" in answer.text
        assert "合計" in answer.text
        big = mika.http.post("/motifs", content=b"x" * (MAX_BODY + 1))
        assert big.status_code == 413

    def test_a_form_without_the_token_of_the_session_changes_nothing(
        self, app: Any, mika: Visitor, sqlite_database: Database
    ) -> None:
        files = [("files", ("a.png", FOX))]
        assert mika.http.post("/motifs/add", files=files).status_code == 403
        with TestClient(app, base_url=ORIGIN) as stranger:
            assert stranger.post("/motifs/add", files=files).status_code == 403
            assert "Sign in" in stranger.get("/motifs").text
        assert rows(sqlite_database) == ()


class TestDeciding:
    def test_what_owners_submitted_waits_and_is_confirmed(
        self, mika: Visitor, sqlite_database: Database, workspace: Path
    ) -> None:
        motif_id = submit(sqlite_database, workspace, FOX)
        page = mika.open()
        assert "1 picture that an owner submitted waits" in page
        assert "unconfirmed" in page
        answer = mika.send(f"/motifs/{motif_id}/decide", ruling="confirm")
        assert "Confirmed: “Fox”." in mika.open(answer.headers["location"])
        (row,) = rows(sqlite_database)
        assert row.state == "confirmed"
        again = mika.send(f"/motifs/{motif_id}/decide", ruling="confirm")
        assert again.status_code == 422
        assert "Somebody else has decided it meanwhile" in again.text

    def test_a_refused_one_is_kept_with_the_reason_and_can_be_confirmed_later(
        self, mika: Visitor, sqlite_database: Database, workspace: Path
    ) -> None:
        motif_id = submit(sqlite_database, workspace, FOX)
        mika.send(f"/motifs/{motif_id}/decide", ruling="refuse", why="<not theirs>")
        assert motif_id not in mika.open()
        assert motif_id in mika.open("/motifs?state=refused")
        page = mika.http.get(f"/motifs/{motif_id}").text
        assert "&lt;not theirs&gt;" in page
        mika.send(f"/motifs/{motif_id}/decide", ruling="confirm")
        assert motif_id in mika.open()

    def test_a_disputed_picture_is_only_confirmed_on_its_own_page_which_tells_what_that_ends(
        self, mika: Visitor, sqlite_database: Database, workspace: Path
    ) -> None:
        mika.upload({"a.png": FOX}, label="Fox", owner="Ben")
        with sqlite_database.transaction() as session:
            claim = Claim("Kitsune", "character")
            submit_reference(
                session, workspace, FOX_SMALLER, claim, submitted_by="Aoi", also_mine=True
            )
        listed = mika.open()
        disputed = next(row for row in rows(sqlite_database) if row.owner == "Aoi")
        assert f'href="/motifs/{disputed.id}#decide"' in listed
        assert 'value="confirm"' not in listed
        page = mika.open(f"/motifs/{disputed.id}")
        assert "An owner submitted this picture." in page
        assert "Confirmed, it stands as registered and is no longer disputed." in page

    def test_a_correction_is_recorded_with_who_and_why(
        self, mika: Visitor, sqlite_database: Database
    ) -> None:
        mika.upload({"a.png": FOX}, label="Fux", owner="Aoi")
        (row,) = rows(sqlite_database)
        claim = {"label": "Fox", "category": "character", "owner": "Aoi"}
        answer = mika.send(f"/motifs/{row.id}/correct", **claim, why="typo")
        assert "Corrected: “Fox”." in mika.open(answer.headers["location"])
        page = mika.open(f"/motifs/{row.id}")
        for said in ("<bdi>Fux</bdi>", "<bdi>Fox</bdi>", "typo", "version 2 of the register"):
            assert said in page
        same = mika.send(f"/motifs/{row.id}/correct", **claim)
        assert same.headers["location"] == f"/motifs/{row.id}"

    def test_a_correction_that_cannot_be_taken_keeps_what_was_filled_in(
        self, mika: Visitor, sqlite_database: Database
    ) -> None:
        mika.upload({"a.png": FOX}, label="Fox")
        (row,) = rows(sqlite_database)
        sides = {"left": "0", "top": "0", "box_right": "5", "bottom": "5"}
        answer = mika.send(f"/motifs/{row.id}/correct", label="Owl", **sides)
        assert answer.status_code == 422
        assert "too small to be recognised" in answer.text
        assert 'name="label" value="Owl"' in answer.text
        assert [row.label for row in rows(sqlite_database)] == ["Fox"]

    def test_a_picture_is_removed_once_it_is_meant(
        self, mika: Visitor, sqlite_database: Database, workspace: Path
    ) -> None:
        mika.upload({"a.png": FOX}, label="Fox")
        (row,) = rows(sqlite_database)
        refused = mika.send(f"/motifs/{row.id}/remove")
        assert refused.status_code == 422
        assert "Tick the box" in refused.text
        assert len(rows(sqlite_database)) == 1
        answer = mika.send(f"/motifs/{row.id}/remove", sure="yes", why="licensed")
        assert "Removed: “Fox”." in mika.open(answer.headers["location"])
        assert rows(sqlite_database) == ()
        assert list(motif_folder(workspace).iterdir()) == []
        with sqlite_database.snapshot() as session:
            latest = read_history(session)[0]
        assert (latest.action, latest.actor, latest.why) == ("removed", "mika", "licensed")

    @pytest.mark.parametrize("path", ["/motifs/" + "0" * 64, "/motifs/x", "/motifs/%00"])
    def test_what_is_not_there_is_not_there(self, mika: Visitor, path: str) -> None:
        assert mika.http.get(path).status_code == 404
        for action in ("correct", "decide", "remove"):
            answer = mika.send(f"{path}/{action}", label="x", ruling="confirm", sure="yes")
            assert answer.status_code == 404, action


class TestFinding:
    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ("", ["<i>100%</i>", "Owl"]),
            ("q=owl", ["Owl"]),
            ("q=100%25", ["<i>100%</i>"]),
            ("q=aoi", ["<i>100%</i>"]),
            ("q=%00", []),
            ("category=logo", ["Owl"]),
            ("category=nonsense&q=owl", ["Owl"]),
            ("state=refused", []),
            ("state=nonsense&page=999&done=x", ["<i>100%</i>", "Owl"]),
        ],
    )
    def test_the_list_can_be_filtered(self, mika: Visitor, query: str, found: list[str]) -> None:
        mika.upload({"a.png": FOX}, label="<i>100%</i>", owner="Aoi", category="character")
        mika.upload({"b.png": OWL}, label="Owl", owner="Ben", category="logo")
        page = mika.http.get(f"/motifs?{query}").text
        titles = re.findall(r'<h2 id="group-\d+"><bdi>(.*?)</bdi>', page)
        assert [unescape(title) for title in titles] == found

    def test_an_empty_register_says_what_to_do(self, mika: Visitor) -> None:
        assert "No motifs are registered yet." in mika.open()

    def test_pictures_that_disagree_under_one_label_are_pointed_out(self, mika: Visitor) -> None:
        mika.upload({"a.png": FOX}, label="Fox", category="character", owner="Aoi")
        answer = mika.upload({"b.png": OWL}, label="Fox", category="logo", owner="Ben")
        assert "registered as character, this one as logo" in unescape(answer.text)
        assert "do not agree in category or owner" in mika.open()

    def test_many_labels_are_shown_page_by_page(
        self, mika: Visitor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("review_ui.routes.motifs.PAGE", 2)
        mika.upload({f"Label {n}.png": save(scene(100 + n, (96, 96))) for n in range(3)})
        first, second = mika.open(), mika.open("/motifs?page=2")
        assert "Label 0" in first
        assert "Label 2" in second
        assert "Label 2" not in first


def test_the_page_is_in_japanese_for_who_reads_it(
    app: Any, sqlite_database: Database, workspace: Path
) -> None:
    visitor = Visitor(app, "ja")
    motif_id = submit(sqlite_database, workspace, save(star()), "ほし")
    done = visitor.upload({"soft.png": save(gradient()), "a.gif": animation()}, owner="Ben")
    assert "濃淡だけの画像です" in done.text
    assert "2 フレームのアニメーション" in done.text
    pages = [visitor.open("/motifs"), visitor.open(f"/motifs/{motif_id}"), done.text]
    english = set(load_words("en").values()) - set(load_words("ja").values())
    for page in pages:
        assert '<html lang="ja">' in page
        body = re.sub(r"<[^>]+>|\{[^}]*\}", " ", page.split("<main")[1])
        assert not [words for words in english if len(words) > 6 and words in body]
    assert "背景を灰色にして照合します" in pages[1]


def test_the_history_says_its_values_in_the_readers_language(
    app: Any, sqlite_database: Database, workspace: Path
) -> None:
    visitor = Visitor(app, "ja")
    motif_id = submit(sqlite_database, workspace, FOX)
    claim = {"label": "Fox", "category": "logo", "owner": "Aoi", "right": "trademark"}
    visitor.send(f"/motifs/{motif_id}/correct", **claim)
    visitor.send(f"/motifs/{motif_id}/decide", ruling="confirm")
    history = visitor.open(f"/motifs/{motif_id}").split('id="history-title"')[1]
    for said in ("キャラクター", "ロゴ", "商標権", "承認待ち", "承認済み"):
        assert f"<bdi>{said}</bdi>" in history
    assert not re.search("character|logo|trademark|confirmed", history)


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

    def open_window(path: str = "/motifs/add", **options: Any) -> Any:
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.goto(f"{address}{path}")
        page.fill("#name", "mika")
        page.click("main button")
        page.wait_for_selector("main h1")
        page.wait_for_load_state()
        return page

    yield open_window
    for context in contexts:
        context.close()
    assert complaints == []


def files(**named: bytes) -> list[dict[str, Any]]:
    return [
        {"name": f"{name}.png", "mimeType": "image/png", "buffer": data}
        for name, data in named.items()
    ]


def sides(page: Any) -> list[str]:
    return [side.input_value() for side in page.locator("[data-side]").all()]


@pytest.mark.browser
class TestInABrowser:
    def test_a_box_is_drawn_with_the_mouse_and_registered(
        self, window: Callable[..., Any], sqlite_database: Database
    ) -> None:
        page = window(viewport={"width": 1200, "height": 1400})
        page.set_input_files("#files", files(fox=FOX))
        frame = page.locator("[data-drawing]")
        frame.wait_for(state="visible")
        at = frame.bounding_box()
        page.mouse.move(at["x"] + at["width"] * 0.25, at["y"] + at["height"] * 0.5)
        page.mouse.down()
        page.mouse.move(at["x"] + at["width"] * 0.75, at["y"] + at["height"] + 50)
        page.mouse.up()
        assert [round(float(side)) for side in sides(page)] == [25, 50, 75, 100]
        page.fill("[name=label]", "Fox")
        page.click("#upload > button")
        page.wait_for_selector(".good-outcome")
        (row,) = rows(sqlite_database)
        x0, y0, x1, y1 = map(float, row.box.split(","))
        assert (x0, y0, x1, y1) == pytest.approx((0.25, 0.5, 0.75, 1), abs=0.02)

    def test_a_click_without_a_drag_takes_the_box_away(self, window: Callable[..., Any]) -> None:
        page = window(viewport={"width": 1200, "height": 1400})
        page.set_input_files("#files", files(fox=FOX))
        page.locator("[data-drawing]").wait_for(state="visible")
        for side, value in zip(
            page.locator("[data-side]").all(), ["10", "20", "30", "40"], strict=True
        ):
            side.fill(value)
        assert (
            page.locator("[data-drawing] rect.over").get_attribute("width") == "0.19999999999999998"
        )
        page.locator("[data-drawing]").click()
        assert sides(page) == ["", "", "", ""]

    def test_files_are_dropped_and_several_have_no_box(
        self, window: Callable[..., Any], sqlite_database: Database
    ) -> None:
        page = window()
        page.evaluate(
            """(pictures) => {
              const dropped = new DataTransfer();
              for (const [name, bytes] of pictures) {
                dropped.items.add(new File([new Uint8Array(bytes)], name, {type: "image/png"}));
              }
              const options = {dataTransfer: dropped, bubbles: true, cancelable: true};
              document.getElementById("drop").dispatchEvent(new DragEvent("drop", options));
            }""",
            [["fox.png", list(FOX)], ["owl.png", list(OWL)]],
        )
        assert page.locator("#chosen li").count() == 2
        assert page.evaluate("document.querySelector('.box-fields').disabled")
        page.click("#upload > button")
        page.wait_for_selector(".good-outcome")
        assert [row.label for row in rows(sqlite_database)] == ["fox", "owl"]

    def test_a_picture_that_no_browser_shows_has_no_preview(
        self, window: Callable[..., Any]
    ) -> None:
        page = window()
        page.set_input_files("#files", files(fox=FOX))
        page.locator("#preview").wait_for(state="visible")
        page.set_input_files("#files", files(draw=SVG[:20]))
        page.locator("#preview").wait_for(state="hidden")
        assert page.locator("#chosen").inner_text().startswith("draw.png (0 KiB")

    def test_the_form_is_filled_in_by_keyboard_alone(
        self, window: Callable[..., Any], sqlite_database: Database
    ) -> None:
        page = window()
        page.set_input_files("#files", files(fox=FOX))
        page.focus("[name=label]")
        page.keyboard.type("Fox")
        for value in ("10", "0", "90", "100"):
            while not page.evaluate("document.activeElement.matches('[data-side]')"):
                page.keyboard.press("Tab")
            page.keyboard.type(value)
            page.keyboard.press("Tab")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector(".good-outcome")
        assert rows(sqlite_database)[0].box == "0.1,0,0.9,1"

    def test_everything_works_without_javascript(
        self, window: Callable[..., Any], sqlite_database: Database
    ) -> None:
        page = window(java_script_enabled=False)
        page.set_input_files("#files", files(fox=FOX))
        page.fill("[name=label]", "Fox")
        page.click("#upload > button")
        page.click(".good-outcome a")
        page.click("summary")
        page.check("[name=sure]")
        page.click(".exclude")
        page.wait_for_selector(".told")
        assert rows(sqlite_database) == ()

    @pytest.mark.parametrize("locale", ["en-GB", "ja-JP"])
    def test_on_a_phone_nothing_is_cut_off(
        self,
        window: Callable[..., Any],
        sqlite_database: Database,
        workspace: Path,
        address: str,
        locale: str,
    ) -> None:
        motif_id = submit(sqlite_database, workspace, FOX, "Unbreakable" * 12)
        page = window(viewport={"width": 360, "height": 740}, has_touch=True, locale=locale)
        for path in ("/motifs", "/motifs/add", f"/motifs/{motif_id}"):
            page.goto(f"{address}{path}")
            assert page.evaluate("document.documentElement.scrollWidth") <= 360, path
