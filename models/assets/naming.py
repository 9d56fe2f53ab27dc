"""Names of files: how they are shown, how they are matched, and which ones are pictures."""

from __future__ import annotations

import os
import posixpath
import unicodedata

IMAGE_EXTENSIONS = frozenset(
    {
        *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".gif", ".bmp"),
        *(".tif", ".tiff", ".avif", ".heic", ".heif", ".jxl", ".jp2", ".tga"),
        *(".ppm", ".pgm", ".pbm"),
    }
)
"""Whatever a trainer might open as a picture. Formats that Kiyome does not decode are among them,
so that such a file is an asset with a fault instead of a file that nobody looked at."""


def is_image_name(name: str) -> bool:
    """Whether the extension, in any case, is one of a picture."""
    return posixpath.splitext(name)[1].lower() in IMAGE_EXTENSIONS


def is_skipped(name: str) -> bool:
    """Whether a file or folder is left out: hidden ones, and what macOS puts into archives."""
    return name.startswith(".") or name == "__MACOSX"


def matching_name(path: str) -> str:
    """The path in NFC, in which names are compared.

    macOS writes Japanese file names decomposed (NFD), most other tools composed (NFC); both may
    stand in one folder. A name is never changed by this, only matched.
    """
    return path if path.isascii() else unicodedata.normalize("NFC", path)


def matching_stem(path: str) -> str:
    """The path without its extension, in NFC: what an image and its caption have in common."""
    return matching_name(posixpath.splitext(path)[0])


def printable(path: str) -> str:
    """A path as text: itself, with bytes that are not UTF-8 shown as ``\\xNN``."""
    if path.isascii():
        return path
    return os.fsencode(path).decode("utf-8", "backslashreplace")
