"""Which published releases hold an asset: whoever has one of them has to be told."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import select

from models.releases.manifest import HELD
from models.releases.publishing import find_release, read_manifest
from models.store.database import Database
from models.store.tables import ReleaseRow


def find_releases_with(
    database: Database, workspace: Path, dataset: str, asset_ids: Collection[str]
) -> dict[str, tuple[int, ...]]:
    """The numbers of a dataset's releases that hold each asset, oldest first.

    Args:
        asset_ids: the assets in question; those that were never published are absent.

    Returns:
        Numbers by asset id. A release whose manifest is lost or damaged holds none that could be
        shown.

    Raises:
        StoreError: the database cannot be reached.
    """
    wanted = set(asset_ids)
    if not wanted:
        return {}
    with database.snapshot() as session:
        query = select(ReleaseRow.number).where(ReleaseRow.dataset == dataset)
        numbers = sorted(session.scalars(query))
    found: dict[str, list[int]] = {}
    for number in numbers:
        manifest = read_manifest(find_release(database, dataset, number), workspace, HELD)
        if manifest is None:
            continue
        ids = manifest["asset_id"]
        for asset_id in ids.filter(pc.is_in(ids, value_set=pa.array(sorted(wanted)))).to_pylist():
            found.setdefault(asset_id, []).append(number)
    return {asset_id: tuple(held) for asset_id, held in found.items()}
