"""Reading a chain at one block, so that everything one look finds was true at the same moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from models.consent.chain.answers import (
    Answer,
    CallOutcome,
    Refused,
    Result,
    Returned,
    outcome_of_call,
    read_hex,
    read_quantity,
)
from models.consent.chain.node import Node, NodeCounts
from models.consent.chain.sources import (
    BlockChangedError,
    ChainError,
    WrongChainError,
    chain_number,
)

_NOBODY = "0x" + "0" * 40


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a contract: its address, and what it is asked."""

    to: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Block:
    """One block: number, hash (``0x…``, lower case) and UTC seconds."""

    number: int
    hash: str
    timestamp: int


class ChainReader:
    """A chain, through one node.

    Args:
        chain: CAIP-2, ``"eip155:1"``: the node has to serve this one.
        url: where the node listens.
        lag: blocks to stay behind the newest one where the node knows no finalized block.
        slots, batch, timeout, attempts, headers, sleep: see ``Node``.

    Raises:
        ChainError: the name of the chain or the address of the node cannot be used.
    """

    def __init__(
        self,
        chain: str,
        url: str,
        *,
        lag: int = 64,
        slots: int = 4,
        batch: int = 100,
        timeout: float = 30.0,
        attempts: int = 5,
        headers: Mapping[str, str] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.chain = chain
        self._number = chain_number(chain)
        self._lag = max(0, lag)
        self.node = Node(
            url,
            slots=slots,
            batch=batch,
            timeout=timeout,
            attempts=attempts,
            headers=headers,
            sleep=sleep,
        )

    @property
    def counts(self) -> NodeCounts:
        """What the node was asked so far."""
        return self.node.counts

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let the node go."""
        self.node.close()

    def open_view(self) -> BlockView:
        """The chain as it is at its newest finalized block.

        Raises:
            WrongChainError: the node serves another chain.
            ChainError: the node does not answer, or has no block to read at.
        """
        self.node.start_afresh()
        self._check_chain()
        block, note = self._choose_block()
        return BlockView(self.chain, self.node, block, note)

    def _check_chain(self) -> None:
        answer = self.node.ask_one("eth_chainId")
        found = read_quantity(answer.value) if isinstance(answer, Result) else None
        if found is None:
            raise ChainError(
                f"The node at {self.node.name} does not say which chain it serves"
                f"{_because(answer)}.",
                "See whether it is up, or give another node.",
            )
        if found != self._number:
            raise WrongChainError(
                f"The node at {self.node.name} serves eip155:{found}, not {self.chain}.",
                f"Give the address of a node for {self.chain}.",
            )

    def _choose_block(self) -> tuple[Block, str]:
        for tag in ("finalized", "safe"):
            block = read_block(self.node.ask_one("eth_getBlockByNumber", tag, False))
            if block is not None:
                return block, "" if tag == "finalized" else (
                    f"the node at {self.node.name} knows no finalized block: read at its safe one"
                )
        answer = self.node.ask_one("eth_getBlockByNumber", "latest", False)
        block = read_block(answer)
        if block is not None and self._lag:
            number = max(0, block.number - self._lag)
            answer = self.node.ask_one("eth_getBlockByNumber", hex(number), False)
            block = read_block(answer)
        if block is None:
            raise ChainError(
                f"The node at {self.node.name} has no block to read at{_because(answer)}.",
                "See whether it is in step with its chain, or give another node.",
            )
        return block, (
            f"the node at {self.node.name} knows neither a finalized nor a safe block: "
            f"read {self._lag} blocks behind its newest"
        )


class BlockView:
    """A chain at one block. Every call is answered as of this block.

    Attributes:
        chain: CAIP-2.
        block: the block.
        note: a sentence where the block is not the newest finalized one; "" where it is.
        by_hash: calls name the block by its hash (EIP-1898), so that no other block can answer.
    """

    def __init__(self, chain: str, node: Node, block: Block, note: str) -> None:
        self.chain = chain
        self.node = node
        self.block = block
        self.note = note
        self._place: Any = {"blockHash": block.hash, "requireCanonical": True}
        probe = self.call([Call(_NOBODY, b"")])[0]
        self.by_hash = isinstance(probe, Returned)
        if not self.by_hash:
            self._place = hex(block.number)

    @property
    def anchor(self) -> str:
        """``"eip155:<id>/block:<number>/<hash>"``."""
        return anchor_of(self.chain, self.block)

    def call(self, calls: Sequence[Call]) -> list[CallOutcome]:
        """Call contracts; one outcome for each call, in their order."""
        answers = self.node.ask(
            [
                ("eth_call", [{"to": call.to, "data": "0x" + call.data.hex()}, self._place])
                for call in calls
            ]
        )
        return [outcome_of_call(answer) for answer in answers]

    def call_one(self, to: str, data: bytes) -> CallOutcome:
        """Call one contract."""
        return self.call([Call(to, data)])[0]

    def has_code(self, address: str) -> bool | None:
        """Whether there is a contract at the address; None where that cannot be found out."""
        answer = self.node.ask_one("eth_getCode", address, self._place)
        code = read_hex(answer.value) if isinstance(answer, Result) else None
        return None if code is None else bool(code)

    def blocks(self, numbers: Sequence[int]) -> list[Block | None]:
        """The blocks of these heights; None for each that the node does not give."""
        answers = self.node.ask([("eth_getBlockByNumber", [hex(n), False]) for n in numbers])
        found = [read_block(answer) for answer in answers]
        return [
            block if block is not None and block.number == number else None
            for block, number in zip(found, numbers, strict=True)
        ]

    def check(self) -> None:
        """See that the block is still part of the chain.

        Raises:
            BlockChangedError: it is not, so that what was read does not belong together.
            ChainError: the node does not say.
        """
        found = self.blocks([self.block.number])[0]
        if found is None:
            raise ChainError(
                f"The node at {self.node.name} no longer shows block {self.block.number} "
                f"of {self.chain}.",
                "Read again.",
            )
        if found.hash != self.block.hash:
            raise BlockChangedError(
                f"Block {self.block.number} of {self.chain} was replaced while it was read.",
                "Read again.",
            )


def anchor_of(chain: str, block: Block) -> str:
    """The anchor of what was read at, or said in, a block."""
    return f"{chain}/block:{block.number}/{block.hash}"


def read_block(answer: Answer) -> Block | None:
    """The block in an answer; None where there is none."""
    value = answer.value if isinstance(answer, Result) else None
    if not isinstance(value, dict):
        return None
    number, timestamp = read_quantity(value.get("number")), read_quantity(value.get("timestamp"))
    digest = read_hex(value.get("hash"))
    if number is None or timestamp is None or digest is None or len(digest) != 32:
        return None
    if timestamp >= 2**53:
        return None
    return Block(number, "0x" + digest.hex(), timestamp)


def _because(answer: Answer) -> str:
    if isinstance(answer, Result):
        return ""
    return f": {answer.message if isinstance(answer, Refused) else answer.detail}"
