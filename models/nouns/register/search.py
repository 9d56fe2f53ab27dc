"""Looking names up in the register."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

from sqlalchemy import func, or_, select, tuple_
from sqlalchemy.orm import Session

from models.nouns.normalisation import MARKS, is_unspaced
from models.nouns.register.entries import (
    NameEntry,
    Surface,
    SurfaceKind,
    in_order,
    is_storable,
    key_of,
)
from models.store.tables import NameRow, SurfaceRow

_BATCH = 5000
_ANEW = {"populate_existing": True}
"""Rows are written past the session, which would otherwise remember what it read before."""

_DROPPED = {code: None for code in range(128) if not chr(code).isalnum()}


@dataclass(frozen=True, slots=True)
class FoundName:
    """A name that a search found.

    Attributes:
        entry: the name.
        added_ms: when it was registered (UTC milliseconds).
        how: by which rule a spelling of it becomes what was searched for; "" where none is needed.
    """

    entry: NameEntry
    added_ms: int
    how: str = ""


@dataclass(frozen=True, slots=True)
class SearchResult:
    """What a search found.

    Attributes:
        names: the best of what was found, best first.
        total: how many were found in all.
        exact: whether they are spelt as what was searched for, as registered or by rule; otherwise
            they hold it.
        holding: how many more only hold it, where ``exact``.
    """

    names: tuple[FoundName, ...]
    total: int
    exact: bool
    holding: int


def search_names(session: Session, wanted: str, limit: int = 20) -> SearchResult:
    """Names with a surface that is the same spelling as ``wanted``, else that holds it.

    The same means: for the search in captions. Case, width, diacritics, kana and what stands
    between words make no difference, and the spellings that are added by rule count. Shorter
    surfaces come first among those that only hold it.
    """
    key = key_of(wanted) if len(wanted) <= 10_000 else ""
    joined = _join(key)
    if not joined:
        return SearchResult((), 0, False, 0)
    written = SurfaceRow.__table__.c
    turned = _join(_turn(key))
    exact: dict[str, str] = {}
    holding: dict[str, tuple[int, str]] = {}
    query = select(written.name_id, written.text).execution_options(yield_per=50_000)
    for entry_id, text in session.execute(query):
        # Only a surface that holds the letters can have the same key, which takes longer to make.
        letters = text.lower().translate(_DROPPED) if text.isascii() else _join(key_of(text))
        if joined not in letters and not (turned and turned in letters):
            continue
        how = _rule_between(key_of(text), key)
        if how is not None:
            exact[entry_id] = min(how, exact.get(entry_id, how), key=len)
        if joined not in letters and how is None:
            continue
        rank = (len(letters), text)
        holding[entry_id] = min(rank, holding.get(entry_id, rank))
    found = exact or holding.keys()
    best = sorted(found, key=lambda entry_id: (holding[entry_id], entry_id))[:limit]
    rows = _read_rows(session, best)
    entries = read_entries(session, rows)
    return SearchResult(
        tuple(
            FoundName(entry, row.added_ms, exact.get(entry.id, ""))
            for entry, row in zip(entries, rows, strict=True)
        ),
        len(found),
        bool(exact),
        len(holding) - len(exact) if exact else 0,
    )


def _rule_between(written: str, wanted: str) -> str | None:
    """How a key becomes the one that is wanted: "" where it is the same, None where it does not.

    The rules are those by which ``models.nouns.matching.patterns`` adds spellings.
    """
    if written == wanted:
        return ""
    head = written.partition(" ( ")[0]
    if head == wanted:
        return "without its qualifier"
    parts = head.split()
    if len(parts) > 1 and all(is_unspaced(part[0]) for part in parts):
        return "without the dots between its parts" if "".join(parts) == wanted else None
    return "with its parts the other way round" if _turn(head) == wanted else None


def _turn(key: str) -> str:
    """Two words in the other order; "" for anything else."""
    parts = key.split()
    return f"{parts[1]} {parts[0]}" if len(parts) == 2 and MARKS.isdisjoint(parts) else ""


def list_names(
    session: Session, search: str = "", limit: int = 100, after: tuple[str, str] | None = None
) -> list[NameEntry]:
    """Names of which a surface holds ``search``, ordered by name.

    Case counts only outside ASCII; ``_`` and a space are the same.

    Args:
        after: only those after this name and id in the list.
    """
    if not is_storable(search):
        return []
    query = select(NameRow).order_by(NameRow.name, NameRow.id).limit(limit)
    if after is not None:
        query = query.where(tuple_(NameRow.name, NameRow.id) > after)
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
    return read_entries(session, session.scalars(query, execution_options=_ANEW).all())


def find_names(session: Session, wanted: str) -> list[NameEntry]:
    """Names spelt as ``wanted`` but for case, or whose id begins with it (8 digits or more).

    Case counts only outside ASCII.
    """
    if not is_storable(wanted):
        return []
    spelt = NameRow.name.icontains(wanted, autoescape=True) & (
        func.length(NameRow.name) == len(wanted)
    )
    by_id = NameRow.id.startswith(wanted.lower(), autoescape=True)
    query = select(NameRow).order_by(NameRow.name, NameRow.id)
    query = query.where(spelt | by_id if len(wanted) >= 8 else spelt)
    return read_entries(session, session.scalars(query, execution_options=_ANEW).all())


def read_entries(session: Session, rows: Sequence[NameRow]) -> list[NameEntry]:
    """The entries of rows, in their order, with their surfaces."""
    surfaces: dict[str, list[Surface]] = {}
    written = SurfaceRow.__table__.c
    for start in range(0, len(rows), _BATCH):
        ids = [row.id for row in rows[start : start + _BATCH]]
        for entry_id, text, kind, language in session.execute(
            select(written.name_id, written.text, written.kind, written.language).where(
                written.name_id.in_(ids)
            )
        ):
            surfaces.setdefault(entry_id, []).append(
                Surface(text, cast("SurfaceKind", kind), language)
            )
    return [
        NameEntry(
            row.id,
            row.name,
            row.category,
            in_order(surfaces.get(row.id, [])),
            row.owner,
            row.source,
            row.licence,
        )
        for row in rows
    ]


def _read_rows(session: Session, ids: Sequence[str]) -> list[NameRow]:
    """The rows of ids, in their order."""
    rows: dict[str, NameRow] = {}
    for start in range(0, len(ids), _BATCH):
        query = select(NameRow).where(NameRow.id.in_(ids[start : start + _BATCH]))
        rows |= {row.id: row for row in session.scalars(query, execution_options=_ANEW)}
    return [rows[entry_id] for entry_id in ids]


def _join(key: str) -> str:
    """A key without the spaces and marks between its words."""
    return "".join(word for word in key.split(" ") if word not in MARKS)
