"""The flow that looks whether anything needs a person, and tells."""

from __future__ import annotations

from typing import Any

from prefect import flow, get_run_logger
from prefect.artifacts import create_markdown_artifact, create_table_artifact

from flows.artifacts import name_artifact
from flows.handing_over import handing_over
from models.settings import load_settings
from models.store.schema import open_database
from models.watching.looking import look_and_tell
from models.watching.trend import render_trend
from models.workspace import prepare_workspace


@flow(name="watch", persist_result=False)
def watch(settings: dict[str, Any] | None = None) -> int:
    """Look, tell by webhook and mail what has changed, and show it in the Prefect UI.

    Args:
        settings: overrides of the settings in force.

    Returns:
        How many things need a person.

    Raises:
        KiyomeError: the database or the ledger cannot be read.
    """
    in_force = load_settings(**(settings or {}))
    in_force = in_force.model_copy(update={"workspace": prepare_workspace(in_force.workspace)})
    with handing_over(in_force):
        database = open_database(in_force.resolved_database_url)
        try:
            told = look_and_tell(in_force, database)
        finally:
            database.dispose()
    logger = get_run_logger()
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
