"""A second look at a reference's supposed place: which of its points are there, which are missing.

Once the place is known, a point needs to be compared only with those few that lie where it should
be, so that much weaker likenesses count. Right places gain many points by this, wrong ones few.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from models.motifs.local.background import rarity
from models.motifs.local.descriptors import Floats
from models.motifs.local.geometry import (
    Affine,
    Indices,
    Points,
    apply_affine,
    fit_affine,
    growth_of,
    keep_distinct,
    turn_between,
    turn_of,
)

_NEAR = (0.02, 0.012)
_SIZE_AGREES = 0.4
_TURN_AGREES = 0.6
_LEAST_LIKENESS = 0.55
_CELL = 0.05
_CELLS = 21
_ROW = 1 << 20
_COMMON_BITS = 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Appearance:
    """Points with their looks.

    Attributes:
        points: where they are.
        values: float32, points x 64: descriptors of length 1.
        colours: uint8, points x 3.
        common: how like unrelated points are to each (``measure_commonness``); of references only.
        width, height: of the picture, in units of its longer side.
    """

    points: Points
    values: Floats
    colours: npt.NDArray[np.uint8]
    common: npt.NDArray[np.int8]
    width: float
    height: float


@dataclass(frozen=True, slots=True, eq=False)
class Support:
    """What speaks for a reference's place.

    Attributes:
        affine: the place.
        query, reference: rows of the points that were found again, pair by pair.
        traits: what was measured of it, in the order of ``TRAITS``.
    """

    affine: Affine
    query: Indices
    reference: Indices
    traits: Floats


TRAITS = (
    "points",
    "places",
    "bits",
    "bits a place",
    "likeness",
    "share of tested",
    "share of visible",
    "share of visible places",
    "share of places between",
    "share of tested places between",
    "tested",
    "distance",
    "distance in the reference",
    "width of the spread",
    "length of the spread",
    "colours",
    "stretch",
    "growth",
)
"""What is measured of the points at a place."""


def gather_support(query: Appearance, reference: Appearance, affine: Affine) -> Support | None:
    """Look for all of a reference's points where they should be; None where fewer than two are."""
    mine, theirs = query.points, reference.points
    for near in _NEAR:
        at = apply_affine(affine, theirs.places)
        sizes = theirs.sizes + np.float32(growth_of(affine))
        visible = _visible(at, sizes, query)
        r, q = _neighbours(at[visible], mine.places, near)
        r = visible[r]
        fits = np.abs(sizes[r] - mine.sizes[q]) <= _SIZE_AGREES
        turn = turn_between(mine.angles[q] - theirs.angles[r] - np.float32(turn_of(affine)))
        fits &= np.abs(turn) <= _TURN_AGREES
        r, q = r[fits], q[fits]
        tested = np.unique(r)
        likeness = np.einsum("ij,ij->i", reference.values[r], query.values[q])
        alike = likeness >= _LEAST_LIKENESS
        r, q, likeness = r[alike], q[alike], likeness[alike]
        if len(r) < 2:
            return None
        those = keep_distinct(mine.chosen(q), theirs.chosen(r), likeness, np.arange(len(r)))
        r, q, likeness = r[those], q[those], likeness[those]
        if len(r) < 2:
            return None
        affine = fit_affine(mine.places[q], theirs.places[r], likeness**2)
    traits = _measure(query, reference, affine, q, r, likeness, tested, visible)
    return Support(affine, q, r, traits)


def _visible(at: Floats, sizes: Floats, query: Appearance) -> Indices:
    """Points of the reference that lie in the picture, at sizes that were looked for in it."""
    inside = (at >= 0).all(axis=1) & (at[:, 0] <= query.width) & (at[:, 1] <= query.height)
    smallest, largest = query.points.sizes.min(), query.points.sizes.max()
    inside &= (sizes >= smallest - _SIZE_AGREES) & (sizes <= largest + _SIZE_AGREES)
    return np.flatnonzero(inside)


def _neighbours(ours: Floats, others: Floats, near: float) -> tuple[Indices, Indices]:
    """All pairs of (row in ours, row in others) at most ``near`` apart, ordered by row."""
    cells = np.floor(others / near).astype(np.int64)
    keys = cells[:, 1] * _ROW + cells[:, 0]
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    home = np.floor(ours / near).astype(np.int64)
    rows, columns = [], []
    for down in (-1, 0, 1):
        # Three cells beside each other have consecutive keys: one range.
        first = (home[:, 1] + down) * _ROW + home[:, 0] - 1
        low = np.searchsorted(keys, first, "left")
        counts = np.searchsorted(keys, first + 2, "right") - low
        row = np.repeat(np.arange(len(ours)), counts)
        within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        rows.append(row)
        columns.append(order[np.repeat(low, counts) + within])
    row, column = np.concatenate(rows), np.concatenate(columns)
    gap = ours[row] - others[column]
    close = (gap * gap).sum(axis=1) <= near * near
    row, column = row[close], column[close]
    ordered = np.lexsort((column, row))
    return row[ordered], column[ordered]


def _measure(
    query: Appearance,
    reference: Appearance,
    affine: Affine,
    q: Indices,
    r: Indices,
    likeness: Floats,
    tested: Indices,
    visible: Indices,
) -> Floats:
    places = reference.points.places[r]
    off = apply_affine(affine, places) - query.points.places[q]
    distance = float(np.sqrt(np.mean((off**2).sum(axis=1))))
    bits = rarity(reference.common[r], likeness)
    cells, cell_of = np.unique(_cells(places), return_inverse=True)
    best = np.zeros(len(cells))
    np.maximum.at(best, cell_of, np.maximum(bits - _COMMON_BITS, 0))
    spread = np.sqrt(np.maximum(np.linalg.eigvalsh(np.cov(places.T)), 0))
    stretch = np.linalg.svd(affine[:, :2], compute_uv=False)
    growth = growth_of(affine)
    seen = np.unique(_cells(reference.points.places[visible]))
    compared = np.unique(_cells(reference.points.places[tested]))
    between = _between(places)
    traits = (
        np.log(len(r)),
        np.log(len(cells)),
        np.log1p(best.sum()),
        best.mean(),
        likeness.mean(),
        len(r) / max(len(tested), 1),
        len(r) / max(len(visible), 1),
        len(cells) / max(len(seen), 1),
        len(cells) / max(int(np.isin(seen, between).sum()), len(cells)),
        len(cells) / max(int(np.isin(compared, between).sum()), len(cells)),
        np.log(max(len(tested), 1)),
        np.log(distance + 0.0005),
        np.log(distance + 0.0005) - growth,
        np.log(spread[0] + 0.003),
        np.log(spread[1] + 0.003),
        _colour_agreement(query.colours[q], reference.colours[r]),
        np.log(stretch[0] / max(stretch[1], 1e-6)),
        growth,
    )
    return np.array(traits, np.float32)


def _cells(places: Floats) -> npt.NDArray[np.int64]:
    cells = np.floor(places / _CELL).astype(np.int64)
    return np.asarray(cells[:, 1] * _ROW + cells[:, 0], np.int64)


def _between(places: Floats) -> npt.NDArray[np.int64]:
    """The cells that the outline around some places encloses.

    Two pictures may share a frame and nothing of what is in it: then few of these are found again.
    """
    cells = np.clip(np.floor(places / _CELL), 0, _CELLS - 1).astype(np.int32)
    inside = np.zeros((_CELLS, _CELLS), np.uint8)
    cv2.fillConvexPoly(inside, cv2.convexHull(cells), 1)
    down, across = np.nonzero(inside)
    return np.asarray(down * _ROW + across, np.int64)


def _colour_agreement(ours: npt.NDArray[np.uint8], theirs: npt.NDArray[np.uint8]) -> float:
    """Correlation of the colours, whatever was made lighter, darker or more contrasting."""
    a, b = ours.astype(np.float64), theirs.astype(np.float64)
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size > 1 else 0.0
