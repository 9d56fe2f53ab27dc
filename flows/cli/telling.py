"""What re-cleansing will do, and what is different between releases, as lines of a terminal."""

from __future__ import annotations

import click

from models.recleansing.forecast import Forecast
from models.releases.difference import Difference
from models.releases.manifest import GONE

_WORDS = {
    "withdrawn": "withdrawn",
    "added": "newly cleared",
    "changed": "other captions",
    "decided": "kept out, for another reason than before",
    "unchanged": "unchanged",
}


def tell_forecast(dataset: str, forecast: Forecast, *, err: bool = False) -> None:
    """Say what a re-cleansing would do.

    Args:
        err: on the standard error stream.
    """
    lines = [f"{dataset}: {forecast.assets:,} assets in {forecast.shards:,} shards"]
    changed = ", ".join(forecast.causes) or "nothing that is known"
    lines.append(f"changed since the last run: {changed}")
    for stage in forecast.stages:
        parts = [f"{stage.known:,} known"]
        if stage.carried:
            parts.append(f"{stage.carried:,} to be carried over")
        if stage.missing:
            parts.append(f"{stage.missing:,} to be examined")
        why = f" ({stage.why})" if stage.why else ""
        lines.append(f"  {stage.stage:<9} {', '.join(parts)} shards{why}")
    if forecast.seconds is not None:
        lines.append(f"the last one took {forecast.seconds:.0f} s, the usage ledger included")
    for line in lines:
        click.echo(line, err=err)


def tell_difference(difference: Difference) -> None:
    """Say what differs between two releases."""
    before = f"release {difference.before}" if difference.before else "nothing"
    click.echo(f"\n{difference.dataset}: {before} -> release {difference.after}")
    if difference.causes:
        click.echo(f"what decides has changed: {', '.join(difference.causes)}")
    for name, word in _WORDS.items():
        count = difference.counts.get(name, 0)
        if count or name in ("withdrawn", "added", "unchanged"):
            click.echo(f"{count:>11,}  {word}")
        reasons = {"withdrawn": difference.withdrawn, "added": difference.added}.get(name, {})
        for code, number in reasons.items():
            shown = "new in the dataset" if (name, code) == ("added", GONE) else code
            click.echo(f"{number:>17,}  {shown}")
