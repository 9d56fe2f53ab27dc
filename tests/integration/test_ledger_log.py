"""The usage ledger on disk: appending, asking again, finding damage before signing over it."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.errors import LedgerError
from models.ledger import journal
from models.ledger.batches import Batch
from models.ledger.log import UsageLedger
from models.ledger.merkle import EMPTY_ROOT
from models.ledger.records import UsageRecord
from models.ledger.tiles import TileReader
from models.ledger.verification import verify_ledger
from tests.ledger_parts import ORIGIN, asset_id, make_ledger, make_record, make_records

STAMP = 1_800_000_000


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "lock"
    }


def test_a_new_ledger_is_empty_and_signed(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    head = ledger.head()
    assert (head.origin, head.size, head.root) == (ORIGIN, 0, EMPTY_ROOT)
    assert ledger.batches() == []
    assert verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder).ok


def test_private_files_are_for_their_owner_only(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 3)
    modes = {
        path.name: path.stat().st_mode & 0o777
        for path in (ledger.private_folder, *ledger.private_folder.rglob("*"))
    }
    assert modes["private"] == modes["openings"] == modes["owners"] == 0o700
    assert modes["signing.key"] == modes["references.key"] == modes["owners.keys"] == 0o600
    assert modes["b0.sealed"] == modes["b0.index"] == 0o600


@pytest.mark.parametrize(
    ("name", "said"), [("lock", "cannot be taken"), ("head", "is not the head that was signed")]
)
def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path, name: str, said: str) -> None:
    path = make_ledger(tmp_path, 3).private_folder / name
    path.unlink(missing_ok=True)
    path.mkdir()
    with pytest.raises(LedgerError, match=said):
        UsageLedger.open(tmp_path, ORIGIN)


def test_a_batch_says_where_it_stands(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 3)
    batch = ledger.append("second", make_records(300, 3), STAMP)
    assert (batch.batch_id, batch.first_index, batch.size) == ("second", 3, 303)
    assert batch.root == ledger.head().root.hex()
    assert TileReader(ledger.public_folder, 303).root().hex() == batch.root
    assert [b.batch_id for b in ledger.batches()] == ["b0", "second"]


def test_every_record_can_be_opened_in_order(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 5, 4)
    openings = list(ledger.openings("b1"))
    assert [opening.index for opening in openings] == [5, 6, 7, 8]
    assert [o.record["asset"]["sha256"] for o in openings] == [asset_id(n) for n in range(5, 9)]
    reader = TileReader(ledger.public_folder, 9)
    assert [opening.leaf for opening in openings] == [reader.leaf(n) for n in range(5, 9)]


def test_the_same_batch_is_appended_once(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 5)
    first = ledger.batch("b0")
    before = _files(tmp_path)

    def never() -> Iterator[UsageRecord]:
        raise AssertionError("the records of a batch that is in are not read")
        yield make_record()

    again = UsageLedger.open(tmp_path, ORIGIN)
    assert again.append("b0", never(), STAMP + 99) == first
    assert _files(tmp_path) == before


def test_an_unknown_batch_is_none(tmp_path: Path) -> None:
    assert make_ledger(tmp_path, 1).batch("other") is None


@pytest.mark.parametrize("batch_id", ["", "a/b", "..", ".hidden", "a b", "x" * 129, "ü"])
def test_a_batch_id_has_to_be_a_files_name(tmp_path: Path, batch_id: str) -> None:
    with pytest.raises(LedgerError, match="cannot name a batch"):
        make_ledger(tmp_path).append(batch_id, make_records(1), STAMP)


def test_a_batch_without_records_is_refused(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 1)
    with pytest.raises(LedgerError, match="holds no records"):
        ledger.append("empty", [], STAMP)
    assert ledger.head().size == 1


@pytest.mark.parametrize("failure", ["error", "stranger", "stamp"])
def test_a_batch_that_fails_half_way_leaves_nothing(tmp_path: Path, failure: str) -> None:
    ledger = make_ledger(tmp_path, 4)
    before = _files(tmp_path)

    def broken() -> Iterator[UsageRecord]:
        yield from make_records(500)
        if failure == "error":
            raise OSError(28, "No space left on device")
        if failure == "stranger":
            yield "a caption"  # type: ignore[misc]

    with pytest.raises(LedgerError):
        ledger.append("broken", broken(), -1 if failure == "stamp" else STAMP)
    assert _files(tmp_path) == before
    assert not (ledger.private_folder / "staging").exists()
    assert ledger.append("broken", make_records(2), STAMP).size == 6


def test_a_promised_batch_that_cannot_be_finished_is_finished_later(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 4)
    history, aside = ledger.public_folder / "checkpoints", tmp_path / "aside"
    history.rename(aside)
    history.write_bytes(b"")
    with pytest.raises(LedgerError, match="promised cannot be finished") as caught:
        ledger.append("next", make_records(3), STAMP)
    assert "open the ledger again" in caught.value.remedy
    history.unlink()
    aside.rename(history)
    batch = UsageLedger.open(tmp_path, ORIGIN).batch("next")
    assert batch is not None
    assert (batch.first_index, batch.size) == (4, 7)


def test_a_batch_that_was_dropped_spoils_none_that_another_writer_has_promised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = make_ledger(tmp_path, 300)

    def fill_the_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(journal, "write_atomically", fill_the_disk)
        with pytest.raises(LedgerError, match="No space left"):
            ledger.append("mine", make_records(700), STAMP)
    history, aside = ledger.public_folder / "checkpoints", tmp_path / "aside"
    history.rename(aside)
    history.write_bytes(b"")
    with pytest.raises(LedgerError, match="promised cannot be finished"):
        UsageLedger.open(tmp_path, ORIGIN).append("theirs", make_records(900, 50), STAMP)
    history.unlink()
    aside.rename(history)
    assert ledger.append("mine", make_records(700), STAMP).first_index == 1200
    assert verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder).ok


def test_two_writers_append_one_after_the_other(tmp_path: Path) -> None:
    make_ledger(tmp_path)
    failures: list[BaseException] = []

    def write(name: str) -> None:
        try:
            ledger = UsageLedger.open(tmp_path, ORIGIN)
            for number in range(4):
                ledger.append(f"{name}{number}", make_records(50), STAMP)
                ledger.append("shared", make_records(7), STAMP)
        except LedgerError as error:
            failures.append(error)

    threads = [threading.Thread(target=write, args=(name,)) for name in "abc"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    ledger = UsageLedger.open(tmp_path, ORIGIN)
    assert ledger.head().size == 12 * 50 + 7
    assert verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder).ok


def test_a_reader_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 10)
    seen: list[int] = []

    def reading() -> Iterator[UsageRecord]:
        yield make_record()
        other = UsageLedger.open(tmp_path, ORIGIN)
        seen.append(other.head().size)
        assert other.batch("slow") is None

    ledger.append("slow", reading(), STAMP)
    assert seen == [10]


def test_pseudonyms_are_stable_and_differ_by_kind_and_ledger(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path / "one")
    name = "hanako@example.com"
    reference = ledger.reference("owner", name)
    assert UsageLedger.open(tmp_path / "one", ORIGIN).reference("owner", name) == reference
    assert ledger.reference("reviewer", name) != reference
    assert make_ledger(tmp_path / "two").reference("owner", name) != reference
    assert len(reference) == 32
    assert set(reference) <= set("0123456789abcdef")


def test_another_name_does_not_open_the_ledger(tmp_path: Path) -> None:
    make_ledger(tmp_path)
    with pytest.raises(LedgerError, match=r"is called 'kiyome\.test/ledger', not 'other'"):
        UsageLedger.open(tmp_path, "other")


def test_a_private_folder_that_is_open_to_others_is_refused(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path)
    ledger.private_folder.chmod(0o755)
    with pytest.raises(LedgerError, match="open to others"):
        UsageLedger.open(tmp_path, ORIGIN)


def test_a_ledger_whose_key_is_gone_is_not_continued(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 2)
    (ledger.private_folder / "signing.key").unlink()
    with pytest.raises(LedgerError, match=r"signing key .* cannot be read"):
        UsageLedger.open(tmp_path, ORIGIN)
    shutil.rmtree(ledger.private_folder)
    with pytest.raises(LedgerError, match=r"its signing key .* is gone"):
        UsageLedger.open(tmp_path, ORIGIN)


def test_a_ledger_whose_public_folder_is_gone_does_not_begin_anew(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 2)
    shutil.rmtree(ledger.public_folder)
    with pytest.raises(LedgerError, match=r"head .* cannot be read"):
        UsageLedger.open(tmp_path, ORIGIN)


def test_a_ledger_that_forgot_its_head_does_not_begin_anew(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 2)
    (ledger.private_folder / "head").unlink()
    with pytest.raises(LedgerError, match="head is gone"):
        UsageLedger.open(tmp_path, ORIGIN)


def test_nothing_is_signed_over_an_older_head(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 2, 3)
    old = (ledger.public_folder / "checkpoints/2").read_bytes()
    (ledger.public_folder / "checkpoint").write_bytes(old)
    with pytest.raises(LedgerError, match="not the head that was signed last"):
        ledger.append("more", make_records(1), STAMP)
    with pytest.raises(LedgerError, match="not the head that was signed last"):
        UsageLedger.open(tmp_path, ORIGIN)


def test_nothing_is_signed_over_changed_tiles(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 2)
    tile = ledger.public_folder / "tile/0/000.p/2"
    tile.write_bytes(bytes(64))
    with pytest.raises(LedgerError, match="do not lead to the signed root"):
        ledger.append("more", make_records(1), STAMP)


def test_a_batch_whose_file_was_lost_is_not_appended_twice(tmp_path: Path) -> None:
    ledger = make_ledger(tmp_path, 2)
    (ledger.public_folder / "batches/b0.json").unlink()
    with pytest.raises(LedgerError, match=r"b0 was appended, but .* is gone"):
        ledger.append("b0", make_records(2), STAMP)
    assert ledger.head().size == 2


def test_times_and_ids_come_from_the_caller_only(tmp_path: Path) -> None:
    """Apart from keys, salts and what follows from them, two ledgers are the same."""
    one, two = make_ledger(tmp_path / "1", 20), make_ledger(tmp_path / "2", 20)
    records = [[o.canonical for o in ledger.openings("b0")] for ledger in (one, two)]
    assert records[0] == records[1]
    assert set(_files(one.public_folder)) == set(_files(two.public_folder))
    batch = one.batch("b0")
    assert isinstance(batch, Batch)
    assert batch.root != (two.batch("b0") or batch).root
