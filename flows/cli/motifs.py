"""kiyome motifs"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from flows.cli.motif_search import search_command
from flows.cli.options import policy_option, workspace_option

_folder_argument = click.argument(
    "folder", type=click.Path(path_type=Path, exists=True, file_okay=False)
)
_encoder_option = click.option("--encoder", help="Image encoder, instead of the one in settings.")
_quiet_option = click.option("--quiet", is_flag=True, help="No progress.")


@click.group()
def motifs() -> None:
    """Search a dataset for motifs, and measure how they are found.

    `kiyome register motifs` adds, lists and removes them.
    """


motifs.add_command(search_command)


@motifs.command("evaluate")
@_folder_argument
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for the report: figures, sheets of misses and false alarms, numbers.",
)
@workspace_option
@policy_option
@_encoder_option
@_quiet_option
def evaluate_command(
    folder: Path,
    out: Path | None,
    workspace: Path | None,
    policy: Path | None,
    encoder: str | None,
    quiet: bool,
) -> None:
    """Measure on your own labelled pictures how well the registered motifs are found.

    FOLDER holds a pairs.csv with the columns file and label: what the picture shows, as it is
    registered, or empty for a clean picture. The columns kind (how it was edited) and box (left,
    top, right, bottom as fractions) are optional. Nothing is changed.

    \b
    Example:
      kiyome motifs evaluate ~/labelled --out ~/report
    """
    from flows.calibrating import set_up_bench
    from flows.cli.opening import opened
    from models.motifs.calibration.reporting import write_terminal

    given = {"policy": policy, "encoder": encoder}
    with opened(workspace) as (settings, database), _counting(quiet) as progress:
        settings = settings.model_copy(update={k: v for k, v in given.items() if v})
        bench = set_up_bench(folder, settings, database, progress)
    evaluation = bench.evaluate(bench.calibration, bench.looked)
    click.echo(write_terminal(evaluation), nl=False)
    if out is None:
        click.echo("\nWith --out FOLDER the pictures that were missed or flagged are shown too.")
        return
    from models.motifs.calibration.saving import save_evaluation

    page = save_evaluation(evaluation, bench.references, out, settings.max_pixels)
    click.echo(f"\nReport: {page}")


@motifs.command("calibrate")
@_folder_argument
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    help="File to write the calibration to.",
)
@click.option("--name", help="What reports call it.  [default: the file's name]")
@click.option(
    "--report",
    type=click.Path(path_type=Path, file_okay=False),
    help="Folder for a report on the half that was not learnt from.",
)
@click.option("--force", is_flag=True, help="Replace the file.")
@workspace_option
@policy_option
@_encoder_option
@_quiet_option
def calibrate_command(
    folder: Path,
    out: Path,
    name: str | None,
    report: Path | None,
    force: bool,
    workspace: Path | None,
    policy: Path | None,
    encoder: str | None,
    quiet: bool,
) -> None:
    """Learn from your own labelled pictures what risk each thing that is seen amounts to.

    FOLDER is as for `kiyome motifs evaluate`. One half of the pictures is learnt from, and the
    calibration is checked on the other, beside the one in force. It needs at least 30 pictures
    that show motifs and 100 clean ones in the learning half; hundreds, and thousands of clean
    ones, do it well.

    \b
    Example:
      kiyome motifs calibrate ~/labelled --out calibration.json
    """
    from flows.calibrating import set_up_bench, try_calibrating
    from flows.cli.opening import opened
    from models.motifs.calibration.comparing import write_comparison
    from models.motifs.calibration.saving import (
        require_new_file,
        save_calibration,
        save_evaluation,
    )

    require_new_file(out, force=force)
    given = {"policy": policy, "encoder": encoder}
    with opened(workspace) as (settings, database), _counting(quiet) as progress:
        settings = settings.model_copy(update={k: v for k, v in given.items() if v})
        bench = set_up_bench(folder, settings, database, progress)
    trial = try_calibrating(bench, name or out.stem)
    click.echo(write_comparison(trial.learnt, trial.before, trial.after), nl=False)
    # First of all: a report that cannot be written must not cost what was learnt for hours.
    require_new_file(out, force=force)
    save_calibration(trial.learnt.calibration, out)
    if report is not None:
        page = save_evaluation(
            trial.after, bench.references, report, settings.max_pixels, bench.calibration
        )
        click.echo(f"Report: {page}")
    click.echo(f"\nCalibration: {out.absolute()}")
    click.echo("To use it, set this in kiyome.toml; the next run judges all pictures by it anew:")
    click.echo(f"  motif_calibration = {_quote(out.absolute())}")


def _quote(path: Path) -> str:
    """A path as a TOML string."""
    import json

    from models.unicode import escape_unprintable

    return json.dumps(escape_unprintable(str(path)), ensure_ascii=False)


@contextmanager
def _counting(quiet: bool) -> Iterator[Callable[[int, int], None]]:
    from flows.cli.showing import showing_progress

    with showing_progress(quiet=quiet) as listen:
        counted = 0

        def count(done: int, total: int) -> None:
            nonlocal counted
            listen("features", done - counted, 0 if counted else total)
            counted = done

        yield count
