"""MurmurHash3 x64, the first 64 bits: how sharded UnixFS directories place names."""

from __future__ import annotations

_MASK = 2**64 - 1
_C1 = 0x87C37B91114253D5
_C2 = 0x4CF5AD432745937F


def hash_name(name: bytes) -> int:
    """murmur3-x64-64 with seed 0, as an unsigned number whose highest bits are used first."""
    h1 = h2 = 0
    whole = len(name) & ~15
    for at in range(0, whole, 16):
        h1 ^= _mix_first(int.from_bytes(name[at : at + 8], "little"))
        h1 = (_rotate(h1, 27) + h2) * 5 + 0x52DCE729 & _MASK
        h2 ^= _mix_second(int.from_bytes(name[at + 8 : at + 16], "little"))
        h2 = (_rotate(h2, 31) + h1) * 5 + 0x38495AB5 & _MASK
    tail = name[whole:]
    h2 ^= _mix_second(int.from_bytes(tail[8:], "little"))
    h1 ^= _mix_first(int.from_bytes(tail[:8], "little"))
    h1 ^= len(name)
    h2 ^= len(name)
    h1 = h1 + h2 & _MASK
    h2 = h2 + h1 & _MASK
    return _finish(h1) + _finish(h2) & _MASK


def _mix_first(word: int) -> int:
    return _rotate(word * _C1 & _MASK, 31) * _C2 & _MASK


def _mix_second(word: int) -> int:
    return _rotate(word * _C2 & _MASK, 33) * _C1 & _MASK


def _rotate(word: int, bits: int) -> int:
    return (word << bits | word >> (64 - bits)) & _MASK


def _finish(word: int) -> int:
    word ^= word >> 33
    word = word * 0xFF51AFD7ED558CCD & _MASK
    word ^= word >> 33
    word = word * 0xC4CEB9FE1A85EC53 & _MASK
    return word ^ word >> 33
