"""The task that publishes what is cleared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from prefect import task

from models.assets.asset import Asset
from models.assets.sidecars import keep_places, write_sidecars
from models.errors import KiyomeError
from models.judged import remember_judged
from models.judging import VerdictRecord
from models.owners.works_index import index_works
from models.planning import Plan, write_outcomes
from models.releases.manifest import build_manifest, build_outcomes, build_rewritten
from models.releases.publishing import Contents
from models.summary import count_outcomes
from models.verdicts import Verdict
from tasks.facts import tell_facts
from tasks.judged import read_judged
from tasks.order import open_desk
from tasks.publishing import Published, publish_or_propose, tell_difference


class CountsDifferError(KiyomeError):
    """The verdicts do not add up to the assets that were planned: nothing is published."""


@task(name="release", persist_result=False)
def publish_release(
    order: str, plan: Plan, verdicts: Sequence[dict[str, Any]], decided: dict[str, Any]
) -> Published:
    """Publish the cleared assets, once it is certain that every asset has exactly one verdict.

    Args:
        decided: ``models.freshness.read_state`` from before anything was judged.

    Raises:
        CountsDifferError: the counts do not reconcile.
        VerdictsStaleError: a takedown or a withdrawal came in between; judge again.
    """
    desk = open_desk(order)
    judged = list(read_judged(desk, verdicts))
    outcomes = build_outcomes(judged)
    reconcile(plan, outcomes)
    records = (VerdictRecord(**value) for value in verdicts)
    remember_judged(desk.workspace, desk.order.dataset, records)
    counts, reasons = count_outcomes(outcomes)
    keep = keep_places(_cleared(judged), _rewritten(judged))
    facts = tell_facts(desk, plan, counts, reasons)

    def write(folder: Path) -> None:
        if keep:
            write_sidecars(plan.root, plan.layout, keep, folder, copy_images=False)

    contents = Contents(
        build_manifest(judged),
        outcomes,
        build_rewritten(judged),
        facts,
        write,
        desk.policy.consent.purposes,
    )
    write_outcomes(desk.workspace, desk.order.dataset, contents.outcomes_bytes)
    published = publish_or_propose(desk, contents, verdicts, decided)
    if published.sign_off:  # whoever signs looks at what is different
        tell_difference(desk, published.release)
    index_works(desk.workspace, desk.order.dataset, desk.stamps)
    return published


def reconcile(plan: Plan, outcomes: pa.Table) -> None:
    """Make sure that every planned asset has exactly one verdict (promise P1).

    Raises:
        CountsDifferError: it has not.
    """
    ids = outcomes["asset_id"].to_pylist()
    if len(ids) != plan.assets or len(set(ids)) != len(ids):
        raise CountsDifferError(
            f"{plan.assets} assets were planned, and {len(ids)} verdicts were given to "
            f"{len(set(ids))} assets.",
            "Nothing was published. Run again with --again, and report this if it stays.",
        )


def _rewritten(judged: Sequence[tuple[Sequence[Asset], pa.Table]]) -> dict[str, dict[int, str]]:
    """The new texts of captions by asset and index."""
    return {
        row["asset_id"]: {caption["index"]: caption["text"] for caption in row["captions"]}
        for _, table in judged
        for row in table.select(["asset_id", "captions"]).to_pylist()
        if row["captions"]
    }


def _cleared(judged: Sequence[tuple[Sequence[Asset], pa.Table]]) -> Iterator[Asset]:
    for assets, table in judged:
        clear = pc.equal(table["verdict"], Verdict.CLEAR.value)
        ids = set(table.filter(clear)["asset_id"].to_pylist())
        yield from (asset for asset in assets if asset.asset_id in ids)
