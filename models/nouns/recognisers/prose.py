"""From weighed words to names in a sentence: which words count, and which belong together."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum, IntEnum
from typing import NamedTuple

from models.nouns.english.sentences import sentence_words

_LONGEST_NAME = 8
_FOREIGN_SHARE = 0.5
_FOREIGN_WORDS = 6
_TITLE_CASE_SHARE = 0.75
_LONGEST_ACRONYM = 4

_PARTICLES = sentence_words("particles")
_HONORIFICS = sentence_words("honorifics")
_AFTER_A_SUBJECT = sentence_words("after a subject")
_NO_SINGULAR_NAMES = ("s", "er", "or", "ist", "ing", "ed", "ly", "man", "men", "woman", "people")
_DETERMINERS = sentence_words("determiners")


class Kind(IntEnum):
    """What one word is by itself, case aside."""

    ORDINARY = 0
    FUNCTION = 1
    """So common, above all as the first word, that it is no part of the name that follows."""
    PROPER = 2
    """Always written with a capital, and nobody's name."""
    NUMBER = 3
    RARE = 4
    """In the dictionary, but no word that captions are made of."""
    MISSPELT = 5
    """In no dictionary, but a slip of the pen away from a common word."""
    UNKNOWN = 6
    """In no dictionary."""


class Case(Enum):
    """How a word is written."""

    LOWER = 0
    TITLE = 1
    UPPER = 2


def case_of(written: str) -> Case:
    """How a word is written; one with a capital further inside counts as TITLE."""
    if written.islower() or not any(map(str.isupper, written)):
        return Case.LOWER
    return Case.UPPER if len(written) > 1 and written.isupper() else Case.TITLE


class Word(NamedTuple):
    """One word of a text.

    Attributes:
        start, end: where it stands, a possessive ending left out.
        lower: it, in lower case.
        kind, case: what it is by itself.
        opens: whether a sentence, or something like one, begins with it.
        joins: whether it can belong to one name with the word before it.
    """

    start: int
    end: int
    lower: str
    kind: Kind
    case: Case
    opens: bool
    joins: bool


@dataclass(frozen=True, slots=True)
class ProseName:
    """What may be a name.

    Attributes:
        start, end: from the first to behind the last character.
        unknown: words of it that no dictionary has.
        misspelt: words that may be slips of the pen.
        capitals: words whose capital nothing else explains.
        described: whether an article or the like stands before it, as before a common noun.
        bare: whether it is a word of the dictionary that stands as a subject without an article.
    """

    start: int
    end: int
    unknown: int
    misspelt: int
    capitals: int
    described: bool
    bare: bool


class _Evidence(IntEnum):
    NONE = 0
    SLIP = 1
    BARE = 2
    CAPITAL = 3
    UNKNOWN = 4
    BOTH = 5


def find_names(words: Sequence[Word]) -> list[ProseName]:
    """The names that the words of one text may hold, in order, none overlapping another."""
    capitals = _do_capitals_prove(words)
    foreign = _is_foreign(words)
    weights = [
        _Evidence.NONE
        if word.kind < Kind.MISSPELT and word.case is not Case.TITLE
        else _weigh(words, index, capitals, foreign)
        for index, word in enumerate(words)
    ]
    if _is_bare_subject(words):
        weights[0] = _Evidence.BARE
    names = []
    first = 0
    while first < len(words):
        if not weights[first]:
            first += 1
            continue
        last = _extend(words, weights, first)
        run = weights[first : last + 1]
        if max(run) > _Evidence.SLIP or run.count(_Evidence.SLIP) > 1:
            names.append(_make_name(words, run, first, last))
        first = last + 1
    return names


def _weigh(words: Sequence[Word], index: int, capitals: bool, foreign: bool) -> _Evidence:
    word = words[index]
    inner = capitals and word.case is Case.TITLE and not word.opens
    if word.kind is Kind.UNKNOWN:
        if word.case is Case.UPPER and word.end - word.start <= _LONGEST_ACRONYM:
            return _Evidence.NONE
        if foreign and not inner:
            return _Evidence.NONE
        return _Evidence.BOTH if inner else _Evidence.UNKNOWN
    if word.kind is Kind.MISSPELT and not foreign:
        return _Evidence.CAPITAL if inner else _Evidence.SLIP
    if word.kind in (Kind.ORDINARY, Kind.RARE) and inner:
        explained = _has_proper_neighbour(words, index)
        return _Evidence.NONE if explained else _Evidence.CAPITAL
    return _Evidence.NONE


def _has_proper_neighbour(words: Sequence[Word], index: int) -> bool:
    """Whether a word stands beside one that always has a capital: German Shepherd, Native American.

    Such a pair is written with two capitals, and is nobody's name.
    """
    before = words[index - 1] if index and words[index].joins else None
    after = words[index + 1] if index + 1 < len(words) and words[index + 1].joins else None
    return any(
        word is not None and word.kind is Kind.PROPER and word.case is not Case.LOWER
        for word in (before, after)
    )


def _is_bare_subject(words: Sequence[Word]) -> bool:
    """Whether a text begins ``Muse carries``: English gives a common noun an article there.

    Short captions leave articles out too, but with the words that captions are made of.
    """
    if len(words) < 2 or words[0].kind not in (Kind.RARE, Kind.MISSPELT) or not words[1].joins:
        return False
    first, second = words[0].lower, words[1].lower
    return not first.endswith(_NO_SINGULAR_NAMES) and (
        second in _AFTER_A_SUBJECT
        or (second.endswith(("s", "ing")) and not second.endswith(("ers", "ists", "ss")))
    )


def _extend(words: Sequence[Word], weights: Sequence[_Evidence], first: int) -> int:
    """The last word of the name that begins at ``first``."""
    last = first
    raised = words[first].case is not Case.LOWER
    for index in range(first + 1, min(len(words), first + _LONGEST_NAME)):
        word = words[index]
        if not word.joins:
            break
        if weights[index] and (raised or word.case is Case.LOWER):
            last = index
        elif word.kind is Kind.NUMBER or word.lower in _HONORIFICS:
            if last == index - 1:
                last = index
        elif not (word.lower in _PARTICLES or (raised and word.case is not Case.LOWER)):
            break
    return last


def _make_name(words: Sequence[Word], run: Sequence[_Evidence], first: int, last: int) -> ProseName:
    if first and _leads(words[first - 1], words[first]):
        first -= 1
    before = words[first - 1] if first and words[first].joins else None
    return ProseName(
        start=words[first].start,
        end=words[last].end,
        unknown=run.count(_Evidence.UNKNOWN) + run.count(_Evidence.BOTH),
        misspelt=run.count(_Evidence.SLIP),
        capitals=run.count(_Evidence.CAPITAL) + run.count(_Evidence.BOTH),
        described=before is not None and before.lower in _DETERMINERS,
        bare=_Evidence.BARE in run,
    )


def _leads(word: Word, following: Word) -> bool:
    """Whether the first word of a sentence belongs to the capitalised name after it."""
    return (
        word.opens
        and following.joins
        and word.kind in (Kind.ORDINARY, Kind.RARE)
        and word.case is Case.TITLE
        and following.case is not Case.LOWER
    )


def _do_capitals_prove(words: Sequence[Word]) -> bool:
    """Whether capitals mean anything: not in a title, where nearly every word has one."""
    cases = [
        word.case
        for word in words
        if not word.opens and word.kind not in (Kind.FUNCTION, Kind.NUMBER)
    ]
    raised = len(cases) - cases.count(Case.LOWER)
    return raised <= _TITLE_CASE_SHARE * len(cases)


def _is_foreign(words: Sequence[Word]) -> bool:
    """Whether the dictionary is of another language, so that what it lacks proves nothing."""
    if len(words) < _FOREIGN_WORDS:
        return False
    unknown = sum(word.kind >= Kind.MISSPELT and word.case is Case.LOWER for word in words)
    return unknown > _FOREIGN_SHARE * len(words)
