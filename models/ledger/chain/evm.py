"""What anchoring asks an EVM chain, and what the answers mean.

Reading fails with ``ChainAwayError`` where there is no answer. Sending never does: a transaction
whose sending brought no answer, or that the node knows already, may be on its way, and has to be
looked up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from models.consent.chain.answers import (
    Refused,
    Result,
    Unanswered,
    is_busy,
    is_reverted,
    read_hex,
    read_quantity,
)
from models.errors import LedgerError
from models.ledger.chain.backends import Backend
from models.ledger.chain.errors import ChainAwayError

_KNOWN = re.compile(
    r"already (?:known|imported|exists|in (?:the )?(?:mem)?pool)|known transaction|alreadyknown"
    r"|existing tx(?:n)? with same hash|transaction .*already",
    re.IGNORECASE,
)
_USED = re.compile(r"nonce.{0,12}too low|old ?nonce|invalid nonce|nonce.{0,20}used", re.IGNORECASE)
_UNDERPRICED = re.compile(
    r"underpriced|fee too low|max fee per gas less than block base fee|gas price (?:too low|below)"
    r"|feetoolow|too low to (?:replace|compete)",
    re.IGNORECASE,
)
_POOR = re.compile(r"insufficient (?:funds|balance)|not enough (?:funds|balance)", re.IGNORECASE)


class Sending(StrEnum):
    """What became of an attempt to send a transaction."""

    TAKEN = "taken"
    """The node has it now, or had it before."""
    UNKNOWN = "unknown"
    """There was no answer: it may be on its way, and has to be looked up."""
    REFUSED = "refused"
    """The node does not want it, for a reason of its own."""
    NONCE_USED = "nonce used"
    """Another transaction with its number was mined: perhaps this one, or its like."""
    UNDERPRICED = "underpriced"
    """The node keeps another one with its number, or wants higher fees."""
    POOR = "poor"
    """The account cannot pay for it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The outcome of sending, and what the node said."""

    outcome: Sending
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Market:
    """What gas costs now, in wei per unit: the last block's base fee, and a usual tip."""

    base_fee: int
    tip: int


@dataclass(frozen=True, slots=True)
class Log:
    """One event: contract (lower case), topics and data, and its place in the block."""

    address: str
    topics: tuple[bytes, ...]
    data: bytes
    index: int


@dataclass(frozen=True, slots=True)
class Mined:
    """A transaction in a block. Digests and addresses are ``0x…``, lower case."""

    tx_hash: str
    block_number: int
    block_hash: str
    succeeded: bool
    gas_used: int
    wei_per_gas: int
    contract: str | None
    logs: tuple[Log, ...]


class EvmChain:
    """A chain behind a backend."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.name = backend.name

    def close(self) -> None:
        """Let the backend go."""
        self._backend.close()

    def chain_id(self) -> int:
        """The EIP-155 number."""
        return self._number("eth_chainId")

    def call(self, to: str, data: bytes) -> bytes:
        """What a contract returns, at the newest block.

        Raises:
            LedgerError: it reverts.
            ChainAwayError: no answer.
        """
        return self._bytes("eth_call", {"to": to, "data": "0x" + data.hex()}, "latest")

    def code(self, address: str) -> bytes:
        """The contract at the address; nothing where there is none."""
        return self._bytes("eth_getCode", address, "latest")

    def has_code(self, address: str) -> bool:
        """Whether there is a contract at the address."""
        return bool(self.code(address))

    def balance(self, address: str) -> int:
        """What an account holds, in wei."""
        return self._number("eth_getBalance", address, "latest")

    def nonce(self, address: str, tag: str) -> int:
        """How many transactions an account has sent, as of ``latest``, ``pending`` or a height."""
        return self._number("eth_getTransactionCount", address, tag)

    def market(self) -> Market:
        """What gas costs.

        Raises:
            LedgerError: the chain has no EIP-1559 fees.
        """
        block = self._block("latest")
        base = read_quantity(block.get("baseFeePerGas")) if block else None
        if base is None:
            raise LedgerError(
                f"The chain at {self.name} has no base fee (EIP-1559).",
                "Anchor on a chain that has one.",
            )
        answer = self._backend.ask("eth_maxPriorityFeePerGas")
        tip = read_quantity(answer.value) if isinstance(answer, Result) else None
        return Market(base, 10**9 if tip is None else tip)

    def estimate_gas(self, sender: str, to: str | None, data: bytes, value: int = 0) -> int:
        """The gas that a transaction would take; ``value`` is in wei.

        Raises:
            LedgerError: it would revert.
            ChainAwayError: no answer.
        """
        asked = {"from": sender, "data": "0x" + data.hex(), "value": hex(value)}
        return self._number("eth_estimateGas", asked | ({"to": to} if to else {}))

    def send(self, raw: bytes) -> Sent:
        """Send a signed transaction. Sending one again does no harm."""
        answer = self._backend.ask("eth_sendRawTransaction", "0x" + raw.hex())
        if isinstance(answer, Result):
            return Sent(Sending.TAKEN)
        if isinstance(answer, Unanswered):
            return Sent(Sending.UNKNOWN, answer.detail)
        return Sent(read_refusal(answer), answer.message)

    def knows(self, tx_hash: str) -> bool:
        """Whether the node has the transaction, waiting or in a block."""
        return isinstance(self._value("eth_getTransactionByHash", tx_hash), dict)

    def mined(self, tx_hash: str) -> Mined | None:
        """The transaction's place in the chain as it is now; None where it has none.

        A receipt whose block is no longer part of the chain counts as none.
        """
        value = self._value("eth_getTransactionReceipt", tx_hash)
        if not isinstance(value, dict):
            return None
        found = _read_mined(value)
        return found if found and self.block_hash(found.block_number) == found.block_hash else None

    def block_hash(self, number: int) -> str | None:
        """The hash of the block at a height; None where there is none."""
        block = self._block(hex(number))
        found = block.get("hash") if block else None
        return found.lower() if isinstance(found, str) else None

    def time(self) -> int:
        """When the newest block was made, UTC seconds since 1970."""
        block = self._block("latest")
        found = read_quantity(block.get("timestamp")) if block else None
        if found is None:
            raise self._away("the newest block has no time")
        return found

    def height(self) -> int:
        """Number of the newest block."""
        return self._number("eth_blockNumber")

    def final_height(self, confirmations: int) -> int:
        """Up to which block the chain is final; -1 where nothing is.

        Where the chain knows no ``finalized`` block, blocks that ``confirmations`` others follow
        count as final.
        """
        answer = self._backend.ask("eth_getBlockByNumber", "finalized", False)
        if isinstance(answer, Unanswered):
            raise self._away(answer.detail)
        if isinstance(answer, Refused) and is_busy(answer):
            raise self._away(answer.message)
        block = answer.value if isinstance(answer, Result) else None
        number = read_quantity(block.get("number")) if isinstance(block, dict) else None
        return max(-1, self.height() - confirmations) if number is None else number

    def logs(self, address: str, topics: list[Any], first: int, last: int) -> list[dict[str, Any]]:
        """Events of a contract between two blocks, both included.

        Raises:
            LedgerError: the range is too wide for the node, or refused for another reason.
            ChainAwayError: no answer.
        """
        asked = {
            "address": address,
            "topics": topics,
            "fromBlock": hex(first),
            "toBlock": hex(last),
        }
        value = self._value("eth_getLogs", asked)
        if not isinstance(value, list):
            raise self._away("eth_getLogs brought no list")
        return [entry for entry in value if isinstance(entry, dict)]

    def _block(self, tag: str) -> dict[str, Any] | None:
        value = self._value("eth_getBlockByNumber", tag, False)
        return value if isinstance(value, dict) else None

    def _number(self, method: str, *parameters: Any) -> int:
        found = read_quantity(self._value(method, *parameters))
        if found is None:
            raise self._away(f"{method} brought no number")
        return found

    def _bytes(self, method: str, *parameters: Any) -> bytes:
        found = read_hex(self._value(method, *parameters))
        if found is None:
            raise self._away(f"{method} brought no bytes")
        return found

    def _value(self, method: str, *parameters: Any) -> Any:
        answer = self._backend.ask(method, *parameters)
        if isinstance(answer, Result):
            return answer.value
        if isinstance(answer, Refused):
            if is_reverted(answer):
                raise LedgerError(
                    f"The contract refuses: {answer.message.rstrip('.')}.",
                    "`kiyome ledger status` compares the log with the chain.",
                )
            raise self._away(f"{method} was refused: {answer.message}")
        raise self._away(answer.detail)

    def _away(self, detail: str) -> ChainAwayError:
        return ChainAwayError(
            f"The chain at {self.name} gives no usable answer: {detail.rstrip('.')}.",
            "Nothing is lost: try again with `kiyome ledger anchor` when it is back.",
        )


def read_refusal(refused: Refused) -> Sending:
    """What a node's refusal of a transaction means, in any client's words."""
    if _KNOWN.search(refused.message):
        return Sending.TAKEN
    if _USED.search(refused.message):
        return Sending.NONCE_USED
    if _POOR.search(refused.message):
        return Sending.POOR
    if _UNDERPRICED.search(refused.message):
        return Sending.UNDERPRICED
    return Sending.UNKNOWN if is_busy(refused) else Sending.REFUSED


def _read_mined(value: dict[str, Any]) -> Mined | None:
    number, block_hash = read_quantity(value.get("blockNumber")), value.get("blockHash")
    tx_hash, status = value.get("transactionHash"), read_quantity(value.get("status"))
    if number is None or not isinstance(block_hash, str) or not isinstance(tx_hash, str):
        return None
    contract = value.get("contractAddress")
    return Mined(
        tx_hash=tx_hash.lower(),
        block_number=number,
        block_hash=block_hash.lower(),
        succeeded=status == 1,
        gas_used=read_quantity(value.get("gasUsed")) or 0,
        wei_per_gas=read_quantity(value.get("effectiveGasPrice")) or 0,
        contract=contract.lower() if isinstance(contract, str) else None,
        logs=tuple(read_log(entry) for entry in value.get("logs") or ()),
    )


def read_log(entry: dict[str, Any]) -> Log:
    """One event, as a node writes it.

    Raises:
        LedgerError: it is not one.
    """
    topics = [read_hex(topic) for topic in entry.get("topics") or ()]
    data, index = read_hex(entry.get("data")), read_quantity(entry.get("logIndex"))
    if data is None or index is None or None in topics:
        raise LedgerError("The chain's node gives an event that is none.", "Use another node.")
    return Log(
        str(entry.get("address")).lower(), tuple(t for t in topics if t is not None), data, index
    )
