"""kiyome models"""

from __future__ import annotations

from pathlib import Path

import click

from flows.cli.options import workspace_option


@click.group()
def models() -> None:
    """Fetch and list open_clip and spaCy models.

    A run never downloads anything by itself: what it needs has to be here before.
    """


@models.command("pull")
@click.argument("name", required=False)
@workspace_option
def pull(name: str | None, workspace: Path | None) -> None:
    """Fetch the weights of NAME, with a progress bar.

    NAME is an encoder as in the settings, or spacy:<package>. Without it, the encoder in the
    settings is fetched.

    \b
    Examples:
      kiyome models pull open_clip:ViT-B-32/laion2b_s34b_b79k
      kiyome models pull spacy:en_core_web_sm
    """
    from models.settings import load_settings

    wanted = name or load_settings(workspace=workspace).encoder
    if wanted.startswith("spacy:"):
        from models.nouns.packages import pull_package

        click.echo(f"Installed: {pull_package(wanted.removeprefix('spacy:'))}")
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TransferSpeedColumn

    from models.motifs.encoders import pull_encoder

    columns = ("{task.description}", BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, transient=True) as bar:
        task = bar.add_task(wanted, total=None)
        path = pull_encoder(
            wanted, lambda done, total: bar.update(task, completed=done, total=total or None)
        )
    click.echo(f"Ready: {path}" if path else f"{wanted} needs no weights.")


@models.command("list")
@click.argument("search", default="")
def list_models(search: str) -> None:
    """List the encoders that open_clip knows, all or those that hold SEARCH."""
    from models.motifs.encoders import known_encoders

    found = [spec for spec in known_encoders() if search.lower() in spec.lower()]
    for spec in found:
        click.echo(spec)
    if not found:
        click.echo(f"open_clip knows no encoder with {search!r} in its name.")
