"""Golden items: items with a known answer that are slipped into the queue to test reviewers.

How right each reviewer is, and how many golden items are needed to notice one who is not. Which one
is shown when is in ``models.review.quality.giving``. A golden ruling is never a ruling about the
dataset.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy import special

from models.errors import ReviewError
from models.motifs.calibration.shares import Share
from models.review.quality.bounds import check_share
from models.review.quality.giving import LEAST_KEY, LEAST_SHARE, MOST_SHARE, choose_golden
from models.review.quality.wording import Words, percent, percent_down, plain_percent

__all__ = [
    "LEAST_KEY",
    "LEAST_SHARE",
    "MOST_SHARE",
    "Accuracy",
    "GoldenPlan",
    "GoldenRuling",
    "choose_golden",
    "measure_accuracy",
    "plan_golden",
]

_MOST_ITEMS: Final = 20_000


@dataclass(frozen=True, slots=True)
class GoldenRuling:
    """One reviewer's ruling on one golden item.

    Attributes:
        item: the golden item.
        reviewer: who ruled.
        violates: the known answer: it must be excluded.
        excluded: what the reviewer ruled.
    """

    item: str
    reviewer: str
    violates: bool
    excluded: bool


@dataclass(frozen=True, slots=True)
class Accuracy:
    """How right one reviewer was on golden items.

    Each share carries its interval of Wilson; of none it is everything from 0 to 1.

    Attributes:
        reviewer: who.
        right: rulings that match the known answer.
        missed: items that violate and were approved, of those that violate.
        false_alarms: harmless items that were excluded, of the harmless.
    """

    reviewer: str
    right: Share
    missed: Share
    false_alarms: Share


def measure_accuracy(rulings: Iterable[GoldenRuling]) -> tuple[Accuracy, ...]:
    """The accuracy of each reviewer, by name.

    Args:
        rulings: oldest first. Only a reviewer's first ruling on an item counts: at the second they
            may remember it.

    Raises:
        ReviewError: an item has two known answers.
    """
    first: dict[tuple[str, str], GoldenRuling] = {}
    answers: dict[str, bool] = {}
    for ruling in rulings:
        if answers.setdefault(ruling.item, ruling.violates) != ruling.violates:
            raise ReviewError(
                f"The golden item {ruling.item} has two known answers.",
                "Retire it, and leave its rulings out.",
            )
        first.setdefault((ruling.reviewer, ruling.item), ruling)
    return tuple(
        _accuracy(reviewer, [each for (who, _), each in first.items() if who == reviewer])
        for reviewer in sorted({reviewer for reviewer, _ in first})
    )


def _accuracy(reviewer: str, rulings: list[GoldenRuling]) -> Accuracy:
    violating = [each.excluded for each in rulings if each.violates]
    harmless = [each.excluded for each in rulings if not each.violates]
    missed, alarms = violating.count(False), harmless.count(True)
    return Accuracy(
        reviewer,
        Share(len(rulings) - missed - alarms, len(rulings)),
        Share(missed, len(violating)),
        Share(alarms, len(harmless)),
    )


@dataclass(frozen=True, slots=True)
class GoldenPlan:
    """How many golden items it takes to notice a reviewer whose accuracy is too low.

    Attributes:
        items: golden items that the reviewer must rule on.
        notice_at: this many wrong ones, or more, are to be noticed.
        below: an accuracy of this or lower is noticed ...
        probability: ... with this probability at least.
        good: a reviewer of this accuracy or higher is noticed wrongly ...
        wrongly: ... with this probability at most.
        queue: items that the reviewer rules on in all.
        share: of the queue that must be golden, so that chance brings enough of them with 95 %.
    """

    items: int
    notice_at: int
    below: float
    probability: float
    good: float
    wrongly: float
    queue: int
    share: float

    @property
    def fits(self) -> bool:
        """The queue is long enough for it at a share of golden items that reviewers can bear."""
        return self.share <= MOST_SHARE

    @property
    def words(self) -> Words:
        """What the plan promises, or that the queue is too short for it."""
        if self.fits:
            share, below, good = map(plain_percent, (self.share, self.below, self.good))
            noticed, wrongly = percent_down(self.probability), percent(self.wrongly)
            return Words(
                f"{self.items} golden items (make {share} of the queue of {self.queue:,} golden): "
                f"whoever is right in {below} or less is noticed, by {self.notice_at} or more "
                f"wrong ones, with a probability of {noticed} or more; whoever is right in {good} "
                f"or more, wrongly so with {wrongly} or less.",
                f"確認用項目{self.items}件（{self.queue:,}件のうち{share}を充てます）：正答率が{below}以下の"
                f"担当者は、{self.notice_at}件以上の誤りにより{noticed}以上の確率で気づかれます。"
                f"正答率{good}以上の担当者が誤って疑われる確率は{wrongly}以下です。",
            )
        return Words(
            f"The queue of {self.queue:,} is too short: {self.items} golden items are needed, and "
            f"more than {plain_percent(MOST_SHARE)} of it would be golden. Take a longer period, "
            "or ask to notice only a lower accuracy.",
            f"{self.queue:,}件では足りません。確認用項目が{self.items}件必要で、全体の"
            f"{plain_percent(MOST_SHARE)}を超えます。期間を延ばすか、検出する正答率を"
            "下げてください。",
        )


def plan_golden(
    queue: int,
    below: float,
    *,
    probability: float = 0.9,
    good: float = 0.95,
    wrongly: float = 0.05,
) -> GoldenPlan:
    """The fewest golden items with which an accuracy of ``below`` is noticed.

    The exact binomial test of two accuracies: the smallest number for which some limit on the wrong
    ones is reached by the good reviewer with at most ``wrongly`` and by the bad one with at least
    ``probability``. For missed violations alone, take ``items`` as golden items that violate.

    Args:
        queue: items that one reviewer rules on in the period.
        below: the accuracy to be noticed.
        probability: of noticing it, at least.
        good: the accuracy that is good enough.
        wrongly: the probability of suspecting a reviewer who is good enough, at most.

    Raises:
        ReviewError: a number is out of range, or the accuracies are too close to be told apart.
    """
    for name, value in (
        ("The accuracy to notice", below),
        ("The probability of noticing", probability),
        ("The good accuracy", good),
        ("The probability of noticing wrongly", wrongly),
    ):
        check_share(name, value)
    if queue < 1:
        raise ReviewError(f"A queue of {queue} items has none.", "Give a number of 1 or more.")
    if below >= good:
        raise ReviewError(
            f"An accuracy of {below} is not below the good one, {good}.",
            "Ask to notice a lower accuracy.",
        )
    limit = 1
    for items in range(1, _MOST_ITEMS + 1):
        # With more items the good reviewer errs more often: the limit only rises.
        while _reach(items, limit, 1 - good) > wrongly:
            limit += 1
        if limit > items:
            continue
        reached = _reach(items, limit, 1 - below)
        if reached >= probability:
            return GoldenPlan(
                items=items,
                notice_at=limit,
                below=below,
                probability=reached,
                good=good,
                wrongly=_reach(items, limit, 1 - good),
                queue=queue,
                share=_share_for(items, queue),
            )
    raise ReviewError(
        f"More than {_MOST_ITEMS:,} golden items would be needed.",
        "Ask to notice a lower accuracy.",
    )


def _reach(items: int, limit: int, wrong: float) -> float:
    """The probability of ``limit`` or more wrong ones."""
    return 0.0 if limit > items else float(special.bdtrc(limit - 1, items, wrong))


def _share_for(items: int, queue: int) -> float:
    """The smallest share, in tenths of a per cent, that brings enough golden items with 95 %."""
    if items > queue:
        return 1.0
    shares = np.arange(round(LEAST_SHARE * 1000), 1000) / 1000
    enough = special.bdtrc(items - 1, queue, shares) >= 0.95
    return float(shares[int(np.argmax(enough))]) if enough.any() else 1.0
