"""Named arrays in a file that carries its own digest, so that a damaged one is never used."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from models.canonical import digest_bytes
from models.errors import WorkspaceError
from models.files import write_atomically

Arrays = Mapping[str, npt.NDArray[Any]]

_MAGIC: Final = b"kiyome arrays 1\n"
_SHA256_BYTES: Final = 32


def keep_arrays(path: Path, arrays: Arrays) -> None:
    """Write arrays to a file, whole or not at all.

    Raises:
        WorkspaceError: it cannot be written.
    """
    buffer = io.BytesIO()
    named: dict[str, Any] = dict(arrays)
    np.savez(buffer, **named)
    body = buffer.getvalue()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, _MAGIC + bytes.fromhex(digest_bytes(body)) + body)
    except OSError as error:
        raise WorkspaceError(
            f"What is computed of the motifs cannot be kept in {path.parent}: "
            f"{error.strerror or error}.",
            "Free some disk space or make the workspace writable, then run again.",
        ) from error


def find_arrays(path: Path) -> dict[str, npt.NDArray[Any]] | None:
    """The arrays of a file, or None where there is none that is whole."""
    try:
        data = path.read_bytes()
    except OSError:
        return None
    head = len(_MAGIC) + _SHA256_BYTES
    body = data[head:]
    if data[:head] != _MAGIC + bytes.fromhex(digest_bytes(body)):
        return None
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (BadZipFile, KeyError, ValueError, OSError):
        return None
