"""What a verification says: one check after another, each with a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from models.ledger.note import Checkpoint

_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. ``detail`` names the files where it failed."""

    name: str
    ok: bool
    detail: str


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """The outcome of a verification: ``ok`` only where every check is.

    ``size`` and ``root`` (hex) are those of the signed head; 0 and empty where no head verified.
    """

    ok: bool
    size: int
    root: str
    checks: tuple[Check, ...]

    @property
    def failures(self) -> tuple[Check, ...]:
        """The checks that failed."""
        return tuple(check for check in self.checks if not check.ok)

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return asdict(self)


def summarise(checks: Sequence[Check], head: Checkpoint | None) -> VerificationReport:
    """A report over checks; it is not ok where there are none, or no head verified."""
    ok = head is not None and bool(checks) and all(check.ok for check in checks)
    size, root = (head.size, head.root.hex()) if head else (0, "")
    return VerificationReport(ok, size, root, tuple(checks))


def conclude(name: str, problems: Sequence[str], success: str) -> Check:
    """A check from its problems: ok where there are none, else the first few as one sentence."""
    if not problems:
        return Check(name, ok=True, detail=success)
    shown = [problem.rstrip(".") for problem in problems[:_SHOWN]]
    if len(problems) > _SHOWN:
        shown.append(f"and {len(problems) - _SHOWN} more")
    return Check(name, ok=False, detail="; ".join(shown) + ".")
