"""Releases and the ledger on S3: whole or not there, and sent once."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from flows.cleanse import cleanse
from flows.cli import kiyome
from models.canonical import digest_bytes
from models.errors import LedgerError, ReleaseError, SettingsError
from models.ledger.verification import verify_ledger
from models.mirror.pushing import Pushed, check_pushed, push_releases
from models.mirror.target import open_target
from models.settings import Settings, load_settings
from models.store.schema import open_database
from models.takedowns import acknowledge_takedown
from tasks.order import open_desk, write_order
from tasks.push import push_mirror
from tests.pipeline import draw_dataset, draw_picture, make_settings, outcomes_of, release_of
from tests.s3 import Bucket, running_s3

pytestmark = pytest.mark.prefect

PRIVATE = ("outcomes.parquet", "rewritten.parquet", "openings", "signing.key", "references.key")


@pytest.fixture(scope="module")
def s3() -> Iterator[Bucket]:
    """An S3 server with one bucket."""
    with running_s3() as bucket:
        yield bucket


@pytest.fixture(scope="module")
def two_releases(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A workspace with two releases: an asset was taken down after the first."""
    folder = tmp_path_factory.mktemp("cleansed")
    root = draw_dataset(folder / "set", 6)
    settings = make_settings(folder)
    _run(root, settings)
    _take_down(settings, digest_bytes((root / "002.png").read_bytes()))
    _run(root, settings)
    assert release_of(settings, "set").number == 2
    return settings


@pytest.fixture
def settings(two_releases: Settings, s3: Bucket, tmp_path: Path) -> Settings:
    """A copy of that workspace, and an empty place on S3 to push to."""
    workspace = tmp_path / "workspace"
    shutil.copytree(two_releases.workspace, workspace, ignore=shutil.ignore_patterns("prefect"))
    target = f"{s3.url}/{tmp_path.name}"
    return two_releases.model_copy(update={"workspace": workspace, "release_target": target})


def _run(root: Path, settings: Settings) -> dict[str, Any]:
    return cleanse(str(root), dataset="set", settings=settings.model_dump(mode="json"))


def _take_down(settings: Settings, asset_id: str) -> None:
    database = open_database(settings.resolved_database_url)
    with database.transaction() as session:
        acknowledge_takedown(session, asset_id, "owner", "please", "lead")
    database.dispose()


def _push(settings: Settings) -> Pushed:
    database = open_database(settings.resolved_database_url)
    try:
        return push_releases(database, settings, "set")
    finally:
        database.dispose()


def _read(settings: Settings, name: str) -> bytes:
    data = open_target(settings.release_target).read(name)
    assert data is not None, name
    return data


def _objects(settings: Settings) -> dict[str, Any]:
    system, root = fsspec.core.url_to_fs(settings.release_target)
    system.invalidate_cache()
    found = system.find(root, detail=True)
    return {path.removeprefix(f"{root}/"): info["LastModified"] for path, info in found.items()}


def test_a_reader_comes_from_the_pointer_to_the_manifest_and_to_the_captions(
    settings: Settings,
) -> None:
    assert _push(settings).pointer == 2
    pointer = json.loads(_read(settings, "set/latest.json"))
    index = _read(settings, f"set/{pointer['folder']}/index.json")
    assert digest_bytes(index) == pointer["index_sha256"]
    files = json.loads(index)["files"]
    for name, said in files.items():
        assert digest_bytes(_read(settings, f"set/{pointer['folder']}/{name}")) == said["sha256"]
    release = release_of(settings, "set")
    assert pointer["id"] == release.id
    assert files["manifest.parquet"]["sha256"] == release.manifest_sha256
    packed = _read(settings, f"set/{pointer['folder']}/captions.tar")
    with tarfile.open(fileobj=io.BytesIO(packed)) as tar:
        captions = [name for name in tar.getnames() if name.endswith(".txt")]
    assert len(captions) == release.cleared == 5


def test_what_was_found_in_assets_that_are_kept_out_is_not_pushed(settings: Settings) -> None:
    _push(settings)
    names = list(_objects(settings))
    assert names
    assert [name for name in names if any(each in name for each in PRIVATE)] == []


def test_a_removal_notice_goes_with_the_release_that_lost_something(settings: Settings) -> None:
    _push(settings)
    folder = release_of(settings, "set").path(settings.workspace).name
    notice = json.loads(_read(settings, f"set/releases/{folder}/removal-notice.json"))
    assert [each["reason"] for each in notice["notice"]["removed"]] == ["takedown"]


def test_a_release_that_holds_what_was_taken_down_since_is_not_sent(settings: Settings) -> None:
    pushed = _push(settings)
    assert (pushed.sent, pushed.held) == ((2,), (1,))
    assert not [name for name in _objects(settings) if name.startswith("set/releases/0001")]


def test_a_takedown_holds_the_newest_release_back_and_the_command_says_so(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset_id = pq.read_table(
        release_of(settings, "set").path(settings.workspace) / "manifest.parquet"
    )["asset_id"][0].as_py()
    _take_down(settings, asset_id)
    monkeypatch.setenv("KIYOME_RELEASE_TARGET", settings.release_target)
    words = ["releases", "push", "set", "--workspace", str(settings.workspace)]
    done = CliRunner().invoke(kiyome, words)
    assert done.exit_code == 1
    assert "taken down or withdrawn since" in done.output
    assert [name for name in _objects(settings) if name.startswith("set/")] == []


def test_the_same_push_again_sends_nothing(settings: Settings) -> None:
    _push(settings)
    before = _objects(settings)
    again = _push(settings)
    assert (again.sent, again.kept, again.ledger) == ((), (2,), 0)
    assert _objects(settings) == before


def test_the_ledger_on_s3_verifies_by_itself(settings: Settings, tmp_path: Path) -> None:
    _push(settings)
    system, root = fsspec.core.url_to_fs(settings.release_target)
    system.get(f"{root}/ledger/", f"{tmp_path}/copy/", recursive=True)
    report = verify_ledger(tmp_path / "copy", None, None)
    assert report.ok, report.checks
    here = (settings.workspace / "ledger" / "public" / "checkpoint").read_bytes()
    assert (tmp_path / "copy" / "checkpoint").read_bytes() == here


def test_a_check_reads_everything_back_and_names_what_was_damaged(settings: Settings) -> None:
    _push(settings)
    assert check_pushed(settings, "set") == (2, [])
    folder = release_of(settings, "set").path(settings.workspace).name
    name = f"set/releases/{folder}/manifest.parquet"
    data = bytearray(_read(settings, name))
    data[100] ^= 1
    open_target(settings.release_target).write(name, bytes(data))
    assert check_pushed(settings, "set") == (2, [name])


def test_a_place_that_another_workspace_pushes_to_is_refused(
    settings: Settings, tmp_path: Path
) -> None:
    _push(settings)
    other = settings.model_copy(update={"workspace": tmp_path / "other"})
    other.workspace.mkdir()
    with pytest.raises(ReleaseError, match="another workspace"):
        _push(other)


def test_a_workspace_from_an_older_backup_moves_nothing_back(settings: Settings) -> None:
    _push(settings)
    target = open_target(settings.release_target)
    pointer = json.loads(_read(settings, "set/latest.json"))
    target.write("set/latest.json", json.dumps({**pointer, "number": 3, "id": "f" * 64}).encode())
    with pytest.raises(ReleaseError, match="older backup"):
        _push(settings)
    assert json.loads(_read(settings, "set/latest.json"))["number"] == 3


def test_a_ledger_that_is_shorter_than_its_copy_is_refused(settings: Settings) -> None:
    _push(settings)
    public = settings.workspace / "ledger" / "public"
    sizes = sorted(int(path.name) for path in (public / "checkpoints").iterdir())
    older = (public / "checkpoints" / str(sizes[-2])).read_bytes()
    for path in (public / "checkpoint", settings.workspace / "ledger" / "private" / "head"):
        path.write_bytes(older)
    with pytest.raises(LedgerError):
        _push(settings)


def test_storage_that_refuses_fails_no_run_and_is_told(settings: Settings) -> None:
    broken = settings.model_copy(update={"release_target": "file:///proc/nowhere"})
    database = open_database(broken.resolved_database_url)
    order = str(write_order("1", "set", "/set", "auto", broken, database))
    try:
        result = push_mirror.fn(order)
    finally:
        open_desk.cache_clear()
        database.dispose()
    assert not result["settled"]
    assert "kiyome releases push" in result["warning"]


def test_a_folder_of_this_machine_is_a_target_too(settings: Settings, tmp_path: Path) -> None:
    local = settings.model_copy(update={"release_target": f"file://{tmp_path}/mirror"})
    _push(local)
    assert check_pushed(local, "set") == (2, [])
    assert _push(local).kept == (2,)


def test_a_target_with_a_key_in_its_address_is_no_setting() -> None:
    with pytest.raises(SettingsError):
        load_settings(release_target="s3://key:secret@bucket/folder")


def test_a_dataset_whose_pictures_lie_on_s3_is_cleansed(s3: Bucket, tmp_path: Path) -> None:
    system = fsspec.filesystem("s3")
    rows = []
    for n in range(3):
        draw_picture(tmp_path / f"{n}.png", n)
        system.put_file(str(tmp_path / f"{n}.png"), f"{s3.name}/pictures/{n}.png")
        rows.append((f"{s3.url}/pictures/{n}.png", f"a drawing, number {n}"))
    rows.append((f"{s3.url}/pictures/gone.png", "a drawing that is gone"))
    table = tmp_path / "set.csv"
    with table.open("w", newline="") as file:
        csv.writer(file).writerows([("path", "caption"), *rows])
    settings = make_settings(tmp_path)
    cleanse(str(table), dataset="set", layout="manifest", settings=settings.model_dump(mode="json"))
    verdicts = {
        name.rpartition("/")[2]: said for name, said in outcomes_of(settings, "set").items()
    }
    assert {name: verdict for name, (verdict, _) in verdicts.items()} == {
        "0.png": "clear",
        "1.png": "clear",
        "2.png": "clear",
        "gone.png": "error",
    }
    assert verdicts["gone.png"][1] == "image_missing"
