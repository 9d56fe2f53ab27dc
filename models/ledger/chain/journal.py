"""The one transaction that may be under way: in a file, signed, before anybody hears of it.

    private/chain/pending.json    built -> sent -> mined -> finalized
    private/chain/lock            held by the one process that sends

Every step is on the disk before its effect. All versions of a transaction (with higher fees each)
have one nonce, so that at most one of them is ever mined, and every one of them is kept: any of
them may be the one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from models.errors import LedgerError
from models.files import write_atomically
from models.ledger.chain.evm import Mined
from models.ledger.commitments import decode_canonical, encode_canonical
from models.ledger.tiles import sync_path

FORMAT = "kiyome.pending/1"
PAYOUTS = "payouts-"
"""How the purposes of transactions begin that are not about the ledger's contract."""
_HASH = re.compile(r"0x[0-9a-f]{64}", re.ASCII)


class State(StrEnum):
    """How far a transaction has come."""

    BUILT = "built"
    SENT = "sent"
    MINED = "mined"
    FINALIZED = "finalized"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One signed version of a transaction.

    Attributes:
        raw: the signed bytes, in hex.
        tx_hash: ``0x…``.
        max_fee, tip: its offer, in wei for a unit of gas; decimal digits: they may pass 2**53.
        gas: its limit.
    """

    raw: str
    tx_hash: str
    max_fee: str
    tip: str
    gas: int


@dataclass(frozen=True, slots=True)
class Pending:
    """A transaction under way.

    Attributes:
        purpose: what it is for: ``anchor``, ``commit``, ``deploy`` …
        detail: what whoever began it has to know when it is final.
        chain_id, sender, nonce, to, data: what every version of it shares; ``to`` is "" where a
            contract is made.
        attempts: its versions, oldest first.
        state: how far it has come.
        tx_hash, block_hash, block_number: where it stands, once it is mined; "" and 0 before.
        succeeded: False where it was mined and the contract refused it.
        value: wei that are sent along; decimal digits.
    """

    purpose: str
    detail: dict[str, Any]
    chain_id: int
    sender: str
    nonce: int
    to: str
    data: str
    attempts: tuple[Attempt, ...]
    state: State = State.BUILT
    tx_hash: str = ""
    block_hash: str = ""
    block_number: int = 0
    succeeded: bool = True
    value: str = "0"

    def with_attempt(self, attempt: Attempt) -> Pending:
        """The same with one more version."""
        return replace(self, attempts=(*self.attempts, attempt))

    def sent(self) -> Pending:
        """The same, on its way and in no block."""
        return replace(
            self, state=State.SENT, tx_hash="", block_hash="", block_number=0, succeeded=True
        )

    def mined(self, place: Mined) -> Pending:
        """The same, in a block."""
        return replace(
            self,
            state=State.MINED,
            tx_hash=place.tx_hash,
            block_hash=place.block_hash,
            block_number=place.block_number,
            succeeded=place.succeeded,
        )

    def finalized(self) -> Pending:
        """The same, for good."""
        return replace(self, state=State.FINALIZED)

    def encode(self) -> bytes:
        """The content of the file."""
        value = {**asdict(self), "state": self.state.value, "format": FORMAT}
        return encode_canonical(value) + b"\n"

    @classmethod
    def decode(cls, data: bytes) -> Pending:
        """Read what ``encode`` writes.

        Raises:
            ValueError, KeyError, TypeError: it is damaged.
        """
        value = decode_canonical(data.removesuffix(b"\n"))
        if value.pop("format") != FORMAT or not data.endswith(b"\n"):
            raise ValueError("it is cut short, or of another version")
        attempts = tuple(Attempt(**attempt) for attempt in value.pop("attempts"))
        if not attempts or not all(_HASH.fullmatch(a.tx_hash) for a in attempts):
            raise ValueError("it holds no transaction")
        return cls(**{**value, "attempts": attempts, "state": State(value["state"])})


class ChainJournal:
    """The folder ``private/chain`` of a ledger."""

    def __init__(self, private: Path) -> None:
        self.folder = private / "chain"
        self.path = self.folder / "pending.json"

    def load(self) -> Pending | None:
        """The transaction under way, if there is one.

        Raises:
            LedgerError: its file is damaged.
        """
        try:
            return Pending.decode(self.path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise LedgerError(
                f"The transaction under way in {self.path} cannot be read: {error}.",
                "Restore the file from a backup; without it a transaction may be sent twice.",
            ) from error

    def save(self, pending: Pending) -> None:
        """Put the transaction on the disk, whole, where only its owner reads it."""
        write_atomically(self.path, pending.encode(), 0o600)

    def clear(self) -> None:
        """Forget the transaction: what it was for is done, or will never be."""
        self.path.unlink(missing_ok=True)
        sync_path(self.folder)

    @contextmanager
    def hold(self, seconds: float) -> Iterator[None]:
        """Be the one process that sends; others wait.

        Raises:
            LedgerError: another one has not let go in that time, or nothing can be written.
        """
        lock = FileLock(self.folder / "lock", timeout=seconds)
        try:
            self.folder.mkdir(mode=0o700, exist_ok=True)
            lock.acquire()
        except Timeout as error:
            raise LedgerError(
                "Another process is sending a transaction for this ledger.",
                "Wait for it to end: `kiyome ledger status` shows how far it is.",
            ) from error
        except OSError as error:
            raise LedgerError(
                f"The lock {self.folder / 'lock'} cannot be taken: {error.strerror}.",
                "Run it as the ledger's owner, on a disk that can be written.",
            ) from error
        try:
            yield
        finally:
            lock.release()
