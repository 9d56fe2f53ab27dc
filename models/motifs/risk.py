"""One risk from all that detectors saw: how sure it is that a picture shows a reference.

The risk is a generalised additive model. Each detector's measure adds to the log-odds along a curve
that only rises, a detector that saw nothing adds nothing, and the sum is moved so that 0.5 is what
one clean picture in a thousand reaches by accident (``CLEAN_SHARE``), among the references and
pictures that the calibration was learnt from. The curves are learnt together from labelled pairs
(``models.motifs.calibration``), so that detectors which see the same thing do not count twice.
"""

from __future__ import annotations

import json
import math
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from models.canonical import digest_of
from models.errors import EncoderError
from models.motifs.evidence import DETECTORS, Detector, Evidence
from models.recursion import is_nested_deeper
from models.unicode import escape_surrogates

CLEAN_SHARE: Final = 1e-3
"""The share of clean pictures that reaches a risk of 0.5."""

_FORMAT: Final = "kiyome/motif-calibration/1"
_STEEPEST: Final = 30.0
_DEEPEST: Final = 8
_UNREADABLE: Final = (
    *(ValueError, KeyError, TypeError, AttributeError),
    *(RecursionError, OverflowError),
)
"""What JSON of any shape raises where it is no calibration."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A line through knots that only rises; flat before the first and after the last.

    Attributes:
        at: a detector's measure at each knot, rising.
        adds: what it adds to the log-odds there, rising from 0.
    """

    at: tuple[float, ...]
    adds: tuple[float, ...]

    def __post_init__(self) -> None:
        """Refuse a curve that falls, for a risk must never sink where more was seen."""
        numbers = (*self.at, *self.adds)
        if not self.at or len(self.at) != len(self.adds) or not all(map(math.isfinite, numbers)):
            raise ValueError("a curve needs as many finite values as knots, and at least one")
        if list(self.at) != sorted(set(self.at)) or list(self.adds) != sorted(self.adds):
            raise ValueError("the knots of a curve and its values must rise")
        if self.adds[0] < 0:
            raise ValueError("a curve must not begin below 0")

    def read(self, measure: float) -> float:
        """What a measure adds to the log-odds."""
        after = bisect_right(self.at, measure)
        if after == 0:
            return self.adds[0] if measure == self.at[0] else 0.0
        if after == len(self.at):
            return self.adds[-1]
        left, right = self.at[after - 1], self.at[after]
        share = (measure - left) / (right - left)
        return self.adds[after - 1] + share * (self.adds[after] - self.adds[after - 1])


@dataclass(frozen=True, slots=True)
class Calibration:
    """How what detectors measure becomes a risk, for one encoder.

    Attributes:
        name: what it is called in reports.
        encoder: identity of the encoder whose cosines it reads; "" for any.
        curves: by detector.
        bias: the log-odds of a pair of which nothing was seen.
        learnt_from: how many labelled pairs and clean pictures it was learnt from, for reports.
    """

    name: str
    encoder: str
    curves: Mapping[Detector, Curve]
    bias: float
    learnt_from: str = ""

    @property
    def fingerprint(self) -> str:
        """Digest of all that a risk depends on."""
        return digest_of(self.as_dict())

    def risk_of(self, evidence: Evidence) -> float:
        """The risk of one pair, 0 to 1, rounded to four places; 1 for the same file."""
        if evidence.same_file:
            return 1.0
        odds = self.bias + sum(self.share_of(detector, evidence) for detector in DETECTORS)
        return round(1 / (1 + math.exp(-max(-_STEEPEST, min(_STEEPEST, odds)))), 4)

    def share_of(self, detector: Detector, evidence: Evidence) -> float:
        """What one detector adds to the log-odds of a pair."""
        measure = evidence.strength_of(detector)
        curve = self.curves.get(detector)
        return 0.0 if measure is None or curve is None else curve.read(measure)

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary; ``from_json`` reads it back."""
        return {
            "format": _FORMAT,
            "name": self.name,
            "encoder": self.encoder,
            "bias": self.bias,
            "curves": {
                detector: {"at": list(curve.at), "adds": list(curve.adds)}
                for detector, curve in sorted(self.curves.items())
            },
            "learnt_from": self.learnt_from,
        }

    @classmethod
    def from_json(cls, text: str, source: str) -> Self:
        """Read what ``as_dict`` gave.

        Raises:
            EncoderError: it is not a calibration, or one whose risk could sink.
        """
        try:
            return cls(**_parse(text))
        except _UNREADABLE as error:
            raise EncoderError(
                f"{source} is not a calibration of motif risk: {error}.",
                "Make one with `kiyome motifs calibrate`, or take it out of the settings.",
            ) from error


def _parse(text: str) -> dict[str, Any]:
    if is_nested_deeper(text, _DEEPEST):
        raise ValueError("it is nested too deeply")
    return _read(json.loads(text))


def _read(value: Any) -> dict[str, Any]:
    if value["format"] != _FORMAT:
        raise ValueError(f"its format is {value['format']!r}")
    if unknown := sorted(set(value["curves"]) - set(DETECTORS)):
        raise ValueError(f"it has curves for {', '.join(unknown)}")
    if not value["curves"]:
        raise ValueError("it has no curves, so that only the same file would be found")
    bias = float(value["bias"])
    if not math.isfinite(bias):
        raise ValueError("its bias is not finite")
    return {
        # JSON may hold half of a surrogate pair, which no digest can.
        "name": escape_surrogates(str(value["name"])),
        "encoder": escape_surrogates(str(value["encoder"])),
        "curves": {
            detector: Curve(tuple(map(float, curve["at"])), tuple(map(float, curve["adds"])))
            for detector, curve in value["curves"].items()
        },
        "bias": bias,
        "learnt_from": escape_surrogates(str(value["learnt_from"])),
    }
