"""The option --wait of the ledger's commands."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from flows.cli.ledger import ledger as ledger_group


@pytest.mark.parametrize("command", ["anchor", "deploy", "pause", "unpause"])
@pytest.mark.parametrize("seconds", ["nan", "inf", "-inf", "-1", "soon"])
def test_a_wait_that_is_no_number_of_seconds_is_refused(command: str, seconds: str) -> None:
    done = CliRunner().invoke(ledger_group, [command, "--wait", seconds])
    assert done.exit_code == 2
    assert "--wait" in done.output
