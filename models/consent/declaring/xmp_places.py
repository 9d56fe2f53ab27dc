"""Putting an XMP packet where an image format keeps it; every other byte stays as it is.

XMP specification part 3: JPEG APP1, PNG iTXt, WebP chunk, GIF application extension, TIFF tag 700.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator

from models.consent.carriers.xmp_packets import MAX_PACKET_BYTES
from models.consent.declaring.xmp_packet import fit_packet
from models.errors import KiyomeError

MakePacket = Callable[[bytes | None], bytes]
"""The packet to write, for the one that the file holds (None where it holds none)."""

_JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
_JPEG_MAX_PACKET = 0xFFFF - 2 - len(_JPEG_XMP)
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_PNG_KEYWORD = b"XML:com.adobe.xmp\0"
_GIF_START = b"\x21\xff\x0bXMP DataXMP"
# Read as sub-blocks, any byte of the packet leads into this tail, and the tail to the end.
_GIF_TAIL = b"\x01" + bytes(range(0xFF, -1, -1)) + b"\x00"
_GIF_LOOP = b"\x21\xff\x0bNETSCAPE2.0"
_WEBP_XMP_FLAG, _WEBP_ALPHA_FLAG = 0x04, 0x10
_TIFF_XMP_TAG = 700


def place_packet(data: bytes, make: MakePacket) -> bytes:
    """The file with its XMP packet replaced, or added where it holds none.

    Raises:
        KiyomeError: the format is not one of these five, the file is damaged, or the packet does
            not fit.
    """
    if data.startswith(b"\xff\xd8"):
        return _in_jpeg(data, make)
    if data.startswith(_PNG_SIGNATURE):
        return _in_png(data, make)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _in_webp(data, make)
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return _in_gif(data, make)
    if data[:4] in (b"II*\0", b"MM\0*"):
        return _in_tiff(data, make)
    raise KiyomeError(
        "XMP cannot be written into a file of this format.",
        "Give a JPEG, PNG, WebP, GIF or TIFF file (not BigTIFF).",
    )


def _in_jpeg(data: bytes, make: MakePacket) -> bytes:
    place = 2
    leading, has_index = True, False
    for marker, start, end in _jpeg_segments(data):
        body = data[start + 4 : end]
        if marker == 0xE1 and body.startswith(_JPEG_XMP):
            old = body[len(_JPEG_XMP) :]
            new = make(old)
            if has_index and len(new) != len(old):
                new = _fitted(new, len(old))
            return data[:start] + _jpeg_segment(new) + data[end:]
        # Multi-picture files count positions from their index: nothing behind it may move.
        has_index |= marker == 0xE2 and body.startswith(b"MPF\0")
        leading = leading and (marker == 0xE0 or (marker == 0xE1 and body.startswith(b"Exif\0")))
        if leading:
            place = end
    return data[:place] + _jpeg_segment(make(None)) + data[place:]


def _jpeg_segment(packet: bytes) -> bytes:
    if len(packet) > _JPEG_MAX_PACKET:
        packet = _fitted(packet, _JPEG_MAX_PACKET)
    body = _JPEG_XMP + packet
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _fitted(packet: bytes, size: int) -> bytes:
    fitted = fit_packet(packet, size)
    if fitted is None:
        raise KiyomeError(
            "The XMP of this JPEG has no room for the property.",
            "Shorten the XMP with the program that wrote it.",
        )
    return fitted


def _jpeg_segments(data: bytes) -> Iterator[tuple[int, int, int]]:
    """Marker, start and end of each segment before the first scan."""
    position = 2
    while True:
        if data[position : position + 1] != b"\xff" or position + 4 > len(data):
            raise _damaged("JPEG")
        marker = data[position + 1]
        if marker == 0xFF:
            position += 1
            continue
        if marker in (0xDA, 0xD9):
            return
        end = position + 2 + int.from_bytes(data[position + 2 : position + 4], "big")
        if marker < 0xC0 or 0xD0 <= marker <= 0xD8 or end < position + 4 or end > len(data):
            raise _damaged("JPEG")
        yield marker, position, end
        position = end


def _in_png(data: bytes, make: MakePacket) -> bytes:
    if data[12:16] != b"IHDR":
        raise _damaged("PNG")
    position = len(_PNG_SIGNATURE)
    while position < len(data):
        length, kind = struct.unpack(">I4s", data[position : position + 8].ljust(8, b"\0"))
        end = position + 12 + length
        if end > len(data):
            raise _damaged("PNG")
        body = data[position + 8 : end - 4]
        if kind == b"iTXt" and body.startswith(_PNG_KEYWORD):
            chunk = _png_chunk(make(_png_text(body[len(_PNG_KEYWORD) :])))
            return data[:position] + chunk + data[end:]
        if kind == b"IEND":
            header_end = len(_PNG_SIGNATURE) + 25
            return data[:header_end] + _png_chunk(make(None)) + data[header_end:]
        position = end
    raise _damaged("PNG")


def _png_text(rest: bytes) -> bytes:
    fields = rest[2:].split(b"\0", 2)
    if len(rest) < 2 or len(fields) < 3:
        raise _damaged("PNG")
    if rest[0] == 0:
        return fields[2]
    stream = zlib.decompressobj()
    try:
        text = stream.decompress(fields[2], MAX_PACKET_BYTES)
    except zlib.error as error:
        raise _damaged("PNG") from error
    if not stream.eof:
        raise _damaged("PNG")
    return text


def _png_chunk(packet: bytes) -> bytes:
    body = b"iTXt" + _PNG_KEYWORD + b"\0\0\0\0" + packet
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def _in_webp(data: bytes, make: MakePacket) -> bytes:
    riff_end = 8 + int.from_bytes(data[4:8], "little")
    if riff_end > len(data) or data[12:15] != b"VP8":
        raise _damaged("WebP")
    body, after = data[12:riff_end], data[riff_end:]
    position = 0
    while position + 8 <= len(body):
        kind = body[position : position + 4]
        length = int.from_bytes(body[position + 4 : position + 8], "little")
        end = position + 8 + length + (length & 1)
        if position + 8 + length > len(body):
            raise _damaged("WebP")
        if kind == b"XMP ":
            chunk = _webp_chunk(make(body[position + 8 : position + 8 + length]))
            return _webp(body[:position] + chunk + body[end:], after)
        position = end
    body = _webp_extended(body) + b"\0" * (len(body) & 1)
    return _webp(body + _webp_chunk(make(None)), after)


def _webp(body: bytes, after: bytes) -> bytes:
    if body[:4] == b"VP8X":
        body = body[:8] + bytes([body[8] | _WEBP_XMP_FLAG]) + body[9:]
    return b"RIFF" + struct.pack("<I", len(body) + 4) + b"WEBP" + body + after


def _webp_chunk(packet: bytes) -> bytes:
    return b"XMP " + struct.pack("<I", len(packet)) + packet + b"\0" * (len(packet) & 1)


def _webp_extended(body: bytes) -> bytes:
    """The chunks with an extended header, without which a WebP file holds no XMP."""
    if body[:4] == b"VP8X":
        if len(body) < 18:
            raise _damaged("WebP")
        return body
    flags = 0
    if body[:4] == b"VP8L" and len(body) >= 13 and body[8] == 0x2F:
        bits = int.from_bytes(body[9:13], "little")
        width, height = bits & 0x3FFF, bits >> 14 & 0x3FFF
        flags = _WEBP_ALPHA_FLAG if bits >> 28 & 1 else 0
    elif body[:4] == b"VP8 " and len(body) >= 18 and body[11:14] == b"\x9d\x01\x2a":
        width = (int.from_bytes(body[14:16], "little") & 0x3FFF) - 1
        height = (int.from_bytes(body[16:18], "little") & 0x3FFF) - 1
    else:
        raise _damaged("WebP")
    if width < 0 or height < 0:
        raise _damaged("WebP")
    size = width.to_bytes(3, "little") + height.to_bytes(3, "little")
    return b"VP8X" + struct.pack("<I", 10) + bytes([flags, 0, 0, 0]) + size + body


def _in_gif(data: bytes, make: MakePacket) -> bytes:
    start = data.find(_GIF_START)
    if start >= 0:
        first = start + len(_GIF_START)
        last = data.find(_GIF_TAIL, first)
        if last < 0:
            raise _damaged("GIF")
        return data[:first] + _clear_text(make(data[first:last])) + data[last:]
    if len(data) < 14:
        raise _damaged("GIF")
    place = 13 + (3 << (data[10] & 7) + 1 if data[10] & 0x80 else 0)
    if data.startswith(_GIF_LOOP, place):  # some players look for it at this place only
        place += 19
    if place >= len(data):
        raise _damaged("GIF")
    block = _GIF_START + _clear_text(make(None)) + _GIF_TAIL
    # Application extensions exist since version 89a.
    return b"GIF89a" + data[6:place] + block + data[place:]


def _clear_text(packet: bytes) -> bytes:
    if b"\0" in packet or _GIF_TAIL[:4] in packet:
        raise KiyomeError("The XMP cannot stand in a GIF.", "Write it in UTF-8.")
    return packet


def _in_tiff(data: bytes, make: MakePacket) -> bytes:
    order = "<" if data[:2] == b"II" else ">"
    try:
        (folder,) = struct.unpack_from(order + "I", data, 4)
        (count,) = struct.unpack_from(order + "H", data, folder)
        entries = [
            struct.unpack_from(order + "HHI4s", data, folder + 2 + 12 * i) for i in range(count)
        ]
        (following,) = struct.unpack_from(order + "4s", data, folder + 2 + 12 * count)
    except struct.error as error:
        raise _damaged("TIFF") from error
    result = bytearray(data)
    if len(result) & 1:
        result += b"\0"
    for index, (tag, kind, length, value) in enumerate(entries):
        if tag != _TIFF_XMP_TAG:
            continue
        (start,) = struct.unpack(order + "I", value)
        if kind not in (1, 2, 7) or length <= 4 or start + length > len(data):
            raise _damaged("TIFF")
        packet = make(data[start : start + length])
        # What was said before may not be found beside what is said now.
        result[start : start + length] = b" " * length
        at = folder + 2 + 12 * index
        struct.pack_into(order + "HHII", result, at, tag, kind, len(packet), len(result))
        return _tiff(result + packet)
    packet = make(None)
    entry = (_TIFF_XMP_TAG, 1, len(packet), struct.pack(order + "I", len(result)))
    result += packet + b"\0" * (len(packet) & 1)
    result[4:8] = struct.pack(order + "I", len(result))
    result += struct.pack(order + "H", count + 1)
    for each in sorted([*entries, entry], key=lambda item: int(item[0])):
        result += struct.pack(order + "HHI4s", *each)
    return _tiff(result + following)


def _tiff(data: bytearray) -> bytes:
    if len(data) >= 1 << 32:
        raise KiyomeError("The TIFF would be larger than its format allows.", "Use BigTIFF tools.")
    return bytes(data)


def _damaged(kind: str) -> KiyomeError:
    return KiyomeError(
        f"The {kind} file is damaged, so nothing was written.", "Give a whole image file."
    )
