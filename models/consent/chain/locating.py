"""Where contracts say that metadata lie, and fetching them: found, absent, or not to be had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from models.consent.chain.abi import AbiError, encode_call, read_bool, read_bytes
from models.consent.chain.answers import CallOutcome, Failed, Returned, Reverted
from models.consent.chain.enumeration import Abilities
from models.consent.chain.metadata import token_word
from models.consent.chain.rpc import BlockView, Call
from models.consent.chain.sources import Resolve, TokenRef
from models.consent.evidence.observation import Outcome
from models.consent.reading_json import MAX_BYTES
from models.consent.statements import Condition
from models.consent.uris import find_content_address, scheme_of
from models.errors import KiyomeError
from models.fetching.fetched import Failure, Fetched, FetchError


@dataclass(frozen=True, slots=True)
class Found:
    """What a contract or an address gave."""

    fetched: Fetched | None = None
    outcome: Outcome = Outcome.READ
    condition: Condition = Condition.SOUND
    note: str = ""
    text: bytes = b""  # what the contract gave where it is no address: refusals are salvaged


def ask_addresses(
    view: BlockView, abilities: Abilities, tokens: Sequence[TokenRef]
) -> list[Found | str]:
    """The address of each token's metadata, or why there is none."""
    signature = "tokenURI(uint256)" if abilities.standard == "erc721" else "uri(uint256)"
    outcomes = view.call([Call(t.contract, encode_call(signature, t.token)) for t in tokens])
    reverted = [i for i, outcome in enumerate(outcomes) if isinstance(outcome, Reverted)]
    signature = "ownerOf(uint256)" if abilities.standard == "erc721" else "exists(uint256)"
    asked = [Call(tokens[i].contract, encode_call(signature, tokens[i].token)) for i in reverted]
    exists = dict(zip(reverted, view.call(asked), strict=True))
    return [
        _judge_revert(outcome, exists[i], abilities)
        if isinstance(outcome, Reverted)
        else _read_uri(outcome, token)
        for i, (outcome, token) in enumerate(zip(outcomes, tokens, strict=True))
    ]


def _judge_revert(reverted: Reverted, exists: CallOutcome, abilities: Abilities) -> Found:
    """A token whose address is refused: there is no such token, or there is something wrong."""
    if isinstance(exists, Failed):
        return Found(
            outcome=Outcome.UNDETERMINED, note=f"it is not known whether it exists: {exists.detail}"
        )
    if isinstance(exists, Returned) and _is_something(exists.data, abilities.standard):
        if abilities.metadata is False:
            return Found(note="the contract keeps no metadata")
        return Found(
            outcome=Outcome.UNDETERMINED,
            note=f"the token exists, and the contract refuses its metadata: {reverted.reason}",
        )
    return Found(outcome=Outcome.ABSENT, note="there is no such token at this block")


def _is_something(data: bytes, standard: str) -> bool:
    if standard == "erc721":
        return any(data[:32])
    try:
        return read_bool(data)
    except AbiError:
        return False


def _read_uri(outcome: CallOutcome, token: TokenRef) -> Found | str:
    if not isinstance(outcome, Returned):
        detail = outcome.detail if isinstance(outcome, Failed) else outcome.reason
        return Found(outcome=Outcome.UNDETERMINED, note=detail)
    try:
        raw = read_bytes(outcome.data)
    except AbiError as error:
        return Found(
            condition=Condition.MALFORMED, note=f"the contract's answer: {error}", text=outcome.data
        )
    if token.standard == "erc1155":
        raw = raw.replace(b"{id}", token_word(token.token).encode())
    return read_address_text(raw)


def read_address_text(raw: bytes) -> Found | str:
    """An address to fetch, or what a contract gave in its place: nothing, or the JSON itself."""
    text = raw.decode("utf-8", "replace").strip().strip("\0")
    if not text:
        return Found(note="the contract gives no address for metadata")
    if text[0] in "{[":
        return Found(fetched=Fetched("", "", 200, (), raw.strip(b"\0 \t\r\n"), 0, verified=True))
    if scheme_of(text) or find_content_address(text) is not None:
        return text
    return Found(
        condition=Condition.MALFORMED, note=f"the metadata's address is none: {text}", text=raw
    )


def cut_short(fetched: Fetched) -> Fetched:
    """What was fetched, without what is too much to be read: longer JSON is malformed anyway."""
    if len(fetched.body) <= MAX_BYTES + 1:
        return fetched
    return replace(fetched, body=fetched.body[: MAX_BYTES + 1])


def fetch_found(uri: str, resolve: Resolve) -> Found:
    """Fetch an address; a failure is undetermined, and an address that is none is malformed."""
    try:
        return Found(fetched=cut_short(resolve(uri)))
    except FetchError as error:
        # A server that answers nonsense is out of order. An address that is none was written so.
        if error.failure is Failure.MALFORMED and scheme_of(uri) not in ("http", "https"):
            return Found(
                condition=Condition.MALFORMED,
                note=error.problem,
                text=uri.encode("utf-8", "replace"),
            )
        return Found(outcome=Outcome.UNDETERMINED, note=error.problem)
    except KiyomeError as error:
        return Found(outcome=Outcome.UNDETERMINED, note=error.problem)
