"""Public folders with anchors and receipts, and ways to tamper with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from models.ledger.note import Signer, sign_checkpoint
from tests.verifier_files import ORIGIN, Json, SampleLog, digest, write

SIZES = (3, 2, 600, 40)
STRANGER = Signer(ORIGIN, b"\x08" * 32)
Tamper = Callable[[SampleLog, Path], None]


def publish_anchored(log: SampleLog, public: Path) -> None:
    """Publish a log of ``SIZES`` whose heads of 5 and 645 leaves are anchored."""
    log.publish(public)
    (public / "anchors").mkdir()
    (public / "receipts").mkdir()
    for sequence, (size, since) in enumerate(((5, 0), (645, 5)), start=1):
        anchor = write(log.anchor(size, since))
        (public / "anchors" / f"{size}.json").write_bytes(anchor)
        receipt = make_receipt(log, size, sequence, digest(anchor))
        (public / "receipts" / f"{size}.json").write_bytes(write(receipt))


def make_receipt(log: SampleLog, size: int, sequence: int, manifest: bytes) -> Json:
    """A receipt that no chain has ever seen."""
    return {
        "block_hash": "0x" + "1" * 64,
        "block_number": 7 * sequence,
        "chain_id": 1,
        "contract": "0x" + "2" * 40,
        "format": "kiyome.receipt/1",
        "log_index": 0,
        "manifest": manifest.hex(),
        "root": log.head(size).root.hex(),
        "sequence": sequence,
        "size": size,
        "tx_hash": "0x" + "4" * 64,
    }


def overwrite(name: str, at: int = 40) -> Tamper:
    """Change one bit of a file."""

    def change(_: SampleLog, public: Path) -> None:
        data = bytearray((public / name).read_bytes())
        data[at] ^= 1
        (public / name).write_bytes(data)

    return change


def remove(name: str) -> Tamper:
    """Remove a file."""
    return lambda _, public: (public / name).unlink()


def put(name: str, make: Callable[[SampleLog], bytes]) -> Tamper:
    """Write a file."""

    def change(log: SampleLog, public: Path) -> None:
        (public / name).write_bytes(make(log))

    return change


def sign_another_root(size: int) -> Callable[[SampleLog], bytes]:
    """A checkpoint that the log itself signed, with a root that its leaves do not have."""
    return lambda log: sign_checkpoint(replace(log.head(size), root=b"\1" * 32), log.signer)


TAMPERED: list[tuple[Tamper, str]] = [
    (overwrite("tile/0/000"), "leaves"),
    (overwrite("tile/0/002.p/133"), "leaves"),
    (overwrite("tile/1/000.p/2"), "tiles"),
    (remove("tile/0/001"), "files"),
    (remove("tile/1/000.p/2"), "files"),
    (put("tile/0/001", lambda _: bytes(32)), "tiles"),
    (put("tile/0/001", lambda _: bytes(8193)), "files"),
    (remove("batches/b1.json"), "batches"),
    (remove("batches/b3.json"), "batches"),
    (overwrite("batches/b1.json"), "batch"),
    (put("batches/b9.json", lambda log: write(log.batches["b1"])), "batches"),
    (remove("vkey"), "files"),
    (remove("checkpoint"), "files"),
    (put("vkey", lambda _: (STRANGER.verifier.vkey + "\n").encode()), "key"),
    (put("checkpoint", lambda log: log.checkpoint(5).encode()), "batches"),
    (put("checkpoint", lambda log: sign_checkpoint(log.head(), STRANGER)), "checkpoint"),
    (put("checkpoints/605", lambda log: log.checkpoint(5).encode()), "root"),
    (put("checkpoints/9", lambda log: log.checkpoint(5).encode()), "root"),
    (put("checkpoints/x", lambda log: log.checkpoint(5).encode()), "files"),
    (put("checkpoints/9999999999999999", lambda log: log.checkpoint(5).encode()), "files"),
    (put("anchors/645.json", lambda log: write(log.anchor(645))), "anchors"),
    (remove("anchors/5.json"), "anchors"),
    (remove("anchors/645.json"), "receipts"),
    (overwrite("anchors/5.json", 30), "file"),
    (put("receipts/5.json", lambda log: write(make_receipt(log, 5, 1, b"x" * 32))), "receipts"),
    (put("receipts/645.json", lambda _: b"{}\n"), "file"),
    (put("checkpoints/605", sign_another_root(605)), "root"),
    (put("checkpoint", sign_another_root(645)), "root"),
]
