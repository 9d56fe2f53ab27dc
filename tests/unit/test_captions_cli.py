"""`kiyome captions`: what it says and does, on a workspace with edits in it."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from flows.cli.captions import captions
from models.captions.making import CaptionPlace, plan_edit, propose, put_in_force
from models.captions.records import effective_edits
from models.errors import CaptionEditError
from models.review.audit import read_latest
from models.store.database import Database
from models.store.schema import open_database

PLACE = CaptionPlace("set", "a" * 64, "0.png", "Hatsune Miku\u202e, by a river")


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Database]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KIYOME_SETTINGS", raising=False)
    monkeypatch.setenv("LOGNAME", "mika")
    (tmp_path / "workspace" / "datasets" / "set").mkdir(parents=True)
    opened = open_database(f"sqlite:///{tmp_path / 'workspace' / 'kiyome.db'}")
    yield opened
    opened.dispose()


@pytest.fixture
def edit_id(database: Database) -> str:
    with database.transaction() as session:
        propose(session, PLACE, plan_edit(PLACE.original, "a boy"), "owner", "o1")
        return put_in_force(session, PLACE, plan_edit(PLACE.original, "a girl"), "ken")


def say(*words: str) -> str:
    runner = CliRunner()
    return runner.invoke(captions, words, catch_exceptions=False, standalone_mode=False).output


def test_the_list_shows_what_stood_there_and_what_does_now(
    database: Database, edit_id: str
) -> None:
    shown = say("list")
    assert edit_id in shown
    assert "+ a girl" in shown
    assert "\u202e" not in shown
    assert "a boy" not in shown
    assert "a boy" in say("list", "--state", "proposed")


def test_an_empty_list_says_so(database: Database) -> None:
    assert say("list") == "No caption edits.\n"


def test_the_table_holds_every_caption_exactly(database: Database, edit_id: str) -> None:
    assert say("list", "--state", "all", "--csv", "edits.csv").startswith("2 edits")
    with Path("edits.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["text"]: row for row in csv.DictReader(file)}
    assert rows["a girl"]["original"] == PLACE.original
    assert (rows["a girl"]["state"], rows["a boy"]["state"]) == ("in_force", "proposed")


def test_undo_ends_an_edit_and_names_who_did_it(database: Database, edit_id: str) -> None:
    assert "Undone: 0.png" in say("undo", edit_id)
    with database.snapshot() as session:
        assert effective_edits(session, "set") == {}
        assert read_latest(session, 1)[0].actor == "mika"
    again = CliRunner().invoke(captions, ["undo", edit_id], standalone_mode=False).exception
    assert isinstance(again, CaptionEditError)
