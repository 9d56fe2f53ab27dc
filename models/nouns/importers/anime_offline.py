"""The anime-offline-database of manami-project: titles of anime, and the studios that made them.

The data set is one JSON object with ``license``, ``repository``, ``lastUpdate`` and ``data``; its
JSON Lines hold the same without ``data`` in the first line, and one anime in each of the others.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from models.nouns.importers.json_pieces import JsonPieces, Member, parse_json
from models.nouns.importers.lines import LONGEST_JSON, read_lines
from models.nouns.importers.list_file import ListFile
from models.nouns.importers.rows import (
    EndedEarlyError,
    ImportProblem,
    ListAbout,
    ListChoices,
    ListRow,
    join_rows,
    make_row,
    read_day,
    refuse_row,
)
from models.nouns.register.entries import Surface
from models.nouns.register.scripts import script_of

_SOURCE = "https://github.com/manami-project/anime-offline-database"
_DATA = re.compile(rb'"data"\s*:')
_LANGUAGES = {"Jpan": "ja", "Hang": "ko", "Kore": "ko"}


def read_anime_offline(file: ListFile, about: ListAbout, choices: ListChoices) -> Iterator[ListRow]:
    """The anime of a data set: a work each, and its studios.

    Raises:
        EndedEarlyError: the file breaks off.
        RegisterError: it is no JSON.
    """
    pieces = JsonPieces(file, frozenset({("data",)}))
    head = file.head.lstrip(b"\xef\xbb\xbf \t\r\n")
    members = pieces.members() if _is_one_object(head) else _members_of_lines(file, about)
    for member in members:
        if pieces.frame:
            _learn(pieces.frame, about)
        if member.problem:
            yield refuse_row(member.number, member.problem)
        elif not isinstance(member.value, dict) or not isinstance(member.value.get("title"), str):
            yield refuse_row(member.number, "The entry has no title. Leave it out.")
        else:
            about.learn(_SOURCE)
            yield _read(member.number, member.value, about, choices)
    _learn(pieces.frame, about)


def _is_one_object(head: bytes) -> bool:
    """Whether the first line is not a JSON object of its own."""
    line = head.split(b"\n", 1)[0].strip()
    if len(line) == len(head.strip()):
        return _DATA.search(line) is not None
    return not line.endswith(b"}") or _DATA.search(line) is not None


def _members_of_lines(file: ListFile, about: ListAbout) -> Iterator[Member]:
    for line in read_lines(file, LONGEST_JSON):
        if line.data is None:
            yield Member(line.number, None, "The line is too long. Leave it out.")
            continue
        text = line.data.decode("utf-8-sig", "surrogateescape").strip()
        if not text:
            continue
        value, problem = parse_json(text)
        if problem and not line.has_end:
            raise EndedEarlyError(
                f"The list {file.path} ends in the middle of line {line.number}.",
                "Fetch it anew, or take the lines before it with --partial.",
            )
        if isinstance(value, dict) and "title" not in value and "lastUpdate" in value:
            _learn(value, about)
        else:
            yield Member(line.number, value, problem)


def _learn(frame: Any, about: ListAbout) -> None:
    if not isinstance(frame, dict):
        return
    licence = frame.get("license")
    day = frame.get("lastUpdate")
    about.learn(
        _text(frame.get("repository")),
        _text(licence.get("name")) if isinstance(licence, dict) else "",
        read_day(day) if isinstance(day, str) else None,
    )


def _read(number: int, anime: dict[str, Any], about: ListAbout, choices: ListChoices) -> ListRow:
    problems: list[ImportProblem] = []
    synonyms = _texts(number, anime, "synonyms", problems)
    surfaces = [Surface(text, "other", _language_of(text)) for text in synonyms if text.strip()]
    title = anime["title"]
    work = choices.category or "work"
    rows = [make_row(number, title, work, surfaces, about, language=_language_of(title))]
    rows += [
        make_row(number, studio, choices.category or "studio", [], about)
        for studio in _texts(number, anime, "studios", problems)
        if studio.strip()
    ]
    return join_rows(number, [*rows, ListRow(number, problems=tuple(problems))])


def _texts(
    number: int, anime: dict[str, Any], key: str, problems: list[ImportProblem]
) -> list[str]:
    values = anime.get(key) or []
    if isinstance(values, list) and all(isinstance(value, str) for value in values):
        return values
    problems.append(ImportProblem(number, f"Its {key} are no list of texts. Mend it.", False))
    return []


def _language_of(text: str) -> str:
    """The language that a title's script belongs to; "" where several write in it."""
    return _LANGUAGES.get(script_of(text), "")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
