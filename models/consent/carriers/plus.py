"""IPTC/PLUS: ``plus:DataMining`` in an image's XMP.

IPTC Photo Metadata Standard 2023.1, property Data Mining; values of the PLUS vocabulary. Only the
property in its own namespace with a full vocabulary URI can grant; a prohibition is believed
wherever in the file it stands and however it is spelled.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError

import defusedxml.ElementTree
from defusedxml import DefusedXmlException

from models.assets.asset import Asset
from models.canonical import digest_bytes
from models.consent.carriers.carrier import LoadSidecar
from models.consent.carriers.xmp_packets import Packet, find_packets
from models.consent.purposes import ALL_PURPOSES, Preference, Purpose, stricter
from models.consent.reading_json import printable
from models.consent.statements import Condition, Statement

PLUS_NAMESPACE = "http://ns.useplus.org/ldf/xmp/1.0/"
VOCABULARY = "http://ns.useplus.org/ldf/vocab/"

_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_RIGHTS = "{http://ns.adobe.com/xap/1.0/rights/}"
_IPTC_EXT = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
_TRAINING = (Purpose.NON_GENERATIVE_TRAINING, Purpose.GENERATIVE_TRAINING)
_MINING_AND_TRAINING = (Purpose.DATA_MINING, *_TRAINING)

VALUES: dict[str, dict[Purpose, Preference]] = {
    "DMI-UNSPECIFIED": {},
    "DMI-ALLOWED": dict.fromkeys(_MINING_AND_TRAINING, Preference.ALLOWED),
    "DMI-PROHIBITED-AIMLTRAINING": dict.fromkeys(_TRAINING, Preference.NOT_ALLOWED),
    "DMI-PROHIBITED-GENAIMLTRAINING": {Purpose.GENERATIVE_TRAINING: Preference.NOT_ALLOWED},
    "DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING": dict.fromkeys(
        ALL_PURPOSES, Preference.NOT_ALLOWED
    ),
    "DMI-PROHIBITED": dict.fromkeys(ALL_PURPOSES, Preference.NOT_ALLOWED),
    "DMI-PROHIBITED-SEECONSTRAINT": dict.fromkeys(ALL_PURPOSES, Preference.CONSTRAINED),
    "DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR": dict.fromkeys(ALL_PURPOSES, Preference.CONSTRAINED),
    "DMI-PROHIBITED-SEELINKEDRIGHTSEXPR": dict.fromkeys(ALL_PURPOSES, Preference.CONSTRAINED),
}
_REFUSE_ALL = dict.fromkeys(ALL_PURPOSES, Preference.NOT_ALLOWED)
_TOKEN = re.compile(r"DMI-[A-Z][A-Z-]*", re.IGNORECASE)
_RAW_TOKEN = re.compile(rb"DMI-PROHIBITED[A-Z-]{0,40}")
# The same token in UTF-16, found by its start; the bytes serve for either byte order.
_RAW_START_UTF16 = b"D\0M\0I\0-\0P\0R\0O\0H\0I\0B"
_LICENSE_PROPERTIES = (
    f"{{{PLUS_NAMESPACE}}}OtherConstraints",
    f"{_IPTC_EXT}EmbdEncRightsExpr",
    f"{_IPTC_EXT}LinkedEncRightsExpr",
    f"{_RIGHTS}WebStatement",
    f"{{{PLUS_NAMESPACE}}}LicensorURL",
    f"{_RIGHTS}UsageTerms",
)


@dataclass(frozen=True, slots=True)
class PlusCarrier:
    """Reads the PLUS data mining property of every XMP packet in a file."""

    name: str = "plus"
    fingerprint: str = "plus/1"

    def read(
        self,
        asset: Asset,
        data: bytes | None,
        load_sidecar: LoadSidecar,  # noqa: ARG002  (XMP sidecars are a carrier of their own)
    ) -> list[Statement]:
        """One statement for each packet that speaks of data mining or cannot be read.

        All of them are L0: anyone can write XMP into a file.
        """
        if data is None:
            return []
        packets = find_packets(data)
        statements = [s for p in packets if (s := read_packet(p, asset.name)) is not None]
        stray = _stray_refusals(data, packets)
        if stray is not None:
            statements.append(
                Statement(
                    carrier="plus",
                    source=printable(asset.name),
                    preferences=stray[1],
                    evidence_sha256=digest_bytes(stray[0].encode()),
                    notes=(f"{stray[0]} stands in the file outside of any XMP packet",),
                )
            )
        return statements


def read_packet(packet: Packet, name: str) -> Statement | None:
    """What one XMP packet says about data mining; None where it says nothing.

    Args:
        packet: the packet as it stood in the file.
        name: the file's name, for a reader.
    """
    preferences: dict[Purpose, Preference] = {}
    notes: list[str] = []
    license_ref = ""
    condition = Condition.SOUND
    text = decode_packet(packet.data)
    try:
        root = _parse(packet, text)
    except _UnreadableError as error:
        condition = Condition.MALFORMED
        notes.append(f"the XMP packet cannot be read: {error}")
        loose = text if text is not None else packet.data.decode("latin-1")
        _add_refusals(_TOKEN.findall(loose), preferences, notes)
    else:
        values = [value for element in root.iter() for value in _data_mining_values(element)]
        for value in values:
            _add(preferences, _meaning(value, notes))
        proper = {token for value in values for token in _TOKEN.findall(value)}
        _add_refusals(sorted(_tokens_in(root, text or "") - proper), preferences, notes)
        if not values and not preferences:
            return None
        if Preference.CONSTRAINED in preferences.values():
            license_ref = _license_in(root)
    return Statement(
        carrier="plus",
        source=printable(f"{name} ({packet.place})"),
        preferences=preferences,
        condition=condition,
        license_ref=license_ref,
        evidence_sha256=digest_bytes(packet.data),
        notes=tuple(dict.fromkeys(printable(note) for note in notes))[:16],
    )


def decode_packet(data: bytes) -> str | None:
    """The text of a packet in UTF-8, UTF-16 or UTF-32; None where it is none of them."""
    body = data.strip(b" \t\r\n") if b"\0" not in data else data
    for mark, encoding in (
        (b"\xff\xfe\0\0", "utf-32"),
        (b"\0\0\xfe\xff", "utf-32"),
        (b"\xff\xfe", "utf-16"),
        (b"\xfe\xff", "utf-16"),
        (b"\xef\xbb\xbf", "utf-8-sig"),
        (b"<\0\0\0", "utf-32-le"),
        (b"\0\0\0<", "utf-32-be"),
        (b"<\0", "utf-16-le"),
        (b"\0<", "utf-16-be"),
        (b"", "utf-8"),
    ):
        if body.startswith(mark):
            if encoding.startswith("utf-16"):
                body = body[: len(body) // 2 * 2]
            try:
                return body.decode(encoding)
            except UnicodeDecodeError:
                return None
    return None


class _UnreadableError(Exception):
    """A packet that is not whole or not XML; the message says why."""


def _parse(packet: Packet, text: str | None) -> Element:
    if packet.problem:
        raise _UnreadableError(packet.problem)
    if text is None:
        raise _UnreadableError("its encoding is not known")
    # The encoding that an XML declaration names is that of the bytes, which are text by now.
    text = re.sub(r"\A\s*<\?xml\s[^>]*\?>", "", text.strip("\0 \t\r\n\ufeff"))
    try:
        root: Element = defusedxml.ElementTree.fromstring(
            text.encode("utf-8"), forbid_dtd=True, forbid_entities=True, forbid_external=True
        )
    except DefusedXmlException as error:
        raise _UnreadableError("it declares a document type or entities") from error
    except (ParseError, ValueError) as error:
        raise _UnreadableError(f"it is not well-formed XML: {error}") from error
    return root


def _tokens_in(root: Element, text: str) -> set[str]:
    """Every ``DMI-`` word of a packet: as written, and in names and values once unescaped."""
    tokens = set(_TOKEN.findall(text))
    for element in root.iter():
        parts = [str(element.tag), element.text or "", element.tail or ""]
        for name, value in element.attrib.items():
            parts += [name, value]
        for part in parts:
            tokens.update(_TOKEN.findall(part))
    return tokens


def _data_mining_values(element: Element) -> Iterator[str]:
    """Every value of ``plus:DataMining`` on or in one element, whatever its RDF dress."""
    name = f"{{{PLUS_NAMESPACE}}}DataMining"
    if name in element.attrib:
        yield element.attrib[name].strip()
    if element.tag != name:
        return
    values = [
        part.attrib[f"{_RDF}{attribute}"].strip()
        for part in element.iter()
        for attribute in ("resource", "value")
        if f"{_RDF}{attribute}" in part.attrib
    ]
    values += [text.strip() for text in element.itertext() if text.strip()]
    yield from values or [""]


def _meaning(value: str, notes: list[str]) -> dict[Purpose, Preference]:
    """A value of the property itself: a full vocabulary URI, or something to be careful with."""
    token = value.removeprefix(VOCABULARY)
    if value.startswith(VOCABULARY) and token in VALUES:
        return VALUES[token]
    if not value:
        notes.append("plus:DataMining is empty: read as prohibited")
        return _REFUSE_ALL
    spelled = _TOKEN.search(value)
    known = VALUES.get(spelled[0].upper()) if spelled else None
    if known is None:
        notes.append(f"plus:DataMining has the unknown value {value!r}: read as prohibited")
        return _REFUSE_ALL
    notes.append(f"{value!r} is not an official spelling: only a refusal in it counts")
    return _refusal_in(known)


def _refusal_in(meaning: dict[Purpose, Preference]) -> dict[Purpose, Preference]:
    return {p: v for p, v in meaning.items() if v is not Preference.ALLOWED}


def _add_refusals(
    tokens: Iterable[str], preferences: dict[Purpose, Preference], notes: list[str]
) -> None:
    for token in tokens:
        if not token.upper().startswith("DMI-PROHIBITED"):
            continue
        _add(preferences, VALUES.get(token.upper().rstrip("-"), _REFUSE_ALL))
        notes.append(f"{token} is not at its proper place: it counts as a refusal only")


def _add(preferences: dict[Purpose, Preference], more: dict[Purpose, Preference]) -> None:
    for purpose, preference in more.items():
        preferences[purpose] = stricter(preferences.get(purpose, Preference.UNKNOWN), preference)


def _license_in(root: Element) -> str:
    for name in _LICENSE_PROPERTIES:
        for element in root.iter():
            texts = [element.attrib.get(name, "")]
            if element.tag == name:
                texts.append(element.attrib.get(f"{_RDF}resource", ""))
                texts += [text.strip() for text in element.itertext()]
            for text in texts:
                if text:
                    return printable(text, 2000)
    return ""


def _stray_refusals(
    data: bytes, packets: tuple[Packet, ...]
) -> tuple[str, dict[Purpose, Preference]] | None:
    """A prohibition in the file's bytes that no packet holds: a second image, a damaged segment."""
    if b"DMI-P" in data:
        for token in sorted(set(_RAW_TOKEN.findall(data))):
            if not any(token in packet.data for packet in packets):
                known = VALUES.get(token.decode("ascii").rstrip("-"), _REFUSE_ALL)
                return token.decode("ascii"), known
    if _RAW_START_UTF16 in data and not any(_RAW_START_UTF16 in p.data for p in packets):
        return "DMI-PROHIBITED (in UTF-16)", _REFUSE_ALL
    return None
