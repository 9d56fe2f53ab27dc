"""Reading the original bytes of a location, whole, or saying why that cannot be done."""

from __future__ import annotations

import errno
import os
import re
import stat
from typing import Any, BinaryIO
from urllib.parse import quote_from_bytes, unquote_to_bytes

import fsspec

from models.assets.asset import Location
from models.assets.faults import FaultError
from models.reasons import Reason

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_LOCAL_SCHEMES = frozenset({"file://", "local://"})
_WHAT_TO_DO = {
    errno.ENOENT: "there is no such file",
    errno.EACCES: "permission denied: make it readable for the user that runs Kiyome",
    errno.EPERM: "permission denied: make it readable for the user that runs Kiyome",
    errno.EISDIR: "it is a folder, not a file",
    errno.ENXIO: "it is a socket or a device, not a file",
    errno.ENOTDIR: "a part of its path is a file, not a folder",
    errno.ELOOP: "its symbolic links go round in a circle",
    errno.ENAMETOOLONG: "its name is longer than the file system allows",
    errno.EIO: "the disk reports an input/output error",
    errno.ESTALE: "the network file system lost it: mount it again",
    errno.EMFILE: "too many files are open: raise `ulimit -n`",
    errno.ENFILE: "too many files are open on this machine",
}


def local_path(uri: str) -> bytes | None:
    """The local path that a location's ``uri`` means, as the file system's own bytes.

    None where the URI belongs to another file system (an fsspec URL).
    """
    if (scheme := _URL.match(uri)) is None:
        return os.fsencode(uri)
    if scheme[0].lower() not in _LOCAL_SCHEMES:
        return None
    return unquote_to_bytes(uri[scheme.end() :].removeprefix("localhost"))


def path_uri(path: bytes) -> str:
    """The ``uri`` of an absolute local path: itself, or ``file://`` where it is not UTF-8."""
    try:
        text = path.decode("utf-8")
    except UnicodeDecodeError:
        return "file://" + quote_from_bytes(path)
    return text


def read_location(location: Location, max_bytes: int) -> bytes:
    """Read the bytes of a file, of a member of a tar, or behind an fsspec URL.

    Args:
        location: where the bytes lie.
        max_bytes: more than this many bytes are not read.

    Raises:
        FaultError: IMAGE_MISSING where nothing can be opened, IMAGE_EMPTY for zero bytes,
            FILE_TOO_LARGE past ``max_bytes``, IMAGE_DAMAGED where a tar ends inside the member.
    """
    if location.offset is not None and min(location.offset, location.size) < 0:
        raise FaultError(
            Reason.IMAGE_MISSING, f"{location.name}: the tar does not say where the member lies"
        )
    path = local_path(location.uri)
    if path is None:
        data = _read_remote(location, max_bytes)
    else:
        data = _read_local(location, path, max_bytes)
    if not data:
        raise FaultError(Reason.IMAGE_EMPTY, f"{location.name}: the file has zero bytes")
    if location.offset is not None and len(data) < location.size:
        raise FaultError(
            Reason.IMAGE_DAMAGED,
            f"{location.name}: the tar ends after {len(data)} of the member's "
            f"{location.size} bytes; fetch the tar again",
        )
    return data


def explain_os_error(error: OSError) -> str:
    """What an ``OSError`` means to a person who can do something about it."""
    known = _WHAT_TO_DO.get(error.errno or 0)
    return known or error.strerror or str(error) or type(error).__name__


def open_regular(path: bytes | str) -> BinaryIO:
    """Open a regular file for reading.

    Raises:
        OSError: it cannot be opened, or is a folder, a pipe, a socket or a device.
    """
    # O_NONBLOCK: opening a named pipe that nobody writes to would wait for ever.
    handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    mode = os.fstat(handle).st_mode
    if not stat.S_ISREG(mode):
        os.close(handle)
        raise OSError(f"it is {_kind_of(mode)}")
    return open(handle, "rb")


def _read_local(location: Location, path: bytes, max_bytes: int) -> bytes:
    try:
        with open_regular(path) as file:
            length = os.fstat(file.fileno()).st_size if location.offset is None else location.size
            _check_length(location, length, max_bytes)
            file.seek(location.offset or 0)
            # One byte more than expected shows a file that grew while it was being read.
            data = file.read(length if location.offset is not None else length + 1)
    except OSError as error:
        raise FaultError(
            Reason.IMAGE_MISSING, f"{location.name}: {explain_os_error(error)}"
        ) from error
    except ValueError as error:  # a zero byte inside the path
        raise FaultError(Reason.IMAGE_MISSING, f"{location.name}: {error}") from error
    _check_length(location, len(data), max_bytes)
    return data


def _read_remote(location: Location, max_bytes: int) -> bytes:
    if location.offset is not None:
        _check_length(location, location.size, max_bytes)
        start, end = location.offset, location.offset + location.size
    else:
        start, end = 0, max_bytes + 1
    try:
        _refuse_special_files(location.uri)
        system, path = fsspec.core.url_to_fs(location.uri)
        data = _fetch(system, path, start, end)
    except FileNotFoundError as error:
        raise FaultError(
            Reason.IMAGE_MISSING, f"{location.name}: there is nothing at {location.uri}"
        ) from error
    except OSError as error:
        raise FaultError(
            Reason.IMAGE_MISSING, f"{location.name}: {explain_os_error(error)} ({location.uri})"
        ) from error
    except Exception as error:  # every fsspec backend has exceptions of its own
        detail = f"{location.name}: {location.uri} cannot be read: {type(error).__name__}: {error}"
        raise FaultError(Reason.IMAGE_MISSING, detail[:500]) from error
    _check_length(location, len(data), max_bytes)
    return data


def _refuse_special_files(uri: str) -> None:
    """A chained URL may end at a local file, and a named pipe there would be waited for."""
    for link in uri.split("::")[1:]:
        path = local_path(link) if "/" in link else None
        if path is not None:
            open_regular(path).close()


def _fetch(system: Any, path: str, start: int, end: int) -> bytes:
    with system.open(path, "rb") as file:
        if start:
            file.seek(start)
        return bytes(file.read(end - start))


def _check_length(location: Location, length: int, max_bytes: int) -> None:
    if length > max_bytes:
        raise FaultError(
            Reason.FILE_TOO_LARGE,
            f"{location.name}: more than the {max_bytes:,} bytes that max_bytes allows",
        )


def _kind_of(mode: int) -> str:
    if stat.S_ISDIR(mode):
        return "a folder, not a file"
    if stat.S_ISFIFO(mode):
        return "a named pipe, not a file"
    if stat.S_ISSOCK(mode):
        return "a socket, not a file"
    return "a device, not a file"
