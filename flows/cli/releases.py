"""kiyome releases"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.opening import opened
from flows.cli.options import (
    dataset_option,
    policy_option,
    resolve_dataset,
    workspace_option,
)

if TYPE_CHECKING:
    from models.releases.proposal import Decision, Proposal
    from models.settings import Settings


@click.group()
def releases() -> None:
    """Compare and sign releases, and say what to remove."""


@releases.command("diff")
@click.argument("dataset", required=False)
@click.argument("numbers", nargs=-1, type=int, metavar="[A B]")
@click.option("--list", "listed", type=int, default=0, help="List so many assets, too.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Write files here.")
@workspace_option
def diff(
    dataset: str | None,
    numbers: tuple[int, ...],
    listed: int,
    out: Path | None,
    workspace: Path | None,
) -> None:
    """Say what differs between the releases A and B of DATASET, and why.

    Without numbers, between the newest release and the one before it. The same is in the files
    difference.parquet and difference.json of a release that a re-cleansing has made.
    """
    from flows.cli.telling import tell_difference
    from models.errors import ReleaseError
    from models.releases.difference import compare_releases, write_difference
    from models.releases.publishing import find_release, latest_release

    if len(numbers) not in (0, 2):
        raise click.UsageError("Give two numbers, or none.")
    with opened(workspace) as (settings, database):
        name = resolve_dataset(settings.workspace, dataset)
        newest = latest_release(database, name)
        if newest is None:
            raise ReleaseError(f"Dataset {name!r} has no release.", "Run `kiyome cleanse` first.")
        first, second = numbers or (newest.number - 1, newest.number)
        before = find_release(database, name, first) if first else None
        after = find_release(database, name, second)
        difference, rows = compare_releases(before, after, settings.workspace)
    tell_difference(difference)
    for row in rows.slice(0, max(0, listed)).to_pylist():
        click.echo(f"\n{row['change']:<10} {row['names'][0]}  {row['asset_id'][:16]}")
        click.echo(f"           {row['verdict_before']} -> {row['verdict_after']}")
        click.echo(f"           {row['explanation_en'][:300]}")
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        write_difference(out, difference, rows)
        click.echo(f"\n{out / 'difference.parquet'}")


@releases.command("push")
@click.argument("dataset", required=False)
@click.option("--check", is_flag=True, help="Send nothing: read back what is there, every byte.")
@workspace_option
def push(dataset: str | None, check: bool, workspace: Path | None) -> None:
    """Copy the releases of DATASET, and the public ledger, to release_target.

    What is there already is not sent again. A reader begins at DATASET/latest.json, which is
    written last and names what is whole. A run does this by itself after it has published.
    """
    from models.mirror.pushing import check_pushed, push_releases

    with opened(workspace) as (settings, database):
        name = resolve_dataset(settings.workspace, dataset)
        if check:
            number, wrong = check_pushed(settings, name)
            for each in wrong:
                click.echo(f"missing or damaged  {each}")
            if wrong or not number:
                click.echo("Nothing is there yet." if not number else f"{len(wrong)} to mend.")
                raise SystemExit(1)
            click.echo(f"Release {number} of {name} is whole in {settings.release_target}.")
            return
        pushed = push_releases(database, settings, name)
    click.echo(f"{pushed.url}")
    click.echo(f"  releases sent      {', '.join(map(str, pushed.sent)) or 'none'}")
    click.echo(f"  there already      {', '.join(map(str, pushed.kept)) or 'none'}")
    for number in pushed.held:
        click.echo(
            f"  held back          {number}: it holds what was taken down or withdrawn since"
        )
    for number in pushed.lost:
        click.echo(f"  not here any more  {number}")
    click.echo(f"  latest.json        release {pushed.pointer or 'none'}")
    click.echo(f"  ledger objects     {pushed.ledger:,}")
    if pushed.warning:
        click.echo(f"\n{pushed.warning}")
        raise SystemExit(1)


@releases.command("notice")
@click.argument("dataset", required=False)
@click.option("--release", "number", type=int, help="Which release.  [default: the newest]")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="The file to write.")
@workspace_option
def notice(
    dataset: str | None, number: int | None, out: Path | None, workspace: Path | None
) -> None:
    """Write removal-notice.json: what a release of DATASET holds no longer, and who has it.

    It names assets by SHA-256, each with the earlier releases that hold it, and is signed with the
    usage ledger's key. It says nothing about owners and can be published as it is. Without --out it
    lies beside the release's manifest.
    """
    from models.files import write_atomically
    from models.releases.notices import FILE
    from models.releases.noticing import make_notice

    with opened(workspace) as (settings, database):
        name = resolve_dataset(settings.workspace, dataset)
        release, made, data = make_notice(database, settings, name, number)
        path = out or release.path(settings.workspace) / FILE
        write_atomically(path, data)
    numbers = ", ".join(map(str, sorted(made.affected))) or "none"
    click.echo(f"{len(made.removed):,} assets are gone since release {release.number - 1}.")
    click.echo(f"Releases that hold any of them: {numbers}")
    click.echo(f"{path}")


@releases.command("apply-notice")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option(
    "--notice",
    "file",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    required=True,
    help="The removal-notice.json.",
)
@click.option("--vkey", required=True, help="The public key of the ledger that signed it.")
@click.option("--delete", is_flag=True, help="Delete the files; without it they are only listed.")
def apply_notice(folder: Path, file: Path, vkey: str, delete: bool) -> None:
    """List, or with --delete remove, what a removal notice asks of an exported release in FOLDER.

    Needs no workspace. Every file is hashed, so that a renamed one is found as well. What lies in a
    table or an archive is named, and has to be written anew. Ends with 1 while something is left.
    """
    from models.ledger.note import Verifier
    from models.releases.applying import find_to_remove, remove_files
    from models.releases.notices import open_notice

    said = open_notice(file.read_bytes(), Verifier.parse(vkey))
    found = find_to_remove(folder, said)
    word = "deleted" if delete else "to delete"
    if delete:
        remove_files(folder, found)
    for path in (*found.images, *found.captions):
        click.echo(f"{word:<10} {path}")
    for path in found.inside:
        click.echo(f"{'rewrite':<10} {path}: it lists or holds some of them")
    click.echo(
        f"{said.dataset}, notice of release {said.release[0]}: {len(said.removed):,} assets named, "
        f"{found.listed:,} of them in this manifest; {len(found.images):,} images and "
        f"{len(found.captions):,} caption files {word}."
    )
    if found.inside or (not delete and (found.images or found.captions)):
        raise SystemExit(1)


@releases.command("proposed")
@workspace_option
def proposed(workspace: Path | None) -> None:
    """List the releases that wait to be signed off, and who has said what."""
    from models.releases.proposal import OPEN, list_proposals

    with opened(workspace) as (_, database), database.snapshot() as session:
        found = [each for each in list_proposals(session) if each.state in OPEN]
    if not found:
        click.echo("No release waits to be signed off.")
    for proposal in found:
        _show_proposal(proposal)


@releases.command("sign")
@click.argument("number", type=int)
@click.option("--by", "actor", required=True, help="Who signs: the name of an account, if any.")
@click.option("--refuse", is_flag=True, help="Refuse it; needs a reason.")
@click.option("--reason", "note", default="", help="Why; kept with the signature.")
@dataset_option
@workspace_option
@policy_option
def sign(
    number: int,
    actor: str,
    refuse: bool,
    note: str,
    dataset: str | None,
    workspace: Path | None,
    policy: Path | None,
) -> None:
    """Approve, or with --refuse refuse, the proposed release NUMBER.

    With the last approval that the policy asks for it is published at once, unless something has
    changed that may take an asset out of it: then it is judged and proposed anew.
    """
    from flows.releasing import sign_release
    from models.releases.proposal import ProposalState

    with opened(workspace) as (settings, _):
        name = resolve_dataset(settings.workspace, dataset)
    if policy is not None:
        settings = settings.model_copy(update={"policy": policy})
    decision: Decision = "refuse" if refuse else "approve"
    proposal = sign_release(settings, name, number, actor, decision, note=note, via="command")
    _show_proposal(proposal)
    if proposal.state is ProposalState.APPROVED:
        _publish(settings, name, wait_s=0)


@releases.command("publish")
@click.option("--wait", "wait_s", type=int, default=0, help="Seconds to wait for another run.")
@dataset_option
@workspace_option
@policy_option
def publish(wait_s: int, dataset: str | None, workspace: Path | None, policy: Path | None) -> None:
    """Publish what has been approved, and finish what a crash left half done.

    The page starts this by itself after the last approval, and every run does it first.
    """
    with opened(workspace) as (settings, _):
        name = resolve_dataset(settings.workspace, dataset)
    if policy is not None:
        settings = settings.model_copy(update={"policy": policy})
    if not _publish(settings, name, wait_s=wait_s):
        click.echo("Nothing is approved and unpublished.")


def _publish(settings: Settings, dataset: str, *, wait_s: float) -> bool:
    from flows.prefect_environment import prepare_prefect

    prepare_prefect(settings)  # before anything imports Prefect
    from flows.releasing import release_signed
    from models.releases.standing_still import read_changes

    done = release_signed(settings, dataset, wait_s=wait_s)
    for each in done:
        number = each.proposal.release.number
        if each.release is not None:
            click.echo(f"Release {number} is published: {each.release.path(settings.workspace)}")
            continue
        changed = ", ".join(
            f"{code} ({count:,})" for code, count in read_changes(each.proposal.detail).items()
        )
        click.echo(
            f"Release {number} was not published: since it was proposed, something has changed "
            f"that may take assets out of it: {changed}. It was judged anew, and what came of it "
            "waits to be signed off: kiyome releases proposed"
        )
    return bool(done)


def _show_proposal(proposal: Proposal) -> None:
    release = proposal.release
    click.echo(
        f"{release.dataset} {release.number}, {release.id[:12]}: {proposal.state.value}, "
        f"{len(proposal.approvals)} of {proposal.needed} approvals; {release.cleared:,} cleared, "
        f"{release.removed:,} removed"
    )
    for said in proposal.signatures:
        stands = "" if said.counts else " (no longer counts)"
        click.echo(
            f"  {said.decision} by {said.actor}, on the {said.via}{stands} {said.note}".rstrip()
        )
