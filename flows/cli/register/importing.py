"""kiyome register import, and kiyome register names import"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import click

from flows.cli.options import workspace_option
from flows.cli.register.opening import by_option, changing, name_actor

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from models.nouns.importing import ImportProblem, ListChoices, ListImport

_SHOWN = 20
_CATEGORIES = ("character", "work", "artist", "studio", "brand", "person", "place")
_FORMATS = (
    "csv",
    "tagcomplete",
    "anime-offline",
    "wikidata",
    "wikidata-query",
    "jmnedict",
    "enamdict",
)


def _import(
    file: Path,
    choices: ListChoices,
    workspace: Path | None,
    *,
    actor: str = "",
    replace: bool = False,
    partial: bool = False,
    dry_run: bool = False,
    problems: Path | None = None,
) -> None:
    from flows.cli.register.import_progress import showing_bytes
    from models.nouns.importing import import_list
    from models.unicode import escape_unprintable

    with ExitStack() as stack:
        noted = stack.enter_context(_noting(problems, file))
        advance = stack.enter_context(showing_bytes(file))
        session = stack.enter_context(_looking_only(workspace) if dry_run else _writing(workspace))
        report = import_list(
            session,
            file,
            choices,
            actor=actor,
            replace=replace,
            partial=partial,
            progress=advance,
            on_problem=noted.take,
        )
    for line in _describe(report, replace=replace, dry_run=dry_run):
        click.echo(escape_unprintable(line))
    for problem in noted.first:
        click.echo(escape_unprintable(f"{file}:{problem.line}: {problem.message}"))
    if report.problems > len(noted.first):
        told = f"; all are in {problems}" if problems else " (--problems FILE writes all)"
        click.echo(f"… and {report.problems - len(noted.first):,} more{told}.")


@contextmanager
def _writing(workspace: Path | None) -> Iterator[Session]:
    with changing(workspace) as (session, _):
        yield session


@contextmanager
def _looking_only(workspace: Path | None) -> Iterator[Session]:
    """A transaction whose work is undone at the end.

    Where there is no workspace yet, none is made: an empty register takes its place.
    """
    from flows.cli.opening import opened
    from models.settings import load_settings
    from models.store.database import Database
    from models.store.tables import Base

    with ExitStack() as stack:
        if load_settings(workspace=workspace).workspace.is_dir():
            _, database = stack.enter_context(opened(workspace))
        else:
            database = Database("sqlite://")
            stack.callback(database.dispose)
            Base.metadata.create_all(database.engine)
        session = stack.enter_context(database.transaction())
        yield session
        session.rollback()


class _Problems:
    """The first problems, and a file with all of them where one is wanted."""

    def __init__(self, file: IO[str] | None) -> None:
        self.first: list[ImportProblem] = []
        self._write: Callable[[tuple[object, ...]], object] | None = None
        if file is not None:
            self._write = csv.writer(file, lineterminator="\n").writerow
            self._write(("line", "left_out", "problem"))

    def take(self, problem: ImportProblem) -> None:
        """One problem more."""
        if len(self.first) < _SHOWN:
            self.first.append(problem)
        if self._write is not None:
            left_out = "row" if problem.whole_row else "spelling"
            self._write((problem.line, left_out, problem.message))


@contextmanager
def _noting(path: Path | None, listed: Path) -> Iterator[_Problems]:
    from models.errors import RegisterError

    if path is None:
        yield _Problems(None)
        return
    if path.resolve() == listed.resolve():
        raise RegisterError(f"{path} is the list itself.", "Name another file with --problems.")
    try:
        file = path.open("w", encoding="utf-8", errors="backslashreplace", newline="")
    except OSError as error:
        raise RegisterError(
            f"The file {path} cannot be written: {error.strerror or error}.",
            "Name another one with --problems.",
        ) from error
    with file:
        yield _Problems(file)


def _describe(report: ListImport, *, replace: bool, dry_run: bool) -> Iterator[str]:
    """What the import did, or would do, line by line."""
    day = datetime.fromtimestamp(report.dated_ms / 1000, UTC).date().isoformat()
    dated = day if report.is_day_known else f"{day} (the day of the file; --dated names its own)"
    yield f"{report.source}: {report.format}, dated {dated}, {report.licence or 'no licence named'}"
    if report.ended_early:
        yield f"Only a part was read. {report.ended_early}"
    would = "would be" if dry_run else "are"
    places = [
        place
        for place, count in (("the register", report.names), ("the vocabulary", report.tags))
        if count
    ]
    where = " or ".join(places) or "the register"
    yield f"{report.usable:,} of {report.rows:,} rows {would} in {where}."
    if report.names:
        yield f"  names read: {_count(report.names)}"
        yield f"  names new: {_count(report.added) or 'none'}; changed: {report.changed:,}"
    if report.tags:
        yield f"  tags read: {report.tags:,}; new in the vocabulary: {report.tags_added:,}"
    if replace and not report.undecided:
        yield (
            f"  no longer in the list and {'to be ' if dry_run else ''}removed: "
            f"{report.removed:,} names, {report.tags_removed:,} tags"
        )
        for name, category in report.departed:
            yield f"    - {name}  ({category})"
        if report.removed > len(report.departed):
            yield f"    … and {report.removed - len(report.departed):,} more"
    if report.kept:
        yield f"  no longer in the list, kept because others gave them too: {report.kept:,}"
    if report.undecided:
        yield (
            f"  not seen in the list: {report.undecided:,}. Nothing was removed, because they may "
            "stand in rows that cannot be read."
        )
    for reason, count in sorted(report.passed_over.items(), key=lambda item: (-item[1], item[0])):
        yield f"  passed over: {count:,} {reason}"
    if dry_run:
        for name, category in report.examples:
            yield f"    + {name}  ({category})"
        yield "Nothing was written: without --dry-run it will be."


def _count(counts: Any) -> str:
    parts = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{count:,} {category}" for category, count in parts)


def _read_date(_: click.Context, __: click.Parameter, value: datetime | None) -> int | None:
    return None if value is None else int(value.replace(tzinfo=UTC).timestamp() * 1000)


def _read_types(_: click.Context, __: click.Parameter, value: str) -> frozenset[str]:
    from models.nouns.importers.japanese_types import TYPES

    wanted = frozenset(each.strip() for each in value.split(",") if each.strip())
    unknown = sorted(wanted - TYPES.keys())
    if unknown:
        raise click.BadParameter(f"{unknown[0]!a} is none of {', '.join(TYPES)}.")
    return wanted


def _read_languages(_: click.Context, __: click.Parameter, value: str) -> frozenset[str]:
    wanted = frozenset(each.strip().lower() for each in value.split(",") if each.strip())
    for each in sorted(wanted):
        if not (each.isascii() and each.isalpha() and 2 <= len(each) <= 3):
            raise click.BadParameter(f"{each!a} is no language: write such as en,ja.")
    return wanted


def _command(name: str) -> click.Command:
    @click.command(name)
    @click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
    @click.option(
        "--format",
        "form",
        type=click.Choice(_FORMATS),
        help="How the list is written.  [default: told by what it holds]",
    )
    @click.option(
        "--dry-run", is_flag=True, help="Say what would be added and removed; write nothing."
    )
    @click.option(
        "--source",
        default="",
        help="What the list is known by: a newer copy adds to it, or replaces it with --replace.  "
        "[default: as the list says, else the file's name]",
    )
    @click.option("--licence", default="", help="Its licence.  [default: as the list says]")
    @click.option(
        "--dated",
        type=click.DateTime(["%Y-%m-%d"]),
        callback=_read_date,
        metavar="YYYY-MM-DD",
        help="The day it was made.  [default: as the list says, else the day of the file]",
    )
    @click.option(
        "--category",
        type=click.Choice(_CATEGORIES),
        help="What all its names name, whatever the list says.",
    )
    @click.option(
        "--only",
        type=click.Choice(_CATEGORIES),
        multiple=True,
        help="Take names of this category only; may be repeated.",
    )
    @click.option(
        "--scheme",
        type=click.Choice(("danbooru", "e621", "merged")),
        help="tagcomplete: whose numbers its categories are.  [default: told by the numbers]",
    )
    @click.option(
        "--min-posts",
        type=click.IntRange(min=0),
        default=0,
        help="tagcomplete: pass over tags with fewer posts.",
    )
    @click.option(
        "--types",
        default="",
        callback=_read_types,
        metavar="TYPE,TYPE",
        help="jmnedict and enamdict: which types of names.  "
        "[default: person,char,work,company,product,organization]",
    )
    @click.option(
        "--languages",
        default="",
        callback=_read_languages,
        metavar="LANG,LANG",
        help="wikidata: take names in these languages only, such as en,ja.",
    )
    @click.option(
        "--replace", is_flag=True, help="Remove what an older copy gave and this one does not."
    )
    @click.option(
        "--partial", is_flag=True, help="Take what can be read of a file that breaks off."
    )
    @click.option(
        "--problems",
        type=click.Path(path_type=Path, dir_okay=False),
        help="CSV file to write everything to that is left out.",
    )
    @by_option
    @workspace_option
    def command(
        file: Path,
        form: str | None,
        dry_run: bool,
        source: str,
        licence: str,
        dated: int | None,
        category: str | None,
        only: tuple[str, ...],
        scheme: str | None,
        min_posts: int,
        types: frozenset[str],
        languages: frozenset[str],
        replace: bool,
        partial: bool,
        problems: Path | None,
        actor: str,
        workspace: Path | None,
    ) -> None:
        """Register the names of the list in FILE, and take its descriptive tags as vocabulary.

        What cannot be used is listed with its line, and the rest imported, as one change. A list
        that breaks off is not imported at all, unless --partial is given. Importing a list again
        changes nothing; a newer copy adds what is new. FILE may be packed (gzip, bzip2, xz).

        \b
        Formats:
          csv            name,category,aliases,other_names,language,owner,source,licence
                         in the first line; name and category are needed, lists have | in between
          tagcomplete    1girl,0,6008644,"1girls,sole_female": names of artists, works and
                         characters are registered, other tags become vocabulary
          anime-offline  anime-offline-database, JSON or JSON Lines: titles and studios
          wikidata       JSON dump, Special:EntityData, or one entity a line
          wikidata-query result of a SPARQL query with ?item, ?itemLabel and ?class
          jmnedict       Japanese names in XML; full names, characters, works and companies
          enamdict       the same as text

        \b
        Examples:
          kiyome register import names.csv
          kiyome register import danbooru.csv --min-posts 10 --dry-run
          kiyome register import JMnedict.xml.gz --types person,char,place
          kiyome register import latest-all.json.bz2 --only character --languages en,ja
        """
        from models.nouns.importers.rows import ListChoices

        choices = ListChoices(
            form or "",
            source.strip(),
            licence.strip(),
            dated,
            category or "",
            frozenset(only),
            scheme or "",
            min_posts,
            types,
            languages,
        )
        _import(
            file,
            choices,
            workspace,
            actor=name_actor(actor),
            replace=replace,
            partial=partial,
            dry_run=dry_run,
            problems=problems,
        )

    return command


import_command = _command("import")
names_import_command = _command("import")
