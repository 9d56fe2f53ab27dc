"""What of a reference picture is compared, and which pictures are not fit to be references."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.motifs.claims import parse_stored_box, read_box, write_box
from models.motifs.register.inspecting import (
    FEW_CORNERS,
    Inspection,
    count_corners,
    inspect_picture,
)
from models.motifs.register.pictures import (
    GROUNDS,
    MAX_PIXELS,
    ReferencePicture,
    crop_to_motif,
    decode_reference,
)
from models.motifs.remarks import REMARKS, ReferenceRefusedError, Remark
from tests.reference_pictures import POLYGLOT, SVG, animation, gradient, huge, save, scene, star


def decode(data: bytes, **options: object) -> ReferencePicture:
    return decode_reference(data, max_pixels=MAX_PIXELS, **options)  # type: ignore[arg-type]


def codes(inspection: Inspection) -> list[str]:
    return [remark.code for remark in inspection.warnings]


class TestWhatIsTheMotif:
    def test_an_opaque_picture_is_all_motif_on_white(self) -> None:
        picture = decode(save(scene(1)))
        assert picture.mask is None
        assert (picture.ground, picture.box) == ("white", None)
        assert (picture.pixels == np.asarray(scene(1))).all()

    def test_the_alpha_channel_says_what_is_the_motif(self) -> None:
        picture = decode(save(star((200, 30, 30))))
        assert picture.mask is not None
        assert picture.mask.shape == picture.pixels.shape[:2]
        assert tuple(picture.pixels[100, 100]) == (200, 30, 30)
        assert picture.mask[100, 100]
        assert not picture.mask[2, 2]
        assert tuple(picture.pixels[2, 2]) == (255, 255, 255)

    @pytest.mark.parametrize("colour", [(255, 255, 255), (245, 248, 250)])
    def test_a_white_motif_on_transparency_is_shown_on_grey(
        self, colour: tuple[int, int, int]
    ) -> None:
        picture = decode(save(star(colour)))
        assert picture.ground == "grey"
        assert tuple(picture.pixels[2, 2]) == (GROUNDS["grey"],) * 3
        assert tuple(picture.pixels[100, 100]) == colour

    def test_the_rim_of_a_white_motif_is_mixed_with_the_ground_and_not_with_white(self) -> None:
        logo = star()
        logo.putalpha(logo.getchannel("A").point(lambda value: value // 2))
        pixels = decode(save(logo)).pixels
        assert abs(int(pixels[100, 100, 0]) - (255 + 128) // 2) <= 1

    def test_a_pale_motif_with_a_dark_outline_stays_on_white(self) -> None:
        logo = star((255, 255, 255))
        inner = star((20, 20, 20), 200)
        inner.alpha_composite(star((255, 255, 255), 160, 200))
        assert decode(save(inner)).ground == "white"
        assert decode(save(logo)).ground == "grey"

    def test_an_alpha_channel_that_hides_nothing_is_no_mask(self) -> None:
        assert decode(save(scene(1).convert("RGBA"))).mask is None

    def test_a_box_cuts_out_the_motif_at_full_resolution(self) -> None:
        whole = scene(5, (2000, 1600))
        picture = decode(save(whole), fit=256, box=(0.4, 0.4, 0.5, 0.5))
        assert max(picture.pixels.shape) == 200
        expected = np.asarray(whole.crop((800, 640, 1000, 800)))
        assert np.abs(picture.pixels.astype(int) - expected).mean() < 2
        assert (picture.width, picture.height) == (2000, 1600)

    def test_a_box_of_pixels_and_one_of_fractions_are_the_same(self) -> None:
        data = save(scene(1, (400, 200)))
        pixels, fractions = decode(data, box="40,20,240,180"), decode(data, box="0.1 0.1 0.6 0.9")
        assert pixels.box == fractions.box == (0.1, 0.1, 0.6, 0.9)
        assert (pixels.pixels == fractions.pixels).all()

    def test_a_box_and_an_alpha_channel_hold_together(self) -> None:
        picture = decode(save(star((9, 9, 99), 200, 400)), box=(0.25, 0.25, 0.75, 0.75))
        assert picture.mask is not None
        assert picture.mask.shape == (200, 200) == picture.pixels.shape[:2]
        assert 0.2 < picture.mask.mean() < 0.7

    def test_a_box_follows_the_upright_picture(self) -> None:
        exif = Image.Exif()
        exif[0x0112] = 6
        turned = scene(1, (400, 200)).transpose(Image.Transpose.ROTATE_90)
        data = save(turned, "PNG", exif=exif)
        upright = np.asarray(scene(1, (400, 200)))
        assert decode(data).pixels.shape == upright.shape
        assert (decode(data, box="0,0,200,100").pixels == upright[:100, :200]).all()

    def test_the_transparent_margin_can_be_cut_off(self) -> None:
        motif = crop_to_motif(decode(save(star((9, 9, 99), 100, 400))))
        pixels, mask = motif.pixels, motif.mask
        assert 85 <= pixels.shape[0] <= 100
        assert mask is not None
        assert mask.shape == pixels.shape[:2]

    @settings(max_examples=25, deadline=None)
    @given(
        st.integers(1, 8),
        st.tuples(*[st.integers(0, 100)] * 4),
        st.sampled_from([64, 256, 512]),
    )
    def test_whatever_is_cut_out_fits_and_has_a_mask_of_its_size(
        self, seed: int, corners: tuple[int, int, int, int], fit: int
    ) -> None:
        x0, y0, x1, y1 = (n / 100 for n in corners)
        data = save(star((30 * seed, 90, 10), 200, 300))
        try:
            picture = decode(data, fit=fit, box=(x0, y0, x1, y1) if x0 < x1 and y0 < y1 else None)
        except ReferenceRefusedError:
            return
        assert max(picture.pixels.shape[:2]) <= fit
        assert picture.pixels.dtype == np.uint8
        assert picture.mask is None or picture.mask.shape == picture.pixels.shape[:2]


class TestBoxes:
    @pytest.mark.parametrize("text", ["", "  ", "0,0,1,1", "0,0,400,200"])
    def test_the_whole_picture_is_no_box(self, text: str) -> None:
        assert read_box(text, 400, 200) is None

    @pytest.mark.parametrize(
        ("text", "code"),
        [
            ("1,2,3", "box_numbers"),
            ("a,b,c,d", "box_numbers"),
            ("nan,0,1,1", "box_numbers"),
            ("0,0,inf,5", "box_numbers"),
            ("0.5,0,0.5,1", "box_outside"),
            ("0.6,0,0.5,1", "box_outside"),
            ("-1,0,40,50", "box_outside"),
            ("0,0,401,200", "box_outside"),
            ("0,0,1e300,2", "box_outside"),
        ],
    )
    def test_what_is_no_box_inside_the_picture_is_refused(self, text: str, code: str) -> None:
        with pytest.raises(ReferenceRefusedError) as caught:
            read_box(text, 400, 200)
        assert caught.value.remark.code == code

    @given(st.tuples(*[st.floats(0, 1)] * 4))
    def test_a_stored_box_is_read_back(self, box: tuple[float, float, float, float]) -> None:
        x0, y0, x1, y1 = (round(number, 6) for number in box)
        if x0 < x1 and y0 < y1 and (x0, y0, x1, y1) != (0, 0, 1, 1):
            assert parse_stored_box(write_box((x0, y0, x1, y1))) == (x0, y0, x1, y1)


class TestWhatIsRefused:
    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (b"", "fault_image_empty"),
            (b"no picture", "fault_image_format"),
            (SVG, "fault_image_format"),
            (save(scene(1))[:1500], "fault_image_damaged"),
            (save(Image.new("RGB", (200, 200), (90, 90, 90))), "plain"),
            (save(gradient()), "gradient"),
            (save(gradient(), "JPEG", quality=30), "gradient"),
            (save(scene(1, (200, 20))), "too_small"),
            (save(scene(1, (3200, 200))), "too_long"),
            (save(Image.new("RGBA", (200, 200), (9, 9, 9, 0))), "transparent"),
            (save(star((9, 9, 9), 30, 300)), "nearly_transparent"),
            (huge(), "too_many_pixels"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_a_picture_that_is_no_reference_is_refused_with_what_to_do(
        self, data: bytes, code: str
    ) -> None:
        refusal = inspect_picture(data).refusal
        assert refusal is not None
        assert refusal.code == code
        assert refusal.remedy("en")
        assert refusal.remedy("ja")

    def test_a_picture_of_30000_pixels_is_refused_with_the_limit(self) -> None:
        refusal = inspect_picture(huge()).refusal
        assert "30,000 x 30,000 pixels are more than the 64,000,000" in str(refusal)
        assert refusal is not None
        assert "64,000,000" in refusal.problem("ja")

    def test_a_white_rectangle_is_plain_on_every_ground(self) -> None:
        logo = Image.new("RGBA", (200, 200), (255, 255, 255, 0))
        logo.paste((255, 255, 255, 255), (20, 40, 180, 160))
        refusal = inspect_picture(save(logo)).refusal
        assert refusal is not None
        assert refusal.code == "plain"

    def test_a_box_that_is_too_small_is_refused_with_its_size(self) -> None:
        refusal = inspect_picture(save(scene(1)), "0,0,90,20").refusal
        assert "90 x 20 pixels" in str(refusal)

    def test_a_box_around_one_part_saves_a_picture_that_is_too_long(self) -> None:
        assert inspect_picture(save(scene(1, (3200, 200))), "0,0,600,200").refusal is None

    def test_a_cut_alpha_channel_is_damage_and_never_a_crash(self) -> None:
        data = save(star((9, 9, 99)))
        for end in range(40, len(data) - 16, max(1, len(data) // 40)):
            assert inspect_picture(data[:end]).refusal is not None


class TestWhatIsWarnedOf:
    def test_a_good_picture_has_no_warning(self) -> None:
        assert codes(inspect_picture(save(scene(1)))) == []

    def test_of_an_animation_the_first_frame_counts(self) -> None:
        inspection = inspect_picture(animation())
        assert codes(inspection) == ["animated"]
        assert "2 frames" in str(inspection.warnings[0])

    def test_a_long_picture_works_better_with_a_box(self) -> None:
        assert codes(inspect_picture(save(scene(1, (1000, 200))))) == ["long"]

    def test_a_darker_ground_is_told(self) -> None:
        assert "on_darker_ground" in codes(inspect_picture(save(star())))

    def test_a_picture_with_few_features_is_only_found_as_a_whole(self) -> None:
        disc = Image.new("RGB", (200, 200), (200, 30, 30))
        disc.paste((30, 30, 200), (0, 100, 200, 200))
        assert codes(inspect_picture(save(disc))) == ["few_features"]

    def test_who_knows_better_counts_the_features(self) -> None:
        inspection = inspect_picture(save(scene(1)), count_features=lambda _, __: 0)
        assert codes(inspection) == ["few_features"]

    def test_corners_outside_the_mask_do_not_count(self) -> None:
        pixels = np.asarray(scene(1))
        assert count_corners(pixels, None) >= FEW_CORNERS
        assert count_corners(pixels, np.zeros(pixels.shape[:2], bool)) == 0

    def test_what_lies_behind_a_picture_is_not_looked_at(self) -> None:
        inspection = inspect_picture(POLYGLOT)
        assert (inspection.refusal, inspection.warnings) == (None, ())


class TestRemarks:
    @pytest.mark.parametrize("code", sorted(REMARKS))
    def test_both_languages_fill_in_only_values_that_english_has_too(self, code: str) -> None:
        words = REMARKS[code]
        assert words.en.endswith((".", "}"))
        assert words.remedy
        assert words.remedy_ja
        assert not words.ja.isascii()
        assert not words.remedy_ja.isascii()

    def test_a_remark_is_said_in_either_language(self) -> None:
        remark = Remark.of("animated", frames=7)
        assert "7 frames" in str(remark)
        assert "7 フレーム" in remark.problem("ja")
