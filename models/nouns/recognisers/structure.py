"""What the wording around it shows to be a name: credits, labels, handles, signs, addresses.

No name has to be known for this. What stands in such a place and describes is left alone: "in the
style of a watercolour", "drawn by a child", アニメ風.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from models.canonical import digest_of
from models.nouns.english.sentences import sentence_words_digest
from models.nouns.english.words import EnglishWords, shipped_english_words
from models.nouns.normalisation import normalise
from models.nouns.recognisers.structure_japanese import read_phrases
from models.nouns.recognisers.structure_signs import read_signs
from models.nouns.recognisers.structure_words import WordReader
from models.nouns.recognition import Certainty, NounText, Sighting, term_of
from models.nouns.vocabulary import Vocabulary
from models.nouns.words import Lexicon

NAME = "structure/1"

_ORDINARY_SCORE = 0.4
_CREDIT_SCORE = 0.9
"""From this score on a place is a credit: even a descriptive tag is somebody's name there."""


class Structure:
    """Finds names by what is written around them, in texts of every form and source.

    The score is the rule's; 0.4 where the name is made of ordinary words.
    """

    name = NAME

    def __init__(
        self,
        lexicon: Lexicon,
        vocabulary: Vocabulary | None = None,
        english: EnglishWords | None = None,
        is_common_noun: Callable[[str], bool] | None = None,
        common_nouns: str = "",
    ) -> None:
        """Take the words that describe.

        Args:
            lexicon: ordinary words of captions.
            vocabulary: descriptive tags.
            english: the dictionary; the one that comes with Kiyome where it is not given.
            is_common_noun: whether a dictionary has a Japanese word, as a whole, as no name.
            common_nouns: name and version of that dictionary.
        """
        self.lexicon = lexicon
        self.vocabulary = vocabulary or Vocabulary()
        self.english = english or shipped_english_words()
        self._is_common_noun = is_common_noun
        self._words = WordReader(self._is_ordinary, self._is_always_capitalised)
        self.fingerprint = digest_of(
            {
                "recogniser": NAME,
                "words": lexicon.digest,
                "sentence words": sentence_words_digest(),
                "vocabulary": self.vocabulary.digest,
                "english": self.english.digest,
                "common nouns": common_nouns,
            }
        )

    def recognise(self, texts: Sequence[NounText]) -> list[list[Sighting]]:
        """What each text announces as a name."""
        return [list(self._look(text)) for text in texts]

    def _look(self, text: NounText) -> Iterator[Sighting]:
        for found in self._words.read(text):
            start, end = text.normal.span(found.start, found.end)
            seen = self._see(
                text,
                (start, end),
                found.rule.category,
                found.rule.score,
                found.rule.says.format(phrase=found.phrase),
            )
            if seen is not None:
                yield replace(seen, score=_ORDINARY_SCORE) if found.ordinary else seen
        for sign in read_signs(text, self._is_written_ordinary, self._describes):
            rule = sign.rule
            seen = self._see(text, (sign.start, sign.end), rule.category, rule.score, rule.says)
            if seen is not None:
                yield seen
        for phrase in read_phrases(text, self._describes):
            said = phrase.rule
            place = (phrase.start, phrase.end)
            seen = self._see(text, place, said.category, said.score, said.says)
            if seen is not None:
                yield seen

    def _see(
        self, text: NounText, place: tuple[int, int], category: str, score: float, says: str
    ) -> Sighting | None:
        found = text.text[slice(*place)]
        surface = found.strip()
        start = place[0] + len(found) - len(found.lstrip())
        term = term_of(surface)
        if not term or (term in self.vocabulary and score < _CREDIT_SCORE):
            return None
        return Sighting(
            start=start,
            end=start + len(surface),
            surface=surface,
            certainty=Certainty.UNKNOWN,
            category=category,
            detector=NAME,
            score=score,
            explanation=f"{surface!r} {says}.",
            term=term,
        )

    def _is_ordinary(self, word: str) -> bool:
        return (
            word in self.english
            or self.lexicon.is_ordinary(word)
            or word in self.vocabulary
            or self.english.is_formed(word)
        )

    def _is_always_capitalised(self, word: str) -> bool:
        return word in self.english.capitalised or word in self.lexicon.capitalised

    def _is_written_ordinary(self, written: str) -> bool:
        return all(map(self._is_ordinary, normalise(written).text.split()))

    def _describes(self, written: str) -> bool:
        """Whether a value of a label, or what stands before a phrase, is no name."""
        if written.isascii():
            return written.islower() and self._is_written_ordinary(written)
        return all(map(self.lexicon.is_ordinary, normalise(written).text.split())) or (
            self._is_common_noun is not None and self._is_common_noun(written)
        )
