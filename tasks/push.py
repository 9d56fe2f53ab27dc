"""The task that mirrors a run's release, and the ledger, to the target of the settings."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from prefect import task

from models.errors import ReleaseError, SettingsError
from models.mirror.pushing import push_releases
from tasks.order import open_desk


@dataclass(frozen=True, slots=True)
class PushResult:
    """What mirroring came to in a run.

    Attributes:
        warning: what a person should know; "" where there is nothing.
        settled: whether there is nothing left to do for a later run.
    """

    warning: str = ""
    settled: bool = True


@task(name="push", persist_result=False)
def push_mirror(order: str) -> dict[str, Any]:
    """Mirror the dataset's releases, unless the settings name no target.

    Storage that is away fails no run: the release stands, and the next run, or `kiyome releases
    push`, sends what is lacking.

    Returns:
        ``PushResult`` as a dictionary.

    Raises:
        LedgerError: the ledger is damaged, or older than its copy.
    """
    desk = open_desk(order)
    if not desk.settings.release_target:
        return asdict(PushResult())
    try:
        pushed = push_releases(desk.database, desk.settings, desk.order.dataset)
    except (ReleaseError, SettingsError) as error:
        return asdict(PushResult(f"The release was not pushed. {error}", settled=False))
    return asdict(PushResult(pushed.warning, settled=not pushed.warning))
