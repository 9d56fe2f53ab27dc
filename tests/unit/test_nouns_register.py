"""The register of names in the database, and lists that are imported into it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from models.errors import RegisterError
from models.nouns.importing import import_names
from models.nouns.register import (
    Surface,
    add_name,
    list_names,
    load_register,
    register_number,
    remove_name,
)
from models.store.database import Database
from models.store.tables import Base


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path / 'kiyome.db'}")
    Base.metadata.create_all(opened.engine)
    yield opened
    opened.dispose()


def write(path: Path, text: str | bytes) -> Path:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_a_name_comes_back_with_its_surfaces_the_official_one_first(database: Database) -> None:
    with database.transaction() as session:
        add_name(
            session,
            "hatsune_miku",
            "character",
            surfaces=["miku", Surface("初音ミク", "other")],
            owner="Crypton",
        )
        (entry,) = load_register(session).entries
    assert [(s.text, s.kind) for s in entry.surfaces] == [
        ("hatsune_miku", "official"),
        ("miku", "alias"),
        ("初音ミク", "other"),
    ]
    assert entry.owner == "Crypton"


def test_every_change_gives_the_register_a_new_number_and_version(database: Database) -> None:
    seen = []
    with database.transaction() as session:
        seen.append((register_number(session), load_register(session).version))
        entry = add_name(session, "pikachu", "character")
        seen.append((register_number(session), load_register(session).version))
        add_name(session, "pikachu", "character", surfaces=["ピカチュウ"])
        seen.append((register_number(session), load_register(session).version))
        assert remove_name(session, entry.id)
        last = (register_number(session), load_register(session).version)
    assert [number for number, _ in seen] == [0, 1, 2]
    assert len({version for _, version in seen}) == 3
    assert last == (3, seen[0][1])


def test_adding_what_is_there_changes_nothing(database: Database) -> None:
    with database.transaction() as session:
        add_name(session, "hatsune_miku", "character", owner="Crypton")
        add_name(session, "Hatsune_Miku", "character", surfaces=["hatsune_miku"])
        assert len(load_register(session).entries) == 1
        before = register_number(session)
        add_name(session, "Hatsune_Miku", "character")
        assert register_number(session) == before
        assert load_register(session).entries[0].owner == "Crypton"


def test_the_version_does_not_depend_on_the_order_of_entry(tmp_path: Path) -> None:
    versions = set()
    for order in (["pikachu", "eevee"], ["eevee", "pikachu"]):
        database = Database(f"sqlite:///{tmp_path / order[0]}.db")
        Base.metadata.create_all(database.engine)
        with database.transaction() as session:
            for name in order:
                add_name(session, name, "character")
            versions.add(load_register(session).version)
        database.dispose()
    assert len(versions) == 1


def test_removing_an_unknown_name_says_so_and_changes_nothing(database: Database) -> None:
    with database.transaction() as session:
        assert not remove_name(session, "0" * 64)
        assert register_number(session) == 0


@pytest.mark.parametrize("search", ["hatsune miku", "HATSUNE_MIKU", "初音", ""])
def test_names_are_searched_by_any_surface(database: Database, search: str) -> None:
    with database.transaction() as session:
        add_name(session, "hatsune_miku", "character", surfaces=["初音ミク"])
        assert [entry.name for entry in list_names(session, search)] == ["hatsune_miku"]
        assert list_names(session, "100%") == []


@pytest.mark.parametrize(
    ("name", "category", "told"),
    [
        ("", "character", "empty"),
        ("♥♥", "artist", "no letter"),
        ("a" * 201, "artist", "longer than 200"),
        ("miku", "vocaloid", "not a category"),
        ("mi\ud800ku", "artist", "not text"),
    ],
)
def test_a_name_that_could_never_be_found_is_refused(
    database: Database, name: str, category: str, told: str
) -> None:
    with database.transaction() as session, pytest.raises(RegisterError, match=told):
        add_name(session, name, category)


def test_a_list_is_imported_with_all_its_surfaces(database: Database, tmp_path: Path) -> None:
    path = write(
        tmp_path / "names.csv",
        "\ufeffname,category,posts,aliases,other_names,owner\n"
        "hatsune_miku,character,9,miku_hatsune|39,初音ミク,Crypton\n"
        "pikachu,character,9,,ピカチュウ,\n",
    )
    finished: list[int] = []
    with database.transaction() as session:
        report = import_names(session, path, finished.append)
        names = {entry.name: entry for entry in load_register(session).entries}
    assert (report.rows, report.imported, report.problems) == (2, 2, ())
    assert sum(finished) == 2
    assert {s.text for s in names["hatsune_miku"].surfaces} == {
        "hatsune_miku",
        "miku_hatsune",
        "39",
        "初音ミク",
    }
    assert names["hatsune_miku"].owner == "Crypton"


def test_rows_that_cannot_be_used_are_reported_by_line_and_the_rest_imported(
    database: Database, tmp_path: Path
) -> None:
    path = write(
        tmp_path / "names.csv",
        b"name,category,aliases\n"
        b"pikachu,character,\n"
        b",character,\n"
        b"eevee,animal,\n"
        b"\xff\xfe,character,\n"
        b"mew,character,one,two\n"
        b"mewtwo,character,!!|mew two\n",
    )
    with database.transaction() as session:
        report = import_names(session, path)
        names = {entry.name for entry in load_register(session).entries}
    assert names == {"pikachu", "mewtwo"}
    assert [(p.line, p.whole_row) for p in report.problems] == [
        (3, True),
        (4, True),
        (5, True),
        (6, True),
        (7, False),
    ]
    assert (report.rows, report.imported) == (6, 2)


def test_importing_again_changes_nothing(database: Database, tmp_path: Path) -> None:
    path = write(tmp_path / "names.csv", "name,category\npikachu,character\nPikachu,character\n")
    with database.transaction() as session:
        first = import_names(session, path)
        again = import_names(session, path)
        assert (first.changed, again.changed) == (3, 0)
        assert register_number(session) == 1


@pytest.mark.parametrize("content", ["", "title,category\nx,work\n"])
def test_a_list_without_the_needed_columns_is_refused_as_a_whole(
    database: Database, tmp_path: Path, content: str
) -> None:
    path = write(tmp_path / "names.csv", content)
    with database.transaction() as session, pytest.raises(RegisterError, match="no column name"):
        import_names(session, path)


def test_a_missing_list_is_refused_with_its_path(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session, pytest.raises(RegisterError, match="cannot be read"):
        import_names(session, tmp_path / "none.csv")
