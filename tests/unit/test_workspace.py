"""The workspace: one run at a time, and names that are safe as folders."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import SettingsError, WorkspaceError
from models.settings import Settings
from models.workspace import (
    check_dataset_name,
    hold_workspace,
    name_dataset,
    prepare_workspace,
    require_text,
)


def test_a_second_run_is_refused_and_told_who_holds_the_workspace(tmp_path: Path) -> None:
    code = f"""
import sys
from pathlib import Path
from models.workspace import hold_workspace
with hold_workspace(Path({str(tmp_path)!r})):
    print("held", flush=True)
    sys.stdin.read()
"""
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(WorkspaceError) as caught, hold_workspace(tmp_path):
            pass
        assert f"process {holder.pid}" in str(caught.value)
        holder.kill()
    with hold_workspace(tmp_path):
        assert (tmp_path / "run.holder.json").exists()


def test_the_workspace_is_free_again_after_a_run(tmp_path: Path) -> None:
    for _ in range(2):
        with hold_workspace(tmp_path):
            pass


def test_a_workspace_that_goes_away_ends_what_holds_it_with_a_sentence(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    with pytest.raises(FileNotFoundError), hold_workspace(workspace):
        (workspace / "missing").read_bytes()

    def lose() -> None:
        workspace.rename(tmp_path / "aside")
        (workspace / "plan.json").read_bytes()

    with pytest.raises(WorkspaceError, match="has gone away"), hold_workspace(workspace):
        lose()


def test_a_workspace_in_the_place_of_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(WorkspaceError, match="name another with --workspace"):
        prepare_workspace(tmp_path / "file")


@given(st.text(min_size=1))
def test_every_path_gives_a_usable_dataset_name(root: str) -> None:
    assert check_dataset_name(name_dataset(root))


def test_different_awkward_names_stay_different() -> None:
    assert name_dataset("/data/画像") != name_dataset("/data/写真")


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "a b", "x" * 81])
def test_a_name_that_cannot_be_a_folder_is_refused(name: str) -> None:
    with pytest.raises(WorkspaceError):
        check_dataset_name(name)


def test_a_question_mark_in_the_workspaces_path_does_not_send_the_database_elsewhere(
    tmp_path: Path,
) -> None:
    with pytest.raises(SettingsError, match="question mark"):
        _ = Settings(workspace=tmp_path / "a?b").resolved_database_url


def test_a_path_that_is_not_utf_8_is_refused_with_a_name_that_can_be_shown() -> None:
    with pytest.raises(WorkspaceError, match=r"a\\udcff is not UTF-8"):
        require_text("/fine/ü", "/data/a\udcff")
