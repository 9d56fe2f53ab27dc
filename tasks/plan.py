"""The task that scans a dataset and cuts it into shards."""

from __future__ import annotations

from prefect import task

from models.planning import Plan, make_plan
from tasks.order import open_desk
from tasks.progress import count_up


@task(name="plan", persist_result=False)
def plan_dataset(order: str) -> Plan:
    """Scan the dataset named in the order; see ``models.planning.make_plan``."""
    desk = open_desk(order)
    return make_plan(
        desk.workspace,
        desk.order.dataset,
        desk.order.root,
        layout=desk.order.layout,
        shard_size=desk.settings.shard_size,
        max_bytes=desk.settings.max_bytes,
        workers=desk.settings.workers,
        progress=count_up("plan"),
    )
