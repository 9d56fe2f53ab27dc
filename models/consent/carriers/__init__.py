"""Every way in which a consent reaches us."""

from __future__ import annotations

from models.consent.carriers.c2pa import C2paCarrier
from models.consent.carriers.carrier import Carrier
from models.consent.carriers.plus import PlusCarrier
from models.consent.carriers.sidecar import SidecarCarrier
from models.consent.carriers.tdm_xmp import TdmXmpCarrier
from models.consent.carriers.web import CapturedWebCarrier
from models.consent.signed.carrier import SignedCarrier


def carriers(trust_anchors_pem: str = "") -> tuple[Carrier, ...]:
    """The carriers, in the order in which their statements are listed.

    Args:
        trust_anchors_pem: certificates of the C2PA authorities that the policy trusts.
    """
    return (
        SidecarCarrier(),
        SignedCarrier(),
        C2paCarrier(trust_anchors_pem),
        PlusCarrier(),
        TdmXmpCarrier(),
        CapturedWebCarrier(),
    )
