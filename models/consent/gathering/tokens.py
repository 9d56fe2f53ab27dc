"""Gathering from collections: whole once a day, and in between what their events name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from models.consent.chain.attribution import read_creator
from models.consent.chain.events import changed_since
from models.consent.chain.logs import LogCursor
from models.consent.chain.metadata import DEFAULT_CARRIER
from models.consent.chain.readings import ImageNames
from models.consent.chain.rpc import BlockView
from models.consent.chain.sources import ChainError, Collection, Resolve, TokenRef
from models.consent.chain.tokens import read_collection
from models.consent.evidence.observation import Observation, Outcome, Said
from models.consent.evidence.view import EvidenceView
from models.consent.gathering.batches import ChainBatch, Cursors, Owners, claims_of
from models.consent.gathering.looks import LastLooks
from models.consent.statements import Statement
from models.consent.subjects import Subject

DAY = 86_400
_MAX_PAGES = 64


@dataclass(frozen=True, slots=True)
class TokenSteps:
    """How collections are gathered.

    Attributes:
        known: the evidence so far.
        looks: how the last looks ended.
        cursors: what was kept last time.
        resolve: fetches metadata.
        as_of: now, UTC seconds.
        slots: requests at the same time.
        whole_after: seconds after which a collection is read whole again.
        read_all: read everything anew, whatever the events say.
    """

    known: EvidenceView
    looks: LastLooks
    cursors: Cursors
    resolve: Resolve
    as_of: int
    slots: int
    whole_after: int
    read_all: bool

    def gather(
        self, view: BlockView, collection: Collection, owners: Owners
    ) -> Iterator[ChainBatch]:
        """Read what is due of one collection.

        Raises:
            ChainError: the node fails, or nothing of what was to be read whole could be; what was
                yielded holds.
        """
        looks = self.looks.tokens_of(collection)
        states = {number: state.outcome for number, state in looks.items()}
        kept = self.cursors.get(events_name(collection))
        wanted: Collection | None = collection
        cursor: LogCursor | None = None
        if kept is not None and not self.read_all:
            wanted, cursor = self._narrow(view, collection, kept, states)
        known_claims = self.cursors.get(claims_name(collection), {})
        claims = {} if wanted is collection else dict(known_claims)
        images = _read_names(self.cursors.get(images_name(collection)))
        before = len(images)
        seen: dict[int, Outcome] = {}
        failures: list[str] = []
        while wanted is not None:
            for reading in read_collection(
                view,
                wanted,
                self.resolve,
                slots=self.slots,
                with_images=collection.recognised,
                named=images,
            ):
                observation = reading.observation
                if reading.token is not None:
                    seen[reading.token.token] = observation.outcome
                    key = f"{reading.token.standard}/{reading.token.token}"
                    claims[key] = claims_of(reading, recognised=collection.recognised)
                if observation.outcome is Outcome.UNDETERMINED:
                    failures.append(observation.note)
                    observation = self._extend(observation)
                yield ChainBatch((replace(observation, valid_until=self.as_of + DAY),))
            whole = wanted is collection
            # A whole reading does not come across tokens that are gone: they are asked for by id.
            gone = {n for n, o in states.items() if o is not Outcome.ABSENT} - seen.keys()
            wanted = replace(collection, tokens=tuple(sorted(gone))) if whole and gone else None
        if len(images) > before:
            yield ChainBatch((), {images_name(collection): _write_names(images)})
        claims = {key: cids for key, cids in claims.items() if cids}
        if claims != known_claims:
            yield ChainBatch((), {claims_name(collection): claims})
        for key, cids in claims.items():
            standard, _, number = key.partition("/")
            token = TokenRef(collection.chain, standard, collection.address, int(number))
            owners.add(token, cids)
        if collection.recognised and (creator := read_creator(view, collection).creator):
            owners.creators[collection.address] = creator
        if cursor is None and failures and set(seen.values()) <= {Outcome.UNDETERMINED}:
            raise ChainError(
                f"Nothing of {collection.address} could be read: {failures[0].rstrip('.')}.",
                "See `kiyome consent sources --failed`.",
            )
        remembered = self._remember(view, collection, cursor, kept)
        yield ChainBatch((), {events_name(collection): remembered})

    def _extend(self, observation: Observation) -> Observation:
        """A look that failed, as one at every image that the token spoke of before."""
        statements: list[Statement] = []
        for each in observation.said:
            if each.statement not in statements:
                statements.append(each.statement)
        named = {each.subject for each in observation.said}
        before = {heard.subject for heard in self.known.from_source(observation.source)} - named
        more = (Said(subject, told) for subject in sorted(before) for told in statements)
        return replace(observation, said=(*observation.said, *more))

    def _narrow(
        self,
        view: BlockView,
        collection: Collection,
        kept: Mapping[str, Any],
        states: Mapping[int, Outcome],
    ) -> tuple[Collection | None, LogCursor | None]:
        """What of a collection has to be read again, and how far its events have been read."""
        cursor = _read_cursor(kept)
        is_due = self.as_of - int(kept.get("read_at", 0)) >= self.whole_after
        if cursor is None or is_due or kept.get("asked") != _asked(collection):
            return collection, None
        default = self.looks.of(f"{collection.chain}/{DEFAULT_CARRIER}:{collection.address}")
        if any(state.outcome is Outcome.UNDETERMINED for state in default.values()):
            return collection, None
        # What could not be read the last time is due, though no event says so.
        tokens = {n for n, outcome in states.items() if outcome is Outcome.UNDETERMINED}
        pages = changed_since(view, cursor, collection.from_block)
        for number, changes in enumerate(pages):
            # A few tokens are sooner read again than a stranger's endless events.
            is_endless = bool(collection.tokens) and number > _MAX_PAGES
            if changes.whole or is_endless:
                return collection, None
            tokens |= changes.tokens
            cursor = changes.cursor
        chosen = tuple(sorted(n for n in tokens if _is_asked(collection, n)))
        return (replace(collection, tokens=chosen) if chosen else None), cursor

    def _remember(
        self,
        view: BlockView,
        collection: Collection,
        cursor: LogCursor | None,
        kept: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        """The cursor as it is kept: after a whole reading, at the block that was read."""
        if cursor is None:
            cursor = LogCursor(
                collection.chain, collection.address, view.block.number + 1, view.block.hash
            )
            kept = None
        read_at = self.as_of if kept is None else int(kept.get("read_at", self.as_of))
        return {**asdict(cursor), "read_at": read_at, "asked": _asked(collection)}


def events_name(collection: Collection) -> str:
    """The name under which it is kept how far a contract's events were read.

    Tokens that a dataset names are kept apart from those that the policy recognises.
    """
    return f"events:{_name(collection)}"


def claims_name(collection: Collection) -> str:
    """The name under which it is kept which files a collection's tokens name."""
    return f"claims:{_name(collection)}"


def images_name(collection: Collection) -> str:
    """The name under which it is kept which bytes a collection's images have."""
    return f"images:{_name(collection)}"


def _name(collection: Collection) -> str:
    kind = "recognised" if collection.recognised else collection.standard
    return f"{kind}/{collection.chain}/{collection.address}"


def _asked(collection: Collection) -> list[Any]:
    """What of a contract was asked for: with other terms it has to be read whole again."""
    return [collection.standard, collection.from_block, list(map(str, collection.tokens))]


def _is_asked(collection: Collection, token: int) -> bool:
    return not collection.tokens or token in collection.tokens


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


def _read_names(kept: Mapping[str, Any] | None) -> ImageNames:
    return {
        address: tuple(Subject.parse(text) for text in names)
        for address, names in (kept or {}).items()
    }


def _write_names(images: ImageNames) -> dict[str, Any]:
    return {address: [str(name) for name in names] for address, names in images.items()}
