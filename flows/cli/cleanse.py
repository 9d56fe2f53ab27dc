"""kiyome cleanse"""

from __future__ import annotations

from pathlib import Path

import click

from flows.cli.options import policy_option, workspace_option


@click.command()
@click.argument("root")
@click.option("--dataset", help="Name of the dataset.  [default: the last part of ROOT]")
@click.option(
    "--layout",
    type=click.Choice(["auto", "kohya", "imagefolder", "webdataset", "manifest"]),
    default="auto",
    show_default=True,
    help="How the dataset is laid out (docs/datasets.md).",
)
@workspace_option
@policy_option
@click.option("--encoder", help="Image encoder, e.g. open_clip:ViT-B-32/laion2b_s34b_b79k.")
@click.option("--again", is_flag=True, help="Walk through all stages though nothing has changed.")
@click.option("--quiet", is_flag=True, help="No progress.")
@click.option("--verbose", is_flag=True, help="Show what Prefect logs.")
def cleanse(
    root: str,
    dataset: str | None,
    layout: str,
    workspace: Path | None,
    policy: Path | None,
    encoder: str | None,
    again: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Cleanse the dataset at ROOT and publish what is clear.

    ROOT is a folder (kohya, Hugging Face imagefolder, img2dataset or WebDataset shards) or a
    Parquet or CSV table of paths or URLs. Nothing in it is ever changed.

    Every asset ends as clear, excluded, to review or error, with the reasons. A run that is
    interrupted goes on where it stopped; a run that finds nothing new takes a second.

    \b
    Examples:
      kiyome cleanse ~/pictures
      kiyome cleanse shards/ --layout webdataset --workspace /data/kiyome
    """
    from flows.cli.opening import begin_aloud
    from flows.cli.showing import command_line, show_summary, showing_progress
    from flows.running import run_cleansing
    from models.reasons import Reason
    from models.releases.report import report_path
    from models.settings import load_settings
    from models.verdicts import Verdict

    settings = begin_aloud(load_settings(workspace=workspace, policy=policy, encoder=encoder))
    with showing_progress(quiet=quiet) as listener:
        summary = run_cleansing(
            root,
            settings,
            dataset=dataset,
            layout=layout,
            again=again,
            verbose=verbose,
            listener=listener,
        )
    where: list[str | Path] = ["--workspace", workspace] if workspace else []
    named = ["--dataset", summary.dataset]
    hints = [("review page", command_line("review", *where))] if summary.open_items else []
    if summary.open_terms:
        hints.append(("open terms", command_line("terms", "list", summary.dataset, *where)))
    if summary.counts[Verdict.CLEAR]:
        hints.append(("export", command_line("export", "clean", *named, "--copy-images", *where)))
    hints.append(("Prefect UI", command_line("up", *where)))
    show_summary(summary, report_path(settings.workspace, summary.dataset), hints)
    if Reason.CONSENT_ABSENT in summary.reasons[Verdict.EXCLUDE]:
        click.echo(
            f"\nIf a contract covers what is excluded as {Reason.CONSENT_ABSENT}, enter it in "
            f"{settings.policy} as a [[consent.contract]], or with `kiyome contract add`, and run "
            "again. One that stands there already does not cover these: see its folder, its days "
            "and its approval."
        )
