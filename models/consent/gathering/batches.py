"""What a step of gathering hands over to be recorded, and what steps on a chain tell others."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from models.consent.chain.readings import TokenReading
from models.consent.chain.sources import TokenRef
from models.consent.evidence.observation import Observation
from models.consent.ipfs.cid import RAW, SHA2_256, Cid
from models.consent.subjects import Subject, SubjectKind

Cursors = Mapping[str, Mapping[str, Any]]
"""What is kept from one gathering to the next, by name: how far something was read."""


@dataclass(frozen=True, slots=True)
class ChainBatch:
    """What one step found: observations that belong together, and cursors to move with them."""

    observations: tuple[Observation, ...]
    cursors: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    problem: str = ""


@dataclass
class Owners:
    """Who may speak for which CID, as the collections that were read tell.

    Attributes:
        tokens: for a CID, the tokens of recognised collections that name its file.
        creators: the creator of each contract that names one.
    """

    tokens: dict[str, list[TokenRef]] = field(default_factory=dict)
    creators: dict[str, str] = field(default_factory=dict)

    def add(self, token: TokenRef, cids: Iterable[str]) -> None:
        """Take in one token and what it names."""
        for cid in cids:
            self.tokens.setdefault(cid, []).append(token)


def claims_of(reading: TokenReading, *, recognised: bool) -> list[str]:
    """The CIDs of files for which whoever controls a token may speak."""
    # Metadata that gives the file's digest names it as much as the CID of one block does.
    digests = reading.images if reading.authentic and recognised else ()
    named = (cid for image in digests if (cid := block_cid(image)))
    return list(dict.fromkeys((*reading.claims, *named)))


def block_cid(subject: Subject) -> str:
    """The CID of a file as one raw block, for its SHA-256; a CID as it is; "" for other names."""
    if subject.kind is SubjectKind.CID:
        return subject.value
    if subject.kind is SubjectKind.SHA256:
        return Cid(1, RAW, SHA2_256, bytes.fromhex(subject.value)).canonical
    return ""
