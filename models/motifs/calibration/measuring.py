"""From scores to figures: recall by kind, and the share of clean pictures that is flagged.

The benchmarks and ``kiyome motifs evaluate`` both measure with this, so that their figures mean the
same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from models.motifs.calibration.pairs import CalibrationError
from models.motifs.calibration.shares import Share


class Scored(NamedTuple):
    """A picture as it was scored.

    Attributes:
        kind: how it was edited, or what kind of clean picture it is.
        label: what it shows; None for a clean picture.
        scores: the best score of each label, higher for surer; a label left out was not seen.
    """

    kind: str
    label: str | None
    scores: Mapping[str, float]

    @property
    def best(self) -> float:
        """The score of the likeliest of all labels; minus infinity where none was seen."""
        return max(self.scores.values(), default=-math.inf)

    @property
    def of_label(self) -> float:
        """The score of the label that it shows; minus infinity where that was not seen."""
        return -math.inf if self.label is None else self.scores.get(self.label, -math.inf)


ThresholdRule = Callable[[Sequence[float]], float]
"""From the best scores of the clean pictures to the lowest score that counts as found."""

AnyScored = Scored | tuple[str, str | None, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Summary:
    """What was found at one threshold.

    Attributes:
        at_least: the lowest score that counts.
        recall: how many pictures of all kinds were found by their own label.
        by_kind: the same for each kind, in the order in which kinds first came.
        alarms: how many clean pictures were taken for any label.
        alarms_by_kind: the same for each kind of clean picture.
    """

    at_least: float
    recall: Share
    by_kind: Mapping[str, Share]
    alarms: Share
    alarms_by_kind: Mapping[str, Share]

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {
            "at_least": self.at_least if math.isfinite(self.at_least) else None,
            "recall": self.recall.as_dict(),
            "by_kind": {kind: share.as_dict() for kind, share in self.by_kind.items()},
            "alarms": self.alarms.as_dict(),
            "alarms_by_kind": {kind: s.as_dict() for kind, s in self.alarms_by_kind.items()},
        }


def score_of(least: float) -> ThresholdRule:
    """The rule that a given score counts."""
    return lambda _clean: least


def clean_share_of(share: float) -> ThresholdRule:
    """The rule that lets at most ``share`` of the clean pictures count.

    Of N clean pictures floor(share x N) may be flagged, so that what counts lies just above the
    score of the next one. Where fewer than 1 / share are clean, none may.
    """

    def find(clean: Sequence[float]) -> float:
        if not clean:
            raise CalibrationError(
                "There are no clean pictures, so there is no threshold.",
                "Add pictures that show none of the references.",
            )
        falling = sorted(clean, reverse=True)
        # Without the small addition 0.001 x 3,000 would be 2.
        allowed = min(math.floor(share * len(falling) + 1e-9), len(falling) - 1)
        return math.nextafter(falling[allowed], math.inf)

    return find


def summarise(scored: Iterable[AnyScored], threshold_rule: ThresholdRule) -> Summary:
    """What is found, and what is flagged in error, at the threshold that a rule gives.

    A picture that shows something is found where its own label scores the threshold or more; a
    clean one is flagged where any label does.

    Args:
        scored: pictures as they were scored, as ``Scored`` or as plain tuples of the same.
        threshold_rule: ``score_of`` a risk, or ``clean_share_of`` a share.

    Raises:
        CalibrationError: the rule needs clean pictures, and there are none.
    """
    pictures = [Scored(*each) for each in scored]
    clean = [picture for picture in pictures if picture.label is None]
    shown = [picture for picture in pictures if picture.label is not None]
    least = threshold_rule([picture.best for picture in clean])
    return Summary(
        least,
        _count([picture.of_label for picture in shown], least),
        _by_kind([(picture.kind, picture.of_label) for picture in shown], least),
        _count([picture.best for picture in clean], least),
        _by_kind([(picture.kind, picture.best) for picture in clean], least),
    )


def trace(
    shown: Sequence[float], clean: Sequence[float]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """How recall rises with the share of clean pictures that may be flagged.

    Args:
        shown: each picture's score of its own label.
        clean: each clean picture's best score.

    Returns:
        Shares of the clean pictures, rising from 0 to 1, and how many of ``shown`` are found when
        exactly those are flagged.
    """
    flaggable = np.sort(np.asarray(clean, dtype=np.float64))
    findable = np.sort(np.asarray(shown, dtype=np.float64))
    # Flagging k clean pictures is a threshold just above the next one; after the last, anything.
    limits = np.append(np.nextafter(flaggable[::-1], np.inf), np.nextafter(-np.inf, 0.0))
    found = len(findable) - np.searchsorted(findable, limits, side="left")
    flagged = len(flaggable) - np.searchsorted(flaggable, limits, side="left")
    return flagged / max(1, len(flaggable)), found.astype(np.int64)


def _count(scores: Sequence[float], least: float) -> Share:
    return Share(sum(score >= least for score in scores), len(scores))


def _by_kind(scores: Sequence[tuple[str, float]], least: float) -> dict[str, Share]:
    kinds: dict[str, list[float]] = {}
    for kind, score in scores:
        kinds.setdefault(kind, []).append(score)
    return {kind: _count(members, least) for kind, members in kinds.items()}
