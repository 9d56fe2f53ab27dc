"""From a release, its blind sample and the rulings on it to what a threshold is calibrated with.

The population is every asset of the release that the detector looked at:

- what it held, or what was held for another reason, goes before people: chosen for certain;
- what a machine cleared was chosen where the sample drew it: ``drawn / population`` of its stratum.

The sample is drawn without replacement, n of the N assets of a stratum, and not asset by asset. The
bet of ``models.review.quality.miss_rates`` is fair for that, too. Let y = 1 + b (alpha - loss) / p
for a violation and 1 for any other asset, with p = n / N and a stake b that cannot ruin, so that
y >= 0. The mean, over all samples, of the product of the drawn y is an elementary symmetric mean,
and by C. Maclaurin's inequality at most the mean of y to the power n, thus at most
exp(p * sum(y - 1)) = exp(b * sum(alpha - loss)), the sums being over the stratum. Strata are drawn
independently, so that the mean of the wealth is at most exp(b * sum(alpha - loss)) over the whole
release, and at most 1 where its miss rate is above alpha. What is shown is about this release.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

from models.review.quality.calibration import Ruled
from models.review.reason_codes import RulingReason

HELD: Final = 1.0
"""Score of what goes before people whatever the threshold is."""

VIOLATES: Final[Mapping[str, frozenset[str]]] = {
    "motifs": frozenset({RulingReason.COPIED_MOTIF.value, RulingReason.DERIVED_MOTIF.value}),
    "nouns": frozenset({RulingReason.NAMES_PROTECTED.value, RulingReason.NAMES_REMOVED.value}),
}
"""Reasons of a ruling that say that the stage's detector had something to find."""

UNCLEAR: Final = frozenset(
    {RulingReason.EXCLUDED_OTHERWISE.value, RulingReason.REWRITTEN_OTHERWISE.value}
)
"""Reasons that do not say what was wrong: they count as what is outstanding does."""


@dataclass(frozen=True, slots=True)
class Known:
    """One asset of the release that the detector looked at.

    Attributes:
        asset_id: which.
        score: the detector's score when the release was made.
        stratum: of the sample's strata, where a machine cleared it; "" otherwise.
        otherwise: it is held for another reason, whatever the threshold is.
    """

    asset_id: str
    score: float
    stratum: str = ""
    otherwise: bool = False


def judge_ruling(stage: str, ruling: str, reason: str) -> bool | None:
    """Whether a ruling says that the stage's detector had something to find; None if unclear."""
    if ruling == "approve":
        return False
    if reason in VIOLATES[stage]:
        return True
    return None if reason in UNCLEAR else False


def gather_ruled(
    population: Collection[Known],
    drawn: Mapping[str, str],
    sizes: Mapping[str, tuple[int, int]],
    rulings: Mapping[str, bool | None],
) -> tuple[list[Ruled], float]:
    """What to calibrate with, and a number below every probability of being chosen.

    Args:
        population: the assets of the release.
        drawn: stratum of each drawn asset, by id.
        sizes: population and number drawn of each stratum.
        rulings: of each asset that was ruled on, whether it violates.
    """
    chances = {name: n / of for name, (of, n) in sizes.items() if n and of}
    found = []
    for known in population:
        violates = rulings.get(known.asset_id)
        score = HELD if known.otherwise else known.score
        if not known.stratum:
            found.append(Ruled(score, violates))
        elif known.asset_id in drawn:
            found.append(Ruled(score, violates, chances[drawn[known.asset_id]]))
    # A hair below every probability: equal ones are then put to the bet, too, and not to a test
    # that takes each asset for drawn by itself.
    return found, min([1.0, *chances.values()]) * (1 - 1e-9)
