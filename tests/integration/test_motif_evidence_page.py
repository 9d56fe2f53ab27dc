"""The evidence of a motif on the review page over HTTP, sound and hostile, without JavaScript."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from models.motifs.alignment import MAX_POINTS
from models.review.derivatives import FOLDER, derivative_path
from models.review.queue import find_item, item_id_of
from models.settings import Settings
from models.store.database import Database
from review_ui.app import create_app
from tests.motif_evidence_seed import seed_motifs
from tests.review_seed import DATASET, make_evidence, put

ORIGIN = "http://127.0.0.1"
Open = Callable[..., str]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return tmp_path / "workspace"


@pytest.fixture
def asset_ids(sqlite_database: Database, workspace: Path) -> list[str]:
    return seed_motifs(sqlite_database, workspace)


@pytest.fixture
def open_item(workspace: Path, sqlite_database: Database) -> Open:
    """Opens an item's page, signed in, in a language."""
    app = create_app(Settings(workspace=workspace), sqlite_database)

    def open_page(asset_id: str, language: str = "en") -> str:
        http = TestClient(app, base_url=ORIGIN, headers={"Accept-Language": language})
        token = re.search(r'name="csrf" value="(\w+)"', http.get("/sign-in").text)
        assert token
        http.post("/sign-in", data={"csrf": token[1], "name": "mika"})
        answer = http.get(f"/items/{item_id_of(DATASET, asset_id)}")
        assert answer.status_code == 200, answer.text
        return answer.text

    return open_page


@pytest.fixture
def show_changed(
    sqlite_database: Database, asset_ids: list[str], open_item: Open
) -> Callable[..., str]:
    """The page of the first item with its motif finding, or its alignment, changed."""
    with sqlite_database.snapshot() as session:
        item = find_item(session, item_id_of(DATASET, asset_ids[0]))
    assert item is not None
    evidence = copy.deepcopy(item.evidence)

    def show(finding: dict[str, Any] | None = None, **alignment: Any) -> str:
        evidence["findings"][1]["alignment"].update(alignment)
        evidence["findings"][1].update(finding or {})
        put(sqlite_database, evidence)
        return open_item(asset_ids[0])

    return show


class TestWhatIsShown:
    def test_boxes_are_numbered_like_the_findings(
        self, open_item: Open, asset_ids: list[str]
    ) -> None:
        page = open_item(asset_ids[0])
        asset = page.split("<figure>")[1].split("</figure>")[0]
        assert re.findall(r"<text [^>]*>(\d)</text>", asset) == ["2", "3"]
        assert asset.count('<rect class="over"') == 2
        assert 'id="finding-2"' in page

    def test_the_reference_shows_what_of_it_matched(
        self, open_item: Open, asset_ids: list[str]
    ) -> None:
        page = open_item(asset_ids[0])
        assert '<rect class="part over"' in page
        assert "Matched: 54 % of the motif, in the middle." in page

    def test_each_matched_point_is_on_both_pictures_in_one_colour(
        self, open_item: Open, asset_ids: list[str]
    ) -> None:
        page = open_item(asset_ids[1])
        here, there = re.findall(r'<g class="dots[^>]*>(.*?)</g>', page)
        colours = [re.findall(r'<circle class="(c\d)"', dots) for dots in (here, there)]
        assert len(colours[0]) == 31
        assert colours[0] == colours[1]

    @pytest.mark.parametrize(
        ("language", "sentences"),
        [
            (
                "en",
                [
                    "31 of 40 matched points agree on one place.",
                    "Found in the lower left, covering 27 % of the picture.",
                    "The motif is turned clockwise by 18 degrees.",
                    "The policy acts from 0.50 on. Where a text names the motif, from 0.30 on.",
                    "Risk 0.93 of 1: very likely",
                ],
            ),
            (
                "ja",
                [
                    "一致点 40 個のうち 31 個が同じ位置を示しています。",
                    "位置：左下（画像の 27 %）",
                    "モチーフは時計回りに 18 度回転しています。",
                    "0.50 以上で方針の対象になります。",
                    "リスク 0.93（最大 1）：可能性が非常に高い",
                ],
            ),
        ],
    )
    def test_the_evidence_is_said_in_words(
        self, open_item: Open, asset_ids: list[str], language: str, sentences: list[str]
    ) -> None:
        page = unescape(open_item(asset_ids[0], language))
        for sentence in sentences:
            assert sentence in page, sentence

    def test_a_copys_fingerprint_and_mirroring_are_said(
        self, open_item: Open, asset_ids: list[str]
    ) -> None:
        page = unescape(open_item(asset_ids[1]))
        assert "The fingerprint differs in 12 of 256 bits." in page
        assert "The motif lies mirrored." in page
        assert "<strong>> 0.99</strong>" in page

    def test_limits_that_the_evidence_does_not_name_are_not_made_up(
        self, open_item: Open, asset_ids: list[str]
    ) -> None:
        page = open_item(asset_ids[1])
        assert "The policy acts" not in page
        assert "One clean picture in 1,000 reaches 0.5 by accident." in page

    def test_of_several_motifs_each_can_be_chosen_and_the_riskiest_is(
        self, open_item: Open, asset_ids: list[str]
    ) -> None:
        page = open_item(asset_ids[0])
        radios = re.findall(r'<input type="radio"[^>]*>', page)
        assert [('data-key="2"' in r, " checked" in r) for r in radios] == [
            (True, True),
            (False, False),
        ]
        assert 'type="radio"' not in open_item(asset_ids[1])

    def test_a_picture_says_to_those_who_cannot_see_it_where_the_box_is(
        self, open_item: Open, asset_ids: list[str]
    ) -> None:
        labels = re.findall(
            r'<svg class="boxes box-\d"[^>]*aria-label="([^"]*)"', open_item(asset_ids[0])
        )
        assert len(labels) == 2
        said = "Box 2 marks finding 2: Found in the lower left, covering 27 %"
        assert any(label.startswith(said) for label in labels)

    def test_a_link_to_a_picture_keeps_what_the_picture_shows_as_its_name(
        self, open_item: Open, asset_ids: list[str]
    ) -> None:
        links = re.findall(r'<a class="frame"[^>]*>', open_item(asset_ids[0]))
        assert 'title="Open the asset by itself"' in links[0]
        assert not [link for link in links if "aria-label" in link]

    def test_what_detectors_measured_is_folded_away_below_what_it_means(
        self, open_item: Open, asset_ids: list[str]
    ) -> None:
        finding = open_item(asset_ids[0]).split('id="finding-2"')[1].split("</li>\n      <li")[0]
        meaning, measured = finding.split("<details>")
        assert "31 of 40 matched points agree on one place." in meaning
        assert "<code>" not in meaning
        assert "<code>" in measured

    def test_without_matched_points_that_is_said_and_nothing_is_offered_for_them(
        self, open_item: Open, asset_ids: list[str]
    ) -> None:
        page = open_item(asset_ids[2])
        assert "No matched points show where it lies" in page
        assert not re.search(r'id="(points|overlay)"', page)
        assert 'id="zoom"' in page


class TestOddEvidence:
    @pytest.mark.parametrize(
        "alignment",
        [
            {"transform": [math.nan] * 6},
            {"transform": [math.inf, 0, 0, 0, 1, 0]},
            {"transform": [1e9] * 6},
            {"transform": [0] * 6},
            {"transform": [1, 0, 0]},
            {"transform": "matrix(1)"},
        ],
    )
    def test_a_transform_that_cannot_be_drawn_leaves_the_rest(
        self, show_changed: Callable[..., str], alignment: dict[str, Any]
    ) -> None:
        page = show_changed(**alignment)
        assert 'class="overlay' not in page
        assert "31 of 40 matched points agree on one place." in page

    @pytest.mark.parametrize(
        "finding",
        [
            {"alignment": "aligned"},
            {"alignment": [1, 2]},
            {"alignment": {}},
            {"alignment": {"points": {"a": 1}, "inliers": "many", "mirrored": "yes"}},
            {"box": [math.nan, 0, 1, 1]},
            {"box": "all"},
            {"score": 10**400},
            {"score": math.nan},
            {"score": True, "distance": 10**400},
            {"distance": "twelve", "reference": 7, "label": None},
            {"kind": "motif_new"},
        ],
    )
    def test_odd_values_still_make_a_page(
        self, show_changed: Callable[..., str], finding: dict[str, Any]
    ) -> None:
        page = show_changed(finding)
        assert 'id="finding-2"' in page
        drawn = re.findall(r'(?:points|transform|viewBox|[cr]?[xy]|d|width)="([^"]*)"', page)
        assert not [value for value in drawn if re.search(r"nan|inf|None", value)]

    def test_ten_thousand_points_are_not_all_drawn(self, show_changed: Callable[..., str]) -> None:
        page = show_changed(points=[[0.5, 0.5, 0.5, 0.5]] * 10_000)
        assert page.count("<circle") == 2 * MAX_POINTS

    def test_code_in_a_label_or_a_number_stays_text(self, show_changed: Callable[..., str]) -> None:
        code = '"><script>alert(1)</script>'
        page = show_changed({"label": code, "category": code, "detector": code}, transform=[code])
        assert "<script>alert" not in page
        assert "<script>alert(1)</script>" in unescape(page)

    def test_a_thousand_matches_draw_no_more_than_can_be_chosen(
        self, sqlite_database: Database, asset_ids: list[str], open_item: Open
    ) -> None:
        with sqlite_database.snapshot() as session:
            item = find_item(session, item_id_of(DATASET, asset_ids[1]))
        assert item is not None
        evidence = {**item.evidence, "findings": item.evidence["findings"] * 300}
        put(sqlite_database, evidence)
        page = open_item(asset_ids[1])
        assert page.count('type="radio"') == 9
        assert 'id="finding-300"' in page

    def test_a_reference_without_a_picture_is_a_placeholder(
        self, sqlite_database: Database, asset_ids: list[str], open_item: Open
    ) -> None:
        with sqlite_database.snapshot() as session:
            item = find_item(session, item_id_of(DATASET, asset_ids[1]))
        assert item is not None
        evidence = copy.deepcopy(item.evidence)
        evidence["references"][0]["id"] = evidence["findings"][0]["reference"] = "../../etc"
        put(sqlite_database, evidence)
        page = open_item(asset_ids[1])
        assert "There is no picture to show." in page
        assert 'class="overlay' not in page

    def test_a_reference_whose_copy_is_gone_is_not_laid_over(
        self, sqlite_database: Database, workspace: Path, asset_ids: list[str], open_item: Open
    ) -> None:
        with sqlite_database.snapshot() as session:
            item = find_item(session, item_id_of(DATASET, asset_ids[1]))
        assert item is not None
        derivative_path(workspace / FOLDER, item.evidence["references"][0]["id"], 768).unlink()
        page = open_item(asset_ids[1])
        assert "There is no picture to show." in page
        assert 'class="overlay' not in page
        assert "31 of 40 matched points agree on one place." in page

    def test_the_policys_limits_are_said_once(self, open_item: Open, asset_ids: list[str]) -> None:
        assert open_item(asset_ids[0]).count("The policy acts from") == 1

    def test_a_page_without_motifs_needs_none_of_this(
        self, sqlite_database: Database, open_item: Open
    ) -> None:
        put(sqlite_database, make_evidence("d" * 64, "plain.png"))
        page = open_item("d" * 64)
        assert not re.search(r'class="(choose|tools|zoom|lines)', page)
