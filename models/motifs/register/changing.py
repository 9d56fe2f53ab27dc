"""Registering a picture: examined, kept, recorded, or refused without a change."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

from sqlalchemy.orm import Session

from models.motifs.claims import Claim, State
from models.motifs.listing import PROTECTED, read_history
from models.motifs.register.examining import examine_inspected
from models.motifs.register.inspecting import FeatureCounter, Inspection, inspect_picture
from models.motifs.register.keeping import keep_picture
from models.motifs.register.neighbours import Neighbours
from models.motifs.register.pictures import MAX_PIXELS
from models.motifs.register.recording import (
    check_record,
    fields_of,
    fields_that_came,
    finish_change,
    lock_motifs,
    pdq_of,
    write_fields,
)
from models.motifs.remarks import ReferenceRefusedError, Remark, write_remarks
from models.store.database import now_ms
from models.store.tables import MotifRow

OutcomeKind = Literal["added", "corrected", "known", "skipped", "disputed", "refused"]


@dataclass(frozen=True, slots=True)
class Manner:
    """How pictures are registered.

    Attributes:
        actor: who registers them.
        state: ``confirmed`` by staff, ``unconfirmed`` when an owner submits them.
        also_mine: register what looks the same as another owner's reference, as disputed.
        skip_duplicates: leave out what looks the same as a reference of the same owner.
        keep_files: whether the pictures are kept; False for a rehearsal.
        max_pixels: a picture with more is refused.
        count_features: see ``inspect_picture``.
    """

    actor: str = ""
    state: State = "confirmed"
    also_mine: bool = False
    skip_duplicates: bool = False
    keep_files: bool = True
    max_pixels: int = MAX_PIXELS
    count_features: FeatureCounter | None = None


PLAIN_MANNER: Final = Manner()


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one picture.

    Attributes:
        kind: what happened; ``disputed`` is the very file of another owner, claimed as well.
        row: the reference, except for one that was refused.
        warnings: what its owner should know.
        refusal: why it was refused, or None.
    """

    kind: OutcomeKind
    row: MotifRow | None
    warnings: tuple[Remark, ...] = ()
    refusal: Remark | None = None


def inspect_as(data: bytes, claim: Claim, manner: Manner) -> Inspection:
    """Look at a picture before a transaction begins, so that nobody waits for the decoder."""
    return inspect_picture(
        data, claim.box, max_pixels=manner.max_pixels, count_features=manner.count_features
    )


def register_picture(
    session: Session,
    workspace: Path,
    data: bytes,
    claim: Claim,
    manner: Manner = PLAIN_MANNER,
    *,
    inspection: Inspection | None = None,
    neighbours: Neighbours | None = None,
) -> Outcome:
    """Register a picture, or correct what the register says about one that it holds already.

    What a claim leaves open stays as it is known, of the picture or else of its label.

    Args:
        inspection: what ``inspect_as`` said, where it was asked before.
        neighbours: of this workspace, where several pictures are registered.

    Returns:
        The outcome; a refusal is told and not raised, and changes nothing.
    """
    inspection = inspection or inspect_as(data, claim, manner)
    try:
        check_record(manner.actor, "")
        lock_motifs(session)
        known = session.get(MotifRow, inspection.id, populate_existing=True)
        if known is not None and known.box and not claim.box:
            claim = replace(claim, box=known.box)
            inspection = inspect_as(data, claim, manner)
        examination = examine_inspected(
            session,
            inspection,
            claim,
            neighbours or Neighbours(workspace),
            known,
            also_mine=manner.also_mine,
        )
        warnings = examination.warnings
        if examination.refusal is not None:
            return Outcome("refused", None, warnings, examination.refusal)
        if known is not None and manner.state == "unconfirmed":
            return _submit_known(session, known, examination.claim, manner, warnings)
        if manner.also_mine and known is not None and examination.disputed_with == known.id:
            return _dispute(session, known, examination.claim, manner.actor, warnings)
        if manner.skip_duplicates and known is None and examination.duplicate:
            return Outcome("skipped", None, warnings)
        if manner.keep_files:
            keep_picture(workspace, inspection.id, data)
    except ReferenceRefusedError as error:
        return Outcome("refused", None, (), error.remark)
    told = fields_of(examination.claim, inspection, manner.state)
    # A correction neither begins nor ends a dispute.
    told["disputed_with"] = known.disputed_with if known else examination.disputed_with
    if known is None:
        row = MotifRow(
            id=inspection.id,
            added_ms=now_ms(session),
            registered_by=manner.actor,
            version=0,
            warnings=write_remarks(inspection.warnings),
            pdq=pdq_of(inspection),
            **told,
        )
        session.add(row)
        finish_change(session, row, "added", manner.actor, fields_that_came(row))
        return Outcome("added", row, warnings)
    if not write_fields(session, known, told, inspection, manner.actor):
        return Outcome("known", known, warnings)
    return Outcome("corrected", known, warnings)


def _submit_known(
    session: Session, row: MotifRow, claim: Claim, manner: Manner, warnings: tuple[Remark, ...]
) -> Outcome:
    """An owner submits a picture that is there: nothing that others said about it changes."""
    if row.state not in PROTECTED:
        refusals = [c for c in read_history(session, row.id) if c.action == "refused"]
        by, why = (refusals[0].actor, refusals[0].why) if refusals else ("", "")
        return Outcome("refused", None, (), Remark.of("refused_before", by=by, why=why or "-"))
    if manner.also_mine and any(remark.code == "disputed" for remark in warnings):
        return _dispute(session, row, claim, manner.actor, warnings)
    return Outcome("known", row, warnings)


def _dispute(
    session: Session, row: MotifRow, claim: Claim, actor: str, warnings: tuple[Remark, ...]
) -> Outcome:
    """The very file is another owner's reference: it stays so, and the second claim is recorded."""
    row.disputed_with = row.id
    note = {"owner": claim.owner, "label": claim.label, "right": claim.right}
    finish_change(
        session, row, "disputed", actor, {}, note={**note, "right_note": claim.right_note}
    )
    return Outcome("disputed", row, warnings)
