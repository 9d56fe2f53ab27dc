"""kiyome register motifs correct, remove, confirm and refuse"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.options import workspace_option
from flows.cli.register.motif_options import claim_options
from flows.cli.register.motif_reporting import describe_row
from flows.cli.register.opening import by_option, changing, looking, name_actor

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from models.motifs.claims import Claim
    from models.store.tables import MotifRow

reason_option = click.option("--reason", "why", default="", help="Why, for the record.")


@click.command("correct")
@click.argument("motif")
@claim_options
@reason_option
@by_option
@workspace_option
def correct_command(motif: str, claim: Claim, why: str, actor: str, workspace: Path | None) -> None:
    """Correct what the register says about MOTIF: an id of 8 digits or more, or a label.

    What is not given stays. A label stands for all of its pictures; --box then needs an id.

    \b
    Example:
      kiyome register motifs correct Kirari --label "Hoshino Kirari" --owner "Tsukimori Press"
    """
    from models.errors import RegisterError
    from models.motifs.claims import Claim
    from models.motifs.register import correct_motif
    from models.unicode import escape_unprintable

    with changing(workspace) as (session, settings):
        rows = _find(session, motif)
        if claim.box and len(rows) > 1:
            raise RegisterError(
                f"{motif!r} stands for {len(rows)} pictures, and each has a box of its own.",
                "Give one by its id; `kiyome register motifs list` shows them.",
            )
        for row in rows:
            whole = Claim(
                claim.label or row.label,
                claim.category or row.category,
                claim.owner or row.owner,
                claim.source or row.source,
                claim.right or row.right_kind,
                claim.right_note or row.right_note,
                claim.box or row.box,
            )
            corrected = correct_motif(
                session,
                settings.workspace,
                row.id,
                whole,
                actor=name_actor(actor),
                why=why,
                max_pixels=settings.max_pixels,
            )
            click.echo(escape_unprintable(f"{corrected.label}  {describe_row(corrected)}"))


@click.command("remove")
@click.argument("motif")
@click.option("--yes", is_flag=True, help="Do it; without this, only say what would be removed.")
@reason_option
@by_option
@workspace_option
def remove_command(motif: str, yes: bool, why: str, actor: str, workspace: Path | None) -> None:
    """Take MOTIF out of the register: an id of 8 digits or more, or a label with all its pictures.

    \b
    Example:
      kiyome register motifs remove "Hoshino Kirari" --reason "licence of 2031" --yes
    """
    from models.motifs.register import remove_motif, remove_unlisted_pictures
    from models.unicode import escape_unprintable

    if not yes:
        with looking(workspace) as session:
            for row in _find(session, motif):
                click.echo(escape_unprintable(f"{row.label}  {describe_row(row)}"))
        click.echo("Nothing was removed: add --yes to remove it.")
        return
    with changing(workspace) as (session, _):
        for row in _find(session, motif):
            click.echo(escape_unprintable(f"{row.label}  {describe_row(row)}"))
            remove_motif(session, row.id, actor=name_actor(actor), why=why)
    with changing(workspace) as (session, settings):
        remove_unlisted_pictures(session, settings.workspace)
    click.echo("Removed.")


@click.command("confirm")
@click.argument("motif")
@reason_option
@by_option
@workspace_option
def confirm_command(motif: str, why: str, actor: str, workspace: Path | None) -> None:
    """Confirm MOTIF, which its owner has submitted: an id of 8 digits or more, or a label.

    A refused one can be confirmed as well, and is protected again. Confirming one that is disputed
    ends the dispute.

    \b
    Example:
      kiyome register motifs confirm fc5a54d7
    """
    _decide(motif, workspace, confirm=True, actor=actor, why=why)


@click.command("refuse")
@click.argument("motif")
@reason_option
@by_option
@workspace_option
def refuse_command(motif: str, why: str, actor: str, workspace: Path | None) -> None:
    """Refuse MOTIF, which its owner has submitted: it is kept, but no longer protected.

    \b
    Example:
      kiyome register motifs refuse fc5a54d7 --reason "no answer to our letter"
    """
    _decide(motif, workspace, confirm=False, actor=actor, why=why)


def _decide(motif: str, workspace: Path | None, *, confirm: bool, actor: str, why: str) -> None:
    from models.errors import RegisterError
    from models.motifs.register import decide_motif
    from models.unicode import escape_unprintable

    with changing(workspace) as (session, _):
        asked = ("unconfirmed", "refused") if confirm else ("unconfirmed",)
        rows = [
            row
            for row in _find(session, motif)
            if row.state in asked or (confirm and row.disputed_with)
        ]
        if not rows:
            raise RegisterError(
                f"No reference of {motif!r} waits for that.",
                "`kiyome register motifs list` shows the state of each.",
            )
        for row in rows:
            decide_motif(session, row.id, confirm=confirm, actor=name_actor(actor), why=why)
            click.echo(escape_unprintable(f"{row.label}  {describe_row(row)}"))


def _find(session: Session, motif: str) -> tuple[MotifRow, ...]:
    from models.errors import RegisterError
    from models.motifs.listing import find_motifs

    found = find_motifs(session, motif)
    if not found:
        raise RegisterError(
            f"No motif has the label {motif!r}, or an id that begins with it.",
            "`kiyome register motifs list` shows both; give at least 8 digits of an id.",
        )
    if len({row.label for row in found}) > 1:
        raise RegisterError(
            f"{len(found)} motifs have an id that begins with {motif!r}.", "Give more digits."
        )
    return found
