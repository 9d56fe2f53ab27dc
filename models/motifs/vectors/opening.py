"""Opening the index of a folder, or building it where there is none that fits."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy.typing as npt
from filelock import FileLock

from models.errors import EncoderError, RegisterError, WorkspaceError
from models.motifs.vectors.building import ASKED_RECALL, build
from models.motifs.vectors.header import Header
from models.motifs.vectors.kinds import choose_kind
from models.motifs.vectors.live import LiveIndex
from models.motifs.vectors.protocol import Identity, Vectors
from models.motifs.vectors.sealed import (
    UNFINISHED,
    open_index,
    temporary_prefix,
    write_index,
)

MEMORY: Final = 2 * 1024**3
"""Bytes that an index may keep in memory, unless it is said otherwise."""

Source = Callable[[], tuple[npt.NDArray[Any], npt.NDArray[Any]]]
"""Gives all ids and their vectors; called only where an index has to be built."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An index that was opened or built.

    Attributes:
        header: what its file says.
        index: ready to be searched and changed; changes stay in memory until ``save``.
    """

    header: Header
    index: LiveIndex


def open_existing(path: Path, identity: Identity) -> Opened:
    """Open an index that is there.

    Raises:
        RegisterError: there is none, it is damaged, or it is of another register version.
        EncoderError: its vectors were made by another encoder.
    """
    header, segment = open_index(path, identity)
    return Opened(header, LiveIndex(header.dimension, segment))


def open_or_build(
    path: Path,
    identity: Identity,
    source: Source,
    *,
    memory: int = MEMORY,
    queries: Vectors | None = None,
    recall: float = ASKED_RECALL,
) -> Opened:
    """Open the index at ``path``, or build it there if there is none that fits.

    While it is built the old file stays where it is: who has it open goes on searching it, and who
    opens it gets it whole. Of several processes that want to build, one does and the others wait.

    Args:
        path: of the index; a lock lies beside it.
        identity: whose vectors it must hold.
        source: gives the vectors.
        memory: bytes that it may keep in memory.
        queries: what the recall is measured with; some of the vectors, disturbed, if None.
        recall: asked of an approximate index.

    Raises:
        EncoderError: a vector cannot be compared with others.
        RegisterError: the ids cannot be used.
        WorkspaceError: the folder cannot be written.
    """
    if (opened := _try_opening(path, identity)) is not None:
        return opened
    with _only_builder(path):
        if (opened := _try_opening(path, identity)) is not None:
            return opened
        ids, vectors = source()
        _build_file(path, identity, ids, vectors, memory, queries, recall)
        return open_existing(path, identity)


def save(
    path: Path,
    identity: Identity,
    index: LiveIndex,
    *,
    memory: int = MEMORY,
    queries: Vectors | None = None,
    recall: float = ASKED_RECALL,
) -> Opened:
    """Build the index anew with all its changes, and write it.

    Args:
        path: where it goes.
        identity: whose vectors it holds now.
        index: what is written, as it is at this moment.
        memory: bytes that it may keep in memory.
        queries: what the recall is measured with; some of the vectors, disturbed, if None.
        recall: asked of an approximate index.

    Raises:
        WorkspaceError: the folder cannot be written; what was at ``path`` is there still.
        RegisterError: the file below the index is damaged.
    """
    ids, vectors = index.snapshot()
    with _only_builder(path):
        _build_file(path, identity, ids, vectors, memory, queries, recall)
        return open_existing(path, identity)


def _try_opening(path: Path, identity: Identity) -> Opened | None:
    with suppress(RegisterError, EncoderError):
        return open_existing(path, identity)
    return None


def _build_file(
    path: Path,
    identity: Identity,
    ids: npt.NDArray[Any],
    vectors: npt.NDArray[Any],
    memory: int,
    queries: Vectors | None,
    recall: float,
) -> None:
    count, dimension = vectors.shape
    choice = choose_kind(count, dimension, memory)
    built = build(ids, vectors, choice, queries=queries, recall=recall)
    write_index(path, identity, built)


def _remove_unfinished(path: Path) -> None:
    """Remove what a builder that was killed has left; no other is at work now."""
    for left in path.parent.iterdir():
        if left.name.startswith(temporary_prefix(path)) and left.name.endswith(UNFINISHED):
            left.unlink(missing_ok=True)


@contextmanager
def _only_builder(path: Path) -> Iterator[None]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock = FileLock(path.parent / f".{path.name}.lock")
        lock.acquire()
        _remove_unfinished(path)
    except OSError as error:
        raise WorkspaceError(
            f"The vector index cannot be kept in {path.parent}: {error.strerror or error}.",
            "Free some disk space or make the folder writable, then run again.",
        ) from error
    try:
        yield
    finally:
        lock.release()
