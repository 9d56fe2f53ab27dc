"""Finding disguised Japanese names: other kana, a long vowel more or less, one letter wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from models.nouns.disguise.index import SkeletonIndex, Spelling
from models.nouns.disguise.inert_kana import InertKana
from models.nouns.disguise.rules import Trick, Variant
from models.nouns.disguise.skeletons import skeleton_of, skeleton_of_unspaced
from models.nouns.disguise.spaced import Effort
from models.nouns.disguise.typos import is_one_slip
from models.nouns.matching.evidence import is_kanji
from models.nouns.normalisation import MARKS, Normalised, fold_kana

_STEM = 3
_LONGEST = 48
_SHORTEST_KATAKANA = 3
_SHORTEST_HIRAGANA = 5
_SHORTEST_IN_CONTEXT = 3
_SHORTEST_WITH_KANJI = 3
_SHORTEST_TYPO = 5
_SHORTEST_WRITTEN = 4
_LONGEST_TYPO = 24
_REACH = 12
_CONTEXT = 24
_COST_OF_CHUNK = 2
_AFTER_KANJI_NAME = frozenset("様達君氏風版役似本先嬢殿姫")
_KATAKANA = r"\u30a1-\u30fa\u30fc"
_RUN = re.compile(
    rf"[{_KATAKANA}\u3400-\u9fff\u3005]{{2,}}(?: [{_KATAKANA}\u3400-\u9fff\u3005]+){{0,2}}"
)
_CHUNK = re.compile(rf"[{_KATAKANA}]+|[\u3400-\u9fff\u3005]+")
_HIRAGANA = re.compile("[\u3041-\u3096ー ]+")


def find_kana_variants(
    normal: Normalised, index: SkeletonIndex, words: InertKana, effort: Effort
) -> tuple[list[Variant], int | None]:
    """The disguised Japanese names of a text, overlapping ones too.

    Args:
        effort: is spent; with nothing left the search breaks off.

    Returns:
        The names, and the place of the original where the search broke off, or None.
    """
    skeleton, places = skeleton_of_unspaced(normal)
    starts = index.unspaced_starts
    stems = [
        first
        for first in range(len(skeleton) - _STEM + 1)
        if skeleton[first : first + _STEM] in starts
    ]
    found: list[Variant] = []
    text = normal.text
    unread: dict[int, int] = {}
    for first in stems:
        begin = places[first]
        if not _begins_word(text, begin):
            continue
        if effort.left <= 0:
            return found, normal.span(begin, begin + 1)[0]
        respelt = _find_respelt(normal, skeleton, places, first, index, words)
        if respelt:
            effort.left -= 1
            found += respelt
        else:
            unread[begin] = first
    for run in _RUN.finditer(text):
        strange = [
            chunk for chunk in _CHUNK.finditer(text, *run.span()) if not words.is_inert(chunk[0])
        ]
        if not strange:
            continue
        if effort.left <= 0:
            return found, normal.span(*run.span())[0]
        effort.left -= _COST_OF_CHUNK * len(strange)
        found += _find_misspelt(normal, run, strange, index, words)
        for first in _near(unread, strange, text):
            effort.left -= 1
            found += _find_misspelt_from(normal, skeleton, places, first, index, words)
    return found, None


def _find_respelt(
    normal: Normalised,
    skeleton: str,
    places: Sequence[int],
    first: int,
    index: SkeletonIndex,
    words: InertKana,
) -> list[Variant]:
    """The longest names that have the skeleton at one place, but are written otherwise."""
    begin = places[first]
    for key in reversed(index.prefixes(skeleton[first : first + _LONGEST])):
        end = _end_of(normal.text, places, first + len(key))
        if not _ends_word(normal.text, end) or not _says_enough(normal.text, begin, end, words):
            continue
        written = normal.text[begin:end]
        spellings = index.find(key)
        if spellings and all(_is_respelt(written, spelling) for spelling in spellings):
            start, stop = normal.span(begin, end)
            return [
                Variant(start, stop, spelling, (_trick(written, spelling),))
                for spelling in spellings
            ]
    return []


def _end_of(text: str, places: Sequence[int], last: int) -> int:
    """Where the last letter of a skeleton ends in the text, with the long vowels after it."""
    end = places[last - 1] + 1
    stop = places[last] if last < len(places) else len(text)
    while end < stop and text[end] == "ー":
        end += 1
    return end


def _is_respelt(written: str, spelling: Spelling) -> bool:
    """Whether a span is that spelling in other kana, and nothing that merely runs into it."""
    name = "".join(spelling.words)
    if spelling.shared or written in (" ".join(spelling.words), name):
        return False
    # A particle beside katakana would make up for a letter of the name.
    return not any("\u30a1" <= char <= "\u30fa" for char in written) or all(
        _is_hiragana(name[place]) or not _is_hiragana(written[place]) for place in (0, -1)
    )


def _trick(written: str, spelling: Spelling) -> Trick:
    name = "".join(spelling.words)
    return Trick.SPACED if written.replace(" ", "") == name else Trick.KANA


def _says_enough(text: str, begin: int, end: int, words: InertKana) -> bool:
    """Whether a spelling is long enough, and no ordinary word."""
    written = text[begin:end]
    joined = written.replace(" ", "")
    letters = len(joined.replace("ー", ""))
    if any(map(is_kanji, written)):
        return letters >= _SHORTEST_WITH_KANJI and not words.is_ordinary(joined)
    if not any(map(_is_hiragana, written)):
        if letters < _SHORTEST_KATAKANA:
            return False
        if words.is_ordinary(joined):
            return " " in written and not all(map(words.is_ordinary, written.split(" ")))
        return True
    if words.is_ordinary(joined):
        return False
    return len(written) >= _SHORTEST_HIRAGANA or (
        letters >= _SHORTEST_IN_CONTEXT
        and _HIRAGANA.fullmatch(written) is not None
        and not words.is_grammar(joined)
        and words.reads_as_name(*_sentence_around(text, begin, end))
    )


def _sentence_around(text: str, begin: int, end: int) -> tuple[str, int, int]:
    """The piece of a sentence that a span stands in, and where it stands there."""
    first = max(0, begin - _CONTEXT)
    head = text[first:begin]
    for mark in MARKS:
        head = head.rpartition(mark)[2]
    tail = text[end : end + _CONTEXT]
    for mark in MARKS:
        tail = tail.partition(mark)[0]
    head = head.replace(" ", "")
    written = text[begin:end].replace(" ", "")
    return head + written + tail.replace(" ", ""), len(head), len(head) + len(written)


def _begins_word(text: str, start: int) -> bool:
    """Whether no word of katakana or kanji is cut in two at its beginning."""
    first = text[start]
    before = text[start - 1] if start else " "
    if _is_katakana(first):
        return not _is_katakana(before)
    return not is_kanji(first) or not is_kanji(before)


def _ends_word(text: str, end: int) -> bool:
    """Whether no word of katakana or kanji is cut in two at its end."""
    last = text[end - 1]
    after = text[end] if end < len(text) else " "
    if _is_katakana(last):
        return not _is_katakana(after)
    return not is_kanji(last) or not is_kanji(after) or after in _AFTER_KANJI_NAME


def _is_hiragana(char: str) -> bool:
    return "\u3041" <= char <= "\u3096"


def _is_katakana(char: str) -> bool:
    return "\u30a1" <= char <= "\u30fe"


def _find_misspelt(
    normal: Normalised,
    run: re.Match[str],
    strange: Sequence[re.Match[str]],
    index: SkeletonIndex,
    words: InertKana,
) -> Iterator[Variant]:
    """Words in katakana or kanji that are one slip from a name, or one that is turned round."""
    spans = {run.span(), *(chunk.span() for chunk in strange)}
    for begin, end in sorted(spans):
        written = normal.text[begin:end]
        parts = written.split(" ")
        joined = "".join(parts)
        if not _SHORTEST_WRITTEN <= len(joined) <= _LONGEST_TYPO:
            continue
        start, stop = normal.span(begin, end)
        if len(parts) == 2 and (begin, end) == run.span():
            for spelling in index.find(skeleton_of(parts[1] + parts[0])):
                if len(spelling.words) == 2:
                    yield Variant(start, stop, spelling, (Trick.REVERSED,))
        if words.is_listed_name(joined) or _is_registered(joined, index):
            continue
        for spelling in index.find_misspelt(joined):
            name = fold_kana("".join(spelling.words))
            if len(name) >= _SHORTEST_TYPO and is_one_slip(joined, name):
                yield Variant(start, stop, spelling, (Trick.TYPO,))


def _is_registered(letters: str, index: SkeletonIndex) -> bool:
    return any("".join(spelling.words) == letters for spelling in index.find(skeleton_of(letters)))


def _near(unread: dict[int, int], chunks: Sequence[re.Match[str]], text: str) -> list[int]:
    """The stems at the beginning of a strange chunk, or of a word before it that may belong."""
    found: dict[int, None] = {}
    for chunk in chunks:
        for begin in range(max(0, chunk.start() - _REACH), chunk.start() + 1):
            if begin in unread and (_is_katakana(text[begin]) or is_kanji(text[begin])):
                found[unread[begin]] = None
    return list(found)


def _find_misspelt_from(
    normal: Normalised,
    skeleton: str,
    places: Sequence[int],
    first: int,
    index: SkeletonIndex,
    words: InertKana,
) -> Iterator[Variant]:
    """Names that begin as the skeleton does at one place, and go on with one slip."""
    text = normal.text
    begin = places[first]
    for key in index.keys_from(skeleton[first : first + _STEM]):
        for last in _slipped_ends(skeleton, first, key):
            end = _end_of(text, places, last)
            written = text[begin:end]
            if not _ends_word(text, end) or words.is_ordinary(written.replace(" ", "")):
                continue
            # A particle after a shorter name looks like a wrong last letter.
            spellings = [
                spelling
                for spelling in index.find(key)
                if _is_hiragana(spelling.words[-1][-1]) or not _is_hiragana(written[-1])
            ]
            if spellings:
                start, stop = normal.span(begin, end)
                for spelling in spellings:
                    yield Variant(start, stop, spelling, (Trick.TYPO,))
                return


def _slipped_ends(skeleton: str, first: int, key: str) -> list[int]:
    """Where a text ends that begins at a place and is one slip from a skeleton."""
    place = _STEM
    length = len(key)
    while place < length and skeleton[first + place : first + place + 1] == key[place]:
        place += 1
    # What follows the first difference decides; nearly all keys are out by it.
    rest, wanted = skeleton[first + place : first + length + 1], key[place:]
    ends: list[int] = []
    if not wanted:
        return ends
    if len(rest) >= len(wanted):
        same = rest[1 : len(wanted)]
        swapped = len(wanted) > 1 and rest[:2] == wanted[1::-1] and same[1:] == wanted[2:]
        if same == wanted[1:] or swapped:
            ends.append(first + length)
    if rest[: len(wanted) - 1] == wanted[1:] and len(rest) >= len(wanted) - 1:
        ends.append(first + length - 1)
    if len(rest) > len(wanted) and rest[1 : len(wanted) + 1] == wanted:
        ends.append(first + length + 1)
    return ends
