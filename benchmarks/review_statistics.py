"""How often the statistics of review hold, and how wide they are, beside naive ones.

    OMP_NUM_THREADS=1 python benchmarks/review_statistics.py --runs 2000

Reviews are simulated whose truth is known. "holds" is the share of simulated reviews in which what
was said was true; it should be at least what was promised.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from models.review.quality.agreement import Rating, measure_agreement
from models.review.quality.assurance import Combination, StratumResult, bound_violations
from models.review.quality.audit_sample import Aim, plan_audit
from models.review.quality.calibration import Proposal, Ruled, propose_threshold
from models.review.quality.golden import plan_golden
from models.review.quality.ruled_release import Known, gather_ruled

Dice = np.random.Generator


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    dice = np.random.default_rng(given.seed)
    print(f"{given.runs:,} simulated reviews a line, seed {given.seed}")
    show_agreement(dice, given.runs)
    show_golden(dice, given.runs)
    show_sizes()
    show_assurance(dice, given.runs)
    show_calibration(dice, given.runs)
    show_sampled_release(dice, given.runs)


def head(title: str, *columns: str) -> None:
    print(f"\n{title}")
    line(*columns)


def line(*cells: str) -> None:
    print(
        "  ".join(
            f"{cell:<34}" if place == 0 else f"{cell:>14}" for place, cell in enumerate(cells)
        )
    )


def show_agreement(dice: Dice, runs: int) -> None:
    """Two reviewers who each see the truth wrongly in some cases, independently."""
    head(
        "Agreement: 95 % interval of kappa (no number: too few apart)",
        "items, share that violates",
        "true kappa",
        "no number",
        "holds",
        "width",
        "Cohen's s.e.",
        "its width",
    )
    runs = max(100, runs // 4)
    for items, share in ((20, 0.5), (50, 0.5), (200, 0.5), (50, 0.15), (200, 0.15)):
        wrong = 0.08
        yes = share * (1 - wrong) + (1 - share) * wrong
        chance = yes**2 + (1 - yes) ** 2
        truth = ((1 - wrong) ** 2 + wrong**2 - chance) / (1 - chance)
        held, widths, naive_held, naive_widths = 0, [], 0, []
        for run in range(runs):
            violates = dice.random(items) < share
            seen = violates ^ (dice.random((2, items)) < wrong)
            ratings = [
                Rating(str(item), str(who), str(seen[who, item]))
                for item in range(items)
                for who in (0, 1)
            ]
            kappa = measure_agreement(ratings, seed=run, draws=1000).kappa
            if kappa.estimate is None or kappa.low is None or kappa.high is None:
                continue
            held += kappa.low <= truth <= kappa.high
            widths.append(kappa.high - kappa.low)
            observed = float((seen[0] == seen[1]).mean())
            first, second = seen.mean(axis=1)
            by_chance = first * second + (1 - first) * (1 - second)
            error = 1.96 * np.sqrt(observed * (1 - observed) / items) / (1 - by_chance)
            naive_held += abs(kappa.estimate - truth) <= error
            naive_widths.append(2 * error)
        given = len(widths)
        line(
            f"{items}, {share:g}",
            f"{truth:.3f}",
            f"{runs - given} / {runs}",
            f"{held / given:.3f}",
            f"{np.mean(widths):.3f}",
            f"{naive_held / given:.3f}",
            f"{np.mean(naive_widths):.3f}",
        )


def show_golden(dice: Dice, runs: int) -> None:
    """A plan against "accuracy so far is below the limit" after ten items."""
    head(
        "Golden: noticed at the accuracy to notice, suspected at 0.95",
        "accuracy to notice",
        "items",
        "noticed",
        "suspected",
        "10: noticed",
        "10: suspected",
    )
    for below in (0.6, 0.7, 0.8, 0.85, 0.9):
        plan = plan_golden(1000, below)
        noticed, suspected = (
            (dice.binomial(plan.items, wrong, runs) >= plan.notice_at).mean()
            for wrong in (1 - below, 0.05)
        )
        after_ten = [
            (1 - dice.binomial(10, wrong, runs) / 10 <= below).mean() for wrong in (1 - below, 0.05)
        ]
        line(
            f"{below:g}",
            str(plan.items),
            f"{noticed:.3f}",
            f"{suspected:.3f}",
            *(f"{share:.3f}" for share in after_ten),
        )


def show_sizes() -> None:
    """What a claim costs in reviews."""
    populations = {"drawings": 90_000, "photographs": 25_000, "renders": 5000, "scans": 300}
    head(
        "Assurance: reviews for a claim at 95 % about 120,300 assets in 4 strata",
        "at most",
        "overall, 0",
        "overall, 2",
        "each, 0",
        "each, 2",
    )
    for at_most in (0.05, 0.01, 0.005, 0.001):
        line(
            f"{at_most:.1%}",
            *(
                f"{plan_audit(populations, at_most, aim=aim, allowed=allowed).total:,}"
                for aim in Aim
                for allowed in (0, 2)
            ),
        )


def wald(results: Sequence[StratumResult]) -> int:
    """The stratified estimate and 1.645 standard errors, as survey textbooks have it."""
    total = variance = 0.0
    for each in results:
        if each.drawn < 2:
            continue
        share = each.counted / each.drawn
        total += each.population * share
        left = 1 - each.drawn / each.population
        variance += each.population**2 * left * share * (1 - share) / (each.drawn - 1)
    return int(total + 1.645 * np.sqrt(variance))


def show_assurance(dice: Dice, runs: int) -> None:
    """Bounds on the whole, for samples in proportion and not."""
    head(
        "Assurance: 95 % bound on all violations",
        "populations / sizes / violations",
        "true",
        "pooled holds",
        "mean",
        "stratumwise",
        "mean",
        "normal holds",
        "mean",
    )
    cases = (
        ((9000, 4500, 1500), (270, 135, 45), (90, 45, 15)),
        ((9000, 4500, 1500), (270, 135, 45), (100, 0, 0)),
        ((9000, 4500, 1500), (270, 135, 45), (10, 5, 0)),
        ((9000, 4500, 1500), (90, 135, 225), (90, 45, 15)),
        ((9000, 4500, 1500), (90, 135, 225), (0, 0, 150)),
        ((9000, 4500, 1500), (90, 135, 225), (300, 0, 0)),
    )
    for populations, sizes, violations in cases:
        found = np.stack(
            [
                dice.hypergeometric(bad, of - bad, size, runs)
                for of, size, bad in zip(populations, sizes, violations, strict=True)
            ],
            axis=1,
        )
        kinds, counts = np.unique(found, axis=0, return_counts=True)
        truth = sum(violations)
        cells = []
        ways: list[Callable[[list[StratumResult]], int]] = [
            lambda results: bound_violations(results).overall.most,
            lambda results: (
                bound_violations(results, combination=Combination.STRATUMWISE).overall.most
            ),
            wald,
        ]
        for way in ways:
            bounds = np.array(
                [
                    way(
                        [
                            StratumResult(
                                str(n), populations[n], sizes[n], int(x), sizes[n] - int(x)
                            )
                            for n, x in enumerate(kind)
                        ]
                    )
                    for kind in kinds
                ]
            )
            cells += [
                f"{counts @ (bounds >= truth) / runs:.3f}",
                f"{counts @ bounds / runs:,.0f}",
            ]
        name = f"{sizes} {violations}".replace(" ", "")
        line(name, str(truth), *cells)


def show_calibration(dice: Dice, runs: int) -> None:
    """Violations whose scores lie below s with a probability of s cubed; target 5 %, 95 % sure."""
    head(
        "Thresholds: miss rate at most 5 % with 95 %; the best threshold is 0.368",
        "violations, chosen below 0.5, losses",
        "proposed",
        "holds",
        "threshold",
        "miss rate",
        "naive holds",
        "threshold",
    )
    runs = max(100, runs // 2)
    steps = [step / 100 for step in range(5, 100)]
    for number, below, graded in (
        (100, 1.0, False),
        (400, 1.0, False),
        (2000, 1.0, False),
        (400, 1.0, True),
        (400, 0.5, False),
        (2000, 0.5, False),
        (2000, 0.1, False),
    ):
        mean_loss = 0.75 if graded else 1.0
        chosen, plain = [], []
        for _ in range(runs):
            scores = dice.random(number) ** (1 / 3)
            probabilities = np.where(scores < 0.5, below, 1.0)
            losses = np.where(dice.random(number) < 0.5, 0.5, 1.0) if graded else np.ones(number)
            kept = dice.random(number) < probabilities
            columns = (scores[kept], probabilities[kept], losses[kept])
            rulings = [
                Ruled(s, True, p, loss)
                for s, p, loss in zip(*(each.tolist() for each in columns), strict=True)
            ]
            found = propose_threshold(
                rulings, 0.5, [], alpha=0.05, thresholds=steps, least_probability=below
            )
            if isinstance(found, Proposal):
                chosen.append(found.new)
            # The naive one: the highest step whose share of missed rulings is within the target.
            missed = (losses[kept] * (scores[kept] < np.array(steps)[:, None])).sum(axis=1)
            fine = missed / max(1, kept.sum()) <= 0.05
            plain.append(steps[int(np.flatnonzero(fine)[-1])] if fine.any() else 0.0)
        rates = np.array(chosen) ** 3 * mean_loss
        line(
            f"{number}, {below:g}, {'0.5 or 1' if graded else '1'}",
            f"{len(chosen) / runs:.3f}",
            f"{1 - (rates > 0.05).sum() / runs:.3f}",
            f"{np.mean(chosen):.3f}" if chosen else "",
            f"{rates.mean():.4f}" if chosen else "",
            f"{(np.array(plain) ** 3 * mean_loss <= 0.05).mean():.3f}",
            f"{np.mean(plain):.3f}",
        )


def show_sampled_release(dice: Dice, runs: int) -> None:
    """A release of 5,000 in strata, of each a sample of fixed size; the path of the command."""
    head(
        "Thresholds from a sampled release: miss rate at most 5 % with 95 %",
        "violations, drawn of each stratum",
        "proposed",
        "holds",
        "threshold",
        "miss rate",
    )
    steps = [step / 100 for step in range(10, 100)]
    sizes = {"a": 1000, "b": 2500}
    for number, share in ((600, 0.1), (600, 0.3), (1500, 0.3), (1500, 0.6)):
        chosen, rates = [], []
        for _ in range(max(100, runs // 4)):
            scores = 0.05 + 0.9 * dice.random(number) ** (1 / 3)
            others = 0.5 * dice.random(3500)
            violations = {f"v{n}" for n in range(number)}
            population, members = [], {name: list[str]() for name in sizes}
            for n, score in enumerate([*scores.tolist(), *others.tolist()]):
                asset = f"v{n}" if n < number else f"h{n}"
                stratum = "" if score >= 0.5 else "a" if n % 7 < 2 else "b"
                population.append(Known(asset, score, stratum))
                if stratum:
                    members[stratum].append(asset)
            plan = {name: (len(m), int(len(m) * share)) for name, m in members.items()}
            drawn = {
                members[name][place]: name
                for name, (of, size) in plan.items()
                for place in dice.choice(of, size, replace=False)
            }
            rulings = {each.asset_id: each.asset_id in violations for each in population}
            ruled, least = gather_ruled(population, drawn, plan, rulings)
            found = propose_threshold(
                ruled, 0.5, [], alpha=0.05, thresholds=steps, least_probability=least
            )
            if isinstance(found, Proposal):
                chosen.append(found.new)
                rates.append(float((scores < found.new).mean()))
        tried = max(100, runs // 4)
        line(
            f"{number}, {share:g}",
            f"{len(chosen) / tried:.3f}",
            f"{1 - (np.array(rates) > 0.05).sum() / tried:.3f}",
            f"{np.mean(chosen):.3f}" if chosen else "",
            f"{np.mean(rates):.4f}" if chosen else "",
        )


if __name__ == "__main__":
    main()
