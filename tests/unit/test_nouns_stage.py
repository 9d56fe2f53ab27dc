"""The nouns stage: one row per asset, findings that a reviewer can read, failures that stay put."""

from __future__ import annotations

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from models.assets.asset import Asset, Caption, Fault, Location, unread_id
from models.findings import Finding
from models.nouns import stage as stage_module
from models.nouns.knowledge import NounKnowledge
from models.nouns.pipeline import SPANS_KEY, build_pipeline
from models.nouns.register.storage import make_entry, make_register
from models.nouns.stage import NounsStage
from models.reasons import Reason

REGISTER = make_register(
    [
        make_entry("hatsune_miku", "character", ["初音ミク"]),
        make_entry("rose", "character"),
        make_entry("kantoku", "artist"),
    ]
)
KNOWLEDGE = NounKnowledge(REGISTER)


def asset(*captions: str, name: str = "images/0001.png", fault: Fault | None = None) -> Asset:
    return Asset(
        unread_id(name),
        (Location(name, name),),
        tuple(Caption(text, "a.txt") for text in captions),
        fault=fault,
    )


def examine(*assets: Asset) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = NounsStage(KNOWLEDGE).examine(assets, lambda _: None).to_pylist()
    return rows


def findings(*captions: str, name: str = "images/0001.png") -> list[Finding]:
    (row,) = examine(asset(*captions, name=name))
    assert row["fault_code"] is None
    return [Finding.from_dict(json.loads(text)) for text in row["findings"]]


def test_every_caption_is_searched_and_each_finding_says_where() -> None:
    found = findings("solo, hatsune miku", "a girl", "初音ミク, drawn by kantoku")
    assert [(f.caption, f.start, f.end, f.surface, f.category) for f in found] == [
        (0, 6, 18, "hatsune miku", "character"),
        (2, 0, 4, "初音ミク", "character"),
        (2, 15, 22, "kantoku", "artist"),
    ]


def test_an_explanation_names_the_entry_and_how_it_is_spelled() -> None:
    (found,) = findings("初音ミク")
    assert found.explanation == (
        "'初音ミク' is registered as a character, another name of 'hatsune_miku'."
    )
    assert (found.kind, found.score, found.label) == ("name_protected", 0.95, "hatsune_miku")


def test_an_ordinary_word_with_evidence_is_possible_and_says_why() -> None:
    (found,) = findings('a girl called "rose"')
    assert (found.kind, found.score) == ("name_possible", 0.5)
    assert "because it stands in quotation marks" in found.explanation


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("images/hatsune_miku_01.png", "name_protected"),
        ("images/HatsuneMiku.png", "name_protected"),
        ("images/kantoku12.png", "name_possible"),
    ],
)
def test_a_file_name_is_searched_and_said_to_be_one(name: str, kind: str) -> None:
    (found,) = findings(name=name)
    assert (found.kind, found.caption, found.start, found.end) == (kind, -1, -1, -1)
    assert found.explanation.startswith("The file name ")


def test_an_ordinary_word_in_a_file_name_is_nothing() -> None:
    assert findings(name="images/Red_Rose.png") == []


def test_a_lone_surrogate_is_shown_as_a_replacement_and_moves_nothing() -> None:
    (found,) = findings("x\ud800, hat\udfffsune miku")
    assert (found.start, found.end, found.surface) == (4, 17, "hat\ufffdsune miku")


def test_rows_come_in_the_order_of_the_assets_and_progress_counts_them() -> None:
    assets = [asset("hatsune miku", name=f"{n}.png") for n in range(450)]
    finished: list[int] = []
    table = NounsStage(KNOWLEDGE).examine(assets, finished.append)
    assert table["asset_id"].to_pylist() == [a.asset_id for a in assets]
    assert sum(finished) == len(assets)
    assert table.schema == NounsStage.schema


def test_a_detector_that_fails_on_one_asset_spoils_only_that_row(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    real = stage_module.describe

    def fail_on_artists(sighting: Any, text: Any) -> Finding:
        if sighting.category == "artist":
            raise ValueError("broken")
        return real(sighting, text)

    monkeypatch.setattr(stage_module, "describe", fail_on_artists)
    bad, good = examine(asset("kantoku", name="1.png"), asset("hatsune miku", name="2.png"))
    assert (bad["fault_code"], bad["fault_detail"]) == ("stage_failed", "ValueError: broken")
    assert bad["findings"] == []
    assert good["fault_code"] is None
    assert len(good["findings"]) == 1


def test_an_unreadable_caption_is_a_fault_and_the_readable_ones_are_still_searched() -> None:
    fault = Fault(Reason.CAPTION_UNREADABLE, "a.txt is not UTF-8")
    (row,) = examine(asset("hatsune miku", fault=fault))
    assert (row["fault_code"], row["fault_detail"]) == ("caption_unreadable", "a.txt is not UTF-8")
    assert len(row["findings"]) == 1


def test_an_unreadable_image_does_not_concern_the_captions() -> None:
    (row,) = examine(asset("a girl", fault=Fault(Reason.IMAGE_DAMAGED, "cut short")))
    assert row["fault_code"] is None


def test_the_fingerprint_follows_the_register() -> None:
    other = make_register([make_entry("hatsune_miku", "character")])
    assert NounsStage(KNOWLEDGE).fingerprint == NounsStage(KNOWLEDGE).fingerprint
    assert NounsStage(KNOWLEDGE).fingerprint != NounsStage(NounKnowledge(other)).fingerprint


def test_threads_and_pickled_copies_give_the_same_rows() -> None:
    stage = NounsStage(KNOWLEDGE)
    copy = pickle.loads(pickle.dumps(stage))
    assets = [asset("hatsune miku, rose, 初音ミク", name=f"{n}.png") for n in range(100)]
    expected = stage.examine(assets, lambda _: None)
    with ThreadPoolExecutor(2) as pool:
        tables = list(pool.map(lambda s: s.examine(assets, lambda _: None), [stage, stage, copy]))
    assert all(table.equals(expected) for table in tables)


def test_a_long_caption_is_searched_to_its_end() -> None:
    text = "long hair, " * 20_000 + "hatsune miku"
    (found,) = findings(text)
    assert text[found.start : found.end] == "hatsune miku"


def test_the_pipeline_marks_spans_for_other_spacy_components() -> None:
    doc = build_pipeline(KNOWLEDGE)("solo, (hatsune miku:1.2)")
    (span,) = doc.spans[SPANS_KEY]
    assert span.label_ == "character"
    assert span._.name.surface == "hatsune miku"
