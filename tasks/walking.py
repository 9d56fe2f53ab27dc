"""One shard's walk through the stages: the order in which they are asked, and about what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import Any

import pyarrow as pa

from models.assets.asset import Asset
from models.captions.stage import EDITED
from models.judging import Consents, judge, select_undecided
from models.nouns.stage import JUDGED as NOUNS_JUDGED
from models.stages import Stage, StageRecord
from tasks.order import Desk, ShardWork

FEATURES_JUDGED = (
    *("asset_id", "fault_code", "fault_detail", "findings", "width", "height", "format"),
    *("pdq", "pdq_quality"),
)
"""The columns of the feature table that a verdict looks at; embeddings are not among them."""

Run = Callable[[ShardWork], StageRecord]
"""Carries out what a stage is asked to do."""


def walk_shard(desk: Desk, shard: str, run: Run) -> dict[str, Any]:
    """Examine one shard, the cheapest and most decisive stage first, and decide every asset in it.

    An asset that a stage excludes is not shown to the next one.

    Args:
        shard: digest of the shard.
        run: carries out a stage's work.

    Returns:
        ``verdict``: the verdict record; ``stages``: the record of each stage.
    """
    members = desk.shard(shard).assets
    outputs: dict[str, pa.Table] = {}
    consents: Consents = {}
    records: list[StageRecord] = []

    def ask(stage: Stage, asked: Sequence[Asset]) -> pa.Table:
        work = ShardWork(desk, stage, shard, asked)
        records.append(run(work))
        return work.read()

    detectors = desk.detectors
    outputs["consent"] = ask(detectors.consent, members)
    asked = select_undecided(members, outputs, desk.bench, consents)
    if desk.bench.testimony is not None and desk.bench.testimony.needs_likeness:
        outputs["likeness"] = ask(detectors.likeness, asked)
        asked = select_undecided(asked, outputs, desk.bench, consents)
    desk.carry_names(shard)
    outputs["nouns"] = ask(detectors.nouns, asked).select(list(NOUNS_JUDGED))
    if (edited := desk.edited(members)) is not None:
        outputs[EDITED] = ask(edited, edited.choose(asked))
    asked = select_undecided(asked, outputs, desk.bench, consents)
    features = ask(detectors.features, asked)
    outputs["features"] = features.select(list(FEATURES_JUDGED))
    outputs["motifs"] = ask(detectors.motifs(features), asked)
    verdict = judge(
        shard, members, outputs, desk.bench, desk.workspace, desk.order.dataset, consents
    )
    return {"verdict": asdict(verdict), "stages": [asdict(record) for record in records]}


def carry_out_here(work: ShardWork) -> StageRecord:
    """Carry out a stage's work in this process, without Prefect."""
    return work.carry_out()
