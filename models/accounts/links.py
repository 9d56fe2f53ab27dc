"""One-time links: whoever opens one may set the password of one account, once."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.accounts.events import AccountEvent, log_event
from models.accounts.keeping import end_links, set_password_hash
from models.accounts.records import Account, read_account
from models.accounts.sessions import TOKEN, digest_token
from models.errors import AccountError
from models.store.database import now_ms
from models.store.tables import AccountLinkRow, AccountRow

_HOUR = 60 * 60 * 1000


class LinkPurpose(StrEnum):
    """What a link is for."""

    FIRST = "first"
    INVITATION = "invitation"
    RESET = "reset"


LASTING_MS: Mapping[LinkPurpose, int] = MappingProxyType(
    {
        LinkPurpose.FIRST: 24 * _HOUR,
        LinkPurpose.INVITATION: 7 * 24 * _HOUR,
        LinkPurpose.RESET: 24 * _HOUR,
    }
)


@dataclass(frozen=True, slots=True)
class Link:
    """A link that is good, and whose it is."""

    id: str
    purpose: LinkPurpose
    account: Account
    expires_ms: int


@dataclass(frozen=True, slots=True)
class NewLink:
    """A link that was made just now: the only time that its token can be seen."""

    token: str
    purpose: LinkPurpose
    expires_ms: int

    @property
    def path(self) -> str:
        """Where it leads on the review page."""
        return f"/link/{self.token}"


def make_link(session: Session, account: Account, actor: str, *, first: bool = False) -> NewLink:
    """Make a link for an account; links that it had before end.

    Raises:
        AccountError: the account is disabled.
    """
    row = session.get(AccountRow, account.id, with_for_update=True, populate_existing=True)
    if row is None or row.disabled_ms is not None:
        raise AccountError(
            f"The account {account.name!r} is disabled.", "Enable it first, then make the link."
        )
    purpose = LinkPurpose.FIRST if first else LinkPurpose.INVITATION
    if row.password_hash is not None:
        purpose = LinkPurpose.RESET
    end_links(session, account.id)
    now = now_ms(session)
    token = secrets.token_urlsafe(32)
    expires = now + LASTING_MS[purpose]
    session.add(
        AccountLinkRow(
            id=uuid.uuid4().hex,
            account_id=account.id,
            token_sha256=digest_token(token),
            purpose=purpose.value,
            created_by=actor,
            created_ms=now,
            expires_ms=expires,
            used_ms=None,
        )
    )
    session.flush()
    detail = {"name": account.name, "purpose": purpose.value, "expires_ms": expires}
    log_event(session, actor, AccountEvent.LINK_MADE, account.id, **detail)
    return NewLink(token, purpose, expires)


def find_link(session: Session, token: str) -> Link | None:
    """The link with a token; None where it was used, has expired or never was."""
    if not TOKEN.fullmatch(token):
        return None
    found = session.execute(
        select(AccountLinkRow, AccountRow)
        .join(AccountRow, AccountRow.id == AccountLinkRow.account_id)
        .where(
            AccountLinkRow.token_sha256 == digest_token(token),
            AccountLinkRow.used_ms.is_(None),
            AccountLinkRow.expires_ms > now_ms(session),
            AccountRow.disabled_ms.is_(None),
        )
    ).first()
    if found is None:
        return None
    link, account = found
    return Link(link.id, LinkPurpose(link.purpose), read_account(account), link.expires_ms)


def use_link(session: Session, token: str, password_hash: str) -> Account:
    """Set a password with a link, which ends with it, and every session of the account too.

    Raises:
        AccountError: the link was used, has expired or never was; nothing is changed then.
    """
    link = find_link(session, token)
    if link is not None:  # Locked first, as by everybody who changes an account.
        session.get(AccountRow, link.account.id, with_for_update=True)
    used = (
        link
        and session.execute(
            update(AccountLinkRow)
            .where(AccountLinkRow.id == link.id, AccountLinkRow.used_ms.is_(None))
            .values(used_ms=now_ms(session))
            .returning(AccountLinkRow.id)
        ).first()
    )
    if link is None or used is None:
        raise AccountError(
            "This link was used, or is too old, or was replaced by a newer one.",
            "Ask whoever sent it for a new one.",
        )
    return set_password_hash(session, link.account.id, password_hash, link.account.name)
