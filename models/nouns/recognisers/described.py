"""Leaving in peace what descriptive tags, and counters in file names, happen to hold."""

from __future__ import annotations

import re
from collections.abc import Sequence

from models.canonical import digest_of
from models.nouns.forms import Form, tag_bounds
from models.nouns.recognition import Certainty, NounText, Recogniser, Sighting, Source, term_of
from models.nouns.tags.cutting import LONGEST_PIECE, SEPARATORS
from models.nouns.vocabulary import Vocabulary

VERSION = "described/1"

_SEPARATOR = re.compile(f"[{SEPARATORS}]")
_SPACE = re.compile(r"\s")


class LeaveDescribed:
    """Another recogniser, without the possible names that are no more than a word of a tag.

    ``light_blush`` is in the vocabulary: that *light* is somebody's name too proves nothing. A name
    that is certain stays. In a file name a word with digits in it (``img174``) is a counter far
    oftener than a name with digits for letters.
    """

    def __init__(self, recogniser: Recogniser, vocabulary: Vocabulary) -> None:
        self.recogniser = recogniser
        self.vocabulary = vocabulary
        self.name = recogniser.name
        made_with = {"is": VERSION, "vocabulary": vocabulary.digest}
        self.fingerprint = digest_of({**made_with, "of": recogniser.fingerprint})
        of = getattr(recogniser, "apart_from_register", recogniser.fingerprint)
        self.apart_from_register = digest_of({**made_with, "of": of})

    def recognise(self, texts: Sequence[NounText]) -> list[list[Sighting]]:
        """What the recogniser sees, without what is described."""
        found = self.recogniser.recognise(texts)
        for text, seen in zip(texts, found, strict=True):
            if seen and (text.form is Form.BOORU or text.source is Source.FILE_NAME):
                seen[:] = [each for each in seen if not self._is_described(text, each)]
        return found

    def _is_described(self, text: NounText, seen: Sighting) -> bool:
        if seen.certainty is not Certainty.POSSIBLE:
            return False
        if text.source is Source.FILE_NAME:
            return any(map(str.isdigit, seen.surface))
        return _tag_around(text.text, seen.start, seen.end) in self.vocabulary


def _tag_around(text: str, start: int, end: int) -> str:
    """The key of the tag that a span stands in; "" where it is too long to be one."""
    parting = _SPACE if "," not in text and tag_bounds(text) is not None else _SEPARATOR
    begin = max(0, start - LONGEST_PIECE)
    before = [found.end() for found in parting.finditer(text, begin, start)]
    behind = parting.search(text, end, end + LONGEST_PIECE)
    stop = behind.start() if behind else min(len(text), end + LONGEST_PIECE)
    return term_of(text[before[-1] if before else begin : stop])
