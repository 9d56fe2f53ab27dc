"""Which wallets are known: those that speak in the evidence, or in the last run of a dataset."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.canonical import canonical_json, digest_bytes
from models.consent.statements import Statement
from models.judged import remember_judged
from models.owners.known_wallets import KnownWallets
from models.planning import dataset_folder
from models.stages import stage_folder
from models.store.database import Database
from tests.wallet_parts import ADDRESS, OTHER, THIRD, hear

CUSTODIAN = "0x" + "c" * 40


def judge(workspace: Path, dataset: str, *setters: str, notes: tuple[str, ...] = ()) -> None:
    """What a run leaves behind, with one asset for each setter."""
    statements = [
        [canonical_json(Statement("s", "a", setter=s, notes=notes).as_dict()).decode()]
        for s in setters
    ]
    folder = stage_folder(workspace, "verdict", "shard")
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{dataset}.parquet"
    pq.write_table(pa.table({"statements": statements}), path)
    dataset_folder(workspace, dataset).mkdir(parents=True, exist_ok=True)
    digest = digest_bytes(path.read_bytes())
    made: Any = SimpleNamespace(shard="shard", output=path.name, output_sha256=digest)
    remember_judged(workspace, dataset, [made])


def test_nobody_is_known_where_nothing_was_read(database: Database, tmp_path: Path) -> None:
    assert not KnownWallets(database, tmp_path).knows(ADDRESS)


def test_who_speaks_in_the_evidence_is_known(database: Database, tmp_path: Path) -> None:
    hear(database, tmp_path, ADDRESS)
    known = KnownWallets(database, tmp_path)
    assert known.knows(ADDRESS)
    assert not known.knows(OTHER)


def test_who_speaks_in_the_last_run_is_known(sqlite_database: Database, tmp_path: Path) -> None:
    judge(tmp_path, "one", OTHER, ADDRESS)
    judge(tmp_path, "two", THIRD)
    known = KnownWallets(sqlite_database, tmp_path)
    assert known.knows(ADDRESS)
    assert known.knows(THIRD)


def test_what_is_said_later_is_heard(sqlite_database: Database, tmp_path: Path) -> None:
    hear(sqlite_database, tmp_path, OTHER)
    judge(tmp_path, "one", OTHER)
    known = KnownWallets(sqlite_database, tmp_path)
    assert not known.knows(ADDRESS)
    hear(sqlite_database, tmp_path, ADDRESS)
    assert known.knows(ADDRESS)
    assert not known.knows(THIRD)
    judge(tmp_path, "one", THIRD)
    assert known.knows(THIRD)


def test_who_speaks_in_no_last_run_any_more_is_not_known(
    sqlite_database: Database, tmp_path: Path
) -> None:
    judge(tmp_path, "one", ADDRESS)
    known = KnownWallets(sqlite_database, tmp_path)
    assert known.knows(ADDRESS)
    judge(tmp_path, "one", OTHER)
    assert not known.knows(ADDRESS)


def test_a_wallet_is_known_by_what_a_custodian_recorded_for_it(
    sqlite_database: Database, tmp_path: Path
) -> None:
    hear(sqlite_database, tmp_path, f"{CUSTODIAN}/{ADDRESS}", ADDRESS)
    known = KnownWallets(sqlite_database, tmp_path)
    assert set(known.spellings(ADDRESS)) == {ADDRESS, f"{CUSTODIAN}/{ADDRESS}"}
    assert not known.knows(CUSTODIAN)


def test_what_a_stranger_recorded_makes_them_no_owner(
    sqlite_database: Database, tmp_path: Path
) -> None:
    hear(sqlite_database, tmp_path, f"{ADDRESS}@12.3", f"{OTHER}/17", f"{THIRD}x")
    judge(tmp_path, "one", f"{ADDRESS}@12.3")
    known = KnownWallets(sqlite_database, tmp_path)
    assert not any(known.knows(each) for each in (ADDRESS, OTHER, THIRD))


def test_a_note_that_looks_like_a_setter_is_none(sqlite_database: Database, tmp_path: Path) -> None:
    judge(tmp_path, "one", "Studio", notes=(f'"setter":"{ADDRESS}"', f'","setter": "{ADDRESS}"'))
    assert not KnownWallets(sqlite_database, tmp_path).knows(ADDRESS)


def test_verdicts_that_cannot_be_read_make_nobody_known(
    sqlite_database: Database, tmp_path: Path
) -> None:
    judge(tmp_path, "one", ADDRESS)
    judge(tmp_path, "two", OTHER)
    (stage_folder(tmp_path, "verdict", "shard") / "one.parquet").write_bytes(b"torn")
    known = KnownWallets(sqlite_database, tmp_path)
    assert not known.knows(ADDRESS)
    assert known.knows(OTHER)
