"""kiyome register stale"""

from __future__ import annotations

import sys
from pathlib import Path

import click

from flows.cli.options import workspace_option
from flows.cli.register.opening import looking


@click.command("stale")
@click.option(
    "--days",
    type=click.IntRange(min=0),
    default=90,
    show_default=True,
    help="How old a list may be.",
)
@workspace_option
def stale_command(days: int, workspace: Path | None) -> None:
    """Say which lists have grown old; exit 1 where one has.

    Names come into use every week, and a list that is not renewed misses more and more of them: of
    the names in use, one of nine months ago held 89 % of the characters and 76 % of the artists.

    \b
    Example, for a job that runs every week:
      kiyome register stale --days 60 || echo "renew the lists"
    """
    from models.nouns.register.age import advise_on, describe_stale, stale_lists
    from models.store.database import now_ms
    from models.unicode import escape_unprintable

    with looking(workspace) as session:
        stale = stale_lists(session, now_ms(session), days)
    for each in stale:
        click.echo(escape_unprintable(describe_stale(each)))
        click.echo(f"  {advise_on(each)}")
    if stale:
        sys.exit(1)
    click.echo(f"No list is older than {days} days.")
