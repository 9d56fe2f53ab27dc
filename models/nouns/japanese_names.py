"""Which rows of Japanese morphemes are names, by what the analyser says of them and around them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from models.nouns.japanese import (
    FAMILY,
    GIVEN,
    NEW,
    NEW_LATIN,
    NOUN,
    NUMBER,
    PERSON,
    PLACE,
    PREFIX,
    PROPER,
    STEM,
    SUFFIX,
    VERB,
    Analysis,
    has_ordinary_entry,
    name_kinds,
)
from models.nouns.japanese_words import JapaneseWords, is_compound
from models.nouns.normalisation import normalise
from models.nouns.words import Lexicon


class Reason(StrEnum):
    """Why a row of morphemes is taken for a name."""

    PERSON = "person"
    """Its part of speech is personal name."""
    PAIR = "pair"
    """A word that can be a family name, then one that can be a given name."""
    ADDRESSED = "addressed"
    """A form of address follows it."""
    PROPER = "proper"
    """Its part of speech is proper noun, and neither person nor place."""
    PLACE = "place"
    """The name of a place that does what somebody does."""
    UNLISTED = "unlisted"
    """In no dictionary, and no compound of what is there."""
    LATIN = "latin"
    """The same in Latin letters, with a capital."""
    DOTTED = "dotted"
    """Words in katakana with a dot or a star between them."""
    CUT = "cut"
    """Chinese characters that no dictionary has together."""
    DERIVED = "derived"
    """Fan art, a parody or the manner of it."""
    WORN = "worn"
    """Somebody dresses up as it."""
    TITLE = "title"
    """In quotation marks, and named as a work or its source."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A span of the analysed text that may be a name."""

    start: int
    end: int
    reason: Reason


@dataclass(frozen=True, slots=True)
class OrdinaryWords:
    """What is known not to be a name: the words of captions, and what Japanese adds to them."""

    japanese: JapaneseWords
    lexicon: Lexicon

    def __contains__(self, word: str) -> bool:
        """Whether a single word is listed; two listed words in a row are not."""
        if word in self.japanese.not_names:
            return True
        key = normalise(word).key.strip(" ,")
        return key in self.lexicon.unspaced or (
            key.isascii() and key != "" and self.lexicon.is_ordinary(key)
        )


KATAKANA = r"\u30a1-\u30fa\u30fc\uff66-\uff9d"
HAN = r"\u3400-\u4dbf\u4e00-\u9fff\u3005\uf900-\ufaff\U00020000-\U0003ffff"
LONGEST_NAME = 60

_PERSONAL = GIVEN + FAMILY + PERSON
_PROPER = _PERSONAL + PLACE + PROPER + NEW + NEW_LATIN
_CORE = re.compile(f"[{_PROPER}]+")
_CUT = re.compile(
    f"(?<![{NOUN}{PREFIX}{SUFFIX}{NUMBER}{_PROPER}])"
    f"[{NOUN}{PREFIX}{_PROPER}][{NOUN}{PREFIX}{SUFFIX}{STEM}{_PROPER}]{{1,3}}"
    f"(?![{NOUN}{PREFIX}{SUFFIX}{_PROPER}])"
)
_PAIR = re.compile(f"(?<![{NOUN}{PREFIX}{NUMBER}{_PROPER}])(?=[{NOUN}{PLACE}][{NOUN}{STEM}])")
_ADDRESSED = re.compile(f"(?<!{PREFIX})[{NOUN}{NEW_LATIN}]{SUFFIX}")
_WEAK_JOINTS = "・･·=＝"
_STRONG_JOINT = re.compile("[★☆♡♥×]")
JOINTS = _WEAK_JOINTS + "★☆♡♥×"
_DOTTED = re.compile(f"(?<![{KATAKANA}])[{KATAKANA}]+(?:[{JOINTS}][{KATAKANA}]+)+")
_CONNECTIVE = re.compile(
    f"[{JOINTS}](?:オブ|ザ|ジ|アンド|オア|ド|デ|ラ|ル|フォー|イン|オン)[{JOINTS}]"
)
_ALL_KATAKANA = re.compile(f"[{KATAKANA}]+")
_ALL_HAN = re.compile(f"[{HAN}]+")
_LATIN_NAME = re.compile(r"[A-Z][a-z]{2,}|[A-Z][a-z]+[A-Z][A-Za-z]+")
_YEAR = re.compile("[0-9０-９一二三四五六七八九十元]{1,4}年")
_SUBJECT = ("が", "は")
_FAMILIAR = ("ちゃん", "たん", "くん")
_HONORIFICS = (*_FAMILIAR, "さん", "君", "様", "さま", "殿", "先輩", "先生", "選手", "氏")
_LONGEST_HEAD = 6
_LONGEST_GIVEN = 3
_CUT_LENGTHS = range(2, 6)


def find_candidates(analysis: Analysis, ordinary: OrdinaryWords) -> list[Candidate]:
    """Everything in a text that its morphemes show to be a name; spans may overlap."""
    found = list(_find_proper(analysis, ordinary))
    found += _find_pairs(analysis, ordinary)
    found += _find_cuts(analysis, ordinary)
    found += _find_addressed(analysis, ordinary)
    found += _find_dotted(analysis.text)
    return found


def _find_proper(analysis: Analysis, ordinary: OrdinaryWords) -> Iterator[Candidate]:
    """Proper nouns and nouns in no dictionary, joined with what belongs to the name."""
    for row in _CORE.finditer(analysis.kinds):
        first, last = row.span()
        personal = not set(_PERSONAL).isdisjoint(row[0])
        telling = [
            index
            for index in range(first, last)
            if _tells(analysis, index, ordinary, alone=last - first == 1, personal=personal)
        ]
        if not telling:
            continue
        reason = _reason_of({analysis.kinds[index] for index in telling})
        start, end = _extend(analysis, telling[0], telling[-1] + 1, ordinary)
        if end - start <= LONGEST_NAME:
            yield Candidate(start, end, reason)


def _reason_of(kinds: set[str]) -> Reason:
    if not kinds.isdisjoint(_PERSONAL):
        return Reason.PERSON
    if NEW in kinds:
        return Reason.UNLISTED
    if PROPER in kinds:
        return Reason.PROPER
    return Reason.LATIN if NEW_LATIN in kinds else Reason.PLACE


def _tells(
    analysis: Analysis, index: int, ordinary: OrdinaryWords, *, alone: bool, personal: bool
) -> bool:
    """Whether one morpheme of a row of proper nouns and unlisted ones makes it a name.

    Args:
        analysis, index: the morpheme.
        ordinary: what is no name.
        alone: it is all of the row.
        personal: the row holds a name of a person.
    """
    kind = analysis.kinds[index]
    word = analysis.surface(index)
    end = analysis.bounds[index + 1]
    after = analysis.text[end : end + _LONGEST_HEAD]
    if kind == PLACE:
        if alone:
            return after.startswith((*_SUBJECT, *_HONORIFICS)) or (
                FAMILY in name_kinds(word) and _is_given(analysis, index + 1, ordinary)
            )
        return personal
    if word in ordinary:
        return False
    if kind == NEW_LATIN or word.isascii():
        return bool(_LATIN_NAME.fullmatch(word))
    japanese = ordinary.japanese
    if alone and (after.startswith(japanese.heads) or _YEAR.match(after)):
        return False
    if kind in (NEW, PROPER) and _ALL_KATAKANA.fullmatch(word) and is_compound(word):
        return False
    if kind == NEW:
        return not word.endswith(japanese.endings)
    if not alone or after.startswith(_HONORIFICS):
        return True
    if word[0] in japanese.prefixes and word.endswith(japanese.suffixes):
        return False
    if len(word) == 1:
        beside = analysis.kinds[max(0, index - 1) : index + 2]
        return not any(kind in beside for kind in (NOUN, PREFIX, SUFFIX, NUMBER, STEM))
    return True


def _is_given(analysis: Analysis, index: int, ordinary: OrdinaryWords) -> bool:
    """Whether an ordinary morpheme can be the given name of what stands before it."""
    kinds = analysis.kinds[index : index + 2]
    if not kinds or kinds[0] not in (NOUN, STEM) or kinds[1:] in (NOUN, SUFFIX, VERB):
        return False
    word = analysis.surface(index)
    if word in ordinary or word.startswith(ordinary.japanese.heads):
        return False
    if _ALL_KATAKANA.fullmatch(word):
        return GIVEN in name_kinds(word)
    return len(word) <= _LONGEST_GIVEN and not word.endswith(ordinary.japanese.suffixes)


def _extend(analysis: Analysis, first: int, last: int, ordinary: OrdinaryWords) -> tuple[int, int]:
    """The span of a name, with the morphemes beside it from which it was cut off in mid-word."""
    kinds, text, bounds = analysis.kinds, analysis.text, analysis.bounds
    while first > 0 and kinds[first - 1] in (NOUN, STEM, PREFIX):
        # A family name that is an ordinary word, or that no dictionary has as one.
        family = kinds[first] == GIVEN and analysis.surface(first - 1) not in ordinary
        if not family and not _is_one_word(
            text, bounds[first - 1], bounds[first], bounds[first + 1]
        ):
            break
        first -= 1
    while last < len(kinds) and kinds[last] in (NOUN, STEM):
        family = kinds[last - 1] in (FAMILY, PLACE)
        if not family and not _is_one_word(text, bounds[last - 1], bounds[last], bounds[last + 1]):
            break
        last += 1
    return bounds[first], bounds[last]


def _is_one_word(text: str, start: int, middle: int, end: int) -> bool:
    """Whether two morphemes are katakana both, or Chinese characters of which one stands alone."""
    both = text[start:end]
    if _ALL_KATAKANA.fullmatch(both):
        return True
    return min(middle - start, end - middle) == 1 and bool(_ALL_HAN.fullmatch(both))


def _find_pairs(analysis: Analysis, ordinary: OrdinaryWords) -> Iterator[Candidate]:
    """A word that can be a family name before one that can be a given name."""
    for row in _PAIR.finditer(analysis.kinds):
        index = row.start()
        family, given = analysis.surface(index), analysis.surface(index + 1)
        if (
            FAMILY in name_kinds(family)
            and GIVEN in name_kinds(given)
            and not family.startswith(tuple(ordinary.japanese.prefixes))
            and not given.endswith(ordinary.japanese.suffixes)
        ):
            yield Candidate(analysis.bounds[index], analysis.bounds[index + 2], Reason.PAIR)


def _find_cuts(analysis: Analysis, ordinary: OrdinaryWords) -> Iterator[Candidate]:
    """Rows of single Chinese characters: how a name comes out that no dictionary has."""
    bounds = analysis.bounds
    for row in _CUT.finditer(analysis.kinds):
        first, last = row.span()
        surface = analysis.text[bounds[first] : bounds[last]]
        others = sum(bounds[index + 1] - bounds[index] > 1 for index in range(first, last))
        # One longer word among them is chance in a technical term; a subject is hardly one.
        tells = others == 0 or analysis.text.startswith(_SUBJECT, bounds[last])
        if (
            others < 2 <= last - first - others
            and tells
            and len(surface) in _CUT_LENGTHS
            and _ALL_HAN.fullmatch(surface)
            and surface[0] not in ordinary.japanese.prefixes
            and not surface.endswith(ordinary.japanese.suffixes)
            and not ordinary.lexicon.is_ordinary(surface)
        ):
            yield Candidate(bounds[first], bounds[last], Reason.CUT)


def _find_addressed(analysis: Analysis, ordinary: OrdinaryWords) -> Iterator[Candidate]:
    """Ordinary words of the dictionary, rare in captions, that somebody is addressed by."""
    for row in _ADDRESSED.finditer(analysis.kinds):
        index = row.start()
        if analysis.surface(index + 1) in _FAMILIAR and analysis.surface(index) not in ordinary:
            yield Candidate(analysis.bounds[index], analysis.bounds[index + 1], Reason.ADDRESSED)


def _find_dotted(text: str) -> Iterator[Candidate]:
    """Katakana with dots between: a foreign name, unless it lists or explains ordinary words."""
    for row in _DOTTED.finditer(text):
        if len(row[0]) > LONGEST_NAME:
            continue
        parts = re.split(f"[{JOINTS}]", row[0])
        if (
            _STRONG_JOINT.search(row[0])
            or _CONNECTIVE.search(row[0])
            or not all(has_ordinary_entry(part) or is_compound(part) for part in parts)
        ):
            yield Candidate(row.start(), row.end(), Reason.DOTTED)
