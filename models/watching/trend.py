"""How a dataset has gone, run by run, as Markdown that a person can read at a glance."""

from __future__ import annotations

from datetime import UTC, datetime

from models.verdicts import Verdict
from models.watching.figures import DatasetFigures, RunFigures

_EIGHTHS = " ▏▎▍▌▋▊▉█"
_WIDTH = 12


def render_trend(dataset: DatasetFigures) -> str:
    """The runs that ended well, the newest first: opt-in share as bars, verdicts, throughput."""
    stand = (
        f"Release {dataset.release} holds {dataset.cleared:,} assets; {dataset.waiting:,} items "
        f"wait for a ruling, {dataset.decided:,} are decided."
    )
    lines = [
        f"# {dataset.name}: how it goes",
        "",
        stand,
        "",
        "| run | opt-in share | | clear | to review | error | excluded | seconds | assets/s |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [_row(run) for run in dataset.finished]
    if not dataset.finished:
        lines = [*lines[:4], "No run has ended well yet."]
    return "\n".join(lines)


def draw_bar(share: float) -> str:
    """A share, 0 to 1, as a bar of block characters."""
    eighths = round(min(max(share, 0.0), 1.0) * _WIDTH * 8)
    whole, rest = divmod(eighths, 8)
    return "█" * whole + (_EIGHTHS[rest] if rest else "")


def _row(run: RunFigures) -> str:
    at = datetime.fromtimestamp((run.finished_ms or run.started_ms) / 1000, UTC)
    share = run.opt_in_share
    counts = [run.counts.get(verdict.value, 0) for verdict in Verdict]
    speed = sum(counts) / run.seconds if run.seconds else 0.0
    cells = [
        f"{at:%Y-%m-%d %H:%M}",
        "" if share is None else draw_bar(share),
        "" if share is None else f"{100 * share:.1f} %",
        *(f"{count:,}" for count in counts),
        f"{run.seconds:.0f}",
        f"{speed:.1f}",
    ]
    return "| " + " | ".join(cells) + " |"
