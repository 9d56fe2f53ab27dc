"""What a reader of a list yields, what it is told, and what it learns of the list as a whole."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from models.errors import RegisterError
from models.nouns.register.entries import NameEntry, Surface, check_surface, make_entry
from models.unicode import make_storable

_LONGEST_NOTE = 500


@dataclass(frozen=True, slots=True)
class ImportProblem:
    """A row, or one surface of a row, that was left out.

    Attributes:
        line: line of the file on which the row ends, or number of the entry, counted from 1.
        message: what is wrong and what to do.
        whole_row: whether the whole name was left out, or only one of its surfaces.
    """

    line: int
    message: str
    whole_row: bool


@dataclass(frozen=True, slots=True)
class ListRow:
    """One row of a list.

    Attributes:
        line: line of the file on which it ends, or number of the entry, counted from 1.
        names: names for the register.
        tags: descriptive tags for the vocabulary.
        problems: what of it was left out, and why.
        passed_over: why it gives nothing although nothing is wrong with it, or "".
        is_unread: whether it could not be read, so that nobody knows what it holds.
    """

    line: int
    names: tuple[NameEntry, ...] = ()
    tags: tuple[str, ...] = ()
    problems: tuple[ImportProblem, ...] = ()
    passed_over: str = ""
    is_unread: bool = False


@dataclass(frozen=True, slots=True)
class ListChoices:
    """What a person said about a list; whatever is left empty is read from the list.

    Attributes:
        format: one of ``models.nouns.importers.formats.FORMATS``.
        source: where it is from.
        licence: under which licence it is.
        dated_ms: the day on which it was made (UTC milliseconds).
        category: what all its names name, whatever the list says.
        only: the categories to take; all where it is empty.
        scheme: how a list of tags numbers its categories.
        min_posts: tags with fewer posts are passed over.
        types: the types of names to take from a Japanese dictionary.
        languages: primary languages to take from Wikidata, such as ``ja``; all where it is empty.
        fills_in: whether a name whose row names no source carries that of the list.
    """

    format: str = ""
    source: str = ""
    licence: str = ""
    dated_ms: int | None = None
    category: str = ""
    only: frozenset[str] = frozenset()
    scheme: str = ""
    min_posts: int = 0
    types: frozenset[str] = frozenset()
    languages: frozenset[str] = frozenset()
    fills_in: bool = True


@dataclass(slots=True)
class ListAbout:
    """What is known of a list as a whole. What a person said stands, whatever the list says."""

    format: str
    source: str = ""
    licence: str = ""
    dated_ms: int | None = None
    scheme: str = ""

    def learn(self, source: str = "", licence: str = "", dated_ms: int | None = None) -> None:
        """Fill in what is not known yet."""
        self.source = self.source or _shown(source)
        self.licence = self.licence or _shown(licence)
        if self.dated_ms is None:
            self.dated_ms = dated_ms


class EndedEarlyError(RegisterError):
    """A list breaks off, so that nobody knows what else it held."""


def make_row(
    line: int,
    name: str,
    category: str,
    surfaces: list[Surface],
    about: ListAbout,
    *,
    language: str = "",
    owner: str = "",
    source: str = "",
    licence: str = "",
) -> ListRow:
    """A row with one name. A surface that cannot be used is left out, and the name stays."""

    def make(with_surfaces: list[Surface]) -> ListRow:
        entry = make_entry(
            name,
            category,
            with_surfaces,
            language=language,
            owner=owner,
            source=source or about.source,
            licence=licence or about.licence,
        )
        return ListRow(line, (entry,))

    try:
        return make(surfaces)
    except RegisterError:
        # Rare: only now is it worth while to look at each surface by itself.
        usable, problems = _sift(line, surfaces)
    try:
        row = make(usable)
    except RegisterError as error:
        return ListRow(line, problems=(*problems, ImportProblem(line, str(error), True)))
    return replace(row, problems=tuple(problems))


def _sift(line: int, surfaces: list[Surface]) -> tuple[list[Surface], list[ImportProblem]]:
    """The surfaces that can be used, and what is wrong with the others."""
    usable: list[Surface] = []
    problems: list[ImportProblem] = []
    for surface in surfaces:
        try:
            check_surface(surface.text)
        except RegisterError as error:
            problems.append(ImportProblem(line, str(error), False))
        else:
            usable.append(surface)
    return usable, problems


def refuse_row(line: int, message: str, *, is_unread: bool = True) -> ListRow:
    """A row that gives nothing, and why."""
    return ListRow(line, problems=(ImportProblem(line, message, True),), is_unread=is_unread)


def join_rows(line: int, rows: list[ListRow]) -> ListRow:
    """Several rows that came of one."""
    return ListRow(
        line,
        tuple(name for row in rows for name in row.names),
        tuple(tag for row in rows for tag in row.tags),
        tuple(problem for row in rows for problem in row.problems),
        is_unread=any(row.is_unread for row in rows),
    )


def read_day(text: str) -> int | None:
    """The day that a text begins with (``YYYY-MM-DD``), as UTC milliseconds; None for none."""
    try:
        day = datetime.strptime(text[:10], "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return None
    return int(day.timestamp() * 1000)


def _shown(text: str) -> str:
    """A field that is only shown: what cannot be stored in it becomes U+FFFD."""
    return make_storable(text.strip()[:_LONGEST_NOTE])
