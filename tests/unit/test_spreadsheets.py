"""Tables for people: nothing in them runs when a spreadsheet opens them."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pyarrow as pa
import pytest

from models.captions.exporting import write_csv
from models.captions.making import CaptionPlace, plan_edit, propose
from models.captions.records import EditFilter
from models.releases.attribution import write_attribution
from models.releases.manifest import MANIFEST
from models.spreadsheets import defuse
from models.store.database import Database

FORMULAS = ("=1+1", "+1", "-1", "@SUM(1)", "\t=1", "\r=1", '=HYPERLINK("https://evil.example")')


@pytest.mark.parametrize("text", FORMULAS)
def test_what_begins_like_a_formula_gets_an_apostrophe(text: str) -> None:
    assert defuse(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a fox = a fox", "1-2", "'=1", "猫"])
def test_other_text_is_left_alone(text: str) -> None:
    assert defuse(text) == text


def test_what_owners_propose_runs_in_no_spreadsheet(
    sqlite_database: Database, tmp_path: Path
) -> None:
    place = CaptionPlace("books", "a" * 64, "=name", "=a fox")
    with sqlite_database.transaction() as session:
        propose(session, place, plan_edit(place.original, FORMULAS[-1]), "aoi", "1", "")
        write_csv(session, EditFilter(), tmp_path / "edits.csv")
    text = (tmp_path / "edits.csv").read_text("utf-8")
    _, row = csv.reader(io.StringIO(text))
    assert row[1:4] == ["'=name", "'=a fox", f"'{FORMULAS[-1]}"]


def test_how_somebody_wants_to_be_named_runs_in_no_spreadsheet() -> None:
    named = {"asset_id": "a" * 64, "names": ["+a.png"], "authors": [FORMULAS[-1]]}
    row = {field.name: None for field in MANIFEST} | named | {"attribution": True, "consent": []}
    lists = {f.name: [] for f in MANIFEST if pa.types.is_list(f.type) and row[f.name] is None}
    table = pa.Table.from_pylist([{**row, **lists}], schema=MANIFEST)
    data = write_attribution(table)
    assert data is not None
    _, line = csv.reader(io.StringIO(data.decode()))
    assert line[1:3] == ["'+a.png", f"'{FORMULAS[-1]}"]
