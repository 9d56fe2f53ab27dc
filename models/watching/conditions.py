"""What of the figures needs a person: conditions, each with a sentence and a remedy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from enum import StrEnum

from models.settings import Settings
from models.verdicts import Verdict
from models.watching.figures import DAY_MS, DatasetFigures, Figures, LedgerFigures

HOUR_MS = 3_600_000
_GIB = 1024**3


class Kind(StrEnum):
    """What may need a person; a stable code."""

    RUN_FAILED = "run_failed"
    RUN_INTERRUPTED = "run_interrupted"
    RUN_OVERDUE = "run_overdue"
    QUEUE_AGES = "queue_ages"
    OPT_IN_FALLS = "opt_in_falls"
    ERRORS_GROW = "errors_grow"
    ANCHOR_STICKS = "anchor_sticks"
    OUTBOX_STICKS = "outbox_sticks"
    DISK_FILLS = "disk_fills"


@dataclass(frozen=True, slots=True)
class Limits:
    """From when on a figure needs a person. 0 switches a condition off.

    Attributes:
        queue_days: an item waits for so long.
        overdue_hours: no run ended well for so long.
        anchor_hours: a head has not been anchored for so long.
        outbox_hours: somebody has not been told for so long.
        opt_in_points: the opt-in share fell by so many percentage points from the run before.
        error_points: the share of assets that cannot be examined grew by so many.
        free_gib: less is free where the workspace is.
    """

    queue_days: float = 7
    overdue_hours: float = 48
    anchor_hours: float = 6
    outbox_hours: float = 1
    opt_in_points: float = 5
    error_points: float = 5
    free_gib: float = 5

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """The limits that the settings name."""
        return cls(**{each.name: getattr(settings, f"alert_{each.name}") for each in fields(cls)})


@dataclass(frozen=True, slots=True, order=True)
class Alert:
    """One thing that needs a person.

    Attributes:
        kind, subject: what it is about; together they are the same as long as it lasts.
        problem, remedy: for a person; no name of one, and nothing of an asset.
    """

    kind: Kind
    subject: str
    problem: str
    remedy: str

    @property
    def key(self) -> str:
        """What stays the same as long as it lasts."""
        return f"{self.kind.value}:{self.subject}"


def find_alerts(figures: Figures, limits: Limits) -> tuple[Alert, ...]:
    """Everything that needs a person, in a fixed order."""
    found: list[Alert] = []
    for dataset in figures.datasets:
        found += _runs(dataset, figures.at_ms, limits)
        found += _queue(dataset, figures.at_ms, limits)
        found += _shares(dataset, limits)
    if figures.ledger is not None:
        found += _ledger(figures.ledger, figures.at_ms, limits)
    found += _surroundings(figures, limits)
    return tuple(sorted(found))


def _runs(dataset: DatasetFigures, now: int, limits: Limits) -> Iterator[Alert]:
    last = dataset.last
    if last is None:
        return
    again = f"Mend the cause, then run `kiyome cleanse` for {dataset.name} again."
    if last.status == "failed":
        problem = f"The last run of {dataset.name} failed: {last.detail}"
        yield Alert(Kind.RUN_FAILED, dataset.name, problem, again)
    elif last.status == "interrupted":
        problem = f"The last run of {dataset.name} ended without being finished."
        yield Alert(Kind.RUN_INTERRUPTED, dataset.name, problem, again)
    began = dataset.finished[0].finished_ms if dataset.finished else last.started_ms
    hours = (now - (began or last.started_ms)) / HOUR_MS
    if limits.overdue_hours and hours >= limits.overdue_hours:
        yield Alert(
            Kind.RUN_OVERDUE,
            dataset.name,
            f"No run of {dataset.name} has ended well for {_hours(hours)}.",
            "See in the Prefect UI whether its deployment is scheduled and what its runs say.",
        )


def _queue(dataset: DatasetFigures, now: int, limits: Limits) -> Iterator[Alert]:
    if dataset.oldest_ms is None or not limits.queue_days:
        return
    days = (now - dataset.oldest_ms) / DAY_MS
    if days >= limits.queue_days:
        yield Alert(
            Kind.QUEUE_AGES,
            dataset.name,
            f"{dataset.waiting} items of {dataset.name} wait for a ruling, the oldest for "
            f"{days:.0f} days.",
            "Ask for more reviewers, or look with a lead at what holds them up.",
        )


def _shares(dataset: DatasetFigures, limits: Limits) -> Iterator[Alert]:
    if len(dataset.finished) < 2:
        return
    now, before = dataset.finished[:2]
    new, old = now.opt_in_share, before.opt_in_share
    if limits.opt_in_points and new is not None and old is not None:
        fallen = 100 * (old - new)
        if fallen >= limits.opt_in_points:
            yield Alert(
                Kind.OPT_IN_FALLS,
                dataset.name,
                f"The opt-in share of {dataset.name} fell by {fallen:.1f} points to "
                f"{100 * new:.1f} %.",
                "Compare the two releases: which grants ended, or what came in without one?",
            )
    failing = [_share(run.counts, "error") for run in (now, before)]
    grown = 100 * (failing[0] - failing[1])
    if limits.error_points and grown >= limits.error_points:
        yield Alert(
            Kind.ERRORS_GROW,
            dataset.name,
            f"{now.counts.get('error', 0)} assets of {dataset.name} cannot be examined, "
            f"{grown:.1f} points more than in the run before.",
            "The report lists them by reason; a disk or an encoder may be at fault.",
        )


def _ledger(ledger: LedgerFigures, now: int, limits: Limits) -> Iterator[Alert]:
    if ledger.chain == "files" or ledger.anchored >= ledger.size or not limits.anchor_hours:
        return
    hours = (now - ledger.head_ms) / HOUR_MS
    if hours >= limits.anchor_hours:
        yield Alert(
            Kind.ANCHOR_STICKS,
            "ledger",
            f"{ledger.size - ledger.anchored} entries of the ledger have not been anchored for "
            f"{_hours(hours)}.",
            "`kiyome ledger status` says what is wrong and what to do.",
        )


def _surroundings(figures: Figures, limits: Limits) -> Iterator[Alert]:
    if figures.unsent_since_ms is not None and limits.outbox_hours:
        hours = (figures.at_ms - figures.unsent_since_ms) / HOUR_MS
        if hours >= limits.outbox_hours:
            yield Alert(
                Kind.OUTBOX_STICKS,
                "outbox",
                f"{figures.unsent} events have not been passed on for {_hours(hours)}.",
                "See whether the review page runs and what `kiyome webhooks list` says.",
            )
    if limits.free_gib and figures.free < limits.free_gib * _GIB:
        yield Alert(
            Kind.DISK_FILLS,
            "disk",
            f"Only {figures.free / _GIB:.1f} GiB are free where the workspace is.",
            "Free some space, or move the workspace to a larger disk.",
        )


def _share(counts: Mapping[str, int], name: str) -> float:
    whole = sum(counts.get(verdict.value, 0) for verdict in Verdict)
    return counts.get(name, 0) / whole if whole else 0.0


def _hours(hours: float) -> str:
    return f"{hours / 24:.0f} days" if hours >= 48 else f"{hours:.0f} hours"
