"""How urgent a question is, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from models.reasons import Reason

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


def rank(row: Mapping[str, Any]) -> int:
    """The priority of a question, 0 to 1000: the gravest reason, then how many there are.

    Args:
        row: a verdict row (``models.judging.VERDICTS``).
    """
    risk, _ = _find_gravest(row["reasons"])
    return min(1000, risk * 10 + min(len(row["findings"]), 9))


@dataclass(frozen=True, slots=True)
class Ranked:
    """Why a question has its priority.

    Attributes:
        reason: the gravest reason.
        risk: how much is at stake with it, 0 to 100.
        findings: how many findings there are.
    """

    reason: Reason
    risk: int
    findings: int


def explain_rank(evidence: Mapping[str, Any], priority: int) -> Ranked | None:
    """Why a question has its priority, by its evidence; None where another rule gave it one."""
    codes, findings = evidence.get("reasons"), evidence.get("findings")
    if not isinstance(codes, list) or not isinstance(findings, list):
        return None
    known = [code for code in codes if code in _CODES]
    risk, reason = _find_gravest(known)
    explained = min(1000, risk * 10 + min(len(findings), 9)) == priority
    return Ranked(reason, risk, len(findings)) if explained and reason is not None else None


def _find_gravest(codes: Sequence[str]) -> tuple[int, Reason | None]:
    risks = [(RISK.get(Reason(code), _OTHER_RISK), Reason(code)) for code in codes]
    return max(risks, key=lambda each: each[0], default=(0, None))
