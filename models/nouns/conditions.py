"""The conditions for names: the part of the policy that says what happens where one stands."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from models.licence_on_file import WHOLE_DATASET, LicenceOnFile, check_folder, lies_under
from models.sections import Section, Text

NounAction = Literal["exclude", "review", "rewrite", "allow"]

FINDING_DEFAULTS: dict[str, NounAction] = {
    "character": "review",
    "work": "review",
    "artist": "exclude",
    "studio": "review",
    "brand": "review",
    "person": "exclude",
    "place": "allow",
}


SOURCES = ("file_name", "prompt", "title", "sidecar", "picture")
"""Where a text of an asset may stand besides its captions (``models.nouns.recognition.Source``)."""


class SourcePolicy(Section):
    """What to do with names that stand elsewhere than in a caption, where it differs.

    What is left out is as it is for captions. A text that is no caption is not rewritten: where
    captions would be, it goes to review.
    """

    character: NounAction | None = None
    work: NounAction | None = None
    artist: NounAction | None = None
    studio: NounAction | None = None
    brand: NounAction | None = None
    person: NounAction | None = None
    place: NounAction | None = None
    possible: Literal["review", "allow"] | None = None
    unknown_term: NounAction | None = None

    @model_validator(mode="after")
    def _rewrites_nothing(self) -> Self:
        if "rewrite" in self.model_dump().values():
            raise ValueError("only captions are rewritten: use exclude, review or allow here")
        return self


class NameLicense(LicenceOnFile):
    """A licence on file for names: its holder lets them stand in the captions of these assets.

    It names them one by one, as ``category:name``, or by the owner that the register gives them.
    Two different people must have entered and approved it. It says nothing about pictures.
    """

    names: tuple[Text, ...] = ()
    owner: str = ""
    folder: Text = WHOLE_DATASET

    @field_validator("names")
    @classmethod
    def _names_have_a_category(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for name in value:
            category, colon, rest = name.partition(":")
            if category not in FINDING_DEFAULTS or not colon or not rest.strip():
                known = ", ".join(FINDING_DEFAULTS)
                raise ValueError(
                    f"write each name as category:name, as in 'character:Hoshino Kirari', not "
                    f"{name!r}; the categories are {known}"
                )
        return value

    @field_validator("folder")
    @classmethod
    def _folder_is_inside(cls, value: str) -> str:
        return check_folder(value)

    @model_validator(mode="after")
    def _covers_something(self) -> Self:
        if not (self.names or self.owner.strip()):
            raise ValueError("say which names it covers: names or owner")
        return self

    def covers_name(self, name: str) -> bool:
        """Whether a path inside the dataset lies under ``folder``."""
        return lies_under(name, self.folder)


class NounsPolicy(Section):
    """What to do when a text of an asset holds a name, by the name's category and the text's place.

    ``possible`` is for registered names that are ordinary words too, ``unknown_term`` for terms
    that may be names and that nobody has decided. ``rewrite`` takes the name out of the caption:
    the release gets the rewritten caption, and an asset whose caption cannot be made clean goes to
    review.
    """

    character: NounAction = FINDING_DEFAULTS["character"]
    work: NounAction = FINDING_DEFAULTS["work"]
    artist: NounAction = FINDING_DEFAULTS["artist"]
    studio: NounAction = FINDING_DEFAULTS["studio"]
    brand: NounAction = FINDING_DEFAULTS["brand"]
    person: NounAction = FINDING_DEFAULTS["person"]
    place: NounAction = FINDING_DEFAULTS["place"]
    possible: Literal["review", "rewrite", "allow"] = "review"
    unknown_term: NounAction = "review"
    file_name: SourcePolicy = SourcePolicy(unknown_term="allow")
    prompt: SourcePolicy = SourcePolicy()
    title: SourcePolicy = SourcePolicy()
    sidecar: SourcePolicy = SourcePolicy()
    picture: SourcePolicy = SourcePolicy(unknown_term="allow")
    license: tuple[NameLicense, ...] = Field(default=())

    def action_for(self, category: str, source: str = "caption") -> NounAction:
        """The action for a category in a place; a category that is not known goes to review."""
        if category not in FINDING_DEFAULTS:
            return "review"
        return self._look_up(category, source)

    def action_for_possible(self, category: str, source: str = "caption") -> NounAction:
        """The action for a name that may be an ordinary word; allow where its category is."""
        action = self.action_for(category, source)
        return action if action == "allow" else self._look_up("possible", source)

    def action_for_unknown(self, source: str = "caption") -> NounAction:
        """The action for a term that nobody has decided."""
        return self._look_up("unknown_term", source)

    @property
    def rewrites(self) -> bool:
        """Whether any caption can be rewritten under this policy."""
        return "rewrite" in (
            *(getattr(self, category) for category in FINDING_DEFAULTS),
            self.possible,
            self.unknown_term,
        )

    def _look_up(self, key: str, source: str) -> NounAction:
        section = getattr(self, source, None) if source not in ("", "caption") else None
        if isinstance(section, SourcePolicy):
            given: NounAction | None = getattr(section, key)
            if given is not None:
                return given
            inherited: NounAction = getattr(self, key)
            return "review" if inherited == "rewrite" else inherited
        action: NounAction = getattr(self, key)
        return action
