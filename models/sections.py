"""The building blocks of the policy file: a table that knows its keys, and checked texts."""

from __future__ import annotations

import unicodedata
from datetime import UTC, date, datetime
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, StringConstraints

Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


_PATTERNS = {
    r"^[0-9a-f]{64}$": "give a SHA-256 as 64 hexadecimal digits in lower case",
    r"^eip155:[1-9][0-9]{0,19}$": 'give the chain as in "eip155:1"',
}


def explain_problem(error: Any) -> str:
    """What is wrong with a value, in words for the person who wrote it.

    Args:
        error: one of ``ValidationError.errors()``.
    """
    kind, context = error["type"], error.get("ctx", {})
    if kind == "string_pattern_mismatch" and context.get("pattern") in _PATTERNS:
        return _PATTERNS[context["pattern"]]
    if kind == "tuple_type":
        return 'give a list in brackets, as in ["…"]'
    if kind == "too_short" and context.get("field_type") == "Tuple":
        return f"give at least {context['min_length']}"
    if kind == "enum":
        return f"{error['input']!r} is none of those there are (docs/reasons.md)"
    if kind.startswith("date_"):
        return "give a date, as in 2026-01-15"
    return str(error["msg"]).removeprefix("Value error, ")


class Section(BaseModel):
    """A table of the policy file: no key that is not known here, and never changed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def require_two_people(one: str, other: str) -> None:
    """Make sure that two names are not one person's, however differently written.

    Raises:
        ValueError: they are.
    """
    if _fold_name(one) == _fold_name(other):
        raise ValueError("entered_by and approved_by must be two different people")


def _fold_name(name: str) -> str:
    """A name without what one person may write differently: case, width, blanks, unseen letters."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(char for char in folded if char.isprintable() and not char.isspace())


def start_of_day(day: date) -> int:
    """The first UTC second of a day."""
    return int(datetime(*day.timetuple()[:3], tzinfo=UTC).timestamp())
