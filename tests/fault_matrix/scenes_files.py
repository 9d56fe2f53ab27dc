"""Scenes of what stands in or beside the file."""

from __future__ import annotations

import datetime as dt
import io
import json
import time
from typing import Any

from models.consent.signing import make_certificate_chain, sign_image
from tests.consent_files import (
    MIMES,
    data_mining,
    flip_pixel,
    owner,
    picture,
    png_text,
    png_with,
    signed,
    xmp,
)
from tests.fault_matrix.axes import Carrier, Fault
from tests.fault_matrix.scenes import scene
from tests.fault_matrix.world import DAY, METADATA_SERVICE, World
from tests.fetching_servers import respond

REFUSES = {"aiTraining": "notAllowed"}
GRANTS = {"aiTraining": "allowed"}


def metadata(**more: Any) -> bytes:
    """Token metadata that refuses, unless told otherwise."""
    return json.dumps({"dataMiningPreference": REFUSES, **more}).encode()


# JSON beside the image


@scene(Carrier.SIDECAR, Fault.SOUND)
def _(world: World) -> None:
    world.sidecar = metadata()


@scene(Carrier.SIDECAR, Fault.ABSENT)
def _(world: World) -> None:
    world.sidecar = None


@scene(Carrier.SIDECAR, Fault.TRUNCATED)
def _(world: World) -> None:
    world.sidecar = metadata()[: -len('Allowed"}}')]


@scene(Carrier.SIDECAR, Fault.TAMPERED)
def _(world: World) -> None:
    world.sidecar = metadata()
    world.replaced_sidecar = metadata(dataMiningPreference=GRANTS)


@scene(Carrier.SIDECAR, Fault.WRONG_TYPE)
def _(world: World) -> None:
    world.sidecar = metadata(dataMiningPreference={"aiTraining": 7})


@scene(Carrier.SIDECAR, Fault.OVERSIZED)
def _(world: World) -> None:
    world.sidecar = metadata(description="x" * 2**20)


@scene(Carrier.SIDECAR, Fault.STRANGER)
def _(world: World) -> None:
    world.sidecar = metadata(dataMiningPreference=GRANTS, sha256=world.asset_id)


@scene(Carrier.SIDECAR, Fault.CONFLICTING)
def _(world: World) -> None:
    world.sidecar = (
        b'{"dataMiningPreference": {"aiTraining": "notAllowed", "aiTraining": "allowed"}}'
    )


# Content credentials


@scene(Carrier.C2PA, Fault.SOUND)
def _(world: World) -> None:
    world.image = signed(use="notAllowed")


@scene(Carrier.C2PA, Fault.ABSENT)
def _(world: World) -> None:
    world.image = picture()


def build_credentials(
    assertions: list[dict[str, Any]], kind: str = "PNG", address: str = ""
) -> bytes:
    """A picture with credentials by ``owner``, or with nothing but the address where they lie."""
    import c2pa

    chain = owner()
    definition = {"claim_generator_info": [{"name": "x"}], "assertions": assertions}
    out = io.BytesIO()
    with c2pa.Context.from_dict({"builder": {"thumbnail": {"enabled": False}}}) as context:
        builder = c2pa.Builder(definition, context=context)
        builder.set_intent(
            c2pa.C2paBuilderIntent.CREATE, c2pa.C2paDigitalSourceType.DIGITAL_CREATION
        )
        if address:
            builder.set_no_embed()
            builder.set_remote_url(address)
        info = c2pa.C2paSignerInfo("es256", chain.chain_pem, chain.key_pem, None)
        builder.sign(c2pa.Signer.from_info(info), MIMES[kind], io.BytesIO(picture(kind)), out)
    return out.getvalue()


@scene(Carrier.C2PA, Fault.TIMEOUT)
def _(world: World) -> None:
    world.server.pages["/a.c2pa"] = lambda _: time.sleep(0.6)
    world.image = build_credentials([], "JPEG", world.server.url("/a.c2pa"))


@scene(Carrier.C2PA, Fault.SERVER_ERROR)
def _(world: World) -> None:
    world.server.pages["/a.c2pa"] = respond(b"sorry", "503 Service Unavailable")
    world.image = build_credentials([], "JPEG", world.server.url("/a.c2pa"))


@scene(Carrier.C2PA, Fault.PRIVATE)
def _(world: World) -> None:
    world.image = build_credentials([], "JPEG", METADATA_SERVICE)


@scene(Carrier.C2PA, Fault.TRUNCATED)
def _(world: World) -> None:
    whole = signed()
    world.image = whole[: whole.index(b"cawg.training-mining") + 200]


@scene(Carrier.C2PA, Fault.TAMPERED)
def _(world: World) -> None:
    world.image = flip_pixel(signed())


@scene(Carrier.C2PA, Fault.WRONG_TYPE)
def _(world: World) -> None:
    world.image = build_credentials(
        [{"label": "cawg.training-mining", "data": {"entries": ["ai_training"]}}]
    )


@scene(Carrier.C2PA, Fault.OVERSIZED)
def _(world: World) -> None:
    world.image = signed(use="notAllowed") + bytes(8 * 1024**2)


@scene(Carrier.C2PA, Fault.STRANGER)
def _(world: World) -> None:
    world.image = signed()


@scene(Carrier.C2PA, Fault.EXPIRED)
def _(world: World) -> None:
    begun = dt.datetime.now(dt.UTC) - dt.timedelta(hours=1)
    chain = make_certificate_chain("Aoi Minase", valid_from=begun, days=1)
    uses = {"ai_generative_training": "allowed"}
    world.image = sign_image(picture(), "image/png", uses, chain.chain_pem, chain.key_pem)
    world.later = 2 * DAY


@scene(Carrier.C2PA, Fault.CONFLICTING)
def _(world: World) -> None:
    chain = owner()
    image = png_text(data_mining("DMI-PROHIBITED-AIMLTRAINING").encode())
    uses = {"ai_generative_training": "allowed"}
    world.image = sign_image(image, "image/png", uses, chain.chain_pem, chain.key_pem)


# XMP in the image


def tdm(value: str, more: str = "") -> str:
    """A packet with a TDM reservation."""
    return xmp(f'xmlns:tdm="http://www.w3.org/ns/tdmrep#" tdm:reservation="{value}" {more}')


def _packet(carrier: Carrier, fault: Fault, packet: str, cut: int = 0) -> None:
    @scene(carrier, fault)
    def _(world: World) -> None:
        data = packet.encode()
        world.image = png_text(data[: len(data) - cut])


_END = len('"></rdf:Description></rdf:RDF></x:xmpmeta><?xpacket end="w"?>')
_packet(Carrier.PLUS, Fault.SOUND, data_mining("DMI-PROHIBITED-GENAIMLTRAINING"))
_packet(Carrier.PLUS, Fault.ABSENT, xmp('dc:format="image/png"'))
_packet(Carrier.PLUS, Fault.TRUNCATED, data_mining("DMI-PROHIBITED"), _END + len("HIBITED"))
_packet(Carrier.PLUS, Fault.TAMPERED, data_mining("DMI-PROHIBITEX"))
_packet(Carrier.PLUS, Fault.WRONG_TYPE, xmp('plus:DataMining="7"'))
_packet(Carrier.PLUS, Fault.STRANGER, data_mining("DMI-ALLOWED"))
_packet(Carrier.TDM_XMP, Fault.SOUND, tdm("1"))
_packet(Carrier.TDM_XMP, Fault.ABSENT, xmp('dc:format="image/png"'))
_packet(Carrier.TDM_XMP, Fault.TRUNCATED, tdm("1"), _END + len(' 1"') - 1)
_packet(Carrier.TDM_XMP, Fault.TAMPERED, tdm("l"))
_packet(Carrier.TDM_XMP, Fault.WRONG_TYPE, tdm("perhaps"))
_packet(Carrier.TDM_XMP, Fault.STRANGER, tdm("0"))


def _packets(carrier: Carrier, *packets: str) -> None:
    """The scene of a picture with several packets that contradict each other."""

    @scene(carrier, Fault.CONFLICTING)
    def _(world: World) -> None:
        whole = png_text(packets[0].encode())
        body = b"XML:com.adobe.xmp\0\0\0\0\0" + packets[1].encode()
        more = png_with(b"iTXt", body)
        world.image = whole[:33] + more[33 : 33 + len(body) + 12] + whole[33:]


_packets(Carrier.PLUS, data_mining("DMI-ALLOWED"), data_mining("DMI-PROHIBITED-GENAIMLTRAINING"))
_packets(Carrier.TDM_XMP, tdm("0"), tdm("1"))


@scene(Carrier.PLUS, Fault.OVERSIZED)
def _(world: World) -> None:
    filling = "<!--" + "x" * (17 * 1024**2) + "-->"
    packet = data_mining("DMI-PROHIBITED").replace("<rdf:RDF", filling + "<rdf:RDF")
    world.image = png_text(packet.encode(), compressed=True)


@scene(Carrier.TDM_XMP, Fault.OVERSIZED)
def _(world: World) -> None:
    filling = "<!--" + "x" * (17 * 1024**2) + "-->"
    world.image = png_text(tdm("0").replace("<rdf:RDF", filling + "<rdf:RDF").encode(), True)


# Web evidence kept beside the image


def _kept(fault: Fault, **columns: Any) -> None:
    @scene(Carrier.KEPT, fault)
    def _(world: World) -> None:
        world.sidecar = json.dumps({"url": "https://a.example/a.png", **columns}).encode()


_kept(Fault.SOUND, x_robots_tag="noai")
_kept(Fault.ABSENT, headers={"content-type": "image/png"})
_kept(Fault.SERVER_ERROR, robots_txt={"status": 503, "body": "sorry"})
_kept(Fault.WRONG_TYPE, headers=7)
_kept(Fault.STRANGER, content_usage="train-ai=y")
_kept(Fault.CONFLICTING, headers=[["X-Robots-Tag", "all"], ["x-robots-tag", "NoAI"]])


@scene(Carrier.KEPT, Fault.TRUNCATED)
def _(world: World) -> None:
    world.sidecar = b'{"url": "https://a.example/a.png", "headers": {"x-robots-tag": "noa'


@scene(Carrier.KEPT, Fault.TAMPERED)
def _(world: World) -> None:
    record = {"url": "https://a.example/a.png", "x_robots_tag": "noai"}
    world.sidecar = json.dumps(record).encode()
    world.replaced_sidecar = json.dumps({**record, "x_robots_tag": "all"}).encode()


@scene(Carrier.KEPT, Fault.OVERSIZED)
def _(world: World) -> None:
    record = {"url": "https://a.example/a.png", "html": "x" * 2**20, "x_robots_tag": "noai"}
    world.sidecar = json.dumps(record).encode()
