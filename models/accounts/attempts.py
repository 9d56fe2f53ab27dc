"""How often somebody may try to sign in: by name and by address, counted in the database.

An attempt is counted before its password is looked at, so that many at once are counted too.
"""

from __future__ import annotations

import hashlib
import ipaddress
import uuid
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, select, text, update
from sqlalchemy.orm import Session

from models.accounts.records import key_of
from models.store.database import now_ms
from models.store.tables import SignInAttemptRow

WINDOW_MS = 15 * 60 * 1000
PER_NAME = 5
PER_ADDRESS = 30
"""Attempts that may fail within ``WINDOW_MS``. Many people may share an address."""

_KEPT_MS = 24 * 60 * 60 * 1000
_LOCK = 0x6B69796F6D65_02


@dataclass(frozen=True, slots=True)
class Attempt:
    """An attempt that may be made.

    Attributes:
        id: names it once it has succeeded.
    """

    id: str


@dataclass(frozen=True, slots=True)
class Wait:
    """An attempt that may not be made yet.

    Attributes:
        until_ms: from when on one may try again.
        seconds: how long that is from now.
    """

    until_ms: int
    seconds: int


def begin_attempt(session: Session, name: str, address: str) -> Attempt | Wait:
    """Count an attempt, or say how long to wait. It counts as failed until it has succeeded."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    now = now_ms(session)
    session.execute(delete(SignInAttemptRow).where(SignInAttemptRow.at_ms <= now - _KEPT_MS))
    hashed, place = _digest_name(name), group_address(address)
    free = max(
        _free_at(session, now, SignInAttemptRow.name_sha256 == hashed, PER_NAME),
        _free_at(session, now, SignInAttemptRow.address == place, PER_ADDRESS),
    )
    if free > now:
        return Wait(free, -(-(free - now) // 1000))
    row = SignInAttemptRow(
        id=uuid.uuid4().hex, at_ms=now, name_sha256=hashed, address=place, failed=1
    )
    session.add(row)
    session.flush()
    return Attempt(row.id)


def settle_attempt(session: Session, attempt: Attempt, name: str) -> None:
    """Note that an attempt succeeded: what failed before under this name counts no more."""
    session.execute(
        update(SignInAttemptRow).where(SignInAttemptRow.id == attempt.id).values(failed=0)
    )
    session.execute(
        update(SignInAttemptRow)
        .where(SignInAttemptRow.name_sha256 == _digest_name(name))
        .values(failed=0)
    )


def group_address(address: str) -> str:
    """What is counted together: an IPv4 address, or the network of an IPv6 one (a /64)."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)


def _free_at(session: Session, now: int, which: ColumnElement[bool], limit: int) -> int:
    """When the next attempt may be made: when the oldest of the last ``limit`` failures lapses."""
    failures = session.scalars(
        select(SignInAttemptRow.at_ms)
        .where(which, SignInAttemptRow.failed == 1, SignInAttemptRow.at_ms > now - WINDOW_MS)
        .order_by(SignInAttemptRow.at_ms.desc())
        .limit(limit)
    ).all()
    return failures[-1] + WINDOW_MS if len(failures) == limit else 0


def _digest_name(name: str) -> str:
    """Names are not kept as given: a hurried hand types the password there."""
    return hashlib.sha256(key_of(name[:1000]).encode()).hexdigest()
