"""kiyome declare key, and opening the key that an owner names. No key is ever printed."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.declare.files import force_option, put_file, read_file, require_free

if TYPE_CHECKING:
    from models.consent.declaring.signing import SigningKey

_VARIABLE = "KIYOME_KEY_PASSWORD_FILE"

key_option = click.option(
    "--key",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="Your key: an encrypted keystore (JSON), or a file with 64 hex digits.",
)


@click.command("key")
@click.option(
    "--to",
    required=True,
    type=click.Path(path_type=Path, dir_okay=False),
    help="The keystore to write.",
)
@force_option
def key_command(to: Path, force: bool) -> None:
    """Make a key to sign with, if you have none.

    It is a usual Ethereum keystore behind a password, which wallets can import. Who has the file
    and its password speaks for you: keep both, apart from each other, and copy them to a safe
    place. Signing costs nothing and needs no coins.

    \b
    Example:
      kiyome declare key --to owner.key.json
    """
    import json
    import secrets

    from models.consent.declaring.signing import SigningKey
    from models.errors import KiyomeError
    from models.recursion import keeping_recursion_limit

    with keeping_recursion_limit():
        from eth_account import Account

    require_free(to, force=force)
    password = _password_from_file()
    if password is None:
        password = click.prompt(
            "A password for the new key", hide_input=True, confirmation_prompt=True, err=True
        )
    if not password:
        raise KiyomeError("The password is empty.", "Choose one that nobody guesses.")
    secret = secrets.token_bytes(32)
    key = SigningKey(secret)
    put_file(to, json.dumps(Account.encrypt(secret, password)).encode() + b"\n", secret=True)
    click.echo(f"Written: {to}, which only its password opens.")
    click.echo(f"Your address: {key.address}")
    click.echo(f'Give the address to the operator, for a contract: address = "{key.address}"')


def open_key(path: Path) -> SigningKey:
    """The key in a file. The password of a keystore is asked for, or read from a file.

    Raises:
        KiyomeError: the file holds no key, or the password is wrong.
    """
    from models.consent.declaring.signing import read_signing_key

    if not read_file(path).lstrip().startswith(b"{"):
        if path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH):
            click.echo(f"Others can read {path}: run `chmod 600 {path}`.", err=True)
        return read_signing_key(path)
    password = _password_from_file()
    if password is None:
        password = click.prompt(f"Password of {path}", hide_input=True, err=True)
    return read_signing_key(path, password)


def _password_from_file() -> str | None:
    named = os.environ.get(_VARIABLE)
    if not named:
        return None
    return read_file(Path(named)).decode("utf-8", "replace").rstrip("\r\n")
