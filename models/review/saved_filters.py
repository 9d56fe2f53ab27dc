"""Choices of items that an account has saved under a name; one of them may be its default."""

from __future__ import annotations

import unicodedata
import uuid
from dataclasses import dataclass

from sqlalchemy import bindparam, delete, select, update
from sqlalchemy.orm import Session

from models.errors import ReviewError
from models.review.streams import ANY, Stream
from models.store.database import execute
from models.store.tables import SavedFilterRow

MOST_FILTERS = 20
LONGEST_NAME = 40


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """A work stream under a name; ``default`` is what its account is given without choosing."""

    id: str
    name: str
    stream: Stream
    default: bool


def list_filters(session: Session, account_id: str) -> tuple[SavedFilter, ...]:
    """What an account has saved, by name."""
    row = SavedFilterRow
    query = select(row).where(row.account_id == account_id).order_by(row.name)
    return tuple(_read(found) for found in session.scalars(query))


def default_stream(session: Session, account_id: str) -> Stream:
    """What an account is given that chooses nothing."""
    found = execute(session, _DEFAULT, {"account": account_id}).first()
    return ANY if found is None else Stream(*found)


_DEFAULT = select(
    *(SavedFilterRow.dataset, SavedFilterRow.stage),
    *(SavedFilterRow.language, SavedFilterRow.reason),
).where(SavedFilterRow.account_id == bindparam("account"), SavedFilterRow.is_default == 1)


def save_filter(
    session: Session, account_id: str, name: str, stream: Stream, *, default: bool
) -> SavedFilter:
    """Save a choice; one of the same name is replaced.

    Raises:
        ReviewError: the name cannot be one, or there are too many.
    """
    shown = unicodedata.normalize("NFC", " ".join(name.split()))
    if not 0 < len(shown) <= LONGEST_NAME or not shown.isprintable():
        raise ReviewError(
            "This cannot be the name of a filter.", f"Take 1 to {LONGEST_NAME} visible characters."
        )
    kept = {each.name: each for each in list_filters(session, account_id)}
    if shown not in kept and len(kept) >= MOST_FILTERS:
        raise ReviewError(
            f"There are {MOST_FILTERS} saved filters already.", "Delete one that you do not need."
        )
    if default:
        _drop_default(session, account_id)
    saved = SavedFilter(
        kept[shown].id if shown in kept else uuid.uuid4().hex, shown, stream, default
    )
    session.merge(
        SavedFilterRow(
            id=saved.id,
            account_id=account_id,
            name=shown,
            dataset=stream.dataset,
            stage=stream.stage,
            language=stream.language,
            reason=stream.reason,
            is_default=int(default),
        )
    )
    session.flush()
    return saved


def choose_default(session: Session, account_id: str, filter_id: str) -> None:
    """Make a filter the default of its account; chosen again, or not found, there is none."""
    row = SavedFilterRow
    found = session.scalars(
        select(row).where(row.id == filter_id, row.account_id == account_id)
    ).first()
    wanted = found is not None and not found.is_default
    _drop_default(session, account_id)
    if found is not None and wanted:
        session.execute(
            update(row)
            .where(row.id == filter_id)
            .values(is_default=1)
            .execution_options(synchronize_session=False)
        )


def remove_filter(session: Session, account_id: str, filter_id: str) -> None:
    """Delete a filter; of somebody else's nothing happens."""
    row = SavedFilterRow
    session.execute(delete(row).where(row.id == filter_id, row.account_id == account_id))


def _drop_default(session: Session, account_id: str) -> None:
    session.execute(
        update(SavedFilterRow)
        .where(SavedFilterRow.account_id == account_id)
        .values(is_default=0)
        .execution_options(synchronize_session=False)
    )


def _read(row: SavedFilterRow) -> SavedFilter:
    stream = Stream(row.dataset, row.stage, row.language, row.reason)
    return SavedFilter(row.id, row.name, stream, bool(row.is_default))
