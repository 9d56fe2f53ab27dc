"""How many cleared assets to review blind, and which.

What follows from their rulings, and why, is in ``models.review.quality.assurance``.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum

from models.canonical import digest_lines
from models.errors import ReviewError
from models.review.quality.assurance import Combination, joint_level, most_possible
from models.review.quality.bounds import bound_count, check_share, size_for_count, whole_count

_DOMAIN = "kiyome assurance sample 1"


class Aim(StrEnum):
    """What is to be at most x %: all cleared assets together, or each stratum by itself."""

    OVERALL = "overall"
    EACH = "each"


@dataclass(frozen=True, slots=True)
class StratumSize:
    """How many of a stratum are to be drawn."""

    name: str
    population: int
    size: int


@dataclass(frozen=True, slots=True)
class AuditPlan:
    """What is to be drawn, fixed before anything is.

    Attributes:
        aim, at_most, confidence: what is to be claimed.
        allowed: how many violations the sample may hold and still allow the claim; with
            ``Aim.EACH`` in each stratum.
        combination: how the overall bound will be computed.
        strata: in the order of their names.
    """

    aim: Aim
    at_most: float
    confidence: float
    allowed: int
    combination: Combination
    strata: tuple[StratumSize, ...]

    @property
    def total(self) -> int:
        """How many assets are to be reviewed."""
        return sum(stratum.size for stratum in self.strata)

    @property
    def sizes(self) -> dict[str, int]:
        """How many of each stratum."""
        return {stratum.name: stratum.size for stratum in self.strata}


def plan_audit(
    populations: Mapping[str, int],
    at_most: float,
    *,
    aim: Aim = Aim.OVERALL,
    confidence: float = 0.95,
    allowed: int = 0,
) -> AuditPlan:
    """The sample sizes with which "at most x %" can be claimed.

    ``Aim.OVERALL`` draws the same share of every stratum; ``Aim.EACH`` draws what each stratum
    needs. Where even the whole population could not show it, the whole population is drawn.

    Args:
        populations: cleared assets of each stratum.
        at_most: the share to be claimed.
        aim: for what.
        confidence: of the claim.
        allowed: violations that the sample may hold. With more the claim fails. Allow for what you
            expect: the sample is larger, and one find does not end it.

    Raises:
        ReviewError: a number is out of range, or there is no stratum.
    """
    check_share("The share to be claimed", at_most)
    check_share("The confidence", confidence)
    if not populations or min(populations.values()) < 0 or allowed < 0:
        raise ReviewError(
            "An audit needs strata with 0 or more assets, and 0 or more allowed violations.",
            "Count the cleared assets of each stratum.",
        )
    names = sorted(populations)
    if aim is Aim.EACH:
        level = joint_level(confidence, len(names))
        sizes = {
            name: size_for_count(
                populations[name], whole_count(at_most, populations[name]), allowed, level
            )
            for name in names
        }
    else:
        sizes = _proportional_sizes(populations, at_most, confidence, allowed)
    strata = tuple(StratumSize(name, populations[name], sizes[name]) for name in names)
    combination = Combination.POOLED if aim is Aim.OVERALL else Combination.STRATUMWISE
    return AuditPlan(aim, at_most, confidence, allowed, combination, strata)


def _proportional_sizes(
    populations: Mapping[str, int], at_most: float, confidence: float, allowed: int
) -> dict[str, int]:
    """The same share of every stratum, as small as the claim allows."""
    total = sum(populations.values())
    limit = whole_count(at_most, total)

    def share_out(size: int) -> dict[str, int]:
        # Rounded up: no stratum is sampled more thinly than the whole.
        return {name: -(-of * size // total) for name, of in populations.items()}

    def shows(size: int) -> bool:
        sizes = share_out(size)
        if len(sizes) == 1:
            return bound_count(min(allowed, size), size, total, confidence) <= limit
        # The allowed violations may turn up in any stratum, so each has room for all of them.
        strata = [
            (of, sizes[name], of - sizes[name] + min(allowed, sizes[name]))
            for name, of in populations.items()
        ]
        return most_possible(strata, allowed, confidence) <= limit

    low, high = 0, total
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if shows(middle) else (middle + 1, high)
    return share_out(low) if total else dict.fromkeys(populations, 0)


def draw_sample(
    strata: Mapping[str, Collection[str]], sizes: Mapping[str, int], seed: str
) -> dict[str, tuple[str, ...]]:
    """Which assets are drawn: of each stratum those with the smallest digests.

    The digest is the SHA-256 over a fixed domain, the seed, the stratum and the asset id, each
    preceded by its length in 8 bytes (``models.canonical.digest_lines``). Whoever has the list and
    the seed draws the same, in any language. A larger size draws the same assets and more.

    The seed has to be public, and unknown when the list of cleared assets was fixed: else whoever
    makes the list could choose what is drawn. The release's id with the ledger's root shows that
    the list came first; where the publisher is not to be trusted with trying several releases, add
    a value that nobody chooses, such as the hash of a later block.

    Args:
        strata: the ids of the cleared assets of each stratum.
        sizes: how many of each; a stratum that is not named has none drawn.
        seed: the published value.

    Returns:
        The drawn ids, in the order in which they are drawn.

    Raises:
        ReviewError: more are asked for than there are, the seed is empty, a stratum is unknown, or
            an asset is in two strata or twice in one.
    """
    if not seed:
        raise ReviewError("The seed is empty.", "Take a published value.")
    everything = [asset for assets in strata.values() for asset in assets]
    if len(set(everything)) < len(everything):
        raise ReviewError(
            "An asset is listed twice.", "Put each cleared asset into exactly one stratum."
        )
    drawn = {}
    for name in sorted({*strata, *sizes}):
        size = sizes.get(name, 0)
        assets = strata.get(name, ())
        if not 0 <= size <= len(assets):
            raise ReviewError(
                f"{size} cannot be drawn from the {len(assets)} assets of {name or 'a stratum'}.",
                "Plan the sample from the same list.",
            )
        ordered = sorted((digest_lines([_DOMAIN, seed, name, asset]), asset) for asset in assets)
        drawn[name] = tuple(asset for _, asset in ordered[:size])
    return drawn
