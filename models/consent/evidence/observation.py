"""The observation: one look at one source outside the dataset, and what it said."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from models.consent.statements import Statement
from models.consent.subjects import Subject


class Outcome(StrEnum):
    """How a look at a source ended. Absent and undetermined are never the same."""

    READ = "read"  # it was read; statements say what it said, also where that is malformed
    ABSENT = "absent"  # it is certain that there is nothing: 404, no token, no event
    UNDETERMINED = "undetermined"  # it may say something, and could not be read


@dataclass(frozen=True, slots=True)
class Said:
    """One statement and what it speaks of."""

    subject: Subject
    statement: Statement


@dataclass(frozen=True, slots=True)
class Observation:
    """One look at one source.

    A later observation of the same source replaces what an earlier one said, unless the later one
    is undetermined: then refusals stand, grants do not count, and a person is asked.

    Attributes:
        source: what was looked at, always spelled the same: ``"https://a.example/robots.txt"``,
            ``"eip155:1/erc721:0x…/7"``, ``"list:artists-2026"``.
        carrier: the ``carrier`` of its statements.
        outcome: how it ended.
        observed_at: when, UTC seconds.
        said: every statement, with its subject. An undetermined observation says, for each
            subject that it could have spoken of, an undetermined statement.
        valid_until: when it should be read again, UTC seconds; None where only an event does it.
        anchor: the block it was read at (see ``Statement.anchor``), or "".
        body: the bytes that were read, kept as evidence; empty where there were none.
        note: a sentence for a person: what was found, or why nothing could be.
    """

    source: str
    carrier: str
    outcome: Outcome
    observed_at: int
    said: tuple[Said, ...] = ()
    valid_until: int | None = None
    anchor: str = ""
    body: bytes = b""
    note: str = ""
