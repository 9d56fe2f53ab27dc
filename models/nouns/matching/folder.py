"""Folders of compiled data: written beside and renamed into place, believed only when whole.

What is compiled can be compiled again, so a folder that is missing, damaged, or half written is the
same as none. A file's bytes are checked against the digest in the folder's ``manifest.json`` before
any of it is mapped into memory.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models.canonical import canonical_json, digest_bytes

MANIFEST = "manifest.json"
_KEPT_FOLDERS = 4
_ABANDONED_S = 86_400
"""Seconds after which a half-written folder belongs to a process that was killed."""


def read_folder(path: Path) -> dict[str, Any] | None:
    """The note that a folder was written with, or None where any of it is not as it was written."""
    try:
        digest, _, body = (path / MANIFEST).read_bytes().partition(b"\n")
        if digest != digest_bytes(body).encode():
            return None
        manifest = json.loads(body)
        for name, expected in manifest["files"].items():
            with (path / name).open("rb") as file:
                if hashlib.file_digest(file, "sha256").hexdigest() != expected:
                    return None
    except OSError:
        return None
    note: dict[str, Any] = manifest["note"]
    return note


def write_folder(path: Path, write: Callable[[Path], dict[str, Any]]) -> None:
    """Write a folder so that a reader, or a crash, sees all of it or none.

    What lies at ``path`` is replaced, unless it is whole. Older folders of the same kind (the same
    name up to the last ``-``) are removed, but for a few that other processes may be about to open;
    what is mapped into memory stays readable.

    Args:
        write: fills the folder that it is given, and returns a note that JSON can express.

    Raises:
        OSError: the folder cannot be written.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    kind = path.name.rpartition("-")[0]
    temporary = Path(tempfile.mkdtemp(prefix=f".{kind}.", dir=path.parent))
    try:
        note = write(temporary)
        files = {}
        for file in sorted(temporary.iterdir()):
            with file.open("rb") as opened:
                os.fsync(opened.fileno())
                files[file.name] = hashlib.file_digest(opened, "sha256").hexdigest()
        body = canonical_json({"files": files, "note": note})
        with (temporary / MANIFEST).open("wb") as manifest:
            manifest.write(digest_bytes(body).encode() + b"\n" + body)
            manifest.flush()
            os.fsync(manifest.fileno())
        temporary.chmod(0o755)
        # Where another process was faster, what it wrote is the same, and it may be open by now.
        if read_folder(path) is None:
            shutil.rmtree(path, ignore_errors=True)
            try:
                temporary.rename(path)
            except OSError:
                if read_folder(path) is None:
                    raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    _remove_older(path, kind)


def _remove_older(path: Path, kind: str) -> None:
    others = [*path.parent.glob(f"{kind}-*"), *path.parent.glob(f".{kind}.*")]
    by_age: list[tuple[float, Path]] = []
    for other in others:
        try:
            changed = other.stat().st_mtime
        except OSError:
            continue
        if not other.name.startswith("."):
            by_age.append((changed, other))
        elif time.time() - changed > _ABANDONED_S:
            shutil.rmtree(other, ignore_errors=True)
    by_age.sort(key=lambda aged: (aged[1] != path, -aged[0]))
    for _, other in by_age[_KEPT_FOLDERS:]:
        shutil.rmtree(other, ignore_errors=True)
