"""kiyome status"""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from flows.cli.options import workspace_option

if TYPE_CHECKING:
    from rich.console import RenderableType

    from models.watching.conditions import Alert
    from models.watching.figures import DatasetFigures, Figures, RunFigures

_EVERY_S = 2.0


@click.command()
@click.option("--follow", is_flag=True, help="Show it anew every two seconds, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@click.option("--prometheus", is_flag=True, help="Print it as Prometheus metrics.")
@click.option("--tell", is_flag=True, help="Also tell by webhook and mail what has changed.")
@workspace_option
def status(
    follow: bool, as_json: bool, prometheus: bool, tell: bool, workspace: Path | None
) -> None:
    """Say how everything is, and what needs a person.

    Runs, releases, review and ledger, from the database and the workspace alone. The exit code is 1
    where something needs a person; the limits are the settings that begin with alert_. `--tell` is
    what the schedule of `kiyome up` does every ten minutes; with cron it does without Prefect.
    """
    from flows.cli.opening import opened
    from models.watching.looking import look, look_and_tell
    from models.watching.metrics import render_metrics

    if sum((follow, as_json, prometheus, tell)) > 1:
        raise click.UsageError("Give only one of --follow, --json, --prometheus and --tell.")
    with opened(workspace) as (settings, database):
        if follow:
            _follow(lambda: _render(*look(settings, database)))
            return
        if tell:
            told = look_and_tell(settings, database)
            figures, alerts = told.figures, told.alerts
            for verb, changed in (("Told", told.change.raised), ("Over", told.change.cleared)):
                for alert in changed:
                    click.echo(f"{verb}: {alert.problem}")
            if told.trouble:
                click.echo(f"No mail: {told.trouble}", err=True)
        else:
            figures, alerts = look(settings, database)
    if as_json:
        click.echo(json.dumps(_as_dict(figures, alerts), indent=2, ensure_ascii=False))
    elif prometheus:
        click.echo(render_metrics(figures, alerts), nl=False)
    elif not tell:
        from rich.console import Console

        Console(highlight=False).print(_render(figures, alerts))
    raise SystemExit(1 if alerts else 0)


def _follow(render: Any) -> None:
    from rich.live import Live

    with Live(render(), screen=False, auto_refresh=False) as live:
        try:
            while True:
                time.sleep(_EVERY_S)
                live.update(render(), refresh=True)
        except KeyboardInterrupt:
            return


def _as_dict(figures: Figures, alerts: tuple[Alert, ...]) -> dict[str, Any]:
    return {**asdict(figures), "alerts": [asdict(alert) for alert in alerts]}


def _render(figures: Figures, alerts: tuple[Alert, ...]) -> RenderableType:
    from rich.console import Group
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("Dataset", "Last run", "Release", "Cleared", "Opt-in", "To review", "Oldest"):
        table.add_column(heading, justify="left" if heading in ("Dataset", "Last run") else "right")
    for each in figures.datasets:
        table.add_row(
            Text(each.name),
            Text(_tell_run(each.last, figures.at_ms), style=_style(each.last)),
            str(each.release or "none"),
            f"{each.cleared:,}",
            _opt_in(each),
            f"{each.waiting:,}",
            _age(figures.at_ms, each.oldest_ms),
        )
    lines: list[RenderableType] = [table]
    if not figures.datasets:
        lines = [Text("No dataset has been cleansed yet: `kiyome cleanse ROOT` does it.")]
    lines.append(
        Text(
            f"\nReview: {figures.rulings:,} rulings, {figures.rulings_of_day:,} in the last 24 "
            f"hours. Takedowns: {figures.takedowns:,}."
        )
    )
    if figures.ledger is not None:
        anchored = (
            ""
            if figures.ledger.chain == "files"
            else f", {figures.ledger.anchored:,} of them anchored"
        )
        lines.append(Text(f"Ledger: {figures.ledger.size:,} entries{anchored}."))
    lines.append(Text(f"Disk: {figures.free / 1024**3:.1f} GiB free."))
    lines.append(Text("\nNeeds a person" if alerts else f"\n{_calm(figures)}", style="bold"))
    for alert in alerts:
        lines.append(Text(f"  {alert.problem}", style="yellow"))
        lines.append(Text(f"    {alert.remedy}"))
    return Group(*lines)


def _calm(figures: Figures) -> str:
    waiting = any(each.waiting for each in figures.datasets)
    return f"Nothing needs a person{', except the items to review' if waiting else ''}."


def _tell_run(run: RunFigures | None, now: int) -> str:
    if run is None:
        return "none"
    if run.status != "running":
        return f"{run.status} {_age(now, run.finished_ms or run.started_ms)} ago"
    if run.progress is None or not run.progress.total:
        return f"running for {_span(run.seconds)}"
    done = 100 * run.progress.finished / run.progress.total
    left = run.progress.seconds_left
    return f"running, {done:.0f} %" + (f", {_span(left)} left" if left is not None else "")


def _style(run: RunFigures | None) -> str:
    status = run.status if run else ""
    return {"failed": "red", "interrupted": "red", "running": "cyan"}.get(status, "")


def _opt_in(dataset: DatasetFigures) -> str:
    share = dataset.finished[0].opt_in_share if dataset.finished else None
    return "" if share is None else f"{100 * share:.1f} %"


def _age(now: int, since: int | None) -> str:
    return "" if since is None else _span(max(0, now - since) / 1000)


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
