"""Weights and amounts, exactly. Everything here is an integer or a fraction, never a float.

``weight = sum(samples * multiplier)`` and ``amount = pot * weight / total weight``, rounded by
largest remainder, so that the amounts add up to the pot to the last minor unit.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import lcm


@dataclass(frozen=True, slots=True)
class Due:
    """What somebody is due for a period, in minor units: ``gross + carried_in == net +
    carried_out``."""

    gross: int
    carried_in: int
    net: int
    carried_out: int


def sum_weights(lines: Iterable[tuple[str, int, Fraction]]) -> dict[str, Fraction]:
    """The weight of each owner.

    Args:
        lines: owner, samples and licence multiplier of each use.

    Raises:
        ValueError: a number of samples or a multiplier is negative.
    """
    samples: dict[tuple[str, Fraction], int] = {}
    for owner, count, multiplier in lines:
        if count < 0 or multiplier < 0:
            raise ValueError("samples and multipliers cannot be negative")
        samples[owner, multiplier] = samples.get((owner, multiplier), 0) + count
    weights: dict[str, Fraction] = {}
    for (owner, multiplier), count in samples.items():
        weights[owner] = weights.get(owner, Fraction(0)) + count * multiplier
    return weights


def share_out(pot: int, weights: Mapping[str, Fraction | int]) -> dict[str, int]:
    """Share a pot in proportion to weights. The amounts add up to it exactly.

    Everybody gets the whole units of their part. The units left over, fewer than there are parts,
    go to the largest fractions; among equal ones to the name that sorts first. The order in which
    the weights come does not matter, and a larger weight never gets less than a smaller one.

    Args:
        pot: minor units, not negative.
        weights: by name; not negative, and not all zero.

    Raises:
        ValueError: the pot or a weight is negative, or nobody has a weight.
    """
    scale = lcm(*(Fraction(weight).denominator for weight in weights.values()))
    whole = {name: int(weight * scale) for name, weight in weights.items()}
    total = sum(whole.values())
    if pot < 0 or min(whole.values(), default=0) < 0 or total == 0:
        raise ValueError("a pot that is not negative needs weights that are not, one above zero")
    amounts: dict[str, int] = {}
    remainders: list[tuple[int, str]] = []
    for name, weight in whole.items():
        amounts[name], remainder = divmod(pot * weight, total)
        if remainder:
            remainders.append((-remainder, name))
    left = pot - sum(amounts.values())
    for _, name in sorted(remainders)[:left]:
        amounts[name] += 1
    return amounts


def settle(gross: Mapping[str, int], carried: Mapping[str, int], minimum: int) -> dict[str, Due]:
    """Pay whoever reaches the minimum, and carry the others over to the next period.

    Args:
        gross: by name, what this period brings.
        carried: by name, what earlier periods left over; their names are settled too.
        minimum: the smallest amount that is paid; 0 pays everything.
    """
    settled = {}
    for name in sorted(gross.keys() | carried.keys()):
        earned, before = gross.get(name, 0), carried.get(name, 0)
        due = earned + before
        paid = due if due >= minimum else 0
        settled[name] = Due(earned, before, paid, due - paid)
    return settled


def split(amount: int, shares: Mapping[str, int]) -> dict[str, int]:
    """Split one owner's amount by whole-number shares; the parts add up to it exactly.

    Raises:
        ValueError: the amount or a share is negative, or all shares are zero.
    """
    return share_out(amount, shares)
