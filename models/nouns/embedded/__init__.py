"""Texts about an image that no caption holds: in the file's metadata, and in JSON beside it.

The image file may carry generation parameters (PNG text chunks, EXIF user comment), titles,
descriptions and keywords (EXIF, IPTC, XMP), and the JSON beside it a title of its own. None of it
is released as a caption, but a name in it says what the picture shows.
"""

from __future__ import annotations

from collections.abc import Iterator

from models.nouns.embedded.exif import read_exif
from models.nouns.embedded.found import Embedded
from models.nouns.embedded.iptc import read_iptc
from models.nouns.embedded.png import read_png
from models.nouns.embedded.sidecars import read_sidecar
from models.nouns.embedded.xmp import read_xmp

EMBEDDED_VERSION = "embedded/2"

__all__ = ["EMBEDDED_VERSION", "Embedded", "read_embedded", "read_sidecar"]


def read_embedded(data: bytes) -> list[Embedded]:
    """Every text in an image file's metadata, each once; nothing is raised for any bytes."""
    found = dict.fromkeys(_read_all(data))
    return [text for text in found if any(char.isalnum() for char in text.text)]


def _read_all(data: bytes) -> Iterator[Embedded]:
    yield from read_png(data)
    yield from read_exif(data)
    yield from read_iptc(data)
    yield from read_xmp(data)
