"""Making accounts and changing them. Each function works in a transaction that the caller opens.

Accounts are never deleted: rulings name them. One that is disabled cannot sign in.
"""

from __future__ import annotations

import secrets
import uuid

from sqlalchemy import delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.accounts.api_tokens import end_all_tokens
from models.accounts.events import AccountEvent, log_event
from models.accounts.records import (
    Account,
    clean_display_name,
    clean_sign_in_name,
    find_by_name,
    key_of,
    read_account,
)
from models.accounts.roles import Role
from models.errors import AccountError
from models.store.database import now_ms
from models.store.tables import AccountLinkRow, AccountRow, AccountSessionRow

_LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"


def create_account(
    session: Session,
    name: str,
    role: Role,
    actor: str,
    *,
    display_name: str = "",
    issuer: str = "",
    subject: str = "",
) -> Account:
    """Make an account without a password; a one-time link lets its holder set one.

    Raises:
        AccountError: the name is taken or cannot be one, or the identity has an account.
    """
    name = clean_sign_in_name(name)
    taken = find_by_name(session, name)
    if taken is not None:
        raise AccountError(
            f"There is an account {taken.name!r} already.",
            "Take another name; names are never given to somebody else.",
        )
    row = AccountRow(
        id=uuid.uuid4().hex,
        name=name,
        name_key=key_of(name),
        display_name=clean_display_name(display_name, name),
        pseudonym=_draw_pseudonym(session),
        role=role.value,
        password_hash=None,
        issuer=issuer or None,
        subject=subject or None,
        language="",
        created_ms=now_ms(session),
        disabled_ms=None,
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise AccountError(
            "Another account was made with this name or identity at the same moment.",
            "Look at the list of accounts, then try again.",
        ) from error
    log_event(session, actor, AccountEvent.CREATED, row.id, name=name, role=role.value)
    return read_account(row)


def change_role(session: Session, account_id: str, role: Role, actor: str) -> Account:
    """Give an account another role. Its sessions and tokens end; its holder signs in again.

    Raises:
        AccountError: there is no such account.
    """
    row = _require(session, account_id)
    before = row.role
    if before == role.value:
        return read_account(row)
    row.role = role.value
    session.flush()
    _end_sessions(session, account_id)
    end_all_tokens(session, account_id)
    detail = {"before": before, "after": role.value}
    log_event(session, actor, AccountEvent.ROLE_CHANGED, account_id, name=row.name, **detail)
    return read_account(row)


def disable_account(session: Session, account_id: str, actor: str) -> Account:
    """Sign somebody out everywhere and let them in no more; their links and tokens end too.

    Raises:
        AccountError: there is no such account.
    """
    row = _require(session, account_id)
    if row.disabled_ms is not None:
        return read_account(row)
    row.disabled_ms = now_ms(session)
    session.flush()
    _end_sessions(session, account_id)
    end_links(session, account_id)
    end_all_tokens(session, account_id)
    log_event(session, actor, AccountEvent.DISABLED, account_id, name=row.name)
    return read_account(row)


def enable_account(session: Session, account_id: str, actor: str) -> Account:
    """Let somebody in again whose account was disabled.

    Raises:
        AccountError: there is no such account.
    """
    row = _require(session, account_id)
    if row.disabled_ms is not None:
        row.disabled_ms = None
        session.flush()
        log_event(session, actor, AccountEvent.ENABLED, account_id, name=row.name)
    return read_account(row)


def set_password_hash(session: Session, account_id: str, password_hash: str, actor: str) -> Account:
    """Keep a new password. All sessions and one-time links of the account end.

    Raises:
        AccountError: there is no such account.
    """
    row = _require(session, account_id)
    row.password_hash = password_hash
    session.flush()
    _end_sessions(session, account_id)
    end_links(session, account_id)
    log_event(session, actor, AccountEvent.PASSWORD_SET, account_id, name=row.name)
    return read_account(row)


def choose_language(session: Session, account_id: str, language: str) -> None:
    """Remember the language that somebody reads."""
    session.execute(update(AccountRow).where(AccountRow.id == account_id).values(language=language))


def end_links(session: Session, account_id: str) -> None:
    """Make all one-time links of an account useless."""
    session.execute(delete(AccountLinkRow).where(AccountLinkRow.account_id == account_id))


def _end_sessions(session: Session, account_id: str) -> None:
    session.execute(delete(AccountSessionRow).where(AccountSessionRow.account_id == account_id))


def _require(session: Session, account_id: str) -> AccountRow:
    row = session.get(AccountRow, account_id, with_for_update=True)
    if row is None:
        raise AccountError("There is no such account.", "Look at the list of accounts.")
    return row


def _draw_pseudonym(session: Session) -> str:
    while True:
        drawn = "R-" + "".join(secrets.choice(_LETTERS) for _ in range(5))
        if session.scalar(select(AccountRow.id).where(AccountRow.pseudonym == drawn)) is None:
            return drawn
