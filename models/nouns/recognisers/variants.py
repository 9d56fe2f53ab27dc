"""The variants recogniser: registered names that are disguised or misspelt."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from itertools import chain
from pathlib import Path

from models.canonical import digest_of
from models.nouns.disguise.index import BUILDER, open_index
from models.nouns.disguise.inert_kana import InertKana
from models.nouns.disguise.inert_words import InertWords
from models.nouns.disguise.kana import find_kana_variants
from models.nouns.disguise.rules import Trick, Variant
from models.nouns.disguise.skeletons import cut_pieces
from models.nouns.disguise.spaced import Effort, find_variants
from models.nouns.forms import Form, tag_bounds
from models.nouns.matching.ambiguity import Ordinary
from models.nouns.normalisation import MARKS, is_unspaced
from models.nouns.recognition import Certainty, NounText, Sighting, Source, term_of
from models.nouns.register.storage import NameRegister

NAME = "variants/2"

# Descriptive tags that begin with a name.
_AFTER_NAMES = ("( cosplay )", "( style )", "( meme )", "( parody )")
_ALONE = MARKS | frozenset("ai0123456789")
_MOST_KEPT = 1 << 17
_REACH = 3
_SPELLING_REACH = 24
_LONGEST_TOKEN = 60
_UNSPACED = re.compile(r"[\u3041-\u30ff\u3400-\u9fff\uff66-\uff9f]")
_SIGN = re.compile(
    r"(?<=[A-Za-z])[!|+]+(?=[A-Za-z])|[@$]+(?=[A-Za-z])|(?<=[A-Za-z])[@$€£¥]"
    r"|[\U0001f150-\U0001f189\U0001f1e6-\U0001f1ff]+"
)
_ODD_SIGN = re.compile(r"[€£¥\U0001f150-\U0001f189\U0001f1e6-\U0001f1ff]")
_SIGN_REACH = 60
_CLOSING = re.compile(r"\s?\\?[)）\]】]")
_CUT = re.compile(r"[,\n]")

# Some thousand disguised words; a caption has a handful.
_MOST_EFFORT = 40_000
_LONGEST_SHOWN = 60
_UNREAD_SCORE = 0.5
_UNREAD = (
    "From here on the text was not searched for disguised names, because it holds thousands of "
    "words in no dictionary."
)

_CERTAIN_TRICKS = frozenset({Trick.INVISIBLE, Trick.LOOKALIKE, Trick.STYLED})
_SCORES = {
    Trick.INVISIBLE: 0.95,
    Trick.LOOKALIKE: 0.95,
    Trick.STYLED: 0.95,
    Trick.SET_APART: 0.9,
    Trick.LEET: 0.85,
    Trick.REVERSED: 0.8,
    Trick.UNSPACED: 0.8,
    Trick.KANA: 0.75,
    Trick.RESPELT: 0.7,
    Trick.SPACED: 0.7,
    Trick.TYPO: 0.6,
}


class Variants:
    """Finds disguised and misspelt spellings of registered names. What the register recogniser
    finds by itself is left to it. Most texts hold only ordinary words and are left at once.
    """

    name = NAME

    def __init__(
        self,
        register: NameRegister,
        ordinary: Ordinary,
        *,
        cache: Path | None = None,
        is_word: Callable[[str], bool] | None = None,
        word_list: str = "",
    ) -> None:
        """A recogniser for one register.

        Args:
            ordinary: ordinary words and descriptive tags.
            cache: folder that keeps the index of skeletons between processes.
            is_word: whether a word in lower case is in the dictionary; nothing is by default.
            word_list: digest of that dictionary.
        """
        self._register = register
        self._ordinary = ordinary
        self._is_word = is_word or (lambda _: False)
        self._described = frozenset(
            chain.from_iterable(
                tag.split() for tag in ordinary.vocabulary.tags if not tag.endswith(_AFTER_NAMES)
            )
        )
        self._words = InertWords(self._is_inert, self._is_common, self._is_listed)
        self._kana = InertKana(ordinary)
        self._inert: set[str] = set(_ALONE)
        self._index = open_index(register, ordinary, cache)
        made_with = {
            "recogniser": NAME,
            "index": BUILDER,
            "unicode": unicodedata.unidata_version,
            "ordinary": ordinary.digest,
            "dictionary": word_list,
        }
        self.fingerprint = digest_of({**made_with, "register": register.version})
        self.apart_from_register = digest_of(made_with)

    def recognise(self, texts: Sequence[NounText]) -> list[list[Sighting]]:
        """The disguised names of each text."""
        return [self._look(text) for text in texts]

    def _look(self, text: NounText) -> list[Sighting]:
        tokens = text.normal.text.split()
        original = text.text
        plain = original.isascii()
        regions: list[tuple[int, int]] = []
        if not self._inert.issuperset(tokens):
            regions = self._regions(tokens, text)
        if (
            "!" in original
            or "@" in original
            or "$" in original
            or "+" in original
            or "|" in original
            or (not plain and _ODD_SIGN.search(original))
        ):
            regions = _merge(regions + _find_signs(original))
        found: list[Variant] = []
        effort = Effort(_MOST_EFFORT)
        unread: int | None = None
        if regions:
            spaced = text.form is Form.BOORU and tag_bounds(original) is not None
            for start, stop in regions:
                pieces = cut_pieces(original, start, stop)
                found += find_variants(
                    pieces, self._index, self._words, effort, tags_by_space=spaced
                )
                if effort.left <= 0:
                    unread = start
                    break
        if not plain and _UNSPACED.search(original):
            kana, place = find_kana_variants(text.normal, self._index, self._kana, effort)
            found += kana
            unread = place if unread is None or (place is not None and place < unread) else unread
        seen = self._see(found, text) if found else []
        if unread is not None and (notice := _see_unread(original, unread)):
            seen.append(notice)
        return seen

    def _is_inert(self, word: str) -> bool:
        """Whether a word says that it is no part of a disguised name."""
        return self._is_word(word) or self._is_common(word)

    def _is_listed(self, word: str) -> bool:
        """Whether a word is ordinary in just this spelling."""
        return (
            self._is_word(word) or word in self._described or word in self._ordinary.lexicon.spaced
        )

    def _is_common(self, word: str) -> bool:
        """Whether captions use a word."""
        return word in self._described or (bool(word) and self._ordinary.lexicon.is_ordinary(word))

    def _regions(self, tokens: list[str], text: NounText) -> list[tuple[int, int]]:
        """The parts of the original that may hold a disguised name, in order and apart."""
        strange = [
            place
            for place, token in enumerate(tokens)
            if token not in self._inert and self._is_strange(tokens, place)
        ]
        if not strange:
            return []
        places = _places(tokens)
        regions: list[tuple[int, int]] = []
        done = -1
        for place in strange:
            if place < done:
                continue
            first = _walk(tokens, place, -1, text.form)
            last = _walk(tokens, place, 1, text.form)
            done = place + 1
            start, _ = text.normal.span(places[first], places[first] + 1)
            _, stop = text.normal.span(places[last], places[last] + len(tokens[last]))
            # A symbol in place of the first or last letter belongs to the word.
            start = _widen(text.text, start, -1)
            stop = _widen(text.text, stop, 1)
            regions.append((start, stop))
        return _merge(regions)

    def _is_strange(self, tokens: list[str], place: int) -> bool:
        token = tokens[place]
        if len(token) == 1 and not is_unspaced(token):
            beside = tokens[max(0, place - 1) : place] + tokens[place + 1 : place + 2]
            return any(len(other) == 1 and other not in MARKS for other in beside)
        inert = len(token) > _LONGEST_TOKEN or is_unspaced(token[0]) or self._is_inert(token)
        if inert and len(token) <= _LONGEST_TOKEN:
            if len(self._inert) > _MOST_KEPT:
                self._inert = set(_ALONE)
            self._inert.add(token)
        return not inert

    def _see(self, found: Iterable[Variant], text: NounText) -> list[Sighting]:
        """One sighting for each place and category, the surest; what another covers is dropped."""
        best: dict[tuple[int, int, str], Sighting] = {}
        for variant in found:
            seen = self._sight(variant, text)
            place = (seen.start, seen.end, seen.category)
            before = best.get(place)
            if before is None or seen.score > before.score:
                best[place] = seen
        ranked = sorted(best.values(), key=lambda seen: (seen.start, -seen.end, -seen.score))
        kept: list[Sighting] = []
        for seen in ranked:
            last = kept[-1] if kept else None
            if (
                last is None
                or seen.end > last.end
                or (seen.start, seen.end) == (last.start, last.end)
            ):
                kept.append(seen)
        return kept

    def _sight(self, variant: Variant, text: NounText) -> Sighting:
        entry = self._register.entries[variant.spelling.entry]
        end = variant.end
        if variant.spelling.qualified and (closing := _CLOSING.match(text.text, end)):
            end = closing.end()
        surface = text.text[variant.start : end]
        certain = _is_certain(variant) and text.source is not Source.FILE_NAME
        score = min(_SCORES[trick] for trick in variant.tricks)
        article = "an" if entry.category[0] in "aeiou" else "a"
        how = " and ".join(trick.value for trick in variant.tricks)
        shown = variant.spelling.text
        meant = repr(entry.name) if shown == entry.name else f"{shown!r}, that is {entry.name!r}"
        return Sighting(
            start=variant.start,
            end=end,
            surface=surface,
            certainty=Certainty.CERTAIN if certain else Certainty.POSSIBLE,
            category=entry.category,
            detector=NAME,
            score=score,
            explanation=f"{surface!r} is registered as {article} {entry.category}, {meant}, {how}.",
            entry_id=entry.id,
            entry_name=entry.name,
        )


def _see_unread(text: str, start: int) -> Sighting | None:
    """That a text holds more words to be looked into than any caption, from some place on."""
    stop = _LONGEST_SHOWN
    surface = text[start : start + stop].strip()
    start = text.index(surface, start)
    term = term_of(surface)
    if not term:
        return None
    return Sighting(
        start=start,
        end=start + len(surface),
        surface=surface,
        certainty=Certainty.UNKNOWN,
        category="",
        detector=NAME,
        score=_UNREAD_SCORE,
        explanation=_UNREAD,
        term=term,
    )


def _is_certain(variant: Variant) -> bool:
    """Whether nobody writes so by chance, and the name is nobody else's."""
    if set(variant.tricks) <= _CERTAIN_TRICKS:
        return not variant.spelling.shared
    return variant.tricks == (Trick.SET_APART,) and len(variant.spelling.words) > 1


def _find_signs(text: str) -> list[tuple[int, int]]:
    """The surroundings of signs that may stand for a letter, up to the ends of the tag or so."""
    regions = []
    for sign in _SIGN.finditer(text):
        start = max(0, sign.start() - _SIGN_REACH)
        stop = sign.end() + _SIGN_REACH
        head = text[start : sign.start()]
        tail = text[sign.end() : stop]
        if cut := list(_CUT.finditer(head)):
            start += cut[-1].end()
        if found := _CUT.search(tail):
            stop = sign.end() + found.start()
        regions.append((start, min(stop, len(text))))
    return regions


def _merge(regions: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """Regions in order, those that touch made one."""
    merged: list[tuple[int, int]] = []
    for start, stop in sorted(regions):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(stop, merged[-1][1]))
        else:
            merged.append((start, stop))
    return merged


def _places(tokens: list[str]) -> list[int]:
    """Where each token begins in the normal form, which has one space before each of them."""
    places: list[int] = []
    place = 1
    for token in tokens:
        places.append(place)
        place += len(token) + 1
    return places


def _walk(tokens: list[str], place: int, step: int, form: Form) -> int:
    """The last token that may belong to a name with the one at ``place``."""
    reach = _REACH
    if len(tokens[place]) <= _REACH:
        reach = _SPELLING_REACH
    if form is Form.BOORU:
        reach *= 2
    while reach and 0 <= place + step < len(tokens) and tokens[place + step] != ",":
        place += step
        reach -= 1
    return place


def _widen(text: str, place: int, step: int) -> int:
    for _ in range(2):
        beside = place - 1 if step < 0 else place
        if 0 <= beside < len(text) and text[beside] in "@$!|+€£¥":
            place += step
    return place
