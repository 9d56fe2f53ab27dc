"""The bytes that statements were read from, kept under their digest: anyone can read them again."""

from __future__ import annotations

import os
import re
from pathlib import Path

from models.canonical import digest_bytes
from models.errors import WorkspaceError
from models.files import write_atomically

FOLDER = "evidence"
"""Name of their folder in the workspace."""

_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)


def keep_body(workspace: Path, data: bytes) -> str:
    """Keep bytes as evidence, unless they are kept already.

    Returns:
        Their SHA-256, under which ``read_body`` finds them; "" for no bytes.

    Raises:
        WorkspaceError: they cannot be written.
    """
    if not data:
        return ""
    digest = digest_bytes(data)
    path = _path(workspace, digest)
    try:
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(path, data)
    except OSError as error:
        raise WorkspaceError(
            f"The evidence {path} cannot be written: {error.strerror or error}.",
            "Free some disk space or make the workspace writable, then run again.",
        ) from error
    return digest


def read_body(workspace: Path, digest: str) -> bytes | None:
    """The bytes with this SHA-256, or None where they are missing or damaged."""
    if not _DIGEST.fullmatch(digest):
        return None
    try:
        data = _path(workspace, digest).read_bytes()
    except OSError:
        return None
    return data if digest_bytes(data) == digest else None


def has_body(workspace: Path, digest: str) -> bool:
    """Whether bytes with this SHA-256 are kept; they are not read."""
    if not _DIGEST.fullmatch(digest):
        return False
    # A release asks about a million: putting a Path together takes longer than to look.
    return os.path.isfile(f"{workspace}/{FOLDER}/{digest[:2]}/{digest}")  # noqa: PTH113


def _path(workspace: Path, digest: str) -> Path:
    return workspace / FOLDER / digest[:2] / digest
