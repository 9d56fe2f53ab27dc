"""Receipts and heads on an EVM chain, asked of a node over JSON-RPC with nothing but urllib."""

from __future__ import annotations

import http.client
import json
import re
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from verifier.canonical import MAX_NUMBER, is_deep, take, take_bytes, take_number
from verifier.note import Head
from verifier.report import CheckError, UncheckedError

RECEIPT = "kiyome.receipt/1"
# Keccak-256 of "Anchored(uint256,uint256,bytes32,bytes32)", and of "head()" its first 4 bytes.
ANCHORED = "0x42acc1435f05d2388e574236471bfe43abd76212ee44fa9838ed7619a4a9118b"
HEAD = "0x8f7dcfa3"
_TIMEOUT_S = 20
_MAX_ANSWER_BYTES = 1 << 24
_HEAD = re.compile(r"0x(?:[0-9a-f]{64}){3}", re.ASCII)
_QUANTITY = re.compile(r"0x(0|[1-9a-f][0-9a-f]{0,13})", re.ASCII)
_FIELDS = (
    "block_hash",
    "block_number",
    "chain_id",
    "contract",
    "format",
    "log_index",
    "manifest",
    "root",
    "sequence",
    "size",
    "tx_hash",
)


@dataclass(frozen=True, slots=True)
class Receipt:
    """Where a head was anchored. Addresses and hashes of the chain are written with 0x."""

    block_hash: str
    block_number: int
    chain_id: int
    contract: str
    log_index: int
    manifest: bytes
    root: bytes
    sequence: int
    size: int
    tx_hash: str

    @property
    def head(self) -> Head:
        """The head that was anchored."""
        return Head(self.size, self.root)

    @classmethod
    def parse(cls, value: Any) -> Receipt:
        """Read ``kiyome.receipt/1``.

        Raises:
            CheckError: it is not one.
        """
        value = take(value, "receipt", _FIELDS)
        if value["format"] != RECEIPT:
            raise CheckError("receipt", f"The receipt is not of the format {RECEIPT}.")
        for name, length in (("block_hash", 32), ("contract", 20), ("tx_hash", 32)):
            take_bytes(value[name], f"receipt's {name}", length, "0x")
        return cls(
            value["block_hash"],
            take_number(value["block_number"], "receipt's block_number"),
            take_number(value["chain_id"], "receipt's chain_id", 1),
            value["contract"],
            take_number(value["log_index"], "receipt's log_index"),
            take_bytes(value["manifest"], "receipt's manifest"),
            take_bytes(value["root"], "receipt's root"),
            take_number(value["sequence"], "receipt's sequence", 1),
            take_number(value["size"], "receipt's size", 1),
            value["tx_hash"],
        )


@dataclass(slots=True)
class Chain:
    """A node, and the contract that the person who verifies trusts (lower case), if any.

    The URL may hold a password and is never shown.
    """

    url: str = field(repr=False)
    contract: str | None = None
    _kept: dict[str, Any] = field(default_factory=dict)

    def look_up(self, receipt: Receipt) -> str:
        """A sentence about the receipt, once the chain says the same and it is final.

        Raises:
            CheckError: the chain says something else.
            UncheckedError: the node says nothing.
        """
        if self.contract not in (None, receipt.contract):
            raise _deny(f"is of the contract {receipt.contract}, not of the one that was given")
        chain_id = self.chain_id()
        if chain_id != receipt.chain_id:
            raise _deny(f"is of the chain {receipt.chain_id}, and the node of the chain {chain_id}")
        found = self._ask("eth_getTransactionReceipt", receipt.tx_hash)
        if found is None:
            raise _deny("names a transaction that the node does not know")
        _compare_log(receipt, _mapping(found))
        if self._block_hash(receipt.block_number) != receipt.block_hash:
            raise _deny("names a block that is no longer part of the chain")
        if self._finalized() < receipt.block_number:
            raise _deny("names a block that is not final yet")
        caveat = (
            "" if self.contract else " The contract is the receipt's own word: give --contract."
        )
        return (
            f"The head of {receipt.size} leaves was anchored as number {receipt.sequence}, in the "
            f"finalized block {receipt.block_number}.{caveat}"
        )

    def newest_final(self) -> tuple[int, str]:
        """Number and hash of the newest block that is final.

        Raises:
            UncheckedError: the node does not say.
        """
        number = self._finalized()
        return number, self._block_hash(number)

    def confirm_block(self, number: int, block_hash: str) -> None:
        """Make sure that a block has a hash, and is final.

        Raises:
            CheckError: it has another, or is not. UncheckedError: the node does not say.
        """
        if self._finalized() < number:
            raise CheckError("beacon", f"The block {number} is not final yet.")
        if self._block_hash(number) != block_hash:
            raise CheckError("beacon", f"The block {number} of the chain has another hash.")

    def chain_id(self) -> int:
        """The chain's number.

        Raises:
            UncheckedError: the node does not say.
        """
        return _number(self._ask_once("eth_chainId"))

    def head(self, contract: str) -> Head:
        """The head that a contract held at the last finalized block.

        Raises:
            CheckError: there is no usage ledger. UncheckedError: the node does not say.
        """
        block = hex(self._finalized())
        answer = self._ask_once("eth_call", {"data": HEAD, "to": contract}, block)
        size = int(answer[2:66], 16) if isinstance(answer, str) and _HEAD.fullmatch(answer) else -1
        if not 0 <= size <= MAX_NUMBER:
            raise CheckError("contract", "There is no usage ledger at the contract's address.")
        return Head(size, bytes.fromhex(answer[130:]))

    def _block_hash(self, number: int) -> str:
        block = _mapping(self._ask("eth_getBlockByNumber", hex(number), False))
        return str(block.get("hash"))

    def _finalized(self) -> int:
        block = self._ask_once("eth_getBlockByNumber", "finalized", False)
        return _number(_mapping(block).get("number"))

    def _ask_once(self, method: str, *parameters: Any) -> Any:
        """The same answer for one run: heads have to be compared at one point in time."""
        name = json.dumps([method, parameters])
        if name not in self._kept:
            try:
                self._kept[name] = self._ask(method, *parameters)
            except UncheckedError as fault:
                self._kept[name] = fault
        if isinstance(self._kept[name], UncheckedError):
            raise self._kept[name]
        return self._kept[name]

    def _ask(self, method: str, *parameters: Any) -> Any:
        body = {"id": 1, "jsonrpc": "2.0", "method": method, "params": parameters}
        headers = {"Content-Type": "application/json", "User-Agent": "kiyome-verifier"}
        try:
            # The command line lets in http and https only.
            asked = urllib.request.Request(self.url, json.dumps(body).encode(), headers)  # noqa: S310
            with urllib.request.urlopen(asked, timeout=_TIMEOUT_S) as response:  # noqa: S310
                text = response.read(_MAX_ANSWER_BYTES).decode()
            answer = None if is_deep(text) else json.loads(text)
        except (OSError, ValueError, RecursionError, http.client.HTTPException):
            raise _mute() from None
        if not isinstance(answer, dict) or "result" not in answer or answer.get("error"):
            raise _mute()
        return answer["result"]


def _compare_log(receipt: Receipt, found: Mapping[str, Any]) -> None:
    """Find the event of the receipt in what the node says about its transaction."""
    if found.get("status") != "0x1":
        raise _deny("names a transaction that was reverted")
    place = (found.get("blockHash"), _number(found.get("blockNumber")))
    if place != (receipt.block_hash, receipt.block_number):
        raise _deny("names a transaction that stands in another block")
    logs = found.get("logs")
    for log in logs if isinstance(logs, list) else []:
        if _number(_mapping(log).get("logIndex")) == receipt.log_index:
            break
    else:
        raise _deny("names an event that the transaction does not have")
    data = f"0x{receipt.size:064x}{receipt.root.hex()}{receipt.manifest.hex()}"
    topics = [ANCHORED, f"0x{receipt.sequence:064x}"]
    if (str(log.get("address")).lower(), log.get("topics"), log.get("data")) != (
        receipt.contract,
        topics,
        data,
    ):
        raise _deny("is not what the contract said: its event is about something else")


def _deny(problem: str) -> CheckError:
    return CheckError("receipt", f"The receipt {problem}.")


def _mute() -> UncheckedError:
    return UncheckedError("chain", "The node gives no answer that can be used.")


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _mute()
    return value


def _number(value: Any) -> int:
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value) or int(value, 16) > MAX_NUMBER:
        raise _mute()
    return int(value, 16)
