"""Putting questions into the queue, and taking back those that nobody asks any more."""

from __future__ import annotations

import json
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, insert, select, text, update
from sqlalchemy.orm import Session

from models.accounts.records import key_of
from models.canonical import digest_lines
from models.review.asked import digest_asked
from models.review.audit import append_audit
from models.review.closing import audit_closed, close_taken_down
from models.review.items import UNDECIDED, ItemState, Question
from models.review.ranking import read_priority, store_priority
from models.review.releasing import RELEASED
from models.review.streams import language_of, stage_of
from models.review.turns import FRESH, Round
from models.store.batching import cut_batches
from models.store.database import now_ms
from models.store.tables import ReviewItemRow, RulingRow
from models.unicode import make_storable

_BATCH = 1000
_LOCK = 0x6B69796F6D65_02
_FREE: dict[str, Any] = {**RELEASED, **FRESH}
_HIDING = 64
"""Versions among which the first one of an item for two persons is drawn."""


@dataclass(frozen=True, slots=True)
class EnqueueReport:
    """What became of the questions: how many items are new, asked again, as before, withdrawn."""

    new: int
    reopened: int
    unchanged: int
    superseded: int


def item_id_of(dataset: str, asset_id: str) -> str:
    """The id of the one item about an asset of a dataset: 32 hexadecimal digits."""
    return digest_lines(["kiyome/review-item", dataset, asset_id])[:32]


def enqueue(
    session: Session,
    dataset: str,
    questions: Iterable[Question],
    still_asked: frozenset[str] | None,
) -> EnqueueReport:
    """Ask reviewers about assets of a dataset.

    An item whose question has the same digest stays as it is: what was decided does not come
    back, unless two persons have to rule now and one has. With another digest it is open again
    under the next version, its lease is dropped, and a ruling on the earlier version stops being
    in force. Questions may be given in any number
    of calls, and repeating a call changes nothing. An item whose asset was taken down while the
    run that asks was judging is closed at once.

    Args:
        session: an open transaction.
        dataset: the dataset's name.
        questions: what is asked; consumed in batches.
        still_asked: ids of all assets about which something is asked now. Items that wait and
            are neither among these nor among ``questions`` become superseded. None withdraws
            nothing, for a caller that has not seen the whole dataset yet.

    Raises:
        ValueError: two questions are about the same asset.
    """
    hold_questions(session)
    now = now_ms(session)
    asked: set[str] = set()
    outcomes: Counter[str] = Counter()
    for batch in cut_batches(questions, _BATCH):
        ids = {question.asset_id for question in batch}
        if len(ids) < len(batch) or not asked.isdisjoint(ids):
            raise ValueError("two questions are about the same asset")
        asked |= ids
        outcomes += _enqueue_batch(session, dataset, batch, now)
    superseded = 0
    if still_asked is not None:
        superseded = _supersede(session, dataset, still_asked | asked, now)
    closed = close_taken_down(session, asked)
    report = EnqueueReport(outcomes["new"], outcomes["reopened"], outcomes["unchanged"], superseded)
    if report.new or report.reopened or report.superseded:
        changed = {"new": report.new, "reopened": report.reopened, "superseded": report.superseded}
        append_audit(session, "kiyome", "enqueue", dataset, changed)
    audit_closed(session, closed)
    return report


def hold_questions(session: Session) -> None:
    """Let nobody else ask or withdraw questions until this transaction ends.

    On SQLite a transaction excludes other writers by itself.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _LOCK})


def _enqueue_batch(
    session: Session, dataset: str, batch: Sequence[Question], now: int
) -> Counter[str]:
    row = ReviewItemRow
    query = (
        select(
            *(row.id, row.question, row.state, row.version, row.alike),
            *(row.persons, row.first_ruling, row.stage, row.language, row.priority, row.asked_ms),
        )
        .where(row.id.in_([item_id_of(dataset, question.asset_id) for question in batch]))
        .order_by(row.id)
        .with_for_update()
    )
    known = {found.id: found for found in session.execute(query)}
    fresh: list[dict[str, Any]] = []
    changed: list[dict[str, Any]] = []
    unread: list[dict[str, Any]] = []
    raised: list[Row[Any]] = []
    for question in batch:
        values = _values(dataset, question, now)
        found = known.get(values["id"])
        if found is None:
            version = 1 + _step(question.persons)
            fresh.append({**values, "version": version, "created_ms": now})
        elif found.question != question.digest or found.state == ItemState.SUPERSEDED.value:
            version = found.version + 1 + _step(question.persons)
            changed.append({**values, "version": version})
        else:
            same = {name: values[name] for name in ("alike", "stage", "language")}
            if found.state in UNDECIDED and not found.first_ruling:
                same["persons"] = question.persons
            elif found.state == ItemState.DECIDED.value and question.persons > found.persons:
                raised.append(found)
            # What is asked has stayed; how it is read, or who has to answer, may have changed.
            if any(getattr(found, name) != value for name, value in same.items()):
                unread.append({"id": found.id, "persons": found.persons, **same})
    if fresh:
        session.execute(insert(row), fresh)
    if changed:
        session.execute(update(row), changed)
    if unread:
        session.execute(update(row), unread)
    reopened = len(changed) + _ask_another(session, raised, now)
    unchanged = len(batch) - len(fresh) - reopened
    return Counter({"new": len(fresh), "reopened": reopened, "unchanged": unchanged})


def _ask_another(session: Session, raised: Sequence[Row[Any]], now: int) -> int:
    """Let what one person has decided wait for a second one, since two have to rule now.

    Returns:
        How many items wait again.
    """
    if not raised:
        return 0
    known = {found.id: found for found in raised}
    row = RulingRow
    query = select(row.id, row.item_id, row.item_version, row.reviewer).where(
        row.item_id.in_(sorted(known))
    )
    changed = [
        {
            "id": ruling.item_id,
            **RELEASED,
            **Round(2, ruling.id, key_of(ruling.reviewer)).as_columns(),
            "persons": 2,
            "version": ruling.item_version + 1 + _step(2),
            "priority": _ask_again(known[ruling.item_id], now),
            "asked_ms": now,
            "updated_ms": now,
        }
        for ruling in session.execute(query)
        if ruling.item_version == known[ruling.item_id].version
    ]
    if changed:
        session.execute(update(ReviewItemRow), changed)
    return len(changed)


def _ask_again(found: Row[Any], now: int) -> int:
    """What is stored of the priority of an item whose age begins anew."""
    return store_priority(read_priority(found.priority, found.asked_ms, found.asked_ms), now)


def _step(persons: int) -> int:
    """By how much more than one the version moves on.

    The page of an item names its version. Where two persons rule, it must not say who is first.
    """
    return secrets.randbelow(_HIDING) if persons > 1 else 0


def _supersede(session: Session, dataset: str, asked: frozenset[str], now: int) -> int:
    row = ReviewItemRow
    query = (
        select(row.id, row.asset_id)
        .where(row.dataset == dataset, row.state.in_(UNDECIDED))
        .order_by(row.id)
        .with_for_update()
    )
    withdrawn = [found.id for found in session.execute(query) if found.asset_id not in asked]
    for ids in cut_batches(withdrawn, _BATCH):
        session.execute(
            update(row)
            .where(row.id.in_(ids))
            .values(**{**_FREE, "state": ItemState.SUPERSEDED.value, "updated_ms": now})
            .execution_options(synchronize_session=False)
        )
    return len(withdrawn)


def _values(dataset: str, question: Question, now: int) -> dict[str, Any]:
    asset = question.evidence.get("asset", {})
    return {
        "id": item_id_of(dataset, question.asset_id),
        "dataset": dataset,
        "asset_id": question.asset_id,
        "question": question.digest,
        "persons": question.persons,
        "priority": store_priority(question.priority, now),
        "settles": 1,
        "name": make_storable(str(asset.get("name", ""))),
        "reasons": make_storable(
            ",".join(str(code) for code in question.evidence.get("reasons", ()))
        ),
        "alike": digest_asked(question.evidence),
        "evidence": _serialise(question.evidence),
        "stage": stage_of(question.evidence),
        "language": language_of(question.evidence),
        "asked_ms": now,
        "updated_ms": now,
        **_FREE,
    }


def _serialise(evidence: Mapping[str, Any]) -> str:
    """ASCII only: a caption may hold a NUL or half a surrogate pair, which no text column takes."""
    return json.dumps(evidence, sort_keys=True, separators=(",", ":"))
