"""Who is signed in: sessions on the server, so that ending one takes effect at once.

A browser holds 256 random bits; the database holds their SHA-256. Somebody who reads the database
cannot sign in with what stands there.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, bindparam, delete, select, update
from sqlalchemy.orm import Session

from models.accounts.events import AccountEvent, log_event
from models.accounts.records import Account, read_account
from models.store.database import execute, now_ms
from models.store.tables import AccountRow, AccountSessionRow

IDLE_MS = 12 * 60 * 60 * 1000
"""A session that nobody uses ends after this long."""

LONGEST_MS = 7 * 24 * 60 * 60 * 1000
"""Any session ends after this long."""

TOUCH_MS = 60 * 1000
"""How exactly it is known when a session was used last: not every look at a page is a write."""

TOKEN = re.compile(r"[\w\-]{43}", re.ASCII)
_LONGEST_AGENT = 200


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that is good, and whose it is.

    Attributes:
        id: names the session; worth nothing to whoever reads it.
        stale: its use was not noted lately: ``touch_session`` is due.
    """

    id: str
    account: Account
    stale: bool


@dataclass(frozen=True, slots=True)
class OpenSession:
    """One session of an account, as its holder sees it in a list."""

    id: str
    created_ms: int
    seen_ms: int
    address: str
    agent: str


def digest_token(token: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin_session(session: Session, account: Account, *, address: str, agent: str, how: str) -> str:
    """Begin a session, and return the token that the browser is to keep.

    Args:
        how: how it was shown who they are: "password", "link" or "oidc".
    """
    now = now_ms(session)
    session.execute(delete(AccountSessionRow).where(~_good(now)))
    token = secrets.token_urlsafe(32)
    session.add(
        AccountSessionRow(
            id=uuid.uuid4().hex,
            account_id=account.id,
            token_sha256=digest_token(token),
            created_ms=now,
            seen_ms=now,
            address=address[:64],
            agent=_storable(agent),
        )
    )
    session.flush()
    log_event(session, account.name, AccountEvent.SIGNED_IN, account.id, how=how)
    return token


def find_session(session: Session, token: str) -> SignedIn | None:
    """Whose token this is; None where it is nobody's, has ended, or the account is disabled."""
    if not TOKEN.fullmatch(token):
        return None
    now = now_ms(session)
    values = {"token": digest_token(token), "seen": now - IDLE_MS, "created": now - LONGEST_MS}
    found = execute(session, _FOUND, values).first()
    if found is None:
        return None
    return SignedIn(found.session_id, read_account(found), now - found.seen_ms >= TOUCH_MS)


_FOUND = (
    select(
        AccountSessionRow.id.label("session_id"),
        AccountSessionRow.seen_ms,
        *AccountRow.__table__.columns,
    )
    .join(AccountRow, AccountRow.id == AccountSessionRow.account_id)
    .where(
        AccountSessionRow.token_sha256 == bindparam("token"),
        AccountRow.disabled_ms.is_(None),
        AccountSessionRow.seen_ms > bindparam("seen"),
        AccountSessionRow.created_ms > bindparam("created"),
    )
)
"""A session is good where it was used and began after these times, as ``_good`` has it."""


def touch_session(session: Session, session_id: str) -> None:
    """Note that a session is in use."""
    session.execute(
        update(AccountSessionRow)
        .where(AccountSessionRow.id == session_id)
        .values(seen_ms=now_ms(session))
    )


def list_sessions(session: Session, account_id: str) -> tuple[OpenSession, ...]:
    """The sessions of an account that are good, the one used last first."""
    query = (
        select(AccountSessionRow)
        .where(AccountSessionRow.account_id == account_id, _good(now_ms(session)))
        .order_by(AccountSessionRow.seen_ms.desc(), AccountSessionRow.id)
    )
    return tuple(
        OpenSession(row.id, row.created_ms, row.seen_ms, row.address, row.agent)
        for row in session.scalars(query)
    )


def end_session(session: Session, account: Account, session_id: str, actor: str) -> None:
    """End one session of an account. Ending one that has ended does no harm."""
    ended = session.execute(
        delete(AccountSessionRow)
        .where(AccountSessionRow.id == session_id, AccountSessionRow.account_id == account.id)
        .returning(AccountSessionRow.id)
    ).first()
    if ended is not None:
        log_event(session, actor, AccountEvent.SIGNED_OUT, account.id)


def end_other_sessions(session: Session, account: Account, keep: str, actor: str) -> int:
    """End all sessions of an account but one; how many ended."""
    ended = session.execute(
        delete(AccountSessionRow)
        .where(AccountSessionRow.account_id == account.id, AccountSessionRow.id != keep)
        .returning(AccountSessionRow.id)
    ).all()
    if ended:
        log_event(session, actor, AccountEvent.SESSIONS_ENDED, account.id, ended=len(ended))
    return len(ended)


def _good(now: int) -> ColumnElement[bool]:
    return and_(
        AccountSessionRow.seen_ms > now - IDLE_MS, AccountSessionRow.created_ms > now - LONGEST_MS
    )


def _storable(agent: str) -> str:
    """What a browser calls itself, without what PostgreSQL cannot keep or a page cannot show."""
    shown = "".join(char for char in agent if char.isprintable())
    return shown.encode("utf-8", "replace").decode()[:_LONGEST_AGENT]
