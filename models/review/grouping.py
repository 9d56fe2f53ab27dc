"""Which items are about near-identical pictures: told to the queue by a run."""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.review.sampling.marking import asks_for_sample
from models.store.tables import ReviewItemRow

_BATCH = 1000


def group_items(session: Session, dataset: str, representatives: Mapping[str, str]) -> int:
    """Give each item of a dataset the cluster that its picture is in.

    A cluster is no part of the question: that it has changed neither reopens an item nor ends a
    lease. An item of a blind sample is in none, so that each is looked at by itself.

    Args:
        session: an open transaction, as for ``models.review.enqueueing.enqueue``.
        representatives: the representative of each picture in a cluster, by asset id; a picture
            that is not there is alone.

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
    return len(changed)
