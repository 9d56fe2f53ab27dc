"""An account as it is read, and the names that it may have."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, exists, select
from sqlalchemy.orm import Session

from models.accounts.roles import PERMISSIONS, Permission, Role
from models.errors import AccountError
from models.store.tables import AccountRow
from models.unicode import make_storable

MAX_NAME = 64
_SIGN_IN_NAME = re.compile(rf"[\w.@+\-]{{1,{MAX_NAME}}}")


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may sign in; never with the password's hash.

    Attributes:
        name: what they sign in with, and what stands on record; it never changes.
        display_name: what they are called.
        pseudonym: what owners see in place of the name.
        has_password: whether they can sign in with one.
        issuer, subject: who they are at an OpenID provider; "" where they are not.
        language: "en", "ja", or "" where none was chosen.
        disabled_ms: since when they cannot sign in; None where they can.
    """

    id: str
    name: str
    display_name: str
    pseudonym: str
    role: Role
    has_password: bool
    issuer: str
    subject: str
    language: str
    created_ms: int
    disabled_ms: int | None

    @property
    def permissions(self) -> frozenset[Permission]:
        """What the account may do."""
        return PERMISSIONS[self.role]


def read_account(row: AccountRow | Row[Any]) -> Account:
    """An account from its row, or from a row of a query that has its columns."""
    return Account(
        id=row.id,
        name=row.name,
        display_name=row.display_name,
        pseudonym=row.pseudonym,
        role=Role(row.role),
        has_password=row.password_hash is not None,
        issuer=row.issuer or "",
        subject=row.subject or "",
        language=row.language,
        created_ms=row.created_ms,
        disabled_ms=row.disabled_ms,
    )


def any_accounts(session: Session) -> bool:
    """Whether there is an account, disabled or not: from then on a name alone is refused."""
    return bool(session.scalar(select(exists().where(AccountRow.id.is_not(None)))))


def find_account(session: Session, account_id: str) -> Account | None:
    """The account with an id."""
    row = session.get(AccountRow, account_id)
    return None if row is None else read_account(row)


def find_by_name(session: Session, name: str) -> AccountRow | None:
    """The row of the account that somebody names, however they write it."""
    return session.scalars(select(AccountRow).where(AccountRow.name_key == key_of(name))).first()


def require_by_name(session: Session, name: str) -> Account:
    """The account that somebody names.

    Raises:
        AccountError: there is none.
    """
    row = find_by_name(session, name)
    if row is None:
        raise AccountError(
            f"There is no account {name!r}.", "`kiyome accounts list` shows those there are."
        )
    return read_account(row)


def list_accounts(session: Session) -> tuple[Account, ...]:
    """All accounts, by name."""
    return tuple(
        read_account(row) for row in session.scalars(select(AccountRow).order_by(AccountRow.name))
    )


def key_of(name: str) -> str:
    """What two ways of writing one sign-in name have in common."""
    text = make_storable(name)
    folded = unicodedata.normalize("NFKC", text).casefold()
    return unicodedata.normalize("NFKC", folded).strip()


def clean_sign_in_name(given: str) -> str:
    """A sign-in name as it is recorded.

    Raises:
        AccountError: it cannot be one.
    """
    name = unicodedata.normalize("NFKC", given.strip())
    if not _SIGN_IN_NAME.fullmatch(name) or len(key_of(name)) > 2 * MAX_NAME:
        raise AccountError(
            f"{given[:80]!r} cannot be a sign-in name.",
            f"Take 1 to {MAX_NAME} letters, digits or any of . _ - @ +, without spaces.",
        )
    return name


def clean_display_name(given: str, name: str) -> str:
    """What somebody is called; their sign-in name where nothing is given.

    Raises:
        AccountError: it cannot be shown.
    """
    shown = unicodedata.normalize("NFC", " ".join(given.split())) or name
    if len(shown) > MAX_NAME or not shown.isprintable():
        raise AccountError(
            "This cannot be shown as somebody's name.",
            f"Take 1 to {MAX_NAME} visible characters.",
        )
    return shown
