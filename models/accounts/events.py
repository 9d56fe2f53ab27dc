"""What the audit chain records of accounts: who did what to which, never a password or a token."""

from __future__ import annotations

from enum import StrEnum

from sqlalchemy.orm import Session

from models.review.audit import append_audit

COMMAND_LINE = "command line"
"""Who did it where somebody with access to the machine did; no account can be called that."""


class AccountEvent(StrEnum):
    """What happened to an account."""

    CREATED = "account_created"
    ROLE_CHANGED = "account_role_changed"
    DISABLED = "account_disabled"
    ENABLED = "account_enabled"
    LINK_MADE = "account_link_made"
    PASSWORD_SET = "account_password_set"  # noqa: S105  (an event's name)
    SIGNED_IN = "account_signed_in"
    SIGNED_OUT = "account_signed_out"
    SESSIONS_ENDED = "account_sessions_ended"
    TOKEN_MADE = "api_token_made"  # noqa: S105  (an event's name)
    TOKEN_ENDED = "api_token_ended"  # noqa: S105  (an event's name)
    IDENTITY_BOUND = "owner_identity_bound"
    IDENTITY_ENDED = "owner_identity_ended"
    OWNER_KEY_GIVEN = "owner_key_given"


def log_event(
    session: Session, actor: str, event: AccountEvent, account_id: str, **detail: str | int
) -> None:
    """Append an event to the audit chain, in the caller's transaction and after its other work."""
    append_audit(session, actor, event.value, account_id, detail)
