"""Titles, captions and keywords in IPTC-IIM (version 4.2), as JPEG files carry it in APP13."""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.nouns.embedded.found import Embedded, decode_metadata
from models.nouns.recognition import Source

_RESOURCE = b"8BIM\x04\x04"
_DATASETS = {
    5: "object name",
    25: "keywords",
    105: "headline",
    120: "caption",
}
_MAX_DATASETS = 4096
_HEADER = 64
"""Bytes from a resource's mark within which its first dataset begins."""
_RECORD = re.compile(rb"\x1c\x02(.)", re.DOTALL)


def read_iptc(data: bytes) -> Iterator[Embedded]:
    """The datasets of record 2 that describe a picture, wherever a Photoshop resource holds them.

    A dataset whose length does not fit ends the reading of its resource.
    """
    start = data.find(_RESOURCE)
    reached = seen = 0
    while start >= 0 and seen < _MAX_DATASETS:
        record = _RECORD.search(data, start, start + _HEADER)
        position = max(record.start(), reached) if record else len(data)
        while position + 5 <= len(data) and data[position] == 0x1C and seen < _MAX_DATASETS:
            seen += 1
            number = data[position + 2]
            length = int.from_bytes(data[position + 3 : position + 5], "big")
            if length & 0x8000:
                break
            value = data[position + 5 : position + 5 + length]
            if data[position + 1] == 2 and number in _DATASETS:
                text = decode_metadata(value)
                yield Embedded(text, Source.TITLE, f"the IPTC {_DATASETS[number]}")
            position += 5 + length
            reached = position
        start = data.find(_RESOURCE, max(start + 1, reached))
