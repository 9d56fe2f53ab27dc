"""How far the reading of a list has come: a bar on a terminal, lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

_EVERY = 10.0


@contextmanager
def showing_bytes(path: Path) -> Iterator[Callable[[int], None]]:
    """A callback that takes the bytes just read of a file, and shows how many are left."""
    total = path.stat().st_size
    if sys.stderr.isatty():
        with _bar(path.name, total) as advance:
            yield advance
    else:
        yield _Lines(total)


@contextmanager
def _bar(name: str, total: int) -> Iterator[Callable[[int], None]]:
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    from models.unicode import escape_unprintable

    columns = (
        TextColumn("reading {task.description}"),
        BarColumn(bar_width=32),
        DownloadColumn(binary_units=True),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(escape(escape_unprintable(name)), total=total or None)
        yield lambda count: progress.advance(task, count)


class _Lines:
    """Now and then a line, for a list that takes long."""

    def __init__(self, total: int) -> None:
        self._total = total
        self._done = 0
        self._begun = self._said = time.monotonic()

    def __call__(self, count: int) -> None:
        self._done += count
        now = time.monotonic()
        if now - self._said < _EVERY:
            return
        self._said = now
        left = (now - self._begun) * (self._total - self._done) / max(1, self._done)
        share = f"{self._done / self._total:.0%}" if self._total else f"{self._done:,} bytes"
        click.echo(f"reading the list: {share}, about {max(0.0, left):.0f} s left …", err=True)
