"""The last look at everything on one chain, by contract: read from the evidence once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.consent.chain.sources import Collection
from models.consent.evidence.view import EvidenceView, SourceState


@dataclass(frozen=True, slots=True)
class LastLooks:
    """How the last look at each source of a chain ended.

    Attributes:
        by_contract: sources by what stands before their second slash
            (``"eip155:1/erc721:0x…"``), and under that by the rest (``"7"``).
    """

    by_contract: Mapping[str, Mapping[str, SourceState]]

    @classmethod
    def read(cls, known: EvidenceView, chain: str) -> LastLooks:
        """Take them from the evidence."""
        found: dict[str, dict[str, SourceState]] = {}
        for state in known.sources(f"{chain}/"):
            name, _, rest = state.source.removeprefix(f"{chain}/").partition("/")
            found.setdefault(f"{chain}/{name}", {})[rest] = state
        return cls(found)

    def of(self, contract: str) -> Mapping[str, SourceState]:
        """Everything of one contract, under what follows its name."""
        return self.by_contract.get(contract, {})

    def tokens_of(self, collection: Collection) -> dict[int, SourceState]:
        """The tokens of a collection that were asked for and looked at, by id."""
        standards = (
            ("erc721", "erc1155") if collection.standard == "auto" else (collection.standard,)
        )
        found = {
            int(rest): state
            for standard in standards
            for rest, state in self.of(
                f"{collection.chain}/{standard}:{collection.address}"
            ).items()
            if rest.isdecimal()
        }
        wanted = set(collection.tokens)
        return {n: state for n, state in found.items() if not wanted or n in wanted}
