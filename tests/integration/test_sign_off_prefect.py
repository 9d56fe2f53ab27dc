"""The sign-off in a real Prefect: it suspends itself, and an answer publishes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.signing_parts import DATASET, SigningStudio

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(900)]


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[SigningStudio]:
    made = SigningStudio(tmp_path, f"sqlite:///{tmp_path / 'kiyome.db'}")
    yield made
    made.database.dispose()


def _wait_for_state(client: Any, run_id: Any, name: str) -> None:
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        state = client.read_flow_run(run_id).state
        if state.name == name:
            return
        assert not state.is_failed(), state.message
        time.sleep(0.5)
    pytest.fail(f"the run is not {name}")


def test_an_answer_in_prefect_signs_and_publishes(studio: SigningStudio) -> None:
    from prefect.client.orchestration import get_client
    from prefect.exceptions import Abort, Pause
    from prefect.flow_engine import run_flow
    from prefect.testing.utilities import prefect_test_harness

    from flows.ending import WAITING_STATE
    from flows.sign_off import sign_off

    with prefect_test_harness(server_startup_timeout=120):
        given = studio.settings.model_dump(mode="json")
        parameters = {"dataset": DATASET, "settings": given}
        sign_off.to_deployment(name=DATASET, parameters=parameters).apply()
        assert studio.cleanse().sign_off == "waiting"
        with get_client(sync_client=True) as client:
            runs = client.read_flow_runs()
            by_name = {run.name: run for run in runs}
            asked = by_name[f"{DATASET} release 1"]
            assert WAITING_STATE in [run.state.name for run in runs]
            assert asked.deployment_id is not None
            with pytest.raises((Pause, Abort)):
                run_flow(sign_off, flow_run=asked, parameters=asked.parameters)
            _wait_for_state(client, asked.id, "Suspended")
            assert studio.released() is None

            answer = {"decision": "approve", "name": "mika", "note": "seen"}
            client.resume_flow_run(asked.id, run_input=answer)
            resumed = client.read_flow_run(asked.id)
            run_flow(sign_off, flow_run=resumed, parameters=resumed.parameters)
            _wait_for_state(client, asked.id, "Completed")
    released = studio.released()
    assert released is not None
    (proposal,) = studio.proposals()
    assert [(each.actor, each.via) for each in proposal.approvals] == [("mika", "prefect")]
    assert studio.batches() == [released.id]
