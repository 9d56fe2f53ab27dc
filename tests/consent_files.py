"""Images and packets for the consent tests, built here byte by byte or with Pillow."""

from __future__ import annotations

import binascii
import hashlib
import io
import struct
import zlib
from functools import cache

from PIL import Image

from models.assets.asset import Asset, Location
from models.canonical import digest_bytes
from models.consent.signing import CertificateChain, make_certificate_chain, sign_image

MIMES = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "TIFF": "image/tiff",
}
PLUS = "http://ns.useplus.org/ldf/xmp/1.0/"
VOCABULARY = "http://ns.useplus.org/ldf/vocab/"


def picture(kind: str = "PNG", colour: tuple[int, int, int] = (200, 40, 90)) -> bytes:
    """A small image file."""
    out = io.BytesIO()
    Image.new("RGB", (48, 32), colour).save(out, kind)
    return out.getvalue()


def asset_of(data: bytes, name: str = "a.png", *sidecars: Location) -> Asset:
    """The asset that a scan would make of one file."""
    digest = digest_bytes(data)
    return Asset(digest, (Location(name, name, len(data), None, digest),), sidecars=sidecars)


def xmp(attributes: str = "", elements: str = "") -> str:
    """An XMP packet with attributes and elements on its description."""
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">'
        f'<rdf:Description rdf:about="" xmlns:plus="{PLUS}" '
        'xmlns:dc="http://purl.org/dc/elements/1.1/" '
        'xmlns:xmpRights="http://ns.adobe.com/xap/1.0/rights/" '
        f"{attributes}>{elements}</rdf:Description></rdf:RDF></x:xmpmeta>"
        '<?xpacket end="w"?>'
    )


def data_mining(token: str) -> str:
    """An XMP packet with one official PLUS value."""
    return xmp(f'plus:DataMining="{VOCABULARY}{token}"')


def jpeg_with(*segments: bytes) -> bytes:
    """A JPEG with APP1 segments after its start."""
    body = picture("JPEG")
    added = b"".join(b"\xff\xe1" + struct.pack(">H", len(s) + 2) + s for s in segments)
    return body[:2] + added + body[2:]


def jpeg_extended(packet: bytes, pieces: int, order: tuple[int, ...] | None = None) -> bytes:
    """A JPEG with extended XMP, cut into pieces that stand in any order."""
    guid = hashlib.md5(packet).hexdigest().upper().encode()  # as the format wants it
    size = -(-len(packet) // pieces)
    segments = [
        b"http://ns.adobe.com/xmp/extension/\0"
        + guid
        + struct.pack(">II", len(packet), start)
        + packet[start : start + size]
        for start in range(0, len(packet), size)
    ]
    return jpeg_with(*(segments[i] for i in (order or tuple(range(len(segments))))))


def png_with(kind: bytes, body: bytes) -> bytes:
    """A PNG with one more chunk after its header."""
    chunk = struct.pack(">I", len(body)) + kind + body
    chunk += struct.pack(">I", binascii.crc32(kind + body))
    data = picture("PNG")
    return data[:33] + chunk + data[33:]


def png_text(packet: bytes, compressed: bool = False) -> bytes:
    """A PNG with XMP in an iTXt chunk."""
    text = zlib.compress(packet) if compressed else packet
    flag = b"\1" if compressed else b"\0"
    return png_with(b"iTXt", b"XML:com.adobe.xmp\0" + flag + b"\0\0\0" + text)


def webp_with(packet: bytes) -> bytes:
    """A WebP with an XMP chunk."""
    data = picture("WEBP")
    chunk = b"XMP " + struct.pack("<I", len(packet)) + packet + b"\0" * (len(packet) % 2)
    return data[:4] + struct.pack("<I", len(data) - 8 + len(chunk)) + data[8:] + chunk


def gif_with(packet: bytes) -> bytes:
    """A GIF with XMP in an application extension."""
    data = picture("GIF")
    trailer = b"\x01" + bytes(range(255, -1, -1)) + b"\0"
    return data[:-1] + b"\x21\xff\x0bXMP DataXMP" + packet + trailer + data[-1:]


def tiff_with(packet: bytes, order: str = "<", big: bool = False) -> bytes:
    """A TIFF of one folder that holds nothing but tag 700."""
    mark = b"II" if order == "<" else b"MM"
    if big:
        head = mark + struct.pack(order + "HHHQ", 43, 8, 0, 16)
        start = 16 + 8 + 20 + 8
        folder = struct.pack(order + "QHHQQQ", 1, 700, 1, len(packet), start, 0)
    else:
        head = mark + struct.pack(order + "HI", 42, 8)
        start = 8 + 2 + 12 + 4
        folder = struct.pack(order + "HHHIII", 1, 700, 1, len(packet), start, 0)
    return head + folder + packet


def with_packet(kind: str, packet: bytes) -> bytes:
    """An image of any of the formats that hold XMP."""
    if kind == "JPEG":
        return jpeg_with(b"http://ns.adobe.com/xap/1.0/\0" + packet)
    if kind == "PNG":
        return png_text(packet)
    return {"WEBP": webp_with, "GIF": gif_with, "TIFF": tiff_with}[kind](packet)


@cache
def owner() -> CertificateChain:
    """The same rights holder in every test of a session."""
    return make_certificate_chain("Aoi Minase")


@cache
def signed(kind: str = "PNG", entry: str = "ai_generative_training", use: str = "allowed") -> bytes:
    """An image with content credentials by ``owner``."""
    chain = owner()
    return sign_image(picture(kind), MIMES[kind], {entry: use}, chain.chain_pem, chain.key_pem)


def flip_pixel(png: bytes) -> bytes:
    """The same PNG with another byte in its picture data."""
    changed = bytearray(png)
    changed[png.rfind(b"IDAT") + 6] ^= 1
    return bytes(changed)
