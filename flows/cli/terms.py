"""kiyome terms"""

from __future__ import annotations

import getpass
import sys
from collections.abc import Callable
from pathlib import Path

import click

from flows.cli.opening import opened
from flows.cli.options import dataset_option, resolve_dataset, workspace_option
from flows.cli.register.names import NAME_CATEGORIES
from flows.cli.term_words import (
    LIKELIHOODS,
    add_article,
    count_items,
    describe_effect,
    describe_line,
    describe_ruling,
    say,
)

_SHOWN_PROBLEMS = 20

by_option = click.option("--by", help="Who rules.  [default: the name of your account]")
note_option = click.option("--note", default="", help="Why, for whoever reads the audit.")


@click.group()
def terms() -> None:
    """Decide unknown terms: whether each is a name or only describes.

    A run lists the terms of the captions that it does not know and that may be names. Decide one,
    and it is decided for every asset of the dataset: assets that were held for terms which only
    describe are no longer asked about, and the next `kiyome cleanse` releases them. A term that
    is a name is treated as the policy says for its category. Every ruling can be undone.

    \b
    Examples:
      kiyome terms list
      kiyome terms show "moonlit_reverie"
      kiyome terms rule "moonlit_reverie" --name work --note "a game of 2031"
      kiyome terms rule "soft_lighting" --descriptive
      kiyome terms undo "soft_lighting"
      kiyome terms list --csv terms.csv      fill in the column ruling, then
      kiyome terms import terms.csv --yes
    """


@terms.command("list")
@click.argument("dataset", required=False)
@click.option("--open", "show", flag_value="open", default=True, help="Undecided.  [default]")
@click.option("--decided", "show", flag_value="decided", help="Decided.")
@click.option("--all", "show", flag_value="all", help="Both.")
@click.option(
    "--category", type=click.Choice(NAME_CATEGORIES), help="Only what may be, or is, one."
)
@click.option("--search", default="", help="Only terms that hold this, in any spelling.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=50, show_default=True, help="How many at most."
)
@click.option(
    "--csv",
    "file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write all of them to a file that can be filled in and imported.",
)
@workspace_option
def list_command(
    dataset: str | None,
    show: str,
    category: str | None,
    search: str,
    limit: int,
    file: Path | None,
    workspace: Path | None,
) -> None:
    """List the unknown terms of DATASET, those first that settle most when they are decided.

    \b
    Examples:
      kiyome terms list
      kiyome terms list posters --category artist --limit 200
      kiyome terms list --all --csv terms.csv
    """
    from typing import cast

    from models.nouns.terms.listing import Show, TermFilter, count_terms, list_terms, write_csv

    with opened(workspace) as (settings, database):
        name = resolve_dataset(settings.workspace, dataset)
        chosen = TermFilter(name, cast("Show", show), category or "", search=search)
        with database.snapshot() as session:
            if file is not None:
                written = write_csv(session, chosen, file, _counting("rows"))
            else:
                found = list_terms(session, chosen, limit=limit)
                total = count_terms(session, chosen)
    if file is not None:
        click.echo(f"{written} terms are in {file}. Fill in ruling (descriptive or name) and, for")
        click.echo(f"a name, category; then: kiyome terms import {file}")
        return
    for term in found:
        click.echo(describe_line(term))
    if total > len(found):
        click.echo(f"… and {total - len(found)} more: raise --limit, or write all with --csv FILE.")
    if not total:
        narrowed = search or category
        click.echo(
            "No such term." if narrowed else f"{name} has no {'' if show == 'all' else show} terms."
        )


@terms.command("show")
@click.argument("term")
@dataset_option
@workspace_option
def show_command(term: str, dataset: str | None, workspace: Path | None) -> None:
    """Show TERM: where it stands, why it is asked about, and what was ruled.

    \b
    Example:
      kiyome terms show "moonlit_reverie"
    """
    from models.nouns.terms.listing import require_term
    from models.nouns.terms.records import term_rulings_on
    from models.review.hanging import count_hanging

    with opened(workspace) as (settings, database):
        name = resolve_dataset(settings.workspace, dataset)
        with database.snapshot() as session:
            found = require_term(session, name, term)
            rulings = term_rulings_on(session, name, found.term)
            hanging = 0 if found.decided else count_hanging(session, name, found.term)
    say(f"{found.surface}  ({name})")
    guess = f", perhaps {add_article(found.guess)}" if found.guess else ""
    click.echo(f"  {LIKELIHOODS[found.likelihood]}{guess}; score {found.score:.2f}")
    click.echo(f"  on {found.assets} {'asset' if found.assets == 1 else 'assets'}")
    if hanging:
        click.echo(f"  {hanging} of the waiting review items ask about nothing but such terms")
    if found.explanation:
        say(f"  {found.explanation}  [{found.detector}]")
    for example in found.examples:
        text = example.text
        start, end = example.start, example.end
        marked = f"{text[:start]}>>{text[start:end]}<<{text[end:]}"
        say(f"  {example.name}: {marked}")
    for ruling in rulings:
        say("  " + describe_ruling(ruling))


@terms.command("rule")
@click.argument("term")
@click.option("--descriptive", is_flag=True, help="It only describes, and names nothing.")
@click.option(
    "--name", "category", type=click.Choice(NAME_CATEGORIES), help="It names one of these."
)
@by_option
@note_option
@click.option("--register", is_flag=True, help="Register the name, too: for all datasets.")
@click.option("--replace", is_flag=True, help="Undo another ruling on it that is in force.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@dataset_option
@workspace_option
def rule_command(
    term: str,
    descriptive: bool,
    category: str | None,
    by: str | None,
    note: str,
    register: bool,
    replace: bool,
    dry_run: bool,
    dataset: str | None,
    workspace: Path | None,
) -> None:
    """Decide TERM for every asset of the dataset.

    \b
    Examples:
      kiyome terms rule "soft_lighting" --descriptive
      kiyome terms rule "moonlit_reverie" --name work --register
      kiyome terms rule "moonlit_reverie" --name character --replace --dry-run
    """
    from models.nouns.register.storage import add_name
    from models.nouns.terms.listing import require_term
    from models.nouns.terms.records import describe_choice
    from models.nouns.terms.rulings import rule_term

    if descriptive == bool(category):
        raise click.UsageError("Say one of --descriptive and --name CATEGORY.")
    if register and descriptive:
        raise click.UsageError("--register is for a name: give it with --name CATEGORY.")
    with opened(workspace) as (settings, database), database.transaction() as session:
        name = resolve_dataset(settings.workspace, dataset)
        found = require_term(session, name, term)
        reviewer = _reviewer(by)
        ruled = rule_term(
            session, name, found.term, category or "", reviewer, note, replace=replace
        )
        if register and category:
            add_name(session, found.surface, category, source="terms", actor=reviewer)
        if dry_run:
            session.rollback()
    said = f"{found.surface!r} {describe_choice(category or '')}"
    say(f"Would be ruled: {said}." if dry_run else f"Ruled: {said}.")
    for line in describe_effect(ruled, found.assets, category or "", dry_run=dry_run):
        click.echo(line)
    if register:
        click.echo("It would be registered." if dry_run else "It is registered for all datasets.")
    if dry_run:
        click.echo("Nothing was written: leave --dry-run out to rule.")


@terms.command("undo")
@click.argument("term")
@by_option
@dataset_option
@workspace_option
def undo_command(term: str, by: str | None, dataset: str | None, workspace: Path | None) -> None:
    """Take back the ruling on TERM that is in force.

    \b
    Example:
      kiyome terms undo "soft_lighting"
    """
    from models.errors import ReviewError
    from models.nouns.terms.listing import require_term
    from models.nouns.terms.rulings import undo_term

    with opened(workspace) as (settings, database), database.transaction() as session:
        name = resolve_dataset(settings.workspace, dataset)
        found = require_term(session, name, term)
        if not found.decided:
            raise ReviewError(
                f"No ruling on {found.surface!r} is in force.",
                "`kiyome terms list --decided` lists what has been decided.",
            )
        undone = undo_term(session, found.ruling_id, _reviewer(by))
    say("Undone: " + describe_ruling(undone.ruling))
    click.echo(f"{count_items(undone.reopened)} asked about again. The term is undecided.")


@terms.command("import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@by_option
@click.option("--replace", is_flag=True, help="Undo other rulings that are in force.")
@click.option("--yes", is_flag=True, help="Rule; without this, only say what would happen.")
@dataset_option
@workspace_option
def import_command(
    file: Path,
    by: str | None,
    replace: bool,
    yes: bool,
    dataset: str | None,
    workspace: Path | None,
) -> None:
    """Rule on many terms, from the columns term, ruling, category and note of a CSV FILE.

    The ruling is descriptive or name; a name needs a category. Rows without a ruling are left
    alone, rows that cannot be used are listed with their line, and the others count all or none.
    Terms that no run has found yet may stand there, too: they are decided before they come.

    \b
    Examples:
      kiyome terms list --csv terms.csv
      kiyome terms import terms.csv
      kiyome terms import terms.csv --yes --by Aoki
    """
    from models.nouns.terms.importing import read_rulings
    from models.nouns.terms.rulings import rule_terms

    with opened(workspace) as (settings, database):
        name = resolve_dataset(settings.workspace, dataset)
        if yes:
            with database.transaction() as session:
                given = read_rulings(session, name, file, replace=replace)
                ruled = rule_terms(
                    session,
                    name,
                    given.choices,
                    _reviewer(by),
                    replace=replace,
                    progress=_counting("rulings"),
                )
        else:
            with database.snapshot() as session:
                given = read_rulings(session, name, file, replace=replace)
    for problem in given.problems[:_SHOWN_PROBLEMS]:
        say(f"{file}:{problem.line}: {problem.message}")
    if len(given.problems) > _SHOWN_PROBLEMS:
        click.echo(f"… and {len(given.problems) - _SHOWN_PROBLEMS} more.")
    names = sum(bool(choice.category) for choice in given.choices)
    count = len(given.choices)
    click.echo(
        f"{given.rows} rows: {count} {'ruled' if yes else 'to rule'} ({count - names} descriptive, "
        f"{names} names), {given.known} known, {given.blank} without a ruling, "
        f"{len(given.problems)} that cannot be used."
    )
    if not yes:
        click.echo("Nothing was written: add --yes to rule.")
        return
    click.echo(f"{count_items(ruled.superseded)} no longer asked about. Next: kiyome cleanse")


def _reviewer(by: str | None) -> str:
    from models.errors import ReviewError

    if by is not None:
        return by.strip()
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError) as error:
        raise ReviewError("Your account has no name.", "Say who rules with --by NAME.") from error


def _counting(what: str) -> Callable[[int], None]:
    """Shows on a terminal how far a long piece of work has come."""
    done = 0

    def progress(more: int) -> None:
        nonlocal done
        done += more
        if sys.stderr.isatty():
            click.echo(f"\r{done} {what}", err=True, nl=False)

    return progress
