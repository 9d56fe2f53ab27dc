"""kiyome ledger use"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.options import workspace_option

if TYPE_CHECKING:
    from models.releases.drawn import Superseding
    from models.releases.release import Release


@click.command("use")
@click.option("--release", "release_id", required=True, help="Id of the release; 8 digits will do.")
@click.option("--run", "run_id", required=True, help="Name of the training run.")
@click.option("--model", required=True, help="Name of the model that was trained.")
@click.option(
    "--samples",
    type=click.Path(path_type=Path, dir_okay=False),
    help="CSV file with the columns asset,samples.  [default: every asset of the release, once]",
)
@click.option(
    "--purpose",
    type=click.Choice(
        ["generative_training", "non_generative_training", "inference", "data_mining"]
    ),
    default="generative_training",
    show_default=True,
    help="What the run was for.",
)
@click.option(
    "--acknowledge-violations",
    is_flag=True,
    help="Record uses of withdrawn assets as what they are, instead of refusing the run.",
)
@click.option("--dry-run", is_flag=True, help="Check everything, and enter nothing.")
@workspace_option
def use_command(
    release_id: str,
    run_id: str,
    model: str,
    samples: Path | None,
    purpose: str,
    acknowledge_violations: bool,
    dry_run: bool,
    workspace: Path | None,
) -> None:
    """Enter a training run: which release it used, and how often it drew each asset.

    A release that a newer one has superseded is taken, with a word about it: its use is a fact. An
    asset whose consent was taken back since is refused, also where a newer release holds it again:
    that use is entered under the newer one.

    Names of runs and models are up to 80 letters, digits, dots, hyphens and underscores. A run is
    entered once for each release that it used; entering it again changes nothing.
    """
    import time

    from flows.cli.opening import opened
    from models.consent.purposes import Purpose
    from models.ledger.log import UsageLedger
    from models.ledger.runs import RunEntry, enter_run, read_samples
    from models.releases.drawn import find_superseding, read_released

    drawn = None if samples is None else read_samples(samples)
    with opened(workspace) as (settings, database):
        released = read_released(database, settings.workspace, release_id)
        ledger = UsageLedger.open(settings.workspace / "ledger", settings.ledger_origin)
        entry = RunEntry(
            run=run_id,
            model=model,
            release_id=released.release.id,
            dataset=released.release.dataset,
            purpose=Purpose(purpose),
            samples=dict.fromkeys(released.licences, 1) if drawn is None else drawn,
            licences=released.licences,
            taken_down=released.taken_down,
            withdrawn={
                asset
                for asset, purposes in released.withdrawn.items()
                if Purpose(purpose) in purposes
            },
            decided_at=int(time.time()),
        )
        newest = find_superseding(
            database, settings.workspace, released.release, entry.samples.keys()
        )
        report = enter_run(ledger, entry, acknowledge=acknowledge_violations, dry_run=dry_run)
    done = "would enter" if dry_run else "entered" if report.is_new else "had entered"
    click.echo(
        f"Run {run_id}: {done} {report.assets} assets of {released.release.dataset}, release "
        f"{released.release.number}, drawn {report.samples} times."
    )
    if newest is not None:
        click.echo(_tell_superseded(released.release, newest), err=True)
    for asset, why in report.violations.items():
        click.echo(f"violation  {asset}  {why.value}", err=True)
    if report.batch is not None:
        click.echo(f"entries {report.batch.first_index} to {report.batch.size - 1} of the ledger")


def _tell_superseded(release: Release, newest: Superseding) -> str:
    left_out = newest.left_out
    if left_out is None:
        held = "whose manifest is missing or damaged"
    elif left_out:
        held = f"which no longer holds {left_out} of the run's assets"
    else:
        held = "which holds all of the run's assets"
    return (
        f"Release {release.number} of {release.dataset} is superseded by release "
        f"{newest.release.number}, {held}."
    )


COMMANDS = (use_command,)
