"""kiyome register names"""

from __future__ import annotations

from pathlib import Path

import click

from flows.cli.options import workspace_option
from flows.cli.register.importing import names_import_command
from flows.cli.register.opening import by_option, changing, name_actor

NAME_CATEGORIES = ("character", "work", "artist", "studio", "brand", "person", "place")


@click.group()
def names() -> None:
    """Names of characters, works, artists, studios, brands, people and places."""


@names.command("add")
@click.argument("name")
@click.option(
    "--category", type=click.Choice(NAME_CATEGORIES), required=True, help="What the name names."
)
@click.option("--also", multiple=True, help="Another way it is written; may be repeated.")
@click.option("--language", default="", help="Language of NAME itself, such as ja or zh-Hant.")
@click.option("--owner", default="", help="Who asked for it.")
@click.option("--source", default="", help="Where it is from.")
@click.option("--licence", default="", help="Licence of the list it is from.")
@by_option
@workspace_option
def add_name_command(
    name: str,
    category: str,
    also: tuple[str, ...],
    language: str,
    owner: str,
    source: str,
    licence: str,
    actor: str,
    workspace: Path | None,
) -> None:
    """Register NAME, or add to what is registered.

    What is given again stays; owner, source and licence are replaced where given.

    \b
    Example:
      kiyome register names add "Hoshino Kirari" --category character --also 星野きらり
    """
    from models.nouns.register.storage import add_name

    with changing(workspace) as (session, _):
        entry = add_name(
            session,
            name,
            category,
            surfaces=also,
            language=language,
            owner=owner,
            source=source,
            licence=licence,
            actor=name_actor(actor),
        )
    click.echo(f"Registered {entry.name!r} as {entry.category}: {entry.id}")


@names.command("list")
@click.argument("search", default="")
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="How many at most.",
)
@workspace_option
def list_names_command(search: str, limit: int, workspace: Path | None) -> None:
    """List registered names, all or those that hold SEARCH.

    \b
    Example:
      kiyome register names list miku --limit 200
    """
    from models.nouns.register.storage import list_names
    from models.unicode import escape_unprintable

    with changing(workspace) as (session, _):
        entries = list_names(session, search, limit + 1)
    for entry in entries[:limit]:
        others = [s.text for s in entry.surfaces if s.text != entry.name]
        also = f"  also: {', '.join(others[:5])}{' …' if len(others) > 5 else ''}" if others else ""
        line = f"{entry.id[:12]}  {entry.category:<10} {entry.name}{also}"
        click.echo(escape_unprintable(line))
    if len(entries) > limit:
        click.echo(f"… and more: narrow the search, or raise --limit above {limit}.")
    if not entries:
        click.echo("No such name is registered." if search else "No names are registered yet.")


@names.command("remove")
@click.argument("name")
@click.option("--yes", is_flag=True, help="Do it; without this, only say what would be removed.")
@by_option
@workspace_option
def remove_name_command(name: str, yes: bool, actor: str, workspace: Path | None) -> None:
    """Take NAME (a name, or the beginning of an id of at least 8 digits) out of the register.

    \b
    Example:
      kiyome register names remove "Hoshino Kirari" --yes
    """
    from models.errors import RegisterError
    from models.nouns.register.storage import find_names, remove_name
    from models.unicode import escape_unprintable

    with changing(workspace) as (session, _):
        found = find_names(session, name)
        if not found:
            raise RegisterError(
                f"No name {name!r} is registered.", "`kiyome register names list` shows all."
            )
        for entry in found:
            line = f"{entry.id[:12]}  {entry.category:<10} {entry.name}"
            click.echo(escape_unprintable(line))
        if len(found) > 1:
            raise RegisterError(
                f"{name!r} stands for {len(found)} entries.", "Give one by its id, as listed above."
            )
        if yes:
            remove_name(session, found[0].id, actor=name_actor(actor))
    click.echo("Removed." if yes else "Nothing was removed: add --yes to remove it.")


names.add_command(names_import_command)
