"""Clusters as a table for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from pathlib import Path

import pyarrow as pa

from models.duplicates.storing import DUPLICATES
from models.errors import WorkspaceError
from models.files import write_atomically
from models.spreadsheets import defuse
from models.unicode import escape_surrogates


def write_csv(path: Path, rows: pa.Table, names: Mapping[str, str]) -> None:
    """Write clusters as CSV in UTF-8, with the first name of each asset.

    A name that a spreadsheet would read as a formula gets an apostrophe before it.

    Args:
        rows: ``models.duplicates.storing.DUPLICATES``.
        names: names by asset id.

    Raises:
        WorkspaceError: the file cannot be written.
    """
    sink = io.StringIO(newline="")
    writer = csv.DictWriter(sink, [*DUPLICATES.names, "name"], lineterminator="\n")
    writer.writeheader()
    for row in rows.to_pylist():
        cosine = "" if row["cosine"] is None else f"{row['cosine']:.4f}"
        name = defuse(escape_surrogates(names.get(row["asset_id"], "")))
        writer.writerow({**row, "cosine": cosine, "name": name})
    try:
        write_atomically(path.absolute(), sink.getvalue().encode())
    except OSError as error:
        raise WorkspaceError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Name a file in a folder that exists and is writable.",
        ) from error
