"""A small cleansed dataset whose every change is re-cleansed, and cleansed anew for comparison."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from flows.cleanse import cleanse
from flows.recleanse import Recleansed, recleanse_known
from models.settings import Settings
from models.store.database import Database
from models.store.schema import open_database
from models.summary import Summary
from tests.pipeline import POLICY, draw_dataset, make_settings, manifest_bytes

DATASET = "set"
KNOWN_POLICY = POLICY + '\n[nouns]\nunknown_term = "allow"\n'
CAPTIONS = {
    1: "Hoshino Kirari waves from the platform",
    2: "the blue lantern of Mizunami",
    3: "a fox, by M1zunami",
    4: "1girl, solo, mizunami, smile",
    5: "the Blue Lantern waits by the door",
    6: "水波カラクリの絵",
}


FEW_SHARDS, MANY_SHARDS = 6, 4
"""Sizes of shards: with the first, twelve pictures lie in as few as a re-cleansing walks by itself;
with the second in so many that it starts processes for them, which takes much longer."""


def make_known(
    folder: Path, count: int = 12, shard_size: int = FEW_SHARDS, **overrides: Any
) -> tuple[Path, Settings]:
    """A dataset and the settings to cleanse it with."""
    root = draw_dataset(folder / DATASET, count, CAPTIONS)
    return root, make_settings(folder, KNOWN_POLICY, shard_size=shard_size, **overrides)


def run_cleanse(root: Path, settings: Settings) -> Summary:
    """A cleansing run."""
    given = settings.model_dump(mode="json")
    return Summary.from_dict(cleanse(str(root), dataset=DATASET, settings=given))


def run_recleanse(settings: Settings) -> Recleansed:
    """A re-cleansing run."""
    return recleanse_known(DATASET, settings)


def release_bytes(settings: Settings) -> tuple[bytes, list[dict[str, Any]]]:
    """The manifest of the latest release, and every asset's verdict with its reasons."""
    folder = settings.workspace / "datasets" / DATASET
    columns = ["asset_id", "names", "verdict", "reasons", "decided_by", "ruling_id"]
    outcomes = pq.read_table(folder / "outcomes.parquet", columns=columns)
    return manifest_bytes(settings, DATASET), outcomes.to_pylist()


def cleanse_anew(
    root: Path, settings: Settings, folder: Path, change: Callable[[Database, Settings], None]
) -> tuple[Settings, Summary]:
    """The same dataset, changed likewise, cleansed in a workspace that knows nothing of it."""
    folder.mkdir()
    policy = folder / "policy.toml"
    shutil.copyfile(settings.policy, policy)
    fresh = settings.model_copy(
        update={"workspace": folder / "workspace", "policy": policy, "database_url": ""}
    )
    apply(fresh, change)
    return fresh, run_cleanse(root, fresh)


def apply(settings: Settings, change: Callable[[Database, Settings], None]) -> None:
    """Make a change in the database of a workspace."""
    settings.workspace.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.resolved_database_url)
    try:
        change(database, settings)
    finally:
        database.dispose()
