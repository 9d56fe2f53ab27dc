"""The head on the chain, and whether the log on disk leads to it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from models.errors import LedgerError
from models.ledger.chain.contract import UsageLedgerContract
from models.ledger.chain.errors import ForkedHeadError
from models.ledger.chain.evm import EvmChain
from models.ledger.chain.receipts import Receipt
from models.ledger.note import Checkpoint


@dataclass(frozen=True, slots=True)
class ContractState:
    """What the contract says at the newest block.

    Attributes:
        operator, pending_operator: who may anchor, and who has been proposed; lower case.
        paused: whether anchoring is stopped.
        size, sequence, root: the head, and how many there have been.
    """

    operator: str
    pending_operator: str
    paused: bool
    size: int
    sequence: int
    root: bytes


class Standing(StrEnum):
    """How the log stands to the head on the chain."""

    ANCHORED = "anchored"
    """The log's head is the one on the chain."""
    NEWER = "newer"
    """The log has grown since."""
    EMPTY = "empty"
    """Nothing is in the log, and nothing on the chain."""


def check_chain_id(chain: EvmChain, wanted: int) -> int:
    """The chain's number, once it is the one that is meant.

    Raises:
        LedgerError: it is another.
        ChainAwayError: no answer.
    """
    found = chain.chain_id()
    if wanted and found != wanted:
        raise LedgerError(
            f"The endpoint at {chain.name} serves the chain {found}, not {wanted}.",
            "Nothing was sent: correct ledger_rpc or ledger_chain_id in kiyome.toml.",
        )
    return found


def read_contract(chain: EvmChain, address: str) -> ContractState:
    """Ask the ledger's contract for everything that anchoring depends on.

    Raises:
        LedgerError: there is none at the address, or it is another.
        ChainAwayError: no answer.
    """
    if not chain.has_code(address):
        raise LedgerError(
            f"There is no contract at {address} on the chain at {chain.name}.",
            "Correct ledger_contract in kiyome.toml, or make one with `kiyome ledger deploy`.",
        )
    contract = UsageLedgerContract()
    size, sequence, root = contract.read_head(chain.call(address, contract.head()))
    return ContractState(
        operator=contract.read_address(chain.call(address, contract.operator())),
        pending_operator=contract.read_address(chain.call(address, contract.pending_operator())),
        paused=contract.read_flag(chain.call(address, contract.paused())),
        size=size,
        sequence=sequence,
        root=root,
    )


def check_operator(state: ContractState, account: str) -> None:
    """Make sure that the account may anchor now.

    Raises:
        LedgerError: it may not.
    """
    if state.operator != account:
        raise LedgerError(
            f"The contract takes heads from {state.operator}, and the settings name the account "
            f"{account}.",
            "Nothing was sent: use the operator's account, or hand the contract over with "
            "`kiyome ledger operator propose`.",
        )
    if state.paused:
        raise LedgerError(
            "The contract is paused.",
            "Nothing was sent: `kiyome ledger unpause` lets heads in again.",
        )


def check_not_behind(state: ContractState, chain_id: int, contract: str, known: Receipt) -> None:
    """Make sure that the node shows no older chain than the one that a receipt is from.

    Args:
        state: what the contract says now.
        chain_id, contract: where it was asked.
        known: a receipt, of this contract or another.

    Raises:
        LedgerError: the contract has held a later head than it shows now.
    """
    if (known.chain_id, known.contract) != (chain_id, contract):
        return
    if known.size > state.size or known.sequence > state.sequence:
        raise LedgerError(
            f"By its receipt the head of {known.size} entries is final on {contract}, and the node "
            f"shows {state.size} entries there.",
            "Nothing was sent: the node is behind, or its chain was begun anew. Wait, use another "
            "node, or, where that chain is gone for good, make a new contract.",
        )


def compare_heads(
    head: Checkpoint, size: int, root: bytes, root_at: Callable[[int], bytes]
) -> Standing:
    """How the log stands to the head on the chain.

    Args:
        head: the log's signed head.
        size, root: the head on the chain.
        root_at: the root over the log's first entries, from its tiles.

    Raises:
        LedgerError: the chain knows of more entries than the log has.
        ForkedHeadError: the log does not begin with what the chain holds.
    """
    if size > head.size:
        raise LedgerError(
            f"The chain holds a head of {size} entries, and the log has {head.size}: it is an "
            "older copy.",
            "Nothing was sent: restore the newest backup of the ledger, public and private "
            "together, and append nothing before.",
        )
    if head.size and root_at(head.size) != head.root:
        raise LedgerError(
            "The tiles do not lead to the log's signed root.",
            "Nothing was sent: run `kiyome ledger verify` to see which file was changed.",
        )
    if size and root_at(size) != root:
        raise ForkedHeadError(
            f"FORK: the chain holds the root {root.hex()} over the first {size} entries, and the "
            f"log has {root_at(size).hex()} there. The log was rewritten, or the contract is "
            "another log's.",
            "Nothing was sent: append nothing more, keep both as they are, and find out which "
            "was changed with `kiyome ledger verify` and an older backup.",
        )
    if not head.size:
        return Standing.EMPTY
    return Standing.ANCHORED if size == head.size else Standing.NEWER
