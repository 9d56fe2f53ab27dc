"""Which format a list has, told by what it holds and not by its name."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from models.errors import RegisterError
from models.nouns.importers.anime_offline import read_anime_offline
from models.nouns.importers.enamdict import encoding_of, is_enamdict, read_enamdict
from models.nouns.importers.jmnedict import read_jmnedict
from models.nouns.importers.list_file import ListFile
from models.nouns.importers.plain import read_plain
from models.nouns.importers.rows import ListAbout, ListChoices, ListRow
from models.nouns.importers.tagcomplete import numbers_in, read_tagcomplete
from models.nouns.importers.wikidata import read_wikidata, read_wikidata_query

Reader = Callable[[ListFile, ListAbout, ListChoices], Iterator[ListRow]]


@dataclass(frozen=True, slots=True)
class ListFormat:
    """A format of lists.

    Attributes:
        read: its reader.
        title: what it is called in messages.
        looks_like: what in a file tells it, as part of a sentence.
    """

    read: Reader
    title: str
    looks_like: str


FORMATS: Mapping[str, ListFormat] = MappingProxyType(
    {
        "csv": ListFormat(
            read_plain, "CSV of names", "a first line with the columns name and category"
        ),
        "tagcomplete": ListFormat(
            read_tagcomplete,
            "tags of tagcomplete",
            'lines such as 1girl,0,6008644,"1girls,sole_female"',
        ),
        "anime-offline": ListFormat(
            read_anime_offline,
            "anime-offline-database",
            "JSON with lastUpdate and data, or with sources and title in each line",
        ),
        "wikidata": ListFormat(
            read_wikidata, "Wikidata entities", "JSON entities with labels, or with entities"
        ),
        "wikidata-query": ListFormat(
            read_wikidata_query,
            "a Wikidata query",
            "JSON with results and bindings, or with item and itemLabel",
        ),
        "jmnedict": ListFormat(read_jmnedict, "JMnedict", "XML with the document type JMnedict"),
        "enamdict": ListFormat(
            read_enamdict, "ENAMDICT", "lines such as 鈴木 [すずき] /(s) Suzuki/"
        ),
    }
)
"""The formats by the names that ``--format`` takes."""

_FIRST_KEYS = re.compile(r'"((?:[^"\\]|\\.){1,80})"\s*:')


def detect_format(file: ListFile) -> str:
    """The format of a list.

    Raises:
        RegisterError: it is none of ``FORMATS``; the message lists what was looked for.
    """
    head = file.head
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise RegisterError(
            f"The list {file.path} is in UTF-16.", "Save it as UTF-8, and import it again."
        )
    text = head.decode(encoding_of(head), "replace").removeprefix("\ufeff").lstrip("\t\r\n ")
    found = _detect(text, head)
    if found:
        return found
    looked = "; ".join(f"{name}: {form.looks_like}" for name, form in FORMATS.items())
    raise RegisterError(
        f"The format of the list {file.path} is not known.",
        f"It was looked for {looked}. --format says which one it is.",
    )


def _detect(text: str, head: bytes) -> str:
    if text.startswith("<"):
        return "jmnedict" if "JMnedict" in text else ""
    if text.startswith(("{", "[")):
        return _detect_json(text)
    first, *others = text.split("\n")[:2] or [""]
    header = _fields(first.lower())
    has_numbers = bool(numbers_in(head))
    if "name" in header and not (has_numbers and _has_number(others)):
        # Without a category it is refused with the name of the column that it lacks.
        return "csv"
    if is_enamdict(text):
        return "enamdict"
    return "tagcomplete" if has_numbers else ""


def _detect_json(text: str) -> str:
    keys = [found[1] for found in _FIRST_KEYS.finditer(text[:20_000])]
    known = set(keys[:200])
    if "bindings" in known or known & {"itemLabel", "entityLabel"}:
        return "wikidata-query"
    if "entities" in keys[:3] or ("labels" in known and known & {"id", "claims", "aliases"}):
        return "wikidata"
    if _starts_entity(text):
        return "wikidata"
    if "lastUpdate" in known or {"sources", "title"} <= known:
        return "anime-offline"
    return ""


def _starts_entity(text: str) -> bool:
    """Whether JSON begins like an entity of Wikidata whose labels are further on."""
    return (
        re.match(r'\[?\s*\{\s*"(?:type"\s*:\s*"(?:item|property|lexeme)|id"\s*:\s*"Q\d)', text)
        is not None
    )


def _fields(line: str) -> list[str]:
    try:
        return [field.strip() for field in next(csv.reader([line]), [])]
    except csv.Error:
        return []


def _has_number(lines: list[str]) -> bool:
    fields = _fields(lines[0]) if lines else []
    return len(fields) > 1 and fields[1].lstrip("-").isdigit()
