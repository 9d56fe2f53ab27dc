"""When a flow runs: cron, an interval or an RRULE, as it stands in the settings."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from prefect.client.schemas.schedules import CronSchedule, IntervalSchedule, RRuleSchedule

from models.errors import SettingsError

Schedule = CronSchedule | IntervalSchedule | RRuleSchedule
NEVER = "never"
_EVERY = re.compile(r"every\s+(\d{1,4})\s*(minute|hour|day|week)s?", re.IGNORECASE)
_ANCHOR = datetime(2020, 1, 1, tzinfo=UTC)
"""What intervals are counted from, so that a restart does not move them."""


def parse_schedule(text: str, timezone: str) -> Schedule | None:
    """A schedule as Prefect knows it; None for one that never comes.

    Args:
        text: five fields of cron, ``every 10 minutes``, ``RRULE:FREQ=…`` (RFC 5545) or ``never``.
        timezone: name of a time zone, in which cron and RRULE are meant.

    Raises:
        SettingsError: it is none of these.
    """
    given = text.strip()
    if given.lower() in ("", NEVER):
        return None
    try:
        if found := _EVERY.fullmatch(given):
            interval = timedelta(**{f"{found[2].lower()}s": int(found[1])})
            return IntervalSchedule(interval=interval, anchor_date=_ANCHOR, timezone=timezone)
        if given.upper().startswith(("RRULE:", "FREQ=")):
            rule = given.split(":", 1)[1] if given.upper().startswith("RRULE:") else given
            return RRuleSchedule(rrule=f"RRULE:{rule.upper()}", timezone=timezone)
        return CronSchedule(cron=given, timezone=timezone)
    except ValueError as error:
        raise SettingsError(
            f"{text!r} is not a schedule.",
            "Give five fields, minute hour day month weekday (`0 3 * * *` is every day at three), "
            "`every 10 minutes`, `RRULE:FREQ=MONTHLY;BYMONTHDAY=1`, or `never`.",
        ) from error
