"""The register of names in the database, and lists that are imported into it."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from models.errors import RegisterError
from models.nouns.importing import import_names
from models.nouns.register.entries import make_entry
from models.nouns.register.storage import (
    Surface,
    add_name,
    bump_version,
    count_names,
    find_names,
    list_names,
    load_register,
    register_number,
    register_state,
    remove_name,
    store_entries,
)
from models.store.database import Database
from models.store.tables import Base, NameChangeRow, NameRow, RegisterRow


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
        ("mi\0ku", "artist", "not text"),
    ],
)
def test_a_name_that_could_never_be_found_is_refused(
    database: Database, name: str, category: str, told: str
) -> None:
    with database.transaction() as session, pytest.raises(RegisterError, match=told):
        add_name(session, name, category)


@pytest.mark.parametrize("field", ["owner", "source", "licence", "actor"])
@pytest.mark.parametrize("text", ["a\0b", "a\udfffb"])
def test_a_note_that_no_database_keeps_is_refused_and_named(
    database: Database, field: str, text: str
) -> None:
    with database.transaction() as session, pytest.raises(RegisterError, match=f"The {field} 'a"):
        add_name(session, "pikachu", "character", **{field: text})


def test_a_name_of_200_characters_of_four_bytes_is_kept(database: Database) -> None:
    name = "\U00020000" * 200
    with database.transaction() as session:
        add_name(session, name, "character", surfaces=["\U00020001" * 200])
        assert [s.text[0] for s in load_register(session).entries[0].surfaces] == [
            "\U00020000",
            "\U00020001",
        ]


def test_surfaces_that_differ_only_in_case_are_all_kept(database: Database) -> None:
    with database.transaction() as session:
        add_name(session, "Miku", "character", surfaces=["MIKU", "miku"])
        add_name(session, "mIKU", "character")
        (entry,) = load_register(session).entries
    assert entry.name == "Miku"
    assert [s.text for s in entry.surfaces] == ["Miku", "MIKU", "mIKU", "miku"]


def test_a_surface_keeps_its_language_and_tells_its_script(database: Database) -> None:
    surfaces = [Surface("初音ミク", "other", "JA-jpan"), Surface("미쿠", "other", "ko")]
    with database.transaction() as session:
        add_name(session, "hatsune_miku", "character", surfaces=surfaces, language="EN-us")
        (entry,) = load_register(session).entries
    assert [(s.language, s.script) for s in entry.surfaces] == [
        ("en-US", "Latn"),
        ("ja-Jpan", "Jpan"),
        ("ko", "Hang"),
    ]


def test_a_language_is_learnt_once_and_not_forgotten(database: Database) -> None:
    with database.transaction() as session:
        for number, language in enumerate(["", "ja", "", "zh"], 1):
            add_name(session, "原神", "work", language=language)
            (entry,) = load_register(session).entries
            assert entry.surfaces[0].language == ("" if number == 1 else "ja")
            assert register_number(session) == min(number, 2)


@pytest.mark.parametrize("language", ["japanese", "j", "ja_JP", "日本", "x", "en-" + "a" * 8 * 2])
def test_what_is_no_language_tag_is_refused(language: str) -> None:
    with pytest.raises(RegisterError, match="not a language tag"):
        make_entry("pikachu", "character", language=language)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("JA", "ja"),
        ("zh-hANT-hk", "zh-Hant-HK"),
        ("ja-X-AB", "ja-x-ab"),
        ("X-Klingon", "x-klingon"),
    ],
)
def test_a_language_tag_is_kept_in_the_usual_case(given: str, kept: str) -> None:
    assert make_entry("pikachu", "character", language=given).surfaces[0].language == kept


def test_a_language_belongs_to_what_decides_a_match(database: Database) -> None:
    with database.transaction() as session:
        add_name(session, "原神", "work")
        before = load_register(session).version
        add_name(session, "原神", "work", language="zh")
        assert load_register(session).version != before


def test_only_the_name_itself_is_official() -> None:
    entry = make_entry("pikachu", "character", [Surface("pika", "official")])
    assert [(s.text, s.kind) for s in entry.surfaces] == [
        ("pikachu", "official"),
        ("pika", "alias"),
    ]


def test_the_state_differs_after_every_change_and_only_then(database: Database) -> None:
    with database.transaction() as session:
        states = [register_state(session)]
        entry = add_name(session, "pikachu", "character")
        states.append(register_state(session))
        add_name(session, "pikachu", "character")
        assert register_state(session) == states[-1]
        add_name(session, "pikachu", "character", owner="Nintendo")
        states.append(register_state(session))
        remove_name(session, entry.id)
        states.append(register_state(session))
        add_name(session, "pikachu", "character")
        states.append(register_state(session))
    assert len(set(states)) == 5


def test_a_register_that_never_held_a_name_has_one_state(tmp_path: Path) -> None:
    states = set()
    for number in range(2):
        database = Database(f"sqlite:///{tmp_path / str(number)}.db")
        Base.metadata.create_all(database.engine)
        with database.snapshot() as session:
            states.add(register_state(session))
        database.dispose()
    assert len(states) == 1


def test_registers_from_before_the_record_of_changes_differ_in_their_state(
    tmp_path: Path,
) -> None:
    states = set()
    for names in (["pikachu"], ["pikachu", "eevee"]):
        database = Database(f"sqlite:///{tmp_path / names[-1]}.db")
        Base.metadata.create_all(database.engine)
        with database.transaction() as session:
            session.add(RegisterRow(kind="names", version=1))
            for name in names:
                session.add(NameRow(id=name, name=name, category="character", added_ms=1))
        with database.snapshot() as session:
            states.add(register_state(session))
        database.dispose()
    assert len(states) == 2


def test_names_are_counted(database: Database) -> None:
    with database.transaction() as session:
        assert count_names(session) == 0
        add_name(session, "pikachu", "character", surfaces=["pika"])
        assert count_names(session) == 1


@pytest.mark.parametrize("look", [list_names, find_names])
def test_a_search_for_what_no_database_keeps_finds_nothing(database: Database, look: Any) -> None:
    with database.transaction() as session:
        add_name(session, "pikachu", "character")
        assert look(session, "pika\ud800") == look(session, "pika\0") == []


def test_a_name_that_is_removed_can_be_added_again(database: Database) -> None:
    with database.transaction() as session:
        first = add_name(session, "pikachu", "character", surfaces=["pika"], owner="Nintendo")
        assert remove_name(session, first.id)
        assert not remove_name(session, first.id)
        add_name(session, "Pikachu", "character")
        (entry,) = load_register(session).entries
    assert (entry.id, entry.name, entry.owner) == (first.id, "Pikachu", "")
    assert [s.text for s in entry.surfaces] == ["Pikachu"]


def test_two_who_add_at_the_same_time_lose_nothing(database: Database) -> None:
    def add(writer: int) -> None:
        for number in range(8):
            with database.transaction() as session:
                add_name(session, "shared", "work", surfaces=[f"other {writer} {number}"])
                add_name(session, f"own {writer} {number}", "work", actor=str(writer))

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(add, range(2)))
    with database.snapshot() as session:
        shared = next(e for e in load_register(session).entries if e.name == "shared")
        changes = session.execute(
            select(NameChangeRow.id, NameChangeRow.version).order_by(NameChangeRow.id)
        ).all()
        assert register_number(session) == 32
    assert len(shared.surfaces) == 17
    assert [tuple(change) for change in changes] == [(n, n) for n in range(1, 33)]


def test_many_entries_at_once_are_stored_in_one_version(database: Database) -> None:
    entries = [make_entry(f"name {number}", "work", [f"n{number}"]) for number in range(5_100)]
    with database.transaction() as session:
        assert store_entries(session, entries) == 15_300
        bump_version(session)
        assert store_entries(session, [*entries, *entries]) == 0
        assert count_names(session) == 5_100
        ids = session.execute(select(NameChangeRow.id, NameChangeRow.version)).all()
    assert sorted(map(tuple, ids)) == [(number, 1) for number in range(1, 5_101)]


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
