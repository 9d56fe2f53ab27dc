"""What a run looks like in a terminal: progress while it goes on, and its summary."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from models.reasons import TEXTS, Reason
from models.summary import (
    VERDICT_WORDS,
    Summary,
    describe_duplicates,
    describe_opt_in,
    describe_sign_off,
)
from models.verdicts import Verdict
from tasks.progress import Listener

_TONES = {
    Verdict.CLEAR: "green",
    Verdict.REVIEW: "yellow",
    Verdict.EXCLUDE: "red",
    Verdict.ERROR: "magenta",
}
_WORDS = {
    "scan": "reading the dataset",
    "plan": "planning",
    "prefect": "starting Prefect",
    "gather": "asking outside",
    "shards": "cleansing shards",
    "consent": "reading consent",
    "likeness": "looking for likenesses",
    "nouns": "reading captions",
    "features": "looking at pictures",
    "motifs": "comparing with motifs",
    "duplicates": "looking for near-identical pictures",
    "terms": "counting terms",
    "thumbnails": "drawing thumbnails",
    "images": "copying images",
}


@contextmanager
def showing_progress(*, quiet: bool) -> Iterator[Listener]:
    """A listener that draws bars on a terminal, and prints a line per step elsewhere."""
    if quiet:
        yield lambda _stage, _finished, _total: None
    elif sys.stderr.isatty():
        with _bars() as listener:
            yield listener
    else:
        yield _Lines()


@contextmanager
def _bars() -> Iterator[Listener]:
    columns = (
        TextColumn("{task.description:<22}"),
        BarColumn(bar_width=32),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    bars = {}
    lock = threading.Lock()
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:

        def listen(stage: str, finished: int, total: int) -> None:
            with lock:
                if stage not in bars:
                    bars[stage] = progress.add_task(_WORDS.get(stage, stage), total=total or None)
                elif total:
                    known = progress.tasks[bars[stage]].total or 0
                    progress.update(bars[stage], total=known + total)
                progress.advance(bars[stage], finished)

        yield listen


class _Lines:
    """A line when a step begins, and now and then how far it has come."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done: dict[str, int] = {}
        self._total: dict[str, int] = {}
        self._said: dict[str, float] = {}

    def __call__(self, stage: str, finished: int, total: int) -> None:
        with self._lock:
            first = stage not in self._done
            self._done[stage] = self._done.get(stage, 0) + finished
            self._total[stage] = self._total.get(stage, 0) + total
            now = time.monotonic()
            if first or now - self._said[stage] > 10:
                self._said[stage] = now
                count = f": {self._done[stage]} of {self._total[stage]}" if not first else ""
                print(f"{_WORDS.get(stage, stage)}{count} …", file=sys.stderr, flush=True)  # noqa: T201


def show_summary(summary: Summary, report: Path, hints: list[tuple[str, str]]) -> None:
    """Print what a run did, and where to look next.

    Args:
        report: the HTML report.
        hints: what one may want to do next, and the command or place for it.
    """
    console = Console(highlight=False, soft_wrap=True)
    console.print()
    console.print(
        f"[bold]{escape(summary.dataset)}[/bold], {summary.assets} assets, "
        f"policy {escape(summary.policy)}"
    )
    if summary.fresh:
        stands = "waits" if summary.sign_off else "stands"
        console.print(
            f"Nothing has changed since the last run: release {summary.release} {stands} "
            f"({summary.seconds:.1f} s; --again walks through all stages even so)."
        )
    for verdict in (Verdict.CLEAR, Verdict.REVIEW, Verdict.EXCLUDE, Verdict.ERROR):
        tone = _TONES[verdict]
        count = summary.counts.get(verdict.value, 0)
        console.print(f"\n[bold {tone}]{count:>7}  {VERDICT_WORDS[verdict]}[/]")
        for code, number in summary.reasons.get(verdict.value, {}).items():
            console.print(f"[dim]{number:>13}[/dim]  {code:<24} {TEXTS[Reason(code)].en}")
    console.print()
    for notice in summary.notices:
        names = ", ".join(notice.names[:3]) + (" …" if len(notice.names) > 3 else "")
        told = notice.message + (f" ({names})" if names else "")
        console.print(f"[yellow]note[/yellow] {escape(told)}")
    for line in summary.gathering:
        console.print(line, markup=False)
    if summary.opt_out:
        console.print(describe_opt_in(summary) + ".")
    if summary.duplicates[0] or summary.duplicates_failure:
        console.print(escape(describe_duplicates(summary)) + ".")
    if summary.assurance:
        console.print(f"Assurance: {summary.assurance}", markup=False)
    if not summary.fresh:
        console.print(_describe_work(summary))
    if told := describe_sign_off(summary):
        console.print(f"\n[bold yellow]{escape(told)}[/]")
    console.print()
    places = [
        (
            "proposed" if summary.sign_off else "release",
            summary.release_folder + ("" if summary.release_is_new else "  (unchanged)"),
        ),
        ("report", str(report)),
        (
            "ledger",
            f"{summary.ledger_size} entries, root {summary.ledger_root[:16]}…",
        ),
        *hints,
    ]
    for name, place in places:
        console.print(f"  {name:<14} {place}", markup=False)


def _describe_work(summary: Summary) -> str:
    parts = [
        f"{stage.stage} {stage.examined} of {stage.asked}" if stage.examined else f"{stage.stage} 0"
        for stage in summary.stages
    ]
    return (
        f"[dim]{summary.seconds:.1f} s for the run itself; newly examined: {', '.join(parts)}[/dim]"
    )


def command_line(*words: str | Path) -> str:
    """A `kiyome` command as a person would type it here."""
    return shlex.join([_program(), *(str(word) for word in words)])


def _program() -> str:
    """How this program is called: by its name where the shell finds it, else by its path."""
    called = Path(sys.argv[0])
    if called.name != "kiyome" or shutil.which("kiyome") == str(called):
        return "kiyome"
    return os.path.relpath(called)
