"""What makes an ordinary word a name: quotation marks, a label, a capital, an honorific."""

from __future__ import annotations

import re

from models.nouns.forms import Form
from models.nouns.normalisation import MARKS, Normalised
from models.nouns.patterns import Pattern
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
_LABEL_AFTER = re.compile(r"\s?(?:fan ?art\b|cosplay\b|\(?style\))", re.IGNORECASE)
_JAPANESE_AFTER = re.compile(r"(?:風の画風|の作風|のコスプレ|のファンアート)")
_HONORIFIC = re.compile(r"(?:さん|ちゃん|くん|たん|様|氏|先輩|先生)")
_WORD = re.compile(r"[^\W\d_]+")
_SENTENCE_START = re.compile(r"(?:\A|[.!?:\n])[\s\"'“‘(\[]*\Z")


def is_kanji(char: str) -> bool:
    """Whether a character is a Han character."""
    return "\u4e00" <= char <= "\u9fff" or "\u3400" <= char <= "\u4dbf" or char == "々"


def evidence_for(
    normal: Normalised,
    text: str,
    pattern: Pattern,
    start: int,
    end: int,
    form: Form,
    lexicon: Lexicon,
) -> str:
    """Why ``normal.text[start:end]`` is a name here although it may be an ordinary word.

    Returns:
        The reason, to follow "it counts here because"; empty where there is none.
    """
    first, last = normal.span(start, end)
    before = text[max(0, first - _REACH) : first]
    after = text[last : last + _REACH]
    if before and after and _QUOTES.get(before[-1]) == after[0]:
        return "it stands in quotation marks"
    if _is_labelled(before) or _LABEL_AFTER.match(after):
        return "the words beside it announce a name"
    if _has_naming_qualifier(normal.text, end, lexicon):
        return "a qualifier in brackets follows it"
    if form is Form.BOORU:
        return _tag_evidence(normal.text, pattern, start, end)
    if form is Form.JAPANESE:
        return _japanese_evidence(pattern, after, lexicon)
    # A capital says little of a word that only the register's qualifier makes a name ("Red").
    whole = pattern.targets[0].how != "head"
    if form is Form.ENGLISH and whole and _is_capitalised_name(text, first, last, lexicon):
        return "it is written with a capital inside the sentence"
    return ""


def _is_labelled(before: str) -> bool:
    """Whether a label ends right before; most texts are told by their last word already."""
    ending = before[-8:].rstrip().lower()
    return ending.endswith(_LABEL_ENDINGS) and _LABEL_BEFORE.search(before) is not None


def _has_naming_qualifier(text: str, end: int, lexicon: Lexicon) -> bool:
    """Whether what follows in brackets is itself no ordinary description."""
    if not text.startswith(" ( ", end):
        return False
    inside = text[end + 3 : end + 3 + _QUALIFIER_REACH].partition(" )")[0].split()
    return any(word not in MARKS and not lexicon.is_ordinary(word) for word in inside)


def _tag_evidence(text: str, pattern: Pattern, start: int, end: int) -> str:
    """A tag of several ordinary words that is a registered name, whole and as it is registered."""
    if pattern.words < 2 or pattern.targets[0].how not in ("official", "alias"):
        return ""
    return "the whole tag is the name as it is registered" if stands_alone(text, start, end) else ""


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


def _japanese_evidence(pattern: Pattern, after: str, lexicon: Lexicon) -> str:
    if _JAPANESE_AFTER.match(after):
        return "the words beside it announce a name"
    if _HONORIFIC.match(after) and not lexicon.is_ordinary(pattern.spelling):
        return "a form of address follows it"
    return ""


def _is_capitalised_name(text: str, first: int, last: int, lexicon: Lexicon) -> bool:
    """Whether the words of a span carry capitals that their place does not explain."""
    words = list(_WORD.finditer(text, first, last))
    if last - first < _SHORTEST_CAPITALISED or not words:
        return False
    if not all(word[0][0].isupper() for word in words):
        return False
    begin = max(0, first - _SENTENCE_REACH)
    unexplained = [word for word in words if word[0].casefold() not in lexicon.capitalised]
    if unexplained and _SENTENCE_START.search(text[begin:first]):
        unexplained = [word for word in unexplained if word.start() != words[0].start()]
    if not unexplained:
        return False
    around = [
        word[0]
        for word in _WORD.finditer(text, begin, last + _SENTENCE_REACH)
        if not first <= word.start() < last
    ]
    capitals = sum(word[0].isupper() for word in around)
    return capitals * 2 < len(around)
