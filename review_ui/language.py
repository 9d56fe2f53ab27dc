"""English and Japanese: which one a visitor reads, and the words in it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from models.consent.translation.translate import find_japanese, translate_source
from models.reasons import TEXTS, Reason
from models.review.queue import RULING_REASONS
from models.translation.findings import find_japanese_explanation

Language = Literal["en", "ja"]
LANGUAGES: tuple[Language, ...] = get_args(Language)
LANGUAGE_COOKIE = "kiyome_language"
_FOLDER = Path(__file__).parent / "locale"


@cache
def load_words(language: Language) -> Mapping[str, str]:
    """All words of the page in one language, by key.

    Raises:
        ValueError: two files give words for one key.
    """
    words: dict[str, str] = {}
    for path in sorted((_FOLDER / language).glob("*.json")):
        more = json.loads(path.read_text("utf-8"))
        if twice := words.keys() & more.keys():
            raise ValueError(f"{path.name} and another file have words for {sorted(twice)}")
        words |= more
    return words


def choose_language(cookie: str | None, accept_language: str) -> Language:
    """The language that was chosen, else the one that the browser asks for, else English."""
    if cookie in LANGUAGES:
        return cookie
    wanted: list[tuple[float, int, str]] = []
    for place, part in enumerate(accept_language.split(",")[:32]):
        tag, _, parameter = part.strip().partition(";")
        weight = _weight(parameter)
        if weight > 0:
            wanted.append((-weight, place, tag.split("-")[0].strip().lower()))
    for _, _, tag in sorted(wanted):
        if tag in LANGUAGES:
            return tag
    return "en"


def _weight(parameter: str) -> float:
    name, _, value = parameter.strip().partition("=")
    if name.strip() != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0


class Note(NamedTuple):
    """A note or an explanation as it is shown, and whether that is in the visitor's language."""

    text: str
    translated: bool


class Words:
    """The words of one language, as templates use them."""

    def __init__(self, language: Language) -> None:
        self.language: Language = language
        self._words = load_words(language)

    def __call__(self, key: str, **values: object) -> str:
        """The words for a key.

        Raises:
            KeyError: there is no such key: a template and the dictionaries disagree.
        """
        return self._words[key].format(**values)

    def known(self, kind: str, value: object) -> str:
        """The words for a value that came with the evidence, or the value where it is new."""
        return self._words.get(f"{kind}.{value}", str(value))

    def reason(self, code: str) -> str:
        """What a reason code means."""
        text = TEXTS.get(Reason(code)) if code in _REASONS else None
        return code if text is None else (text.ja if self.language == "ja" else text.en)

    def remedy(self, code: str) -> str:
        """What can be done about a reason; "" for an unknown code."""
        text = TEXTS.get(Reason(code)) if code in _REASONS else None
        return "" if text is None else (text.remedy_ja if self.language == "ja" else text.remedy)

    def ruling_reason(self, code: str) -> str:
        """What the reason code of a ruling means."""
        text = RULING_REASONS.get(code)
        return code if text is None else (text.ja if self.language == "ja" else text.en)

    def note(self, text: object) -> Note:
        """A statement's note; one that is not known stays in English."""
        return self._show(str(text), find_japanese)

    def explanation(self, text: object) -> Note:
        """Why a finding was made; what is not known stays in English."""
        return self._show(str(text), find_japanese_explanation)

    def source(self, source: object) -> str:
        """Where a statement stood."""
        return translate_source(str(source), self.language)

    def _show(self, english: str, find: Callable[[str], str | None]) -> Note:
        if self.language == "en":
            return Note(english, True)
        japanese = find(english)
        return Note(english, False) if japanese is None else Note(japanese, True)


_REASONS = frozenset(reason.value for reason in Reason)
