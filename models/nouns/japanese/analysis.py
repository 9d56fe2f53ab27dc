"""The Japanese analyser: SudachiPy and its dictionary behind one small interface.

SudachiPy's dictionary may be shared between threads and is; its tokenizers may not, so that every
thread has its own. Both 0.6 and 0.7 work. Parts of speech are those of UniDic.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from models.errors import KiyomeError
from models.nouns.normalisation import fold_kana, is_unspaced
from models.unicode import replace_surrogates

NO_WORD = 0x0FFFFFFF
"""The word id that SudachiPy 0.6 gives to katakana that it joined: in no dictionary, whatever
``is_oov`` says of it there."""

_LONGEST_WORD = 40
_LONGEST_COMPOUND = 12
_CONTENT = frozenset(("名詞", "動詞", "形容詞", "形状詞", "副詞", "感動詞", "代名詞"))
_JOINING = frozenset(("助詞", "助動詞", "接頭辞", "接尾辞", "連体詞", "接続詞"))
_ORDINARY = _CONTENT | _JOINING
_KATAKANA_TO_HIRAGANA = {code: code - 0x60 for code in (*range(0x30A1, 0x30F7), 0x30FD, 0x30FE)}

GIVEN, FAMILY, PERSON, PLACE, PROPER = "g", "s", "h", "l", "x"
"""Kinds of proper noun: given name, family name, another name of persons, place, any other."""
PROPER_KINDS = frozenset((GIVEN, FAMILY, PERSON, PLACE, PROPER))

NOUN, NUMBER, STEM, PRONOUN, PREFIX, SUFFIX = "n", "d", "j", "q", "f", "t"
PARTICLE, VERB, MARK, LETTER, SPACE, OTHER = "p", "v", ".", "y", " ", "-"
NEW, NEW_LATIN = "o", "a"
"""Kinds of noun that no dictionary lists: with a Japanese character, and without."""

_IMPERSONAL_KINDS = {"地名": PLACE, "一般": PROPER}
_PERSONAL_KINDS = {"名": GIVEN, "姓": FAMILY}
_NOUN_KINDS = {"普通名詞": NOUN, "数詞": NUMBER}
_KINDS = {
    "代名詞": PRONOUN,
    "形状詞": STEM,
    "動詞": VERB,
    "形容詞": VERB,
    "助動詞": VERB,
    "助詞": PARTICLE,
    "接頭辞": PREFIX,
    "接尾辞": SUFFIX,
    "補助記号": MARK,
    "記号": LETTER,
    "空白": SPACE,
}
# SudachiPy takes 49,149 bytes, and 65,535 of their normal form; NFKC makes 33 of one character.
_LONGEST_BLOCK = 1900
_BLOCK_ENDS = ("\n", "。", "！", "？", "、", ",", " ", "　")

_threads = threading.local()


@dataclass(frozen=True, slots=True)
class Analysis:
    """A text cut into morphemes.

    Attributes:
        text: what was analysed; the morphemes cover all of it.
        kinds: one letter for each morpheme, so that rows of them can be searched like a text.
        bounds: where each morpheme begins in ``text``, and at last where the last one ends.
    """

    text: str
    kinds: str
    bounds: tuple[int, ...]

    def surface(self, index: int) -> str:
        """One morpheme as it is written."""
        return self.text[self.bounds[index] : self.bounds[index + 1]]


def analyse(text: str) -> Analysis:
    """The morphemes of a text of any length; a long one is cut into blocks where a sentence ends.

    Raises:
        KiyomeError: SudachiPy or its dictionary is not installed.
    """
    tokenizer = thread_tokenizer()
    clean = replace_surrogates(text)
    kinds: list[str] = []
    bounds: list[int] = []
    for start, block in cut_blocks(clean):
        _read(tokenizer.tokenize(block), start, kinds, bounds)
    if bounds and bounds[-1] == len(clean):
        del kinds[-1], bounds[-1]
    bounds.append(len(clean))
    return Analysis(clean, "".join(kinds), tuple(bounds))


def _read(morphemes: Iterable[Any], start: int, kinds: list[str], bounds: list[int]) -> None:
    """Add the kinds of morphemes and where each begins.

    Args:
        start: where the text of the morphemes begins.
        kinds, bounds: to be added to.
    """
    known = _kinds_by_number
    reached = -1
    for morpheme in morphemes:
        begin = start + morpheme.begin()
        # What normalises to nothing can make a morpheme without a character.
        if begin == reached:
            continue
        reached = begin
        number = morpheme.part_of_speech_id()
        kind = known.get(number)
        if kind is None:
            kind = _learn_kind(number, morpheme)
        if kind == NOUN and (morpheme.is_oov() or morpheme.word_id() == NO_WORD):
            kind = NEW if any(map(is_unspaced, morpheme.surface())) else NEW_LATIN
        kinds.append(kind)
        bounds.append(begin)


def cut_blocks(text: str) -> Iterator[tuple[int, str]]:
    """A text in blocks that SudachiPy takes, each with its start.

    A block ends after a line or a sentence, or else between words, and only in a text without any
    of these inside a word.
    """
    start = 0
    while len(text) - start > _LONGEST_BLOCK:
        stop = start + _LONGEST_BLOCK
        for end in _BLOCK_ENDS:
            last = text.rfind(end, start + _LONGEST_BLOCK // 2, stop)
            if last >= 0:
                stop = last + 1
                break
        yield start, text[start:stop]
        start = stop
    if start < len(text):
        yield start, text[start:]


# The numbers are the dictionary's, of which there is one in a process.
_kinds_by_number: dict[int, str] = {}


def _learn_kind(number: int, morpheme: Any) -> str:
    kind = _kinds_by_number[number] = _name_kind(morpheme.part_of_speech())
    return kind


def _name_kind(part: tuple[str, ...]) -> str:
    if part[0] != "名詞":
        return _KINDS.get(part[0], OTHER)
    if part[1] != "固有名詞":
        return _NOUN_KINDS.get(part[1], OTHER)
    if part[2] == "人名":
        return _PERSONAL_KINDS.get(part[3], PERSON)
    return _IMPERSONAL_KINDS.get(part[2], PROPER)


def analyser_version() -> str:
    """Which analyser and dictionary give the morphemes; part of fingerprints."""
    try:
        return f"sudachipy {version('sudachipy')}, core {version('sudachidict-core')}"
    except PackageNotFoundError:
        return "none"


@cache
def open_dictionary() -> Any:
    """The dictionary, opened once for the process.

    Raises:
        KiyomeError: SudachiPy or its dictionary is not installed.
    """
    try:
        import sudachipy
    except ImportError as error:
        raise KiyomeError(
            "Japanese text cannot be analysed, because SudachiPy is not installed.",
            "Install it with: pip install sudachipy sudachidict-core",
        ) from error
    try:
        return sudachipy.Dictionary(dict="core")
    except (ImportError, OSError, ValueError, sudachipy.SudachiError) as error:
        raise KiyomeError(
            "Japanese text cannot be analysed, because SudachiPy's dictionary cannot be opened.",
            "Install it with: pip install sudachidict-core",
        ) from error


def thread_tokenizer() -> Any:
    """This thread's tokenizer: the longest units (mode C).

    Raises:
        KiyomeError: SudachiPy or its dictionary is not installed.
    """
    tokenizer = getattr(_threads, "tokenizer", None)
    if tokenizer is None:
        from sudachipy import SplitMode

        dictionary = open_dictionary()
        make = getattr(dictionary, "tokenizer", None) or dictionary.create
        tokenizer = _threads.tokenizer = make(mode=SplitMode.C, fields={"pos"})
    return tokenizer


@lru_cache(maxsize=1 << 16)
def is_common_noun(text: str) -> bool:
    """Whether a Japanese word or phrase is ordinary language by the dictionary.

    True where the dictionary has an ordinary entry for the word as a whole, in any kana spelling
    (``サクラ`` is ``さくら``), even if a name is written the same; and where the phrase as it is
    spelt is a row of ordinary words. A row of single characters is none: that is how a name that
    the dictionary lacks comes out.

    Args:
        text: a word as it is written or in normal form; without a Japanese character it is no
            common noun here, whatever it means.

    Raises:
        KiyomeError: SudachiPy or its dictionary is not installed.
    """
    word = replace_surrogates(text.strip())
    if not 0 < len(word) <= _LONGEST_WORD or not any(map(is_unspaced, word)):
        return False
    spellings = {word, fold_kana(word), word.translate(_KATAKANA_TO_HIRAGANA)}
    if any(map(has_ordinary_entry, sorted(spellings))):
        return True
    return _is_ordinary_row(word)


@lru_cache(maxsize=1 << 16)
def has_ordinary_entry(word: str) -> bool:
    """Whether the dictionary lists a word, in just this spelling, as something else than a name.

    Raises:
        KiyomeError: SudachiPy or its dictionary is not installed.
    """
    return any(
        part[0] in _CONTENT and part[1] != "固有名詞" for part in _entries(replace_surrogates(word))
    )


@lru_cache(maxsize=1 << 16)
def name_kinds(word: str) -> frozenset[str]:
    """The kinds of proper noun that the dictionary lists a word as.

    Raises:
        KiyomeError: SudachiPy or its dictionary is not installed.
    """
    kinds = map(_name_kind, _entries(replace_surrogates(word)))
    return frozenset(kind for kind in kinds if kind in PROPER_KINDS)


@lru_cache(maxsize=1 << 16)
def is_ordinary_compound(word: str) -> bool:
    """Whether a word is several ordinary words in a row, of which one at most is a single letter.

    Raises:
        KiyomeError: SudachiPy or its dictionary is not installed.
    """
    if not 2 < len(word) <= _LONGEST_COMPOUND:
        return False
    # How far it can be cut, without and with a part of one letter.
    whole, single = {0}, set[int]()
    for end in range(1, len(word) + 1):
        starts = [start for start in whole | single if start < end]
        parts = [start for start in starts if has_ordinary_entry(word[start:end])]
        long = [start for start in parts if end - start > 1 and (start or end < len(word))]
        if not whole.isdisjoint(long):
            whole.add(end)
        if not single.isdisjoint(long) or (end - 1 in parts and end - 1 in whole):
            single.add(end)
    return len(word) in whole or len(word) in single


def _entries(word: str) -> list[tuple[str, ...]]:
    """The parts of speech of every entry for a word; SudachiPy refuses a long one."""
    if len(word) > _LONGEST_WORD:
        return []
    look_up = getattr(open_dictionary(), "lookup", None)
    if look_up is not None:
        return [found.part_of_speech() for found in look_up(word)]
    found = list(thread_tokenizer().tokenize(word))
    return [found[0].part_of_speech()] if len(found) == 1 and not is_unlisted(found[0]) else []


def is_unlisted(morpheme: Any) -> bool:
    """Whether a morpheme is in no dictionary."""
    return bool(morpheme.is_oov()) or bool(morpheme.word_id() == NO_WORD)


def _is_ordinary_row(word: str) -> bool:
    singles = contents = 0
    for morpheme in thread_tokenizer().tokenize(word):
        part = morpheme.part_of_speech()
        if part[0] not in _ORDINARY or part[1] == "固有名詞" or is_unlisted(morpheme):
            return False
        if part[0] in _CONTENT:
            contents += 1
            singles += morpheme.end() - morpheme.begin() == 1
    return contents > singles and singles < 2
