"""Gathering from registries: every commit about the images, and those that are gone again."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass
from typing import Any

from models.canonical import digest_lines
from models.consent.chain.commit_authority import CARRIER, Authorities
from models.consent.chain.commits import follow_commits, read_commits
from models.consent.chain.rpc import BlockView
from models.consent.chain.sources import CommitRegistry, Resolve
from models.consent.evidence.observation import Observation, Outcome
from models.consent.evidence.view import EvidenceView
from models.consent.gathering.batches import ChainBatch, Owners
from models.consent.gathering.looks import LastLooks
from models.consent.subjects import SubjectKind

_ASKED_ONE_BY_ONE = 5_000
"""CIDs up to which a registry is asked about each; with more, all of its commits are read."""


@dataclass(frozen=True, slots=True)
class CommitSteps:
    """How registries are gathered.

    Attributes:
        dataset: whose images are asked about.
        cids: of its images.
        known: the evidence so far.
        looks: how the last looks ended.
        resolve: fetches the files that commits name.
        as_of: now, UTC seconds.
        slots: requests at the same time.
    """

    dataset: str
    cids: Sequence[str]
    known: EvidenceView
    looks: LastLooks
    resolve: Resolve
    as_of: int
    slots: int

    def gather(
        self, view: BlockView, registry: CommitRegistry, owners: Owners
    ) -> Iterator[ChainBatch]:
        """Every commit about the CIDs; one that the chain has dropped says nothing any more.

        Raises:
            ChainError: the node fails; what was yielded holds.
        """
        wanted = sorted({*self.cids, *owners.tokens})
        authorities = Authorities(owners.tokens, owners.creators)
        before = {state.source for state in self.looks.of(registry.source).values()}
        seen: set[str] = set()
        answered: set[str] = set()
        if len(wanted) <= _ASKED_ONE_BY_ONE:
            for observation in read_commits(
                view, registry, wanted, self.resolve, authorities, slots=self.slots
            ):
                seen.add(observation.source)
                cid = observation.source.removeprefix(f"{registry.source}/")
                if "/" not in cid and observation.outcome is not Outcome.UNDETERMINED:
                    answered.add(cid)
                yield ChainBatch((observation,))
        else:
            for page in follow_commits(
                view, registry, None, wanted, self.resolve, authorities, slots=self.slots
            ):
                seen.update(observation.source for observation in page.observations)
                yield ChainBatch(page.observations)
            answered.update(wanted)
        commit = re.compile(re.escape(registry.source) + r"/[0-9]+/[0-9]+")
        dropped = tuple(
            Observation(
                source=source,
                carrier=CARRIER,
                outcome=Outcome.ABSENT,
                observed_at=view.block.timestamp,
                anchor=view.anchor,
                note="the chain does not hold this commit any more",
            )
            for source in sorted(before - seen)
            if commit.fullmatch(source) and self._concerns(source, answered)
        )
        whole = answered >= set(self.cids)
        yield ChainBatch(dropped, {self.name(registry): self.mark()} if whole else {})

    def name(self, registry: CommitRegistry) -> str:
        """The name under which it is kept that a registry was read for a dataset."""
        return f"commits:{registry.source}/{self.dataset}"

    def mark(self) -> dict[str, Any]:
        """When a registry was read, and about which images."""
        return {"read_at": self.as_of, "cids": digest_lines(self.cids)}

    def _concerns(self, source: str, cids: Set[str]) -> bool:
        """Whether a commit is about CIDs of which the registry has told everything this time."""
        subjects = {
            heard.subject.value
            for heard in self.known.from_source(source)
            if heard.subject.kind is SubjectKind.CID
        }
        return bool(subjects) and subjects <= cids
