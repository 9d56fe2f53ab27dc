"""builtin:layout, and what is said about specs that name no encoder."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from models.errors import EncoderError
from models.motifs.encoders import load_encoder, pull_encoder
from models.motifs.fingerprints import Pixels
from models.motifs.layout import LayoutEncoder
from models.motifs.views import VIEWS, views_of
from tests.motif_pictures import decode_file, draw, encode_file, inner, recoloured, scaled

encoder = LayoutEncoder()


def cosine(one: np.ndarray, other: np.ndarray) -> float:
    first, second = encoder.encode([one, other])
    return float(first @ second)


def test_the_builtin_encoder_is_loaded_by_its_name() -> None:
    loaded = load_encoder("builtin:layout")
    assert loaded.name == "builtin:layout"
    assert loaded.fingerprint == encoder.fingerprint


def test_it_says_that_it_is_not_clip() -> None:
    assert "not CLIP" in encoder.limits


def test_an_embedding_has_length_one() -> None:
    embeddings = encoder.encode([draw(1), draw(2, (40, 300)), draw(3, (1, 1))[:1, :1]])
    assert embeddings.shape == (3, encoder.dimension)
    assert embeddings.dtype == np.float32
    assert np.linalg.norm(embeddings[:2], axis=1) == pytest.approx([1, 1], abs=1e-5)


def test_an_embedding_does_not_depend_on_the_pictures_beside_it() -> None:
    pictures = [draw(seed) for seed in range(5)]
    alone = np.concatenate([encoder.encode([picture]) for picture in pictures])
    assert alone.tobytes() == encoder.encode(pictures).tobytes()


def test_a_plain_picture_resembles_nothing() -> None:
    for grey in (0, 128, 255):
        assert not encoder.encode([np.full((90, 70, 3), grey, np.uint8)]).any()


def test_a_plain_picture_with_the_noise_of_jpeg_resembles_nothing() -> None:
    noise = np.random.default_rng(0).integers(-2, 3, (200, 200, 3))
    assert not encoder.encode([(180 + noise).astype(np.uint8)]).any()


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "edit",
    [
        lambda p: scaled(p, 0.4),
        lambda p: decode_file(encode_file(p, "JPEG", quality=40)),
        recoloured,
        lambda p: inner(p, 0.95),
        lambda p: np.pad(p, ((30, 60), (80, 20), (0, 0)), constant_values=255),
    ],
    ids=["scaled", "jpeg", "recoloured", "cropped a little", "padded"],
)
def test_an_edited_copy_reaches_the_suggested_score(
    seed: int, edit: Callable[[Pixels], Pixels]
) -> None:
    original = np.pad(draw(seed), ((9, 9), (9, 9), (0, 0)), constant_values=255)
    assert cosine(original, np.ascontiguousarray(edit(original))) >= encoder.suggested_score


def test_different_pictures_stay_below_the_suggested_score() -> None:
    embeddings = encoder.encode([draw(seed) for seed in range(40)])
    scores = embeddings @ embeddings.T - np.eye(40)
    assert scores.max() < encoder.suggested_score


def test_a_mirrored_copy_is_found_through_the_mirrored_view() -> None:
    views = encoder.encode(views_of(draw(6)))
    mirrored = encoder.encode([np.ascontiguousarray(draw(6)[:, ::-1])])[0]
    assert VIEWS[int((views @ mirrored).argmax())] == "mirrored"


def test_a_cropped_copy_is_found_through_the_inner_view() -> None:
    views = encoder.encode(views_of(draw(7)))
    cropped = encoder.encode([np.ascontiguousarray(inner(draw(7), 0.85))])[0]
    assert VIEWS[int((views @ cropped).argmax())] == "without its outer part"


def test_the_floor_lies_well_below_the_suggested_score() -> None:
    assert encoder.floor_score <= encoder.suggested_score - 0.1


@pytest.mark.parametrize("spec", ["", "layout", "builtin:clip", "torch:resnet"])
def test_an_unknown_spec_is_refused_and_the_known_ones_are_named(spec: str) -> None:
    for load in (load_encoder, lambda s: pull_encoder(s, lambda *_: None)):
        with pytest.raises(EncoderError, match="builtin:layout"):
            load(spec)


def test_pulling_the_builtin_encoder_needs_nothing() -> None:
    assert pull_encoder("builtin:layout", lambda *_: None) is None
