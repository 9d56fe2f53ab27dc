"""kiyome up"""

from __future__ import annotations

import signal
from pathlib import Path
from types import FrameType

import click

from flows.cli.options import policy_option, workspace_option


@click.command()
@click.argument("root", required=False)
@click.option("--dataset", help="Name of the dataset.  [default: the last part of ROOT]")
@click.option("--layout", default="auto", show_default=True, help="As for `kiyome cleanse`.")
@click.option(
    "--demo",
    "demo_folder",
    type=click.Path(path_type=Path, file_okay=False),
    help="Use the demo in this folder: its settings and the bundled sample dataset.",
)
@workspace_option
@policy_option
def up(
    root: str | None,
    dataset: str | None,
    layout: str,
    demo_folder: Path | None,
    workspace: Path | None,
    policy: Path | None,
) -> None:
    """Run the standing system: Prefect, schedule and review page.

    All of it runs in the foreground, and the addresses are printed. ROOT is the dataset to cleanse
    on schedule. Without it the last dataset of the workspace is taken, if there is just one.
    Ctrl-C stops all of it.
    """
    from flows.cli.serve import absolute_root, say_if_missing
    from flows.prefect_environment import prepare_prefect
    from flows.standing import run_standing
    from models.beginning import settle_workspace
    from models.settings import load_settings

    if demo_folder is not None:
        from flows.demo import DATASET, prepare_demo

        settings, root = prepare_demo(demo_folder)
        dataset, layout = DATASET, "kohya"
    else:
        settings = load_settings(workspace=workspace, policy=policy)
    settings = settle_workspace(settings)
    settings = settings.model_copy(update={"policy": settings.policy.absolute()})
    if root is None:
        root, dataset, layout = _last_dataset(settings.workspace)
    if root:
        say_if_missing(root)
    prepare_prefect(settings)
    # Started in the background by a shell, it would inherit that SIGINT is ignored.
    signal.signal(signal.SIGINT, _interrupt)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        run_standing(
            settings,
            absolute_root(root) if root else None,
            dataset=dataset,
            layout=layout,
            say=click.echo,
        )
    except KeyboardInterrupt:
        return


def _last_dataset(workspace: Path) -> tuple[str | None, str | None, str]:
    from models.planning import read_plan

    folder = workspace / "datasets"
    found = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    if len(found) != 1:
        click.echo("No schedule is run: say which dataset with `kiyome up ROOT`.")
        return None, None, "auto"
    plan = read_plan(workspace, found[0])
    return plan.root, plan.dataset, plan.layout


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
