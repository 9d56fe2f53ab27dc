"""TDMRep in an image's XMP: ``tdm:reservation`` and ``tdm:policy``."""

from __future__ import annotations

from dataclasses import dataclass

from models.assets.asset import Asset
from models.consent.carriers.carrier import LoadSidecar
from models.consent.carriers.plus import decode_packet
from models.consent.carriers.xmp_packets import find_packets
from models.consent.statements import Statement
from models.consent.web.tdm_xmp import read_tdm_xmp


@dataclass(frozen=True, slots=True)
class TdmXmpCarrier:
    """Reads the TDM reservation in every XMP packet of a file. What it says is L0."""

    name: str = "tdmrep"
    fingerprint: str = "tdm-xmp/1"

    def read(
        self,
        asset: Asset,
        data: bytes | None,
        load_sidecar: LoadSidecar,  # noqa: ARG002  (it stands in the image itself)
    ) -> list[Statement]:
        """A statement for each packet that speaks of mining.

        A packet that is cut short or in an unknown encoding is reported by the PLUS carrier, which
        reads the same packets.
        """
        texts = [decode_packet(packet.data) for packet in find_packets(data or b"")]
        found = [read_tdm_xmp(text, asset.name) for text in texts if text]
        return [statement for statement in found if statement is not None]
