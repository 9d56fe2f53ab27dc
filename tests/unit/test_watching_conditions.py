"""What needs a person: each condition by itself, and what it says."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from models.watching.conditions import HOUR_MS, Alert, Kind, Limits, find_alerts
from models.watching.figures import (
    DAY_MS,
    DatasetFigures,
    Figures,
    LedgerFigures,
    RunFigures,
)

NOW = 1_800_000_000_000


def run(
    hours_ago: float = 1, status: str = "finished", detail: str = "", **counts: int
) -> RunFigures:
    """A run that ended, or began if it goes on, so many hours ago."""
    at = NOW - int(hours_ago * HOUR_MS)
    ended = None if status in ("running", "interrupted") else at
    return RunFigures("run", status, detail, at - 60_000, ended, 60.0, counts)


def dataset(
    *finished: RunFigures, last: RunFigures | None = None, oldest_days: float | None = None
) -> DatasetFigures:
    """A dataset with these finished runs, the newest first."""
    oldest = None if oldest_days is None else NOW - int(oldest_days * DAY_MS)
    newest = last or (finished[0] if finished else None)
    return DatasetFigures("posters", newest, finished, 1, NOW, 10, 0, 3, 4, oldest)


def figures(*datasets: DatasetFigures, **more: object) -> Figures:
    """The system with these datasets, and nothing else that needs anybody."""
    calm = Figures(NOW, datasets, 0, 0, 0, 0, None, None, 100 * 1024**3)
    return replace(calm, **more)  # type: ignore[arg-type]


def kinds(seen: Figures, limits: Limits | None = None) -> list[Kind]:
    """What needs a person."""
    return [alert.kind for alert in find_alerts(seen, limits or Limits())]


def test_a_calm_system_needs_nobody() -> None:
    assert kinds(figures(dataset(run(clear=9, opt_in=9, opt_out=0)))) == []


def test_a_failed_run_is_told_with_its_reason() -> None:
    failed = run(status="failed", detail="The disk is full. Free some space.")
    (alert,) = find_alerts(figures(dataset(run(2), last=failed)), Limits())
    assert alert.kind is Kind.RUN_FAILED
    assert "The disk is full." in alert.problem
    assert "kiyome cleanse" in alert.remedy


def test_a_run_whose_process_went_away_is_told() -> None:
    assert kinds(figures(dataset(run(2), last=run(status="interrupted")))) == [Kind.RUN_INTERRUPTED]


def test_a_run_that_goes_on_is_none() -> None:
    assert kinds(figures(dataset(run(2), last=run(status="running")))) == []


def test_a_dataset_without_a_good_run_for_two_days_is_told() -> None:
    assert kinds(figures(dataset(run(47.9)))) == []
    assert kinds(figures(dataset(run(48.1)))) == [Kind.RUN_OVERDUE]


def test_a_dataset_that_never_had_a_good_run_counts_from_its_first() -> None:
    old = run(49, status="running")
    assert kinds(figures(dataset(last=old))) == [Kind.RUN_OVERDUE]


def test_a_queue_that_ages_is_told_with_the_days() -> None:
    assert kinds(figures(dataset(run(), oldest_days=6.9))) == []
    (alert,) = find_alerts(figures(dataset(run(), oldest_days=9.2)), Limits())
    assert alert.kind is Kind.QUEUE_AGES
    assert "the oldest for 9 days" in alert.problem


def test_an_opt_in_share_that_falls_is_told() -> None:
    now, before = run(opt_in=80, opt_out=20), run(2, opt_in=90, opt_out=10)
    (alert,) = find_alerts(figures(dataset(now, before)), Limits())
    assert alert.kind is Kind.OPT_IN_FALLS
    assert "fell by 10.0 points to 80.0 %" in alert.problem
    assert kinds(figures(dataset(before, now))) == []


def test_what_a_reviewer_cleared_rests_on_no_grant() -> None:
    assert run(clear=10, opt_in=8, opt_out=0).opt_in_share == 0.8


def test_a_share_that_nobody_counted_falls_nowhere() -> None:
    assert kinds(figures(dataset(run(clear=5), run(2, opt_in=90, opt_out=10)))) == []


def test_assets_that_cannot_be_examined_any_more_are_told() -> None:
    now, before = run(clear=80, error=20), run(2, clear=99, error=1)
    assert kinds(figures(dataset(now, before))) == [Kind.ERRORS_GROW]


def test_an_anchor_that_sticks_is_told_but_not_where_there_is_no_chain() -> None:
    behind = LedgerFigures(100, 40, "rpc", NOW - 7 * HOUR_MS)
    assert kinds(figures(ledger=behind)) == [Kind.ANCHOR_STICKS]
    assert kinds(figures(ledger=replace(behind, chain="files"))) == []
    assert kinds(figures(ledger=replace(behind, anchored=100))) == []
    assert kinds(figures(ledger=replace(behind, head_ms=NOW - 5 * HOUR_MS))) == []


def test_events_that_nobody_passes_on_are_told() -> None:
    assert kinds(figures(unsent=3, unsent_since_ms=NOW - 2 * HOUR_MS)) == [Kind.OUTBOX_STICKS]
    assert kinds(figures(unsent=3, unsent_since_ms=NOW - HOUR_MS // 2)) == []


def test_a_disk_that_fills_is_told() -> None:
    assert kinds(figures(free=4 * 1024**3)) == [Kind.DISK_FILLS]


def test_each_limit_of_zero_switches_its_condition_off() -> None:
    bad = figures(
        dataset(
            run(99, clear=5, error=5, opt_in=0, opt_out=9),
            run(100, clear=9, error=0, opt_in=9, opt_out=0),
            oldest_days=99,
        ),
        ledger=LedgerFigures(9, 0, "rpc", 0),
        unsent=1,
        unsent_since_ms=0,
        free=0,
    )
    assert len(kinds(bad)) == 7
    assert kinds(bad, Limits(0, 0, 0, 0, 0, 0, 0)) == []


@given(st.floats(0, 400), st.floats(0, 400), st.floats(0, 400))
def test_what_was_told_stays_told_as_time_goes_on(days: float, more: float, hours: float) -> None:
    def told(extra: float) -> set[str]:
        seen = figures(dataset(run(hours + extra * 24), oldest_days=days + extra))
        return {alert.key for alert in find_alerts(seen, Limits())}

    assert told(0) <= told(more)


def test_an_alert_is_known_by_kind_and_subject_alone() -> None:
    one = Alert(Kind.QUEUE_AGES, "posters", "for 8 days", "ask")
    assert one.key == replace(one, problem="for 9 days").key
    assert one.key != replace(one, subject="covers").key
