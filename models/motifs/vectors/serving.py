"""Where the register's vectors are searched: in memory, in files of a folder, or in a database."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from models.motifs.vectors.live import LiveIndex
from models.motifs.vectors.opening import open_or_build
from models.motifs.vectors.protocol import Identity, Searched, Vectors

IN_MEMORY: Final = 20_000
"""Vectors up to which an index is made anew in every process, which takes no time."""

Opener = Callable[[str, Vectors], Searched]
"""Makes rows searchable, by the name of what they are, such as views or parts."""


def in_memory(_what: str, vectors: Vectors) -> Searched:
    """Search them in the memory of this process."""
    index = LiveIndex(vectors.shape[1])
    index.add(np.arange(len(vectors), dtype=np.int64), vectors)
    return index


def in_files(folder: Path, identity: Identity) -> Opener:
    """Search few in memory, and many in a file that is made where there is none that fits."""

    def open_vectors(what: str, vectors: Vectors) -> Searched:
        if len(vectors) <= IN_MEMORY:
            return in_memory(what, vectors)
        ids = np.arange(len(vectors), dtype=np.int64)
        # Views and parts come from one register: neither file may stand in for the other.
        own = Identity(identity.encoder, f"{what} of {identity.version}")
        return open_or_build(folder / f"motif-{what}.vectors", own, lambda: (ids, vectors)).index

    return open_vectors


def in_database(url: str, identity: Identity) -> Opener:
    """Search them in PostgreSQL with pgvector; see ``SharedIndex`` for what opening raises."""

    def open_vectors(what: str, vectors: Vectors) -> Searched:
        from models.motifs.vectors.shared import SharedIndex

        own = Identity(f"{what} by {identity.encoder}", identity.version)
        return SharedIndex(url, own, vectors)

    return open_vectors
