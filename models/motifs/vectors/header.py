"""What the file of an index says of itself, in its first bytes."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from pydantic import TypeAdapter, ValidationError

from models.canonical import canonical_json
from models.errors import RegisterError
from models.motifs.vectors.kinds import Kind

FORMAT: Final = 1
SEAL: Final = 32
"""Bytes of a SHA-256."""

_MAGIC = b"kiyome vectors\n\0"
_LONGEST_HEADER = 64 * 1024
_CHUNK = 1024**2


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself.

    Attributes:
        format: of the file.
        byte_order: of its numbers: little or big.
        encoder: fingerprint of the encoder that made the vectors.
        version: of the register that they stand for.
        kind: see ``models.motifs.vectors.kinds``.
        dimension: numbers in a vector.
        count: vectors.
        cells: cells, 0 for the exact kinds.
        probes: cells that are searched for a query.
        recall: of the 10 best, measured when it was built; 1 for the exact kinds.
        note: why it is of this kind.
        front: SHA-256 of everything between the header and the rows.
    """

    format: int
    byte_order: str
    encoder: str
    version: str
    kind: Kind
    dimension: int
    count: int
    cells: int
    probes: int
    recall: float
    note: str
    front: str

    @property
    def half(self) -> bool:
        """Whether the vectors are kept in float16."""
        return self.kind != "exact"

    @property
    def row_bytes(self) -> int:
        """Size of a row."""
        return self.dimension * (2 if self.half else 4)

    @property
    def chunk_rows(self) -> int:
        """Rows under one seal."""
        return max(1, _CHUNK // self.row_bytes)

    @property
    def chunks(self) -> int:
        """How many seals the rows have."""
        return -(-self.count // self.chunk_rows)

    @property
    def sizes(self) -> tuple[int, int, int, int]:
        """Bytes of the seals, the centroids, the offsets and the ids."""
        offsets = 8 * (self.cells + 1) if self.cells else 0
        return (
            SEAL * self.chunks,
            4 * self.cells * self.dimension,
            offsets,
            8 * self.count,
        )


_HEADERS: TypeAdapter[Header] = TypeAdapter(Header)


def head_of(header: Header) -> bytes:
    """The first bytes of the file, with their seal."""
    told = canonical_json(asdict(header))
    head = _MAGIC + len(told).to_bytes(4, "little") + told
    return head + hashlib.sha256(head).digest()


def parse_header(path: Path, file: BinaryIO) -> tuple[Header, int]:
    """Read the header, and say where it ends.

    Raises:
        RegisterError: it is damaged, of another format or from a machine of another byte order.
    """
    head = file.read(len(_MAGIC) + 4)
    length = int.from_bytes(head[len(_MAGIC) :], "little")
    if not head.startswith(_MAGIC) or len(head) < len(_MAGIC) + 4 or length > _LONGEST_HEADER:
        raise damaged(path, "it does not begin like one")
    told, seal = file.read(length), file.read(SEAL)
    if len(seal) < SEAL or hashlib.sha256(head + told).digest() != seal:
        raise damaged(path, "its header is not the one that was written")
    remedy = "Delete it; the next run makes it again."
    # The seal holds, so that this is JSON that we or a later version wrote.
    known: dict[str, Any] = json.loads(told)
    if known.get("format") != FORMAT:
        raise RegisterError(
            f"The vector index {path} has the format {known.get('format')}, not {FORMAT}.", remedy
        )
    if known.get("byte_order") != sys.byteorder:
        raise RegisterError(
            f"The vector index {path} was written on a machine of another byte order.", remedy
        )
    try:
        header = _HEADERS.validate_json(told, strict=True)
    except ValidationError as error:
        raise damaged(path, "its header cannot be read") from error
    if header.dimension < 1 or min(header.count, header.cells, header.probes) < 0:
        raise damaged(path, "its header cannot be true")
    return header, len(head) + length + SEAL


def damaged(path: Path, how: str) -> RegisterError:
    """The error for a file that is not what was written."""
    return RegisterError(
        f"The vector index {path} is damaged: {how}.", "Delete it; the next run makes it again."
    )
