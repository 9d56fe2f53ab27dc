"""kiyome contract"""

from __future__ import annotations

import shlex
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from flows.cli.opening import opened
from flows.cli.options import workspace_option

_PURPOSES = ("data_mining", "inference", "non_generative_training", "generative_training")
_document = click.option(
    "--document",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="The signed document. It is not copied: its SHA-256 is kept.",
)


@click.group()
def contract() -> None:
    """Enter, approve and end licences on file with rights holders.

    A contract counts as a grant (L5) once two people have had the same document in hand: one enters
    it, another approves it. It stands beside the contracts in the policy, counts for every dataset
    of the workspace, and every step stands in the audit trail. Contracts are ended, never changed.
    """


@contract.command("add")
@click.argument("contract_id", metavar="ID")
@click.option("--holder", required=True, help="The rights holder.")
@click.option(
    "--purpose",
    "purposes",
    type=click.Choice(_PURPOSES),
    multiple=True,
    default=["generative_training"],
    show_default=True,
    help="What it allows; may be repeated.",
)
@click.option("--folder", default="", help='Covers a folder of each dataset; "." is all of it.')
@click.option(
    "--asset",
    "assets",
    multiple=True,
    help="Covers an image, by SHA-256; may be repeated. `kiyome consent identify` prints it.",
)
@click.option("--signer", default="", help="Covers what a certificate (SHA-256) has signed.")
@click.option("--address", default="", help="Covers what an EVM address (0x…) has signed.")
@click.option("--issued", type=click.DateTime(["%Y-%m-%d"]), required=True, help="First day.")
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d"]),
    required=True,
    help="Day it ends; it no longer counts on it.",
)
@click.option("--attribution", is_flag=True, help="The author has to be named.")
@click.option("--overrides-refusals", is_flag=True, help="Beats refusals that anyone could write.")
@_document
@click.option("--by", required=True, help="Who enters it.")
@workspace_option
def add_command(
    contract_id: str,
    purposes: tuple[str, ...],
    assets: tuple[str, ...],
    issued: datetime,
    expires: datetime,
    document: Path,
    by: str,
    workspace: Path | None,
    **terms: Any,
) -> None:
    """Enter a contract under ID. It counts for nothing until somebody else approves it.

    \b
    Example:
      kiyome contract add studio-2026-01 --holder "Studio Hoshikage" --folder hoshikage \\
        --issued 2026-01-15 --expires 2027-01-15 --document licence.pdf --by Aiko
    """
    from models.canonical import digest_bytes
    from models.consent.contract_register import enter_contract

    digest = digest_bytes(document.read_bytes())
    given = {
        **terms,
        "id": contract_id,
        "purposes": list(purposes),
        "assets": list(assets),
        "issued": issued.date().isoformat(),
        "expires": expires.date().isoformat(),
    }
    with opened(workspace, create=True) as (_, database), database.transaction() as session:
        enter_contract(session, given, digest, by)
    click.echo(f"Entered: {contract_id}, document {digest}.")
    click.echo(
        "It waits for somebody else: "
        f"kiyome contract approve {shlex.quote(contract_id)} --document … --by …"
    )


@contract.command("approve")
@click.argument("contract_id", metavar="ID")
@_document
@click.option("--by", required=True, help="Who approves it: not the one who entered it.")
@workspace_option
def approve_command(contract_id: str, document: Path, by: str, workspace: Path | None) -> None:
    """Approve contract ID, with the document in hand that was entered."""
    from models.canonical import digest_bytes
    from models.consent.contract_register import approve_contract

    digest = digest_bytes(document.read_bytes())
    with opened(workspace) as (_, database), database.transaction() as session:
        approve_contract(session, contract_id, digest, by)
    click.echo(f"Approved: {contract_id}. Run `kiyome cleanse` to apply it.")


@contract.command("end")
@click.argument("contract_id", metavar="ID")
@click.option("--by", required=True, help="Who ends it.")
@click.option("--note", required=True, help="Why.")
@workspace_option
def end_command(contract_id: str, by: str, note: str, workspace: Path | None) -> None:
    """End contract ID now, before its day: from the next run on it clears nothing."""
    from models.consent.contract_register import end_contract

    with opened(workspace) as (_, database), database.transaction() as session:
        end_contract(session, contract_id, by, note)
    click.echo(f"Ended: {contract_id}. Run `kiyome cleanse` for a release without what it covered.")


@contract.command("list")
@workspace_option
def list_command(workspace: Path | None) -> None:
    """List the contracts of the register; those of the policy stand in the policy."""
    from models.consent.contract_register import ContractState, list_contracts

    with opened(workspace) as (_, database), database.snapshot() as session:
        found = list_contracts(session)
    now = time.time()
    for each in found:
        terms = each.contract
        over = each.state is ContractState.APPROVED and terms.expires_at <= now
        covers = [terms.folder, *terms.assets, terms.signer, terms.address]
        click.echo(
            f"{'expired' if over else each.state.value:<9} {terms.id}  {terms.holder}  "
            f"{terms.issued} to {terms.expires}  {', '.join(c for c in covers if c)}"
        )
    if not found:
        click.echo("No contracts have been entered.")
