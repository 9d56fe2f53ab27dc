"""What a tag says about itself, without a trained ranking: numbers, plurals, qualifiers, words."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from models.canonical import digest_lines
from models.nouns.recognition import term_of
from models.nouns.tags.cutting import split_term
from models.nouns.tags.features import TagCounts

RULES = "term-rules/1"
LEAST_SUSPECT = 0.2
"""A key that rules suspect less than this is taken for a description."""

NAMING_QUALIFIERS = {"cosplay": "character", "style": "artist", "parody": "work", "meme": ""}
"""Qualifiers that tags of descriptions have, and whose head can be a name; with its category."""

CATEGORY_QUALIFIERS = {
    **NAMING_QUALIFIERS,
    "artist": "artist",
    "character": "character",
    "person": "person",
    "vtuber": "character",
    "vocaloid": "character",
    "series": "work",
    "copyright": "work",
    "game": "work",
    "anime": "work",
    "manga": "work",
    "movie": "work",
    "film": "work",
    "novel": "work",
    "company": "brand",
    "brand": "brand",
    "studio": "studio",
    "store": "brand",
    "circle": "studio",
    "city": "place",
    "country": "place",
    "place": "place",
}
"""What a qualifier says of the name before it."""

_PLAIN_QUALIFIERS = frozenset(
    word
    for line in (
        "action animal animated architecture armor arms bar bird body bow building camo card",
        "cheerleading clothes clothing color colour constellation container creature cup dance",
        "dog emblem emotion expression fabric fish flower food footwear fruit furniture garment",
        "gemstone gesture gun hairstyle hardware headdress headwear helmet insect instrument item",
        "larger male female material medium module mtf ftm mood motion music object organ ornament",
        "part pattern place planet plant playing pose position projectile relationship season sex",
        "sexual shape shoes shrine sky smaller software sport sports statue substance suit sword",
        "symbol tarot technique texture time tool toy tree vegetable vehicle weapon weather",
        "western zodiac",
    )
    for word in line.split()
)
_DESCRIBING_ENDINGS = frozenset(
    word
    for line in (
        "boy card challenge clothes collar cosplay costume girl hat logo outfit print school",
        "sleeves style symbol threesome uniform username",
    )
    for word in line.split()
)
"""Last words that make a description of whatever stands before them (``x school uniform``)."""

_LONGEST_WORDS = 12
_STRICTER_FOR_PAIRS = 4.0
_STRICTER_FOR_PHRASES = 13.0
_COUNT = re.compile(r"(?<!\d)\d{1,4}(?=[ a-z]{3})|(?<=[a-z] )\d+(?: \d+)*")
_MEASURE = re.compile(
    r"\d+(?: \d+)? ?(?:k|p|mm|cm|m|px|fps|dpi|bit)|\d+ ?x ?\d+|f ?\d+(?: \d+)?|iso ?\d+|\d+ \d+ s"
)
_PLURALS = (("s", ""), ("es", ""), ("ies", "y"), ("ves", "f"))


class TermRules:
    """Rules over the tags counted. Without many tags only what stands out by itself counts.

    Attributes:
        counts: the vocabulary.
        closed: whether the vocabulary is large enough for its silence to mean anything.
    """

    def __init__(self, counts: TagCounts, *, closed: bool) -> None:
        self.counts = counts
        self.closed = closed
        self._listed = frozenset(map(_fold, counts.tags)) | _prompt_tags()
        self._counted = frozenset(_uncount(tag) for tag in self._listed if _uncount(tag) != tag)

    def is_listed(self, term: str) -> bool:
        """Whether a key is a tag of the vocabulary, or one but for a number or a plural."""
        term = _fold(term)
        if term in self._listed or _MEASURE.fullmatch(term):
            return True
        uncounted = _uncount(term)
        if uncounted != term and uncounted in self._counted:
            return True
        for ending, stem in _PLURALS:
            if term.endswith(ending) and term.removesuffix(ending) + stem in self._listed:
                return True
            if (stem and term.endswith(stem)) or not stem:
                plural = (term.removesuffix(stem) if stem else term) + ending
                if plural in self._listed:
                    return True
        return False

    def is_listed_as_it_is(self, term: str) -> bool:
        """Whether a key is a tag of the vocabulary, to the letter."""
        return term in self._listed

    def is_prose(self, term: str) -> bool:
        """Whether a key is too long for a tag."""
        return term.count(" ") >= _LONGEST_WORDS and len(split_term(term)[0]) > _LONGEST_WORDS

    def has_naming_qualifier(self, term: str) -> bool:
        """Whether what stands in brackets is no ordinary description."""
        _, qualifiers = split_term(term)
        return any(not _PLAIN_QUALIFIERS.issuperset(part.split()) for part in qualifiers)

    def strange_word(self, term: str) -> str:
        """The first word of a key that is in no dictionary and no tag, or ""."""
        words, _ = split_term(term)
        return next(filter(self._is_strange, words), "")

    def strictness(self, term: str) -> float:
        """By how much a ranking's cut is raised for a key: for ordinary words put together, because
        people who write their own tags do that all the time (``rainy street``).
        """
        words, qualifiers = split_term(term)
        if len(words) < 2 or qualifiers or not all(map(self.counts.is_visual, words)):
            return 1.0
        return _STRICTER_FOR_PAIRS if len(words) == 2 else _STRICTER_FOR_PHRASES

    def suspect(self, term: str) -> float:
        """How likely a key that is not listed is a name, 0..1, by rough rule; 0.0 for hardly."""
        words, qualifiers = split_term(term)
        if self.has_naming_qualifier(term):
            return 0.9
        if not words or qualifiers or (len(words) > 1 and words[-1] in _DESCRIBING_ENDINGS):
            return 0.0
        if self.strange_word(term):
            return 0.8
        if not self.closed:
            return 0.0
        if len(words) == 1:
            return 0.4
        counts = self.counts
        known = all(counts.is_word(word) or counts.words[word] >= 5 for word in words)
        if known and (counts.last[words[-1]] >= 5 or counts.first[words[0]] >= 20):
            return 0.0
        return 0.3

    def _is_strange(self, word: str) -> bool:
        if word.isdecimal() or word in _tag_words() or self.counts.is_known(word):
            return False
        # Artists call themselves so too; a vocabulary knows the compounds that are descriptions.
        return self.closed or not self.counts.is_formed(word)


def _fold(term: str) -> str:
    """A key without the marks that a full stop leaves (``st. x`` and ``st._x`` are one tag)."""
    return term.replace(" ,", "") if "," in term else term


def _uncount(term: str) -> str:
    return _COUNT.sub("0", term)


@cache
def rules_digest() -> str:
    """Digest of the rules and of the lists that they read."""
    return digest_lines([RULES, *_read("tags_prompt.txt"), "", *_read("words_tags.txt")])


@cache
def _prompt_tags() -> frozenset[str]:
    return frozenset(term_of(line) for line in _read("tags_prompt.txt"))


@cache
def _tag_words() -> frozenset[str]:
    """Words of descriptive tags that no dictionary has."""
    return frozenset(word for line in _read("words_tags.txt") for word in term_of(line).split())


def _read(name: str) -> list[str]:
    lines = (Path(__file__).parents[1] / "data" / name).read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]
