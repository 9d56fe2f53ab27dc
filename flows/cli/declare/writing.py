"""kiyome declare write"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flows.cli.declare.choosing import choice_options, choose, describe_difference
from flows.cli.declare.files import force_option, put_file, read_file, read_object, require_free

if TYPE_CHECKING:
    from models.consent.purposes import Preference, Purpose


@click.command("write")
@choice_options
@click.option("--with-authorship", is_flag=True, help="Allow training only if you are named.")
@click.option("--license-document", default="", metavar="URL", help="The licence: URL or CID.")
@click.option("--license-name", default="", help="What the licence is called.")
@click.option(
    "--for-image",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Name exactly this file in the document, by its CID and SHA-256.",
)
@click.option(
    "--metadata",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A token's metadata (JSON) whose other fields are kept.",
)
@click.option(
    "--to",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write: IMAGE.json, to lie beside the image.",
)
@force_option
def write_command(
    allow: tuple[str, ...],
    refuse: tuple[str, ...],
    constrain: tuple[str, ...],
    with_authorship: bool,
    license_document: str,
    license_name: str,
    for_image: Path | None,
    metadata: Path | None,
    to: Path,
    force: bool,
) -> None:
    """Write down what may be done with an image.

    The document follows ERC-7517. USE is data_mining, inference, non_generative_training,
    generative_training, or all: those that no other option names. Nobody signs the document, so it
    can refuse and never grant; sign it with `kiyome declare sign`.

    \b
    Examples:
      kiyome declare write --refuse all --for-image art.png --to art.png.json
      kiyome declare write --allow all --with-authorship --for-image art.png --to token.json
      kiyome declare write --constrain generative_training --refuse data_mining \\
          --license-document https://aoi.example/licence.html --to token.json
    """
    from models.consent.declaring.preference import preference_of, write_preference
    from models.consent.eip7517 import parse_token_json
    from models.errors import KiyomeError

    choice = choose(allow, refuse, constrain)
    if constrain and not license_document.strip():
        raise KiyomeError(
            "--constrain needs the licence that says under which conditions.",
            "Give its URL or CID with --license-document.",
        )
    require_free(to, force=force)
    fields = read_object(metadata) if metadata else {}
    if for_image:
        fields |= _name_image(for_image)
    data = write_preference(
        preference_of(choice, attribution=with_authorship),
        license_name=license_name,
        license_document=license_document,
        fields=fields,
    )
    read = parse_token_json(data, to.name)
    put_file(to, data)
    click.echo(f"Written: {to}. It is read as:")
    for line in describe_difference(choice, read.preferences if read else {}):
        click.echo(line)
    _advise(choice, for_image, to)


def _name_image(path: Path) -> dict[str, Any]:
    """The fields that bind a document to a file's bytes."""
    from models.canonical import digest_bytes
    from models.consent.ipfs.hashing import cids_of

    data = read_file(path)
    return {"assetCid": cids_of(data)[0].canonical, "sha256": digest_bytes(data)}


def _advise(choice: dict[Purpose, Preference], image: Path | None, to: Path) -> None:
    from models.consent.purposes import Preference

    if image is None:
        click.echo("It names no image: it counts for the image that it lies beside.")
    beside = (image.with_name(image.name + ".json"), image.with_suffix(".json")) if image else ()
    if image and to.absolute() not in [each.absolute() for each in beside]:
        click.echo(f"To refuse, lay it beside the image as {image.name}.json.")
    if set(choice.values()) != {Preference.NOT_ALLOWED}:
        click.echo("What it allows does not count yet: `kiyome declare sign` signs it.")
