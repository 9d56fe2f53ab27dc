"""The deployments: which flows Prefect runs on a schedule, and how runs keep out of each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import (
    ConcurrencyLimitConfig,
    ConcurrencyLimitStrategy,
    FlowRun,
    StateType,
)
from prefect.deployments.runner import RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.flows import Flow
from prefect.types.entrypoint import EntrypointType

from flows.anchor import anchor
from flows.back_up import back_up
from flows.cleanse import cleanse
from flows.draw_sample import draw_sample
from flows.recleanse_flow import recleanse
from flows.schedules import parse_schedule
from flows.sign_off import sign_off
from flows.watch import watch
from flows.zombies import HEARTBEAT_S, keep_zombie_automation
from models.errors import SettingsError
from models.planning import choose_name
from models.settings import ScheduledFlow, Settings

_ONE_AT_A_TIME = ConcurrencyLimitConfig(
    limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
)
"""A run that is due meanwhile, or that piled up while nothing was running, would do the same."""


@dataclass(frozen=True, slots=True)
class Beside:
    """A flow beside the cleansing.

    Attributes:
        flow: what runs.
        about: a sentence for the Prefect UI; ``{dataset}`` is filled in.
        of_dataset: it is about one dataset, and has one as its first parameter.
    """

    flow: Flow[..., Any]
    about: str
    of_dataset: bool = False


BESIDE: dict[ScheduledFlow, Beside] = {
    "recleanse": Beside(
        recleanse,
        "Brings to {dataset} what has changed, without reading its source.",
        of_dataset=True,
    ),
    "watch": Beside(watch, "Looks whether anything needs a person, and tells."),
    "anchor": Beside(anchor, "Anchors the usage ledger's head on its chain."),
    "draw-sample": Beside(
        draw_sample, "Draws the blind sample of {dataset}'s newest release.", of_dataset=True
    ),
    "back-up": Beside(back_up, "Writes a backup into backup_folder, and deletes older ones."),
}


def deploy_all(
    root: str, settings: Settings, *, dataset: str | None, layout: str, pool: str | None = None
) -> list[RunnerDeployment]:
    """The cleansing of one dataset, and everything beside it.

    What is not scheduled is deployed as well: it can be run by hand from the Prefect UI. Secrets
    are no part of any of it: the process that carries out the runs hands them over
    (``flows.handing_over``), or on a work pool the environment of its workers.

    Args:
        pool: name of the work pool whose workers carry out the runs; None for this process.

    Raises:
        SettingsError: a schedule is none.
        WorkspaceError: the name already belongs to a dataset that lies elsewhere.
    """
    deployments = [deploy_cleanse(root, settings, dataset=dataset, layout=layout, pool=pool)]
    name = str(deployments[0].name)
    for which, beside in BESIDE.items():
        when = settings.schedules.get(which, _usual(which, settings))
        given: dict[str, Any] = {"dataset": name} if beside.of_dataset else {}
        deployments.append(
            beside.flow.to_deployment(
                name=name if beside.of_dataset else "kiyome",
                parameters={**given, "settings": settings.without_secrets},
                schedule=parse_schedule(when, settings.timezone),
                concurrency_limit=_ONE_AT_A_TIME,
                description=beside.about.format(dataset=name),
                tags=["kiyome"],
                work_pool_name=pool,
                entrypoint_type=_entrypoint(pool),
                job_variables=_job_variables(settings, pool),
            )
        )
    deployments.append(
        sign_off.to_deployment(
            name=name,
            parameters={"dataset": name, "settings": settings.without_secrets},
            description=f"Asks whether a proposed release of {name} may be published.",
            tags=["kiyome"],
            work_pool_name=pool,
            entrypoint_type=_entrypoint(pool),
            job_variables=_job_variables(settings, pool),
        )
    )
    return deployments


def register_all(deployments: Sequence[RunnerDeployment], pool: str) -> None:
    """Make the deployments known to the Prefect server, for the workers of a pool.

    Raises:
        SettingsError: there is no such pool.
    """
    with get_client(sync_client=True) as client:
        try:
            client.read_work_pool(pool)
        except ObjectNotFound as error:
            raise SettingsError(
                f"The Prefect server knows no work pool {pool!r}.",
                f"Make it with `prefect work-pool create {pool} --type process`.",
            ) from error
    for deployment in deployments:
        deployment.apply(work_pool_name=pool)
    renew_late_runs(deployments)
    keep_zombie_automation()


def renew_late_runs(deployments: Sequence[RunnerDeployment]) -> int:
    """Let runs that are due and have not begun work with what the deployments say now.

    Prefect gives a run its parameters when it schedules it, and keeps those of runs that are late:
    after an edit of the settings and a restart, they would still work with the old ones.

    Args:
        deployments: as they have just been registered.

    Returns:
        How many were made anew. Of those that would do the same one is left.
    """
    renewed = 0
    with get_client(sync_client=True) as client:
        for each in deployments:
            found = client.read_deployment_by_name(f"{each.flow_name}/{each.name}")
            now = each.parameters.get("settings")
            wanted: list[dict[str, Any]] = []
            for run in _list_due(client, found.id):
                if run.run_count or run.parameters.get("settings") == now:
                    continue
                client.delete_flow_run(run.id)
                parameters = {**run.parameters, "settings": now}
                if parameters not in wanted:
                    wanted.append(parameters)
            for parameters in wanted:
                client.create_flow_run_from_deployment(found.id, parameters=parameters)
            renewed += len(wanted)
    return renewed


def _list_due(client: SyncPrefectClient, deployment_id: UUID) -> list[FlowRun]:
    return client.read_flow_runs(
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
            expected_start_time=FlowRunFilterExpectedStartTime(before_=datetime.now(UTC)),
        ),
        deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[deployment_id])),
    )


def deploy_cleanse(
    root: str, settings: Settings, *, dataset: str | None, layout: str, pool: str | None = None
) -> RunnerDeployment:
    """The scheduled cleansing of one dataset.

    Raises:
        SettingsError: the schedule is none.
        WorkspaceError: the name already belongs to a dataset that lies elsewhere.
    """
    name = choose_name(settings.workspace, root, dataset)
    parameters: dict[str, Any] = {
        "root": root,
        "dataset": name,
        "layout": layout,
        "settings": settings.without_secrets,
    }
    return cleanse.to_deployment(
        name=name,
        parameters=parameters,
        schedule=parse_schedule(settings.schedule, settings.timezone),
        concurrency_limit=_ONE_AT_A_TIME,
        description=f"Cleanses {root} and publishes what is clear.",
        tags=["kiyome"],
        work_pool_name=pool,
        entrypoint_type=_entrypoint(pool),
        job_variables=_job_variables(settings, pool),
    )


def _usual(which: ScheduledFlow, settings: Settings) -> str:
    if which == "watch":
        return "every 10 minutes"
    return "every 1 hour" if which == "anchor" and settings.ledger_chain == "rpc" else "never"


def _job_variables(settings: Settings, pool: str | None) -> dict[str, Any] | None:
    """What a worker adds to the environment of a run: no secret, and nothing of one machine."""
    if pool is None:
        return None
    return {
        "env": {
            "DO_NOT_TRACK": "1",
            "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": str(HEARTBEAT_S),
            "PREFECT_LOCAL_STORAGE_PATH": str(settings.workspace / "prefect" / "storage"),
        }
    }


def _entrypoint(pool: str | None) -> EntrypointType:
    """A worker imports the flow from the installed package; it has no checkout to look into."""
    return EntrypointType.FILE_PATH if pool is None else EntrypointType.MODULE_PATH
