"""Importing lists as they are published: 31,172 descriptive tags and 70,786 names."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import pytest

from models.nouns.importing import import_list
from models.nouns.recognition import term_of
from models.nouns.register.storage import count_names, register_number
from models.nouns.vocabulary import load_vocabulary
from models.store.database import Database

CAPTIONS = Path(__file__).resolve().parents[3] / "shared" / "data" / "captions"
ENAMDICT = Path("/usr/share/edict/enamdict")

needs_captions = pytest.mark.skipif(
    not (CAPTIONS / "register.csv").exists(),
    reason="the caption data is not beside the checkout (../shared/data/captions)",
)


def read(name: str) -> list[list[str]]:
    with (CAPTIONS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@needs_captions
def test_every_descriptive_tag_is_in_the_vocabulary(database: Database) -> None:
    rows = read("tagcomplete.csv")
    with database.transaction() as session:
        report = import_list(session, CAPTIONS / "tagcomplete.csv")
        vocabulary = load_vocabulary(session)
        again = import_list(session, CAPTIONS / "tagcomplete.csv")
    assert report.format == "tagcomplete (danbooru)"
    assert (report.rows, report.usable, report.problems) == (len(rows), len(rows), 0)
    assert report.names == {}
    missing = [tag for tag, *_ in rows if term_of(tag) and term_of(tag) not in vocabulary]
    assert missing == []
    assert report.tags_added == len(vocabulary.tags)
    assert again.tags_added == 0


@needs_captions
def test_every_name_of_a_large_list_is_in_the_register(database: Database) -> None:
    _, *rows = read("register.csv")
    with database.transaction() as session:
        report = import_list(session, CAPTIONS / "register.csv")
        again = import_list(session, CAPTIONS / "register.csv", replace=True)
        assert count_names(session) == len(rows)
        assert register_number(session) == 1
    assert report.added == report.names == Counter(row[1] for row in rows)
    assert (again.added, again.changed, again.removed, again.kept) == ({}, 0, 0, 0)


@pytest.mark.skipif(not ENAMDICT.exists(), reason="the Debian package enamdict is not installed")
def test_the_dictionary_of_japanese_names_is_read_without_a_problem(database: Database) -> None:
    with database.transaction() as session:
        report = import_list(session, ENAMDICT)
        again = import_list(session, ENAMDICT)
        assert count_names(session) == sum(report.added.values())
    assert report.is_day_known
    assert report.problems == 0
    assert report.names["person"] > 50_000
    assert (again.added, again.changed) == ({}, 0)
