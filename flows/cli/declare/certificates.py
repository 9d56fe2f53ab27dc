"""kiyome declare certificate"""

from __future__ import annotations

from pathlib import Path

import click

from flows.cli.declare.files import force_option, put_file, require_free

CHAIN_FILE = "chain.pem"
KEY_FILE = "key.pem"
AUTHORITY_FILE = "authority.pem"


@click.command("certificate")
@click.option("--holder", required=True, help="Your name, as readers of the credentials see it.")
@click.option("--organization", default="", help="Your organisation.  [default: the holder]")
@click.option(
    "--days",
    type=click.IntRange(1, 36_500),
    default=3650,
    show_default=True,
    help="How long it is valid; what it signed ends with it.",
)
@click.option(
    "--to",
    required=True,
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the three files.",
)
@force_option
def certificate_command(holder: str, organization: str, days: int, to: Path, force: bool) -> None:
    """Make a certificate to sign images with.

    chain.pem goes into every image that you sign. key.pem signs: keep it to yourself, for it is not
    encrypted. authority.pem is for operators who list you in c2pa_trust_anchors. Give the operator
    the fingerprint that is printed, for a contract on file.

    \b
    Example:
      kiyome declare certificate --holder "Aoi Minase" --to certificate
    """
    from models.consent.signing import make_certificate_chain

    to.mkdir(parents=True, exist_ok=True)
    paths = {name: to / name for name in (KEY_FILE, CHAIN_FILE, AUTHORITY_FILE)}
    for path in paths.values():
        require_free(path, force=force)
    made = make_certificate_chain(holder, organization=organization, days=days)
    put_file(paths[KEY_FILE], made.key_pem, secret=True)
    put_file(paths[CHAIN_FILE], made.chain_pem)
    put_file(paths[AUTHORITY_FILE], made.anchor_pem)
    click.echo(f"Written: {', '.join(str(path) for path in paths.values())}")
    click.echo(f"Keep {paths[KEY_FILE]} to yourself. Give this to the operator, for a contract:")
    click.echo(f'  signer = "{made.fingerprint}"')
