"""Bad input: each ends with a sentence that says what to do, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from flows.cli import main
from flows.diagnosis import Health
from flows.doctoring import examine_house
from models.settings import Settings, load_settings
from models.store.schema import newest_revision, open_database
from models.workspace import hold_workspace
from tests.pipeline import POLICY, draw_dataset, run_kiyome


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a dataset and a policy, in which commands are typed."""
    draw_dataset(tmp_path / "set", 3)
    (tmp_path / "policy.toml").write_text(POLICY, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _complaint(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What `kiyome` says on the error stream; it has to fail, and without a traceback."""
    sys.argv = ["kiyome", *words]
    with pytest.raises(SystemExit) as caught:
        main()
    assert caught.value.code not in (0, None)
    said = capsys.readouterr().err
    assert "Traceback" not in said
    return said


def test_a_dataset_that_does_not_exist(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = _complaint(capsys, "cleanse", "nowhere", "--quiet")
    assert "nowhere" in said
    assert "Check the path" in said or "does not exist" in said or "There is no" in said


def test_an_empty_dataset(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "empty").mkdir()
    said = _complaint(capsys, "cleanse", "empty", "--quiet")
    assert "empty" in said


def test_a_folder_without_pictures(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "notes").mkdir()
    (place / "notes" / "a.txt").write_text("hello", encoding="utf-8")
    said = _complaint(capsys, "cleanse", "notes", "--quiet")
    assert "notes" in said


def test_a_policy_with_a_typo(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "policy.toml").write_text(POLICY + "\n[motifs]\nnamed_riks = 0.3\n", "utf-8")
    said = _complaint(capsys, "cleanse", "set", "--quiet")
    assert "did you mean 'named_risk'?" in said
    assert "policy.toml:" in said


def test_no_policy_at_all(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "policy.toml").unlink()
    assert "kiyome init" in _complaint(capsys, "cleanse", "set", "--quiet")


def test_settings_that_hold_nonsense(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "kiyome.toml").write_text('shard_size = "many"\nworkspase = "x"\n', "utf-8")
    said = _complaint(capsys, "cleanse", "set", "--quiet")
    assert "shard_size" in said
    assert "workspase" in said


def test_an_encoder_that_does_not_exist(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    said = _complaint(capsys, "cleanse", "set", "--quiet", "--encoder", "magic:eye")
    assert "magic:eye" in said


def test_a_database_of_an_older_version(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from tests.unit.test_schema import _make_older

    (place / "workspace").mkdir()
    _make_older(f"sqlite:///{place / 'workspace' / 'kiyome.db'}")
    assert "kiyome database upgrade" in _complaint(capsys, "cleanse", "set", "--quiet")
    sys.argv = ["kiyome", "database", "upgrade"]
    main()
    assert f"before-{newest_revision()}-from-0001" in capsys.readouterr().out


def test_a_database_that_is_damaged(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "workspace").mkdir()
    (place / "workspace" / "kiyome.db").write_bytes(b"not a database " * 500)
    said = _complaint(capsys, "cleanse", "set", "--quiet")
    assert "kiyome.db" in said


def test_two_runs_at_once_on_one_workspace(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "workspace").mkdir()
    with hold_workspace(place / "workspace"):
        said = _complaint(capsys, "cleanse", "set", "--quiet")
    assert f"process {os.getpid()}" in said
    assert "Wait until it has finished" in said


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MiB."""
    if os.getuid() != 0:
        pytest.skip("mounting a small file system needs root")
    folder = tmp_path / "disk"
    folder.mkdir()
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", folder], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(f"no file system can be mounted here: {done.stderr.decode().strip()}")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)


def test_a_disk_without_room(
    place: Path, small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said = _complaint(capsys, "cleanse", "set", "--quiet", "--workspace", str(small_disk / "ws"))
    assert "Free some disk space" in said


def test_a_disk_that_fills_up_in_the_middle(
    place: Path,
    small_disk: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was finished before stays, and counts when there is room again."""
    monkeypatch.setattr("models.workspace.LEAST_FREE", 0)
    workspace = small_disk / "ws"
    (workspace / "stages").mkdir(parents=True)
    database = open_database(f"sqlite:///{place / 'elsewhere.db'}")
    database.dispose()
    monkeypatch.setenv("KIYOME_DATABASE_URL", f"sqlite:///{place / 'elsewhere.db'}")
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 40_000))
    said = _complaint(capsys, "cleanse", "set", "--quiet", "--workspace", str(workspace))
    assert "disk space" in said
    filler.unlink()
    sys.argv = ["kiyome", "cleanse", "set", "--quiet", "--workspace", str(workspace)]
    main()
    assert "3  clear" in capsys.readouterr().out


def test_a_workspace_that_is_read_only(
    place: Path, small_disk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (small_disk / "ws").mkdir()
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
    said = _complaint(capsys, "cleanse", "set", "--quiet", "--workspace", str(small_disk / "ws"))
    assert "writ" in said or "space" in said


def test_an_unknown_command_is_answered_with_the_help(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "No such command 'clense'" in _complaint(capsys, "clense")


def test_a_workspace_whose_disk_is_away(
    place: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a run nor the doctor leaves anything in the empty mount point."""
    mount = place / "mount"
    mount.mkdir()
    monkeypatch.setenv("KIYOME_NEW_WORKSPACE", "never")
    for workspace in (mount, mount / "ws"):
        said = _complaint(capsys, "cleanse", "set", "--quiet", "--workspace", str(workspace))
        assert "Mount its disk" in said
        found = {each.subject: each for each in examine_house(load_settings(workspace=workspace))}
        assert found["workspace"].health is Health.BAD
        assert found["names"].found == "not examined: see workspace"
    assert not any(mount.iterdir())


def test_the_doctor_names_what_is_wrong_and_how_to_mend_it(place: Path) -> None:
    (place / "policy.toml").write_text(POLICY + "\n[motif]\n", encoding="utf-8")
    done = run_kiyome("doctor", "--workspace", place / "ws", "--policy", place / "policy.toml")
    assert done.returncode == 1
    assert "did you mean 'motifs'?" in done.stdout
    assert "kiyome register names add" in done.stdout


def test_the_doctor_says_once_what_several_checks_meet(tmp_path: Path) -> None:
    database = open_database(f"sqlite:///{tmp_path}/kiyome.db")
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '0008'"))
    database.dispose()
    settings = Settings(workspace=tmp_path / "ws", database_url=f"sqlite:///{tmp_path}/kiyome.db")
    found = {each.subject: each for each in examine_house(settings)}
    assert "kiyome database upgrade" in found["database"].mend
    assert found["names"].found == "not examined: see database"
    assert found["names"].health is Health.BAD


def test_a_run_that_failed_is_remembered_with_its_reason(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from flows.cleanse import cleanse
    from models.errors import DatasetError

    with pytest.raises(DatasetError):
        cleanse(str(place / "nowhere"), settings={"workspace": str(place / "ws")})
    database = open_database(f"sqlite:///{place / 'ws' / 'kiyome.db'}")
    with database.snapshot() as session:
        rows = session.execute(text("SELECT status, detail FROM runs")).all()
    database.dispose()
    assert [row.status for row in rows] == ["failed"]
    assert "nowhere" in rows[0].detail


def test_a_dataset_that_could_not_be_read_leaves_no_trace_in_the_workspace(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _complaint(capsys, "cleanse", "nowhere", "--quiet")
    assert not (place / "workspace" / "datasets" / "nowhere").exists()


def test_two_datasets_whose_folders_have_the_same_name(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sys.argv = ["kiyome", "cleanse", "set", "--quiet"]
    main()
    draw_dataset(place / "elsewhere" / "set", 2)
    said = _complaint(capsys, "cleanse", "elsewhere/set", "--quiet")
    assert "the name of another dataset" in said
    assert "--dataset" in said


@pytest.mark.parametrize("command", [["recount"], ["audit", "verify"], ["takedown", "list"]])
def test_a_command_that_only_looks_makes_no_workspace(
    place: Path, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert "There is no workspace" in _complaint(capsys, *command, "--workspace", "typo")
    assert not (place / "typo").exists()
