"""kiyome demo"""

from __future__ import annotations

import os
import shlex
from pathlib import Path

import click


@click.command()
@click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("demo"),
    show_default=True,
    help="Where the demo keeps its workspace.",
)
@click.option("--again", is_flag=True, help="Walk through all stages though nothing has changed.")
def demo(folder: Path, again: bool) -> None:
    """Cleanse the bundled sample dataset, and show what came out.

    The sample is a small set of drawings with captions, made for this purpose: some are granted,
    some refused, some silent, some name protected characters or copy registered motifs, some are
    damaged. No network is needed.
    """
    from flows.cli.showing import command_line, show_summary, showing_progress
    from flows.demo import run_demo
    from models.releases.report import report_path

    with showing_progress(quiet=False) as listener:
        summary, settings = run_demo(folder, again=again, listener=listener)
    settings_file = folder.absolute() / "kiyome.toml"
    base = settings.workspace.absolute()
    prefix = f"KIYOME_SETTINGS={shlex.quote(os.path.relpath(settings_file))} "
    hints = [
        ("review page", prefix + command_line("review")),
        ("Prefect UI", prefix + command_line("up")),
        ("recount", prefix + command_line("recount")),
        ("verify ledger", prefix + command_line("ledger", "verify")),
    ]
    show_summary(summary, report_path(base, summary.dataset), hints)
