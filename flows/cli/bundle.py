"""kiyome bundle"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.opening import opened
from flows.cli.options import dataset_option, policy_option, resolve_dataset, workspace_option

if TYPE_CHECKING:
    from models.compliance.facts import Facts
    from models.policy import Policy
    from models.releases.release import Release
    from models.store.database import Database

_LONGEST_NUMBER = 7
"""Digits of a release's number; from 8 on it is an id."""


@click.group()
def bundle() -> None:
    """Write and check the paperwork of a release.

    A bundle is one signed archive of what Kiyome knows of a release: Croissant and SPDX
    descriptions, a datasheet, a draft of the EU's summary of training content, every decision, the
    removals, the review's figures, the policy, and where the usage ledger holds it. What Kiyome
    cannot know is marked, and never guessed. docs/compliance.md says what each file is.

    \b
    In order:
      kiyome bundle make 3 --dry-run            what it would hold, and what is missing
      kiyome bundle make 3 --to release-3.zip   write it
      kiyome bundle check release-3.zip --key VKEY

    RELEASE is a release's number, or at least 8 digits of its id.
    """


@bundle.command("make")
@click.argument("release")
@click.option(
    "--to", "target", type=click.Path(path_type=Path, dir_okay=False), help="The file to write."
)
@click.option(
    "--lang",
    "language",
    type=click.Choice(["en", "ja", "both"]),
    default="both",
    show_default=True,
    help="Language of the documents for people.",
)
@click.option("--publisher", default="", metavar="NAME", help="Who publishes the release.")
@click.option("--url", default="", metavar="URL", help="Where the release can be had.")
@click.option(
    "--confidential",
    is_flag=True,
    help="With file names and the policy word for word: for counsel, not for publishing.",
)
@click.option("--dry-run", is_flag=True, help="Only say what it would hold and what is missing.")
@dataset_option
@policy_option
@workspace_option
def make(
    release: str,
    target: Path | None,
    language: str,
    publisher: str,
    url: str,
    confidential: bool,
    dry_run: bool,
    dataset: str | None,
    policy: Path | None,
    workspace: Path | None,
) -> None:
    """Write the bundle of RELEASE.

    Without --confidential it holds no file name (but those of images whose author has to be named),
    no caption, no reviewer's name and no party to a contract. Made again while nothing has changed,
    it is the same file byte for byte.

    \b
    Examples:
      kiyome bundle make 3 --to release-3.zip --publisher "Aoi Studio" --url https://aoi.example/3
      kiyome bundle make 3f2a91c4 --to counsel.zip --confidential --lang ja
    """
    from models.compliance.bundling import make_bundle, write_members
    from models.compliance.gathering import gather_facts
    from models.compliance.writing import LANGUAGES
    from models.files import write_atomically

    if target is None and not dry_run:
        raise click.UsageError("Name the file to write with --to, or look first with --dry-run.")
    _check_url(url)
    with opened(workspace) as (settings, database):
        found = _find_release(database, settings.workspace, dataset, release)
        facts = gather_facts(
            database,
            settings,
            found,
            _load_present(policy or settings.policy),
            publisher=publisher.strip(),
            url=url,
            is_confidential=confidential,
        )
        languages = LANGUAGES if language == "both" else (("ja",) if language == "ja" else ("en",))
        if dry_run or target is None:
            members = write_members(facts, languages)
            click.echo(f"{facts.title}, {found.id[:12]}: {len(members)} files")
            for path, data in sorted(members.items()):
                click.echo(f"  {len(data):>12,}  {path}")
        else:
            data = make_bundle(facts, settings, languages)
            write_atomically(target.absolute(), data)
            click.echo(f"{target}: {len(data):,} bytes, {facts.title}, {found.id[:12]}")
    _tell(facts)
    if dry_run:
        click.echo("\nNothing was written; without --dry-run it is.")


@bundle.command("check")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--key", metavar="VKEY", help="The ledger's key, from a source that you trust.")
def check(file: Path, key: str | None) -> None:
    """Check every digest in a bundle, and the signature over all of them.

    Needs no workspace. Without --key the key in the bundle is used: then a bundle that somebody
    made anew as a whole would pass, and the answer says so.

    \b
    Example:
      kiyome bundle check release-3.zip --key "$(cat key-from-the-operators-site)"
    """
    from models.compliance.archive import MOST_BYTES
    from models.compliance.archive import check as check_archive
    from models.errors import ReleaseError
    from models.ledger.note import Verifier
    from models.unicode import escape_unprintable

    if file.stat().st_size > MOST_BYTES:
        raise ReleaseError(f"{file} is larger than a bundle is.", "Name a bundle.")
    verifier = Verifier.parse(key.strip()) if key else None
    found = check_archive(file.read_bytes(), verifier)
    dataset = escape_unprintable(found.dataset)
    click.echo(f"All {len(found.members)} files are as they were signed by {found.signer}.")
    click.echo(f"Release {found.number} of {dataset}, {found.release}")
    if found.is_confidential:
        click.echo("It is confidential: it holds file names and the policy word for word.")
    if not found.key_was_given:
        click.echo(
            "The key was the bundle's own, so this shows only that the bundle agrees with itself. "
            "Give the ledger's key with --key, from a source that you trust."
        )


def _tell(facts: Facts) -> None:
    if facts.missing:
        click.echo("\nNot in it:")
        for missing in facts.missing:
            click.echo(f"  {missing.path}: {missing.why.en}")
    unsaid = [
        option
        for option, said in (("--publisher", facts.publisher), ("--url", facts.url))
        if not said
    ]
    if unsaid:
        click.echo(f"\nNot said, and left open in the documents: {', '.join(unsaid)}")
    gone = len(facts.removals.taken_down_ms) + len(facts.removals.withdrawn_ms)
    if gone:
        click.echo(
            f"\n{gone:,} asset(s) of this release were taken down or withdrawn since: the bundle "
            "says so. Train on the newest release, and bundle that."
        )


def _check_url(url: str) -> None:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    plain = url.isascii() and url.isprintable() and " " not in url
    if url and not (plain and parts.scheme in ("http", "https") and parts.netloc):
        raise click.BadParameter("give an address that begins with https://", param_hint="--url")
    if "@" in parts.netloc:
        raise click.BadParameter("leave user name and password out of it", param_hint="--url")


def _load_present(path: Path) -> Policy | None:
    """The present policy, which may be the release's, where that was not kept."""
    from models.errors import PolicyError
    from models.policy import load_policy

    try:
        return load_policy(path)
    except PolicyError:
        return None


def _find_release(database: Database, workspace: Path, dataset: str | None, wanted: str) -> Release:
    from models.releases.drawn import find_by_id
    from models.releases.publishing import find_release

    if wanted.isascii() and wanted.isdigit() and len(wanted) <= _LONGEST_NUMBER:
        return find_release(database, resolve_dataset(workspace, dataset), int(wanted))
    return find_by_id(database, wanted)
