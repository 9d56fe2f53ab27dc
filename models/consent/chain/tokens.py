"""Reading a collection: every token's metadata, and the collection's default, at one block."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

from models.canonical import digest_bytes
from models.consent.chain.abi import AbiError, encode_call, read_bytes
from models.consent.chain.answers import Failed, Returned, Reverted
from models.consent.chain.enumeration import Abilities, find_abilities, list_tokens
from models.consent.chain.locating import Found, ask_addresses, fetch_found, read_address_text
from models.consent.chain.metadata import (
    DEFAULT_CARRIER,
    Reading,
    apply_default,
    default_source,
    read_default,
    read_metadata,
    token_setter,
    unsound_statement,
)
from models.consent.chain.readings import ImageNames, TokenReading, add_image_names
from models.consent.chain.rpc import BlockView
from models.consent.chain.sources import ChainError, Collection, Resolve, TokenRef
from models.consent.eip7517 import parse_token_json
from models.consent.evidence.observation import Observation, Outcome, Said
from models.consent.purposes import Preference
from models.consent.reading_json import printable
from models.consent.statements import Condition, Statement
from models.consent.subjects import Subject, SubjectKind

_CHUNK = 200


def read_collection(
    view: BlockView,
    collection: Collection,
    resolve: Resolve,
    *,
    slots: int = 16,
    with_images: bool = False,
    named: ImageNames | None = None,
) -> Iterator[TokenReading]:
    """Read the collection's default first, and then each token.

    Args:
        view: the chain at one block.
        collection: which tokens.
        resolve: fetches an address; called from ``slots`` threads.
        slots: fetches at the same time.
        with_images: fetch the images that lie below a folder in IPFS, for tokens that say
            something: nothing else tells which bytes these are.
        named: images that need not be fetched, because they were before; it is added to.

    Raises:
        BlockChangedError: the block was replaced; what was yielded so far still holds.
        ChainError: the node fails as a whole, or the tokens cannot be listed.
    """
    if collection.chain != view.chain:
        raise ChainError(
            f"{collection.address} is on {collection.chain}, not on {view.chain}.",
            "Read it through a reader of its own chain.",
        )
    if view.has_code(collection.address) is False:
        yield from _report_missing(view, collection)
        return
    abilities = find_abilities(view, collection)
    default = _look_at_default(view, collection, resolve)
    if abilities.note:
        note = "; ".join(n for n in (default.observation.note, abilities.note) if n)
        default = replace(default, observation=replace(default.observation, note=note))
    yield default
    if not abilities.standard:
        yield from _report_unknown(view, collection)
        return
    tokens = list_tokens(view, collection, abilities)
    yield from read_tokens(
        view,
        collection,
        abilities,
        tokens,
        default.observation,
        resolve,
        slots=slots,
        with_images=with_images,
        named=named,
    )


def read_tokens(
    view: BlockView,
    collection: Collection,
    abilities: Abilities,
    tokens: Iterable[int],
    default: Observation,
    resolve: Resolve,
    *,
    slots: int = 16,
    with_images: bool = False,
    named: ImageNames | None = None,
) -> Iterator[TokenReading]:
    """Read some tokens of a collection whose default is known.

    Args:
        default: as ``read_collection`` yields it first.

    See ``read_collection`` for the rest.
    """
    standing = next((said.statement for said in default.said), None)
    names: ImageNames = {} if named is None else named
    with (
        ThreadPoolExecutor(max(1, slots), thread_name_prefix="metadata") as pool,
        ThreadPoolExecutor(1, thread_name_prefix="uris") as ahead,
    ):
        refs = (TokenRef(view.chain, abilities.standard, collection.address, t) for t in tokens)
        waiting: Future[list[Found | str]] | None = None
        chunk: list[TokenRef] = []
        while True:
            following = list(itertools.islice(refs, _CHUNK))
            asked = ahead.submit(ask_addresses, view, abilities, following) if following else None
            if waiting is not None:
                found = _finish(view, collection, chunk, waiting, standing, resolve, pool)
                if with_images:
                    found = add_image_names(found, resolve, pool, collection, names)
                view.check()
                yield from found
            if asked is None:
                return
            chunk, waiting = following, asked


def _finish(
    view: BlockView,
    collection: Collection,
    chunk: Sequence[TokenRef],
    waiting: Future[list[Found | str]],
    default: Statement | None,
    resolve: Resolve,
    pool: ThreadPoolExecutor,
) -> list[TokenReading]:
    uris = waiting.result()
    addresses = {
        uri: pool.submit(fetch_found, uri, resolve) for uri in uris if isinstance(uri, str)
    }
    readings: list[TokenReading] = []
    for token, uri in zip(chunk, uris, strict=True):
        found = addresses[uri].result() if isinstance(uri, str) else uri
        readings.append(_observe(view, collection, token, found, default))
    return readings


def _look_at_default(view: BlockView, collection: Collection, resolve: Resolve) -> TokenReading:
    """The default of a collection. Its one statement applies to tokens, and stands for itself."""
    outcome = view.call_one(collection.address, encode_call("contractURI()"))
    source = default_source(collection)
    subject = Subject(SubjectKind.TOKEN, source)
    found: Found | str
    if isinstance(outcome, Reverted) or (isinstance(outcome, Returned) and len(outcome.data) < 64):
        found = Found(outcome=Outcome.ABSENT, note="the contract has no contractURI (ERC-7572)")
    elif isinstance(outcome, Failed):
        found = Found(outcome=Outcome.UNDETERMINED, note=outcome.detail)
    else:
        try:
            found = read_address_text(read_bytes(outcome.data))
        except AbiError as error:
            note = f"the contract's answer: {error}"
            found = Found(condition=Condition.MALFORMED, note=note, text=outcome.data)
    if isinstance(found, str):
        found = fetch_found(found, resolve)
    reading = _read_found(view, found, DEFAULT_CARRIER, source, collection.address)
    if found.fetched is not None:
        reading = read_default(found.fetched, view, collection)
    statement = reading.statement
    said = () if statement is None else (Said(subject, statement),)
    observation = _observation(view, source, DEFAULT_CARRIER, found, said)
    return TokenReading(observation)


def _observe(
    view: BlockView,
    collection: Collection,
    token: TokenRef,
    found: Found,
    default: Statement | None,
) -> TokenReading:
    if found.fetched is not None:
        reading = read_metadata(found.fetched, view, collection, token)
    else:
        reading = _read_found(view, found, token.standard, str(token), token_setter(token))
    if found.outcome is Outcome.ABSENT:
        default = None
    subjects = (token.subject, *reading.images)
    said = tuple(
        Said(subject, statement)
        for statement in apply_default(reading, default)
        for subject in subjects
    )
    observation = _observation(view, str(token), token.standard, found, said)
    claims: tuple[str, ...] = ()
    if reading.authentic and collection.recognised:
        claims = tuple(s.value for s in reading.images if s.kind is SubjectKind.CID)
    return TokenReading(observation, token, reading.images, claims, reading.authentic)


def _read_found(view: BlockView, found: Found, carrier: str, source: str, setter: str) -> Reading:
    """The reading of what could not be fetched: a statement that says so, or nothing."""
    if found.outcome is Outcome.UNDETERMINED:
        condition = Condition.UNDETERMINED
    elif found.condition is not Condition.SOUND:
        condition = found.condition
    else:
        return Reading(None)
    statement = unsound_statement(view, carrier, source, setter, condition, found.note)
    if found.text:
        salvaged = parse_token_json(found.text, source)
        if salvaged is not None:
            statement = replace(
                statement,
                preferences={
                    p: v for p, v in salvaged.preferences.items() if v is Preference.NOT_ALLOWED
                },
                evidence_sha256=digest_bytes(found.text),
                notes=(*statement.notes, *salvaged.notes),
            )
    return Reading(statement)


def _observation(
    view: BlockView, source: str, carrier: str, found: Found, said: tuple[Said, ...]
) -> Observation:
    notes = [found.note, view.note]
    if found.outcome is Outcome.READ and not said and not found.note:
        notes.insert(0, "its metadata says nothing about mining")
    return Observation(
        source=source,
        carrier=carrier,
        outcome=found.outcome,
        observed_at=view.block.timestamp,
        said=said,
        anchor=view.anchor,
        body=found.fetched.body if found.fetched else found.text,
        note=printable("; ".join(note for note in notes if note)),
    )


def _report_missing(view: BlockView, collection: Collection) -> Iterator[TokenReading]:
    note = f"there is no contract at {collection.address} on {view.chain} at this block"
    yield from _report_all(view, collection, note)


def _report_unknown(view: BlockView, collection: Collection) -> Iterator[TokenReading]:
    note = "the contract follows neither ERC-721 nor ERC-1155, as far as can be told"
    yield from _report_all(view, collection, note)


def _report_all(view: BlockView, collection: Collection, note: str) -> Iterator[TokenReading]:
    """Say of the collection, and of every token that was named, that it cannot be read."""
    found = Found(outcome=Outcome.UNDETERMINED, note=note)
    source = f"{collection.chain}/contract:{collection.address}"
    yield TokenReading(_observation(view, source, "erc721", found, ()))
    standard = "erc1155" if collection.standard == "erc1155" else "erc721"
    for number in collection.tokens:
        token = TokenRef(view.chain, standard, collection.address, number)
        yield _observe(view, collection, token, found, None)
