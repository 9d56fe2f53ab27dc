"""Titles, comments and generation parameters in EXIF (EXIF 3.0, 4.6; Windows XP tags)."""

from __future__ import annotations

import io
import struct
import warnings
from collections.abc import Iterator
from typing import Any

from PIL import Image

from models.nouns.embedded.found import Embedded, decode_metadata
from models.nouns.embedded.prompts import read_prompts
from models.nouns.recognition import Source

_EXIF_FOLDER = 0x8769
_USER_COMMENT = 0x9286
_TITLES = {
    0x010E: "ImageDescription",
    0x9C9B: "XPTitle",
    0x9C9C: "XPComment",
    0x9C9E: "XPKeywords",
    0x9C9F: "XPSubject",
}
_MARKS = {b"ASCII\0\0\0": "latin-1", b"JIS\0\0\0\0\0": "iso2022_jp", b"\0" * 8: ""}
_UNICODE = b"UNICODE\0"


def read_exif(data: bytes) -> Iterator[Embedded]:
    """Texts of the tags that describe a picture, in any format that Pillow finds EXIF in."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with Image.open(io.BytesIO(data)) as image:
                exif = image.getexif()
                inner = exif.get_ifd(_EXIF_FOLDER)
    # A file that Pillow cannot open at all is the features stage's fault to tell.
    except (OSError, ValueError, SyntaxError, TypeError, KeyError, struct.error, EOFError):
        return
    except Image.DecompressionBombError:
        return
    for tag, name in _TITLES.items():
        if text := _text_of(exif.get(tag), wide=tag != 0x010E):
            yield Embedded(text, Source.TITLE, f"the EXIF tag {name}")
    if text := _user_comment(inner.get(_USER_COMMENT, exif.get(_USER_COMMENT))):
        for prompt in read_prompts(text):
            yield Embedded(prompt, Source.PROMPT, "the EXIF tag UserComment")


def _text_of(value: Any, *, wide: bool) -> str:
    if isinstance(value, str):
        return value.strip("\0 ")
    if isinstance(value, tuple) and all(isinstance(part, int) for part in value):
        value = bytes(part & 0xFF for part in value)
    if not isinstance(value, bytes):
        return ""
    if wide:
        return value.decode("utf-16-le", "replace").strip("\0 ")
    return decode_metadata(value).strip("\0 ")


def _user_comment(value: Any) -> str:
    """EXIF 3.0, 4.6.6: eight bytes that name the encoding, then the text.

    Programs disagree about the byte order of UNICODE: the one that gives more ASCII is believed.
    """
    if isinstance(value, str):
        return value.strip("\0 ")
    if not isinstance(value, bytes):
        return ""
    mark, body = value[:8], value[8:]
    if mark == _UNICODE:
        readings = [body.decode(codec, "replace") for codec in ("utf-16-be", "utf-16-le")]
        return max(readings, key=lambda text: sum(char < "\x80" for char in text)).strip("\0 ")
    if mark in _MARKS:
        codec = _MARKS[mark]
        text = body.decode(codec, "replace") if codec else decode_metadata(body)
        return text.strip("\0 ")
    return decode_metadata(value).strip("\0 ")
