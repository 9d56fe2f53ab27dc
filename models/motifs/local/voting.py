"""Which references the matches vote for, by turn and growth (D. Lowe, 2004, section 7.1)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from models.motifs.local.descriptors import Floats
from models.motifs.local.geometry import Indices, Points, turn_between

_VOTED = 20
_TURN_BINS = 12
_TURN_BIN = 2 * np.pi / _TURN_BINS
_GROWTH_BINS = 32
_GROWTH_BIN = 0.7
_TURN_NEAR = 1.2 * _TURN_BIN
_GROWTH_NEAR = 1.2 * _GROWTH_BIN


@dataclass(frozen=True, slots=True, eq=False)
class Matches:
    """Points of a picture with like points of references.

    Attributes:
        query: rows of the picture's points.
        rows: rows of the references' points.
        candidates: twice the number of the reference, and one more where it was mirrored.
        weights: how sure each is by its looks.
    """

    query: Indices
    rows: Indices
    candidates: Indices
    weights: Floats


def measure_changes(ours: Points, theirs: Points, matches: Matches) -> tuple[Floats, Floats]:
    """By how much each match turns, in radians, and grows, as a natural logarithm."""
    mirrored = matches.candidates % 2 == 1
    angles = theirs.angles[matches.rows]
    angles = np.where(mirrored, np.float32(np.pi) - angles, angles)
    growths = ours.sizes[matches.query] - theirs.sizes[matches.rows]
    return ours.angles[matches.query] - angles, growths


def vote(matches: Matches, turns: Floats, growths: Floats) -> list[tuple[int, float, float]]:
    """The candidates whose matches agree best in turn and growth, with these, best first.

    Each match votes for four bins, so that no border parts what belongs together.
    """
    turn_bin = np.floor(np.mod(turns, 2 * np.pi) / _TURN_BIN - 0.5).astype(np.int64)
    growth_bin = np.floor(growths / _GROWTH_BIN + _GROWTH_BINS / 2 - 0.5).astype(np.int64)
    keys = []
    for more_turn, more_growth in ((0, 0), (0, 1), (1, 0), (1, 1)):
        turned = np.mod(turn_bin + more_turn, _TURN_BINS)
        grown = np.clip(growth_bin + more_growth, 0, _GROWTH_BINS - 1)
        keys.append((matches.candidates * _TURN_BINS + turned) * _GROWTH_BINS + grown)
    bins, bin_of = np.unique(np.concatenate(keys), return_inverse=True)
    votes = np.bincount(bin_of, np.tile(matches.weights, 4), len(bins))
    ranked = bins[np.lexsort((bins, -votes))]
    candidates = ranked // (_TURN_BINS * _GROWTH_BINS)
    _, firsts = np.unique(candidates, return_index=True)
    best = np.sort(firsts)[:_VOTED]
    turn = (ranked[best] // _GROWTH_BINS % _TURN_BINS + 0.5) * _TURN_BIN
    growth = (ranked[best] % _GROWTH_BINS + 0.5 - _GROWTH_BINS / 2) * _GROWTH_BIN
    return list(zip(candidates[best].tolist(), turn.tolist(), growth.tolist(), strict=True))


def agree_with(turns: Floats, growths: Floats, turn: float, growth: float) -> npt.NDArray[np.bool_]:
    """Which matches turn and grow as a vote says."""
    near = np.abs(turn_between(turns - np.float32(turn))) <= _TURN_NEAR
    return np.asarray(near & (np.abs(growths - growth) <= _GROWTH_NEAR))
