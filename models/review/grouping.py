"""Which items are about near-identical pictures: told to the queue by a run."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import func, or_, select, text, update
from sqlalchemy.orm import Session

from models.review.items import UNDECIDED
from models.review.ranking import rank_settled
from models.review.sampling.marking import asks_for_sample
from models.review.turns import FOR_REVIEWERS
from models.store.tables import ReviewItemRow

_BATCH = 1000
_REVIEWERS = sorted(each.value for each in FOR_REVIEWERS)
_CLUSTERED = text("review_items.cluster != ''")
"""Literally the condition of the partial index, without which SQLite does not use it."""


def group_items(session: Session, dataset: str, representatives: Mapping[str, str]) -> int:
    """Give each item of a dataset the cluster that its picture is in.

    A cluster is no part of the question: that it has changed neither reopens an item nor ends a
    lease. An item of a blind sample is in none, so that each is looked at by itself.

    Args:
        session: an open transaction, as for ``models.review.enqueueing.enqueue``.
        representatives: the representative of each picture in a cluster, by asset id; a picture
            that is not there is alone.

    What one ruling settles is counted as well, for the priority.

    Returns:
        How many items are in another cluster than before.
    """
    row = ReviewItemRow
    sampled = asks_for_sample().label("sampled")
    query = select(row.id, row.asset_id, row.cluster, sampled).where(row.dataset == dataset)
    changed = [
        {"id": found.id, "cluster": cluster}
        for found in session.execute(query.order_by(row.id))
        if (cluster := "" if found.sampled else representatives.get(found.asset_id, ""))
        != found.cluster
    ]
    for start in range(0, len(changed), _BATCH):
        session.execute(update(row), changed[start : start + _BATCH])
    _count_settled(session, dataset)
    return len(changed)


def _count_settled(session: Session, dataset: str) -> None:
    """Keep with each item how many pictures one ruling on it settles, and what that comes to."""
    row = ReviewItemRow
    here = row.dataset == dataset
    asked = (row.state.in_(UNDECIDED), row.waits_for.in_(_REVIEWERS), row.alike != "")
    together = select(row.cluster, row.alike, func.count()).where(here, _CLUSTERED, *asked)
    together = together.group_by(row.cluster, row.alike).having(func.count() > 1)
    counts = {(cluster, alike): n for cluster, alike, n in session.execute(together)}
    counted = select(row.id, row.cluster, row.alike, row.state, row.settles, row.priority)
    counted = counted.where(here, or_(_CLUSTERED, row.settles > 1)).order_by(row.id)
    changed = []
    for found in session.execute(counted):
        waits = found.state in UNDECIDED and found.cluster
        settles = counts.get((found.cluster, found.alike), 1) if waits else 1
        if settles != found.settles:
            more = rank_settled(settles) - rank_settled(found.settles)
            changed.append({"id": found.id, "settles": settles, "priority": found.priority + more})
    for start in range(0, len(changed), _BATCH):
        session.execute(update(row), changed[start : start + _BATCH])
