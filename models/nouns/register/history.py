"""How the register of names changed: a row for every change, and what differs between versions."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, cast

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from models.errors import RegisterError
from models.nouns.register.entries import Surface, SurfaceKind, in_order
from models.nouns.register.state import register_number
from models.store.database import now_ms
from models.store.tables import NameChangeRow

Action = Literal["added", "changed", "removed"]

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode
"""Canonical JSON of lists and strings, five times as fast as the general way."""


@dataclass(frozen=True, slots=True)
class NameChange:
    """What happened to one name.

    A surface whose language became known went without it and came with it.

    Attributes:
        came: surfaces that are new.
        went: surfaces that are gone.
        fields: owner, source, licence or name, where changed: what it was and what it became.
    """

    action: Action
    name_id: str
    name: str
    category: str
    came: tuple[Surface, ...] = ()
    went: tuple[Surface, ...] = ()
    fields: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class RegisterDifference:
    """What differs between two versions of the register; names are ordered by name.

    Attributes:
        from_version: the older version, ``to_version`` the newer one.
        changes: one for each name that differs.
        actors: who made the changes between the versions, as far as they are named.
        last_ms: when the last of them was made (UTC milliseconds); None where there was none.
    """

    from_version: int
    to_version: int
    changes: tuple[NameChange, ...]
    actors: tuple[str, ...]
    last_ms: int | None

    def of(self, action: Action) -> tuple[NameChange, ...]:
        """The names that were added, changed or removed."""
        return tuple(change for change in self.changes if change.action == action)


def record_changes(session: Session, changes: Sequence[NameChange], actor: str) -> None:
    """Write down changes that belong to the next version of the register.

    The caller holds the register's lock, and ends the change with ``bump_version``.
    """
    if not changes:
        return
    first = (session.scalar(select(func.max(NameChangeRow.id))) or 0) + 1
    version = register_number(session) + 1
    at_ms = now_ms(session)
    rows = [
        {
            "id": number,
            "version": version,
            "at_ms": at_ms,
            "actor": actor,
            "action": change.action,
            "name_id": change.name_id,
            "name": change.name,
            "category": change.category,
            "detail": _detail_of(change),
        }
        for number, change in enumerate(changes, first)
    ]
    session.execute(insert(NameChangeRow.__table__), rows)  # type: ignore[arg-type]


def recorded_since(session: Session) -> int:
    """The oldest version that others can be compared with.

    It is 0, except for a register that is older than the record of its changes.
    """
    first = session.scalar(
        select(NameChangeRow.version).order_by(NameChangeRow.id).limit(1),
    )
    return register_number(session) if first is None else first - 1


def diff_register(session: Session, from_version: int, to_version: int) -> RegisterDifference:
    """What differs between two versions of the register.

    A name that was added and removed again in between does not differ.

    Raises:
        RegisterError: there is no such version, it is older than the record of changes, or the
            versions are in the wrong order.
    """
    newest, oldest = register_number(session), recorded_since(session)
    if (latest := max(from_version, to_version)) > newest:
        raise RegisterError(
            f"The register has no version {latest} yet.", f"Its newest version is {newest}."
        )
    if from_version > to_version:
        raise RegisterError(
            f"Version {from_version} is newer than version {to_version}.",
            "Give the older version first.",
        )
    if from_version < oldest:
        raise RegisterError(
            f"The changes since version {from_version} were not recorded.",
            f"The oldest version to compare with is {oldest}.",
        )
    query = (
        select(NameChangeRow)
        .where(NameChangeRow.version > from_version, NameChangeRow.version <= to_version)
        .order_by(NameChangeRow.id)
    )
    folds: dict[str, _Fold] = {}
    actors: dict[str, None] = {}
    last_ms = None
    columns = NameChangeRow.__table__.c
    for row in session.execute(
        query.with_only_columns(
            columns.at_ms,
            columns.actor,
            columns.action,
            columns.name_id,
            columns.name,
            columns.category,
            columns.detail,
        ).execution_options(yield_per=10_000)
    ):
        change = _read_change(row)
        actors.setdefault(row.actor)
        last_ms = row.at_ms
        if change.name_id not in folds:
            folds[change.name_id] = _Fold(change)
        folds[change.name_id].add(change)
    found = [result for fold in folds.values() if (result := fold.result())]
    found.sort(key=lambda change: (change.name, change.category, change.name_id))
    named = tuple(sorted(actor for actor in actors if actor))
    return RegisterDifference(from_version, to_version, tuple(found), named, last_ms)


class _Fold:
    """All changes of one name, oldest first, as one."""

    def __init__(self, first: NameChange) -> None:
        self._first = first
        self._last = first
        self._before: dict[str, Surface] = {}
        self._after: dict[str, Surface] = {}
        self._fields: dict[str, tuple[str, str]] = {}

    def add(self, change: NameChange) -> None:
        """One change more."""
        self._last = change
        for surface in change.went:
            # What goes without having come in between was there at the beginning.
            if self._after.pop(surface.text, None) is None:
                self._before.setdefault(surface.text, surface)
        for surface in change.came:
            self._after[surface.text] = surface
        for name, (old, new) in change.fields.items():
            self._fields[name] = (self._fields.get(name, (old,))[0], new)

    def result(self) -> NameChange | None:
        """What differs in the end; None where nothing does."""
        was_there = self._first.action != "added"
        is_there = self._last.action != "removed"
        before, after = set(self._before.values()), set(self._after.values())
        came, went = in_order(tuple(after - before)), in_order(tuple(before - after))
        fields = {name: pair for name, pair in self._fields.items() if pair[0] != pair[1]}
        if was_there and is_there and self._first.name != self._last.name:
            fields["name"] = (self._first.name, self._last.name)
        action: Action
        if was_there and is_there:
            if not (came or went or fields):
                return None
            action = "changed"
        elif was_there == is_there:
            return None
        else:
            action = "added" if is_there else "removed"
        last = self._last
        return NameChange(action, last.name_id, last.name, last.category, came, went, fields)


def _detail_of(change: NameChange) -> str:
    detail: dict[str, Any] = {}
    if change.came:
        detail["came"] = [[s.text, s.kind, s.language] for s in change.came]
    if change.went:
        detail["went"] = [[s.text, s.kind, s.language] for s in change.went]
    if change.fields:
        detail["fields"] = dict(change.fields)
    return _encode(detail)


def _read_change(row: Any) -> NameChange:
    detail = json.loads(row.detail)
    return NameChange(
        row.action,
        row.name_id,
        row.name,
        row.category,
        tuple(_read_surfaces(detail.get("came", ()))),
        tuple(_read_surfaces(detail.get("went", ()))),
        {name: (old, new) for name, (old, new) in detail.get("fields", {}).items()},
    )


def _read_surfaces(rows: Sequence[Sequence[str]]) -> Iterator[Surface]:
    for text, kind, language in rows:
        yield Surface(text, cast("SurfaceKind", kind), language)
