"""Reading the names that phrases announce, by the rules of ``structure_rules``.

Phrases are looked for in the normal form, where a clause ends at ``,`` or a bracket, so that width,
look-alike spaces and case make no difference; whether a word has a capital is looked up in the
original.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from models.nouns.english.sentences import sentence_words
from models.nouns.normalisation import MARKS
from models.nouns.recognisers.structure_rules import ART, RULES, Side, WordRule
from models.nouns.recognition import NounText

_LONGEST_NAME = 10
_LONGEST_REACH = 200
_LONGEST_ORDINARY = 5

_DETERMINERS = sentence_words("determiners")
_STOPS = sentence_words("stops")
_TITLE_STOPS = sentence_words("title stops")
_PARTICLES = sentence_words("particles")

_NEVER_A_NAME = _DETERMINERS - {"the"}
"""``the`` begins many a title, though none of ordinary words is believed with it."""
_NEVER_FIRST = _DETERMINERS | _STOPS
_TRIGGERS = frozenset(trigger for rule in RULES for trigger in rule.triggers)
_PATTERNS = tuple(
    (
        rule,
        re.compile(
            rf"(?<= [,()] )(?:{rule.phrase})(?= )"
            if rule.opening
            else rf"(?<= )(?:{rule.phrase})(?= )"
        ),
    )
    for rule in RULES
)


@dataclass(frozen=True, slots=True)
class Announced:
    """A name that a phrase announces.

    Attributes:
        start, end: places in the normal form.
        rule: by which rule.
        phrase: the phrase, in normal form.
        ordinary: whether it is made of ordinary words without capitals.
    """

    start: int
    end: int
    rule: WordRule
    phrase: str
    ordinary: bool


@dataclass(frozen=True, slots=True)
class _Token:
    start: int
    word: str
    raised: bool
    """Whether it has a capital in the original."""

    @property
    def end(self) -> int:
        return self.start + len(self.word)


class WordReader:
    """Reads the names that phrases announce.

    Args:
        is_ordinary: whether a word in normal form is one that anybody uses.
        is_always_capitalised: whether English writes a word with a capital wherever it stands.
    """

    def __init__(
        self, is_ordinary: Callable[[str], bool], is_always_capitalised: Callable[[str], bool]
    ) -> None:
        self._is_ordinary = is_ordinary
        self._is_always_capitalised = is_always_capitalised

    def read(self, text: NounText) -> Iterator[Announced]:
        """Every name that a phrase announces, by rule."""
        if _TRIGGERS.isdisjoint(text.normal.words):
            return
        normal = text.normal.text
        triggers = _TRIGGERS.intersection(text.normal.words)
        for rule, pattern in _PATTERNS:
            if triggers.isdisjoint(rule.triggers) or text.form not in rule.forms:
                continue
            for found in pattern.finditer(normal):
                if rule.side is Side.BEFORE:
                    clause = _clause_before(text, found.start())
                    tokens = self._cut_before(rule, clause)
                    yield from self._judge(rule, found[0], tokens, len(tokens) == len(clause))
                    continue
                # More words behind it say more than a name: "drawn by horses on a road".
                opens = _opens(normal, found.start())
                clause = _clause_after(text, found.end())
                while clause:
                    tokens = _cut_after(rule, clause)
                    clause = clause[len(tokens) :]
                    goes_on = bool(tokens and clause) and clause[0].word == "and"
                    alone = opens and (not clause or goes_on)
                    yield from self._judge(rule, found[0], tokens, alone)
                    clause = clause[1:] if goes_on else []

    def _judge(
        self, rule: WordRule, phrase: str, tokens: Sequence[_Token], alone: bool
    ) -> Iterator[Announced]:
        telling = [
            token
            for token in tokens
            if token.word not in rule.never
            and token.word not in _PARTICLES
            and token.word not in _NEVER_FIRST
        ]
        if not telling or tokens[0].word in _NEVER_A_NAME:
            return
        ordinary = not any(map(self._is_unusual, telling))
        if ordinary and not (
            rule.ordinary
            and alone
            and tokens[0].word != "the"
            and len(tokens) <= _LONGEST_ORDINARY
            and not (rule.never is ART and any(token.word in ART for token in tokens))
            and not (len(tokens) == 1 and _is_plural(tokens[0].word))
        ):
            return
        yield Announced(tokens[0].start, tokens[-1].end, rule, phrase, ordinary)

    def _is_unusual(self, token: _Token) -> bool:
        if token.raised:
            return not self._is_always_capitalised(token.word)
        return not (token.word.isdigit() or self._is_ordinary(token.word))

    def _cut_before(self, rule: WordRule, clause: Sequence[_Token]) -> Sequence[_Token]:
        """The name at the end of a clause: all of it, or the unusual words before the phrase."""
        if rule.whole and len(clause) <= _LONGEST_NAME:
            return clause
        first = len(clause)
        while first and self._is_unusual(clause[first - 1]):
            first -= 1
        return clause[first:]


def _cut_after(rule: WordRule, clause: Sequence[_Token]) -> Sequence[_Token]:
    """The name at the beginning of a clause."""
    if not clause or clause[0].word in _NEVER_A_NAME:
        return ()
    stops = _TITLE_STOPS if rule.whole else _STOPS
    raised = clause[0].raised
    last = 0
    for index, token in enumerate(clause[:_LONGEST_NAME]):
        if token.word in stops and not (token.raised and index):
            break
        if raised and not token.raised and not token.word[0].isdigit():
            if token.word not in _PARTICLES:
                break
            continue
        last = index + 1
    return clause[:last]


def _clause_after(text: NounText, place: int) -> list[_Token]:
    """The words from a place in the normal form to the end of the clause, as far as a name goes."""
    tokens: list[_Token] = []
    start = place + 1
    for word in text.normal.text[start : start + _LONGEST_REACH].split(" "):
        if not word or word in MARKS or len(tokens) > _LONGEST_NAME:
            break
        tokens.append(_token(text, start, word))
        start += len(word) + 1
    return tokens


def _clause_before(text: NounText, place: int) -> list[_Token]:
    """The words from the beginning of the clause, as far as a name goes, to a place."""
    tokens: list[_Token] = []
    end = place - 1
    for word in reversed(text.normal.text[max(0, end - _LONGEST_REACH) : end].split(" ")):
        if not word or word in MARKS or len(tokens) > _LONGEST_NAME:
            break
        tokens.append(_token(text, end - len(word), word))
        end -= len(word) + 1
    tokens.reverse()
    return tokens


def _token(text: NounText, start: int, word: str) -> _Token:
    begin, end = text.normal.span(start, start + len(word))
    written = text.text[begin:end]
    return _Token(start, word, written[:1].isupper() or not (written.islower() or word.isdigit()))


def _opens(normal: str, place: int) -> bool:
    """Whether a clause begins at a place of the normal form."""
    return place < 2 or normal[place - 2] in MARKS


def _is_plural(word: str) -> bool:
    return word.endswith("s") and not word.endswith("ss")
