"""What `kiyome terms` says about terms and rulings."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from models.nouns.terms.listing import Term
    from models.nouns.terms.records import StoredTermRuling
    from models.nouns.terms.rulings import TermsRuled

LIKELIHOODS = {"likely": "likely a name", "perhaps": "perhaps a name", "hardly": "hardly a name"}


def describe_line(term: Term) -> str:
    """A term on one line: on how many assets, how likely a name or what was ruled, and the term."""
    from models.unicode import escape_unprintable

    if term.decided:
        state = f"{_describe_category(term.category)} ({term.reviewer})"
    else:
        state = LIKELIHOODS[term.likelihood] + (f", {term.guess}?" if term.guess else "")
    return escape_unprintable(f"{term.assets:>8}  {state:<28}  {term.surface}")


def _describe_category(category: str) -> str:
    from models.nouns.terms.records import describe_choice

    return describe_choice(category)


def describe_ruling(ruling: StoredTermRuling) -> str:
    """Who ruled what and when, and who undid it."""
    said = (
        f"{_moment(ruling.ruled_ms)}  {ruling.reviewer}: {ruling.surface!r} "
        f"{_describe_category(ruling.category)}"
    )
    if ruling.note:
        said += f" ({ruling.note})"
    if ruling.undone_ms is not None:
        said += f"; undone {_moment(ruling.undone_ms)} by {ruling.undone_by}"
    return said


def describe_effect(
    ruled: TermsRuled, assets: int, category: str, *, dry_run: bool
) -> Sequence[str]:
    """What a ruling comes to, or would come to, in sentences."""
    if ruled.repeated:
        return ["You had ruled so before; nothing has changed."]
    lines = []
    if ruled.replaced:
        lines.append("The earlier ruling " + ("would be undone." if dry_run else "is undone."))
    if category:
        held = "1 asset" if assets == 1 else f"{assets} assets"
        lines.append(f"From the next run on, the policy for {category} decides its {held}.")
    else:
        lines.append(
            f"{count_items(ruled.superseded, would=dry_run)} no longer asked about; the next "
            "`kiyome cleanse` decides them."
        )
    return lines


def count_items(count: int, *, would: bool = False) -> str:
    """The beginning of a sentence about review items."""
    if would:
        return f"{count} review {'item' if count == 1 else 'items'} would be"
    return "1 review item is" if count == 1 else f"{count} review items are"


def add_article(word: str) -> str:
    """A category with its article."""
    return f"{'an' if word[0] in 'aeiou' else 'a'} {word}"


def _moment(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M UTC")


def say(text: str) -> None:
    """Print a line in which nothing that stands in a dataset is obeyed by the terminal."""
    from models.unicode import escape_unprintable

    click.echo(escape_unprintable(text))
