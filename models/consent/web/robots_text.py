"""The text of a site's file, whatever it was stored as, and whether it is text at all."""

from __future__ import annotations

import re
from dataclasses import dataclass

RECOMMENDED_BYTES = 500 * 1024  # RFC 9309, section 2.5: a crawler reads at least this much
MAX_BYTES = 2 * 1024**2

_MARKS = (
    (b"\xff\xfe\0\0", "utf-32-le"),
    (b"\0\0\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
_BINARY_STARTS = (
    b"\x1f\x8b",
    b"\x89PNG",
    b"PK\x03\x04",
    b"%PDF-",
    b"\xff\xd8\xff",
    b"GIF8",
    b"RIFF",
)
_BINARY_SHARE = 0.02
_HTML_START = re.compile(
    r"\s*<(?:!--|(?:!doctype|html|head|body|\?xml|script|meta|title|div|p|pre|h1)\b)", re.IGNORECASE
)
_TAG = re.compile(r"<[^<>]{0,2000}>")


@dataclass(frozen=True, slots=True)
class SiteText:
    """A file's content as text.

    Attributes:
        text: without byte order marks and NULs. Bytes that are not UTF-8 stand as ``%XX``, which
            is how a path would spell them.
        is_text: it is text, not an archive, a picture or noise.
        is_html: it is a web page; the tags are replaced by line ends.
        is_whole: nothing was cut off at ``MAX_BYTES``.
        notes: what a reader should know.
    """

    text: str
    is_text: bool = True
    is_html: bool = False
    is_whole: bool = True
    notes: tuple[str, ...] = ()


def decode_site_text(body: bytes) -> SiteText:
    """The text of a file such as robots.txt. Never fails: what is no text is marked as such."""
    notes = []
    if len(body) > RECOMMENDED_BYTES:
        notes.append(f"the file is longer than the {RECOMMENDED_BYTES // 1024} KiB crawlers read")
    is_whole = len(body) <= MAX_BYTES
    if not is_whole:
        notes.append(f"only the first {MAX_BYTES:,} of {len(body):,} bytes were read")
    text = _decode(body[:MAX_BYTES])
    had_nuls = "\0" in text
    if had_nuls:
        notes.append("NUL characters were left out")
        text = text.replace("\0", "")
    text = text.replace("\ufeff", "")
    controls = sum(map(text.count, _CONTROLS))
    is_text = not (
        body.startswith(_BINARY_STARTS)
        or controls > _BINARY_SHARE * len(text)
        or (had_nuls and not text.strip())
    )
    is_html = is_text and _HTML_START.match(text[:20_000]) is not None
    if is_html:
        text = _TAG.sub("\n", text)
    return SiteText(text, is_text, is_html, is_whole, tuple(notes))


_CONTROLS = tuple(chr(code) for code in (*range(1, 9), *range(14, 28), 127))


def _decode(body: bytes) -> str:
    for mark, encoding in _MARKS:
        if not body.startswith(mark):
            continue
        body = body[len(mark) :]
        # A file in UTF-16 has NULs in every line end. Without any, the mark is a mistake, and
        # believing it would hide every line.
        if b"\0" in body:
            return body.decode(encoding, "replace")
        break
    text = body.decode("utf-8", "surrogateescape")
    if text.isascii():
        return text
    return re.sub("[\udc80-\udcff]", lambda match: f"%{ord(match[0]) - 0xDC00:02X}", text)
