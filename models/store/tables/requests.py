"""What owners asked for, and what became of it."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.store.tables.base import Base


class OwnerRequestRow(Base):
    """One request of an owner. Rows are never changed: what happens to it is an event.

    ``kind`` is withdrawal, takedown, name or motif. ``whole`` is 1 for a withdrawal of everything
    that an identity ever said yes to. ``purposes`` are those that a withdrawal is for, in order,
    parted by spaces. ``detail`` is JSON: what is claimed about a name or a motif.
    """

    __tablename__ = "owner_requests"
    __table_args__ = (
        Index("ix_owner_request_account", "account_id", "acknowledged_ms"),
        Index("ix_owner_request_age", "kind", "acknowledged_ms"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    kind: Mapped[str] = mapped_column(String(16))
    whole: Mapped[int] = mapped_column(default=0)
    purposes: Mapped[str] = mapped_column(Text, default="")
    note: Mapped[str] = mapped_column(Text, default="")
    detail: Mapped[str] = mapped_column(Text, default="{}")
    acknowledged_ms: Mapped[int]


class OwnerRequestSubjectRow(Base):
    """What a request is about: an asset, an identity, a name or a motif of the register.

    For a withdrawal this is the refusal itself, which judging reads. It stands as long as
    ``ended_ms`` is NULL. Rows are never deleted.
    """

    __tablename__ = "owner_request_subjects"
    __table_args__ = (
        Index(
            "ix_request_subject_standing",
            "kind",
            "subject",
            sqlite_where=text("ended_ms IS NULL"),
            postgresql_where=text("ended_ms IS NULL"),
        ),
    )

    request_id: Mapped[str] = mapped_column(ForeignKey("owner_requests.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), primary_key=True)
    subject: Mapped[str] = mapped_column(Text, primary_key=True)
    ended_ms: Mapped[int | None]


class OwnerRequestEventRow(Base):
    """What happened to a request. Rows are only ever added.

    ``action`` is acknowledged, held, protected, confirmed, refused, renewed or lifted. ``actor`` is
    the account's name or who used the command line; ``note`` is what the owner may read.
    """

    __tablename__ = "owner_request_events"

    request_id: Mapped[str] = mapped_column(ForeignKey("owner_requests.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    at_ms: Mapped[int]
    action: Mapped[str] = mapped_column(String(16))
    actor: Mapped[str] = mapped_column(Text)
    note: Mapped[str] = mapped_column(Text, default="")


class RevocationRow(Base):
    """That the ledger has been searched for uses of an asset that is refused, and tells of it.

    ``refused_ms`` is when the refusal that stands was acknowledged. ``batch_id`` is "" where there
    was no use to revoke. The ledger itself is what counts: without this row it is searched again.
    """

    __tablename__ = "revocations"

    asset_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    purpose: Mapped[str] = mapped_column(String(32), primary_key=True)
    refused_ms: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    batch_id: Mapped[str] = mapped_column(Text, default="")
    noted_ms: Mapped[int]
