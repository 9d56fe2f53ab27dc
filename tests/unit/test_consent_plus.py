"""PLUS data mining in XMP: where packets stand, what they say, what damage means."""

from __future__ import annotations

import binascii
import zlib

import pytest

from models.consent.carriers.plus import VALUES, PlusCarrier
from models.consent.carriers.xmp_packets import find_packets
from models.consent.purposes import ALL_PURPOSES, Preference
from models.consent.statements import Condition, Statement
from tests.consent_files import (
    MIMES,
    VOCABULARY,
    asset_of,
    data_mining,
    gif_with,
    jpeg_extended,
    jpeg_with,
    picture,
    png_text,
    png_with,
    tiff_with,
    webp_with,
    with_packet,
    xmp,
)

YES, NO, IF, SILENT = (
    Preference.ALLOWED,
    Preference.NOT_ALLOWED,
    Preference.CONSTRAINED,
    Preference.UNKNOWN,
)
REFUSAL = data_mining("DMI-PROHIBITED")


def nothing(_: object) -> bytes:
    raise AssertionError("this carrier reads no sidecar")


def read(data: bytes) -> list[Statement]:
    return PlusCarrier().read(asset_of(data), data, nothing)


def of(statement: Statement) -> tuple[Preference, ...]:
    return tuple(statement.preference(purpose) for purpose in ALL_PURPOSES)


def said(packet: str) -> Statement:
    statements = read(png_text(packet.encode()))
    assert len(statements) == 1
    return statements[0]


class TestWherePacketsStand:
    @pytest.mark.parametrize("kind", sorted(MIMES))
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-16-be", "utf-16-le", "utf-32"])
    def test_a_refusal_is_found_in_every_format_and_encoding(
        self, kind: str, encoding: str
    ) -> None:
        statements = read(with_packet(kind, REFUSAL.encode(encoding)))
        assert [of(s) for s in statements] == [(NO,) * 4]
        assert statements[0].condition is Condition.SOUND
        assert statements[0].trust.levels == "L0"

    @pytest.mark.parametrize("kind", sorted(MIMES))
    def test_an_image_without_xmp_says_nothing(self, kind: str) -> None:
        assert read(picture(kind)) == []

    @pytest.mark.parametrize("kind", sorted(MIMES))
    def test_xmp_about_other_things_says_nothing(self, kind: str) -> None:
        assert read(with_packet(kind, xmp('dc:title="a"').encode())) == []

    def test_compressed_png_text_is_read(self) -> None:
        assert of(read(png_text(REFUSAL.encode(), compressed=True))[0]) == (NO,) * 4

    @pytest.mark.parametrize("kind", [b"tEXt", b"zTXt"])
    def test_a_raw_profile_is_read(self, kind: bytes) -> None:
        profile = binascii.hexlify(REFUSAL.encode())
        text = b"\nxmp\n    %d\n%s\n" % (len(REFUSAL), profile)
        body = b"\0" + zlib.compress(text) if kind == b"zTXt" else text
        assert of(read(png_with(kind, b"Raw profile type xmp\0" + body))[0]) == (NO,) * 4

    @pytest.mark.parametrize("order", [(0, 1, 2), (2, 0, 1)])
    def test_extended_xmp_is_put_together_in_any_order(self, order: tuple[int, ...]) -> None:
        statements = read(jpeg_extended(REFUSAL.encode(), 3, order))
        assert [(of(s), s.condition) for s in statements] == [((NO,) * 4, Condition.SOUND)]

    def test_extended_xmp_with_a_missing_piece_is_malformed(self) -> None:
        statements = read(jpeg_extended(REFUSAL.encode(), 3, (0, 2)))
        assert statements[0].condition is Condition.MALFORMED

    @pytest.mark.parametrize("order", ["<", ">"])
    @pytest.mark.parametrize("big", [False, True])
    def test_tiff_is_read_in_both_byte_orders_and_sizes(self, order: str, big: bool) -> None:
        assert of(read(tiff_with(REFUSAL.encode(), order, big))[0]) == (NO,) * 4

    def test_every_packet_of_a_file_is_read(self) -> None:
        head = b"http://ns.adobe.com/xap/1.0/\0"
        data = jpeg_with(head + data_mining("DMI-ALLOWED").encode(), head + REFUSAL.encode())
        assert [of(s) for s in read(data)] == [(YES, SILENT, YES, YES), (NO,) * 4]

    def test_the_place_is_named_for_a_reader(self) -> None:
        assert read(webp_with(REFUSAL.encode()))[0].source == "a.png (XMP chunk)"


class TestValues:
    @pytest.mark.parametrize(
        ("token", "expected"),
        [
            ("DMI-UNSPECIFIED", (SILENT,) * 4),
            ("DMI-ALLOWED", (YES, SILENT, YES, YES)),
            ("DMI-PROHIBITED-AIMLTRAINING", (SILENT, SILENT, NO, NO)),
            ("DMI-PROHIBITED-GENAIMLTRAINING", (SILENT, SILENT, SILENT, NO)),
            ("DMI-PROHIBITED-EXCEPTSEARCHENGINEINDEXING", (NO,) * 4),
            ("DMI-PROHIBITED", (NO,) * 4),
            ("DMI-PROHIBITED-SEECONSTRAINT", (IF,) * 4),
            ("DMI-PROHIBITED-SEEEMBEDDEDRIGHTSEXPR", (IF,) * 4),
            ("DMI-PROHIBITED-SEELINKEDRIGHTSEXPR", (IF,) * 4),
        ],
    )
    def test_the_vocabulary(self, token: str, expected: tuple[Preference, ...]) -> None:
        statement = said(data_mining(token))
        assert of(statement) == expected
        assert statement.notes == ()

    def test_the_table_holds_the_whole_vocabulary(self) -> None:
        assert len(VALUES) == 9

    @pytest.mark.parametrize(
        "elements",
        [
            f"<plus:DataMining>{VOCABULARY}DMI-PROHIBITED</plus:DataMining>",
            f'<plus:DataMining rdf:resource="{VOCABULARY}DMI-PROHIBITED"/>',
            (
                f'<plus:DataMining rdf:parseType="Resource"><rdf:value>{VOCABULARY}DMI-PROHIBITED'
                "</rdf:value></plus:DataMining>"
            ),
            (
                f"<plus:DataMining><rdf:Bag><rdf:li>{VOCABULARY}DMI-PROHIBITED</rdf:li></rdf:Bag>"
                "</plus:DataMining>"
            ),
            f"<plus:DataMining>{VOCABULARY}&#68;MI-PROHIBITED</plus:DataMining>",
        ],
    )
    def test_every_rdf_dress_of_the_property_is_read(self, elements: str) -> None:
        assert of(said(xmp("", elements))) == (NO,) * 4

    @pytest.mark.parametrize(
        "value",
        [
            "DMI-ALLOWED",
            "http://ns.useplus.org/LDF/vocab/DMI-ALLOWED",
            "https://ns.useplus.org/ldf/vocab/DMI-ALLOWED",
            f"{VOCABULARY}dmi-allowed",
        ],
    )
    def test_a_grant_that_is_not_officially_spelled_is_not_read(self, value: str) -> None:
        statement = said(xmp(f'plus:DataMining="{value}"'))
        assert YES not in of(statement)
        assert "not an official spelling" in statement.notes[0]

    @pytest.mark.parametrize("value", ["DMI-PROHIBITED", f"{VOCABULARY}dmi-prohibited", "no"])
    def test_a_refusal_counts_however_it_is_spelled(self, value: str) -> None:
        assert of(said(xmp(f'plus:DataMining="{value}"'))) == (NO,) * 4

    @pytest.mark.parametrize("value", ["", "yes", f"{VOCABULARY}DMI-SOMETHING-NEW"])
    def test_an_unknown_or_empty_value_is_a_refusal_and_noted(self, value: str) -> None:
        statement = said(xmp(f'plus:DataMining="{value}"'))
        assert of(statement) == (NO,) * 4
        assert "read as prohibited" in statement.notes[0]

    @pytest.mark.parametrize(
        "attributes",
        [
            'dc:rights="DMI-PROHIBITED-GENAIMLTRAINING"',
            'xmlns:q="http://example.org/" q:DataMining="DMI-PROHIBITED-GENAIMLTRAINING"',
            'dc:rights="dmi-prohibited-genaimltraining, please"',
        ],
    )
    def test_a_prohibition_elsewhere_in_the_packet_is_believed(self, attributes: str) -> None:
        assert of(said(xmp(attributes))) == (SILENT, SILENT, SILENT, NO)

    def test_a_permission_elsewhere_in_the_packet_is_nothing(self) -> None:
        assert read(png_text(xmp('dc:rights="DMI-ALLOWED"').encode())) == []

    def test_an_official_grant_does_not_hide_a_prohibition_elsewhere(self) -> None:
        packet = xmp(
            f'plus:DataMining="{VOCABULARY}DMI-ALLOWED" dc:rights="DMI-PROHIBITED-AIMLTRAINING"'
        )
        assert of(said(packet)) == (YES, SILENT, NO, NO)

    @pytest.mark.parametrize(
        ("attributes", "elements", "expected"),
        [
            ('plus:OtherConstraints="ask me"', "", "ask me"),
            (
                "",
                (
                    "<plus:OtherConstraints><rdf:Alt><rdf:li>ask me</rdf:li></rdf:Alt>"
                    "</plus:OtherConstraints>"
                ),
                "ask me",
            ),
            ('xmpRights:WebStatement="https://example.org/l"', "", "https://example.org/l"),
            ("", "<plus:LicensorURL>https://example.org</plus:LicensorURL>", "https://example.org"),
        ],
    )
    def test_a_constrained_value_names_its_licence(
        self, attributes: str, elements: str, expected: str
    ) -> None:
        value = f'plus:DataMining="{VOCABULARY}DMI-PROHIBITED-SEECONSTRAINT" '
        assert said(xmp(value + attributes, elements)).license_ref == expected


class TestDamage:
    @pytest.mark.parametrize(
        "packet",
        [
            REFUSAL[:-40],
            REFUSAL.replace("rdf:RDF", "rdf:RDX", 1),
            '<!DOCTYPE a [<!ENTITY b "c">]>' + REFUSAL[REFUSAL.index("<x:") :],
            '<!DOCTYPE a SYSTEM "http://example.org/a.dtd">' + REFUSAL[REFUSAL.index("<x:") :],
            "",
            "\0\0",
        ],
    )
    def test_a_packet_that_cannot_be_read_is_malformed(self, packet: str) -> None:
        statement = said(packet)
        assert statement.condition is Condition.MALFORMED
        assert "cannot be read" in statement.notes[0]

    def test_a_refusal_in_a_malformed_packet_is_believed(self) -> None:
        assert of(said(REFUSAL[:-40])) == (NO,) * 4

    def test_a_grant_in_a_malformed_packet_is_not(self) -> None:
        assert YES not in of(said(data_mining("DMI-ALLOWED")[:-40]))

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF"])
    def test_a_file_that_ends_inside_its_packet_is_malformed(self, kind: str) -> None:
        data = with_packet(kind, data_mining("DMI-ALLOWED").encode())
        cut = data[: data.index(b"DMI-ALLOWED")]
        assert [s.condition for s in read(cut)] == [Condition.MALFORMED]

    @pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "TIFF"])
    def test_that_is_so_even_where_the_rest_is_well_formed(self, kind: str) -> None:
        data = with_packet(kind, data_mining("DMI-ALLOWED").encode())
        cut = data[: data.index(b"</x:xmpmeta>") + len(b"</x:xmpmeta>")]
        assert [s.condition for s in read(cut)] == [Condition.MALFORMED]

    def test_a_refusal_outside_of_any_packet_is_believed(self) -> None:
        for trailer in (b"DMI-PROHIBITED", "DMI-PROHIBITED".encode("utf-16-be")):
            statements = read(picture("PNG") + trailer)
            assert [of(s) for s in statements] == [(NO,) * 4]

    def test_a_compressed_bomb_is_cut_off(self) -> None:
        bomb = zlib.compress(b"<" * (64 * 1024**2))
        data = png_with(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + bomb)
        packets = find_packets(data)
        assert len(packets) == 1
        assert "larger than" in packets[0].problem

    def test_a_file_of_nothing_but_packets_is_cut_off(self) -> None:
        segment = b"http://ns.adobe.com/xap/1.0/\0<a/>"
        packets = find_packets(jpeg_with(*[segment] * 200))
        assert len(packets) == 65
        assert packets[-1].problem

    def test_a_tiff_that_points_at_itself_ends(self) -> None:
        data = bytearray(tiff_with(b"<a/>"))
        data[22:26] = (8).to_bytes(4, "little")
        assert len(find_packets(bytes(data))) >= 1

    def test_gif_packets_without_an_end_are_malformed(self) -> None:
        data = gif_with(REFUSAL.encode())
        assert find_packets(data[: data.index(b"\x01\xff\xfe\xfd")])[0].problem == "it has no end"


def test_no_bytes_no_statement() -> None:
    assert PlusCarrier().read(asset_of(b""), None, nothing) == []
