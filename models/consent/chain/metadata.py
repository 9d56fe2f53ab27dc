"""What a token's metadata, and its collection's default, say: pure functions of the bytes."""

from __future__ import annotations

from dataclasses import dataclass, replace

from models.canonical import digest_bytes
from models.consent.chain.naming import name_images
from models.consent.chain.rpc import BlockView
from models.consent.chain.sources import Collection, TokenRef
from models.consent.eip7517 import parse_token_json
from models.consent.purposes import ALL_PURPOSES
from models.consent.reading_json import MalformedJsonError, Pairs, printable, read_json
from models.consent.statements import Condition, Statement, Trust
from models.consent.subjects import Subject
from models.fetching.fetched import Fetched

DEFAULT_CARRIER = "erc7572"
# These compare the metadata with an asset. Here there is none yet.
_COMPARED = ("names other bytes", "not comparable without its blocks")


@dataclass(frozen=True, slots=True)
class Reading:
    """What a metadata document came to.

    Attributes:
        statement: what it says; None where it says nothing about mining.
        images: the images that it names.
        authentic: nobody but the contract's owner can have written it: it was verified by its
            address, or came from the https address that the contract gives.
    """

    statement: Statement | None
    images: tuple[Subject, ...] = ()
    authentic: bool = False


def read_metadata(
    fetched: Fetched, view: BlockView, collection: Collection, token: TokenRef
) -> Reading:
    """Read a token's metadata, with ``{id}`` filled in where its standard asks for it."""
    body = fetched.body
    if token.standard == "erc1155":
        body = body.replace(b"{id}", token_word(token.token).encode())
    return _read(
        fetched,
        body,
        view,
        collection,
        token.standard,
        str(token),
        f"{token.contract}/{token.token}",
    )


def read_default(fetched: Fetched, view: BlockView, collection: Collection) -> Reading:
    """Read what ``contractURI()`` of a collection points at (ERC-7572)."""
    source = default_source(collection)
    return _read(
        fetched, fetched.body, view, collection, DEFAULT_CARRIER, source, collection.address
    )


def apply_default(token: Reading, default: Statement | None) -> tuple[Statement, ...]:
    """The statements that hold for one token: its own, and what is left of the default.

    The token's own value for a purpose takes the place of the default's. That needs a token
    statement that is sound and authentic: nothing that is forged or broken lifts a refusal.
    """
    own = token.statement
    if default is None:
        return () if own is None else (own,)
    if own is None:
        return (default,)
    complete = own.condition is Condition.SOUND and token.authentic
    complete = complete and len(own.preferences) == len(ALL_PURPOSES)
    if default.condition is Condition.UNDETERMINED and complete:
        return (own,)
    if default.condition is not Condition.SOUND or own.condition is not Condition.SOUND:
        return own, default
    if not token.authentic:
        note = "the token's metadata is not authentic: the collection's default stands beside it"
        return own, replace(default, notes=(*default.notes, note))
    left = {p: v for p, v in default.preferences.items() if p not in own.preferences}
    replaced = [
        f"{p.value} {default.preferences[p].value}"
        for p in ALL_PURPOSES
        if p in default.preferences
        and p in own.preferences
        and default.preferences[p] is not own.preferences[p]
    ]
    if replaced:
        note = printable(f"takes the place of the collection's default: {', '.join(replaced)}")
        own = replace(own, notes=(*own.notes, note))
    return (own, replace(default, preferences=left)) if left else (own,)


def unsound_statement(
    view: BlockView, carrier: str, source: str, setter: str, condition: Condition, note: str
) -> Statement:
    """A statement that says only that something could not be read."""
    return Statement(
        carrier=carrier,
        source=source,
        condition=condition,
        setter=setter,
        issued_at=view.block.timestamp,
        observed_at=view.block.timestamp,
        anchor=view.anchor,
        notes=(printable(note),),
    )


def default_source(collection: Collection) -> str:
    """How observations of a collection's default are named."""
    return f"{collection.chain}/{DEFAULT_CARRIER}:{collection.address}"


def token_setter(token: TokenRef) -> str:
    """Who speaks in a token's metadata: its contract, for this token alone.

    With the contract's address alone, what one token says could take the place of what another
    says of the same image.
    """
    return f"{token.contract}/{token.token}"


def token_word(token: int) -> str:
    """What ``{id}`` stands for (ERC-1155): 64 lower-case hex digits."""
    return f"{token:064x}"


def _read(
    fetched: Fetched,
    body: bytes,
    view: BlockView,
    collection: Collection,
    carrier: str,
    source: str,
    setter: str,
) -> Reading:
    authentic = fetched.verified or (_is_https(fetched.url) and _is_https(fetched.final_url))
    statement = parse_token_json(body, source)
    if statement is not None:
        proven = authentic and collection.recognised
        notes = [n for n in statement.notes if not any(words in n for words in _COMPARED)]
        if not collection.recognised:
            notes.append("nobody recognises this contract as the rights holder's: it cannot grant")
        elif not authentic:
            notes.append("the metadata is not authentic: it cannot grant")
        statement = replace(
            statement,
            carrier=carrier,
            setter=setter,
            trust=Trust(integrity=fetched.verified, signer=proven, control=proven),
            issued_at=view.block.timestamp,
            observed_at=view.block.timestamp,
            anchor=view.anchor,
            evidence_sha256=digest_bytes(fetched.body),
            notes=tuple(notes),
        )
    return Reading(statement, _images_in(body), authentic)


def _images_in(body: bytes) -> tuple[Subject, ...]:
    try:
        document = read_json(body)
    except MalformedJsonError:
        return ()
    return name_images(document) if isinstance(document, Pairs) else ()


def _is_https(url: str) -> bool:
    return url[:8].lower() == "https://"
