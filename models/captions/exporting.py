"""Caption edits as a table, for people who keep their own captions."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from sqlalchemy.orm import Session

from models.captions.records import EditFilter, StoredEdit, list_edits
from models.errors import WorkspaceError
from models.spreadsheets import defuse
from models.unicode import escape_surrogates

COLUMNS = ("asset_id", "name", "original", "text", "state", "by", "made_ms", "id")
_BATCH = 500


def write_csv(
    session: Session,
    chosen: EditFilter,
    file: Path,
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Write edits as CSV (UTF-8, RFC 4180): one row each, with what stood there and what does now.

    The file names what was taken out of captions: it is for whoever keeps the dataset. Text that a
    spreadsheet would take for a formula gets an apostrophe before it: owners write some of it.

    Args:
        progress: called with the number of rows just written.

    Returns:
        How many there are.

    Raises:
        WorkspaceError: the file cannot be written.
    """
    written = 0
    try:
        with file.open("w", encoding="utf-8", newline="") as out:
            rows = csv.writer(out)
            rows.writerow(COLUMNS)
            while batch := list_edits(session, chosen, offset=written, limit=_BATCH):
                rows.writerows(map(_row, batch))
                written += len(batch)
                progress(len(batch))
    except OSError as error:
        raise WorkspaceError(
            f"{file} cannot be written: {error.strerror or error}.", "Name another file."
        ) from error
    return written


def _row(edit: StoredEdit) -> tuple[str, ...]:
    return (
        edit.asset_id,
        *(defuse(escape_surrogates(text)) for text in (edit.name, edit.original, edit.text)),
        edit.state.value,
        edit.author,
        str(edit.made_ms),
        edit.id,
    )
