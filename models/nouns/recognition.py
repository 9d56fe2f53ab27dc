"""What every recogniser of names is given, and what it says: the one interface of all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from models.nouns.forms import Form, route
from models.nouns.normalisation import Normalised, normalise


class Source(StrEnum):
    """Where about an asset a text stands."""

    CAPTION = "caption"
    FILE_NAME = "file_name"
    PROMPT = "prompt"
    """Generation parameters that a program left in the image file."""
    TITLE = "title"
    """Title, description or keywords in the image file's metadata."""
    SIDECAR = "sidecar"
    """A text in a JSON file beside the image."""
    PICTURE = "picture"
    """Lettering in the picture itself, read by character recognition."""


class Certainty(StrEnum):
    """How much a sighting says; the value is the kind of the finding that it becomes."""

    CERTAIN = "name_protected"
    """A registered name, unmistakable in its context."""
    POSSIBLE = "name_possible"
    """A registered name that may be something else here."""
    UNKNOWN = "unknown_term"
    """No registered name, but a term that may be one: people decide it once for the dataset."""


@dataclass(frozen=True, slots=True)
class NounText:
    """One text to be searched, prepared once for all recognisers.

    Attributes:
        text: any string, as it was found.
        normal: its normal form, which maps back to ``text``.
        form: how it is written.
        source: where it stands.
    """

    text: str
    normal: Normalised
    form: Form
    source: Source = Source.CAPTION


def prepare(text: str, source: Source = Source.CAPTION, form: Form | None = None) -> NounText:
    """A text ready for the recognisers; its form is found out where it is not given."""
    normal = normalise(text)
    return NounText(text, normal, form or route(text, normal), source)


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one recogniser saw in one text.

    Attributes:
        start, end: code points of the original text, end exclusive; never empty.
        surface: the text of the span.
        certainty: how much it says.
        category: character, work, artist, studio, brand, person or place; "" where it is not known.
        detector: the recogniser, with its version.
        score: 0..1, how likely it is that a protected name is meant; see docs/nouns.md.
        explanation: one sentence for a reviewer, in English, that can stand by itself.
        entry_id, entry_name: the registered name, or "" for an unknown term.
        term: for an unknown term the key under which it is decided (see ``term_of``), else "".
    """

    start: int
    end: int
    surface: str
    certainty: Certainty
    category: str
    detector: str
    score: float
    explanation: str
    entry_id: str = ""
    entry_name: str = ""
    term: str = ""


class Recogniser(Protocol):
    """Looks for names in a batch of texts. Safe to use from several threads at once."""

    @property
    def name(self) -> str:
        """What findings call it, with version: ``"register/1"``."""

    @property
    def fingerprint(self) -> str:
        """Digest of everything besides the texts that its sightings depend on."""

    def recognise(self, texts: Sequence[NounText]) -> list[list[Sighting]]:
        """For each text, in order, what was seen in it; in any order, overlapping or not."""


def term_of(surface: str) -> str:
    """The key of an unknown term: the same for every spelling that has the same normal form.

    Empty where the text holds no letter and no digit.
    """
    key = normalise(surface).key.strip(" ,")
    return key if any(char.isalnum() for char in key) else ""
