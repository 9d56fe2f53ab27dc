"""Finding XMP packets where each image format keeps them.

XMP specification part 3: JPEG APP1 (with extended XMP), PNG iTXt, WebP chunk, TIFF tag 700, GIF
application extension. ImageMagick's raw profile in PNG text chunks is read as well.
"""

from __future__ import annotations

import binascii
import re
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

MAX_PACKET_BYTES = 16 * 1024**2
MAX_PACKETS = 64

_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_JPEG_EXTENDED = b"http://ns.adobe.com/xmp/extension/\0"
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_KEYWORD = b"XML:com.adobe.xmp"
_PNG_RAW_PROFILES = (b"Raw profile type xmp", b"Raw profile type XMP")
_GIF_HEADER = b"\x21\xff\x0bXMP DataXMP"
_GIF_TRAILER = b"\x01\xff\xfe\xfd"
_TIFF_XMP_TAG = 700
_MAX_TIFF_FOLDERS = 64


@dataclass(frozen=True, slots=True)
class Packet:
    """One XMP packet as it stood in the file.

    Attributes:
        data: its bytes, decompressed.
        place: where it stood, for a reader.
        problem: why it is not whole; empty where it is.
    """

    data: bytes
    place: str
    problem: str = ""


def find_packets(data: bytes) -> tuple[Packet, ...]:
    """Every XMP packet of an image, at the places that its format gives.

    A packet that is cut short or cannot be decompressed is returned with what was left of it and
    a problem; nothing is raised.
    """
    if data.startswith(b"\xff\xd8"):
        found = _in_jpeg(data)
    elif data.startswith(_PNG_SIGNATURE):
        found = _in_png(data)
    elif data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        found = _in_webp(data)
    elif data[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        found = _in_tiff(data)
    elif data[:4] == b"GIF8":
        found = _in_gif(data)
    else:
        found = iter(())
    packets: list[Packet] = []
    for packet in found:
        if len(packets) == MAX_PACKETS:
            packets.append(Packet(b"", "the file", f"it holds more than {MAX_PACKETS} packets"))
            break
        packets.append(packet)
    return tuple(packets)


def _in_jpeg(data: bytes) -> Iterator[Packet]:
    extended: dict[bytes, list[tuple[int, int, bytes]]] = {}
    for marker, start, length in _jpeg_segments(data):
        if marker != 0xE1:
            continue
        body = data[start : start + length]
        problem = "" if len(body) == length else "the file ends inside it"
        if body.startswith(_JPEG_XMP):
            yield Packet(body[len(_JPEG_XMP) :], "APP1", problem)
        elif body.startswith(_JPEG_EXTENDED):
            head = body[len(_JPEG_EXTENDED) : len(_JPEG_EXTENDED) + 40]
            if len(head) < 40:
                yield Packet(b"", "extended APP1", "the file ends inside it")
                continue
            total, offset = struct.unpack(">II", head[32:])
            part = body[len(_JPEG_EXTENDED) + 40 :]
            extended.setdefault(head[:32], []).append((total, offset, part))
    for parts in extended.values():
        yield _joined(parts)


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and length of the body of each segment before the first scan."""
    position = 2
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            return
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker in (0xDA, 0xD9):
            return
        if marker == 0x01 or 0xD0 <= marker <= 0xD7:
            position += 2
            continue
        length = int.from_bytes(data[position + 2 : position + 4], "big")
        if length < 2:
            return
        yield marker, position + 4, length - 2
        position += 2 + length


def _joined(parts: list[tuple[int, int, bytes]]) -> Packet:
    """Extended XMP from its portions, which may stand in any order."""
    whole = bytearray()
    for _, offset, part in sorted(parts, key=lambda item: item[1]):
        if offset != len(whole) or len(whole) + len(part) > MAX_PACKET_BYTES:
            return Packet(bytes(whole), "extended APP1", "a portion is missing or stands twice")
        whole += part
    totals = {total for total, _, _ in parts}
    complete = totals == {len(whole)}
    return Packet(bytes(whole), "extended APP1", "" if complete else "a portion is missing")


def _in_png(data: bytes) -> Iterator[Packet]:
    position = len(_PNG_SIGNATURE)
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        kind = data[position + 4 : position + 8]
        start = position + 8
        if kind in (b"iTXt", b"zTXt", b"tEXt"):
            body = data[start : start + length]
            problem = "" if len(body) == length else "the file ends inside it"
            keyword, _, rest = body[:4096].partition(b"\0")
            rest = body[len(keyword) + 1 :]
            if kind == b"iTXt" and keyword.strip().lower() == _PNG_KEYWORD.lower():
                yield _international_text(rest, problem)
            elif keyword in _PNG_RAW_PROFILES and kind != b"iTXt":
                yield _raw_profile(rest, kind == b"zTXt", problem)
        elif kind == b"IEND":
            return
        position = start + length + 4


def _international_text(rest: bytes, problem: str) -> Packet:
    """PNG 11.3.3.4: compression flag, method, language, translated keyword, then the text."""
    fields = rest[2:].split(b"\0", 2)
    if len(rest) < 2 or len(fields) < 3:
        return Packet(rest, "iTXt", problem or "its fields are not those of an iTXt chunk")
    text = fields[2]
    if rest[0] == 0:
        return Packet(text, "iTXt", problem)
    text, trouble = _inflate(text)
    return Packet(text, "iTXt", problem or trouble)


def _raw_profile(rest: bytes, compressed: bool, problem: str) -> Packet:
    text, trouble = _inflate(rest[1:]) if compressed else (rest, "")
    match = re.match(rb"\s*\w+\s+\d+\s+([0-9a-fA-F\s]*)", text)
    try:
        profile = binascii.unhexlify(re.sub(rb"\s", b"", match[1])) if match else b""
    except binascii.Error:
        profile, trouble = text, "it is not hexadecimal"
    return Packet(profile, "raw profile", problem or trouble)


def _inflate(data: bytes) -> tuple[bytes, str]:
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(data, MAX_PACKET_BYTES)
    except zlib.error as error:
        return b"", f"it cannot be decompressed: {error}"
    if stream.unconsumed_tail:
        return text, f"it is larger than {MAX_PACKET_BYTES:,} bytes"
    return text, "" if stream.eof else "its compressed data ends too early"


def _in_webp(data: bytes) -> Iterator[Packet]:
    position = 12
    while position + 8 <= len(data):
        kind = data[position : position + 4]
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        if kind.upper() == b"XMP ":
            body = data[position + 8 : position + 8 + length]
            yield Packet(
                body, "XMP chunk", "" if len(body) == length else "the file ends inside it"
            )
        position += 8 + length + (length & 1)


def _in_gif(data: bytes) -> Iterator[Packet]:
    """The packet stands in the clear, not in sub-blocks: it ends where the magic trailer starts."""
    position = 0
    while (start := data.find(_GIF_HEADER, position)) >= 0:
        start += len(_GIF_HEADER)
        end = data.find(_GIF_TRAILER, start)
        if end < 0:
            yield Packet(data[start:], "application extension", "it has no end")
            return
        yield Packet(data[start:end], "application extension")
        position = end


def _in_tiff(data: bytes) -> Iterator[Packet]:
    order = "<" if data[:2] == b"II" else ">"
    big = data[2:4] in (b"+\0", b"\0+")
    pointer, entry, counter = ("Q", 20, "Q") if big else ("I", 12, "H")
    width = struct.calcsize(pointer)
    try:
        (folder,) = struct.unpack_from(order + pointer, data, 8 if big else 4)
        for _ in range(_MAX_TIFF_FOLDERS):
            if not folder:
                return
            (count,) = struct.unpack_from(order + counter, data, folder)
            first = folder + struct.calcsize(counter)
            if count * entry > len(data):
                return
            for index in range(count):
                at = first + index * entry
                tag, _, length = struct.unpack_from(order + "HH" + pointer, data, at)
                if tag != _TIFF_XMP_TAG:
                    continue
                value_at = at + 4 + width
                start = value_at
                if length > width:
                    (start,) = struct.unpack_from(order + pointer, data, value_at)
                body = data[start : start + length]
                problem = "" if len(body) == length else "the file ends inside it"
                yield Packet(body, "tag 700", problem)
            (folder,) = struct.unpack_from(order + pointer, data, first + count * entry)
    except struct.error:
        return
