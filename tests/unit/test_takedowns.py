"""Takedowns: what may be acknowledged, and which assets fall under one."""

from __future__ import annotations

import json

import pytest
from sqlalchemy import select

from models.assets.asset import unread_id
from models.canonical import digest_bytes
from models.errors import KiyomeError, LeaseLostError
from models.review.audit import read_latest, verify_audit
from models.review.closing import CLOSED
from models.review.queue import (
    ItemState,
    Question,
    decide,
    enqueue,
    find_item,
    item_id_of,
    lease_item,
)
from models.store.database import Database
from models.store.tables import OutboxRow
from models.takedowns import (
    acknowledge_takedown,
    acknowledge_takedowns,
    ids_for_takedown,
    takedown_times,
)


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


def test_many_takedowns_are_each_recorded_audited_and_told_once(database: Database) -> None:
    assets = [digest_bytes(b"%d" % number) for number in range(1200)]
    with database.transaction() as session:
        first = acknowledge_takedown(session, assets[7], "Studio", "")
        times = acknowledge_takedowns(session, [*assets, assets[0]], "Studio", "letter", "ops")
    assert times.keys() == set(assets)
    assert times[assets[7]] == first
    with database.snapshot() as session:
        assert takedown_times(session) == times
        entries = read_latest(session, 2000)
        told = session.scalars(select(OutboxRow.payload)).all()
        assert verify_audit(session).ok
    assert sorted(entry.subject for entry in entries) == sorted(assets)
    assert entries[0].detail == '{"note":"letter","requested_by":"Studio"}'
    assert sorted(json.loads(payload)["asset_id"] for payload in told) == sorted(assets)


def test_what_waits_about_an_asset_is_closed_in_every_dataset(database: Database) -> None:
    asset = "a" * 64
    with database.transaction() as session:
        for dataset in ("foxes", "books"):
            enqueue(session, dataset, [Question(asset, "b" * 64, 1, {})], None)
        held = lease_item(session, item_id_of("foxes", asset), "mika")
        acknowledge_takedown(session, asset, "Studio", "")
    ids = sorted(item_id_of(dataset, asset) for dataset in ("foxes", "books"))
    with database.snapshot() as session:
        items = [find_item(session, each) for each in ids]
        assert [each and each.state for each in items] == [ItemState.SUPERSEDED] * 2
        assert sorted(e.subject for e in read_latest(session) if e.action == CLOSED) == ids
        assert verify_audit(session).ok
    with database.transaction() as session, pytest.raises(LeaseLostError):
        decide(session, held.id, held.lease_token, 1, "approve", "other_name", "", "mika")


def test_where_one_of_many_is_no_asset_none_is_taken_down(sqlite_database: Database) -> None:
    with (
        pytest.raises(KiyomeError, match="is not an asset id"),
        sqlite_database.transaction() as session,
    ):
        acknowledge_takedowns(session, ["a" * 64, "b"], "Studio", "")
    with sqlite_database.snapshot() as session:
        assert takedown_times(session) == {}
        assert read_latest(session) == ()
