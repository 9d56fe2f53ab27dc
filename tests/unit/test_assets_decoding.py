"""Decoding: which bytes become which pixels, and which become a fault."""

from __future__ import annotations

import io
import struct
import warnings
import zlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from PIL import Image, ImageFile

from models.assets.decoding import MAX_FRAMES, DecodedImage, decode_image
from models.assets.faults import FaultError
from models.reasons import Reason
from tests.assets_files import encoded, picture

ORIENTATION = 0x0112


def decode(data: bytes, fit: int | None = None) -> DecodedImage:
    return decode_image(data, max_pixels=1_000_000, fit=fit)


def fault_of(data: bytes, max_pixels: int = 1_000_000) -> tuple[Reason, str]:
    with pytest.raises(FaultError) as caught:
        decode_image(data, max_pixels=max_pixels)
    return caught.value.fault.reason, caught.value.fault.detail


def halves(size: tuple[int, int] = (32, 16)) -> Image.Image:
    """Red on the left, blue on the right."""
    image = Image.new("RGB", size, (255, 0, 0))
    image.paste((0, 0, 255), (size[0] // 2, 0, *size))
    return image


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_each_of_the_six_formats_is_decoded(format_: str) -> None:
    image = decode(encoded(halves(), format_))
    assert (image.format, image.width, image.height) == (format_, 32, 16)
    assert (image.pixels.shape, image.pixels.dtype) == ((16, 32, 3), np.uint8)
    assert image.pixels.flags.c_contiguous
    assert np.abs(image.pixels[8, 4].astype(int) - (255, 0, 0)).max() < 8
    assert np.abs(image.pixels[8, 28].astype(int) - (0, 0, 255)).max() < 8
    assert (image.frames, image.has_alpha) == (1, False)


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"This is a note.", "54 68 69 73"),
        (b"\0\0\0\x20ftypavif\0\0\0\0", "AVIF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"8BPS\0\x01", "Photoshop"),
        (b"<?xml version='1.0'?><svg xmlns='x'/>", "SVG"),
        (b"<!DOCTYPE html><html>404</html>", "web page"),
        (b"\xff", "ff"),
    ],
)
def test_anything_else_is_another_format_and_named(data: bytes, word: str) -> None:
    reason, detail = fault_of(data)
    assert reason is Reason.IMAGE_FORMAT
    assert word in detail


def test_formats_that_pillow_knows_and_we_do_not_decode_reach_no_decoder() -> None:
    for format_ in ("ICO", "PPM", "TGA", "PCX", "JPEG2000"):
        assert fault_of(encoded(halves(), format_))[0] is Reason.IMAGE_FORMAT


def test_zero_bytes_are_empty() -> None:
    assert fault_of(b"")[0] is Reason.IMAGE_EMPTY


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_file_cut_in_half_is_damaged(format_: str) -> None:
    noise = Image.effect_noise((64, 64), 90).convert("RGB")
    data = encoded(noise, format_)
    assert fault_of(data[: len(data) // 2])[0] is Reason.IMAGE_DAMAGED


def test_a_flipped_bit_in_png_pixels_is_damaged() -> None:
    data = bytearray(encoded(Image.effect_noise((64, 64), 90), "PNG"))
    data[len(data) // 2] ^= 0x10
    assert fault_of(bytes(data))[0] is Reason.IMAGE_DAMAGED


def png_header(width: int, height: int) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * 9))


def test_a_bomb_is_refused_from_its_header_and_without_a_warning() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        reason, detail = fault_of(png_header(60_000, 60_000))
    assert reason is Reason.IMAGE_TOO_LARGE
    assert "60,000 x 60,000" in detail


def test_exactly_max_pixels_are_decoded_and_one_more_is_not() -> None:
    data = picture(size=(6, 4))
    assert decode_image(data, max_pixels=24).width == 6
    assert fault_of(data, max_pixels=23)[0] is Reason.IMAGE_TOO_LARGE


def test_a_picture_without_a_side_is_damaged() -> None:
    assert fault_of(png_header(0, 5))[0] is Reason.IMAGE_DAMAGED


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("fit", [None, 16])
def test_every_exif_orientation_comes_out_upright(
    format_: str, orientation: int, fit: int | None
) -> None:
    upright = Image.new("RGB", (64, 32), "white")
    upright.paste((255, 0, 0), (0, 0, 32, 16))
    turn = {
        1: None,
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }[orientation]
    stored = upright if turn is None else upright.transpose(turn)
    exif = Image.Exif()
    exif[ORIENTATION] = orientation
    image = decode(encoded(stored, format_, exif=exif), fit)
    assert (image.width, image.height) == (64, 32)
    assert image.pixels.shape == ((32, 64, 3) if fit is None else (8, 16, 3))
    height, width = image.pixels.shape[:2]
    assert image.pixels[height // 4, width // 4, 1] < 60, "the red corner is at the top left"
    assert image.pixels[-1, -1].min() > 200
    assert image.pixels[0, -1].min() > 200
    assert image.pixels[-1, 0].min() > 200


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_a_broken_exif_block_does_not_damage_the_picture() -> None:
    assert decode(encoded(halves(), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")).width == 32


def test_16_bit_grey_is_scaled_and_not_clipped() -> None:
    values = np.array([[0, 257, 32768, 65535]], np.uint16)
    image = decode(encoded(Image.fromarray(values), "PNG"))
    assert image.mode == "I;16"
    assert image.pixels[0, :, 0].tolist() == [0, 1, 128, 255]


def test_16_bit_grey_with_a_transparent_value_shows_it_white() -> None:
    values = np.array([[0, 20000]], np.uint16)
    image = decode(encoded(Image.fromarray(values), "PNG", transparency=0))
    assert image.has_alpha
    assert image.pixels[0, :, 0].tolist() == [255, 78]


def test_float_grey_runs_from_its_lowest_to_its_highest_value() -> None:
    values = np.array([[-1.0, 0.0, 1.0, np.nan]], np.float32)
    image = decode(encoded(Image.fromarray(values), "TIFF"))
    assert image.pixels[0, :, 0].tolist() == [0, 128, 255, 128]


def test_cmyk_becomes_rgb() -> None:
    image = decode(encoded(halves().convert("CMYK"), "JPEG"))
    assert image.mode == "CMYK"
    assert image.pixels[8, 4, 0] > 200
    assert image.pixels[8, 4, 2] < 60


def test_alpha_is_laid_on_white() -> None:
    image = decode(encoded(Image.new("RGBA", (4, 4), (0, 0, 0, 51)), "PNG"))
    assert image.has_alpha
    assert image.pixels[0, 0].tolist() == [204, 204, 204]


def test_grey_with_alpha_is_laid_on_white() -> None:
    image = decode(encoded(Image.new("LA", (4, 4), (0, 0)), "PNG"))
    assert (image.mode, image.has_alpha) == ("LA", True)
    assert image.pixels[0, 0].tolist() == [255, 255, 255]


def test_a_transparent_palette_entry_is_white() -> None:
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([0, 0, 0, 10, 20, 30])
    palette.putpixel((0, 0), 0)
    image = decode(encoded(palette, "PNG", transparency=0))
    assert (image.mode, image.has_alpha) == ("P", True)
    assert image.pixels[0, 0].tolist() == [255, 255, 255]
    assert image.pixels[1, 1].tolist() == [10, 20, 30]


def test_a_transparent_colour_key_is_white() -> None:
    image = decode(encoded(halves(), "PNG", transparency=(255, 0, 0)))
    assert image.has_alpha
    assert image.pixels[0, 0].tolist() == [255, 255, 255]
    assert image.pixels[0, -1].tolist() == [0, 0, 255]


@pytest.mark.parametrize("format_", ["GIF", "WEBP", "PNG", "TIFF"])
def test_frames_are_counted_and_the_first_is_shown(format_: str) -> None:
    colours = [(255, 0, 0), (0, 255, 0), (0, 0, 255)]
    frames = [Image.new("RGB", (8, 8), colour) for colour in colours]
    image = decode(encoded(frames[0], format_, save_all=True, append_images=frames[1:]))
    assert image.frames == 3
    assert image.pixels[4, 4, 0] > 240
    assert image.pixels[4, 4, 1:].max() < 16


def test_counting_frames_stops_at_the_cap() -> None:
    frame = Image.new("P", (1, 1))
    sink = io.BytesIO()
    frame.save(sink, "GIF", save_all=True, append_images=[frame] * 2, loop=0)
    one = sink.getvalue()
    start = one.index(b"\x2c")
    data = one[:start] + one[start:-1] * (MAX_FRAMES + 50) + b";"
    assert decode(data).frames == MAX_FRAMES


def test_fit_bounds_the_longer_side_and_keeps_the_original_size() -> None:
    for format_ in ("PNG", "JPEG", "WEBP"):
        image = decode(encoded(halves((800, 300)), format_), fit=100)
        assert image.pixels.shape == (38, 100, 3)
        assert (image.width, image.height) == (800, 300)


def test_fit_never_enlarges() -> None:
    assert decode(encoded(halves(), "PNG"), fit=512).pixels.shape == (16, 32, 3)


def test_fit_keeps_one_pixel_of_a_very_thin_picture() -> None:
    assert decode(encoded(Image.new("L", (900, 1)), "PNG"), fit=10).pixels.shape == (1, 10, 3)


def test_a_scaled_jpeg_looks_like_the_whole_one() -> None:
    gradient = Image.linear_gradient("L").resize((1024, 768)).convert("RGB")
    data = encoded(gradient, "JPEG", quality=92)
    whole = decode_image(data, max_pixels=10_000_000).pixels
    scaled = decode_image(data, max_pixels=10_000_000, fit=128).pixels
    reference = np.asarray(Image.fromarray(whole).resize((128, 96), Image.Resampling.LANCZOS))
    assert np.abs(scaled.astype(int) - reference).mean() < 2


def test_threads_decode_the_same_as_one_after_another() -> None:
    files = [picture(seed, "JPEG", (200, 150)) for seed in range(24)]
    alone = [decode(data, 64).pixels.tobytes() for data in files]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda data: decode(data, 64).pixels.tobytes(), files))
    assert together == alone


def test_pillows_own_settings_stay_as_they_were() -> None:
    before = (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    fault_of(picture()[:-30])
    fault_of(png_header(60_000, 60_000))
    assert before == (Image.MAX_IMAGE_PIXELS, ImageFile.LOAD_TRUNCATED_IMAGES)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is False


def see_through(size: tuple[int, int] = (32, 16)) -> Image.Image:
    """Opaque red on the left, half transparent blue on the right."""
    image = halves(size).convert("RGBA")
    alpha = Image.new("L", size, 255)
    alpha.paste(128, (size[0] // 2, 0, *size))
    image.putalpha(alpha)
    return image


def test_the_alpha_channel_is_given_only_to_who_asks_for_it() -> None:
    data = encoded(see_through(), "PNG")
    assert decode(data).alpha is None
    image = decode_image(data, max_pixels=1000, with_alpha=True)
    assert image.alpha is not None
    assert (image.alpha.dtype, image.alpha.shape) == (np.uint8, (16, 32))
    assert (image.alpha[:, :16] == 255).all()
    assert (image.alpha[:, 16:] == 128).all()
    assert (image.pixels == decode(data).pixels).all()


def test_the_alpha_channel_is_scaled_and_turned_with_the_picture() -> None:
    exif = Image.Exif()
    exif[ORIENTATION] = 6
    data = encoded(see_through((64, 32)), "PNG", exif=exif)
    image = decode_image(data, max_pixels=10_000, fit=16, with_alpha=True)
    assert image.alpha is not None
    assert image.alpha.shape == image.pixels.shape[:2] == (16, 8)
    assert (image.alpha[:6] == 255).all()
    assert (image.alpha[10:] == 128).all()


def test_a_picture_without_transparency_has_no_alpha_channel() -> None:
    for format_ in ("PNG", "JPEG"):
        data = encoded(halves(), format_)
        assert decode_image(data, max_pixels=1000, with_alpha=True).alpha is None


def test_a_transparent_grey_of_16_bits_has_an_alpha_channel() -> None:
    grey = np.full((8, 8), 40_000, np.uint16)
    grey[:, 4:] = 7
    data = encoded(Image.fromarray(grey), "PNG", transparency=7)
    image = decode_image(data, max_pixels=1000, with_alpha=True)
    assert image.has_alpha
    assert image.alpha is not None
    assert image.alpha[0].tolist() == [255] * 4 + [0] * 4
