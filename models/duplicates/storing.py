"""Where the clusters of a dataset are kept: a Parquet file, and the record that vouches for it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.canonical import digest_bytes
from models.duplicates.clusters import Clustering
from models.errors import WorkspaceError
from models.failpoints import reach
from models.files import write_atomically
from models.planning import dataset_folder

FILE = "duplicates.parquet"
_RECORD = "duplicates.json"

DUPLICATES = pa.schema(
    [
        pa.field("cluster", pa.int64(), nullable=False),
        pa.field("asset_id", pa.string(), nullable=False),
        pa.field("representative", pa.string(), nullable=False),
        pa.field("distance", pa.int16(), nullable=False),
        pa.field("cosine", pa.float32()),
    ]
)
"""One row per picture of a cluster, the representative first; clusters count from 1."""


@dataclass(frozen=True, slots=True)
class DuplicatesRecord:
    """What a search for clusters came to, and what it was made from.

    Attributes:
        key: digest of everything that the clusters follow from; "" for a search that failed.
        output_sha256: digest of ``duplicates.parquet``.
        pictures: how many pictures were looked at.
        clusters: how many clusters there are.
        redundant: how many pictures are in a cluster and are not its representative.
        largest: how many pictures the largest cluster has.
        plain: how many pictures have too little structure to be compared.
        unsearched: how many were left alone because the search had become too long.
        seconds: how long it took; 0 where nothing had changed.
        failure: why there are no clusters, or "".
    """

    key: str = ""
    output_sha256: str = ""
    pictures: int = 0
    clusters: int = 0
    redundant: int = 0
    largest: int = 0
    plain: int = 0
    unsearched: int = 0
    seconds: float = 0.0
    failure: str = ""


def duplicates_path(workspace: Path, dataset: str) -> Path:
    """Where the clusters of a dataset lie."""
    return dataset_folder(workspace, dataset) / FILE


def store_duplicates(
    workspace: Path, dataset: str, key: str, clustering: Clustering, seconds: float
) -> DuplicatesRecord:
    """Write the clusters, and their record last.

    Raises:
        WorkspaceError: they cannot be written.
    """
    sink = pa.BufferOutputStream()
    pq.write_table(_tabulate(clustering), sink, compression="zstd")
    data = sink.getvalue().to_pybytes()
    sizes = [len(cluster.members) for cluster in clustering.clusters]
    record = DuplicatesRecord(
        key=key,
        output_sha256=digest_bytes(data),
        pictures=clustering.pictures,
        clusters=len(sizes),
        redundant=sum(sizes) - len(sizes),
        largest=max(sizes, default=0),
        plain=clustering.plain,
        unsearched=clustering.unsearched,
        seconds=round(seconds, 3),
    )
    _write(duplicates_path(workspace, dataset), data)
    reach("duplicates.written")
    _write_record(workspace, dataset, record)
    return record


def store_failure(workspace: Path, dataset: str, failure: str) -> DuplicatesRecord:
    """Record that there are no clusters, and why; those found before are not vouched for now.

    Raises:
        WorkspaceError: it cannot be written.
    """
    record = DuplicatesRecord(failure=failure)
    _write_record(workspace, dataset, record)
    return record


def find_record(workspace: Path, dataset: str, key: str) -> DuplicatesRecord | None:
    """The record of clusters that follow from ``key`` and lie there whole, or None."""
    record = _read_record(workspace, dataset)
    if record is None or record.key != key or not _is_whole(workspace, dataset, record):
        return None
    return replace(record, seconds=0.0)


def read_duplicates(workspace: Path, dataset: str) -> tuple[DuplicatesRecord, pa.Table]:
    """The clusters of a dataset, as its last run left them (``DUPLICATES``).

    Raises:
        WorkspaceError: there are none, the last search failed, or the file is damaged.
    """
    record = _read_record(workspace, dataset)
    again = "Run `kiyome cleanse` on it again."
    if record is None:
        raise WorkspaceError(f"No duplicates of dataset {dataset!r} have been looked for.", again)
    if record.failure:
        raise WorkspaceError(f"The last search for duplicates failed: {record.failure}.", again)
    if not _is_whole(workspace, dataset, record):
        raise WorkspaceError(f"{duplicates_path(workspace, dataset)} is gone or damaged.", again)
    return record, pq.read_table(duplicates_path(workspace, dataset))


def read_representatives(workspace: Path, dataset: str) -> dict[str, str] | None:
    """The representative of each picture in a cluster; None where no clusters are to be had."""
    try:
        _, table = read_duplicates(workspace, dataset)
    except (WorkspaceError, OSError, pa.ArrowException):
        return None
    return dict(
        zip(table["asset_id"].to_pylist(), table["representative"].to_pylist(), strict=True)
    )


def list_clusters(table: pa.Table) -> Iterator[list[dict[str, Any]]]:
    """The rows of each cluster (``DUPLICATES``), cluster by cluster."""
    clusters = table["cluster"].to_pylist()
    start = 0
    for end in range(1, len(clusters) + 1):
        if end == len(clusters) or clusters[end] != clusters[start]:
            yield table.slice(start, end - start).to_pylist()
            start = end


def name_assets(outcomes: pa.Table, wanted: pa.Table) -> dict[str, str]:
    """The first name of each asset of a table.

    Args:
        outcomes: ``models.releases.manifest.OUTCOMES``.
        wanted: a table with a column ``asset_id``.
    """
    chosen = outcomes.filter(pc.is_in(outcomes["asset_id"], wanted["asset_id"].combine_chunks()))
    names = chosen["names"].to_pylist()
    return {i: n[0] for i, n in zip(chosen["asset_id"].to_pylist(), names, strict=True) if n}


def _tabulate(clustering: Clustering) -> pa.Table:
    rows = [
        (number, member.asset_id, cluster.representative, member.distance, member.cosine)
        for number, cluster in enumerate(clustering.clusters, 1)
        for member in cluster.members
    ]
    columns = list(zip(*rows, strict=True)) if rows else [()] * len(DUPLICATES)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, DUPLICATES, strict=True)]
    return pa.Table.from_arrays(arrays, schema=DUPLICATES)


def _read_record(workspace: Path, dataset: str) -> DuplicatesRecord | None:
    path = dataset_folder(workspace, dataset) / _RECORD
    try:
        return DuplicatesRecord(**json.loads(path.read_bytes()))
    except (OSError, ValueError, TypeError):
        return None


def _is_whole(workspace: Path, dataset: str, record: DuplicatesRecord) -> bool:
    try:
        data = duplicates_path(workspace, dataset).read_bytes()
    except OSError:
        return False
    return digest_bytes(data) == record.output_sha256


def _write_record(workspace: Path, dataset: str, record: DuplicatesRecord) -> None:
    data = json.dumps(asdict(record), indent=1, sort_keys=True).encode()
    _write(dataset_folder(workspace, dataset) / _RECORD, data)


def _write(path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, data)
    except OSError as error:
        raise WorkspaceError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Free some disk space or make the workspace writable, then run again.",
        ) from error
