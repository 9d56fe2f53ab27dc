"""The closed vocabulary: tags that no list of descriptive tags knows are names more often than not.

A tag of a list is left alone where the vocabulary has it, but for a number or a plural, or where it
is put together as descriptions are. What is left is an unknown term, which people decide once for
the dataset; the score says in which order they should look.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from models.canonical import digest_of
from models.nouns.english.words import EnglishWords, shipped_english_words
from models.nouns.forms import Form
from models.nouns.recognition import Certainty, NounText, Sighting, Source
from models.nouns.register.storage import NameRegister, make_register
from models.nouns.tags.cutting import split_pieces
from models.nouns.tags.judging import UnlistedTag, make_judge
from models.nouns.tags.quiet import QuietPieces
from models.nouns.vocabulary import Vocabulary
from models.nouns.words import Lexicon

NAME = "unlisted-tags/1"

_SOURCES = frozenset({Source.CAPTION, Source.PROMPT})


class UnlistedTags:
    """Finds tags that the vocabulary does not know. Safe to use from several threads at once.

    With fewer than ``models.nouns.tags.ranking.FEWEST_TAGS`` tags the vocabulary's silence means
    nothing: then only tags with a naming qualifier or a word of no dictionary count. With too few
    registered names to learn from, rules take the place of the ranking.

    Args:
        vocabulary: descriptive tags.
        lexicon: ordinary words.
        register: the protected names, from which the ranking learns what names look like.
        cache: folder that keeps the ranking between processes.
        english: dictionary words; None takes the list that comes with Kiyome.
    """

    name = NAME

    def __init__(
        self,
        vocabulary: Vocabulary,
        lexicon: Lexicon,
        register: NameRegister | None = None,
        cache: Path | None = None,
        english: EnglishWords | None = None,
    ) -> None:
        self._judge = make_judge(
            vocabulary,
            make_register(()) if register is None else register,
            lexicon,
            shipped_english_words() if english is None else english,
            cache,
        )
        self._listed = QuietPieces()
        self.fingerprint = digest_of({"recogniser": NAME, "judge": self._judge.digest})
        self.apart_from_register = digest_of({"recogniser": NAME, "judge": self._judge.made_with})

    @property
    def learns(self) -> bool:
        """Whether the register has taught it what names look like."""
        return self._judge.learns

    def judges_alike(self, other: UnlistedTags) -> Callable[[NounText], bool]:
        """Whether another recogniser sees the same unknown tags in a text, scores and all."""
        mine, theirs = self._judge.judge_piece, other._judge.judge_piece
        quiet = QuietPieces()

        def is_alike(text: NounText) -> bool:
            if text.form is not Form.BOORU or text.source not in _SOURCES:
                return True
            pieces = split_pieces(text.text)
            return quiet.are_quiet(pieces, lambda piece: mine(piece) == theirs(piece))

        return is_alike

    def recognise(self, texts: Sequence[NounText]) -> list[list[Sighting]]:
        """The unknown tags of each list of tags; nothing in other texts."""
        return [
            self._look(text.text) if text.form is Form.BOORU and text.source in _SOURCES else []
            for text in texts
        ]

    def _look(self, text: str) -> list[Sighting]:
        pieces = split_pieces(text)
        if self._listed.are_quiet(pieces, self._is_listed):
            return []
        found: list[Sighting] = []
        judge = self._judge.judge_piece
        start = 0
        for piece in pieces:
            if unlisted := judge(piece):
                found.extend(_see(one, start) for one in unlisted)
            start += len(piece) + 1
        return found

    def _is_listed(self, piece: str) -> bool:
        return not self._judge.judge_piece(piece)


def _see(unlisted: UnlistedTag, start: int) -> Sighting:
    tag = unlisted.tag
    return Sighting(
        start=start + tag.start,
        end=start + tag.end,
        surface=tag.surface,
        certainty=Certainty.UNKNOWN,
        category=unlisted.category,
        detector=NAME,
        score=unlisted.score,
        explanation=unlisted.explanation,
        term=tag.term,
    )
