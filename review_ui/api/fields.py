"""What fields and lists of the API have in common."""

from __future__ import annotations

import base64
import binascii
import json
import re
from datetime import UTC, datetime
from typing import Annotated, Any, Generic, TypeVar

from fastapi import Path, Query
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints

from review_ui.api.problems import ApiError

NO_NUL = r"^[^\x00]*$"
"""A text that every database can keep."""

_SURROGATES = re.compile("[\ud800-\udfff]")
_T = TypeVar("_T")

ItemId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Id of an item.")]
RulingId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Id of a ruling.")]
QuestionId = Annotated[str, Path(pattern="^[0-9a-f]{32}$", description="Id of a question.")]
ReleaseId = Annotated[str, Path(pattern="^[0-9a-f]{64}$", description="Id of a release.")]
NameId = Annotated[str, Path(pattern="^[0-9a-f]{8,64}$", description="Id of a name.")]
AnyDataset = Annotated[
    str | None,
    Query(min_length=1, max_length=500, pattern=NO_NUL, description="Only of this dataset."),
]
Search = Annotated[
    str, Query(max_length=200, pattern=NO_NUL, description="Only what holds this text.")
]
Limit = Annotated[int, Query(ge=1, le=200, description="How many at most.")]
After = Annotated[
    str,
    Query(
        max_length=1000,
        pattern="^[A-Za-z0-9_-]*$",
        description="`next` of the page before; empty for the first page.",
    ),
]
Note = Annotated[str, StringConstraints(max_length=2000, pattern=NO_NUL)]
Line = Annotated[str, StringConstraints(max_length=500, pattern=NO_NUL)]
Sha256 = Annotated[str, StringConstraints(pattern="^[0-9a-f]{64}$")]


def _as_whole(given: object) -> object:
    """JSON has one kind of number: 3.0 is as good as 3."""
    return int(given) if isinstance(given, float) and given.is_integer() else given


Whole = Annotated[int, BeforeValidator(_as_whole), Field(ge=1, le=2**53 - 1)]


class Given(BaseModel):
    """A body that is sent: of these fields, of these kinds, and no others."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Page(BaseModel, Generic[_T]):
    """A stretch of a list."""

    items: list[_T]
    next: str | None = Field(
        description="What to pass as `after` for the next page; null on the last."
    )


def moment(milliseconds: int) -> datetime:
    """A time of the database."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def moment_or_none(milliseconds: int | None) -> datetime | None:
    """A time of the database, if it is one: 0 and NULL are none."""
    return moment(milliseconds) if milliseconds else None


def clean(value: Any) -> Any:
    """JSON without half surrogate pairs, which UTF-8 cannot carry: they become U+FFFD."""
    return json.loads(_SURROGATES.sub("\ufffd", json.dumps(value, ensure_ascii=False)))


def clean_text(text: str) -> str:
    """A text without half surrogate pairs."""
    return _SURROGATES.sub("\ufffd", text)


def write_cursor(*place: str | int) -> str:
    """A place in a list, for ``next``."""
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


def read_cursor(cursor: str, *kinds: type) -> tuple[Any, ...] | None:
    """The place that ``after`` names; None for the beginning.

    Raises:
        ApiError: it is none that was given out.
    """
    if not cursor:
        return None
    try:
        place = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        place = None
    sound = (
        isinstance(place, list)
        and len(place) == len(kinds)
        and all(type(part) is kind for part, kind in zip(place, kinds, strict=True))
        and all(-(2**62) < part < 2**62 for part in place if isinstance(part, int))
        and all(_is_text(part) for part in place if isinstance(part, str))
    )
    if not sound:
        raise ApiError("bad-cursor", remedy="Pass what the page before gave as `next`.")
    return tuple(place)


def _is_text(part: str) -> bool:
    return "\0" not in part and _SURROGATES.search(part) is None
