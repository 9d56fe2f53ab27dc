"""kiyome verify"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from verifier.heads import Trust


class _WithAudit(click.Command):
    """A command on files whose first word may also be ``audit``."""

    def make_context(
        self,
        info_name: str | None,
        args: list[str],
        parent: click.Context | None = None,
        **extra: Any,
    ) -> click.Context:
        """Hand over to the group ``audit`` where that is the first word."""
        if args[:1] == ["audit"]:
            return audit.make_context(f"{info_name} audit", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)


@click.command(cls=_WithAudit)
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

    FILE is a proof, a receipt or a checkpoint; FOLDER is a copy of a public folder. `kiyome verify
    audit draw` and `kiyome verify audit check` audit a release.

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


@click.group()
def audit() -> None:
    """Audit a release or a training run: draw entries by a block, and check what was opened."""


def _trusting(command: click.Command) -> click.Command:
    for option in (
        click.Option(["--contract"], metavar="0x…", help="The contract, from a source you trust."),
        click.Option(["--rpc"], metavar="URL", help="A node of the chain."),
        click.Option(["--key"], metavar="VKEY", help="The log's key, from a source you trust."),
    ):
        command.params.append(option)
    return command


@_trusting
@audit.command("draw")
@click.argument("folder", metavar="PUBLIC_FOLDER")
@click.option("--release", metavar="ID", help="The release; 8 digits will do.")
@click.option("--run", metavar="NAME", help="A training run; --release where it used several.")
@click.option("--violations-at-most", metavar="SHARE", default="1%", show_default=True)
@click.option("--confidence", metavar="SHARE", default="95%", show_default=True)
@click.option("--block-hash", metavar="0x…", help="A block, where there is no node to ask.")
@click.option("--block-number", metavar="N", type=click.IntRange(min=0), help="Its number.")
@click.option("--to", metavar="FILE", default="request.json", show_default=True)
def draw(folder: str, release: str | None, to: str, **given: Any) -> None:
    """Draw entries of a release, or of a training run, by a block newer than its anchoring.

    Send the file to the operator (`kiyome ledger audit` answers it) and keep a copy.

    \b
    Examples:
      kiyome verify audit draw public/ --key VKEY --release 3f2a91c4 --rpc URL --contract 0x…
      kiyome verify audit draw public/ --key VKEY --run sd-42 --rpc URL --contract 0x…
    """
    from verifier import audit_cli

    trust = _trust(given)
    text, code = audit_cli.draw(folder, trust, release, to, **given)
    click.echo(text, err=code != 0)
    sys.exit(code)


@_trusting
@audit.command("check")
@click.argument("folder", metavar="FOLDER")
@click.option("--request", metavar="FILE", help="The request, as you kept it.")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def check(folder: str, request: str | None, as_json: bool, **given: Any) -> None:
    """Check what an operator opened: every entry, its consent, and what that says about all uses.

    Exits with 0 where all holds, 1 where something does not, 2 where it could not be checked.
    """
    from verifier import audit_cli, cli
    from verifier.report import CheckError

    trust = _trust(given)
    try:
        report = audit_cli.check(folder, trust, request)
    except CheckError as error:
        raise click.UsageError(str(error)) from None
    text, code = cli.show([report], as_json)
    click.echo(text)
    sys.exit(code)


def _trust(given: dict[str, Any]) -> Trust:
    from verifier import cli

    try:
        return cli.read_trust(*(given.pop(name) for name in ("key", "rpc", "contract")))
    except cli.UsageError as error:
        raise click.UsageError(str(error)) from None
