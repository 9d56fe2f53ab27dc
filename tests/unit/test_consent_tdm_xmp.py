"""The TDM reservation in an image's XMP: in its place, and wherever else in the file it stands."""

from __future__ import annotations

import pytest

from models.consent.carriers.tdm_xmp import TdmXmpCarrier
from models.consent.purposes import Preference, Purpose
from models.consent.statements import Condition, Statement
from tests.consent_files import asset_of, jpeg_with, picture, png_text, xmp

GT = Purpose.GENERATIVE_TRAINING
NO = Preference.NOT_ALLOWED


def packet(value: str) -> bytes:
    return xmp(f'xmlns:tdm="http://www.w3.org/ns/tdmrep#" tdm:reservation="{value}"').encode()


def read(data: bytes) -> list[Statement]:
    return TdmXmpCarrier().read(asset_of(data), data, lambda _: b"")


def test_a_packet_in_its_place_is_read_once() -> None:
    (said,) = read(png_text(packet("1")))
    assert (said.preference(GT), said.condition) == (NO, Condition.SOUND)


@pytest.mark.parametrize(
    "before",
    [
        b"\0\0\0\x1cftypavif\0\0\0\0" + bytes(100),  # a format that keeps XMP in boxes
        b"8BPS" + bytes(100),
        b"\x88PNG\r\n\x1a\n" + bytes(100),  # a damaged signature
        picture(),
        jpeg_with(b"http://ns.adobe.com/xap/1.0/\0" + packet("0")),
    ],
)
def test_a_reservation_counts_wherever_in_the_file_it_stands(before: bytes) -> None:
    refusals = [said for said in read(before + packet("1")) if said.preference(GT) is NO]
    assert [said.condition for said in refusals] == [Condition.SOUND]


def test_a_reservation_without_a_whole_packet_refuses_and_is_broken() -> None:
    (said,) = read(picture() + b' tdm:reservation="1" ')
    assert (said.preference(GT), said.condition) == (NO, Condition.MALFORMED)


def test_what_stands_elsewhere_never_grants() -> None:
    assert read(picture() + packet("0")) == []


def test_many_mentions_end_in_time() -> None:
    lines = b"".join(b'tdm:reservation="%d" ' % number for number in range(200_000))
    assert len(read(lines)) == 16
