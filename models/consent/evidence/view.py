"""What is known from outside the dataset, as of one moment in the growth of the evidence."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Select, case, func, select
from sqlalchemy.orm import Session

from models.consent.evidence.naming import name_in_store
from models.consent.evidence.observation import Outcome
from models.consent.evidence.recording import latest_evidence
from models.consent.purposes import Preference, Purpose
from models.consent.statements import Condition, Statement
from models.consent.subjects import Subject, SubjectKind
from models.store.database import Database
from models.store.tables import EvidenceRow, EvidenceStatementRow

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Heard:
    """One statement that was read outside the dataset.

    Attributes:
        source: where, as stored (see ``name_in_store``).
        subject: what it speaks of; as stored where it was not asked for by its name.
        statement: what it says.
    """

    source: str
    subject: Subject
    statement: Statement


@dataclass(frozen=True, slots=True)
class SourceState:
    """How the last look at a source ended, and when it is due again."""

    source: str
    carrier: str
    outcome: Outcome
    observed_at: int
    valid_until: int | None
    anchor: str
    body_sha256: str
    note: str


@dataclass(frozen=True, slots=True)
class FetchedDocument:
    """A licence document.

    Attributes:
        sha256: of its bytes.
        read_at: when it was last read, UTC seconds; None where its address names it by its digest,
            so that it never changes.
    """

    sha256: str
    read_at: int | None


@dataclass(frozen=True, slots=True)
class EvidenceView:
    """The evidence up to one observation; what is added later does not show.

    The last look at a source counts. Where that look failed, what the source said before stands as
    far as it restricts: nobody is allowed anything because a server is down.

    Attributes:
        database: holds the evidence.
        until: number of the last observation that counts.
    """

    database: Database
    until: int

    def about(self, subjects: Collection[Subject]) -> dict[Subject, tuple[Heard, ...]]:
        """Everything that is said of these subjects now; subjects of which nothing is are absent.

        Raises:
            StoreError: the database cannot be reached.
        """
        wanted = {name_in_store(str(subject)): subject for subject in subjects}
        found: dict[Subject, list[Heard]] = {}
        if not (wanted and self.until):
            return {}
        with self.database.snapshot() as session:
            hits = [
                row
                for keys in _batches(wanted)
                for row in session.execute(
                    _statements(self.until).where(EvidenceStatementRow.subject.in_(keys))
                )
            ]
            for heard in _current(session, hits, self.until):
                subject = wanted[str(heard.subject)]
                found.setdefault(subject, []).append(replace(heard, subject=subject))
        return {subject: tuple(heard) for subject, heard in found.items()}

    def of_kind(self, kind: SubjectKind) -> tuple[Heard, ...]:
        """Everything that is said now of subjects of one kind."""
        with self.database.snapshot() as session:
            query = _statements(self.until).where(EvidenceStatementRow.kind == kind.value)
            return tuple(_current(session, session.execute(query).all(), self.until))

    def from_source(self, source: str) -> tuple[Heard, ...]:
        """Everything that one source says now."""
        with self.database.snapshot() as session:
            query = _statements(self.until).where(EvidenceRow.source == name_in_store(source))
            return tuple(_current(session, session.execute(query).all(), self.until))

    def sources(self, prefix: str = "") -> tuple[SourceState, ...]:
        """The last look at every source whose name begins with ``prefix``, by name."""
        counted = [EvidenceRow.id <= self.until]
        if prefix:
            counted.append(EvidenceRow.source.startswith(prefix, autoescape=True))
        newest = select(func.max(EvidenceRow.id)).where(*counted).group_by(EvidenceRow.source)
        query = select(EvidenceRow).where(EvidenceRow.id.in_(newest)).order_by(EvidenceRow.source)
        with self.database.snapshot() as session:
            return tuple(
                SourceState(
                    source=row.source,
                    carrier=row.carrier,
                    outcome=Outcome(row.outcome),
                    observed_at=row.observed_at,
                    valid_until=row.valid_until,
                    anchor=row.anchor,
                    body_sha256=row.body_sha256,
                    note=row.note,
                )
                for row in session.scalars(query)
            )

    def documents(self, addresses: Iterable[str]) -> dict[str, FetchedDocument]:
        """The licence documents at these addresses, where they have been fetched."""
        wanted = {name_in_store(document_source(address)): address for address in addresses}
        found: dict[str, FetchedDocument] = {}
        with self.database.snapshot() as session:
            for keys in _batches(wanted):
                newest = (
                    select(func.max(EvidenceRow.id))
                    .where(EvidenceRow.id <= self.until, EvidenceRow.source.in_(keys))
                    .group_by(EvidenceRow.source)
                )
                query = select(
                    EvidenceRow.source,
                    EvidenceRow.body_sha256,
                    EvidenceRow.observed_at,
                    EvidenceRow.valid_until,
                ).where(
                    EvidenceRow.id.in_(newest),
                    EvidenceRow.outcome == Outcome.READ.value,
                    EvidenceRow.body_sha256 != "",
                )
                for source, digest, read_at, valid_until in session.execute(query):
                    found[wanted[source]] = FetchedDocument(
                        digest, None if valid_until is None else read_at
                    )
        return found


def view_evidence(database: Database) -> EvidenceView:
    """The evidence up to now."""
    with database.snapshot() as session:
        return EvidenceView(database, latest_evidence(session))


def document_source(address: str) -> str:
    """The source under which a licence document is observed."""
    return f"document:{address}"


def _statements(until: int) -> Select[Any]:
    return (
        select(
            EvidenceRow.source,
            EvidenceRow.id,
            EvidenceStatementRow.subject,
            EvidenceStatementRow.statement,
        )
        .join(EvidenceRow, EvidenceRow.id == EvidenceStatementRow.evidence_id)
        .where(EvidenceRow.id <= until)
        .order_by(EvidenceStatementRow.evidence_id, EvidenceStatementRow.position)
    )


def _current(session: Session, hits: Sequence[Any], until: int) -> Iterator[Heard]:
    """Of what was ever said, that which stands."""
    last = _last_looks(session, {hit.source for hit in hits}, until)
    for source, number, subject, text in hits:
        newest, determined = last[source]
        if number not in (newest, determined):
            continue
        statement = Statement.from_dict(json.loads(text))
        if number != newest:
            if not (restricting := _restrict(statement)):
                continue
            statement = restricting
        yield Heard(source, Subject.parse(subject), statement)


def _last_looks(
    session: Session, sources: Collection[str], until: int
) -> dict[str, tuple[int, int | None]]:
    """For each source the number of the last look, and of the last one that did not fail."""
    determined = case((EvidenceRow.outcome != Outcome.UNDETERMINED.value, EvidenceRow.id))
    found: dict[str, tuple[int, int | None]] = {}
    for keys in _batches(sources):
        query = (
            select(EvidenceRow.source, func.max(EvidenceRow.id), func.max(determined))
            .where(EvidenceRow.source.in_(keys), EvidenceRow.id <= until)
            .group_by(EvidenceRow.source)
        )
        found |= {source: (newest, known) for source, newest, known in session.execute(query)}
    return found


def _batches(names: Iterable[str]) -> Iterator[list[str]]:
    """Names in pieces that fit into one query."""
    ordered = sorted(names)
    return (ordered[start : start + _AT_ONCE] for start in range(0, len(ordered), _AT_ONCE))


def _restrict(statement: Statement) -> Statement | None:
    """What stands of a statement whose source could not be read again: all but its grants."""
    kept: dict[Purpose, Preference] = {
        p: v for p, v in statement.preferences.items() if v is not Preference.ALLOWED
    }
    if not kept and statement.condition is Condition.SOUND:
        return None
    note = "said when the source could last be read"
    return replace(statement, preferences=kept, notes=(note, *statement.notes))
