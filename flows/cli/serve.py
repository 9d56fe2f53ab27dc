"""kiyome serve"""

from __future__ import annotations

import os
from pathlib import Path

import click

from flows.cli.options import policy_option, workspace_option


@click.command()
@click.argument("root")
@click.option("--dataset", help="Name of the dataset.  [default: the last part of ROOT]")
@click.option("--layout", default="auto", show_default=True, help="As for `kiyome cleanse`.")
@click.option("--schedule", help="Cron expression.  [default: from kiyome.toml, else 0 3 * * *]")
@workspace_option
@policy_option
def serve(
    root: str,
    dataset: str | None,
    layout: str,
    schedule: str | None,
    workspace: Path | None,
    policy: Path | None,
) -> None:
    """Cleanse the dataset at ROOT on a schedule, until Ctrl-C.

    Registers deployments with the Prefect server of `kiyome up`, or with the one that
    PREFECT_API_URL names, and carries out their runs in this process: the cleansing, and what the
    setting schedules names beside it. One run at a time; runs that were missed do not pile up. An
    owner's request or a ruling starts a run too, once it has been quiet for a while (the setting
    notice_after).
    """
    from flows.handing_over import hand_over
    from flows.prefect_environment import prepare_prefect
    from models.beginning import settle_workspace
    from models.errors import SettingsError
    from models.policy import load_policy
    from models.settings import load_settings

    settings = load_settings(workspace=workspace, policy=policy, schedule=schedule)
    settings = settle_workspace(settings)
    settings = settings.model_copy(update={"policy": settings.policy.absolute()})
    load_policy(settings.policy)
    say_if_missing(root)
    prepare_prefect(settings, verbose=True)
    if not os.environ.get("PREFECT_API_URL"):
        raise SettingsError(
            "There is no Prefect server to register the schedule with.",
            "Run `kiyome up` instead, or start `prefect server start` and set PREFECT_API_URL.",
        )
    from prefect import serve as serve_deployments

    from flows.deployments import deploy_all, renew_late_runs
    from flows.noticing import noticing
    from flows.zombies import keep_zombie_automation

    hand_over(settings)
    deployments = deploy_all(absolute_root(root), settings, dataset=dataset, layout=layout)
    for each in deployments:  # also done by serve, and too late for those that are due
        each.apply()
    renew_late_runs(deployments)
    keep_zombie_automation()
    first = deployments[0]
    with noticing(settings, f"{first.flow_name}/{first.name}", str(first.name)):
        serve_deployments(*deployments, pause_on_shutdown=False, print_starting_message=False)


def say_if_missing(root: str) -> None:
    """Say aloud that nothing is at a local root: its name is wrong, or its disk is away.

    That ends nothing: the disk may be back before the first run is due.
    """
    if "://" not in root and not Path(root).exists():
        click.echo(f"There is nothing at {root} now: runs fail until there is.", err=True)


def absolute_root(root: str) -> str:
    """A local path made absolute, since runs may start elsewhere; a URL as it is.

    ``..`` is taken out where that leads to the same place, which a link may prevent.
    """
    if "://" in root:
        return root
    whole = Path(root).absolute()
    plain = os.path.normpath(whole)
    return plain if os.path.realpath(plain) == os.path.realpath(whole) else str(whole)
