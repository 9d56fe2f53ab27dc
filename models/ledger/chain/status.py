"""How the ledger stands to its chain, and what to do about it. Reads only; needs no key."""

from __future__ import annotations

from dataclasses import dataclass

from models.errors import KiyomeError
from models.ledger.chain.evm import EvmChain
from models.ledger.chain.heads import (
    ContractState,
    Standing,
    check_chain_id,
    compare_heads,
    read_contract,
)
from models.ledger.chain.journal import ChainJournal, Pending, State
from models.ledger.chain.receipts import AnchorFiles, Receipt
from models.ledger.log import UsageLedger
from models.ledger.note import Checkpoint
from models.ledger.tiles import TileReader
from models.settings import Settings


@dataclass(frozen=True, slots=True)
class ChainStatus:
    """How the ledger stands to its chain.

    Attributes:
        backend: ``ledger_chain`` of the settings.
        head: the log's head.
        contract: what the contract says; None where it was not asked or did not answer.
        standing: how the two heads compare; None where they cannot be compared.
        pending: the transaction under way.
        receipts: the newest receipt, and how many there are.
        trouble: what is wrong, as a sentence; "" where nothing is.
        advice: what to do; "" where there is nothing to do.
    """

    backend: str
    head: Checkpoint
    contract: ContractState | None
    standing: Standing | None
    pending: Pending | None
    newest_receipt: Receipt | None
    receipts: int
    trouble: str
    advice: str


def read_status(settings: Settings, ledger: UsageLedger, chain: EvmChain) -> ChainStatus:
    """Compare the log with the chain. What is wrong is part of the answer.

    Raises:
        LedgerError: the ledger's own files cannot be read.
    """
    head = ledger.head()
    pending = ChainJournal(ledger.private_folder).load()
    receipts = list(AnchorFiles(ledger.public_folder).receipts())
    contract: ContractState | None = None
    standing: Standing | None = None
    trouble = advice = ""
    if settings.ledger_chain != "files":
        try:
            contract = _ask(settings, chain)
            reader = TileReader(ledger.public_folder, head.size)
            standing = compare_heads(head, contract.size, contract.root, reader.root)
        except KiyomeError as error:
            trouble, advice = error.problem, error.remedy
    newest = receipts[-1] if receipts else None
    if not trouble:
        advice = advise(settings.ledger_chain, contract, standing, pending, newest)
    return ChainStatus(
        settings.ledger_chain,
        head,
        contract,
        standing,
        pending,
        newest,
        len(receipts),
        trouble,
        advice,
    )


def advise(
    backend: str,
    contract: ContractState | None,
    standing: Standing | None,
    pending: Pending | None,
    newest: Receipt | None,
) -> str:
    """What to do about a state without trouble; "" where there is nothing to do."""
    if backend == "files":
        return "" if pending is None else "Set ledger_chain again: a transaction is under way."
    if pending is not None and pending.purpose == "deploy":
        return "Run `kiyome ledger deploy`: a contract is being made."
    if pending is not None and pending.state is State.MINED:
        return "Run `kiyome ledger anchor` later: it writes the receipt once the block is final."
    if pending is not None:
        return "Run `kiyome ledger anchor`: it looks the transaction up and sends it again."
    if contract is not None and contract.paused:
        return "Run `kiyome ledger unpause` to let heads in again."
    if standing is Standing.NEWER:
        return "Run `kiyome ledger anchor`; the next run does it too."
    if standing is Standing.ANCHORED and contract and (not newest or newest.size != contract.size):
        return "Run `kiyome ledger anchor`: it finds the anchored head and writes its receipt."
    return ""


def _ask(settings: Settings, chain: EvmChain) -> ContractState:
    check_chain_id(chain, settings.ledger_chain_id)
    if not settings.ledger_contract:
        raise KiyomeError(
            "No contract is named that heads could be anchored on.",
            "Make one with `kiyome ledger deploy`, and set ledger_contract in kiyome.toml.",
        )
    return read_contract(chain, settings.ledger_contract.lower())
