"""kiyome train-ner"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from flows.cli.options import workspace_option

if TYPE_CHECKING:
    from models.nouns.register.storage import NameRegister
    from models.nouns.training.evaluating import Trial
    from models.nouns.training.fitting import Look
    from models.nouns.training.material import CaptionCounts


@click.command("train-ner")
@click.option(
    "--captions",
    "caption_files",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    multiple=True,
    required=True,
    help="Clean captions: a text file with one a line, or .jsonl; may be repeated.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    required=True,
    help="Folder to write the model to.",
)
@click.option(
    "--names",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="CSV of names to learn from.  [default: the workspace's register]",
)
@click.option("--steps", type=click.IntRange(1, 1_000_000), help="Steps at most.  [default: 3000]")
@click.option(
    "--minutes",
    type=click.FloatRange(0, min_open=True),
    help="Minutes at most; what is learned then depends on the machine's speed.",
)
@click.option("--seed", type=click.IntRange(0, 2**32 - 1), default=0, show_default=True)
@click.option(
    "--hold-out",
    type=click.FloatRange(0, 0.9, min_open=True),
    default=0.1,
    show_default=True,
    help="Share of names and captions that is not learned but tried on.",
)
@click.option(
    "--false-alarms",
    type=click.FloatRange(0.001, 1),
    default=0.01,
    show_default=True,
    help="Share of clean captions in which something may be found.",
)
@click.option("--language", default="en", show_default=True, help="Language of the captions.")
@click.option("--overwrite", is_flag=True, help="Replace the model that is in the folder.")
@workspace_option
def train_ner(
    caption_files: tuple[Path, ...],
    out: Path,
    names: Path | None,
    steps: int | None,
    minutes: float | None,
    seed: int,
    hold_out: float,
    false_alarms: float,
    language: str,
    overwrite: bool,
    workspace: Path | None,
) -> None:
    """Train a small model that finds names in English captions.

    It finds names that no register holds, too.

    It learns from clean captions of yours, with names of the register swapped in. Give captions of
    the kind that you cleanse, a few thousand or more; ten minutes on one processor do. Ctrl-C ends
    the training and keeps what was learned. The folder holds a spaCy model, its evaluation.json and
    a model card; name it in noun_models to use it.

    \b
    Example:
      kiyome train-ner --captions captions.txt --out models/names
    """
    from models.nouns.training.material import gather_material, read_captions
    from models.nouns.training.training import (
        STEPS,
        Plan,
        require_folder,
        require_language,
        train_names,
    )

    require_language(language)
    plan = Plan(out.expanduser().absolute(), steps or STEPS, minutes, seed, false_alarms, overwrite)
    require_folder(plan)
    register = _read_names(names, workspace)
    click.echo("Looking through the captions …", err=True)
    material = gather_material(
        read_captions(caption_files), register, hold_out=hold_out, progress=_counting()
    )
    for line in _describe_captions(material.counts):
        click.echo(line, err=True)
    click.echo(
        f"Learning from {len(material.captions)} captions and {len(material.names)} names, "
        f"trying on {len(material.held_captions)} captions and {len(material.held_names)} names.",
        err=True,
    )
    with _stopping_early(), _showing(plan.steps) as tell:
        trained = train_names(material, plan, tell)
    fitted = trained.fitted
    click.echo(
        f"Training ended after {fitted.steps} steps because {fitted.ending}; "
        f"the model is that of step {fitted.best_step}."
    )
    for line in _describe_trial(trained.trial):
        click.echo(line)
    click.echo(f"Model: {trained.folder}")


def _read_names(names: Path | None, workspace: Path | None) -> NameRegister:
    if names is None:
        from flows.cli.opening import opened
        from models.nouns.register.storage import load_register

        with opened(workspace) as (_, database), database.transaction() as session:
            return load_register(session)
    from models.nouns.training.material import read_register

    register, problems = read_register(names)
    for problem in problems[:20]:
        click.echo(f"{names}:{problem.line}: {problem.message}", err=True)
    if len(problems) > 20:
        click.echo(f"… and {len(problems) - 20} more.", err=True)
    return register


def _describe_captions(counts: CaptionCounts) -> Iterator[str]:
    if counts.named:
        yield (
            f"warning: {counts.named} of {counts.read} captions hold registered names and are left "
            "out: they would teach that these are none."
        )
    if counts.other_form:
        yield f"{counts.other_form} captions are lists of tags or Japanese, and are left out."
    if counts.long:
        yield f"{counts.long} captions are too long, and are left out."


def _describe_trial(trial: Trial) -> Iterator[str]:
    yield f"held-out names found        {trial.recall:7.1%}  of {trial.named}"
    if trial.homograph_recall is not None:
        yield f"  those of dictionary words {trial.homograph_recall:7.1%}  of {trial.homographs}"
    yield f"clean captions, false alarm {trial.false_alarms:7.1%}  of {trial.clean}"
    if trial.alarms:
        surest = ", ".join(dict.fromkeys(repr(what) for what, *_ in trial.alarms[:10]))
        yield f"  the surest of them, which may be real names: {surest}"
    yield "These figures are optimistic: the names were swapped in as in training."


def _counting() -> Callable[[int], None]:
    """Says on a terminal how many captions have been looked through."""
    looked = 0

    def count(captions: int) -> None:
        nonlocal looked
        looked += captions
        if sys.stderr.isatty():
            click.echo(f"\r{looked} captions\r", err=True, nl=False)

    return count


@contextmanager
def _stopping_early() -> Iterator[None]:
    """SIGTERM ends the training as Ctrl-C does, and both do so also in the background."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    wanted = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, stop) for number in wanted]
    try:
        yield
    finally:
        for number, handler in zip(wanted, before, strict=True):
            signal.signal(number, handler)


@contextmanager
def _showing(steps: int) -> Iterator[Callable[[Look], None]]:
    """A bar on a terminal, and a line for each look elsewhere."""
    if not sys.stderr.isatty():
        yield _show_line
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description:<34}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("about"),
        TimeRemainingColumn(elapsed_when_finished=False),
        TextColumn("left"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("training", total=steps)
        best = 0.0

        def tell(look: Look) -> None:
            nonlocal best
            if look.trial:
                best = max(best, look.trial.recall)
                progress.update(task, description=f"training: {best:.1%} of held-out names")
            progress.update(task, completed=look.step)

        yield tell


def _show_line(look: Look) -> None:
    if look.trial:
        click.echo(
            f"step {look.step}: {look.trial.recall:.1%} of held-out names, "
            f"{look.trial.false_alarms:.1%} false alarms{' (best)' if look.best else ''}",
            err=True,
        )
