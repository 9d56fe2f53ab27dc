"""What the last run of a dataset judged: which verdict rows are its, to read them again.

The rows lie with the stages, one table a shard; the last run is the one that names them.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from models.assets.asset import Asset
from models.assets.shards import read_shard
from models.canonical import digest_bytes
from models.errors import WorkspaceError
from models.files import write_atomically
from models.judging import VerdictRecord
from models.parquet import parse_parquet, read_bytes
from models.planning import dataset_folder
from models.stages import stage_folder

_FILE = "judged.json"


@dataclass(frozen=True, slots=True)
class JudgedPart:
    """The verdict rows of one shard: where they lie, and the digest of their file."""

    shard: str
    output: str
    output_sha256: str


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
    for part in list_last_judged(workspace, dataset):
        yield read_judged_part(workspace, dataset, part)


def list_last_judged(workspace: Path, dataset: str) -> list[JudgedPart]:
    """Which verdict rows are the last run's, in dataset order.

    Raises:
        WorkspaceError: no run has kept them, or the file is damaged.
    """
    try:
        shards = json.loads((dataset_folder(workspace, dataset) / _FILE).read_bytes())["shards"]
        return [JudgedPart(*map(str, each)) for each in shards]
    except (OSError, ValueError, LookupError, TypeError) as error:
        raise _unreadable(dataset, error) from error


def read_judged_part(
    workspace: Path, dataset: str, part: JudgedPart
) -> tuple[Sequence[Asset], pa.Table]:
    """The assets of a shard and its verdict rows.

    Raises:
        WorkspaceError: a file is gone or damaged.
    """
    rows = read_judged_rows(workspace, dataset, part)
    return read_shard(shard_file(workspace, dataset, part)).assets, rows


def read_judged_rows(workspace: Path, dataset: str, part: JudgedPart) -> pa.Table:
    """The verdict rows of a shard, in its order.

    Raises:
        WorkspaceError: the file is gone or damaged.
    """
    try:
        path = stage_folder(workspace, "verdict", part.shard) / part.output
        return _read_rows(path, part.output_sha256)
    except (OSError, ValueError, LookupError, TypeError, pa.ArrowException) as error:
        raise _unreadable(dataset, error) from error


def shard_file(workspace: Path, dataset: str, part: JudgedPart) -> Path:
    """Where the assets of a shard are listed."""
    return dataset_folder(workspace, dataset) / "shards" / f"{part.shard}.parquet"


def _unreadable(dataset: str, error: Exception) -> WorkspaceError:
    return WorkspaceError(
        f"The verdicts of the last run of {dataset!r} cannot be read: {error}.",
        "Run `kiyome cleanse --again`: they are made anew.",
    )


def _read_rows(path: Path, digest: str) -> pa.Table:
    data = read_bytes(path)
    if digest_bytes(memoryview(data)) != digest:
        raise ValueError(f"the verdicts in {path} were changed")
    return parse_parquet(data)
