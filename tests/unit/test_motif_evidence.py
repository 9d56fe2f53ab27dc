"""What the review page reads of a motif finding: what is drawn, said and left out."""

from __future__ import annotations

import io
import json
import math
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from models.motifs.alignment import MAX_POINTS
from models.motifs.rendering import COLOURS as MARKED
from models.review.derivatives import derivative_path
from review_ui.evidence import Picture, Reference, read_findings
from review_ui.motif_evidence import (
    COLOURS,
    SLOTS,
    Match,
    describe_place,
    read_matches,
    read_thresholds,
)
from review_ui.webp import read_webp_size

UI = Path(__file__).resolve().parents[2] / "review_ui"
ASSET, MOTIF = "a" * 64, "b" * 64
ALIGNMENT: dict[str, Any] = {
    "inliers": 31,
    "matched": 40,
    "transform": [0.5, 0.0, 0.25, 0.0, 0.5, 0.25],
    "mirrored": False,
    "box": [0.25, 0.25, 0.75, 0.75],
    "reference_box": [0.0, 0.0, 1.0, 1.0],
    "points": [[0.5, 0.6, 0.5, 0.7], [0.5, 0.3, 0.5, 0.1]],
}
FINDING: dict[str, Any] = {
    "kind": "motif_contained",
    "score": 0.93,
    "reference": MOTIF,
    "label": "Mimi",
    "box": [0.25, 0.25, 0.75, 0.75],
    "distance": 12.0,
    "alignment": ALIGNMENT,
}


def reference(asset_id: str = MOTIF) -> Reference:
    return Reference(Picture(asset_id, True), "Mimi", "character", "")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("derivatives")
    for asset_id, size in ((ASSET, (640, 480)), (MOTIF, (300, 300))):
        path = derivative_path(root, asset_id, 768)
        path.parent.mkdir()
        Image.new("RGB", size).save(path, "WEBP")
    return root


def read(folder: Path, *findings: dict[str, Any]) -> tuple[Match, ...]:
    return read_matches(folder, ASSET, read_findings({"findings": list(findings)}), [reference()])


def read_one(folder: Path, **changes: Any) -> Match:
    (match,) = read(folder, {**FINDING, **changes})
    return match


def read_aligned(folder: Path, **changes: Any) -> Match:
    return read_one(folder, alignment={**ALIGNMENT, **changes})


class TestMatches:
    def test_the_evidence_is_read_as_the_page_says_it(self, folder: Path) -> None:
        match = read_one(folder)
        assert (match.inliers, match.matched, match.bits) == (31, 40, 12)
        assert (match.risk_shown, match.risk_words) == ("0.93", "motif.risk.very_likely")
        assert match.place is not None
        assert (match.place.words, match.place.share) == ("motif.at.middle", 25)

    def test_the_riskiest_comes_first_and_keeps_its_number(self, folder: Path) -> None:
        name = {"kind": "name_protected", "score": 1.0}
        matches = read(folder, name, {**FINDING, "score": 0.4}, FINDING)
        assert [(m.number, m.slot, m.key) for m in matches] == [(3, 1, "3"), (2, 2, "2")]

    def test_as_many_can_be_drawn_as_there_are_digits(self, folder: Path) -> None:
        matches = read(folder, *[FINDING] * 12)
        assert [m.slot for m in matches] == [*range(1, SLOTS + 1), 0, 0, 0]
        assert all(not m.dots and not m.matrix and m.crops is None for m in matches[SLOTS:])

    def test_a_motif_that_the_evidence_does_not_describe_has_words_only(self, folder: Path) -> None:
        match = read_one(folder, reference="c" * 64)
        assert (match.slot, match.reference, match.inliers) == (0, None, 31)

    def test_the_registered_file_itself_is_called_so(self, folder: Path) -> None:
        assert read_one(folder, reference=ASSET).same_file
        assert not read_one(folder).same_file

    def test_the_overlay_is_the_transform_on_its_canvas(self, folder: Path) -> None:
        assert read_one(folder).matrix == "matrix(0.5 0 0 0.5 250 250)"
        assert read_one(folder).outline == "250,250 750,250 750,750 250,750"

    def test_a_mirrored_motif_is_laid_mirrored(self, folder: Path) -> None:
        match = read_aligned(folder, mirrored=True)
        assert match.matrix == "matrix(-0.5 0 0 0.5 750 250)"
        assert match.mirrored

    def test_points_go_from_top_to_bottom_in_per_cent(self, folder: Path) -> None:
        first, second = read_one(folder).dots
        assert (first.asset, first.reference) == ((50.0, 30.0), (50.0, 10.0))
        assert (second.asset, second.colour) == ((50.0, 60.0), 1)

    def test_the_crops_show_the_same_place_at_the_same_scale(self, folder: Path) -> None:
        crops = read_one(folder).crops
        assert crops is not None
        here, there = crops
        assert here.view == there.view == (121.6, 91.2, 396.8, 297.6)
        assert there.matrix == "matrix(0.5 0 0 0.5 160 120)"

    def test_without_an_alignment_the_motif_is_cut_as_registered(self, folder: Path) -> None:
        crops = read_one(folder, alignment=None).crops
        assert crops is not None
        assert (crops[1].view, crops[1].matrix) == ((0.0, 0.0, 300.0, 300.0), "")

    def test_a_tiny_box_is_shown_with_what_is_around_it(self, folder: Path) -> None:
        crops = read_one(folder, box=[0.0, 0.0, 0.001, 0.001]).crops
        assert crops is not None
        assert min(crops[0].view[2:]) > 10

    @pytest.mark.parametrize(
        ("risk", "shown", "words"),
        [
            (1.0, "1.00", "motif.risk.very_likely"),
            (0.999, "> 0.99", "motif.risk.very_likely"),
            (0.7, "0.70", "motif.risk.likely"),
            (0.5, "0.50", "motif.risk.possible"),
            (0.3, "0.30", "motif.risk.weak"),
            (0.0, "0.00", "motif.risk.very_weak"),
            (math.nan, "", ""),
            (7, "", ""),
        ],
    )
    def test_a_risk_has_a_word(self, folder: Path, risk: float, shown: str, words: str) -> None:
        match = read_one(folder, score=risk)
        assert (match.risk_shown, match.risk_words) == (shown, words)

    @pytest.mark.parametrize(
        ("box", "words", "share"),
        [
            ((0.0, 0.7, 0.3, 1.0), "motif.at.lower_left", 9),
            ((0.7, 0.0, 1.0, 0.3), "motif.at.upper_right", 9),
            ((0.35, 0.8, 0.65, 1.0), "motif.at.lower", 6),
            ((0.1, 0.1, 0.9, 0.9), "motif.at.middle", 64),
            ((0.0, 0.0, 1.0, 0.9), "motif.at.whole", 90),
            ((0.0, 0.0, 0.001, 0.001), "motif.at.upper_left", 1),
        ],
    )
    def test_a_box_has_words(
        self, box: tuple[float, float, float, float], words: str, share: int
    ) -> None:
        place = describe_place(box)
        assert (place.words, place.share) == (words, share)

    def test_the_policys_limits_are_read_where_they_are_given(self) -> None:
        given_limits = read_thresholds({"motifs": {"risk": 0.5, "named_risk": math.nan}})
        assert (given_limits.risk, given_limits.named_risk) == (0.5, None)
        assert read_thresholds({"motifs": "x"}).risk is None


class TestOddEvidence:
    @pytest.mark.parametrize(
        "transform", [None, "x", [1] * 5, [math.nan] * 6, [0] * 6, [1e9] * 6, [10**400] * 6]
    )
    def test_a_transform_that_cannot_be_drawn_costs_the_overlay_only(
        self, folder: Path, transform: Any
    ) -> None:
        match = read_aligned(folder, transform=transform)
        assert (match.matrix, match.outline) == ("", "")
        assert None not in (match.place, match.crops)
        assert match.dots

    @pytest.mark.parametrize("count", [-1, 1.5, math.inf, "31", True, None, 10**400])
    def test_a_count_that_is_none_is_not_said(self, folder: Path, count: Any) -> None:
        assert read_aligned(folder, inliers=count).inliers is None
        assert read_one(folder, distance=count).bits is None

    def test_fewer_matched_than_agreeing_points_are_not_said(self, folder: Path) -> None:
        match = read_aligned(folder, matched=3)
        assert (match.inliers, match.matched) == (31, None)

    def test_ten_thousand_points_are_as_many_as_a_person_can_look_at(self, folder: Path) -> None:
        assert len(read_aligned(folder, points=[[0.5] * 4] * 10_000).dots) == MAX_POINTS

    @settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150)
    @given(
        st.dictionaries(
            st.sampled_from([*ALIGNMENT]),
            st.recursive(
                st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=4),
                lambda inner: st.lists(inner, max_size=7),
                max_leaves=20,
            ),
        ),
        st.floats() | st.integers() | st.just(10**400),
    )
    def test_whatever_an_alignment_holds_what_is_drawn_are_finite_numbers(
        self, folder: Path, changes: dict[str, Any], score: float
    ) -> None:
        match = read_one(folder, score=score, alignment={**ALIGNMENT, **changes})
        drawn = json.dumps([match.matrix, match.outline, str(match.crops), str(match.dots)])
        assert not re.search(r"\b(nan|inf)", drawn)
        assert all(0 <= n <= 100 for d in match.dots for n in (*d.asset, *d.reference))


class TestPictureSizes:
    @pytest.mark.parametrize(
        "options", [{}, {"lossless": True}, {"exif": b"Exif\0\0"}, {"quality": 1}]
    )
    @pytest.mark.parametrize("size", [(1, 1), (300, 17), (768, 768)])
    def test_the_size_is_read_from_the_head(
        self, tmp_path: Path, size: tuple[int, int], options: dict[str, Any]
    ) -> None:
        Image.new("RGB", size, "red").save(tmp_path / "a.webp", "WEBP", **options)
        assert read_webp_size(tmp_path / "a.webp") == size

    @pytest.mark.parametrize("data", [b"", b"RIFF", b"RIFF0000WEBPVP8 " + b"\0" * 20, b"x" * 40])
    def test_anything_else_has_no_size(self, tmp_path: Path, data: bytes) -> None:
        (tmp_path / "a.webp").write_bytes(data)
        assert read_webp_size(tmp_path / "a.webp") is None
        assert read_webp_size(tmp_path / "missing.webp") is None

    def test_a_file_cut_short_never_breaks(self, tmp_path: Path) -> None:
        sink = io.BytesIO()
        Image.new("RGB", (20, 10)).save(sink, "WEBP")
        for length in range(40):
            (tmp_path / "a.webp").write_bytes(sink.getvalue()[:length])
            assert read_webp_size(tmp_path / "a.webp") in (None, (20, 10))


class TestColours:
    """Points are told apart by people who see no red or no green (Vienot and others, 1999)."""

    TO_LMS = np.array(
        [[17.8824, 43.5161, 4.11935], [3.45565, 27.1554, 3.86714], [0.0299566, 0.184309, 1.46709]]
    )
    SEEN = {
        "without red": [[0, 2.02344, -2.52581], [0, 1, 0], [0, 0, 1]],
        "without green": [[1, 0, 0], [0.494207, 0, 1.24827], [0, 0, 1]],
        "with all": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    }

    @pytest.mark.parametrize("eyes", SEEN)
    def test_neighbouring_colours_differ(self, eyes: str) -> None:
        colours = self.page_colours()
        rgb = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colours])
        seen = np.linalg.inv(self.TO_LMS) @ np.array(self.SEEN[eyes]) @ self.TO_LMS @ (rgb**2.2).T
        shown = (np.clip(seen, 0, 1) ** (1 / 2.2)).T
        for place, colour in enumerate(shown):
            assert np.linalg.norm(colour - shown[(place + 1) % COLOURS]) > 0.12

    def test_the_page_and_the_reports_use_the_same(self) -> None:
        assert tuple(self.page_colours()) == MARKED

    @staticmethod
    def page_colours() -> list[str]:
        css = (UI / "static" / "motif.css").read_text()
        colours = re.findall(r"--c\d: (#\w{6})", css)
        assert len(colours) == COLOURS
        return colours
