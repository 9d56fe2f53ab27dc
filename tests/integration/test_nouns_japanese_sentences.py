"""The morphology recogniser on real Japanese sentences and captions."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from models.nouns.recognisers.morphology import Morphology
from models.nouns.recognition import Sighting, prepare

CAPTIONS = Path(__file__).resolve().parents[3] / "shared" / "data" / "captions"

pytestmark = pytest.mark.skipif(
    not (CAPTIONS / "ner_ja.json").exists(),
    reason="the caption data is not beside the checkout (../shared/data/captions)",
)


@pytest.fixture(scope="module")
def sentences() -> list[tuple[dict[str, Any], list[Sighting]]]:
    rows = json.loads((CAPTIONS / "ner_ja.json").read_text(encoding="utf-8"))
    seen = Morphology().recognise([prepare(row["text"]) for row in rows])
    return list(zip(rows, seen, strict=True))


@pytest.fixture(scope="module")
def captions() -> list[tuple[dict[str, Any], list[Sighting]]]:
    lines = (CAPTIONS / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [row for row in map(json.loads, lines) if row["form"] == "ja"]
    seen = Morphology().recognise([prepare(row["text"]) for row in rows])
    return list(zip(rows, seen, strict=True))


def test_few_real_sentences_without_names_are_flagged(
    sentences: list[tuple[dict[str, Any], list[Sighting]]],
) -> None:
    flagged = [bool(seen) for row, seen in sentences if not row["entities"]]
    assert sum(flagged) <= 0.05 * len(flagged)


def test_most_people_in_real_sentences_are_found(
    sentences: list[tuple[dict[str, Any], list[Sighting]]],
) -> None:
    found = [
        _overlaps(seen, entity["span"])
        for row, seen in sentences
        for entity in row["entities"]
        if entity["type"] == "人名"
    ]
    assert sum(found) >= 0.88 * len(found)


def test_most_unseen_names_in_captions_are_found(
    captions: list[tuple[dict[str, Any], list[Sighting]]],
) -> None:
    found = [
        _overlaps(seen, row["span"]) for row, seen in captions if row["label"] and not row["known"]
    ]
    assert sum(found) >= 0.76 * len(found)


def test_few_clean_captions_are_flagged(
    captions: list[tuple[dict[str, Any], list[Sighting]]],
) -> None:
    flagged = [bool(seen) for row, seen in captions if not row["label"]]
    assert sum(flagged) <= 0.05 * len(flagged)


def _overlaps(seen: list[Sighting], span: list[int]) -> bool:
    return any(one.start < span[1] and span[0] < one.end for one in seen)
