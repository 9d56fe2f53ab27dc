"""How old the lists are that the register and the vocabulary were filled from.

New characters and artists appear every week: of the names that were in use, a list of nine months
ago held 89 % of the characters and 76 % of the artists. A list that grows old misses more and more,
and nothing else shows it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from models.errors import RegisterError
from models.nouns.register.entries import check_note
from models.store.database import now_ms
from models.store.tables import NameListRow, NameRow, VocabularyRow

STALE_DAYS = 90
_DAY_MS = 86_400_000
_LONGEST_FORMAT = 32


@dataclass(frozen=True, slots=True)
class StaleList:
    """A list that should be fetched and imported anew.

    Attributes:
        source: what its names carry as their source; "" for names that carry none.
        format: how it was read; "" where no import of it is recorded.
        names: how many names of the register are from it.
        tags: how many tags of the vocabulary are from it.
        dated_ms: the day of the list itself, or of its newest name where no import is recorded.
        days: how old it is, in whole days.
    """

    source: str
    format: str
    names: int
    tags: int
    dated_ms: int
    days: int


def record_list(
    session: Session,
    source: str,
    format: str,  # noqa: A002  (the table's word)
    licence: str,
    sha256: str,
    rows: int,
    dated_ms: int,
) -> None:
    """Record that a list was imported; of each source the last import counts.

    Args:
        source: what its names carry as their source.
        format: how it was read, at most 32 characters.
        sha256: digest of the file, in hex.
        rows: how many rows it has.
        dated_ms: the day of the list itself (UTC milliseconds), not of the import.

    Raises:
        RegisterError: one of them cannot be stored, or the list is from the future.
    """
    if not source.strip():
        raise RegisterError(
            "The list has no source.", "Name it: by its address, or by the name of its file."
        )
    check_note("source", source)
    check_note("licence", licence)
    check_note("format", format)
    if len(format) > _LONGEST_FORMAT:
        raise RegisterError(
            f"The format {format[:40]!r} is longer than {_LONGEST_FORMAT} characters.",
            "Name the format in a word.",
        )
    if not re.fullmatch("[0-9a-f]{64}", sha256):
        raise RegisterError(
            f"{sha256[:80]!a} is not a SHA-256 digest.", "Give 64 hexadecimal digits."
        )
    now = now_ms(session)
    # A day is left over for the time zone in which the list was dated.
    if not 0 <= dated_ms <= now + _DAY_MS:
        raise RegisterError(
            f"The list {source!r} is dated before 1970 or after today.",
            "Give the day on which the list was made.",
        )
    session.execute(
        text(
            "INSERT INTO name_lists (source, format, licence, sha256, rows, dated_ms, imported_ms) "
            "VALUES (:source, :format, :licence, :sha256, :rows, :dated_ms, :imported_ms) "
            "ON CONFLICT (source) DO UPDATE SET format = excluded.format, "
            "licence = excluded.licence, sha256 = excluded.sha256, rows = excluded.rows, "
            "dated_ms = excluded.dated_ms, imported_ms = excluded.imported_ms"
        ),
        {
            "source": source,
            "format": format,
            "licence": licence,
            "sha256": sha256,
            "rows": rows,
            "dated_ms": dated_ms,
            "imported_ms": now,
        },
    )


def stale_lists(session: Session, now: int, days: int = STALE_DAYS) -> list[StaleList]:
    """The lists that are older than ``days`` days, the oldest first.

    A list counts while a name or a tag is from it. Where no import of a source is recorded, the
    day on which its newest name was registered stands for the day of the list. Names that an owner
    asked for, without a list, do not age.

    Args:
        now: the present (UTC milliseconds), such as ``models.store.database.now_ms`` gives it.
    """
    lists = {
        source: (form, dated_ms)
        for source, form, dated_ms in session.execute(
            select(NameListRow.source, NameListRow.format, NameListRow.dated_ms)
        ).tuples()
    }
    names = _count_by_source(session, NameRow)
    tags = _count_by_source(session, VocabularyRow)
    found = []
    for source in names.keys() | tags.keys():
        counted, newest_name = names.get(source, (0, 0))
        tagged, newest_tag = tags.get(source, (0, 0))
        form, dated_ms = lists.get(source, ("", max(newest_name, newest_tag)))
        if now - dated_ms > days * _DAY_MS:
            age = (now - dated_ms) // _DAY_MS
            found.append(StaleList(source, form, counted, tagged, dated_ms, age))
    found.sort(key=lambda stale: (stale.dated_ms, stale.source))
    return found


def describe_stale(stale: StaleList) -> str:
    """One stale list in a phrase: which, how old, and how much is from it."""
    parts = [
        f"{count:,} {word}{'' if count == 1 else 's'}"
        for count, word in ((stale.names, "name"), (stale.tags, "tag"))
        if count
    ]
    told = " and ".join(parts)
    day = _day_of(stale.dated_ms)
    if not stale.source:
        return f"{told} without a source, the newest added {day}, {stale.days} days ago"
    if not stale.format:
        return f"{stale.source}, the newest entry added {day}, {stale.days} days ago: {told}"
    return f"{stale.source}, dated {day}, {stale.days} days old: {told}"


def advise_on(stale: StaleList) -> str:
    """What to do about a stale list, as a sentence."""
    if stale.source:
        return "Fetch a newer copy of the list, and import it with `kiyome register import FILE`."
    return (
        "Import a newer list that names its source, or say with `kiyome register names add` and "
        "--source or --owner where they are from."
    )


def _count_by_source(
    session: Session, table: type[NameRow] | type[VocabularyRow]
) -> dict[str, tuple[int, int]]:
    """For each source, how many rows are from it, and when the newest of them was added."""
    query = select(table.source, func.count(), func.max(table.added_ms)).group_by(table.source)
    if table is NameRow:
        query = query.where((NameRow.source != "") | (NameRow.owner == ""))
    return {source: (count, newest) for source, count, newest in session.execute(query).tuples()}


def _day_of(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).date().isoformat()
