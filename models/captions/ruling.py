"""Ruling with a rewrite: the asset may stay, with another caption.

The ruling and its edits are one transaction. Where two persons have to rule, the edits of a ruling
that does not decide are kept with it and hold nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.captions.edits import digest_caption, edit_text
from models.captions.making import (
    CaptionPlace,
    hold_edits,
    plan_edit,
    put_in_force,
    undo_edit,
)
from models.captions.records import StoredEdit, edits_of_ruling, find_edit
from models.captions.spans import MAX_TEXT
from models.errors import CaptionEditError
from models.failpoints import reach
from models.review.items import Item, find_item
from models.review.reason_codes import RulingKind
from models.review.rulings import Ruled, decide
from models.review.stored_rulings import find_ruling_by_id
from models.review.undoing import undo
from models.store.tables import ReviewItemRow


@dataclass(frozen=True, slots=True)
class EditableCaption:
    """A caption of an item, and whether it can be edited.

    Attributes:
        index: which of the asset's captions.
        original: as it was found.
        text: as it is now, with the edit that holds; what findings point into.
        editable: False where it holds what a form cannot carry, is too long, or may not be edited.
    """

    index: int
    original: str
    text: str
    editable: bool


def read_captions(item: Item) -> tuple[EditableCaption, ...]:
    """The captions of an item, as its evidence has them."""
    given = item.evidence.get("captions")
    captions = [each for each in given if isinstance(each, dict)] if isinstance(given, list) else []
    return tuple(_read_caption(index, caption) for index, caption in enumerate(captions))


def _read_caption(index: int, caption: Mapping[str, Any]) -> EditableCaption:
    text = str(caption.get("text", ""))
    original = str(caption.get("original") or text)
    known = caption.get("sha256", digest_caption(original))
    shown = "\0" not in original and "\0" not in text
    whole = shown and known == digest_caption(original) and len(original) <= MAX_TEXT
    return EditableCaption(index, original, text, whole and bool(original.strip()))


def decide_rewriting(
    session: Session,
    item_id: str,
    lease_token: str,
    item_version: int,
    texts: Mapping[int, str],
    reason_code: str,
    note: str,
    reviewer: str,
) -> Ruled:
    """Take the ruling that an asset may stay with other captions.

    Submitting again what is already stored writes nothing. Of two persons who have to rule, each
    has to give the same texts, or a lead settles it.

    Args:
        session: an open transaction.
        item_id, lease_token, item_version, reason_code, note, reviewer: as for
            ``models.review.rulings.decide``.
        texts: the new text by the caption's index; a text that is as it was before is left out.

    Raises:
        CaptionEditError: no caption is changed, or a new text cannot be taken.
        AlreadyRuledError, LeaseLostError, ReviewError: as ``decide``. Nothing is written then.
    """
    row = ReviewItemRow
    session.execute(select(row.id).where(row.id == item_id).with_for_update())
    item = find_item(session, item_id)
    edits = plan_edits(item, texts) if item is not None else []
    if item is not None and not edits:
        raise CaptionEditError(
            "No caption is changed.", "Change one, or approve or exclude the image."
        )
    if item is not None:
        hold_edits(session, item.dataset, item.asset_id)
    ruled = decide(
        session,
        item_id,
        lease_token,
        item_version,
        RulingKind.REWRITE.value,
        reason_code,
        note,
        reviewer,
        texts={place.original_sha256: edit_text(place.original, spans) for place, spans in edits},
    )
    if ruled.repeated or not ruled.counts:
        return ruled
    # The first of two rulings, and one on a control item, decide nothing.
    stored = find_ruling_by_id(session, ruled.ruling_id)
    holds = stored is not None and stored.in_force
    for place, spans in edits:
        put_in_force(session, place, spans, reviewer, ruling_id=ruled.ruling_id, holds=holds)
    reach("captions.ruling.edits")
    return ruled


def plan_edits(item: Item, texts: Mapping[int, str]) -> list[tuple[CaptionPlace, Sequence[Any]]]:
    """The edits that give captions new texts, each caption of an asset once.

    Raises:
        CaptionEditError: a caption cannot be edited, or its new text cannot be taken.
    """
    captions = {caption.index: caption for caption in read_captions(item)}
    asset = item.evidence.get("asset")
    name = str(asset.get("name", "")) if isinstance(asset, dict) else ""
    planned: dict[str, tuple[CaptionPlace, Sequence[Any]]] = {}
    for index, text in sorted(texts.items()):
        caption = captions.get(index)
        if caption is None or not caption.editable:
            raise CaptionEditError(
                f"Caption {index} of this item (the first is 0) cannot be edited here.",
                "Approve or exclude the image.",
            )
        if normalise(text, caption.original) == caption.text:
            continue
        place = CaptionPlace(item.dataset, item.asset_id, name, caption.original)
        spans = plan_edit(caption.original, text)
        before = planned.get(place.original_sha256)
        if before is not None and before[1] != spans:
            raise CaptionEditError(
                "The same caption stands there twice, and is given two texts.",
                "Give both the same text.",
            )
        planned[place.original_sha256] = (place, spans)
    return list(planned.values())


def normalise(text: str, original: str) -> str:
    """A text from a form, which sends every line break as two characters, as it was written."""
    return text if "\r" in original else text.replace("\r\n", "\n").replace("\r", "\n")


def undo_edit_or_ruling(
    session: Session, edit_id: str, actor: str, *, lead: bool = False
) -> StoredEdit:
    """End an edit; with it the ruling that it was made with, where that is in force.

    Args:
        lead: they may end what a lead has settled.

    Raises:
        ReviewError: there is no such edit, or it is not in force.
    """
    edit = find_edit(session, edit_id)
    ruling = find_ruling_by_id(session, edit.ruling_id) if edit and edit.ruling_id else None
    if edit is not None and ruling is not None and ruling.in_force:
        undo(session, ruling.id, actor, lead=lead)
        return next(e for e in edits_of_ruling(session, ruling.id) if e.id == edit_id)
    return undo_edit(session, edit_id, actor)
