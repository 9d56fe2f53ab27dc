"""Writing the register as a folder of pictures with a list, which can be registered again."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Final

from sqlalchemy.orm import Session

from models.errors import RegisterError
from models.files import write_atomically
from models.motifs.listing import list_motifs
from models.motifs.register.adding import COLUMNS, LIST_FILE
from models.motifs.register.keeping import motif_folder

_ENDINGS: Final = (
    (b"\x89PNG", ".png"),
    (b"\xff\xd8", ".jpg"),
    (b"RIFF", ".webp"),
    (b"GIF8", ".gif"),
    (b"BM", ".bmp"),
)


def export_motifs(session: Session, workspace: Path, folder: Path) -> int:
    """Write every protected reference, with a ``motifs.csv``; returns how many.

    Raises:
        RegisterError: the folder is there and not empty, cannot be written, or a picture is gone.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()):
            raise RegisterError(f"{folder} is not empty.", "Name a new folder.")
        rows = list_motifs(session)
        sink = io.StringIO(newline="")
        table = csv.writer(sink, lineterminator="\n")
        table.writerow(COLUMNS)
        for row in rows:
            data = (motif_folder(workspace) / row.id).read_bytes()
            name = row.id[:16] + _ending_of(data)
            write_atomically(folder / name, data)
            table.writerow(
                (
                    *(name, row.label, row.category, row.owner, row.source),
                    *(row.right_kind, row.right_note, row.box, row.registered_by, row.state),
                )
            )
        write_atomically(folder / LIST_FILE, sink.getvalue().encode("utf-8"))
    except OSError as error:
        raise RegisterError(
            f"The register cannot be exported to {folder}: {error.strerror or error} "
            f"({error.filename}).",
            "Restore the picture or free some disk space, then export again.",
        ) from error
    return len(rows)


def _ending_of(data: bytes) -> str:
    return next((ending for start, ending in _ENDINGS if data.startswith(start)), ".tiff")
