"""How a run that ended well is told to Prefect."""

from __future__ import annotations

from typing import Any

from prefect.states import Completed

from models.settings import Settings
from models.summary import Summary, describe_sign_off

WAITING_STATE = "Waiting for sign-off"
"""Name of the state of a run whose release is built and not published."""


def end_run(summary: Summary, settings: Settings) -> Any:
    """What a flow returns: the summary, in a state that says so where the release waits.

    No process and no lock waits for people: the run has ended. Where the sign-off is deployed, a
    run of it is begun, which Prefect's UI shows as suspended until somebody answers there.
    """
    value = summary.as_dict()
    if not summary.sign_off:
        return value
    from flows.sign_off import ask_in_prefect

    ask_in_prefect(summary, settings)
    return Completed(name=WAITING_STATE, message=describe_sign_off(summary), data=value)
