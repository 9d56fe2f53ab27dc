"""Searching by embeddings: whole pictures, parts of the picture, and parts of the reference."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from models.motifs.encoder import Seen
from models.motifs.likeness import LikenessIndex
from models.motifs.vectors import serving
from models.motifs.vectors.protocol import Identity
from models.motifs.views import VIEWS

DIMENSION = 32


def unit(seed: int) -> npt.NDArray[np.float32]:
    vector = np.random.default_rng(seed).normal(size=DIMENSION)
    return (vector / np.linalg.norm(vector)).astype(np.float32)


def index_of(*references: tuple[int, list[int]]) -> LikenessIndex:
    """References, each by the seed of its picture and the seeds of its large parts."""
    views = [unit(seed + 1000 * view) for seed, _ in references for view in range(len(VIEWS))]
    parts = [unit(part) for _, parts in references for part in parts]
    return LikenessIndex(
        np.array(views, np.float32).reshape(-1, DIMENSION),
        np.array(parts, np.float32).reshape(-1, DIMENSION),
        [len(parts) for _, parts in references],
    )


def seen(whole: int, *parts: int) -> Seen:
    boxes = [(0.1 * i, 0.0, 0.1 * i + 0.1, 0.5) for i in range(len(parts))]
    return Seen(
        unit(whole).astype(np.float16),
        np.array([unit(part) for part in parts], np.float16).reshape(-1, DIMENSION),
        np.array(boxes, np.float32).reshape(-1, 4),
    )


def test_a_whole_picture_is_proposed_and_compared_in_the_view_that_fits() -> None:
    index = index_of((1, []), (2, []), (3, []))
    assert index.propose([seen(1002)], 1) == [(1,)]
    like = index.compare(seen(1002), [1])[0]
    assert (like.whole, like.view) == (pytest.approx(1, abs=1e-3), VIEWS[1])


def test_a_part_of_the_picture_is_found_with_its_box() -> None:
    index = index_of((1, []), (2, []), (3, []))
    picture = seen(50, 60, 61, 3)
    assert 2 in index.propose([picture], 1)[0]
    like = index.compare(picture, [2])[0]
    assert like.part == pytest.approx(1, abs=1e-3)
    assert like.box == (0.2, 0.0, 0.3, 0.5)


def test_a_picture_that_is_a_part_of_the_reference_is_found_without_a_box() -> None:
    index = index_of((1, [11, 12]), (2, [21]))
    assert 1 in index.propose([seen(21)], 1)[0]
    like = index.compare(seen(21), [1])[0]
    assert (like.part, like.box) == (pytest.approx(1, abs=1e-3), None)
    assert index.compare(seen(21), [0])[0].part < 0.9


def test_an_empty_register_proposes_nothing() -> None:
    assert index_of().propose([seen(1, 2), seen(3)], 5) == [(), ()]


def test_an_encoder_without_parts_compares_wholes_only() -> None:
    like = index_of((1, [])).compare(seen(1), [0])[0]
    assert (like.part, like.box) == (0.0, None)


def test_what_is_proposed_does_not_depend_on_the_pictures_beside_it() -> None:
    index = index_of(*((seed, [seed + 100, seed + 200]) for seed in range(40)))
    pictures = [seen(seed % 50, *range(seed, seed + seed % 4)) for seed in range(60)]
    assert index.propose(pictures, 3) == [index.propose([each], 3)[0] for each in pictures]


def test_the_kept_index_of_parts_is_not_taken_for_that_of_whole_pictures(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "IN_MEMORY", 0)
    views = np.array([unit(seed) for seed in range(2 * len(VIEWS))])
    parts, counts = views[::-1].copy(), [len(VIEWS)] * 2

    def propose() -> list[tuple[int, ...]]:
        opener = serving.in_files(tmp_path, Identity("encoder", "register"))
        index = LikenessIndex(views, parts, counts, opener=opener)
        return index.propose([seen(0)], 1)

    before = propose()
    for name, other in (("views", "parts"), ("parts", "views")):
        kept = (tmp_path / f"motif-{other}.vectors").read_bytes()
        (tmp_path / f"{name}.swapped").write_bytes(kept)
    for name in ("views", "parts"):
        (tmp_path / f"{name}.swapped").rename(tmp_path / f"motif-{name}.vectors")
    assert propose() == before
