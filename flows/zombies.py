"""Ending runs whose process is gone, so that none stays Running in Prefect for ever.

An automation of the Prefect server ends those that were heard of. One that was killed before its
first sign of life reaches no automation: the flow ``watch`` looks for it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.filters import (
    FlowFilter,
    FlowFilterName,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.filters import EventAnyResourceFilter, EventFilter, EventOccurredFilter
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification
from prefect.states import Crashed

NAME = "kiyome: end runs whose process is gone"
HEARTBEAT_S = 30
"""Seconds between two signs of life of a run: the least that Prefect allows."""

SILENCE = timedelta(minutes=10)
"""A run of which nothing was heard for so long has no process any more."""

FLOWS = ("cleanse", "recleanse", "watch", "anchor", "draw-sample", "back-up", "sign-off")
_MOST = 50
_GONE = "Its process gave no sign of life. The next run goes on from what it did."
_MISSED = 4
_ENDED = ("Completed", "Failed", "Cancelled", "Crashed")


def keep_zombie_automation() -> None:
    """Make the automation, or bring it up to date.

    A run that was heard of and then neither ended nor gave a sign of life for four heartbeats is
    marked as crashed. What it did is not lost: the next run goes on from it.
    """
    wanted = AutomationCore(
        name=NAME,
        description="A run without a sign of life is marked as crashed.",
        trigger=EventTrigger(
            after={"prefect.flow-run.heartbeat"},
            expect={
                "prefect.flow-run.heartbeat",
                *(f"prefect.flow-run.{state}" for state in _ENDED),
            },
            match=ResourceSpecification({"prefect.resource.id": ["prefect.flow-run.*"]}),
            for_each={"prefect.resource.id"},
            posture=Posture.Proactive,
            threshold=1,
            within=timedelta(seconds=HEARTBEAT_S * _MISSED),
        ),
        actions=[
            ChangeFlowRunState(
                state=StateType.CRASHED,
                message=_GONE,
            )
        ],
    )
    with get_client(sync_client=True) as client:
        found = [each for each in client.read_automations() if each.name == NAME]
        if not found:
            client.create_automation(wanted)
        for extra in found[1:]:
            client.delete_automation(extra.id)
        if found:
            client.update_automation(found[0].id, wanted)


def end_silent_runs(silence: timedelta = SILENCE) -> list[str]:
    """Mark every run of ours as crashed that is Running and of which nothing is heard.

    Returns:
        Their names.
    """
    ended = []
    with get_client(sync_client=True) as client:
        for run in _list_silent(client, datetime.now(UTC) - silence):
            client.set_flow_run_state(run.id, Crashed(message=_GONE), force=True)
            ended.append(run.name)
    return ended


def _list_silent(client: SyncPrefectClient, since: datetime) -> list[FlowRun]:
    running: Sequence[FlowRun] = client.read_flow_runs(
        flow_filter=FlowFilter(name=FlowFilterName(any_=list(FLOWS))),
        flow_run_filter=FlowRunFilter(
            state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.RUNNING]))
        ),
        limit=_MOST,
    )
    return [
        run
        for run in running
        if run.state is not None
        and run.state.timestamp < since
        and not _was_heard(client, run, since)
    ]


def _was_heard(client: SyncPrefectClient, run: FlowRun, since: datetime) -> bool:
    """Whether the run, or any of its tasks, has said anything since."""
    wanted = EventFilter(
        occurred=EventOccurredFilter(since=since),
        any_resource=EventAnyResourceFilter(id=[f"prefect.flow-run.{run.id}"]),
    )
    return bool(client.read_events(wanted, limit=1).events)
