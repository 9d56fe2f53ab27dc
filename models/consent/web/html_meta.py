"""What a page says in its tags: meta, links, RSL documents and images, from HTML of any quality.

Follows the tokenisation of the WHATWG HTML Standard (13.2.5) where it decides what a browser sees:
comments, ``<script>`` and other raw text are skipped exactly as far as a browser skips them. The
standard library's ``html.parser`` ends comments elsewhere and takes quadratic time on hostile
input, so it could both miss a refusal and be held up.

In doubt more is read, not less: templates and ``<noscript>`` count, so does a tag that is cut off
by the end of the file, and so do the tags in a comment or raw text that never ends. Nothing in a
page can grant, so reading too much clears nothing.
"""

from __future__ import annotations

import codecs
import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

MAX_HTML_BYTES = 2 * 1024**2
"""What lies further inside a page is not read."""

_MAX_SAME = 8  # equal attributes of one tag that are looked at
_PRESCAN = 4096

_COMMENT = re.compile(r"<!--(?:-?>|.*?--!?>)", re.DOTALL)
_TAG_NAME = re.compile(r"<(/?)([A-Za-z][^\t\n\f\r />]*+)")
_ATTRIBUTE = re.compile(
    r"[\t\n\f\r /]*+(?:(?P<end>>)|(?P<name>=?[^\t\n\f\r />=]*+)"
    r"(?P<value>[\t\n\f\r ]*+=[\t\n\f\r ]*+"
    r"(?:\"(?P<double>[^\"]*+)\"?|'(?P<single>[^']*+)'?|(?P<bare>[^\t\n\f\r >]*+)))?+)"
)
_SCRIPT_PART = re.compile(r"<!(?=--)|-->|<(?P<close>/?)script(?=[\t\n\f\r />])", re.IGNORECASE)
_RAW = ("style", "xmp", "iframe", "noembed", "noframes", "title", "textarea")
_RAW_ENDS = {
    name: re.compile(rf"</{name}(?=[\t\n\f\r />])", re.IGNORECASE) for name in (*_RAW, "script")
}
_NAME_ATTRIBUTES = ("name", "property", "itemprop", "http-equiv")
_IMAGE_ATTRIBUTES = ("src", "data-src", "data-original", "data-lazy-src", "poster")
_SRCSETS = ("srcset", "data-srcset")
_WANTED = frozenset(
    (*_NAME_ATTRIBUTES, *_IMAGE_ATTRIBUTES, *_SRCSETS, "content", "value", "rel", "type", "href")
)
_IMAGE_META = frozenset(("og:image", "og:image:url", "og:image:secure_url", "twitter:image"))
_LONG_REFERENCE = re.compile(r"&#(?:[0-9]{9,}|[xX][0-9a-fA-F]{9,});?")
_LEADING_ZEROS = re.compile(r"&#([xX]?)0++(?=[0-9a-fA-F])")
_META_CHARSET = re.compile(
    rb"<meta[^>]{0,512}?charset\s{0,8}=\s{0,8}[\"']?\s{0,8}([\w.:-]{1,40})", re.IGNORECASE
)
_HEADER_CHARSET = re.compile(r"charset\s{0,8}=\s{0,8}[\"']?\s{0,8}([\w.:-]{1,40})", re.IGNORECASE)
# What browsers know (WHATWG Encoding Standard), as Python spells it. UTF-7 is not among them.
_ENCODINGS = re.compile(
    r"utf-?8|ascii|us-ascii|latin-?1|iso-?8859-?\d{1,2}|windows-?12?5\d|windows-?874|cp125\d"
    r"|koi8-?[ru]|macintosh|gb2312|gbk|gb18030|big5|euc-?jp|shift[_-]?jis|sjis|euc-?kr|ks_c_5601.*"
)
_NOT_ASCII_LIKE = re.compile(r"utf-?16(?:le|be)?|iso-?2022-?jp")


class Link(NamedTuple):
    """A ``<link>`` or ``<a>`` of a page, as it was written."""

    rel: str
    type: str
    href: str


@dataclass(frozen=True, slots=True)
class Page:
    """What the tags of a page say.

    Attributes:
        meta: name and content of every ``<meta>``; the name may be that of an ``http-equiv`` or a
            ``property``. As written, entities resolved, in order.
        links: every ``<link>``, and every ``<a>`` and ``<area>`` with a ``rel``.
        rsl: the text of every ``<script type="application/rsl+xml">``.
        images: what images it shows or links to, as written.
        base: the ``href`` of its first ``<base>``, or "".
    """

    meta: tuple[tuple[str, str], ...] = ()
    links: tuple[Link, ...] = ()
    rsl: tuple[str, ...] = ()
    images: tuple[str, ...] = ()
    base: str = ""


def read_meta(body: bytes, headers: Iterable[tuple[str, str]] = ()) -> tuple[tuple[str, str], ...]:
    """Name and content of every meta tag of a page (see ``Page.meta``). Never raises.

    Args:
        body: the page; what lies beyond ``MAX_HTML_BYTES`` is not read.
        headers: the response headers, for the character set.
    """
    return read_page(body, headers).meta


def read_links(body: bytes, headers: Iterable[tuple[str, str]] = ()) -> tuple[Link, ...]:
    """The links of a page (see ``Page.links``). Never raises."""
    return read_page(body, headers).links


def read_page(body: bytes, headers: Iterable[tuple[str, str]] = ()) -> Page:
    """Everything that the tags of a page say. Never raises; time grows with the size only.

    Args:
        body: the page; what lies beyond ``MAX_HTML_BYTES`` is not read.
        headers: the response headers, for the character set.
    """
    types = tuple((n, v) for n, v in headers if n.lower() == "content-type")
    return _read_page(body[:MAX_HTML_BYTES], types)


@lru_cache(maxsize=4)  # several readers ask for the same page in a row
def _read_page(body: bytes, headers: tuple[tuple[str, str], ...]) -> Page:
    gathered = _Gathered()
    for text in _texts_of(body, headers):
        _Scanner(text, gathered).scan()
    return Page(
        tuple(gathered.meta),
        tuple(gathered.links),
        tuple(gathered.rsl),
        tuple(gathered.images),
        gathered.base,
    )


@dataclass
class _Gathered:
    """What has been found so far, each thing once and in order."""

    meta: dict[tuple[str, str], None] = field(default_factory=dict)
    links: dict[Link, None] = field(default_factory=dict)
    rsl: dict[str, None] = field(default_factory=dict)
    images: dict[str, None] = field(default_factory=dict)
    base: str = ""

    def add_tag(self, tag: str, found: dict[str, list[str]]) -> None:
        if tag == "meta":
            self._add_meta(found)
        elif tag in ("link", "a", "area"):
            self._add_links(tag, found)
        elif tag == "base" and not self.base:
            self.base = "".join(found.get("href", [])[:1])
        elif tag in ("img", "source", "picture", "video", "image", "input"):
            for name in _IMAGE_ATTRIBUTES:
                for value in found.get(name, ()):
                    self._add_image(value)
            for value in (value for name in _SRCSETS for value in found.get(name, ())):
                for candidate in value.split(","):
                    self._add_image(candidate.strip().partition(" ")[0])
            if tag == "image":
                for value in found.get("href", ()):
                    self._add_image(value)

    def _add_meta(self, found: dict[str, list[str]]) -> None:
        contents = found.get("content") or found.get("value") or [""]
        for attribute in _NAME_ATTRIBUTES:
            for name in found.get(attribute, ()):
                for content in contents:
                    self.meta[(name.strip(), content.strip())] = None
                    if name.strip().lower() in _IMAGE_META:
                        self._add_image(content)

    def _add_links(self, tag: str, found: dict[str, list[str]]) -> None:
        rels = found.get("rel") or [""]
        for href in found.get("href", ()):
            if tag == "link" or rels != [""]:
                for kind in found.get("type") or [""]:
                    for rel in rels:
                        self.links[Link(rel.strip(), kind.strip(), href.strip())] = None
            self._add_image(href)

    def _add_image(self, address: str) -> None:
        if address:
            self.images[address.strip()] = None


class _Scanner:
    """One pass over the text of a page."""

    def __init__(self, text: str, gathered: _Gathered) -> None:
        self._text = text
        self._gathered = gathered
        self._endless = False  # a comment has begun that never ends
        self._foreign = 0  # how many <svg> and <math> are open: raw text is markup inside them

    def scan(self, start: int = 0, end: int | None = None, inside_raw: bool = False) -> None:
        text = self._text
        end = len(text) if end is None else end
        at = start
        while 0 <= (at := text.find("<", at, end)) < end:
            following = text[at + 1 : at + 2]
            if tag := _TAG_NAME.match(text, at, end):
                at = self._read_tag(tag, end, inside_raw)
            elif text.startswith("<!--", at):
                at = self._skip_comment(at, end)
            elif following in ("!", "?", "/") and following:
                closing = text.find(">", at + 2, end)
                at = closing + 1 if closing >= 0 else end
            else:
                at += 1

    def _read_tag(self, tag: re.Match[str], end: int, inside_raw: bool) -> int:
        name, closes = tag[2].lower(), bool(tag[1])
        attributes, at = _read_attributes(self._text, tag.end(), end)
        if closes:
            if name in ("svg", "math"):
                self._foreign = max(0, self._foreign - 1)
            return at
        self._gathered.add_tag(name, attributes)
        if name in ("svg", "math"):
            self._foreign += 1
        if inside_raw:
            return at
        if name == "script":
            return self._read_script(at, end, attributes)
        if name in _RAW:
            return self._skip_raw(name, at, end)
        return at

    def _read_script(self, at: int, end: int, attributes: dict[str, list[str]]) -> int:
        """Skip to the end of a script as browsers find it (13.2.5.4, 13.2.5.20 to 31)."""
        if self._foreign:
            return self._skip_raw("script", at, end)
        stop = end
        escaped = doubly = False
        for part in _SCRIPT_PART.finditer(self._text, at, end):
            if part[0] == "-->":
                escaped = doubly = False
            elif part["close"] is None:
                escaped = True
            elif part["close"]:
                if not doubly:
                    stop = part.start()
                    break
                doubly = False
            elif escaped:
                doubly = True
        if any("rsl+xml" in kind.lower() for kind in attributes.get("type", ())):
            self._gathered.rsl[self._text[at:stop].strip()] = None
        if stop == end:
            self.scan(at, stop, inside_raw=True)
        return stop

    def _skip_comment(self, at: int, end: int) -> int:
        comment = None if self._endless else _COMMENT.match(self._text, at, end)
        if comment:
            return comment.end()
        self._endless = True  # so that no other beginning looks for an end again
        return at + len("<!--")

    def _skip_raw(self, name: str, at: int, end: int) -> int:
        closing = _RAW_ENDS[name].search(self._text, at, end)
        stop = closing.start() if closing else end
        if self._foreign or closing is None:
            self.scan(at, stop, inside_raw=True)
        return stop


def _read_attributes(text: str, at: int, end: int) -> tuple[dict[str, list[str]], int]:
    """The wanted attributes of a tag, and where it ends."""
    found: dict[str, list[str]] = {}
    while at < end and (match := _ATTRIBUTE.match(text, at, end)):
        if match["end"]:
            return found, match.end()
        if match.end() == at:
            break
        at = match.end()
        name = match["name"].lower()
        if name in _WANTED and match["value"]:
            value = match["double"] or match["single"] or match["bare"] or ""
            values = found.setdefault(name, [])
            if len(values) < _MAX_SAME:
                values.append(_unescape(value))
    return found, end


def _unescape(value: str) -> str:
    if "&" not in value:
        return value
    # Python refuses to convert thousands of digits; no character has so many.
    value = _LONG_REFERENCE.sub("\ufffd", _LEADING_ZEROS.sub(r"&#\1", value))
    return html.unescape(value)


def _texts_of(body: bytes, headers: Iterable[tuple[str, str]]) -> Iterator[str]:
    """The page as text. More than one reading where its encoding may not be like ASCII."""
    for mark, encoding in ((b"\xef\xbb\xbf", "utf-8"), (b"\xff\xfe", "utf-16-le")):
        if body.startswith(mark):
            yield body[len(mark) :].decode(encoding, "replace")
            return
    if body.startswith(b"\xfe\xff"):
        yield body[2:].decode("utf-16-be", "replace")
        return
    declared = _declared_encoding(body, headers)
    if b"\0" in body:  # UTF-16 that nobody declared, or a tag with zero bytes in its name
        yield body.replace(b"\0", b"").decode("latin-1")
    if _NOT_ASCII_LIKE.fullmatch(declared):
        encoding = "utf-16-le" if declared in ("utf-16", "utf16") else declared
        yield body.decode(encoding, "replace")
        declared = ""
    yield _decode(body, declared)


def _decode(body: bytes, declared: str) -> str:
    """UTF-8 where it is that (its end may be cut off), else as declared, else Windows-1252."""
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(body)
    except UnicodeDecodeError:
        label = "cp1252" if re.fullmatch(r"|utf-?8|.*ascii", declared) else declared
    try:
        return body.decode(label, "replace")
    except LookupError:
        return body.decode("cp1252", "replace")


def _declared_encoding(body: bytes, headers: Iterable[tuple[str, str]]) -> str:
    labels = [
        match[1]
        for name, value in headers
        if name.lower() == "content-type" and (match := _HEADER_CHARSET.search(value))
    ]
    if meta := _META_CHARSET.search(body[:_PRESCAN]):
        labels.append(meta[1].decode("ascii", "replace"))
    for label in labels:
        encoding = label.lower()
        if _ENCODINGS.fullmatch(encoding) or _NOT_ASCII_LIKE.fullmatch(encoding):
            return {"shift_jis": "cp932", "shift-jis": "cp932", "sjis": "cp932"}.get(
                encoding, encoding
            )
    return ""
