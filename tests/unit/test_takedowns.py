"""Takedowns: what may be acknowledged, and which assets fall under one."""

from __future__ import annotations

import pytest

from models.assets.asset import unread_id
from models.canonical import digest_bytes
from models.errors import KiyomeError
from models.store.database import Database
from models.takedowns import acknowledge_takedown, ids_for_takedown, takedown_times


def test_an_empty_file_is_no_asset_and_cannot_be_taken_down(sqlite_database: Database) -> None:
    with (
        sqlite_database.transaction() as session,
        pytest.raises(KiyomeError, match="The file is empty"),
    ):
        acknowledge_takedown(session, digest_bytes(b""), "Studio", "")


def test_a_second_request_leaves_the_first_acknowledgement_in_force(
    sqlite_database: Database,
) -> None:
    with sqlite_database.transaction() as session:
        first = acknowledge_takedown(session, "a" * 64, "Studio", "")
        assert acknowledge_takedown(session, "a" * 64, "Somebody else", "") == first
        assert takedown_times(session) == {"a" * 64: first}


def test_an_asset_falls_under_the_id_that_each_of_its_names_had_while_unread() -> None:
    names = ["a.png", "b/a.png"]
    assert ids_for_takedown("c" * 64, names) == {"c" * 64, *map(unread_id, names)}
