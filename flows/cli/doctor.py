"""kiyome doctor"""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import click

from flows.cli.options import policy_option, workspace_option

_TONES = {"ok": "green", "warning": "yellow", "bad": "red"}


@click.command()
@workspace_option
@policy_option
@click.option("--encoder", help="Check this encoder instead of the one in the settings.")
def doctor(workspace: Path | None, policy: Path | None, encoder: str | None) -> None:
    """Check everything a run needs, and how to mend it.

    Looks at packages, workspace, disk, database, clocks, policy, encoder, registers, content
    credentials, ledger, chain, release target and Prefect. Exits with 1 if anything is bad.
    """
    from flows.diagnosis import Health
    from flows.doctoring import examine_house
    from models.settings import load_settings

    settings = load_settings(workspace=workspace, policy=policy, encoder=encoder)
    bad = False
    for diagnosis in examine_house(settings):
        mark = click.style(f"{diagnosis.health:<8}", fg=_TONES[diagnosis.health])
        # Paths and addresses stay whole, so that they can be copied.
        first, *more = textwrap.wrap(
            diagnosis.found, 78, break_long_words=False, break_on_hyphens=False
        ) or [""]
        click.echo(f"{mark} {diagnosis.subject:<20} {first}")
        for line in more:
            click.echo(f"{'':<29} {line}")
        if diagnosis.mend:
            click.echo(f"{'':<29} {diagnosis.mend}")
        bad = bad or diagnosis.health is Health.BAD
    if bad:
        sys.exit(1)
