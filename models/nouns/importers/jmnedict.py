"""JMnedict: Japanese names as XML (http://www.edrdg.org/enamdict/enamdict_doc.html).

The types of names are entities that the file itself declares: ``&surname;`` stands for "family or
surname". They are never expanded: the parser hands them over as they are written, and the name of
the entity is all that is needed. A file that declares entities made of others is refused.
"""

from __future__ import annotations

import re
import xml.parsers.expat  # no entity is expanded, and nothing outside the file is read
from collections.abc import Iterator

from models.errors import RegisterError
from models.nouns.importers.japanese_types import LICENCE, SOURCE, make_japanese_row
from models.nouns.importers.list_file import ListFile
from models.nouns.importers.rows import (
    EndedEarlyError,
    ListAbout,
    ListChoices,
    ListRow,
    read_day,
    refuse_row,
)

_CREATED = re.compile(r"JMnedict created: ?(\d{4}-\d\d-\d\d)")
_TEXT_OF = frozenset({"keb", "reb", "name_type", "trans_det"})
_LONGEST_ENTRY = 1 << 20
_LONGEST_ENTITY = 200
_LONGEST_TOKEN = 1 << 24
_DEEPEST = 8
# What older files write out: https://www.edrdg.org/enamdict/ lists the entities and their texts.
_WORDS = {
    "family or surname": "surname",
    "place name": "place",
    "unclassified name": "unclass",
    "company name": "company",
    "product name": "product",
    "work of art, literature, music, etc. name": "work",
    "male given name or forename": "masc",
    "female given name or forename": "fem",
    "full name of a particular person": "person",
    "given name or forename, gender not specified": "given",
    "railway station": "station",
    "organization name": "organization",
    "character": "char",
}
_STEP = 1 << 16


def read_jmnedict(file: ListFile, about: ListAbout, choices: ListChoices) -> Iterator[ListRow]:
    """The entries of the dictionary.

    Raises:
        EndedEarlyError: the file breaks off, or is no XML from some place on.
        RegisterError: it declares entities that could be made to fill memory.
    """
    about.learn(f"JMnedict, {SOURCE}", LICENCE)
    entries = _Entries(file, about)
    for piece in file.pieces():
        for start in range(0, len(piece), _STEP):
            entries.feed(piece[start : start + _STEP])
            yield from entries.take(choices)
            entries.check()
    entries.feed(b"", is_last=True)
    yield from entries.take(choices)
    entries.check()


class _Entry:
    """One entry while it is read."""

    def __init__(self, line: int) -> None:
        self.line = line
        self.writings: list[str] = []
        self.readings: list[str] = []
        self.senses: list[tuple[set[str], list[str]]] = []
        self.length = 0


class _Entries:
    """A parser that keeps the entries it has finished until they are taken."""

    def __init__(self, file: ListFile, about: ListAbout) -> None:
        self._file = file
        self._about = about
        self._finished: list[_Entry] = []
        self._failure: RegisterError | None = None
        self._entry: _Entry | None = None
        self._text: list[str] | None = None
        self._depth = 0
        self._fed = 0
        parser = xml.parsers.expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._hear
        parser.CommentHandler = self._comment
        parser.EntityDeclHandler = self._declare
        # This handler, without "Expand" in its name, leaves entities as they are written.
        parser.DefaultHandler = self._hear_entity
        parser.ExternalEntityRefHandler = self._refuse_external
        self._parser = parser

    def feed(self, data: bytes, *, is_last: bool = False) -> None:
        """Parse some bytes more. What is wrong with them waits until ``check`` is called."""
        self._fed += len(data)
        try:
            self._parser.Parse(data, is_last)
            # The parser holds a tag or a comment until it ends; one without end fills memory.
            if self._fed - self._parser.CurrentByteIndex > _LONGEST_TOKEN:
                raise self._refused("It holds a tag or a comment that does not end")
        except xml.parsers.expat.ExpatError as error:
            self._failure = EndedEarlyError(
                f"The list {self._file.path} cannot be read beyond line {error.lineno}: "
                f"{xml.parsers.expat.ErrorString(error.code)}.",
                "Fetch it anew, or take what comes before with --partial.",
            )
        except RegisterError as error:
            self._failure = error

    def take(self, choices: ListChoices) -> Iterator[ListRow]:
        """The rows of the entries that are finished."""
        finished, self._finished = self._finished, []
        for entry in finished:
            if entry.length > _LONGEST_ENTRY:
                yield refuse_row(entry.line, "The entry is longer than 1 MiB. Leave it out.")
                continue
            senses = [(frozenset(types), latin) for types, latin in entry.senses]
            yield make_japanese_row(
                entry.line, entry.writings, entry.readings, senses, self._about, choices
            )

    def check(self) -> None:
        """Raise what was wrong, now that what came before it has been taken."""
        if self._failure:
            raise self._failure

    def _start(self, tag: str, _: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise self._refused("Its elements are nested too deep")
        if tag == "entry":
            self._entry = _Entry(self._parser.CurrentLineNumber)
        elif tag == "trans" and self._entry:
            self._entry.senses.append((set(), []))
        elif tag in _TEXT_OF:
            self._text = []

    def _end(self, tag: str) -> None:
        self._depth -= 1
        entry = self._entry
        if entry and tag == "entry":
            entry.line = self._parser.CurrentLineNumber
            self._finished.append(entry)
            self._entry = None
        elif entry and tag in _TEXT_OF and self._text is not None:
            self._keep(entry, tag, "".join(self._text).strip())
            self._text = None

    def _keep(self, entry: _Entry, tag: str, text: str) -> None:
        if not text:
            return
        if tag == "keb":
            entry.writings.append(text)
        elif tag == "reb":
            entry.readings.append(text)
        elif entry.senses and tag == "name_type":
            entry.senses[-1][0].add(_WORDS.get(text, text))
        elif entry.senses:
            entry.senses[-1][1].append(text)

    def _hear(self, text: str) -> None:
        if self._entry is None:
            return
        self._entry.length += len(text)
        if self._text is not None and self._entry.length <= _LONGEST_ENTRY:
            self._text.append(text)

    def _hear_entity(self, text: str) -> None:
        if self._text is not None and text.startswith("&") and text.endswith(";"):
            self._hear(text[1:-1])

    def _comment(self, text: str) -> None:
        day = _CREATED.search(text)
        if day:
            self._about.learn(dated_ms=read_day(day[1]))

    def _declare(
        self,
        name: str,
        is_parameter: bool,
        value: str | None,
        _base: str | None,
        _system: str | None,
        _public: str | None,
        _notation: str | None,
    ) -> None:
        if is_parameter or value is None or "&" in value or len(value) > _LONGEST_ENTITY:
            raise self._refused(f"It declares the entity {name[:40]!a}, which may hide others")

    def _refuse_external(self, *_: object) -> int:
        raise self._refused("It refers to another file")

    def _refused(self, problem: str) -> RegisterError:
        return RegisterError(
            f"{problem}: the list {self._file.path} is not read.",
            "Fetch JMnedict from where it is published.",
        )
