"""How far reviewers agree who ruled on the same items.

Four measures, each with an interval: raw agreement; Cohen's kappa for two reviewers (J. Cohen, "A
coefficient of agreement for nominal scales", Educational and Psychological Measurement 20, 1960);
Krippendorff's nominal alpha for any number with gaps (K. Krippendorff, "Computing Krippendorff's
alpha-reliability", 2011, section C); and Gwet's AC1, which stays meaningful where nearly all
rulings are the same (K. L. Gwet, "Computing inter-rater reliability and its variance in the
presence of high agreement", British Journal of Mathematical and Statistical Psychology 61, 2008).
Fleiss' kappa is left out: it needs the same number of reviewers for each item, and alpha differs
from it only by a correction for few items.

All but raw agreement are (agreement - by chance) / (1 - by chance) and differ in what they take to
be chance. The intervals are percentile bootstraps over items (B. Efron and R. J. Tibshirani, "An
introduction to the bootstrap", 1993, chapter 13): another set of items of the same kind, the same
reviewers. ``benchmarks/review_statistics.py`` measures how often they hold.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations
from typing import Final

import numpy as np

from models.errors import ReviewError
from models.review.quality.bounds import bound_share
from models.review.quality.coefficients import (
    Parts,
    Pattern,
    ac1_parts,
    alpha_parts,
    count_apart,
    kappa_parts,
    make_pattern,
    raw_parts,
    resample,
)
from models.review.quality.wording import Words

LEAST_ITEMS: Final = 20
"""Items that two reviewers must have ruled on before there is a number.

With fewer an interval reaches across every conclusion that could be drawn: 8 of 10 may be a true
agreement of 0.5 as well as of 0.94. It is then better to review more than to read a number.
"""

LEAST_APART: Final = 5
"""Items with a ruling other than the commonest, before kappa and alpha are given.

Both divide by how much rulings vary. With k such items a resample misses them all with a
probability of about exp(-k), 0.7 % for 5: less than the 2.5 % that the interval cuts off.
"""

DRAWS: Final = 2000
"""Resamples behind an interval."""

_TAIL: Final = 0.025


@dataclass(frozen=True, slots=True)
class Rating:
    """One reviewer's ruling on one item, in one of a few categories."""

    item: str
    reviewer: str
    category: str


class Absence(StrEnum):
    """Why there is no number."""

    NO_OVERLAP = "no_overlap"
    TOO_FEW = "too_few"
    ONE_CATEGORY = "one_category"
    TOO_FEW_APART = "too_few_apart"
    NOT_TWO = "not_two"


ABSENCES: Final[Mapping[Absence, Words]] = {
    Absence.NO_OVERLAP: Words(
        "No item was ruled on by two reviewers: nothing can be said about agreement.",
        "二人以上が判断した項目がないため、一致度については何も言えません。",
    ),
    Absence.TOO_FEW: Words(
        f"n too small: fewer than {LEAST_ITEMS} items were ruled on by two reviewers.",
        f"標本不足：二人以上が判断した項目が{LEAST_ITEMS}件に達していません。",
    ),
    Absence.ONE_CATEGORY: Words(
        "All rulings are the same: whether reviewers would agree on anything else was not seen.",
        "判断がすべて同じため、ほかの判断でも一致するかどうかは分かりません。",
    ),
    Absence.TOO_FEW_APART: Words(
        f"n too small: fewer than {LEAST_APART} items have a ruling other than the commonest.",
        f"標本不足：最も多い判断以外を含む項目が{LEAST_APART}件に達していません。",
    ),
    Absence.NOT_TWO: Words(
        "Cohen's kappa compares exactly two reviewers; for more, read alpha or AC1.",
        "コーエンのκは二人の比較にのみ使えます。三人以上ではαまたはAC1をご覧ください。",
    ),
}
"""Each absence in words."""


@dataclass(frozen=True, slots=True)
class Measure:
    """One measure of agreement: a number with its interval, or why there is none.

    Attributes:
        name: ``raw``, ``kappa``, ``alpha`` or ``ac1``.
        estimate: the number, 1 for full agreement; None where there is none.
        low, high: its 95 % interval; None where there is no estimate.
        items: how many items two or more reviewers ruled on.
        absence: why there is no number; None where there is one.
    """

    name: str
    estimate: float | None
    low: float | None
    high: float | None
    items: int
    absence: Absence | None = None

    @property
    def words(self) -> Words:
        """The measure for a page."""
        if self.absence is not None:
            return ABSENCES[self.absence]
        text = f"{self.estimate:.2f} ({self.low:.2f}–{self.high:.2f}, n = {self.items:,})"
        return Words(text, text)


@dataclass(frozen=True, slots=True)
class Agreement:
    """All four measures of the same rulings.

    Attributes:
        raw: how often two rulings on the same item are equal.
        kappa: Cohen's, where there are exactly two reviewers.
        alpha: Krippendorff's.
        ac1: Gwet's.
        reviewers: how many reviewers ruled on anything.
    """

    raw: Measure
    kappa: Measure
    alpha: Measure
    ac1: Measure
    reviewers: int


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """How far two reviewers agree on what both ruled on."""

    first: str
    second: str
    raw: Measure
    kappa: Measure


def measure_agreement(
    ratings: Iterable[Rating],
    *,
    categories: Collection[str] | None = None,
    seed: int = 0,
    draws: int = DRAWS,
) -> Agreement:
    """All measures that the rulings allow, over all reviewers.

    Args:
        ratings: at most one ruling per item and reviewer; skips and escalations left out.
        categories: the rulings that could have been given; without it, those that were. AC1 depends
            on how many there are.
        seed: of the bootstrap. The order of the ratings does not matter.
        draws: resamples.

    Raises:
        ReviewError: somebody ruled twice on an item, or a ruling is not among the categories.
    """
    table = _tabulate(ratings)
    names = _categories(table, categories)
    reviewers = sorted({reviewer for row in table.values() for reviewer in row})
    counts = _count_patterns(table, names)
    kappa = (
        _measure_kappa(table, names, reviewers[0], reviewers[1], seed, draws)
        if len(reviewers) == 2
        else Measure("kappa", None, None, None, _overlap(counts), Absence.NOT_TWO)
    )
    return Agreement(
        raw=_measure("raw", counts, seed, draws),
        kappa=kappa,
        alpha=_measure("alpha", counts, seed, draws),
        ac1=_measure("ac1", counts, seed, draws),
        reviewers=len(reviewers),
    )


def measure_pairs(
    ratings: Iterable[Rating], *, seed: int = 0, draws: int = DRAWS
) -> tuple[PairAgreement, ...]:
    """Raw agreement and kappa of every two reviewers who share an item, by name.

    Raises:
        ReviewError: somebody ruled twice on an item.
    """
    table = _tabulate(ratings)
    names = _categories(table, None)
    reviewers = sorted({reviewer for row in table.values() for reviewer in row})
    pairs = []
    for first, second in combinations(reviewers, 2):
        shared = {
            item: {first: row[first], second: row[second]}
            for item, row in table.items()
            if first in row and second in row
        }
        if shared:
            raw = _measure("raw", _count_patterns(shared, names), seed, draws)
            kappa = _measure_kappa(shared, names, first, second, seed, draws)
            pairs.append(PairAgreement(first, second, raw, kappa))
    return tuple(pairs)


Table = Mapping[str, Mapping[str, str]]


def _tabulate(ratings: Iterable[Rating]) -> Table:
    table: dict[str, dict[str, str]] = {}
    for rating in ratings:
        row = table.setdefault(rating.item, {})
        if rating.reviewer in row:
            raise ReviewError(
                f"{rating.reviewer} ruled twice on {rating.item}.",
                "Give only the ruling that is in force.",
            )
        row[rating.reviewer] = rating.category
    return table


def _categories(table: Table, given: Collection[str] | None) -> list[str]:
    seen = {category for row in table.values() for category in row.values()}
    if given is None:
        return sorted(seen)
    strange = sorted(seen - set(given))
    if strange:
        raise ReviewError(
            f"{strange[0]} is not among the categories.", "Name every category that occurs."
        )
    return sorted(set(given))


def _count_patterns(table: Table, names: list[str]) -> Pattern:
    """How many reviewers chose each category, for each kind of item."""
    place = {name: number for number, name in enumerate(names)}
    kinds: Counter[tuple[int, ...]] = Counter()
    for row in table.values():
        cells = [0] * len(names)
        for category in row.values():
            cells[place[category]] += 1
        kinds[tuple(cells)] += 1
    return make_pattern(kinds, len(names))


def _overlap(pattern: Pattern) -> int:
    return int(pattern.counts[pattern.rows.sum(axis=1) >= 2].sum())


def _measure(name: str, pattern: Pattern, seed: int, draws: int) -> Measure:
    pairable = pattern.rows.sum(axis=1) >= 2
    if name != "ac1":
        # AC1 estimates how common each category is from single rulings too (Gwet 2008, section 3).
        pattern = Pattern(pattern.rows[pairable], pattern.counts[pairable])
    items = _overlap(pattern)
    absence = _absence(name, pattern, items)
    if absence is not None:
        return Measure(name, None, None, None, items, absence)
    weights = resample(pattern.counts, seed, draws)
    parts = {"raw": raw_parts, "alpha": alpha_parts, "ac1": ac1_parts}[name]
    return _conclude(
        name, items, parts(pattern.rows, pattern.counts[None]), parts(pattern.rows, weights)
    )


def _absence(name: str, pattern: Pattern, items: int) -> Absence | None:
    if items == 0:
        return Absence.NO_OVERLAP
    if items < LEAST_ITEMS:
        return Absence.TOO_FEW
    if name == "raw":
        return None
    used = pattern.counts @ pattern.rows
    if np.count_nonzero(used) == 1:
        return Absence.ONE_CATEGORY
    if name in {"kappa", "alpha"} and count_apart(pattern.rows, pattern.counts) < LEAST_APART:
        return Absence.TOO_FEW_APART
    return None


def _measure_kappa(
    table: Table, names: list[str], first: str, second: str, seed: int, draws: int
) -> Measure:
    place = {name: number for number, name in enumerate(names)}
    pairs: Counter[tuple[int, ...]] = Counter(
        (place[row[first]], place[row[second]])
        for row in table.values()
        if first in row and second in row
    )
    turned = Counter({pair[::-1]: count for pair, count in pairs.items()})
    # Which of the two is called first must not move the interval.
    if sorted(turned.items()) < sorted(pairs.items()):
        pairs = turned
    pattern = make_pattern(pairs, 2)
    items = int(pattern.counts.sum())
    chosen = np.eye(len(names))[pattern.rows.astype(np.int64)].sum(axis=1)
    absence = _absence("kappa", Pattern(chosen, pattern.counts), items)
    if absence is not None:
        return Measure("kappa", None, None, None, items, absence)
    weights = resample(pattern.counts, seed, draws)
    whole = kappa_parts(pattern.rows, pattern.counts[None])
    return _conclude("kappa", items, whole, kappa_parts(pattern.rows, weights))


def _conclude(name: str, items: int, whole: Parts, resampled: Parts) -> Measure:
    estimate = float(whole.corrected[0])
    drawn = resampled.corrected
    unknown = np.isnan(drawn)
    # A resample that says nothing counts against us at both ends.
    low = float(np.quantile(np.where(unknown, -1.0, drawn), _TAIL, method="lower"))
    high = float(np.quantile(np.where(unknown, 1.0, drawn), 1 - _TAIL, method="higher"))
    if whole.observed[0] > 1 - 1e-12:
        # Full agreement is full in every resample. How many items may disagree all the same is
        # bounded exactly; one that does lowers the agreement by its share at most.
        seen = 1 - bound_share(0, items, 1 - _TAIL)
        low = float(Parts(np.array([seen]), whole.chance).corrected[0])
    return Measure(name, estimate, min(low, estimate), max(high, estimate), items)
