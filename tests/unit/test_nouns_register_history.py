"""The record of changes of the register, and what differs between two of its versions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.canonical import canonical_json
from models.errors import RegisterError
from models.nouns.importing import import_names
from models.nouns.register.history import diff_register
from models.nouns.register.storage import (
    Surface,
    add_name,
    load_register,
    register_number,
    remove_name,
)
from models.store.database import Database
from models.store.tables import Base, NameChangeRow, NameRow, RegisterRow, SurfaceRow


def changes_in(session: Session) -> list[NameChangeRow]:
    return list(session.scalars(select(NameChangeRow).order_by(NameChangeRow.id)))


def test_every_change_leaves_a_row_that_says_what_came_and_went(database: Database) -> None:
    with database.transaction() as session:
        entry = add_name(session, "pikachu", "character", surfaces=["pika"], actor="Aiko")
        add_name(session, "pikachu", "character", language="en", owner="Nintendo", actor="Ben")
        remove_name(session, entry.id, actor="Chie")
        rows = changes_in(session)
        told = [(r.id, r.version, r.action, r.actor, json.loads(r.detail)) for r in rows]
    spelt = [["pikachu", "official", ""], ["pika", "alias", ""]]
    known = [["pikachu", "official", "en"], ["pika", "alias", ""]]
    assert told == [
        (1, 1, "added", "Aiko", {"came": spelt}),
        (
            2,
            2,
            "changed",
            "Ben",
            {"came": known[:1], "went": spelt[:1], "fields": {"owner": ["", "Nintendo"]}},
        ),
        (3, 3, "removed", "Chie", {"went": known, "fields": {"owner": ["Nintendo", ""]}}),
    ]
    assert {(r.name_id, r.name, r.category) for r in rows} == {(entry.id, "pikachu", "character")}


def test_what_is_known_already_leaves_no_row(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text("name,category,aliases\npikachu,character,pika\nPikachu,character,\n")
    with database.transaction() as session:
        import_names(session, path)
        before = len(changes_in(session))
        import_names(session, path)
        add_name(session, "PIKACHU", "character")
        add_name(session, "PIKACHU", "character")
        remove_name(session, "0" * 64)
        assert (before, len(changes_in(session))) == (1, 2)


def test_an_import_makes_one_version_whose_rows_run_on(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "names.csv"
    path.write_text("name,category\n" + "".join(f"name {n},work\n" for n in range(5_100)))
    with database.transaction() as session:
        add_name(session, "pikachu", "character")
        import_names(session, path)
        rows = changes_in(session)
        assert register_number(session) == 2
    assert [row.id for row in rows] == list(range(1, 5_102))
    assert [row.version for row in rows] == [1, *[2] * 5_100]


def test_a_change_that_is_rolled_back_leaves_no_row_and_no_gap(database: Database) -> None:
    with database.transaction() as session:
        add_name(session, "pikachu", "character")
        session.rollback()
    with database.transaction() as session:
        add_name(session, "eevee", "character")
        assert [(row.id, row.version, row.name) for row in changes_in(session)] == [(1, 1, "eevee")]


def test_the_detail_is_canonical_json(database: Database) -> None:
    hostile = 'a"\\\x1b\x7f\u2028é初😀'
    with database.transaction() as session:
        add_name(session, hostile, "work", owner=hostile, source="\t\n")
        (row,) = changes_in(session)
    assert row.detail.encode() == canonical_json(json.loads(row.detail))


def test_a_difference_tells_added_removed_and_changed_names_apart(database: Database) -> None:
    with database.transaction() as session:
        gone = add_name(session, "eevee", "character", surfaces=["イーブイ"])
        add_name(session, "mew", "character", owner="Somebody")
        add_name(session, "kept", "work")
        start = register_number(session)
        remove_name(session, gone.id, actor="Aiko")
        add_name(session, "pikachu", "character", source="list", actor="Ben")
        add_name(session, "mew", "character", surfaces=["ミュウ"], owner="Nintendo", actor="Aiko")
        found = diff_register(session, start, register_number(session))
    assert [(c.action, c.name) for c in found.changes] == [
        ("removed", "eevee"),
        ("changed", "mew"),
        ("added", "pikachu"),
    ]
    removed, changed, added = found.changes
    assert [s.text for s in removed.went] == ["eevee", "イーブイ"]
    assert changed.came == (Surface("ミュウ"),)
    assert changed.fields == {"owner": ("Somebody", "Nintendo")}
    assert added.fields == {"source": ("", "list")}
    assert found.actors == ("Aiko", "Ben")
    assert found.of("added") == (added,)


def test_what_was_added_and_removed_again_is_no_difference(database: Database) -> None:
    with database.transaction() as session:
        entry = add_name(session, "pikachu", "character")
        remove_name(session, entry.id)
        assert diff_register(session, 0, 2).changes == ()
        assert [c.action for c in diff_register(session, 1, 2).changes] == ["removed"]


def test_what_was_removed_and_added_again_in_the_same_way_is_no_difference(
    database: Database,
) -> None:
    with database.transaction() as session:
        entry = add_name(session, "pikachu", "character", surfaces=["pika"], owner="Nintendo")
        remove_name(session, entry.id)
        add_name(session, "pikachu", "character", surfaces=["pika"], owner="Nintendo")
        assert diff_register(session, 1, 3).changes == ()


def test_a_name_that_came_back_in_another_spelling_has_changed(database: Database) -> None:
    with database.transaction() as session:
        entry = add_name(session, "pikachu", "character")
        remove_name(session, entry.id)
        add_name(session, "Pikachu", "character")
        (change,) = diff_register(session, 1, 3).changes
    assert (change.action, change.fields) == ("changed", {"name": ("pikachu", "Pikachu")})


@pytest.mark.parametrize(
    ("versions", "told"),
    [((2, 1), "Give the older version first"), ((0, 3), "no version 3"), ((9, 1), "no version 9")],
)
def test_versions_that_cannot_be_compared_are_refused(
    sqlite_database: Database, versions: tuple[int, int], told: str
) -> None:
    with sqlite_database.transaction() as session:
        add_name(session, "pikachu", "character")
        add_name(session, "eevee", "character")
        with pytest.raises(RegisterError, match=told):
            diff_register(session, *versions)


def test_versions_from_before_the_record_are_refused_with_the_oldest_that_can_be_had(
    sqlite_database: Database,
) -> None:
    with sqlite_database.transaction() as session:
        session.add(RegisterRow(kind="names", version=7))
        session.add(NameRow(id="old", name="mew", category="character", added_ms=1))
        session.add(SurfaceRow(name_id="old", text="mew", kind="official"))
        session.flush()
        assert diff_register(session, 7, 7).changes == ()
        remove_name(session, "old")
        assert [c.name for c in diff_register(session, 7, 8).of("removed")] == ["mew"]
        for version in (-1, 6):
            with pytest.raises(RegisterError, match="oldest version to compare with is 7"):
                diff_register(session, version, 8)


NAMES = st.sampled_from(["mew", "Mew", "eevee"])
STEPS = st.one_of(
    st.tuples(
        NAMES,
        st.lists(st.sampled_from(["a", "A", "ミ"]), max_size=2),
        st.sampled_from(["", "ja"]),
        st.sampled_from(["", "one", "two"]),
    ),
    NAMES,
)
Contents = dict[str, tuple[str, str, frozenset[Surface]]]


def contents_of(session: Session) -> Contents:
    return {
        entry.id: (entry.name, entry.owner, frozenset(entry.surfaces))
        for entry in load_register(session).entries
    }


@settings(deadline=None, max_examples=30)
@given(st.lists(STEPS, max_size=8))
def test_the_difference_is_what_a_comparison_of_both_versions_shows(
    steps: list[tuple[str, list[str], str, str] | str],
) -> None:
    database = Database("sqlite://")
    Base.metadata.create_all(database.engine)
    with database.transaction() as session:
        versions = {0: contents_of(session)}
        for step in steps:
            if isinstance(step, str):
                ids = {entry.name: entry.id for entry in load_register(session).entries}
                remove_name(session, ids.get(step, ""))
            else:
                name, others, language, owner = step
                surfaces = [Surface(text, "other", language) for text in others]
                add_name(session, name, "character", surfaces=surfaces, owner=owner)
            versions[register_number(session)] = contents_of(session)
        for older, before in versions.items():
            for newer, after in versions.items():
                if older > newer:
                    continue
                found = {c.name_id: c for c in diff_register(session, older, newer).changes}
                keys = before.keys() | after.keys()
                assert found.keys() == {k for k in keys if before.get(k) != after.get(k)}
                for key, change in found.items():
                    old = before.get(key, ("", "", frozenset()))
                    new = after.get(key, ("", "", frozenset()))
                    assert frozenset(change.came) == new[2] - old[2]
                    assert frozenset(change.went) == old[2] - new[2]
                    owners = change.fields.get("owner", (old[1], old[1]))
                    assert owners == (old[1], new[1])
    database.dispose()
