"""Signing in with a wallet, and binding further ones: a message, a signature, and what follows.

The message is kept here and never taken from a browser. It is good for five minutes, in the session
that asked for it, and for one answer, right or wrong.
"""

from __future__ import annotations

import hashlib
import re
import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import urlsplit

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from models.accounts.attempts import (
    Attempt,
    Wait,
    begin_attempt,
    group_address,
    settle_attempt,
)
from models.accounts.keeping import create_account
from models.accounts.records import Account, any_accounts, find_by_name, read_account
from models.accounts.roles import Role
from models.accounts.sessions import begin_session
from models.accounts.signing_in import Begun
from models.errors import AccountError
from models.owners.identities import (
    Basis,
    IdentityTakenError,
    bind_identity,
    find_owner,
    require_checksum,
    was_ended,
)
from models.owners.wallet_messages import (
    MAX_CHAIN_ID,
    WalletMessage,
    draw_nonce,
    parse_message,
    write_message,
)
from models.owners.wallet_proofs import (
    CheckContract,
    Failing,
    find_failing,
    parse_signature,
)
from models.store.database import Database, now_ms
from models.store.tables import AccountRow, AccountSessionRow, WalletChallengeRow

CHALLENGE_MS = 5 * 60 * 1000
MAX_WAITING = 60
"""Messages that one address (an IPv6 /64 counts as one) may have been sent and not answered."""

WALLET = "wallet sign-in"
"""Who made an account at a wallet's first sign-in; no account can be called that."""

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}", re.ASCII)
_FIRST_ADDRESS = 0x10000  # precompiled contracts lie below: nobody's wallet


class Outsider(StrEnum):
    """Why a wallet that is proven lets nobody in, or is not bound."""

    STRANGER = "stranger"  # no account, and none is made; or it is disabled or signed out
    TAKEN = "taken"  # bound to another account


@dataclass(frozen=True, slots=True)
class Challenge:
    """A message that waits for its signature.

    Attributes:
        id: names it.
        address: of the wallet that is to sign it, in lower case.
        message: the text, exactly as it is to be signed.
        expires_ms: until when it may be answered.
    """

    id: str
    address: str
    chain_id: int
    message: str
    expires_ms: int


@dataclass(frozen=True, slots=True)
class ProvenWallet:
    """A wallet that has just signed what it was asked to, and the attempt that this was."""

    address: str
    attempt: Attempt


def clean_address(given: str) -> str:
    """An address in lower case.

    Raises:
        AccountError: it is none, or was mistyped, or no wallet can have it.
    """
    text = given.strip()
    if not _ADDRESS.fullmatch(text) or int(text, 16) < _FIRST_ADDRESS:
        raise AccountError(
            "This is not the address of a wallet.", "It has 40 hex digits behind 0x."
        )
    require_checksum(text)
    return text.lower()


def begin_challenge(
    session: Session,
    origin: str,
    browser: str,
    given: str,
    *,
    client: str,
    chain_id: int = 1,
    account: Account | None = None,
) -> Challenge | Wait:
    """Write the message that a wallet is to sign; one that the session had before ends.

    Args:
        origin: where browsers reach the page, from the settings.
        browser: what is secret to the session that asks.
        given: the wallet's address.
        client: where the request comes from.
        chain_id: where the wallet answers for its signatures, if it is a contract.
        account: the account that it is to be bound to; None to sign in.

    Raises:
        AccountError: the address or the chain cannot be one.
    """
    address = clean_address(given)
    if not 0 < chain_id <= MAX_CHAIN_ID:
        raise AccountError("There is no such chain.", "Give its EIP-155 number; Ethereum is 1.")
    now, place = now_ms(session), group_address(client)
    hashed = digest_browser(browser)
    session.execute(
        delete(WalletChallengeRow).where(
            (WalletChallengeRow.expires_ms <= now) | (WalletChallengeRow.browser_sha256 == hashed)
        )
    )
    waiting, oldest = session.execute(
        select(func.count(), func.min(WalletChallengeRow.expires_ms)).where(
            WalletChallengeRow.client == place
        )
    ).one()
    if waiting >= MAX_WAITING:
        return Wait(oldest, -(-(oldest - now) // 1000))
    message = write_message(
        WalletMessage(
            domain=urlsplit(origin).netloc,
            address=address,
            statement=describe_purpose(account),
            uri=origin + uri_path(account),
            chain_id=chain_id,
            nonce=draw_nonce(),
            issued_at=now // 1000,
            expires_at=(now + CHALLENGE_MS) // 1000,
        )
    )
    row = WalletChallengeRow(
        id=uuid.uuid4().hex,
        browser_sha256=hashed,
        account_id=account.id if account else None,
        client=place,
        address=address,
        chain_id=chain_id,
        message=message,
        created_ms=now,
        expires_ms=(now + CHALLENGE_MS) // 1000 * 1000,
        used_ms=None,
    )
    session.add(row)
    session.flush()
    return _read(row)


def find_challenge(
    session: Session, challenge_id: str, browser: str, account_id: str | None = None
) -> Challenge | None:
    """The message that a session waits for a signature of; None where it does not, or no more."""
    row = session.scalars(
        select(WalletChallengeRow).where(
            WalletChallengeRow.id == challenge_id,
            WalletChallengeRow.browser_sha256 == digest_browser(browser),
            WalletChallengeRow.account_id == account_id
            if account_id
            else WalletChallengeRow.account_id.is_(None),
            WalletChallengeRow.used_ms.is_(None),
            WalletChallengeRow.expires_ms > now_ms(session),
        )
    ).first()
    return None if row is None else _read(row)


def answer_challenge(
    database: Database,
    origin: str,
    challenge_id: str,
    browser: str,
    signature: str,
    check_contract: CheckContract,
    *,
    client: str,
    account: Account | None = None,
) -> ProvenWallet | Failing | Wait | None:
    """Take the signature of a message, once. Its attempt counts as failed until it is settled.

    Returns:
        The wallet, where it signed; why it is not proven; how long to wait after too many failures
        (the message then still waits); or None where no such message waits.
    """
    with database.transaction() as session:
        challenge = find_challenge(session, challenge_id, browser, account.id if account else None)
        if challenge is None:
            return None
        attempt = begin_attempt(session, _attempt_name(challenge.address), client)
        if isinstance(attempt, Wait):
            return attempt
        used = session.execute(
            update(WalletChallengeRow)
            .where(WalletChallengeRow.id == challenge.id, WalletChallengeRow.used_ms.is_(None))
            .values(used_ms=now_ms(session))
            .returning(WalletChallengeRow.id)
        ).first()
        if used is None:
            return None
    message = parse_message(challenge.message)
    expected = (urlsplit(origin).netloc, origin + uri_path(account), describe_purpose(account))
    if (message.domain, message.uri, message.statement) != expected:
        return None  # the page was moved to another address meanwhile
    if (message.address, message.chain_id) != (challenge.address, challenge.chain_id):
        return None
    given = parse_signature(signature)
    if given is None:
        return Failing.UNREADABLE
    # Outside of any transaction: a chain may take its time to answer.
    failing = find_failing(message, challenge.message, given, check_contract)
    return failing or ProvenWallet(message.address, attempt)


def sign_in_with_wallet(
    database: Database,
    wallet: ProvenWallet,
    admits: Callable[[str], bool],
    spellings: Callable[[str], tuple[str, ...]],
    *,
    address: str,
    agent: str,
) -> Begun | Outsider:
    """Begin a session for the owner whom a proven wallet belongs to.

    Args:
        admits: whether an account is made for the address of a wallet that has none. The first
            account of all is never made like that.
        spellings: how else statements name the wallet as their setter.

    Raises:
        AccountError: two first sign-ins of one wallet met; the next attempt succeeds.
    """
    with database.snapshot() as session:
        known = find_owner(session, wallet.address) is not None
    admitted = not known and admits(wallet.address)
    named = spellings(wallet.address) if known or admitted else ()
    with database.transaction() as session:
        owner = find_owner(session, wallet.address)
        if owner is None and admitted and any_accounts(session):
            owner = _create(session, wallet.address)
        row = owner and session.get(
            AccountRow, owner.id, with_for_update=True, populate_existing=True
        )
        if not row or row.disabled_ms is not None or row.role != Role.OWNER.value:
            return Outsider.STRANGER
        account = read_account(row)
        _bind(session, account, wallet.address, named)
        settle_attempt(session, wallet.attempt, _attempt_name(wallet.address))
        token = begin_session(session, account, address=address, agent=agent, how="wallet")
    return Begun(token, account)


def bind_wallet(
    database: Database,
    wallet: ProvenWallet,
    account: Account,
    spellings: Callable[[str], tuple[str, ...]],
    session_id: str = "",
) -> Outsider | None:
    """Bind a proven wallet to an owner's account; why not, or None where it is.

    Args:
        session_id: of the browser that asks, where one does: if it is signed out meanwhile, which a
            chain that takes its time leaves room for, nothing is bound.
    """
    named = spellings(wallet.address)
    try:
        with database.transaction() as session:
            row = session.get(AccountRow, account.id, with_for_update=True, populate_existing=True)
            if not row or row.disabled_ms is not None or row.role != Role.OWNER.value:
                return Outsider.STRANGER
            if session_id and session.get(AccountSessionRow, session_id) is None:
                return Outsider.STRANGER
            _bind(session, account, wallet.address, named)
            settle_attempt(session, wallet.attempt, _attempt_name(wallet.address))
    except IdentityTakenError:
        return Outsider.TAKEN
    return None


def describe_purpose(account: Account | None) -> str:
    """What a message says it is for: signing in, or binding to an account."""
    if account is None:
        return "Sign in to Kiyome as a rights owner. This costs nothing and moves nothing."
    return (
        f"Bind this wallet to the account {account.pseudonym} of Kiyome. "
        "This costs nothing and moves nothing."
    )


def uri_path(account: Account | None) -> str:
    """The page that a message is for."""
    return "/sign-in/wallet" if account is None else "/identities"


def digest_browser(browser: str) -> str:
    """What is kept of the session that asked for a message."""
    return hashlib.sha256(b"kiyome.wallet " + browser.encode()).hexdigest()


def _bind(session: Session, account: Account, address: str, named: tuple[str, ...]) -> None:
    """Bind an address, and what statements call it.

    Of the latter, not what is another's, and not what somebody has ended: it would be back at the
    next sign-in.
    """
    bind_identity(session, account.id, address, Basis.WALLET, account.name)
    for spelling in named:
        owner = find_owner(session, spelling)
        free = owner is None and not was_ended(session, account.id, spelling)
        if free or (owner is not None and owner.id == account.id):
            bind_identity(session, account.id, spelling, Basis.WALLET, account.name)


def _create(session: Session, address: str) -> Account:
    name = address
    while find_by_name(session, name) is not None:
        name = f"{address}-{secrets.token_hex(3)}"
    shown = f"{address[:6]}…{address[-4:]}"
    return create_account(session, name, Role.OWNER, WALLET, display_name=shown)


def _attempt_name(address: str) -> str:
    """Under what attempts are counted: no account can be called that."""
    return f"wallet {address}"


def _read(row: WalletChallengeRow) -> Challenge:
    return Challenge(row.id, row.address, row.chain_id, row.message, row.expires_ms)
