"""Work streams: which of the waiting items somebody wants, by dataset, stage, language and reason.

Every item belongs to one stage, that of its gravest reason, and to one language, that of its
captions. What has no reason (the blind sample of cleared assets) or no caption belongs to every
stage or language: whoever filters must not be able to tell it apart, and it must reach everybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from itertools import product
from typing import Any
from urllib.parse import parse_qsl, urlencode

from sqlalchemy import ColumnElement, Select, literal, select, union_all
from sqlalchemy.orm import InstrumentedAttribute

from models.store.tables import ReviewItemRow

_SAID = re.compile(r"[^\W\d_]")
_KANA_OR_HAN = re.compile("[\u3041-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uff66-\uff9f]")
_SENTENCE = re.compile(r"[.!?](\s|$)")
_LONGEST_TAG = 4
"""Words of a tag."""
_FEWEST_TAGS = 3
_LOOKED_AT = 8
_READ = 2000
"""Captions of an item, and characters of each, by which its language is told."""


class Stage(StrEnum):
    """What an item's gravest reason is about."""

    CONSENT = "consent"
    NOUNS = "nouns"
    MOTIFS = "motifs"
    OTHER = "other"


class CaptionLanguage(StrEnum):
    """What an item's captions are written in."""

    JAPANESE = "ja"
    ENGLISH = "en"
    TAGS = "tags"


_STAGES = {
    "consent": Stage.CONSENT,
    "grant": Stage.CONSENT,
    "evidence": Stage.CONSENT,
    "name": Stage.NOUNS,
    "unknown": Stage.NOUNS,
    "caption": Stage.NOUNS,
    "motif": Stage.MOTIFS,
}
"""The stage of a reason, by the first word of its code."""


@dataclass(frozen=True, slots=True)
class Stream:
    """Which items are wanted; "" is any.

    Attributes:
        dataset: of this dataset.
        stage: whose gravest reason is about this (``Stage``).
        language: with captions in this (``CaptionLanguage``).
        reason: with this reason among theirs.
    """

    dataset: str = ""
    stage: str = ""
    language: str = ""
    reason: str = ""

    @property
    def any(self) -> bool:
        """Whether every item is wanted."""
        return self == Stream()

    def write(self) -> str:
        """The stream in one string, for a form; "" for any. A dataset alone stands for itself."""
        given = self.as_query()
        if given.keys() <= {"dataset"} and not self.dataset.startswith("?"):
            return self.dataset
        return "?" + urlencode(given)

    def as_query(self) -> dict[str, str]:
        """What is wanted, by name, without what is any."""
        return {name: value for name, value in asdict(self).items() if value}

    @classmethod
    def read(cls, written: str) -> Stream:
        """A stream from what ``write`` gave; what is not known there is left out."""
        if not written.startswith("?"):
            return cls(dataset=written)
        return cls.choose(**dict(parse_qsl(written[1:])))

    @classmethod
    def choose(
        cls, dataset: str = "", stage: str = "", language: str = "", reason: str = "", **_: str
    ) -> Stream:
        """A stream from what somebody chose; what is no stage or language is left out."""
        stage = stage if stage in _KNOWN_STAGES else ""
        language = language if language in _KNOWN_LANGUAGES else ""
        return cls(dataset, stage, language, reason if _CODE.fullmatch(reason) else "")

    def conditions(self) -> list[ColumnElement[bool]]:
        """What an item has to be."""
        row = ReviewItemRow
        chosen: list[ColumnElement[bool]] = []
        if self.dataset:
            chosen.append(row.dataset == self.dataset)
        if self.stage:
            chosen.append(row.stage.in_((self.stage, "")))
        if self.language:
            chosen.append(row.language.in_((self.language, "")))
        if self.reason:
            listed = literal(",").concat(row.reasons).concat(",")
            chosen.append(listed.contains(f",{self.reason},", autoescape=True))
        return chosen

    def parts(self) -> Iterator[list[ColumnElement[bool]]]:
        """The same, as parts in each of which an index has the items in order of their turn."""
        row = ReviewItemRow
        stages = (self.stage, "") if self.stage else (*_KNOWN_STAGES, "")
        languages = (self.language, "") if self.language else (*_KNOWN_LANGUAGES, "")
        rest = Stream(self.dataset, reason=self.reason).conditions()
        for stage, language in product(stages, languages):
            yield [row.stage == stage, row.language == language, *rest]


ANY = Stream()
"""Every item."""

IN_TURN = (
    ReviewItemRow.priority.desc(),
    ReviewItemRow.cluster,
    ReviewItemRow.id,
)
"""The order in which items are given out: by priority; those of one cluster one after another."""

_KNOWN_STAGES = tuple(each.value for each in Stage)
_KNOWN_LANGUAGES = tuple(each.value for each in CaptionLanguage)
_CODE = re.compile(r"[a-z_]{1,32}")


def select_in_turn(
    stream: Stream,
    columns: Sequence[InstrumentedAttribute[Any]],
    conditions: Sequence[Any],
    most: int,
) -> Select[Any]:
    """The first items of a stream, in order of their turn.

    With a million items that wait, those of one stage may all come after those of another: each
    part is read from its own place in an index, and of all parts the first are taken.

    Args:
        stream: which.
        columns: what is read; those of ``IN_TURN`` are among them.
        conditions: what the items have to be besides.
        most: how many.
    """
    if stream.any:
        return select(*columns).where(*conditions).order_by(*IN_TURN).limit(most)
    parts = [
        select(select(*columns).where(*conditions, *part).order_by(*IN_TURN).limit(most).subquery())
        for part in stream.parts()
    ]
    merged = union_all(*parts).subquery()
    found = merged.c
    order = (found.priority.desc(), found.cluster, found.id)
    return select(merged).order_by(*order).limit(most)


def stage_of(evidence: Mapping[str, Any]) -> str:
    """The stage of an item's gravest reason, which stands first; "" where it has none."""
    reasons = evidence.get("reasons")
    if not isinstance(reasons, list | tuple) or not reasons:
        return ""
    word = str(reasons[0]).partition("_")[0]
    return _STAGES.get(word, Stage.OTHER).value


def language_of(evidence: Mapping[str, Any]) -> str:
    """What an item's captions are written in, by a cheap rule; "" where none says anything.

    Japanese where any caption has kana or kanji; else tags where the first is a list of short
    phrases without sentences; else English, which stands for every other language.
    """
    captions = evidence.get("captions")
    texts = [
        str(each.get("text", ""))[:_READ]
        for each in (captions if isinstance(captions, list | tuple) else ())[:_LOOKED_AT]
        if isinstance(each, Mapping)
    ]
    said = [text for text in texts if _SAID.search(text)]
    if not said:
        return ""
    if any(_KANA_OR_HAN.search(text) for text in said):
        return CaptionLanguage.JAPANESE.value
    return (CaptionLanguage.TAGS if _is_tags(said[0]) else CaptionLanguage.ENGLISH).value


def _is_tags(text: str) -> bool:
    parts = [part for part in text.split(",") if part.strip()]
    if len(parts) == 1 and "_" in text and not _SENTENCE.search(text):
        return True
    short = all(len(part.split()) <= _LONGEST_TAG for part in parts)
    return len(parts) >= _FEWEST_TAGS and short and not _SENTENCE.search(text)
