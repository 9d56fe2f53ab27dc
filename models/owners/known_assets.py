"""The assets that are known to be about an identity: whatever the last runs and releases say.

A withdrawal of everything holds these by their ids, so that it outlives the statement: a picture
that turns up without its sidecar, or whose token is no longer recognised, is kept out all the same.
"""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from sqlalchemy import select

from models.errors import WorkspaceError
from models.owners.works_index import FILE
from models.store.database import Database
from models.store.tables import ReleaseRow


def find_known_assets(
    database: Database, workspace: Path, identities: Collection[str]
) -> frozenset[str]:
    """Ids of all assets with a statement by one of the identities.

    Read before the transaction that withdraws them: it may take seconds. An asset that comes in
    between is kept out by the identity itself.

    Raises:
        WorkspaceError: an index or a manifest that is there cannot be read.
    """
    if not identities:
        return frozenset()
    found: set[str] = set()
    for path in sorted((workspace / "datasets").glob(f"[!.]*/{FILE}")):
        found |= find_in_last_run(path.parent, identities)
    with database.snapshot() as session:
        folders = session.scalars(select(ReleaseRow.folder).order_by(ReleaseRow.folder)).all()
    for folder in folders:
        path = workspace / folder / "manifest.parquet"
        if path.is_file():
            found.update(_find_in_manifest(_read(path, ["asset_id", "consent"]), identities))
    return frozenset(found)


def find_in_last_run(folder: Path, identities: Collection[str]) -> set[str]:
    """Ids of the assets with a statement by one of the identities in a dataset's last run.

    Args:
        folder: of the dataset (``models.planning.dataset_folder``).

    Raises:
        WorkspaceError: the index cannot be read.
    """
    path = folder / FILE
    if not (identities and path.is_file()):
        return set()
    table = _read(path, ["asset_id"], [("setter", "in", sorted(identities))])
    return {each.hex() for each in table["asset_id"].to_pylist()}


def _find_in_manifest(manifest: pa.Table, identities: Collection[str]) -> list[str]:
    lists = manifest["consent"].combine_chunks()
    setters = pc.struct_field(pc.list_flatten(lists), "setter")
    mine = pc.is_in(setters, value_set=pa.array(sorted(identities), pa.string()))
    rows = pc.unique(pc.list_parent_indices(lists).filter(mine))
    return [str(each) for each in manifest["asset_id"].take(rows).to_pylist()]


def _read(
    path: Path, columns: list[str], filters: list[tuple[str, str, list[str]]] | None = None
) -> pa.Table:
    try:
        return pq.read_table(path, columns=columns, filters=filters)
    except (OSError, pa.ArrowException) as error:
        raise WorkspaceError(
            f"{path} cannot be read: {error}.",
            "Restore it from a backup, or run `kiyome cleanse --again`.",
        ) from error
