"""Phrases that announce a name in Japanese: Xのコスプレ, X風の画風, 「X」より, X先生.

No dictionary is needed: phrases are found first, and the name is read backwards from them. What
morphology sees in the same place is better where it is installed; this stands without it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from models.nouns.english.sentences import sentence_words
from models.nouns.recognition import NounText

_REACH = 30
_NAME_CHARACTERS = r"ぁ-ゖァ-ヺー一-鿿々〆〇Ａ-Ｚａ-ｚ０-９A-Za-z0-9・＝=×☆★♪!！&.\-"


@dataclass(frozen=True, slots=True)
class PhraseRule:
    """One phrase.

    Attributes:
        hint: the rule is tried where the text holds it.
        phrase: what stands behind the name.
        says: how the explanation goes on after the name.
        category: what it is a name of; "" where that is not said.
        score: how likely it is meant as one.
        title: whether the name may hold kana and particles, as titles of works do; otherwise it
            is a row of kanji, katakana and Latin letters.
        ordinary: whether an ordinary word is believed to be a name here.
    """

    hint: str
    phrase: re.Pattern[str]
    says: str
    category: str
    score: float
    title: bool = True
    ordinary: bool = False


@dataclass(frozen=True, slots=True)
class Phrased:
    """A name that a phrase announces, in code points of the original text."""

    start: int
    end: int
    rule: PhraseRule


QUOTED = PhraseRule(
    "」",
    re.compile(
        r"「(?P<name>[^「」\n]{1,40})」(?:より|という|に登場|に出てくる|シリーズ|風の|"
        r"の(?:コスプレ|二次創作|ファンアート|キャラ|主人公|ヒロイン|登場人物|画風|世界))"
    ),
    "stands in quotation marks, with words that go with the name of a work or a character",
    "work",
    0.85,
    ordinary=True,
)
TITLE = PhraseRule(
    "』",
    re.compile(r"『(?P<name>[^『』\n]{1,40})』"),
    "stands in the quotation marks of titles",
    "work",
    0.75,
    ordinary=True,
)

RULES: tuple[PhraseRule, ...] = (
    PhraseRule(
        "の",
        re.compile(r"の(?:二次創作|ファンアート|ファンイラスト|同人誌|パロディ|登場人物)"),
        "is what something was made after",
        "work",
        0.85,
        ordinary=True,
    ),
    PhraseRule(
        "コスプレ",
        re.compile(r"の?コスプレ"),
        "is whom somebody dresses as",
        "character",
        0.85,
    ),
    PhraseRule(
        "の",
        re.compile(r"の(?:画風|絵柄|作風|タッチ)"),
        "is whose way of drawing is meant",
        "artist",
        0.85,
    ),
    PhraseRule(
        "風",
        re.compile(r"風(?:の|に|な)?(?:画風|絵柄|作風|タッチ|イラスト|絵|スタイル|アート)"),
        "is whose way of drawing is meant",
        "artist",
        0.85,
    ),
    PhraseRule(
        "風",
        re.compile(r"風(?=[のにで、。]|\Z)"),
        "is what a picture is meant to look like",
        "artist",
        0.5,
        title=False,
    ),
    PhraseRule(
        "先生",
        re.compile(r"先生"),
        "is addressed as an artist is",
        "artist",
        0.6,
        title=False,
    ),
    PhraseRule(
        "さん",
        re.compile(
            r"(?<!たく)(?<!ばあ)(?<!じい)(?<!おと)(?<!おか)(?<!とう)(?<!かあ)(?<!にい)(?<!ねえ)(?<!みな)さん(?!ぽ)"
        ),
        "is addressed as a person is",
        "person",
        0.6,
        title=False,
    ),
    PhraseRule(
        "ちゃん",
        re.compile(r"ちゃん"),
        "is addressed as a person is",
        "character",
        0.6,
        title=False,
    ),
    PhraseRule(
        "くん",
        re.compile(r"くん(?=[がはをのにとも、。]|\Z)"),
        "is addressed as a person is",
        "character",
        0.6,
        title=False,
    ),
)

_BEFORE = re.compile(rf"[{_NAME_CHARACTERS}]{{1,{_REACH}}}\Z")
_WORD_BEFORE = re.compile(r"(?:[一-鿿々〆〇ァ-ヺー・A-Za-z0-9]{1,20}|(?<![ぁ-ゖ])[ぁ-ゖ]{3,8})\Z")
_PARTICLES = re.compile(r"[をがはへ]|(?:して|した|ている|いる|である|った|着た|持つ|持った)(?=.)")
_ADDRESSED_COMMONLY = sentence_words("addressed")
"""Who is spoken of so without being named."""
_STYLES = tuple(sorted(sentence_words("manners")))
"""What is followed by 風 and is nobody's."""


def read_phrases(text: NounText, is_common: Callable[[str], bool]) -> Iterator[Phrased]:
    """Every name that a phrase announces.

    Args:
        text: of any form.
        is_common: whether a Japanese word or phrase is ordinary language.
    """
    original = text.text
    if original.isascii():
        return
    for rule in (QUOTED, TITLE):
        if rule.hint in original:
            for found in rule.phrase.finditer(original):
                if any(map(str.isalnum, found["name"])):
                    yield Phrased(*found.span("name"), rule)
    for rule in RULES:
        if rule.hint not in original:
            continue
        for found in rule.phrase.finditer(original):
            start = _begin_of(original, found.start(), rule, is_common)
            if start is not None:
                yield Phrased(start, found.start(), rule)


def _begin_of(
    text: str, end: int, rule: PhraseRule, is_common: Callable[[str], bool]
) -> int | None:
    """Where the name before a phrase begins, or None where what stands there describes."""
    reach = text[max(0, end - _REACH) : end]
    found = (_BEFORE if rule.title else _WORD_BEFORE).search(reach)
    if found is None:
        return None
    name = found[0]
    if rule.title:
        cuts = list(_PARTICLES.finditer(name))
        if cuts and cuts[-1].end() < len(name):
            name = name[cuts[-1].end() :]
        name = _drop_description(name, is_common)
    name = name.lstrip("・=＝×-.&!！")
    if len(name) < 2 or name in _ADDRESSED_COMMONLY:
        return None
    if not rule.ordinary and (name.endswith(_STYLES) or is_common(name)):
        return None
    return end - len(name)


def _drop_description(name: str, is_common: Callable[[str], bool]) -> str:
    """A name without the ordinary words and の before it: 黒髪の初音ミク is 初音ミク."""
    while "の" in name[1:-1]:
        head, _, rest = name.partition("の")
        if len(rest) < 2 or not is_common(head) or is_common(rest):
            return name
        name = rest
    return name
