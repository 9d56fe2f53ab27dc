"""Rechecking: what new evidence changes about the consent for a dataset's assets."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa

from models.assets.asset import Asset
from models.consent.resolution import ConsentDecision, resolve
from models.consent.terms import ConsentPolicy
from models.consent.testimony import Testimony
from models.judging import Observed, gather, hear


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """One asset for which something else follows now.

    Attributes:
        asset: which.
        before, after: what followed then and follows now.
    """

    asset: Asset
    before: ConsentDecision
    after: ConsentDecision

    @property
    def restricts(self) -> bool:
        """Whether the asset could be used then and cannot now."""
        return self.before.verdict == "clear" != self.after.verdict


def compare_consent(
    assets: Sequence[Asset],
    outputs: Mapping[str, pa.Table],
    policy: ConsentPolicy,
    before: Testimony,
    after: Testimony,
    *,
    then: int,
    now: int,
) -> Iterator[ConsentChange]:
    """The assets of a shard for which the verdict on consent, or its reasons, have changed.

    Args:
        assets: the shard's assets.
        outputs: what its stages have read; nothing is read anew.
        policy: the terms of consent.
        before, after: what was said elsewhere, then and now.
        then, now: the moments of the two decisions, UTC seconds.
    """
    read = gather(assets, outputs)
    earlier, later = hear(read, before), hear(read, after)
    for asset in assets:
        one = _decide(asset, earlier[asset.asset_id], policy, then)
        other = _decide(asset, later[asset.asset_id], policy, now)
        if one is None or other is None:
            continue
        if (one.verdict, one.reasons) != (other.verdict, other.reasons):
            yield ConsentChange(asset, one, other)


def _decide(
    asset: Asset, seen: Observed, policy: ConsentPolicy, as_of: int
) -> ConsentDecision | None:
    if seen.statements is None:
        return None
    return resolve(asset, seen.statements, policy, as_of)
