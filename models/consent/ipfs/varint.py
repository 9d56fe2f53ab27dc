"""Unsigned varints: 7 bits a byte, least significant first (multiformats/unsigned-varint)."""

from __future__ import annotations

_MAX_BYTES = 9  # the specification's limit: 63 bits


def read_varint(data: bytes | memoryview, at: int) -> tuple[int, int]:
    """The number that starts at ``at``, and where it ends.

    Raises:
        ValueError: it is cut short, longer than 9 bytes, or not in its shortest form.
    """
    value = 0
    for count in range(_MAX_BYTES):
        if at + count >= len(data):
            raise ValueError("a number is cut short")
        byte = data[at + count]
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            if byte == 0 and count:
                raise ValueError("a number is not in its shortest form")
            return value, at + count + 1
    raise ValueError("a number is longer than 9 bytes")


def write_varint(value: int) -> bytes:
    """``value`` (not negative) as a varint."""
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
