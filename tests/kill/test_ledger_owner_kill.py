"""kill -9 at every named point of an erasure: once promised, it is carried out."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from models.errors import LedgerError
from models.ledger.log import UsageLedger
from models.ledger.owners.keys import OwnerKeys
from models.ledger.verification import verify_ledger
from tests.forking import run_code
from tests.ledger_parts import ORIGIN, make_owned_records, make_record, owner_ref

pytestmark = pytest.mark.kill

STAMP = 1_800_000_000
VICTIM = owner_ref(2)
ERASE = f"""
import sys
from pathlib import Path
from models.ledger.log import UsageLedger
UsageLedger.open(Path(sys.argv[1]), "{ORIGIN}").erase_owner("{VICTIM}", {STAMP})
"""
OPEN = f"""
import sys
from pathlib import Path
from models.ledger.log import UsageLedger
UsageLedger.open(Path(sys.argv[1]), "{ORIGIN}")
"""
FAILPOINTS = (
    "ledger.erasing",
    "ledger.erased_records",
    "ledger.erased_batch",
    "ledger.erased_batch:2",
    "ledger.erased_openings",
    "ledger.erased_key",
    "ledger.erased",
)


@pytest.fixture
def ledger(tmp_path: Path) -> UsageLedger:
    ledger = UsageLedger.open(tmp_path, ORIGIN)
    ledger.append("b0", make_owned_records(90, 8), STAMP)
    ledger.append("b1", make_owned_records(40, 8, 90), STAMP)
    return ledger


def _run_and_die(folder: Path, failpoint: str, script: str = ERASE) -> None:
    result = run_code(script, folder, env={"KIYOME_FAILPOINT": failpoint})
    assert result.returncode == -signal.SIGKILL, result.stderr


def _check_erased(ledger: UsageLedger, key: bytes) -> None:
    report = verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder)
    assert report.failures == ()
    assert not (ledger.private_folder / "erasing").exists()
    assert [erasure.owner_ref for erasure in ledger.erasures()] == [VICTIM]
    for path in ledger.private_folder.rglob("*"):
        assert not path.is_file() or key not in path.read_bytes()
    for batch_id in ("b0", "b1"):
        assert all(o.record.get("ownerRef") != VICTIM for o in ledger.openings(batch_id))


@pytest.mark.parametrize("failpoint", FAILPOINTS)
def test_killed_while_erasing_the_next_opening_finishes_it(
    ledger: UsageLedger, tmp_path: Path, failpoint: str
) -> None:
    key = OwnerKeys.read(ledger.private_folder / "owners.keys").get(VICTIM)
    assert key is not None
    _run_and_die(tmp_path, failpoint)
    report = verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder)
    assert "an erasure was interrupted" in " ".join(c.detail for c in report.failures)
    again = UsageLedger.open(tmp_path, ORIGIN)
    _check_erased(again, key)
    assert len(again.erasures()) == 1


def test_killed_again_while_finishing_it_is_still_finished(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    key = OwnerKeys.read(ledger.private_folder / "owners.keys").get(VICTIM)
    assert key is not None
    _run_and_die(tmp_path, "ledger.erasing")
    for failpoint in FAILPOINTS[1:]:
        _run_and_die(tmp_path, failpoint, OPEN)
    _check_erased(UsageLedger.open(tmp_path, ORIGIN), key)


def test_an_append_finishes_an_interrupted_erasure_before_it_uses_a_key(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    old = OwnerKeys.read(ledger.private_folder / "owners.keys").get(VICTIM)
    _run_and_die(tmp_path, "ledger.erasing")
    ledger.append("b2", [make_record(500, VICTIM)], STAMP)
    assert OwnerKeys.read(ledger.private_folder / "owners.keys").get(VICTIM) != old
    with pytest.raises(LedgerError, match="was erased"):
        ledger.prove_owner("b0", VICTIM, tmp_path / "proof.json")
    report = verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder)
    assert report.failures == ()


def test_a_damaged_promise_is_named_and_nothing_is_appended(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    (ledger.private_folder / "erasing").write_bytes(b"{}\n")
    with pytest.raises(LedgerError, match="promised erasure"):
        UsageLedger.open(tmp_path, ORIGIN)
    with pytest.raises(LedgerError, match="promised erasure"):
        ledger.append("b2", [make_record(500, VICTIM)], STAMP)
