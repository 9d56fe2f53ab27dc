"""The task that looks for near-identical pictures, so that one ruling can cover all of them."""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import Any

from prefect import task

from models.duplicates.clusters import find_clusters
from models.duplicates.reading import find_features, key_of, read_pictures
from models.duplicates.storing import (
    DuplicatesRecord,
    find_record,
    store_duplicates,
    store_failure,
)
from models.errors import WorkspaceError
from models.planning import Plan, dataset_folder
from models.stages import describe_failure
from tasks.order import open_desk
from tasks.progress import report


@task(name="duplicates", persist_result=False)
def find_duplicates(order: str, plan: Plan) -> dict[str, Any]:
    """Cluster the pictures of a dataset; nothing is searched where no features have changed.

    Returns:
        The record of the search (``models.duplicates.storing.DuplicatesRecord``).

    Raises:
        WorkspaceError: the clusters cannot be written.
        OSError, pa.ArrowException: the features cannot be read.
    """
    desk = open_desk(order)
    report("duplicates", 0, 1)
    fingerprint = desk.detectors.features.fingerprint
    outputs = find_features(desk.workspace, (digest for digest, _ in plan.shards), fingerprint)
    key = key_of(outputs)
    record = find_record(desk.workspace, plan.dataset, key)
    if record is None:
        started = time.monotonic()
        scratch = dataset_folder(desk.workspace, plan.dataset)
        clustering = find_clusters(read_pictures(outputs, scratch))
        seconds = time.monotonic() - started
        record = store_duplicates(desk.workspace, plan.dataset, key, clustering, seconds)
    report("duplicates", 1)
    return asdict(record)


def note_failure(order: str, plan: Plan, failure: object) -> DuplicatesRecord:
    """Record why a search came to nothing; where even that cannot be written, say so and go on."""
    error = failure if isinstance(failure, BaseException) else RuntimeError(str(failure))
    _, detail = describe_failure(error)
    try:
        return store_failure(open_desk(order).workspace, plan.dataset, detail)
    except WorkspaceError:
        return DuplicatesRecord(failure=detail)
