"""The text chunks of a PNG file (PNG specification, third edition, 11.3.3)."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from models.nouns.embedded.found import Embedded, decode_metadata
from models.nouns.embedded.prompts import read_prompts
from models.nouns.recognition import Source

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_LONGEST = 16 * 1024**2
"""Bytes that the packed texts of one file may come to: a picture's texts are a fraction of that."""
_PROMPTS = frozenset(("parameters", "prompt", "workflow", "dream", "sd-metadata", "comment", "uc"))
_TITLES = frozenset(("title", "description", "subject", "keywords", "caption", "headline"))


def read_png(data: bytes) -> Iterator[Embedded]:
    """Prompts and titles in tEXt, zTXt and iTXt chunks; XMP packets are read elsewhere."""
    for keyword, text in _text_chunks(data):
        place = f"the PNG text {keyword!r}"
        if keyword.lower() in _PROMPTS:
            for prompt in read_prompts(text):
                yield Embedded(prompt, Source.PROMPT, place)
        elif keyword.lower() in _TITLES:
            yield Embedded(text, Source.TITLE, place)


def _text_chunks(data: bytes) -> Iterator[tuple[str, str]]:
    if not data.startswith(_SIGNATURE):
        return
    position = len(_SIGNATURE)
    left = _LONGEST
    while position + 8 <= len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        kind = data[position + 4 : position + 8]
        body = data[position + 8 : position + 8 + length]
        if kind in (b"tEXt", b"zTXt", b"iTXt"):
            name, _, rest = body.partition(b"\0")
            keyword = name[:79].decode("latin-1")
            if kind == b"tEXt":
                yield keyword, decode_metadata(rest)
            elif kind == b"zTXt":
                text = _inflate(rest[1:], left)
                left -= len(text)
                yield keyword, decode_metadata(text)
            else:
                fields = rest[2:].split(b"\0", 2)
                if len(fields) == 3:
                    text = _inflate(fields[2], left) if rest[0] else fields[2]
                    left -= len(text) if rest[0] else 0
                    yield keyword, decode_metadata(text)
        elif kind == b"IEND":
            return
        position += 12 + length


def _inflate(data: bytes, limit: int) -> bytes:
    """What can be decompressed; a chunk that is cut short or damaged gives what it still holds."""
    if limit <= 0:
        return b""
    stream = zlib.decompressobj()
    try:
        return stream.decompress(data, limit)
    except zlib.error:
        return b""
