"""The file of the transaction under way."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import LedgerError
from models.ledger.chain.evm import Mined
from models.ledger.chain.journal import Attempt, ChainJournal, Pending, State

ATTEMPT = Attempt("02f8", "0x" + "1" * 64, str(2 * 10**18), "1000000000", 84_000)
PENDING = Pending(
    purpose="anchor",
    detail={"size": 5, "root": "a" * 64, "manifest": "b" * 64},
    chain_id=31337,
    sender="0x" + "2" * 40,
    nonce=7,
    to="0x" + "3" * 40,
    data="abcd",
    attempts=(ATTEMPT,),
)
PLACE = Mined(ATTEMPT.tx_hash, 12, "0x" + "4" * 64, True, 70_000, 10**9, None, ())


@pytest.fixture
def journal(tmp_path: Path) -> ChainJournal:
    """An empty one."""
    made = ChainJournal(tmp_path)
    made.folder.mkdir()
    return made


def test_what_is_saved_is_loaded(journal: ChainJournal) -> None:
    journal.save(PENDING)
    assert journal.load() == PENDING


def test_fees_beyond_what_json_numbers_hold_come_back_whole(journal: ChainJournal) -> None:
    pending = PENDING.with_attempt(replace(ATTEMPT, max_fee=str(10**30)))
    journal.save(pending)
    loaded = journal.load()
    assert loaded is not None
    assert int(loaded.attempts[1].max_fee) == 10**30


def test_only_its_owner_reads_it(journal: ChainJournal) -> None:
    journal.save(PENDING)
    assert journal.path.stat().st_mode & 0o777 == 0o600


def test_cleared_there_is_none(journal: ChainJournal) -> None:
    journal.save(PENDING)
    journal.clear()
    assert journal.load() is None


@pytest.mark.parametrize("cut", [0, 1, 40, -1])
def test_a_damaged_file_is_refused_and_never_taken_for_none(
    journal: ChainJournal, cut: int
) -> None:
    journal.save(PENDING)
    journal.path.write_bytes(journal.path.read_bytes()[:cut])
    with pytest.raises(LedgerError, match="cannot be read"):
        journal.load()


def test_a_reorganisation_takes_it_back_to_sent_without_a_trace_of_the_block() -> None:
    mined = PENDING.mined(PLACE)
    assert (mined.state, mined.block_number) == (State.MINED, 12)
    assert mined.sent() == PENDING.sent()


def test_who_waits_too_long_for_another_process_is_told(journal: ChainJournal) -> None:
    with (
        journal.hold(0),
        pytest.raises(LedgerError, match="Another process is sending"),
        ChainJournal(journal.folder.parent).hold(0),
    ):
        pass
