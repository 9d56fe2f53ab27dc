"""The file of an index: written whole or not at all, sealed throughout, searched where it lies.

    magic, 16 bytes | length of the header, 4 bytes | header, JSON | its SHA-256, 32 bytes
    seals of the rows, a SHA-256 for each chunk | centroids | offsets | ids | rows

Everything before the rows is read and checked when the file is opened. The rows are mapped; each
chunk is checked when it is first read, so that a million vectors open at once and no byte is used
unseen. Small files are read into memory and checked at once. A reader keeps what it has mapped
when the file is replaced, because replacing is a rename. Cutting a mapped file short in place
would kill its readers: nothing here does that, and a file that is cut short is refused before it
is mapped.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
import numpy.typing as npt

from models.errors import EncoderError, RegisterError, WorkspaceError
from models.failpoints import reach
from models.motifs.vectors.building import Built
from models.motifs.vectors.cells import Cells
from models.motifs.vectors.exact import Positions
from models.motifs.vectors.header import FORMAT, SEAL, Header, damaged, head_of, parse_header
from models.motifs.vectors.products import Stored
from models.motifs.vectors.protocol import Identity
from models.motifs.vectors.segments import Segment

COPIED_UP_TO: Final = 32 * 1024**2
"""Bytes of rows up to which a file is read into memory instead of mapped."""

UNFINISHED: Final = ".new"
"""How the name of a file that is being written ends."""

_ALIGNED = 64
_BLANK = "0" * 64


class SealedRows:
    """The rows of a file, each chunk of which is checked when it is first read."""

    def __init__(
        self, path: Path, matrix: Stored, chunk_rows: int, seals: npt.NDArray[np.uint8]
    ) -> None:
        self._path = path
        self._matrix = matrix
        self._chunk_rows = chunk_rows
        self._seals = seals
        # Two threads may both check a chunk: they find the same.
        self._sound = np.zeros(len(seals), np.bool_)

    def __len__(self) -> int:
        return len(self._matrix)

    def read(self, start: int, stop: int) -> Stored:
        """The rows from start up to stop, where they lie.

        Raises:
            RegisterError: they are not what was written.
        """
        if start < stop:
            first, last = start // self._chunk_rows, (stop - 1) // self._chunk_rows
            if not self._sound[first : last + 1].all():
                self._check(np.arange(first, last + 1))
        return self._matrix[start:stop]

    def take(self, positions: Positions) -> Stored:
        """A copy of these rows.

        Raises:
            RegisterError: they are not what was written.
        """
        chunks = positions // self._chunk_rows
        if not self._sound[chunks].all():
            self._check(np.unique(chunks))
        return self._matrix[positions]

    def check(self) -> None:
        """Check all of them now.

        Raises:
            RegisterError: they are not what was written.
        """
        self._check(np.arange(len(self._seals)))

    def _check(self, chunks: npt.NDArray[np.int64]) -> None:
        for chunk in chunks[~self._sound[chunks]].tolist():
            rows = self._matrix[chunk * self._chunk_rows : (chunk + 1) * self._chunk_rows]
            if _seal_of(rows) != self._seals[chunk].tobytes():
                raise damaged(self._path, "its vectors are not those that were written")
            self._sound[chunk] = True


def write_index(path: Path, identity: Identity, built: Built) -> None:
    """Write an index beside ``path``, then put it there.

    Args:
        path: where it goes; its folder is made.
        identity: whose vectors they are.
        built: the index.

    Raises:
        WorkspaceError: the folder cannot be written or the disk is full; what was at ``path``
            is there still.
    """
    count, dimension = built.vectors.shape
    blank = Header(
        format=FORMAT,
        byte_order=sys.byteorder,
        encoder=identity.encoder,
        version=identity.version,
        kind=built.kind,
        dimension=dimension,
        count=count,
        cells=len(built.cells) if built.cells else 0,
        probes=built.probes,
        recall=built.recall,
        note=built.note,
        front=_BLANK,
    )
    front = _front_of(blank, built)
    header = replace(blank, front=hashlib.sha256(front).hexdigest())
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(UNFINISHED, temporary_prefix(path), path.parent)
        temporary = Path(name)
        try:
            with os.fdopen(handle, "wb") as file:
                _write(file, header, front, built.vectors)
            temporary.chmod(0o644)
            reach("vectors.written")
            temporary.replace(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        _sync_folder(path.parent)
    except OSError as error:
        raise WorkspaceError(
            f"The vector index cannot be kept in {path.parent}: {error.strerror or error}.",
            "Free some disk space or make the folder writable, then run again.",
        ) from error


def temporary_prefix(path: Path) -> str:
    """How the names of unfinished files for ``path`` begin."""
    return f".{path.name}."


def read_header(path: Path) -> Header:
    """What the file at ``path`` says of itself.

    Raises:
        RegisterError: there is none, or its beginning is damaged or of another format.
    """
    with _open(path) as file:
        return parse_header(path, file)[0]


def open_index(path: Path, identity: Identity) -> tuple[Header, Segment]:
    """Open an index for searching.

    Raises:
        RegisterError: there is none; it is damaged, cut short, of another register version, of
            another format or from a machine of another byte order.
        EncoderError: its vectors were made by another encoder.
    """
    with _open(path) as file:
        header, end = parse_header(path, file)
        _check_identity(path, header, identity)
        sizes = header.sizes
        rows_at = _aligned(end + sum(sizes))
        wanted = rows_at + header.count * header.row_bytes
        there = os.fstat(file.fileno()).st_size
        if there != wanted:
            raise damaged(path, f"it has {there:,} bytes instead of {wanted:,}")
        front = file.read(rows_at - end)
        if hashlib.sha256(front).hexdigest() != header.front:
            raise damaged(path, "its seals, cells or ids are not those that were written")
        matrix = _rows_of(path, file, header, rows_at)
    starts = np.cumsum((0, *sizes)).tolist()
    seals, centroids, offsets, ids = (front[start:stop] for start, stop in pairwise(starts))
    rows = SealedRows(
        path, matrix, header.chunk_rows, np.frombuffer(seals, np.uint8).reshape(-1, SEAL)
    )
    if matrix.nbytes <= COPIED_UP_TO:
        rows.check()
    cells = None
    if header.cells:
        shaped = np.frombuffer(centroids, np.float32).reshape(header.cells, header.dimension)
        cells = Cells(shaped, np.frombuffer(offsets, np.int64))
        if np.any(np.diff(cells.offsets, prepend=0, append=header.count) < 0):
            raise damaged(path, "its cells do not cover its vectors")
    numbers = np.frombuffer(ids, np.int64)
    return header, Segment(rows, numbers, header.half, cells, header.probes)


def _front_of(header: Header, built: Built) -> bytes:
    parts = [_seal_of(chunk) for chunk in _chunks_of(header, built.vectors)]
    if built.cells:
        parts += [built.cells.centroids.tobytes(), built.cells.offsets.tobytes()]
    front = b"".join([*parts, built.ids.tobytes()])
    end = len(head_of(header)) + len(front)
    return front + bytes(_aligned(end) - end)


def _chunks_of(header: Header, vectors: Stored) -> Iterator[Stored]:
    for start in range(0, header.count, header.chunk_rows):
        yield vectors[start : start + header.chunk_rows]


def _write(file: BinaryIO, header: Header, front: bytes, vectors: Stored) -> None:
    file.write(head_of(header))
    file.write(front)
    for chunk in _chunks_of(header, vectors):
        file.write(np.ascontiguousarray(chunk).data.cast("B"))
        reach("vectors.writing")
    file.flush()
    os.fsync(file.fileno())


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _open(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except OSError as error:
        raise RegisterError(
            f"The vector index {path} cannot be read: {error.strerror or error}.",
            "Build it, or make the file readable.",
        ) from error


def _check_identity(path: Path, header: Header, identity: Identity) -> None:
    if header.encoder != identity.encoder:
        raise EncoderError(
            f"The vectors in {path} were made by another encoder.",
            "Build the index again with the encoder of the settings.",
        )
    if header.version != identity.version:
        raise RegisterError(
            f"The vector index {path} is of register version {header.version!r}, "
            f"not {identity.version!r}.",
            "Build the index again from the register as it is.",
        )


def _rows_of(path: Path, file: BinaryIO, header: Header, start: int) -> Stored:
    kind = np.dtype(np.float16 if header.half else np.float32)
    shape = (header.count, header.dimension)
    size = header.count * header.row_bytes
    try:
        if size <= COPIED_UP_TO:
            file.seek(start)
            return np.frombuffer(file.read(size), kind).reshape(shape)
        return np.memmap(file, kind, mode="r", offset=start, shape=shape)
    except ValueError as error:
        raise damaged(path, "it was cut short while it was opened") from error


def _seal_of(rows: Stored) -> bytes:
    return hashlib.sha256(np.ascontiguousarray(rows).data.cast("B")).digest()


def _aligned(position: int) -> int:
    return -(-position // _ALIGNED) * _ALIGNED
