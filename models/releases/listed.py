"""Which of some assets a release lists, and who spoke about each: from a few row groups of its
manifest, which is sorted by asset."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from models.releases.release import Release

_COLUMNS = ["asset_id", "consent.list.element.setter"]


def find_listed(
    release: Release, workspace: Path, assets: Collection[str]
) -> dict[str, tuple[str, ...]] | None:
    """Those of some assets that a release lists, each with the setters of its statements.

    Returns:
        None where the manifest is missing or damaged: then nobody can tell.
    """
    path = release.path(workspace) / "manifest.parquet"
    wanted = sorted(assets)
    found: dict[str, tuple[str, ...]] = {}
    try:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != release.manifest_sha256:
                return None
        with pq.ParquetFile(path, memory_map=True) as manifest:
            for group in range(manifest.num_row_groups):
                if _may_hold(manifest.metadata.row_group(group), wanted):
                    table = manifest.read_row_group(group, columns=_COLUMNS)
                    named = pc.is_in(table["asset_id"], pa.array(wanted, pa.string()))
                    for row in table.filter(named).to_pylist():
                        setters = (said["setter"] for said in row["consent"])
                        found[row["asset_id"]] = tuple(dict.fromkeys(filter(None, setters)))
    except (OSError, LookupError, pa.ArrowException):
        return None  # also where another version has written its columns under other names
    return found


def _may_hold(group: Any, wanted: Collection[str]) -> bool:
    """Whether any asset is between the least and the greatest of a row group."""
    known = group.column(0).statistics
    if group.column(0).path_in_schema != "asset_id" or known is None or not known.has_min_max:
        return True
    return any(known.min <= asset <= known.max for asset in wanted)
