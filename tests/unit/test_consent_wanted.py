"""What a dataset gives reason to ask about, and what of it copies are to inherit."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from models.assets.asset import Asset, Location
from models.consent.evidence.observation import Observation, Outcome, Said
from models.consent.evidence.recording import record
from models.consent.evidence.view import view_evidence
from models.consent.gathering.wanted import Wanted
from models.consent.purposes import Preference, Purpose
from models.consent.stage import ConsentStage
from models.consent.statements import Statement, Trust
from models.consent.subjects import Subject, SubjectKind
from models.store.database import Database
from models.store.schema import open_database

NOW = 1_780_000_000
GT = Purpose.GENERATIVE_TRAINING
ASSET = Asset("ab" * 32, (Location("a.png", "a.png"),))
SUBJECT = Subject(SubjectKind.SHA256, ASSET.asset_id)
REFUSAL = Statement(
    "erc7053",
    "commit 1",
    {GT: Preference.NOT_ALLOWED},
    trust=Trust(integrity=True),
    setter="0xowner",
    issued_at=NOW - 100,
    observed_at=NOW - 50,
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = open_database(f"sqlite:///{tmp_path / 'kiyome.db'}")
    yield opened
    opened.dispose()


def hear(database: Database, tmp_path: Path, *statements: Statement) -> None:
    looks = [
        Observation(s.source, s.carrier, Outcome.READ, NOW, (Said(SUBJECT, s),)) for s in statements
    ]
    record(database, tmp_path, looks)


def want(database: Database) -> Wanted:
    row = {"asset_id": ASSET.asset_id, "statements": [], "subjects": [str(SUBJECT)]}
    table = pa.Table.from_pylist([row], schema=ConsentStage(10**6).schema)
    wanted = Wanted("set", view_evidence(database), NOW)
    wanted.add_shard([ASSET], table)
    return wanted


def test_what_is_said_elsewhere_of_a_files_bytes_is_remembered_for_copies(
    database: Database, tmp_path: Path
) -> None:
    hear(database, tmp_path, REFUSAL)
    [heard] = want(database).originals[ASSET.asset_id].heard
    assert heard.preferences == REFUSAL.preferences


def test_reading_the_same_again_makes_nothing_new_to_remember(
    database: Database, tmp_path: Path
) -> None:
    hear(database, tmp_path, REFUSAL)
    first = want(database).originals
    hear(database, tmp_path, replace(REFUSAL, observed_at=NOW, anchor="eip155:1/block:2/0x2"))
    assert want(database).originals == first


def test_what_its_speaker_has_taken_back_is_not_remembered(
    database: Database, tmp_path: Path
) -> None:
    later = replace(
        REFUSAL, source="commit 2", preferences={GT: Preference.ALLOWED}, issued_at=NOW - 10
    )
    hear(database, tmp_path, REFUSAL, later)
    wanted = want(database)
    assert (wanted.originals, wanted.silent) == ({}, {ASSET.asset_id})


def test_what_a_stranger_permits_later_takes_nothing_back(
    database: Database, tmp_path: Path
) -> None:
    stranger = replace(
        REFUSAL,
        source="commit 2",
        setter="0xstranger",
        preferences={GT: Preference.ALLOWED},
        issued_at=NOW - 10,
    )
    hear(database, tmp_path, REFUSAL, stranger)
    [heard] = want(database).originals[ASSET.asset_id].heard
    assert heard.preferences == REFUSAL.preferences


def test_what_is_to_be_said_only_later_takes_nothing_back(
    database: Database, tmp_path: Path
) -> None:
    later = replace(
        REFUSAL, source="commit 2", preferences={GT: Preference.ALLOWED}, issued_at=NOW + 10
    )
    hear(database, tmp_path, REFUSAL, later)
    assert ASSET.asset_id in want(database).originals
