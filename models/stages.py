"""The stage: a pure function over the assets of a shard, and the record that says it was done.

A stage's output for one shard is a Parquet file with one row per examined asset. Beside it lies a
small JSON record, written last, that names the file by its digest: without a record that matches,
the output does not exist. A stage may be asked about a part of a shard only (an asset that consent
excludes costs nothing further); asked later about more, it examines what is missing and keeps the
rest.
"""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.assets.asset import Asset
from models.canonical import digest_bytes
from models.deaths import forget_begun, noting_begun
from models.errors import KiyomeError, WorkspaceError
from models.failpoints import reach
from models.files import put_in_place, write_atomically
from models.reasons import RETRIED, Reason

Progress = Callable[[int], None]
Examine = Callable[["Stage", Sequence[Asset], Progress], pa.Table]
"""Gives one row per asset, whatever happens to any of them."""

BASE_FIELDS: list[pa.Field] = [
    pa.field("asset_id", pa.string(), nullable=False),
    pa.field("fault_code", pa.string()),
    pa.field("fault_detail", pa.string()),
]


_RETRIED_CODES = tuple(sorted(reason.value for reason in RETRIED))


class Stage(Protocol):
    """One examination of assets, without memory and without side effects.

    ``examine`` returns exactly one row per asset given, in the order given, with the columns of
    ``schema`` (``BASE_FIELDS`` first). A failure on one asset is that asset's row with a fault
    code; it never raises for it. Columns besides ``asset_id`` are nullable. ``progress`` is called
    with the number of assets just finished.
    """

    @property
    def name(self) -> str:
        """consent, nouns, features or motifs."""

    @property
    def fingerprint(self) -> str:
        """Digest of everything besides the assets that the rows depend on."""

    @property
    def schema(self) -> pa.Schema:
        """Columns of the output."""

    def examine(self, assets: Sequence[Asset], progress: Progress) -> pa.Table:
        """One row per asset."""


@dataclass(frozen=True, slots=True)
class StageRecord:
    """What was done for one shard by one stage: the proof that it need not be done again."""

    stage: str
    shard: str
    fingerprint: str
    output: str
    output_sha256: str
    asked: int
    examined: int
    rows: int
    seconds: float
    faults: dict[str, int]

    @property
    def reused(self) -> int:
        """How many of the assets asked about had been examined before."""
        return self.asked - self.examined

    @property
    def settled(self) -> bool:
        """Whether no row holds a fault that the next run should try again."""
        return not any(code in RETRIED for code in self.faults)


def stage_folder(workspace: Path, stage: str, shard: str) -> Path:
    """Where a stage keeps its outputs for one shard."""
    return workspace / "stages" / stage / shard[:2] / shard


def read_record(folder: Path, fingerprint: str) -> StageRecord | None:
    """The record of a finished stage, or None where there is none whose output is whole."""
    path = folder / f"{fingerprint}.json"
    try:
        record = StageRecord(**json.loads(path.read_bytes()))
        intact = digest_bytes((folder / record.output).read_bytes()) == record.output_sha256
    except (OSError, ValueError, TypeError):
        return None
    return record if intact and record.fingerprint == fingerprint else None


def read_output(folder: Path, record: StageRecord) -> pa.Table:
    """The rows that a record vouches for."""
    return pq.read_table(folder / record.output)


def newest_output(folder: Path) -> pa.Table | None:
    """The rows of a stage that were written last, whatever they were made with, or None.

    For looking at what is known; what decides is read by its fingerprint.
    """
    records = sorted(folder.glob("*.json"), key=lambda path: path.stat().st_mtime_ns)
    for path in reversed(records):
        if record := read_record(folder, path.stem):
            return read_output(folder, record)
    return None


def run_stage(
    stage: Stage,
    shard: str,
    assets: Sequence[Asset],
    workspace: Path,
    progress: Progress = lambda _: None,
    apart: Examine | None = None,
) -> StageRecord:
    """Examine the assets that have not been examined yet, and record the whole.

    Rows with a fault that may pass (``models.reasons.RETRIED``) are examined again. Where a process
    has died while it examined these assets, they are examined apart.

    Args:
        stage: what to run.
        shard: digest of the shard that the assets belong to.
        assets: the assets asked about, in shard order.
        workspace: folder that keeps the outputs.
        apart: examines assets that this process might not survive; None where nothing can.

    Returns:
        The record of an output that covers at least the assets asked about.

    Raises:
        WorkspaceError: the output cannot be written.
    """
    folder = stage_folder(workspace, stage.name, shard)
    fingerprint = stage.fingerprint
    started = time.monotonic()
    previous = read_record(folder, fingerprint)
    kept = read_output(folder, previous) if previous else stage.schema.empty_table()
    # Parquet renames the items of a list; cast back, or a grown output has other bytes than one
    # made in one go.
    kept = kept.cast(stage.schema)
    deadly = pc.any(pc.equal(kept["fault_code"], Reason.PROCESS_LOST.value)).as_py()
    kept = kept.filter(pc.invert(pc.is_in(kept["fault_code"], pa.array(_RETRIED_CODES))))
    done = set(kept["asset_id"].to_pylist())
    missing = [asset for asset in assets if asset.asset_id not in done]
    if previous and not missing:
        progress(len(assets))
        return replace(previous, asked=len(assets), examined=0, seconds=0.0)
    progress(len(assets) - len(missing))
    begun = folder / f"{fingerprint}.begun"
    if apart is not None and missing and (deadly or begun.exists()):
        fresh = apart(stage, missing, progress)
    else:
        with noting_begun(begun):
            fresh = examine_each(stage, missing, progress)
    table = pa.concat_tables([kept, fresh]).sort_by("asset_id")
    faults = Counter(code for code in table["fault_code"].to_pylist() if code)
    output, digest = store_table(folder, fingerprint, table)
    record = StageRecord(
        stage=stage.name,
        shard=shard,
        fingerprint=fingerprint,
        output=output,
        output_sha256=digest,
        asked=len(assets),
        examined=len(missing),
        rows=table.num_rows,
        seconds=round(time.monotonic() - started, 3),
        faults=dict(sorted(faults.items())),
    )
    reach("stage-written")
    store_record(folder, fingerprint, asdict(record))
    reach("stage-recorded")
    forget_begun(begun)
    if previous and previous.output != output:
        (folder / previous.output).unlink(missing_ok=True)
    return record


def examine_each(stage: Stage, assets: Sequence[Asset], progress: Progress) -> pa.Table:
    """One row per asset, also where the stage itself gives way.

    A stage records the failures it expects by itself. Should it raise all the same, the assets are
    halved until the one that it fails on stands alone and gets a fault, and the others their rows.

    Raises:
        KiyomeError: the stage cannot work on any asset, for a reason that a person can act on.
    """
    if not assets:
        return stage.schema.empty_table()
    try:
        return _examine_whole(stage, assets, progress)
    except KiyomeError:
        raise
    except Exception as error:  # noqa: BLE001  one asset must not cost the others their outcome
        if len(assets) == 1:
            return fault_table(stage.schema, [assets[0].asset_id], *describe_failure(error))
        middle = len(assets) // 2
        halves = (assets[:middle], assets[middle:])
        return pa.concat_tables([examine_each(stage, half, lambda _: None) for half in halves])


def _examine_whole(stage: Stage, assets: Sequence[Asset], progress: Progress) -> pa.Table:
    for asset in assets:
        reach(f"{stage.name}-{asset.asset_id}")
    rows = stage.examine(assets, progress).cast(stage.schema)
    if rows["asset_id"].to_pylist() != [asset.asset_id for asset in assets]:
        raise RuntimeError(f"stage {stage.name} did not return one row per asset, in order")
    return rows


def fault_table(schema: pa.Schema, asset_ids: Sequence[str], code: str, detail: str) -> pa.Table:
    """Rows that say only what went wrong; every other column is null."""
    rows = [{"asset_id": i, "fault_code": code, "fault_detail": detail} for i in asset_ids]
    return pa.Table.from_pylist(rows, schema=schema)


def store_table(folder: Path, fingerprint: str, table: pa.Table) -> tuple[str, str]:
    """Write a table as Parquet under a name that its content decides.

    Returns:
        The file's name and its SHA-256.

    Raises:
        WorkspaceError: it cannot be written.
    """
    sink = pa.BufferOutputStream()
    leaves = [leaf for field in table.schema for leaf in _leaves_of(field.name, field.type)]
    pq.write_table(
        table,
        sink,
        compression={path: "none" if packed else "zstd" for path, packed in leaves},
        use_dictionary=[path for path, packed in leaves if not packed],
    )
    return store_bytes(folder, fingerprint, sink.getvalue().to_pybytes())


def store_bytes(folder: Path, fingerprint: str, data: bytes) -> tuple[str, str]:
    """Write the bytes of an output; returns and raises what ``store_table`` does."""
    digest = digest_bytes(data)
    name = name_output(fingerprint, digest)
    _write(folder, name, data)
    return name, digest


def name_output(fingerprint: str, digest: str) -> str:
    """The name of an output's file, by what it was made with and what it holds."""
    return f"{fingerprint[:16]}-{digest[:16]}.parquet"


def _leaves_of(path: str, kind: pa.DataType) -> Iterator[tuple[str, bool]]:
    """The columns that Parquet makes of one, and whether each is of bytes.

    Bytes are embeddings and points: they do not shrink, and a dictionary of them only grows.
    """
    if pa.types.is_list(kind):
        yield from _leaves_of(f"{path}.list.element", kind.value_type)
    elif pa.types.is_struct(kind):
        for field in kind:
            yield from _leaves_of(f"{path}.{field.name}", field.type)
    else:
        yield path, pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind)


def store_record(
    folder: Path, fingerprint: str, record: dict[str, Any], *, synced: bool = True
) -> None:
    """Write a completion record, the last step of a stage.

    Args:
        synced: it outlasts a crash; one that does not costs less, and is made again after it.

    Raises:
        WorkspaceError: it cannot be written.
    """
    data = json.dumps(record, indent=1, sort_keys=True).encode()
    _write(folder, f"{fingerprint}.json", data, synced=synced)


def _write(folder: Path, name: str, data: bytes, *, synced: bool = True) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (write_atomically if synced else put_in_place)(folder / name, data)
    except OSError as error:
        raise WorkspaceError(
            f"{folder / name} cannot be written: {error.strerror or error}.",
            "Free some disk space or make the workspace writable, then run again: "
            "finished shards are kept.",
        ) from error


def describe_failure(error: BaseException) -> tuple[str, str]:
    """The fault code and detail for an exception that a detector did not expect."""
    return Reason.STAGE_FAILED.value, f"{type(error).__name__}: {error}"[:500]
