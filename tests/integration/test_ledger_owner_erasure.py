"""Erasing an owner: nothing of theirs can be read again, and nobody else notices."""

from __future__ import annotations

import hashlib
import json
import secrets
import shutil
from pathlib import Path

import pytest

from models.errors import LedgerError
from models.ledger.batches import Batch, BatchStatement, sign_batch
from models.ledger.commitments import Opening, leaf_of
from models.ledger.log import UsageLedger
from models.ledger.note import Checkpoint, read_key_file, sign_checkpoint
from models.ledger.owners import erasure
from models.ledger.owners.completeness import verify_completeness_file
from models.ledger.owners.keys import OwnerKeys
from models.ledger.owners.proving import OwnerProof
from models.ledger.proofs import verify_proof_file
from models.ledger.report import VerificationReport
from models.ledger.tiles import append_leaves
from models.ledger.verification import verify_ledger
from tests.ledger_parts import ORIGIN, make_owned_records, make_record, owner_ref

STAMP = 1_800_000_000
DAY = "2027-01-15"
VICTIM, OTHER = owner_ref(2), owner_ref(3)


@pytest.fixture
def ledger(tmp_path: Path) -> UsageLedger:
    """Two batches, in each of which every owner has records."""
    ledger = UsageLedger.open(tmp_path / "ledger", ORIGIN)
    ledger.append("b0", make_owned_records(90, 8), STAMP)
    ledger.append("b1", make_owned_records(40, 8, 90), STAMP)
    return ledger


def _verify(ledger: UsageLedger) -> VerificationReport:
    return verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder)


def _of(ledger: UsageLedger, batch_id: str, reference: str) -> list[Opening]:
    return [o for o in ledger.openings(batch_id) if o.record.get("ownerRef") == reference]


def _files(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.name != "lock"
    }


def test_what_would_be_erased_can_be_asked_before(ledger: UsageLedger) -> None:
    before = _files(ledger.private_folder)
    counts = {name: len(_of(ledger, name, VICTIM)) for name in ("b0", "b1")}
    assert ledger.erasable(VICTIM) == counts
    assert min(counts.values()) > 0
    assert _files(ledger.private_folder) == before


def test_nothing_of_an_erased_owner_can_be_read(ledger: UsageLedger) -> None:
    openings = [*_of(ledger, "b0", VICTIM), *_of(ledger, "b1", VICTIM)]
    key = OwnerKeys.read(ledger.private_folder / "owners.keys").get(VICTIM)
    assert key is not None
    ledger.erase_owner(VICTIM, STAMP)
    private = b"".join(_files(ledger.private_folder).values())
    assert key not in private
    for opening in openings:
        assert opening.salt not in private
        assert opening.canonical not in private
    assert _of(ledger, "b0", VICTIM) == _of(ledger, "b1", VICTIM) == []
    assert ledger.erasable(VICTIM) == {}


@pytest.mark.parametrize("when", [-1, 253_402_300_800])
def test_a_clock_that_is_wild_does_not_lock_the_ledger(ledger: UsageLedger, when: int) -> None:
    with pytest.raises(LedgerError, match="Set the clock"):
        ledger.erase_owner(VICTIM, when)
    assert UsageLedger.open(ledger.public_folder.parent, ORIGIN).erasures() == []
    assert _of(ledger, "b0", VICTIM)


def test_even_the_old_key_opens_nothing_any_more(ledger: UsageLedger, tmp_path: Path) -> None:
    """What was sealed is overwritten too: a key that comes back from a backup finds nothing."""
    shutil.copy(ledger.private_folder / "owners.keys", tmp_path / "backup")
    ledger.erase_owner(VICTIM, STAMP)
    shutil.copy(tmp_path / "backup", ledger.private_folder / "owners.keys")
    assert _of(ledger, "b0", VICTIM) == []


def test_nothing_public_changes(ledger: UsageLedger) -> None:
    before = _files(ledger.public_folder)
    ledger.erase_owner(VICTIM, STAMP)
    assert _files(ledger.public_folder) == before


def test_everybody_else_is_shown_what_they_were_shown_before(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    proofs = {}
    for reference in ("", OTHER):
        ledger.prove_owner("b0", reference, tmp_path / "proof.json")
        proofs[reference] = (tmp_path / "proof.json").read_bytes()
    ledger.erase_owner(VICTIM, STAMP)
    for reference, data in proofs.items():
        ledger.prove_owner("b0", reference, tmp_path / "proof.json")
        assert (tmp_path / "proof.json").read_bytes() == data
        assert verify_completeness_file(tmp_path / "proof.json", ledger.vkey).ok


def test_a_proof_that_was_given_out_still_verifies(ledger: UsageLedger, tmp_path: Path) -> None:
    path = tmp_path / "proof.json"
    ledger.prove_owner("b0", VICTIM, path)
    ledger.erase_owner(VICTIM, STAMP)
    assert verify_proof_file(path, ledger.vkey).ok


def test_the_ledger_verifies_and_counts_what_was_erased(ledger: UsageLedger) -> None:
    erased = sum(ledger.erasable(VICTIM).values())
    ledger.erase_owner(VICTIM, STAMP)
    report = _verify(ledger)
    assert report.failures == ()
    (openings,) = [check.detail for check in report.checks if check.name == "openings"]
    assert f"{130 - erased} openings match their leaves, {erased} were erased" in openings


def test_an_erased_owner_is_told_when(ledger: UsageLedger, tmp_path: Path) -> None:
    index = _of(ledger, "b0", VICTIM)[0].index
    ledger.erase_owner(VICTIM, STAMP)
    with pytest.raises(LedgerError, match=f"was erased on {DAY}"):
        ledger.prove_owner("b0", VICTIM, tmp_path / "proof.json")
    with pytest.raises(LedgerError, match=f"leaf {index} was erased on {DAY}"):
        ledger.prove_inclusion(index, tmp_path / "proof.json")
    assert not (tmp_path / "proof.json").exists()


def test_the_leaf_of_an_erased_record_is_still_proven(ledger: UsageLedger, tmp_path: Path) -> None:
    index = _of(ledger, "b0", VICTIM)[0].index
    ledger.erase_owner(VICTIM, STAMP)
    ledger.prove_inclusion(index, tmp_path / "proof.json", reveal=False)
    assert verify_proof_file(tmp_path / "proof.json", ledger.vkey).ok


def test_erasing_again_changes_nothing(ledger: UsageLedger) -> None:
    first = ledger.erase_owner(VICTIM, STAMP)
    before = _files(ledger.private_folder)
    assert ledger.erase_owner(VICTIM, STAMP + 99) == first
    assert _files(ledger.private_folder) == before
    assert ledger.erasures() == [first]


def test_an_erasure_is_remembered_by_reference_time_and_size_only(ledger: UsageLedger) -> None:
    ledger.erase_owner(VICTIM, STAMP)
    path = ledger.private_folder / "erasures.jsonl"
    assert json.loads(path.read_bytes()) == {
        "erased_at": STAMP,
        "owner_ref": VICTIM,
        "size": 130,
    }
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_later_record_of_an_erased_owner_has_a_new_key(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    keys = ledger.private_folder / "owners.keys"
    old = OwnerKeys.read(keys).get(VICTIM)
    ledger.erase_owner(VICTIM, STAMP)
    ledger.append("b2", [make_record(500, VICTIM), make_record(501, OTHER)], STAMP)
    new = OwnerKeys.read(keys).get(VICTIM)
    assert new is not None
    assert new != old
    assert ledger.prove_owner("b2", VICTIM, tmp_path / "p.json") is OwnerProof.COMPLETENESS
    assert verify_proof_file(tmp_path / "p.json", ledger.vkey).ok
    for batch_id in ("b0", "b1"):
        with pytest.raises(LedgerError, match=f"was erased on {DAY}"):
            ledger.prove_owner(batch_id, VICTIM, tmp_path / "p.json")
    assert _verify(ledger).failures == ()
    ledger.erase_owner(VICTIM, STAMP + 1)
    assert len(ledger.erasures()) == 2
    assert _of(ledger, "b2", VICTIM) == []
    assert _verify(ledger).failures == ()


def test_a_ledger_that_was_open_already_does_not_use_the_old_key(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    other = UsageLedger.open(tmp_path / "ledger", ORIGIN)
    ledger.erase_owner(VICTIM, STAMP)
    other.append("b2", [make_record(500, VICTIM)], STAMP)
    assert _verify(other).failures == ()


def test_every_owner_can_be_erased(ledger: UsageLedger) -> None:
    for number in range(8):
        ledger.erase_owner(owner_ref(number), STAMP + number)
    assert _verify(ledger).failures == ()
    assert {o.record.get("ownerRef") for o in ledger.openings("b0")} == {None}


def test_a_stranger_cannot_be_erased(ledger: UsageLedger) -> None:
    with pytest.raises(LedgerError, match="holds nothing of this owner"):
        ledger.erase_owner(owner_ref(77))
    assert ledger.erasures() == []


@pytest.mark.parametrize("reference", ["", "hanako@example.com", "A" * 32])
def test_only_an_owner_can_be_erased(ledger: UsageLedger, reference: str) -> None:
    with pytest.raises(LedgerError):
        ledger.erase_owner(reference)
    assert ledger.erasures() == []


def test_erased_frames_do_not_tell_which_were_the_same_owners(ledger: UsageLedger) -> None:
    places = [o.index for o in ledger.openings("b0") if o.record.get("ownerRef") in (VICTIM, OTHER)]
    ledger.erase_owner(VICTIM, STAMP)
    ledger.erase_owner(OTHER, STAMP)
    data = (ledger.private_folder / "openings/b0.sealed").read_bytes()
    table = int.from_bytes(data[48:56], "big")
    for place in places:
        at = int.from_bytes(data[table + 8 * place : table + 8 * place + 8], "big")
        length = int.from_bytes(data[at : at + 4], "big")
        assert data[at + 4 : at + 20 + length] == bytes(16 + length)


@pytest.mark.parametrize("name", ["openings/b0.sealed", "owners/b0.index"])
def test_a_damaged_file_does_not_keep_a_key_alive(ledger: UsageLedger, name: str) -> None:
    key = OwnerKeys.read(ledger.private_folder / "owners.keys").get(VICTIM)
    assert key is not None
    (ledger.private_folder / name).write_bytes(b"damaged")
    ledger.erase_owner(VICTIM, STAMP)
    assert key not in (ledger.private_folder / "owners.keys").read_bytes()
    assert _of(ledger, "b1", VICTIM) == []


def test_an_owner_whose_erasure_was_interrupted_is_not_proven_absent(
    ledger: UsageLedger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The key is gone, the list does not say so yet: a new key would not be found anywhere."""
    monkeypatch.setattr(erasure, "read_erasures", _fail)
    with pytest.raises(RuntimeError, match="power cut"):
        ledger.erase_owner(VICTIM, STAMP)
    monkeypatch.undo()
    assert OwnerKeys.read(ledger.private_folder / "owners.keys").get(VICTIM) is None
    assert ledger.erasures() == []
    with pytest.raises(LedgerError, match=f"was erased on {DAY}"):
        ledger.prove_owner("b0", VICTIM, tmp_path / "p.json")


def _fail(_: Path) -> list[erasure.Erasure]:
    raise RuntimeError("power cut")


def test_a_damaged_list_of_erasures_stops_proofs(ledger: UsageLedger, tmp_path: Path) -> None:
    ledger.erase_owner(VICTIM, STAMP)
    path = ledger.private_folder / "erasures.jsonl"
    path.write_bytes(path.read_bytes()[:-2])
    with pytest.raises(LedgerError, match="list of erasures"):
        ledger.prove_owner("b0", OTHER, tmp_path / "p.json")
    assert "erasures.jsonl" in _verify(ledger).failures[0].detail


class TestTheFirstForm:
    """A ledger with a batch from before there were owner keys: salts in clear, no owner index."""

    @pytest.fixture
    def old(self, tmp_path: Path) -> UsageLedger:
        ledger = UsageLedger.open(tmp_path / "old", ORIGIN)
        signer = read_key_file(ledger.private_folder / "signing.key")
        records = list(make_owned_records(30, 4))
        openings = []
        for index, record in enumerate(records):
            openings.append(Opening(index, record.canonical(), secrets.token_bytes(32)))
        leaves = [leaf_of(opening.salt, opening.canonical) for opening in openings]
        size, root = append_leaves(ledger.public_folder, 0, leaves)
        counts = dict.fromkeys(("decide", "exclude", "revoke", "use"), 0)
        for record in records:
            counts[record.type.value] += 1
        digest = hashlib.sha256(b"".join(leaves)).hexdigest()
        statement = BatchStatement(Batch("old", 0, size, root.hex()), counts, digest, STAMP)
        (ledger.public_folder / "batches/old.json").write_bytes(sign_batch(statement, signer))
        note = sign_checkpoint(Checkpoint(ORIGIN, size, root), signer)
        for path in (
            ledger.public_folder / f"checkpoints/{size}",
            ledger.public_folder / "checkpoint",
            ledger.private_folder / "head",
        ):
            path.write_bytes(note)
        lines = b"".join(opening.line for opening in openings)
        (ledger.private_folder / "openings/old.jsonl").write_bytes(lines)
        (ledger.private_folder / "owners.keys").unlink()
        return UsageLedger.open(tmp_path / "old", ORIGIN)

    def test_it_verifies_and_grows(self, old: UsageLedger) -> None:
        assert b"kiyome.batch/1" in (old.public_folder / "batches/old.json").read_bytes()
        assert _verify(old).failures == ()
        assert len(list(old.openings("old"))) == 30
        old.append("new", make_owned_records(20, 4, 30), STAMP)
        assert _verify(old).failures == ()

    def test_its_records_are_proven_one_by_one(self, old: UsageLedger, tmp_path: Path) -> None:
        old.prove_inclusion(3, tmp_path / "p.json")
        assert verify_proof_file(tmp_path / "p.json", old.vkey).ok
        with pytest.raises(LedgerError, match="before there were owner indexes"):
            old.prove_owner("old", VICTIM, tmp_path / "q.json")

    def test_its_records_are_erased_too(self, old: UsageLedger, tmp_path: Path) -> None:
        theirs = _of(old, "old", VICTIM)
        assert old.erasable(VICTIM) == {"old": len(theirs)}
        old.erase_owner(VICTIM, STAMP)
        data = (old.private_folder / "openings/old.jsonl").read_bytes()
        for opening in theirs:
            assert opening.salt.hex().encode() not in data
            assert opening.record["asset"]["sha256"].encode() not in data
        assert VICTIM.encode() not in data
        assert _verify(old).failures == ()
        assert len(list(old.openings("old"))) == 30 - len(theirs)
        with pytest.raises(LedgerError, match=f"was erased on {DAY}"):
            old.prove_inclusion(theirs[0].index, tmp_path / "p.json")

    def test_even_a_damaged_line_of_theirs_is_erased(self, old: UsageLedger) -> None:
        path = old.private_folder / "openings/old.jsonl"
        path.write_bytes(path.read_bytes().replace(b'"salt"', b'"SALT"'))
        old.erase_owner(VICTIM, STAMP)
        assert VICTIM.encode() not in path.read_bytes()
        assert not _verify(old).ok

    def test_erasing_it_again_changes_nothing(self, old: UsageLedger) -> None:
        old.erase_owner(VICTIM, STAMP)
        assert old.erase_owner(VICTIM, STAMP + 5).erased_at == STAMP


@pytest.mark.parametrize("damage", ["lost", "damaged"])
def test_an_index_that_was_lost_keeps_nobody_from_being_erased(
    ledger: UsageLedger, damage: str
) -> None:
    before = {name: len(_of(ledger, name, VICTIM)) for name in ("b0", "b1")}
    index = ledger.private_folder / "owners/b0.index"
    if damage == "lost":
        index.unlink()
    else:
        index.write_bytes(b"")
    assert ledger.erasable(VICTIM) == before
    others = [o.canonical for o in ledger.openings("b0") if o.record.get("ownerRef") != VICTIM]
    ledger.erase_owner(VICTIM, STAMP)
    assert [o.canonical for o in ledger.openings("b0")] == others
    assert _of(ledger, "b1", VICTIM) == []
    assert OwnerKeys.read(ledger.private_folder / "owners.keys").get(VICTIM) is None
    openings = next(check for check in _verify(ledger).checks if check.name == "openings")
    assert openings.ok, openings.detail


def test_keys_that_were_lost_together_with_every_index_are_not_begun_anew(
    ledger: UsageLedger,
) -> None:
    for path in (ledger.private_folder / "owners").iterdir():
        path.unlink()
    (ledger.private_folder / "owners.keys").unlink()
    UsageLedger.open(ledger.private_folder.parent, ORIGIN)
    assert not (ledger.private_folder / "owners.keys").exists()
