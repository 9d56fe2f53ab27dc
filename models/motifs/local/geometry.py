"""Whether matched points agree on one place, and on which.

Each match of two points says by itself where the whole reference would lie: the points have a
place, a size and a direction. So every match is asked how many others agree with it; no chance is
needed, and few right matches among many wrong ones suffice.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.motifs.local.descriptors import Floats

Indices = npt.NDArray[np.intp]
Affine = npt.NDArray[np.float64]
"""2 x 3: a point p of the reference lies at ``A[:, :2] @ p + A[:, 2]`` in the picture."""

_SIZE_AGREES = 0.45
"""Matches agree in size within this factor, as a natural logarithm."""
_TURN_AGREES = 0.5
"""Matches agree in direction within this, in radians."""
_LEAST_TOLERANCE = 0.008
_TOLERANCE_GROWTH = 0.15
_REFINED_WITHIN = (0.03, 0.015)
_LOOSER = 1.3
_AFFINE_FROM = 6
_MOST_SQUASHED = 2.5
_ILL_CONDITIONED = 1e7
_QUERY_GRAIN, _REFERENCE_GRAIN = 0.006, 0.012
_ROW = 1 << 20


@dataclass(frozen=True, slots=True, eq=False)
class Points:
    """Points in units of their picture's longer side.

    Attributes:
        places: float32, points x 2.
        sizes: float32: natural logarithm of a point's size.
        angles: float32, radians.
    """

    places: Floats
    sizes: Floats
    angles: Floats

    def __len__(self) -> int:
        return len(self.sizes)

    def chosen(self, which: Indices) -> Points:
        """Some of them."""
        return Points(self.places[which], self.sizes[which], self.angles[which])

    def mirrored(self, width: float) -> Points:
        """The points of the picture mirrored left to right; ``width`` in the same units."""
        places = self.places.copy()
        places[:, 0] = width - places[:, 0]
        angles = np.mod(np.float32(np.pi) - self.angles, np.float32(2 * np.pi))
        return Points(places, self.sizes, angles)


@dataclass(frozen=True, slots=True, eq=False)
class Agreement:
    """Matches that agree on one place.

    Attributes:
        affine: where the reference lies.
        members: the matches, each place in picture and reference once.
        support: the sum of their weights.
    """

    affine: Affine
    members: Indices
    support: float


def apply_affine(affine: Affine, places: Floats) -> Floats:
    """Where points of the reference lie in the picture."""
    return np.asarray(places @ affine[:, :2].T + affine[:, 2], dtype=np.float32)


def growth_of(affine: Affine) -> float:
    """By how much lengths grow, as a natural logarithm."""
    return 0.5 * float(np.log(max(abs(np.linalg.det(affine[:, :2])), 1e-12)))


def turn_of(affine: Affine) -> float:
    """By how much directions turn, in radians."""
    return float(np.arctan2(affine[1, 0] - affine[0, 1], affine[0, 0] + affine[1, 1]))


def turn_between(angles: Floats) -> Floats:
    """Differences of directions, brought between -pi and pi."""
    return np.asarray(np.mod(angles + np.pi, 2 * np.pi) - np.pi, dtype=np.float32)


def find_supporters(query: Points, reference: Points, weights: Floats) -> tuple[Indices, float]:
    """The matches that agree with the one with which most agree, and the sum of their weights.

    Args:
        query, reference: the matched points, row by row; at least one.
        weights: how sure each match is by its looks; positive.
    """
    sizes = query.sizes - reference.sizes
    turns = query.angles - reference.angles
    scale = np.exp(sizes)
    cosine, sine = scale * np.cos(turns), scale * np.sin(turns)
    x, y = reference.places[:, 0], reference.places[:, 1]
    shift_x = query.places[:, 0] - (cosine * x - sine * y)
    shift_y = query.places[:, 1] - (sine * x + cosine * y)
    agree = np.abs(sizes[:, None] - sizes) <= _SIZE_AGREES
    agree &= np.abs(turn_between(turns[:, None] - turns)) <= _TURN_AGREES
    one, other = np.nonzero(agree)
    off_x = cosine[one] * x[other] - sine[one] * y[other] + shift_x[one] - query.places[other, 0]
    off_y = sine[one] * x[other] + cosine[one] * y[other] + shift_y[one] - query.places[other, 1]
    # A point's direction is known to some degrees only: what is far from it may be further off.
    gaps = np.hypot(x[one] - x[other], y[one] - y[other])
    tolerance = _LEAST_TOLERANCE + _TOLERANCE_GROWTH * scale[one] * gaps
    near = off_x * off_x + off_y * off_y <= tolerance * tolerance
    one, other = one[near], other[near]
    support = np.bincount(one, weights[other], len(weights))
    best = int(np.argmax(support))
    return other[one == best], float(support[best])


def settle_place(
    query: Points, reference: Points, weights: Floats, those: Indices
) -> Agreement | None:
    """Fit the transform to matches that agree, and ask again which of all agree.

    Returns:
        None where fewer than two distinct matches remain.
    """
    affine: Affine | None = None
    for within in _REFINED_WITHIN:
        those = keep_distinct(query, reference, weights, those)
        if len(those) < 2:
            return None
        affine = fit_affine(query.places[those], reference.places[those], weights[those])
        off = apply_affine(affine, reference.places) - query.places
        near = (off**2).sum(axis=1) <= within**2
        growth = query.sizes - reference.sizes - growth_of(affine)
        near &= np.abs(growth) <= _SIZE_AGREES * _LOOSER
        turn = turn_between(query.angles - reference.angles - turn_of(affine))
        near &= np.abs(turn) <= _TURN_AGREES * _LOOSER
        those = np.flatnonzero(near)
    those = keep_distinct(query, reference, weights, those)
    if affine is None or len(those) < 2:
        return None
    return Agreement(affine, those, float(weights[those].sum()))


def keep_distinct(query: Points, reference: Points, weights: Floats, those: Indices) -> Indices:
    """Of matches that share a place, in picture or reference, only the surest."""
    order = those[np.argsort(-weights[those], kind="stable")]
    for points, grain in ((query, _QUERY_GRAIN), (reference, _REFERENCE_GRAIN)):
        cells = np.floor(points.places[order] / grain).astype(np.int64)
        _, firsts = np.unique(cells[:, 1] * _ROW + cells[:, 0], return_index=True)
        order = order[np.sort(firsts)]
    return order


def fit_affine(query: Floats, reference: Floats, weights: Floats) -> Affine:
    """The transform from reference to picture with the least squared distances.

    A similarity for few matches; from six on an affine one, unless that squashes beyond reason.
    """
    if len(weights) >= _AFFINE_FROM:
        affine = _fit_all_six(query, reference, weights)
        if affine is not None:
            return affine
    share = np.asarray(weights, np.float64) / float(weights.sum())
    q, r = query.astype(np.float64), reference.astype(np.float64)
    q_mean, r_mean = share @ q, share @ r
    q, r = q - q_mean, r - r_mean
    spread = max(float(share @ (r**2).sum(axis=1)), 1e-12)
    a = float(share @ (q * r).sum(axis=1)) / spread
    b = float(share @ (r[:, 0] * q[:, 1] - r[:, 1] * q[:, 0])) / spread
    linear = np.array([[a, -b], [b, a]])
    return np.column_stack([linear, q_mean - linear @ r_mean])


def _fit_all_six(query: Floats, reference: Floats, weights: Floats) -> Affine | None:
    root = np.sqrt(np.asarray(weights, np.float64))[:, None]
    left = np.column_stack([reference, np.ones(len(reference))]).astype(np.float64) * root
    gram = left.T @ left
    if np.linalg.cond(gram) > _ILL_CONDITIONED:
        return None
    solution = np.linalg.solve(gram, left.T @ (query * root)).T
    stretch = np.linalg.svd(solution[:, :2], compute_uv=False)
    if np.linalg.det(solution[:, :2]) <= 0 or stretch[0] > _MOST_SQUASHED * stretch[1]:
        return None
    return np.asarray(solution, np.float64)
