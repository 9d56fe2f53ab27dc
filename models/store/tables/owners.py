"""Rights owners: which identities belong to which account, and proofs of wallets under way."""

from __future__ import annotations

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from models.store.tables.base import Base


class OwnerIdentityRow(Base):
    """An identity that is, or was, bound to an owner's account. Rows are never deleted.

    ``identity`` is the speaker of statements as carriers name one (``Statement.setter``). It is
    bound to one account at a time: the index over rows that have not ended holds that.
    """

    __tablename__ = "owner_identities"
    __table_args__ = (
        Index(
            "uq_owner_identity",
            "identity",
            unique=True,
            sqlite_where=text("ended_ms IS NULL"),
            postgresql_where=text("ended_ms IS NULL"),
        ),
        Index("ix_owner_identity_account", "account_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    identity: Mapped[str] = mapped_column(Text)
    how: Mapped[str] = mapped_column(String(16))
    bound_by: Mapped[str] = mapped_column(Text)
    bound_ms: Mapped[int]
    ended_by: Mapped[str] = mapped_column(Text, default="")
    ended_ms: Mapped[int | None]


class WalletChallengeRow(Base):
    """A message that a wallet was asked to sign; it is answered once, or not at all.

    ``browser_sha256`` is the digest of the session that asked for it: no other can answer it.
    ``account_id`` is NULL for a sign-in, and the account that the wallet is to be bound to else.
    ``client`` is where the request came from, to count how many wait.
    """

    __tablename__ = "wallet_challenges"
    __table_args__ = (
        Index("ix_wallet_challenge_expires", "expires_ms"),
        Index("ix_wallet_challenge_client", "client", "expires_ms"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    browser_sha256: Mapped[str] = mapped_column(String(64))
    account_id: Mapped[str | None] = mapped_column(ForeignKey("accounts.id"))
    client: Mapped[str] = mapped_column(String(64))
    address: Mapped[str] = mapped_column(String(42))
    chain_id: Mapped[int]
    message: Mapped[str] = mapped_column(Text)
    created_ms: Mapped[int]
    expires_ms: Mapped[int]
    used_ms: Mapped[int | None]
