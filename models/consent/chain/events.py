"""What changed on a chain since the last look, so that only that is read again."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models.consent.chain.abi import AbiError, read_uint, topic
from models.consent.chain.attribution import ATTRIBUTION
from models.consent.chain.commits import COMMIT
from models.consent.chain.enumeration import (
    CONSECUTIVE,
    TRANSFER,
    TRANSFER_BATCH,
    TRANSFER_SINGLE,
    URI,
    tokens_in,
)
from models.consent.chain.logs import Log, LogCursor, read_logs
from models.consent.chain.rpc import BlockView

METADATA = "MetadataUpdate(uint256)"  # ERC-4906
BATCH_METADATA = "BatchMetadataUpdate(uint256,uint256)"  # ERC-4906
CONTRACT_URI = "ContractURIUpdated()"  # ERC-7572
OWNERSHIP = "OwnershipTransferred(address,address)"  # ERC-173
UPGRADED = "Upgraded(address)"  # ERC-1967: the same address answers with other code

_OF_TOKENS = (TRANSFER, CONSECUTIVE, TRANSFER_SINGLE, TRANSFER_BATCH, URI)
_OF_ALL = (CONTRACT_URI, OWNERSHIP, UPGRADED, ATTRIBUTION)
_MAX_TOKENS = 10_000  # more than these are read as the whole collection


@dataclass(frozen=True, slots=True)
class Changes:
    """What one contract's events say has changed in a range of blocks.

    Attributes:
        cursor: where to go on.
        whole: everything of the contract has to be read again.
        tokens: the tokens that have to be read again, where not everything has.
        cids: keccak256 (``0x…``) of the asset CIDs that were committed to.
        reread_from: see ``LogPage``.
    """

    cursor: LogCursor
    whole: bool = False
    tokens: frozenset[int] = frozenset()
    cids: frozenset[str] = frozenset()
    reread_from: int | None = None


def changed_since(view: BlockView, cursor: LogCursor, first: int = 0) -> Iterator[Changes]:
    """What changed at the cursor's contract, a collection or a registry, page by page.

    Changes of delegations, and of files behind mutable addresses, leave no event here.

    Args:
        view: the chain at one block.
        cursor: where the last look ended.
        first: where the contract's events begin.

    Raises:
        BlockChangedError: the chain was reorganised meanwhile.
        ChainError: the node does not give the events.
    """
    signatures = (*_OF_TOKENS, *_OF_ALL, METADATA, BATCH_METADATA, COMMIT)
    for page in read_logs(view, cursor, [[topic(signature) for signature in signatures]], first):
        tokens: set[int] = set()
        cids: set[str] = set()
        whole = page.reread_from is not None
        for log in page.logs:
            name = log.topics[0] if log.topics else ""
            if name == topic(COMMIT):
                cids.update(log.topics[2:3])
            elif name in {topic(signature) for signature in _OF_ALL}:
                whole = True
            else:
                found = _tokens_changed(log, name)
                whole = whole or found is None or len(tokens) + len(found) > _MAX_TOKENS
                tokens.update(() if whole or found is None else found)
        yield Changes(
            page.cursor,
            whole,
            frozenset() if whole else frozenset(tokens),
            frozenset(cids),
            page.reread_from,
        )


def _tokens_changed(log: Log, name: str) -> Sequence[int] | None:
    """The tokens an event is about; None where it may be all of them, or cannot be read."""
    try:
        if name == topic(METADATA):
            return (_argument(log, 0),)
        if name == topic(BATCH_METADATA):
            first, last = _argument(log, 0), _argument(log, 1)
            few = first <= last < first + _MAX_TOKENS
            return range(first, last + 1) if few else None
    except AbiError:
        return None
    return tokens_in(log) or None


def _argument(log: Log, index: int) -> int:
    """An argument of an ERC-4906 event: in the data, or in topics where it was indexed."""
    indexed = log.topics[1:]
    return int(indexed[index], 16) if index < len(indexed) else read_uint(log.data, index)
