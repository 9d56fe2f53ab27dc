"""Which identities belong to which owner's account.

An identity is the speaker of statements exactly as a carrier names one (``Statement.setter``): an
address, a certificate's fingerprint, a token of a contract, the holder of a licence on file. It is
bound because a wallet proved it, or because ops vouches for it, and to one account at a time:
whoever wants it elsewhere ends the binding first.
"""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.accounts.api_tokens import end_all_tokens
from models.accounts.events import AccountEvent, log_event
from models.accounts.records import Account, read_account
from models.accounts.roles import Role
from models.accounts.sessions import end_other_sessions
from models.consent.setters import SUBJECT
from models.errors import AccountError
from models.store.database import now_ms
from models.store.tables import AccountRow, OwnerIdentityRow

MAX_IDENTITY = 512

_ADDRESS = re.compile(r"0x[0-9a-f]{40}", re.IGNORECASE)
_ON_CHAIN = re.compile(r"(0x[0-9a-f]{40})((?:[/@].*)?)", re.IGNORECASE)
_FINGERPRINT = re.compile(r"[0-9a-f]{64}", re.IGNORECASE)


class IdentityTakenError(AccountError):
    """The identity is bound to another account."""


class SubjectOnlyError(AccountError):
    """The identity is what a certificate says about itself, and proves nothing about anybody."""


class LastWayInError(AccountError):
    """Without the identity its owner could not sign in any more."""


class Basis(StrEnum):
    """Why an identity counts as somebody's."""

    WALLET = "wallet"
    VOUCHED = "vouched"


@dataclass(frozen=True, slots=True)
class Binding:
    """An identity of an account.

    Attributes:
        identity: the speaker of statements that are the owner's.
        how: whether a wallet proved it, or ops vouches for it.
        by: who bound it: an account's name, or "command line".
        bound_ms: since when.
    """

    id: str
    account_id: str
    identity: str
    how: Basis
    by: str
    bound_ms: int


def identities_of(session: Session, account_id: str) -> tuple[str, ...]:
    """The identities of an owner's account: setters of the statements that are theirs, in order.

    There are none where the account is disabled or of another role.
    """
    query = (
        select(OwnerIdentityRow.identity)
        .join(AccountRow, AccountRow.id == OwnerIdentityRow.account_id)
        .where(
            OwnerIdentityRow.account_id == account_id,
            OwnerIdentityRow.ended_ms.is_(None),
            AccountRow.disabled_ms.is_(None),
            AccountRow.role == Role.OWNER.value,
        )
        .order_by(OwnerIdentityRow.bound_ms, OwnerIdentityRow.id)
    )
    return tuple(session.scalars(query))


def list_identities(session: Session, account_id: str = "") -> tuple[Binding, ...]:
    """What is bound now: to one account, or to any; the longest bound first."""
    query = select(OwnerIdentityRow).where(OwnerIdentityRow.ended_ms.is_(None))
    if account_id:
        query = query.where(OwnerIdentityRow.account_id == account_id)
    query = query.order_by(OwnerIdentityRow.bound_ms, OwnerIdentityRow.id)
    return tuple(_read(row) for row in session.scalars(query))


def find_owner(session: Session, identity: str) -> Account | None:
    """The account that an identity is bound to, disabled or not; None where it is to nobody's."""
    row = session.scalars(
        select(AccountRow)
        .join(OwnerIdentityRow, OwnerIdentityRow.account_id == AccountRow.id)
        .where(OwnerIdentityRow.identity == identity, OwnerIdentityRow.ended_ms.is_(None))
    ).first()
    return None if row is None else read_account(row)


def was_ended(session: Session, account_id: str, identity: str) -> bool:
    """Whether an identity was bound to an account and somebody ended that."""
    query = select(OwnerIdentityRow.id).where(
        OwnerIdentityRow.account_id == account_id,
        OwnerIdentityRow.identity == identity,
        OwnerIdentityRow.ended_ms.is_not(None),
    )
    return session.scalars(query.limit(1)).first() is not None


def bind_identity(session: Session, account_id: str, identity: str, how: Basis, by: str) -> Binding:
    """Bind an identity to an owner's account. One that a wallet proves is no longer vouched for.

    Args:
        by: who stands for it: the name of an account, or "command line".

    Raises:
        IdentityTakenError: it is bound to another account.
        AccountError: it cannot be one, or the account is no owner's.
    """
    identity = clean_identity(identity)
    account = session.get(AccountRow, account_id, with_for_update=True)
    if account is None or account.role != Role.OWNER.value:
        raise AccountError(
            "Identities are bound to owners' accounts only.", "Give the account the role `owner`."
        )
    bound = _find(session, identity)
    if bound is not None and bound.account_id != account_id:
        raise IdentityTakenError(
            f"{identity} is bound to another account already.",
            "Somebody with the role `ops` has to end that binding first.",
        )
    if bound is not None and (bound.how == how.value or how is Basis.VOUCHED):
        return _read(bound)
    if bound is not None:
        bound.ended_by, bound.ended_ms = by, now_ms(session)
        session.flush()
    row = OwnerIdentityRow(
        id=uuid.uuid4().hex,
        account_id=account_id,
        identity=identity,
        how=how.value,
        bound_by=by,
        bound_ms=_next_moment(session, account_id),
        ended_by="",
        ended_ms=None,
    )
    session.add(row)
    try:
        session.flush()
    except IntegrityError as error:
        raise IdentityTakenError(
            f"{identity} was bound to another account at the same moment.",
            "Look at what is bound, then try again.",
        ) from error
    log_event(
        session, by, AccountEvent.IDENTITY_BOUND, account_id, identity=identity, how=how.value
    )
    return _read(row)


def end_identity(session: Session, account_id: str, identity: str, by: str) -> bool:
    """End the binding of an identity to an account; whether there was one."""
    row = session.scalars(
        select(OwnerIdentityRow)
        .where(
            OwnerIdentityRow.account_id == account_id,
            OwnerIdentityRow.identity == identity,
            OwnerIdentityRow.ended_ms.is_(None),
        )
        .with_for_update()
    ).first()
    if row is None:
        return False
    row.ended_by, row.ended_ms = by, now_ms(session)
    session.flush()
    log_event(session, by, AccountEvent.IDENTITY_ENDED, account_id, identity=identity, how=row.how)
    return True


def end_own_identity(session: Session, account: Account, binding_id: str, keep: str) -> bool:
    """End the binding of an owner's identity at their own wish; whether there was one.

    Where it was a wallet, whoever else is signed in to the account is signed out: its key may be in
    other hands.

    Args:
        keep: the session that they ask in, which goes on.

    Raises:
        LastWayInError: it is a wallet, and they have nothing else to sign in with.
    """
    # Locked first, so that two at once do not end the last two ways in.
    row = session.get(AccountRow, account.id, with_for_update=True, populate_existing=True)
    bound = list_identities(session, account.id)
    binding = next((each for each in bound if each.id == binding_id), None)
    if binding is None or row is None:
        return False
    wallets = [each for each in bound if _ADDRESS.fullmatch(each.identity)]
    if wallets == [binding] and row.password_hash is None and row.issuer is None:
        raise LastWayInError(
            "This wallet is the only way to sign in to this account.",
            "Bind another wallet first, or ask for a link that sets a password.",
        )
    return end_binding(session, account, binding_id, account.name, keep)


def end_binding(
    session: Session, account: Account, binding_id: str, actor: str, keep: str = ""
) -> bool:
    """End a binding of an account; whether there was one.

    A wallet's end signs the account out, and ends its API tokens.

    Args:
        keep: a session that goes on; "" for none.
    """
    bound = list_identities(session, account.id)
    binding = next((each for each in bound if each.id == binding_id), None)
    if binding is None or not end_identity(session, account.id, binding.identity, actor):
        return False
    if _ADDRESS.fullmatch(binding.identity):
        end_other_sessions(session, account, keep, actor)
        end_all_tokens(session, account.id)
    return True


def clean_identity(given: str) -> str:
    """An identity as carriers spell it: addresses and fingerprints in lower case.

    Raises:
        SubjectOnlyError: anybody can have written it into a certificate.
        AccountError: it is empty, too long or cannot be shown, or is an address mistyped.
    """
    text = given.strip()
    if not text or len(text) > MAX_IDENTITY or not text.isprintable():
        raise AccountError(
            "This cannot be an identity.",
            f"Take the setter of a statement as `kiyome consent read` prints it, in 1 to "
            f"{MAX_IDENTITY} visible characters.",
        )
    if text.casefold().startswith(SUBJECT):
        raise SubjectOnlyError(
            "This name is only what a certificate says about itself: anybody can have written it.",
            "Bind the certificate's fingerprint, or the holder of a contract on file.",
        )
    if match := _ON_CHAIN.fullmatch(text):
        require_checksum(match[1])
        for address in _ADDRESS.findall(match[2]):
            require_checksum(address)
        return text.lower()
    plain = text.replace(":", "")
    if _FINGERPRINT.fullmatch(plain):
        return plain.lower()
    if text[:2].lower() == "0x":
        raise AccountError(
            f"{text[:80]!r} begins like an address and is none.",
            "An address has 40 hex digits behind 0x.",
        )
    return text


def require_checksum(address: str) -> None:
    """Refuse an address in mixed case whose case does not fit it (EIP-55): it was mistyped.

    Raises:
        AccountError: it does not fit.
    """
    from eth_utils.address import is_checksum_address

    digits = address[2:]
    if digits not in (digits.lower(), digits.upper()) and not is_checksum_address(address):
        raise AccountError(
            f"The address {address} has a wrong checksum: a digit or its case was mistyped.",
            "Copy it again, or give it in lower case if you are sure of it.",
        )


def _next_moment(session: Session, account_id: str) -> int:
    """Now, or just after the account's last binding: what is bound at once keeps its order."""
    query = select(func.max(OwnerIdentityRow.bound_ms)).where(
        OwnerIdentityRow.account_id == account_id
    )
    last = session.scalar(query)
    return now_ms(session) if last is None else max(now_ms(session), last + 1)


def _find(session: Session, identity: str) -> OwnerIdentityRow | None:
    return session.scalars(
        select(OwnerIdentityRow).where(
            OwnerIdentityRow.identity == identity, OwnerIdentityRow.ended_ms.is_(None)
        )
    ).first()


def _read(row: OwnerIdentityRow) -> Binding:
    return Binding(row.id, row.account_id, row.identity, Basis(row.how), row.bound_by, row.bound_ms)
