"""The database's schema: made, recognised, refused, upgraded; never changed by accident."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Integer, MetaData, Table, select, text

from models.errors import StoreError
from models.review.items import find_item
from models.review.leasing import lease_next
from models.review.listing import list_items
from models.review.owner_questions import find_question
from models.review.ranking import PER_DAY
from models.store import schema
from models.store.database import Database, now_ms
from models.store.tables import Base, GoldenHandingRow, GoldenServingRow, ReferralRow

BY_EXPRESSION = (
    "ix_review_open",
    "ix_review_stream",
    "ix_review_dataset_stream",
    "ix_review_ended",
    "ix_review_updated",
)
"""An index over an expression, which the comparison of metadata cannot see on SQLite."""


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'kiyome.db'}"


def _make_older(url: str, revision: str = "0001") -> None:
    database = Database(url)
    config = schema._config()
    with database.engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
    database.dispose()


def test_an_empty_database_gets_the_newest_schema(url: str) -> None:
    database = schema.open_database(url)
    assert schema.read_schema(database) == (schema.SchemaState.CURRENT, schema.newest_revision())
    database.dispose()


@pytest.mark.filterwarnings("ignore:autogenerate skipping")
def test_the_migrations_make_just_the_tables_that_the_code_names(url: str, tmp_path: Path) -> None:
    database = schema.open_database(url)
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, Base.metadata)
        assert [d for d in differences if not any(name in repr(d) for name in BY_EXPRESSION)] == []
    declared = Database(f"sqlite:///{tmp_path / 'declared.db'}")
    Base.metadata.create_all(declared.engine)
    assert _index_sql(database) == _index_sql(declared)
    database.dispose()
    declared.dispose()


def _index_sql(database: Database) -> list[str]:
    query = text("SELECT sql FROM sqlite_master WHERE name = :name")
    with database.engine.connect() as connection:
        return [connection.execute(query, {"name": name}).scalar_one() for name in BY_EXPRESSION]


@pytest.mark.postgresql
def test_the_migrations_run_on_postgresql(postgresql_url: str) -> None:
    database = schema.open_database(postgresql_url)
    assert schema.read_schema(database)[0] is schema.SchemaState.CURRENT
    database.dispose()


def test_an_older_database_is_refused_with_the_command_that_helps(url: str) -> None:
    _make_older(url)
    with pytest.raises(StoreError, match="kiyome database upgrade"):
        schema.open_database(url)


def test_refusing_an_older_database_leaves_it_as_it_is(url: str) -> None:
    _make_older(url)
    with pytest.raises(StoreError):
        schema.open_database(url)
    database = Database(url)
    assert schema.read_schema(database) == (schema.SchemaState.OLDER, "0001")
    database.dispose()


def test_an_upgrade_keeps_the_rows_and_a_copy_of_the_file(url: str) -> None:
    _make_older(url)
    database = Database(url)
    with database.transaction() as session:
        session.execute(text("INSERT INTO register_versions VALUES ('names', 7)"))
    copy = schema.copy_sqlite(database)
    schema.upgrade_schema(database)
    database.dispose()
    assert copy is not None
    assert copy.exists()
    upgraded = schema.open_database(url)
    with upgraded.snapshot() as session:
        assert session.execute(text("SELECT version FROM register_versions")).scalar() == 7
    upgraded.dispose()


def _insert(database: Database, name: str, **values: object) -> None:
    """A row of a table as it stands, with nought or nothing in what is not given."""
    table = Table(name, MetaData(), autoload_with=database.engine)
    empty = {
        column.name: 0 if isinstance(column.type, Integer) else ""
        for column in table.columns
        if not column.nullable
    }
    with database.engine.begin() as connection:
        connection.execute(table.insert().values(**{**empty, **values}))


def test_priorities_that_grow_with_age_count_from_when_a_question_was_asked(
    database_url: str,
) -> None:
    _make_older(database_url, "0016")
    old = Database(database_url)
    day = 24 * 60 * 60 * 1000
    with old.snapshot() as session:
        today = now_ms(session) // day * day
    stakes = {"a": (700, 0), "b": (650, 2), "c": (600, 1), "d": (10, 400)}
    for name, (stake, days) in stakes.items():
        _insert(
            old,
            "review_items",
            id=name,
            asset_id=name,
            version=1,
            state="decided" if name == "d" else "open",
            waits_for="ruling",
            persons=1,
            priority=stake,
            evidence="{}",
            asked_ms=today - days * day,
            skipped_ms=today if name == "b" else 0,
        )
    _insert(old, "golden_items", id="g", item_id="d")
    _insert(old, "golden_servings", id="s", golden_id="g", served_ms=today, state="open")
    schema.upgrade_schema(old)
    old.dispose()
    database = schema.open_database(database_url)
    with database.transaction() as session:
        grown = now_ms(session) // day - today // day
        listed = {item.id: item.priority for item in list_items(session).items}
        assert list(listed) == ["b", "a", "c"]
        assert {each: listed[each] - PER_DAY * grown for each in listed} == {
            each: stakes[each][0] + PER_DAY * stakes[each][1] for each in listed
        }
        decided = find_item(session, "d")
        assert decided is not None
        assert (decided.priority - PER_DAY * grown, decided.settles) == (10 + 400 * PER_DAY, 1)
        assert session.scalars(select(GoldenServingRow.asked_ms)).one() == today
        first = lease_next(session, "mika")
        assert first is not None
        assert (first.id, first.again) == ("b", False)
    database.dispose()


def test_what_was_said_on_golden_items_is_kept_with_all_else(database_url: str) -> None:
    _make_older(database_url, "0022")
    old = Database(database_url)
    _insert(old, "review_items", id="i", asset_id="a" * 64, question="q", state="decided")
    _insert(old, "golden_items", id="g", item_id="i", question="q")
    _insert(
        old, "golden_servings", id="s", golden_id="g", item_id="i", question="q", reviewer="Mika"
    )
    _insert(
        old,
        "golden_handings",
        id="note",
        serving_id="s",
        kind="escalate",
        words="whose fox is it?",
        at_ms=7,
    )
    asked = {"serving_id": "s", "kind": "ask_owner", "words": "Yours?", "identity": "did:x:aoi"}
    _insert(old, "golden_handings", id="open", at_ms=8, due_ms=20, **asked)
    ended = {"overdue_ms": 21, "withdrawn_ms": 22}
    _insert(old, "golden_handings", id="ended", at_ms=9, due_ms=20, **asked, **ended)
    schema.upgrade_schema(old)
    old.dispose()
    database = schema.open_database(database_url)
    with database.snapshot() as session:
        note = session.scalars(select(ReferralRow)).one()
        assert (note.id, note.item_id, note.question, note.kind) == ("note", "i", "q", "escalate")
        assert (note.note, note.given_by, note.at_ms) == ("whose fox is it?", "Mika", 7)
        for name, times in {"open": (8, 20, None, None), "ended": (9, 20, 21, 22)}.items():
            found = find_question(session, name)
            assert found is not None
            assert (found.item_id, found.asset_id, found.identity) == ("i", "a" * 64, "did:x:aoi")
            assert (found.text, found.asked_by, found.answer) == ("Yours?", "Mika", "")
            assert times == (found.asked_ms, found.due_ms, found.overdue_ms, found.withdrawn_ms)
        handed = session.execute(select(GoldenHandingRow.id, GoldenHandingRow.serving_id)).all()
        assert sorted(handed) == [("ended", "s"), ("note", "s"), ("open", "s")]
    database.dispose()


def test_a_database_of_a_newer_kiyome_is_refused(url: str) -> None:
    database = schema.open_database(url)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.dispose()
    with pytest.raises(StoreError, match="newer Kiyome"):
        schema.open_database(url)


def test_somebody_elses_database_is_refused(url: str) -> None:
    database = Database(url)
    with database.engine.begin() as connection:
        connection.execute(text("CREATE TABLE theirs (id INTEGER)"))
    database.dispose()
    with pytest.raises(StoreError, match="does not know"):
        schema.open_database(url)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "kiyome.db").write_bytes(b"this is not a database, however long it may be" * 100)
    with pytest.raises(StoreError, match=r"cannot be (read|used)"):
        schema.open_database(f"sqlite:///{tmp_path / 'kiyome.db'}")
