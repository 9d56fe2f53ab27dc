"""What every change of the motif register does: hold it, write, raise the version, record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from models.errors import RegisterError
from models.motifs.claims import Claim, check_text, write_box
from models.motifs.listing import KNOWN_FIELDS, REGISTER_KIND, record_change, register_version
from models.motifs.register.inspecting import Inspection
from models.motifs.remarks import write_remarks
from models.nouns.register.state import bump_version, lock_register
from models.store.tables import MotifRow


def lock_motifs(session: Session) -> None:
    """Hold the motif register until the transaction ends: of two that change it, one waits."""
    lock_register(session, REGISTER_KIND)


def require_motif(session: Session, motif_id: str) -> MotifRow:
    """One reference, by its whole id.

    Raises:
        RegisterError: there is none.
    """
    row = session.get(MotifRow, motif_id, populate_existing=True)
    if row is None:
        raise RegisterError(
            f"There is no motif {motif_id!r} in the register.",
            "`kiyome register motifs list` shows the ids.",
        )
    return row


def check_record(actor: str, why: str) -> None:
    """Make sure that who makes a change, and why, can be recorded.

    Raises:
        ReferenceRefusedError: one of them is no text, or too long.
    """
    check_text("name of who changes it", actor)
    check_text("reason", why)


def fields_of(claim: Claim, inspection: Inspection, state: str) -> dict[str, str]:
    """What the register keeps of a claim, by column."""
    return {
        "label": claim.label,
        "category": claim.category,
        "owner": claim.owner,
        "source": claim.source,
        "right_kind": claim.right,
        "right_note": claim.right_note,
        "box": write_box(inspection.box),
        "state": state,
    }


def write_fields(
    session: Session,
    row: MotifRow,
    told: Mapping[str, str],
    inspection: Inspection,
    actor: str,
    why: str = "",
) -> bool:
    """Correct what differs; False where nothing does."""
    fields = {
        name: (getattr(row, name), value)
        for name, value in told.items()
        if getattr(row, name) != value
    }
    if not fields:
        return False
    for name, (_, value) in fields.items():
        setattr(row, name, value)
    row.pdq = pdq_of(inspection)
    row.warnings = write_remarks(inspection.warnings)
    finish_change(session, row, "corrected", actor, fields, why)
    return True


def finish_change(
    session: Session,
    row: MotifRow,
    action: str,
    actor: str,
    fields: Mapping[str, tuple[str, str]],
    why: str = "",
    note: Mapping[str, Any] | None = None,
) -> None:
    """Raise the version for a change of one reference, and record it; see ``record_change``."""
    session.flush()
    raise_version(session)
    row.version = register_version(session)
    session.flush()
    record_change(session, row, action, actor, fields=fields, why=why, note=note)


def fields_that_came(row: MotifRow) -> dict[str, tuple[str, str]]:
    """The fields of a new reference, as changes from nothing."""
    return {name: ("", getattr(row, name)) for name in KNOWN_FIELDS if getattr(row, name)}


def pdq_of(inspection: Inspection) -> str:
    """The fingerprint as it is stored: "" for a picture that is too plain for one."""
    return inspection.hashes[0].hex() if inspection.hashes else ""


def raise_version(session: Session) -> None:
    """Count one change more of the motif register."""
    bump_version(session, REGISTER_KIND)
