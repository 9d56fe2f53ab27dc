"""Whose word an item waits for, and what a ruling makes of it.

    one person            ruling -> decided
    two persons           ruling -> second -> decided         they agree
                                    second -> adjudication -> decided
    at any time before    -> lead -> back, or ruled on by the lead
                          -> owner -> back, with an answer or without

Each ruling but the last moves the item's version on, so that every version has at most one ruling,
and the ruling in force is the one on the version at which the item was decided.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from models.review.reason_codes import RulingKind


class WaitsFor(StrEnum):
    """Whose word an item waits for; of a decided item, whose word decided it."""

    RULING = "ruling"
    SECOND = "second"
    ADJUDICATION = "adjudication"
    LEAD = "lead"
    OWNER = "owner"


FOR_REVIEWERS = (WaitsFor.RULING, WaitsFor.SECOND)
"""What reviewers are given."""

FOR_LEADS = (WaitsFor.ADJUDICATION, WaitsFor.LEAD)
"""What leads take by hand."""

FRESH: dict[str, Any] = {
    "waits_for": WaitsFor.RULING.value,
    "first_ruling": "",
    "first_by": "",
    "second_ruling": "",
    "second_by": "",
    "due_ms": 0,
}
"""What an item's columns hold when nobody has ruled on it."""


@dataclass(frozen=True, slots=True)
class Round:
    """The rulings on an item that stand while it is not decided.

    Attributes:
        persons: how many have to rule.
        first, first_by: the first ruling and whose it is (folded name), or "".
        second, second_by: the second, where it differs from the first, or "".
    """

    persons: int
    first: str = ""
    first_by: str = ""
    second: str = ""
    second_by: str = ""

    @property
    def waits_for(self) -> WaitsFor:
        """Whose turn it is, whatever else the item waits for at the moment."""
        if self.second:
            return WaitsFor.ADJUDICATION
        return WaitsFor.SECOND if self.first else WaitsFor.RULING

    def may_rule(self, key: str) -> bool:
        """Whether somebody (folded name) has not had their say yet."""
        return key not in (self.first_by, self.second_by)

    def take(self, ruling_id: str, key: str, *, agrees: bool) -> Taken:
        """What a ruling makes of the item.

        Args:
            ruling_id: the ruling.
            key: who ruled (folded name).
            agrees: it comes to the same as the first (``agree``); of no account where that is none.
        """
        turn = self.waits_for
        columns = {**_write(self), "waits_for": turn.value, "due_ms": 0}
        if turn is WaitsFor.ADJUDICATION or (turn is WaitsFor.RULING and self.persons < 2):
            return Taken(turn, True, columns)
        if turn is WaitsFor.RULING:
            columns |= {"first_ruling": ruling_id, "first_by": key}
            columns |= {"waits_for": WaitsFor.SECOND.value}
            return Taken(turn, False, columns)
        columns |= {"second_ruling": ruling_id, "second_by": key}
        if not agrees:
            columns |= {"waits_for": WaitsFor.ADJUDICATION.value}
        return Taken(turn, agrees, columns)

    def without(self, ruling_id: str) -> Round:
        """The round when one of its rulings is taken back: the other one is the first then."""
        if ruling_id == self.second:
            return Round(self.persons, self.first, self.first_by)
        if ruling_id == self.first:
            return Round(self.persons, self.second, self.second_by)
        return self

    def as_columns(self) -> dict[str, Any]:
        """The item's columns for this round, waiting for whoever's turn it is."""
        return {**_write(self), "waits_for": self.waits_for.value, "due_ms": 0}


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a ruling.

    Attributes:
        turn: whose it was.
        decided: the item is decided by it.
        columns: what the item's columns hold from then on.
    """

    turn: WaitsFor
    decided: bool
    columns: dict[str, Any]


def agree(
    ruling: RulingKind,
    first: str,
    texts: Mapping[str, str] | None = None,
    first_texts: Mapping[str, str] | None = None,
) -> bool:
    """Whether two rulings come to the same; their reasons may differ.

    Args:
        ruling, first: what was ruled.
        texts, first_texts: of rewrites, the new captions: two with different texts do not agree.
    """
    return ruling.value == first and dict(texts or {}) == dict(first_texts or {})


def _write(each: Round) -> dict[str, Any]:
    return {
        "first_ruling": each.first,
        "first_by": each.first_by,
        "second_ruling": each.second,
        "second_by": each.second_by,
    }
