"""What commands say, to people who use them with what is really there."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from flows.cli.audit import audit
from flows.cli.models import models
from flows.cli.takedown import takedown
from models.canonical import digest_bytes
from models.errors import KiyomeError, WorkspaceError

ASSET = digest_bytes(b"a picture")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KIYOME_SETTINGS", raising=False)
    return tmp_path


def say(*words: str) -> str:
    command = {"takedown": takedown, "audit": audit, "models": models}[words[0]]
    return (
        CliRunner().invoke(command, words[1:], catch_exceptions=False, standalone_mode=False).output
    )


def complain(*words: str) -> BaseException | None:
    command = {"takedown": takedown, "audit": audit}[words[0]]
    return CliRunner().invoke(command, words[1:], standalone_mode=False).exception


def test_a_takedown_is_listed_with_who_asked_and_why(folder: Path) -> None:
    say("takedown", "add", ASSET, "--by", "Aoi", "--note", "mail of 3 May")
    listed = say("takedown", "list")
    assert listed.split()[1:] == [ASSET, "Aoi", "mail", "of", "3", "May"]


def test_a_takedown_of_a_file_is_one_of_its_bytes(folder: Path) -> None:
    (folder / "a.png").write_bytes(b"a picture")
    assert ASSET in say("takedown", "add", "a.png", "--by", "Aoi")


def test_a_takedown_says_which_datasets_hold_the_asset(folder: Path) -> None:
    kept = folder / "workspace" / "datasets" / "posters"
    kept.mkdir(parents=True)
    pq.write_table(pa.table({"asset_id": [ASSET]}), kept / "outcomes.parquet")
    assert "It is in posters." in say("takedown", "add", ASSET, "--by", "Aoi")


def test_a_takedown_of_what_nobody_holds_is_acknowledged_and_says_so(folder: Path) -> None:
    said = say("takedown", "add", ASSET, "--by", "Aoi")
    assert "a new workspace: " in said.splitlines()[0]
    assert said.splitlines()[1].startswith("Acknowledged")
    assert "No dataset that was cleansed here holds it" in said


def test_a_takedown_of_neither_a_file_nor_an_id_is_refused(folder: Path) -> None:
    error = complain("takedown", "add", "nosuch.png", "--by", "Aoi")
    assert isinstance(error, KiyomeError)
    assert "There is no file 'nosuch.png'" in str(error)


def test_the_chain_of_a_workspace_that_is_not_there_is_not_called_whole(folder: Path) -> None:
    assert isinstance(complain("audit", "verify"), WorkspaceError)
    assert not (folder / "workspace").exists()


def test_a_whole_chain_is_shown_with_its_length_and_head(folder: Path) -> None:
    say("takedown", "add", ASSET, "--by", "Aoi")
    assert say("audit", "verify").startswith("ok    1 rows follow from each other, head ")


def test_a_search_without_a_match_says_so(folder: Path) -> None:
    assert "knows no encoder with 'nosuch'" in say("models", "list", "nosuch")
