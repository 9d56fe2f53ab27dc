"""Commits (ERC-7053): what was said of asset CIDs in a registry where anyone may speak."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from models.consent.chain.abi import AbiError, keccak, read_bytes, topic
from models.consent.chain.commit_authority import (
    NOBODY,
    Authorities,
    observe_asset,
    observe_commit,
    recorder_of,
    source_of,
)
from models.consent.chain.commit_data import (
    CommitData,
    read_commit_data,
    read_preference,
)
from models.consent.chain.control import Question, find_control
from models.consent.chain.locating import cut_short
from models.consent.chain.logs import Log, LogCursor, read_logs
from models.consent.chain.rpc import Block, BlockView
from models.consent.chain.sources import (
    BlockChangedError,
    ChainError,
    CommitRegistry,
    Resolve,
)
from models.consent.evidence.observation import Observation
from models.consent.ipfs.cid import Cid, CidError, parse_cid
from models.consent.reading_json import printable
from models.consent.statements import Condition, Statement
from models.errors import KiyomeError
from models.fetching.fetched import Fetched

COMMIT = "Commit(address,string,string)"
_HASHES_AT_ONCE = 900
_MAX_TREES = 64  # of one asset in one page; strangers may commit as often as they like


@dataclass(frozen=True, slots=True)
class CommitPage:
    """Commits of one range of blocks.

    Attributes:
        observations: one for each commit about an asset that is known, in their order.
        cursor: where to go on.
        unmatched: commits about other assets: events tell only the hash of a CID.
        reread_from: see ``LogPage``: observations of commits from this block on are void.
        note: a sentence for a person, or "".
    """

    observations: tuple[Observation, ...]
    cursor: LogCursor
    unmatched: int = 0
    reread_from: int | None = None
    note: str = ""


def follow_commits(
    view: BlockView,
    registry: CommitRegistry,
    cursor: LogCursor | None,
    known: Iterable[str],
    resolve: Resolve,
    authorities: Authorities = NOBODY,
    *,
    slots: int = 8,
) -> Iterator[CommitPage]:
    """Every commit of a registry since the cursor, as far as it is about one of the known CIDs.

    A CID that becomes known later has to be asked for with ``read_commits`` once.

    Args:
        view: the registry's chain at one block.
        cursor: where the last look ended; None to begin.
        known: CIDs in any spelling.
        resolve: fetches asset trees.
        authorities: who may grant.
        slots: fetches at the same time.

    Raises:
        BlockChangedError: the chain was reorganised meanwhile.
        ChainError: the node does not give the events.
    """
    _demand_chain(view, registry)
    begin = cursor or LogCursor(registry.chain, registry.address, registry.from_block)
    if begin.contract.lower() != registry.address:
        raise ChainError(
            f"The cursor is that of {begin.contract}, not of {registry.address}.",
            "Begin anew without a cursor.",
        )
    assets = _by_topic(_parse_all(known))
    for page in read_logs(view, begin, [topic(COMMIT)], registry.from_block):
        matched = _match(page.logs, assets)
        observations = _observe_all(view, registry, matched, resolve, authorities, slots)
        yield CommitPage(
            observations,
            page.cursor,
            len(page.logs) - len(matched),
            page.reread_from,
            page.note,
        )


def read_commits(
    view: BlockView,
    registry: CommitRegistry,
    cids: Iterable[str],
    resolve: Resolve,
    authorities: Authorities = NOBODY,
    *,
    slots: int = 8,
) -> Iterator[Observation]:
    """All commits about given CIDs, under every spelling of each.

    Yields one observation for each commit, and one for each CID, whose outcome says whether there
    are any: where the events cannot be read, that is what it says of the CID.

    See ``follow_commits`` for arguments.

    Raises:
        BlockChangedError: the chain was reorganised meanwhile.
        ChainError: the registry is on another chain.
    """
    _demand_chain(view, registry)
    wanted = _parse_all(cids)
    per_question = max(1, _HASHES_AT_ONCE // 6)
    for start in range(0, len(wanted), per_question):
        part = wanted[start : start + per_question]
        assets = _by_topic(part)
        begin = LogCursor(registry.chain, registry.address, registry.from_block)
        topics = [topic(COMMIT), None, sorted(assets)]
        found: list[Observation] = []
        heard: set[Cid] = set()
        try:
            for page in read_logs(view, begin, topics, registry.from_block):
                matched = _match(page.logs, assets)
                heard.update(cid for _, cid in matched)
                found += _observe_all(view, registry, matched, resolve, authorities, slots)
        except BlockChangedError:
            raise
        except ChainError as error:
            yield from found
            yield from (observe_asset(view, registry, cid, error.problem) for cid in part)
            continue
        yield from found
        for cid in part:
            yield observe_asset(view, registry, cid, None, is_heard=cid in heard)


def _demand_chain(view: BlockView, registry: CommitRegistry) -> None:
    if registry.chain != view.chain:
        raise ChainError(
            f"{registry.address} is on {registry.chain}, not on {view.chain}.",
            "Read it through a reader of its own chain.",
        )


def _parse_all(texts: Iterable[str]) -> list[Cid]:
    found: dict[Cid, None] = {}
    for text in texts:
        try:
            found.setdefault(parse_cid(text.strip()))
        except CidError as error:
            raise ChainError(
                f"{printable(text)!r} is not a CID: {error}.", "Correct or leave it out."
            ) from error
    return list(found)


def _by_topic(cids: Iterable[Cid]) -> dict[str, Cid]:
    """Each CID under the hash of each of its spellings: that is all an event tells."""
    return {"0x" + keccak(text.encode()).hex(): cid for cid in cids for text in cid.spellings}


def _match(logs: Iterable[Log], assets: Mapping[str, Cid]) -> list[tuple[Log, Cid]]:
    sound = (log for log in logs if len(log.topics) == 3)
    return [(log, assets[log.topics[2]]) for log in sound if log.topics[2] in assets]


def _observe_all(
    view: BlockView,
    registry: CommitRegistry,
    matched: Sequence[tuple[Log, Cid]],
    resolve: Resolve,
    authorities: Authorities,
    slots: int,
) -> tuple[Observation, ...]:
    if not matched:
        return ()
    blocks = _blocks_of(view, [log for log, _ in matched])
    data = [_read_data(registry, log, cid) for log, cid in matched]
    trees = _fetch_trees([cid for _, cid in matched], data, resolve, slots)
    questions: set[Question] = {
        (recorder_of(log), token)
        for log, cid in matched
        for token in authorities.tokens.get(cid.canonical, ())
        if token.chain == registry.chain
    }
    control = find_control(view, questions, authorities.creators)
    view.check()
    return tuple(
        observe_commit(
            view, registry, log, cid, blocks[log.block], commit, tree, authorities, control
        )
        for (log, cid), commit, tree in zip(matched, data, trees, strict=True)
    )


def _blocks_of(view: BlockView, logs: Sequence[Log]) -> dict[int, Block]:
    numbers = sorted({log.block for log in logs})
    found = dict(zip(numbers, view.blocks(numbers), strict=True))
    blocks = {number: block for number, block in found.items() if block is not None}
    for log in logs:
        block = blocks.get(log.block)
        if block is None:
            raise ChainError(
                f"The node at {view.node.name} does not show block {log.block} of {view.chain}.",
                "Read again.",
            )
        if block.hash != log.block_hash:
            raise BlockChangedError(
                f"Block {log.block} of {view.chain} was replaced while it was read.", "Read again."
            )
    return blocks


def _read_data(registry: CommitRegistry, log: Log, cid: Cid) -> CommitData:
    source = source_of(registry, log)
    try:
        return read_commit_data(read_bytes(log.data), source, cid)
    except AbiError as error:
        salvaged = read_preference(log.data, source, required=True) or Statement("", source)
        note = f"the commit cannot be decoded: {error}"
        return CommitData(
            replace(salvaged, condition=Condition.MALFORMED, notes=(note, *salvaged.notes))
        )


def _fetch_trees(
    cids: Sequence[Cid], data: Sequence[CommitData], resolve: Resolve, slots: int
) -> list[Fetched | str | None]:
    """The file that each commit names: fetched, a sentence why not, or None where it names none.

    Of one asset the latest commits are read first, and only so many: the rest are reported.
    """

    def fetch(address: str) -> Fetched | str:
        try:
            return cut_short(resolve(address))
        except KiyomeError as error:
            return error.problem

    left: dict[Cid, int] = {}
    chosen: set[int] = set()
    for i in reversed(range(len(data))):
        if data[i].tree and left.setdefault(cids[i], _MAX_TREES) > 0:
            left[cids[i]] -= 1
            chosen.add(i)
    addresses = sorted({data[i].tree for i in chosen})
    with ThreadPoolExecutor(max(1, slots), thread_name_prefix="trees") as pool:
        fetched = dict(zip(addresses, pool.map(fetch, addresses), strict=True))
    too_many = f"more than {_MAX_TREES} commits about this asset name a file: this one is not read"
    return [
        None if not commit.tree else fetched[commit.tree] if i in chosen else too_many
        for i, commit in enumerate(data)
    ]
