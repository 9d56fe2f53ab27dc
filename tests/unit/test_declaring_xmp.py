"""Writing PLUS values into XMP: read back exactly, and nothing else is touched."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import pytest
from PIL import Image

from models.consent.carriers.plus import VALUES, PlusCarrier
from models.consent.carriers.xmp_packets import find_packets
from models.consent.declaring.xmp_writing import embed_plus
from models.consent.signing import make_certificate_chain, sign_image
from models.consent.statements import Statement
from models.errors import KiyomeError
from tests.consent_files import (
    MIMES,
    asset_of,
    data_mining,
    jpeg_extended,
    jpeg_with,
    picture,
    xmp,
)

JPEG_XMP = b"http://ns.adobe.com/xap/1.0/\0"
TITLE = (
    "<dc:title><rdf:Alt><rdf:li xml:lang='x-default'>A &amp; B</rdf:li></rdf:Alt></dc:title>"
    "<!-- kept -->"
)


def saved(kind: str, mode: str = "RGB", **arguments: Any) -> bytes:
    image = Image.linear_gradient("L").resize((47, 31)).convert(mode)
    out = io.BytesIO()
    image.save(out, kind, **arguments)
    return out.getvalue()


def pixels(data: bytes) -> list[tuple[str, tuple[int, int], bytes]]:
    with Image.open(io.BytesIO(data)) as image:
        frames = []
        for index in range(getattr(image, "n_frames", 1)):
            image.seek(index)
            frames.append((image.mode, image.size, image.tobytes()))
        return frames


def said(data: bytes) -> Statement:
    [statement] = PlusCarrier().read(asset_of(data), data, lambda _: b"")
    assert statement.notes == ()
    return statement


def animation(kind: str) -> bytes:
    frames = [Image.new("RGB", (20, 10), (i * 60, 0, 0)) for i in range(3)]
    out = io.BytesIO()
    frames[0].save(out, kind, save_all=True, append_images=frames[1:], loop=0, duration=40)
    return out.getvalue()


IMAGES = {
    "png": saved("PNG"),
    "png with palette": saved("PNG", "P"),
    "png with alpha": saved("PNG", "RGBA"),
    "animated png": animation("PNG"),
    "jpeg": saved("JPEG"),
    "jpeg in grey": saved("JPEG", "L"),
    "progressive jpeg": saved("JPEG", progressive=True),
    "jpeg with exif": saved(
        "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\0\0\0\0\0\0", icc_profile=b"i" * 99
    ),
    "webp": saved("WEBP"),
    "lossless webp": saved("WEBP", lossless=True),
    "webp with alpha": saved("WEBP", "RGBA"),
    "lossless webp with alpha": saved("WEBP", "RGBA", lossless=True),
    "animated webp": animation("WEBP"),
    "gif": saved("GIF", "P"),
    "animated gif": animation("GIF"),
    "tiff": saved("TIFF"),
    "tiff with lzw": saved("TIFF", compression="tiff_lzw"),
    "big-endian tiff": saved("TIFF", "I;16B"),
    "tiff of pages": animation("TIFF"),
}


@pytest.mark.parametrize("name", sorted(IMAGES))
def test_every_value_is_read_back_from_every_format(name: str) -> None:
    data = IMAGES[name]
    for value in VALUES:
        written = embed_plus(data, value, "https://studio.example/terms", "Ask <us> & wait")
        assert said(written).preferences == VALUES[value]
        assert pixels(written) == pixels(data)


@pytest.mark.parametrize("name", sorted(IMAGES))
def test_a_value_is_replaced_by_a_later_one(name: str) -> None:
    first = embed_plus(IMAGES[name], "DMI-PROHIBITED", "https://studio.example/terms")
    second = embed_plus(first, "DMI-ALLOWED")
    assert said(second).preferences == VALUES["DMI-ALLOWED"]
    assert b"https://studio.example/terms" in second
    assert b"DMI-PROHIBITED" not in second
    assert pixels(second) == pixels(IMAGES[name])


@pytest.mark.parametrize("name", sorted(IMAGES))
def test_writing_twice_changes_nothing_more(name: str) -> None:
    once = embed_plus(IMAGES[name], "DMI-PROHIBITED", "https://studio.example/terms", "Ask")
    twice = embed_plus(once, "DMI-PROHIBITED", "https://studio.example/terms", "Ask")
    assert [p.data for p in find_packets(twice)] == [p.data for p in find_packets(once)]


def png_with(packet: str, compressed: bool = False) -> bytes:
    data = picture()
    text = packet.encode()
    flags, text = (b"\1\0", zlib.compress(text)) if compressed else (b"\0\0", text)
    body = b"iTXtXML:com.adobe.xmp\0" + flags + b"\0\0" + text
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return data[:33] + chunk + data[33:]


@pytest.mark.parametrize(
    "packet",
    [
        xmp('dc:format="image/png"', TITLE),
        xmp('dc:format="image/png" plus:DataMining="old"', TITLE),
        xmp(
            'dc:format="image/png"',
            "<plus:DataMining>http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED</plus:DataMining>"
            + TITLE,
        ),
        xmp(
            'dc:format="image/png"',
            '<plus:DataMining rdf:resource="http://ns.useplus.org/ldf/vocab/DMI-PROHIBITED"/>'
            + TITLE
            + "<plus:DataMining>twice</plus:DataMining>",
        ),
        xmp('dc:format="image/png"', TITLE).replace("rdf:", "r:").replace("xmlns:rdf", "xmlns:r"),
        xmp('dc:format="image/png"', TITLE).replace("plus:", "p:").replace("xmlns:plus", "xmlns:p"),
        '<?xml version="1.0" encoding="UTF-8"?>' + xmp('dc:format="image/png"', TITLE),
    ],
)
def test_the_other_properties_of_a_packet_stay(packet: str) -> None:
    for compressed in (False, True):
        written = embed_plus(png_with(packet, compressed), "DMI-ALLOWED")
        assert said(written).preferences == VALUES["DMI-ALLOWED"]
        [found] = find_packets(written)
        text = found.data.decode()
        assert 'dc:format="image/png"' in text
        assert "A &amp; B" in text
        assert "<!-- kept -->" in text
        assert '<?xpacket end="w"?>' in text
        assert text.count("DMI-") == 1


def test_what_a_description_is_about_is_kept() -> None:
    packet = xmp("", TITLE).replace('rdf:about=""', 'rdf:about="uuid:a&amp;b"')
    [found] = find_packets(embed_plus(png_with(packet), "DMI-ALLOWED"))
    assert found.data.decode().count('rdf:about="uuid:a&amp;b"') == 2


def test_an_empty_rdf_root_is_filled() -> None:
    packet = (
        '<x:xmpmeta xmlns:x="adobe:ns:meta/">'
        '<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" /></x:xmpmeta>'
    )
    assert said(embed_plus(png_with(packet), "DMI-PROHIBITED")).preferences


def test_everything_around_the_packet_stays_byte_for_byte() -> None:
    data = jpeg_with(JPEG_XMP + xmp("", TITLE).encode())
    written = embed_plus(data, "DMI-PROHIBITED")
    start = data.index(JPEG_XMP) - 4
    end = start + 2 + struct.unpack(">H", data[start + 2 : start + 4])[0]
    assert written.startswith(data[:start])
    assert written.endswith(data[end:])


def test_a_packet_in_utf16_is_merged() -> None:
    data = jpeg_with(JPEG_XMP + xmp("", TITLE).encode("utf-16"))
    written = embed_plus(data, "DMI-PROHIBITED")
    assert b"A &amp; B" in find_packets(written)[0].data


def test_padding_makes_room_in_a_full_jpeg_segment() -> None:
    packet = xmp("", TITLE)
    padding = " " * (65_504 - len(packet.encode()))
    full = packet.replace("<?xpacket end", padding + "<?xpacket end").encode()
    written = embed_plus(jpeg_with(JPEG_XMP + full), "DMI-PROHIBITED")
    assert len(written) == len(jpeg_with(JPEG_XMP + full))
    assert said(written).preferences


def test_a_jpeg_segment_without_room_is_left_alone() -> None:
    packet = xmp("", f"<dc:source>{'x' * 65_000}</dc:source>").encode()
    with pytest.raises(KiyomeError, match="no room"):
        embed_plus(jpeg_with(JPEG_XMP + packet), "DMI-PROHIBITED")


def test_what_follows_the_index_of_a_multi_picture_jpeg_does_not_move() -> None:
    packet = xmp("", TITLE).replace("<?xpacket end", " " * 2000 + "<?xpacket end").encode()
    data = jpeg_with(JPEG_XMP + packet)
    index = b"\xff\xe2" + struct.pack(">H", 8) + b"MPF\0ab"
    data = data[:2] + index + data[2:]
    assert len(embed_plus(data, "DMI-PROHIBITED")) == len(data)
    with pytest.raises(KiyomeError, match="no room"):
        embed_plus(
            data.replace(b" " * 2000, b" " * 1).replace(
                struct.pack(">H", len(JPEG_XMP + packet) + 2),
                struct.pack(">H", len(JPEG_XMP + packet) + 2 - 1999),
            ),
            "DMI-PROHIBITED",
        )


@pytest.mark.parametrize(
    "data",
    [
        png_with(xmp("", "<dc:rights>DMI-PROHIBITED</dc:rights>")),
        jpeg_with(
            JPEG_XMP + xmp("", TITLE).encode(), JPEG_XMP + data_mining("DMI-PROHIBITED").encode()
        ),
        jpeg_extended(data_mining("DMI-PROHIBITED").encode(), 2),
        jpeg_with(b"DMI-PROHIBITED"),
        picture() + b"DMI-PROHIBITED",
    ],
)
def test_a_file_that_says_something_else_elsewhere_is_not_written(data: bytes) -> None:
    with pytest.raises(KiyomeError, match="would not be read as"):
        embed_plus(data, "DMI-ALLOWED")


@pytest.mark.parametrize("kind", sorted(MIMES))
def test_content_credentials_are_not_broken_unasked(kind: str) -> None:
    chain = make_certificate_chain("Aoi Minase")
    data = sign_image(
        picture(kind), MIMES[kind], {"ai_training": "notAllowed"}, chain.chain_pem, chain.key_pem
    )
    with pytest.raises(KiyomeError, match="credentials"):
        embed_plus(data, "DMI-PROHIBITED")
    assert said(embed_plus(data, "DMI-PROHIBITED", break_credentials=True)).preferences


def test_credentials_that_lie_elsewhere_are_not_broken_unasked() -> None:
    packet = xmp('xmlns:dcterms="http://purl.org/dc/terms/" dcterms:provenance="https://a.example"')
    with pytest.raises(KiyomeError, match="credentials"):
        embed_plus(png_with(packet), "DMI-PROHIBITED")


def test_xmp_first_and_signed_afterwards_says_both() -> None:
    from models.consent.carriers.c2pa import C2paCarrier

    chain = make_certificate_chain("Aoi Minase")
    data = sign_image(
        embed_plus(picture(), "DMI-PROHIBITED-GENAIMLTRAINING"),
        "image/png",
        {"ai_generative_training": "notAllowed"},
        chain.chain_pem,
        chain.key_pem,
    )
    assert said(data).preferences == VALUES["DMI-PROHIBITED-GENAIMLTRAINING"]
    [credentials] = C2paCarrier().read(asset_of(data), data, lambda _: b"")
    assert credentials.trust.integrity


def test_a_constraint_has_to_be_named() -> None:
    with pytest.raises(KiyomeError, match="constraints"):
        embed_plus(picture(), "DMI-PROHIBITED-SEECONSTRAINT")
    written = embed_plus(picture(), "DMI-PROHIBITED-SEECONSTRAINT", other_constraints="Ask us")
    assert said(written).license_ref == "Ask us"


@pytest.mark.parametrize("value", ["", "DMI-NOTHING", "dmi-prohibited", "DMI-PROHIBITED "])
def test_a_value_that_is_not_official_is_not_written(value: str) -> None:
    with pytest.raises(KiyomeError, match="no PLUS value"):
        embed_plus(picture(), value)


@pytest.mark.parametrize("text", ["\0", "\x1b[2J", "\ud800", "x" * 2001])
def test_a_text_that_xml_cannot_hold_is_not_written(text: str) -> None:
    with pytest.raises(KiyomeError, match="text"):
        embed_plus(picture(), "DMI-PROHIBITED", text)


@pytest.mark.parametrize(
    "data", [b"", b"BM", b"%PDF-1.7", b"II+\0\x08\0\0\0", b"\0\0\0\x18ftypavif", b"<svg/>"]
)
def test_a_format_that_cannot_be_written_is_named(data: bytes) -> None:
    with pytest.raises(KiyomeError, match="format"):
        embed_plus(data, "DMI-PROHIBITED")


@pytest.mark.parametrize(
    "packet",
    [
        "<x:xmpmeta",
        "no xml",
        '<!DOCTYPE x [<!ENTITY a "b">]><x/>',
        '<x:xmpmeta xmlns:x="adobe:ns:meta/"/>',
    ],
)
def test_a_packet_that_cannot_be_read_is_not_written_over(packet: str) -> None:
    with pytest.raises(KiyomeError, match="XMP"):
        embed_plus(png_with(packet), "DMI-PROHIBITED")
