"""What was checked, and how it ended: everything holds, something does not, or nobody can tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

FORMAT = "kiyome.verification/1"


class Status(StrEnum):
    """How one check ended. A note is worth knowing and changes nothing."""

    OK = "ok"
    NOTE = "note"
    FAILED = "failed"
    UNCHECKED = "unchecked"


class Outcome(StrEnum):
    """How a file, or all of them, ended."""

    HOLDS = "holds"
    FAILS = "fails"
    UNCHECKED = "unchecked"

    @property
    def exit_code(self) -> int:
        """0 where all holds, 1 where something does not, 2 where it could not be checked."""
        return {Outcome.HOLDS: 0, Outcome.FAILS: 1, Outcome.UNCHECKED: 2}[self]


class CheckError(Exception):
    """Something does not hold. ``check`` names what, the text says what that means."""

    def __init__(self, check: str, detail: str) -> None:
        super().__init__(detail)
        self.check = check


class UncheckedError(CheckError):
    """Something could not be checked at all: a file or a node is out of reach, a key is missing."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    status: Status
    detail: str


@dataclass(slots=True)
class Checks:
    """The checks of one file, in the order in which they were made."""

    made: list[Check] = field(default_factory=list)

    def add(self, name: str, detail: str, status: Status = Status.OK) -> None:
        """Write down how a check ended."""
        self.made.append(Check(name, status, detail))

    def blame(self, fault: CheckError) -> None:
        """Write down what went wrong."""
        status = Status.UNCHECKED if isinstance(fault, UncheckedError) else Status.FAILED
        self.add(fault.check, str(fault), status)

    @property
    def outcome(self) -> Outcome:
        """What they come to; no check at all proves nothing."""
        found = {check.status for check in self.made}
        if Status.FAILED in found:
            return Outcome.FAILS
        if Status.UNCHECKED in found or Status.OK not in found:
            return Outcome.UNCHECKED
        return Outcome.HOLDS


@dataclass(frozen=True, slots=True)
class FileReport:
    """What is said about one file. ``size`` and ``root`` are of its signed head, 0 and "" without
    one."""

    file: str
    kind: str
    size: int
    root: str
    checks: Checks

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        made = [{"detail": c.detail, "name": c.name, "status": c.status} for c in self.checks.made]
        return {
            "checks": made,
            "file": self.file,
            "kind": self.kind,
            "outcome": self.checks.outcome,
            "root": self.root,
            "size": self.size,
        }


def combine(reports: Sequence[FileReport]) -> Outcome:
    """What several files come to."""
    found = {report.checks.outcome for report in reports}
    if Outcome.FAILS in found:
        return Outcome.FAILS
    return Outcome.HOLDS if found == {Outcome.HOLDS} else Outcome.UNCHECKED
