"""kiyome consent sources"""

from __future__ import annotations

import time
from pathlib import Path

import click

from flows.cli.opening import opened
from flows.cli.options import workspace_option

_WITH_DIGEST = ("document", "optout")
"""Carriers whose notes name the SHA-256 of what was read: of licences and lists."""


@click.command("sources")
@click.argument("prefix", default="")
@click.option("--failed", is_flag=True, help="Only those that could not be read the last time.")
@workspace_option
def sources_command(prefix: str, failed: bool, workspace: Path | None) -> None:
    """List what has been read outside the datasets, when, and when it is due again.

    With PREFIX only the sources whose names begin with it: web:, eip155:1/, document:, list:,
    archive:, declaration:, asset: (what a file refuses, remembered for its copies), unread: (what
    the policy names on a chain and could not be read yet).
    """
    from models.consent.evidence.observation import Outcome
    from models.consent.evidence.view import view_evidence
    from models.consent.moments import show_moment

    with opened(workspace) as (_, database):
        found = view_evidence(database).sources(prefix)
    now = int(time.time())
    shown = [s for s in found if s.outcome is Outcome.UNDETERMINED or not failed]
    for source in shown:
        due = source.valid_until
        when = "" if due is None else (" due" if due <= now else f" until {show_moment(due)}")
        click.echo(
            f"{source.outcome.value:<12} {show_moment(source.observed_at)}{when}  {source.source}"
        )
        if source.note and (source.outcome is not Outcome.READ or source.carrier in _WITH_DIGEST):
            click.echo(f"             {source.note}")
    if not shown:
        click.echo("Every source could be read." if found else "Nothing has been gathered.")
