"""The plan of a run: the dataset scanned, cut into shards, and written down."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from models.assets.asset import Notice
from models.assets.scan import scan_dataset
from models.assets.shards import cut_shards, write_shard
from models.canonical import digest_of
from models.errors import WorkspaceError
from models.files import write_atomically
from models.unicode import escape_unprintable
from models.workspace import check_dataset_name, name_dataset


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run works on.

    Attributes:
        dataset: the dataset's name.
        root: where it lies.
        layout: in which layout it was read.
        shards: digest and number of assets of each shard, in dataset order.
        notices: what a person should know about the dataset.
    """

    dataset: str
    root: str
    layout: str
    shards: tuple[tuple[str, int], ...]
    notices: tuple[Notice, ...]

    @property
    def assets(self) -> int:
        """How many assets the dataset has."""
        return sum(count for _, count in self.shards)

    @property
    def digest(self) -> str:
        """Digest of the assets in their order, and of where and how they were found."""
        return digest_of([self.dataset, self.root, self.layout, [d for d, _ in self.shards]])


def dataset_folder(workspace: Path, dataset: str) -> Path:
    """Where the plan and the shards of a dataset are kept."""
    return workspace / "datasets" / dataset


def make_plan(
    workspace: Path,
    dataset: str,
    root: str,
    *,
    layout: str,
    shard_size: int,
    max_bytes: int,
    workers: int,
    progress: Callable[[int, int], None] = lambda _done, _total: None,
) -> Plan:
    """Scan the dataset, cut it into shards, and write both to the workspace.

    Raises:
        DatasetError: the dataset cannot be read as a whole.
        WorkspaceError: the plan cannot be written.
    """
    _require_apart(workspace, root)
    folder = dataset_folder(workspace, dataset)
    scan = scan_dataset(
        root,
        layout=layout,
        hash_cache=folder / "hashes",
        max_bytes=max_bytes,
        workers=workers,
        progress=progress,
    )
    shards = cut_shards(scan.assets, shard_size)
    for shard in shards:
        write_shard(folder / "shards", shard)
    plan = Plan(
        dataset=dataset,
        root=scan.root,
        layout=scan.layout,
        shards=tuple((shard.digest, len(shard.assets)) for shard in shards),
        notices=tuple(
            Notice(n.kind, escape_unprintable(n.message), tuple(map(escape_unprintable, n.names)))
            for n in scan.notices
        ),
    )
    _write(folder / "plan.json", json.dumps(asdict(plan), indent=1).encode())
    return plan


def choose_name(workspace: Path, root: str, given: str | None) -> str:
    """The name under which a dataset is kept: the one given, or the last part of its root.

    Raises:
        WorkspaceError: the name cannot be used, or, where none was given, it already belongs to a
            dataset that lies elsewhere: the two would take each other's releases for their own.
    """
    if given:
        return check_dataset_name(given)
    name = name_dataset(root)
    if not (dataset_folder(workspace, name) / "plan.json").exists():
        return name
    known = read_plan(workspace, name).root
    if _locate(known) != _locate(root):
        raise WorkspaceError(
            f"In this workspace {name!r} is the name of another dataset, {known}.",
            f"Give this one a name with --dataset, or say --dataset {name} if it has moved.",
        )
    return name


def _locate(root: str) -> str:
    return root if "://" in root else str(Path(root).resolve())


def _require_apart(workspace: Path, root: str) -> None:
    """A workspace inside the dataset would be read as a part of it."""
    if "://" not in root and workspace.resolve().is_relative_to(Path(root).resolve()):
        raise WorkspaceError(
            f"The workspace {workspace} lies inside the dataset {root}.",
            "Name a folder outside of it with --workspace.",
        )


def read_plan(workspace: Path, dataset: str) -> Plan:
    """The last plan of a dataset.

    Raises:
        WorkspaceError: the dataset has not been planned in this workspace, or the file is damaged.
    """
    path = dataset_folder(workspace, dataset) / "plan.json"
    try:
        value = json.loads(path.read_bytes())
        return Plan(
            dataset=value["dataset"],
            root=value["root"],
            layout=value["layout"],
            shards=tuple((digest, count) for digest, count in value["shards"]),
            notices=tuple(
                Notice(n["kind"], n["message"], tuple(n["names"])) for n in value["notices"]
            ),
        )
    except FileNotFoundError as error:
        raise WorkspaceError(
            f"Dataset {dataset!r} has not been cleansed in this workspace.",
            "Run `kiyome cleanse` on it first, or look at another workspace with --workspace.",
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WorkspaceError(
            f"The plan {path} is damaged: {error}.", "Run `kiyome cleanse` again to remake it."
        ) from error


def write_outcomes(workspace: Path, dataset: str, outcomes: bytes) -> None:
    """Keep what became of every asset of a dataset in its last run, as Parquet.

    Raises:
        WorkspaceError: the file cannot be written.
    """
    _write(dataset_folder(workspace, dataset) / "outcomes.parquet", outcomes)


def _write(path: Path, data: bytes) -> None:
    try:
        write_atomically(path, data)
    except OSError as error:
        raise WorkspaceError(
            f"{path} cannot be written: {error.strerror or error}.",
            "Free some disk space or make the workspace writable, then run again.",
        ) from error


def read_outcomes(workspace: Path, dataset: str, columns: Sequence[str] | None = None) -> pa.Table:
    """What became of every asset of a dataset in its last run (``releases.manifest.OUTCOMES``).

    Args:
        columns: those to read; all without it.

    Raises:
        WorkspaceError: no run of the dataset has come that far, or the file is damaged.
    """
    path = dataset_folder(workspace, dataset) / "outcomes.parquet"
    try:
        return pq.read_table(path, columns=columns and list(columns))
    except (OSError, pa.ArrowException) as error:
        raise WorkspaceError(
            f"{path} cannot be read: {error}.", "Run `kiyome cleanse` again to remake it."
        ) from error
