"""What runs the shards of a flow at the same time: threads here, or a Dask or Ray cluster."""

from __future__ import annotations

import importlib.util
import ipaddress
import logging
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from models.errors import RunnerError, SettingsError
from models.settings import Settings

_COLOUR = re.compile("\x1b\\[[0-9;]*m")
_PACKAGES = {"dask": "prefect_dask", "ray": "prefect_ray"}


def make_runner(settings: Settings) -> TaskRunner[Any]:
    """The task runner that the settings ask for; nothing is started or reached yet.

    Raises:
        SettingsError: its extra is not installed, or its address is of another kind of cluster.
    """
    if settings.runner == "threads":
        return ThreadPoolTaskRunner(max_workers=settings.workers)
    require_extra(settings.runner)
    _check_address(settings)
    if settings.runner == "dask":
        from prefect_dask import DaskTaskRunner

        # Importing it has set these to tell of every worker that comes and goes.
        for name in ("distributed", "distributed.nanny", "distributed.scheduler"):
            logging.getLogger(name).setLevel(logging.ERROR)
        if settings.runner_address:
            return DaskTaskRunner(address=settings.runner_address)
        return DaskTaskRunner(
            cluster_kwargs={
                "n_workers": settings.workers,
                "threads_per_worker": 1,
                "dashboard_address": None,
                # A share of the machine's memory would end workers whose models need more.
                "memory_limit": 0,
            }
        )
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing is told to anybody
    # Without a limit, Ray hands out for ever a shard for which it ends processes to save memory.
    os.environ.setdefault("RAY_task_oom_retries", "3")
    if settings.runner_address:
        _send_ray_token()
    from prefect_ray import RayTaskRunner

    if settings.runner_address:
        logging.getLogger("ray.client_builder").setLevel(logging.WARNING)
        return RayTaskRunner(address=settings.runner_address)
    return RayTaskRunner(
        init_kwargs={
            "address": "local",  # never one that happens to run on this machine
            "num_cpus": settings.workers,
            "include_dashboard": False,
            "log_to_driver": False,
            "logging_level": logging.ERROR,
        }
    )


def require_extra(runner: str) -> None:
    """Make sure that what a runner needs is installed.

    Raises:
        SettingsError: it is not.
    """
    package = _PACKAGES.get(runner)
    if package is not None and importlib.util.find_spec(package) is None:
        raise SettingsError(
            f"The setting runner is {runner!r}, and {package.replace('_', '-')} is not installed.",
            f"Install it with `pip install 'kiyome[{runner}]'`, or set runner to threads.",
        )


@contextmanager
def reachable_server(settings: Settings) -> Iterator[None]:
    """Let processes that this one hands work to use the same Prefect server.

    Without it each would start a server of its own.

    Raises:
        SettingsError: the cluster is on other machines, and they cannot reach this server.
    """
    if settings.runner == "threads":
        yield
        return
    address = PREFECT_API_URL.value() or str(get_client(sync_client=True).api_url)
    if _is_elsewhere(settings.runner_address) and not _is_elsewhere(address):
        raise SettingsError(
            f"The workers of {settings.runner_address} cannot reach the Prefect server at "
            f"{address}.",
            "Start `prefect server start` where they can, and set PREFECT_API_URL to it.",
        )
    with temporary_settings({PREFECT_API_URL: address}):
        yield


@contextmanager
def telling_losses(settings: Settings) -> Iterator[None]:
    """Turn what a cluster raises into a sentence for a person.

    Raises:
        RunnerError: no cluster answers, or a process of it was lost too often.
    """
    try:
        yield
    except (*lost_errors(settings.runner), OSError) as error:
        if settings.runner == "threads":
            raise
        where = settings.runner_address or "this machine"
        lines = _COLOUR.sub("", str(error)).strip().splitlines()
        # What an error of Ray's is about stands below the traceback of the process that had it.
        line = lines[-1 if settings.runner == "ray" else 0].strip()[:300] if lines else ""
        said = f"{type(error).__name__}: {line}" if line else type(error).__name__
        remedy = "See to its workers, and run again: what was examined is kept."
        if settings.runner == "ray" and isinstance(error, ConnectionError):
            # A head that asks for a token tells one that sends none nothing else.
            remedy = (
                "See that its head runs, and that its token is here in RAY_AUTH_TOKEN or "
                "~/.ray/auth_token if it asks for one; then run again."
            )
        raise RunnerError(
            f"The {settings.runner} cluster on {where} did not carry out the run ({said}).", remedy
        ) from error


def died_errors(runner: str) -> tuple[type[Exception], ...]:
    """What a cluster raises about one shard of which too many of its processes have died."""
    if runner == "dask":
        from distributed import KilledWorker

        return (KilledWorker,)
    if runner == "ray":
        from ray.exceptions import NodeDiedError, OutOfMemoryError, WorkerCrashedError

        return (WorkerCrashedError, OutOfMemoryError, NodeDiedError)
    return ()


def lost_errors(runner: str) -> tuple[type[Exception], ...]:
    """What a cluster raises where its processes are lost, as opposed to what the work raises."""
    if runner == "dask":
        from distributed.client import FutureCancelledError
        from distributed.comm import CommClosedError

        return (*died_errors(runner), FutureCancelledError, CommClosedError)
    if runner == "ray":
        from ray.exceptions import RayError

        return (RayError,)
    return ()


def has_processes(runner: TaskRunner[Any]) -> bool:
    """Whether a running cluster has any process that could carry out a shard.

    A cluster that does not answer has none.
    """
    name = type(runner).__name__
    try:
        if name == "DaskTaskRunner":
            return bool(runner.client.nthreads())  # type: ignore[attr-defined]
        if name == "RayTaskRunner":
            import ray

            return ray.cluster_resources().get("CPU", 0) > 0
    except (*lost_errors("dask" if name == "DaskTaskRunner" else "ray"), OSError):
        return False
    return True


def _check_address(settings: Settings) -> None:
    scheme = settings.runner_address.partition("://")[0] if "://" in settings.runner_address else ""
    if scheme and (scheme == "ray") != (settings.runner == "ray"):
        raise SettingsError(
            f"The setting runner_address is {settings.runner_address}, which is no address of a "
            f"{settings.runner} cluster.",
            "A Dask scheduler has one like tcp://host:8786, a Ray head one like ray://host:10001.",
        )


def _send_ray_token() -> None:
    """Let Ray send the token of a cluster that runs already, where there is one.

    A head that is started where a token is asks for it; a client only sends it when told to, and
    Ray reads that as it is imported.
    """
    named = any(os.environ.get(name) for name in ("RAY_AUTH_TOKEN", "RAY_AUTH_TOKEN_PATH"))
    if named or Path(os.environ.get("HOME", "/"), ".ray", "auth_token").is_file():
        os.environ.setdefault("RAY_AUTH_MODE", "token")


def _is_elsewhere(address: str) -> bool:
    """Whether an address is one of another machine, as far as it says by itself."""
    if not address:
        return False
    host = urlsplit(address if "://" in address else f"//{address}").hostname or ""
    try:
        return not ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host not in ("localhost", "ephemeral-prefect")
