"""The archive of a backup: a tar file whose last member holds the digests of all others.

    kiyome-backup.json     what it is: format, time, version, schema (``Description``)
    database/<table>.jsonl one row a line
    configuration/<name>   policy and settings, as they were in force
    workspace/<path>       the workspace's files
    digests.json           SHA-256, size and mode of every member before it

An archive that was cut off has no last member, and is no backup.
"""

from __future__ import annotations

import hashlib
import json
import os
import tarfile
import tempfile
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from io import BytesIO
from pathlib import Path
from typing import IO, Any, Literal

from models.backup.contents import is_inside
from models.errors import BackupError

FORMAT = "kiyome.backup/1"
DESCRIPTION = "kiyome-backup.json"
DIGESTS = "digests.json"
DATABASE, CONFIGURATION, WORKSPACE = "database/", "configuration/", "workspace/"
_CHUNK = 1 << 20
_MOST_TEXT = 1 << 28


@dataclass(frozen=True, slots=True)
class Description:
    """What a backup says of itself.

    Attributes:
        made_at: UTC seconds.
        version: of the Kiyome that made it.
        schema: revision of its database.
        everything: whether it also holds what a run would make anew.
    """

    made_at: int
    version: str
    schema: str
    everything: bool
    format: str = FORMAT


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an archive while it is being read."""

    name: str
    mode: int
    size: int
    content: IO[bytes]


class ArchiveWriter:
    """Adds members to an archive, and the digests at its end."""

    def __init__(self, tar: tarfile.TarFile, spool: Path) -> None:
        self._tar = tar
        self._spool = spool
        self._digests: dict[str, tuple[str, int, int]] = {}

    @property
    def members(self) -> int:
        """How many there are so far."""
        return len(self._digests)

    def add_file(self, name: str, path: Path) -> None:
        """Add a file as it is now: what is appended to it meanwhile stays out.

        Raises:
            OSError: it cannot be read, or was cut short while it was read.
        """
        with path.open("rb") as file:
            found = os.fstat(file.fileno())
            self._add(name, file, found.st_size, found.st_mode & 0o777, int(found.st_mtime))

    def add_bytes(self, name: str, data: bytes) -> None:
        """Add a small member."""
        self._add(name, BytesIO(data), len(data), 0o600, 0)

    def add_lines(self, name: str, lines: Iterable[bytes]) -> None:
        """Add lines whose length is not known before: they wait on disk first.

        Raises:
            OSError: the disk is full.
        """
        with tempfile.TemporaryFile(dir=self._spool) as file:
            file.writelines(lines)
            size = file.tell()
            file.seek(0)
            self._add(name, file, size, 0o600, 0)

    def finish(self) -> None:
        """Write the digests: from here on it is a whole backup."""
        data = json.dumps(self._digests, sort_keys=True).encode()
        self._put(DIGESTS, BytesIO(data), len(data), 0o600, 0)

    def _add(self, name: str, file: IO[bytes], size: int, mode: int, mtime: int) -> None:
        hashed = _Hashing(file)
        self._put(name, hashed, size, mode, mtime)
        self._digests[name] = (hashed.digest, size, mode)

    def _put(self, name: str, file: Any, size: int, mode: int, mtime: int) -> None:
        member = tarfile.TarInfo(name)
        member.size, member.mode, member.mtime = size, mode, mtime
        self._tar.addfile(member, file)


class _Hashing:
    """A file that hashes what is read from it."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._sha256 = hashlib.sha256()

    @property
    def digest(self) -> str:
        return self._sha256.hexdigest()

    def read(self, size: int = -1) -> bytes:
        data = self._file.read(size)
        self._sha256.update(data)
        return data


class _Unpacked(_Hashing):
    """The content of a member while it is being read: whoever reads it learns of damage."""

    def read(self, size: int = -1) -> bytes:
        try:
            return super().read(size)
        except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
            raise _damaged(f"it cannot be read to its end ({error})") from error


@contextmanager
def writing(stream: IO[bytes], *, compressed: bool, spool: Path) -> Iterator[ArchiveWriter]:
    """Write an archive to a stream.

    Args:
        spool: folder for what waits on disk.
    """
    mode: Literal["w|gz", "w|"] = "w|gz" if compressed else "w|"
    with tarfile.open(fileobj=stream, mode=mode, format=tarfile.PAX_FORMAT) as tar:
        yield ArchiveWriter(tar, spool)


def read_members(stream: IO[bytes]) -> Iterator[Member]:
    """The members of an archive, in order, but for its digests; these are checked at the end.

    Whoever reads has to read on until the end before trusting any of it: a member is known to be
    whole only then. What is left unread of a member is read here.

    Raises:
        BackupError: it is no backup, was cut off, changed, or holds a path that leads out of it.
    """
    seen: dict[str, tuple[str, int, int]] = {}
    try:
        with tarfile.open(fileobj=stream, mode="r|*") as tar:
            for info in tar:
                content = tar.extractfile(info) if info.isreg() else None
                if content is None or not is_inside(info.name):
                    raise _damaged(f"it holds {info.name!r}, which no backup of Kiyome does")
                if info.name == DIGESTS:
                    _compare(seen, content.read(_MOST_TEXT))
                    return
                if info.name in seen:
                    raise _damaged(f"it holds {info.name!r} twice")
                if not seen and info.name != DESCRIPTION:
                    raise _damaged("it does not begin like a backup of Kiyome")
                hashed = _Unpacked(content)
                yield Member(info.name, info.mode & 0o777, info.size, hashed)  # type: ignore[arg-type]
                while hashed.read(_CHUNK):
                    pass
                seen[info.name] = (hashed.digest, info.size, info.mode)
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise _damaged(f"it cannot be read to its end ({error})") from error
    raise _damaged("it was cut off")


def read_description(data: bytes) -> Description:
    """What a backup says of itself.

    Raises:
        BackupError: it is of another format.
    """
    try:
        found = json.loads(data)
        if found["format"] != FORMAT:
            raise BackupError(
                f"The backup has the format {found['format']!r}; this Kiyome reads {FORMAT}.",
                "Restore it with the Kiyome that made it, or with a newer one.",
            )
        return Description(**{each.name: found[each.name] for each in fields(Description)})
    except (ValueError, KeyError, TypeError) as error:
        raise _damaged("what it says of itself cannot be read") from error


def write_description(description: Description) -> bytes:
    """The first member."""
    return json.dumps(asdict(description), indent=2, sort_keys=True).encode() + b"\n"


def _compare(seen: dict[str, tuple[str, int, int]], data: bytes) -> None:
    try:
        listed = json.loads(data).items()
        wanted = {name: (str(sha), int(size), int(mode)) for name, (sha, size, mode) in listed}
    except (ValueError, TypeError, AttributeError) as error:
        raise _damaged("its digests cannot be read") from error
    different = sorted(
        name for name in seen.keys() | wanted.keys() if seen.get(name) != wanted.get(name)
    )
    if different:
        raise _damaged(f"{different[0]!r} is not what was put into it")


def _damaged(what: str) -> BackupError:
    return BackupError(f"The backup cannot be used: {what}.", "Take another backup.")
