"""The list of an owner's positions in a batch, as it is sealed into the owner index."""

from __future__ import annotations

import sys
from array import array

_SEAL_BYTES = 16


def encode_places(places: array[int]) -> bytes:
    """Positions as u64 each, big-endian."""
    swapped = array("Q", places)
    if sys.byteorder == "little":
        swapped.byteswap()
    return swapped.tobytes()


def decode_places(data: bytes) -> array[int]:
    """What ``encode_places`` wrote.

    Raises:
        ValueError: the length is not a multiple of 8.
    """
    places = array("Q")
    places.frombytes(data)
    if sys.byteorder == "little":
        places.byteswap()
    return places


def count_places(sealed: bytes) -> int:
    """How many positions a sealed list holds, also once it was erased."""
    return max(0, len(sealed) - _SEAL_BYTES) // 8
