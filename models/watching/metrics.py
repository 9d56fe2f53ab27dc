"""The figures as Prometheus metrics (text format 0.0.4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from models.verdicts import Verdict
from models.watching.conditions import Alert, Kind
from models.watching.figures import DatasetFigures, Figures

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_RUN_STATES = ("running", "finished", "failed", "interrupted")


def render_metrics(figures: Figures, alerts: Sequence[Alert]) -> bytes:
    """All figures, for a Prometheus server to read."""
    registry = CollectorRegistry()
    registry.register(_Snapshot(figures, alerts))
    return generate_latest(registry)


class _Snapshot(Collector):
    """One moment's figures."""

    def __init__(self, figures: Figures, alerts: Sequence[Alert]) -> None:
        self._figures = figures
        self._alerts = alerts

    def collect(self) -> Iterable[Metric]:
        yield from _of_datasets(self._figures)
        yield from _of_system(self._figures)
        counts = Counter(alert.kind for alert in self._alerts)
        yield _gauge(
            "alerts", "What needs a person, by kind.", ["kind"], [([k], counts[k]) for k in Kind]
        )


Samples = list[tuple[list[str], float]]
_Reader = Callable[[DatasetFigures], float | None]


def _gauge(name: str, about: str, labels: list[str], samples: Samples) -> GaugeMetricFamily:
    family = GaugeMetricFamily(f"kiyome_{name}", about, labels=labels)
    for values, value in samples:
        family.add_metric(values, value)
    return family


def _of_datasets(figures: Figures) -> Iterator[Metric]:
    datasets = figures.datasets
    yield _gauge(
        "assets",
        "Assets by verdict, in the last run that ended well.",
        ["dataset", "verdict"],
        [
            ([each.name, verdict.value], each.finished[0].counts.get(verdict.value, 0))
            for each in datasets
            if each.finished
            for verdict in Verdict
        ],
    )
    yield _gauge(
        "opt_in_share",
        "Part of the cleared assets that rests on a grant, 0 to 1.",
        ["dataset"],
        [
            ([each.name], share)
            for each in datasets
            if each.finished and (share := each.finished[0].opt_in_share) is not None
        ],
    )
    yield _gauge(
        "last_run_state",
        "1 for the state that the newest run is in.",
        ["dataset", "state"],
        [
            ([each.name, state], float(each.last.status == state))
            for each in datasets
            if each.last
            for state in _RUN_STATES
        ],
    )
    yield _gauge(
        "run_progress",
        "How far the run that goes on has come, 0 to 1.",
        ["dataset"],
        [
            ([each.name], progress.finished / max(1, progress.total))
            for each in datasets
            if each.last and (progress := each.last.progress)
        ],
    )
    yield from _per_dataset(
        datasets,
        (
            (
                "last_success_seconds",
                "When the last run ended well, as Unix time.",
                _ended,
            ),
            ("run_seconds", "How long the last run took that ended well.", _took),
            ("release_number", "Number of the newest release; 0 without one.", _number),
            ("release_assets", "Assets in the newest release.", _cleared),
            ("release_removed", "Assets that the newest release removed.", _removed),
            ("queue_waiting", "Items that wait for a ruling.", _waiting),
            ("queue_decided", "Items that are decided.", _decided),
        ),
    )
    yield _gauge(
        "queue_oldest_seconds",
        "How long the oldest item has waited; 0 where none does.",
        ["dataset"],
        [
            ([each.name], (figures.at_ms - each.oldest_ms) / 1000 if each.oldest_ms else 0)
            for each in datasets
        ],
    )


def _per_dataset(
    datasets: Sequence[DatasetFigures], wanted: Iterable[tuple[str, str, _Reader]]
) -> Iterator[Metric]:
    for name, about, read in wanted:
        found = [([each.name], read(each)) for each in datasets]
        samples = [(labels, value) for labels, value in found if value is not None]
        yield _gauge(name, about, ["dataset"], samples)


def _of_system(figures: Figures) -> Iterator[Metric]:
    since = figures.unsent_since_ms
    single: list[tuple[str, str, float]] = [
        ("rulings", "Rulings that were ever made.", figures.rulings),
        ("rulings_of_day", "Rulings of the last 24 hours.", figures.rulings_of_day),
        ("takedowns", "Takedowns in force.", figures.takedowns),
        ("outbox_unsent", "Events that have not been passed on.", figures.unsent),
        (
            "outbox_oldest_seconds",
            "How long the oldest of them has waited.",
            (figures.at_ms - since) / 1000 if since else 0,
        ),
        ("disk_free_bytes", "Bytes free where the workspace is.", figures.free),
    ]
    if figures.ledger is not None:
        single += [
            ("ledger_entries", "Entries under the signed head.", figures.ledger.size),
            (
                "ledger_anchored_entries",
                "Entries under the newest head that is final on a chain.",
                figures.ledger.anchored,
            ),
        ]
    for name, about, value in single:
        yield _gauge(name, about, [], [([], value)])


def _ended(dataset: DatasetFigures) -> float | None:
    ended = dataset.finished[0].finished_ms if dataset.finished else None
    return None if ended is None else ended / 1000


def _took(dataset: DatasetFigures) -> float | None:
    return dataset.finished[0].seconds if dataset.finished else None


def _number(dataset: DatasetFigures) -> float:
    return dataset.release


def _cleared(dataset: DatasetFigures) -> float:
    return dataset.cleared


def _removed(dataset: DatasetFigures) -> float:
    return dataset.removed


def _waiting(dataset: DatasetFigures) -> float:
    return dataset.waiting


def _decided(dataset: DatasetFigures) -> float:
    return dataset.decided
