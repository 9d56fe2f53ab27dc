"""Accounts of people who sign in at an OpenID provider.

An account is matched by issuer and subject, which a provider never gives to somebody else. Names
and mail addresses are matched by nobody: whoever can choose theirs would be anybody.
"""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.accounts.keeping import create_account
from models.accounts.records import (
    MAX_NAME,
    Account,
    clean_sign_in_name,
    find_by_name,
    read_account,
)
from models.accounts.roles import Role
from models.accounts.sessions import begin_session
from models.accounts.signing_in import Begun
from models.errors import AccountError
from models.store.database import Database
from models.store.tables import AccountRow

PROVIDER = "sign-in provider"
"""Who made an account at somebody's first sign-in; no account can be called that."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Somebody, as a provider has just vouched for them.

    Attributes:
        issuer, subject: who they are, for good.
        username, full_name: what they are called there; only suggestions.
    """

    issuer: str
    subject: str
    username: str = ""
    full_name: str = ""


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody whom the provider knows and who has no account here, or a disabled one."""

    subject: str


def sign_in_as(
    database: Database, identity: Identity, new_role: Role | None, *, address: str, agent: str
) -> Begun | Stranger:
    """Begin a session for whoever a provider vouches for.

    Args:
        new_role: role of the account that is made at a first sign-in; None where none is made.

    Raises:
        AccountError: two first sign-ins of one identity met; the next attempt succeeds.
    """
    with database.transaction() as session:
        row = session.scalars(
            select(AccountRow).where(
                AccountRow.issuer == identity.issuer, AccountRow.subject == identity.subject
            )
        ).first()
        if row is not None and row.disabled_ms is None:
            account = read_account(row)
        elif row is None and new_role is not None:
            account = _create(session, identity, new_role)
        else:
            return Stranger(identity.subject)
        token = begin_session(session, account, address=address, agent=agent, how="oidc")
    return Begun(token, account)


def _create(session: Session, identity: Identity, role: Role) -> Account:
    shown = " ".join("".join(c if c.isprintable() else " " for c in identity.full_name).split())
    return create_account(
        session,
        _choose_name(session, identity.username),
        role,
        PROVIDER,
        display_name=shown[:MAX_NAME],
        issuer=identity.issuer,
        subject=identity.subject,
    )


def _choose_name(session: Session, wanted: str) -> str:
    """A sign-in name that is free: the one that is wanted, or it with a few letters behind."""
    kept = re.sub(r"[^\w.@+\-]+", "-", wanted[: MAX_NAME - 8]).strip("-") or "user"
    try:
        name = clean_sign_in_name(kept)
    except AccountError:
        name = "user"
    if wanted and find_by_name(session, name) is None:
        return name
    while True:
        name = f"{name[: MAX_NAME - 8]}-{secrets.token_hex(3)}"
        if find_by_name(session, name) is None:
            return name
