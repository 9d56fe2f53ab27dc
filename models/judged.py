"""What the last run of a dataset judged: which verdict rows are its, to read them again.

The rows lie with the stages, one table a shard; the last run is the one that names them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from models.assets.asset import Asset
from models.assets.shards import read_shard
from models.canonical import digest_bytes
from models.errors import WorkspaceError
from models.files import write_atomically
from models.judging import VerdictRecord
from models.planning import dataset_folder
from models.stages import stage_folder

_FILE = "judged.json"


def remember_judged(workspace: Path, dataset: str, records: Iterable[VerdictRecord]) -> None:
    """Keep which verdict rows a run has made or found, in dataset order.

    Raises:
        WorkspaceError: the file cannot be written.
    """
    path = dataset_folder(workspace, dataset) / _FILE
    shards = [[each.shard, each.output, each.output_sha256] for each in records]
    try:
        write_atomically(path, json.dumps({"shards": shards}, indent=1).encode())
    except OSError as error:
        raise WorkspaceError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Free some disk space or make the workspace writable, then run again.",
        ) from error


def read_last_judged(workspace: Path, dataset: str) -> Iterator[tuple[Sequence[Asset], pa.Table]]:
    """For each shard of the last run its assets and its verdict rows, in dataset order.

    Raises:
        WorkspaceError: no run has kept them, or a file is gone or damaged.
    """
    folder = dataset_folder(workspace, dataset)
    try:
        shards = json.loads((folder / _FILE).read_bytes())["shards"]
        for shard, output, digest in shards:
            rows = _read_rows(stage_folder(workspace, "verdict", shard) / output, digest)
            yield read_shard(folder / "shards" / f"{shard}.parquet").assets, rows
    except (OSError, ValueError, LookupError, TypeError, pa.ArrowException) as error:
        raise WorkspaceError(
            f"The verdicts of the last run of {dataset!r} cannot be read: {error}.",
            "Run `kiyome cleanse --again`: they are made anew.",
        ) from error


def _read_rows(path: Path, digest: str) -> pa.Table:
    data = path.read_bytes()
    if digest_bytes(data) != digest:
        raise ValueError(f"the verdicts in {path} were changed")
    return pq.read_table(pa.BufferReader(data))
