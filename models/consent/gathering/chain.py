"""Gathering from chains: recognised collections, tokens that sidecars name, and commits.

A node that does not answer changes nothing of what was read before: that holds until the policy
calls it stale. What was never read is in doubt: its silence is none. One contract that cannot be
read does not keep the others from being read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from models.consent.chain.commit_authority import CARRIER as COMMITS
from models.consent.chain.rpc import BlockView, ChainReader
from models.consent.chain.sources import (
    ChainError,
    Collection,
    CommitRegistry,
    Resolve,
    Standard,
    TokenRef,
)
from models.consent.evidence.observation import Observation, Outcome, Said
from models.consent.evidence.view import EvidenceView
from models.consent.gathering.batches import ChainBatch, Cursors, Owners, block_cid
from models.consent.gathering.commits import CommitSteps
from models.consent.gathering.doubts import observe_doubt, settle_doubt
from models.consent.gathering.looks import LastLooks
from models.consent.gathering.signatures import observe_control, observe_wallets
from models.consent.gathering.tokens import DAY, TokenSteps, events_name
from models.consent.gathering.wanted import Wanted
from models.consent.signed.document import CARRIER as SIGNED
from models.consent.statements import Condition, Statement
from models.consent.subjects import Subject, SubjectKind
from models.consent.terms import ConsentPolicy

_TOKEN = re.compile(r"(eip155:[0-9]+)/(erc721|erc1155):(0x[0-9a-f]{40})/([0-9]{1,78})")


@dataclass(frozen=True, slots=True)
class ChainGathering:
    """Reading everything on chains that may say something about the assets of a dataset.

    Attributes:
        policy: names the collections and registries.
        wanted: what the dataset gives reason to ask about.
        known: the evidence so far.
        endpoints: JSON-RPC endpoint by CAIP-2 chain.
        resolve: fetches metadata.
        cursors: what was kept last time, by name.
        as_of: now, UTC seconds.
        slots: requests at the same time.
        max_bytes: larger images are not read.
        read_all: read everything anew, whatever the events say.
    """

    policy: ConsentPolicy
    wanted: Wanted
    known: EvidenceView
    endpoints: Mapping[str, str]
    resolve: Resolve
    cursors: Cursors
    as_of: int
    slots: int
    max_bytes: int
    read_all: bool = False

    def gather(self) -> Iterator[ChainBatch]:
        """Batches to record. What cannot be read is a batch with a problem."""
        collections = [*_recognised(self.policy), *_mentioned(self.policy, self.wanted.subjects)]
        registries = [
            CommitRegistry(r.chain, r.contract, r.from_block, r.custodians)
            for r in self.policy.registry
        ]
        chains = {c.chain for c in collections} | {r.chain for r in registries}
        if self.wanted.unproven:
            chains |= self.endpoints.keys()
        signers = self._signers()
        for chain in sorted(chains):
            mine = [c for c in collections if c.chain == chain]
            here = [r for r in registries if r.chain == chain]
            looks = LastLooks.read(self.known, chain)
            try:
                with self._open(chain) as reader:
                    view = reader.open_view()
                    yield from self._gather_chain(view, looks, mine, here, signers)
            except ChainError as error:
                told = f"{error}" if chain in f"{error}" else f"{chain}: {error}"
                missed = [o for c in mine for o in self._miss_collection(c, looks, f"{error}")]
                missed += [o for r in here for o in self._miss_registry(r, f"{error}")]
                yield ChainBatch(tuple(missed), problem=told)

    def _open(self, chain: str) -> ChainReader:
        url = self.endpoints.get(chain)
        if url is None:
            raise ChainError(f"No endpoint is known for {chain}.", "Give one in consent_rpc.")
        return ChainReader(chain, url, slots=self.slots)

    def _gather_chain(
        self,
        view: BlockView,
        looks: LastLooks,
        collections: Iterable[Collection],
        registries: list[CommitRegistry],
        signers: Mapping[str, set[str]],
    ) -> Iterator[ChainBatch]:
        owners = Owners()
        tokens = TokenSteps(
            self.known,
            looks,
            self.cursors,
            self.resolve,
            self.as_of,
            self.slots,
            min(DAY, self.policy.evidence_days * DAY // 2),
            self.read_all,
        )
        for collection in collections:
            try:
                yield from tokens.gather(view, collection, owners)
                if collection.recognised:
                    yield ChainBatch(self._settle(_contract(collection), "erc721"))
            except ChainError as error:
                missed = self._miss_collection(collection, looks, f"{error}")
                yield ChainBatch(missed, problem=f"{view.chain}: {error}")
        commits = self._commits(looks)
        for registry in registries:
            try:
                yield from commits.gather(view, registry, owners)
                yield ChainBatch(self._settle(registry.source, COMMITS))
            except ChainError as error:
                missed = self._miss_registry(registry, f"{error}")
                yield ChainBatch(missed, problem=f"{view.chain}: {error}")
        asking = {cid: set(found) for cid, found in signers.items()}
        for each, observed in observe_wallets(
            view, self.wanted.unproven, self.max_bytes, self.as_of
        ):
            for said in observed.said:
                for cid in each.cids:
                    asking.setdefault(cid, set()).add(said.statement.setter)
            yield ChainBatch((observed,))
        yield ChainBatch(
            tuple(observe_control(view, owners.tokens, asking, owners.creators, self.as_of))
        )

    def _signers(self) -> dict[str, set[str]]:
        """Who has signed a statement about the file with a CID: beside it, or in a declaration."""
        signers = {cid: set(found) for cid, found in self.wanted.signers.items()}
        for state in self.known.sources("declaration:"):
            if state.carrier != SIGNED:
                continue
            for heard in self.known.from_source(state.source):
                statement = heard.statement
                sound = statement.condition is Condition.SOUND and statement.trust.signer
                if sound and heard.subject in self.wanted.subjects:
                    signers.setdefault(block_cid(heard.subject), set()).add(statement.setter)
        return signers

    def _commits(self, looks: LastLooks) -> CommitSteps:
        return CommitSteps(
            self.wanted.dataset,
            self.wanted.values(SubjectKind.CID),
            self.known,
            looks,
            self.resolve,
            self.as_of,
            self.slots,
        )

    def _miss_collection(
        self, collection: Collection, looks: LastLooks, why: str
    ) -> tuple[Observation, ...]:
        """What follows where a collection could not be read this time."""
        if not collection.recognised:
            return self._miss_tokens(collection, looks, why)
        kept = self.cursors.get(events_name(collection), {})
        if self._is_recent(kept.get("read_at")):
            return ()
        return self._doubt(_contract(collection), "erc721", why)

    def _miss_registry(self, registry: CommitRegistry, why: str) -> tuple[Observation, ...]:
        """What follows where a registry could not be read this time."""
        commits = self._commits(LastLooks({}))
        kept = self.cursors.get(commits.name(registry), {})
        if kept.get("cids") == commits.mark()["cids"] and self._is_recent(kept.get("read_at")):
            return ()
        return self._doubt(registry.source, COMMITS, why)

    def _miss_tokens(
        self, collection: Collection, looks: LastLooks, why: str
    ) -> tuple[Observation, ...]:
        """Tokens that a sidecar names and that have not been read, or too long ago."""
        standard = "erc721" if collection.standard == "auto" else collection.standard
        recent = {
            token
            for token, state in looks.tokens_of(collection).items()
            if self._is_recent(state.observed_at)
        }
        refs = [
            TokenRef(collection.chain, standard, collection.address, token)
            for token in collection.tokens
            if token not in recent
        ]
        return tuple(
            Observation(
                source=str(ref),
                carrier=standard,
                outcome=Outcome.UNDETERMINED,
                observed_at=self.as_of,
                said=(Said(ref.subject, _unread(ref, self.as_of, why)),),
                valid_until=self.as_of,
                note=why[:500],
            )
            for ref in refs
        )

    def _is_recent(self, read_at: object) -> bool:
        """Whether what was read at this moment still holds by the policy."""
        return isinstance(read_at, int) and (self.as_of - read_at < self.policy.evidence_days * DAY)

    def _doubt(self, contract: str, carrier: str, why: str) -> tuple[Observation, ...]:
        return observe_doubt(contract, carrier, self.wanted, self.known, self.as_of, why)

    def _settle(self, contract: str, carrier: str) -> tuple[Observation, ...]:
        return settle_doubt(contract, carrier, self.wanted, self.known, self.as_of)


def _unread(ref: TokenRef, as_of: int, why: str) -> Statement:
    return Statement(
        carrier=ref.standard,
        source=str(ref),
        condition=Condition.UNDETERMINED,
        observed_at=as_of,
        notes=(why[:200],),
    )


def _contract(collection: Collection) -> str:
    return f"{collection.chain}/contract:{collection.address}"


def _recognised(policy: ConsentPolicy) -> list[Collection]:
    return [
        Collection(c.chain, c.contract, c.standard, c.from_block, c.holder, c.tokens)
        for c in policy.collection
    ]


def _mentioned(policy: ConsentPolicy, subjects: Iterable[Subject]) -> list[Collection]:
    """Tokens that sidecars name, and that nobody recognises: they can only refuse."""
    recognised = {(c.chain, c.contract): c.tokens for c in policy.collection}
    tokens: dict[tuple[str, Standard, str], list[int]] = {}
    for subject in sorted(subjects):
        match = _TOKEN.fullmatch(subject.value) if subject.kind is SubjectKind.TOKEN else None
        if match is None:
            continue
        listed = recognised.get((match[1], match[3]))
        if listed is not None and (not listed or int(match[4]) in listed):
            continue
        standard: Standard = "erc721" if match[2] == "erc721" else "erc1155"
        tokens.setdefault((match[1], standard, match[3]), []).append(int(match[4]))
    return [
        Collection(chain, contract, standard, tokens=tuple(ids))
        for (chain, standard, contract), ids in tokens.items()
    ]
