"""Named arrays in a file with a seal, so that a damaged one, or another's, is never used."""

from __future__ import annotations

import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from zipfile import BadZipFile

import numpy as np
import numpy.typing as npt

from models.canonical import digest_bytes, digest_lines
from models.errors import WorkspaceError
from models.files import write_atomically

Arrays = Mapping[str, npt.NDArray[Any]]

_MAGIC: Final = b"kiyome arrays 2\n"
_SHA256_BYTES: Final = 32


def keep_arrays(path: Path, arrays: Arrays, of: str) -> None:
    """Write arrays to a file, whole or not at all.

    Args:
        of: digest of all that the arrays follow from; ``find_arrays`` gives them for no other.

    Raises:
        WorkspaceError: it cannot be written.
    """
    buffer = io.BytesIO()
    named: dict[str, Any] = dict(arrays)
    np.savez(buffer, **named)
    body = buffer.getvalue()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, _seal(of, body) + body)
    except OSError as error:
        raise WorkspaceError(
            f"What is computed of the motifs cannot be kept in {path.parent}: "
            f"{error.strerror or error}.",
            "Free some disk space or make the workspace writable, then run again.",
        ) from error


def find_arrays(path: Path, of: str) -> dict[str, npt.NDArray[Any]] | None:
    """The arrays of a file, or None where there is none that is whole and of ``of``.

    A file that is whole may still be another's, put there by a copy or a restored backup.
    """
    try:
        data = path.read_bytes()
    except OSError:
        return None
    head = len(_MAGIC) + _SHA256_BYTES
    body = data[head:]
    if data[:head] != _seal(of, body):
        return None
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as arrays:
            return {name: arrays[name] for name in arrays.files}
    except (BadZipFile, KeyError, ValueError, OSError):
        return None


def _seal(of: str, body: bytes) -> bytes:
    return _MAGIC + bytes.fromhex(digest_lines(["kiyome/arrays", of, digest_bytes(body)]))
