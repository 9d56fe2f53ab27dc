"""Signs that set a name off in a text of any form: labels, handles, addresses, ``©`` and ``®``.

They are looked for in the original text, because the normal form has no punctuation. Every pattern
is bounded, so that the time is linear in the text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property

from models.nouns.english.sentences import sentence_words
from models.nouns.forms import Form, tag_bounds
from models.nouns.recognition import NounText

_MOST_WORDS = 6
_REACH = 80


@dataclass(frozen=True, slots=True)
class SignRule:
    """One sign.

    Attributes:
        hints: the rule is tried where the text holds one of them.
        pattern: the name is its group ``name``.
        says: how the explanation goes on after the name.
        category: what it is a name of; "" where that is not said.
        score: how likely it is meant as one.
        prose: whether the name may run into the sentence, and has to be cut off from it.
        ordinary: whether a name of ordinary words is believed.
    """

    hints: tuple[str, ...]
    pattern: re.Pattern[str]
    says: str
    category: str
    score: float
    prose: bool = False
    ordinary: bool = True


@dataclass(frozen=True, slots=True)
class Signed:
    """A name that a sign sets off, in code points of the original text."""

    start: int
    end: int
    rule: SignRule


_END = r",，、。;；|｜<>()（）\[\]{}「」『』\n\r\t"
_VALUE = rf"(?P<name>[^\s{_END}:：][^{_END}]{{0,{_REACH}}})"


_LABELS = {
    "artist": r"artists?|artist[ _]name|illustrators?|illustration|drawn by|art by|art|mangaka"
    r"|creators?|authors?|credits?|by|作者|作画|原作|絵師|イラスト|イラストレーター|漫画|原画|著者|作|画|絵",
    "character": r"characters?|chara|char|キャラクター|キャラ|登場人物",
    "work": r"copyrights?|series|franchise|parody|fandom|作品|作品名|出典|元ネタ|版権",
    "studio": r"studio|publisher|circle|サークル|制作|制作会社|スタジオ",
    "brand": r"brand|trademark|ブランド",
    "person": r"model|photographer|actor|actress|voice|cosplayer|人物|モデル|撮影|声優|cv",
}


def _label(category: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![^\W_])(?:{_LABELS[category]})[ _]?[:：] ?{_VALUE}", re.IGNORECASE)


_COLONS = (":", "：")

RULES: tuple[SignRule, ...] = (
    SignRule(
        _COLONS,
        _label("artist"),
        "stands after a label that announces an artist",
        "artist",
        0.95,
    ),
    SignRule(
        _COLONS,
        _label("character"),
        "stands after a label that announces a character",
        "character",
        0.9,
        ordinary=False,
    ),
    SignRule(
        _COLONS,
        _label("work"),
        "stands after a label that announces a work",
        "work",
        0.9,
    ),
    SignRule(
        _COLONS,
        _label("studio"),
        "stands after a label that announces a studio",
        "studio",
        0.9,
    ),
    SignRule(
        _COLONS,
        _label("brand"),
        "stands after a label that announces a brand",
        "brand",
        0.9,
    ),
    SignRule(
        _COLONS,
        _label("person"),
        "stands after a label that announces a person",
        "person",
        0.8,
        ordinary=False,
    ),
    SignRule(
        ("/",),
        re.compile(
            r"(?<![\w-])(?P<name>pixiv\.net/(?:[a-z]{2}/)?(?:users|artworks|u|i)/[0-9]{1,12}"
            r"|pixiv\.net/(?:member|member_illust)\.php\?[^\s]{0,40}[0-9]{1,12})",
            re.IGNORECASE,
        ),
        "is the address of an artist or a work on pixiv",
        "artist",
        0.95,
    ),
    SignRule(
        ("/",),
        re.compile(
            r"(?<![\w-])(?:(?:www|mobile|m)\.)?(?:twitter\.com|x\.com|instagram\.com|facebook\.com"
            r"|tiktok\.com|threads\.net|deviantart\.com|artstation\.com|patreon\.com|fanbox\.cc"
            r"|skeb\.jp|ko-fi\.com|gumroad\.com|linktr\.ee|pawoo\.net|bsky\.app/profile|tumblr\.com"
            r"|youtube\.com|behance\.net|newgrounds\.com|furaffinity\.net/user|weibo\.com|fantia\.jp"
            r"|subscribestar\.com|misskey\.io|cara\.app)/"
            r"(?!(?:i|home|status|p|explore|search|users|en|ja|art|posts|post|hashtag|intent|share"
            r"|watch|reel|reels|view|channel|fanclubs|tag|tags|about)(?![\w.-]))"
            r"@?(?P<name>[\w.-]{2,60})",
            re.IGNORECASE,
        ),
        "is the address of somebody's page",
        "artist",
        0.9,
    ),
    SignRule(
        (".com", ".cc", ".pm", ".io", ".co"),
        re.compile(
            r"(?<![\w.-])(?!www\.)(?P<name>[a-z0-9][a-z0-9_-]{1,40})\."
            r"(?:deviantart\.com|artstation\.com|tumblr\.com|fanbox\.cc|lofter\.com|booth\.pm|carrd\.co"
            r"|newgrounds\.com)(?![\w-])",
            re.IGNORECASE,
        ),
        "is the address of somebody's page",
        "artist",
        0.9,
    ),
    SignRule(
        ("ixiv", "IXIV"),
        re.compile(
            r"(?<![^\W_])(?P<name>pixiv[ _]?(?:id|user|member)?[ _]?[:#：]?[ _]?[0-9]{2,12})(?!\w)",
            re.IGNORECASE,
        ),
        "is the number of an artist or a work on pixiv",
        "artist",
        0.9,
    ),
    SignRule(
        ("@", "＠"),
        re.compile(
            r"(?<![\w@＠./+-])(?P<name>[@＠](?=[0-9_.]{0,30}[A-Za-z])[A-Za-z0-9_](?:[A-Za-z0-9_.]{0,28}"
            r"[A-Za-z0-9_]))(?![@＠\w])"
        ),
        "is a handle, as people have on social media",
        "artist",
        0.9,
    ),
    SignRule(
        ("©", "ⓒ", "(c)", "(C)", "（c）", "（C）"),
        re.compile(
            r"(?:[©ⓒ]|[(（][cC][)）]) ?(?:[0-9]{4}(?: ?[-–~,] ?[0-9]{2,4})? ?)?(?:by )?" + _VALUE
        ),
        "stands after a copyright sign, as the holder of the rights does",
        "brand",
        0.9,
        prose=True,
        ordinary=False,
    ),
    SignRule(
        ("opyright ", "OPYRIGHT "),
        re.compile(
            r"(?<!\w)copyright (?:(?:©|\(c\)) ?)?[0-9]{4}(?: ?[-–~,] ?[0-9]{2,4})? (?:by )?"
            + _VALUE,
            re.IGNORECASE,
        ),
        "stands after 'copyright', as the holder of the rights does",
        "brand",
        0.85,
        prose=True,
        ordinary=False,
    ),
)

_MARKED = SignRule(
    ("®", "™"),
    re.compile(r" ?(?P<name>[\w'’&.-]{1,60}(?: [\w'’&.-]{0,40}[A-Z]){0,3})"),
    "stands before a trade mark sign",
    "brand",
    0.95,
)
_HINTS = tuple(dict.fromkeys(hint for rule in (*RULES, _MARKED) for hint in rule.hints))
_ASCII_HINTS = tuple(filter(str.isascii, _HINTS))
_NOBODY = sentence_words("nobody")
_NEXT_LABEL = re.compile(rf"[ _]+(?:{'|'.join(_LABELS.values())})[ _]?[:：]", re.IGNORECASE)
_WEIGHT = re.compile(r":[0-9.]{1,5}\Z")


class _Tags:
    """Whether a text is a list of tags that stand between spaces; found out at most once."""

    def __init__(self, text: NounText) -> None:
        self._text = text

    @cached_property
    def are_spaced(self) -> bool:
        return self._text.form is Form.BOORU and tag_bounds(self._text.text) is not None


def read_signs(
    text: NounText, is_ordinary: Callable[[str], bool], is_nobody: Callable[[str], bool]
) -> Iterator[Signed]:
    """Every name that a sign sets off.

    Args:
        text: of any form.
        is_ordinary: whether one word, as it is written, is no part of a name by itself.
        is_nobody: whether a whole value, as it is written, describes.
    """
    original = text.text
    present = [
        hint for hint in (_ASCII_HINTS if original.isascii() else _HINTS) if hint in original
    ]
    if not present:
        return
    tags = _Tags(text)
    for rule in RULES:
        if not any(hint in present for hint in rule.hints):
            continue
        for found in rule.pattern.finditer(original):
            start, end = found.span("name")
            end = start + len(_cut(original[start:end], rule, tags, is_ordinary))
            value = original[start:end]
            if not any(map(str.isalnum, value)) or value.casefold() in _NOBODY:
                continue
            if rule.ordinary or not is_nobody(value):
                yield Signed(start, end, rule)
    if any(hint in present for hint in _MARKED.hints):
        yield from _read_marked(original)


def _read_marked(original: str) -> Iterator[Signed]:
    """The names before trade mark signs, each read backwards from its sign."""
    for sign in re.finditer("[®™]", original):
        last = sign.start()
        before = _MARKED.pattern.match(original[max(0, last - _REACH) : last][::-1])
        if before and any(map(str.isalnum, before["name"])):
            yield Signed(last - before.end("name"), last - before.start("name"), _MARKED)


def _cut(value: str, rule: SignRule, tags: _Tags, is_ordinary: Callable[[str], bool]) -> str:
    """The name at the beginning of what follows a sign, without what no longer belongs to it."""
    if following := _NEXT_LABEL.search(value):
        value = value[: following.start()]
    value = _WEIGHT.sub("", value)
    if " " in value:
        if tags.are_spaced:
            value = value[: value.index(" ")]
        elif rule.prose or value.count(" ") >= _MOST_WORDS:
            value = _cut_prose(value, is_ordinary)
    if ". " in value:
        value = value[: value.index(". ")]
    return value.rstrip(" ._-\"'”’!?*~\\/:：　")


def _cut_prose(value: str, is_ordinary: Callable[[str], bool]) -> str:
    """The words up to the first ordinary one in lower case, six at most."""
    words = value.split(" ")[:_MOST_WORDS]
    kept = 0
    for word in words:
        if word[:1].islower() and is_ordinary(word):
            break
        kept += 1
    return " ".join(words[:kept])
