"""The register of protected names: the owners' list of what is to be kept out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Literal, cast, get_args

from sqlalchemy import delete, func, insert, or_, select, update
from sqlalchemy.orm import Session

from models.canonical import digest_lines
from models.errors import RegisterError
from models.nouns.normalisation import normalise
from models.policy import FINDING_DEFAULTS
from models.store.database import now_ms
from models.store.tables import NameRow, RegisterRow, SurfaceRow

SurfaceKind = Literal["official", "alias", "other"]
CATEGORIES: tuple[str, ...] = tuple(FINDING_DEFAULTS)
REGISTER_KIND = "names"
LONGEST_SURFACE = 200


@dataclass(frozen=True, slots=True)
class Surface:
    """One way in which a name is written.

    ``official`` is the name itself, ``alias`` another name for the same, ``other`` the name in
    another language or spelling.
    """

    text: str
    kind: SurfaceKind = "alias"


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


@dataclass(frozen=True, eq=False)
class NameRegister:
    """All protected names at one moment, ordered by id.

    Attributes:
        entries: the names.
        version: digest of what decides a match: ids, names, categories and surfaces.
    """

    entries: tuple[NameEntry, ...]
    version: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NameRegister) and other.version == self.version

    def __hash__(self) -> int:
        return hash(self.version)


def make_register(entries: Iterable[NameEntry]) -> NameRegister:
    """A register of the entries given, in any order."""
    ordered = tuple(sorted(entries, key=attrgetter("id")))
    return NameRegister(ordered, digest_lines(_lines_of(ordered)))


def make_entry(
    name: str,
    category: str,
    surfaces: Sequence[Surface | str] = (),
    *,
    owner: str = "",
    source: str = "",
    licence: str = "",
) -> NameEntry:
    """An entry that is fit for the register.

    Args:
        name: the official name; ``_`` may stand for a space.
        category: one of ``CATEGORIES``.
        surfaces: other ways to write it; a plain string is an alias.

    Raises:
        RegisterError: the name, a surface or the category cannot be used.
    """
    name = name.strip()
    if category not in CATEGORIES:
        raise RegisterError(
            f"{category!r} is not a category of names.", f"Use one of: {', '.join(CATEGORIES)}."
        )
    check_surface(name)
    unique = {name: Surface(name, "official")}
    for given in surfaces:
        surface = Surface(given) if isinstance(given, str) else given
        surface = Surface(surface.text.strip(), surface.kind)
        check_surface(surface.text)
        if surface.kind not in get_args(SurfaceKind):
            raise RegisterError(
                f"{surface.kind!r} is not a kind of surface.",
                f"Use one of: {', '.join(get_args(SurfaceKind))}.",
            )
        unique.setdefault(surface.text, surface)
    official, *others = unique.values()
    others.sort(key=lambda surface: (surface.kind, surface.text))
    return NameEntry(
        name_id(name, category), name, category, (official, *others), owner, source, licence
    )


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
    if "\0" in text or any("\ud800" <= char <= "\udfff" for char in text):
        raise RegisterError(
            f"The name {shown} holds a character that is not text.", "Save the list as UTF-8."
        )
    if not key_of(text):
        raise RegisterError(
            f"The name {shown} holds no letter and no digit, so it could never be found.",
            "Register it under a spelling with letters.",
        )


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


def add_name(
    session: Session,
    name: str,
    category: str,
    *,
    surfaces: Sequence[Surface | str] = (),
    owner: str = "",
    source: str = "",
    licence: str = "",
) -> NameEntry:
    """Register a name, or add to one that is registered.

    Adding a name again keeps its surfaces and adds the new ones; owner, source and licence are
    replaced where given. Where that changes nothing, the register keeps its version.

    Raises:
        RegisterError: the name, a surface or the category cannot be used.
    """
    entry = make_entry(name, category, surfaces, owner=owner, source=source, licence=licence)
    if store_entries(session, [entry]):
        bump_version(session)
    return entry


def store_entries(session: Session, entries: Sequence[NameEntry]) -> int:
    """Write entries, merging with what is there.

    Returns:
        How many rows of the database were added or changed.
    """
    merged = _merge(entries)
    known = {
        row.id: (row.owner, row.source, row.licence)
        for row in session.execute(
            select(NameRow.id, NameRow.owner, NameRow.source, NameRow.licence).where(
                NameRow.id.in_(merged)
            )
        )
    }
    written = {
        (row.name_id, row.text)
        for row in session.execute(
            select(SurfaceRow.name_id, SurfaceRow.text).where(SurfaceRow.name_id.in_(known))
        )
    }
    fresh = [entry for entry in merged.values() if entry.id not in known]
    surfaces = [
        {"name_id": entry.id, "text": surface.text, "kind": surface.kind}
        for entry in merged.values()
        for surface in entry.surfaces
        if (entry.id, surface.text) not in written
    ]
    # The official spelling of a name that is there stays; another spelling of it is an alias.
    for surface_row in surfaces:
        if surface_row["name_id"] in known and surface_row["kind"] == "official":
            surface_row["kind"] = "alias"
    changed = 0
    if fresh:
        added_ms = now_ms(session)
        session.execute(
            insert(NameRow),
            [
                {
                    "id": entry.id,
                    "name": entry.name,
                    "category": entry.category,
                    "owner": entry.owner,
                    "source": entry.source,
                    "licence": entry.licence,
                    "added_ms": added_ms,
                }
                for entry in fresh
            ],
        )
    if surfaces:
        session.execute(insert(SurfaceRow), surfaces)
    for entry_id, before in known.items():
        entry = merged[entry_id]
        given = (entry.owner, entry.source, entry.licence)
        after = tuple(new or old for new, old in zip(given, before, strict=True))
        if after != before:
            session.execute(
                update(NameRow)
                .where(NameRow.id == entry_id)
                .values(owner=after[0], source=after[1], licence=after[2])
            )
            changed += 1
    return changed + len(fresh) + len(surfaces)


def remove_name(session: Session, entry_id: str) -> bool:
    """Take a name with all its surfaces out of the register; False where there is none."""
    session.execute(delete(SurfaceRow).where(SurfaceRow.name_id == entry_id))
    removed = session.execute(
        delete(NameRow).where(NameRow.id == entry_id).returning(NameRow.id)
    ).all()
    if not removed:
        return False
    bump_version(session)
    return True


def list_names(session: Session, search: str = "", limit: int = 100) -> list[NameEntry]:
    """Names of which a surface holds ``search``, ordered by name.

    Case counts only outside ASCII; ``_`` and a space are the same.
    """
    query = select(NameRow).order_by(NameRow.name, NameRow.id).limit(limit)
    if wanted := search.strip():
        spellings = {wanted, wanted.replace(" ", "_"), wanted.replace("_", " ")}
        query = query.where(
            NameRow.id.in_(
                select(SurfaceRow.name_id).where(
                    or_(
                        *(
                            SurfaceRow.text.icontains(spelling, autoescape=True)
                            for spelling in sorted(spellings)
                        )
                    )
                )
            )
        )
    rows = session.scalars(query).all()
    return _with_surfaces(session, rows)


def find_names(session: Session, wanted: str) -> list[NameEntry]:
    """Names spelt as ``wanted`` but for case, or whose id begins with it (8 digits or more).

    Case counts only outside ASCII.
    """
    spelt = NameRow.name.icontains(wanted, autoescape=True) & (
        func.length(NameRow.name) == len(wanted)
    )
    by_id = NameRow.id.startswith(wanted.lower(), autoescape=True)
    query = select(NameRow).order_by(NameRow.name, NameRow.id)
    rows = session.scalars(query.where(spelt | by_id if len(wanted) >= 8 else spelt)).all()
    return _with_surfaces(session, rows)


def load_register(session: Session) -> NameRegister:
    """The register as it stands."""
    # Tables instead of mapped classes: a register has hundreds of thousands of rows, and mapping
    # takes longer than reading them.
    written, named = SurfaceRow.__table__.c, NameRow.__table__.c
    surfaces: dict[str, list[Surface]] = {}
    for entry_id, text, kind in session.execute(
        select(written.name_id, written.text, written.kind)
    ):
        surfaces.setdefault(entry_id, []).append(Surface(text, cast("SurfaceKind", kind)))
    return make_register(
        NameEntry(
            entry_id, name, category, _in_order(surfaces.get(entry_id, [])), owner, source, licence
        )
        for entry_id, name, category, owner, source, licence in session.execute(
            select(
                named.id, named.name, named.category, named.owner, named.source, named.licence
            ).order_by(named.id)
        )
    )


def register_number(session: Session) -> int:
    """How often the register has changed; 0 for one that never held a name."""
    row = session.get(RegisterRow, REGISTER_KIND)
    return row.version if row else 0


def bump_version(session: Session, kind: str = REGISTER_KIND) -> None:
    """Record that the register, or what else of its ``kind`` is kept, has changed."""
    row = session.get(RegisterRow, kind)
    if row is None:
        session.add(RegisterRow(kind=kind, version=1))
    else:
        row.version = RegisterRow.version + 1
    session.flush()


def _merge(entries: Sequence[NameEntry]) -> dict[str, NameEntry]:
    merged: dict[str, NameEntry] = {}
    for entry in entries:
        before = merged.get(entry.id)
        if before is None:
            merged[entry.id] = entry
            continue
        surfaces = {surface.text: surface for surface in before.surfaces}
        for surface in entry.surfaces:
            kind: SurfaceKind = "alias" if surface.kind == "official" else surface.kind
            surfaces.setdefault(surface.text, Surface(surface.text, kind))
        merged[entry.id] = NameEntry(
            before.id,
            before.name,
            before.category,
            tuple(surfaces.values()),
            entry.owner or before.owner,
            entry.source or before.source,
            entry.licence or before.licence,
        )
    return merged


def _with_surfaces(session: Session, rows: Sequence[NameRow]) -> list[NameEntry]:
    surfaces: dict[str, list[Surface]] = {}
    for row in session.scalars(
        select(SurfaceRow).where(SurfaceRow.name_id.in_([row.id for row in rows]))
    ):
        surfaces.setdefault(row.name_id, []).append(
            Surface(row.text, cast("SurfaceKind", row.kind))
        )
    return [
        NameEntry(
            row.id,
            row.name,
            row.category,
            _in_order(surfaces.get(row.id, [])),
            row.owner,
            row.source,
            row.licence,
        )
        for row in rows
    ]


def _in_order(surfaces: list[Surface]) -> tuple[Surface, ...]:
    if len(surfaces) < 2:
        return tuple(surfaces)
    return tuple(
        sorted(
            surfaces, key=lambda surface: (surface.kind != "official", surface.kind, surface.text)
        )
    )


def _lines_of(entries: tuple[NameEntry, ...]) -> Iterable[str]:
    for entry in entries:
        yield entry.id
        yield entry.name
        yield entry.category
        yield str(len(entry.surfaces))
        for surface in entry.surfaces:
            yield surface.text
            yield surface.kind
