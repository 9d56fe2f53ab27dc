"""Where the small re-encoded copies of pictures lie: the only pictures that a page ever shows."""

from __future__ import annotations

import re
from pathlib import Path

VIEW = 768
"""Longer side, in pixels, of the copy that a reviewer judges by."""

THUMB = 256
"""Longer side, in pixels, of the copy in lists."""

SIZES = (VIEW, THUMB)
FOLDER = "derivatives"
"""Name of their folder in the workspace."""

_ID = re.compile(r"[0-9a-f]{64}", re.ASCII)


def note_path(folder: Path, asset_id: str) -> Path:
    """Where it is written, as ``<reason code>: <detail>``, why a picture has no copies.

    Raises:
        ValueError: the id is not 64 lower-case hexadecimal digits.
    """
    return _checked(folder, asset_id) / f"{asset_id}.txt"


def derivative_path(folder: Path, asset_id: str, size: int) -> Path:
    """The path of one copy: ``<folder>/<first two digits>/<id>-<size>.webp``.

    Raises:
        ValueError: the id is not 64 lower-case hexadecimal digits, or there is no such size.
    """
    if size not in SIZES:
        raise ValueError(f"no such size: {size}")
    return _checked(folder, asset_id) / f"{asset_id}-{size}.webp"


def _checked(folder: Path, asset_id: str) -> Path:
    if not _ID.fullmatch(asset_id):
        raise ValueError("not an asset id")
    return folder / asset_id[:2]
