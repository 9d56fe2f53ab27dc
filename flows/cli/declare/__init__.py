"""kiyome declare"""

from __future__ import annotations

import click

from flows.cli.declare.assembling import assemble_command
from flows.cli.declare.certificates import certificate_command
from flows.cli.declare.checking import check_command
from flows.cli.declare.committing import commit_command
from flows.cli.declare.embedding import embed_command
from flows.cli.declare.keys import key_command
from flows.cli.declare.signing import sign_command
from flows.cli.declare.writing import write_command


@click.group()
def declare() -> None:
    """Say what may be done with your images, so that it counts.

    For rights owners. A refusal counts however it is made; a grant counts once you are proven to
    be the rights holder. What is written here is read by other checkers as well.

    \b
    In this order:
      kiyome declare write     choose, and write it down: this can refuse
      kiyome declare sign      sign it with an Ethereum key: this can grant
      kiyome declare embed     write it into the image, with content credentials: this can grant
      kiyome declare commit    record it on a chain
      kiyome declare check     see what counts, and what is missing
    """


for command in (
    write_command,
    key_command,
    sign_command,
    assemble_command,
    certificate_command,
    embed_command,
    commit_command,
    check_command,
):
    declare.add_command(command)
