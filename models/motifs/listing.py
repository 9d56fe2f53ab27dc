"""Looking into the motif register: its references by label, and how it changed.

Light on purpose: the review page lists references without loading a decoder.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, func, insert, or_, select, tuple_
from sqlalchemy.orm import Session

from models.motifs.claims import CATEGORIES, State
from models.store.database import now_ms
from models.store.tables import MotifChangeRow, MotifRow, RegisterRow
from models.unicode import replace_surrogates

REGISTER_KIND: Final = "motifs"
PROTECTED: Final[tuple[State, ...]] = ("confirmed", "unconfirmed")
"""States in which a reference is looked for."""

SHORTEST_ID: Final = 8
"""Digits of an id that are enough to mean it."""

KNOWN_FIELDS: Final = (
    *("label", "category", "owner", "source", "right_kind", "right_note", "box"),
    *("registered_by", "state", "disputed_with"),
)
"""Fields whose changes are recorded."""

_ID_PREFIX = re.compile(rf"[0-9a-f]{{{SHORTEST_ID},64}}")


@dataclass(frozen=True, slots=True)
class MotifFilter:
    """Which references are meant.

    Attributes:
        search: whose label, owner or source holds this, or whose id begins with it; "" for any.
        state: in this state; "" for those that are protected.
        category: of this category; "" for any.
    """

    search: str = ""
    state: str = ""
    category: str = ""


@dataclass(frozen=True, slots=True)
class MotifGroup:
    """All references of one label."""

    label: str
    rows: tuple[MotifRow, ...]

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories that its references have; one, unless they disagree."""
        return tuple(sorted({row.category for row in self.rows}))

    @property
    def owners(self) -> tuple[str, ...]:
        """The owners that its references name; at most one, unless they disagree."""
        return tuple(sorted({row.owner for row in self.rows if row.owner}))


@dataclass(frozen=True, slots=True)
class MotifChange:
    """One change of one reference.

    Attributes:
        fields: what changed: what it was and what it became.
        why: the reason that was given, or "".
        note: what else is recorded.
    """

    version: int
    at_ms: int
    actor: str
    action: str
    motif_id: str
    label: str
    category: str
    fields: Mapping[str, tuple[str, str]]
    why: str
    note: Mapping[str, Any]


def list_motifs(session: Session, *, refused: bool = False) -> tuple[MotifRow, ...]:
    """Every motif that is protected, by label, then by id.

    Args:
        refused: also those that were refused; they are kept but not looked for.
    """
    session.flush()
    query = select(MotifRow)
    if not refused:
        query = query.where(MotifRow.state.in_(PROTECTED))
    return tuple(sorted(session.scalars(query), key=lambda row: (row.label, row.id)))


def group_motifs(rows: Sequence[MotifRow]) -> tuple[MotifGroup, ...]:
    """References by label, in order of label."""
    ordered = sorted(rows, key=lambda row: (row.label, row.id))
    return tuple(
        MotifGroup(label, tuple(those)) for label, those in groupby(ordered, lambda row: row.label)
    )


def count_labels(session: Session, chosen: MotifFilter) -> int:
    """How many labels have a reference that is meant."""
    query = select(func.count(MotifRow.label.distinct())).where(_meant(chosen))
    return session.execute(query).scalar_one()


def count_motifs(session: Session, chosen: MotifFilter) -> int:
    """How many references are meant."""
    query = select(func.count()).select_from(MotifRow).where(_meant(chosen))
    return session.execute(query).scalar_one()


def list_groups(
    session: Session, chosen: MotifFilter, *, offset: int = 0, limit: int | None = None
) -> tuple[MotifGroup, ...]:
    """The references that are meant, by label.

    Args:
        limit: how many labels at most, ``offset`` after how many; None for all.
    """
    if limit is None:
        return group_motifs(session.scalars(select(MotifRow).where(_meant(chosen))).all())
    labels = (
        select(MotifRow.label)
        .where(_meant(chosen))
        .distinct()
        .order_by(MotifRow.label)
        .offset(offset)
        .limit(limit)
    )
    found = session.scalars(labels).all()
    rows = session.scalars(select(MotifRow).where(_meant(chosen), MotifRow.label.in_(found)))
    return group_motifs(rows.all())


def list_references(
    session: Session, chosen: MotifFilter, after: tuple[str, str] | None, limit: int
) -> tuple[MotifRow, ...]:
    """The references that are meant, in order of label and id; those after one, if it is given."""
    row = MotifRow
    query = select(row).where(_meant(chosen)).order_by(row.label, row.id).limit(limit)
    if after is not None:
        query = query.where(tuple_(row.label, row.id) > after)
    return tuple(session.scalars(query))


def find_motifs(session: Session, text: str) -> tuple[MotifRow, ...]:
    """The references whose id begins with a text of at least 8 digits, else those of a label."""
    session.flush()
    if _ID_PREFIX.fullmatch(text):
        query = select(MotifRow).where(MotifRow.id.startswith(text)).order_by(MotifRow.id)
        if found := session.scalars(query).all():
            return tuple(found)
    query = select(MotifRow).where(MotifRow.label == _as_stored(text)).order_by(MotifRow.id)
    return tuple(session.scalars(query))


def register_version(session: Session) -> int:
    """How many times the register has changed."""
    session.flush()
    query = select(RegisterRow.version).where(RegisterRow.kind == REGISTER_KIND)
    return session.scalar(query) or 0


def record_change(
    session: Session,
    row: MotifRow,
    action: str,
    actor: str,
    *,
    fields: Mapping[str, tuple[str, str]] | None = None,
    why: str = "",
    note: Mapping[str, Any] | None = None,
) -> None:
    """Write down a change that made the newest version of the register."""
    detail: dict[str, Any] = {"fields": dict(fields)} if fields else {}
    if why:
        detail["why"] = why
    if note:
        detail["note"] = dict(note)
    last = session.scalar(select(func.max(MotifChangeRow.id))) or 0
    session.execute(
        insert(MotifChangeRow).values(
            id=last + 1,
            version=register_version(session),
            at_ms=now_ms(session),
            actor=actor,
            action=action,
            motif_id=row.id,
            label=row.label,
            category=row.category,
            detail=json.dumps(detail, ensure_ascii=False, sort_keys=True),
        )
    )


def read_history(session: Session, text: str = "", *, limit: int = 200) -> tuple[MotifChange, ...]:
    """The newest changes, newest first.

    Args:
        text: the beginning of an id, or a label; "" for the whole register.
    """
    query = select(MotifChangeRow).order_by(MotifChangeRow.id.desc()).limit(limit)
    if text:
        meant: ColumnElement[bool] = MotifChangeRow.label == _as_stored(text)
        if _ID_PREFIX.fullmatch(text):
            meant = or_(meant, MotifChangeRow.motif_id.startswith(text))
        query = query.where(meant)
    return tuple(_read_changes(session.scalars(query)))


def _read_changes(rows: Any) -> Iterator[MotifChange]:
    for row in rows:
        detail = json.loads(row.detail)
        yield MotifChange(
            row.version,
            row.at_ms,
            row.actor,
            row.action,
            row.motif_id,
            row.label,
            row.category,
            {name: (old, new) for name, (old, new) in detail.get("fields", {}).items()},
            detail.get("why", ""),
            detail.get("note", {}),
        )


def _as_stored(text: str) -> str:
    """A text in the form in which labels are kept; what no label can hold becomes U+FFFD."""
    text = replace_surrogates(text).replace("\0", "\ufffd")
    return unicodedata.normalize("NFC", text).strip()


def _meant(chosen: MotifFilter) -> ColumnElement[bool]:
    state = MotifRow.state == chosen.state if chosen.state else MotifRow.state.in_(PROTECTED)
    conditions: list[ColumnElement[bool]] = [state]
    if chosen.category in CATEGORIES:
        conditions.append(MotifRow.category == chosen.category)
    if search := _as_stored(chosen.search):
        held = [
            column.icontains(search, autoescape=True)
            for column in (MotifRow.label, MotifRow.owner, MotifRow.source)
        ]
        held.append(MotifRow.id.startswith(search.lower(), autoescape=True))
        conditions.append(or_(*held))
    return and_(*conditions)
