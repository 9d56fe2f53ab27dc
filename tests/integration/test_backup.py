"""Backup and restore: what a team had is there again, from either database into either."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select, text

from flows.cleanse import cleanse
from flows.cli import kiyome
from models.assets.asset import unread_id
from models.backup.archive import DESCRIPTION, Description, write_description, writing
from models.errors import BackupError
from models.ledger.log import UsageLedger
from models.releases.recount import recount
from models.settings import Settings
from models.store.database import Database
from models.store.schema import newest_revision, open_database, read_schema, upgrade_schema
from models.store.tables import AuditRow, ReleaseRow, TakedownRow
from models.takedowns import acknowledge_takedown
from models.workspace import hold_workspace
from tests.pipeline import draw_dataset, make_settings, manifest_bytes, release_of

pytestmark = pytest.mark.prefect

TAKEN = unread_id("elsewhere.png")


@pytest.fixture(scope="module")
def used(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A workspace after one run and one takedown."""
    folder = tmp_path_factory.mktemp("used")
    settings = make_settings(folder)
    root = draw_dataset(folder / "set", 5)
    cleanse(str(root), dataset="set", settings=settings.model_dump(mode="json"))
    database = open_database(settings.resolved_database_url)
    with database.transaction() as session:
        acknowledge_takedown(session, TAKEN, "Aoi", "by letter")
    database.dispose()
    return settings


def run(*arguments: str, **variables: str) -> Result:
    """Call the command line, and fail with what it says if it fails."""
    result = CliRunner(env=variables).invoke(kiyome, arguments)
    assert result.exit_code == 0, (result.output, result.exception)
    return result


def make(settings: Settings, to: Path, *more: str) -> Result:
    """Make a backup."""
    return run(
        *("backup", "make", str(to), "--workspace", str(settings.workspace), *more),
        KIYOME_POLICY=str(settings.policy),
        KIYOME_DATABASE_URL=settings.database_url,
    )


def rows_of(url: str) -> dict[str, list[object]]:
    """Rows of a few tables."""
    database = open_database(url)
    with database.snapshot() as session:
        found = {
            table.__tablename__: [tuple(row) for row in session.execute(select(table.__table__))]
            for table in (ReleaseRow, TakedownRow, AuditRow)
        }
    database.dispose()
    return found


def test_a_restored_workspace_is_the_one_that_was_saved(used: Settings, tmp_path: Path) -> None:
    make(used, tmp_path / "b.tar.gz")
    restored = used.model_copy(update={"workspace": tmp_path / "new"})
    said = run(
        "backup", "restore", str(tmp_path / "b.tar.gz"), "--workspace", str(tmp_path / "new")
    )
    assert "verified" in said.output
    assert "BROKEN" not in said.output
    assert manifest_bytes(restored, "set") == manifest_bytes(used, "set")
    assert release_of(restored, "set") == release_of(used, "set")
    assert rows_of(restored.resolved_database_url) == rows_of(used.resolved_database_url)
    assert (tmp_path / "new" / "configuration-of-backup" / "policy.toml").read_bytes() == (
        used.policy.read_bytes()
    )


def test_a_run_on_it_publishes_the_same_and_continues_the_ledger(
    used: Settings, tmp_path: Path
) -> None:
    make(used, tmp_path / "b.tar")
    run("backup", "restore", str(tmp_path / "b.tar"), "--workspace", str(tmp_path / "new"))
    restored = used.model_copy(update={"workspace": tmp_path / "new"})
    root = used.workspace.parent / "set"
    summary = cleanse(str(root), dataset="set", settings=restored.model_dump(mode="json"))
    assert (summary["release"], summary["release_is_new"]) == (1, False)
    ledger = UsageLedger.open(tmp_path / "new" / "ledger", restored.ledger_origin)
    assert ledger.head().size == 5
    database = open_database(restored.resolved_database_url)
    assert all(check.ok for check in recount(database, restored.workspace, "set"))
    database.dispose()


def test_private_files_stay_private(used: Settings, tmp_path: Path) -> None:
    make(used, tmp_path / "b.tar.gz")
    assert (tmp_path / "b.tar.gz").stat().st_mode & 0o077 == 0
    run("backup", "restore", str(tmp_path / "b.tar.gz"), "--workspace", str(tmp_path / "new"))
    private = tmp_path / "new" / "ledger" / "private"
    assert private.stat().st_mode & 0o077 == 0
    secrets = [*private.glob("*.key"), *private.glob("*.keys"), *private.rglob("*.sealed")]
    assert len(secrets) == 4
    assert all(path.stat().st_mode & 0o077 == 0 for path in secrets)


@pytest.mark.postgresql
def test_a_file_database_can_be_restored_to_a_server_and_back(
    used: Settings, tmp_path: Path, postgresql_url: str
) -> None:
    make(used, tmp_path / "1.tar")
    run(
        *("backup", "restore", str(tmp_path / "1.tar")),
        *("--workspace", str(tmp_path / "server"), "--database-url", postgresql_url),
    )
    before = rows_of(used.resolved_database_url)
    moved = used.model_copy(
        update={"workspace": tmp_path / "server", "database_url": postgresql_url}
    )
    make(moved, tmp_path / "2.tar")
    run("backup", "restore", str(tmp_path / "2.tar"), "--workspace", str(tmp_path / "back"))
    back = rows_of(f"sqlite:///{tmp_path / 'back' / 'kiyome.db'}")
    assert back == before


def test_a_backup_of_an_older_schema_is_brought_to_the_newest(tmp_path: Path) -> None:
    settings = make_settings(tmp_path)
    settings.workspace.mkdir()
    old = Database(settings.resolved_database_url)
    upgrade_schema(old, "0001")
    with old.transaction() as session:
        session.execute(
            text("INSERT INTO takedowns VALUES ('ab', 'Aoi', '', 7)"),
        )
    with (
        (tmp_path / "old.tar").open("wb") as stream,
        writing(stream, compressed=False, spool=tmp_path) as archive,
    ):
        archive.add_bytes(DESCRIPTION, write_description(Description(1, "0.0", "0001", False)))
        row = {"asset_id": "ab", "requested_by": "Aoi", "note": "", "acknowledged_ms": 7}
        archive.add_lines("database/takedowns.jsonl", [json.dumps(row).encode() + b"\n"])
        archive.finish()
    run("backup", "restore", str(tmp_path / "old.tar"), "--workspace", str(tmp_path / "new"))
    database = Database(f"sqlite:///{tmp_path / 'new' / 'kiyome.db'}")
    assert read_schema(database)[1] == newest_revision()
    with database.snapshot() as session:
        assert session.scalars(select(TakedownRow.asset_id)).all() == ["ab"]
    database.dispose()


def test_nothing_is_overwritten(used: Settings, tmp_path: Path) -> None:
    make(used, tmp_path / "b.tar")
    (tmp_path / "new").mkdir()
    (tmp_path / "new" / "mine").write_text("mine")
    refused = CliRunner().invoke(
        kiyome, ["backup", "restore", str(tmp_path / "b.tar"), "--workspace", str(tmp_path / "new")]
    )
    assert "There is something at" in str(refused.exception)
    again = CliRunner().invoke(
        kiyome,
        ["backup", "make", str(tmp_path / "b.tar"), "--workspace", str(used.workspace)],
    )
    assert "already" in str(again.exception)
    assert (tmp_path / "new" / "mine").read_text() == "mine"


def test_a_damaged_backup_leaves_nothing_behind(used: Settings, tmp_path: Path) -> None:
    make(used, tmp_path / "b.tar")
    data = (tmp_path / "b.tar").read_bytes()
    (tmp_path / "b.tar").write_bytes(data[: len(data) // 2])
    refused = CliRunner().invoke(
        kiyome, ["backup", "restore", str(tmp_path / "b.tar"), "--workspace", str(tmp_path / "new")]
    )
    assert "Take another backup" in str(refused.exception)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.tar"]


def test_no_backup_is_made_while_a_run_goes_on(used: Settings, tmp_path: Path) -> None:
    with hold_workspace(used.workspace):
        refused = CliRunner().invoke(
            kiyome,
            ["backup", "make", str(tmp_path / "b.tar"), "--workspace", str(used.workspace)],
        )
    assert "Another run is using the workspace" in str(refused.exception)
    assert list(tmp_path.iterdir()) == []


def test_only_the_newest_are_kept(used: Settings, tmp_path: Path) -> None:
    for day in range(1, 4):
        (tmp_path / f"kiyome-2031010{day}T000000Z.tar.gz").write_bytes(b"old")
    (tmp_path / "kiyome-notes.txt").write_text("mine")
    make(used, tmp_path, "--keep", "2")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert "kiyome-20310103T000000Z.tar.gz" in names
    assert "kiyome-notes.txt" in names
    assert len(names) == 3


def test_a_folder_that_is_not_there_is_named_where_old_backups_are_to_go(
    used: Settings, tmp_path: Path
) -> None:
    more = ["--keep", "2", "--workspace", str(used.workspace)]
    with pytest.raises(BackupError, match=r"there is none at .*away.*make it first"):
        CliRunner().invoke(
            kiyome, ["backup", "make", str(tmp_path / "away"), *more], catch_exceptions=False
        )
    assert not (tmp_path / "away").exists()


def test_a_backup_can_be_sent_on_without_touching_a_disk(used: Settings, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "flows", "backup", "make", "-", "--workspace"]
    environment = {**os.environ, "KIYOME_POLICY": str(used.policy)}
    sent = subprocess.run(
        [*command, str(used.workspace)], check=True, capture_output=True, env=environment
    )
    taken = subprocess.run(
        [sys.executable, "-m", "flows", "backup", "check", "-"],
        check=True,
        input=sent.stdout,
        capture_output=True,
    )
    assert b"Whole and unchanged" in taken.stdout


def test_a_backup_that_is_killed_leaves_no_file_that_looks_whole(
    used: Settings, tmp_path: Path
) -> None:
    command = [sys.executable, "-m", "flows", "backup", "make", str(tmp_path / "b.tar")]
    environment = {**os.environ, "KIYOME_FAILPOINT": "backup.files"}
    killed = subprocess.run(
        [*command, "--workspace", str(used.workspace)], check=False, env=environment
    )
    assert killed.returncode < 0
    assert not (tmp_path / "b.tar").exists()
    make(used, tmp_path / "b.tar")
    assert "Whole and unchanged" in run("backup", "check", str(tmp_path / "b.tar")).output


def test_a_dry_run_writes_nothing(used: Settings, tmp_path: Path) -> None:
    said = make(used, tmp_path, "--dry-run")
    assert "It would be written to" in said.output
    assert list(tmp_path.iterdir()) == []
