"""How often the registers have changed, and who may change one now."""

from __future__ import annotations

from sqlalchemy import func, select, text, update
from sqlalchemy.orm import Session

from models.canonical import digest_lines
from models.store.tables import NameChangeRow, NameRow, RegisterRow

REGISTER_KIND = "names"


def register_number(session: Session) -> int:
    """How often the register has changed; 0 for one that never held a name."""
    query = select(RegisterRow.version).where(RegisterRow.kind == REGISTER_KIND)
    return session.scalar(query) or 0


def register_state(session: Session) -> str:
    """A digest that differs whenever the register's contents may differ; cheap to read.

    A register that never held a name has a state of its own, always the same.
    """
    columns = (NameChangeRow.id, NameChangeRow.at_ms, NameChangeRow.action, NameChangeRow.name_id)
    query = select(*columns).order_by(NameChangeRow.id.desc()).limit(1)
    last: tuple[object, ...] | None = session.execute(query).tuples().one_or_none()
    if last is None:
        # A register from before changes were recorded: its size and newest name stand for it.
        last = session.execute(select(func.count(), func.max(NameRow.added_ms))).tuples().one()
    number = register_number(session)
    return digest_lines(["kiyome/register-state", str(number), *map(str, last)])


def lock_register(session: Session, kind: str = REGISTER_KIND) -> None:
    """Hold a register until the transaction ends: of two that change it, the second waits.

    SQLite lets only one transaction write in any case.
    """
    session.execute(
        text(
            "INSERT INTO register_versions (kind, version) VALUES (:kind, 0) "
            "ON CONFLICT (kind) DO NOTHING"
        ),
        {"kind": kind},
    )
    session.execute(select(RegisterRow.kind).where(RegisterRow.kind == kind).with_for_update())


def bump_version(session: Session, kind: str = REGISTER_KIND) -> None:
    """Record that the register, or what else of its ``kind`` is kept, has changed.

    To be called once at the end of what counts as one change: what was written before it in the
    transaction belongs to the version that it makes.
    """
    lock_register(session, kind)
    session.execute(
        update(RegisterRow)
        .where(RegisterRow.kind == kind)
        .values(version=RegisterRow.version + 1)
        .execution_options(synchronize_session="fetch")
    )
