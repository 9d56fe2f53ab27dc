"""How urgent a question is, and why.

    priority = stake + settled + age
    stake     ten times the risk of the gravest reason, and one for each finding, up to nine
    settled   PER_DOUBLING for each doubling of the pictures that one ruling settles, up to 64
    age       PER_DAY for each day since the question was asked

All questions age alike, so that time never changes which of two comes first. What is stored, and
what items are ordered by, is what the priority would be if today were the first day of 1970: it
stays as it is while an item waits, and an index holds the order of a million items.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.reasons import Reason

PER_DAY = 50
"""By how much the priority of every question grows in a day: as much as five points of risk."""
PER_DOUBLING = 20
MOST_SETTLED = 64
"""Pictures that one ruling settles, beyond which more raise the priority no further."""

RISK: dict[Reason, int] = {
    Reason.CONSENT_TAMPERED: 90,
    Reason.MOTIF_COPY: 85,
    Reason.MOTIF_CONTAINED: 80,
    Reason.CONSENT_CONFLICT: 80,
    Reason.MOTIF_RESEMBLES: 70,
    Reason.NAME_PROTECTED: 60,
    Reason.CONSENT_MALFORMED: 50,
    Reason.CONSENT_UNDETERMINED: 45,
    Reason.IMAGE_ANIMATED: 30,
    Reason.UNKNOWN_TERM: 25,
    Reason.NAME_POSSIBLE: 20,
}
"""How much is at stake if the asset were cleared wrongly, by reason, 0 to 100."""
_OTHER_RISK = 40
_CODES = frozenset(reason.value for reason in Reason)
_DAY_MS = 24 * 60 * 60 * 1000


def rank(row: Mapping[str, Any]) -> int:
    """The stake of a question, 0 to 1000: the gravest reason, then how many findings there are.

    Args:
        row: a verdict row (``models.judging.VERDICTS``).
    """
    risk, _ = _find_gravest(row["reasons"])
    return min(1000, risk * 10 + min(len(row["findings"]), 9))


def rank_settled(settles: int) -> int:
    """By how much it raises the priority that one ruling settles so many pictures."""
    return PER_DOUBLING * (min(max(settles, 1), MOST_SETTLED).bit_length() - 1)


def store_priority(stake: int, asked_ms: int, settles: int = 1) -> int:
    """What is stored of a question's priority.

    Args:
        stake: what ``rank`` gave.
        asked_ms: since when the question is asked, in UTC milliseconds.
        settles: how many pictures one ruling settles.
    """
    return stake + rank_settled(settles) - PER_DAY * _day(asked_ms)


def read_priority(stored: int, asked_ms: int, now: int) -> int:
    """The priority at a moment, from what is stored of it."""
    return stored + PER_DAY * max(_day(now), _day(asked_ms))


def count_days(asked_ms: int, now: int) -> int:
    """For how many days a question is asked, by the calendar in UTC; never less than none."""
    return max(0, _day(now) - _day(asked_ms))


@dataclass(frozen=True, slots=True)
class Ranked:
    """Why a question has its priority.

    Attributes:
        reason: the gravest reason.
        risk: how much is at stake with it, 0 to 100.
        findings: how many findings there are.
        settles: how many pictures one ruling settled when the last run looked.
        days: for how many days it is asked.
        by_stake, by_settling, by_age: what each adds; together they are the priority.
    """

    reason: Reason
    risk: int
    findings: int
    settles: int
    days: int
    by_stake: int
    by_settling: int
    by_age: int


def explain_rank(
    evidence: Mapping[str, Any], priority: int, settles: int = 1, days: int = 0
) -> Ranked | None:
    """Why a question has its priority; None where another rule gave it one.

    Args:
        evidence: of its item.
        priority: as it is now (``read_priority``).
        settles: how many pictures one ruling settles.
        days: what ``count_days`` gave.
    """
    codes, findings = evidence.get("reasons"), evidence.get("findings")
    if not isinstance(codes, list) or not isinstance(findings, list):
        return None
    known = [code for code in codes if code in _CODES]
    risk, reason = _find_gravest(known)
    parts = (min(1000, risk * 10 + min(len(findings), 9)), rank_settled(settles), PER_DAY * days)
    if reason is None or sum(parts) != priority:
        return None
    return Ranked(reason, risk, len(findings), settles, days, *parts)


def _find_gravest(codes: Sequence[str]) -> tuple[int, Reason | None]:
    risks = [(RISK.get(Reason(code), _OTHER_RISK), Reason(code)) for code in codes]
    return max(risks, key=lambda each: each[0], default=(0, None))


def _day(moment_ms: int) -> int:
    return moment_ms // _DAY_MS
