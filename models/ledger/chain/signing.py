"""Who signs the ledger's transactions: a key file, an external signer, or, to try, a variable.

A key never stands in a message, a log or a file that Kiyome writes.
"""

from __future__ import annotations

import os
import stat
import warnings
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Protocol

from models.consent.chain.answers import Result, read_hex
from models.errors import LedgerError
from models.ledger.chain.backends import Backend, RpcBackend
from models.settings import Settings

KEY_VARIABLE = "KIYOME_LEDGER_KEY"
_MAX_PASSWORD_BYTES = 4096


@dataclass(frozen=True, slots=True)
class Unsigned:
    """An EIP-1559 transaction.

    Attributes:
        to: the contract; None to make one.
        max_fee, tip: wei for a unit of gas.
        value: wei that are sent along.
    """

    chain_id: int
    nonce: int
    to: str | None
    data: bytes
    gas: int
    max_fee: int
    tip: int
    value: int = 0

    def fields(self) -> dict[str, Any]:
        """As eth-account takes it."""
        from eth_utils.address import to_checksum_address

        return {
            "type": 2,
            "chainId": self.chain_id,
            "nonce": self.nonce,
            "to": to_checksum_address(self.to) if self.to else "",
            "value": self.value,
            "data": "0x" + self.data.hex(),
            "gas": self.gas,
            "maxFeePerGas": self.max_fee,
            "maxPriorityFeePerGas": self.tip,
        }


@dataclass(frozen=True, slots=True)
class Signed:
    """A transaction that can be sent, and the hash it will be known by (``0x…``)."""

    raw: bytes
    tx_hash: str


class TransactionSigner(Protocol):
    """Signs for one account."""

    @property
    def address(self) -> str:
        """The account, ``0x…``, lower case."""
        ...

    def sign(self, unsigned: Unsigned) -> Signed:
        """The signed transaction.

        Raises:
            LedgerError: it is refused, or not what was asked for.
        """
        ...


@dataclass(frozen=True, slots=True)
class LocalSigner:
    """Signs with a key that this process holds."""

    address: str
    _key: bytes = field(repr=False)

    @classmethod
    def of(cls, key: bytes) -> LocalSigner:
        """The signer of a private key.

        Raises:
            LedgerError: it is not one.
        """
        from eth_account import Account
        from eth_utils.exceptions import ValidationError

        try:
            return cls(Account.from_key(key).address.lower(), key)
        except (ValueError, ValidationError):
            raise LedgerError(
                "The account's key is not a private key of 32 bytes.", "Give another key."
            ) from None

    def sign(self, unsigned: Unsigned) -> Signed:
        """The signed transaction."""
        from eth_account import Account

        made = Account.from_key(self._key).sign_transaction(unsigned.fields())
        return Signed(bytes(made.raw_transaction), "0x" + bytes(made.hash).hex())


class ExternalSigner:
    """Signs elsewhere, through ``eth_signTransaction``: what comes back is checked field by field.

    Args:
        backend: where the signer listens.
        account: the account to sign for; None for the only one that the signer has.

    Raises:
        LedgerError: the signer does not answer, or it is not clear which account is meant.
    """

    def __init__(self, backend: Backend, account: str | None = None) -> None:
        self._backend = backend
        accounts = self._accounts()
        if account is not None and account.lower() in accounts:
            self.address = account.lower()
        elif len(accounts) == 1:
            self.address = accounts[0]
        else:
            raise LedgerError(
                f"The signer at {backend.name} holds {len(accounts)} accounts, and none of them is "
                "the one that anchors.",
                "Let it hold the contract's operator.",
            )

    def sign(self, unsigned: Unsigned) -> Signed:
        """The signed transaction."""
        fields = unsigned.fields()
        asked = {
            key: hex(value) if isinstance(value, int) else value for key, value in fields.items()
        }
        if unsigned.to is None:
            del asked["to"]
        answer = self._backend.ask("eth_signTransaction", asked | {"from": self.address})
        value = answer.value if isinstance(answer, Result) else None
        # Web3Signer answers with the bytes, Geth and Clef with an object around them.
        raw = read_hex(value.get("raw") if isinstance(value, dict) else value)
        if raw is None:
            detail = "" if isinstance(answer, Result) else f": {_detail(answer)}"
            raise LedgerError(
                f"The signer at {self._backend.name} does not sign{detail}.",
                "Look at its log and its rules.",
            )
        return check_signed(raw, unsigned, self.address)

    def _accounts(self) -> list[str]:
        answer = self._backend.ask("eth_accounts")
        value = answer.value if isinstance(answer, Result) else None
        if not isinstance(value, list):
            raise LedgerError(
                f"The signer at {self._backend.name} does not name its accounts.",
                "Check ledger_signer in kiyome.toml, and whether the signer is up.",
            )
        return [str(each).lower() for each in value]


def check_signed(raw: bytes, unsigned: Unsigned, address: str) -> Signed:
    """Make sure that a signer signed what it was asked to, with the account that it named.

    Raises:
        LedgerError: it did not.
    """
    from eth_account import Account
    from eth_account.typed_transactions.typed_transaction import TypedTransaction
    from eth_keys.exceptions import BadSignature
    from eth_utils.crypto import keccak
    from eth_utils.exceptions import ValidationError
    from hexbytes import HexBytes
    from rlp.exceptions import RLPException  # type: ignore[import-untyped]

    try:
        found = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        signer = Account.recover_transaction(raw).lower()
        same = all(
            _as_bytes(found[key]) == _as_bytes(value)
            if key in ("to", "data")
            else found[key] == value
            for key, value in unsigned.fields().items()
        )
    except (
        ValueError,
        TypeError,
        IndexError,
        KeyError,
        ValidationError,
        RLPException,
        BadSignature,
    ) as error:
        raise LedgerError(
            "The signer's answer is not a signed EIP-1559 transaction.", "Use another signer."
        ) from error
    if not same or found.get("accessList") or signer != address:
        raise LedgerError(
            "The signer signed something else than it was asked to.",
            "Nothing was sent. Find out who can change the signer.",
        )
    return Signed(raw, "0x" + keccak(raw).hex())


def open_signer(
    settings: Settings,
    *,
    account: str | None = None,
    ask_password: Callable[[], str] | None = None,
) -> TransactionSigner:
    """The signer that the settings name.

    Args:
        settings: the settings in force.
        account: which of an external signer's accounts is meant.
        ask_password: asks a person; None where nobody is there.

    Raises:
        LedgerError: none is named, or it cannot be used.
    """
    if settings.ledger_signer:
        return ExternalSigner(RpcBackend(settings.ledger_signer), account)
    if settings.ledger_keystore is not None:
        password = _find_password(settings.ledger_keystore_password_file, ask_password)
        return open_keystore(settings.ledger_keystore.absolute(), password)
    if key := os.environ.get(KEY_VARIABLE):
        warnings.warn(
            f"The ledger's account is taken from {KEY_VARIABLE}: every program of this user can "
            "read it. Use a key file or an external signer for a chain that matters.",
            stacklevel=2,
        )
        return LocalSigner.of(read_hex(key if key.startswith("0x") else f"0x{key}") or b"")
    raise LedgerError(
        "No account is named that could anchor.",
        "Set ledger_keystore or ledger_signer in kiyome.toml.",
    )


@cache
def open_keystore(path: Path, password: str) -> LocalSigner:
    """The account in an encrypted key file. Opening takes seconds, so it is done once a process.

    Raises:
        LedgerError: the file cannot be read, others can read it, or the password is not its.
    """
    import json

    from eth_account import Account

    try:
        mode = path.stat().st_mode
        content = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError) as error:
        raise LedgerError(
            f"The key file {path} cannot be read.", "Check ledger_keystore in kiyome.toml."
        ) from error
    _check_mode("key file", path, mode)
    try:
        key = bytes(Account.decrypt(content, password))
    except (ValueError, KeyError, TypeError, NotImplementedError):
        # The library's own words may quote what it was given.
        raise LedgerError(
            f"The key file {path} does not open: the password is wrong, or the file is damaged.",
            "Give its password, or restore the file.",
        ) from None
    return LocalSigner.of(key)


def _find_password(file: Path | None, ask: Callable[[], str] | None) -> str:
    if file is None:
        if ask is None:
            raise LedgerError(
                "The account's key file needs a password, and nobody is here to give it.",
                "Set ledger_keystore_password_file in kiyome.toml.",
            )
        return ask()
    try:
        mode = file.stat().st_mode
        with file.open("rb") as opened:
            text = opened.read(_MAX_PASSWORD_BYTES).decode()
    except (OSError, UnicodeDecodeError):
        raise LedgerError(
            f"The password file {file} cannot be read.",
            "Check ledger_keystore_password_file in kiyome.toml.",
        ) from None
    _check_mode("password file", file, mode)
    return text.rstrip("\r\n")


def _check_mode(what: str, file: Path, mode: int) -> None:
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise LedgerError(
            f"The {what} {file} can be read by others than its owner.",
            f"Run `chmod 600 {file}`, and think about whether somebody has copied it.",
        )


def _as_bytes(value: Any) -> bytes:
    if isinstance(value, str):
        return bytes.fromhex(value.removeprefix("0x"))
    return bytes(value)


def _detail(answer: Any) -> str:
    return str(getattr(answer, "message", "") or getattr(answer, "detail", "")).rstrip(".")
