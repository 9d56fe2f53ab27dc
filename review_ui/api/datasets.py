"""Datasets: how many items of each are in which state."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel, Field

from models.nouns.terms.listing import count_by_dataset
from models.review.queue import ItemState, count_items
from review_ui.api.callers import SeesItems
from review_ui.api.fields import clean_text
from review_ui.api.problems import describe
from review_ui.site import ThisSite

router = APIRouter(tags=["datasets"])


class Dataset(BaseModel):
    """What of a dataset waits for people."""

    dataset: str
    items: dict[str, int] = Field(
        description="Items by state.", examples=[{"open": 12, "leased": 1, "decided": 40}]
    )
    waiting: int = Field(description="Items that still need a ruling.")
    open_terms: int = Field(description="Terms that nobody has decided.")


@router.get("/datasets", responses=describe())
def list_them(site: ThisSite, caller: SeesItems) -> list[Dataset]:  # noqa: ARG001
    """Every dataset about which something is or was asked."""
    with site.database.snapshot() as session:
        counts = {each.dataset: each for each in count_items(session)}
        terms = {each.dataset: each.open for each in count_by_dataset(session)}
    return [
        Dataset(
            dataset=clean_text(name),
            items={s.value: getattr(counts[name], s.value) for s in ItemState}
            if name in counts
            else {s.value: 0 for s in ItemState},
            waiting=counts[name].waiting if name in counts else 0,
            open_terms=terms.get(name, 0),
        )
        for name in sorted({*counts, *terms})
    ]
