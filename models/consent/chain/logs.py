"""Events of a contract, in ranges that the node accepts, from where the last look ended.

A range grows while the node answers and shrinks when it refuses. Nothing past the view's block is
read. A cursor remembers blocks on its way, so that a chain that changed its mind is walked back to
the last block that both histories share.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from models.consent.chain.answers import (
    Refused,
    Result,
    is_busy,
    is_too_wide,
    read_hex,
    read_quantity,
)
from models.consent.chain.rpc import BlockView
from models.consent.chain.sources import BlockChangedError, ChainError

_FIRST_RANGE = 2_000
_LARGEST_RANGE = 1_000_000
_STEADY = 8  # pages that keep a size after a larger one was refused
_REMEMBERED = 48
# Some providers cut a long answer without a word: a round number of logs is asked for again.
_SUSPICIOUS = {100, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000, 100_000}

Topics = Sequence[str | Sequence[str] | None]


@dataclass(frozen=True, slots=True)
class Log:
    """One event.

    Attributes:
        address: the contract, lower case.
        topics: ``0x`` and 64 lower-case hex digits each.
        data: its other arguments.
        block, block_hash, index: where it stands; the index counts within the block.
        transaction: hash of the transaction.
    """

    address: str
    topics: tuple[str, ...]
    data: bytes
    block: int
    block_hash: str
    index: int
    transaction: str


@dataclass(frozen=True, slots=True)
class LogCursor:
    """How far the events of one contract were read.

    Attributes:
        chain: CAIP-2.
        contract: address in lower case.
        next_block: the first block that was not read.
        block_hash: hash of the block before it; "" where nothing was read.
        remembered: number and hash of blocks before that, oldest first, thinning out to the past.
    """

    chain: str
    contract: str
    next_block: int
    block_hash: str = ""
    remembered: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class LogPage:
    """The events of one range.

    Attributes:
        logs: in the order in which they happened.
        cursor: where to go on.
        reread_from: the chain changed its mind: evidence from this block on is void and has to be
            read anew; None where it did not. Only the first page of a look can say this.
        note: a sentence for a person, or "".
    """

    logs: tuple[Log, ...]
    cursor: LogCursor
    reread_from: int | None = None
    note: str = ""


def read_logs(
    view: BlockView, cursor: LogCursor, topics: Topics, first: int = 0
) -> Iterator[LogPage]:
    """Everything from the cursor to the view's block, page by page.

    A page's cursor may be stored once its logs are: reading goes on from there. There is always
    one page at least.

    Args:
        view: the chain at one block.
        cursor: where the last look ended, or ``LogCursor(chain, contract, from_block)``.
        topics: as ``eth_getLogs`` takes them.
        first: where the contract's events begin: a reorganisation is never walked back further.

    Raises:
        BlockChangedError: the chain changed its mind while it was read.
        ChainError: the node does not give the events.
    """
    if cursor.chain != view.chain:
        raise ChainError(
            f"The cursor is one of {cursor.chain}, not of {view.chain}.",
            "Read it through a reader of its own chain.",
        )
    cursor, page = _resume(view, cursor, first)
    yield page
    size, largest, steady = _FIRST_RANGE, _LARGEST_RANGE, 0
    while cursor.next_block <= view.block.number:
        end = min(cursor.next_block + size - 1, view.block.number)
        found = _ask_range(view, cursor, topics, end)
        span = end - cursor.next_block + 1
        if isinstance(found, Refused) or (len(found) in _SUSPICIOUS and span > 1):
            if span == 1:
                raise ChainError(
                    f"The node at {view.node.name} does not give the events of block {end}: "
                    f"{found.message if isinstance(found, Refused) else ''}.",
                    "Give a node that answers eth_getLogs.",
                )
            size, steady = max(1, span // 2), _STEADY
            largest = size if isinstance(found, Refused) else largest
            continue
        cursor = _advance(view, cursor, found, end)
        yield LogPage(found, cursor)
        if steady:
            steady -= 1
            largest = _LARGEST_RANGE if not steady else largest
        size = min(size * 2, largest)
    view.check()


def _resume(view: BlockView, cursor: LogCursor, first: int) -> tuple[LogCursor, LogPage]:
    """Check that what was read is still part of the chain; walk back where it is not."""
    if not cursor.block_hash:
        return cursor, LogPage((), cursor)
    known = (*cursor.remembered, (cursor.next_block - 1, cursor.block_hash))
    if known[-1][0] > view.block.number:
        # The node may be behind, or the chain shorter than it was. Blocks it has are compared.
        reachable = [pair for pair in known if pair[0] <= view.block.number]
        changed = reachable and view.blocks([reachable[-1][0]])[0]
        if not changed or changed.hash == reachable[-1][1]:
            note = f"the node is at block {view.block.number}, before where the last look ended"
            return cursor, LogPage((), cursor, note=note)
        known = tuple(reachable)
    shared = _last_shared(view, known)
    if shared == len(known) - 1 and known[-1][0] == cursor.next_block - 1:
        return cursor, LogPage((), cursor)
    if shared < 0:
        back = LogCursor(cursor.chain, cursor.contract, min(first, cursor.next_block))
    else:
        number, digest = known[shared]
        back = replace(
            cursor, next_block=number + 1, block_hash=digest, remembered=tuple(known[:shared])
        )
    note = f"the chain was reorganised: evidence from block {back.next_block} on is read anew"
    return back, LogPage((), back, back.next_block, note)


def _last_shared(view: BlockView, known: Sequence[tuple[int, str]]) -> int:
    """The index of the newest remembered block that is still part of the chain; -1 for none."""
    gone = len(known)  # from this index on, all are replaced
    at, step = gone - 1, 1
    while at >= 0 and not _is_canonical(view, known[at]):
        gone, at, step = at, at - step, step * 2
    shared = max(at, -1)
    while gone - shared > 1:
        middle = (shared + gone) // 2
        if _is_canonical(view, known[middle]):
            shared = middle
        else:
            gone = middle
    return shared


def _is_canonical(view: BlockView, pair: tuple[int, str]) -> bool:
    block = view.blocks([pair[0]])[0]
    if block is None:
        raise ChainError(
            f"The node at {view.node.name} does not show block {pair[0]} of {view.chain}.",
            "Read again, or give a node that has the chain's history.",
        )
    return block.hash == pair[1]


def _advance(view: BlockView, cursor: LogCursor, logs: Sequence[Log], end: int) -> LogCursor:
    """The cursor after a range, whose last block has to be the one that its events name."""
    last = view.block if end == view.block.number else view.blocks([end])[0]
    if last is None:
        raise ChainError(
            f"The node at {view.node.name} does not show block {end} of {view.chain}.",
            "Read again.",
        )
    if any(log.block == end and log.block_hash != last.hash for log in logs):
        raise BlockChangedError(
            f"Block {end} of {view.chain} was replaced while it was read.", "Read again."
        )
    remembered = cursor.remembered
    if cursor.block_hash:
        remembered = _thin_out((*remembered, (cursor.next_block - 1, cursor.block_hash)))
    return replace(cursor, next_block=end + 1, block_hash=last.hash, remembered=remembered)


def _thin_out(pairs: tuple[tuple[int, str], ...]) -> tuple[tuple[int, str], ...]:
    """Keep the newest sixteen, and of the older ones every second each time there are too many."""
    if len(pairs) <= _REMEMBERED:
        return pairs
    return (*pairs[:-16:2], *pairs[-16:])


def _ask_range(
    view: BlockView, cursor: LogCursor, topics: Topics, end: int
) -> tuple[Log, ...] | Refused:
    wanted = {
        "address": cursor.contract,
        "fromBlock": hex(cursor.next_block),
        "toBlock": hex(end),
        "topics": [list(t) if isinstance(t, (list, tuple)) else t for t in topics],
    }
    answer = view.node.ask_one("eth_getLogs", wanted)
    # "Limit exceeded" may mean either. The node has waited before it gave this answer.
    if isinstance(answer, Refused) and (is_too_wide(answer) or is_busy(answer)):
        return answer
    if not isinstance(answer, Result):
        # A node that breaks down under a wide range may still answer a narrow one.
        detail = answer.message if isinstance(answer, Refused) else answer.detail
        if end > cursor.next_block and not isinstance(answer, Refused):
            return Refused(0, detail)
        raise ChainError(
            f"The node at {view.node.name} does not give events: {detail}.",
            "Give a node that answers eth_getLogs.",
        )
    logs = [_read_log(item) for item in answer.value] if isinstance(answer.value, list) else [None]
    sound = [
        log
        for log in logs
        if log is not None
        and log.address == cursor.contract.lower()
        and cursor.next_block <= log.block <= end
    ]
    if len(sound) != len(logs):
        raise ChainError(
            f"The node at {view.node.name} gives events that were not asked for.",
            "Give another node.",
        )
    return tuple(sorted(set(sound), key=lambda log: (log.block, log.index)))


def _read_log(item: Any) -> Log | None:
    if not isinstance(item, dict) or item.get("removed") is True:
        return None
    topics = item.get("topics")
    if not isinstance(topics, list) or len(topics) > 4:
        return None
    words = [read_hex(topic) for topic in topics]
    data, digest = read_hex(item.get("data")), read_hex(item.get("blockHash"))
    block, index = read_quantity(item.get("blockNumber")), read_quantity(item.get("logIndex"))
    transaction, address = read_hex(item.get("transactionHash")), read_hex(item.get("address"))
    if any(word is None or len(word) != 32 for word in words):
        return None
    if data is None or digest is None or block is None or index is None:
        return None
    if transaction is None or address is None or len(address) != 20:
        return None
    return Log(
        address="0x" + address.hex(),
        topics=tuple("0x" + word.hex() for word in words if word is not None),
        data=data,
        block=block,
        block_hash="0x" + digest.hex(),
        index=index,
        transaction="0x" + transaction.hex(),
    )
