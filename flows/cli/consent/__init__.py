"""kiyome consent"""

from __future__ import annotations

import click

from flows.cli.consent.explain import explain_command
from flows.cli.consent.gather import gather_command, recheck_command
from flows.cli.consent.importing import import_group
from flows.cli.consent.reading import identify_command, read_command
from flows.cli.consent.sources import sources_command


@click.group()
def consent() -> None:
    """Read what owners have said about AI use, and explain it.

    What stands in and beside an image is read by every run. What stands elsewhere (tokens on a
    chain, web sites, opt-out lists) is gathered into the workspace, where it stays as evidence.
    Refusals are believed from anyone, grants only from the proven rights holder.
    """


for command in (
    explain_command,
    gather_command,
    recheck_command,
    import_group,
    sources_command,
    read_command,
    identify_command,
):
    consent.add_command(command)
