"""Which disks this machine is to mount, and whether they are there."""

from __future__ import annotations

import re
from pathlib import Path

FSTAB = Path("/etc/fstab")


def find_unmounted(place: Path) -> Path | None:
    """The innermost mount point of ``FSTAB`` at or above a place where nothing is mounted, or None.

    A machine without that file, as many containers are, tells nothing. Source: fstab(5).

    Args:
        place: absolute; need not be there.
    """
    try:
        lines = FSTAB.read_text("utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return None
    fields = [line.split() for line in lines if not line.lstrip().startswith("#")]
    points = {Path(_unescape(each[1])) for each in fields if len(each) > 1}
    above = [each for each in (place, *place.parents) if each in points]
    return next((each for each in above if not each.is_mount()), None)


def _unescape(field: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), field)
