"""Caption edits as they stand in the database.

    proposed -> in_force | refused | withdrawn      what an owner asks for
    held                                            came with a ruling that did not decide
    in_force -> undone | replaced                   what holds in every later release
    replaced -> in_force                            the edit that took its place was undone

Every step is a row of the audit chain. Every function works inside the caller's transaction.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from models.captions.edits import CaptionEdit
from models.captions.spans import Span, apply_spans
from models.errors import CaptionEditError
from models.store.tables import CaptionEditRow


class EditState(StrEnum):
    """What became of an edit."""

    PROPOSED = "proposed"
    HELD = "held"
    IN_FORCE = "in_force"
    REFUSED = "refused"
    WITHDRAWN = "withdrawn"
    REPLACED = "replaced"
    UNDONE = "undone"


class Origin(StrEnum):
    """Who an edit comes from."""

    REVIEWER = "reviewer"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class StoredEdit:
    """An edit as it stands in the database.

    Attributes:
        name: what a person calls the asset.
        original: the caption that it is for.
        author: the reviewer's or the owner's name.
        account_id: the owner's account, or "".
        note: what the author said to it.
        ruling_id: the ruling that it was made with, or "".
        replaces: the edit that it took the place of, or "".
        decided_by, decided_ms, answer: who accepted or refused a proposal, when, and why.
        ended_by, ended_ms: who withdrew, replaced or undid it, and when.
    """

    id: str
    dataset: str
    asset_id: str
    name: str
    original_sha256: str
    original: str
    spans: tuple[Span, ...]
    origin: Origin
    author: str
    account_id: str
    note: str
    state: EditState
    ruling_id: str
    replaces: str
    made_ms: int
    decided_by: str
    decided_ms: int | None
    answer: str
    ended_by: str
    ended_ms: int | None

    @property
    def text(self) -> str:
        """The text that it puts in place; "" where what the database holds cannot be applied."""
        try:
            return apply_spans(self.original, self.spans)
        except CaptionEditError:
            return ""


@dataclass(frozen=True, slots=True)
class EditFilter:
    """Which edits are meant; "" stands for any.

    Attributes:
        held: also those that came with a ruling which did not decide. They tell what somebody
            ruled on an item on which another person may still have to rule.
    """

    dataset: str = ""
    state: EditState | None = None
    asset_id: str = ""
    held: bool = True


def effective_edits(session: Session, dataset: str) -> dict[str, tuple[CaptionEdit, ...]]:
    """The edits in force of a dataset, by asset id; those of one asset in order of id.

    One whose spans are damaged cannot be applied: that is an error of its asset, and of no other.
    """
    row = CaptionEditRow
    query = (
        select(row.asset_id, row.id, row.original_sha256, row.spans)
        .where(row.dataset == dataset, row.state == EditState.IN_FORCE.value)
        .order_by(row.asset_id, row.id)
    )
    found: dict[str, list[CaptionEdit]] = {}
    for asset_id, edit_id, digest, spans in session.execute(query):
        found.setdefault(asset_id, []).append(CaptionEdit(edit_id, digest, _read_spans(spans)))
    return {asset_id: tuple(edits) for asset_id, edits in found.items()}


def find_edit(session: Session, edit_id: str) -> StoredEdit | None:
    """One edit, or None."""
    query = select(*_COLUMNS).where(CaptionEditRow.id == edit_id)
    row = session.execute(query).mappings().first()
    return _read(row) if row else None


def find_in_force(
    session: Session, dataset: str, asset_id: str, original_sha256: str
) -> StoredEdit | None:
    """The edit in force for one caption, or None."""
    row = CaptionEditRow
    query = select(*_COLUMNS).where(
        row.dataset == dataset,
        row.asset_id == asset_id,
        row.original_sha256 == original_sha256,
        row.state == EditState.IN_FORCE.value,
    )
    found = session.execute(query).mappings().first()
    return _read(found) if found else None


def edits_of_ruling(session: Session, ruling_id: str) -> tuple[StoredEdit, ...]:
    """The edits that were made with a ruling, in order of id."""
    return _select(session, CaptionEditRow.ruling_id == ruling_id, CaptionEditRow.ruling_id != "")


def texts_of_ruling(session: Session, ruling_id: str) -> dict[str, str]:
    """The captions that a ruling gives an asset, by the digest of the original."""
    return {edit.original_sha256: edit.text for edit in edits_of_ruling(session, ruling_id)}


def edits_of_asset(session: Session, dataset: str, asset_id: str) -> tuple[StoredEdit, ...]:
    """Every edit of an asset's captions, the newest first."""
    found = _select(session, CaptionEditRow.asset_id == asset_id, CaptionEditRow.dataset == dataset)
    return tuple(sorted(found, key=lambda edit: (-edit.made_ms, edit.id)))


def list_edits(
    session: Session, chosen: EditFilter, *, offset: int = 0, limit: int | None = 50
) -> tuple[StoredEdit, ...]:
    """Edits: proposals the oldest first, others the newest first."""
    row = CaptionEditRow
    waiting = chosen.state is EditState.PROPOSED
    order = (row.made_ms, row.id) if waiting else (row.made_ms.desc(), row.id)
    query = select(*_COLUMNS).where(*_conditions(chosen)).order_by(*order)
    found = session.execute(query.offset(offset).limit(limit)).mappings()
    return tuple(map(_read, found))


def count_edits(session: Session, chosen: EditFilter) -> int:
    """How many edits there are."""
    return session.execute(
        select(func.count()).select_from(CaptionEditRow).where(*_conditions(chosen))
    ).scalar_one()


def write_spans(spans: Sequence[Span]) -> str:
    """Spans as JSON, as the table keeps them."""
    return json.dumps([[s.start, s.end, s.replacement] for s in spans], separators=(",", ":"))


def write_text(text: str) -> str:
    """Any text as a JSON string of ASCII: a caption may hold what no text column takes."""
    return json.dumps(text)


def _select(session: Session, *conditions: ColumnElement[bool]) -> tuple[StoredEdit, ...]:
    query = select(*_COLUMNS).where(*conditions).order_by(CaptionEditRow.id)
    return tuple(map(_read, session.execute(query).mappings()))


def _conditions(chosen: EditFilter) -> list[ColumnElement[bool]]:
    row = CaptionEditRow
    conditions: list[ColumnElement[bool]] = []
    if chosen.dataset:
        conditions.append(row.dataset == chosen.dataset)
    if chosen.state is not None:
        conditions.append(row.state == chosen.state.value)
    if chosen.asset_id:
        conditions.append(row.asset_id == chosen.asset_id)
    if not chosen.held:
        conditions.append(row.state != EditState.HELD.value)
    return conditions


_COLUMNS = tuple(CaptionEditRow.__table__.columns)


def _read(row: Mapping[Any, Any]) -> StoredEdit:
    values = dict(row)
    original = json.loads(values["original"])
    return StoredEdit(
        **{
            **values,
            "original": original,
            "spans": _read_spans(values["spans"]),
            "origin": Origin(values["origin"]),
            "state": EditState(values["state"]),
        }
    )


def _read_spans(text: str) -> tuple[Span, ...]:
    try:
        return tuple(Span(int(a), int(b), str(c)) for a, b, c in json.loads(text))
    except (ValueError, TypeError):
        return _DAMAGED


_DAMAGED = (Span(-1, -1, ""),)
"""Spans that no caption has: what cannot be read is refused where it is applied."""
