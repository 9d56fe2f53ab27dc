"""kiyome accounts"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.opening import opened
from flows.cli.options import workspace_option

if TYPE_CHECKING:
    from models.accounts.links import NewLink
    from models.settings import Settings

ROLES = ("reviewer", "lead", "ops", "owner")
role_choice = click.Choice(ROLES)


@click.group()
def accounts() -> None:
    """Say who may sign in on the review page.

    As long as there are no accounts, anybody on this machine signs in with a name alone. The first
    account ends that, and lets the page listen elsewhere (`review_host`, `review_origin`).

    \b
    Roles:
      reviewer  rules on items and terms, registers motifs
      lead      also decides on motifs, and looks after reviewers
      ops       looks after all accounts and sees everything, but takes no rulings
      owner     sees their own works and what became of them, and sends requests

    \b
    Begin with:
      kiyome accounts create mika --role ops

    It prints a link. Whoever opens it sets the password, so hand it to nobody else.
    """


@accounts.command("create")
@click.argument("name")
@click.option("--role", type=role_choice, help="What they may do.  [default: reviewer]")
@click.option("--display-name", default="", help="What they are called.  [default: NAME]")
@click.option("--subject", default="", help="Who they are at the provider that oidc_issuer names.")
@workspace_option
def create(
    name: str, role: str | None, display_name: str, subject: str, workspace: Path | None
) -> None:
    """Make an account, and print the one-time link that sets its password.

    NAME is what they sign in with: letters, digits or . _ - @ +, without spaces. It stands on
    record with every ruling, and never changes. The first account should be one of `ops`.

    With --subject they sign in at the OpenID provider instead of with a password. The page tells
    whoever has no account what their subject is.
    """
    from models.accounts.events import COMMAND_LINE
    from models.accounts.keeping import create_account
    from models.accounts.links import make_link
    from models.accounts.records import any_accounts
    from models.accounts.roles import Role
    from models.errors import AccountError

    with opened(workspace, create=True) as (settings, database):
        if subject and not settings.oidc_issuer:
            raise AccountError(
                "There is no OpenID provider at which this subject could be anybody.",
                "Set oidc_issuer in kiyome.toml, or leave --subject away.",
            )
        with database.transaction() as session:
            first = not any_accounts(session)
            if first and role is None:
                raise AccountError(
                    "This is the first account, and it has no role.",
                    "Say --role ops: only such an account can make others on the page.",
                )
            given = Role(role or "reviewer")
            account = create_account(
                session,
                name,
                given,
                COMMAND_LINE,
                display_name=display_name,
                issuer=settings.oidc_issuer if subject else "",
                subject=subject,
            )
            link = None if subject else make_link(session, account, COMMAND_LINE, first=first)
        click.echo(f"{account.name} ({account.role}, {account.pseudonym} to owners).")
        if first:
            click.echo("From now on nobody signs in on the review page with a name alone.")
        if link is None:
            click.echo(f"They sign in at {settings.oidc_issuer}.")
        else:
            show_link(settings, link)


@accounts.command("list")
@workspace_option
def list_them(workspace: Path | None) -> None:
    """List all accounts: name, role, pseudonym, and whether they can sign in."""
    from models.accounts.records import list_accounts

    with opened(workspace) as (_, database), database.snapshot() as session:
        listed = list_accounts(session)
    if not listed:
        click.echo("There are no accounts. Make the first: kiyome accounts create NAME --role ops")
        return
    width = max(len(account.name) for account in listed)
    for account in listed:
        state = "disabled" if account.disabled_ms else ""
        if not state and not account.has_password and not account.issuer:
            state = "no password yet"
        line = f"{account.name:<{width}}  {account.role:<8}  {account.pseudonym}  {state}"
        click.echo(line.rstrip())


@accounts.command("role")
@click.argument("name")
@click.argument("role", type=role_choice)
@workspace_option
def role(name: str, role: str, workspace: Path | None) -> None:
    """Give the account NAME another role. It counts at once; they sign in again."""
    from models.accounts.events import COMMAND_LINE
    from models.accounts.keeping import change_role
    from models.accounts.records import require_by_name
    from models.accounts.roles import Role

    with opened(workspace) as (_, database), database.transaction() as session:
        account = require_by_name(session, name)
        change_role(session, account.id, Role(role), COMMAND_LINE)
    click.echo(f"{account.name} is now {role}.")


@accounts.command("disable")
@click.argument("name")
@click.option("--undo", is_flag=True, help="Let them in again.")
@workspace_option
def disable(name: str, undo: bool, workspace: Path | None) -> None:
    """Shut the account NAME out: signed out everywhere, at once, and its links end.

    Accounts are never deleted, because rulings name them.
    """
    from models.accounts.events import COMMAND_LINE
    from models.accounts.keeping import disable_account, enable_account
    from models.accounts.records import require_by_name

    with opened(workspace) as (_, database), database.transaction() as session:
        account = require_by_name(session, name)
        (enable_account if undo else disable_account)(session, account.id, COMMAND_LINE)
    click.echo(f"{account.name} {'can sign in again' if undo else 'is disabled'}.")


@accounts.command("link")
@click.argument("name")
@workspace_option
def link(name: str, workspace: Path | None) -> None:
    """Print a one-time link that sets the password of the account NAME.

    For somebody who forgot it, or whose first link is too old. Links printed before end.
    """
    from models.accounts.events import COMMAND_LINE
    from models.accounts.links import make_link
    from models.accounts.records import require_by_name

    with opened(workspace) as (settings, database):
        with database.transaction() as session:
            made = make_link(session, require_by_name(session, name), COMMAND_LINE)
        show_link(settings, made)


def show_link(settings: Settings, link: NewLink) -> None:
    """A one-time link, and until when it is good."""
    from datetime import UTC, datetime

    until = datetime.fromtimestamp(link.expires_ms / 1000, UTC)
    click.echo(f"Link, good once, until {until:%Y-%m-%d %H:%M} UTC:")
    click.echo(f"  {settings.review_address}{link.path}")


@accounts.command("token")
@click.argument("name")
@click.option("--for", "purpose", required=True, help="What the token is for.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    help="What it may do, such as see_items; may be repeated. A wrong one lists them all.",
)
@click.option("--days", default=90, show_default=True, help="How long it is good, at most 366.")
@workspace_option
def token(
    name: str, purpose: str, scopes: tuple[str, ...], days: int, workspace: Path | None
) -> None:
    """Make a token with which a program uses the API in the name of the account NAME.

    It is printed once. Without --scope it may look at whatever the role may look at, and change
    nothing. Disabling the account or changing its role ends its tokens.
    """
    from datetime import UTC, datetime

    from models.accounts.api_tokens import make_token, reading_scopes
    from models.accounts.events import COMMAND_LINE
    from models.accounts.records import require_by_name

    with opened(workspace) as (_, database), database.transaction() as session:
        account = require_by_name(session, name)
        chosen = scopes or reading_scopes(account)
        made, kept = make_token(session, account, purpose, chosen, days, COMMAND_LINE)
    until = datetime.fromtimestamp(kept.expires_ms / 1000, UTC)
    click.echo(f"Token of {account.name} until {until:%Y-%m-%d} for {', '.join(kept.scopes)}:")
    click.echo(f"  {made}")
