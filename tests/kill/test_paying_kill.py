"""kill -9 while a period is paid, or a run is entered: it is entered once, and its files agree."""

from __future__ import annotations

import hashlib
import signal
from pathlib import Path

import pytest

from models.ledger.compensation.uses import read_books
from models.ledger.log import UsageLedger
from models.ledger.verification import verify_ledger
from tests.compensation_parts import write_rules
from tests.forking import run_code
from tests.ledger_parts import ORIGIN
from tests.statement_parts import make_used_ledger, pay_q3, payouts_of

pytestmark = pytest.mark.kill

PAY = """
import sys
from pathlib import Path
from tests.compensation_parts import write_rules
from tests.forking import run_code
from tests.ledger_parts import ORIGIN
from tests.statement_parts import pay_q3
from models.ledger.log import UsageLedger
folder = Path(sys.argv[1])
pay_q3(UsageLedger.open(folder / "ledger", ORIGIN), write_rules(folder))
"""


@pytest.mark.parametrize("point", ["payout.written", "ledger.staged", "ledger.promised"])
def test_a_payment_that_dies_is_paid_once_when_it_is_tried_again(
    tmp_path: Path, point: str
) -> None:
    make_used_ledger(tmp_path)
    done = run_code(PAY, tmp_path, env={"KIYOME_FAILPOINT": point})
    assert done.returncode == -signal.SIGKILL, done.stderr
    ledger = UsageLedger.open(tmp_path / "ledger", ORIGIN)
    payment = pay_q3(ledger, write_rules(tmp_path))
    assert sum(record.net for record in payment.records) == 1_000_000
    assert sum(p.net for p in read_books(ledger).payouts) == 1_000_000
    statement = ledger.statement("payout-atelier-2026-Q3")
    claims = (payouts_of(ledger) / "claims.json").read_bytes()
    assert statement is not None
    assert statement.manifest_sha256 == hashlib.sha256(claims).hexdigest()
    assert verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder).ok
