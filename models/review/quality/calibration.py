"""A threshold from rulings, with a guarantee: at most alpha of the violations are missed.

An asset whose score reaches the threshold is reviewed; the others are cleared. The higher the
threshold, the fewer reviews and the more misses. Learn-then-test (A. N. Angelopoulos, S. Bates,
E. J. Candès, M. I. Jordan and L. Lei, "Learn then test: calibrating predictive algorithms to
achieve risk control", Annals of Applied Statistics 19, 2025, sections 2 and 3) turns rulings into a
threshold whose miss rate is at most alpha with a probability of at least 1 - delta over the
rulings:

1. The thresholds that may be chosen are fixed before the rulings are looked at.
2. From the lowest up, each is tested at the level delta: "its miss rate is above alpha".
3. The first one whose test does not reject ends it. The one before is proposed.

Testing in a fixed order until the first failure needs no correction for many tests (W. Maurer,
L. A. Hothorn and W. Lehmacher, "Multiple comparisons in drug clinical trials and preclinical
assays: a-priori ordered hypotheses", 1995): to be wrong, the first test whose claim is false has to
be passed, and that happens with delta at most. Nothing is assumed of the scores.

It is assumed that the assets of later runs come from where these came from, and that each asset was
chosen to be ruled on independently of the others, with a probability that was fixed without its
ruling (``is_chosen``). What was chosen and is outstanding counts against the threshold.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from models.canonical import digest_lines
from models.errors import ReviewError
from models.review.quality.bounds import check_share
from models.review.quality.miss_rates import (
    Violations,
    bound_miss_rate,
    estimate_miss_rate,
    p_value,
)
from models.review.quality.wording import Words, percent, plain_percent

THRESHOLDS: Final = tuple(step / 100 for step in range(1, 101))
"""Those that may be chosen, unless the caller names others."""

_DOMAIN = "kiyome calibration sample 1"


@dataclass(frozen=True, slots=True)
class Ruled:
    """One asset that was chosen to be ruled on.

    Attributes:
        score: the detector's score, as it was when the asset was chosen.
        violates: the ruling; None while it is outstanding.
        probability: with which it was chosen: 1 where everything with such a score is reviewed.
        loss: what missing it counts, above 0 to 1; 1 while the ruling is outstanding.
    """

    score: float
    violates: bool | None
    probability: float = 1.0
    loss: float = 1.0


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the rulings say about one threshold.

    Attributes:
        threshold: the threshold.
        violations: ruled violations.
        missed: of these, how many lie below the threshold.
        outstanding: chosen, below the threshold and not ruled on; they count as missed.
        estimate: the share that is missed, weighted; None without a violation.
        at_most: the upper bound on it, at the stated confidence.
        p_value: of "the miss rate is above the target".
    """

    threshold: float
    violations: int
    missed: int
    outstanding: int
    estimate: float | None
    at_most: float
    p_value: float


@dataclass(frozen=True, slots=True)
class Proposal:
    """A threshold for a person to approve; nothing changes by itself.

    Attributes:
        old, new: the threshold in force and the proposed one.
        alpha, delta: at most ``alpha`` is missed, with a confidence of 1 - ``delta``.
        before, after: what the rulings say about the old and the new one. Only ``after`` was
            tested; ``before`` is a bound on the old one taken by itself.
        reviews_before, reviews_after: how many of the assets in hand reach each.
        assets: how many assets that is of.
        graded: misses count by their loss, not each as 1.
    """

    old: float
    new: float
    alpha: float
    delta: float
    before: Evidence
    after: Evidence
    reviews_before: int
    reviews_after: int
    assets: int
    graded: bool

    @property
    def reviews_added(self) -> int:
        """Reviews that the new threshold adds; below 0 where it saves some."""
        return self.reviews_after - self.reviews_before

    @property
    def words(self) -> Words:
        """The proposal as a reviewer lead reads it."""
        sure, most = plain_percent(1 - self.delta), plain_percent(self.alpha)
        found = f"{self.after.missed:,} / {self.after.violations:,}"
        added = self.reviews_added
        if self.new == self.old:
            change_en, change_ja = f"Keep the threshold {self.old:g}", f"しきい値{self.old:g}を維持"
        else:
            change_en = f"Change the threshold from {self.old:g} to {self.new:g}"
            change_ja = f"しきい値を{self.old:g}から{self.new:g}に変更"
        if added > 0:
            cost_en, cost_ja = f"adds {added:,} reviews", f"審査が{added:,}件増えます"
        elif added < 0:
            cost_en, cost_ja = f"saves {-added:,} reviews", f"審査が{-added:,}件減ります"
        else:
            cost_en, cost_ja = "leaves the number of reviews as it is", "審査件数は変わりません"
        by_loss_en, by_loss_ja = (
            (", each counted by its loss", "（損失で重み付け）") if self.graded else ("", "")
        )
        return Words(
            f"{change_en}: with {sure} confidence at most {most} of violations are missed"
            f"{by_loss_en} (missed in the rulings: {found}). It {cost_en} of {self.assets:,} "
            "assets.",
            f"{change_ja}：見逃される違反は、信頼度{sure}で最大{most}です{by_loss_ja}"
            f"（判断済みの違反のうち見逃し：{found}）。対象{self.assets:,}件のうち、{cost_ja}。",
        )


@dataclass(frozen=True, slots=True)
class Refusal:
    """No threshold can be proposed, and why.

    Attributes:
        words: the reason, and what would help.
        first: what the rulings say about the lowest threshold.
    """

    words: Words
    first: Evidence


def propose_threshold(
    rulings: Collection[Ruled],
    old: float,
    scores: npt.ArrayLike,
    *,
    alpha: float,
    delta: float = 0.05,
    thresholds: Sequence[float] = THRESHOLDS,
    least_probability: float | None = None,
) -> Proposal | Refusal:
    """The highest threshold for which at most ``alpha`` of violations are shown to be missed.

    Args:
        rulings: every asset that was chosen to be ruled on, harmless and outstanding ones too.
        old: the threshold in force.
        scores: of the assets in hand, to count reviews.
        alpha: the miss rate that is bearable.
        delta: the probability, at most, of proposing a threshold with a higher one.
        thresholds: which may be chosen, fixed without regard to the rulings.
        least_probability: no asset could be chosen with a smaller one. It follows from the sampling
            design, so it has to be given where probabilities differ; what was chosen does not show
            it.

    Raises:
        ReviewError: a number is out of range, or ``least_probability`` is missing.
    """
    check_share("The miss rate", alpha)
    check_share("The probability of being wrong", delta)
    steps = sorted(set(thresholds))
    if not steps or not all(map(math.isfinite, [*steps, old])):
        raise ReviewError("There is no threshold to choose.", "Name one or more numbers.")
    violations = _gather(rulings, least_probability)
    chosen: float | None = None
    for step in steps:
        if p_value(violations, step, alpha) > delta:
            break
        chosen = step
    if chosen is None:
        return _refuse(violations, steps[0], alpha, delta)
    everything = np.asarray(scores, dtype=np.float64)
    if not np.isfinite(everything).all():
        raise ReviewError("A score is not a number.", "Give every asset in hand a score.")
    return Proposal(
        old=old,
        new=chosen,
        alpha=alpha,
        delta=delta,
        before=_evidence(violations, old, alpha, delta),
        after=_evidence(violations, chosen, alpha, delta),
        reviews_before=int((everything >= old).sum()),
        reviews_after=int((everything >= chosen).sum()),
        assets=int(everything.size),
        graded=not violations.whole,
    )


def examine_threshold(
    rulings: Collection[Ruled],
    threshold: float,
    *,
    alpha: float,
    delta: float = 0.05,
    least_probability: float | None = None,
) -> Evidence:
    """What the rulings say about one threshold that was chosen without them.

    Raises:
        ReviewError: as ``propose_threshold``.
    """
    check_share("The miss rate", alpha)
    check_share("The probability of being wrong", delta)
    return _evidence(_gather(rulings, least_probability), threshold, alpha, delta)


def least_violations(alpha: float, delta: float) -> int:
    """How many violations must be ruled on, and none missed, before anything can be shown.

    From a plain sample: the smallest n with (1 - alpha)^n <= delta.

    Raises:
        ReviewError: a number is not between 0 and 1.
    """
    check_share("The miss rate", alpha)
    check_share("The probability of being wrong", delta)
    return math.ceil(math.log(delta) / math.log1p(-alpha) - 1e-9)


def is_chosen(seed: str, asset_id: str, probability: float) -> bool:
    """Whether an asset is ruled on, drawn independently for each asset with this probability.

    The same arguments give the same answer, and a higher probability chooses the same assets and
    more.

    Raises:
        ReviewError: the probability is not above 0 to 1.
    """
    _check_probability(probability)
    return int(digest_lines([_DOMAIN, seed, asset_id]), 16) < probability * 2**256


def _gather(rulings: Collection[Ruled], least: float | None) -> Violations:
    probabilities = {ruled.probability for ruled in rulings}
    for ruled in rulings:
        _check_probability(ruled.probability)
        if not 0 < ruled.loss <= 1 or not math.isfinite(ruled.score):
            raise ReviewError(
                f"A ruling with score {ruled.score} and loss {ruled.loss} cannot be used.",
                "A score is a number; a loss is above 0 and at most 1.",
            )
    if least is None:
        if len(probabilities) > 1:
            raise ReviewError(
                "The rulings were chosen with different probabilities.",
                "Give the smallest that the sampling design allows as least_probability.",
            )
        least = next(iter(probabilities), 1.0)
    _check_probability(least)
    if min(probabilities, default=least) < least:
        raise ReviewError(
            f"A ruling was chosen with a probability below {least}.",
            "Give the smallest that the sampling design allows as least_probability.",
        )
    kept = [ruled for ruled in rulings if ruled.violates is not False]
    return Violations(
        scores=np.array([ruled.score for ruled in kept], dtype=np.float64),
        # How grave an outstanding one would be is not known either.
        losses=np.array([1.0 if ruled.violates is None else ruled.loss for ruled in kept]),
        probabilities=np.array([ruled.probability for ruled in kept], dtype=np.float64),
        least=least,
        outstanding=np.array([ruled.violates is None for ruled in kept], dtype=np.bool_),
        even=probabilities <= {least},
    )


def _check_probability(probability: float) -> None:
    if not 0 < probability <= 1:
        raise ReviewError(
            f"An asset cannot be chosen with a probability of {probability}.",
            "Give the one it was chosen with, above 0 and at most 1.",
        )


def _evidence(violations: Violations, threshold: float, alpha: float, delta: float) -> Evidence:
    below = violations.scores < threshold
    ruled = ~violations.outstanding
    return Evidence(
        threshold=threshold,
        violations=int(ruled.sum()),
        missed=int((below & ruled).sum()),
        outstanding=int((below & ~ruled).sum()),
        estimate=estimate_miss_rate(violations, threshold),
        at_most=bound_miss_rate(violations, threshold, 1 - delta),
        p_value=p_value(violations, threshold, alpha),
    )


def _refuse(violations: Violations, lowest: float, alpha: float, delta: float) -> Refusal:
    first = _evidence(violations, lowest, alpha, delta)
    needed = least_violations(alpha, delta)
    sure, most = plain_percent(1 - delta), plain_percent(alpha)
    if first.violations < needed:
        words = Words(
            f"No threshold can be proposed: {first.violations:,} violations were ruled on, and for "
            f"at most {most} with {sure} confidence {needed:,} are needed, none of them missed. "
            "Rule on more, or accept a higher miss rate.",
            f"しきい値を提案できません。判断済みの違反は{first.violations:,}件ですが、見逃しを"
            f"信頼度{sure}で最大{most}とするには、見逃しがない場合でも{needed:,}件必要です。"
            "判断を増やすか、許容する見逃し率を上げてください。",
        )
    elif first.missed or first.outstanding:
        words = Words(
            f"No threshold can be proposed: even {lowest:g} misses {first.missed:,} of "
            f"{first.violations:,} violations, with {first.outstanding:,} rulings outstanding "
            f"below it; with {sure} confidence it may be {percent(first.at_most)}, and {most} is "
            "the target. Allow lower thresholds, or improve the detector.",
            f"しきい値を提案できません。最も低い{lowest:g}でも、違反{first.violations:,}件のうち"
            f"{first.missed:,}件を見逃し（それ未満の未判断：{first.outstanding:,}件）、"
            f"信頼度{sure}では見逃し率は最大{percent(first.at_most)}となり、目標の{most}を"
            "超えます。より低いしきい値を許すか、検出を改善してください。",
        )
    else:
        words = Words(
            f"No threshold can be proposed: assets were chosen with probabilities as low as "
            f"{violations.least:g}, so that {first.violations:,} violations show at most "
            f"{percent(first.at_most)} with {sure} confidence, and {most} is the target. Review a "
            "larger share of what lies below the threshold.",
            f"しきい値を提案できません。抽出確率が最小{violations.least:g}と低いため、違反"
            f"{first.violations:,}件から言える見逃し率は、信頼度{sure}で最大"
            f"{percent(first.at_most)}までで、目標の{most}を超えます。しきい値未満の画像を"
            "より多く審査してください。",
        )
    return Refusal(words, first)
