"""kiyome ledger audit"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.options import workspace_option

if TYPE_CHECKING:
    from models.ledger.auditing.request import AuditRequest
    from models.ledger.auditing.writing import Disclosure
    from models.ledger.log import UsageLedger
    from models.settings import Settings
    from models.store.database import Database

_SHOWN = 20


@click.command("audit")
@click.argument("request_file", metavar="REQUEST", type=click.Path(path_type=Path, dir_okay=False))
@click.option(
    "--to",
    type=click.Path(path_type=Path, file_okay=False),
    help="A new folder for what is opened; needed unless --dry-run is given.",
)
@click.option("--by", help="Who opens it; needed unless --dry-run is given.")
@click.option(
    "--dry-run", is_flag=True, help="Say what would be disclosed, and to whom it belongs."
)
@click.option("--with-manifest", is_flag=True, help="Also hand over the release's whole manifest.")
@click.option(
    "--all-revocations",
    is_flag=True,
    help="Open every revocation before the release, not only those about drawn pictures.",
)
@click.option("--accept-by-hand", is_flag=True, help="Take a block that the auditor typed in.")
@workspace_option
def audit_command(
    request_file: Path,
    to: Path | None,
    by: str | None,
    dry_run: bool,
    with_manifest: bool,
    all_revocations: bool,
    accept_by_hand: bool,
    workspace: Path | None,
) -> None:
    """Open the entries that an auditor's REQUEST drew, and nothing else.

    The request comes from `kiyome verify audit draw`. It is drawn again first, and refused where it
    does not follow from its block. What is opened: records with salts and paths, the manifest's
    rows without names and captions, what was said about consent, its evidence, and the policy; of a
    training run also the release's records of the drawn assets.

    \b
    Examples:
      kiyome ledger audit request.json --dry-run
      kiyome ledger audit request.json --to audit --by "A. Kato"
    """
    from flows.cli.ledger.opening import open_ledger_of
    from flows.cli.opening import opened
    from models.ledger.auditing.request import read_request
    from models.ledger.auditing.writing import write_disclosure
    from models.review.audit import append_audit

    if not dry_run and (to is None or not by):
        raise click.UsageError("Give --to and --by, or --dry-run.")
    with opened(workspace) as (settings, database):
        ledger = open_ledger_of(settings)
        request = read_request(request_file, ledger)
        _look_up(request, settings, accept_by_hand)
        disclosure = _gather(ledger, request, settings, database, with_manifest, all_revocations)
        _show(disclosure)
        if dry_run or to is None or not by:
            click.echo("Nothing was opened (--dry-run).")
            return
        write_disclosure(disclosure, to)
        with database.transaction() as session:
            opened_entries = {"entries": len(disclosure.entries), "owners": len(disclosure.owners)}
            append_audit(
                session, by, "ledger_audit", request.statement.batch.batch_id, opened_entries
            )
    click.echo(f"{to}: give it to the auditor only; it shows owners' records.")


def _look_up(request: AuditRequest, settings: Settings, accept_by_hand: bool) -> None:
    """Ask the chain about the request's block, where there is one to ask."""
    from models.ledger.auditing.request import check_block
    from models.ledger.chain.backends import open_backend
    from models.ledger.chain.evm import EvmChain
    from models.ledger.chain.heads import check_chain_id

    if settings.ledger_chain == "files":
        check_block(request, None, by_hand=accept_by_hand)
        return
    chain = EvmChain(open_backend(settings))

    def block_hash(chain_id: int, number: int) -> str | None:
        check_chain_id(chain, chain_id)
        final = chain.final_height(settings.ledger_confirmations)
        return chain.block_hash(number) if number <= final else None

    try:
        check_block(request, block_hash, by_hand=accept_by_hand)
    finally:
        chain.close()


def _gather(
    ledger: UsageLedger,
    request: AuditRequest,
    settings: Settings,
    database: Database,
    with_manifest: bool,
    all_revocations: bool,
) -> Disclosure:
    from models.consent.evidence.bodies import read_body
    from models.errors import KiyomeError
    from models.ledger.auditing.opening import open_entries, open_released, open_revocations
    from models.ledger.auditing.writing import Disclosure
    from models.policy import load_policy
    from models.releases.audited import read_consented, read_policy
    from models.releases.drawn import find_by_id

    release = find_by_id(database, request.rests_on.batch.batch_id)
    entries = list(open_entries(ledger, request))
    records = [each.opening.record for each in entries if each.opening is not None]
    assets = {record["asset"]["sha256"] for record in records if record["type"] == "use"}
    revocations = open_revocations(ledger, request, None if all_revocations else assets)
    released = open_released(ledger, request, entries)
    shown = [each.opening.record for each in released.values() if each.opening is not None]
    grounds = {
        record["asset"]["sha256"]: record["consent"]["groundsSha256"]
        for record in (records if request.release is None else shown)
        if "groundsSha256" in record["consent"]
    }
    consented = read_consented(release, settings.workspace, assets, grounds)
    digests = {
        said["evidence_sha256"] for each in consented.values() for said in each.row["consent"]
    }
    bodies = {digest: read_body(settings.workspace, digest) for digest in sorted(digests - {""})}
    try:
        present = load_policy(settings.policy)
    except KiyomeError:
        present = None
    manifest = release.path(settings.workspace) / "manifest.parquet" if with_manifest else None
    return Disclosure(
        request,
        entries,
        list(revocations),
        {asset: (each.row, each.statements) for asset, each in consented.items()},
        read_policy(settings.workspace, request.rests_on.policy_sha256, present),
        {digest: body for digest, body in bodies.items() if body is not None},
        None if manifest is None else manifest.read_bytes(),
        released,
    )


def _show(disclosure: Disclosure) -> None:
    request = disclosure.request
    batch, types = request.statement.batch, disclosure.types
    click.echo(f"{'release' if request.release is None else 'run':9} {batch.batch_id}")
    if request.release is not None:
        click.echo(f"release   {request.release.batch.batch_id}")
    click.echo(f"block     {request.beacon.number}, {request.beacon.block_hash}")
    kinds = ", ".join(f"{count} {kind}" for kind, count in sorted(types.items()))
    click.echo(f"entries   {len(disclosure.entries)} of {batch.size - batch.first_index}: {kinds}")
    click.echo(f"evidence  {len(disclosure.evidence)} bodies")
    click.echo(f"revoked   {len(disclosure.revocations)} revocations before")
    owners = disclosure.owners
    nobody = owners.pop("", 0)
    click.echo(f"owners    {len(owners)} with {owners.total()} records, {nobody} of nobody known")
    for owner, count in sorted(owners.items(), key=lambda item: (-item[1], item[0]))[:_SHOWN]:
        click.echo(f"          {owner}  {count}")
    if len(owners) > _SHOWN:
        click.echo(f"          and {len(owners) - _SHOWN} more")
    if disclosure.manifest is not None:
        click.echo("manifest  all of it: every asset's id, names and captions")
    if disclosure.policy is None:
        click.echo(
            "The release's policy was not kept, and the present one is another: no use can be "
            "weighed.",
            err=True,
        )
    if disclosure.lost:
        click.echo(
            f"{len(disclosure.lost)} pieces of evidence were kept when the uses were recorded, and "
            "are missing or damaged now: restore the workspace's evidence from a backup, or the "
            "audit fails.",
            err=True,
        )
    if disclosure.without_consent:
        click.echo(
            f"{disclosure.without_consent} uses have no statements left in this workspace: the "
            "auditor will call them unverifiable.",
            err=True,
        )
