"""Writing the PLUS data mining property (IPTC 2023.1) into an image's XMP."""

from __future__ import annotations

import re

from models.assets.asset import Asset, Location
from models.canonical import digest_bytes
from models.consent.carriers.plus import PLUS_NAMESPACE, VALUES, VOCABULARY, PlusCarrier
from models.consent.carriers.xmp_packets import find_packets
from models.consent.declaring.xmp_packet import Property, set_properties
from models.consent.declaring.xmp_places import place_packet
from models.consent.purposes import Preference
from models.consent.reading_json import printable
from models.consent.statements import Condition
from models.errors import KiyomeError

_RIGHTS_NAMESPACE = "http://ns.adobe.com/xap/1.0/rights/"
_CREDENTIALS = re.compile(rb"jumd(?:c2pa|c2ma|c2um|c2cs)\x00\x11\x00\x10")
_REMOTE_CREDENTIALS = b"dcterms:provenance"
_MAX_TEXT = 2000
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def embed_plus(
    data: bytes,
    dmi_value: str,
    web_statement: str = "",
    other_constraints: str = "",
    *,
    break_credentials: bool = False,
) -> bytes:
    """The image with ``plus:DataMining`` in its XMP, and everything else as it was.

    An XMP packet that the file holds keeps its other properties. The pixels' bytes are not
    touched. JPEG, PNG, WebP, GIF and TIFF can be written. (A GIF of 1987 becomes one of 1989, as
    the older version has no place for XMP.)

    Args:
        data: the image file.
        dmi_value: an official value of the PLUS vocabulary, such as ``DMI-PROHIBITED``.
        web_statement: URL of the terms (``xmpRights:WebStatement``); left as it is where "".
        other_constraints: the constraints in words (``plus:OtherConstraints``); likewise.
        break_credentials: write even where content credentials stand in the file, which end with
            any change.

    Raises:
        KiyomeError: there is no such value, the file has content credentials, is damaged or of
            another format, or would not be read as exactly this value.
    """
    if dmi_value not in VALUES:
        raise KiyomeError(f"There is no PLUS value {dmi_value!r}.", f"Use {', '.join(VALUES)}.")
    for text in (web_statement, other_constraints):
        if len(text) > _MAX_TEXT or _CONTROL.search(text):
            raise KiyomeError(
                "A text for the XMP is too long or holds control characters.",
                f"Give at most {_MAX_TEXT:,} printable characters.",
            )
    if not break_credentials and _has_credentials(data):
        raise KiyomeError(
            "The image has content credentials, which any change of the file breaks.",
            "Embed the XMP first and sign afterwards.",
        )
    properties = [Property(PLUS_NAMESPACE, "DataMining", "plus", VOCABULARY + dmi_value)]
    if other_constraints:
        properties.append(
            Property(
                PLUS_NAMESPACE, "OtherConstraints", "plus", other_constraints, is_alternative=True
            )
        )
    if web_statement:
        properties.append(Property(_RIGHTS_NAMESPACE, "WebStatement", "xmpRights", web_statement))
    result = place_packet(data, lambda packet: set_properties(packet, properties))
    _check_reading(result, dmi_value)
    return result


def _has_credentials(data: bytes) -> bool:
    return _CREDENTIALS.search(data) is not None or any(
        _REMOTE_CREDENTIALS in packet.data for packet in find_packets(data)
    )


def _check_reading(data: bytes, dmi_value: str) -> None:
    """Read back what was written: another place in the file may say something else."""
    asset = Asset(digest_bytes(data), (Location("the file", "the file"),))
    statements = PlusCarrier().read(asset, data, lambda _: b"")
    for statement in statements:
        if statement.condition is not Condition.SOUND:
            raise KiyomeError(
                f"The file's metadata cannot be relied on: {'; '.join(statement.notes)}.",
                "Mend or remove its other XMP first.",
            )
    if (
        len(statements) != 1
        or statements[0].preferences != VALUES[dmi_value]
        or statements[0].notes
    ):
        notes = [note for statement in statements for note in statement.notes]
        detail = notes[0] if notes else f"{len(statements)} places speak of data mining"
        raise KiyomeError(
            f"The file would not be read as {dmi_value}: {printable(detail)}.",
            "Remove what else it says about data mining first.",
        )
    if Preference.CONSTRAINED in VALUES[dmi_value].values() and not statements[0].license_ref:
        raise KiyomeError(
            f"{dmi_value} points at constraints, and the file names none.",
            "Give other_constraints or web_statement.",
        )
