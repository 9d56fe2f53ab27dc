"""What the names of the Japanese dictionaries JMnedict and ENAMDICT name, by their types.

The types are those of the document type of JMnedict (http://www.edrdg.org/enamdict/). A surname or
a given name alone is no one's name: registered, it would be found in every other sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from models.nouns.importers.rows import (
    ListAbout,
    ListChoices,
    ListRow,
    join_rows,
    make_row,
)
from models.nouns.register.entries import Surface

TYPES: Mapping[str, str] = MappingProxyType(
    {
        "person": "person",
        "char": "character",
        "work": "work",
        "company": "brand",
        "product": "brand",
        "organization": "brand",
        "group": "artist",
        "serv": "brand",
        "ship": "brand",
        "creat": "character",
        "dei": "character",
        "fict": "character",
        "leg": "character",
        "myth": "character",
        "doc": "work",
        "place": "place",
        "station": "place",
        "surname": "person",
        "given": "person",
        "fem": "person",
        "masc": "person",
        "unclass": "person",
    }
)
"""The category of each type that can be registered."""

DEFAULT_TYPES = frozenset({"person", "char", "work", "company", "product", "organization"})
SOURCE = "edrdg.org"
LICENCE = "CC-BY-SA-4.0"

_REMARK = re.compile(r"\s*\([^()]*\)\s*")
_HAN = re.compile("[\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff]")


def make_japanese_row(
    line: int,
    writings: list[str],
    readings: list[str],
    senses: Iterable[tuple[frozenset[str], list[str]]],
    about: ListAbout,
    choices: ListChoices,
) -> ListRow:
    """The names that an entry gives, one for each category of its types that is wanted.

    Args:
        writings: how it is written; where there is none, the first reading stands for it.
        readings: its readings in kana.
        senses: types, and names in Latin letters: a transcription, or a translation.
    """
    wanted = choices.types or DEFAULT_TYPES
    by_category: dict[str, list[str]] = {}
    left: set[str] = set()
    for types, translations in senses:
        taken = sorted(TYPES[each] for each in types & wanted if each in TYPES)
        if not taken:
            left |= types or {"unclass"}
            continue
        for category in dict.fromkeys([choices.category] if choices.category else taken):
            by_category.setdefault(category, []).extend(translations)
    if not by_category:
        known = min(left & TYPES.keys(), default="")
        return ListRow(
            line, passed_over=f"names of the type {known}" if known else "names of another type"
        )
    spellings = [*writings, *readings]
    if not spellings:
        return make_row(line, "", next(iter(by_category)), [], about)
    surfaces = [Surface(text, "alias", "ja") for text in writings[1:]]
    surfaces += [Surface(text, "other", "ja") for text in readings]
    rows = []
    for category, translations in by_category.items():
        latin = [
            Surface(text, "other", _language_in(category, spellings[0]))
            for translation in translations
            if (text := _REMARK.sub(" ", translation).strip())
        ]
        rows.append(make_row(line, spellings[0], category, surfaces + latin, about, language="ja"))
    return join_rows(line, rows)


def _language_in(category: str, writing: str) -> str:
    """The language of a name in Latin letters: transcribed Japanese, English, or unknown."""
    if category in ("person", "character", "artist"):
        return "ja-Latn" if _HAN.search(writing) else ""
    return "en" if category in ("brand", "work") else ""
