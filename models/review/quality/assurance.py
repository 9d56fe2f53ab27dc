"""How many cleared assets violate after all, from a blind random sample of them.

Reviewing what was flagged tells how often a flag was right, never what went unflagged. So a random
sample of *cleared* assets, drawn within strata, goes blind into the same queue, and from what is
found in it follows: with 95 % confidence at most x % of the cleared assets violate.

**Each stratum** has the exact bound for a sample without replacement (``bounds.bound_count``). With
L strata each is held at 1 - (1 - confidence) / L, so that all of them hold together (Bonferroni:
the probabilities of failing add up to 1 - confidence at most, whatever depends on what).

**Overall**, one of two, chosen with the plan and not after the rulings:

``POOLED``: let T be the violations found in the whole sample. Each stratum's number is
hypergeometric, which is distributed as a sum of independent yes-or-no draws (V. A. Vatutin and
V. G. Mikhailov, Theory of Probability and its Applications 27, 1982), so T is such a sum too, of at
most n draws, with the mean m = sum of (n_h / N_h) M_h. By W. Hoeffding, "On the distribution of the
number of successes in independent trials", Annals of Mathematical Statistics 27, 1956, theorem 4,
P(T <= t) is at most that of a binomial of n draws with the same mean where t <= m - 1. Means above
the larger of Clopper and Pearson's bound and t + 1 are therefore ruled out; the bound is the
largest sum of M_h that the remaining means allow, all violations put where the fewest were looked
at. Sampled in proportion, it is the bound of a plain random sample. With one stratum it is that
stratum's exact bound.

``STRATUMWISE``: the sum of the strata's bounds. They hold together, hence so does their sum. Wider,
except where violations were found in a stratum that was sampled much more densely than others.

An asset of the sample that has no ruling yet counts as a violation. That can only raise a bound.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from models.errors import ReviewError
from models.review.quality.bounds import bound_count, bound_share, check_share
from models.review.quality.wording import Words, percent, plain_percent


class Combination(StrEnum):
    """How the bound over all strata follows from them."""

    POOLED = "pooled"
    STRATUMWISE = "stratumwise"


@dataclass(frozen=True, slots=True)
class StratumResult:
    """What became of one stratum's sample.

    Attributes:
        name: the stratum.
        population: cleared assets in it.
        drawn: how many were drawn.
        violations: ruled to violate.
        clean: ruled to be harmless. What was drawn and is neither has no ruling yet.
    """

    name: str
    population: int
    drawn: int
    violations: int
    clean: int

    @property
    def unruled(self) -> int:
        """Drawn, and without a ruling."""
        return self.drawn - self.violations - self.clean

    @property
    def counted(self) -> int:
        """What counts as violating: ruled so, or not ruled on."""
        return self.drawn - self.clean


@dataclass(frozen=True, slots=True)
class Bound:
    """At most how many of how many.

    Attributes:
        name: the stratum; "" for all together.
        most: at most this many violate.
        population: of this many cleared assets.
        drawn, violations, unruled: the sample that it rests on.
        confidence: with which it is claimed; the strata's bounds hold together with it.
    """

    name: str
    most: int
    population: int
    drawn: int
    violations: int
    unruled: int
    confidence: float

    @property
    def share(self) -> float:
        """As a share of the population; 0 of none."""
        return self.most / self.population if self.population else 0.0


@dataclass(frozen=True, slots=True)
class Assurance:
    """What a sample of cleared assets shows.

    Attributes:
        overall: the bound on all cleared assets.
        strata: one bound each, which hold together.
        combination: how the overall bound was computed.
        claim: the sentence that may be published.
        not_claimed: sentences that belong beside it: what it does not say.
    """

    overall: Bound
    strata: tuple[Bound, ...]
    combination: Combination
    claim: Words
    not_claimed: tuple[Words, ...]


def count_rulings(
    populations: Mapping[str, int],
    drawn: Mapping[str, Collection[str]],
    violating: Mapping[str, bool],
) -> tuple[StratumResult, ...]:
    """What became of each stratum's sample.

    Args:
        populations: cleared assets of each stratum, drawn from or not.
        drawn: what ``audit_sample.draw_sample`` gave.
        violating: of each asset that was ruled on, whether it violates. What is drawn and not in
            here counts as violating, escalated and skipped ones included.

    Raises:
        ReviewError: something was drawn from a stratum without a population.
    """
    strange = sorted(name for name in drawn if name not in populations)
    if strange:
        raise ReviewError(
            f"The stratum {strange[0]} has no population.", "Count the assets it was drawn from."
        )
    results = []
    for name in sorted(populations):
        assets = drawn.get(name, ())
        rulings = [violating[asset] for asset in assets if asset in violating]
        results.append(
            StratumResult(
                name, populations[name], len(assets), rulings.count(True), rulings.count(False)
            )
        )
    return tuple(results)


def bound_violations(
    results: Collection[StratumResult],
    *,
    combination: Combination = Combination.POOLED,
    confidence: float = 0.95,
) -> Assurance:
    """At most how many cleared assets violate, in each stratum and in all.

    Args:
        results: every stratum, those of which nothing was drawn included.
        combination: as planned. Taking the better of two afterwards voids the confidence.
        confidence: of the overall bound, and of the strata's bounds together.

    Raises:
        ReviewError: there is no stratum, one is named twice, or its numbers contradict each other.
    """
    check_share("The confidence", confidence)
    ordered = sorted(results, key=lambda result: result.name)
    _check_results(ordered)
    level = joint_level(confidence, len(ordered))
    strata = tuple(
        Bound(
            name=each.name,
            most=bound_count(each.counted, each.drawn, each.population, level),
            population=each.population,
            drawn=each.drawn,
            violations=each.violations,
            unruled=each.unruled,
            confidence=confidence,
        )
        for each in ordered
    )
    most = (
        _bound_pooled(ordered, confidence)
        if combination is Combination.POOLED
        else sum(bound.most for bound in strata)
    )
    overall = Bound(
        name="",
        most=most,
        population=sum(each.population for each in ordered),
        drawn=sum(each.drawn for each in ordered),
        violations=sum(each.violations for each in ordered),
        unruled=sum(each.unruled for each in ordered),
        confidence=confidence,
    )
    return Assurance(overall, strata, combination, _claim(overall), _not_claimed(overall))


def joint_level(confidence: float, strata: int) -> float:
    """The confidence that each of so many strata needs, so that all hold together."""
    return 1 - (1 - confidence) / strata


def _check_results(results: Collection[StratumResult]) -> None:
    names = [result.name for result in results]
    if not names or len(set(names)) < len(names):
        raise ReviewError(
            "The strata are missing, or one is named twice.", "Give each stratum once."
        )
    for each in results:
        counts = (each.violations, each.clean, each.unruled, each.population - each.drawn)
        if min(counts) < 0:
            raise ReviewError(
                f"The numbers of {each.name} contradict each other.",
                "Rulings are at most the drawn, and the drawn at most the population.",
            )


def _bound_pooled(results: Collection[StratumResult], confidence: float) -> int:
    found = sum(each.counted for each in results)
    if len(results) == 1:
        only = next(iter(results))
        return bound_count(found, only.drawn, only.population, confidence)
    strata = [(each.population, each.drawn, each.population - each.clean) for each in results]
    return most_possible(strata, found, confidence)


def most_possible(strata: Collection[tuple[int, int, int]], found: int, confidence: float) -> int:
    """The most violations in all with which as few as ``found`` are not too improbable.

    Args:
        strata: of each the population, how many were drawn, and how many can violate at most.
        found: violations in the whole sample.
        confidence: of the bound.
    """
    drawn = sum(each[1] for each in strata)
    mean = max(drawn * bound_share(found, drawn, confidence), found + 1.0)
    most = 0.0
    for population, size, possible in sorted(strata, key=lambda each: each[1] / max(each[0], 1)):
        taken = min(float(possible), mean * population / size) if size else float(possible)
        mean -= taken * size / max(population, 1)
        most += taken
    # A float's last bit must not lower the bound by one.
    return min(math.floor(most + 1e-6), sum(possible for _, _, possible in strata))


def _claim(overall: Bound) -> Words:
    if not overall.population:
        return Words(
            "No asset was cleared: there is nothing to claim.",
            "問題なしとされた画像がないため、何も主張できません。",
        )
    if not overall.drawn:
        return Words(
            "No cleared asset was drawn: nothing can be claimed about them.",
            "問題なしとされた画像から標本が抽出されていないため、何も主張できません。",
        )
    sure, most = plain_percent(overall.confidence), percent(overall.share)
    en = (
        f"With {sure} confidence at most {most} of the {overall.population:,} cleared assets "
        f"({overall.most:,}) violate, as our reviewers judge it. A random sample of "
        f"{overall.drawn:,} was reviewed blind; violations found: {overall.violations:,}"
    )
    ja = (
        f"問題なしとされた画像{overall.population:,}件のうち、審査担当者の基準で違反となるものは、"
        f"信頼度{sure}で最大{most}（{overall.most:,}件）です。無作為に抽出した"
        f"{overall.drawn:,}件を、判定を伏せて審査した結果、違反は{overall.violations:,}件"
    )
    if overall.unruled:
        en += f"; not ruled on yet, and counted as violations: {overall.unruled:,}"
        ja += f"、未判断のため違反として数えたものは{overall.unruled:,}件"
    return Words(f"{en}.", f"{ja}でした。")


def _not_claimed(overall: Bound) -> tuple[Words, ...]:
    sure = plain_percent(overall.confidence)
    return (
        Words(
            "It does not say that any one picture, or any one owner's work, is free of violations.",
            "個々の画像や、特定の権利者の作品に違反がないことを示すものではありません。",
        ),
        Words(
            "It does not cover what reviewers themselves do not recognise; their accuracy on "
            "golden items says how much that may be.",
            "審査担当者が気づけない違反は含まれません。その程度は、確認用項目での正答率から"
            "判断してください。",
        ),
        Words(
            "It holds for the list of cleared assets from which the sample was drawn, not for "
            "other releases.",
            "標本を抽出した一覧にのみ当てはまり、ほかのリリースには当てはまりません。",
        ),
        Words(
            f"{sure} confidence means: of many such audits, at most {plain_percent(_rest(overall))}"
            " claim too little. Drawing again until the figure pleases voids it.",
            f"信頼度{sure}とは、同様の監査を多数行ったとき、実際より低い値を示すものが"
            f"{plain_percent(_rest(overall))}以下であるという意味です。望む値が出るまで抽出を"
            "繰り返した場合は無効です。",
        ),
    )


def _rest(bound: Bound) -> float:
    return 1 - bound.confidence
