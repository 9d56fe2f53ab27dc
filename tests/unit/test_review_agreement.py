"""Agreement among reviewers, against published tables."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from models.errors import ReviewError
from models.review.quality import agreement
from models.review.quality.agreement import (
    ABSENCES,
    Absence,
    Measure,
    Rating,
    measure_agreement,
    measure_pairs,
)

# Krippendorff, "Computing Krippendorff's alpha-reliability", 2011, section C: four observers,
# twelve units, gaps; nominal alpha = .743. It is cac.raw4raters of Gwet's irrCAC as well, whose
# vignette prints agreement 0.8181818, alpha 0.74342 and AC1 0.77544.
KRIPPENDORFF = [
    *("11.1", "2232", "3333", "3333", "2222", "1234"),
    *("4444", "1121", "2222", ".555", "..11", "..3."),
]

# Fifteen of Fleiss' (1971) thirty patients by six psychiatrists, distrib.6raters of irrCAC, which
# prints agreement 0.5511111, alpha 0.4204384 and AC1 0.4448007.
SIX_RATERS = [
    (0, 0, 0, 6, 0),
    (0, 3, 0, 0, 3),
    (0, 1, 4, 0, 1),
    (0, 0, 0, 0, 6),
    (0, 3, 0, 3, 0),
    (2, 0, 4, 0, 0),
    (0, 0, 4, 0, 2),
    (2, 0, 3, 1, 0),
    (2, 0, 0, 4, 0),
    (0, 0, 0, 0, 6),
    (1, 0, 0, 5, 0),
    (1, 1, 0, 4, 0),
    (0, 3, 3, 0, 0),
    (1, 0, 0, 5, 0),
    (0, 2, 0, 3, 1),
]


@pytest.fixture
def few_suffice(monkeypatch: pytest.MonkeyPatch) -> None:
    """Published examples are smaller than what a number is given for."""
    monkeypatch.setattr(agreement, "LEAST_ITEMS", 1)
    monkeypatch.setattr(agreement, "LEAST_APART", 1)


def from_rows(rows: Sequence[str]) -> list[Rating]:
    """One row an item, one place a reviewer; a dot is a gap."""
    return [
        Rating(f"{item:04}", f"reviewer {place}", category)
        for item, row in enumerate(rows)
        for place, category in enumerate(row)
        if category != "."
    ]


def from_table(table: Sequence[Sequence[int]]) -> list[Rating]:
    """Two reviewers' rulings from how often each pair of categories occurs."""
    return from_rows(
        [
            f"{first}{second}"
            for first, row in enumerate(table)
            for second, count in enumerate(row)
            for _ in range(count)
        ]
    )


def number(measure: Measure) -> float:
    assert measure.estimate is not None, measure.absence
    return measure.estimate


@pytest.mark.usefixtures("few_suffice")
def test_krippendorffs_own_example() -> None:
    found = measure_agreement(from_rows(KRIPPENDORFF))
    assert round(number(found.alpha), 3) == 0.743
    assert number(found.alpha) == pytest.approx(0.74342, abs=5e-6)
    assert number(found.ac1) == pytest.approx(0.77544, abs=5e-6)
    assert number(found.raw) == pytest.approx(0.8181818, abs=5e-8)
    assert found.alpha.items == 11


@pytest.mark.usefixtures("few_suffice")
def test_six_psychiatrists() -> None:
    rows = ["".join(str(k) * count for k, count in enumerate(row)) for row in SIX_RATERS]
    found = measure_agreement(from_rows(rows))
    assert number(found.raw) == pytest.approx(0.5511111, abs=5e-8)
    assert number(found.alpha) == pytest.approx(0.4204384, abs=5e-8)
    assert number(found.ac1) == pytest.approx(0.4448007, abs=5e-8)


def test_two_abstractors_of_gwet() -> None:
    # cont3x3abstractors of irrCAC, all five figures from its vignette.
    found = measure_agreement(from_table([[13, 0, 0], [0, 20, 7], [0, 4, 56]]))
    assert number(found.raw) == pytest.approx(0.89)
    assert number(found.kappa) == pytest.approx(0.7964094, abs=5e-8)
    assert number(found.alpha) == pytest.approx(0.7972585, abs=5e-8)
    assert number(found.ac1) == pytest.approx(0.8493305, abs=5e-8)
    # Its interval by linearisation is 0.764 to 0.935.
    assert found.ac1.low == pytest.approx(0.764, abs=0.02)
    assert found.ac1.high == pytest.approx(0.935, abs=0.02)


def test_kappa_of_textbook_tables() -> None:
    # Cohen 1960: 200 diagnoses, agreement .70, by chance .41.
    cohen = measure_agreement(from_table([[88, 10, 2], [14, 40, 6], [18, 10, 12]]))
    assert round(number(cohen.kappa), 3) == 0.492
    # Fleiss, Levin and Paik, Statistical methods for rates and proportions, 2003, table 18.1.
    fleiss = measure_agreement(from_table([[75, 1, 4], [5, 4, 1], [0, 0, 10]]))
    assert round(number(fleiss.kappa), 3) == 0.676


def test_skew_sinks_kappa_and_alpha_but_not_ac1() -> None:
    found = measure_agreement(from_table([[118, 5], [2, 0]]))
    assert number(found.raw) == pytest.approx(0.944)
    assert number(found.kappa) < 0
    assert number(found.alpha) < 0
    assert number(found.ac1) == pytest.approx(0.9407, abs=5e-4)


def test_declared_categories_that_nobody_chose_count_for_ac1() -> None:
    ratings = from_table([[30, 5], [5, 30]])
    seen = measure_agreement(ratings).ac1
    declared = measure_agreement(ratings, categories=["0", "1", "2"]).ac1
    assert number(declared) > number(seen)


@pytest.mark.parametrize(
    ("rows", "raw", "chance_corrected"),
    [
        (["1.", ".1", "2."], Absence.NO_OVERLAP, Absence.NO_OVERLAP),
        ([], Absence.NO_OVERLAP, Absence.NO_OVERLAP),
        (["11"] * 10 + ["22"] * 9, Absence.TOO_FEW, Absence.TOO_FEW),
        (["11"] * 50, None, Absence.ONE_CATEGORY),
        (["11"] * 50 + ["12"] * 4, None, Absence.TOO_FEW_APART),
        (["11"] * 50 + ["12"] * 5, None, None),
    ],
)
def test_where_a_number_means_nothing_it_is_said_in_words(
    rows: list[str], raw: Absence | None, chance_corrected: Absence | None
) -> None:
    found = measure_agreement(from_rows(rows))
    assert found.raw.absence is raw
    assert found.alpha.absence is chance_corrected
    for measure in (found.raw, found.kappa, found.alpha, found.ac1):
        if measure.absence is None:
            assert measure.low is not None
            assert measure.high is not None
            assert measure.low <= number(measure) <= measure.high
            assert np.isfinite([measure.low, measure.high]).all()
        else:
            assert (measure.estimate, measure.low, measure.high) == (None, None, None)
        assert measure.words.en
        assert measure.words.ja


def test_every_absence_has_words_in_both_languages() -> None:
    assert set(ABSENCES) == set(Absence)
    assert all(words.en and words.ja for words in ABSENCES.values())


def test_kappa_is_for_two_reviewers() -> None:
    found = measure_agreement(from_rows(["121"] * 15 + ["222"] * 15))
    assert found.kappa.absence is Absence.NOT_TWO
    assert found.reviewers == 3


def test_full_agreement_does_not_claim_to_be_certain() -> None:
    found = measure_agreement(from_rows(["11"] * 30 + ["22"] * 30))
    for measure in (found.raw, found.kappa, found.alpha, found.ac1):
        assert measure.estimate == measure.high == 1.0
        assert measure.low is not None
        assert 0.8 < measure.low < 0.95
    # Clopper and Pearson: none of 60 may be up to 1 - 0.025 ** (1 / 60).
    assert found.raw.low == pytest.approx(0.025 ** (1 / 60))


def test_pairs_are_measured_on_what_both_ruled_on() -> None:
    rows = ["11."] * 15 + ["22."] * 15 + [".12"] * 30
    pairs = measure_pairs(from_rows(rows))
    assert [(pair.first[-1], pair.second[-1]) for pair in pairs] == [("0", "1"), ("1", "2")]
    assert [number(pair.raw) for pair in pairs] == [1.0, 0.0]


def test_ruling_twice_on_an_item_is_refused() -> None:
    with pytest.raises(ReviewError, match="twice"):
        measure_agreement([Rating("a", "x", "1"), Rating("a", "x", "1")])


def test_a_ruling_outside_the_categories_is_refused() -> None:
    with pytest.raises(ReviewError, match="not among"):
        measure_agreement([Rating("a", "x", "3")], categories=["1", "2"])


def test_the_interval_holds_about_as_often_as_it_says() -> None:
    # Two reviewers who each flip the truth with 0.1: agreement 0.82, kappa 0.64.
    dice = np.random.default_rng(7)
    held = 0
    runs = 150
    for run in range(runs):
        truth = dice.random(60) < 0.5
        rows = ["".join(str(int(flag ^ (dice.random() < 0.1))) for _ in range(2)) for flag in truth]
        kappa = measure_agreement(from_rows(rows), seed=run, draws=400).kappa
        assert kappa.low is not None
        assert kappa.high is not None
        held += kappa.low <= 0.64 <= kappa.high
    # A bootstrap is no exact interval; it must not be far off. 0.88 is 95 % less four deviations.
    assert held / runs > 0.88
