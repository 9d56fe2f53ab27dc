"""Recording observations: rows are added, never changed and never removed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select, text
from sqlalchemy.orm import Session

from models.consent.evidence.bodies import keep_body
from models.consent.evidence.naming import name_in_store
from models.consent.evidence.observation import Observation, Said
from models.consent.reading_json import printable
from models.store.database import Database
from models.store.tables import CursorRow, EvidenceRow, EvidenceStatementRow

_AT_ONCE = 500
_MAX_NOTE = 2000


def record(
    database: Database,
    workspace: Path,
    observations: Iterable[Observation],
    cursors: dict[str, dict[str, Any]] | None = None,
) -> int:
    """Add observations, in the order given, and move cursors on once all of them are in.

    Bodies are written first: a crash leaves bytes that nothing names, never a row without bytes.

    Args:
        cursors: name to value of every cursor that these observations move on.

    Returns:
        How many observations were added.

    Raises:
        StoreError, WorkspaceError: they cannot be written; what was added before stays.
    """
    stream = iter(observations)
    added = 0
    while batch := list(islice(stream, _AT_ONCE)):
        digests = [keep_body(workspace, observation.body) for observation in batch]
        with database.transaction() as session:
            _add(session, batch, digests)
        added += len(batch)
    if cursors:
        with database.transaction() as session:
            for name, value in cursors.items():
                session.merge(CursorRow(name=name, value=json.dumps(value, sort_keys=True)))
    return added


def record_long(
    database: Database, workspace: Path, observation: Observation, said: Iterable[Said]
) -> int:
    """Add one observation that says more than fits into memory, as a whole or not at all.

    Args:
        observation: all of it but what it says.
        said: what it says, read as it is written.

    Returns:
        How many statements it makes.

    Raises:
        StoreError, WorkspaceError: it cannot be written; nothing is added then.
    """
    digest = keep_body(workspace, observation.body)
    stream = iter(said)
    count = 0
    with database.transaction() as session:
        _add(session, [observation], [digest])
        number = latest_evidence(session)
        while batch := list(islice(stream, _AT_ONCE)):
            rows = [_statement_row(number, count + i, each) for i, each in enumerate(batch)]
            session.execute(insert(EvidenceStatementRow), rows)
            count += len(batch)
    return count


def read_cursors(database: Database) -> dict[str, dict[str, Any]]:
    """How far every source that grows has been read, by the cursor's name."""
    with database.snapshot() as session:
        return {row.name: json.loads(row.value) for row in session.scalars(select(CursorRow))}


def latest_evidence(session: Session) -> int:
    """The number of the newest observation: 0 where there is none."""
    return session.scalar(select(func.max(EvidenceRow.id))) or 0


def _add(session: Session, batch: Sequence[Observation], digests: Sequence[str]) -> None:
    if session.get_bind().dialect.name == "postgresql":
        # SQLite's writers exclude each other; here numbers have to be made to appear in order, or
        # a reader that saw the higher one first would never look at the lower one.
        session.execute(text("LOCK TABLE evidence IN EXCLUSIVE MODE"))
    first = latest_evidence(session) + 1
    rows: list[dict[str, Any]] = []
    statements: list[dict[str, Any]] = []
    for number, (observation, digest) in enumerate(zip(batch, digests, strict=True), first):
        rows.append(
            {
                "id": number,
                "source": name_in_store(observation.source),
                "carrier": observation.carrier,
                "outcome": observation.outcome.value,
                "observed_at": observation.observed_at,
                "valid_until": observation.valid_until,
                "anchor": observation.anchor,
                "body_sha256": digest,
                "note": printable(observation.note, _MAX_NOTE),
            }
        )
        statements += [
            _statement_row(number, position, said) for position, said in enumerate(observation.said)
        ]
    session.execute(insert(EvidenceRow), rows)
    if statements:
        session.execute(insert(EvidenceStatementRow), statements)


def _statement_row(number: int, position: int, said: Said) -> dict[str, Any]:
    return {
        "evidence_id": number,
        "position": position,
        "kind": said.subject.kind.value,
        "subject": name_in_store(str(said.subject)),
        # Several times as fast as the canonical form, which nothing here is hashed by.
        "statement": json.dumps(said.statement.as_dict(), ensure_ascii=False, sort_keys=True),
    }
