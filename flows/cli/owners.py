"""kiyome owners"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.accounts import show_link
from flows.cli.opening import opened
from flows.cli.options import workspace_option

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from models.accounts.records import Account
    from models.ledger.log import UsageLedger

identity_arguments = click.argument("identities", metavar="IDENTITY...", nargs=-1, required=True)


@click.group()
def owners() -> None:
    """Say which works are whose: identities of owners.

    An identity is who says something about a work, as `kiyome consent read` prints it behind "by":

    \b
      0x19e7…ff2a              an address: who signed, or who holds a token or recorded a commit
      0x5c11…07aa/42           a token of a contract, whose metadata says it
      9f86…0a08                a certificate: its SHA-256, of signed content credentials
      Kumo Illustration K.K.   the holder of a licence on file

    An owner proves an address with their wallet, on the page. Everything else you vouch for: look
    at papers first, because whoever has an identity sees what became of its works, and may ask for
    takedowns. An identity belongs to one account at a time.

    \b
    Begin with:
      kiyome owners invite kumo --identity "Kumo Illustration K.K."
    """


@owners.command("list")
@workspace_option
def list_them(workspace: Path | None) -> None:
    """List owners and their identities.

    For each: how it was bound, by whom, and since when.
    """
    from datetime import UTC, datetime

    from models.accounts.records import list_accounts
    from models.accounts.roles import Role
    from models.owners.identities import list_identities
    from models.unicode import escape_unprintable

    with opened(workspace) as (_, database), database.snapshot() as session:
        listed = [each for each in list_accounts(session) if each.role is Role.OWNER]
        bound = list_identities(session)
    if not listed:
        click.echo("There are no owners. Invite one: kiyome owners invite NAME --identity IDENTITY")
    for account in listed:
        state = "  (disabled)" if account.disabled_ms else ""
        click.echo(f"{account.name}  {account.display_name}{state}")
        own = [each for each in bound if each.account_id == account.id]
        for each in own:
            since = datetime.fromtimestamp(each.bound_ms / 1000, UTC)
            how = "proven by its wallet" if each.how == "wallet" else f"vouched for by {each.by}"
            click.echo(f"  {escape_unprintable(each.identity)}  {how}, {since:%Y-%m-%d}")
        if not own:
            click.echo("  nothing bound yet")


@owners.command("invite")
@click.argument("name")
@click.option(
    "--identity", "identities", multiple=True, help="What to vouch for; may be given several times."
)
@click.option("--display-name", default="", help="What they are called.  [default: NAME]")
@workspace_option
def invite(
    name: str, identities: tuple[str, ...], display_name: str, workspace: Path | None
) -> None:
    """Make an owner's account and a one-time link to it.

    With the address of their wallet as --identity they need no password: they sign in with the
    wallet, under /sign-in/wallet on the page.

    \b
    Examples:
      kiyome owners invite kumo --identity "Kumo Illustration K.K."
      kiyome owners invite aoi --identity 0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A
    """
    from models.accounts.events import COMMAND_LINE
    from models.accounts.keeping import create_account
    from models.accounts.links import make_link
    from models.accounts.records import any_accounts
    from models.accounts.roles import Role
    from models.errors import AccountError
    from models.owners.identities import Basis, bind_identity

    with opened(workspace) as (settings, database):
        with database.transaction() as session:
            if not any_accounts(session):
                raise AccountError(
                    "There is no account yet that could look after owners.",
                    "Make it first: `kiyome accounts create NAME --role ops`.",
                )
            account = create_account(
                session, name, Role.OWNER, COMMAND_LINE, display_name=display_name
            )
            for identity in identities:
                bind_identity(session, account.id, identity, Basis.VOUCHED, COMMAND_LINE)
            link = make_link(session, account, COMMAND_LINE)
        vouched = "1 identity" if len(identities) == 1 else f"{len(identities)} identities"
        click.echo(f"{account.name} (owner), with {vouched} you vouch for.")
        show_link(settings, link)
        click.echo(f"With a wallet: {settings.review_address}/sign-in/wallet")


@owners.command("bind")
@click.argument("name")
@identity_arguments
@workspace_option
def bind(name: str, identities: tuple[str, ...], workspace: Path | None) -> None:
    """Vouch that each IDENTITY is the owner NAME's. It counts at once."""
    from models.accounts.events import COMMAND_LINE
    from models.accounts.records import require_by_name
    from models.owners.identities import Basis, bind_identity

    with opened(workspace) as (_, database), database.transaction() as session:
        account = require_by_name(session, name)
        bound = [
            bind_identity(session, account.id, each, Basis.VOUCHED, COMMAND_LINE)
            for each in identities
        ]
    for binding in bound:
        click.echo(f"{binding.identity} is {account.name}'s.")


@owners.command("unbind")
@click.argument("name")
@identity_arguments
@workspace_option
def unbind(name: str, identities: tuple[str, ...], workspace: Path | None) -> None:
    """End that each IDENTITY is the owner NAME's.

    Also where a wallet proved it: they are then signed out everywhere.
    """
    from models.accounts.events import COMMAND_LINE
    from models.accounts.records import require_by_name
    from models.errors import AccountError
    from models.owners.identities import clean_identity, end_binding, list_identities

    with opened(workspace) as (_, database), database.transaction() as session:
        account = require_by_name(session, name)
        bound = {each.identity: each.id for each in list_identities(session, account.id)}
        for given in identities:
            identity = clean_identity(given)
            if identity not in bound:
                raise AccountError(
                    f"{identity} is not bound to {account.name!r}.",
                    "`kiyome owners list` shows what is.",
                )
            end_binding(session, account, bound[identity], COMMAND_LINE)
    click.echo(f"No longer {account.name}'s: {', '.join(identities)}.")


@owners.command("key")
@click.argument("owner", metavar="NAME|IDENTITY")
@click.option(
    "--to",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="The file to write, which only you can read.",
)
@workspace_option
def key(owner: str, to: Path, workspace: Path | None) -> None:
    """Write an owner's ledger key, to hand it to them.

    With it they can verify that a proof is about them, and nobody else.

    An owner with several identities has several keys: FILE, FILE-2 and so on.

    Whoever holds a key can tell which entries of the ledger are its owner's, in every batch, past
    and to come, and can read them where the sealed files are at hand. Give it to the owner alone.
    It cannot be taken back; `kiyome ledger erase-owner` ends it together with what it opens.

    \b
    Examples:
      kiyome owners key kumo --to kumo.key
      kiyome verify completeness.json --key VKEY --owner-key kumo.key
    """
    from flows.cli.ledger.opening import open_ledger_of
    from models.accounts.events import COMMAND_LINE, AccountEvent, log_event
    from models.errors import LedgerError
    from models.ledger.note import write_secret

    with opened(workspace) as (settings, database):
        ledger = open_ledger_of(settings)
        with database.snapshot() as session:
            account, identities = _find_identities(session, owner)
        keys = _read_keys(ledger, identities)
        if not keys:
            raise LedgerError(
                f"The ledger has no key for {owner!r}: it has recorded nothing of theirs, or was "
                "told to erase it.",
                "`kiyome ledger owner NAME --unknown` proves that there is nothing.",
            )
        paths = [to] + [to.with_stem(f"{to.stem}-{n}") for n in range(2, len(keys) + 1)]
        _require_new(paths)
        # On record before it is out: a file that could not be written is then said to be given.
        with database.transaction() as session:
            for identity in keys:
                subject = account.id if account else ledger.reference("owner", identity)
                event = AccountEvent.OWNER_KEY_GIVEN
                log_event(session, COMMAND_LINE, event, subject, identity=identity)
        for path, (identity, secret) in zip(paths, keys.items(), strict=True):
            try:
                write_secret(path, f"{secret.hex()}\n".encode())
            except OSError as error:
                raise LedgerError(
                    f"The key cannot be written to {path}: {error.strerror or error}.",
                    "Name a new file in a folder that can be written.",
                ) from error
            click.echo(f"{path}: {identity}")
    click.echo(
        "Whoever holds this can tell which entries of the ledger are the owner's, in every batch. "
        "Give it to them alone, and delete your copy.",
        err=True,
    )


def _find_identities(session: Session, owner: str) -> tuple[Account | None, tuple[str, ...]]:
    """Whom a name or an identity means, and what they are known by.

    Raises:
        AccountError: the account is no owner's, or nothing is bound to it.
    """
    from models.accounts.records import find_by_name, read_account
    from models.accounts.roles import Role
    from models.errors import AccountError
    from models.owners.identities import clean_identity, find_owner, list_identities

    row = find_by_name(session, owner)
    if row is None:
        identity = clean_identity(owner)
        return find_owner(session, identity), (identity,)
    account = read_account(row)
    if account.role is not Role.OWNER:
        raise AccountError(
            f"{account.name!r} is no owner's account.",
            "`kiyome owners list` shows those there are.",
        )
    bound = tuple(each.identity for each in list_identities(session, account.id))
    if not bound:
        raise AccountError(
            f"Nothing is bound to {account.name!r}.", "Bind what is theirs: `kiyome owners bind`."
        )
    return account, bound


def _read_keys(ledger: UsageLedger, identities: tuple[str, ...]) -> dict[str, bytes]:
    """The keys that there are, by identity."""
    from models.ledger.owners.keys import OwnerKeys
    from models.ledger.private_files import owner_keys_path

    stored = OwnerKeys.read(owner_keys_path(ledger.private_folder))
    found = {each: stored.get(ledger.reference("owner", each)) for each in identities}
    return {identity: secret for identity, secret in found.items() if secret is not None}


def _require_new(paths: list[Path]) -> None:
    from models.errors import LedgerError

    for path in paths:
        if path.exists():
            raise LedgerError(f"{path} exists already.", "Name a new file: no key is overwritten.")
