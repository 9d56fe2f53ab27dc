"""kiyome register"""

from __future__ import annotations

import click

from flows.cli.register.ageing import stale_command
from flows.cli.register.comparing import diff_command
from flows.cli.register.importing import import_command
from flows.cli.register.motifs import motifs
from flows.cli.register.names import names
from flows.cli.register.searching import search_command


@click.group()
def register() -> None:
    """Add, list and remove protected names and motifs.

    The register holds what rights owners ask to be kept out of training data. Every change counts
    from the next run on: texts are then searched again, and pictures only compared anew.

    \b
    Start here:
      kiyome register import names.csv        register the names of a list
      kiyome register search "hatsune miku"   what is registered, and how it is matched
      kiyome register diff                    what the last change did
      kiyome register stale                   which lists have grown old
    """


for command in (import_command, search_command, diff_command, stale_command, names, motifs):
    register.add_command(command)
