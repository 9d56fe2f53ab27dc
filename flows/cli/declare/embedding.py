"""kiyome declare embed"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.declare.choosing import choice_options, choose, describe_difference
from flows.cli.declare.files import force_option, put_file, read_file, require_free

if TYPE_CHECKING:
    from models.consent.purposes import Preference, Purpose


@click.command("embed")
@click.argument("image", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@choice_options
@click.option("--license-document", default="", metavar="URL", help="Where your terms stand.")
@click.option("--conditions", default="", help="The conditions of --constrain, in words.")
@click.option(
    "--certificate",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Sign with this chain (PEM), from `kiyome declare certificate`.",
)
@click.option(
    "--key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The certificate's private key (PEM).",
)
@click.option("--no-xmp", is_flag=True, help="Write content credentials only.")
@click.option(
    "--to",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The image to write; IMAGE stays as it is.",
)
@force_option
def embed_command(
    image: Path,
    allow: tuple[str, ...],
    refuse: tuple[str, ...],
    constrain: tuple[str, ...],
    license_document: str,
    conditions: str,
    certificate: Path | None,
    key: Path | None,
    no_xmp: bool,
    to: Path,
    force: bool,
) -> None:
    """Write your choice into a copy of IMAGE.

    There it travels with the picture. XMP (IPTC/PLUS) is what photo tools read; anyone can write
    it, so it can only refuse. With --certificate content credentials (C2PA with CAWG) are put over
    it. What they allow counts once a contract on file with the operator names the certificate's
    fingerprint as signer. The picture itself is not touched. JPEG, PNG, WebP, GIF and TIFF can be
    written.

    USE is data_mining, inference, non_generative_training, generative_training, or all: those that
    no other option names.

    \b
    Examples:
      kiyome declare embed art.png --refuse all --to art-refused.png
      kiyome declare embed art.png --allow all --certificate certificate/chain.pem \\
          --key certificate/key.pem --to art-signed.png
    """
    from models.errors import KiyomeError

    choice = choose(allow, refuse, constrain)
    if (certificate is None) != (key is None):
        raise KiyomeError(
            "A certificate signs only with its key.", "Give both --certificate and --key."
        )
    if no_xmp and certificate is None:
        raise KiyomeError("Nothing would be written.", "Give --certificate, or leave --no-xmp out.")
    require_free(to, force=force)
    data = read_file(image)
    if not no_xmp:
        data = _write_xmp(data, choice, license_document, conditions, signed=bool(certificate))
    if certificate is not None and key is not None:
        data = _sign(data, choice, read_file(certificate), read_file(key))
    put_file(to, data)
    click.echo(f"Written: {to}")
    _tell(data, to, choice, certificate)


def _write_xmp(
    data: bytes,
    choice: Mapping[Purpose, Preference],
    web_statement: str,
    conditions: str,
    *,
    signed: bool,
) -> bytes:
    from models.consent.carriers.plus import VALUES
    from models.consent.declaring.preference import plus_value
    from models.consent.declaring.xmp_writing import embed_plus
    from models.consent.purposes import Preference
    from models.errors import KiyomeError

    value = plus_value(choice, has_constraint_text=bool(conditions or web_statement))
    restricted = {p for p, v in VALUES[value].items() if v is not Preference.ALLOWED}
    broken = [p.value for p in restricted if choice.get(p) is Preference.ALLOWED]
    if broken:
        raise KiyomeError(
            f"XMP has no value that says this: {value} would refuse {', '.join(sorted(broken))} "
            "too, which you allow.",
            "Choose anew, use `kiyome declare sign`, or give --no-xmp with a certificate.",
        )
    if not VALUES[value] and not signed:
        raise KiyomeError(
            "XMP has no value that says this: it allows all of data mining and training, or none.",
            "Use `kiyome declare sign`, or give a certificate.",
        )
    return embed_plus(data, value, web_statement=web_statement, other_constraints=conditions)


def _sign(
    data: bytes, choice: Mapping[Purpose, Preference], chain_pem: bytes, key_pem: bytes
) -> bytes:
    from models.consent.carriers.media import sniff_media_type
    from models.consent.declaring.preference import cawg_entries
    from models.consent.signing import certificate_fingerprint, sign_image

    certificate_fingerprint(chain_pem)  # a file that holds none is named before anything else
    entries = cawg_entries(choice)
    return sign_image(data, sniff_media_type(data), entries, chain_pem, key_pem)


def _tell(
    data: bytes, to: Path, choice: Mapping[Purpose, Preference], certificate: Path | None
) -> None:
    """Read back what the file says now, and say what makes it count."""
    from models.assets.asset import Asset, Location
    from models.canonical import digest_bytes
    from models.consent.carriers.c2pa import C2paCarrier
    from models.consent.carriers.plus import PlusCarrier
    from models.consent.purposes import Preference
    from models.consent.signing import certificate_fingerprint

    asset = Asset(digest_bytes(data), (Location(to.name, to.name),))
    for carrier in (PlusCarrier(), C2paCarrier()):
        for said in carrier.read(asset, data, lambda _: b""):
            click.echo(f"{said.source} is read as {said.condition.value}:")
            for line in describe_difference(choice, said.preferences):
                click.echo(line)
    if certificate is None:
        if Preference.ALLOWED in choice.values():
            click.echo("XMP can refuse; what it allows does not count without a certificate.")
        return
    if Preference.CONSTRAINED in choice.values():
        click.echo("Content credentials name no licence: what is constrained counts as refused.")
    fingerprint = certificate_fingerprint(read_file(certificate))
    if set(choice.values()) != {Preference.NOT_ALLOWED}:
        click.echo(f'What it allows counts with a contract that names: signer = "{fingerprint}"')
    click.echo("Any later change of the file breaks the signature.")
