"""kiyome verify"""

from __future__ import annotations

import sys

import click


@click.command()
@click.argument("files", metavar="FILE | FOLDER ...", nargs=-1, required=True)
@click.option("--key", metavar="VKEY", help="The log's key, from a source that you trust.")
@click.option("--rpc", metavar="URL", help="A node of the chain that heads are anchored on.")
@click.option("--contract", metavar="0x…", help="The contract, from a source that you trust.")
@click.option("--checkpoint", metavar="FILE", help="A head that you kept from earlier.")
@click.option("--leaf", metavar="HEX", help="The leaf hash that a C2SP proof is about.")
@click.option("--owner-key", metavar="FILE", help="An owner's key: whether a tag is theirs.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def verify(files: tuple[str, ...], as_json: bool, **given: str | None) -> None:
    """Verify proof files of a usage ledger, anywhere.

    FILE is a proof, a receipt or a checkpoint; FOLDER is a copy of a public folder.

    Works without a workspace, and without the rest of Kiyome: `python -m verifier` is the same.
    Exits with 0 where all holds, 1 where something does not, 2 where it could not be checked.
    """
    from verifier import cli

    try:
        trust = cli.read_trust(**given)
    except cli.UsageError as error:
        raise click.UsageError(str(error)) from None
    text, code = cli.show(cli.verify(files, trust), as_json)
    click.echo(text)
    sys.exit(code)
