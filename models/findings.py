"""The finding: what a detector saw, where, and why a reviewer should believe it."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any, Literal

from models.motifs.alignment import Alignment, Box

FindingKind = Literal[
    "name_protected",  # a registered name, unmistakable in its context
    "name_possible",  # a registered name that is an ordinary word too, with some evidence
    "unknown_term",  # no registered name, but a term that may be one
    "motif_copy",  # the same picture as a registered motif, edited at most
    "motif_contained",  # a registered motif found in a part of the picture
    "motif_resembles",  # like a registered motif, and not shown to be it
    "image_animated",  # only the first frame was examined
]


@dataclass(frozen=True, slots=True)
class Finding:
    """One observation of one detector.

    Attributes:
        kind: what was seen.
        detector: who saw it, with version: ``"register/1"``, ``"pdq/1"``.
        score: 0..1, higher is surer; detectors document their scale. For a motif its risk (see
            ``models.motifs.risk``).
        explanation: one sentence that a reviewer reads, in English.
        reference: id of the register entry or motif that was matched.
        label: the reference's name for a person.
        category: character, work, artist, studio, brand, person, place, motif, logo or "".
        source: where the text stands: caption, file_name, prompt, title, sidecar or picture; ""
            for a finding in a picture's looks.
        caption: index into the asset's captions, or -1 where no caption is meant.
        start, end: code-point span in the original text, end exclusive; -1 without one.
        surface: the text of the span.
        box: x0, y0, x1, y1 as fractions of the upright image's width and height, or None.
        term: for an unknown term the key under which people decide it, else "".
        distance: detector's own measure where it has one (PDQ bits), else None.
        alignment: how the reference lies in the picture, where matched points show it.
    """

    kind: FindingKind
    detector: str
    score: float
    explanation: str
    reference: str = ""
    label: str = ""
    category: str = ""
    caption: int = -1
    start: int = -1
    end: int = -1
    surface: str = ""
    box: Box | None = None
    distance: float | None = None
    source: str = ""
    term: str = ""
    alignment: Alignment | None = None

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; ``from_dict`` reads it back."""
        value = {name: getattr(self, name) for name in _FIELDS}
        value["alignment"] = self.alignment.as_dict() if self.alignment else None
        return value

    @classmethod
    def from_dict(cls, value: dict[str, Any]) -> Finding:
        """Read what ``as_dict`` wrote.

        Raises:
            TypeError: a key is missing or unknown.
        """
        box, alignment = value.get("box"), value.get("alignment")
        read = {
            "box": tuple(box) if box is not None else None,
            "alignment": Alignment.from_dict(alignment) if alignment is not None else None,
        }
        return cls(**{**value, **read})


_FIELDS = tuple(field.name for field in fields(Finding))
