"""From a name and a password to a session."""

from __future__ import annotations

from dataclasses import dataclass

from models.accounts.attempts import Attempt, Wait, begin_attempt, settle_attempt
from models.accounts.keeping import set_password_hash
from models.accounts.passwords import (
    check_password,
    hash_password,
    is_outdated,
    rehash,
    require_good,
)
from models.accounts.records import Account, find_account, find_by_name, read_account
from models.accounts.sessions import begin_session
from models.store.database import Database
from models.store.tables import AccountRow


@dataclass(frozen=True, slots=True)
class Wrong:
    """Name and password do not belong together, or the account is disabled; which is not told."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A session that was begun: its token, and whose it is."""

    token: str
    account: Account


def sign_in(
    database: Database, name: str, password: str, *, address: str, agent: str
) -> Begun | Wrong | Wait:
    """Begin a session for whoever gives the right password."""
    attempt = check_attempt(database, name, password, address=address)
    if not isinstance(attempt, Checked):
        return attempt
    with database.transaction() as session:
        row = session.get(AccountRow, attempt.account_id, with_for_update=True)
        # The password was looked at outside of any transaction: what it was checked against, and
        # that the account is not disabled, must still be so.
        if row is None or row.disabled_ms is not None or row.password_hash != attempt.kept:
            return Wrong()
        if is_outdated(attempt.kept):
            row.password_hash = attempt.renewed
        settle_attempt(session, attempt.attempt, name)
        account = read_account(row)
        token = begin_session(session, account, address=address, agent=agent, how="password")
    return Begun(token, account)


def change_password(
    database: Database, account: Account, old: str, new: str, *, address: str, agent: str
) -> Begun | Wrong | Wait:
    """Replace the password of somebody who knows the old one. All sessions end; one begins anew.

    Raises:
        AccountError: the new one is too short, too long or too plain.
    """
    require_good(new)
    attempt = check_attempt(database, account.name, old, address=address)
    if not isinstance(attempt, Checked):
        return attempt
    made = hash_password(new)  # it is dear: not before the attempt is counted
    with database.transaction() as session:
        row = session.get(AccountRow, account.id, with_for_update=True)
        if row is None or row.disabled_ms is not None or row.password_hash != attempt.kept:
            return Wrong()
        settle_attempt(session, attempt.attempt, account.name)
        changed = set_password_hash(session, account.id, made, account.name)
        token = begin_session(session, changed, address=address, agent=agent, how="password")
    return Begun(token, changed)


def begin_after_link(database: Database, account_id: str, *, address: str, agent: str) -> Begun:
    """Begin a session for whoever has just set a password with a one-time link."""
    with database.transaction() as session:
        account = find_account(session, account_id)
        if account is None:
            raise LookupError(account_id)
        token = begin_session(session, account, address=address, agent=agent, how="link")
    return Begun(token, account)


@dataclass(frozen=True, slots=True)
class Checked:
    """A password that was right: against which hash, and that hash anew where it is outdated."""

    attempt: Attempt
    account_id: str
    kept: str
    renewed: str


def check_attempt(
    database: Database, name: str, password: str, *, address: str
) -> Checked | Wrong | Wait:
    """Count an attempt and look at its password, holding no transaction while argon2 works."""
    with database.transaction() as session:
        attempt = begin_attempt(session, name, address)
        if isinstance(attempt, Wait):
            return attempt
        row = find_by_name(session, name)
        account_id = row.id if row else ""
        kept = row.password_hash if row else None
        disabled = row is not None and row.disabled_ms is not None
    right = check_password(kept, password)
    if not right or kept is None or disabled:
        return Wrong()
    renewed = rehash(password) if is_outdated(kept) else kept
    return Checked(attempt, account_id, kept, renewed)
