"""Which standard a collection follows, and which tokens it has."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models.consent.chain.abi import AbiError, encode_call, read_bool, read_uint, read_uints, topic
from models.consent.chain.answers import CallOutcome, Failed, Returned
from models.consent.chain.logs import Log, LogCursor, read_logs
from models.consent.chain.rpc import BlockView, Call
from models.consent.chain.sources import ChainError, Collection

TRANSFER = "Transfer(address,address,uint256)"
TRANSFER_SINGLE = "TransferSingle(address,address,address,uint256,uint256)"
TRANSFER_BATCH = "TransferBatch(address,address,address,uint256[],uint256[])"
URI = "URI(string,uint256)"
CONSECUTIVE = "ConsecutiveTransfer(uint256,uint256,address,address)"  # ERC-2309
_ERC721_EVENTS = (TRANSFER, CONSECUTIVE)
_ERC1155_EVENTS = (TRANSFER_SINGLE, TRANSFER_BATCH, URI)

MAX_TOKENS = 5_000_000
_SLICE = 1_000
_ERC165, _NOTHING = "01ffc9a7", "ffffffff"
_ERC721, _ERC721_METADATA, _ERC721_ENUMERABLE = "80ac58cd", "5b5e139f", "780e9d63"
_ERC1155 = "d9b67a26"


@dataclass(frozen=True, slots=True)
class Abilities:
    """What a contract says it can do.

    Attributes:
        standard: ``"erc721"``, ``"erc1155"``, or "" where that cannot be told.
        enumerable: it lists its own tokens (ERC721Enumerable).
        metadata: whether its tokens have a ``tokenURI``; None where it does not say.
        note: where it differs from what the operator said.
    """

    standard: str
    enumerable: bool = False
    metadata: bool | None = None
    note: str = ""


def find_abilities(view: BlockView, collection: Collection) -> Abilities:
    """Ask the contract what it is (ERC-165), and try where it does not say.

    Raises:
        ChainError: the node does not answer.
    """
    interfaces = (_ERC165, _NOTHING, _ERC721, _ERC1155, _ERC721_METADATA, _ERC721_ENUMERABLE)
    outcomes = view.call(
        [
            Call(
                collection.address,
                encode_call("supportsInterface(bytes4)", bytes.fromhex(interface)),
            )
            for interface in interfaces
        ]
    )
    for outcome in outcomes:
        _demand(outcome, view, collection)
    says = [_is_true(outcome) for outcome in outcomes]
    speaks = says[0] and not says[1]
    found = ""
    if speaks and (says[2] or says[3]):
        found = "erc721" if says[2] else "erc1155"
        if says[2] and says[3] and collection.standard != "auto":
            found = collection.standard
    declared = "" if collection.standard == "auto" else collection.standard
    if not found:
        return Abilities(declared or _probe(view, collection))
    note = ""
    if declared and declared != found:
        note = f"the contract says that it follows {found}, not {declared}: read as {found}"
    return Abilities(found, says[5], says[4] if found == "erc721" else None, note)


def list_tokens(view: BlockView, collection: Collection, abilities: Abilities) -> Iterator[int]:
    """The ids of the collection's tokens, each once: those named, else all that ever were.

    Raises:
        ChainError: they cannot be listed in full.
    """
    if collection.tokens:
        yield from dict.fromkeys(collection.tokens)
        return
    if abilities.enumerable:
        listed = _list_by_index(view, collection)
        if listed is not None:
            yield from listed
            return
    seen: set[int] = set()
    signatures = _ERC721_EVENTS if abilities.standard == "erc721" else _ERC1155_EVENTS
    cursor = LogCursor(collection.chain, collection.address, collection.from_block)
    for page in read_logs(view, cursor, [[topic(s) for s in signatures]], collection.from_block):
        for log in page.logs:
            for token in tokens_in(log):
                if token not in seen:
                    seen.add(token)
                    _demand_few(len(seen), collection)
                    yield token


def tokens_in(log: Log) -> Sequence[int]:
    """The tokens that a transfer or a new URI is about; none where the event is another's."""
    try:
        if log.topics[:1] == (topic(TRANSFER),):
            # Contracts older than ERC-721's final text index less, and keep the id in the data.
            return (int(log.topics[3], 16),) if len(log.topics) == 4 else (_last_word(log.data),)
        if log.topics[:1] == (topic(TRANSFER_SINGLE),):
            return (read_uint(log.data),)
        if log.topics[:1] == (topic(TRANSFER_BATCH),):
            return read_uints(log.data)
        if log.topics[:1] == (topic(CONSECUTIVE),) and len(log.topics) > 1:
            first, last = int(log.topics[1], 16), read_uint(log.data)
            return range(first, min(last, first + MAX_TOKENS) + 1)
        if log.topics[:1] == (topic(URI),) and len(log.topics) == 2:
            return (int(log.topics[1], 16),)
    except AbiError:
        pass
    return ()


def _last_word(data: bytes) -> int:
    return read_uint(data, len(data) // 32 - 1) if len(data) in (32, 96) else read_uint(b"")


def _list_by_index(view: BlockView, collection: Collection) -> list[int] | None:
    """The ids as ERC721Enumerable gives them; None where it does not give all of them."""
    total = _number(view.call_one(collection.address, encode_call("totalSupply()")))
    if total is None:
        return None
    _demand_few(total, collection)
    found: list[int] = []
    for start in range(0, total, _SLICE):
        outcomes = view.call(
            [
                Call(collection.address, encode_call("tokenByIndex(uint256)", index))
                for index in range(start, min(start + _SLICE, total))
            ]
        )
        tokens = [_number(outcome) for outcome in outcomes]
        if None in tokens:
            return None
        found.extend(token for token in tokens if token is not None)
    return list(dict.fromkeys(found))


def _probe(view: BlockView, collection: Collection) -> str:
    """The standard of a contract that does not speak ERC-165, from what it answers to."""
    tokens = (*collection.tokens[:2], 0, 1)
    for signature, standard in (("tokenURI(uint256)", "erc721"), ("uri(uint256)", "erc1155")):
        calls = [Call(collection.address, encode_call(signature, token)) for token in tokens]
        for outcome in view.call(calls):
            _demand(outcome, view, collection)
            if isinstance(outcome, Returned) and len(outcome.data) >= 64:
                return standard
    cursor = LogCursor(collection.chain, collection.address, collection.from_block)
    signatures = [*_ERC721_EVENTS, *_ERC1155_EVENTS]
    for page in read_logs(view, cursor, [[topic(s) for s in signatures]], collection.from_block):
        for log in page.logs:
            of_erc721 = log.topics[0] in {topic(signature) for signature in _ERC721_EVENTS}
            return "erc721" if of_erc721 else "erc1155"
    return ""


def _demand(outcome: CallOutcome, view: BlockView, collection: Collection) -> None:
    # A contract from before ERC-165 may burn all gas when it is asked what it does not know.
    if isinstance(outcome, Failed) and "gas" not in outcome.detail:
        raise ChainError(
            f"{collection.address} on {view.chain} cannot be asked what it is: {outcome.detail}.",
            "Read again, or give another node.",
        )


def _demand_few(count: int, collection: Collection) -> None:
    if count > MAX_TOKENS:
        raise ChainError(
            f"{collection.address} says that it has more than {MAX_TOKENS:,} tokens.",
            "Name the tokens that matter in the collection's entry.",
        )


def _is_true(outcome: CallOutcome) -> bool:
    try:
        return isinstance(outcome, Returned) and read_bool(outcome.data)
    except AbiError:
        return False


def _number(outcome: CallOutcome) -> int | None:
    try:
        return read_uint(outcome.data) if isinstance(outcome, Returned) else None
    except AbiError:
        return None
