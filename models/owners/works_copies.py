"""The folder of copies that owners' looks have drawn: what was looked at least recently goes first.

It lies apart from the copies that runs draw, which reviewers need and nobody may take away. A look
is kept as the file's time of change. Several processes may draw, look and prune at once: each file
is whole or absent, and to find one absent is to draw it again.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from models.review.derivatives import FOLDER, derivative_path

MOST_BYTES = 1 << 30
"""Some 100,000 small copies, or 12,000 works looked at one by one."""

PRUNED_EVERY = 500
"""Works that one process draws until it looks at the folder's size again: some 45 MB at most."""

_KEPT_SHARE = 0.9
_LOOK_S = 3600.0


def copies_folder(workspace: Path) -> Path:
    """Where they lie."""
    return workspace / FOLDER / "works"


def find_copy(workspace: Path, asset_id: str, size: int) -> Path | None:
    """A copy of a work, drawn by a run or for its owner; that one counts as looked at.

    Raises:
        ValueError: the id is no asset's, or there is no such size.
    """
    for folder in (workspace / FOLDER, copies_folder(workspace)):
        path = derivative_path(folder, asset_id, size)
        try:
            looked = path.stat().st_mtime
        except OSError:
            continue
        if folder != workspace / FOLDER and time.time() - looked > _LOOK_S:
            _look(path)
        return path
    return None


def prune_copies(folder: Path, most: int = MOST_BYTES) -> int:
    """Take copies away until the folder holds nine tenths of ``most``, where it holds more.

    Returns:
        How many bytes it holds then.
    """
    files: list[tuple[float, int, str]] = []
    for part in _list(folder):
        for entry in _list(Path(part.path)):
            try:
                found = entry.stat(follow_symlinks=False)
            except OSError:  # another process was first
                continue
            files.append((found.st_mtime, found.st_size, entry.path))
    total = sum(size for _, size, _ in files)
    if total <= most:
        return total
    for _, size, path in sorted(files):
        try:
            Path(path).unlink(missing_ok=True)
        except OSError:  # a folder that can only be read holds no copy that was just drawn
            continue
        total -= size
        if total <= most * _KEPT_SHARE:
            break
    return total


def _look(path: Path) -> None:
    try:
        os.utime(path)
    except OSError:  # taken away by another process, or a folder that can only be read
        return


def _list(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []
