"""What a run makes of files of the workspace that were deleted or damaged since the last one."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from flows.cleanse import cleanse
from models.errors import WorkspaceError
from models.settings import Settings
from models.summary import Summary
from tests.pipeline import draw_dataset, draw_picture, make_settings, manifest_bytes, release_of

pytestmark = pytest.mark.prefect


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A workspace and policy of this test's own."""
    return make_settings(tmp_path)


def _run(root: Path, settings: Settings) -> Summary:
    value = cleanse(str(root), dataset="set", settings=settings.model_dump(mode="json"))
    return Summary.from_dict(value)


def test_the_folder_of_the_latest_release_is_made_again_as_it_was(
    tmp_path: Path, settings: Settings
) -> None:
    root = draw_dataset(tmp_path / "set", 5)
    _run(root, settings)
    release, manifest = release_of(settings, "set"), manifest_bytes(settings, "set")
    shutil.rmtree(release.path(settings.workspace))
    again = _run(root, settings)
    assert not again.release_is_new
    assert release_of(settings, "set") == release
    assert manifest_bytes(settings, "set") == manifest
    assert (release.path(settings.workspace) / "sidecars" / "000.txt").exists()


def test_a_damaged_manifest_is_replaced_and_still_compared_with_the_release_before(
    tmp_path: Path, settings: Settings
) -> None:
    root = draw_dataset(tmp_path / "set", 5)
    _run(root, settings)
    (root / "000.png").unlink()
    _run(root, settings)
    folder = release_of(settings, "set").path(settings.workspace)
    removed = (folder / "removed.parquet").read_bytes()
    (folder / "manifest.parquet").write_bytes(b"damaged")
    _run(root, settings)
    assert release_of(settings, "set").number == 2
    assert (folder / "removed.parquet").read_bytes() == removed
    assert pq.read_table(folder / "removed.parquet").num_rows == 1


def test_a_lost_manifest_stops_no_later_release_which_says_what_it_cannot_know(
    tmp_path: Path, settings: Settings
) -> None:
    root = draw_dataset(tmp_path / "set", 5)
    _run(root, settings)
    shutil.rmtree(release_of(settings, "set").path(settings.workspace))
    draw_picture(root / "new.png", 77)
    assert _run(root, settings).release == 2
    folder = release_of(settings, "set").path(settings.workspace)
    assert json.loads((folder / "release.json").read_bytes())["removed_is_known"] is False


def test_a_lost_database_is_not_replaced_by_an_empty_one_that_would_clear_everything(
    tmp_path: Path, settings: Settings
) -> None:
    root = draw_dataset(tmp_path / "set", 5)
    _run(root, settings)
    manifest = release_of(settings, "set").path(settings.workspace) / "manifest.parquet"
    published = manifest.read_bytes()
    for file in settings.workspace.glob("kiyome.db*"):
        file.unlink()
    with pytest.raises(WorkspaceError, match="not the database that this workspace was made with"):
        _run(root, settings)
    assert manifest.read_bytes() == published


def test_a_folder_that_a_crash_left_behind_does_not_make_the_database_a_stranger(
    tmp_path: Path, settings: Settings
) -> None:
    root = draw_dataset(tmp_path / "set", 5)
    left = settings.workspace / "releases" / "set" / "0001-0badcafe"
    left.mkdir(parents=True)
    (left / "release.json").write_text('{"id": "never-recorded"}', encoding="utf-8")
    assert _run(root, settings).release == 1
