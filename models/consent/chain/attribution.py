"""The creator of a contract, as ERC-7015 names one, with the signature that proves it."""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

from models.consent.chain.abi import (
    AbiError,
    encode_word,
    keccak,
    read_address,
    read_bytes,
    topic,
)
from models.consent.chain.answers import Failed, Returned
from models.consent.chain.logs import Log, LogCursor, read_logs
from models.consent.chain.rpc import BlockView
from models.consent.chain.sources import Collection, chain_number
from models.consent.signed.erc1271 import encode_question
from models.consent.signed.recovery import SignatureError, recover_address

ATTRIBUTION = "CreatorAttribution(bytes32,string,string,address,bytes)"
_DOMAIN = b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"
_ACCEPTED = bytes.fromhex("1626ba7e").ljust(32, b"\0")
_FIRST_CONTRACT = 0x10000  # precompiled contracts below would answer with the question
_MAX_EVENTS = 100_000
_MAX_UNPROVEN = 100


@dataclass(frozen=True, slots=True)
class Attribution:
    """Who created a contract.

    Attributes:
        creator: address in lower case; "" where nobody is proven to have.
        note: why not, where somebody is named; or "".
    """

    creator: str = ""
    note: str = ""


def read_creator(view: BlockView, collection: Collection) -> Attribution:
    """The one creator whom the contract's events name with a signature that holds.

    The event does not say of which token it speaks. Where a contract names several creators,
    nobody is taken for the creator of all its tokens.

    Raises:
        ChainError: the node does not give the events.
    """
    cursor = LogCursor(collection.chain, collection.address, collection.from_block)
    creators: set[str] = set()
    notes: list[str] = []
    seen = 0
    for page in read_logs(view, cursor, [topic(ATTRIBUTION)], collection.from_block):
        for log in page.logs:
            seen += 1
            if seen > _MAX_EVENTS:
                return Attribution(note="the contract names too many creators (ERC-7015)")
            creator, note = _check(view, log, creators)
            if creator:
                creators.add(creator)
            else:
                notes.append(note)
            if len(creators) > 1 or len(notes) > _MAX_UNPROVEN:
                break
    if len(creators) == 1 and not notes:
        return Attribution(creators.pop())
    if len(creators) > 1:
        return Attribution(
            note="the contract names several creators (ERC-7015), not which token is whose"
        )
    return Attribution(note=notes[0] if notes else "")


def _check(view: BlockView, log: Log, proven: Set[str]) -> tuple[str, str]:
    """The creator whom an event names, if the signature holds; else why not."""
    try:
        creator = read_address(log.data, 3)
        if creator in proven:
            return creator, ""
        digest = _digest(view, log)
        signature = read_bytes(log.data, 4)
    except AbiError as error:
        return "", f"a creator attribution cannot be read: {error}"
    if int(creator, 16) < _FIRST_CONTRACT:
        return "", "a creator attribution names an address that cannot sign"
    has_code = view.has_code(creator)
    if has_code is None:
        return "", f"it is not known whether {creator} is a contract wallet"
    if has_code:
        outcome = view.call_one(creator, encode_question(digest, signature))
        if isinstance(outcome, Failed):
            return "", f"the wallet {creator} could not be asked: {outcome.detail}"
        if isinstance(outcome, Returned) and outcome.data[:32] == _ACCEPTED:
            return creator, ""
    else:
        try:
            if recover_address(digest, signature) == creator:
                return creator, ""
        except SignatureError as error:
            return "", f"the creator attribution of {creator} does not hold: {error.problem}"
    return "", f"{creator} did not sign the creator attribution that names it"


def _digest(view: BlockView, log: Log) -> bytes:
    """What the creator signed (EIP-712), in the domain of the contract that emitted the event."""
    domain = keccak(
        keccak(_DOMAIN)
        + keccak(read_bytes(log.data, 1))
        + keccak(read_bytes(log.data, 2))
        + encode_word(chain_number(view.chain))
        + encode_word(log.address)
    )
    return keccak(b"\x19\x01" + domain + log.data[:32])
