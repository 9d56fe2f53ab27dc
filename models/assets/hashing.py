"""Content digests that need not be computed again for files that nobody touched.

A digest is remembered under the file's path, size, mtime, inode and ctime. A file touched less
than two seconds before the scan began is not remembered: it could change again within the same
tick of the clock and keep its stamp (git calls such a file racy).

The cache is one file: a mark, the SHA-256 of the rest, then fixed-width pairs of key and digest
and the member lists of tars as JSON. A file that is damaged, foreign or missing is an empty cache.
"""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass
from pathlib import Path

from models.assets.asset import Location
from models.assets.reading import read_location
from models.assets.tree import Stamp
from models.canonical import digest_bytes
from models.files import write_atomically

_MARK = b"kiyome hashes 2\n"
_KEY = 16
_PAIR = _KEY + 32
_RACY_NS = 2_000_000_000


@dataclass(frozen=True, slots=True)
class Member:
    """One member of a tar: its name as the tar spells it, and where its bytes lie."""

    name: str
    offset: int
    size: int
    problem: str = ""


class HashCache:
    """Digests of files and member lists of tars, by stamp. Not thread-safe."""

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._began_ns = time.time_ns()
        self._digests: dict[bytes, bytes] = {}
        self._members: dict[str, list[list[str | int]]] = {}
        self._used: dict[bytes, bytes] = {}
        self._used_members: dict[str, list[list[str | int]]] = {}
        if file is not None:
            self._load(file)

    def find(self, location: Location, stamp: Stamp | None) -> str:
        """The digest of a location whose file has this stamp; "" where it is not known."""
        if stamp is None:
            return ""
        key = _key_of(location, stamp)
        digest = self._digests.get(key)
        if digest is None:
            return ""
        self._used[key] = digest
        return digest.hex()

    def remember(self, location: Location, stamp: Stamp | None, digest: str) -> None:
        """Keep a digest for the next scan, unless the file was touched too recently."""
        if stamp is not None and not self._is_racy(stamp):
            self._used[_key_of(location, stamp)] = bytes.fromhex(digest)

    def find_members(self, uri: str, stamp: Stamp | None) -> list[Member] | None:
        """The members of a tar with this stamp; None where they are not known."""
        if stamp is None:
            return None
        key = _key_of(Location("", uri), stamp).hex()
        rows = self._members.get(key)
        if rows is None:
            return None
        self._used_members[key] = rows
        return [Member(str(n), int(o), int(s), str(p)) for n, o, s, p in rows]

    def remember_members(self, uri: str, stamp: Stamp | None, members: list[Member]) -> None:
        """Keep the members of a tar for the next scan, unless it was touched too recently."""
        if stamp is not None and not self._is_racy(stamp):
            key = _key_of(Location("", uri), stamp).hex()
            self._used_members[key] = [[m.name, m.offset, m.size, m.problem] for m in members]

    def save(self) -> None:
        """Write what this scan used or learned; what it did not meet is dropped.

        Raises:
            OSError: the file cannot be written.
        """
        if self._file is None:
            return
        if self._used == self._digests and self._used_members == self._members:
            return
        pairs = b"".join(key + self._used[key] for key in sorted(self._used))
        members = json.dumps(self._used_members, sort_keys=True).encode("ascii")
        body = len(self._used).to_bytes(8, "big") + pairs + members
        self._file.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self._file, _MARK + hashlib.sha256(body).digest() + body)

    def _is_racy(self, stamp: Stamp) -> bool:
        return max(stamp[1], stamp[3]) > self._began_ns - _RACY_NS

    def _load(self, file: Path) -> None:
        try:
            data = memoryview(file.read_bytes())
        except OSError:  # no cache is no loss: every file is read
            return
        start = len(_MARK) + 32
        body = data[start:]
        if bytes(data[: len(_MARK)]) != _MARK or len(body) < 8:
            return
        if hashlib.sha256(body).digest() != bytes(data[len(_MARK) : start]):
            return
        end = 8 + int.from_bytes(body[:8], "big") * _PAIR
        pairs = bytes(body[8:end])
        self._digests = {
            pairs[at : at + _KEY]: pairs[at + _KEY : at + _PAIR]
            for at in range(0, len(pairs), _PAIR)
        }
        self._members = json.loads(bytes(body[end:]))


def hash_location(location: Location, max_bytes: int) -> tuple[str, int]:
    """SHA-256 and length of the bytes of a location.

    Raises:
        FaultError: they cannot be read; see ``read_location``.
    """
    data = read_location(location, max_bytes)
    return digest_bytes(data), len(data)


def _key_of(location: Location, stamp: Stamp) -> bytes:
    text = f"{location.uri}\0{location.offset}\0{location.size}\0{stamp}"
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_KEY).digest()
