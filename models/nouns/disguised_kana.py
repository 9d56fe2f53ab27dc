"""Finding disguised Japanese names: other kana, a long vowel more or less, one letter wrong."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from models.nouns.ambiguity import Ordinary
from models.nouns.disguised import Trick, Variant
from models.nouns.evidence import is_kanji
from models.nouns.normalisation import Normalised, fold_kana
from models.nouns.skeleton_index import SkeletonIndex, Spelling
from models.nouns.skeletons import skeleton_of, skeleton_of_unspaced
from models.nouns.typos import is_one_slip

_PREFIX = 3
_LONGEST = 48
_SHORTEST_KATAKANA = 4
_SHORTEST_HIRAGANA = 5
_SHORTEST_WITH_KANJI = 3
_SHORTEST_TYPO = 6
_STEM = 3
_LONGEST_TYPO = 24
_SHORTEST_WRONG_ENDING = 7
_AFTER_KANJI_NAME = frozenset("様達君氏風版役似本先嬢殿姫")
_KATAKANA_RUN = re.compile(r"[\u30a1-\u30fa\u30fc]+(?: [\u30a1-\u30fa\u30fc]+)*")


def find_kana_variants(
    normal: Normalised, index: SkeletonIndex, ordinary: Ordinary
) -> list[Variant]:
    """The disguised Japanese names of a text, overlapping ones too."""
    return [*_find_respelt(normal, index, ordinary), *_find_misspelt(normal, index, ordinary)]


def _find_respelt(
    normal: Normalised, index: SkeletonIndex, ordinary: Ordinary
) -> Iterator[Variant]:
    skeleton, places = skeleton_of_unspaced(normal)
    starts = index.unspaced_starts
    for first in range(len(skeleton) - _PREFIX + 1):
        if skeleton[first : first + _PREFIX] not in starts:
            continue
        for key in reversed(index.prefixes(skeleton[first : first + _LONGEST])):
            begin = places[first]
            end = _end_of(normal.text, places, first + len(key))
            written = normal.text[begin:end]
            if not _is_bounded(normal.text, begin, end) or not _says_enough(written, ordinary):
                continue
            found = [
                spelling
                for spelling in index.find(key)
                if not spelling.shared and not _is_registered_so(written, spelling)
            ]
            if found and len(found) == len(index.find(key)):
                start, stop = normal.span(begin, end)
                for spelling in found:
                    yield Variant(start, stop, spelling, (_trick(written, spelling),))
                break
        else:
            yield from _find_misspelt_from(normal, skeleton, places, first, index, ordinary)


def _end_of(text: str, places: Sequence[int], last: int) -> int:
    """Where the last letter of a skeleton ends in the text, with the long vowels after it."""
    end = places[last - 1] + 1
    stop = places[last] if last < len(places) else len(text)
    while end < stop and text[end] == "ー":
        end += 1
    return end


def _is_registered_so(written: str, spelling: Spelling) -> bool:
    return written in (" ".join(spelling.words), "".join(spelling.words))


def _trick(written: str, spelling: Spelling) -> Trick:
    name = "".join(spelling.words)
    return Trick.SPACED if written.replace(" ", "") == name else Trick.KANA


def _says_enough(written: str, ordinary: Ordinary) -> bool:
    """Whether a spelling is long enough, and no ordinary word."""
    letters = written.replace(" ", "").replace("ー", "")
    if any(map(is_kanji, letters)):
        shortest = _SHORTEST_WITH_KANJI
    elif any("\u3041" <= char <= "\u3096" for char in letters):
        return len(written) >= _SHORTEST_HIRAGANA and not _is_ordinary(written, ordinary)
    else:
        shortest = _SHORTEST_KATAKANA
    return len(letters) >= shortest and not _is_ordinary(written.replace(" ", ""), ordinary)


def _is_ordinary(word: str, ordinary: Ordinary) -> bool:
    return ordinary.lexicon.is_ordinary(word) or ordinary.is_common_noun(word)


def _is_bounded(text: str, start: int, end: int) -> bool:
    """Whether no word of katakana or kanji is cut in two."""
    first, last = text[start], text[end - 1]
    before = text[start - 1] if start else " "
    after = text[end] if end < len(text) else " "
    if (_is_katakana(first) and _is_katakana(before)) or (is_kanji(first) and is_kanji(before)):
        return False
    if _is_katakana(last) and _is_katakana(after):
        return False
    return not is_kanji(last) or not is_kanji(after) or after in _AFTER_KANJI_NAME


def _is_hiragana(text: str) -> bool:
    return all("\u3041" <= char <= "\u3096" or char == "ー" for char in text)


def _is_katakana(char: str) -> bool:
    return "\u30a1" <= char <= "\u30fe"


def _find_misspelt(
    normal: Normalised, index: SkeletonIndex, ordinary: Ordinary
) -> Iterator[Variant]:
    """Words in katakana that are one slip from a name, or two words that are one turned round."""
    for run in _KATAKANA_RUN.finditer(normal.text):
        written = run[0]
        parts = written.split(" ")
        shortest = _SHORTEST_TYPO - (len(parts) > 1)
        if not shortest - 1 <= len(written) <= _LONGEST_TYPO:
            continue
        if all(_is_ordinary(part, ordinary) for part in parts):
            continue
        start, stop = normal.span(*run.span())
        if len(parts) == 2:
            for spelling in index.find(skeleton_of(parts[1] + parts[0])):
                if len(spelling.words) == 2:
                    yield Variant(start, stop, spelling, (Trick.REVERSED,))
        joined = "".join(parts)
        for spelling in index.find_misspelt(joined):
            name = fold_kana("".join(spelling.words))
            if len(name) >= shortest and is_one_slip(joined, name):
                yield Variant(start, stop, spelling, (Trick.TYPO,))


def _find_misspelt_from(
    normal: Normalised,
    skeleton: str,
    places: Sequence[int],
    first: int,
    index: SkeletonIndex,
    ordinary: Ordinary,
) -> Iterator[Variant]:
    """Names that begin as the skeleton does at one place, and go on with one slip."""
    stem = skeleton[first : first + _STEM]
    if len(stem) < _STEM:
        return
    for key in index.keys_from(stem):
        for length in (len(key), len(key) + 1, len(key) - 1):
            last = first + length
            # A particle after a shorter name looks like a wrong last letter.
            if last > len(skeleton) or (
                skeleton[last - 1] != key[-1] and len(key) < _SHORTEST_WRONG_ENDING
            ):
                continue
            if not is_one_slip(skeleton[first:last], key):
                continue
            begin = places[first]
            end = _end_of(normal.text, places, last)
            written = normal.text[begin:end]
            if (
                _is_bounded(normal.text, begin, end)
                and not _is_hiragana(written)
                and not _is_ordinary(written.replace(" ", ""), ordinary)
            ):
                start, stop = normal.span(begin, end)
                for spelling in index.find(key):
                    yield Variant(start, stop, spelling, (Trick.TYPO,))
                return
