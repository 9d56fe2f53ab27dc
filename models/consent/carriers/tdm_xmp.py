"""TDMRep in an image's XMP: ``tdm:reservation`` and ``tdm:policy``."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from models.assets.asset import Asset
from models.consent.carriers.carrier import LoadSidecar
from models.consent.carriers.plus import decode_packet
from models.consent.carriers.xmp_packets import Packet, find_packets
from models.consent.purposes import Preference, Purpose
from models.consent.statements import Statement
from models.consent.web.tdm_xmp import read_tdm_xmp

# Prefilter over whole files: the spellings that are written, so that it costs little.
_RAW_MENTION = re.compile(rb"(?:tdm|TDM|Tdm)[\s_.:\-]{0,3}(?:reserv|Reserv|RESERV)")
_START, _END = b"<x:xmpmeta", b"</x:xmpmeta>"
_MAX_STRAYS = 16
_AROUND = 64 * 1024  # bytes before and after a mention in which its packet begins and ends
_SAME = 64


@dataclass(frozen=True, slots=True)
class TdmXmpCarrier:
    """Reads the TDM reservation in every XMP packet of a file. What it says is L0."""

    name: str = "tdmrep"
    fingerprint: str = "tdm-xmp/2"

    def read(
        self,
        asset: Asset,
        data: bytes | None,
        load_sidecar: LoadSidecar,  # noqa: ARG002  (it stands in the image itself)
    ) -> list[Statement]:
        """A statement for each packet that speaks of mining, and for a reservation elsewhere.

        A packet that is cut short or in an unknown encoding is reported by the PLUS carrier, which
        reads the same packets.
        """
        if data is None:
            return []
        packets = find_packets(data)
        texts = [decode_packet(packet.data) for packet in packets]
        found = [read_tdm_xmp(text, asset.name) for text in texts if text]
        found += [_refusal_in(text, asset.name) for text in _strays(data, packets)]
        return [statement for statement in found if statement is not None]


def _strays(data: bytes, packets: Sequence[Packet]) -> Iterator[str]:
    """What stands around a reservation that no packet holds: a format of which we know no more
    than its bytes, a second image, a damaged segment."""
    seen: set[bytes] = set()
    for match in _RAW_MENTION.finditer(data):
        mention = data[match.start() : match.start() + _SAME]
        if mention in seen or any(mention in packet.data for packet in packets):
            continue
        seen.add(mention)
        if len(seen) > _MAX_STRAYS:
            return
        start = data.rfind(_START, max(0, match.start() - _AROUND), match.start())
        end = data.find(_END, match.end(), match.end() + _AROUND)
        if start < 0 or end < 0:
            yield mention.decode("latin-1")
        else:
            yield data[start : end + len(_END)].decode("utf-8", "replace")


def _refusal_in(text: str, name: str) -> Statement | None:
    """A refusal in a text that stands at no place for packets; anything else there is nothing."""
    said = read_tdm_xmp(text, name)
    restrictions: dict[Purpose, Preference] = {
        p: v
        for p, v in (said.preferences if said else {}).items()
        if v in (Preference.NOT_ALLOWED, Preference.CONSTRAINED)
    }
    if said is None or not restrictions:
        return None
    note = "it stands in the file outside of any XMP packet"
    return replace(said, preferences=restrictions, notes=(*said.notes, note))
