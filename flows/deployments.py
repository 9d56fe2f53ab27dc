"""The deployments: which flows Prefect runs on a schedule, and how runs keep out of each other."""

from __future__ import annotations

from typing import Any

from prefect.client.schemas.objects import ConcurrencyLimitConfig, ConcurrencyLimitStrategy
from prefect.client.schemas.schedules import CronSchedule
from prefect.deployments.runner import RunnerDeployment

from flows.cleanse import cleanse
from models.errors import SettingsError
from models.planning import choose_name
from models.settings import Settings


def deploy_cleanse(
    root: str, settings: Settings, *, dataset: str | None, layout: str
) -> RunnerDeployment:
    """The scheduled cleansing of one dataset.

    One run goes on at a time: a run that is due meanwhile, or that piled up while nothing was
    running, is cancelled, since it would do the same again. Secrets are no part of it: the process
    that carries out its runs hands them over (``flows.handing_over``).

    Raises:
        SettingsError: the schedule is not a cron expression.
        WorkspaceError: the name already belongs to a dataset that lies elsewhere.
    """
    name = choose_name(settings.workspace, root, dataset)
    try:
        schedule = CronSchedule(cron=settings.schedule, timezone=settings.timezone)
    except ValueError as error:
        raise SettingsError(
            f"{settings.schedule!r} is not a schedule.",
            "Give five fields, minute hour day month weekday: `0 3 * * *` is every day at three.",
        ) from error
    parameters: dict[str, Any] = {
        "root": root,
        "dataset": name,
        "layout": layout,
        "settings": settings.without_secrets,
    }
    return cleanse.to_deployment(
        name=name,
        parameters=parameters,
        schedule=schedule,
        concurrency_limit=ConcurrencyLimitConfig(
            limit=1, collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW
        ),
        description=f"Cleanses {root} and publishes what is clear.",
        tags=["kiyome"],
    )
