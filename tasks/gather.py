"""The task that asks the sources outside a dataset what they say about its assets."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import Any

from prefect import task

from models.consent.evidence.view import view_evidence
from models.consent.gathering.gather import Gathered, gather_evidence
from models.consent.gathering.wanted import Wanted
from models.planning import Plan
from models.stages import StageRecord
from tasks.consent import examine_consent
from tasks.order import Desk, ShardWork, open_desk
from tasks.progress import report
from tasks.stage_task import as_stage_record


@task(name="gather", persist_result=False)
def gather_consent(order: str, plan: Plan) -> dict[str, Any]:
    """Remember what files refuse by themselves, and ask outside as the settings say.

    Returns:
        ``models.consent.gathering.gather.Gathered`` as a dictionary.
    """
    desk = open_desk(order)
    wanted, records = want(desk, plan)
    found = gather_evidence(
        wanted,
        desk.policy.consent,
        desk.settings,
        desk.database,
        sources=desk.settings.consult,
        as_of=desk.order.as_of,
        progress=lambda _carrier, count: report("gather", count),
        again=lambda: want(desk, plan)[0],
    )
    return {**as_result(found), "stages": [asdict(record) for record in records]}


def want(desk: Desk, plan: Plan) -> tuple[Wanted, list[StageRecord]]:
    """What the dataset gives reason to ask about; files that were not read yet are read now.

    Returns:
        It, and the records of what was read. They count what was examined only: the walk through
        the shards reports the rest.
    """
    wanted = Wanted(desk.order.dataset, view_evidence(desk.database), desk.order.as_of)
    records: list[StageRecord] = []
    for digest, _ in plan.shards:
        members = desk.shard(digest).assets
        work = ShardWork(desk, desk.detectors.consent, digest, members)
        if not work.kept:
            chosen = examine_consent.with_options(refresh_cache=True)
            record = as_stage_record(chosen(work, work.key))
            records.append(replace(record, asked=0, faults={}))
        wanted.add_shard(members, work.read())
    return wanted, records


def as_result(found: Gathered) -> dict[str, Any]:
    """A JSON-ready dictionary."""
    return {**asdict(found), "looks": {k: dict(v) for k, v in found.looks.items()}}
