"""kiyome declare sign"""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from flows.cli.declare.chains import chain_number
from flows.cli.declare.documents import PreferenceDocument, read_document
from flows.cli.declare.files import force_option, put_file, read_file, require_free
from flows.cli.declare.keys import key_option, open_key

if TYPE_CHECKING:
    from models.consent.signed.consent_statement import ConsentStatement


@click.command("sign")
@click.argument("document", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--image",
    required=True,
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="The image that you speak of: exactly this file.",
)
@key_option
@click.option("--unsigned", is_flag=True, help="Write what a wallet has to sign, and sign nothing.")
@click.option(
    "--chain", default="eip155:1", show_default=True, help="The chain that it is bound to."
)
@click.option("--contract", metavar="0x…", help="The token's contract, if the image is a token's.")
@click.option("--token", type=int, metavar="N", help="The token's number.")
@click.option(
    "--expires",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="YYYY-MM-DD",
    help="The day (UTC) from which it no longer counts.  [default: the operator's term]",
)
@click.option(
    "--scheme",
    type=click.Choice(["eip712", "eip191"]),
    default="eip712",
    show_default=True,
    help="eip712 shows fields in a wallet, eip191 a text.",
)
@click.option(
    "--to",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The file to write: IMAGE.json, to lie beside the image.",
)
@force_option
def sign_command(
    document: Path,
    image: Path,
    key: Path | None,
    unsigned: bool,
    chain: str,
    contract: str | None,
    token: int | None,
    expires: datetime | None,
    scheme: Literal["eip712", "eip191"],
    to: Path,
    force: bool,
) -> None:
    """Sign what DOCUMENT says about an image.

    DOCUMENT is from `kiyome declare write`, the key an Ethereum key. The signature covers the
    choice, the file's SHA-256, the licence and the time; changing any of them breaks it. A grant in
    it counts once a contract on file with the operator names your address. Signing sends nothing
    and costs nothing. The password is asked for, or read from the file that
    KIYOME_KEY_PASSWORD_FILE names.

    With --unsigned what a wallet has to sign is printed, and kept in TO for
    `kiyome declare assemble`.

    \b
    Examples:
      kiyome declare sign token.json --image art.png --key owner.key.json --to art.png.json
      kiyome declare sign token.json --image art.png --unsigned --to request.json
    """
    from models.canonical import digest_bytes
    from models.consent.declaring.signing import draft_statement, sign_statement
    from models.consent.signed.consent_statement import ZERO_ADDRESS, Scheme
    from models.errors import KiyomeError

    if (key is not None) == unsigned:
        raise KiyomeError(
            "It is not said who signs.", "Give either --key, or --unsigned to sign in a wallet."
        )
    if (contract is None) != (token is None):
        raise KiyomeError(
            "A token is named by its contract and its number.", "Give both --contract and --token."
        )
    require_free(to, force=force)
    number = chain_number(chain)
    asset_id = digest_bytes(read_file(image))
    said = read_document(document, asset_id)
    moment = time.time_ns()
    statement = draft_statement(
        said.preference,
        moment // 10**9,
        asset_cid=f"sha256:{asset_id}",
        contract_address=contract or ZERO_ADDRESS,
        token_id=token or 0,
        license_cid=said.license_reference,
        expires_at=int(expires.replace(tzinfo=UTC).timestamp()) if expires else 0,
        nonce=moment % 10**9,  # orders what is signed in the same second
    )
    if key is None:
        _write_request(statement, said, number, Scheme(scheme), to)
        return
    signer = open_key(key)
    data = sign_statement(
        statement, said.preference, number, signer, Scheme(scheme), said.license_ or None
    )
    require_read_back(data, to.name, asset_id)
    put_file(to, data)
    click.echo(f"Written: {to}")
    tell_signed(statement, said.preference, signer.address)


def require_read_back(data: bytes, name: str, asset_id: str) -> None:
    """Make sure that a signed statement is read as sound and about the image.

    Raises:
        KiyomeError: it is not.
    """
    from models.consent.signed.document import read_signed_document
    from models.consent.statements import Condition
    from models.errors import KiyomeError

    for said in read_signed_document(data, name, asset_id):
        if said.condition is not Condition.SOUND or not said.trust.bound:
            raise KiyomeError(
                f"The signed statement would not be accepted: {'; '.join(said.notes)}.",
                "Sign it again, from a document that `kiyome declare write` made.",
            )


def tell_signed(statement: ConsentStatement, preference: Mapping[str, str], signer: str) -> None:
    """Say what was signed, and what makes it count."""
    from models.consent.moments import show_moment

    only_refuses = set(preference.values()) == {"notAllowed"}
    if statement.expires_at:
        ends = f"until {show_moment(statement.expires_at)}"
    elif only_refuses:
        ends = "without an end"
    else:
        ends = "for as long as the operator's policy lets a grant last"
    click.echo(f"Signed by {signer}, about the image {statement.asset_cid}, {ends}.")
    click.echo("Keep it beside the image as IMAGE.json, or send it to the operator.")
    if not only_refuses:
        click.echo(f'What it allows counts with a contract that names: address = "{signer}"')


def _write_request(
    statement: ConsentStatement,
    said: PreferenceDocument,
    chain_id: int,
    scheme: str,
    to: Path,
) -> None:
    from flows.cli.declare.requests import payload_of, write_request
    from models.consent.signed.consent_statement import Scheme

    kind = Scheme(scheme)
    put_file(to, write_request(statement, said.preference, chain_id, kind, said.license_))
    click.echo(f"Written: {to}. Nothing is signed yet. Sign this in your wallet:", err=True)
    click.echo(payload_of(statement, said.preference, chain_id, kind))
    method = (
        "personal_sign; the text ends without a line break"
        if kind is Scheme.EIP191
        else "eth_signTypedData_v4"
    )
    click.echo(
        f"(The wallet's method is {method}.) Then:\n"
        f"kiyome declare assemble {to} --signer 0x… --signature 0x… --to IMAGE.json",
        err=True,
    )
