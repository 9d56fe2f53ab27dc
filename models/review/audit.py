"""The audit chain: an append-only list of what people and runs did, each row sealing the last.

A row's hash is the SHA-256 of the canonical JSON of its fields and of the hash before it, so that
editing, deleting or reordering a row breaks the chain from there on. Two things a chain cannot
show by itself are covered from outside it: every ruling must be in the chain exactly as it stands
in its own table, and a head that somebody noted earlier must still be there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from models.canonical import canonical_json, digest_bytes, digest_of
from models.store.database import execute, now_ms
from models.store.tables import (
    AuditRow,
    CaptionEditRow,
    GoldenRulingRow,
    RulingRow,
    TermRulingRow,
)

GENESIS = "0" * 64
"""What the first row names as the hash before it."""

RULED = "rule"
"""The action of a row that records a ruling; its subject is the ruling's id."""

TERM_RULED, TERM_UNDONE = "rule_term", "undo_term"
"""The same for a ruling about a term, and for its end."""

CAPTION_EDITED, CAPTION_PROPOSED = "edit_caption", "propose_caption"
CAPTION_ACCEPTED = "accept_caption"
"""The same for a caption edit, made by a reviewer or proposed by an owner, and for accepting it."""

Problem = Literal["", "gap", "order", "edited", "head", "ruling_lost", "ruling_edited", "unlogged"]

_LOCK = 0x6B69796F6D65_01
_BATCH = 1000


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One row of the chain, for a reader; ``detail`` is canonical JSON."""

    seq: int
    at_ms: int
    actor: str
    action: str
    subject: str
    detail: str
    hash: str


@dataclass(frozen=True, slots=True)
class AuditReport:
    """Whether the chain is whole.

    Attributes:
        ok: nothing is wrong.
        rows: how many rows were read.
        first_bad: sequence number of the first row that is wrong, or None.
        detail: what is wrong, in a sentence; "" where nothing is.
        problem: the same as a code.
        head: hash of the last row. Whoever notes it elsewhere can later show that no row up to
            it was taken away (``verify_audit(session, known=(rows, head))``).
    """

    ok: bool
    rows: int
    first_bad: int | None
    detail: str
    problem: Problem
    head: str


def append_audit(
    session: Session, actor: str, action: str, subject: str, detail: Mapping[str, Any]
) -> AuditEntry:
    """Append one row, inside the caller's transaction; it is there if that commits.

    On PostgreSQL appends wait for each other until commit. Call this after the transaction has
    taken its other locks, so that two transactions never wait for each other.

    Raises:
        rfc8785.CanonicalizationError: ``detail`` holds something JSON cannot express.
    """
    return append_audit_many(session, actor, action, [(subject, detail)])[0]


def append_audit_many(
    session: Session, actor: str, action: str, deeds: Iterable[tuple[str, Mapping[str, Any]]]
) -> list[AuditEntry]:
    """Append one row for each subject and its detail, in their order and at one moment.

    The rows are those that ``append_audit`` appends one by one; the chain is locked and its end is
    looked up once.

    Raises:
        rfc8785.CanonicalizationError: a detail holds something JSON cannot express.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})
    last = execute(session, _LAST).first()
    seq, prev_hash = (last.seq, last.hash) if last else (0, GENESIS)
    at_ms = now_ms(session)
    entries: list[AuditEntry] = []
    rows: list[dict[str, Any]] = []
    for subject, detail in deeds:
        seq += 1
        fields: dict[str, Any] = {
            "seq": seq,
            "at_ms": at_ms,
            "actor": actor,
            "action": action,
            "subject": subject,
            "detail": canonical_json(dict(detail)).decode(),
        }
        sealed = _seal(prev_hash, fields)
        rows.append({**fields, "prev_hash": prev_hash, "hash": sealed})
        entries.append(AuditEntry(**fields, hash=sealed))
        prev_hash = sealed
    if rows:
        execute(session, _APPEND, rows)
    return entries


_LAST = select(AuditRow.seq, AuditRow.hash).order_by(AuditRow.seq.desc()).limit(1)
_APPEND = insert(AuditRow)


def describe_ruling(ruling: Mapping[str, Any]) -> dict[str, Any]:
    """What the chain keeps of a ruling: all of it, the free-text note as its digest only.

    A ruling that was taken by itself says nothing of others, as before there were any together. A
    ruling on a golden item (``models.review.golden_items``) is described in the same way.
    """
    kept = ("item_id", "item_version", "dataset", "asset_id", "question", "ruling", "reason_code")
    together = ("came_with", "came_with_item") if ruling.get("came_with") else ()
    return {
        **{key: ruling[key] for key in (*kept, *together)},
        "reviewer": ruling["reviewer"],
        "ruled_ms": ruling["ruled_ms"],
        "note_sha256": digest_bytes(ruling["note"].encode()),
    }


def describe_term_ruling(ruling: Mapping[str, Any]) -> dict[str, Any]:
    """What the chain keeps of a ruling about a term; see ``describe_ruling``."""
    kept = ("dataset", "term", "surface", "category", "reviewer", "ruled_ms")
    return {
        **{key: ruling[key] for key in kept},
        "note_sha256": digest_bytes(ruling["note"].encode()),
    }


def describe_term_undo(ruling: Mapping[str, Any]) -> dict[str, Any]:
    """What the chain keeps of the end of a ruling about a term."""
    kept = ("dataset", "term", "category", "reviewer", "undone_by", "undone_ms")
    return {key: ruling[key] for key in kept}


def describe_caption_edit(edit: Mapping[str, Any]) -> dict[str, Any]:
    """What the chain keeps of a caption edit when it is made: what was written as digests only."""
    kept = ("dataset", "asset_id", "original_sha256", "origin", "author", "ruling_id", "made_ms")
    return {
        **{key: edit[key] for key in (*kept, "account_id")},
        "spans_sha256": digest_bytes(edit["spans"].encode()),
        "note_sha256": digest_bytes(edit["note"].encode()),
    }


def verify_audit(session: Session, known: tuple[int, str] | None = None) -> AuditReport:
    """Check every row of the chain, and every ruling against its row.

    Args:
        session: where to read; a snapshot will do.
        known: sequence number and hash of a row that was the head at some earlier time.
    """
    actions = (RULED, TERM_RULED, TERM_UNDONE, *_OF_CAPTIONS)
    logged: dict[str, dict[str, tuple[int, str]]] = {action: {} for action in actions}
    expected, previous = 1, GENESIS
    query = select(AuditRow).order_by(AuditRow.seq).execution_options(yield_per=_BATCH)
    for row in session.scalars(query):
        fields = {key: getattr(row, key) for key in _SEALED}
        if problem := _examine(row, fields, expected, previous):
            return _broken(expected - 1, row.seq, problem, previous)
        if known and known[0] == row.seq and known[1] != row.hash:
            return _broken(expected - 1, row.seq, "head", previous)
        if row.action in logged:
            logged[row.action][row.subject] = (row.seq, row.detail)
        expected, previous = row.seq + 1, row.hash
        session.expunge(row)
    rows = expected - 1
    if known and known[0] > rows:
        return _broken(rows, rows + 1, "head", previous)
    found = (
        _compare_rulings(session, logged[RULED])
        or _compare_term_rulings(session, logged[TERM_RULED], logged[TERM_UNDONE])
        or _compare_caption_edits(session, *(logged[action] for action in _OF_CAPTIONS))
    )
    if found is not None:
        return _broken(rows, found[0], found[1], previous)
    return AuditReport(True, rows, None, "", "", previous)


def hold_against(session: Session, report: AuditReport, rows: int, head: str) -> AuditReport:
    """What is known of a chain, held against a head that was noted at some time.

    Args:
        session: where the chain is.
        report: what its verification found.
        rows, head: sequence number and hash of a row that was the head once.
    """
    if not report.ok:
        return report
    found = session.scalar(select(AuditRow.hash).where(AuditRow.seq == rows))
    if found == head:
        return report
    return _broken(min(rows - 1, report.rows), rows, "head", report.head)


def read_latest(
    session: Session, limit: int = 50, before: int | None = None
) -> tuple[AuditEntry, ...]:
    """The last rows of the chain, newest first; those before a sequence number, if one is given."""
    query = select(AuditRow).order_by(AuditRow.seq.desc()).limit(limit)
    if before is not None:
        query = query.where(AuditRow.seq < before)
    return tuple(
        AuditEntry(**{key: getattr(row, key) for key in _SEALED}, hash=row.hash)
        for row in session.scalars(query)
    )


_OF_CAPTIONS = (CAPTION_EDITED, CAPTION_PROPOSED, CAPTION_ACCEPTED)
_SEALED = ("seq", "at_ms", "actor", "action", "subject", "detail")
_SENTENCES: dict[Problem, str] = {
    "gap": "Rows before row {seq} are missing.",
    "order": "Row {seq} does not follow from the row before it.",
    "edited": "Row {seq} was changed after it was written.",
    "head": "Row {seq} is not the row that was noted earlier.",
    "ruling_lost": "The ruling that row {seq} records is no longer there.",
    "ruling_edited": "The ruling that row {seq} records was changed afterwards.",
    "unlogged": "A ruling is there that the chain does not record.",
}


def _seal(prev_hash: str, fields: Mapping[str, Any]) -> str:
    return digest_of({"prev_hash": prev_hash, **fields})


def _examine(row: AuditRow, fields: Mapping[str, Any], expected: int, previous: str) -> Problem:
    if row.seq != expected:
        return "gap"
    if row.prev_hash != previous:
        return "order"
    return "" if _seal(row.prev_hash, fields) == row.hash else "edited"


def _compare_rulings(
    session: Session, logged: dict[str, tuple[int, str]]
) -> tuple[int | None, Problem] | None:
    for table in (RulingRow.__table__, GoldenRulingRow.__table__):
        query = select(*table.columns).execution_options(yield_per=_BATCH)
        for ruling in session.execute(query).mappings():
            if problem := _compare(logged, ruling["id"], describe_ruling(dict(ruling))):
                return problem
    return _find_lost(logged)


def _compare_term_rulings(
    session: Session, logged: dict[str, tuple[int, str]], undone: dict[str, tuple[int, str]]
) -> tuple[int | None, Problem] | None:
    columns = TermRulingRow.__table__.columns
    for ruling in session.execute(select(*columns).execution_options(yield_per=_BATCH)).mappings():
        values = dict(ruling)
        if problem := _compare(logged, values["id"], describe_term_ruling(values)):
            return problem
        if values["undone_ms"] is None:
            continue
        if problem := _compare(undone, values["id"], describe_term_undo(values)):
            return problem
    return _find_lost(logged) or _find_lost(undone)


def _compare_caption_edits(
    session: Session,
    made: dict[str, tuple[int, str]],
    proposed: dict[str, tuple[int, str]],
    accepted: Mapping[str, tuple[int, str]],
) -> tuple[int | None, Problem] | None:
    columns = CaptionEditRow.__table__.columns
    for edit in session.execute(select(*columns).execution_options(yield_per=_BATCH)).mappings():
        values = dict(edit)
        asked = values["origin"] == "owner"
        if problem := _compare(
            proposed if asked else made, values["id"], describe_caption_edit(values)
        ):
            return problem
        if asked and values["state"] == "in_force" and values["id"] not in accepted:
            return None, "unlogged"
    return _find_lost(made) or _find_lost(proposed)


def _compare(
    logged: dict[str, tuple[int, str]], ruling_id: str, described: Mapping[str, Any]
) -> tuple[int | None, Problem] | None:
    """What is wrong with one ruling; one that is not is taken out of ``logged``."""
    if ruling_id not in logged:
        return None, "unlogged"
    seq, detail = logged.pop(ruling_id)
    same = canonical_json(dict(described)).decode() == detail
    return None if same else (seq, "ruling_edited")


def _find_lost(logged: Mapping[str, tuple[int, str]]) -> tuple[int | None, Problem] | None:
    return (min(seq for seq, _ in logged.values()), "ruling_lost") if logged else None


def _broken(rows: int, seq: int | None, problem: Problem, head: str) -> AuditReport:
    return AuditReport(False, rows, seq, _SENTENCES[problem].format(seq=seq), problem, head)
