"""Words that no dictionary has, and capitals that their place does not explain: English prose.

A caption says what is to be seen in words that everybody uses. A word that is none of them is a
name, a brand, a borrowed word or a slip of the pen; a capital inside a sentence is a name, unless
English always writes that word so. Neighbouring words of that kind are taken for one name.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from enum import Enum

from models.canonical import digest_of
from models.nouns.english.sentences import sentence_words, sentence_words_digest
from models.nouns.english.words import EnglishWords, shipped_english_words
from models.nouns.forms import Form
from models.nouns.normalisation import normalise
from models.nouns.recognisers.prose import Case, Kind, ProseName, Word, case_of, find_names
from models.nouns.recognition import Certainty, NounText, Sighting, Source, term_of
from models.nouns.vocabulary import Vocabulary
from models.nouns.words import Lexicon

NAME = "unusual-words/1"

_REMEMBERED = 1 << 16
_LONGEST_WORD = 40

_FORMAT = "\u00ad\u0300-\u036f\u200b-\u200f\u2060-\u2064\ufeff"
_WORD = re.compile(
    rf"(?:(?<!\S)\.(?=[a-z]))?[^\W_](?:[^\W_]|[{_FORMAT}]|(?:['’\-·.]|//)(?=[^\W_]))*"
)
_PARTS = re.compile(r"['’\-·.]|//")
_JOINING = re.compile(r"[!?]? | ?[&×:] ?|//?|[-~·_]|, ?(?=Jr)")
_SENTENCE_END = re.compile(r"[.!?;:\n\r\"“”‘«»()\[\]{}|*•]|['-](?= )|(?<= )['-]")
_LETTERING = re.compile(
    r"\b(?:say|says|saying|said|read|reads|reading|sign|signs|word|words|text|written|spelling|spells"
    r"|label|labeled|labelled|lettering)\b[^\"“\n]{0,12}([\"“][^\"”\n]{1,80}[\"”])"
)

_FUNCTION_WORDS = sentence_words("function words")
"""Words that begin so many sentences that they are no part of the name that follows them."""
_TITLES = sentence_words("forms of address")


class _Interest(Enum):
    """Whether a piece between spaces can be part of a name."""

    NEVER = 0
    AS_SUBJECT = 1
    """Only as the first word of a text."""
    ALWAYS = 2


class UnusualWords:
    """Finds what may be a name in English prose, without knowing any name.

    The score is higher for several words, for capitals, and for words that are no slip of the pen.
    """

    name = NAME

    def __init__(
        self,
        lexicon: Lexicon,
        vocabulary: Vocabulary | None = None,
        english: EnglishWords | None = None,
    ) -> None:
        """Take the words that are no names.

        Args:
            lexicon: ordinary words of captions.
            vocabulary: descriptive tags; those of one word are ordinary words too.
            english: the dictionary; the one that comes with Kiyome where it is not given.
        """
        self.lexicon = lexicon
        self.vocabulary = vocabulary or Vocabulary()
        self.english = english or shipped_english_words()
        self.fingerprint = digest_of(
            {
                "recogniser": NAME,
                "words": lexicon.digest,
                "sentence words": sentence_words_digest(),
                "vocabulary": self.vocabulary.digest,
                "english": self.english.digest,
            }
        )
        self._kinds: dict[str, Kind] = {}
        self._remembered: dict[str, _Interest] = {}
        self._inner_never: set[str] = set()

    def recognise(self, texts: Sequence[NounText]) -> list[list[Sighting]]:
        """The unusual words of each English text; nothing for other forms and for file names."""
        return [
            self._look(text.text)
            if text.form is Form.ENGLISH and text.source is not Source.FILE_NAME
            else []
            for text in texts
        ]

    def _look(self, text: str) -> list[Sighting]:
        tokens = text.split()
        if not tokens:
            return []
        first = tokens[0] = tokens[0].lower()
        remembered = self._remembered
        interest = remembered.get(first) or self._remember(first)
        if interest is _Interest.NEVER and (
            self._inner_never.issuperset(tokens)
            or all(
                (remembered.get(token) or self._remember(token)) is not _Interest.ALWAYS
                for token in tokens
            )
        ):
            return []
        words = self._read(_blank_addresses(text))
        return [_see(name, text) for name in find_names(words)]

    def _remember(self, token: str) -> _Interest:
        if len(token) > _LONGEST_WORD:
            return _Interest.ALWAYS
        plain = token.rstrip(".,")
        if plain.isascii() and plain.isalpha() and plain.islower():
            kinds = [self.weigh(plain)]
            raised = False
        else:
            words = self._read(token)
            kinds = [word.kind for word in words]
            raised = any(
                word.case is Case.TITLE and word.kind in (Kind.ORDINARY, Kind.RARE)
                for word in words
            )
        if raised or max(kinds, default=Kind.ORDINARY) >= Kind.MISSPELT:
            interest = _Interest.ALWAYS
        elif Kind.RARE in kinds:
            interest = _Interest.AS_SUBJECT
        else:
            interest = _Interest.NEVER
        if len(self._remembered) >= _REMEMBERED:
            self._remembered.clear()
            self._inner_never = set()
        self._remembered[token] = interest
        if interest is not _Interest.ALWAYS:
            self._inner_never.add(token)
        return interest

    def _read(self, text: str) -> list[Word]:
        words: list[Word] = []
        before = 0
        lettering = _lettering_in(text)
        for found in _WORD.finditer(text):
            written = found[0]
            start = found.start()
            if written[-2:] in ("'s", "’s"):
                written = written[:-2]
            gap = text[before:start]
            if not words:
                opens, joins = True, False
            elif gap == " " or (gap == ". " and words[-1].lower in _TITLES):
                opens, joins = False, True
            else:
                opens = _SENTENCE_END.search(gap) is not None
                joins = _JOINING.fullmatch(gap) is not None
            if lettering and bisect_right(lettering, start) % 2 == 1:
                opens = True
            lower = written.lower()
            case = case_of(written)
            end = start + len(written)
            words.append(Word(start, end, lower, self.weigh(written), case, opens, joins))
            before = found.end()
        return words

    def weigh(self, written: str) -> Kind:
        """What one word is, as it is written."""
        kind = self._kinds.get(written)
        if kind is None:
            kind = self._weigh(written)
            if len(self._kinds) >= _REMEMBERED:
                self._kinds.clear()
            if len(written) <= _LONGEST_WORD:
                self._kinds[written] = kind
        return kind

    def _weigh(self, written: str) -> Kind:
        if len(written) > _LONGEST_WORD:
            return Kind.ORDINARY
        lower = written.lower()
        is_plain = written.isascii() and written.isalnum()
        if lower in _FUNCTION_WORDS:
            return Kind.FUNCTION
        if lower in self.english.capitalised or lower in self.lexicon.capitalised:
            return Kind.PROPER
        if is_plain:
            return self._weigh_part(lower)
        if written[0] == ".":
            inner = self._weigh(written[1:])
            return inner if inner in (Kind.FUNCTION, Kind.NUMBER) else Kind.UNKNOWN
        pieces = _PARTS.split(written)
        kinds = [
            self._weigh_part(part) for piece in pieces for part in normalise(piece).text.split()
        ]
        kind = max(kinds, default=Kind.ORDINARY)
        if len(pieces) > 1 and kind < Kind.MISSPELT:
            if len(pieces[0]) == 1 and pieces[1].islower():
                return Kind.PROPER
            return kind if kind is Kind.PROPER or "-" not in written else Kind.RARE
        return kind

    def _weigh_part(self, part: str) -> Kind:
        if len(part) == 1 and part.isalpha():
            return Kind.FUNCTION
        if part.isdigit():
            return Kind.NUMBER
        if part in self.english.capitalised or part in self.lexicon.capitalised:
            return Kind.PROPER
        if self.lexicon.is_ordinary(part) or part in self.vocabulary:
            return Kind.ORDINARY
        if part in self.english:
            return Kind.RARE
        if self.english.is_formed(part):
            return Kind.ORDINARY
        return (
            Kind.MISSPELT if self.english.is_misspelt(part, self.lexicon.spaced) else Kind.UNKNOWN
        )


def _blank_addresses(text: str) -> str:
    """The text with spaces for web and mail addresses, whose parts are no words."""
    if "://" not in text and "www." not in text and "@" not in text:
        return text
    return re.sub(
        r"\S+",
        lambda found: (
            " " * len(found[0])
            if "://" in found[0] or "www." in found[0] or "@" in found[0][:-1]
            else found[0]
        ),
        text,
    )


def _lettering_in(text: str) -> list[int]:
    """Where a caption says what is written in the picture, in capitals that prove nothing.

    Returns:
        In order, where such a quotation begins, where it ends, where the next begins, and so on.
    """
    if '"' not in text and "“" not in text:
        return []
    return [place for found in _LETTERING.finditer(text) for place in found.span(1)]


def _see(name: ProseName, text: str) -> Sighting:
    surface = text[name.start : name.end]
    return Sighting(
        start=name.start,
        end=name.end,
        surface=surface,
        certainty=Certainty.UNKNOWN,
        category="",
        detector=NAME,
        score=score(name),
        explanation=_explain(name, surface),
        term=term_of(surface),
    )


def score(name: ProseName) -> float:
    """How likely it is that a name is meant, 0.2 to 0.95."""
    if name.unknown:
        value = 0.8 if name.capitals else 0.5
    else:
        value = 0.5 if name.capitals else 0.4 if name.bare else 0.3
    value += 0.1 * (name.unknown + name.misspelt + name.capitals + name.bare - 1)
    if name.described and not name.capitals:
        value -= 0.2
    return round(min(max(value, 0.2), 0.95), 2)


def _explain(name: ProseName, surface: str) -> str:
    reasons = []
    if name.unknown or name.misspelt:
        reasons.append(
            "no dictionary has it" if " " not in surface else "no dictionary has all of it"
        )
    if name.capitals:
        reasons.append("its capital is not the beginning of a sentence")
    if name.bare:
        reasons.append("it is the subject of the sentence, without an article")
    return f"{surface!r} may be a name: {' and '.join(reasons)}."
