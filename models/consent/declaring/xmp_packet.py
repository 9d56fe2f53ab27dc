"""Setting properties in an XMP packet without touching anything else in it.

The packet's text is edited where the properties stand; a parser only says where that is. Writing
the tree anew would change prefixes and lose comments and padding.
"""

from __future__ import annotations

import re
import xml.parsers.expat  # after defusedxml has refused document types and entities
from collections.abc import Sequence
from dataclasses import dataclass, field
from xml.etree.ElementTree import ParseError
from xml.sax.saxutils import escape, quoteattr

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from models.consent.carriers.plus import decode_packet
from models.consent.carriers.xmp_packets import MAX_PACKET_BYTES
from models.errors import KiyomeError

RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

_SEPARATOR = "\x1f"  # between namespace and name; XML cannot hold it
_RDF_ROOT = f"{RDF}{_SEPARATOR}RDF"
_RDF_ABOUT = f"{RDF}{_SEPARATOR}about"
_EMPTY_PACKET = (
    '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
    f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}"></rdf:RDF></x:xmpmeta>\n'
    '<?xpacket end="w"?>'
)
_DECLARATION = re.compile(r"\A<\?xml\s[^>]*\?>")
_NAME = re.compile(rb"<([^\s/>]+)")
_ATTRIBUTE = re.compile(rb"""\s+([^\s=/>]+)\s*=\s*("[^"]*"|'[^']*')""")
_TAG_END = re.compile(rb"\s*(/?)>")
_PACKET_END = b"<?xpacket end"


@dataclass(frozen=True, slots=True)
class Property:
    """One XMP property to set.

    Attributes:
        namespace, name: what it is called.
        prefix: the prefix to write it with.
        value: its text.
        is_alternative: it is a language alternative (``rdf:Alt``), written for ``x-default``.
    """

    namespace: str
    name: str
    prefix: str
    value: str
    is_alternative: bool = False

    @property
    def key(self) -> str:
        """Its name as the parser gives it."""
        return f"{self.namespace}{_SEPARATOR}{self.name}"

    def render(self) -> str:
        """The property as an element that declares what it needs."""
        text = escape(self.value)
        if self.is_alternative:
            text = (
                f'<rdf:Alt xmlns:rdf="{RDF}"><rdf:li xml:lang="x-default">{text}</rdf:li></rdf:Alt>'
            )
        tag = f"{self.prefix}:{self.name}"
        return f"<{tag} xmlns:{self.prefix}={quoteattr(self.namespace)}>{text}</{tag}>"


def set_properties(packet: bytes | None, properties: Sequence[Property]) -> bytes:
    """A packet in UTF-8 with the properties set and everything else as it was.

    Args:
        packet: the packet that the file holds; None where there is none.
        properties: what to set. Where one stands at the top level already, it is replaced.

    Raises:
        KiyomeError: the packet cannot be read.
    """
    body = _EMPTY_PACKET.encode() if packet is None else _readable(packet)
    layout = _Layout(body, {each.key for each in properties})
    edits: list[tuple[int, int, bytes]] = []
    fresh: list[str] = []
    for each in properties:
        written = False
        for start, end in layout.elements.get(each.key, []):
            edits.append((start, end, b"" if written else each.render().encode()))
            written = True
        for start, end, name in layout.attributes.get(each.key, []):
            keep = not written and not each.is_alternative
            text = f" {name}={quoteattr(each.value)}" if keep else ""
            edits.append((start, end, text.encode()))
            written |= keep
        if not written:
            fresh.append(each.render())
    if fresh:
        edits.append(layout.insertion(fresh))
    parts: list[bytes] = []
    position = 0
    for start, end, replacement in sorted(edits):
        parts += [body[position:start], replacement]
        position = end
    return b"".join((*parts, body[position:]))


def fit_packet(packet: bytes, size: int) -> bytes | None:
    """The packet at exactly ``size`` bytes, by adding or taking padding; None where it cannot.

    XMP packets carry blanks before their end for this purpose (XMP part 1, 7.3.2).
    """
    end = packet.rfind(_PACKET_END)
    if end < 0:
        return None
    inner = packet[:end].rstrip()
    padding = size - len(inner) - len(packet[end:])
    return inner + b" " * padding + packet[end:] if padding >= 0 else None


def _readable(packet: bytes) -> bytes:
    """The packet as well-formed UTF-8 without a document type."""
    if len(packet) > MAX_PACKET_BYTES:
        raise _unreadable("The file's XMP is too large to be changed.")
    text = decode_packet(packet)
    if text is None:
        raise _unreadable("The encoding of the file's XMP is not known.")
    text = _DECLARATION.sub("", text.strip("\0 \t\r\n\ufeff"))
    body = text.encode("utf-8")
    try:
        defusedxml.ElementTree.fromstring(
            body, forbid_dtd=True, forbid_entities=True, forbid_external=True
        )
    except (DefusedXmlException, ParseError, ValueError) as error:
        raise _unreadable("The file's XMP is not sound XML.") from error
    return body


def _unreadable(problem: str) -> KiyomeError:
    return KiyomeError(problem, "Mend or remove the file's XMP with the program that wrote it.")


@dataclass
class _Layout:
    """Where a packet's properties stand, in bytes.

    Attributes:
        body: the packet.
        wanted: the properties to look for, by their keys.
        elements: start and end of each property that is an element at the top level.
        attributes: start, end and written name of each that is an attribute there.
    """

    body: bytes
    wanted: set[str]
    elements: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    attributes: dict[str, list[tuple[int, int, str]]] = field(default_factory=dict)
    _about: str | None = None
    _rdf: tuple[int, int, str] | None = None  # where to insert, what to replace, its closing tag
    _path: list[str] = field(default_factory=list)
    _open: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._parser = xml.parsers.expat.ParserCreate("utf-8", _SEPARATOR)
        self._parser.ordered_attributes = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        try:
            self._parser.Parse(self.body, True)
        except xml.parsers.expat.ExpatError as error:
            raise _unreadable("The file's XMP is not sound XML.") from error

    def insertion(self, rendered: list[str]) -> tuple[int, int, bytes]:
        """The edit that adds properties in a description of their own.

        Raises:
            KiyomeError: the packet has no ``rdf:RDF``.
        """
        if self._rdf is None:
            raise _unreadable("The file's XMP holds no rdf:RDF to write into.")
        start, end, closing = self._rdf
        description = (
            f'<rdf:Description xmlns:rdf="{RDF}" rdf:about={quoteattr(self._about or "")}>'
            f"{''.join(rendered)}</rdf:Description>"
        )
        return start, end, (f">{description}{closing}" if closing else description).encode()

    def _start(self, name: str, attributes: list[str]) -> None:
        start = self._parser.CurrentByteIndex
        if self._is_description():
            if self._about is None:
                named = dict(zip(attributes[::2], attributes[1::2], strict=True))
                self._about = named.get(_RDF_ABOUT, named.get("about"))
            written, _, _ = _tokenise(self.body, start)
            for key, (first, last, label) in zip(attributes[::2], written, strict=True):
                if key in self.wanted:
                    self.attributes.setdefault(key, []).append((first, last, label))
        elif name == _RDF_ROOT and self._rdf is None:
            _, end, empty = _tokenise(self.body, start)
            if empty:
                label = _label(self.body, start)
                cut = self.body.rindex(b"/", start, end)
                self._rdf = (cut, end, f"</{label}>")
        self._path.append(name)
        self._open.append(start)

    def _end(self, name: str) -> None:
        here = self._parser.CurrentByteIndex
        self._path.pop()
        start = self._open.pop()
        if name == _RDF_ROOT and self._rdf is None:
            self._rdf = (here, here, "")
        elif name in self.wanted and self._path[-2:-1] == [_RDF_ROOT]:
            _, tag_end, empty = _tokenise(self.body, start)
            end = tag_end if empty else self.body.index(b">", here) + 1
            self.elements.setdefault(name, []).append((start, end))

    def _is_description(self) -> bool:
        return self._path[-1:] == [_RDF_ROOT]


def _label(body: bytes, start: int) -> str:
    match = _NAME.match(body, start)
    return match[1].decode("utf-8") if match else ""


def _tokenise(body: bytes, start: int) -> tuple[list[tuple[int, int, str]], int, bool]:
    """A start tag's attributes without namespaces', its end, and whether it is an empty element."""
    name = _NAME.match(body, start)
    position = name.end() if name else start
    attributes: list[tuple[int, int, str]] = []
    while match := _ATTRIBUTE.match(body, position):
        label = match[1].decode("utf-8")
        if label != "xmlns" and not label.startswith("xmlns:"):
            attributes.append((match.start(), match.end(), label))
        position = match.end()
    end = _TAG_END.match(body, position)
    if end is None:
        raise _unreadable("The file's XMP is written in an unknown way.")
    return attributes, end.end(), bool(end[1])
