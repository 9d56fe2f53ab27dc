"""Supersession: the later word of one proven speaker takes the place of the earlier one.

It is found for all speakers at once: strangers may write as many statements about a picture as they
like, and comparing each with each would take hours.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from models.consent.contracts import CONTRACT_CARRIER
from models.consent.purposes import Preference, Purpose
from models.consent.statements import Condition, Statement

Speaker = tuple[str, str, str]
"""Carrier, who spoke, and on which chain."""


def last_words(
    statements: Iterable[Statement], purpose: Purpose, as_of: int
) -> dict[Speaker, tuple[int, int]]:
    """When each proven speaker last said something in force about a purpose."""
    last: dict[Speaker, tuple[int, int]] = {}
    for s in statements:
        speaker, moment = _speaker_of(s), (s.issued_at or 0, s.sequence)
        if (
            speaker is not None
            and moment[0] <= as_of
            and not has_ended(s, as_of)
            and s.preference(purpose) is not Preference.UNKNOWN
        ):
            last[speaker] = max(moment, last.get(speaker, moment))
    return last


def is_superseded(statement: Statement, last: Mapping[Speaker, tuple[int, int]]) -> bool:
    """Whether the same proven speaker has said something later about the same purpose."""
    speaker, moment = _speaker_of(statement), (statement.issued_at or 0, statement.sequence)
    return speaker is not None and moment < last.get(speaker, moment)


def _speaker_of(statement: Statement) -> Speaker | None:
    """Who speaks, where that is proven and it is known when: only these replace what they said.

    Contracts stand each on its own: the operator ends one by its date, not by adding another. The
    same address is somebody else on another chain.
    """
    proven = statement.trust.integrity and statement.trust.bound
    sound = statement.condition is Condition.SOUND and statement.issued_at is not None
    if not (proven and sound and statement.setter) or statement.carrier == CONTRACT_CARRIER:
        return None
    return statement.carrier, statement.setter, statement.chain


def has_ended(statement: Statement, as_of: int) -> bool:
    """Whether a statement is past the end that it sets itself."""
    return statement.expires_at is not None and as_of >= statement.expires_at
