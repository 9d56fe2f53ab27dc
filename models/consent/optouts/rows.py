"""One row of a list: what it names, what it refuses, and what could not be understood."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models.consent.eip7517 import EXPANSIONS
from models.consent.optouts.columns import NAMING, Columns, Role
from models.consent.optouts.names import read_name
from models.consent.purposes import ALL_PURPOSES, Purpose
from models.consent.reading_json import printable
from models.consent.subjects import Subject, SubjectKind

_MAX_NAMES = 64


def _plain(text: str) -> str:
    return re.sub(r"[^a-z0-9]", "", text[:80].casefold())


_TRAINING = (Purpose.NON_GENERATIVE_TRAINING, Purpose.GENERATIVE_TRAINING)
_USES: dict[str, tuple[Purpose, ...]] = {
    **{_plain(purpose.value): (purpose,) for purpose in ALL_PURPOSES},
    **{_plain(key): purposes for key, purposes in EXPANSIONS.items()},
    **dict.fromkeys(("all", "any", "everything", "ai"), ALL_PURPOSES),
    **dict.fromkeys(("training", "trainai", "aitrain"), _TRAINING),
    **dict.fromkeys(("tdm", "textanddatamining"), (Purpose.DATA_MINING, *_TRAINING)),
    **dict.fromkeys(("generative", "genai", "traingenai"), (Purpose.GENERATIVE_TRAINING,)),
    **dict.fromkeys(("mining", "datamining"), (Purpose.DATA_MINING,)),
    **dict.fromkeys(("aiuse", "aiinput"), (Purpose.INFERENCE,)),
}
_BLANKS = frozenset({"-", "n/a", "na", "nan", "null", "none"})
_OPT_INS = frozenset({"optin", "optedin", "in", "allowed", "allow", "yes", "consented", "granted"})


@dataclass(frozen=True, slots=True)
class Problem:
    """Something in a list that could not be understood.

    Attributes:
        line: the line of the file, from 1; the row of a Parquet file.
        note: what is wrong, for a person.
    """

    line: int
    note: str


@dataclass(frozen=True, slots=True)
class OptOutEntry:
    """One row that refuses something.

    Attributes:
        line: the line of the file, from 1; the row of a Parquet file.
        subjects: the names of what is refused.
        refused: the purposes that are refused, in fixed order.
        holder, reason, source, date: as the list says; empty where it does not.
        notes: what a reader should know about how the row was read.
    """

    line: int
    subjects: tuple[Subject, ...]
    refused: tuple[Purpose, ...] = ALL_PURPOSES
    holder: str = ""
    reason: str = ""
    source: str = ""
    date: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class RowReading:
    """What became of one row: an entry, problems, or an opt-in that is not read as anything."""

    entry: OptOutEntry | None = None
    problems: tuple[Problem, ...] = ()
    is_opt_in: bool = False


def read_row(line: int, values: Sequence[object], columns: Columns) -> RowReading:
    """Read one row.

    A domain counts only in a row that names nothing narrower: beside a URL or a hash it is where
    the asset lies and not what is refused.

    Args:
        line: for messages.
        values: the cells: text, bytes (a hash as it is), lists of text, or None.
        columns: what they hold.
    """
    texts: dict[Role, str] = {}
    named: list[tuple[Role, str]] = []
    for index, role in columns.roles:
        if index >= len(values):
            continue
        for text in _texts_of(values[index]):
            if role in NAMING:
                if text.casefold() not in _BLANKS:
                    named.append((role, text))
            else:
                texts.setdefault(role, text)
    if not named:
        return RowReading(problems=(Problem(line, "the row names nothing"),))
    if _plain(texts.get(Role.STATUS, "")) in _OPT_INS:
        return RowReading(is_opt_in=True)
    subjects, problems = _subjects_of(line, named)
    if not subjects:
        return RowReading(problems=problems)
    refused, notes = _refused(texts.get(Role.PURPOSES, ""))
    entry = OptOutEntry(
        line=line,
        subjects=subjects,
        refused=refused,
        holder=printable(texts.get(Role.HOLDER, "")),
        reason=printable(texts.get(Role.REASON, "")),
        source=printable(texts.get(Role.SOURCE, "")),
        date=printable(texts.get(Role.DATE, ""), 40),
        notes=notes,
    )
    return RowReading(entry, problems)


def names_something(values: Sequence[object], columns: Columns) -> bool:
    """Whether a row names something, all of it readable."""
    reading = read_row(0, values, columns)
    return bool(reading.is_opt_in or reading.entry) and not reading.problems


def _subjects_of(
    line: int, named: list[tuple[Role, str]]
) -> tuple[tuple[Subject, ...], tuple[Problem, ...]]:
    narrow = [(role, text) for role, text in named if role is not Role.DOMAIN]
    subjects: dict[Subject, None] = {}
    problems: list[Problem] = []
    for role, text in (narrow or named)[:_MAX_NAMES]:
        try:
            subjects[read_name(role, text)] = None
        except ValueError as error:
            what = printable(text, 80)
            problems.append(Problem(line, f"{role.value} {what!r}: {printable(str(error))}"))
    if len(narrow or named) > _MAX_NAMES:
        problems.append(Problem(line, f"the row has more than {_MAX_NAMES} names"))
    kinds = {subject.kind for subject in subjects}
    if len(kinds) > 1 and SubjectKind.DOMAIN in kinds:
        subjects = {s: None for s in subjects if s.kind is not SubjectKind.DOMAIN}
    return tuple(subjects), tuple(problems)


def _refused(text: str) -> tuple[tuple[Purpose, ...], tuple[str, ...]]:
    """The purposes a row refuses: all of them where it does not say, or says it oddly."""
    found: set[Purpose] = set()
    notes: list[str] = []
    for word in re.split(r"[,;|/+\[\]\"']+", text[:2000]):
        if not word.strip():
            continue
        purposes = _USES.get(_plain(word))
        if purposes is None:
            notes.append(f"the use {printable(word, 40)!r} is not known: all uses are refused")
            found.update(ALL_PURPOSES)
        else:
            found.update(purposes)
    return tuple(p for p in ALL_PURPOSES if p in found) or ALL_PURPOSES, tuple(notes[:4])


def _texts_of(value: object) -> Iterator[str]:
    if value is None:
        return
    if isinstance(value, bytes):
        # A column of raw digests; text that came as bytes is longer or readable.
        yield value.hex() if len(value) == 32 else value.decode("utf-8", "replace")
    elif isinstance(value, list | tuple):
        for item in value[: _MAX_NAMES + 1]:
            yield from _texts_of(item)
    elif str(value).strip():
        yield str(value).strip()
