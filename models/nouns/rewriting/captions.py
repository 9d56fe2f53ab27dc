"""Taking names out of a caption: what is cut, what stands there instead, and why."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from models.unicode import escape_surrogates


@dataclass(frozen=True, slots=True)
class Cut:
    """A name that has to go.

    Attributes:
        start, end: code points of the original caption, end exclusive.
        category: character, work, artist, studio, brand, person or place; "" where not known.
        name: the registered name, or "" for a term that is in no register.
    """

    start: int
    end: int
    category: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a whole caption says that matters to each of its cuts, found out once.

    Attributes:
        gender: female or male where the caption's pronouns outside the names agree, else "".
        capitals: whether any word begins with a capital.
        spaced: whether its tags stand between spaces.
    """

    gender: str = ""
    capitals: bool = False
    spaced: bool = False


@dataclass(frozen=True, slots=True)
class Edit:
    """One change of a caption.

    Attributes:
        start, end: what of the original was taken away, code points, end exclusive.
        before: the text that stood there.
        after: the text that stands there now; "" where nothing does.
        reason: one sentence for a reader, in English.
    """

    start: int
    end: int
    before: str
    after: str
    reason: str

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {
            "start": self.start,
            "end": self.end,
            "before": escape_surrogates(self.before),
            "after": escape_surrogates(self.after),
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class Rewriting:
    """A caption without the names: the new text, and every edit by position."""

    text: str
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class RewrittenCaption:
    """A caption of an asset that a release gets rewritten.

    Attributes:
        index: which of the asset's captions.
        original: as it was.
        text: as it is now.
        edits: what was changed.
        edited: the text that a person put in its place, "" where nobody did. Names may have been
            taken out of it as well.
    """

    index: int
    original: str
    text: str
    edits: tuple[Edit, ...]
    edited: str = ""

    @property
    def cut(self) -> bool:
        """Whether names were taken out: it was searched again then, and is clean."""
        return self.text != self.edited

    def explain(self, language: Literal["en", "ja"]) -> str:
        """What was done, in one sentence. What a person took out is not told again."""
        if self.edited and not self.cut:
            if language == "ja":
                return (
                    f"リリースではキャプション {self.index + 1} を、人が書き換えた "
                    f"{self.text!r} とします。"
                )
            return f"A release gets caption {self.index + 1} as a person rewrote it: {self.text!r}."
        cut = ", ".join(repr(edit.before) for edit in self.edits)
        if language == "ja":
            told = f"キャプション {self.index + 1} を {cut} なしの {self.text!r} とします。"
            return f"リリースでは{told}"
        return f"A release gets caption {self.index + 1} without {cut}: {self.text!r}."
