"""Writing a file so that a reader, or a crash, sees the old content or the new, whole."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path


def write_atomically(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Write ``data`` to ``path``: temporary file, fsync, rename, fsync of the folder.

    Args:
        mode: permissions of the file; nobody else can read it before it has them.

    Raises:
        OSError: the folder cannot be written or the disk is full; ``path`` is then as it was.
    """
    handle, name = tempfile.mkstemp(prefix=f".{path.name[:40]}.", dir=path.parent)
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def put_in_place(path: Path, data: bytes | memoryview) -> None:
    """Write ``data`` to ``path`` for whoever reads it now: temporary file, then rename.

    Nothing is synced. After a crash the file may be empty, or hold anything: it is for what is
    recognised as damaged and made again.

    Raises:
        OSError: as of ``write_atomically``.
    """
    temporary = path.with_name(f".{path.name[:200]}.{os.getpid()}")
    try:
        temporary.write_bytes(data)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
