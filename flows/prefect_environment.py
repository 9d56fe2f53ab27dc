"""Where Prefect keeps its things and which server it talks to: decided before it is imported."""

from __future__ import annotations

import json
import logging
import os
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from models.errors import RunnerError
from models.files import write_atomically
from models.settings import Settings

SERVER_FILE = "prefect-server.json"
"""In the workspace, while `kiyome up` runs: the address of its server."""


def prepare_prefect(settings: Settings, *, verbose: bool = False) -> None:
    """Set Prefect's environment, for this process and those it starts.

    What the user has set stays. Otherwise Prefect's home is in the workspace, so that nothing
    outside of it is touched; usage analytics are off; and the server of a running `kiyome up` is
    used where there is one.

    Must be called before ``prefect`` is imported.
    """
    home = settings.workspace.absolute() / "prefect"
    chosen = {
        "PREFECT_HOME": str(home),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "DO_NOT_TRACK": "1",
        "PREFECT_LOGGING_LEVEL": "INFO" if verbose else "CRITICAL",
        "PREFECT_API_BLOCKS_REGISTER_ON_START": "false",
        "PREFECT_LOGGING_TO_API_WHEN_MISSING_FLOW": "ignore",
        "PREFECT_TASKS_RUNNER_THREAD_POOL_MAX_WORKERS": str(settings.workers),
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
        "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
        "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
        "PREFECT_CLIENT_CSRF_SUPPORT_ENABLED": "true",
        "PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS": "120",
        "PREFECT_FLOWS_HEARTBEAT_FREQUENCY": "30",
    }
    if address := find_server(settings.workspace):
        chosen["PREFECT_API_URL"] = address
    for name, value in chosen.items():
        os.environ.setdefault(name, value)
    if not verbose:
        # What Prefect leaves undone when a server of its own ends would be told as a traceback,
        # after the end of a run that went well.
        os.environ.setdefault("PREFECT_SERVER_LOGGING_LEVEL", "CRITICAL")
        logging.getLogger("asyncio").setLevel(logging.CRITICAL)


def announce_server(workspace: Path, address: str) -> None:
    """Let other commands on this workspace find the server.

    Raises:
        OSError: the workspace cannot be written.
    """
    content = {"api": address, "pid": os.getpid()}
    write_atomically(workspace / SERVER_FILE, json.dumps(content).encode())


def withdraw_server(workspace: Path) -> None:
    """Take back ``announce_server``."""
    (workspace / SERVER_FILE).unlink(missing_ok=True)


def find_server(workspace: Path) -> str:
    """The API address of the server that `kiyome up` runs for this workspace, or ""."""
    try:
        address = str(json.loads((workspace / SERVER_FILE).read_bytes())["api"])
    except (OSError, ValueError, KeyError):
        return ""
    return address if is_answering(address) else ""


def is_answering(address: str) -> bool:
    """Whether a Prefect API answers at this address."""
    if not address.startswith(("http://", "https://")):
        return False
    try:
        with urllib.request.urlopen(f"{address}/health", timeout=2) as answer:  # noqa: S310
            return bool(answer.status == 200)
    except (OSError, ValueError, urllib.error.URLError):
        return False


@contextmanager
def telling_lost_server() -> Iterator[None]:
    """Turn what a run meets whose Prefect server is gone into a sentence for a person.

    Raises:
        RunnerError: the server does not answer.
    """
    import httpx

    try:
        yield
    except (httpx.TransportError, RuntimeError) as error:
        # The first call of a run meets the latter, of which Prefect has no kind of its own.
        if isinstance(error, RuntimeError) and "Failed to reach API" not in str(error):
            raise
        raise RunnerError(
            f"The Prefect server does not answer ({type(error).__name__}).",
            "See that it runs and that the machine is not too busy, and run again: what was "
            "finished is kept.",
        ) from error
