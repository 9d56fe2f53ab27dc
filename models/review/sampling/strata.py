"""Parting a release's cleared assets into strata, from its manifest alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import pyarrow as pa

from models.errors import ReviewError

MOST_STRATA = 100
"""Of each stratum at least one asset is drawn, and each makes every stratum's bound wider."""


class Parting(StrEnum):
    """What the strata are."""

    REASON = "reason"
    FOLDER = "folder"
    FORMAT = "format"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Cleared:
    """The cleared assets that a sample is drawn from.

    Attributes:
        strata: ids by stratum, of what a machine cleared.
        approved: how many others a reviewer's approval cleared. A person has looked at each of
            them, so that none can be looked at blind; the sample says nothing about them.
    """

    strata: Mapping[str, tuple[str, ...]]
    approved: int

    @property
    def populations(self) -> dict[str, int]:
        """How many assets each stratum has."""
        return {name: len(assets) for name, assets in self.strata.items()}


def part_cleared(manifest: pa.Table, parting: Parting) -> Cleared:
    """Put each asset that a machine cleared into its stratum.

    Args:
        manifest: ``models.releases.manifest.MANIFEST`` of a release.
        parting: what the strata are.

    Raises:
        ReviewError: there would be too many strata.
    """
    strata: dict[str, list[str]] = {}
    approved = 0
    columns = ["asset_id", "names", "format", "reasons", "decided_by"]
    for row in manifest.select(columns).to_pylist():
        if row["decided_by"] == "machine":
            strata.setdefault(_NAMES[parting](row), []).append(row["asset_id"])
        else:
            approved += 1
    if len(strata) > MOST_STRATA:
        raise ReviewError(
            f"The cleared assets lie in {len(strata):,} strata; at most {MOST_STRATA} make sense.",
            "Choose other strata, such as `--by reason`.",
        )
    return Cleared({name: tuple(strata[name]) for name in sorted(strata)}, approved)


def _name_folder(row: Mapping[str, Any]) -> str:
    """The first folder, or the archive, that the asset was first found in."""
    first, slash, _ = str(row["names"][0]).partition("/")
    return first if slash else "."


_NAMES: Mapping[Parting, Callable[[Mapping[str, Any]], str]] = {
    Parting.REASON: lambda row: str(row["reasons"][0]) if row["reasons"] else "unknown",
    Parting.FOLDER: _name_folder,
    Parting.FORMAT: lambda row: str(row["format"] or "unknown").lower(),
    Parting.NOTHING: lambda _: "all",
}
