"""Names in the lettering of pictures: what is searched and told, and what becomes of failures."""

from __future__ import annotations

import importlib
import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from models import detectors, freshness
from models.assets.asset import Asset, Caption, Location
from models.assets.faults import FaultError
from models.canonical import digest_bytes
from models.findings import Finding
from models.nouns.knowledge import NounKnowledge
from models.nouns.lettering import LetteringError, LetteringReader, Line, join_lines
from models.nouns.lettering import reader as reader_module
from models.nouns.lettering.reader import LONGEST_SIDE, MOST_PIXELS, choose_size
from models.nouns.register.storage import make_entry, make_register
from models.nouns.stage import NounsStage
from models.policy import Policy
from models.reasons import Reason
from models.settings import Settings
from models.stages import run_stage
from models.store.database import Database

KNOWLEDGE = NounKnowledge(
    make_register(
        [
            make_entry("hatsune_miku", "character", ["初音ミク", "初音未来"]),
            make_entry("kantoku", "artist"),
        ]
    )
)


class FakeReader:
    """Reads the same lines in every picture, or fails."""

    workers = 2

    def __init__(
        self, *lines: Line, error: Exception | None = None, fingerprint: str = "a"
    ) -> None:
        self.lines = list(lines)
        self.error = error
        self.fingerprint = fingerprint

    def read(self, data: bytes) -> list[Line]:
        if self.error is not None and data == RED:
            raise self.error
        return self.lines


class FakeEngine:
    """An engine that remembers what it was shown."""

    def __init__(self, found: Any = None, error: Exception | None = None) -> None:
        self.found = found
        self.error = error
        self.shapes: list[tuple[int, ...]] = []

    def __call__(self, img_content: Any) -> tuple[Any, None]:
        self.shapes.append(img_content.shape)
        if self.error:
            raise self.error
        return self.found, None


def png(colour: str = "red", size: tuple[int, int] = (64, 64)) -> bytes:
    sink = io.BytesIO()
    Image.new("RGB", size, colour).save(sink, "PNG")
    return sink.getvalue()


RED, BLUE = png("red"), png("blue")


def line(text: str, x: float = 0.1, y: float = 0.1, confidence: float = 1.0) -> Line:
    return Line(text, (x, y, round(x + 0.02 * len(text), 4), round(y + 0.1, 4)), confidence)


def asset(
    folder: Path, data: bytes = RED, caption: str = "a concert", name: str = "1.png"
) -> Asset:
    path = folder / name
    path.write_bytes(data)
    where = (Location(name, str(path)),)
    return Asset(digest_bytes(data), where, (Caption(caption, "a.txt"),))


def stage_with(reader: FakeReader) -> NounsStage:
    return NounsStage(KNOWLEDGE, max_bytes=1 << 20, lettering=reader)


def examine(stage: NounsStage, *assets: Asset) -> list[dict[str, Any]]:
    return stage.examine(assets, lambda _: None).to_pylist()


def findings(row: dict[str, Any]) -> list[Finding]:
    return [Finding.from_dict(json.loads(text)) for text in row["findings"]]


def real_reader(monkeypatch: pytest.MonkeyPatch, engine: FakeEngine) -> LetteringReader:
    monkeypatch.setattr(reader_module, "load_engine", lambda: engine)
    return LetteringReader(1_000_000, 2)


def test_a_name_in_the_lettering_is_possible_at_most_and_says_where_it_is(tmp_path: Path) -> None:
    stage = stage_with(FakeReader(line("HATSUNE MIKU", confidence=0.9)))
    (found,) = findings(examine(stage, asset(tmp_path))[0])
    assert (found.kind, found.source, found.label) == ("name_possible", "picture", "hatsune_miku")
    assert (found.caption, found.start, found.box) == (-1, -1, (0.1, 0.1, 0.34, 0.2))
    assert found.score == pytest.approx(0.9)
    assert found.explanation.startswith(
        "The lettering in the picture reads 'HATSUNE MIKU': 'HATSUNE MIKU' is registered"
    )


def test_a_name_that_breaks_over_two_lines_is_found_in_the_box_around_both(tmp_path: Path) -> None:
    stage = stage_with(FakeReader(line("HATSUNE", y=0.1), line("MIKU", y=0.25, confidence=0.5)))
    (found,) = findings(examine(stage, asset(tmp_path))[0])
    assert found.box == (0.1, 0.1, 0.24, 0.35)
    assert found.score == pytest.approx(0.5)
    assert "reads 'HATSUNE / MIKU'" in found.explanation


def test_a_name_in_one_line_is_not_told_again_of_the_lines_around_it(tmp_path: Path) -> None:
    lines = line("IN CONCERT", y=0.1), line("HATSUNE MIKU", y=0.25), line("TONIGHT", y=0.4)
    (found,) = findings(examine(stage_with(FakeReader(*lines)), asset(tmp_path))[0])
    assert found.box == lines[1].box


def test_a_name_that_stands_in_two_places_is_told_of_both(tmp_path: Path) -> None:
    lines = line("HATSUNE MIKU", y=0.1), line("HATSUNE MIKU", y=0.8)
    found = findings(examine(stage_with(FakeReader(*lines)), asset(tmp_path))[0])
    assert [each.box for each in found] == [each.box for each in lines]


def test_unknown_terms_in_the_lettering_are_not_told(tmp_path: Path) -> None:
    stage = stage_with(FakeReader(line("by Zorblaxian Frimp"), line("kaito_(vocaloid)", y=0.5)))
    assert examine(stage, asset(tmp_path))[0]["findings"] == []


def test_a_picture_that_cannot_be_read_is_a_fault_and_its_captions_are_searched(
    tmp_path: Path,
) -> None:
    fault = FaultError(Reason.STAGE_FAILED, "the lettering cannot be read: Broken: no")
    stage = stage_with(FakeReader(line("HATSUNE MIKU"), error=fault))
    bad, good = examine(
        stage, asset(tmp_path, RED, "by kantoku"), asset(tmp_path, BLUE, name="2.png")
    )
    assert (bad["fault_code"], bad["fault_detail"]) == ("stage_failed", fault.fault.detail)
    assert [found.label for found in findings(bad)] == ["kantoku"]
    assert good["fault_code"] is None
    assert [found.label for found in findings(good)] == ["hatsune_miku"]


def test_an_error_that_nobody_expected_costs_one_row_only(tmp_path: Path) -> None:
    stage = stage_with(FakeReader(error=RuntimeError("broken")))
    bad, good = examine(stage, asset(tmp_path), asset(tmp_path, BLUE, name="2.png"))
    assert (bad["fault_code"], bad["fault_detail"]) == ("stage_failed", "RuntimeError: broken")
    assert good["fault_code"] is None


def test_a_reader_that_cannot_work_at_all_ends_the_stage(tmp_path: Path) -> None:
    stage = stage_with(FakeReader(error=LetteringError("The models are gone.", "Reinstall.")))
    with pytest.raises(LetteringError):
        run_stage(stage, "ab" * 32, [asset(tmp_path)], tmp_path)


def test_other_bytes_than_those_that_were_scanned_do_not_speak_for_the_asset(
    tmp_path: Path,
) -> None:
    changed = asset(tmp_path)
    (tmp_path / "1.png").write_bytes(BLUE)
    (row,) = examine(stage_with(FakeReader()), changed)
    assert row["fault_code"] == Reason.BYTES_CHANGED.value


def test_the_fingerprint_covers_the_reader_and_without_one_says_nothing_of_it() -> None:
    plain = NounsStage(KNOWLEDGE, max_bytes=1 << 20).fingerprint
    assert plain == NounsStage(KNOWLEDGE, max_bytes=1 << 20, lettering=None).fingerprint
    read = {stage_with(FakeReader(fingerprint=each)).fingerprint for each in "ab"}
    assert len({plain, *read}) == 3


def test_lettering_without_reading_files_is_a_mistake() -> None:
    with pytest.raises(ValueError, match="max_bytes"):
        NounsStage(KNOWLEDGE, lettering=FakeReader())


def test_the_missing_extra_is_told_before_any_asset_is_examined(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refuse(name: str) -> Any:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", refuse)
    with pytest.raises(LetteringError, match=r"kiyome\[ocr\]"):
        LetteringReader(1_000_000, 2)


@pytest.mark.parametrize("wanted", [False, True])
def test_the_reader_is_loaded_with_the_detectors_and_only_if_the_setting_asks_for_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, database: Database, wanted: bool
) -> None:
    def refuse() -> Any:
        raise LetteringError("It is not installed.", "Install it.")

    monkeypatch.setattr(reader_module, "load_engine", refuse)
    settings = Settings(workspace=tmp_path, read_lettering=wanted)
    policy = Policy(name="p", version="1")
    if wanted:
        with pytest.raises(LetteringError):
            detectors.load_detectors(settings, policy, tmp_path, database)
    else:
        assert (
            detectors.load_detectors(settings, policy, tmp_path, database).nouns.lettering is None
        )


def test_a_run_is_not_fresh_when_the_reader_is_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    policy = Policy(name="p", version="1")

    def digest(wanted: bool, version: str) -> str:
        monkeypatch.setattr(freshness, "lettering_packages", lambda: [version])
        return freshness.digest_inputs({}, Settings(read_lettering=wanted), policy, "plan")

    assert digest(False, "1") == digest(False, "2")
    assert len({digest(False, "1"), digest(True, "1"), digest(True, "2")}) == 3


def test_an_engine_that_fails_is_a_fault_with_its_last_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = FakeEngine(error=RuntimeError("Traceback:\n  somewhere\nout of memory"))
    with pytest.raises(FaultError) as caught:
        real_reader(monkeypatch, engine).read(RED)
    assert caught.value.fault.reason is Reason.STAGE_FAILED
    assert caught.value.fault.detail == "the lettering cannot be read: RuntimeError: out of memory"


def test_a_picture_past_the_limit_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FaultError) as caught:
        real_reader(monkeypatch, FakeEngine()).read(png(size=(2000, 1000)))
    assert caught.value.fault.reason is Reason.IMAGE_TOO_LARGE


def test_boxes_are_fractions_of_the_picture_without_its_margin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = FakeEngine()
    reader = real_reader(monkeypatch, engine)
    assert reader.read(png(size=(1000, 600))) == []
    ((height, width, _),) = engine.shapes
    left, top = (width - 1000) // 2, (height - 600) // 2
    corners = [[left + x, top + y] for x, y in ((100, 60), (300, 60), (300, 120), (100, 120))]
    engine.found = [[corners, " HATSUNE ", 0.98765], [corners, "  ", 0.9]]
    assert reader.read(png(size=(1000, 600))) == [Line("HATSUNE", (0.1, 0.1, 0.3, 0.2), 0.9877)]


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_no_picture_is_read_larger_than_the_limits(width: int, height: int) -> None:
    across, down = choose_size(width, height)
    assert min(across, down) >= 1
    assert max(across, down) <= LONGEST_SIDE
    assert across * down <= MOST_PIXELS * 1.01 + LONGEST_SIDE


def test_what_the_engine_is_shown_has_whole_strides_and_is_never_very_narrow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    engine = FakeEngine()
    reader = real_reader(monkeypatch, engine)
    for size in ((1, 1), (1, 3000), (3000, 1), (640, 480)):
        reader.read(png(size=size))
    for height, width, _ in engine.shapes:
        assert height % 32 == width % 32 == 0
        assert max(height, width) <= 9 * min(height, width)


@given(
    st.lists(
        st.builds(
            line, st.sampled_from(["A", "MIKU", "初音"]), st.floats(0, 0.9), st.floats(0, 0.9)
        ),
        max_size=12,
    )
)
def test_every_line_is_searched_by_itself_first(lines: list[Line]) -> None:
    passages = join_lines(lines)
    assert [passage.text for passage in passages[: len(lines)]] == [each.text for each in lines]
    assert all(len(passage.lines) == len(set(passage.lines)) <= 3 for passage in passages)
    assert len(passages) <= 7 * len(lines)


@pytest.mark.parametrize(
    ("lines", "joined"),
    [
        ((line("HATSUNE"), line("MIKU", y=0.25)), ["HATSUNE MIKU"]),
        ((line("HATSUNE"), line("MIKU", x=0.26)), ["HATSUNE MIKU"]),
        ((line("初音"), line("未来", y=0.25)), ["初音未来"]),
        ((line("HATSUNE"), line("MIKU", y=0.6)), []),
        ((line("HATSUNE"), line("MIKU", x=0.6)), []),
        ((line("HATSUNE"), Line("MIKU", (0.1, 0.25, 0.2, 0.27), 1.0)), []),
    ],
)
def test_only_lines_that_follow_each_other_are_joined(
    lines: tuple[Line, ...], joined: list[str]
) -> None:
    assert [passage.text for passage in join_lines(lines)[len(lines) :]] == joined
