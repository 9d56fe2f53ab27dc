"""Items of Wikidata: its JSON dumps, exports of single entities, and results of SPARQL queries.

The dumps hold one entity a line inside a JSON array
(https://doc.wikimedia.org/Wikibase/master/php/docs_topics_json.html); ``Special:EntityData`` and
``wbgetentities`` give ``{"entities": {...}}``. Results of queries are those of "SPARQL 1.1 Query
Results JSON Format", or the shorter rows that the query service offers for download.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from models.errors import RegisterError
from models.nouns.importers.json_pieces import JsonPieces, Member, parse_json
from models.nouns.importers.languages import language_of
from models.nouns.importers.lines import LONGEST_JSON, read_lines
from models.nouns.importers.list_file import ListFile
from models.nouns.importers.rows import (
    EndedEarlyError,
    ImportProblem,
    ListAbout,
    ListChoices,
    ListRow,
    make_row,
    read_day,
    refuse_row,
)
from models.nouns.importers.wikidata_classes import CATEGORIES_BY_CLASS, category_of
from models.nouns.register.entries import Surface

_LICENCE = "CC0-1.0"
_NO_CLASS = "items that are no instance of a known class"
_NO_LABEL = "items without a label in the languages wanted"
_OFFICIAL = ("mul", "en", "ja")
# Most of a dump is of no known class; parsing it would take most of the time.
_KNOWN_CLASS = re.compile(
    rb'"id":\s*"(?:' + b"|".join(item.encode() for item in CATEGORIES_BY_CLASS) + rb')"'
)
_ITEM = re.compile(r"(?:\A|/)([QPL][1-9][0-9]*)\Z")


def read_wikidata(file: ListFile, about: ListAbout, choices: ListChoices) -> Iterator[ListRow]:
    """The items of a dump, of an export, or of a file with one entity a line.

    Raises:
        EndedEarlyError: the file breaks off.
        RegisterError: it is no JSON.
    """
    about.learn(f"wikidata.org, {file.path.name}", _LICENCE)
    if b'"entities"' in file.head[:200]:
        members = JsonPieces(file, frozenset({("entities",)})).members()
    else:
        members = _members_of_lines(file, is_sifted=not choices.category)
    newest = ""
    for member in members:
        if member.problem:
            yield refuse_row(member.number, member.problem)
        elif member.value is None:
            yield ListRow(member.number, passed_over=_NO_CLASS)
        elif not isinstance(member.value, dict):
            yield refuse_row(member.number, "The entry is no entity of Wikidata. Leave it out.")
        else:
            changed = member.value.get("modified")
            newest = max(newest, changed) if isinstance(changed, str) else newest
            yield _read_entity(member.number, member.value, about, choices)
    # A dump does not say its day: it cannot be before the last change that it holds.
    about.learn(dated_ms=read_day(newest))


def _members_of_lines(file: ListFile, *, is_sifted: bool) -> Iterator[Member]:
    is_array = False
    for line in read_lines(file, LONGEST_JSON):
        if line.data is None:
            yield Member(line.number, None, "The line is too long. Leave it out.")
            continue
        data = line.data.removeprefix(b"\xef\xbb\xbf").strip() if line.number == 1 else line.data
        data = data.strip().removesuffix(b",").rstrip()
        if data == b"[":
            is_array = True
        elif data == b"]":
            return
        elif data:
            if is_sifted and data.endswith(b"}") and not _KNOWN_CLASS.search(data):
                yield Member(line.number, None)
                continue
            value, problem = parse_json(data.decode("utf-8", "surrogateescape"))
            if problem and not line.has_end:
                raise _ended(file, line.number)
            yield Member(line.number, value, problem or ("" if value else "The line is empty."))
    if is_array:
        raise _ended(file, line.number)


def _ended(file: ListFile, line: int) -> EndedEarlyError:
    return EndedEarlyError(
        f"The list {file.path} breaks off after line {line}: its array is not closed.",
        "Fetch it anew, or take what is there with --partial.",
    )


def _read_entity(
    number: int, entity: dict[str, Any], about: ListAbout, choices: ListChoices
) -> ListRow:
    category = choices.category or category_of(_claims(entity, "P31"), _claims(entity, "P106"))
    if not category:
        return ListRow(number, passed_over=_NO_CLASS)
    labels = _labels(entity)
    taken = {code: text for code, text in labels.items() if _is_wanted(code, choices)}
    if not taken:
        return ListRow(number, passed_over=_NO_LABEL)
    first = next((code for code in _OFFICIAL if code in taken), min(taken))
    surfaces = [
        Surface(text, "other", language_of(code)) for code, text in taken.items() if code != first
    ]
    surfaces += [
        Surface(text, "alias", language_of(code))
        for code, texts in _aliases(entity).items()
        if _is_wanted(code, choices)
        for text in texts
    ]
    return _with_reference(
        entity.get("id"),
        make_row(number, taken[first], category, surfaces, about, language=language_of(first)),
    )


def _with_reference(item: Any, row: ListRow) -> ListRow:
    """The row, with the item's id in what is said of it."""
    if not row.problems or not isinstance(item, str):
        return row
    problems = tuple(
        ImportProblem(each.line, f"{item[:20]}: {each.message}", each.whole_row)
        for each in row.problems
    )
    return ListRow(row.line, row.names, row.tags, problems)


def _is_wanted(code: str, choices: ListChoices) -> bool:
    if not choices.languages or code == "mul":
        return True
    return language_of(code).partition("-")[0] in choices.languages


def _labels(entity: dict[str, Any]) -> dict[str, str]:
    found = entity.get("labels")
    if not isinstance(found, dict):
        return {}
    return {code: text for code, label in found.items() if (text := _value(label))}


def _aliases(entity: dict[str, Any]) -> dict[str, list[str]]:
    found = entity.get("aliases")
    if not isinstance(found, dict):
        return {}
    return {
        code: [text for alias in aliases if (text := _value(alias))]
        for code, aliases in found.items()
        if isinstance(aliases, list)
    }


def _value(text: Any) -> str:
    value = text.get("value") if isinstance(text, dict) else None
    return value.strip() if isinstance(value, str) else ""


def _claims(entity: dict[str, Any], of: str) -> list[str]:
    """The items that a property names, without the statements that are deprecated."""
    claims = entity.get("claims")
    statements = claims.get(of) if isinstance(claims, dict) else None
    found = []
    for statement in statements if isinstance(statements, list) else ():
        if not isinstance(statement, dict) or statement.get("rank") == "deprecated":
            continue
        value: Any = statement
        for key in ("mainsnak", "datavalue", "value"):
            value = value.get(key) if isinstance(value, dict) else None
        if isinstance(value, dict) and isinstance(value.get("id"), str):
            found.append(value["id"])
    return found


def read_wikidata_query(
    file: ListFile, about: ListAbout, choices: ListChoices
) -> Iterator[ListRow]:
    """The items of a query's result.

    ``?item`` is the item, and ``?itemLabel``, ``?itemAltLabel``, ``?label``, ``?altLabel`` and
    ``?alias`` are its names; ``?class``, ``?type``, ``?instance`` or ``?instanceOf`` say what it
    is. Rows of one item that follow each other are one name.

    Raises:
        EndedEarlyError: the file breaks off.
        RegisterError: it is no JSON, or nothing says what its items name.
    """
    about.learn(f"wikidata.org, {file.path.name}", _LICENCE)
    is_short = file.head.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
    pieces = JsonPieces(file, frozenset({() if is_short else ("results", "bindings")}))
    group = _Item(0)
    for member in pieces.members():
        if member.problem or not isinstance(member.value, dict):
            yield refuse_row(member.number, member.problem or "The row is no object.")
            continue
        row = {key: _binding(value) for key, value in member.value.items()}
        if not choices.category and not any(key in row for key in _CLASS_KEYS):
            if member.number == 1:
                raise RegisterError(
                    f"Nothing in {file.path} says what its items name.",
                    "Say it with --category, or ask for ?class (wdt:P31) in the query.",
                )
            yield refuse_row(member.number, "The row has no ?class. Ask for it in the query.")
            continue
        item = next((row[key][0] for key in ("item", "entity") if key in row), "")
        found = _ITEM.search(item)
        if found and found[1] == group.id:
            group.add(row)
            continue
        if group.number:
            yield group.read(about, choices)
        group = _Item(member.number, found[1] if found else "")
        group.add(row)
    if group.number:
        yield group.read(about, choices)


_MOST_SURFACES = 10_000
_CLASS_KEYS = ("class", "type", "instance", "instanceOf")
_LABEL_KEYS = ("itemLabel", "entityLabel", "label")
_ALIAS_KEYS = ("itemAltLabel", "entityAltLabel", "altLabel", "alias", "aliases")


class _Item:
    """The rows of one item in a query's result."""

    def __init__(self, number: int, item: str = "") -> None:
        self.number = number
        self.id = item
        self._classes: set[str] = set()
        self._labels: dict[str, str] = {}
        self._surfaces: dict[str, Surface] = {}

    def add(self, row: dict[str, tuple[str, str]]) -> None:
        """One row more."""
        for key in _CLASS_KEYS:
            found = _ITEM.search(row[key][0]) if key in row else None
            self._classes.update({found[1]} if found else ())
        for key in _LABEL_KEYS:
            text, code = row.get(key, ("", ""))
            # The label service gives the id where there is no label.
            if text and text != self.id and len(self._surfaces) < _MOST_SURFACES:
                self._labels.setdefault(code, text)
                self._surfaces.setdefault(text, Surface(text, "other", language_of(code)))
        for key in _ALIAS_KEYS:
            text, code = row.get(key, ("", ""))
            # The label service joins all aliases into one text.
            for alias in text.split(", ") if key.endswith("AltLabel") else [text]:
                if alias.strip() and len(self._surfaces) < _MOST_SURFACES:
                    self._surfaces.setdefault(
                        alias, Surface(alias.strip(), "alias", language_of(code))
                    )

    def read(self, about: ListAbout, choices: ListChoices) -> ListRow:
        """What all its rows give."""
        category = choices.category or category_of(self._classes)
        if not category:
            return ListRow(self.number, passed_over=_NO_CLASS)
        labels = {code: text for code, text in self._labels.items() if _is_wanted(code, choices)}
        if not labels:
            return ListRow(self.number, passed_over=_NO_LABEL)
        first = next((code for code in _OFFICIAL if code in labels), min(labels))
        wanted = [
            surface
            for surface in self._surfaces.values()
            if surface.text != labels[first]
            and (not surface.language or _is_wanted(surface.language, choices))
        ]
        row = make_row(
            self.number, labels[first], category, wanted, about, language=language_of(first)
        )
        return _with_reference(self.id, row)


def _binding(value: Any) -> tuple[str, str]:
    """The text of a bound variable and its language."""
    if isinstance(value, dict):
        language = value.get("xml:lang")
        return _value(value), language if isinstance(language, str) else ""
    return (value.strip(), "") if isinstance(value, str) else ("", "")
