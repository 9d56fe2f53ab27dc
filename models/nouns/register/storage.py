"""The register of protected names: the owners' list of what is to be kept out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from typing import cast

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from models.canonical import digest_lines
from models.nouns.register.entries import (
    CATEGORIES,
    LONGEST_SURFACE,
    NameEntry,
    Surface,
    SurfaceKind,
    check_note,
    check_surface,
    in_order,
    key_of,
    make_entry,
    name_id,
)
from models.nouns.register.history import NameChange, record_changes
from models.nouns.register.search import find_names, list_names, read_entries
from models.nouns.register.state import (
    REGISTER_KIND,
    bump_version,
    lock_register,
    register_number,
    register_state,
)
from models.store.database import now_ms
from models.store.tables import NameRow, SurfaceRow

__all__ = [
    "CATEGORIES",
    "LONGEST_SURFACE",
    "REGISTER_KIND",
    "NameEntry",
    "NameRegister",
    "Surface",
    "SurfaceKind",
    "add_name",
    "bump_version",
    "check_surface",
    "count_names",
    "find_names",
    "key_of",
    "list_names",
    "load_register",
    "make_entry",
    "make_register",
    "name_id",
    "register_number",
    "register_state",
    "remove_name",
    "store_entries",
]

_BATCH = 5000
_NOTES = ("owner", "source", "licence")


@dataclass(frozen=True, eq=False)
class NameRegister:
    """All protected names at one moment, ordered by id.

    Attributes:
        entries: the names.
        version: digest of what decides a match: ids, names, categories and surfaces.
    """

    entries: Sequence[NameEntry]
    version: str

    def __eq__(self, other: object) -> bool:
        return isinstance(other, NameRegister) and other.version == self.version

    def __hash__(self) -> int:
        return hash(self.version)


def make_register(entries: Iterable[NameEntry]) -> NameRegister:
    """A register of the entries given, in any order."""
    ordered = tuple(sorted(entries, key=attrgetter("id")))
    return NameRegister(ordered, digest_lines(lines_of(ordered)))


def load_register(session: Session) -> NameRegister:
    """The register as it stands."""
    # Tables instead of mapped classes: a register has hundreds of thousands of rows, and mapping
    # takes longer than reading them.
    written, named = SurfaceRow.__table__.c, NameRow.__table__.c
    surfaces: dict[str, list[Surface]] = {}
    for entry_id, text, kind, language in session.execute(
        select(written.name_id, written.text, written.kind, written.language)
    ):
        surfaces.setdefault(entry_id, []).append(Surface(text, cast("SurfaceKind", kind), language))
    return make_register(
        NameEntry(
            entry_id, name, category, in_order(surfaces.get(entry_id, ())), owner, source, licence
        )
        for entry_id, name, category, owner, source, licence in session.execute(
            select(
                named.id, named.name, named.category, named.owner, named.source, named.licence
            ).order_by(named.id)
        )
    )


def count_names(session: Session) -> int:
    """How many names are registered."""
    return session.scalar(select(func.count()).select_from(NameRow)) or 0


def add_name(
    session: Session,
    name: str,
    category: str,
    *,
    surfaces: Sequence[Surface | str] = (),
    language: str = "",
    owner: str = "",
    source: str = "",
    licence: str = "",
    actor: str = "",
) -> NameEntry:
    """Register a name, or add to one that is registered.

    Adding a name again keeps its surfaces and adds the new ones; owner, source and licence are
    replaced where given, a language is filled in where it was not known. Where that changes
    nothing, the register keeps its version.

    Args:
        actor: who makes the change, for the record.

    Raises:
        RegisterError: the name, a surface or the category cannot be used.
    """
    entry = make_entry(
        name,
        category,
        surfaces,
        language=language,
        owner=owner,
        source=source,
        licence=licence,
    )
    if store_entries(session, [entry], actor=actor):
        bump_version(session)
    return entry


def store_entries(session: Session, entries: Sequence[NameEntry], *, actor: str = "") -> int:
    """Write entries, merging with what is there, and record what changed.

    What is recorded belongs to the next version of the register. The caller makes that version
    with ``bump_version``, in the same transaction, once all entries of one change are stored.

    Args:
        actor: who makes the change, for the record.

    Returns:
        How many names and surfaces were added or changed.

    Raises:
        RegisterError: the actor's name cannot be stored.
    """
    check_note("actor", actor)
    merged = list(_merge(entries).values())
    if not merged:
        return 0
    lock_register(session)
    return sum(
        _store_batch(session, merged[start : start + _BATCH], actor)
        for start in range(0, len(merged), _BATCH)
    )


def remove_name(session: Session, entry_id: str, *, actor: str = "") -> bool:
    """Take a name with all its surfaces out of the register; False where there is none.

    Args:
        actor: who makes the change, for the record.

    Raises:
        RegisterError: the actor's name cannot be stored.
    """
    check_note("actor", actor)
    wanted = select(NameRow).where(NameRow.id == entry_id)
    if session.scalar(wanted) is None:
        return False
    lock_register(session)
    # Read again: somebody else may have removed or changed it while this waited for the lock.
    rows = session.scalars(wanted.execution_options(populate_existing=True)).all()
    if not rows:
        return False
    (entry,) = read_entries(session, rows)
    session.execute(delete(SurfaceRow).where(SurfaceRow.name_id == entry_id))
    session.execute(delete(NameRow).where(NameRow.id == entry_id))
    notes = {field: (text, "") for field in _NOTES if (text := getattr(entry, field))}
    change = NameChange(
        "removed", entry.id, entry.name, entry.category, went=entry.surfaces, fields=notes
    )
    record_changes(session, [change], actor)
    bump_version(session)
    return True


def _store_batch(session: Session, entries: Sequence[NameEntry], actor: str) -> int:
    names, written = NameRow.__table__, SurfaceRow.__table__
    known = {
        row.id: row
        for row in session.execute(
            select(names.c.id, names.c.name, names.c.owner, names.c.source, names.c.licence).where(
                names.c.id.in_([entry.id for entry in entries])
            )
        )
    }
    there: dict[tuple[str, str], Surface] = {}
    for entry_id, text, kind, language in session.execute(
        select(written.c.name_id, written.c.text, written.c.kind, written.c.language).where(
            written.c.name_id.in_(list(known))
        )
    ):
        there[entry_id, text] = Surface(text, kind, language)
    changes: list[NameChange] = []
    fresh: list[NameEntry] = []
    came: list[dict[str, str]] = []
    learnt: list[dict[str, str]] = []
    noted: list[dict[str, str]] = []
    for entry in entries:
        row = known.get(entry.id)
        if row is None:
            change = _added(entry)
            fresh.append(entry)
        else:
            new, gone = _compare(entry, there)
            before = (row.owner, row.source, row.licence)
            given = (entry.owner, entry.source, entry.licence)
            after = tuple(text or old for text, old in zip(given, before, strict=True))
            if not new and after == before:
                continue
            notes = zip(_NOTES, before, after, strict=True)
            fields = {field: (old, text) for field, old, text in notes if old != text}
            if fields:
                noted.append({"key": entry.id, **dict(zip(_NOTES, after, strict=True))})
            change = NameChange("changed", entry.id, row.name, entry.category, new, gone, fields)
        changes.append(change)
        for surface in change.came:
            if (entry.id, surface.text) in there:
                learnt.append(
                    {"key": entry.id, "spelling": surface.text, "known": surface.language}
                )
            else:
                came.append(
                    {
                        "name_id": entry.id,
                        "text": surface.text,
                        "kind": surface.kind,
                        "language": surface.language,
                    }
                )
    if fresh:
        added_ms = now_ms(session)
        columns = ("id", "name", "category", *_NOTES)
        session.execute(
            insert(names),  # type: ignore[arg-type]
            [
                {**{column: getattr(entry, column) for column in columns}, "added_ms": added_ms}
                for entry in fresh
            ],
        )
    if came:
        session.execute(insert(written), came)  # type: ignore[arg-type]
    if learnt:
        session.connection().execute(
            update(written)  # type: ignore[arg-type]
            .where(written.c.name_id == bindparam("key"), written.c.text == bindparam("spelling"))
            .values(language=bindparam("known")),
            learnt,
        )
    if noted:
        session.connection().execute(
            update(names)  # type: ignore[arg-type]
            .where(names.c.id == bindparam("key"))
            .values({field: bindparam(field) for field in _NOTES}),
            noted,
        )
    record_changes(session, changes, actor)
    return len(fresh) + len(came) + len(learnt) + len(noted)


def _added(entry: NameEntry) -> NameChange:
    notes = {field: ("", text) for field in _NOTES if (text := getattr(entry, field))}
    return NameChange("added", entry.id, entry.name, entry.category, entry.surfaces, (), notes)


def _compare(
    entry: NameEntry, there: dict[tuple[str, str], Surface]
) -> tuple[tuple[Surface, ...], tuple[Surface, ...]]:
    """What an entry adds to the surfaces that are there, and what it replaces.

    The official spelling of a name that is there stays; another spelling of it is an alias. A
    surface keeps its kind, and its language once that is known.
    """
    new, gone = [], []
    for surface in entry.surfaces:
        before = there.get((entry.id, surface.text))
        if before is None:
            kind: SurfaceKind = "alias" if surface.kind == "official" else surface.kind
            new.append(Surface(surface.text, kind, surface.language))
        elif surface.language and not before.language:
            new.append(replace(before, language=surface.language))
            gone.append(before)
    return tuple(new), tuple(gone)


def _merge(entries: Sequence[NameEntry]) -> dict[str, NameEntry]:
    merged: dict[str, NameEntry] = {}
    for entry in entries:
        before = merged.get(entry.id)
        if before is None:
            merged[entry.id] = entry
            continue
        surfaces = {(entry.id, surface.text): surface for surface in before.surfaces}
        new, _ = _compare(entry, surfaces)
        surfaces |= {(entry.id, surface.text): surface for surface in new}
        merged[entry.id] = replace(
            before,
            surfaces=tuple(surfaces.values()),
            owner=entry.owner or before.owner,
            source=entry.source or before.source,
            licence=entry.licence or before.licence,
        )
    return merged


def lines_of(entries: Iterable[NameEntry]) -> Iterable[str]:
    """What the version of a register is the digest of: all that decides a match, in order."""
    for entry in entries:
        yield entry.id
        yield entry.name
        yield entry.category
        yield str(len(entry.surfaces))
        for surface in entry.surfaces:
            yield surface.text
            yield f"{surface.kind} {surface.language}" if surface.language else surface.kind
