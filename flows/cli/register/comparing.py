"""kiyome register diff"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.options import workspace_option
from flows.cli.register.opening import looking

if TYPE_CHECKING:
    from models.nouns.register.entries import Surface
    from models.nouns.register.history import NameChange, RegisterDifference


@click.command("diff")
@click.argument("from_version", metavar="[FROM]", type=int, required=False)
@click.argument("to_version", metavar="[TO]", type=int, required=False)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=50,
    show_default=True,
    help="How many names at most; --json prints all.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
@workspace_option
def diff_command(
    from_version: int | None,
    to_version: int | None,
    limit: int,
    as_json: bool,
    workspace: Path | None,
) -> None:
    """Show which names differ between two versions of the register.

    Every change makes a version; they are counted from 1. FROM alone is compared with the newest
    one; without either, the last change is shown. A name that was added and removed again in
    between does not differ.

    \b
    Examples:
      kiyome register diff           the last change
      kiyome register diff 12        everything since version 12
      kiyome register diff 0 3       how the register began
    """
    from models.nouns.register.history import diff_register
    from models.nouns.register.state import register_number

    with looking(workspace) as session:
        newest = register_number(session)
        if to_version is None:
            to_version = newest
        if from_version is None:
            from_version = max(0, newest - 1)
        difference = diff_register(session, from_version, to_version)
    if as_json:
        click.echo(_as_json(difference))
    else:
        _show(difference, limit)


def _show(difference: RegisterDifference, limit: int) -> None:
    from models.unicode import escape_unprintable

    versions = f"versions {difference.from_version} and {difference.to_version}"
    if not difference.changes:
        click.echo(f"Nothing differs between {versions} of the register.")
        return
    by = f", by {', '.join(difference.actors)}" if difference.actors else ""
    last = _moment(difference.last_ms)
    click.echo(escape_unprintable(f"Between {versions} of the register (last change {last}{by}):"))
    for change in difference.changes[:limit]:
        click.echo(escape_unprintable(_describe(change)))
    if len(difference.changes) > limit:
        click.echo(f"  … and {len(difference.changes) - limit:,} more (--json prints all).")
    counts = (
        f"{len(difference.of(action)):,} {action}" for action in ("added", "removed", "changed")
    )
    click.echo(f"{', '.join(counts)}.")


def _describe(change: NameChange) -> str:
    """One name that differs, on one line."""
    line = f"  {change.action:<7}  {change.category:<9}  {change.name}"
    if change.action != "changed":
        surfaces = change.came if change.action == "added" else change.went
        others = [surface.text for surface in surfaces if surface.text != change.name]
        return f"{line}  also: {', '.join(others)}" if others else line
    before = {surface.text: surface for surface in change.went}
    after = {surface.text: surface for surface in change.came}
    parts = [f"+ {text}" for text in after if text not in before]
    parts += [f"- {text}" for text in before if text not in after]
    parts += [
        f"{text}: {_notes(before[text])} -> {_notes(after[text])}"
        for text in after
        if text in before
    ]
    parts += [
        f"{field}: {old or '-'} -> {new or '-'}" for field, (old, new) in change.fields.items()
    ]
    return f"{line}  {'; '.join(parts)}"


def _notes(surface: Surface) -> str:
    return f"{surface.kind}, {surface.language}" if surface.language else surface.kind


def _as_json(difference: RegisterDifference) -> str:
    return json.dumps(
        {
            "from": difference.from_version,
            "to": difference.to_version,
            "last_change": _moment(difference.last_ms),
            "actors": list(difference.actors),
            **{
                action: [_as_dict(change) for change in difference.of(action)]
                for action in ("added", "removed", "changed")
            },
        },
        indent=2,
    )


def _as_dict(change: NameChange) -> dict[str, object]:
    return {
        "id": change.name_id,
        "name": change.name,
        "category": change.category,
        "surfaces_added": [_surface(surface) for surface in change.came],
        "surfaces_removed": [_surface(surface) for surface in change.went],
        "fields": {
            field: {"before": old, "after": new} for field, (old, new) in change.fields.items()
        },
    }


def _surface(surface: Surface) -> dict[str, str]:
    return {
        "text": surface.text,
        "kind": surface.kind,
        "language": surface.language,
        "script": surface.script,
    }


def _moment(ms: int | None) -> str | None:
    return (
        None if ms is None else datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="seconds")
    )
