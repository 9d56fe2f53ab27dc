"""What makes an ordinary word a name: quotation marks, a label, a capital, an honorific."""

from __future__ import annotations

import re
from bisect import bisect_left
from itertools import accumulate

from models.nouns.forms import Form
from models.nouns.matching.ambiguity import Strength, is_closed
from models.nouns.matching.table import Pattern
from models.nouns.normalisation import MARKS, fold_kana
from models.nouns.recognition import NounText
from models.nouns.vocabulary import Vocabulary
from models.nouns.words import Lexicon

_REACH = 40
_QUALIFIER_REACH = 80
_SENTENCE_REACH = 200
_SHORTEST_CAPITALISED = 3
_QUOTES = {'"': '"', "“": "”", "‘": "’", "«": "»", "「": "」", "『": "』", "《": "》"}
_LABEL_BEFORE = re.compile(
    r"(?:\b(?:artist|character|copyright|series|franchise|anime|game|brand)\s?:\s*"
    r"|[@©]\s?"
    r"|\b(?:art|drawn|illustrated|painted|illustration|drawing|painting) by "
    r"|\bstyle of |\bcosplay(?:ing)?(?: of| as) |\bfan ?art of |\b(?:named|called) )\Z",
    re.IGNORECASE,
)
_LABEL_ENDINGS = (":", "@", "©", "by", "of", "as", "cosplaying", "named", "called")
_LABEL_AFTER = re.compile(r"[!?]?\s?(?:fan ?art\b|cosplay\b|\(?style\))", re.IGNORECASE)
_JAPANESE_AFTER = re.compile(r"(?:風の画風|の作風|のコスプレ|のファンアート)")
_HONORIFIC = re.compile(r"(?:さん|ちゃん|くん|たん|様|氏|先輩|先生)")
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_CAPITAL_AFTER = re.compile(r"[ -][A-Z]")
_WORD_BEFORE = re.compile(r"[^\W\d_]+(?= \Z)")
_SENTENCE_START = re.compile(r"(?:\A|[.!?:\n])[\s\"'“‘(\[]*\Z")
_SYMBOLS_BEYOND_ASCII = ("©", *(quote for quote in _QUOTES if not quote.isascii()))
_ANNOUNCING_BEFORE = (
    *(f" {made} by " for made in ("art", "drawn", "illustrated", "painted")),
    *(f" {made} by " for made in ("illustration", "drawing", "painting")),
    *(" style of ", " cosplay of ", " cosplay as ", " cosplaying of ", " cosplaying as "),
    *(" fan art of ", " fanart of ", " named ", " called "),
)
"""What ``_LABEL_BEFORE`` ends with, signs apart, in a normal form."""
_JAPANESE_ENDINGS = ("風の画風", "の作風", "のコスプレ", "のファンアート")
_ANNOUNCING_AFTER = (" cosplay", " fan", " style", " ( style", *_JAPANESE_ENDINGS)
_JOINING_WORDS = frozenset({"by", "of", "as", "named", "called"})
_LONGEST_ANNOUNCING = max(map(len, _ANNOUNCING_BEFORE))
IN_QUOTES = "it stands in quotation marks"


def is_kanji(char: str) -> bool:
    """Whether a character is a Han character."""
    return "\u4e00" <= char <= "\u9fff" or "\u3400" <= char <= "\u4dbf" or char == "々"


def is_hopeless(searched: NounText) -> bool:
    """Whether no spelling at all can find evidence in a text."""
    if searched.form is Form.BOORU:
        return False
    if searched.form is Form.ENGLISH:
        if not searched.text[1:].islower():
            return False
    elif _HONORIFIC.search(searched.text):
        return False
    normal = searched.normal
    return (
        "(" not in normal.text
        and not _holds_symbol(searched.text)
        and (
            _JOINING_WORDS.isdisjoint(normal.words)
            or not any(map(normal.text.__contains__, _ANNOUNCING_BEFORE))
        )
        and " fan" not in normal.text
        and " cosplay" not in normal.text
        and " style" not in normal.text
        and (normal.text.isascii() or not any(map(normal.text.__contains__, _JAPANESE_ENDINGS)))
    )


def _holds_symbol(text: str) -> bool:
    if ":" in text or "@" in text or '"' in text:
        return True
    return not text.isascii() and any(map(text.__contains__, _SYMBOLS_BEYOND_ASCII))


class Evidence:
    """Tells of one text why a spelling in it is a name although it may be an ordinary word.

    Args:
        searched: the text.
        lexicon: ordinary words.
        vocabulary: descriptive tags.
    """

    def __init__(self, searched: NounText, lexicon: Lexicon, vocabulary: Vocabulary) -> None:
        self._normal = searched.normal
        self._text = searched.text
        self._form = searched.form
        self._lexicon = lexicon
        self._vocabulary = vocabulary
        # What can be told from the whole text, or from its normal form, is told there: finding the
        # way back to the original takes longer than all the rest.
        self._has_symbols = _holds_symbol(self._text)
        self._capitals: _Capitals | None = None
        self._has_capitals = self._form is Form.ENGLISH and not self._text[1:].islower()

    def find(self, pattern: Pattern, start: int, end: int) -> str:
        """Why ``normal.text[start:end]`` is a name here, to follow "it counts here because".

        Empty where there is no reason.
        """
        normal = self._normal.text
        if self._may_be_announced(start, end) and (why := self._announcement(start, end)):
            return why
        if self._form is Form.BOORU and is_described(normal, start, end, self._vocabulary):
            return ""
        if normal.startswith(" ( ", end) and _has_naming_qualifier(normal, end, self._lexicon):
            return "a qualifier in brackets follows it"
        if self._form is Form.BOORU:
            return self._tag_evidence(pattern, start, end)
        if self._form is Form.JAPANESE:
            return self._form_of_address(pattern, start, end)
        # A capital says little of a word that only the register's qualifier makes a name ("Red").
        whole = pattern.words > 1 or pattern.targets[0].how != "head"
        if self._has_capitals and whole and self._is_capitalised_name(start, end):
            return "it is written with a capital inside the sentence"
        return ""

    def _may_be_announced(self, start: int, end: int) -> bool:
        """Whether it is worth looking at the original around a span."""
        normal = self._normal.text
        return (
            self._has_symbols
            or normal.startswith(_ANNOUNCING_AFTER, end)
            or normal[max(0, start - _LONGEST_ANNOUNCING) : start].endswith(_ANNOUNCING_BEFORE)
        )

    def _announcement(self, start: int, end: int) -> str:
        first, last = self._normal.span(start, end)
        text = self._text
        before = text[max(0, first - _REACH) : first]
        after = text[last : last + _REACH]
        if last - first > 1 and before and after and _QUOTES.get(before[-1]) == after[0]:
            return IN_QUOTES
        labelled = _is_labelled(before) or _LABEL_AFTER.match(after)
        if labelled or (self._form is Form.JAPANESE and _JAPANESE_AFTER.match(after)):
            return "the words beside it announce a name"
        return ""

    def _tag_evidence(self, pattern: Pattern, start: int, end: int) -> str:
        """A whole tag that is a registered name, and no description that is known."""
        if pattern.strength is Strength.DESCRIPTIVE:
            return ""
        if not stands_alone(self._normal.text, start, end):
            return ""
        if pattern.words > 1 and pattern.targets[0].how in ("official", "alias"):
            return "the whole tag is the name as it is registered"
        words = pattern.spelling.split(" ")
        if is_closed(self._vocabulary) and not all(map(self._lexicon.is_ordinary, words)):
            return "the whole tag is a registered name and no tag that describes"
        return ""

    def _form_of_address(self, pattern: Pattern, start: int, end: int) -> str:
        if self._lexicon.is_ordinary(pattern.spelling):
            return ""
        _, last = self._normal.span(start, end)
        return "a form of address follows it" if _HONORIFIC.match(self._text, last) else ""

    def _is_capitalised_name(self, start: int, end: int) -> bool:
        """Whether the words of a span carry capitals that their place does not explain."""
        first, last = self._normal.span(start, end)
        text = self._text
        if last - first < _SHORTEST_CAPITALISED:
            return False
        words = list(_WORD.finditer(text, first, last))
        if not words or not all(word[0][0].isupper() for word in words):
            return False
        unexplained = [
            word for word in words if word[0].casefold() not in self._lexicon.capitalised
        ]
        before = text[max(0, first - _SENTENCE_REACH) : first]
        if unexplained and _SENTENCE_START.search(before):
            unexplained = [word for word in unexplained if word.start() != words[0].start()]
        if not unexplained or (len(words) == 1 and self._continues_in_capitals(first, last)):
            return False
        if self._capitals is None:
            self._capitals = _Capitals(text)
        around, capitals = self._capitals.count(first - _SENTENCE_REACH, last + _SENTENCE_REACH)
        around, capitals = around - len(words), capitals - len(words)
        return capitals * 2 < around

    def _continues_in_capitals(self, first: int, last: int) -> bool:
        """Whether a word is part of a longer row of capitals: somebody or something else's name."""
        if _CAPITAL_AFTER.match(self._text, last):
            return True
        before = _WORD_BEFORE.search(self._text, max(0, first - _REACH), first)
        if before is None or not before[0][0].isupper():
            return False
        begin = max(0, before.start() - _SENTENCE_REACH)
        return not _SENTENCE_START.search(self._text[begin : before.start()])


class _Capitals:
    """How many words of a text begin with a capital, for any part of it."""

    def __init__(self, text: str) -> None:
        words = [(word.start(), word[0][0].isupper()) for word in _WORD.finditer(text)]
        self._places = [place for place, _ in words]
        self._sums = [0, *accumulate(capital for _, capital in words)]

    def count(self, start: int, end: int) -> tuple[int, int]:
        """(words, words with a capital) that begin between two places."""
        first, last = bisect_left(self._places, start), bisect_left(self._places, end)
        return last - first, self._sums[last] - self._sums[first]


def _is_labelled(before: str) -> bool:
    """Whether a label ends right before; most texts are told by their last word already."""
    ending = before[-8:].rstrip().lower()
    return ending.endswith(_LABEL_ENDINGS) and _LABEL_BEFORE.search(before) is not None


def _has_naming_qualifier(text: str, end: int, lexicon: Lexicon) -> bool:
    """Whether the brackets that open at ``end`` hold more than an ordinary description."""
    inside = text[end + 3 : end + 3 + _QUALIFIER_REACH].partition(" )")[0].split()
    return any(word not in MARKS and not lexicon.is_ordinary(word) for word in inside)


def is_described(text: str, start: int, end: int, vocabulary: Vocabulary) -> bool:
    """Whether a span with the qualifier after it is a descriptive tag (``arrow (symbol)``)."""
    if not text.startswith(" ( ", end):
        return False
    close = text.find(" )", end)
    return fold_kana(text[start : close + 2]) in vocabulary


def stands_alone(text: str, start: int, end: int) -> bool:
    """Whether a tag, or a qualifier, consists of this span and at most a qualifier after it.

    In a normal form one space stands before the span and one after it, or none beside a script
    that writes none.
    """
    before = start - (text[start - 1] == " ")
    after = end + (text[end] == " ")
    return (before == 0 or text[before - 1] in MARKS) and (
        after >= len(text) or text[after] in MARKS
    )
