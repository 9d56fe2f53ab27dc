"""The flow, run for real, where the policy rewrites captions and owners license names."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from flows.cleanse import cleanse
from models.errors import DatasetError
from models.nouns.register.storage import add_name
from models.releases.exporting import export_release
from models.settings import Settings
from models.store.database import Database
from models.store.schema import open_database
from models.summary import Summary
from tests.pipeline import (
    POLICY,
    draw_dataset,
    make_settings,
    manifest_bytes,
    outcomes_of,
    release_of,
)

pytestmark = pytest.mark.prefect
REWRITING = f"""{POLICY}
[nouns]
character = "rewrite"
artist = "exclude"

[[nouns.license]]
id = "licensed-2026"
holder = "Studio"
names = ["character:Tsukino Mei"]
entered_by = "Aoki"
approved_by = "Baba"
issued = 2026-01-01
expires = 2099-01-01
"""
CAPTIONS = {
    0: "Hoshino Kirari waves from the platform",
    1: "solo, hoshino kirari, long hair, smile",
    2: "hoshino kirari",
    3: "Tsukino Mei waves from the platform",
    4: "a dog by Zxqvort Amano",
}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace, and a policy that rewrites."""
    return make_settings(tmp_path, REWRITING)


@pytest.fixture
def store(settings: Settings) -> Iterator[Database]:
    """The workspace's database, with three protected names."""
    database = open_database(settings.resolved_database_url)
    with database.transaction() as session:
        add_name(session, "Hoshino Kirari", "character")
        add_name(session, "Tsukino Mei", "character")
        add_name(session, "Zxqvort Amano", "artist")
    yield database
    database.dispose()


def _run(root: Path, settings: Settings) -> Summary:
    value = cleanse(str(root), dataset="set", settings=settings.model_dump(mode="json"))
    return Summary.from_dict(value)


def _captions(settings: Settings) -> dict[str, list[str]]:
    folder = release_of(settings, "set").path(settings.workspace)
    rows: list[dict[str, Any]] = pq.read_table(folder / "manifest.parquet").to_pylist()
    return {row["names"][0]: [caption["text"] for caption in row["captions"]] for row in rows}


def test_a_release_holds_rewritten_captions_and_keeps_what_they_were(
    tmp_path: Path, settings: Settings, store: Database
) -> None:
    root = draw_dataset(tmp_path / "set", 6, CAPTIONS)
    before = {path.name: path.read_bytes() for path in root.iterdir()}
    summary = _run(root, settings)

    assert summary.counts == {"clear": 4, "review": 1, "error": 0, "exclude": 1}
    outcomes = outcomes_of(settings, "set")
    assert outcomes["002.png"] == ("review", "name_protected")
    assert outcomes["004.png"] == ("exclude", "name_protected")
    captions = _captions(settings)
    assert captions["000.png"] == ["A character waves from the platform"]
    assert captions["001.png"] == ["solo, long hair, smile"]
    assert captions["003.png"] == ["Tsukino Mei waves from the platform"]

    folder = release_of(settings, "set").path(settings.workspace)
    assert (folder / "sidecars" / "001.txt").read_text() == "solo, long hair, smile"
    kept = pq.read_table(folder / "rewritten.parquet").to_pylist()
    assert {row["original"] for row in kept} == {CAPTIONS[0], CAPTIONS[1]}
    edits = [json.loads(edit) for row in kept for edit in row["edits"]]
    assert {edit["before"].strip(" ,").lower() for edit in edits} == {"hoshino kirari"}
    assert {path.name: path.read_bytes() for path in root.iterdir()} == before

    manifest = manifest_bytes(settings, "set")
    assert b"Kirari" not in manifest
    _run(root, settings)
    assert manifest_bytes(settings, "set") == manifest

    export_release(store, settings.workspace, "set", tmp_path / "out", copy_images=True)
    assert (tmp_path / "out" / "dataset" / "000.txt").read_text() == (
        "A character waves from the platform"
    )
    assert not any(
        b"irari" in path.read_bytes() for path in (tmp_path / "out").rglob("*") if path.is_file()
    )

    (root / "001.txt").write_text("solo, hoshino kirari, short hair", encoding="utf-8")
    with pytest.raises(DatasetError, match="have changed since they were screened"):
        export_release(store, settings.workspace, "set", tmp_path / "again")
