"""From an event on the chain to a receipt in the public folder, also where the receipt was lost."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from models.errors import LedgerError
from models.ledger.chain.contract import ANCHORED_TOPIC, AnchoredEvent, read_anchored
from models.ledger.chain.errors import ChainAwayError
from models.ledger.chain.evm import EvmChain, Log, Mined
from models.ledger.chain.heads import ContractState
from models.ledger.chain.journal import Pending
from models.ledger.chain.receipts import AnchorFiles, Receipt

_MOST_QUESTIONS = 200


def publish_receipt(chain: EvmChain, files: AnchorFiles, pending: Pending) -> Path:
    """Write the receipt of a head whose transaction is final.

    Raises:
        LedgerError: the contract did not say that it took this head.
        ChainAwayError: the node does not show the transaction.
    """
    place = chain.mined(pending.tx_hash)
    if place is None:
        raise ChainAwayError(
            f"The node at {chain.name} does not show the transaction {pending.tx_hash}, although "
            "it was final.",
            "Nothing is lost: try again when the node is in step with its chain.",
        )
    detail = pending.detail
    for log in place.logs:
        event = _read_event(log, pending.to)
        if event and _names(event, detail["size"], detail["root"], detail["manifest"]):
            return files.write_receipt(_make_receipt(event, log, place, pending.chain_id))
    raise LedgerError(
        f"The transaction {pending.tx_hash} was mined, and {pending.to} says nothing of this "
        "head: it is not the ledger's contract.",
        "Correct ledger_contract in kiyome.toml.",
    )


def recover_receipt(
    chain: EvmChain,
    files: AnchorFiles,
    contract: str,
    state: ContractState,
    chain_id: int,
    confirmations: int,
    remade: bytes,
) -> bool | None:
    """Write the receipt of the head on the chain again, from its event.

    Args:
        contract: the contract's address.
        state: what it says.
        confirmations: see ``EvmChain.final_height``.
        remade: the manifest as it would be written now. It is published with the receipt where the
            log has none (a backup from before it was anchored) and it is the one on the chain.

    Returns:
        True where it was written; None where the head is not final yet, or the node finds no event
        of it; False where the manifest on the chain is another.

    Raises:
        ChainAwayError: no answer.
    """
    topics = [ANCHORED_TOPIC, state.sequence.to_bytes(32, "big")]
    entry = _find_entry(chain, contract, topics, chain.final_height(confirmations))
    place = chain.mined(str(entry.get("transactionHash"))) if entry else None
    if place is None:
        return None
    published = files.read_manifest(state.size)
    manifest = remade if published is None else published
    digest = hashlib.sha256(manifest).hexdigest()
    for log in place.logs:
        event = _read_event(log, contract)
        if event and _names(event, state.size, state.root.hex(), digest):
            if published is None:
                files.write_manifest(state.size, manifest)
            files.write_receipt(_make_receipt(event, log, place, chain_id))
            return True
    return False


def _find_entry(
    chain: EvmChain, contract: str, topics: list[bytes], last: int
) -> dict[str, Any] | None:
    """The newest event with these topics up to block ``last``.

    Nodes cap the range in many ways and words: it is halved until they answer.
    """
    asked: list[Any] = ["0x" + topic.hex() for topic in topics]
    width, end = last + 1, last
    for _ in range(_MOST_QUESTIONS):
        if end < 0:
            break
        first = max(0, end - width + 1)
        try:
            found = chain.logs(contract, asked, first, end)
        except ChainAwayError:
            if width == 1:
                raise
            width = -(-width // 2)
            continue
        if found:
            return found[-1]
        end = first - 1
    return None


def _read_event(log: Log, contract: str) -> AnchoredEvent | None:
    return read_anchored(log.topics, log.data) if log.address == contract else None


def _names(event: AnchoredEvent, size: int, root: str, manifest: str) -> bool:
    return (event.size, event.root.hex(), event.manifest.hex()) == (size, root, manifest)


def _make_receipt(event: AnchoredEvent, log: Log, place: Mined, chain_id: int) -> Receipt:
    return Receipt(
        size=event.size,
        root=event.root.hex(),
        manifest=event.manifest.hex(),
        sequence=event.sequence,
        chain_id=chain_id,
        contract=log.address,
        tx_hash=place.tx_hash,
        block_hash=place.block_hash,
        block_number=place.block_number,
        log_index=log.index,
    )
