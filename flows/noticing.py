"""Starting a run when there is something to apply: an owner's request, or a reviewer's ruling.

Runs beside the process that carries out a dataset's scheduled runs, and asks the same deployment
for one more. Where nobody notices, a request holds all the same: the next run applies it.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import httpx
from prefect.client.orchestration import get_client
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.deployments import run_deployment
from prefect.exceptions import PrefectException

from models.errors import KiyomeError
from models.noticing import Noticed, is_due, notice
from models.settings import Settings
from models.store.database import Database
from models.store.schema import open_database
from models.workspace import is_held

LOOK_SECONDS = 2.0
"""Between two looks at the outbox."""

_GOES_ON = [StateType.RUNNING, StateType.PENDING, StateType.CANCELLING]
_log = logging.getLogger("kiyome.noticing")


@contextmanager
def noticing(settings: Settings, deployment: str, dataset: str) -> Iterator[None]:
    """Notice requests and rulings as long as the block goes on.

    Should the noticing itself break, the process is told to stop: a standing system in which
    nobody notices any more must not look as if somebody did.

    Args:
        deployment: the name of the dataset's deployment, as Prefect knows it: flow/deployment.
    """
    stopping = threading.Event()
    thread = threading.Thread(
        target=_keep_looking, args=(settings, deployment, dataset, stopping), name="noticing"
    )
    thread.daemon = True
    thread.start()
    try:
        yield
    finally:
        stopping.set()
        thread.join(timeout=10)


def look_once(
    database: Database,
    workspace: Path,
    deployment: str,
    dataset: str,
    before: Noticed | None,
    wait_ms: int,
) -> Noticed:
    """One look: notice what has happened, and ask for a run once one is due and none goes on.

    A run that was killed never says that it has ended: whether it goes on, its process tells.

    Raises:
        KiyomeError: the database cannot be read.
    """
    noticed, now = notice(database, dataset, before)
    if not is_due(noticed, now, wait_ms) or (noticed.under_way and is_held(workspace)):
        return noticed
    try:
        if goes_on(deployment):
            return noticed
        run = run_deployment(deployment, timeout=0, as_subflow=False)
    except (PrefectException, httpx.HTTPError, OSError) as error:
        _log.warning("no run of %s could be asked for: %s", deployment, error)
    else:
        _log.info("asked for run %s of %s", run.name, deployment)
    return replace(noticed, tried_ms=now, tries=noticed.tries + 1)


def goes_on(deployment: str) -> bool:
    """Whether a run of the deployment has begun and not ended."""
    with get_client(sync_client=True) as client:
        found = client.read_deployment_by_name(deployment)
        runs = client.read_flow_runs(
            flow_run_filter=FlowRunFilter(
                state=FlowRunFilterState(type=FlowRunFilterStateType(any_=_GOES_ON))
            ),
            deployment_filter=DeploymentFilter(id=DeploymentFilterId(any_=[found.id])),
            limit=1,
        )
    return bool(runs)


def _keep_looking(
    settings: Settings, deployment: str, dataset: str, stopping: threading.Event
) -> None:
    try:
        database = open_database(settings.resolved_database_url)
        noticed: Noticed | None = None
        wait_ms = int(settings.notice_after * 1000)
        while not stopping.wait(LOOK_SECONDS):
            try:
                noticed = look_once(
                    database, settings.workspace, deployment, dataset, noticed, wait_ms
                )
            except KiyomeError as error:
                _log.warning("nothing could be noticed: %s", error)
        database.dispose()
    finally:
        if not stopping.is_set():
            os.kill(os.getpid(), signal.SIGINT)
