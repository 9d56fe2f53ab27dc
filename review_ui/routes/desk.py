"""The lead's desk: how the queue is, who works on it, and how good the review is."""

from __future__ import annotations

from datetime import UTC, datetime

from fastapi import APIRouter, Request
from fastapi.responses import Response

from models.review.desk import BOUNDS_DAYS, DAY_MS, LATEST, Day, Desk
from review_ui.language import Words
from review_ui.permitted import SeesDesk
from review_ui.plots import Column, Plot, draw_plot
from review_ui.site import ThisSite

router = APIRouter()


@router.get("/desk")
def show_desk(request: Request, site: ThisSite, visitor: SeesDesk) -> Response:
    """The figures; of a long queue they may be some seconds old."""
    desk = site.desk.get(site.database)
    words = site.words(request, visitor)
    return site.render(
        request,
        "desk.html",
        visitor=visitor,
        desk=desk,
        latest=LATEST,
        measures=[
            (each.name, each.words)
            for each in (
                desk.agreement.raw,
                desk.agreement.kappa,
                desk.agreement.alpha,
                desk.agreement.ac1,
            )
        ],
        flow=_draw_flow(desk, words),
        ages=_draw_ages(desk, words),
        age_names=_name_ages(words),
        day_names={day.number: _name_day(day) for day in desk.days},
    )


def _draw_flow(desk: Desk, words: Words) -> tuple[Plot, Plot]:
    """What came in, and what was ruled on."""
    asked = [
        Column(
            _name_day(day)[-2:],
            (("asked", float(day.asked)),),
            words("desk.day_asked", day=_name_day(day), n=f"{day.asked:,}"),
        )
        for day in desk.days
    ]
    ruled = [
        Column(
            _name_day(day)[-2:],
            (("ruled", float(day.ruled)),),
            words("desk.day_ruled", day=_name_day(day), n=f"{day.ruled:,}"),
        )
        for day in desk.days
    ]
    return draw_plot(asked), draw_plot(ruled)


def _draw_ages(desk: Desk, words: Words) -> Plot:
    return draw_plot(
        [
            Column(
                name,
                (("late" if start >= desk.due_days else "waits", float(count)),),
                words("desk.age_waits", age=name, n=f"{count:,}"),
            )
            for name, start, count in zip(
                _name_ages(words), (0, *BOUNDS_DAYS), desk.ages, strict=True
            )
        ]
    )


def _name_ages(words: Words) -> list[str]:
    """The columns of the ages."""
    last = BOUNDS_DAYS[-1]
    spans = zip((0, *BOUNDS_DAYS), BOUNDS_DAYS, strict=False)
    return [
        *(words("desk.age", start=start, end=end) for start, end in spans),
        words("desk.age_more", start=last),
    ]


def _name_day(day: Day) -> str:
    return f"{datetime.fromtimestamp(day.number * DAY_MS / 1000, UTC):%m-%d}"
