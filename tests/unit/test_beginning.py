"""Beginning a workspace: a first run just works, and a disk that is away is no new place."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import text

from flows.backing_up import write_backup
from models.beginning import MARK, is_begun, require_known_place, settle_workspace
from models.errors import BackupError, StoreError, WorkspaceError
from models.mounts import find_unmounted
from models.settings import Settings
from models.store.schema import open_database
from models.store.tables import ReleaseRow


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where a disk is mounted, or is not."""
    return tmp_path / "disk" / "workspace"


def test_a_first_run_begins_a_workspace_and_goes_on_in_it(place: Path) -> None:
    settled = settle_workspace(Settings(workspace=place))
    assert is_begun(place)
    assert settle_workspace(settled).workspace == place


def test_a_folder_that_was_made_for_it_is_begun_as_well(place: Path) -> None:
    (place / "lost+found").mkdir(parents=True)
    settle_workspace(Settings(workspace=place))
    assert is_begun(place)


def test_what_a_run_does_later_is_refused_when_the_disk_is_away_by_then(place: Path) -> None:
    settled = settle_workspace(Settings(workspace=place))
    place.rename(place.with_name("aside"))
    place.mkdir()
    with pytest.raises(WorkspaceError, match="Mount its disk"):
        settle_workspace(settled)
    assert not any(place.iterdir())


def test_a_setting_keeps_an_empty_mount_point_from_being_begun(place: Path) -> None:
    place.mkdir(parents=True)
    with pytest.raises(WorkspaceError, match="KIYOME_NEW_WORKSPACE=always"):
        settle_workspace(Settings(workspace=place, new_workspace="never"))
    assert not any(place.iterdir())
    settle_workspace(Settings(workspace=place, new_workspace="always"))
    settle_workspace(Settings(workspace=place, new_workspace="never"))


@pytest.mark.parametrize("name", ["releases", "ledger"])
def test_a_workspace_from_before_there_was_a_mark_counts(place: Path, name: str) -> None:
    place.mkdir(parents=True)
    (place / name).touch()
    settle_workspace(Settings(workspace=place, new_workspace="never"))
    assert (place / MARK).exists()


def test_what_makes_no_sense_in_a_new_workspace_begins_none(place: Path) -> None:
    with pytest.raises(WorkspaceError, match="Run `kiyome cleanse` first"):
        settle_workspace(Settings(workspace=place, new_workspace="always"), begin=False)
    assert not place.exists()


def _with_release(tmp_path: Path) -> str:
    url = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    database = open_database(url)
    digests = {"manifest_sha256": "m", "exclusions_sha256": "e"}
    numbers = dict.fromkeys(("number", "cleared", "removed", "created_ms"), 1)
    with database.transaction() as session:
        session.add(
            ReleaseRow(id="r", dataset="set", folder="releases/set/0001-r", **digests, **numbers)
        )
    database.dispose()
    return url


def test_a_database_elsewhere_that_knows_releases_knows_that_there_was_a_workspace(
    tmp_path: Path, place: Path
) -> None:
    settings = Settings(workspace=place, database_url=_with_release(tmp_path))
    place.mkdir(parents=True)
    with pytest.raises(WorkspaceError, match="releases/set/0001-r"):
        settle_workspace(settings)
    assert not any(place.iterdir())
    settle_workspace(settings.model_copy(update={"new_workspace": "always"}))
    settle_workspace(settings)


def test_a_database_elsewhere_that_knows_none_lets_a_first_run_begin(
    tmp_path: Path, place: Path
) -> None:
    settle_workspace(Settings(workspace=place, database_url=f"sqlite:///{tmp_path / 'new.db'}"))
    assert is_begun(place)


def test_nothing_is_begun_while_the_database_cannot_be_asked(place: Path) -> None:
    away = "postgresql+psycopg://nobody@127.0.0.1:1/none"
    with pytest.raises(StoreError):
        settle_workspace(Settings(workspace=place, database_url=away))
    assert not place.exists()


@pytest.fixture
def fstab(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Says what is to be mounted where."""
    file = tmp_path / "fstab"
    monkeypatch.setattr("models.mounts.FSTAB", file)
    return file


def test_a_disk_of_fstab_that_is_not_mounted_is_named(tmp_path: Path, fstab: Path) -> None:
    disk = tmp_path / "my disk"
    assert find_unmounted(disk) is None, "there is no such file"
    mounts = "# device\n\nUUID=1 / ext4 defaults 0 1\nUUID=2 none swap sw 0 0\nshort\n"
    fstab.write_text(mounts)
    assert find_unmounted(disk / "workspace") is None
    fstab.write_text(mounts + f"UUID=3 {str(disk).replace(' ', chr(92) + '040')} ext4\n")
    assert find_unmounted(disk / "workspace") == disk
    assert find_unmounted(disk) == disk
    assert find_unmounted(tmp_path / "my disk 2") is None


def test_a_workspace_on_a_disk_of_fstab_that_is_not_mounted_is_not_begun(
    place: Path, fstab: Path
) -> None:
    fstab.write_text(f"server:/export {place.parent} nfs4 defaults 0 0\n")
    with pytest.raises(WorkspaceError, match=f"`mount {place.parent}`"):
        require_known_place(Settings(workspace=place))


def test_a_database_file_that_is_away_is_not_made_anew_in_an_empty_place(place: Path) -> None:
    database = open_database(f"sqlite:///{place / 'kiyome.db'}")
    place.rename(place.with_name("aside"))
    place.mkdir()
    database.dispose()  # as when a pool opens another connection
    with pytest.raises(StoreError, match="not there any more"), database.snapshot() as session:
        session.execute(text("SELECT 1"))
    assert not any(place.iterdir())


def test_a_backup_is_not_written_where_its_disk_is_away(tmp_path: Path, fstab: Path) -> None:
    settings = settle_workspace(Settings(workspace=tmp_path / "workspace"))
    fstab.write_text(f"UUID=4 {tmp_path / 'backups'} ext4\n")
    database = open_database(settings.resolved_database_url)
    with pytest.raises(BackupError, match="nothing is mounted"):
        write_backup(settings, database, tmp_path / "backups" / "kiyome.tar")
    database.dispose()
