"""Names in hiragana: whether a row of hiragana in a sentence can be a word by itself, and a name.

Hiragana hold the grammar of a sentence, so that a short name spelt in them turns up by chance in
endings and across words. Two readings by the analyser tell: with the row in katakana, which it
takes for a noun, the words around must go together; and as it stands the row must not be sensible.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from models.nouns.japanese.analysis import is_unlisted, thread_tokenizer
from models.nouns.normalisation import fold_kana
from models.unicode import replace_surrogates

_AFTER = frozenset(("が", "は", "を", "に", "と", "の", "で", "も", "へ", "や", "から", "より"))
_ENDS_CLAUSE = ("終止形", "連体形")
_ODD = frozenset(("補助記号", "感動詞", "接頭辞", "接尾辞", "記号"))
_TAKEN_ALONG = frozenset(("の", "た"))
_NO_GRAMMAR_AFTER = frozenset(("を", "が", "、", "「", "『"))
_LEADING = frozenset(("助詞", "助動詞", "接尾辞"))


@lru_cache(maxsize=1 << 14)
def is_grammar(hiragana: str) -> bool:
    """Whether a row of hiragana is made of particles and endings alone.

    Raises:
        KiyomeError: SudachiPy or its dictionary is not installed.
    """
    parts = [morpheme.part_of_speech() for morpheme in thread_tokenizer().tokenize(hiragana)]
    return all(part[0] in _LEADING or part[1].startswith("非自立") for part in parts)


@lru_cache(maxsize=1 << 14)
def reads_as_name(sentence: str, start: int, end: int) -> bool:
    """Whether hiragana at a place of a sentence are one noun there, and no other words.

    Args:
        sentence: at most a few dozen characters.
        start, end: the hiragana, end exclusive.

    Raises:
        KiyomeError: SudachiPy or its dictionary is not installed.
    """
    sentence = replace_surrogates(sentence)
    changed = sentence[:start] + fold_kana(sentence[start:end]) + sentence[end:]
    before, stands = _find_neighbours(changed, start, end)
    return stands and _is_odd(sentence, start, end, before)


def _find_neighbours(sentence: str, start: int, end: int) -> tuple[Any, bool]:
    """The word before a span, and whether words end at its ends and suit a noun between them."""
    before: Any = None
    after: Any = None
    bounds: set[int] = set()
    for morpheme in thread_tokenizer().tokenize(sentence):
        begin, stop = morpheme.begin(), morpheme.end()
        bounds.update((begin, stop))
        if stop == start:
            before = morpheme
        elif begin == end:
            after = morpheme
    stands = bounds.issuperset((start, end))
    return before, stands and _can_precede(before) and _can_follow(after)


def _can_precede(morpheme: Any) -> bool:
    if morpheme is None:
        return True
    part = morpheme.part_of_speech()
    if part[0] in ("動詞", "形容詞", "助動詞"):
        long = part[0] == "助動詞" or morpheme.end() - morpheme.begin() > 1
        return long and bool(part[5].startswith(_ENDS_CLAUSE))
    if part[0] == "助詞":
        return part[1] not in ("接続助詞", "終助詞")
    return part[0] in ("補助記号", "空白", "連体詞")


def _can_follow(morpheme: Any) -> bool:
    if morpheme is None:
        return True
    part = morpheme.part_of_speech()
    if part[0] == "助詞":
        return morpheme.surface() in _AFTER
    return part[0] in ("補助記号", "空白", "接尾辞")


def _is_odd(sentence: str, start: int, end: int, before: Any) -> bool:
    """Whether a span is cut into pieces that no sentence has there.

    Args:
        before: the word before it, where the span is a noun.
    """
    odd = False
    for morpheme in thread_tokenizer().tokenize(sentence):
        begin, stop = morpheme.begin(), morpheme.end()
        if stop <= start:
            continue
        if begin >= end:
            break
        part = morpheme.part_of_speech()
        if stop > end:
            return False
        if begin < start:
            # Only after these does a name follow so often that the analyser takes it along.
            if part[0] == "助動詞" or before.surface() not in _TAKEN_ALONG:
                return False
            odd = True
        elif begin == start and part[0] in _LEADING:
            odd = odd or before is None or before.surface() in _NO_GRAMMAR_AFTER
        elif (
            part[0] in _ODD
            or part[1] in ("固有名詞", "終助詞")
            or (part[0] == "名詞" and stop - begin == 1)
            or is_unlisted(morpheme)
        ):
            odd = True
    return odd
