"""Registering a folder: by its names or its list, one by one, or only to see what would happen."""

from __future__ import annotations

import csv
import errno
import os
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from models.errors import RegisterError
from models.motifs.register import (
    Claim,
    Manner,
    export_motifs,
    list_motifs,
    read_folder,
    register_folder,
    rehearsing,
)
from models.store.database import Database
from tests.reference_pictures import SVG, save, scene


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    (folder / "fox").mkdir(parents=True)
    (folder / "fox" / "front.png").write_bytes(save(scene(1)))
    (folder / "fox" / "small.jpg").write_bytes(save(scene(1).resize((160, 120)), "JPEG"))
    (folder / "owl.png").write_bytes(save(scene(2)))
    (folder / "bad.png").write_bytes(SVG)
    (folder / "._owl.png").write_bytes(b"what a file system left")
    return folder


def register(
    database: Database, workspace: Path, folder: Path, manner: Manner | None = None
) -> dict[str, str]:
    entries = read_folder(folder, Claim(""))
    done = register_folder(
        database.transaction, workspace, folder, entries, manner or Manner("mika")
    )
    return {name: outcome.kind for name, outcome in done}


def labels(database: Database) -> list[str]:
    with database.transaction() as session:
        return [row.label for row in list_motifs(session)]


def test_every_picture_has_one_outcome_and_none_stops_the_others(
    sqlite_database: Database, tmp_path: Path, folder: Path
) -> None:
    assert register(sqlite_database, tmp_path, folder) == {
        "bad.png": "refused",
        "fox/front.png": "added",
        "fox/small.jpg": "added",
        "owl.png": "added",
    }
    assert labels(sqlite_database) == ["fox", "fox", "owl"]


def test_what_is_registered_is_kept_as_soon_as_it_is_told(
    sqlite_database: Database, tmp_path: Path, folder: Path
) -> None:
    entries = read_folder(folder, Claim(""))
    outcomes = register_folder(sqlite_database.transaction, tmp_path, folder, entries)
    next(outcomes)
    next(outcomes)
    assert labels(sqlite_database) == ["fox"]
    outcomes.close()  # type: ignore[attr-defined]
    assert labels(sqlite_database) == ["fox"]


def test_a_subfolder_that_cannot_be_read_is_an_error_and_not_passed_over(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scan = os.scandir

    def refuse(path: str | Path) -> object:
        if Path(path).name == "fox":
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(RegisterError, match="fox cannot be read: Permission denied"):
        read_folder(folder, Claim(""))


def test_pictures_of_one_folder_are_compared_with_each_other(
    sqlite_database: Database, tmp_path: Path, folder: Path
) -> None:
    done = register(sqlite_database, tmp_path, folder, Manner(skip_duplicates=True))
    assert done["fox/small.jpg"] == "skipped"


def test_a_rehearsal_says_the_same_and_changes_nothing(
    sqlite_database: Database, tmp_path: Path, folder: Path
) -> None:
    entries = read_folder(folder, Claim(""))
    manner = Manner("mika", keep_files=False, skip_duplicates=True)
    with rehearsing(sqlite_database) as transactions:
        told = {
            n: o.kind for n, o in register_folder(transactions, tmp_path, folder, entries, manner)
        }
    assert labels(sqlite_database) == []
    assert not (tmp_path / "register").exists()
    assert told == register(sqlite_database, tmp_path, folder, Manner("mika", skip_duplicates=True))


def test_a_rehearsal_knows_what_is_registered(
    sqlite_database: Database, tmp_path: Path, folder: Path
) -> None:
    register(sqlite_database, tmp_path, folder)
    entries = read_folder(folder, Claim(""))
    with rehearsing(sqlite_database) as transactions:
        told = [
            outcome.kind
            for _, outcome in register_folder(
                transactions, tmp_path, folder, entries, Manner(keep_files=False)
            )
        ]
    assert sorted(told) == ["known", "known", "known", "refused"]


def test_a_rehearsal_needs_no_register(tmp_path: Path, folder: Path) -> None:
    with rehearsing(None) as transactions:
        opened: AbstractContextManager[Session] = transactions()
        with opened as session:
            assert list_motifs(session) == ()


LIST = (
    "file,label,category,owner,right,right_note,box\n"
    'owl.png,"Owl, the ""wise""",character,Aoi,copyright,"line one\nline two","10,10,200,200"\n'
    "owl.png\n"
    "fox/front.png,Fox,beast,,,,\n"
    "fox/front.png,Fox,,,moral,,\n"
    "fox/front.png,Fox,,,,,5\n"
    "fox/../fox/front.png,狐,logo,,,,,surplus\n"
    ",Nothing,,,,,\n"
)


def test_a_list_says_what_is_claimed_of_each_picture(
    sqlite_database: Database, tmp_path: Path, folder: Path
) -> None:
    (folder / "motifs.csv").write_text(LIST, encoding="utf-8-sig")
    entries = read_folder(folder, Claim("", owner="Ben", source="press kit"))
    kinds = [
        (name, outcome.kind, outcome.refusal.code if outcome.refusal else "")
        for name, outcome in register_folder(sqlite_database.transaction, tmp_path, folder, entries)
    ]
    assert kinds == [
        ("owl.png", "added", ""),
        ("owl.png", "refused", "no_label"),
        ("fox/front.png", "refused", "category"),
        ("fox/front.png", "refused", "right"),
        ("fox/front.png", "refused", "box_numbers"),
        ("fox/../fox/front.png", "added", ""),
        ("", "refused", "fault_image_missing"),
    ]
    with sqlite_database.transaction() as session:
        owl, fox = list_motifs(session)
    assert (owl.label, owl.owner, owl.right_kind, owl.right_note) == (
        *('Owl, the "wise"', "Aoi", "copyright"),
        "line one\nline two",
    )
    assert owl.box.startswith("0.03125,0.041667,")
    assert (fox.label, fox.category, fox.owner, fox.source) == ("狐", "logo", "Ben", "press kit")


@pytest.mark.parametrize(
    "content",
    ["", "label\nx\n", "file,label\n", 'file,label\n"a', "file\0,label\n"],
    ids=["empty", "no file", "no rows", "open quote", "nul"],
)
def test_a_list_that_says_nothing_is_an_error(folder: Path, content: str) -> None:
    (folder / "motifs.csv").write_text(content)
    with pytest.raises(RegisterError):
        read_folder(folder, Claim(""))


@pytest.mark.parametrize("named", ["../owl.png", "fox/../../owl.png", "/etc/hostname"])
def test_a_list_cannot_reach_outside_its_folder(
    sqlite_database: Database, tmp_path: Path, folder: Path, named: str
) -> None:
    (folder / "motifs.csv").write_text(f"file,label\n{named},Owl\nowl.png,Owl\n")
    entries = read_folder(folder, Claim(""))
    told = [
        outcome.refusal.code if outcome.refusal else outcome.kind
        for _, outcome in register_folder(sqlite_database.transaction, tmp_path, folder, entries)
    ]
    assert told == ["outside_folder", "added"]


def test_an_exported_register_can_be_registered_elsewhere(
    sqlite_database: Database, tmp_path: Path, folder: Path
) -> None:
    manner = Manner("mika")
    entries = [("owl.png", Claim("Owl", "logo", "Aoi", "kit", "trademark", "No. 1", "0,0,0.5,0.5"))]
    list(register_folder(sqlite_database.transaction, tmp_path, folder, entries, manner))
    out = tmp_path / "out"
    with sqlite_database.transaction() as session:
        assert export_motifs(session, tmp_path, out) == 1
        (before,) = list_motifs(session)
        with pytest.raises(RegisterError, match="not empty"):
            export_motifs(session, tmp_path, out)
    with (out / "motifs.csv").open(encoding="utf-8") as file:
        (row,) = csv.DictReader(file)
    assert (row["registered_by"], row["state"]) == ("mika", "confirmed")
    with rehearsing(None) as transactions:
        list(register_folder(transactions, tmp_path, out, read_folder(out, Claim("")), manner))
        with transactions() as session:
            (after,) = list_motifs(session)
    for name in ("id", "label", "category", "owner", "source", "right_kind", "right_note", "box"):
        assert getattr(before, name) == getattr(after, name)
