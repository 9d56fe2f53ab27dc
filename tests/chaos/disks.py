"""Filling a file system to the last byte."""

from __future__ import annotations

import os
from pathlib import Path

_LEAST = 512


def fill(filler: Path) -> None:
    """Make a file that takes all the room that is left where it is."""
    with filler.open("wb") as file:
        step, size = 1 << 26, 0
        while step >= _LEAST:
            try:
                os.posix_fallocate(file.fileno(), size, step)
                size += step
            except OSError:
                step //= 2
