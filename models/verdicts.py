"""The four verdicts, in the order in which one beats another."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum


class Verdict(StrEnum):
    """What Kiyome says about one asset."""

    CLEAR = "clear"
    REVIEW = "review"
    ERROR = "error"
    EXCLUDE = "exclude"


_RANK = {Verdict.CLEAR: 0, Verdict.REVIEW: 1, Verdict.ERROR: 2, Verdict.EXCLUDE: 3}


def most_restrictive(verdicts: Iterable[Verdict]) -> Verdict:
    """The verdict that beats all others: exclude, then error, then review, then clear.

    Raises:
        ValueError: there is no verdict to choose from; nothing is ever cleared by default.
    """
    return max(verdicts, key=_RANK.__getitem__)
