"""Who may sign in, and their sessions."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.store.tables.base import Base


class AccountRow(Base):
    """Somebody who may sign in on the review page. Rows are never deleted: rulings name them.

    ``name`` is what stands on record; ``name_key`` is it folded, so that no two differ by case or
    width alone. ``password_hash`` is NULL until one was set, ``issuer`` and ``subject`` are NULL
    without an OpenID provider.
    """

    __tablename__ = "accounts"
    __table_args__ = (UniqueConstraint("issuer", "subject", name="uq_account_identity"),)

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    name_key: Mapped[str] = mapped_column(Text, unique=True)
    display_name: Mapped[str] = mapped_column(Text)
    pseudonym: Mapped[str] = mapped_column(String(16), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str | None] = mapped_column(Text)
    issuer: Mapped[str | None] = mapped_column(Text)
    subject: Mapped[str | None] = mapped_column(Text)
    language: Mapped[str] = mapped_column(String(8), default="")
    created_ms: Mapped[int]
    disabled_ms: Mapped[int | None]


class AccountSessionRow(Base):
    """Somebody signed in, in one browser. ``token_sha256`` is all that is kept of its token."""

    __tablename__ = "account_sessions"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    created_ms: Mapped[int]
    seen_ms: Mapped[int]
    address: Mapped[str] = mapped_column(Text, default="")
    agent: Mapped[str] = mapped_column(Text, default="")


class AccountLinkRow(Base):
    """A link that sets an account's password once. ``token_sha256`` is all that is kept of it."""

    __tablename__ = "account_links"

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), index=True)
    token_sha256: Mapped[str] = mapped_column(String(64), unique=True)
    purpose: Mapped[str] = mapped_column(String(16))
    created_by: Mapped[str] = mapped_column(Text)
    created_ms: Mapped[int]
    expires_ms: Mapped[int]
    used_ms: Mapped[int | None]


class SignInAttemptRow(Base):
    """One attempt to sign in; kept for a day. ``failed`` is 1 until it has succeeded."""

    __tablename__ = "sign_in_attempts"
    __table_args__ = (
        Index("ix_attempt_name", "name_sha256", "at_ms"),
        Index("ix_attempt_address", "address", "at_ms"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    at_ms: Mapped[int]
    name_sha256: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(Text)
    failed: Mapped[int]
