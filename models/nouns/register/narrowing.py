"""Taking spellings of a name out of the register, while the name itself stays."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.nouns.register.entries import check_note
from models.nouns.register.history import NameChange, record_changes
from models.nouns.register.search import read_entries
from models.nouns.register.state import bump_version, lock_register
from models.store.tables import NameRow, SurfaceRow


def remove_surfaces(
    session: Session, entry_id: str, texts: Collection[str], *, actor: str = ""
) -> int:
    """Take spellings of a name out of the register. The official one stays.

    Args:
        texts: the spellings, as they are registered; one that is not changes nothing.
        actor: who makes the change, for the record.

    Returns:
        How many were taken out.

    Raises:
        RegisterError: the actor's name cannot be stored.
    """
    check_note("actor", actor)
    lock_register(session)
    rows = session.scalars(select(NameRow).where(NameRow.id == entry_id)).all()
    if not rows:
        return 0
    (entry,) = read_entries(session, rows)
    went = tuple(
        surface
        for surface in entry.surfaces
        if surface.text in texts and surface.kind != "official"
    )
    if not went:
        return 0
    session.execute(
        delete(SurfaceRow).where(
            SurfaceRow.name_id == entry_id, SurfaceRow.text.in_([each.text for each in went])
        )
    )
    change = NameChange("changed", entry.id, entry.name, entry.category, went=went)
    record_changes(session, [change], actor)
    bump_version(session)
    return len(went)
