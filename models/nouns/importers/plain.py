"""Lists of our own kind: CSV with a header that has ``name`` and ``category``."""

from __future__ import annotations

from collections.abc import Iterator

from models.errors import RegisterError
from models.nouns.importers.lines import LONGEST_ROW, read_csv, read_lines
from models.nouns.importers.list_file import ListFile
from models.nouns.importers.rows import (
    EndedEarlyError,
    ImportProblem,
    ListAbout,
    ListChoices,
    ListRow,
    make_row,
    refuse_row,
)
from models.nouns.register.entries import Surface, SurfaceKind, check_language
from models.unicode import make_storable

_LISTS: tuple[tuple[str, SurfaceKind], ...] = (("aliases", "alias"), ("other_names", "other"))
_SEPARATOR = "|"


def read_plain(file: ListFile, about: ListAbout, choices: ListChoices) -> Iterator[ListRow]:
    """The rows of a CSV list.

    The header must have ``name`` and ``category``; ``aliases`` and ``other_names`` (each separated
    by ``|``), ``language``, ``owner``, ``source`` and ``licence`` are read where present, other
    columns are left alone.

    Raises:
        RegisterError: the header lacks a column.
        EndedEarlyError: the file ends in the middle of a row.
    """
    rows = read_csv(read_lines(file, LONGEST_ROW))
    first = next(rows, None)
    header = [field.strip().lower() for field in (first.fields or []) if first] if first else []
    required = ("name",) if choices.category else ("name", "category")
    missing = [column for column in required if column not in header]
    if missing:
        raise RegisterError(
            f"The list {file.path} has no column {' and no column '.join(missing)}.",
            "The first line names the columns: name,category,aliases,other_names,owner,"
            "source,licence.",
        )
    for row in rows:
        if row.breaks_off:
            raise EndedEarlyError(
                f"The list {file.path} ends in the middle of line {row.line}.",
                "Fetch it anew, or take the rows before it with --partial.",
            )
        if row.fields is None:
            yield refuse_row(row.line, row.problem)
        elif len(row.fields) > len(header):
            yield refuse_row(
                row.line,
                f"The row has {len(row.fields)} fields, the header {len(header)}. "
                "Put fields that hold a comma in quotation marks.",
            )
        else:
            fields = dict(zip(header, row.fields, strict=False))
            if choices.fills_in:
                # A list that names its source in its rows is known by that of the first one.
                about.learn(_note(fields, "source") or file.path.name, _note(fields, "licence"))
            yield _read(row.line, fields, about, choices)


def _read(line: int, fields: dict[str, str], about: ListAbout, choices: ListChoices) -> ListRow:
    surfaces = [
        Surface(text.strip(), kind)
        for column, kind in _LISTS
        for text in fields.get(column, "").split(_SEPARATOR)
        if text.strip()
    ]
    language = ""
    problems: tuple[ImportProblem, ...] = ()
    try:
        language = check_language(fields.get("language", "").strip())
    except RegisterError as error:
        problems = (ImportProblem(line, str(error), False),)
    row = make_row(
        line,
        fields.get("name", ""),
        choices.category or fields.get("category", "").strip().lower(),
        surfaces,
        about,
        language=language,
        owner=_note(fields, "owner"),
        source=choices.source or _note(fields, "source"),
        licence=choices.licence or _note(fields, "licence"),
    )
    return ListRow(line, row.names, problems=problems + row.problems)


def _note(fields: dict[str, str], column: str) -> str:
    """A field that is only shown: what cannot be stored in it becomes U+FFFD."""
    text = fields.get(column, "").strip()
    return make_storable(text)
