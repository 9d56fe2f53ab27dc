"""Options that say what is claimed about a reference picture."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import click

from models.motifs.claims import CATEGORIES, RIGHTS, Claim

_OPTIONS = (
    click.option("--label", default="", help="What it shows.  [default: the file's name]"),
    click.option(
        "--category",
        type=click.Choice(CATEGORIES),
        default=None,
        help="What kind of thing it is.  [default: as its label has, else motif]",
    ),
    click.option("--owner", default="", help="Who asked for it.  [default: as its label has]"),
    click.option("--source", default="", help="Where it is from."),
    click.option("--right", type=click.Choice(RIGHTS), default=None, help="By which right."),
    click.option("--right-note", default="", help="Registration number, contract, or the like."),
    click.option(
        "--box",
        default="",
        metavar="X0,Y0,X1,Y1",
        help="What of the picture is the motif: left, top, right, bottom in pixels, or as "
        "fractions of its size.  [default: what its alpha channel shows]",
    ),
)


def claim_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a claim, and hand them to it as ``claim``."""

    @wraps(command)
    def with_claim(
        label: str,
        category: str | None,
        owner: str,
        source: str,
        right: str | None,
        right_note: str,
        box: str,
        **others: Any,
    ) -> None:
        claim = Claim(label, category or "", owner, source, right or "", right_note, box)
        command(claim=claim, **others)

    for option in reversed(_OPTIONS):
        with_claim = option(with_claim)
    return with_claim
