"""Revising what is registered: corrections, decisions on submissions, and removals."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.errors import RegisterError
from models.motifs.claims import Claim, State, check_claim
from models.motifs.listing import KNOWN_FIELDS, record_change
from models.motifs.register.inspecting import inspect_picture
from models.motifs.register.keeping import motif_folder
from models.motifs.register.pictures import MAX_PIXELS
from models.motifs.register.recording import (
    check_record,
    fields_of,
    finish_change,
    lock_motifs,
    raise_version,
    require_motif,
    write_fields,
)
from models.motifs.remarks import ReferenceRefusedError
from models.store.tables import MotifRow


def correct_motif(
    session: Session,
    workspace: Path,
    motif_id: str,
    claim: Claim,
    *,
    actor: str = "",
    why: str = "",
    max_pixels: int = MAX_PIXELS,
) -> MotifRow:
    """Put a claim in the place of what the register says about a reference, whole.

    Raises:
        RegisterError: there is no such reference, its picture is gone, or the claim, with its
            box, cannot be used.
    """
    claim = check_claim(claim)
    check_record(actor, why)
    lock_motifs(session)
    row = require_motif(session, motif_id)
    try:
        data = (motif_folder(workspace) / motif_id).read_bytes()
    except OSError as error:
        raise RegisterError(
            f"The reference picture of {row.label!r} cannot be read: {error.strerror or error}.",
            "Register it again from its original file.",
        ) from error
    inspection = inspect_picture(data, claim.box, max_pixels=max_pixels)
    if inspection.refusal is not None:
        raise ReferenceRefusedError(inspection.refusal)
    told = fields_of(claim, inspection, row.state)
    told["category"] = claim.category or row.category
    write_fields(session, row, told, inspection, actor, why)
    return row


def decide_motif(
    session: Session, motif_id: str, *, confirm: bool, actor: str, why: str = ""
) -> MotifRow:
    """Confirm a reference that was submitted, or refuse it: it is then kept but not protected.

    A refused one can be confirmed later; a confirmed one is removed instead of refused. Confirming
    one that is disputed ends the dispute.

    Raises:
        RegisterError: there is no such reference, or it is not one to be decided so.
    """
    check_record(actor, why)
    lock_motifs(session)
    row = require_motif(session, motif_id)
    state: State = "confirmed" if confirm else "refused"
    settles = confirm and bool(row.disputed_with)
    if (row.state == state and not settles) or (not confirm and row.state == "confirmed"):
        remedy = "" if confirm else "Take it out with `kiyome register motifs remove`."
        raise RegisterError(f"The motif {row.label!r} is {row.state} already.", remedy)
    fields: dict[str, tuple[str, str]] = {}
    if row.state != state:
        fields["state"] = (row.state, state)
    row.state = state
    if settles:
        fields["disputed_with"] = (row.disputed_with, "")
        row.disputed_with = ""
    finish_change(session, row, state, actor, fields, why)
    return row


def remove_motif(session: Session, motif_id: str, *, actor: str = "", why: str = "") -> MotifRow:
    """Take a motif out of the register; what it said stays in the record of changes.

    Its picture stays in the workspace until ``remove_unlisted_pictures``, so that a transaction
    that is rolled back leaves the register whole.

    Raises:
        RegisterError: there is no such motif.
    """
    check_record(actor, why)
    lock_motifs(session)
    row = require_motif(session, motif_id)
    session.delete(row)
    session.flush()
    session.execute(
        update(MotifRow).where(MotifRow.disputed_with == motif_id).values(disputed_with="")
    )
    raise_version(session)
    went = {name: (getattr(row, name), "") for name in KNOWN_FIELDS if getattr(row, name)}
    record_change(session, row, "removed", actor, fields=went, why=why)
    return row


def remove_unlisted_pictures(session: Session, workspace: Path) -> int:
    """Delete the pictures of motifs that are no longer in the register; returns how many.

    A folder that somebody has put among them is none of ours, and stays.
    """
    lock_motifs(session)
    listed = set(session.scalars(select(MotifRow.id)))
    folder = motif_folder(workspace)
    files = [p for p in folder.iterdir() if not p.is_dir()] if folder.is_dir() else []
    unlisted = [path for path in files if path.name not in listed]
    for path in unlisted:
        path.unlink()
    return len(unlisted)
