"""The task that enters a release's uses, exclusions and revocations into the usage ledger."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from prefect import task

from models.releases.release import Release
from tasks.entering import enter_release


@task(name="ledger", persist_result=False)
def enter_usage(
    order: str, release: Release | None, verdicts: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Enter them; see ``tasks.entering.enter_release``."""
    return enter_release(order, release, verdicts)
