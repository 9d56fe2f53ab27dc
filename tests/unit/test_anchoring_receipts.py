"""The public files about anchored heads."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from models.consent.ipfs.cid import parse_cid
from models.errors import LedgerError
from models.ledger.chain.erc7053 import find_uncommitted, manifest_cid, mark_committed
from models.ledger.chain.heads import ContractState, check_not_behind
from models.ledger.chain.journal import ChainJournal
from models.ledger.chain.receipts import AnchorFiles, Receipt

RECEIPT = Receipt(
    size=5,
    root="a" * 64,
    manifest="b" * 64,
    sequence=1,
    chain_id=31337,
    contract="0x" + "1" * 40,
    tx_hash="0x" + "2" * 64,
    block_hash="0x" + "3" * 64,
    block_number=12,
    log_index=0,
)


def _with(**changes: object) -> bytes:
    value = {**json.loads(RECEIPT.encode()), **changes}
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def test_a_receipt_reads_as_it_was_written() -> None:
    assert Receipt.decode(RECEIPT.encode()) == RECEIPT


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}\n",
        RECEIPT.encode()[:-1],
        RECEIPT.encode() + b"\n",
        _with(format="kiyome.receipt/9"),
        _with(root="A" * 64),
        _with(root="0x" + "a" * 62),
        _with(tx_hash="2" * 64),
        _with(contract="0x" + "1" * 39),
        _with(size=-1),
        _with(size="5"),
        _with(log_index=True),
        _with(more=1),
    ],
)
def test_anything_else_is_refused(data: bytes) -> None:
    with pytest.raises(LedgerError):
        Receipt.decode(data)


def test_manifests_that_were_never_sent_are_taken_away_and_others_stay(tmp_path: Path) -> None:
    files = AnchorFiles(tmp_path)
    for size in (5, 8, 11):
        files.write_manifest(size, b"{}\n")
    files.write_receipt(RECEIPT)
    files.drop_unsent(5)
    assert files.read_manifest(5) == b"{}\n"
    assert files.read_manifest(8) is None
    assert files.read_manifest(11) is None


def test_a_manifest_with_a_receipt_is_never_written_over(tmp_path: Path) -> None:
    files = AnchorFiles(tmp_path)
    files.write_manifest(5, b"{}\n")
    files.write_receipt(RECEIPT)
    with pytest.raises(LedgerError, match="on another contract"):
        files.write_manifest(5, b"[]\n")
    assert files.read_manifest(5) == b"{}\n"


def test_a_receipt_under_another_name_is_noticed(tmp_path: Path) -> None:
    files = AnchorFiles(tmp_path)
    files.write_receipt(RECEIPT).rename(files.receipt_path(6))
    with pytest.raises(LedgerError, match="is of 5 entries"):
        list(files.receipts())


def test_the_manifests_cid_is_the_one_of_its_bytes() -> None:
    cid = parse_cid(manifest_cid(RECEIPT))
    assert cid.digest.hex() == RECEIPT.manifest


def test_manifests_are_committed_from_the_newest_on(tmp_path: Path) -> None:
    files, journal = AnchorFiles(tmp_path), ChainJournal(tmp_path)
    journal.folder.mkdir()
    later = Receipt.decode(_with(size=8, sequence=2))
    files.write_receipt(RECEIPT)
    files.write_receipt(later)
    assert find_uncommitted(files, journal) == [later]
    mark_committed(journal, 5)
    assert find_uncommitted(files, journal) == [later]
    mark_committed(journal, 8)
    assert find_uncommitted(files, journal) == []


def test_a_contract_that_shows_less_than_a_receipt_is_refused_and_another_is_not() -> None:
    state = ContractState("", "", paused=False, size=4, sequence=1, root=bytes(32))
    with pytest.raises(LedgerError, match="the node shows 4 entries"):
        check_not_behind(state, RECEIPT.chain_id, RECEIPT.contract, RECEIPT)
    check_not_behind(state, 1, RECEIPT.contract, RECEIPT)
    check_not_behind(state, RECEIPT.chain_id, "0x" + "9" * 40, RECEIPT)


def test_a_folder_in_place_of_a_receipt_is_named(tmp_path: Path) -> None:
    (tmp_path / "receipts/5.json").mkdir(parents=True)
    with pytest.raises(LedgerError, match=r"5\.json cannot be read"):
        list(AnchorFiles(tmp_path).receipts())
