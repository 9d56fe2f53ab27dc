"""What a file is, by its first bytes and not by its name."""

from __future__ import annotations

import re

UNKNOWN = "application/octet-stream"

_HEAD = 4096
_MAGIC = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"II*\0", "image/tiff"),  # DNG too: the container is the same
    (b"MM\0*", "image/tiff"),
    (b"II+\0", "image/tiff"),
    (b"MM\0+", "image/tiff"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "image/jxl"),
    (b"\xff\x0a", "image/jxl"),
    (b"\0\0\0\x0cjP  ", "image/jp2"),
    (b"8BPS", "image/vnd.adobe.photoshop"),
    (b"fLaC", "audio/flac"),
    (b"OggS", "application/ogg"),
    (b"\x1aE\xdf\xa3", "video/x-matroska"),
)
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/avi"}
_BRANDS = {
    b"avif": "image/avif",
    b"avis": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"heim": "image/heic",
    b"heis": "image/heic",
    b"hevc": "image/heic",
    b"hevx": "image/heic",
    b"qt  ": "video/quicktime",
    b"M4A ": "audio/mp4",
    b"M4B ": "audio/mp4",
    b"M4P ": "audio/mp4",
}
_IMAGE_BRANDS = (b"mif1", b"msf1", b"mif2", b"miaf")
_OLD_QUICKTIME = (b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot")
_MPEG_AUDIO = re.compile(rb"\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff][^\xf0-\xff]", re.DOTALL)
_SVG = re.compile(rb"<(?:[\w.-]{1,40}:)?svg[\s>/]")
_HTML = re.compile(rb"<(?:!doctype\s+html|html|body)\b", re.IGNORECASE)
_PACKAGE = re.compile(rb"mimetype(application/[\w.+-]{3,100})")


def sniff_media_type(data: bytes) -> str:
    """The media type of a file, or ``application/octet-stream`` where its bytes are not known.

    Only the first 4 KiB are looked at, and what follows an ID3 tag. A raw photograph that is built
    like a TIFF is ``image/tiff``.

    Args:
        data: the file, or its beginning.
    """
    head = bytes(data[:_HEAD])
    for magic, media_type in _MAGIC:
        if head.startswith(magic):
            return media_type
    if head[:3] == b"ID3":
        return _behind_id3(data)
    if head[:4] == b"RIFF":
        return _RIFF.get(head[8:12], UNKNOWN)
    if head[4:8] == b"ftyp":
        return _of_brands(head)
    if head[4:8] in _OLD_QUICKTIME:
        return "video/quicktime"
    if head[:4] == b"PK\x03\x04":
        return _of_package(head)
    if b"%PDF-" in head[:1024]:
        return "application/pdf"
    if head.startswith(b"BM"):
        return "image/bmp"
    if _MPEG_AUDIO.match(head):
        return "audio/mpeg"
    return "image/svg+xml" if _is_svg(head) else UNKNOWN


def _behind_id3(data: bytes) -> str:
    """MP3, or FLAC that was given an ID3v2 tag; the tag's size has 7 bits a byte (ID3v2.3, 3.1)."""
    size = 0
    for byte in data[6:10]:
        size = size << 7 | byte & 0x7F
    return "audio/flac" if data[10 + size : 14 + size] == b"fLaC" else "audio/mpeg"


def _of_brands(head: bytes) -> str:
    """ISO base media (ISO 14496-12): the major brand, else for images a compatible one."""
    major = head[8:12]
    if major in _BRANDS:
        return _BRANDS[major]
    end = min(int.from_bytes(head[:4], "big"), len(head))
    others = [head[at : at + 4] for at in range(16, end - 3, 4)]
    if major in _IMAGE_BRANDS:
        is_avif = any(_BRANDS.get(brand) == "image/avif" for brand in others)
        return "image/avif" if is_avif else "image/heic"
    return "video/mp4"


def _of_package(head: bytes) -> str:
    """A ZIP that names its type first, as EPUB and OpenDocument do, or any other ZIP."""
    if head[30:38] == b"mimetype":
        found = _PACKAGE.match(head[30:])
        if found:
            # The next entry's signature begins with letters.
            return found[1].split(b"PK")[0].decode("ascii")
    return "application/zip"


def _is_svg(head: bytes) -> bool:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text.startswith(b"<"):
        return False
    found = _SVG.search(text)
    return found is not None and not _HTML.search(text, 0, found.start())
