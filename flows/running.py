"""Running a cleansing from this process: only if it would find something new, and with progress."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

from flows.handing_over import handing_over
from flows.prefect_environment import prepare_prefect, telling_lost_server
from models.beginning import open_known_database, settle_workspace
from models.consent.contract_register import with_registered
from models.freshness import digest_inputs, find_fresh_summary, read_state
from models.planning import choose_name, make_plan
from models.policy import load_policy
from models.settings import Settings
from models.summary import Summary
from models.workspace import hold_workspace, require_text
from tasks.progress import Listener, count_up, listening, report


def run_cleansing(
    root: str,
    settings: Settings,
    *,
    dataset: str | None = None,
    layout: str = "auto",
    again: bool = False,
    verbose: bool = False,
    listener: Listener | None = None,
) -> Summary:
    """Cleanse a dataset, unless nothing has changed since the last time.

    Args:
        again: walk through all stages even so; what was examined is not examined again.
        verbose: let Prefect log to the terminal.
        listener: is told of progress (see ``tasks.progress``).

    Raises:
        KiyomeError: see ``flows.cleanse.cleanse``.
    """
    require_text(root, settings.workspace.absolute(), settings.policy.absolute())
    settings = settle_workspace(settings)
    settings = settings.model_copy(update={"policy": settings.policy.absolute()})
    workspace = settings.workspace
    name = choose_name(workspace, root, dataset)
    with listening(listener or (lambda _stage, _finished, _total: None)):
        if not again and (known := _find_fresh(root, name, layout, settings, workspace)):
            return known
        prepare_prefect(settings, verbose=verbose)
        report("prefect", 0)
        from flows.cleanse import cleanse

        with telling_lost_server(), handing_over(settings):
            value = cleanse(
                root=root, dataset=name, layout=layout, settings=settings.without_secrets
            )
    return Summary.from_dict(value)


def _find_fresh(
    root: str, name: str, layout: str, settings: Settings, workspace: Path
) -> Summary | None:
    started = time.monotonic()
    policy = load_policy(settings.policy)
    with hold_workspace(workspace):
        database = open_known_database(settings)
        try:
            with database.snapshot() as session:
                policy = with_registered(policy, session)
            state = read_state(database, name)
            plan = make_plan(
                workspace,
                name,
                root,
                layout=layout,
                shard_size=settings.shard_size,
                max_bytes=settings.max_bytes,
                workers=settings.workers,
                progress=count_up("scan"),
            )
            inputs = digest_inputs(state, settings, policy, plan.digest)
            known = find_fresh_summary(database, workspace, name, inputs)
        finally:
            database.dispose()
    if known is None:
        return None
    return replace(known, fresh=True, seconds=round(time.monotonic() - started, 2))
