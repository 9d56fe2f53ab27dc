"""kill -9 while an owner's request is recorded or carried out: all of it or none, and told once."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path

import pytest
from sqlalchemy import func, select

from models.canonical import digest_bytes
from models.ledger.log import UsageLedger
from models.ledger.verification import verify_ledger
from models.owners.requests import Withdrawal, withdraw
from models.review.audit import verify_audit
from models.settings import Settings
from models.store.database import Database
from models.store.schema import open_database
from models.store.tables import OutboxRow, OwnerRequestRow, RevocationRow
from models.takedowns import takedown_times
from tests.forking import run_code
from tests.owner_request_parts import form, put_owner
from tests.pipeline import draw_dataset, make_settings, release_of, run_kiyome

pytestmark = pytest.mark.kill
ASKING = """
import sys
from models.accounts.records import require_by_name
from models.owners.requests import ask_takedown
from models.store.schema import open_database

database = open_database(sys.argv[1])
with database.transaction() as session:
    account = require_by_name(session, "aoi")
    ask_takedown(session, account, sys.argv[2], ["ab" * 32, "cd" * 32])
print("acknowledged")
"""


def _ask(url: str, request_id: str, failpoint: str = "") -> subprocess.CompletedProcess[str]:
    return run_code(ASKING, url, request_id, env={"KIYOME_FAILPOINT": failpoint})


def _count(database: Database) -> tuple[int, int, int]:
    """Requests, takedowns in force, and what the outbox tells of them."""
    with database.snapshot() as session:
        assert verify_audit(session).ok
        return (
            session.scalar(select(func.count(OwnerRequestRow.id))) or 0,
            len(takedown_times(session)),
            session.scalar(select(func.count(OutboxRow.id))) or 0,
        )


@pytest.mark.timeout(300)
def test_a_request_that_was_not_acknowledged_is_not_there_at_all(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'kiyome.db'}"
    database = open_database(url)
    put_owner(database)
    before = _count(database)
    request_id = form()
    for point in ("request.refused", "request.recorded", "request.posted"):
        assert _ask(url, request_id, point).returncode == -signal.SIGKILL, point
        assert _count(database) == before
    for _ in range(2):
        assert "acknowledged" in _ask(url, request_id).stdout
        assert _count(database)[:2] == (1, 2)
    told = _count(database)[2]
    _ask(url, request_id)
    assert _count(database)[2] == told
    database.dispose()


def _cleanse(root: Path, settings: Settings, failpoint: str = "") -> int:
    env = {"KIYOME_SHARD_SIZE": "4", "KIYOME_WORKERS": "2"}
    if failpoint:
        env["KIYOME_FAILPOINT"] = failpoint
    where = ("--workspace", settings.workspace, "--policy", settings.policy)
    done = run_kiyome("cleanse", root, "--dataset", "set", "--quiet", *where, env=env)
    assert failpoint or done.returncode == 0, done.stderr
    return done.returncode


@pytest.mark.prefect
@pytest.mark.timeout(600)
def test_a_revocation_is_in_the_ledger_once_wherever_the_run_was_killed(tmp_path: Path) -> None:
    root = draw_dataset(tmp_path / "set", 4)
    settings = make_settings(tmp_path)
    _cleanse(root, settings)
    database = open_database(settings.resolved_database_url)
    owner = put_owner(database, "aoi", "Studio")
    assets = [digest_bytes((root / name).read_bytes()) for name in ("001.png", "002.png")]
    # A batch that was promised is finished by whoever opens the ledger next.
    for asset, points in zip(
        assets, (("revocations.appended",), ("ledger.promised:2",)), strict=True
    ):
        with database.transaction() as session:
            withdraw(session, owner, form(), Withdrawal([asset]))
        for point in ("release-recorded", *points):
            assert _cleanse(root, settings, point) == -signal.SIGKILL, f"{point} was not reached"
        _cleanse(root, settings)
    ledger = UsageLedger.open(settings.workspace / "ledger", settings.ledger_origin)
    revoked = [
        opening.record["asset"]["sha256"]
        for batch in ledger.batches()
        for opening in ledger.openings(batch.batch_id)
        if opening.record["type"] == "revoke"
    ]
    assert revoked == assets
    assert release_of(settings, "set").number == 3
    with database.snapshot() as session:
        noted = session.scalars(
            select(RevocationRow.batch_id).where(RevocationRow.batch_id != "")
        ).all()
    assert len(noted) == 2
    assert all(batch.startswith("revocations-") for batch in noted)
    report = verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder)
    assert report.ok, report.failures
    database.dispose()
