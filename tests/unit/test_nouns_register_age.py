"""How old the lists are that the register was filled from."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from models.errors import RegisterError
from models.nouns.register.age import describe_stale, record_list, stale_lists
from models.nouns.register.storage import add_name
from models.nouns.vocabulary import add_tags
from models.store.database import Database, now_ms
from models.store.tables import NameListRow

DAY = 86_400_000
SHA = "a" * 64


def test_a_list_is_stale_by_its_own_date_and_not_by_its_import(database: Database) -> None:
    with database.transaction() as session:
        now = now_ms(session)
        add_name(session, "pikachu", "character", source="old list")
        add_name(session, "eevee", "character", source="new list")
        record_list(session, "old list", "csv", "CC0", SHA, 1, now - 100 * DAY)
        record_list(session, "new list", "csv", "CC0", SHA, 1, now - 80 * DAY)
        (stale,) = stale_lists(session, now)
        assert [s.source for s in stale_lists(session, now, 79)] == ["old list", "new list"]
    assert (stale.source, stale.format, stale.names, stale.days) == ("old list", "csv", 1, 100)


def test_a_list_is_stale_from_the_moment_it_is_older_than_its_days(database: Database) -> None:
    with database.transaction() as session:
        dated = now_ms(session) - 90 * DAY
        add_name(session, "pikachu", "character", source="list")
        record_list(session, "list", "csv", "", SHA, 1, dated)
        assert stale_lists(session, dated + 90 * DAY) == []
        assert len(stale_lists(session, dated + 90 * DAY + 1)) == 1


def test_a_source_without_a_recorded_list_counts_by_its_newest_name(database: Database) -> None:
    with database.transaction() as session:
        add_name(session, "pikachu", "character", source="somewhere")
        now = now_ms(session)
        assert stale_lists(session, now) == []
        (stale,) = stale_lists(session, now + 91 * DAY)
        assert "somewhere, the newest entry added" in describe_stale(stale)
        add_tags(session, ["long hair"], source="somewhere")
        (stale,) = stale_lists(session, now + 91 * DAY)
    assert (stale.names, stale.tags) == (1, 1)


def test_what_an_owner_asked_for_does_not_age_but_names_from_nowhere_do(
    database: Database,
) -> None:
    with database.transaction() as session:
        add_name(session, "pikachu", "character", owner="Nintendo")
        later = now_ms(session) + 200 * DAY
        assert stale_lists(session, later) == []
        add_name(session, "eevee", "character")
        (stale,) = stale_lists(session, later)
    assert describe_stale(stale).startswith("1 name without a source")


def test_a_list_that_nothing_is_from_any_more_is_not_stale(database: Database) -> None:
    with database.transaction() as session:
        record_list(session, "gone", "csv", "", SHA, 1, 0)
        assert stale_lists(session, now_ms(session)) == []


def test_tags_count_as_much_as_names(database: Database) -> None:
    with database.transaction() as session:
        add_tags(session, ["long hair", "solo"], source="tags")
        record_list(session, "tags", "tagcomplete", "", SHA, 2, 0)
        (stale,) = stale_lists(session, now_ms(session))
    assert (stale.names, stale.tags) == (0, 2)
    assert describe_stale(stale).endswith(": 2 tags")


def test_a_list_imported_anew_is_fresh_again(database: Database) -> None:
    with database.transaction() as session:
        now = now_ms(session)
        add_name(session, "pikachu", "character", source="list")
        record_list(session, "list", "csv", "", SHA, 1, now - 100 * DAY)
        record_list(session, "list", "json", "CC0", "b" * 64, 2, now)
        assert stale_lists(session, now) == []
        (row,) = session.scalars(select(NameListRow))
    assert (row.format, row.licence, row.sha256, row.rows) == ("json", "CC0", "b" * 64, 2)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"dated_ms": 1 << 60}, "after today"),
        ({"dated_ms": -1}, "before 1970"),
        ({"sha256": "A" * 64}, "not a SHA-256"),
        ({"format": "f" * 33}, "longer than 32"),
        ({"source": " "}, "has no source"),
        ({"source": "a\0"}, "source .* not text"),
        ({"licence": "\ud800"}, "licence .* not text"),
    ],
)
def test_what_cannot_be_true_of_a_list_is_refused(
    sqlite_database: Database, change: dict[str, object], told: str
) -> None:
    given = {"source": "s", "format": "csv", "licence": "", "sha256": SHA, "rows": 1, "dated_ms": 1}
    with sqlite_database.transaction() as session, pytest.raises(RegisterError, match=told):
        record_list(session, **{**given, **change})  # type: ignore[arg-type]
