"""A few rounds of chaos (`python -m benchmarks.chaos` plays as many as are asked for)."""

from __future__ import annotations

import pytest

from tests.chaos.rounds import play

pytestmark = [pytest.mark.kill, pytest.mark.prefect]


@pytest.mark.timeout(1200)
def test_whatever_is_killed_while_people_rule_every_promise_holds_afterwards() -> None:
    said: list[str] = []
    played = play(2, 7, kinds=("run", "review"), say=said.append)
    assert sum(tally.rounds for tally in played.tallies.values()) == 2
    assert played.acknowledged, said
    assert not played.violations, "\n".join(said)
