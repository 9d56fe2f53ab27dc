"""A copy of a public folder: what a good one shows, and what every tampering is called."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.verifier_files import Json, SampleLog, digest, make_log, write
from tests.verifier_folders import SIZES, TAMPERED, Tamper, make_receipt, publish_anchored
from tests.verifiers import failed
from verifier.cli import verify
from verifier.heads import Trust
from verifier.note import Key, Note

ENDS = (3, 5, 605, 645)


@pytest.fixture(scope="module")
def log() -> SampleLog:
    return make_log(*SIZES)


@pytest.fixture(scope="module")
def published(log: SampleLog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    public = tmp_path_factory.mktemp("log") / "public"
    publish_anchored(log, public)
    return public


@pytest.fixture
def public(published: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(published, tmp_path / "public"))


def check(log: SampleLog, public: Path, kept: str | None = None) -> Json:
    trust = Trust(Key.parse(log.vkey), Note.parse(kept.encode()) if kept else None)
    (report,) = verify([str(public)], trust)
    return report.as_dict()


def test_a_good_folder_holds(log: SampleLog, public: Path) -> None:
    report = check(log, public)
    assert report["outcome"] == "holds"
    assert (report["kind"], report["size"]) == ("folder", 645)
    names = [made["name"] for made in report["checks"]]
    assert names == ["key", "checkpoint", "batches", "anchors", "root", "receipt"]


def test_an_empty_log_holds(tmp_path: Path) -> None:
    log = make_log()
    log.publish(tmp_path / "public")
    assert check(log, tmp_path / "public")["outcome"] == "holds"


def test_a_partial_tile_may_be_dropped_once_the_full_one_is_there(
    log: SampleLog, public: Path
) -> None:
    older = public / "checkpoint"
    older.write_text(log.checkpoint(605))
    for name in ("batches/b3.json", "checkpoints/645", "anchors/645.json", "receipts/645.json"):
        (public / name).unlink()
    assert check(log, public)["outcome"] == "holds"
    # A later full tile stands in for the partial one of 605 leaves.
    tile = public / "tile" / "0" / "002"
    data = (public / "tile/0/002.p/133").read_bytes()
    tile.write_bytes(data + bytes(32 * (256 - 133)))
    (public / "tile/0/002.p/93").unlink()
    assert check(log, public)["outcome"] == "holds"


@pytest.mark.parametrize(("tamper", "name"), TAMPERED)
def test_tampering_is_found_and_named(
    log: SampleLog, public: Path, tamper: Tamper, name: str
) -> None:
    tamper(log, public)
    report = check(log, public)
    assert report["outcome"] == "fails"
    assert failed(report) == [name], report["checks"][-1]


def test_a_receipt_number_never_goes_back(log: SampleLog, public: Path) -> None:
    manifest = digest((public / "anchors/645.json").read_bytes())
    (public / "receipts/645.json").write_bytes(write(make_receipt(log, 645, 1, manifest)))
    assert failed(check(log, public)) == ["receipts"]


def test_another_contract_numbers_its_own_heads(log: SampleLog, public: Path) -> None:
    manifest = digest((public / "anchors/645.json").read_bytes())
    receipt = make_receipt(log, 645, 1, manifest) | {"contract": "0x" + "3" * 40}
    (public / "receipts/645.json").write_bytes(write(receipt))
    assert check(log, public)["outcome"] == "holds"


def test_a_signed_batch_with_another_digest_over_its_leaves_is_found(
    log: SampleLog, public: Path
) -> None:
    batch = log.batches["b3"]["batch"] | {"leaves_sha256": "0" * 64}
    shutil.rmtree(public / "anchors")
    shutil.rmtree(public / "receipts")
    (public / "batches/b3.json").write_bytes(write(log.sign_batch(batch)))
    assert failed(check(log, public)) == ["leaves"]


def test_a_tile_that_is_a_pipe_does_not_keep_the_verifier_waiting(
    log: SampleLog, public: Path
) -> None:
    (public / "tile/0/001").unlink()
    os.mkfifo(public / "tile/0/001")
    assert failed(check(log, public)) == ["files"]


@pytest.mark.parametrize("size", ENDS)
def test_a_head_that_was_kept_has_to_be_a_beginning(
    log: SampleLog, public: Path, size: int
) -> None:
    report = check(log, public, log.checkpoint(size))
    assert report["outcome"] == "holds"
    assert report["checks"][-2]["name"] == "history"


def test_a_folder_that_was_cut_back_is_found_with_a_head_that_was_kept(
    log: SampleLog, tmp_path: Path
) -> None:
    shorter = make_log(*SIZES[:3])
    shorter.publish(tmp_path / "public")
    assert check(log, tmp_path / "public")["outcome"] == "holds"
    assert failed(check(log, tmp_path / "public", log.checkpoint())) == ["history"]


def test_a_folder_that_was_rewritten_is_found_with_a_head_that_was_kept(
    log: SampleLog, tmp_path: Path
) -> None:
    rewritten = make_log(3, 3, 600, 40)
    rewritten.publish(tmp_path / "public")
    assert check(log, tmp_path / "public")["outcome"] == "holds"
    assert failed(check(log, tmp_path / "public", log.checkpoint())) == ["history"]
