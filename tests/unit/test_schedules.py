"""When a flow runs, as it stands in the settings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule

from flows.schedules import parse_schedule
from models.errors import SettingsError


def test_five_fields_are_cron_in_the_time_zone() -> None:
    found = parse_schedule("0 3 * * *", "Asia/Tokyo")
    assert isinstance(found, CronSchedule)
    assert (found.cron, found.timezone) == ("0 3 * * *", "Asia/Tokyo")


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("every 10 minutes", timedelta(minutes=10)),
        ("every 1 hour", timedelta(hours=1)),
        ("Every 2 Weeks", timedelta(weeks=2)),
    ],
)
def test_an_interval_is_counted_from_a_fixed_moment(text: str, interval: timedelta) -> None:
    found = parse_schedule(text, "UTC")
    assert isinstance(found, IntervalSchedule)
    assert found.interval == interval
    assert found.anchor_date == datetime(2020, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("text", ["RRULE:FREQ=MONTHLY;BYMONTHDAY=1", "freq=monthly;bymonthday=1"])
def test_a_recurrence_rule_is_taken_as_in_rfc_5545(text: str) -> None:
    found = parse_schedule(text, "UTC")
    assert isinstance(found, RRuleSchedule)
    assert found.rrule == "RRULE:FREQ=MONTHLY;BYMONTHDAY=1"


@pytest.mark.parametrize("text", ["never", "", "  Never "])
def test_a_schedule_may_never_come(text: str) -> None:
    assert parse_schedule(text, "UTC") is None


@pytest.mark.parametrize(
    "text",
    ["whenever", "every 0 minutes", "every minute", "1 2 3", "RRULE:FREQ=NEVERLY", "99 * * * *"],
)
def test_anything_else_is_refused_with_examples(text: str) -> None:
    with pytest.raises(SettingsError, match="every 10 minutes"):
        parse_schedule(text, "UTC")
