"""kill -9 at every named point of beginning and appending: wholly in, or wholly absent."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from models.errors import LedgerError
from models.ledger.log import UsageLedger
from models.ledger.verification import verify_ledger
from tests.forking import run_code
from tests.ledger_parts import ORIGIN, asset_id, make_ledger, make_owned_records, make_records

pytestmark = pytest.mark.kill

STAMP = 1_800_000_000
COUNT = 300
APPEND = f"""
import sys
from pathlib import Path
from tests.forking import run_code
from tests.ledger_parts import make_ledger, make_owned_records
ledger = make_ledger(Path(sys.argv[1]))
print("opened", flush=True)
ledger.append("victim", make_owned_records({COUNT}, 40, 1000), {STAMP})
print("appended", flush=True)
"""
BEFORE_THE_PROMISE = (
    "ledger.staging",
    "ledger.staging:2",
    "ledger.indexed",
    "ledger.owner_keys",
    "ledger.staged",
)
AFTER_THE_PROMISE = (
    "ledger.promised",
    "ledger.tile",
    "ledger.tile:3",
    "ledger.tiles",
    "ledger.owners",
    "ledger.openings",
    "ledger.batch",
    "ledger.history",
    "ledger.remembered",
    "ledger.head",
    "ledger.cleaning",
)
WHILE_BEGINNING = ("ledger.keys", "ledger.begun", "ledger.empty")


def _append_and_die(folder: Path, failpoint: str) -> str:
    result = run_code(APPEND, folder, env={"KIYOME_FAILPOINT": failpoint})
    assert result.returncode == -signal.SIGKILL, result.stderr
    return result.stdout


def _check_whole(ledger: UsageLedger, size: int) -> None:
    report = verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder)
    assert report.failures == ()
    assert report.size == size
    names = {path.name for path in ledger.private_folder.iterdir()} - {"lock"}
    assert names == {"head", "openings", "owners.keys", "references.key", "signing.key"} | (
        {"owners"} if size else set()
    )


@pytest.mark.parametrize("failpoint", BEFORE_THE_PROMISE)
def test_killed_before_the_promise_the_batch_is_wholly_absent(
    tmp_path: Path, failpoint: str
) -> None:
    make_ledger(tmp_path, 700)
    assert _append_and_die(tmp_path, failpoint) == "opened\n"
    ledger = UsageLedger.open(tmp_path, ORIGIN)
    assert ledger.batch("victim") is None
    _check_whole(ledger, 700)
    assert ledger.append("victim", make_owned_records(COUNT, 40, 1000), STAMP).size == 1000
    _check_whole(ledger, 1000)


@pytest.mark.parametrize("failpoint", AFTER_THE_PROMISE)
def test_killed_after_the_promise_the_batch_is_wholly_in(tmp_path: Path, failpoint: str) -> None:
    make_ledger(tmp_path, 700)
    assert _append_and_die(tmp_path, failpoint) == "opened\n"
    ledger = UsageLedger.open(tmp_path, ORIGIN)
    batch = ledger.batch("victim")
    assert batch is not None
    assert (batch.first_index, batch.size) == (700, 1000)
    _check_whole(ledger, 1000)
    assets = [opening.record["asset"]["sha256"] for opening in ledger.openings("victim")]
    assert assets == [asset_id(number) for number in range(1000, 1000 + COUNT)]
    assert ledger.append("victim", make_owned_records(COUNT, 40, 1000), STAMP) == batch
    assert ledger.head().size == 1000


def test_leaves_that_were_damaged_after_the_promise_reach_no_tile(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 700)
    before = sorted(ledger.public_folder.rglob("*"))
    _append_and_die(tmp_path, "ledger.promised")
    leaves = ledger.private_folder / "staging/leaves"
    data = leaves.read_bytes()
    leaves.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(LedgerError, match="staged leaves are not the promised ones"):
        UsageLedger.open(tmp_path, ORIGIN)
    assert sorted(ledger.public_folder.rglob("*")) == before
    leaves.write_bytes(data)
    _check_whole(UsageLedger.open(tmp_path, ORIGIN), 1000)


def test_tiles_that_were_damaged_after_the_promise_are_not_signed_over(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 700)
    head = ledger.head()
    _append_and_die(tmp_path, "ledger.promised")
    edge = ledger.public_folder / "tile/0/002.p/188"
    data = edge.read_bytes()
    edge.write_bytes(bytes(len(data)))
    with pytest.raises(LedgerError, match="do not lead to the promised root"):
        UsageLedger.open(tmp_path, ORIGIN)
    assert ledger.head() == head
    edge.write_bytes(data)
    _check_whole(UsageLedger.open(tmp_path, ORIGIN), 1000)


def test_an_open_ledger_repairs_what_another_process_left_when_it_appends_next(
    tmp_path: Path,
) -> None:
    ledger = make_ledger(tmp_path, 700)
    _append_and_die(tmp_path, "ledger.tiles")
    assert ledger.append("next", make_records(5, 2000), STAMP).first_index == 1000
    _check_whole(ledger, 1005)


def test_killed_again_while_repairing_the_batch_is_still_wholly_in(tmp_path: Path) -> None:
    make_ledger(tmp_path, 700)
    _append_and_die(tmp_path, "ledger.promised")
    for failpoint in ("ledger.tile:2", "ledger.openings", "ledger.remembered", "ledger.head"):
        assert _append_and_die(tmp_path, failpoint) == ""
    ledger = UsageLedger.open(tmp_path, ORIGIN)
    assert ledger.batch("victim") is not None
    _check_whole(ledger, 1000)


@pytest.mark.parametrize("failpoint", WHILE_BEGINNING)
def test_killed_while_beginning_the_ledger_begins_at_the_next_opening(
    tmp_path: Path, failpoint: str
) -> None:
    assert _append_and_die(tmp_path, failpoint) == ""
    ledger = make_ledger(tmp_path, 2)
    _check_whole(ledger, 2)


@pytest.mark.parametrize("failpoint", ["ledger.tiles", "ledger.batch", "ledger.remembered"])
def test_a_copy_taken_in_the_middle_of_an_append_does_not_verify(
    tmp_path: Path, failpoint: str
) -> None:
    ledger = make_ledger(tmp_path, 700)
    _append_and_die(tmp_path, failpoint)
    report = verify_ledger(ledger.public_folder, ledger.vkey)
    assert not report.ok
    assert report.size == 700
    failed = {check.name: check.detail for check in report.failures}
    assert "an append was under way" in failed["rollback"]
