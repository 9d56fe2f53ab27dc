"""Where reference pictures lie in the workspace, and the small copies that a page shows."""

from __future__ import annotations

import io
from contextlib import suppress
from pathlib import Path
from typing import Final

from PIL import Image

from models.canonical import digest_bytes
from models.files import write_atomically
from models.motifs.register.pictures import MAX_PIXELS, cut_out
from models.motifs.remarks import ReferenceRefusedError, Remark
from models.review.derivatives import FOLDER, SIZES, VIEW, derivative_path

_WEBP_QUALITY: Final = 82


def motif_folder(workspace: Path) -> Path:
    """Where the reference pictures lie, each named by its id."""
    return workspace / "register" / "motifs"


def keep_picture(workspace: Path, motif_id: str, data: bytes) -> None:
    """Keep a reference's original bytes, whole.

    Raises:
        ReferenceRefusedError: the workspace cannot be written.
    """
    path = motif_folder(workspace) / motif_id
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or digest_bytes(path.read_bytes()) != motif_id:
            write_atomically(path, data)
    except OSError as error:
        detail = f"{path.parent}: {error.strerror or error}"
        raise ReferenceRefusedError(Remark.of("not_kept", detail=detail)) from error


def write_copies(workspace: Path, motif_id: str, data: bytes) -> None:
    """Write the small copies of a reference that people see, where they are missing.

    They show the whole picture, upright, on the ground that it is compared on. A page without
    them says so, and the register is whole without them: what cannot be written is left out.
    """
    with suppress(OSError, ReferenceRefusedError):
        _write_copies(workspace / FOLDER, motif_id, data)


def _write_copies(folder: Path, motif_id: str, data: bytes) -> None:
    paths = {size: derivative_path(folder, motif_id, size) for size in SIZES}
    if all(path.exists() for path in paths.values()):
        return
    picture = cut_out(data, max_pixels=MAX_PIXELS, fit=VIEW)
    for size, path in paths.items():
        image = Image.fromarray(picture.pixels)
        image.thumbnail((size, size), Image.Resampling.LANCZOS)
        sink = io.BytesIO()
        image.save(sink, "WEBP", quality=_WEBP_QUALITY, method=2)
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            write_atomically(path, sink.getvalue())
