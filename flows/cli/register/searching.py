"""kiyome register search"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.options import workspace_option
from flows.cli.register.opening import looking

if TYPE_CHECKING:
    from models.nouns.matching.ambiguity import Ordinary
    from models.nouns.register.search import FoundName


@click.command("search")
@click.argument("text")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many names at most.",
)
@workspace_option
def search_command(text: str, limit: int, workspace: Path | None) -> None:
    """Look up TEXT in the register, in any spelling.

    Case, width, accents, kana, and what stands between words make no difference, as in the search
    of captions. Where no name is spelt so, those that hold TEXT are shown. A spelling that is
    ambiguous counts only with evidence, such as quotation marks or the name's own work nearby.

    \b
    Examples:
      kiyome register search "hatsune miku"
      kiyome register search はつねみく
    """
    from models.nouns.matching.ambiguity import Ordinary
    from models.nouns.register.search import search_names
    from models.nouns.vocabulary import load_vocabulary
    from models.unicode import escape_unprintable

    with looking(workspace) as session:
        result = search_names(session, text, limit)
        ordinary = Ordinary(vocabulary=load_vocabulary(session))
    for found in result.names:
        for line in _describe(found, ordinary):
            click.echo(escape_unprintable(line))
        click.echo()
    if not result.names:
        click.echo("No such name is registered: `kiyome register names add` adds one.")
    elif not result.exact:
        click.echo(f"No name is spelt so; {result.total} hold it.")
    if result.total > len(result.names):
        click.echo(f"… and {result.total - len(result.names)} more (--limit {result.total}).")
    if result.holding:
        click.echo(f"{result.holding} more hold it: `kiyome register names list` shows them.")


def _describe(found: FoundName, ordinary: Ordinary) -> Iterator[str]:
    from rich.cells import cell_len

    from models.nouns.register.strength import explain_ambiguity
    from models.unicode import escape_unprintable

    entry = found.entry
    added = datetime.fromtimestamp(found.added_ms / 1000, UTC).date().isoformat()
    yield f"{entry.name}  (found {found.how})" if found.how else entry.name
    for title, value in (
        ("category", entry.category),
        ("id", entry.id),
        ("owner", entry.owner),
        ("source", entry.source),
        ("licence", entry.licence),
        ("added", added),
    ):
        yield f"  {title:<10}{value or '-'}"
    shown = [escape_unprintable(surface.text) for surface in entry.surfaces]
    width = min(40, max(map(cell_len, shown), default=0))
    for surface, text in zip(entry.surfaces, shown, strict=True):
        padding = " " * (width - cell_len(text))
        why = explain_ambiguity(surface, ordinary)
        told = f"ambiguous ({why})" if why else "plain"
        yield (
            f"  {text}{padding}  {surface.kind:<8}  {surface.language or '-':<5}  "
            f"{surface.script}  {told}"
        )
