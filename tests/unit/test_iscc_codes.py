"""ISCC codes: one spelling whatever the dress, honest distances, and the codes of real pictures."""

from __future__ import annotations

import io

import iscc_core as ic
import numpy as np
import pytest
from PIL import Image

from models.assets.decoding import decode_image
from models.assets.faults import FaultError
from models.consent.iscc.codes import (
    MAX_DISTANCE,
    IsccError,
    image_bits,
    image_code_distance,
    image_code_of,
    parse_iscc,
    says_nothing,
    units_of,
)
from models.consent.iscc.computing import (
    compute_instance_code,
    compute_iscc,
    image_codes,
)

# A composite that the reference SDK publishes in its tests, and its units.
COMPOSITE = "KECTBQHZY2QWP7BKYNBTBHR4T2HGP3MLVE64D3M36CMOITEYZHFULOQ"
UNITS = ("AAATBQHZY2QWP7BK", "EEA4GQZQTY6J5DTH", "GAA63C5JHXA63G7Q", "IAAZRZCMTDE4WRN2")


def scene(side: int = 256) -> Image.Image:
    """A picture with structure at every scale."""
    noise = np.random.default_rng(5).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    return Image.fromarray(noise).resize((side, side), Image.Resampling.BICUBIC)


def saved(image: Image.Image, kind: str = "PNG", **how: int) -> bytes:
    out = io.BytesIO()
    image.save(out, kind, **how)
    return out.getvalue()


def codes_of(data: bytes) -> tuple[str, ...]:
    return compute_iscc(data, max_pixels=10**7).images


class TestSpelling:
    @pytest.mark.parametrize(
        "text",
        [
            COMPOSITE,
            f"ISCC:{COMPOSITE}",
            f"iscc:{COMPOSITE.lower()}",
            f"  Iscc: {COMPOSITE[:9]}-{COMPOSITE[9:]} ",
            f"urn:iscc:{COMPOSITE}",
            "-".join(UNITS),
            "fcc01" + ic.decode_base32(COMPOSITE).hex(),
        ],
    )
    def test_every_dress_of_a_code_has_one_spelling(self, text: str) -> None:
        assert parse_iscc(text) == COMPOSITE

    def test_a_composite_holds_its_units(self) -> None:
        assert tuple(unit.code for unit in units_of(COMPOSITE)) == UNITS

    def test_units_that_make_no_composite_stay_in_a_row(self) -> None:
        row = parse_iscc(UNITS[1] + UNITS[3])
        assert tuple(unit.code for unit in units_of(row)) == (UNITS[1], UNITS[3])
        assert parse_iscc(row) == row

    def test_a_wide_composite_keeps_its_128_bits(self) -> None:
        data = ic.gen_data_code_v0(io.BytesIO(b"x" * 900), bits=128)["iscc"]
        instance = ic.gen_instance_code_v0(io.BytesIO(b"x" * 900), bits=128)["iscc"]
        wide = ic.gen_iscc_code_v0([data, instance], wide=True)["iscc"].removeprefix("ISCC:")
        assert parse_iscc(wide) == wide
        assert [len(unit.body) for unit in units_of(wide)] == [16, 16]

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("", "not an ISCC"),
            ("ISCC:", "not an ISCC"),
            ("hello world", "not an ISCC"),
            (
                "ISCC:EXAMPLE5QH7FTV7N5YVD5UMF4TUKFFGDGCOI4UDFKE4FNPW6C3L7J2Y",
                "not an ISCC|cut|kind",
            ),
            (COMPOSITE[:-7], "cut short"),
            (UNITS[1][:-4], "not an ISCC|cut short"),
            ("MAAGZTFQTTVIZPJR", "ISCC-ID"),
            ("A" * 5000, "too long"),
            ("é" * 20, "not an ISCC"),
        ],
    )
    def test_what_is_no_code_of_content_is_refused_with_a_reason(self, text: str, why: str) -> None:
        with pytest.raises(IsccError, match=why):
            parse_iscc(text)


class TestDistance:
    def test_a_composite_and_its_unit_are_the_same_picture(self) -> None:
        assert image_code_distance(f"ISCC:{COMPOSITE}", UNITS[1]) == 0

    def test_it_is_the_number_of_bits_that_differ(self) -> None:
        bits = image_bits(UNITS[1])
        other = bytes([bits[0] ^ 0b111, *bits[1:]])
        assert image_code_distance(UNITS[1], ic.encode_component(2, 1, 0, 64, other)) == 3

    def test_a_longer_image_code_is_compared_by_its_first_64_bits(self) -> None:
        long = ic.encode_component(2, 1, 0, 256, image_bits(UNITS[1]) + bytes(24))
        assert image_code_of(long) == UNITS[1]

    @pytest.mark.parametrize(
        "code", [UNITS[0], UNITS[3], ic.encode_component(2, 1, 0, 32, b"abcd")]
    )
    def test_a_code_without_an_image_code_of_64_bits_has_none(self, code: str) -> None:
        assert image_code_of(code) is None
        with pytest.raises(IsccError, match="no Image-Code"):
            image_code_distance(code, UNITS[1])

    def test_another_content_than_an_image_is_no_image_code(self) -> None:
        text_code = ic.encode_component(2, 0, 0, 64, image_bits(UNITS[1]))
        assert image_code_of(text_code) is None


class TestPictures:
    def test_a_re_encoded_picture_keeps_its_image_code_nearly(self) -> None:
        original = codes_of(saved(scene()))
        for copy in (
            saved(scene(), "JPEG", quality=70),
            saved(scene(), "WEBP", quality=80),
            saved(scene().resize((128, 128))),
        ):
            assert min(image_code_distance(original[0], c) for c in codes_of(copy)) <= MAX_DISTANCE

    def test_another_picture_is_far(self) -> None:
        other = Image.fromarray(255 - np.asarray(scene()))
        assert image_code_distance(codes_of(saved(scene()))[0], codes_of(saved(other))[0]) > 32

    def test_an_empty_border_is_cut(self) -> None:
        framed = Image.new("RGB", (400, 330), (255, 255, 255))
        framed.paste(scene(), (50, 40))
        assert codes_of(saved(framed))[0] == codes_of(saved(scene()))[0]

    def test_a_framed_picture_has_the_codes_of_every_way_to_cut(self) -> None:
        framed = Image.new("RGB", (400, 400), (250, 250, 250))
        framed.paste(scene(), (72, 72))
        framed.putpixel((0, 399), (246, 250, 250))
        exact, *others = codes_of(saved(framed))
        plain = codes_of(saved(scene()))[0]
        assert plain != exact
        assert plain in others

    def test_a_gradient_at_one_side_is_no_border(self) -> None:
        pixels = np.asarray(scene()).copy()
        pixels[:40] = np.linspace(90, 105, 40).astype(np.uint8)[:, None, None]
        assert len(image_codes(pixels)) == 2  # exact and whole; the tolerant cut leaves it whole

    def test_transparency_lies_on_white(self) -> None:
        clear = scene().convert("RGBA")
        clear.putalpha(Image.linear_gradient("L"))
        white = Image.new("RGB", clear.size, (255, 255, 255))
        white.paste(clear, mask=clear.getchannel("A"))
        assert codes_of(saved(clear)) == codes_of(saved(white))

    @pytest.mark.parametrize("size", [(1, 1), (1, 900), (900, 1), (3, 2)])
    def test_the_smallest_pictures_have_a_code(self, size: tuple[int, int]) -> None:
        assert image_code_of(codes_of(saved(Image.new("RGB", size, (9, 8, 7))))[0])

    def test_a_picture_of_one_colour_says_nothing(self) -> None:
        assert says_nothing(image_bits(codes_of(saved(Image.new("RGB", (64, 64), "red")))[0]))
        assert not says_nothing(image_bits(codes_of(saved(scene()))[0]))

    def test_one_changed_byte_changes_the_instance_code_only(self) -> None:
        data = saved(scene())
        longer = data + b"\0"
        one, other = (compute_iscc(d, max_pixels=10**7) for d in (data, longer))
        assert one.instance != other.instance
        assert one.images == other.images
        assert compute_instance_code(data) == one.instance

    def test_the_composite_is_made_of_the_units(self) -> None:
        codes = compute_iscc(saved(scene()), max_pixels=10**7)
        expected = (codes.image, codes.data, codes.instance)
        assert tuple(unit.code for unit in units_of(codes.composite)) == expected

    def test_a_damaged_file_is_a_fault(self) -> None:
        with pytest.raises(FaultError):
            compute_iscc(saved(scene())[:60], max_pixels=10**7)

    def test_pixels_are_not_changed(self) -> None:
        pixels = decode_image(saved(scene()), max_pixels=10**7).pixels
        before = pixels.copy()
        image_codes(pixels)
        assert np.array_equal(before, pixels)
