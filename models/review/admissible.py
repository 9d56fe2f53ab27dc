"""Whether a ruling can be taken: its kind, its reason, its words, and its word on consent."""

from __future__ import annotations

from collections.abc import Sequence

from models.errors import ConsentUnansweredError, ReviewError
from models.review.reason_codes import RULING_REASONS, RulingKind, reasons_for
from models.words import read_words

MAX_NOTE = 2000
"""Longest note, in characters."""


def validate_ruling(
    ruling: str, reason_code: str, note: str, reviewer: str
) -> tuple[RulingKind, str, str]:
    """The kind, the reason and the note of a ruling, as they are stored.

    Raises:
        ReviewError: they cannot be taken.
    """
    try:
        kind = RulingKind(ruling)
    except ValueError as error:
        raise ReviewError(f"{ruling!r} is not a ruling.", "Approve, exclude or skip.") from error
    if not reviewer.strip():
        raise ReviewError("A ruling needs a reviewer.", "Sign in first.")
    if kind is RulingKind.SKIP:
        return kind, "", ""
    text = RULING_REASONS.get(reason_code)
    if text is None or text.ruling is not kind:
        raise ReviewError(
            f"{reason_code!r} is not a reason to {kind.value}.", "Choose one of the reasons."
        )
    note = read_words(note)
    if len(note) > MAX_NOTE:
        raise ReviewError(f"The note is longer than {MAX_NOTE:,} characters.", "Shorten it.")
    if text.needs_note and not note:
        raise ReviewError("This reason needs a note.", "Say in the note why you rule so.")
    return kind, reason_code, note


def require_word_on_consent(kind: RulingKind, reason_code: str, asked: Sequence[str]) -> None:
    """Refuse to let an asset through by a ruling that says nothing about the doubt about consent.

    Args:
        kind, reason_code: what is ruled, and why.
        asked: the reasons for which the item is asked about.

    Raises:
        ConsentUnansweredError: consent is asked about, and the reason is about something else.
    """
    if kind in (RulingKind.SKIP, RulingKind.EXCLUDE):
        return
    if reason_code not in reasons_for(kind, asked):
        raise ConsentUnansweredError(
            "Consent is in doubt here too, and this reason says nothing about it.",
            "Approve with proof of the consent, or with a note that settles the doubt; ask the "
            "owner; or exclude.",
        )


def check_words(text: str, what: str) -> str:
    """A note or a question that has to say something, as it is stored.

    Args:
        what: what it is, for messages.

    Raises:
        ReviewError: it is missing or too long.
    """
    words = read_words(text)
    if not words:
        raise ReviewError(f"{what} is missing.", "Write it.")
    if len(words) > MAX_NOTE:
        raise ReviewError(f"{what} is longer than {MAX_NOTE:,} characters.", "Shorten it.")
    return words
