"""The morphology recogniser: Japanese names that no register knows.

A name is a word whose part of speech says so, a word that no dictionary has, or one that the words
around it announce. The parts of speech are SudachiPy's (UniDic); see
``models.nouns.japanese.names`` for the rules and docs/nouns.md for what they reach.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from models.canonical import digest_of
from models.nouns.forms import Form
from models.nouns.japanese.analysis import Analysis, analyse, analyser_version
from models.nouns.japanese.candidates import LONGEST_NAME, Candidate, OrdinaryWords, Reason
from models.nouns.japanese.chinese import cut_by_language, find_marked_names, may_hold_chinese
from models.nouns.japanese.context import find_in_context
from models.nouns.japanese.names import JOINTS, KATAKANA, find_candidates
from models.nouns.japanese.words import japanese_words
from models.nouns.recognition import Certainty, NounText, Sighting, term_of
from models.nouns.words import Lexicon, shipped_lexicon

NAME = "morphology/2"

_JAPANESE = re.compile(r"[\u3005\u3041-\u3096\u30a1-\u30fa\u3400-\u9fff\uff66-\uff9d]")
_SEGMENT = re.compile(r"[\u3005-\u3007\u3041-\u30ff\u3400-\u9fff\uff66-\uff9f「」『』]{2,}")

_DOTTED_SPAN = re.compile(f"[{KATAKANA}]+(?:[{JOINTS}][{KATAKANA}]+)+")

# The share of sightings of each kind that were names, in sentences and captions whose names are
# known; docs/nouns.md says which.
_SCORES = {
    Reason.PERSON: 0.95,
    Reason.PAIR: 0.8,
    Reason.ADDRESSED: 0.6,
    Reason.PROPER: 0.9,
    Reason.PLACE: 0.6,
    Reason.UNLISTED: 0.9,
    Reason.LATIN: 0.8,
    Reason.DOTTED: 0.95,
    Reason.CUT: 0.85,
    Reason.DERIVED: 0.95,
    Reason.WORN: 0.85,
    Reason.TITLE: 0.95,
}
_EXPLANATIONS = {
    Reason.PERSON: "{} is a proper noun by its part of speech (personal name).",
    Reason.PAIR: "{} is a word that can be a family name with one that can be a given name.",
    Reason.ADDRESSED: "{} is followed by a form of address.",
    Reason.PROPER: "{} is a proper noun by its part of speech.",
    Reason.PLACE: "{} is a place by its part of speech, but somebody here.",
    Reason.UNLISTED: "{} is in no Japanese dictionary.",
    Reason.LATIN: "{} is a word in Latin letters with a capital, in no dictionary.",
    Reason.DOTTED: "{} is written like a foreign name, with a mark between its parts.",
    Reason.CUT: "{} is a row of Chinese characters that no Japanese dictionary has together.",
    Reason.DERIVED: "{} is named as what a picture imitates or is derived from.",
    Reason.WORN: "{} is named as what somebody is dressed up as or what a figure shows.",
    Reason.TITLE: "{} stands in quotation marks like the title of a work.",
}
_CATEGORIES = {
    Reason.PERSON: "person",
    Reason.PAIR: "person",
    Reason.TITLE: "work",
}


class Morphology:
    """Finds names in Japanese text by its grammar.

    Needs SudachiPy and its dictionary as soon as a text holds Japanese; without them ``recognise``
    raises a ``KiyomeError`` that says what to install.
    """

    name = NAME

    def __init__(self, lexicon: Lexicon | None = None) -> None:
        self.ordinary = OrdinaryWords(japanese_words(), lexicon or shipped_lexicon())
        self.fingerprint = digest_of(
            {
                "recogniser": NAME,
                "analyser": analyser_version(),
                "words": self.ordinary.japanese.digest,
                "lexicon": self.ordinary.lexicon.digest,
            }
        )

    def recognise(self, texts: Sequence[NounText]) -> list[list[Sighting]]:
        """The names of each text that its grammar shows."""
        return [self._look(text) for text in texts]

    def _look(self, text: NounText) -> list[Sighting]:
        if text.text.isascii() or not _JAPANESE.search(text.text):
            return []
        found: list[Sighting] = []
        for start, segment in _segments(text):
            parts = (
                cut_by_language(segment) if may_hold_chinese(segment) else ((0, segment, False),)
            )
            for begin, part, chinese in parts:
                candidates = _find_marked(part) if chinese else self._candidates(analyse(part))
                seen = [_see(candidate, text.text, start + begin) for candidate in candidates]
                found += [sighting for sighting in seen if sighting.term]
        return found

    def _candidates(self, analysis: Analysis) -> list[Candidate]:
        found = find_candidates(analysis, self.ordinary)
        found += find_in_context(analysis, self.ordinary)
        return _leave_longest(found, analysis.text) if len(found) > 1 else found


def _find_marked(text: str) -> list[Candidate]:
    """What marks show to be names in a Chinese text, which nobody here can analyse."""
    found = [
        Candidate(start, end, Reason.TITLE if titled else Reason.DOTTED)
        for start, end, titled in find_marked_names(text)
    ]
    return _leave_longest(found, text)


def _segments(text: NounText) -> Iterator[tuple[int, str]]:
    """The parts of a text to be analysed: all of it, or its stretches of Japanese."""
    if text.form is Form.JAPANESE:
        yield 0, text.text
        return
    for segment in _SEGMENT.finditer(text.text):
        if _JAPANESE.search(segment[0]):
            yield segment.start(), segment[0]


def _leave_longest(candidates: list[Candidate], text: str) -> list[Candidate]:
    """Without what lies inside another or overlaps one that begins earlier.

    Two names of persons in katakana with a dot between them are one.
    """
    candidates.sort(key=lambda one: (one.start, -one.end, -_SCORES[one.reason]))
    kept: list[Candidate] = []
    for candidate in candidates:
        if not kept or candidate.start > kept[-1].end + 1:
            kept.append(candidate)
        elif candidate.start >= kept[-1].end:
            before = kept[-1]
            length = candidate.end - before.start
            if length <= LONGEST_NAME and _DOTTED_SPAN.fullmatch(text, before.start, candidate.end):
                kept[-1] = Candidate(before.start, candidate.end, before.reason)
            else:
                kept.append(candidate)
    return kept


def _see(candidate: Candidate, text: str, offset: int) -> Sighting:
    start, end = candidate.start + offset, candidate.end + offset
    found = text[start:end]
    surface = found.strip()
    start += len(found) - len(found.lstrip())
    end = start + len(surface)
    return Sighting(
        start=start,
        end=end,
        surface=surface,
        certainty=Certainty.UNKNOWN,
        category=_CATEGORIES.get(candidate.reason, ""),
        detector=NAME,
        score=_SCORES[candidate.reason],
        explanation=_EXPLANATIONS[candidate.reason].format(repr(surface)),
        term=term_of(surface),
    )
