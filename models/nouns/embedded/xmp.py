"""Titles, descriptions, keywords and persons in XMP (ISO 16684-1; IPTC photo metadata)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Any

import defusedxml.ElementTree
from defusedxml.common import DefusedXmlException

from models.consent.carriers.plus import decode_packet
from models.consent.carriers.xmp_packets import find_packets
from models.nouns.embedded.found import Embedded
from models.nouns.recognition import Source

_PROPERTIES = frozenset(
    {
        *("title", "description", "subject", "headline", "usercomment", "hierarchicalsubject"),
        *("personinimage", "alttextaccessibility", "extdescraccessibility", "aotitle", "label"),
        *(
            "caption",
            "keywords",
            "imagedescription",
            "artworktitle",
            "charactername",
            "lastkeywordxmp",
        ),
    }
)
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_LOOSE = re.compile(r">([^<>]{2,})<")
_DECLARATION = re.compile(r"\A\s*<\?xml\s[^>]*\?>")


def read_xmp(data: bytes) -> Iterator[Embedded]:
    """The texts of the properties that describe a picture, in every packet of the file.

    Of a packet that is not well-formed every text between tags is taken: rather too much than a
    name that nobody sees.
    """
    for packet in find_packets(data):
        text = decode_packet(packet.data)
        if text is None:
            text = packet.data.decode("latin-1")
        try:
            root = defusedxml.ElementTree.fromstring(
                _DECLARATION.sub("", text.strip("\0 \t\r\n\ufeff")).encode("utf-8", "replace"),
                forbid_dtd=True,
            )
        except (DefusedXmlException, defusedxml.ElementTree.ParseError, ValueError):
            for found in _LOOSE.findall(text):
                yield Embedded(html.unescape(found).strip(), Source.TITLE, "the XMP metadata")
            continue
        yield from _properties_of(root)


def _properties_of(root: Any) -> Iterator[Embedded]:
    """Every text below a property that describes, each once, with the innermost such property."""
    waiting: list[tuple[Any, str]] = [(root, "")]
    while waiting:
        element, inside = waiting.pop()
        namespace, _, name = str(element.tag).rpartition("}")
        if name.lower() in _PROPERTIES and namespace != _RDF:
            inside = name
        for key, value in element.attrib.items():
            attribute = str(key).rpartition("}")[2]
            if attribute.lower() in _PROPERTIES and value.strip():
                yield Embedded(value.strip(), Source.TITLE, f"the XMP {attribute}")
        if inside and element.text and element.text.strip():
            yield Embedded(element.text.strip(), Source.TITLE, f"the XMP {inside}")
        waiting += [(child, inside) for child in reversed(element)]
        if inside:
            for child in element:
                if child.tail and child.tail.strip():
                    yield Embedded(child.tail.strip(), Source.TITLE, f"the XMP {inside}")
