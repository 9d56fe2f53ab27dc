"""The task that walks one shard through the stages, and decides it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import pyarrow as pa
from prefect import task

from models.assets.asset import Asset
from models.judging import Consents, judge, select_undecided
from models.stages import Stage, StageRecord
from tasks.consent import examine_consent
from tasks.features import examine_features
from tasks.likeness import examine_likeness
from tasks.motifs import examine_motifs
from tasks.nouns import examine_nouns
from tasks.order import ShardWork, open_desk
from tasks.stage_task import StageTask, as_stage_record

_JUDGED = (
    *("asset_id", "fault_code", "fault_detail", "findings", "width", "height", "format"),
    *("pdq", "pdq_quality"),
)
"""The columns of the feature table that a verdict looks at; embeddings are not among them."""


@task(name="shard", task_run_name="shard {shard:.12}", persist_result=False)
def cleanse_shard(order: str, shard: str) -> dict[str, Any]:
    """Examine one shard, the cheapest and most decisive stage first, and decide every asset in it.

    An asset that a stage excludes is not shown to the next one.

    Args:
        order: path of the order file.
        shard: digest of the shard.

    Returns:
        ``verdict``: the verdict record; ``stages``: the record of each stage.
    """
    desk = open_desk(order)
    members = desk.shard(shard).assets
    outputs: dict[str, pa.Table] = {}
    consents: Consents = {}
    records: list[StageRecord] = []

    def run(stage: Stage, stage_task: StageTask, asked: Sequence[Asset]) -> pa.Table:
        work = ShardWork(desk, stage, shard, asked)
        # Prefect's cache knows that the work was done, not whether its output is still on disk.
        kept = work.kept
        chosen = stage_task if kept else stage_task.with_options(refresh_cache=True)
        record = as_stage_record(chosen(work, work.key))
        # A cached result tells what was done then; what is asked here is what was done now.
        if kept:
            record = replace(record, asked=len(asked), examined=0, seconds=0.0)
        records.append(record)
        return work.read()

    detectors = desk.detectors
    outputs["consent"] = run(detectors.consent, examine_consent, members)
    asked = select_undecided(members, outputs, desk.bench, consents)
    if desk.bench.testimony is not None and desk.bench.testimony.needs_likeness:
        outputs["likeness"] = run(detectors.likeness, examine_likeness, asked)
        asked = select_undecided(asked, outputs, desk.bench, consents)
    outputs["nouns"] = run(detectors.nouns, examine_nouns, asked)
    asked = select_undecided(asked, outputs, desk.bench, consents)
    features = run(detectors.features, examine_features, asked)
    outputs["features"] = features.select(list(_JUDGED))
    outputs["motifs"] = run(detectors.motifs(features), examine_motifs, asked)
    verdict = judge(
        shard, members, outputs, desk.bench, desk.workspace, desk.order.dataset, consents
    )
    return {"verdict": asdict(verdict), "stages": [asdict(record) for record in records]}
