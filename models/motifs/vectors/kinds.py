"""Which kind of index suits how many vectors."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["exact", "exact_half", "cells_half"]

EXACT_UP_TO: Final = 200_000
"""Vectors up to which every one is compared: about 1 ms of processor time a query per 100,000."""

PLAIN_UP_TO: Final = 256 * 1024**2
"""Bytes up to which vectors are kept in full precision, which spares the widening."""

_MAP_OVERHEAD: Final = 8


@dataclass(frozen=True, slots=True)
class Choice:
    """What was chosen, and why.

    Attributes:
        kind: ``exact`` compares all, in float32; ``exact_half`` all, kept in float16;
            ``cells_half`` the nearest cells of a clustering, kept in float16.
        cells: how many cells; 0 for the exact kinds.
        bytes: size of the vectors and their ids.
        reason: one sentence for a person.
    """

    kind: Kind
    cells: int
    bytes: int
    reason: str


def choose_kind(count: int, dimension: int, memory: int) -> Choice:
    """Choose by size.

    Args:
        count: vectors.
        dimension: numbers in each.
        memory: bytes that the index may keep in memory.

    Raises:
        ValueError: an argument is negative, or the dimension is 0.
    """
    if count < 0 or dimension < 1 or memory < 0:
        raise ValueError(f"no index for {count} x {dimension} in {memory} bytes")
    plain, half = (count * (width * dimension + _MAP_OVERHEAD) for width in (4, 2))
    if count <= EXACT_UP_TO and plain <= min(PLAIN_UP_TO, memory):
        return Choice("exact", 0, plain, f"{count:,} vectors are few: all are compared.")
    if count <= EXACT_UP_TO and half <= memory:
        reason = f"{count:,} vectors are few enough to compare all; half precision halves them."
        return Choice("exact_half", 0, half, reason)
    cells = cells_for(count)
    if count > EXACT_UP_TO:
        why = f"{count:,} vectors are more than the {EXACT_UP_TO:,} up to which all are compared"
    else:
        why = f"{half:,} bytes of vectors do not fit into {memory:,}"
    return Choice("cells_half", cells, half, f"{why}: only the nearest of {cells:,} cells are.")


def cells_for(count: int) -> int:
    """Cells for so many vectors: twice the square root, and at least one."""
    return max(1, min(count, 2 * math.isqrt(count)))
