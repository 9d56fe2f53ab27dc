"""kiyome ledger correct"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from flows.cli.ledger.opening import open_ledger
from flows.cli.options import workspace_option


@click.command("correct")
@click.argument("index", type=click.IntRange(min=0))
@click.option("--samples", type=click.IntRange(min=1), help="How often the run drew the asset.")
@click.option("--take-away", is_flag=True, help="The run did not use the asset at all.")
@click.option("--yes", is_flag=True, help="Append it. Without it, this says what would be.")
@workspace_option
def correct_command(
    index: int, samples: int | None, take_away: bool, yes: bool, workspace: Path | None
) -> None:
    """Correct the record of a training run at INDEX of the ledger.

    Nothing in the log changes: a record is appended that takes the place of the wrong one, about
    the same asset and owner, in the same period. Where the record was corrected before, its last
    correction is. `kiyome ledger prove` shows indexes.

    \b
    Examples:
      kiyome ledger correct 1204 --samples 3
      kiyome ledger correct 1204 --take-away --yes
    """
    import time

    from models.ledger.correcting import append_correction, plan_correction

    if (samples is None) is not take_away:
        raise click.UsageError("Give either --samples or --take-away.")
    ledger = open_ledger(workspace)
    plan = plan_correction(ledger, index, samples, int(time.time()))
    run = plan.before.run
    if run is not None:
        click.echo(f"run      {run.run}, model {run.model}")
        click.echo(f"now      {run.samples} samples, entry {plan.standing}")
    click.echo(f"then     {'not used' if samples is None else f'{samples} samples'}")
    click.echo(f"asset    {plan.before.asset_sha256}")
    click.echo(f"owner    {plan.before.owner_ref or '(unknown)'}")
    counted = datetime.fromtimestamp(plan.counted_at, UTC).date().isoformat()
    click.echo(f"counts   on {counted}, as before")
    for period in plan.paid:
        click.echo(
            f"{period} was paid already: that does not change, and the owner's statement shows the "
            "difference.",
            err=True,
        )
    if not yes:
        click.echo("Nothing was appended: give --yes.")
        return
    batch = append_correction(ledger, plan)
    click.echo(f"appended entry {batch.first_index}")


COMMANDS = (correct_command,)
