"""ENAMDICT: Japanese names as text, one entry a line, in EUC-JP or UTF-8.

A line is ``writing [reading] /(types) name in Latin letters/.../``; the first one says when the
file was made. The types hold until the next ones (http://www.edrdg.org/enamdict/enamdict_doc.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from models.nouns.importers.japanese_types import LICENCE, SOURCE, TYPES, make_japanese_row
from models.nouns.importers.lines import LONGEST_ROW, read_lines
from models.nouns.importers.list_file import ListFile
from models.nouns.importers.rows import (
    EndedEarlyError,
    ListAbout,
    ListChoices,
    ListRow,
    read_day,
    refuse_row,
)

_CODES = {
    "s": "surname",
    "p": "place",
    "u": "unclass",
    "g": "given",
    "f": "fem",
    "m": "masc",
    "h": "person",
    "pr": "product",
    "c": "company",
    "o": "organization",
    "st": "station",
    "wk": "work",
    "ch": "char",
    **{each: each for each in (*TYPES, "ev", "obj", "oth", "relig")},
}
_ENTRY = re.compile(r"\A([^\s\[/]+)(?: \[([^\]]*)\])? /(.*)/\s*\Z")
_SENSE = re.compile(r"\A\(([a-z,]+)\)\s+")
_CREATED = re.compile(r"/Created: ?(\d{4}-\d\d-\d\d)")


def encoding_of(head: bytes) -> str:
    """The encoding of a file, from its beginning, which may end inside a character."""
    try:
        head.decode("utf-8")
    except UnicodeDecodeError as error:
        return "utf-8" if error.start > len(head) - 4 else "euc_jp"
    return "utf-8"


def is_enamdict(text: str) -> bool:
    """Whether the beginning of a file looks like ENAMDICT."""
    lines = [line for line in text.split("\n")[:20] if line.strip()]
    if len(lines) > 1:
        lines = lines[:-1]
    if not lines:
        return False
    if "ENAMDICT" in lines[0]:
        return True
    return sum(bool(_ENTRY.match(line)) for line in lines) * 2 > len(lines)


def read_enamdict(file: ListFile, about: ListAbout, choices: ListChoices) -> Iterator[ListRow]:
    """The entries of the dictionary.

    Raises:
        EndedEarlyError: the file ends in the middle of a line.
    """
    about.learn(f"ENAMDICT, {SOURCE}", LICENCE)
    encoding = encoding_of(file.head)
    for line in read_lines(file, LONGEST_ROW):
        if line.data is None:
            yield refuse_row(line.number, "The line is too long. Leave it out.")
            continue
        try:
            text = line.data.decode(encoding).removeprefix("\ufeff")
        except UnicodeDecodeError:
            yield refuse_row(line.number, f"The line is not text in {encoding}. Save it anew.")
            continue
        if line.number == 1 and "/ENAMDICT" in text:
            day = _CREATED.search(text)
            about.learn(dated_ms=read_day(day[1]) if day else None)
            continue
        if not text.strip():
            continue
        entry = _ENTRY.match(text)
        if entry:
            yield _read(line.number, entry, about, choices)
        elif not line.has_end:
            raise EndedEarlyError(
                f"The list {file.path} ends in the middle of line {line.number}.",
                "Fetch it anew, or take the lines before it with --partial.",
            )
        else:
            yield refuse_row(
                line.number, "The line is no entry. One is: writing [reading] /(type) name/."
            )


def _read(line: int, entry: re.Match[str], about: ListAbout, choices: ListChoices) -> ListRow:
    senses: list[tuple[frozenset[str], list[str]]] = []
    for text in entry[3].split("/"):
        found = _SENSE.match(text)
        codes = found[1].split(",") if found else []
        if found and all(code in _CODES for code in codes):
            senses.append((frozenset(_CODES[code] for code in codes), [text[found.end() :]]))
        elif senses:
            senses[-1][1].append(text)
        else:
            senses.append((frozenset({"unclass"}), [text]))
    readings = [entry[2]] if entry[2] else []
    return make_japanese_row(line, [entry[1]], readings, senses, about, choices)
