"""Doubts: contracts that should have been read, and never could be.

Of such a contract nobody knows which images it speaks of. Its silence is none: every image that it
could speak of is undetermined until it has been read once.
"""

from __future__ import annotations

from models.consent.evidence.observation import Observation, Outcome, Said
from models.consent.evidence.view import EvidenceView
from models.consent.gathering.wanted import Wanted
from models.consent.reading_json import printable
from models.consent.statements import Condition, Statement
from models.consent.subjects import Subject, SubjectKind


def observe_doubt(
    contract: str, carrier: str, wanted: Wanted, known: EvidenceView, as_of: int, why: str
) -> tuple[Observation, ...]:
    """That a contract may say something about any image of a dataset.

    Args:
        contract: ``"eip155:1/erc7053:0x…"`` or ``"eip155:1/contract:0x…"``.
        carrier: of what it would say.
        wanted: names the images.
        known: the evidence so far; a doubt that stands already is not recorded again.
        as_of: now, UTC seconds.
        why: why it could not be read, as a sentence.
    """
    images = wanted.values(SubjectKind.SHA256)
    doubted = {heard.subject.value for heard in known.from_source(_source(contract, wanted))}
    if doubted == set(images):
        return ()
    statement = Statement(
        carrier=carrier,
        source=contract,
        condition=Condition.UNDETERMINED,
        observed_at=as_of,
        notes=(
            "it may say something of this image: it could not be read",
            printable(why, 200),
        ),
    )
    return (
        Observation(
            source=_source(contract, wanted),
            carrier=carrier,
            outcome=Outcome.UNDETERMINED,
            observed_at=as_of,
            said=tuple(Said(Subject(SubjectKind.SHA256, name), statement) for name in images),
            valid_until=as_of,
            note=printable(why, 500),
        ),
    )


def settle_doubt(
    contract: str, carrier: str, wanted: Wanted, known: EvidenceView, as_of: int
) -> tuple[Observation, ...]:
    """That a contract has been read: nothing where nobody doubted it."""
    source = _source(contract, wanted)
    doubted = any(
        state.source == source and state.outcome is Outcome.UNDETERMINED
        for state in known.sources(source)
    )
    if not doubted:
        return ()
    return (
        Observation(
            source=source,
            carrier=carrier,
            outcome=Outcome.ABSENT,
            observed_at=as_of,
            note="it has been read since",
        ),
    )


def _source(contract: str, wanted: Wanted) -> str:
    return f"unread:{contract}/{wanted.dataset}"
