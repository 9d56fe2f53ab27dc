"""kiyome recleanse"""

from __future__ import annotations

from pathlib import Path

import click

from flows.cli.options import policy_option, workspace_option


@click.command()
@click.argument("dataset", required=False)
@workspace_option
@policy_option
@click.option("--dry-run", is_flag=True, help="Only say what would be done, and why.")
@click.option("--again", is_flag=True, help="Decide anew though nothing has changed.")
@click.option(
    "--sidecars",
    is_flag=True,
    help="Write the captions of the cleared assets into the release, too: reads the source.",
)
@click.option("--quiet", is_flag=True, help="No progress.")
def recleanse(
    dataset: str | None,
    workspace: Path | None,
    policy: Path | None,
    dry_run: bool,
    again: bool,
    sidecars: bool,
    quiet: bool,
) -> None:
    """Bring to DATASET what has changed, without reading its source.

    New and removed names and motifs, an edited policy, rulings, takedowns and withdrawn consent
    are applied to what is known of the dataset, and a new release is published. Assets that were
    added to the source or changed in it are seen by `kiyome cleanse`.

    \b
    Examples:
      kiyome recleanse pictures --dry-run
      kiyome recleanse pictures
    """
    if not dry_run:
        from tasks.preloading import begin_preloading

        begin_preloading()  # before all that takes this process as long to load
    from flows.cli.options import resolve_dataset
    from flows.cli.showing import show_summary, showing_progress
    from flows.cli.telling import tell_difference, tell_forecast
    from flows.recleansing import forecast_recleansing, run_recleansing
    from models.releases.report import report_path
    from models.settings import load_settings
    from tasks.progress import listening

    settings = load_settings(workspace=workspace, policy=policy)
    base = settings.workspace.absolute()
    name = resolve_dataset(base, dataset)
    if dry_run:
        tell_forecast(name, forecast_recleansing(name, settings))
        return
    if not quiet:
        tell_forecast(name, forecast_recleansing(name, settings), err=True)
    with showing_progress(quiet=quiet) as listener, listening(listener):
        done = run_recleansing(name, settings, again=again, sidecars=sidecars)
    show_summary(done.summary, report_path(base, name), [])
    if done.difference is not None:
        tell_difference(done.difference)
        click.echo(f"\nPublished after {done.published_s:.1f} s.")
    if done.seconds:
        spent = ", ".join(f"{step} {seconds:.1f}" for step, seconds in done.seconds.items())
        click.echo(f"Seconds of each step: {spent}")
