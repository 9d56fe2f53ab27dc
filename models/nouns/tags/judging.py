"""Judging tags: which are descriptions, and which are unknown terms that people must decide."""

from __future__ import annotations

import re
import threading
import unicodedata
from dataclasses import dataclass
from pathlib import Path

from models.canonical import digest_lines
from models.nouns.english.words import EnglishWords
from models.nouns.register.storage import NameRegister
from models.nouns.tags.cutting import Tag, cut_tags
from models.nouns.tags.features import TagCounts
from models.nouns.tags.ranking import FEWEST_TAGS, RANKING, TermRanking, rank_terms
from models.nouns.tags.rules import (
    CATEGORY_QUALIFIERS,
    LEAST_SUSPECT,
    NAMING_QUALIFIERS,
    TermRules,
    rules_digest,
)
from models.nouns.vocabulary import Vocabulary
from models.nouns.words import Lexicon

_MOST_REMEMBERED = 1 << 17
_LONGEST_REMEMBERED = 100
_LIKELY = 0.5
_PLAIN = re.compile(" ?[a-z0-9]+(?:[ _][a-z0-9]+)*")
_KEPT = 2


@dataclass(frozen=True, slots=True)
class UnlistedTag:
    """A tag that is no known description.

    Attributes:
        tag: the tag; its positions are those of the piece that it was cut from.
        category: of the name that it may be, or "".
        score: 0..1, how likely it is one.
        explanation: one or more sentences for a reviewer.
    """

    tag: Tag
    category: str
    score: float
    explanation: str


class TagJudge:
    """Tells descriptions from unknown terms. Safe to use from several threads at once.

    Attributes:
        digest: of everything that its judgement depends on.
        made_with: digest of the same apart from the register.
        learns: whether the register has taught it what names look like.
    """

    def __init__(
        self, rules: TermRules, ranking: TermRanking | None, digest: str, made_with: str
    ) -> None:
        self.digest = digest
        self.made_with = made_with
        self.learns = ranking is not None
        self._rules = rules
        self._ranking = ranking
        self._remembered: dict[str, tuple[UnlistedTag, ...]] = {}

    def judge_piece(self, piece: str) -> tuple[UnlistedTag, ...]:
        """The unknown terms in what stands between two separators of a tag list."""
        known = self._remembered.get(piece)
        if known is not None:
            return known
        # Nearly all tags are plain words that the vocabulary has: no need to cut and weigh them.
        if _PLAIN.fullmatch(piece) and self._rules.is_listed_as_it_is(
            piece.replace("_", " ").strip()
        ):
            return ()
        unlisted = tuple(one for tag in cut_tags(piece) if (one := self._judge(tag)))
        if len(piece) <= _LONGEST_REMEMBERED:
            # Tags repeat from caption to caption, so that most are judged once.
            if len(self._remembered) >= _MOST_REMEMBERED:
                self._remembered = {}
            self._remembered[piece] = unlisted
        return unlisted

    def _judge(self, tag: Tag) -> UnlistedTag | None:
        rules, ranking = self._rules, self._ranking
        head, category, names = _split_naming(tag.term)
        if rules.is_prose(head) or rules.is_listed(head):
            return None
        if not names and tag.whole != head and rules.is_listed(tag.whole):
            return None
        if ranking:
            score, least = ranking.score(head), ranking.cut * rules.strictness(head)
        else:
            score, least = rules.suspect(head), LEAST_SUSPECT
        if score < least:
            return None
        return UnlistedTag(tag, tag.category or category, score, self._explain(tag, head, score))

    def _explain(self, tag: Tag, head: str, score: float) -> str:
        reasons = [f"{tag.surface!r} is no descriptive tag that the vocabulary knows."]
        if self._rules.has_naming_qualifier(tag.term):
            reasons.append("A qualifier in brackets is how tags tell a name from a word.")
        if word := self._rules.strange_word(head):
            reasons.append(f"{word!r} is in no dictionary.")
        elif score >= _LIKELY and self._ranking:
            reasons.append("It is put together as registered names are.")
        return " ".join(reasons)


def _split_naming(term: str) -> tuple[str, str, bool]:
    """(the key to be judged, category, whether its qualifier says that a name stands before it)."""
    head, bracket, inside = term.rpartition(" ( ")
    qualifier = inside.removesuffix(" )")
    if not bracket:
        return term, "", False
    category = CATEGORY_QUALIFIERS.get(qualifier, "")
    if qualifier in NAMING_QUALIFIERS:
        return head, category, True
    return term, category, False


_lock = threading.Lock()
_judges: list[TagJudge] = []


def make_judge(
    vocabulary: Vocabulary,
    register: NameRegister,
    lexicon: Lexicon,
    english: EnglishWords,
    cache: Path | None = None,
) -> TagJudge:
    """The judge for what is known; the last two are kept, so that threads share one.

    Args:
        vocabulary: descriptive tags.
        register: the protected names, from which the ranking learns what names look like.
        lexicon: words that captions say of any picture.
        english: words of a dictionary.
        cache: folder that keeps the ranking between processes.
    """
    key = digest_lines([vocabulary.digest, register.version, lexicon.digest, english.digest])
    rules_version = [RANKING, rules_digest(), unicodedata.unidata_version]
    digest = digest_lines([key, *rules_version])
    made_with = digest_lines([vocabulary.digest, lexicon.digest, english.digest, *rules_version])
    with _lock:
        for known in _judges:
            if known.digest == digest:
                return known
        counts = TagCounts(vocabulary.tags, lexicon, english)
        rules = TermRules(counts, closed=len(vocabulary.tags) >= FEWEST_TAGS)
        ranking = rank_terms(counts, register, key, cache)
        fresh = TagJudge(rules, ranking, digest, made_with)
        _judges.insert(0, fresh)
        del _judges[_KEPT:]
        return fresh
