"""Publishing what walking a known dataset has come to, from the parts of its shards."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from models.assets.sidecars import keep_places, write_sidecars
from models.errors import KiyomeError
from models.judged import remember_judged
from models.judging import VerdictRecord
from models.planning import Plan, write_outcomes
from models.releases.parts import Parts, read_parts
from models.releases.publishing import Contents
from models.summary import count_outcomes
from tasks.facts import tell_facts
from tasks.order import Desk
from tasks.publishing import Published, publish_or_propose
from tasks.recleansing import Walked


class PartsDifferError(KiyomeError):
    """The verdicts do not add up to the assets of the plan: nothing is published."""


def publish_parts(
    desk: Desk,
    plan: Plan,
    walked: Sequence[Walked],
    folder: Path,
    decided: dict[str, Any],
    *,
    sidecars: bool,
) -> Published:
    """Publish the cleared assets, once it is certain that every asset has exactly one verdict.

    Args:
        walked: what became of each shard.
        folder: where the parts of the shards lie.
        decided: ``models.freshness.read_state`` from before anything was judged.
        sidecars: write the captions of the cleared assets beside the manifest; this reads the
            captions of the source.

    Raises:
        PartsDifferError: the counts do not reconcile.
        VerdictsStaleError: an owner's refusal came in between; judge again.
    """
    parts = read_parts(folder, [digest for digest, _ in plan.shards])
    _reconcile(plan, parts.outcomes)
    counts, reasons = count_outcomes(parts.outcomes)

    def write(into: Path) -> None:
        if sidecars:
            _write_sidecars(desk, plan, parts, into)

    contents = Contents(
        parts.manifest,
        parts.outcomes,
        parts.rewritten,
        tell_facts(desk, plan, counts, reasons),
        write,
        desk.policy.consent.purposes,
    )
    contents.encode()
    write_outcomes(desk.workspace, desk.order.dataset, contents.outcomes_bytes)
    records = (VerdictRecord(**each.verdict) for each in walked)
    remember_judged(desk.workspace, desk.order.dataset, records)
    verdicts = [each.verdict for each in walked]
    return publish_or_propose(desk, contents, verdicts, decided)


def _reconcile(plan: Plan, outcomes: pa.Table) -> None:
    different = pc.count_distinct(outcomes["asset_id"]).as_py()
    if outcomes.num_rows != plan.assets or different != outcomes.num_rows:
        raise PartsDifferError(
            f"{plan.assets} assets are known, and {outcomes.num_rows} verdicts were given to "
            f"{different} assets.",
            "Nothing was published. Run `kiyome cleanse --again`, and report this if it stays.",
        )


def _write_sidecars(desk: Desk, plan: Plan, parts: Parts, into: Path) -> None:
    cleared = set(parts.manifest["asset_id"].to_pylist())
    texts: dict[str, dict[int, str]] = {}
    for row in parts.rewritten.select(["asset_id", "caption", "text"]).to_pylist():
        texts.setdefault(row["asset_id"], {})[row["caption"]] = row["text"]
    kept = keep_places(
        (
            asset
            for digest, _ in plan.shards
            for asset in desk.shard(digest).assets
            if asset.asset_id in cleared
        ),
        texts,
    )
    if kept:
        write_sidecars(plan.root, plan.layout, kept, into, copy_images=False)
