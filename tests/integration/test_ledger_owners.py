"""What an owner can be shown: all their records of a batch, or that there are none."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from models.errors import LedgerError
from models.ledger.batches import sign_batch
from models.ledger.commitments import encode_canonical
from models.ledger.consistency import verify_consistency_file
from models.ledger.log import UsageLedger
from models.ledger.note import Verifier, read_key_file
from models.ledger.owners.absence import verify_absence_file
from models.ledger.owners.completeness import verify_completeness_file
from models.ledger.owners.index import TAG_BYTES, OwnerIndex
from models.ledger.owners.keys import OwnerKeys, derive_tag
from models.ledger.owners.proving import OwnerProof, prove_in_batch
from models.ledger.private_files import index_path
from models.ledger.proofs import verify_proof_file
from models.ledger.verification import verify_ledger
from tests.ledger_examples import write_examples
from tests.ledger_parts import ORIGIN, make_owned_records, make_record, owner_ref

OWNERS = 30
SIZES = (200, 120, 5)
STAMP = 1_800_000_000
EXAMPLES = Path(__file__).resolve().parents[1] / "data/ledger"
RECEIPT = {
    "block_hash": "0x" + "ab" * 32,
    "block_number": 7,
    "chain_id": 31337,
    "contract": "0x" + "cd" * 20,
    "format": "kiyome.receipt/1",
    "log_index": 0,
    "manifest": "ef" * 32,
    "root": "00" * 32,
    "sequence": 1,
    "size": 1000,
    "tx_hash": "0x" + "12" * 32,
}


@pytest.fixture(scope="module")
def ledger(tmp_path_factory: pytest.TempPathFactory) -> UsageLedger:
    """Three batches of 30 owners, of whom the last one's five records know only five."""
    ledger = UsageLedger.open(tmp_path_factory.mktemp("ledger"), ORIGIN)
    start = 0
    for number, size in enumerate(SIZES):
        ledger.append(f"b{number}", make_owned_records(size, OWNERS, start), STAMP + number)
        start += size
    return ledger


@pytest.fixture
def proof(ledger: UsageLedger, tmp_path: Path) -> Path:
    """A completeness file of one owner."""
    path = tmp_path / "proof.json"
    assert ledger.prove_owner("b1", owner_ref(3), path) is OwnerProof.COMPLETENESS
    return path


@pytest.fixture
def absence(ledger: UsageLedger, tmp_path: Path) -> Path:
    """An absence file of one owner."""
    path = tmp_path / "absence.json"
    assert ledger.prove_owner("b2", owner_ref(3), path) is OwnerProof.ABSENCE
    return path


def _rewrite(path: Path, change: Callable[[dict[str, Any]], None]) -> None:
    value = json.loads(path.read_bytes())
    change(value)
    path.write_bytes(encode_canonical(value) + b"\n")


@pytest.mark.parametrize("batch", ["b0", "b1"])
@pytest.mark.parametrize("number", [0, 3, 17, 28])
def test_an_owner_is_shown_all_their_records_of_a_batch(
    ledger: UsageLedger, tmp_path: Path, batch: str, number: int
) -> None:
    reference, path = owner_ref(number), tmp_path / "proof.json"
    assert ledger.prove_owner(batch, reference, path) is OwnerProof.COMPLETENESS
    report = verify_completeness_file(path, ledger.vkey)
    assert report.failures == ()
    assert (report.size, report.root) == (sum(SIZES), ledger.head().root.hex())
    names = [check.name for check in report.checks]
    assert names == ["key", "checkpoint", "batch", "owner", "inclusion", "openings"]
    theirs = [
        opening.record
        for opening in ledger.openings(batch)
        if opening.record.get("ownerRef") == reference
    ]
    value = json.loads(path.read_bytes())
    assert [record["opening"]["record"] for record in value["records"]] == theirs
    assert value["owner"]["count"] == len(theirs)


def test_the_records_of_nobody_are_the_operators(ledger: UsageLedger, tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    assert ledger.prove_owner("b0", "", path) is OwnerProof.COMPLETENESS
    assert verify_completeness_file(path, ledger.vkey).ok
    value = json.loads(path.read_bytes())
    assert value["owner"]["count"] == 20
    assert all("ownerRef" not in record["opening"]["record"] for record in value["records"])


def test_the_counts_of_all_owners_are_the_records_of_the_batch(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    path, total = tmp_path / "proof.json", 0
    for reference in ["", *(owner_ref(number) for number in range(OWNERS))]:
        if ledger.prove_owner("b1", reference, path) is OwnerProof.COMPLETENESS:
            total += json.loads(path.read_bytes())["owner"]["count"]
    assert total == SIZES[1]
    statement = ledger.statement("b1")
    assert statement is not None
    assert statement.owners is not None
    assert statement.owners.records == total


def test_an_owner_who_has_nothing_in_a_batch_is_shown_that(
    ledger: UsageLedger, absence: Path
) -> None:
    report = verify_absence_file(absence, ledger.vkey)
    assert report.failures == ()
    assert [check.name for check in report.checks] == ["key", "checkpoint", "batch", "absence"]


def test_an_owner_never_seen_before_is_shown_that(ledger: UsageLedger, tmp_path: Path) -> None:
    path, stranger = tmp_path / "proof.json", owner_ref(1000)
    assert not ledger.knows_owner(stranger)
    assert ledger.prove_owner("b0", stranger, path) is OwnerProof.ABSENCE
    assert verify_absence_file(path, ledger.vkey).ok
    assert ledger.knows_owner(stranger)


@pytest.mark.parametrize(("side", "place"), [("left", 0), ("right", -1)])
def test_absence_holds_before_the_first_leaf_and_behind_the_last(
    ledger: UsageLedger, tmp_path: Path, side: str, place: int
) -> None:
    public, private, path = ledger.public_folder, ledger.private_folder, tmp_path / "proof.json"
    with OwnerIndex(index_path(private, "b2")) as index:
        end = index.entry(place % index.size)[:TAG_BYTES]
    keys = (number.to_bytes(32, "big") for number in count())
    # Tags are spread evenly: one beyond the end comes up sooner or later.
    key = next(k for k in keys if (derive_tag(k, "b2") < end) == (side == "left"))
    verifier = Verifier.parse(ledger.vkey)
    owner = (owner_ref(2000), key)
    kind, data = prove_in_batch(public, private, verifier, "b2", owner, reveal=True)
    path.write_bytes(data)
    assert kind is OwnerProof.ABSENCE
    assert json.loads(data)[side] is None
    assert verify_absence_file(path, ledger.vkey).ok


def test_a_proof_can_keep_the_records_hidden(ledger: UsageLedger, tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    ledger.prove_owner("b1", owner_ref(3), path, reveal=False)
    report = verify_completeness_file(path, ledger.vkey)
    assert report.failures == ()
    assert "0 of" in report.checks[-1].detail
    assert b"sha256" not in path.read_bytes().split(b'"records":[')[1]


@pytest.mark.parametrize("kind", ["proof", "absence"])
def test_no_byte_of_a_proof_can_change(
    ledger: UsageLedger, kind: str, request: pytest.FixtureRequest
) -> None:
    """But for an absence's tag: another tag between the neighbours is as absent."""
    path: Path = request.getfixturevalue(kind)
    data = path.read_bytes()
    tag = data.index(b'"tag":"') if kind == "absence" else len(data)
    for position in (at for at in range(len(data)) if not 7 <= at - tag < 71):
        changed = bytearray(data)
        changed[position] ^= 1 << (position % 8)
        path.write_bytes(changed)
        assert not verify_proof_file(path, ledger.vkey).ok, position


def test_a_record_that_is_left_out_is_missed(ledger: UsageLedger, proof: Path) -> None:
    def drop(value: dict[str, Any]) -> None:
        value["records"].pop()

    _rewrite(proof, drop)
    details = [check.detail for check in verify_completeness_file(proof, ledger.vkey).failures]
    assert "records, but" in details[0]


def test_a_record_that_is_left_out_of_the_count_too_is_missed(
    ledger: UsageLedger, proof: Path
) -> None:
    def drop(value: dict[str, Any]) -> None:
        value["records"].pop()
        value["owner"]["count"] -= 1

    _rewrite(proof, drop)
    details = [check.detail for check in verify_completeness_file(proof, ledger.vkey).failures]
    assert "the owner's leaf does not stand in the batch's index" in details[0]


def test_a_record_of_another_owner_does_not_fit(ledger: UsageLedger, proof: Path) -> None:
    other = proof.with_name("other.json")
    ledger.prove_owner("b1", owner_ref(4), other)
    strange = json.loads(other.read_bytes())["records"]

    def swap(value: dict[str, Any]) -> None:
        value["records"][0] = strange[0]

    _rewrite(proof, swap)
    assert not verify_completeness_file(proof, ledger.vkey).ok


def test_another_batch_does_not_fit(ledger: UsageLedger, proof: Path, absence: Path) -> None:
    batch = json.loads((ledger.public_folder / "batches/b0.json").read_bytes())
    for path in (proof, absence):
        _rewrite(path, lambda value: value.update(batch=batch))
        assert not verify_proof_file(path, ledger.vkey).ok


def test_a_batch_that_signs_another_root_than_the_head_of_its_size_is_refused(
    tmp_path: Path,
) -> None:
    ledger = UsageLedger.open(tmp_path / "ledger", ORIGIN)
    ledger.append("b0", [make_record(0, owner_ref(1))], STAMP)
    path, signer = tmp_path / "p.json", read_key_file(ledger.private_folder / "signing.key")
    ledger.prove_owner("b0", owner_ref(1), path)
    statement = ledger.statement("b0")
    assert statement is not None
    forged = replace(statement, batch=replace(statement.batch, root="0" * 64))
    signed = json.loads(sign_batch(forged, signer))
    _rewrite(path, lambda value: value.update(batch=signed))
    (failure,) = verify_proof_file(path, ledger.vkey).failures
    assert "two roots for one size" in failure.detail


def test_a_given_key_that_is_none_is_not_said_to_be_the_files(
    ledger: UsageLedger, proof: Path
) -> None:
    (failure,) = verify_proof_file(proof, "no key").failures
    assert "The key that was given" in failure.detail


def test_an_older_checkpoint_does_not_cover_the_batch(
    ledger: UsageLedger, proof: Path, absence: Path
) -> None:
    note = (ledger.public_folder / "checkpoints/200").read_text()
    for path in (proof, absence):
        _rewrite(path, lambda value: value.update(checkpoint=note))
        failures = verify_proof_file(path, ledger.vkey).failures
        assert "reaches beyond the checkpoint" in failures[0].detail


@pytest.mark.parametrize("number", [-1, 1 << 53, 1 << 64, True, "1", None, 1.0])
@pytest.mark.parametrize("field", ["count", "index"])
def test_a_number_that_is_none_is_refused(
    ledger: UsageLedger, proof: Path, field: str, number: object
) -> None:
    _rewrite(proof, lambda value: value["owner"].update({field: number}))
    assert not verify_completeness_file(proof, ledger.vkey).ok


def _drop_left(value: dict[str, Any]) -> None:
    value["left"] = None


def _drop_both(value: dict[str, Any]) -> None:
    value["left"] = value["right"] = None


def _swap_sides(value: dict[str, Any]) -> None:
    value["left"], value["right"] = value["right"], value["left"]


def _name_a_neighbour(value: dict[str, Any]) -> None:
    value["tag"] = value["right"]["entry"][:64]


def _name_a_lower_tag(value: dict[str, Any]) -> None:
    value["tag"] = "00" * 32


@pytest.mark.parametrize(
    "change", [_drop_left, _drop_both, _swap_sides, _name_a_neighbour, _name_a_lower_tag]
)
def test_neighbours_that_do_not_enclose_the_tag_prove_nothing(
    ledger: UsageLedger, tmp_path: Path, change: Callable[[dict[str, Any]], None]
) -> None:
    path = tmp_path / "proof.json"
    for number in range(3000, 3100):
        ledger.prove_owner("b2", owner_ref(number), path)
        value = json.loads(path.read_bytes())
        if value["left"] and value["right"]:
            break
    _rewrite(path, change)
    assert not verify_absence_file(path, ledger.vkey).ok


def test_neighbours_that_are_not_next_to_each_other_prove_nothing(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    """Else an owner's own leaf could be skipped."""
    paths = [tmp_path / "one.json", tmp_path / "two.json"]
    found: dict[int, dict[str, Any]] = {}
    for number in range(4000, 4200):
        ledger.prove_owner("b2", owner_ref(number), paths[0])
        value = json.loads(paths[0].read_bytes())
        if value["left"] and value["right"]:
            found[value["left"]["index"]] = value
    low = min(found)
    far = next(value for index, value in found.items() if index > low + 1)
    forged = {**found[low], "right": far["right"]}
    paths[1].write_bytes(encode_canonical(forged) + b"\n")
    (failure,) = verify_absence_file(paths[1], ledger.vkey).failures
    assert "do not stand side by side" in failure.detail


@pytest.mark.parametrize("old", [200, 320, 325])
def test_growth_is_shown_between_two_heads(ledger: UsageLedger, tmp_path: Path, old: int) -> None:
    path = tmp_path / "consistency.json"
    ledger.prove_consistency(old, path)
    report = verify_consistency_file(path, ledger.vkey)
    assert report.failures == ()
    assert report.size == sum(SIZES)
    data = path.read_bytes()
    for position in range(len(data)):
        changed = bytearray(data)
        changed[position] ^= 1 << (position % 8)
        path.write_bytes(changed)
        assert not verify_proof_file(path, ledger.vkey).ok, position


@pytest.mark.parametrize(("old", "new"), [(0, None), (201, None), (320, 200), (-1, None)])
def test_growth_between_heads_that_are_none_cannot_be_shown(
    ledger: UsageLedger, tmp_path: Path, old: int, new: int | None
) -> None:
    with pytest.raises(LedgerError):
        ledger.prove_consistency(old, tmp_path / "consistency.json", new)
    assert not (tmp_path / "consistency.json").exists()


@pytest.mark.parametrize("kind", ["proof", "absence"])
def test_a_proof_may_carry_a_receipt_of_a_head_that_covers_it(
    ledger: UsageLedger, kind: str, request: pytest.FixtureRequest
) -> None:
    path: Path = request.getfixturevalue(kind)
    _rewrite(path, lambda value: value.update(receipt=RECEIPT))
    report = verify_proof_file(path, ledger.vkey)
    assert report.failures == ()
    assert "block 7 of chain 31337" in report.checks[-1].detail


@pytest.mark.parametrize(
    "change",
    [
        {"size": 324},
        {"size": 325},
        {"more": 1},
        {"root": "0x00"},
        {"contract": "0xAB"},
        {"size": 1.5},
    ],
)
def test_a_receipt_that_does_not_cover_the_proof_fails(
    ledger: UsageLedger, proof: Path, change: dict[str, object]
) -> None:
    _rewrite(proof, lambda value: value.update(receipt={**RECEIPT, **change}))
    assert not verify_proof_file(proof, ledger.vkey).ok


def test_proofs_outlive_the_ledger(tmp_path: Path) -> None:
    ledger = UsageLedger.open(tmp_path / "ledger", ORIGIN)
    ledger.append("b0", make_owned_records(40, 5), STAMP)
    ledger.prove_owner("b0", owner_ref(1), tmp_path / "one.json")
    ledger.prove_owner("b0", owner_ref(9), tmp_path / "two.json")
    shutil.rmtree(tmp_path / "ledger")
    assert verify_proof_file(tmp_path / "one.json", ledger.vkey).ok
    assert verify_proof_file(tmp_path / "two.json", ledger.vkey).ok


@pytest.mark.parametrize("data", [b"", b"{}\n", b"\xff\n", b'{"format":"kiyome.absence/1"}\n'])
def test_a_file_that_is_no_proof_is_reported(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "x.json").write_bytes(data)
    assert not verify_proof_file(tmp_path / "x.json", None).ok
    assert not verify_proof_file(tmp_path / "nothing.json", None).ok


def test_an_unknown_batch_cannot_be_proven(ledger: UsageLedger, tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="has no batch nothing"):
        ledger.prove_owner("nothing", owner_ref(1), tmp_path / "x.json")


def test_the_same_owners_tags_in_two_batches_are_unlinkable(ledger: UsageLedger) -> None:
    keys = OwnerKeys.read(ledger.private_folder / "owners.keys")
    tags = {derive_tag(key, batch) for _, key in keys.items() for batch in ("b0", "b1")}
    assert len(tags) == 2 * sum(1 for _ in keys.items())


def test_changed_private_files_of_owners_are_seen(ledger: UsageLedger, tmp_path: Path) -> None:
    shutil.copytree(ledger.public_folder.parent, tmp_path / "ledger")
    copy = UsageLedger.open(tmp_path / "ledger", ORIGIN)

    def failures() -> str:
        report = verify_ledger(copy.public_folder, copy.vkey, copy.private_folder)
        return " | ".join(check.detail for check in report.failures)

    assert failures() == ""
    folder = copy.private_folder / "owners"
    data = (folder / "b0.index").read_bytes()
    (folder / "b0.index").write_bytes((folder / "b1.index").read_bytes())
    assert "owners/b0.index: It is not the index" in failures()
    changed = bytearray(data)
    changed[-40] ^= 1
    (folder / "b0.index").write_bytes(changed)
    assert "owners/b0.index: The list of leaf" in failures()
    (folder / "b0.index").write_bytes(data[:-100] + bytes(100))
    assert "owners/b0.index: The list of leaf" in failures()
    (folder / "b0.index").unlink()
    assert "owners/b0.index" in failures()


def test_a_blanked_opening_of_an_owner_who_is_there_is_seen(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    shutil.copytree(ledger.public_folder.parent, tmp_path / "ledger")
    copy = UsageLedger.open(tmp_path / "ledger", ORIGIN)
    path = copy.private_folder / "openings/b0.sealed"
    data = bytearray(path.read_bytes())
    length = int.from_bytes(data[56:60], "big")
    data[60 : 76 + length] = bytes(16 + length)
    path.write_bytes(data)
    report = verify_ledger(copy.public_folder, copy.vkey, copy.private_folder)
    assert "blank, but no owner was erased" in report.failures[0].detail
    copy.erase_owner(owner_ref(29 - 3), STAMP)
    report = verify_ledger(copy.public_folder, copy.vkey, copy.private_folder)
    assert [check.name for check in report.failures] == ["owners"]


def test_the_keys_of_a_ledger_with_owners_are_not_replaced_when_lost(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    shutil.copytree(ledger.public_folder.parent, tmp_path / "ledger")
    copy = UsageLedger.open(tmp_path / "ledger", ORIGIN)
    (copy.private_folder / "owners.keys").unlink()
    copy = UsageLedger.open(tmp_path / "ledger", ORIGIN)
    with pytest.raises(LedgerError, match=r"owners\.keys cannot be read"):
        copy.append("more", [make_record()], STAMP)
    report = verify_ledger(copy.public_folder, copy.vkey, copy.private_folder)
    assert "owners.keys" in report.failures[0].detail


def test_the_example_files_are_what_this_code_writes(tmp_path: Path) -> None:
    write_examples(tmp_path)
    written, kept = (
        {path.name: path.read_bytes() for path in folder.iterdir()}
        for folder in (tmp_path, EXAMPLES)
    )
    assert written == kept


def test_the_example_files_verify() -> None:
    vkey = (EXAMPLES / "vkey").read_text().strip()
    names = [path for path in EXAMPLES.glob("*.json") if path.name != "batch.json"]
    assert len(names) == 10
    for path in names:
        assert verify_proof_file(path, vkey).failures == (), path.name
