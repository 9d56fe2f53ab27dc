"""Running a re-cleansing: only if it would change anything, through Prefect where a server runs."""

from __future__ import annotations

import time
from dataclasses import replace

from flows.prefect_environment import find_server, prepare_prefect, telling_lost_server
from flows.recleanse import Recleansed, recleanse_known
from models.beginning import settle_workspace
from models.consent.contract_register import with_registered
from models.detectors import load_detectors
from models.freshness import digest_inputs, find_fresh_summary, read_state
from models.motifs.motifs_stage import MotifsStage
from models.planning import read_plan
from models.policy import load_policy
from models.recleansing.carrying import Carrier
from models.recleansing.forecast import (
    Forecast,
    count_outputs,
    describe_state,
    recall_state,
    tell_causes,
)
from models.settings import Settings
from models.store.schema import open_database


def run_recleansing(
    dataset: str, settings: Settings, *, again: bool = False, sidecars: bool = False
) -> Recleansed:
    """Re-cleanse a known dataset, unless nothing has changed since the last run.

    Where `kiyome up` runs, the run shows in its Prefect; otherwise it needs none.

    Args:
        again: decide anew even so.
        sidecars: see ``flows.recleanse.recleanse_known``.

    Raises:
        KiyomeError: see ``flows.recleanse.recleanse_known``.
    """
    settings = settle_workspace(settings, begin=False)
    settings = settings.model_copy(update={"policy": settings.policy.absolute()})
    if not again and (known := _find_fresh(dataset, settings)) is not None:
        return known
    prepare_prefect(settings)
    if find_server(settings.workspace):
        from flows.recleanse_flow import recleanse

        with telling_lost_server():
            value = recleanse(dataset, settings.without_secrets, sidecars=sidecars)
        return Recleansed.from_dict(value)
    return recleanse_known(dataset, settings, sidecars=sidecars)


def _find_fresh(dataset: str, settings: Settings) -> Recleansed | None:
    started = time.monotonic()
    plan = read_plan(settings.workspace, dataset)
    policy = load_policy(settings.policy)
    database = open_database(settings.resolved_database_url)
    try:
        with database.snapshot() as session:
            policy = with_registered(policy, session)
        state = read_state(database, dataset)
        inputs = digest_inputs(state, settings, policy, plan.digest)
        known = find_fresh_summary(database, settings.workspace, dataset, inputs)
    finally:
        database.dispose()
    if known is None:
        return None
    seconds = round(time.monotonic() - started, 2)
    return Recleansed(replace(known, fresh=True, seconds=seconds), None, seconds, {})


def forecast_recleansing(dataset: str, settings: Settings) -> Forecast:
    """What a re-cleansing would do; nothing is changed.

    Raises:
        KiyomeError: the dataset has not been cleansed here, or a detector cannot be loaded.
    """
    settings = settings.model_copy(update={"policy": settings.policy.absolute()})
    workspace = settings.workspace.absolute()
    plan = read_plan(workspace, dataset)
    policy = load_policy(settings.policy)
    database = open_database(settings.resolved_database_url)
    try:
        with database.snapshot() as session:
            policy = with_registered(policy, session)
        state = describe_state(read_state(database, dataset), policy)
        detectors = load_detectors(settings, policy, settings.policy.parent, database)
        carrier = Carrier(detectors, database, workspace, settings.max_pixels)
        names, motifs = carrier.names, carrier.motifs
    finally:
        database.dispose()
    empty = detectors.features.schema.empty_table()
    why = {}
    if names:
        shown = ", ".join(names[0][1].names[:3])
        count = len(names[0][1].names)
        why["nouns"] = f"{count:,} names changed: {shown}" + (" …" if count > 3 else "")
    if motifs:
        added, gone = motifs[0][1].added, motifs[0][1].gone
        why["motifs"] = f"{len(added)} motifs new, {len(gone)} gone or changed"
    stages = count_outputs(
        workspace,
        plan,
        {
            "consent": detectors.consent.fingerprint,
            "nouns": detectors.nouns.fingerprint,
            "features": detectors.features.fingerprint,
            "motifs": MotifsStage(detectors.index, empty).fingerprint,
        },
        {
            "nouns": tuple(origin.fingerprint for origin, _ in names),
            "motifs": tuple(origin.fingerprint for origin, _ in motifs),
        },
        why,
    )
    stages = tuple(
        replace(stage, why=stage.why if stage.carried or stage.missing else "") for stage in stages
    )
    before, seconds = recall_state(workspace, dataset)
    registers = tuple(
        stage.why for stage in stages if stage.why and stage.stage in ("nouns", "motifs")
    )
    causes = (*tell_causes(before, state), *registers)
    total = sum(seconds.values()) if seconds else None
    return Forecast(plan.assets, len(plan.shards), stages, causes, total)
