"""How common a likeness is: whether any picture has such points, or only a motif and its copies.

Straight edges look alike everywhere, so that many of them agree by accident. The likeness of two
points is therefore weighed by how many points of unrelated pictures are as like: the a contrario
principle (A. Desolneux, L. Moisan, J.-M. Morel, "Meaningful alignments", IJCV 2000).
"""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import numpy.typing as npt

from models.canonical import digest_bytes
from models.motifs.local.descriptors import (
    Codes,
    Floats,
    decode_codes,
    multiply,
    unpack_codes,
)

RARITY_STEPS = 5
"""Cosines kept for each point: what a 4th, 16th, 64th, 256th, 1,024th of unrelated points reach."""

_BITS_PER_STEP = 2.0
_FULL = 127
_CHUNK = 4096


@functools.cache
def _background() -> Floats:
    """Descriptors of points of unrelated pictures, one a column."""
    with np.load(Path(__file__).with_name("background.npz"), allow_pickle=False) as arrays:
        return np.ascontiguousarray(decode_codes(unpack_codes(arrays["codes"])).T)


@functools.cache
def background_digest() -> str:
    """Digest of the points of unrelated pictures."""
    return digest_bytes(Path(__file__).with_name("background.npz").read_bytes())


def measure_commonness(codes: Codes) -> npt.NDArray[np.int8]:
    """How like unrelated points are: int8, points x ``RARITY_STEPS``, 127 for a cosine of 1."""
    background = _background()
    count = background.shape[1]
    ranks = [
        count - max(1, round(count / 2 ** (_BITS_PER_STEP * (step + 1))))
        for step in range(RARITY_STEPS)
    ]
    common = np.zeros((len(codes), RARITY_STEPS), np.int8)
    for start in range(0, len(codes), _CHUNK):
        cosines = multiply(decode_codes(codes[start : start + _CHUNK]), background)
        cosines.partition(ranks, axis=1)
        common[start : start + _CHUNK] = np.rint(np.clip(cosines[:, ranks], 0, 1) * _FULL)
    return common


def rarity(common: npt.NDArray[np.int8], likeness: Floats) -> Floats:
    """How rarely a point of an unrelated picture is as like, in bits: 0 to 14.

    Between the cosines that were measured, and between the last of them and 1, it is interpolated.

    Args:
        common: what ``measure_commonness`` gave for each point.
        likeness: the cosine of each with its counterpart.
    """
    count = len(common)
    edges = np.concatenate(
        [
            np.zeros((count, 1), np.float32),
            common / np.float32(_FULL),
            np.ones((count, 1), np.float32),
        ],
        axis=1,
    )
    like = np.clip(likeness, 0, 1)[:, None]
    width = np.maximum(edges[:, 1:] - edges[:, :-1], 1e-3)
    steps = np.clip((like - edges[:, :-1]) / width, 0, 1)
    # Beyond the last edge nothing was measured: a full match is given two steps more, no further.
    weights = np.full(RARITY_STEPS + 1, _BITS_PER_STEP, np.float32)
    weights[-1] = 2 * _BITS_PER_STEP
    return np.asarray(steps @ weights, np.float32)
