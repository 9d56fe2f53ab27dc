"""Gathering from chains: recognised collections, tokens that sidecars name, and commits.

A collection is read whole once a day; in between, its events say which tokens to read again. A node
that does not answer changes nothing: what was read before holds until the policy calls it stale.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from models.consent.chain.attribution import read_creator
from models.consent.chain.commit_authority import Authorities
from models.consent.chain.commits import follow_commits, read_commits
from models.consent.chain.events import changed_since
from models.consent.chain.logs import LogCursor
from models.consent.chain.readings import ImageNames
from models.consent.chain.rpc import BlockView, ChainReader
from models.consent.chain.sources import (
    ChainError,
    Collection,
    CommitRegistry,
    Resolve,
    Standard,
    TokenRef,
)
from models.consent.chain.tokens import read_collection
from models.consent.evidence.observation import Observation, Outcome, Said
from models.consent.evidence.view import EvidenceView
from models.consent.gathering.signatures import observe_control, observe_wallets
from models.consent.gathering.wanted import Wanted
from models.consent.statements import Condition, Statement
from models.consent.subjects import Subject, SubjectKind
from models.consent.terms import ConsentPolicy

_DAY = 86_400
_ASKED_ONE_BY_ONE = 5_000
"""CIDs up to which a registry is asked about each; with more, all of its commits are read."""
_TOKEN = re.compile(r"(eip155:[0-9]+)/(erc721|erc1155):(0x[0-9a-f]{40})/([0-9]{1,78})")


@dataclass(frozen=True, slots=True)
class ChainBatch:
    """What one step found: observations that belong together, and cursors to move with them."""

    observations: tuple[Observation, ...]
    cursors: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    problem: str = ""


@dataclass
class _Owners:
    """Who may speak for which CID, as the collections that were read tell."""

    tokens: dict[str, list[TokenRef]] = field(default_factory=dict)
    creators: dict[str, str] = field(default_factory=dict)


def gather_chains(
    policy: ConsentPolicy,
    wanted: Wanted,
    known: EvidenceView,
    endpoints: Mapping[str, str],
    resolve: Resolve,
    cursors: Mapping[str, dict[str, Any]],
    *,
    as_of: int,
    slots: int,
    max_bytes: int,
    read_all: bool = False,
) -> Iterator[ChainBatch]:
    """Read everything on chains that may say something about the assets of a dataset.

    Args:
        policy: names the collections and registries.
        wanted: what the dataset gives reason to ask about.
        known: the evidence so far.
        endpoints: JSON-RPC endpoint by CAIP-2 chain.
        resolve: fetches metadata.
        cursors: how far the events of each contract were read, by ``cursor_name``.
        as_of: now, UTC seconds.
        slots: requests at the same time.
        max_bytes: larger images are not read.
        read_all: read everything anew, whatever the events say.

    Yields:
        Batches to record. A chain that cannot be read is a batch with a problem.
    """
    collections = [*_recognised(policy), *_mentioned(policy, wanted.subjects)]
    cids = list(wanted.values(SubjectKind.CID))
    registries = [
        CommitRegistry(r.chain, r.contract, r.from_block, r.custodians) for r in policy.registry
    ]
    chains = {c.chain for c in collections} | {r.chain for r in registries}
    if wanted.unproven:
        chains |= endpoints.keys()
    for chain in sorted(chains):
        mine = [c for c in collections if c.chain == chain]
        here = [r for r in registries if r.chain == chain]
        # Who may speak for a token is known only from a whole reading.
        whole = read_all or bool(here or wanted.signers or wanted.unproven)
        url = endpoints.get(chain)
        if url is None:
            problem = f"No endpoint is known for {chain}: give one in consent_rpc."
            yield ChainBatch(_unread(mine, known, as_of, problem), problem=problem)
            continue
        try:
            with ChainReader(chain, url, slots=slots) as reader:
                view = reader.open_view()
                owners = _Owners()
                for collection in mine:
                    yield from _gather_collection(
                        view, collection, resolve, cursors, owners, as_of, slots, whole
                    )
                for registry in here:
                    yield from _gather_commits(view, registry, cids, known, resolve, owners, slots)
                signers = {cid: set(found) for cid, found in wanted.signers.items()}
                for each, observed in observe_wallets(view, wanted.unproven, max_bytes, as_of):
                    for said in observed.said:
                        for cid in each.cids:
                            signers.setdefault(cid, set()).add(said.statement.setter)
                    yield ChainBatch((observed,))
                yield ChainBatch(
                    tuple(observe_control(view, owners.tokens, signers, owners.creators, as_of))
                )
        except ChainError as error:
            yield ChainBatch(_unread(mine, known, as_of, str(error)), problem=f"{chain}: {error}")


def cursor_name(collection: Collection) -> str:
    """The name under which it is kept how far a contract's events were read."""
    return f"events:{collection.chain}/{collection.address}"


def images_name(collection: Collection) -> str:
    """The name under which it is kept which bytes a collection's images have."""
    return f"images:{collection.chain}/{collection.address}"


def _read_names(kept: Mapping[str, Any] | None) -> ImageNames:
    return {
        address: tuple(Subject.parse(text) for text in names)
        for address, names in (kept or {}).items()
    }


def _write_names(images: ImageNames) -> dict[str, Any]:
    return {address: [str(name) for name in names] for address, names in images.items()}


def _recognised(policy: ConsentPolicy) -> list[Collection]:
    return [
        Collection(c.chain, c.contract, c.standard, c.from_block, c.holder, c.tokens)
        for c in policy.collection
    ]


def _mentioned(policy: ConsentPolicy, subjects: Iterable[Subject]) -> list[Collection]:
    """Tokens that sidecars name, of contracts that nobody recognises: they can only refuse."""
    recognised = {(c.chain, c.contract) for c in policy.collection}
    tokens: dict[tuple[str, Standard, str], list[int]] = {}
    for subject in sorted(subjects):
        match = _TOKEN.fullmatch(subject.value) if subject.kind is SubjectKind.TOKEN else None
        if match and (match[1], match[3]) not in recognised:
            standard: Standard = "erc721" if match[2] == "erc721" else "erc1155"
            tokens.setdefault((match[1], standard, match[3]), []).append(int(match[4]))
    return [
        Collection(chain, contract, standard, tokens=tuple(ids))
        for (chain, standard, contract), ids in tokens.items()
    ]


def _gather_collection(
    view: BlockView,
    collection: Collection,
    resolve: Resolve,
    cursors: Mapping[str, dict[str, Any]],
    owners: _Owners,
    as_of: int,
    slots: int,
    read_all: bool,
) -> Iterator[ChainBatch]:
    name = cursor_name(collection)
    kept = cursors.get(name)
    wanted: Collection | None = collection
    if kept is not None and not read_all and collection.recognised:
        wanted, cursor = _narrow(view, collection, kept, as_of)
    else:
        cursor = None
    if wanted is not None:
        images = _read_names(cursors.get(images_name(collection)))
        before = len(images)
        for reading in read_collection(
            view, wanted, resolve, slots=slots, with_images=collection.recognised, named=images
        ):
            yield ChainBatch((replace(reading.observation, valid_until=as_of + _DAY),))
            if reading.token is not None:
                for cid in reading.claims:
                    owners.tokens.setdefault(cid, []).append(reading.token)
        if len(images) > before:
            yield ChainBatch((), {images_name(collection): _write_names(images)})
    if collection.recognised:
        if creator := read_creator(view, collection).creator:
            owners.creators[collection.address] = creator
        whole = wanted is collection
        yield ChainBatch((), {name: _remember(view, collection, cursor, kept, as_of, whole)})


def _narrow(
    view: BlockView, collection: Collection, kept: Mapping[str, Any], as_of: int
) -> tuple[Collection | None, LogCursor | None]:
    """What of a collection has to be read again, and how far its events have been read."""
    cursor = _read_cursor(kept)
    if cursor is None or as_of - int(kept.get("read_at", 0)) >= _DAY:
        return collection, None
    tokens: set[int] = set()
    for changes in changed_since(view, cursor, collection.from_block):
        if changes.whole:
            return collection, None
        tokens |= changes.tokens
        cursor = changes.cursor
    if collection.tokens:
        tokens &= set(collection.tokens)
    return (replace(collection, tokens=tuple(sorted(tokens))) if tokens else None), cursor


def _remember(
    view: BlockView,
    collection: Collection,
    cursor: LogCursor | None,
    kept: Mapping[str, Any] | None,
    as_of: int,
    whole: bool,
) -> dict[str, Any]:
    """The cursor as it is kept: after a whole reading, at the block that was read."""
    here = cursor or LogCursor(
        collection.chain, collection.address, view.block.number + 1, view.block.hash
    )
    read_at = as_of if whole else int((kept or {}).get("read_at", as_of))
    return {**asdict(here), "read_at": read_at}


def _read_cursor(kept: Mapping[str, Any]) -> LogCursor | None:
    try:
        return LogCursor(
            kept["chain"],
            kept["contract"],
            kept["next_block"],
            kept["block_hash"],
            tuple((number, hash_) for number, hash_ in kept["remembered"]),
        )
    except (KeyError, TypeError, ValueError):
        return None


def _gather_commits(
    view: BlockView,
    registry: CommitRegistry,
    cids: list[str],
    known: EvidenceView,
    resolve: Resolve,
    owners: _Owners,
    slots: int,
) -> Iterator[ChainBatch]:
    """Every commit about the CIDs; one that the chain has dropped says nothing any more."""
    wanted = sorted({*cids, *owners.tokens})
    authorities = Authorities(owners.tokens, owners.creators)
    before = {state.source for state in known.sources(f"{registry.source}/")}
    seen: set[str] = set()
    answered: set[str] = set()
    if len(wanted) <= _ASKED_ONE_BY_ONE:
        for observation in read_commits(view, registry, wanted, resolve, authorities, slots=slots):
            seen.add(observation.source)
            cid = observation.source.removeprefix(f"{registry.source}/")
            if "/" not in cid and observation.outcome is not Outcome.UNDETERMINED:
                answered.add(cid)
            yield ChainBatch((observation,))
    else:
        for page in follow_commits(view, registry, None, wanted, resolve, authorities, slots=slots):
            seen.update(observation.source for observation in page.observations)
            yield ChainBatch(page.observations)
        answered.update(wanted)
    commit = re.compile(re.escape(registry.source) + r"/[0-9]+/[0-9]+")
    yield ChainBatch(
        tuple(
            Observation(
                source=source,
                carrier="erc7053",
                outcome=Outcome.ABSENT,
                observed_at=view.block.timestamp,
                anchor=view.anchor,
                note="the chain does not hold this commit any more",
            )
            for source in sorted(before - seen)
            if commit.fullmatch(source) and _concerns(known, source, answered)
        )
    )


def _concerns(known: EvidenceView, source: str, cids: Set[str]) -> bool:
    """Whether a commit is about CIDs of which the registry has told everything this time."""
    subjects = {
        heard.subject.value
        for heard in known.from_source(source)
        if heard.subject.kind is SubjectKind.CID
    }
    return bool(subjects) and subjects <= cids


def _unread(
    collections: Iterable[Collection], known: EvidenceView, as_of: int, why: str
) -> tuple[Observation, ...]:
    """Tokens that a sidecar or the policy names and that nobody has ever read: undetermined."""
    before = {state.source for state in known.sources("eip155:")}
    found = []
    for collection in collections:
        standard = "erc721" if collection.standard == "auto" else collection.standard
        for token in collection.tokens:
            ref = TokenRef(collection.chain, standard, collection.address, token)
            if str(ref) in before:
                continue
            statement = Statement(
                carrier=standard,
                source=str(ref),
                condition=Condition.UNDETERMINED,
                observed_at=as_of,
                notes=(why[:200],),
            )
            found.append(
                Observation(
                    source=str(ref),
                    carrier=standard,
                    outcome=Outcome.UNDETERMINED,
                    observed_at=as_of,
                    said=(Said(ref.subject, statement),),
                    valid_until=as_of,
                    note=why[:500],
                )
            )
    return tuple(found)
