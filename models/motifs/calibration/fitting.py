"""Learning how what detectors measure becomes a risk, from labelled pairs.

A generalised additive logistic model (Hastie and Tibshirani, "Generalized Additive Models",
Statistical Science 1, 1986): each detector's measure enters along a curve of straight pieces whose
slopes are never negative, so that no risk sinks where more was seen. All curves are learnt at once,
so that detectors that see the same thing share what it is worth. Slopes pay for changing from piece
to piece, as in P-splines (Eilers and Marx, Statistical Science 11, 1996), and a little for being
steep. The sum is then moved to where ``CLEAN_SHARE`` of clean pictures reach a risk of 0.5 by their
best reference.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy import optimize

from models.motifs.calibration.pairs import CalibrationError, CleanPicture, LabelledPair
from models.motifs.calibration.tail import Quantile, find_quantile
from models.motifs.evidence import DETECTORS, Detector, Evidence
from models.motifs.risk import CLEAN_SHARE, Calibration, Curve

LEAST_PAIRS: Final = 30
"""Matches, and as many non-matches, without which nothing is learnt."""

LEAST_MEASURES: Final = 10
"""Matches that a detector must have seen for a curve of its own."""

RISK_OF_NOTHING: Final = 0.02
"""The risk of a pair of which nothing was seen is never higher: it must not be recorded."""

_MATCH_QUANTILES: Final = (0.01, 0.1, 0.25, 0.5, 0.75, 0.95)
_OTHER_QUANTILES: Final = (0.5, 0.75, 0.9, 0.97, 0.995, 1.0)
_CLOSEST: Final = 0.02
# Chosen on held-out halves of drawn pictures. Without the price for bending curves end flat where
# few clean pictures are seen, and then the likeliest of those is as sure as a copy.
_BENDING: Final = 1e-3
_RISING: Final = 3e-5
# The share of what is learnt from in which each detector is alone. Without it the one that sees
# most is given all, and a fingerprint that agrees in every bit would count for nothing where a
# picture is too plain for points.
_ALONE: Final = 0.05
_LEAST_WORTH: Final = 0.05
_WIDEST: Final = 1.0
_PLACES: Final = 6

_Doubles = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Learnt:
    """A calibration and what is known of it.

    Attributes:
        calibration: how measures become a risk.
        anchor: the log-odds, before the bias, that a clean picture in a thousand reaches.
        matches, others: pairs that it was learnt from.
    """

    calibration: Calibration
    anchor: Quantile
    matches: int
    others: int


def learn_calibration(
    pairs: Sequence[LabelledPair],
    clean: Sequence[CleanPicture],
    *,
    name: str,
    encoder: str,
) -> Calibration:
    """Learn a calibration; ``learn`` also says how well it is anchored."""
    return learn(pairs, clean, name=name, encoder=encoder).calibration


def learn(
    pairs: Sequence[LabelledPair],
    clean: Sequence[CleanPicture],
    *,
    name: str,
    encoder: str,
) -> Learnt:
    """Learn a calibration. The same pairs in the same order give the same one.

    Args:
        pairs: labelled pairs. Those of the same file teach nothing, and are left out.
        clean: for each picture that shows no reference what was seen of those that were proposed;
            these are non-matches too, and say where a risk of 0.5 lies. A picture for which none
            was proposed counts as well: give it as an empty sequence.
        name: what it is called in reports.
        encoder: identity of the encoder that the cosines are of; "" for any.

    Raises:
        CalibrationError: there are too few pairs or clean pictures, or no detector tells matches
            from others.
    """
    told = [pair for pair in pairs if not pair.evidence.same_file]
    matches = [pair.evidence for pair in told if pair.matches]
    others = [pair.evidence for pair in told if not pair.matches]
    others += [seen for picture in clean for seen in picture if not seen.same_file]
    _require_enough(len(matches), len(others))
    curves = _fit_curves(matches, others)
    unmoved = Calibration(name, encoder, curves, 0.0)
    best = [max((add_up(unmoved, seen) for seen in picture), default=0.0) for picture in clean]
    anchor = find_quantile(best, CLEAN_SHARE, widest=_WIDEST)
    bias = -max(anchor.score, math.log(1 / RISK_OF_NOTHING - 1))
    learnt_from = f"{len(matches)} matches, {len(others)} others, {len(clean)} clean pictures"
    return Learnt(
        Calibration(name, encoder, curves, round(bias, _PLACES), learnt_from),
        anchor,
        len(matches),
        len(others),
    )


def add_up(calibration: Calibration, evidence: Evidence) -> float:
    """The log-odds of a pair, with the calibration's bias; infinite for the same file."""
    if evidence.same_file:
        return math.inf
    shares = (calibration.share_of(detector, evidence) for detector in DETECTORS)
    return calibration.bias + sum(shares)


def _require_enough(matches: int, others: int) -> None:
    if matches < LEAST_PAIRS or others < LEAST_PAIRS:
        raise CalibrationError(
            f"There are {matches} pairs that match and {others} that do not, and at least "
            f"{LEAST_PAIRS} of each are needed to learn from.",
            "Add edited pictures of the registered motifs, and pictures that show none of them.",
        )


def _fit_curves(matches: Sequence[Evidence], others: Sequence[Evidence]) -> dict[Detector, Curve]:
    knots = {
        detector: at
        for detector in DETECTORS
        if (at := _place_knots(_measures(matches, detector), _measures(others, detector)))
    }
    if not knots:
        raise CalibrationError(
            "No detector saw enough of the references in the pictures that show them.",
            "Look whether the labels of the pictures are those of the register, and whether the "
            "encoder is the one that the pictures are searched with.",
        )
    features = np.concatenate([_features(matches, knots), _features(others, knots)])
    owners = np.repeat(np.arange(len(knots)), [len(at) - 1 for at in knots.values()])
    alone = [features * (owners == number) for number in range(len(knots))]
    truth = np.arange(len(features)) < len(matches)
    weights = np.where(truth, 0.5 / len(matches), 0.5 / len(others))
    slopes = _fit(
        np.concatenate([features, *alone]),
        np.tile(truth, 1 + len(knots)),
        np.concatenate([(1 - _ALONE) * weights, *[_ALONE / len(knots) * weights] * len(knots)]),
        _penalty(knots),
    )
    curves, start = {}, 0
    for detector, at in knots.items():
        steps = slopes[start : start + len(at) - 1] * np.diff(at) / (at[-1] - at[0])
        start += len(at) - 1
        if steps.sum() >= _LEAST_WORTH:
            adds = np.round(np.concatenate([[0.0], np.cumsum(steps)]), _PLACES)
            curves[detector] = Curve(at, tuple(adds.tolist()))
    if not curves:
        raise CalibrationError(
            "Nothing that was measured tells the pictures that match from those that do not.",
            "Look whether the labels of the pictures are those of the register.",
        )
    return curves


def _measures(pairs: Sequence[Evidence], detector: Detector) -> _Doubles:
    seen = [pair.strength_of(detector) for pair in pairs]
    return np.array([value for value in seen if value is not None], dtype=np.float64)


def _place_knots(matches: _Doubles, others: _Doubles) -> tuple[float, ...]:
    """Where a detector's curve may bend: from where matches begin to where both end."""
    if len(matches) < LEAST_MEASURES:
        return ()
    places = [np.quantile(matches, _MATCH_QUANTILES)]
    if len(others):
        places.append(np.quantile(others, _OTHER_QUANTILES))
    candidates = np.sort(np.concatenate(places))
    first, last = float(places[0][0]), float(candidates[-1])
    # Nobody learns from a measure that is below that of every match.
    inside = [value for value in candidates.tolist() if value >= first]
    least = _CLOSEST * (last - first)
    kept = [first]
    for value in inside:
        if value - kept[-1] > least:
            kept.append(value)
    if len(kept) > 1:
        kept[-1] = last
    rounded = tuple(sorted({round(value, _PLACES) for value in kept}))
    return rounded if len(rounded) > 1 else (rounded[0] - 1e-3, rounded[0])


def _features(pairs: Sequence[Evidence], knots: Mapping[Detector, tuple[float, ...]]) -> _Doubles:
    """How much of each piece of each curve a pair covers, of the curve's whole range.

    One row a pair; one column a piece. With all pieces covered a curve's columns
    add up to 1, so that what is fitted to each is a slope.
    """
    columns = []
    for detector, at in knots.items():
        seen = [pair.strength_of(detector) for pair in pairs]
        values = np.array([-np.inf if value is None else value for value in seen])
        columns += [
            (np.clip(values, low, high) - low) / (at[-1] - at[0])
            for low, high in itertools.pairwise(at)
        ]
    return np.stack(columns, axis=1)


def _penalty(knots: Mapping[Detector, tuple[float, ...]]) -> _Doubles:
    """The quadratic form that slopes pay: for bending, and a little for rising at all."""
    sizes = [len(at) - 1 for at in knots.values()]
    penalty = np.zeros((sum(sizes), sum(sizes)))
    start = 0
    for at, size in zip(knots.values(), sizes, strict=True):
        widths = np.diff(at) / (at[-1] - at[0])
        end = start + size
        bends = np.diff(np.eye(size), axis=0)
        penalty[start:end, start:end] = _BENDING * bends.T @ bends + _RISING * np.diag(widths)
        start = end
    return penalty


def _fit(
    features: _Doubles, truth: npt.NDArray[np.bool_], weights: _Doubles, penalty: _Doubles
) -> _Doubles:
    """The slope of each piece, never below 0.

    Args:
        features: as ``_features`` makes them.
        truth: which rows are matches.
        weights: of the rows; all add up to 1.
        penalty: as ``_penalty`` makes it.
    """
    signs = np.where(truth, 1.0, -1.0)

    def loss(values: _Doubles) -> tuple[float, _Doubles]:
        slopes = values[1:]
        margins = signs * (features @ slopes + values[0])
        pulls = -signs * weights * np.exp(-np.logaddexp(0.0, margins))
        paid = penalty @ slopes
        cost = weights @ np.logaddexp(0.0, -margins) + slopes @ paid
        return float(cost), np.concatenate([[pulls.sum()], features.T @ pulls + 2 * paid])

    found = optimize.minimize(
        loss,
        np.zeros(1 + features.shape[1]),
        jac=True,
        method="L-BFGS-B",
        bounds=[(None, None), *[(0.0, None)] * features.shape[1]],
        options={"maxiter": 5000, "maxfun": 20000, "ftol": 1e-13, "gtol": 1e-9},
    )
    slopes: _Doubles = np.maximum(0.0, np.asarray(found.x[1:], dtype=np.float64))
    return slopes
