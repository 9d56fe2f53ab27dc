"""Stamps: which files have been verified, so that a large one need not be read to be believed.

Files are recognised as unchanged by path, size, times and inode, as version control systems do
(docs/adr/0005). A file that was touched is verified anew; deleting the list verifies everything.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from models.canonical import digest_bytes
from models.files import write_atomically

_RACY_NS = 2_000_000_000
Stamp = tuple[int, int, int, int]


class Stamps:
    """What is known of files, by path: their stamp and the digest that they had then.

    Args:
        known: ``as_dict`` of an earlier one.
    """

    def __init__(self, known: dict[str, list[int | str]] | None = None) -> None:
        self._known = dict(known or {})
        self.fresh: dict[str, list[int | str]] = {}

    def holds(self, path: Path, digest: str) -> bool:
        """Whether a file has the SHA-256 given; it is read only where it is not known.

        Raises:
            OSError: there is no such file, or it cannot be read.
        """
        stamp = _stamp_of(path)
        known = self._known.get(str(path))
        if known is not None and known == [*stamp, digest]:
            return True
        if digest_bytes(path.read_bytes()) != digest:
            return False
        self.remember(path, stamp, digest)
        return True

    def find(self, path: Path) -> str:
        """The digest that was remembered of a file as it is now; "" for none."""
        known = self._known.get(str(path))
        return str(known[-1]) if known is not None and known[:-1] == [*_stamp_of(path)] else ""

    def remember(self, path: Path, stamp: Stamp, digest: str) -> None:
        """Remember what a file with this stamp holds, unless it was touched too recently."""
        if time.time_ns() - max(stamp[1], stamp[2]) > _RACY_NS:
            self._known[str(path)] = self.fresh[str(path)] = [*stamp, digest]

    def note(self, path: Path, digest: str) -> None:
        """Remember a digest of a file as it is now."""
        self.remember(path, _stamp_of(path), digest)

    def take_up(self, fresh: dict[str, list[int | str]]) -> None:
        """Add what another process has found."""
        self._known |= fresh

    def save(self, file: Path) -> None:
        """Keep what is known of files that are still there.

        Raises:
            OSError: the file cannot be written.
        """
        kept = {path: known for path, known in self._known.items() if Path(path).exists()}
        write_atomically(file, json.dumps(kept).encode())

    @classmethod
    def load(cls, file: Path) -> Stamps:
        """What was kept; nothing where the file is missing or damaged."""
        try:
            value = json.loads(file.read_bytes())
        except (OSError, ValueError):
            return cls()
        return cls(value if isinstance(value, dict) else None)


def _stamp_of(path: Path) -> Stamp:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns, stat.st_ino
