"""A text that was found in a file's metadata."""

from __future__ import annotations

from dataclasses import dataclass

from models.nouns.recognition import Source


@dataclass(frozen=True, slots=True)
class Embedded:
    """One text, as it was found.

    Attributes:
        text: the text.
        source: prompt, title or sidecar.
        place: where it stood, for a reader: "the PNG text 'parameters'".
        key: the key of the JSON object beside the picture that holds it, else "".
    """

    text: str
    source: Source
    place: str
    key: str = ""


def decode_metadata(data: bytes) -> str:
    """The text of bytes whose encoding is not known for certain: UTF-8, else Latin-1."""
    body = data.rstrip(b"\0")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("latin-1")
