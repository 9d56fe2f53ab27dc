"""Verification from files alone: an honest ledger passes, and every change is seen and named."""

from __future__ import annotations

import base64
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from models.canonical import canonical_json
from models.ledger.log import UsageLedger
from models.ledger.note import Checkpoint, Signer, sign_checkpoint
from models.ledger.report import VerificationReport
from models.ledger.tiles import append_leaves
from models.ledger.verification import verify_ledger
from tests.ledger_parts import ORIGIN, make_ledger, make_records

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> UsageLedger:
    """Four batches; full, partial and overtaken tiles on two levels."""
    return make_ledger(tmp_path_factory.mktemp("ledger"), 3, 2, 280, 40)


@pytest.fixture
def ledger(original: UsageLedger, tmp_path: Path) -> UsageLedger:
    """A copy to do damage to."""
    shutil.copytree(original.public_folder.parent, tmp_path / "ledger")
    return UsageLedger.open(tmp_path / "ledger", ORIGIN)


def _verify(ledger: UsageLedger) -> VerificationReport:
    return verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder)


def _sentences(report: VerificationReport) -> str:
    return " | ".join(check.detail for check in report.failures)


def _files(ledger: UsageLedger) -> list[Path]:
    folder = ledger.public_folder.parent
    return sorted(p for p in folder.rglob("*") if p.is_file() and p.name != "lock")


def _name(ledger: UsageLedger, path: Path) -> str:
    """How a report names a file: by its path inside the public or the private folder."""
    public = path.is_relative_to(ledger.public_folder)
    folder = ledger.public_folder if public else ledger.private_folder
    return path.relative_to(folder).as_posix()


def test_an_honest_ledger_verifies(original: UsageLedger) -> None:
    report = _verify(original)
    assert report.failures == ()
    assert (report.ok, report.size, report.root) == (True, 325, original.head().root.hex())
    assert {check.name for check in report.checks} == {
        *("files", "key", "checkpoint", "rollback", "batches", "history", "tiles", "root"),
        *("prefixes", "batch leaves", "partial tiles", "private", "openings", "owners"),
        "anchors",
    }


def test_the_public_folder_verifies_on_its_own(original: UsageLedger) -> None:
    report = verify_ledger(original.public_folder, original.vkey)
    assert report.ok
    assert "openings" not in {check.name for check in report.checks}


def test_without_a_trusted_key_the_report_says_how_little_that_proves(
    original: UsageLedger,
) -> None:
    report = verify_ledger(original.public_folder)
    assert report.ok
    key = next(check for check in report.checks if check.name == "key")
    assert "files that were all replaced together would pass" in key.detail


def test_a_flipped_bit_anywhere_in_any_file_is_seen(ledger: UsageLedger) -> None:
    unseen, tried = [], 0
    for number, path in enumerate(_files(ledger)):
        data = path.read_bytes()
        positions = {0, len(data) - 1, *(len(data) * part // 7 for part in range(7))}
        for position in sorted(positions):
            changed = bytearray(data)
            changed[position] ^= 1 << ((number + position) % 8)
            path.write_bytes(changed)
            report = _verify(ledger)
            tried += 1
            if report.ok or _name(ledger, path) not in _sentences(report):
                unseen.append((_name(ledger, path), position, _sentences(report)))
        path.write_bytes(data)
    assert unseen == []
    assert tried > 150
    assert _verify(ledger).ok


@pytest.mark.parametrize("change", ["delete", "empty", "cut", "extend", "garbage"])
def test_a_damaged_file_is_named(ledger: UsageLedger, change: str) -> None:
    changes: dict[str, Callable[[bytes], bytes]] = {
        "empty": lambda _: b"",
        "cut": lambda data: data[:-1],
        "extend": lambda data: data + b"\n",
        "garbage": lambda data: os.urandom(len(data)),
    }
    aside = ledger.public_folder.parent / "aside"
    for path in _files(ledger):
        # A full tile makes its partial ones unneeded; openings may travel without keys.
        name = _name(ledger, path)
        overtaken = name.startswith("tile/0/000.p/")  # its full tile is there
        if change == "delete" and (overtaken or name in {"signing.key", "references.key", "head"}):
            continue
        if change == "extend" and name == "owners.keys":  # a crash may leave something there
            continue
        path.rename(aside)
        if change != "delete":
            path.write_bytes(changes[change](aside.read_bytes()))
            path.chmod(aside.stat().st_mode)
        report = _verify(ledger)
        assert not report.ok, name
        assert name in _sentences(report), _sentences(report)
        aside.replace(path)
    assert _verify(ledger).ok


def test_a_partial_tile_may_be_dropped_once_its_full_one_is_there(ledger: UsageLedger) -> None:
    (ledger.public_folder / "tile/0/000.p/3").unlink()
    assert _verify(ledger).ok


def test_a_missing_tile_is_named_and_nothing_else_is_believed(ledger: UsageLedger) -> None:
    (ledger.public_folder / "tile/0/000").unlink()
    failed = {check.name: check.detail for check in _verify(ledger).failures}
    assert failed["tiles"] == "The tile tile/0/000 is missing."
    assert {"root", "prefixes", "batch leaves"} <= set(failed)


def test_swapped_leaves_are_found_in_the_tile_that_holds_them(ledger: UsageLedger) -> None:
    path = ledger.public_folder / "tile/0/000"
    data = path.read_bytes()
    path.write_bytes(data[32:64] + data[:32] + data[64:])
    assert "tile/0/000 was changed" in _sentences(_verify(ledger))


def test_a_changed_interior_tile_is_told_from_changed_leaves(ledger: UsageLedger) -> None:
    path = ledger.public_folder / "tile/1/000.p/1"
    path.write_bytes(bytes(32))
    report = _verify(ledger)
    assert [check.name for check in report.failures] == ["tiles"]
    assert "tile/1/000.p/1 does not hold the root over tile/0/000" in _sentences(report)


@pytest.mark.parametrize("old", [0, 5, 285])
def test_an_older_checkpoint_put_back_is_seen(ledger: UsageLedger, old: int) -> None:
    note = (ledger.public_folder / f"checkpoints/{old}").read_bytes()
    (ledger.public_folder / "checkpoint").write_bytes(note)
    report = verify_ledger(ledger.public_folder, ledger.vkey)
    failed = {check.name: check.detail for check in report.failures}
    assert "checkpoints/325 is newer than checkpoint" in failed["rollback"]


def test_an_older_public_folder_does_not_fit_the_remembered_head(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    shutil.copytree(ledger.public_folder, tmp_path / "old")
    ledger.append("later", make_records(2), 1_800_000_000)
    assert verify_ledger(tmp_path / "old", ledger.vkey).ok
    report = verify_ledger(tmp_path / "old", ledger.vkey, ledger.private_folder)
    assert "the head signed last, is not the published checkpoint" in _sentences(report)


def test_swapped_openings_are_seen(ledger: UsageLedger) -> None:
    folder = ledger.private_folder / "openings"
    one, two = folder / "b0.sealed", folder / "b1.sealed"
    first, second = one.read_bytes(), two.read_bytes()
    one.write_bytes(second)
    two.write_bytes(first)
    sentences = _sentences(_verify(ledger))
    assert "openings/b0.sealed: No owner's key opens leaf 0" in sentences
    assert "openings/b1.sealed: No owner's key opens leaf 3" in sentences


def test_a_missing_opening_is_seen(ledger: UsageLedger) -> None:
    path = ledger.private_folder / "openings/b0.sealed"
    data = path.read_bytes()
    table = int.from_bytes(data[48:56], "big")
    last = int.from_bytes(data[-8:], "big")
    header = data[:40] + (2).to_bytes(8, "big") + last.to_bytes(8, "big")
    path.write_bytes(header + data[56:last] + data[table:-8])
    assert "The openings from leaf 2 on are missing" in _sentences(_verify(ledger))


@pytest.mark.parametrize("name", ["openings/stray.sealed", "owners/stray.index"])
def test_private_files_of_no_batch_are_seen(ledger: UsageLedger, name: str) -> None:
    (ledger.private_folder / name).write_bytes(b"")
    assert f"{name} belongs to no batch" in _sentences(_verify(ledger))


def test_another_key_is_seen(ledger: UsageLedger, tmp_path: Path) -> None:
    other = make_ledger(tmp_path / "other", 3, 2, 280, 40)
    report = verify_ledger(other.public_folder, ledger.vkey)
    assert not report.ok
    assert report.failures[0].name == "key"
    for name in ("checkpoint", "batches/b0.json", "checkpoints/5", "vkey"):
        copy = tmp_path / "copy"
        shutil.copytree(ledger.public_folder, copy)
        shutil.copy(other.public_folder / name, copy / name)
        assert Path(name).name in _sentences(verify_ledger(copy, ledger.vkey)), name
        shutil.rmtree(copy)
    report = verify_ledger(ledger.public_folder, ledger.vkey, other.private_folder)
    assert "signing.key is not the key of this log" in _sentences(report)


def test_a_history_that_the_owner_rewrote_and_signed_again_is_seen(
    ledger: UsageLedger, tmp_path: Path
) -> None:
    """The owner holds the key, yet a head that was signed once cannot be made to fit."""
    signer = Signer.parse((ledger.private_folder / "signing.key").read_text().strip())
    leaves = [bytes([n % 256]) * 32 for n in range(325)]
    shutil.rmtree(ledger.public_folder / "tile")
    size, root = append_leaves(ledger.public_folder, 0, leaves)
    note = sign_checkpoint(Checkpoint(ORIGIN, size, root), signer)
    for name in ("checkpoint", "checkpoints/325"):
        (ledger.public_folder / name).write_bytes(note)
    failed = {
        check.name: check.detail
        for check in verify_ledger(ledger.public_folder, ledger.vkey).failures
    }
    assert "checkpoints/5 does not sign the root over the first 5 leaves" in failed["prefixes"]
    assert "b0.json" in failed["batch leaves"]
    assert "root" not in failed


def _sign_other_batch(ledger: UsageLedger, **changes: object) -> None:
    """Let the log's own key sign something else about the first batch."""
    signer = Signer.parse((ledger.private_folder / "signing.key").read_text().strip())
    path = ledger.public_folder / "batches/b0.json"
    value = {**json.loads(path.read_bytes())["batch"], **changes}
    text = f"{ORIGIN}\n{value['format']}\n".encode() + canonical_json(value) + b"\n"
    signature = base64.b64encode(signer.sign(text)).decode()
    path.write_bytes(canonical_json({"batch": value, "signature": signature}) + b"\n")


def test_a_batch_signed_again_to_the_letter_is_the_same(ledger: UsageLedger) -> None:
    _sign_other_batch(ledger)
    assert _verify(ledger).ok


def test_counts_that_the_openings_do_not_bear_out_are_seen(ledger: UsageLedger) -> None:
    _sign_other_batch(ledger, counts={"decide": 0, "exclude": 0, "revoke": 0, "use": 3})
    report = _verify(ledger)
    assert [check.name for check in report.failures] == ["openings"]
    assert "openings/b0.sealed: It holds" in _sentences(report)


@pytest.mark.parametrize(
    "change",
    [
        {"more": 1},
        {"format": "kiyome.batch/1"},
        {"format": "kiyome.batch/3"},
        {"format": None},
        {"owners": None},
        {"owners": {"records": 2, "root": "0" * 64, "size": 16}},
        {"owners": {"records": 3, "root": "0" * 64, "size": 8}},
        {"owners": {"records": 3, "root": "0" * 64, "size": 17}},
        {"owners": {"records": 3, "root": "0" * 63, "size": 16}},
        {"owners": {"records": 3, "root": "0" * 64, "size": 16, "more": 1}},
        {"owners": {"records": 3, "root": "0" * 64}},
        {"manifest_sha256": "A" * 64},
        {"policy_sha256": 0},
        {"counts": {"decide": 0, "exclude": 1, "revoke": 0, "use": 3}},
        {"counts": {"use": 3}},
        {"counts": None},
        {"stamped_at": -1},
        {"stamped_at": 1.5},
        {"root": "0" * 63},
        {"batch_id": "../b0"},
        {"first_index": 3},
        {"size": True},
    ],
)
def test_a_signature_does_not_make_an_impossible_batch_possible(
    ledger: UsageLedger, change: dict[str, object]
) -> None:
    _sign_other_batch(ledger, **change)
    failed = {check.name: check.detail for check in _verify(ledger).failures}
    assert "batches/b0.json" in failed["batches"]


def test_a_batch_under_another_name_is_seen(ledger: UsageLedger) -> None:
    folder = ledger.public_folder / "batches"
    (folder / "b1.json").rename(folder / "b9.json")
    sentences = _sentences(_verify(ledger))
    assert "batches/b9.json is the file of b1" in sentences


def test_a_leaf_without_a_batch_is_seen(ledger: UsageLedger) -> None:
    (ledger.public_folder / "batches/b3.json").unlink()
    assert "describes the leaves from 285 to 325" in _sentences(_verify(ledger))


def test_strangers_links_and_pipes_are_named(ledger: UsageLedger) -> None:
    stray = ledger.public_folder / "notes.txt"
    stray.write_text("not for the public")
    assert "notes.txt is not a file of a ledger" in _sentences(_verify(ledger))
    stray.unlink()
    os.mkfifo(ledger.public_folder / "tile/0/007")
    assert "tile/0/007 is neither a file nor a folder" in _sentences(_verify(ledger))
    (ledger.public_folder / "tile/0/007").unlink()
    (ledger.public_folder / "checkpoints/7").symlink_to(ledger.private_folder / "head")
    assert "checkpoints/7 is neither a file nor a folder" in _sentences(_verify(ledger))


def test_a_key_that_others_can_read_is_seen(ledger: UsageLedger) -> None:
    (ledger.private_folder / "signing.key").chmod(0o644)
    assert "can be read by others" in _sentences(_verify(ledger))


def test_a_folder_that_is_not_there_is_reported(tmp_path: Path) -> None:
    report = verify_ledger(tmp_path / "nowhere", None, tmp_path)
    assert (report.ok, report.size, report.root) == (False, 0, "")
    assert "there is no folder" in _sentences(report)
    assert not verify_ledger(tmp_path).ok


def test_a_malformed_key_is_reported(original: UsageLedger) -> None:
    report = verify_ledger(original.public_folder, "nonsense")
    assert "not an Ed25519 verifier key" in _sentences(report)


def test_a_report_is_json_ready(original: UsageLedger) -> None:
    value = _verify(original).as_dict()
    assert (value["ok"], value["size"]) == (True, 325)
    assert all(set(check) == {"name", "ok", "detail"} for check in value["checks"])


def test_verification_needs_nothing_but_cryptography_and_the_formats() -> None:
    """An auditor can run it without database, decoder or policy."""
    script = (
        "import sys, models.ledger.verification, models.ledger.proofs\n"
        "print(*sorted(m for m in sys.modules if m.startswith('models')))\n"
        "tops = {m.partition('.')[0] for m in sys.modules} - set(sys.stdlib_module_names)\n"
        "print(*sorted(t for t in tops if not t.startswith('_')))\n"
    )
    result = subprocess.run(
        [sys.executable, "-S", "-c", script],
        cwd=ROOT,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    ours, tops = result.stdout.splitlines()
    allowed = {
        *("batches", "commitments", "consistency", "inclusion", "merkle", "note", "openings"),
        *("owners", "private_checks", "private_files", "proof_file", "proofs", "references"),
        *("report", "tiles", "verification", "walk", "anchor_checks", "chain", "statements"),
    }
    ledger = {name for name in ours.split() if name.startswith("models.ledger.")}
    assert {name.split(".")[2] for name in ledger} == allowed
    basics = {"models.errors", "models.failpoints", "models.files", "models.recursion"}
    assert set(ours.split()) - ledger == {"models", "models.ledger", *basics}
    assert set(tops.split()) <= {"cryptography", "models", "cffi"}
