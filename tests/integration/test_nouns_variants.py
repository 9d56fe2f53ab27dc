"""The variants recogniser with a real register of 70,786 names, on real captions."""

from __future__ import annotations

import csv
import json
import random
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from models.errors import RegisterError
from models.nouns.english.words import is_english_word
from models.nouns.japanese.analysis import analyser_version, has_ordinary_entry
from models.nouns.matching.ambiguity import Ordinary, Strength, weigh
from models.nouns.normalisation import normalise
from models.nouns.recognisers.variants import Variants
from models.nouns.recognition import prepare, term_of
from models.nouns.register.storage import NameEntry, Surface, make_entry, make_register
from models.nouns.vocabulary import Vocabulary

CAPTIONS = Path(__file__).resolve().parents[3] / "shared" / "data" / "captions"

pytestmark = pytest.mark.skipif(
    not (CAPTIONS / "register.csv").exists(),
    reason="the caption data is not beside the checkout (../shared/data/captions)",
)

_LEET = str.maketrans("aeiost", "431057")
_CYRILLIC = str.maketrans("aeopcyxik", "аеорсухік")


def _misspell(name: str) -> str:
    letters = [place for place, char in enumerate(name[:-1]) if name[place : place + 2].isalpha()]
    place = random.Random(name).choice(letters)
    return name[:place] + name[place + 1] + name[place] + name[place + 2 :]


TRICKS: dict[str, Callable[[str], str]] = {
    "leet": lambda name: name.translate(_LEET),
    "look-alike": lambda name: name.translate(_CYRILLIC),
    "set apart": lambda name: " ".join(".".join(word) for word in name.split(" ")),
    "unspaced": lambda name: name.replace(" ", ""),
    "doubled": lambda name: name[:2] + name[1] * 3 + name[2:],
    "typo": _misspell,
}


_SMALL = str.maketrans("ァィゥェォッャュョ", "アイウエオツヤユヨ")
_TO_HIRAGANA = str.maketrans({code: code - 0x60 for code in range(0x30A1, 0x30F7)})


def _lengthen(name: str) -> str:
    places = [
        place for place, char in enumerate(name) if "ア" <= char <= "ヲ" and char not in _SILENT
    ]
    place = random.Random(name).choice(places) if places else len(name)
    return name[: place + 1] + "ー" * bool(places) + name[place + 1 :]


def _part(name: str) -> str:
    place = random.Random(name).randrange(1, len(name))
    return name[:place] + " " + name[place:]


def _misspell_kana(name: str) -> str:
    places = [place for place, char in enumerate(name) if "ァ" <= char <= "ヺ"]
    if len(name) < 5 or not places:
        return name
    chance = random.Random(name)
    place = chance.choice(places)
    return (
        name[:place] + chance.choice(("", "ラ", name[place : place + 2][::-1])) + name[place + 1 :]
    )


_SILENT = frozenset("ァィゥェォッャュョ")
JAPANESE_TRICKS: dict[str, tuple[Callable[[str], str], float]] = {
    "hiragana without long vowels": (
        lambda name: name.replace("ー", "").translate(_TO_HIRAGANA) if "ー" in name else name,
        0.85,
    ),
    "without long vowels": (lambda name: name.replace("ー", ""), 0.85),
    "with a long vowel": (_lengthen, 0.88),
    "large kana for small": (lambda name: name.translate(_SMALL), 0.88),
    "a space inside": (_part, 0.82),
    "a typo": (_misspell_kana, 0.75),
}
"""For each trick the share of registered names in it that are found; those that the register
recogniser finds as they are count as missed."""


def _read_entry(row: dict[str, str]) -> NameEntry:
    surfaces = []
    for column, kind in (("aliases", "alias"), ("other_names", "other")):
        for text in row[column].split("|"):
            try:
                make_entry(text, row["category"])
            except RegisterError:
                continue
            surfaces.append(Surface(text, "alias" if kind == "alias" else "other"))
    return make_entry(row["name"], row["category"], surfaces)


@pytest.fixture(scope="module")
def ordinary() -> Ordinary:
    with (CAPTIONS / "tagcomplete.csv").open(encoding="utf-8", newline="") as file:
        tags = frozenset(term_of(row[0]) for row in csv.reader(file) if row)
    vocabulary = Vocabulary(tags - {""})
    return Ordinary(
        vocabulary=vocabulary, is_common_noun=has_ordinary_entry, dictionary=analyser_version()
    )


@pytest.fixture(scope="module")
def variants(ordinary: Ordinary, tmp_path_factory: pytest.TempPathFactory) -> Variants:
    with (CAPTIONS / "register.csv").open(encoding="utf-8", newline="") as file:
        register = make_register(map(_read_entry, csv.DictReader(file)))
    cache = tmp_path_factory.mktemp("index")
    return Variants(register, ordinary, cache=cache, is_word=is_english_word)


@pytest.fixture(scope="module")
def found(variants: Variants, ordinary: Ordinary) -> dict[str, float]:
    """For each trick the share of captions in which the disguised name was found."""
    seen: dict[str, list[bool]] = defaultdict(list)
    for line in (CAPTIONS / "dev.jsonl").read_text(encoding="utf-8").splitlines()[::2]:
        caption = json.loads(line)
        if not (caption["label"] and caption["known"]) or caption["form"] == "ja":
            continue
        start, end = caption["span"]
        name = caption["text"][start:end]
        normal = normalise(name)
        if not name.replace(" ", "").isalpha() or len(name) < 8 or " " not in name:
            continue
        if weigh(normal.key.strip(), normal.text.strip(), ordinary) >= Strength.AMBIGUOUS:
            continue
        for trick, disguise in TRICKS.items():
            written = disguise(name.lower())
            if written == name.lower():
                continue
            text = caption["text"][:start] + written + caption["text"][end:]
            (sightings,) = variants.recognise([prepare(text)])
            hit = any(
                sighting.start < start + len(written) and sighting.end > start
                for sighting in sightings
            )
            seen[trick].append(hit)
    return {trick: sum(hits) / len(hits) for trick, hits in seen.items()}


@pytest.mark.parametrize("trick", TRICKS)
def test_most_disguised_names_are_found(found: dict[str, float], trick: str) -> None:
    assert found[trick] >= (0.8 if trick == "typo" else 0.85)


@pytest.mark.parametrize("trick", JAPANESE_TRICKS)
def test_most_japanese_names_in_other_kana_are_found(variants: Variants, trick: str) -> None:
    disguise, least = JAPANESE_TRICKS[trick]
    hits: list[bool] = []
    for line in (CAPTIONS / "dev.jsonl").read_text(encoding="utf-8").splitlines():
        caption = json.loads(line)
        if caption["form"] != "ja" or not caption["known"]:
            continue
        start, end = caption["span"]
        name = caption["text"][start:end]
        written = disguise(name) if len(name) > 1 else name
        if written != name:
            text = caption["text"][:start] + written + caption["text"][end:]
            (sightings,) = variants.recognise([prepare(text)])
            stop = start + len(written)
            hits.append(any(seen.start < stop and seen.end > start for seen in sightings))
    assert sum(hits) >= least * len(hits)


def test_clean_captions_are_left_alone(variants: Variants) -> None:
    clean = (CAPTIONS / "clean_en.txt").read_text(encoding="utf-8").splitlines()[::10]
    flagged = sum(map(bool, variants.recognise([prepare(text) for text in clean])))
    assert flagged <= 0.003 * len(clean)


@pytest.mark.parametrize("form", ["booru", "en", "ja"])
def test_clean_captions_of_every_form_are_left_alone(variants: Variants, form: str) -> None:
    lines = (CAPTIONS / "dev.jsonl").read_text(encoding="utf-8").splitlines()
    captions = map(json.loads, lines)
    clean = [row["text"] for row in captions if row["form"] == form and not row["label"]]
    flagged = sum(map(bool, variants.recognise([prepare(text) for text in clean])))
    assert flagged <= 0.003 * len(clean)
