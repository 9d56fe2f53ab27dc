"""Training captions: real clean ones, with registered names swapped in, and without any."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from models.nouns.register.storage import NameEntry
from models.nouns.training.phrases import (
    ARTICLE,
    NAMELESS,
    PHRASES,
    STANDS_IN,
    SUBJECT,
    WITH_WORK,
)

NAMED_SHARE = 0.6
_NAMELESS_PHRASE_SHARE = 0.25
_TELEGRAPHIC_SHARE = 0.2
_LONGEST_NAME_WORDS = 6
_QUALIFIER = re.compile(r"(?<=.)[\s_]*\([^()]*\)\s*\Z")
_LATIN_NAME = re.compile(r"[\x20-\x7e\u00a0-\u024f\u1e00-\u1eff\u2010-\u2019]+")
_STYLES = {"plain": 0.42, "lower": 0.40, "lazy": 0.10, "upper": 0.03, "titled": 0.05}
"""How captions are written: as found with the name in capitals; all in lower case; as found with
the name in lower case; all in capitals; every word with a capital."""


@dataclass(frozen=True, slots=True)
class Mention:
    """Where a name stands in a caption: code points, end exclusive, and its category."""

    start: int
    end: int
    category: str


@dataclass(frozen=True, slots=True)
class Sample:
    """One training caption, and the names in it."""

    text: str
    mentions: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True)
class TrainingName:
    """A registered name as English captions write it.

    Attributes:
        entry: what it is called in the register.
        family: entries of one family are kept on the same side of the held-out line.
        category: of the entry.
        official: the name, with spaces and without its qualifier.
        others: other spellings in Latin letters, likewise.
        qualified: the name with its qualifier; "" where it has none.
    """

    entry: str
    family: str
    category: str
    official: str
    others: tuple[str, ...] = ()
    qualified: str = ""


def to_training_name(entry: NameEntry) -> TrainingName | None:
    """The entry as captions write it; None where it has no spelling in Latin letters."""
    spellings: dict[str, None] = {}
    for surface in entry.surfaces:
        plain = _QUALIFIER.sub("", _spaced(surface.text)) or _spaced(surface.text)
        if _is_usable(plain):
            spellings.setdefault(plain)
    if not spellings:
        return None
    official, *others = spellings
    full = _spaced(entry.name)
    qualified = full if _is_usable(full) and full != official else ""
    family = _QUALIFIER.sub("", _spaced(entry.name)).casefold() or entry.name.casefold()
    return TrainingName(entry.name, family, entry.category, official, tuple(others), qualified)


def _spaced(text: str) -> str:
    return " ".join(text.replace("_", " ").split())


def _is_usable(text: str) -> bool:
    return (
        len(text) > 1
        and len(text.split()) <= _LONGEST_NAME_WORDS
        and _LATIN_NAME.fullmatch(text) is not None
        and any(char.isalpha() for char in text)
    )


class Sampler:
    """Makes training captions without end. The same seed gives the same captions.

    Args:
        captions: clean captions, one line each.
        names: the names to swap in.
        seed: of the random choices.
    """

    def __init__(
        self, captions: Sequence[str], names: Sequence[TrainingName], seed: int | str
    ) -> None:
        self.random = random.Random(seed)  # noqa: S311  (samples, not secrets)
        self.captions = [" ".join(caption.split()) for caption in captions]
        self.names = list(names)
        self.works = [name for name in names if name.category == "work"]
        by_category: dict[str, list[TrainingName]] = {}
        for name in names:
            by_category.setdefault(name.category, []).append(name)
        # By the square root, so that a register of one kind above all still teaches the others.
        self.categories = sorted(by_category)
        self.weights = [len(by_category[category]) ** 0.5 for category in self.categories]
        self.by_category = by_category
        self.subjects = [found[0] for text in self.captions if (found := SUBJECT.search(text))]

    def __iter__(self) -> Iterator[Sample]:
        while True:
            yield self.named() if self.random.random() < NAMED_SHARE else self.clean()

    def clean(self) -> Sample:
        """A caption without a name: as it is, shortened, or in a phrase that often brings one."""
        choose = self.random
        caption = choose.choice(self.captions)
        turn = choose.random()
        if turn < _NAMELESS_PHRASE_SHARE and self.subjects:
            phrase = choose.choice(NAMELESS)
            other = choose.choice(self.subjects)
            text = phrase.format(c=self._within(caption, phrase), n=_lower_first(other))
        elif turn < _NAMELESS_PHRASE_SHARE + _TELEGRAPHIC_SHARE:
            text = _upper_first(ARTICLE.sub("", caption))
        else:
            text = caption
        style = self._style()
        if style == "lazy":
            text = text.rstrip(".")
        return Sample(_styled(text, style))

    def named(self, name: TrainingName | None = None) -> Sample:
        """A caption with a name, and now and then two.

        Args:
            name: the name to swap in; any where it is not given.
        """
        choose = self.random
        name = name or self._any_name()
        style = self._style()
        caption = choose.choice(self.captions)
        pieces = self._mention(name, style)
        if choose.random() < STANDS_IN.get(name.category, 0.0) and (
            subjects := list(SUBJECT.finditer(caption))
        ):
            subject = subjects[0] if choose.random() < 0.8 else choose.choice(subjects)
            before, after = caption[: subject.start()], caption[subject.end() :]
            if choose.random() < 0.1:
                second = self.by_category[name.category]
                pieces += [(" and ", ""), *self._mention(choose.choice(second), style)]
            return _join([(before, ""), *pieces, (after, "")], style)
        phrase = choose.choice(PHRASES[name.category])
        before, _, after = phrase.partition("{x}")
        filled = self._within(caption, phrase)
        ending = "." if choose.random() < 0.5 and not after.strip() else ""
        return _join(
            [
                (before.replace("{c}", filled), ""),
                *pieces,
                (after.replace("{c}", filled) + ending, ""),
            ],
            style,
        )

    def _mention(self, name: TrainingName, style: str) -> list[tuple[str, str]]:
        """A name as (text, category) pieces, with its work behind it now and then."""
        piece = (self._spell(name, style), name.category)
        if name.category == "character" and self.works and self.random.random() < 0.06:
            work = self._spell(self.random.choice(self.works), style)
            before, between, after = re.split(r"\{[xw]\}", self.random.choice(WITH_WORK))
            return [(before, ""), piece, (between, ""), (work, "work"), (after, "")]
        return [piece]

    def _spell(self, name: TrainingName, style: str) -> str:
        choose = self.random
        text = name.official
        if name.others and choose.random() < 0.25:
            text = choose.choice(name.others)
        elif name.qualified and choose.random() < 0.08:
            text = name.qualified
        words = text.split()
        reversible = len(words) == 2 and "(" not in text and name.category != "work"
        if reversible and choose.random() < 0.1:
            text = f"{words[1]} {words[0]}"
        if style in ("plain", "titled"):
            return text if choose.random() < 0.1 else _title(text)
        return text.lower()

    def _any_name(self) -> TrainingName:
        (category,) = self.random.choices(self.categories, self.weights)
        return self.random.choice(self.by_category[category])

    def _style(self) -> str:
        (style,) = self.random.choices(list(_STYLES), list(_STYLES.values()))
        return style

    def _within(self, caption: str, phrase: str) -> str:
        """A caption as a part of a longer one: without its full stop, and its capital inside."""
        text = caption.rstrip(". ")
        inside = not phrase.startswith("{c}")
        return _lower_first(text) if inside and self.random.random() < 0.7 else text


def _join(pieces: Sequence[tuple[str, str]], style: str) -> Sample:
    text = ""
    mentions = []
    for piece, category in pieces:
        change = _styled_part(style)
        styled = piece if category else change(piece)
        if style == "upper":
            styled = piece.upper()
        if category:
            mentions.append(Mention(len(text), len(text) + len(styled), category))
        text += styled
    return Sample(text, tuple(mentions))


def _styled(text: str, style: str) -> str:
    return _styled_part(style)(text)


def _styled_part(style: str) -> Callable[[str], str]:
    if style == "lower":
        return str.lower
    if style == "upper":
        return str.upper
    if style == "titled":
        return _title
    return str


def _title(text: str) -> str:
    return re.sub(r"(?:(?<=\s)|\A)[^\W\d_]", lambda found: found[0].upper(), text)


def _lower_first(text: str) -> str:
    return text[:1].lower() + text[1:]


def _upper_first(text: str) -> str:
    return text[:1].upper() + text[1:]
