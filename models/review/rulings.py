"""Taking a ruling: one reviewer's decision on one version of one item.

A ruling row is never changed and never deleted. It is in force while its item is decided and still
at the version that was ruled on. Where two persons have to rule, the first ruling moves the version
on: it is never in force by itself.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Row, bindparam, insert, select, update
from sqlalchemy.orm import Session

from models.accounts.records import key_of
from models.captions.records import texts_of_ruling
from models.errors import AlreadyRuledError, LeaseLostError, ReviewError
from models.failpoints import reach
from models.outbox import post_event
from models.review.admissible import require_word_on_consent, validate_ruling
from models.review.audit import RULED, append_audit, describe_ruling
from models.review.golden_items import (
    change_serving,
    find_golden_ruling,
    find_held_serving,
    find_serving_of,
    store_golden_ruling,
)
from models.review.items import UNDECIDED, ItemState
from models.review.reason_codes import RulingKind
from models.review.releasing import RELEASED
from models.review.skips import is_skipped, note_skip
from models.review.stored_rulings import StoredRuling, find_ruling
from models.review.turns import Round, Taken, WaitsFor, agree
from models.store.database import execute, now_ms
from models.store.tables import GoldenRulingRow, GoldenServingRow, ReviewItemRow, RulingRow


@dataclass(frozen=True, slots=True)
class Ruled:
    """What became of a submitted ruling.

    Attributes:
        item_id, item_version: what was ruled on.
        ruling: what was ruled.
        ruling_id: the stored ruling; "" for a skip, which stores none.
        repeated: the same ruling had been stored before, and nothing was written now.
        stands: False where a repeated ruling has been undone or outdated in the meantime.
        counts: False on a golden item: nothing may follow from the ruling.
    """

    item_id: str
    item_version: int
    ruling: RulingKind
    ruling_id: str
    repeated: bool = False
    stands: bool = True
    counts: bool = True


@dataclass(frozen=True, slots=True)
class AskedItem:
    """An item at the version that is ruled on, and the rulings on it that stand."""

    id: str
    version: int
    dataset: str
    asset_id: str
    question: str
    reasons: tuple[str, ...]
    round: Round


@dataclass(frozen=True, slots=True)
class GivenRuling:
    """A ruling as a reviewer gave it; ``ruled_ms`` is the database's time."""

    ruling: RulingKind
    reason_code: str
    note: str
    reviewer: str
    ruled_ms: int


ASKED = (
    ReviewItemRow.id,
    ReviewItemRow.version,
    ReviewItemRow.dataset,
    ReviewItemRow.asset_id,
    ReviewItemRow.question,
    ReviewItemRow.reasons,
    ReviewItemRow.persons,
    ReviewItemRow.first_ruling,
    ReviewItemRow.first_by,
    ReviewItemRow.second_ruling,
    ReviewItemRow.second_by,
)
"""What ``read_asked_item`` reads."""


def decide(
    session: Session,
    item_id: str,
    lease_token: str,
    item_version: int,
    ruling: str,
    reason_code: str,
    note: str,
    reviewer: str,
    *,
    texts: Mapping[str, str] | None = None,
) -> Ruled:
    """Take a ruling: the item, the ruling, the audit row and the outbox row, all or none.

    Where two persons have to rule, the item then waits for the second, is decided where both agree,
    or waits for a lead who settles it. Two who rewrite a caption differently do not
    agree. ``skip`` gives the reviewer others first and stores no ruling; its reason code and note
    are ignored. Submitting again what is already stored for the same item version by the same
    reviewer returns the stored ruling; skipping again what they have skipped writes nothing.

    Args:
        session: an open transaction.
        item_id, item_version: what the reviewer was looking at.
        lease_token: proof that the reviewer holds the item.
        ruling: approve, exclude or skip.
        reason_code: a ``RulingReason`` that goes with the ruling.
        note: free text of at most ``MAX_NOTE`` characters; some reason codes need one.
        reviewer: who rules.
        texts: of a rewrite, the new captions by the digest of the old ones; the caller stores them
            with the ruling (``models.captions.ruling.decide_rewriting``).

    Raises:
        AlreadyRuledError: this version of the item has another ruling, or the reviewer has had
            their say.
        LeaseLostError: the lease has ended, or something else is asked now. Nothing is written.
        ReviewError: the ruling, reason code or note cannot be taken, or there is no such item.
    """
    kind, reason, note = validate_ruling(ruling, reason_code, note, reviewer)
    if kind is RulingKind.REWRITE and texts is None:
        raise ReviewError("A rewrite needs the new caption.", "Edit a caption of the item.")
    found = execute(session, _LOCKED, {"item": item_id}).first()
    if found is None:
        raise ReviewError(f"There is no item {item_id}.", "Go back to the queue.")
    now = now_ms(session)
    held = {"item": item_id, "at": item_version, "token": lease_token, "holder": reviewer}
    if kind is RulingKind.SKIP and _has_skipped(session, found, held, now):
        return Ruled(item_id, item_version, kind, "", repeated=True)
    given = GivenRuling(kind, reason, note, reviewer, now)
    if found.state == ItemState.DECIDED.value:
        serving = find_serving_of(session, item_id, found.question, key_of(reviewer))
        if serving is not None:
            return _rule_on_golden(session, found, serving, given, lease_token, item_version)
    stored = find_ruling(session, item_id, item_version)
    if stored is not None:
        if stored.reviewer != reviewer and found.state in UNDECIDED:
            raise _lost()  # whoever may still rule is told nothing of what others ruled
        return _repeat(stored, kind, reviewer)
    asked = read_asked_item(found)
    if not asked.round.may_rule(key_of(reviewer)):
        raise AlreadyRuledError(
            "You have ruled on this item: another person's word is needed.", "Take the next item."
        )
    require_word_on_consent(kind, reason, asked.reasons)
    skipped = kind is RulingKind.SKIP
    ruling_id = "" if skipped else uuid.uuid4().hex
    taken = None if skipped else _take(session, asked, given, ruling_id, texts)
    after = {**RELEASED, "updated_ms": now}
    after |= {} if taken is None else columns_after(asked, taken)
    if execute(session, _CHANGE_HELD, {**after, **held}).first() is None:
        raise _lost()
    reach("review.decide.item")
    if taken is None:
        note_skip(session, item_id, asked.question, key_of(reviewer), now)
        reach("review.skip.noted")
    else:
        store_ruling(session, asked, given, ruling_id, taken)
    return Ruled(item_id, item_version, kind, ruling_id)


_LOCKED = (
    select(*ASKED, ReviewItemRow.state, ReviewItemRow.lease_token)
    .where(ReviewItemRow.id == bindparam("item"))
    .with_for_update()
)
_CHANGE_HELD = (
    update(ReviewItemRow)
    .where(
        ReviewItemRow.id == bindparam("item"),
        ReviewItemRow.version == bindparam("at"),
        ReviewItemRow.state == ItemState.LEASED.value,
        ReviewItemRow.lease_token == bindparam("token"),
        ReviewItemRow.lease_holder == bindparam("holder"),
    )
    .returning(ReviewItemRow.id)
)
"""The columns to set are those among the values that it is run with."""


def _has_skipped(session: Session, found: Row[Any], held: Mapping[str, Any], now: int) -> bool:
    """Whether somebody has skipped an item as it is asked now, and does not hold it any more."""
    token = held["token"]
    if token in (found.lease_token, "") or find_held_serving(session, found.id, token):
        return False
    key = key_of(held["holder"])
    return session.scalar(select(is_skipped(found.id, found.question, key, now))) or False


def read_asked_item(found: Row[Any]) -> AskedItem:
    """An item that is ruled on, from a row of ``ASKED``."""
    standing = (found.first_ruling, found.first_by, found.second_ruling, found.second_by)
    return AskedItem(
        found.id,
        found.version,
        found.dataset,
        found.asset_id,
        found.question,
        tuple(code for code in found.reasons.split(",") if code),
        Round(found.persons, *standing),
    )


def columns_after(item: AskedItem, taken: Taken) -> dict[str, object]:
    """What the item's columns hold after a ruling: decided, or waiting under the next version."""
    if taken.decided:
        return {**taken.columns, "state": ItemState.DECIDED.value}
    return {**taken.columns, "version": item.version + 1}


def read_kinds(session: Session, ruling_ids: Collection[str]) -> dict[str, str]:
    """What was ruled, by ruling."""
    wanted = sorted(each for each in ruling_ids if each)
    if not wanted:
        return {}
    query = select(RulingRow.id, RulingRow.ruling).where(RulingRow.id.in_(wanted))
    return dict(session.execute(query).tuples().all())


def store_ruling(
    session: Session,
    item: AskedItem,
    given: GivenRuling,
    ruling_id: str,
    taken: Taken,
    came_with: tuple[str, str] = ("", ""),
) -> None:
    """Write a ruling, its audit row and its outbox row, for an item that has already changed.

    Others are told of a ruling when it is in force; of one that waits for another person they are
    told only that the item waits, and for whom.

    Args:
        session: the transaction in which the item has changed.
        item, given: what was ruled on, and what was ruled.
        ruling_id: the ruling's id.
        taken: what it has made of the item.
        came_with: the ruling that this one was taken together with, and its item.
    """
    values = _describe(item, given, ruling_id)
    values |= {"came_with": came_with[0], "came_with_item": came_with[1]}
    execute(session, _STORE, values)
    reach("review.decide.ruling")
    append_audit(session, given.reviewer, RULED, ruling_id, describe_ruling(values))
    reach("review.decide.audit")
    if taken.decided:
        posted = {"ruling_id": ruling_id, **describe_ruling(values)}
        post_event(session, "ruling", posted, given.ruled_ms)
    else:
        post_waiting(session, item.id, taken.columns["waits_for"], given.ruled_ms)
    reach("review.decide.outbox")


_STORE = insert(RulingRow)


def post_waiting(session: Session, item_id: str, waits_for: str, now: int) -> None:
    """Tell others that an item waits, and for whose word."""
    post_event(session, "item_waits", {"item_id": item_id, "waits_for": waits_for}, now)


def _take(
    session: Session,
    item: AskedItem,
    given: GivenRuling,
    ruling_id: str,
    texts: Mapping[str, str] | None,
) -> Taken:
    first = item.round.first if item.round.waits_for is WaitsFor.SECOND else ""
    kinds = read_kinds(session, [first])
    rewritten = texts_of_ruling(session, first) if first and texts else {}
    agrees = agree(given.ruling, kinds.get(first, ""), texts, rewritten)
    return item.round.take(ruling_id, key_of(given.reviewer), agrees=agrees)


def _describe(item: AskedItem, given: GivenRuling, ruling_id: str) -> dict[str, object]:
    return {
        "id": ruling_id,
        "item_id": item.id,
        "item_version": item.version,
        "dataset": item.dataset,
        "asset_id": item.asset_id,
        "question": item.question,
        "ruling": given.ruling.value,
        "reason_code": given.reason_code,
        "note": given.note,
        "reviewer": given.reviewer,
        "ruled_ms": given.ruled_ms,
    }


def _rule_on_golden(
    session: Session,
    found: Row[Any],
    serving: GoldenServingRow,
    given: GivenRuling,
    lease_token: str,
    item_version: int,
) -> Ruled:
    """As for any other item, but nothing of it counts as a ruling."""
    stored = find_golden_ruling(session, serving, item_version)
    if stored is not None:
        if stored.ruling != given.ruling.value:
            raise _already(stored)
        stands = serving.ruling_id == stored.id
        return Ruled(found.id, item_version, given.ruling, stored.id, True, stands, False)
    item = read_asked_item(found)
    require_word_on_consent(given.ruling, given.reason_code, item.reasons)
    held = serving.state == "leased" and serving.lease_token == lease_token
    if not held or serving.version != item_version:
        raise _lost()
    if given.ruling is RulingKind.SKIP:
        change_serving(session, serving, "open", given.ruled_ms)
        note_skip(session, found.id, found.question, key_of(given.reviewer), given.ruled_ms)
        return Ruled(found.id, item_version, given.ruling, "", counts=False)
    ruling_id = uuid.uuid4().hex
    values = {**_describe(item, given, ruling_id), "item_version": item_version}
    store_golden_ruling(session, serving, values, given.ruled_ms)
    reach("review.golden.ruling")
    append_audit(session, given.reviewer, RULED, ruling_id, describe_ruling(values))
    reach("review.golden.audit")
    return Ruled(found.id, item_version, given.ruling, ruling_id, counts=False)


def _repeat(stored: StoredRuling, kind: RulingKind, reviewer: str) -> Ruled:
    if stored.ruling != kind.value or stored.reviewer != reviewer:
        raise _already(stored)
    return Ruled(stored.item_id, stored.item_version, kind, stored.id, True, stored.stands)


def _already(stored: StoredRuling | GoldenRulingRow) -> AlreadyRuledError:
    return AlreadyRuledError(
        f"{stored.reviewer} already ruled on this: {stored.ruling}.",
        "Nothing was written; undo that ruling to rule again.",
    )


def _lost() -> LeaseLostError:
    return LeaseLostError(
        "The lease on this item has ended, or something else is asked about it now.",
        "Nothing was written; open the item again.",
    )
