"""One protected name: its spellings, what may be registered, and its id."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

from models.canonical import digest_lines
from models.errors import RegisterError
from models.nouns.normalisation import normalise
from models.nouns.register.scripts import script_of
from models.policy import FINDING_DEFAULTS

SurfaceKind = Literal["official", "alias", "other", "given"]
SURFACE_KINDS: tuple[SurfaceKind, ...] = get_args(SurfaceKind)
CATEGORIES: tuple[str, ...] = tuple(FINDING_DEFAULTS)
LONGEST_SURFACE = 200
LONGEST_LANGUAGE = 16

_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z0-9]{1,8})*|x(?:-[a-z0-9]{1,8})+", re.IGNORECASE)
_UNSTORABLE = re.compile("[\0\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Surface:
    """One way in which a name is written.

    Attributes:
        text: the spelling, as it was given.
        kind: ``official`` is the name itself, ``alias`` another name for the same, ``other`` the
            name in another language or spelling, ``given`` a person's given name alone.
        language: BCP 47 tag, or "" where it is not known.
    """

    text: str
    kind: SurfaceKind = "alias"
    language: str = ""

    @property
    def script(self) -> str:
        """ISO 15924 code of the script, read from the letters."""
        return script_of(self.text, self.language)


@dataclass(frozen=True, slots=True)
class NameEntry:
    """One protected name with its surfaces, the official one first."""

    id: str
    name: str
    category: str
    surfaces: tuple[Surface, ...]
    owner: str = ""
    source: str = ""
    licence: str = ""


def make_entry(
    name: str,
    category: str,
    surfaces: Sequence[Surface | str] = (),
    *,
    language: str = "",
    owner: str = "",
    source: str = "",
    licence: str = "",
) -> NameEntry:
    """An entry that is fit for the register.

    Args:
        name: the official name; ``_`` may stand for a space.
        category: one of ``CATEGORIES``.
        surfaces: other ways to write it; a plain string is an alias. Of two with the same text the
            first counts, with the first language that is given for it.
        language: BCP 47 tag of the name itself.

    Raises:
        RegisterError: the name, a surface, the category or a note cannot be used.
    """
    name = name.strip()
    if category not in CATEGORIES:
        raise RegisterError(
            f"{category!r} is not a category of names.", f"Use one of: {', '.join(CATEGORIES)}."
        )
    check_surface(name)
    for what, note in (("owner", owner), ("source", source), ("licence", licence)):
        check_note(what, note)
    unique = {name: Surface(name, "official", check_language(language))}
    for given in surfaces:
        surface = _check(Surface(given) if isinstance(given, str) else given)
        before = unique.setdefault(surface.text, surface)
        if surface.language and not before.language:
            unique[surface.text] = replace(before, language=surface.language)
    official, *others = unique.values()
    return NameEntry(
        name_id(name, category),
        name,
        category,
        (official, *in_order(others)),
        owner,
        source,
        licence,
    )


def in_order(surfaces: Sequence[Surface]) -> tuple[Surface, ...]:
    """Surfaces in the order in which an entry holds them, the official one first."""
    if len(surfaces) < 2:
        return tuple(surfaces)
    return tuple(sorted(surfaces, key=lambda s: (s.kind != "official", s.kind, s.text)))


def check_surface(text: str) -> None:
    """Check that a surface can be stored and can ever match.

    Raises:
        RegisterError: it is empty, too long, holds a character that cannot be stored, or holds
            nothing but punctuation and invisible characters.
    """
    shown = ascii(text[:40])
    if not text.strip():
        raise RegisterError("The name is empty.", "Give at least one letter or digit.")
    if len(text) > LONGEST_SURFACE:
        raise RegisterError(
            f"The name {shown}… is longer than {LONGEST_SURFACE} characters.",
            "Register the name itself, not a sentence about it.",
        )
    if not is_storable(text):
        raise RegisterError(
            f"The name {shown} holds a character that is not text.", "Save the list as UTF-8."
        )
    if not key_of(text):
        raise RegisterError(
            f"The name {shown} holds no letter and no digit, so it could never be found.",
            "Register it under a spelling with letters.",
        )


def check_language(tag: str) -> str:
    """A language tag in the case that BCP 47 recommends (RFC 5646, section 2.1.1); "" stays.

    Raises:
        RegisterError: it is no such tag, or longer than ``LONGEST_LANGUAGE`` characters.
    """
    if not tag:
        return tag
    if len(tag) > LONGEST_LANGUAGE or not tag.isascii() or not _LANGUAGE.fullmatch(tag):
        raise RegisterError(
            f"{tag[:40]!a} is not a language tag.",
            f"Use one such as ja, en or zh-Hant (BCP 47, at most {LONGEST_LANGUAGE} characters).",
        )
    parts = tag.lower().split("-")
    for place, part in enumerate(parts):
        if len(part) == 1:
            break
        if place and len(part) in (2, 4):
            parts[place] = part.upper() if len(part) == 2 else part.title()
    return "-".join(parts)


def check_note(what: str, text: str) -> None:
    """Check that a field that is only shown can be stored.

    Args:
        what: the field, as the message calls it.

    Raises:
        RegisterError: it holds NUL or half of a surrogate pair.
    """
    if not is_storable(text):
        raise RegisterError(
            f"The {what} {text[:40]!a} holds a character that is not text.",
            "Type it anew, or save the list as UTF-8.",
        )


def is_storable(text: str) -> bool:
    """Whether both databases can keep a text: it holds no NUL and no lone surrogate."""
    return _UNSTORABLE.search(text) is None


def key_of(text: str) -> str:
    """The key that a surface is matched by: its normal form without marks at its edges.

    Empty where the text holds no letter and no digit.
    """
    key = normalise(text).key.strip(" ,")
    return key if any(char.isalnum() for char in key) else ""


def name_id(name: str, category: str) -> str:
    """The id of a name: the same for the same category and spelling but for case, _ and space."""
    spelling = " ".join(name.replace("_", " ").casefold().split())
    return digest_lines(["kiyome/name", category, spelling])


def _check(surface: Surface) -> Surface:
    """The surface as it is kept. Only the name itself is official, so another one is an alias."""
    text = surface.text.strip()
    check_surface(text)
    if surface.kind not in SURFACE_KINDS:
        raise RegisterError(
            f"{surface.kind!r} is not a kind of surface.",
            f"Use one of: {', '.join(SURFACE_KINDS)}.",
        )
    kind = "alias" if surface.kind == "official" else surface.kind
    return Surface(text, kind, check_language(surface.language))
