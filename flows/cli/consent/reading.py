"""kiyome consent read, kiyome consent identify"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.options import policy_option

if TYPE_CHECKING:
    from models.consent.statements import Statement

_files = click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
)


@click.command("read")
@_files
@policy_option
def read_command(files: tuple[Path, ...], policy: Path | None) -> None:
    """Print what stands about AI use in FILES, and in the JSON files beside them.

    Images, PDF, audio and video are read, as far as their containers hold content credentials or
    XMP. No workspace is needed. With --policy its trust anchors count.
    """
    from models.assets.asset import Location
    from models.consent.carriers import carriers
    from models.consent.looking import asset_of_file
    from models.consent.stage import load_sidecar, read_statements
    from models.detectors import read_trust_anchors
    from models.policy import load_policy
    from models.unicode import escape_unprintable

    anchors = read_trust_anchors(load_policy(policy), policy.parent) if policy else ""
    sources = carriers(anchors)

    def load(location: Location) -> bytes:
        return load_sidecar(location)

    for path in files:
        asset = asset_of_file(path)
        click.secho(escape_unprintable(str(path)), bold=True)
        statements = read_statements(asset, path.read_bytes(), sources, load)
        for statement in statements:
            click.echo("\n".join(describe_statement(statement)))
        if not statements:
            click.echo("  says nothing about AI use")


@click.command("identify")
@_files
def identify_command(files: tuple[Path, ...]) -> None:
    """Print by what FILES are recognised: SHA-256, CIDs, PDQ and ISCC.

    These are the names to use in opt-out lists, contracts and signed statements. A CID is printed
    for each of the ways in which common tools add a file to IPFS.
    """
    from models.assets.decoding import decode_image
    from models.assets.faults import FaultError
    from models.canonical import digest_bytes
    from models.consent.ipfs.hashing import cids_of
    from models.consent.iscc.computing import compute_iscc
    from models.motifs.fingerprints import DECODED_SIDE, hash_pixels
    from models.settings import load_settings
    from models.unicode import escape_unprintable

    failed = False
    max_pixels = load_settings().max_pixels
    for path in files:
        data = path.read_bytes()
        click.secho(escape_unprintable(str(path)), bold=True)
        click.echo(f"  sha256  {digest_bytes(data)}")
        for cid in cids_of(data):
            click.echo(f"  cid     {cid.canonical}")
        try:
            pixels = decode_image(data, max_pixels=max_pixels, fit=DECODED_SIDE).pixels
            codes = compute_iscc(data, max_pixels=max_pixels)
        except FaultError as error:
            click.echo(f"  not decoded: {error.fault.detail}", err=True)
            failed = True
            continue
        pdq = hash_pixels(pixels)
        plain = "" if pdq.speaks else "  (too plain to be recognised by)"
        click.echo(f"  pdq     {pdq.bits.hex()}{plain}")
        click.echo(f"  iscc    ISCC:{codes.composite}")
    if failed:
        sys.exit(1)


def describe_statement(statement: Statement) -> list[str]:
    """A statement in lines: where it stood, what is proven, what it says, what was noticed."""
    from models.consent.statements import Condition

    lines = [f"  {statement.source} ({statement.carrier}, {statement.trust.levels})"]
    if statement.condition is not Condition.SOUND:
        lines.append(f"    {statement.condition.value}")
    lines += [f"    {p.value}: {value.value}" for p, value in statement.preferences.items()]
    if statement.setter:
        lines.append(f"    by {statement.setter}")
    if statement.license_ref:
        lines.append(f"    licence {statement.license_ref}")
    return [*lines, *(f"    {note}" for note in statement.notes)]
