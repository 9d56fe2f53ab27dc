"""The flow that looks whether anything needs a person, and tells."""

from __future__ import annotations

from typing import Any

import httpx
from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.exceptions import PrefectException

from flows.artifacts import name_artifact
from flows.opening import opened, settle
from flows.zombies import end_silent_runs
from models.watching.looking import look_and_tell
from models.watching.trend import render_trend


@flow(name="watch", persist_result=False)
def watch(settings: dict[str, Any] | None = None) -> int:
    """Look, tell by webhook and mail what has changed, and show it in the Prefect UI.

    A run that Prefect takes to be Running, and whose process is gone, is marked as crashed.

    Args:
        settings: overrides of the settings in force.

    Returns:
        How many things need a person.

    Raises:
        KiyomeError: the database or the ledger cannot be read.
    """
    in_force = settle(settings)
    with opened(in_force) as database:
        told = look_and_tell(in_force, database)
    logger = get_run_logger()
    try:
        for name in end_silent_runs():
            logger.warning("The run %s is marked as crashed: nothing was heard of it.", name)
    except (PrefectException, httpx.HTTPError) as error:  # no reason not to tell what else there is
        logger.warning("Runs whose process is gone were not looked for: %s", error)
    for alert in told.change.raised:
        logger.warning("%s %s", alert.problem, alert.remedy)
    for alert in told.change.cleared:
        logger.info("Over: %s", alert.problem)
    if told.trouble:
        logger.error("No mail was sent: %s", told.trouble)
    create_table_artifact(
        key="needs-a-person",
        table=[
            {"what": alert.problem, "do": alert.remedy, "code": alert.kind.value}
            for alert in told.alerts
        ]
        or [{"what": "Nothing needs a person.", "do": "", "code": ""}],
        description="What needs a person",
    )
    for dataset in told.figures.datasets:
        create_markdown_artifact(
            key=name_artifact("trend", dataset.name),
            markdown=render_trend(dataset),
            description=f"How {dataset.name} goes, run by run",
        )
    return len(told.alerts)
