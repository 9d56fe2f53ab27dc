"""Whatever the bytes are, decoding ends in a picture or in a fault."""

from __future__ import annotations

import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from models.assets.decoding import DecodedImage, decode_image
from models.assets.faults import FaultError
from tests.assets_files import encoded

_NOISE = Image.effect_noise((24, 20), 80)
_FRAMES = [_NOISE.convert("P"), _NOISE.rotate(90).convert("P")]
SEEDS: dict[str, bytes] = {
    "png": encoded(_NOISE, "PNG"),
    "png-alpha": encoded(_NOISE.convert("RGBA"), "PNG"),
    "png-palette": encoded(_FRAMES[0], "PNG", transparency=0),
    "jpeg": encoded(_NOISE.convert("RGB"), "JPEG"),
    "jpeg-progressive": encoded(_NOISE.convert("CMYK"), "JPEG", progressive=True),
    "webp": encoded(_NOISE.convert("RGB"), "WEBP"),
    "webp-lossless": encoded(_NOISE.convert("RGBA"), "WEBP", lossless=True),
    "gif": encoded(_FRAMES[0], "GIF", save_all=True, append_images=_FRAMES[1:]),
    "bmp": encoded(_NOISE.convert("RGB"), "BMP"),
    "tiff": encoded(_NOISE.convert("RGB"), "TIFF"),
    "tiff-deflate": encoded(_NOISE, "TIFF", compression="tiff_adobe_deflate"),
}
SIGNATURES = [data[:12] for data in SEEDS.values()]


def decode_or_fault(data: bytes, fit: int | None = None) -> DecodedImage | FaultError:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Pillow warns about odd metadata; it is not our output
        try:
            image = decode_image(data, max_pixels=100_000, fit=fit)
        except FaultError as error:
            return error
    height, width, channels = image.pixels.shape
    assert channels == 3
    assert 0 < image.width * image.height <= 100_000
    assert fit is not None or (width, height) == (image.width, image.height)
    assert fit is None or max(width, height) <= max(fit, 1)
    return image


@given(st.sampled_from([b"", *SIGNATURES]), st.binary(max_size=400))
@settings(max_examples=150, deadline=None)
def test_random_bytes_never_raise_anything_but_a_fault(signature: bytes, rest: bytes) -> None:
    decode_or_fault(signature + rest)


@pytest.mark.parametrize("seed", sorted(SEEDS))
@given(data=st.data())
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.differing_executors])
def test_mutated_and_cut_files_never_raise_anything_but_a_fault(
    seed: str, data: st.DataObject
) -> None:
    content = bytearray(SEEDS[seed])
    places = st.integers(0, len(content) - 1)
    for place, value in data.draw(
        st.lists(st.tuples(places, st.integers(0, 255)), max_size=6), "changed bytes"
    ):
        content[place] = value
    cut = data.draw(st.one_of(st.none(), places), "cut at")
    decode_or_fault(bytes(content[:cut]), data.draw(st.sampled_from([None, 8]), "fit"))


@pytest.mark.parametrize("seed", sorted(SEEDS))
def test_a_file_of_which_less_than_two_fifths_are_there_is_a_fault(seed: str) -> None:
    whole = decode_or_fault(SEEDS[seed])
    assert isinstance(whole, DecodedImage)
    size = len(SEEDS[seed])
    for length in range(0, size * 2 // 5, max(1, size // 40)):
        assert isinstance(decode_or_fault(SEEDS[seed][:length]), FaultError), length
