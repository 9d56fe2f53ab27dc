"""The automation that ends runs whose process is gone, so that none stays Running for ever."""

from __future__ import annotations

from datetime import timedelta

from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import StateType
from prefect.events.actions import ChangeFlowRunState
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.events.schemas.events import ResourceSpecification

NAME = "kiyome: end runs whose process is gone"
HEARTBEAT_S = 30
"""Seconds between two signs of life of a run: the least that Prefect allows."""

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
                message="Its process gave no sign of life. The next run goes on from what it did.",
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
