"""What a log of a thousand million entries takes: append a batch, prove, verify, anchor.

    python benchmarks/ledger_scale.py [--size 999000000] [--batch 1000000]

What is real: every record of the batch with its salt, seal and owner index, every hash of the tree
that a computation touches, every tile that is written, the proofs and their verification, and the
gas on anvil. What is simulated: the 999 million entries before it. Their leaf hashes are made up by
a counter where they are looked at and nowhere else, and the tiles that nothing looks at are not on
the disk: whole subtrees stand in the tiles above them with made-up hashes. So no figure here says
how long it took to append them, and the public folder of this log does not verify as a whole.
"""

from __future__ import annotations

import argparse
import hashlib
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.ledger import ORIGIN, make_records, refer
from models.ledger.batches import Batch, BatchStatement, OwnersSummary, sign_batch
from models.ledger.chain.contract import UsageLedgerContract
from models.ledger.log import UsageLedger
from models.ledger.merkle import prove_consistency
from models.ledger.note import Checkpoint, read_key_file, sign_checkpoint
from models.ledger.proofs import verify_proof_file
from models.ledger.tiles import TILE_WIDTH, TileReader, tile_path, tile_width
from tests.anvil import find_anvil, start_anvil

T = TypeVar("T")
STAMP = 1_800_000_000
PROOFS = 100
BITS = TILE_WIDTH.bit_length() - 1


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=999_000_000, help="entries that are simulated")
    parser.add_argument("--batch", type=int, default=1_000_000, help="entries that are appended")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        ledger = measure("lay out what is simulated", lambda: simulate(folder, given.size))
        old = ledger.head()
        measure(
            f"append {given.batch:,}",
            lambda: ledger.append("batch", make_records(given.batch), STAMP + 1),
        )
        head = ledger.head()
        measure(f"prove {PROOFS} entries", lambda: prove_entries(ledger, folder, given.size))
        measure(f"prove {PROOFS} owners", lambda: prove_owners(ledger, folder))
        growth = folder / "growth.json"
        measure("prove consistency", lambda: ledger.prove_consistency(old.size, growth))
        measure("verify consistency", lambda: expect(growth, ledger))
        print_disk(folder, given.size, given.batch)
        print_gas(ledger, old, head)
    return 0


def measure(what: str, work: Callable[[], T]) -> T:
    """Do one step, and print CPU, wall clock, and the most memory that was held so far."""
    started, cpu = time.perf_counter(), time.process_time()
    made = work()
    used, passed = time.process_time() - cpu, time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:<28} {used:9.3f} s CPU {passed:9.3f} s wall {peak:6.0f} MB peak", flush=True)
    return made


def simulate(folder: Path, size: int) -> UsageLedger:
    """A ledger whose head has ``size`` entries, of which only the right edge of the tree is there.

    The hashes in the edge's tiles are made up; no tile says anything about another one there, so
    that the root over them is one that such a log could have.
    """
    ledger = UsageLedger.open(folder, ORIGIN)
    public, private = ledger.public_folder, ledger.private_folder
    level = 0
    while size >> (BITS * level):
        index = (size >> (BITS * level)) // TILE_WIDTH
        width = tile_width(level, index, size)
        if width:
            path = public / tile_path(level, index, width)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"".join(make_up(level, at) for at in range(width)))
        level += 1
    root = TileReader(public, size).root()
    signer = read_key_file(private / "signing.key")
    note = sign_checkpoint(Checkpoint(ORIGIN, size, root), signer)
    statement = BatchStatement(
        Batch("simulated", 0, size, root.hex()),
        {"decide": 0, "exclude": 0, "revoke": 0, "use": size},
        "0" * 64,
        STAMP,
        OwnersSummary(size, "0" * 64, 1 << 26),
    )
    (public / "batches" / "simulated.json").write_bytes(sign_batch(statement, signer))
    for path in (public / "checkpoints" / str(size), public / "checkpoint", private / "head"):
        path.write_bytes(note)
    return UsageLedger.open(folder, ORIGIN)


def make_up(level: int, at: int) -> bytes:
    """A hash of the simulated part."""
    return hashlib.sha256(b"simulated %d %d" % (level, at)).digest()


def prove_entries(ledger: UsageLedger, folder: Path, first: int) -> None:
    """Write and check proofs of entries that were appended."""
    path = folder / "proof.json"
    for number in range(PROOFS):
        ledger.prove_inclusion(first + 97 * number, path)
        expect(path, ledger)


def prove_owners(ledger: UsageLedger, folder: Path) -> None:
    """Write and check proofs of everything that owners have in the batch."""
    path = folder / "owner.json"
    for number in range(PROOFS):
        ledger.prove_owner("batch", refer(number), path)
        expect(path, ledger)


def expect(path: Path, ledger: UsageLedger) -> None:
    """Make sure that a proof holds."""
    if not verify_proof_file(path, ledger.vkey).ok:
        raise SystemExit(f"{path.name} does not verify")


def print_disk(folder: Path, size: int, batch: int) -> None:
    """What the batch takes on disk, and what that makes of all entries."""
    total = size + batch
    sealed = (folder / "private/openings/batch.sealed").stat().st_size / batch
    index = (folder / "private/owners/batch.index").stat().st_size / batch
    leaves, nodes = 32.0, 32 / (TILE_WIDTH - 1)
    print("\nbytes for each entry, and for all of them")
    for what, each in (
        ("public: leaf hashes", leaves),
        ("public: tiles above", nodes),
        ("private: sealed records", sealed),
        ("private: owner index", index),
    ):
        print(f"  {what:<26} {each:8.2f} B {each * total / 1e9:9.1f} GB")


def print_gas(ledger: UsageLedger, old: Checkpoint, head: Checkpoint) -> None:
    """What anchoring the new head after the old one takes on anvil."""
    if find_anvil() is None:
        print("\nanchoring: skipped, there is no anvil on PATH or in KIYOME_ANVIL")
        return
    codec, manifest = UsageLedgerContract(), bytes(32)
    proof = prove_consistency(
        old.size, head.size, TileReader(ledger.public_folder, head.size).subtree
    )
    with start_anvil() as chain:
        account = chain.accounts[0]
        made = chain.send(account, None, "0x" + codec.deployment(account).hex())
        to = made["contractAddress"]
        first = codec.anchor(old.size, old.root, manifest, [])
        chain.send(account, to, "0x" + first.hex())
        data = codec.anchor(head.size, head.root, manifest, proof)
        gas = int(chain.send(account, to, "0x" + data.hex())["gasUsed"], 16)
    print(f"\nanchoring {old.size:,} -> {head.size:,}: {len(proof)} hashes, {gas:,} gas")


if __name__ == "__main__":
    sys.exit(main())
