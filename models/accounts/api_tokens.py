"""Tokens with which programs use the API in an account's name.

A token is 256 random bits behind the letters ``kym_``, by which secret scanners find it. The
database holds its SHA-256. A token may do what its scopes name, and never more than its account's
role: both are looked up at each request.
"""

from __future__ import annotations

import re
import secrets
import unicodedata
import uuid
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from models.accounts.events import AccountEvent, log_event
from models.accounts.records import MAX_NAME, Account, read_account
from models.accounts.roles import Permission
from models.accounts.sessions import TOUCH_MS, digest_token
from models.errors import AccountError
from models.store.database import now_ms
from models.store.tables import AccountRow, ApiTokenRow

TOKEN = re.compile(r"kym_[\w\-]{43}", re.ASCII)
DAY_MS = 24 * 60 * 60 * 1000
LONGEST_DAYS = 366
"""A token is good for at most this long."""

MOST_TOKENS = 20
"""Tokens that one account may have at a time."""

_P = Permission
SCOPES: tuple[Permission, ...] = (
    _P.SEE_ITEMS,
    _P.RULE_ON_ITEMS,
    _P.ADJUDICATE,
    _P.SEE_RULINGS,
    _P.SEE_TERMS,
    _P.RULE_ON_TERMS,
    _P.SEE_MOTIFS,
    _P.SEE_REGISTER,
    _P.KEEP_REGISTER,
    _P.SEE_RELEASES,
    _P.SEE_TAKEDOWNS,
    _P.ACKNOWLEDGE_TAKEDOWNS,
    _P.READ_AUDIT,
    _P.SEE_ASSURANCE,
    _P.SEE_NAMES,
)
"""What a token may be made for: the permissions that the API asks about."""

_WRITING = frozenset(
    {
        _P.RULE_ON_ITEMS,
        _P.ADJUDICATE,
        _P.RULE_ON_TERMS,
        _P.KEEP_REGISTER,
        _P.ACKNOWLEDGE_TAKEDOWNS,
    }
)


@dataclass(frozen=True, slots=True)
class ApiToken:
    """A token as its holder sees it in a list: without the token itself.

    Attributes:
        scopes: what it was made for.
        used_ms: when it was used last, to the minute; None where it never was.
    """

    id: str
    name: str
    scopes: tuple[Permission, ...]
    created_ms: int
    expires_ms: int
    used_ms: int | None


@dataclass(frozen=True, slots=True)
class Bearer:
    """Whoever sent a token that is good.

    Attributes:
        permissions: what the token may do: what its scopes and its account's role have in common.
        stale: its use was not noted lately: ``touch_token`` is due.
    """

    account: Account
    token: ApiToken
    permissions: frozenset[Permission]
    stale: bool


def scopes_for(account: Account) -> tuple[Permission, ...]:
    """The scopes that a token of this account may have."""
    return tuple(scope for scope in SCOPES if scope in account.permissions)


def reading_scopes(account: Account) -> tuple[Permission, ...]:
    """The scopes with which a token of this account looks at things and changes nothing."""
    return tuple(scope for scope in scopes_for(account) if scope not in _WRITING)


def make_token(
    session: Session,
    account: Account,
    name: str,
    scopes: Iterable[str],
    days: int,
    actor: str,
) -> tuple[str, ApiToken]:
    """Make a token; this is the only time that it can be seen.

    Args:
        name: what it is for.
        scopes: some of ``scopes_for(account)``.
        days: how long it is good, at most ``LONGEST_DAYS``.

    Raises:
        AccountError: the account is disabled, has too many tokens, or may not do what is asked.
    """
    shown = unicodedata.normalize("NFC", " ".join(name.split()))
    if not 0 < len(shown) <= MAX_NAME or not shown.isprintable():
        raise AccountError(
            "This cannot be a token's name.", f"Take 1 to {MAX_NAME} visible characters."
        )
    row = session.get(AccountRow, account.id, with_for_update=True)
    if row is None or row.disabled_ms is not None:
        raise AccountError("The account is disabled.", "Let it in again first.")
    chosen = _check_scopes(read_account(row), scopes)
    if not 1 <= days <= LONGEST_DAYS:
        raise AccountError(
            f"A token cannot be good for {days} days.", f"Take 1 to {LONGEST_DAYS} days."
        )
    now = now_ms(session)
    count = select(func.count()).where(
        ApiTokenRow.account_id == account.id, ApiTokenRow.expires_ms > now
    )
    if session.execute(count).scalar_one() >= MOST_TOKENS:
        raise AccountError(
            f"The account has {MOST_TOKENS} tokens already.", "End one that is not needed."
        )
    token = f"kym_{secrets.token_urlsafe(32)}"
    made = ApiTokenRow(
        id=uuid.uuid4().hex,
        account_id=account.id,
        token_sha256=digest_token(token),
        name=shown,
        scopes=" ".join(chosen),
        created_ms=now,
        expires_ms=now + days * DAY_MS,
        used_ms=None,
    )
    session.add(made)
    session.flush()
    log_event(
        session,
        actor,
        AccountEvent.TOKEN_MADE,
        account.id,
        token=made.id,
        name=shown,
        scopes=made.scopes,
        until_ms=made.expires_ms,
    )
    return token, _read(made)


def find_bearer(session: Session, token: str) -> Bearer | None:
    """Whose token this is; None where it is nobody's, has ended, or the account is disabled."""
    if not TOKEN.fullmatch(token):
        return None
    now = now_ms(session)
    found = session.execute(
        select(ApiTokenRow, AccountRow)
        .join(AccountRow, AccountRow.id == ApiTokenRow.account_id)
        .where(
            ApiTokenRow.token_sha256 == digest_token(token),
            ApiTokenRow.expires_ms > now,
            AccountRow.disabled_ms.is_(None),
        )
    ).first()
    if found is None:
        return None
    row, account = found[0], read_account(found[1])
    read = _read(row)
    stale = row.used_ms is None or now - row.used_ms >= TOUCH_MS
    return Bearer(account, read, account.permissions & frozenset(read.scopes), stale)


def touch_token(session: Session, token_id: str) -> None:
    """Note that a token is in use."""
    session.execute(
        update(ApiTokenRow).where(ApiTokenRow.id == token_id).values(used_ms=now_ms(session))
    )


def list_tokens(session: Session, account_id: str) -> tuple[ApiToken, ...]:
    """The tokens of an account that are good, the newest first."""
    query = (
        select(ApiTokenRow)
        .where(ApiTokenRow.account_id == account_id, ApiTokenRow.expires_ms > now_ms(session))
        .order_by(ApiTokenRow.created_ms.desc(), ApiTokenRow.id)
    )
    return tuple(map(_read, session.scalars(query)))


def end_token(session: Session, account: Account, token_id: str, actor: str) -> bool:
    """End one token of an account; False where there was none, which does no harm."""
    ended = session.execute(
        delete(ApiTokenRow)
        .where(ApiTokenRow.id == token_id, ApiTokenRow.account_id == account.id)
        .returning(ApiTokenRow.name)
    ).first()
    if ended is None:
        return False
    detail = {"token": token_id, "name": ended.name}
    log_event(session, actor, AccountEvent.TOKEN_ENDED, account.id, **detail)
    return True


def end_all_tokens(session: Session, account_id: str) -> None:
    """End every token of an account: its role has changed, or it is disabled."""
    session.execute(delete(ApiTokenRow).where(ApiTokenRow.account_id == account_id))


def _check_scopes(account: Account, scopes: Iterable[str]) -> tuple[Permission, ...]:
    wanted = {str(scope) for scope in scopes}
    allowed = scopes_for(account)
    strange = sorted(wanted - set(allowed))
    if strange or not wanted:
        told = ", ".join(allowed) or "none"
        raise AccountError(
            f"A token of this account cannot be for {strange[0]!r}."
            if strange
            else "A token needs at least one scope.",
            f"It may be for: {told}.",
        )
    return tuple(scope for scope in SCOPES if scope in wanted)


def _read(row: ApiTokenRow) -> ApiToken:
    known = {scope.value: scope for scope in SCOPES}
    scopes = tuple(known[name] for name in row.scopes.split() if name in known)
    return ApiToken(row.id, row.name, scopes, row.created_ms, row.expires_ms, row.used_ms)
