"""The nouns detector on real captions and a real register of 70,786 names."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from pathlib import Path

import pytest

from models.nouns.importing import import_names
from models.nouns.matching.finding import find_names
from models.nouns.matching.patterns import CompiledNames, compile_patterns
from models.nouns.register.storage import load_register
from models.nouns.words import shipped_lexicon
from models.store.database import Database
from models.store.tables import Base

CAPTIONS = Path(__file__).resolve().parents[3] / "shared" / "data" / "captions"

pytestmark = pytest.mark.skipif(
    not (CAPTIONS / "register.csv").exists(),
    reason="the caption data is not beside the checkout (../shared/data/captions)",
)


@pytest.fixture(scope="module")
def names(tmp_path_factory: pytest.TempPathFactory) -> CompiledNames:
    folder = tmp_path_factory.mktemp("register")
    database = Database(f"sqlite:///{folder / 'kiyome.db'}")
    Base.metadata.create_all(database.engine)
    with database.transaction() as session:
        report = import_names(session, CAPTIONS / "register.csv")
        register = load_register(session)
    database.dispose()
    with (CAPTIONS / "register.csv").open(encoding="utf-8", newline="") as file:
        rows = sum(1 for _ in csv.DictReader(file))
    assert report.rows == report.imported == len(register.entries) == rows
    lexicon = shipped_lexicon()
    return CompiledNames(register, lexicon, compile_patterns(register, lexicon))


@pytest.fixture(scope="module")
def shares(names: CompiledNames) -> dict[str, float]:
    """Share of captions in which the name was found, and of clean ones in which anything was."""
    seen: dict[str, list[bool]] = defaultdict(list)
    for line in (CAPTIONS / "dev.jsonl").read_text(encoding="utf-8").splitlines():
        caption = json.loads(line)
        matches = find_names(caption["text"], names)
        if caption["label"] and caption["known"]:
            start, end = caption["span"]
            hit = any(match.start < end and match.end > start for match in matches)
            seen[f"{caption['form']} known"].append(hit)
        elif not caption["label"]:
            seen[f"{caption['form']} clean"].append(bool(matches))
    for line in (CAPTIONS / "clean_en.txt").read_text(encoding="utf-8").splitlines()[::4]:
        seen["flickr clean"].append(bool(find_names(line, names)))
    return {key: sum(values) / len(values) for key, values in seen.items()}


@pytest.mark.parametrize("form", ["booru", "en", "ja"])
def test_most_registered_names_are_found(shares: dict[str, float], form: str) -> None:
    assert shares[f"{form} known"] >= 0.90


@pytest.mark.parametrize("form", ["booru", "en", "ja", "flickr"])
def test_few_clean_captions_are_flagged(shares: dict[str, float], form: str) -> None:
    assert shares[f"{form} clean"] <= 0.07
