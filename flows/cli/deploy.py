"""kiyome deploy"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import click

from flows.cli.options import policy_option, workspace_option


@click.command()
@click.argument("root")
@click.option("--pool", required=True, help="The work pool whose workers carry out the runs.")
@click.option("--dry-run", is_flag=True, help="Say what would be registered, and change nothing.")
@click.option("--dataset", help="Name of the dataset.  [default: the last part of ROOT]")
@click.option("--layout", default="auto", show_default=True, help="As for `kiyome cleanse`.")
@workspace_option
@policy_option
def deploy(
    root: str,
    pool: str,
    dry_run: bool,
    dataset: str | None,
    layout: str,
    workspace: Path | None,
    policy: Path | None,
) -> None:
    """Register the runs of ROOT for a Prefect work pool.

    PREFECT_API_URL names the server. The workers of the pool, on any number of machines, need the
    same Kiyome, the workspace and ROOT at the same paths, and secrets in their own environment
    (docs/scaling.md). Registering again brings everything up to date.

    \b
    Example:
      prefect work-pool create studio --type process
      kiyome deploy /mnt/pictures --pool studio
      prefect worker start --pool studio --type process     # on each machine
    """
    from flows.cli.serve import absolute_root
    from flows.prefect_environment import prepare_prefect
    from models.beginning import settle_workspace
    from models.errors import SettingsError
    from models.policy import load_policy
    from models.settings import load_settings

    settings = load_settings(workspace=workspace, policy=policy)
    if dry_run:
        settings = settings.model_copy(update={"workspace": settings.workspace.absolute()})
    else:
        settings = settle_workspace(settings)
    settings = settings.model_copy(update={"policy": settings.policy.absolute()})
    load_policy(settings.policy)
    if dry_run:  # Prefect makes its home as soon as it is imported
        os.environ.setdefault("PREFECT_HOME", tempfile.gettempdir())
    else:
        prepare_prefect(settings)
    if not dry_run and not os.environ.get("PREFECT_API_URL"):
        raise SettingsError(
            "There is no Prefect server to register with.",
            "Start `prefect server start`, and set PREFECT_API_URL.",
        )
    from flows.deployments import deploy_all, register_all

    deployments = deploy_all(
        absolute_root(root), settings, dataset=dataset, layout=layout, pool=pool
    )
    if not dry_run:
        register_all(deployments, pool)
    for each in deployments:
        when = [str(_say(one.schedule)) for one in each.schedules or []]
        click.echo(f"{each.flow_name}/{each.name}  {', '.join(when) or 'by hand'}")
    if dry_run:
        click.echo(f"Nothing was registered with the pool {pool}.")
    else:
        click.echo(f"Registered. Start workers with: prefect worker start --pool {pool}")


def _say(schedule: object) -> object:
    for name in ("cron", "interval", "rrule"):
        if (value := getattr(schedule, name, None)) is not None:
            return value
    return schedule
