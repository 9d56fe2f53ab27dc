"""TDMRep in XMP: ``tdm:reservation`` and ``tdm:policy`` in a file's metadata.

TDMRep, section "TDM Metadata in PDF files", names the properties; images carry the same packets.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from models.canonical import digest_bytes
from models.consent.reading_json import MAX_BYTES, printable
from models.consent.statements import Statement
from models.consent.web.tdm_values import (
    Declaration,
    declare,
    is_policy_name,
    is_reservation_name,
    mentions_reservation,
    read_text_value,
)
from models.consent.web.tdmrep import CARRIER, conclude_declaration

NAMESPACES = ("http://www.w3.org/ns/tdmrep#", "http://www.w3.org/ns/tdmrep/")
"""The vocabulary's namespace, and the one that the section on PDF files spells."""

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_DECLARATION = re.compile(r"\A\s*<\?xml\s[^>]*\?>")


def read_tdm_xmp(text: str, source: str) -> Statement | None:
    """What an XMP packet declares about mining its image; None where it does not speak of it.

    A packet that cannot be parsed gives a statement only where it mentions a reservation: that it
    is broken is for its own carrier to say. Never raises.

    Args:
        text: the packet.
        source: the file, for a reader.
    """
    statement = Statement(
        carrier=CARRIER,
        source=printable(f"{source} (XMP)", 400),
        evidence_sha256=digest_bytes(text.encode("utf-8", "surrogatepass")),
    )
    declaration = _declaration_in(text)
    return None if declaration is None else conclude_declaration(declaration, statement)


def _declaration_in(text: str) -> Declaration | None:
    if "reserv" not in text.casefold():
        return None
    try:
        root = _parse(text)
    except (DefusedXmlException, ParseError, ValueError):
        if not mentions_reservation(text):
            return None
        return Declaration(True, proper=False, notes=("the XMP packet cannot be parsed",))
    values: list[tuple[bool | None, bool]] = []
    policies: list[str] = []
    proper = True
    for name, value in _properties(root):
        namespace, _, local = name.rpartition("}")
        if not ("tdm" in namespace.casefold() or "tdm" in local.casefold()):
            continue
        known = namespace.removeprefix("{") in NAMESPACES
        if is_reservation_name(local):
            values.append(read_text_value(value))
            proper = proper and known and local == "reservation"
        elif is_policy_name(local) and known:
            policies.append(value)
    if not values and mentions_reservation(text):
        note = "a reservation stands in a namespace that is not known"
        return Declaration(True, proper=False, notes=(note,))
    return declare(values, policies, proper=proper)


def _parse(text: str) -> Element:
    if len(text) > MAX_BYTES:
        raise ValueError("the packet is too large")
    text = _DECLARATION.sub("", text.strip("\0 \t\r\n\ufeff"))
    root: Element = defusedxml.ElementTree.fromstring(
        text.encode("utf-8"), forbid_dtd=True, forbid_entities=True, forbid_external=True
    )
    return root


def _properties(root: Element) -> Iterator[tuple[str, str]]:
    """Every property with its value: an attribute, a text, or ``rdf:resource``."""
    for element in root.iter():
        yield from element.attrib.items()
        name = str(element.tag)
        if "reserv" not in name.casefold() and "policy" not in name.casefold():
            continue
        # No deeper than rdf:Alt and rdf:li lie: the time stays in proportion to the size.
        parts = (element, *element, *(item for child in element for item in child))
        inner = [
            part.attrib[f"{_RDF}{attribute}"]
            for part in parts
            for attribute in ("resource", "value")
            if f"{_RDF}{attribute}" in part.attrib
        ]
        inner += [part.text.strip() for part in parts if part.text and part.text.strip()]
        yield name, " ".join(inner)
