"""The ledger's contract over web3.py: for programs that have a node and an address, and no ledger.

It reads, rehearses and explains. Kiyome itself sends through ``models.ledger.chain.sending``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from eth_typing import HexStr
from web3 import Web3
from web3.exceptions import ContractLogicError, Web3Exception
from web3.types import BlockIdentifier, TxParams, TxReceipt

from models.errors import LedgerError
from models.ledger.chain.contract import (
    MAX_HASHES,
    AnchoredEvent,
    UsageLedgerContract,
    check_address,
    load_artifact,
    read_anchored,
)
from models.ledger.chain.errors import ChainAwayError
from models.ledger.merkle import HASH_BYTES

_REVERTED = "execution reverted"
_REMEDIES = {
    "Only the operator may do this.": "Send it from the operator's account.",
    "Only the proposed operator may do this.": "Send it from the account that was proposed.",
    "The ledger is paused.": "Let the operator unpause it.",
    "The new size must be larger than the present one.": (
        "Read the head again: this one, or a newer one, may be anchored already."
    ),
    "The proof does not lead from the present head to the new one.": (
        "Make the proof from the size that is anchored now; if it fails again, the log is not the "
        "one that was anchored."
    ),
}


class ContractRefusedError(LedgerError):
    """The contract reverts.

    Args:
        reason: the contract's own sentence; "" where it gives none.
    """

    def __init__(self, reason: str) -> None:
        problem = f"The contract refuses: {reason}" if reason else "The contract refuses."
        super().__init__(
            problem,
            _REMEDIES.get(reason, "Compare what was asked, and the address, with the contract."),
        )
        self.reason = reason

    def __reduce__(self) -> tuple[type[ContractRefusedError], tuple[str]]:  # type: ignore[override]
        return (type(self), (self.reason,))


@dataclass(frozen=True, slots=True)
class Head:
    """A head on the chain.

    Attributes:
        size: number of entries.
        sequence: number of heads so far; 0 before the first.
        root: root over the entries, 32 bytes.
    """

    size: int
    sequence: int
    root: bytes


class UsageLedgerClient:
    """A deployed contract.

    Args:
        web3: a connection.
        address: where the contract is.

    Raises:
        LedgerError: ``address`` is not an address.
    """

    def __init__(self, web3: Web3, address: str) -> None:
        self._web3 = web3
        self._contract = UsageLedgerContract()
        self.address = Web3.to_checksum_address(check_address(address))

    def head(self, block: BlockIdentifier = "latest") -> Head:
        """The head as of a block.

        Raises:
            LedgerError: there is no usage ledger at the address.
            ChainAwayError: the node does not answer.
        """
        return Head(*self._contract.read_head(self._ask(self._contract.head(), block)))

    def operator(self, block: BlockIdentifier = "latest") -> str:
        """Who may anchor, lower case. Raises: as ``head``."""
        return self._contract.read_address(self._ask(self._contract.operator(), block))

    def pending_operator(self, block: BlockIdentifier = "latest") -> str:
        """Who is proposed as the operator, or the zero address. Raises: as ``head``."""
        return self._contract.read_address(self._ask(self._contract.pending_operator(), block))

    def paused(self, block: BlockIdentifier = "latest") -> bool:
        """Whether anchoring and committing are stopped. Raises: as ``head``."""
        return self._contract.read_flag(self._ask(self._contract.paused(), block))

    def history(self, block: BlockIdentifier = "latest") -> bytes:
        """The hash over all heads (``contract.fold_history``). Raises: as ``head``."""
        return self._contract.read_hash(self._ask(self._contract.history(), block))

    def verify_inclusion(
        self, leaf: bytes, index: int, path: Sequence[bytes], block: BlockIdentifier = "latest"
    ) -> bool:
        """Whether a leaf is under the head as of a block. Raises: as ``head``."""
        if not _can_be_asked((leaf, *path), (index,), path):
            return False
        asked = self._contract.verify_inclusion(leaf, index, path)
        return self._contract.read_flag(self._ask(asked, block))

    def verify_inclusion_at(
        self, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
    ) -> bool:
        """Whether a leaf is in a tree, as ``merkle.verify_inclusion``. Raises: as ``head``."""
        if not _can_be_asked((leaf, root, *path), (index, size), path):
            return False
        asked = self._contract.verify_inclusion_at(leaf, index, size, path, root)
        return self._contract.read_flag(self._ask(asked))

    def verify_consistency(
        self, old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
    ) -> bool:
        """Whether a tree begins with another, as ``merkle.verify_consistency``.

        Raises: as ``head``.
        """
        if not _can_be_asked((old_root, new_root, *proof), (old_size, new_size), proof):
            return False
        asked = self._contract.verify_consistency(old_size, new_size, proof, old_root, new_root)
        return self._contract.read_flag(self._ask(asked))

    def has_published_code(self, block: BlockIdentifier = "latest") -> bool:
        """Whether the code at the address is the one in ``contracts/UsageLedger.json``.

        Without this check an address is only somebody's word that proofs are verified there.

        Raises:
            ChainAwayError: the node does not answer.
        """
        with _explaining():
            return bytes(self._web3.eth.get_code(self.address, block)) == load_artifact().runtime

    def rehearse(self, sender: str, data: bytes) -> None:
        """Run a transaction without sending it.

        Args:
            sender: whose account it would come from.
            data: call data, from ``UsageLedgerContract``.

        Raises:
            ContractRefusedError: the contract would refuse it, with its reason.
            ChainAwayError: the node does not answer.
        """
        self._call(data, "latest", Web3.to_checksum_address(sender))

    def read_receipt(self, receipt: TxReceipt) -> tuple[AnchoredEvent, ...]:
        """The heads that this contract, and no other, took in a transaction."""
        events = (
            read_anchored([bytes(topic) for topic in log["topics"]], bytes(log["data"]))
            for log in receipt["logs"]
            if log["address"].lower() == self.address.lower()
        )
        return tuple(event for event in events if event is not None)

    def _ask(self, data: bytes, block: BlockIdentifier = "latest") -> bytes:
        return self._call(data, block)

    def _call(self, data: bytes, block: BlockIdentifier, sender: str | None = None) -> bytes:
        asked: TxParams = {"to": self.address, "data": HexStr("0x" + data.hex())}
        if sender is not None:
            asked["from"] = Web3.to_checksum_address(sender)
        with _explaining():
            return bytes(self._web3.eth.call(asked, block))


@contextmanager
def explain_reverts() -> Iterator[None]:
    """Turn a revert inside, told by web3.py or by eth-tester, into the contract's reason.

    Raises:
        ContractRefusedError: in place of the library's error.
    """
    try:
        yield
    except ContractLogicError as error:
        raise ContractRefusedError(_read_reason(error.args[0] if error.args else "")) from error
    except _tester_failures() as error:
        raise ContractRefusedError(_read_reason(error.args[0] if error.args else "")) from error


@contextmanager
def _explaining() -> Iterator[None]:
    try:
        with explain_reverts():
            yield
    except (Web3Exception, OSError) as error:
        raise ChainAwayError(
            f"The node gives no answer that can be used ({type(error).__name__}).",
            "Try again, or use another node.",
        ) from error


def _read_reason(message: object) -> str:
    """The reason in "execution reverted: <reason>"; eth-tester writes ``b''`` for none."""
    head, _, reason = str(message).partition(": ")
    if head != _REVERTED or reason.startswith(("b'", 'b"', "0x")):
        return ""
    return reason


def _tester_failures() -> tuple[type[Exception], ...]:
    """eth-tester's own error, which is no web3 error. It is only raised where it was imported."""
    module = sys.modules.get("eth_tester.exceptions")
    return (module.TransactionFailed,) if module else ()


def _can_be_asked(hashes: Sequence[bytes], numbers: Sequence[int], proof: Sequence[bytes]) -> bool:
    """Whether the ABI can carry it. What it cannot carry is no proof of anything."""
    return (
        all(isinstance(digest, bytes) and len(digest) == HASH_BYTES for digest in hashes)
        and all(0 <= number < 1 << 256 for number in numbers)
        and len(proof) <= MAX_HASHES
    )
