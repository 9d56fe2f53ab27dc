"""The tasks that a runner carries out: one walks a shard, one reads the consent of some."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

from prefect import task

from models.captions.stage import EDITED
from models.failpoints import reach
from models.stages import StageRecord
from tasks.captions import examine_edited
from tasks.consent import examine_consent
from tasks.elsewhere import Handover, open_desk_elsewhere, tell_whereabouts
from tasks.features import examine_features
from tasks.likeness import examine_likeness
from tasks.motifs import examine_motifs
from tasks.nouns import examine_nouns
from tasks.order import ShardWork, open_desk
from tasks.stage_task import StageTask, as_stage_record
from tasks.walking import walk_shard

_TASKS: dict[str, StageTask] = {
    "consent": examine_consent,
    "likeness": examine_likeness,
    "nouns": examine_nouns,
    EDITED: examine_edited,
    "features": examine_features,
    "motifs": examine_motifs,
}


@task(name="shard", task_run_name="shard {shard:.12}", persist_result=False)
def cleanse_shard(order: str, shard: str, handover: Handover | None = None) -> dict[str, Any]:
    """Examine one shard, and decide every asset in it; see ``tasks.walking.walk_shard``.

    Args:
        order: path of the order file.
        shard: digest of the shard.
        handover: what this process has to agree on with the one that leads the run; None where
            they are the same.
    """
    if handover is None:
        return walk_shard(open_desk(order), shard, _carry_out_as_task)
    desk = open_desk_elsewhere(order, handover)
    result = tell_whereabouts(lambda: walk_shard(desk, shard, _carry_out_as_task))
    reach("shard-elsewhere")
    return result


@task(name="read", task_run_name="read shard {shards[0]:.12} and on", persist_result=False)
def read_consent(
    order: str, shards: Sequence[str], handover: Handover | None = None
) -> list[dict[str, Any]]:
    """Read what the files of some shards say about consent, so that it can be asked after.

    Args:
        shards: their digests; at least one.
        order, handover: as of ``cleanse_shard``.

    Returns:
        The record of each. It counts what was examined alone: walking the shards tells the rest.
    """
    desk = open_desk(order) if handover is None else open_desk_elsewhere(order, handover)

    def read(shard: str) -> dict[str, Any]:
        work = ShardWork(desk, desk.detectors.consent, shard, desk.shard(shard).assets)
        return asdict(replace(_carry_out_as_task(work), asked=0, faults={}))

    if handover is None:
        return [read(shard) for shard in shards]
    return tell_whereabouts(lambda: [read(shard) for shard in shards])


def _carry_out_as_task(work: ShardWork) -> StageRecord:
    stage_task = _TASKS[work.stage.name]
    # Prefect's cache knows that the work was done, not whether its output is still on disk.
    kept = work.kept
    chosen = stage_task if kept else stage_task.with_options(refresh_cache=True)
    record = as_stage_record(chosen(work, work.key))
    # A cached result tells what was done then; what is asked here is what was done now.
    if kept:
        record = replace(record, asked=len(work.assets), examined=0, seconds=0.0)
    return record
