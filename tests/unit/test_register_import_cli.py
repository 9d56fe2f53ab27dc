"""kiyome register import: what a person types to import a list, and what is shown and written."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import select

from flows.cli import kiyome
from models.nouns.importers.formats import FORMATS
from models.nouns.register.entries import CATEGORIES
from models.nouns.register.history import diff_register
from models.nouns.register.storage import NameEntry, find_names, load_register, register_number
from models.nouns.vocabulary import VOCABULARY_KIND, load_vocabulary
from models.settings import load_settings
from models.store.schema import open_database
from models.store.tables import NameListRow, RegisterRow

TAGS = (
    "1star,0,900,one_star\ntomori_ren,1,30,\nlantern_parade,3,20,\nakane_(lantern_parade),4,10,\n"
)
HOSTILE = "\x1b[2J\u202e"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KIYOME_SETTINGS", raising=False)
    return tmp_path


def run(*words: str) -> Result:
    return CliRunner().invoke(kiyome, ["register", *words])


def write(name: str, content: str | bytes) -> str:
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return name


def registered() -> dict[str, NameEntry]:
    database = open_database(load_settings().resolved_database_url)
    with database.snapshot() as session:
        entries = {entry.name: entry for entry in load_register(session).entries}
    database.dispose()
    return entries


def tags() -> set[str]:
    database = open_database(load_settings().resolved_database_url)
    with database.snapshot() as session:
        found = set(load_vocabulary(session).tags)
    database.dispose()
    return found


def versions() -> tuple[int, int]:
    database = open_database(load_settings().resolved_database_url)
    with database.snapshot() as session:
        vocabulary = session.scalar(
            select(RegisterRow.version).where(RegisterRow.kind == VOCABULARY_KIND)
        )
        found = (register_number(session), vocabulary or 0)
    database.dispose()
    return found


def lists() -> dict[str, NameListRow]:
    database = open_database(load_settings().resolved_database_url)
    with database.snapshot() as session:
        found = {row.source: row for row in session.scalars(select(NameListRow))}
        session.expunge_all()
    database.dispose()
    return found


def test_a_list_of_tags_feeds_the_register_and_the_vocabulary() -> None:
    result = run("import", write("tags.csv", TAGS))
    assert result.exit_code == 0
    assert "tags.csv: tagcomplete (danbooru), dated" in result.output
    assert "4 of 4 rows are in the register or the vocabulary." in result.output
    assert "names new: 1 artist, 1 character, 1 work; changed: 0" in result.output
    assert "tags read: 2; new in the vocabulary: 2" in result.output
    assert set(registered()) == {"tomori_ren", "lantern_parade", "akane_(lantern_parade)"}
    assert tags() == {"1star", "one star"}


def test_an_import_is_one_version_of_each_and_importing_again_is_none() -> None:
    write("tags.csv", TAGS)
    run("import", "tags.csv")
    assert versions() == (1, 1)
    again = run("import", "tags.csv")
    assert "names new: none; changed: 0" in again.output
    assert "new in the vocabulary: 0" in again.output
    assert versions() == (1, 1)


def test_a_list_is_recorded_with_what_was_said_of_it() -> None:
    words = ["--source", "the tag list", "--licence", "MIT", "--dated", "2024-02-29"]
    result = run("import", write("tags.csv", TAGS), *words, "--by", "mei")
    assert "the tag list: tagcomplete (danbooru), dated 2024-02-29, MIT" in result.output
    row = lists()["the tag list"]
    assert (row.format, row.licence, row.rows) == ("tagcomplete", "MIT", 4)
    assert row.dated_ms == 1_709_164_800_000
    entry = registered()["tomori_ren"]
    assert (entry.source, entry.licence) == ("the tag list", "MIT")
    database = open_database(load_settings().resolved_database_url)
    with database.snapshot() as session:
        assert diff_register(session, 0, 1).actors == ("mei",)
    database.dispose()


def test_a_dry_run_shows_what_would_come_and_writes_nothing() -> None:
    run("import", write("old.csv", "name,category\nmew,character\n"))
    before = (registered(), tags(), versions(), set(lists()))
    result = run("import", write("tags.csv", TAGS), "--dry-run")
    assert "4 of 4 rows would be in the register or the vocabulary." in result.output
    assert "+ akane_(lantern_parade)  (character)" in result.output
    assert "Nothing was written" in result.output
    assert (registered(), tags(), versions(), set(lists())) == before


def test_a_dry_run_makes_no_workspace() -> None:
    result = run("import", write("tags.csv", TAGS), "--dry-run")
    assert result.exit_code == 0
    assert "names new: 1 artist" in result.output
    assert [path.name for path in Path().iterdir()] == ["tags.csv"]


def test_a_newer_copy_adds_what_is_new_and_removes_nothing_unless_asked() -> None:
    run("import", write("tags.csv", TAGS))
    newer = TAGS.replace("tomori_ren,1,30,\n", "kite_mina,1,5,\n").replace(
        "1star,0,900,one_star\n", ""
    )
    write("tags.csv", newer)
    run("import", "tags.csv")
    assert {"tomori_ren", "kite_mina"} <= set(registered())
    shown = run("import", "tags.csv", "--replace", "--dry-run").output
    assert "no longer in the list and to be removed: 1 names, 2 tags" in shown
    assert "- tomori_ren  (artist)" in shown
    assert "tomori_ren" in registered()
    run("import", "tags.csv", "--replace")
    assert "tomori_ren" not in registered()
    assert "kite_mina" in registered()
    assert tags() == set()
    assert (
        "no longer in the list and removed: 0 names"
        in run("import", "tags.csv", "--replace").output
    )


def test_replacing_leaves_names_that_somebody_else_gave() -> None:
    run("names", "add", "tomori_ren", "--category", "artist")
    run("import", write("other.csv", "name,category\nlantern_parade,work\n"))
    run("import", write("tags.csv", TAGS))
    result = run("import", write("tags.csv", "akane_(lantern_parade),4,10,\n"), "--replace")
    assert "kept because others gave them too: 2" in result.output
    assert {"tomori_ren", "lantern_parade"} <= set(registered())


def test_replacing_touches_no_other_list() -> None:
    run("import", write("other.csv", "name,category\nmew,character\n"))
    run("import", write("tags.csv", TAGS))
    run("import", write("tags.csv", "tomori_ren,1,30,\n"), "--replace")
    assert set(registered()) == {"mew", "tomori_ren"}


def test_replacing_removes_nothing_where_rows_cannot_be_read() -> None:
    run("import", write("tags.csv", TAGS))
    result = run("import", write("tags.csv", 'tomori_ren,1,30,"open\nakane,4,1,\n'), "--replace")
    assert "not seen in the list: 5. Nothing was removed" in result.output
    assert "tomori_ren" in registered()


def test_a_name_that_was_removed_comes_back_with_its_list() -> None:
    run("import", write("tags.csv", TAGS))
    run("import", write("tags.csv", "akane,4,1,\n"), "--replace")
    run("import", write("tags.csv", TAGS))
    assert "tomori_ren" in registered()
    run("import", write("tags.csv", "akane,4,1,\n"), "--replace")
    assert set(registered()) == {"akane"}


def test_a_list_that_breaks_off_is_not_imported_unless_asked() -> None:
    whole = gzip.compress("".join(f"name_{n},4,{n * n},\n" for n in range(3000)).encode())
    write("tags.csv.gz", whole[: len(whole) // 2])
    refused = run("import", "tags.csv.gz")
    assert refused.exit_code != 0
    assert "nothing was imported" in str(refused.exception)
    assert registered() == {}
    assert lists() == {}
    taken = run("import", "tags.csv.gz", "--partial")
    assert taken.exit_code == 0
    assert "Only a part was read." in taken.output
    assert 0 < len(registered()) < 3000


def test_a_part_cannot_replace_a_whole() -> None:
    result = run("import", write("tags.csv", TAGS), "--partial", "--replace")
    assert "Leave out --partial or --replace." in str(result.exception)


def test_problems_are_shown_up_to_a_number_and_all_written_to_a_file() -> None:
    bad = "".join(f"bad{n},x,1,\n" for n in range(30))
    result = run("import", write("tags.csv", TAGS + bad), "--problems", "problems.csv")
    assert result.output.count("tags.csv:") == 21  # the list itself, and twenty lines of it
    assert "… and 10 more; all are in problems.csv." in result.output
    with Path("problems.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["line"] for row in rows] == [str(line) for line in range(5, 35)]
    assert {row["left_out"] for row in rows} == {"row"}


def test_only_the_categories_wanted_are_taken() -> None:
    result = run("import", write("tags.csv", TAGS), "--only", "artist", "--only", "work")
    assert set(registered()) == {"tomori_ren", "lantern_parade"}
    assert "passed over: 1 names of another category" in result.output


def test_what_is_shown_cannot_command_the_terminal() -> None:
    content = (
        f"name,category,source\nmew{HOSTILE},character,here{HOSTILE}\n{HOSTILE},work{HOSTILE},\n"
    )
    for words in ([], ["--dry-run"]):
        result = run("import", write("names.csv", content), *words)
        assert result.exit_code == 0
        assert not any(char in result.output for char in "\x1b\u202e")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--types", "emperor"], "is none of person"),
        (["--languages", "english"], "is no language"),
        (["--dated", "yesterday"], "does not match the format"),
        (["--category", "animal"], "is not one of"),
        (["--problems", "nowhere/problems.csv"], "cannot be written"),
        (["--problems", "./tags.csv"], "is the list itself"),
        (["--dated", "2999-01-01"], "after today"),
        (["--format", "jmnedict"], "beyond line 1"),
    ],
)
def test_what_is_typed_amiss_is_told_and_nothing_is_written(words: list[str], told: str) -> None:
    result = run("import", write("tags.csv", TAGS), *words)
    assert result.exit_code != 0
    assert told in result.output + str(result.exception)
    assert not Path("workspace").is_dir() or registered() == {}
    assert Path("tags.csv").read_text() == TAGS


def test_the_command_offers_every_format_and_category() -> None:
    from flows.cli.register import importing

    assert set(importing._FORMATS) == set(FORMATS)
    assert set(importing._CATEGORIES) == set(CATEGORIES)
    shown = run("import", "--help").output
    assert all(f"  {form} " in shown for form in FORMATS)


def test_a_list_in_another_format_is_imported_from_one_command() -> None:
    item = {
        "id": "Q11",
        "labels": {"en": {"value": "Akane Tomori"}, "ja": {"value": "灯守茜"}},
        "claims": {"P31": [{"mainsnak": {"datavalue": {"value": {"id": "Q95074"}}}}]},
    }
    run("import", write("items.json", json.dumps({"entities": {"Q11": item}})))
    entry = registered()["Akane Tomori"]
    assert entry.category == "character"
    assert {(s.text, s.language) for s in entry.surfaces} == {
        ("Akane Tomori", "en"),
        ("灯守茜", "ja"),
    }
    assert entry.licence == "CC0-1.0"


def test_a_name_of_two_lists_is_found_once_with_the_spellings_of_both() -> None:
    run("import", write("one.csv", "name,category,aliases\nakane,character,one\n"))
    run("import", write("two.csv", "name,category,aliases\nAkane,character,two\n"))
    database = open_database(load_settings().resolved_database_url)
    with database.snapshot() as session:
        (entry,) = find_names(session, "akane")
    database.dispose()
    assert {surface.text for surface in entry.surfaces} == {"akane", "Akane", "one", "two"}
