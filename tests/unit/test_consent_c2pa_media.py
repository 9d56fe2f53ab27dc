"""Content credentials in other containers than the usual picture files: real ones, signed here."""

from __future__ import annotations

import io
import struct
import wave
import zipfile
from collections.abc import Callable
from functools import cache

import pytest
from PIL import Image

from models.consent.carriers.c2pa import C2paCarrier
from models.consent.carriers.media import sniff_media_type
from models.consent.purposes import Preference, Purpose
from models.consent.signing import sign_image
from models.consent.statements import Condition, Statement
from tests.consent_files import MIMES, asset_of, owner, picture

NO = {Purpose.NON_GENERATIVE_TRAINING: Preference.NOT_ALLOWED}


def nothing(_: object) -> bytes:
    raise AssertionError("this carrier reads no sidecar")


def read(data: bytes) -> list[Statement]:
    return C2paCarrier().read(asset_of(data, "a.bin"), data, nothing)


def wav() -> bytes:
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setparams((1, 2, 8000, 0, "NONE", ""))
        file.writeframes(b"\1\2" * 400)
    return out.getvalue()


def riff(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def avi() -> bytes:
    head = riff(b"avih", struct.pack("<14I", 40000, 0, 0, 16, 1, 0, 1, 0, 8, 8, 0, 0, 0, 0))
    stream = riff(b"strh", b"vidsDIB " + bytes(20) + struct.pack("<I", 1) + bytes(24))
    stream += riff(b"strf", struct.pack("<IiiHHIIiiII", 40, 8, 8, 1, 24, 0, 192, 0, 0, 0, 0))
    header = riff(b"LIST", b"hdrl" + head + riff(b"LIST", b"strl" + stream))
    return riff(b"RIFF", b"AVI " + header + riff(b"LIST", b"movi" + riff(b"00db", bytes(192))))


def svg() -> bytes:
    return (
        b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8">'
        b'<rect width="8" height="8" fill="red"/></svg>'
    )


def mp3() -> bytes:
    return b"ID3\x03" + bytes(6) + (b"\xff\xfb\x90\x00" + bytes(413)) * 4


def flac() -> bytes:
    info = struct.pack(">HH", 4096, 4096) + bytes(6) + bytes.fromhex("0ac442f0") + bytes(20)
    return b"fLaC\x80" + len(info).to_bytes(3, "big") + info


def box(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + kind + body


def movie(brand: bytes = b"isom") -> bytes:
    matrix = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
    header = struct.pack(">5IIH", 0, 0, 0, 1000, 1000, 0x10000, 0x100) + bytes(10)
    header += matrix + bytes(24) + struct.pack(">I", 2)
    kind = box(b"ftyp", brand + struct.pack(">I", 512) + brand + b"mp41")
    return kind + box(b"moov", box(b"mvhd", header)) + box(b"mdat", bytes(64))


def avif() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16), (9, 99, 200)).save(out, "AVIF")
    return out.getvalue()


def pdf() -> bytes:
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
    )
    out, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(out)
    return out + b"xref\n0 4\n0000000000 65535 f \n" + table + end


def epub() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("mimetype", "application/epub+zip")
        file.writestr("a.txt", "hello")
    return out.getvalue()


def plain_zip() -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        file.writestr("a.txt", "hello")
    return out.getvalue()


def jxl() -> bytes:
    start = b"\0\0\0\x0cJXL \r\n\x87\n" + box(b"ftyp", b"jxl \0\0\0\0jxl ")
    return start + box(b"jxlc", b"\xff\x0a" + bytes(30))


MADE: dict[str, tuple[Callable[[], bytes], str]] = {
    "audio/wav": (wav, "audio/wav"),
    "video/avi": (avi, "video/avi"),
    "image/svg+xml": (svg, "image/svg+xml"),
    "audio/mpeg": (mp3, "audio/mpeg"),
    "audio/flac": (flac, "audio/flac"),
    "video/mp4": (movie, "video/mp4"),
    "video/quicktime": (lambda: movie(b"qt  "), "video/quicktime"),
    "audio/mp4": (lambda: movie(b"M4A "), "audio/mp4"),
    "image/avif": (avif, "image/avif"),
    "image/heic": (lambda: avif().replace(b"ftypavif", b"ftypheic", 1), "image/heic"),
    "application/pdf": (pdf, "application/pdf"),
    "application/epub+zip": (epub, "application/epub+zip"),
    "application/zip": (plain_zip, "application/x-zip"),
    "image/jxl": (jxl, "image/jxl"),
}


@cache
def signed(kind: str) -> bytes:
    make, name_for_sdk = MADE[kind]
    chain = owner()
    uses = {"ai_training": "notAllowed"}
    return sign_image(make(), name_for_sdk, uses, chain.chain_pem, chain.key_pem)


@pytest.mark.parametrize("kind", sorted(MADE))
class TestEachContainer:
    def test_it_is_known_by_its_bytes_signed_or_not(self, kind: str) -> None:
        assert sniff_media_type(MADE[kind][0]()) == kind
        assert sniff_media_type(signed(kind)) == kind

    def test_a_refusal_in_it_is_read_and_its_signer_is_named(self, kind: str) -> None:
        (statement,) = read(signed(kind))
        assert statement.condition is Condition.SOUND
        assert statement.preferences == NO
        assert statement.setter == owner().fingerprint
        assert statement.trust.levels == "L1+L4"

    def test_without_credentials_it_says_nothing(self, kind: str) -> None:
        assert read(MADE[kind][0]()) == []

    def test_a_changed_byte_of_the_content_is_tampering(self, kind: str) -> None:
        (statement,) = read(change_content(kind, signed(kind)))
        assert statement.condition is Condition.TAMPERED
        assert statement.preferences == NO
        assert statement.trust.levels == "L0"

    def test_cut_short_it_never_looks_sound_and_keeps_what_it_refuses(self, kind: str) -> None:
        data = signed(kind)
        assert read(data[:-7])
        for keep in (len(data) - 7, len(data) * 3 // 4, len(data) // 2):
            for statement in read(data[:keep]):
                assert statement.condition is not Condition.SOUND
                assert Preference.ALLOWED not in statement.preferences.values()


def change_content(kind: str, data: bytes) -> bytes:
    """The same file with one byte changed outside of its credentials."""
    marks = {
        "audio/wav": b"\1\2\1\2\1\2",
        "video/avi": b"00db",
        "image/svg+xml": b"red",
        "audio/mpeg": b"\xff\xfb\x90\x00",
        "audio/flac": bytes.fromhex("0ac442f0"),
        "application/pdf": b"0 0 9 9",
        "application/epub+zip": b"hello",
        "application/zip": b"hello",
        "image/jxl": b"jxlc\xff\x0a",
    }
    mark = marks.get(kind, b"mdat")
    last = data.rindex(mark) + len(mark) - 1
    step = 1 if mark in (b"red", b"hello", b"0 0 9 9") else 0x10
    if mark in (b"mdat", b"00db", b"jxlc\xff\x0a"):
        last += 5
    changed = bytearray(data)
    changed[last] ^= step
    return bytes(changed)


class TestRemains:
    def test_a_refusal_in_an_svg_whose_store_was_damaged_is_believed(self) -> None:
        data = signed("image/svg+xml")
        start = data.index(b"manifest>") + len(b"manifest>")
        (statement,) = read(data[:start] + data[start : len(data) - 200])
        assert statement.condition is Condition.MALFORMED
        assert statement.preferences == NO

    def test_a_store_behind_a_format_without_credentials_is_malformed(self) -> None:
        data = signed("audio/wav")
        start = data.index(b"jumb") - 4
        (statement,) = read(picture("BMP") + data[start:])
        assert statement.condition is Condition.MALFORMED
        assert statement.preferences == NO

    def test_a_damaged_pdf_without_a_hint_of_credentials_says_nothing(self) -> None:
        assert read(pdf()[:60]) == []


class TestMediaTypes:
    @pytest.mark.parametrize("kind", sorted(MIMES))
    def test_the_usual_pictures(self, kind: str) -> None:
        assert sniff_media_type(picture(kind)) == MIMES[kind]

    @pytest.mark.parametrize(
        ("data", "expected"),
        [
            (b"", "application/octet-stream"),
            (b"RIFF\0\0\0\0ABCD", "application/octet-stream"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif", "image/avif"),
            (b"\0\0\0\x18ftypmif1\0\0\0\0mif1heic", "image/heic"),
            (b"\0\0\0\x08moov", "video/quicktime"),
            (b"\xff\xfb\x90\x64" + bytes(20), "audio/mpeg"),
            (b"\xff\xff\xff\xff" * 8, "application/octet-stream"),
            (b"\xef\xbb\xbf <!-- hi --><x:svg xmlns:x='s'>", "image/svg+xml"),
            (b"<!DOCTYPE html><html><svg>", "application/octet-stream"),
            (b"some text with <svg>", "application/octet-stream"),
            (b"BM" + bytes(60), "image/bmp"),
            (b"II+\0" + bytes(8), "image/tiff"),
            (b"\n\n%PDF-1.4", "application/pdf"),
            (b"\0\0\0\x0cjP  \r\n\x87\n", "image/jp2"),
        ],
    )
    def test_other_beginnings(self, data: bytes, expected: str) -> None:
        assert sniff_media_type(data) == expected

    def test_a_brand_list_that_claims_to_be_endless_is_read_to_its_end(self) -> None:
        assert (
            sniff_media_type(b"\xff\xff\xff\xffftypmif1\0\0\0\0" + b"abcd" * 5000) == "image/heic"
        )


def test_a_hostile_drawing_of_two_megabytes_is_answered() -> None:
    drawing = b"<svg c2pa " + b"manifest>" * 50_000 + b" " * 1_000_000 + b"A" * 1_000_000
    assert all(s.condition is Condition.MALFORMED for s in read(drawing))
