"""Chinese among Japanese: which sentences are Chinese, and the names that their marks show.

The Japanese analyser takes a Chinese sentence for a row of unknown words. Here nothing is analysed:
a name is what stands in the marks of titles, or has a dot between its parts as foreign names have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_KANA = re.compile("[\u3041-\u3096\u30a1-\u30fa]")
_HAN = re.compile("[\u3400-\u9fff]")
_SENTENCE = re.compile(r"[^。！？!?\n\r]+[。！？!?\n\r]*")
# Characters and words that Japanese does not write so.
_FOREIGN = "[们們这這她妳您吗嗎呢啊吧沒个]"
_FOREIGN_CHARACTER = re.compile(_FOREIGN)
_SURE = re.compile(
    f"{_FOREIGN}"
    "|什么|什麼|一[个個只隻名位条條张張双雙]|正在|[穿戴拿抱看][着著]|[坐站][在着著]|背景是|[裡里]面"
    "|(?<![存現所健潜滞駐不実])在(?![庫住籍宅学日位留庁])[\u4e00-\u9fff]{1,8}[上里裡中下前旁]"
)
# Words that are Chinese in most places where Japanese has the same characters.
_LIKELY = re.compile(
    "(?<![目標端射公私])的(?![中確を])|(?<![存現所健潜滞駐不散点実介内混偏自])在(?![庫住籍宅学日位留庁])"
    "|了(?![解承見])|是(?![非正認])|不(?=[是会會能])"
)
_FEWEST_SIGNS = 2
_SHORTEST = 5
_TITLE = re.compile("[《〈『]([^《》〈〉『』\n]{1,60})[》〉』]")
_DOTTED = re.compile("(?<![\u4e00-\u9fff])[\u4e00-\u9fff]{1,8}(?:[·•‧・][\u4e00-\u9fff]{1,8})+")


def may_hold_chinese(text: str) -> bool:
    """Whether a text is worth cutting into sentences in search of Chinese."""
    return _KANA.search(text) is None or _FOREIGN_CHARACTER.search(text) is not None


def cut_by_language(text: str) -> Iterator[tuple[int, str, bool]]:
    """The parts of a text, each with its start and whether it is Chinese; together all of it.

    Sentences of one language that follow each other are one part.
    """
    start = 0
    chinese = False
    for found in _SENTENCE.finditer(text):
        sentence = found[0]
        if not _HAN.search(sentence) and not _KANA.search(sentence):
            continue
        this = is_chinese(sentence)
        if this != chinese and start < found.start():
            yield start, text[start : found.start()], chinese
            start = found.start()
        chinese = this
    if start < len(text):
        yield start, text[start:], chinese


def is_chinese(sentence: str) -> bool:
    """Whether a sentence holds no kana, but words or characters that only Chinese writes so."""
    if _KANA.search(sentence):
        return False
    if _SURE.search(sentence):
        return True
    signs = len(set(_LIKELY.findall(sentence)))
    han = _HAN.findall(sentence)
    if len(han) >= _SHORTEST:
        # What the Japanese code page lacks is a simplified character, or a very rare one.
        signs += sum(not char.encode("cp932", "ignore") for char in han)
    return signs >= _FEWEST_SIGNS


def find_marked_names(text: str) -> Iterator[tuple[int, int, bool]]:
    """(start, end, whether it is a title) of what marks show to be names in Chinese."""
    for title in _TITLE.finditer(text):
        yield title.start(1), title.end(1), True
    for name in _DOTTED.finditer(text):
        yield name.start(), name.end(), False
