"""Taking names out of Japanese sentences."""

from __future__ import annotations

import re

from models.nouns.rewriting.captions import Cut, Edit, Surroundings

_NOUNS = {
    "character": "キャラクター",
    "person": "人物",
    "artist": "作家",
    "work": "作品",
    "studio": "会社",
    "brand": "ブランド",
    "place": "場所",
}
_GENDERED = {
    ("character", "female"): "女性キャラクター",
    ("character", "male"): "男性キャラクター",
    ("person", "female"): "女性",
    ("person", "male"): "男性",
}
_QUOTES = {"「": "」", "『": "』", "《": "》", "【": "】", '"': '"', "“": "”"}
_HONORIFIC = re.compile(r"(?:さん|ちゃん|くん|たん|様|氏|先輩|先生)")
_CREDIT_AFTER = re.compile(
    r"(?:先生|氏|さん)?(?:風の画風|の画風|の作風|のタッチ|のスタイル)(?:で描かれた|で描いた|による|で|の)?"
    r"|(?:先生|氏|さん)?(?:風の|風で|風に|風|っぽい)"
    r"|(?:先生|氏|さん)?(?:による|が描いた|の描いた|作の|作)"
    r"|という(?:名前の|名の)?"
    r"|より(?=[。\s、]|\Z)"
)
_CREDIT_BEFORE = re.compile(
    r"(?:作者|作画|絵師|原画|イラスト|作|画|絵)\s*[:：/／]\s*\Z|[©@＠#＃]\s*\Z"
)
_COSPLAY_AFTER = re.compile(r"の(?=コスプレ|ファンアート|二次創作|グッズ|フィギュア)")
_OF_WORK_AFTER = re.compile(r"(?:に登場する|に出てくる|の)(?=[^\s、。，]*)")
_CREDIT = "A clause that says whose work it is goes."
_CLASS = "The name gives way to the noun of what it names."


def find_japanese_gender(text: str) -> str:
    """The gender that 彼 or 彼女 shows; "" where neither or both stand in a text."""
    female, male = "彼女" in text, "彼" in text.replace("彼女", "")
    return "" if female == male else "female" if female else "male"


def cut_japanese(text: str, cut: Cut, around: Surroundings) -> Edit | None:
    """The edit that takes a name out of a sentence; None where nobody knows what it names."""
    start, end = cut.start, cut.end
    if start > 0 and end < len(text) and _QUOTES.get(text[start - 1]) == text[end]:
        start, end = start - 1, end + 1
    if (label := _CREDIT_BEFORE.search(text, max(0, start - 12), start)) is not None:
        return _delete(text, label.start(), end, _CREDIT)
    if (after := _CREDIT_AFTER.match(text, end)) is not None:
        return _delete(text, start, after.end(), _CREDIT)
    if (after := _COSPLAY_AFTER.match(text, end)) is not None:
        return Edit(start, after.end(), text[start : after.end()], "", _CLASS)
    if not cut.category:
        return None
    if cut.category in ("work", "brand", "studio") and (
        (after := _OF_WORK_AFTER.match(text, end)) is not None
    ):
        return Edit(start, after.end(), text[start : after.end()], "", _CLASS)
    if cut.category in ("character", "person", "artist") and (
        (after := _HONORIFIC.match(text, end)) is not None
    ):
        end = after.end()
    return Edit(start, end, text[start:end], _noun_for(cut, around), _CLASS)


def _noun_for(cut: Cut, around: Surroundings) -> str:
    noun = _GENDERED.get((cut.category, around.gender))
    return noun or _NOUNS.get(cut.category, "もの")


def _delete(text: str, start: int, end: int, reason: str) -> Edit:
    """Take a span away with the separator before it, or at the beginning the one behind it."""
    while start > 0 and text[start - 1] in " \u3000、，,":
        start -= 1
    if start == 0:
        while end < len(text) and text[end] in " \u3000、，,":
            end += 1
    elif end < len(text) and text[end] not in " \u3000、，,。．.」』)）" and text[start] in "、，,":
        start += 1  # what follows goes on after the comma that is there
    return Edit(start, end, text[start:end], "", reason)
