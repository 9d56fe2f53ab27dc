"""Making, accepting, refusing and ending caption edits: the only place that writes them."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.orm import Session

from models.captions.edits import digest_caption, edit_text
from models.captions.records import (
    EditState,
    Origin,
    StoredEdit,
    edits_of_ruling,
    find_edit,
    find_in_force,
    write_spans,
    write_text,
)
from models.captions.spans import Span, find_spans
from models.errors import CaptionEditError
from models.failpoints import reach
from models.review.audit import (
    CAPTION_ACCEPTED,
    CAPTION_EDITED,
    CAPTION_PROPOSED,
    append_audit,
    describe_caption_edit,
)
from models.store.database import now_ms
from models.store.tables import CaptionEditRow, ReviewItemRow, RulingRow
from models.unicode import make_storable

MAX_NOTE = 2000
"""Longest note, in characters."""

REFUSED, WITHDRAWN = "refuse_caption", "withdraw_caption"
UNDONE, RESTORED, REPLACED = "undo_caption", "restore_caption", "replace_caption"
"""Actions of the audit chain, besides those that it is verified by."""


@dataclass(frozen=True, slots=True)
class CaptionPlace:
    """One caption of one asset of one dataset.

    Attributes:
        name: what a person calls the asset.
        original: the caption as it was found.
    """

    dataset: str
    asset_id: str
    name: str
    original: str

    @property
    def original_sha256(self) -> str:
        """By what an edit knows it."""
        return digest_caption(self.original)


def hold_edits(session: Session, dataset: str, asset_id: str) -> None:
    """Let nobody else change edits of an asset until this transaction ends.

    Called before the first audit row of a transaction is written, and after items are held.
    """
    row = CaptionEditRow
    _hold(session, row.asset_id == asset_id, row.dataset == dataset)


def hold_edits_on(session: Session, item_ids: Sequence[str]) -> None:
    """The same, for the assets that items of the review queue are about."""
    asked = select(ReviewItemRow.asset_id).where(ReviewItemRow.id.in_(item_ids))
    _hold(session, CaptionEditRow.asset_id.in_(asked))


def _hold(session: Session, *conditions: ColumnElement[bool]) -> None:
    query = select(CaptionEditRow.id).where(*conditions).order_by(CaptionEditRow.id)
    session.execute(query.with_for_update())


def plan_edit(original: str, text: str) -> tuple[Span, ...]:
    """The spans of an edit that makes one text of another.

    Line breaks that a form sent as two characters are read as the original has them.

    Raises:
        CaptionEditError: nothing would change, or the new text cannot be taken.
    """
    if "\r" not in original:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    spans = find_spans(original, text)
    if not spans:
        raise CaptionEditError("The caption is as it was.", "Change it, or rule without a rewrite.")
    edit_text(original, spans)
    return spans


def put_in_force(
    session: Session,
    place: CaptionPlace,
    spans: Sequence[Span],
    reviewer: str,
    *,
    ruling_id: str = "",
    note: str = "",
    holds: bool = True,
) -> str:
    """Make a reviewer's edit; it holds at once, and takes the place of one that holds.

    Args:
        holds: False for an edit that is only kept with its ruling, which has not decided.

    Returns:
        The edit's id.

    Raises:
        CaptionEditError: the edit cannot be applied.
    """
    edit_text(place.original, spans)
    hold_edits(session, place.dataset, place.asset_id)
    now = now_ms(session)
    key = (place.dataset, place.asset_id, place.original_sha256)
    before = _make_way(session, *key, reviewer, now) if holds else ""
    values = _values(place, spans, reviewer, note, now)
    values |= {
        "origin": Origin.REVIEWER.value,
        "state": (EditState.IN_FORCE if holds else EditState.HELD).value,
        "ruling_id": ruling_id,
        "replaces": before,
        "decided_by": reviewer if holds else "",
        "decided_ms": now if holds else None,
    }
    session.execute(insert(CaptionEditRow).values(**values))
    reach("captions.edit.row")
    append_audit(session, reviewer, CAPTION_EDITED, values["id"], describe_caption_edit(values))
    return str(values["id"])


def propose(
    session: Session,
    place: CaptionPlace,
    spans: Sequence[Span],
    author: str,
    account_id: str,
    note: str = "",
) -> str:
    """Store what an owner asks for. It changes nothing until a reviewer accepts it.

    Whether the work is theirs is for the caller to make sure of.

    Returns:
        The edit's id.

    Raises:
        CaptionEditError: the edit cannot be applied, or the same owner has one waiting already.
    """
    edit_text(place.original, spans)
    hold_edits(session, place.dataset, place.asset_id)
    row = CaptionEditRow
    waiting = session.execute(
        select(row.id).where(
            row.dataset == place.dataset,
            row.asset_id == place.asset_id,
            row.original_sha256 == place.original_sha256,
            row.account_id == account_id,
            row.state == EditState.PROPOSED.value,
        )
    ).first()
    if waiting is not None:
        raise CaptionEditError(
            "A proposal of yours for this caption is waiting already.", "Withdraw it first."
        )
    now = now_ms(session)
    values = _values(place, spans, author, note, now)
    values |= {
        "origin": Origin.OWNER.value,
        "account_id": account_id,
        "state": EditState.PROPOSED.value,
    }
    session.execute(insert(row).values(**values))
    append_audit(session, author, CAPTION_PROPOSED, values["id"], describe_caption_edit(values))
    return str(values["id"])


def accept(session: Session, edit_id: str, reviewer: str) -> StoredEdit:
    """Put an owner's proposal in force, in the place of an edit that holds.

    Raises:
        CaptionEditError: there is no such proposal, or it does not wait any more.
    """
    edit = _require(session, edit_id, EditState.PROPOSED)
    now = now_ms(session)
    before = _make_way(session, edit.dataset, edit.asset_id, edit.original_sha256, reviewer, now)
    _change(
        session,
        edit,
        EditState.IN_FORCE,
        replaces=before,
        decided_by=reviewer,
        decided_ms=now,
    )
    append_audit(
        session, reviewer, CAPTION_ACCEPTED, edit.id, {"author": edit.author, "replaces": before}
    )
    return replace(edit, state=EditState.IN_FORCE, replaces=before)


def refuse(session: Session, edit_id: str, reviewer: str, answer: str) -> StoredEdit:
    """Refuse an owner's proposal, and say why.

    Raises:
        CaptionEditError: there is no such proposal, it does not wait any more, or no reason is
            given.
    """
    answer = _check_note(answer)
    if not answer:
        raise CaptionEditError(
            "A refusal needs a reason, which the owner reads.", "Say why the text stays."
        )
    edit = _require(session, edit_id, EditState.PROPOSED)
    now = now_ms(session)
    _change(session, edit, EditState.REFUSED, decided_by=reviewer, decided_ms=now, answer=answer)
    detail = {"author": edit.author, "answer_sha256": digest_caption(answer)}
    append_audit(session, reviewer, REFUSED, edit.id, detail)
    return replace(edit, state=EditState.REFUSED, answer=answer)


def withdraw(session: Session, edit_id: str, author: str, account_id: str) -> StoredEdit:
    """End one's own proposal before anybody has decided it.

    Raises:
        CaptionEditError: there is no such proposal of this account, or it does not wait any more.
    """
    edit = _require(session, edit_id, EditState.PROPOSED)
    if not account_id or edit.account_id != account_id:
        raise _no_such(edit_id)
    now = now_ms(session)
    _change(session, edit, EditState.WITHDRAWN, ended_by=author, ended_ms=now)
    append_audit(session, author, WITHDRAWN, edit.id, {"author": edit.author})
    return replace(edit, state=EditState.WITHDRAWN)


def undo_edit(session: Session, edit_id: str, actor: str) -> StoredEdit:
    """End an edit that is in force; the one that it took the place of holds again.

    An edit that was made with a ruling in force is undone by undoing the ruling
    (``models.captions.ruling.undo_edit_or_ruling``).

    Raises:
        CaptionEditError: there is no such edit, or it is not in force.
    """
    edit = _require(session, edit_id, EditState.IN_FORCE)
    _end(session, edit, actor, now_ms(session))
    return replace(edit, state=EditState.UNDONE)


def undo_edits_on(
    session: Session, item_id: str, item_version: int, actor: str, *, undone: str
) -> int:
    """End the edits of the ruling that decided an item, because it is not decided any more.

    An edit that another one has taken the place of does not come back. Where the ruling itself
    stands, because it is the other one of two that was undone, its edits are kept with it.

    Args:
        item_version: the version at which it was decided.
        undone: the ruling that was undone.

    Returns:
        How many were in force.
    """
    row = RulingRow
    deciding = session.scalar(
        select(row.id).where(row.item_id == item_id, row.item_version == item_version)
    )
    ended = 0
    for edit in edits_of_ruling(session, deciding) if deciding else ():
        now = now_ms(session)
        after = EditState.UNDONE if deciding == undone else EditState.HELD
        if edit.state is EditState.IN_FORCE:
            _end(session, edit, actor, now, after)
            ended += 1
        elif edit.state in (EditState.REPLACED, EditState.HELD):
            _change(session, edit, after, ended_by=actor, ended_ms=now)
            append_audit(session, actor, UNDONE, edit.id, {"author": edit.author, "restored": ""})
    return ended


def _end(
    session: Session,
    edit: StoredEdit,
    actor: str,
    now: int,
    after: EditState = EditState.UNDONE,
) -> None:
    _change(session, edit, after, ended_by=actor, ended_ms=now)
    before = find_edit(session, edit.replaces) if edit.replaces else None
    restored = ""
    if before is not None and before.state is EditState.REPLACED:
        _change(session, before, EditState.IN_FORCE, ended_by="", ended_ms=None)
        restored = before.id
    detail = {"author": edit.author, "restored": restored}
    append_audit(session, actor, UNDONE, edit.id, detail)
    if restored:
        append_audit(session, actor, RESTORED, restored, {"after": edit.id})


def _make_way(
    session: Session, dataset: str, asset_id: str, original_sha256: str, actor: str, now: int
) -> str:
    """End the edit that holds for a caption, and say which it was; "" where none does."""
    before = find_in_force(session, dataset, asset_id, original_sha256)
    if before is None:
        return ""
    _change(session, before, EditState.REPLACED, ended_by=actor, ended_ms=now)
    append_audit(session, actor, REPLACED, before.id, {"author": before.author})
    return before.id


def _require(session: Session, edit_id: str, state: EditState) -> StoredEdit:
    edit = find_edit(session, edit_id)
    if edit is None:
        raise _no_such(edit_id)
    hold_edits(session, edit.dataset, edit.asset_id)
    edit = find_edit(session, edit_id)
    if edit is None:
        raise _no_such(edit_id)
    if edit.state is not state:
        words = "does not wait any more" if state is EditState.PROPOSED else "is not in force"
        raise CaptionEditError(
            f"The caption edit {edit_id} {words}: it is {edit.state.value}.",
            "Look at the list again.",
        )
    return edit


def _no_such(edit_id: str) -> CaptionEditError:
    return CaptionEditError(f"There is no caption edit {edit_id}.", "Look at the list again.")


def _change(session: Session, edit: StoredEdit, state: EditState, **values: object) -> None:
    session.execute(
        update(CaptionEditRow)
        .where(CaptionEditRow.id == edit.id)
        .values(state=state.value, **values)
        .execution_options(synchronize_session=False)
    )


def _values(
    place: CaptionPlace, spans: Sequence[Span], author: str, note: str, now: int
) -> dict[str, Any]:
    if not author.strip():
        raise CaptionEditError("An edit needs somebody who makes it.", "Sign in first.")
    return {
        "id": uuid.uuid4().hex,
        "dataset": place.dataset,
        "asset_id": place.asset_id,
        "name": make_storable(place.name),
        "original_sha256": place.original_sha256,
        "original": write_text(place.original),
        "spans": write_spans(spans),
        "author": author,
        "account_id": "",
        "note": _check_note(note),
        "ruling_id": "",
        "replaces": "",
        "made_ms": now,
        "decided_by": "",
        "decided_ms": None,
        "answer": "",
        "ended_by": "",
        "ended_ms": None,
    }


def _check_note(note: str) -> str:
    note = make_storable(note.strip())
    if len(note) > MAX_NOTE:
        raise CaptionEditError(f"The note is longer than {MAX_NOTE:,} characters.", "Shorten it.")
    return note
