"""The size of a re-encoded copy, from the first bytes of its file: no decoder is needed for it."""

from __future__ import annotations

from pathlib import Path

_HEAD = 30


def read_webp_size(path: Path) -> tuple[int, int] | None:
    """Width and height in pixels; None where the file is missing or no WebP.

    The three layouts are those of the WebP container specification (RFC 9649, section 2).
    """
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError:
        return None
    if len(head) < _HEAD or head[:4] != b"RIFF" or head[8:12] != b"WEBP":
        return None
    match head[12:16]:
        case b"VP8 " if head[23:26] == b"\x9d\x01\x2a":
            size = _read(head, 26, 2) & 0x3FFF, _read(head, 28, 2) & 0x3FFF
        case b"VP8L" if head[20] == 0x2F:
            bits = _read(head, 21, 4)
            size = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            size = _read(head, 24, 3) + 1, _read(head, 27, 3) + 1
        case _:
            return None
    return size if min(size) > 0 else None


def _read(head: bytes, at: int, count: int) -> int:
    return int.from_bytes(head[at : at + count], "little")
