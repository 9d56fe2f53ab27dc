"""What it takes to verify one proof file, in Python and in JavaScript.

    python benchmarks/ledger_verify.py --leaves 1000000

Makes a log of so many leaves in memory and the inclusion and consistency files of it, and verifies
each of them again and again: file in, report out, without starting the program. Prints the median
and the slowest twentieth, in microseconds. With --folder it also times a whole public folder, each
program started once.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from models.ledger.batches import Batch, BatchStatement, sign_batch
from models.ledger.commitments import encode_canonical, leaf_of
from models.ledger.merkle import EMPTY_ROOT, prove_consistency, prove_inclusion
from models.ledger.note import Checkpoint, Signer, sign_checkpoint
from models.ledger.tiles import TileReader, append_leaves
from verifier.heads import Trust
from verifier.note import Key
from verifier.proofs import examine

ROOT = Path(__file__).resolve().parents[1]
SIGNER = Signer("kiyome.local/benchmark", b"\7" * 32)
RECORD = {"asset": {"sha256": "9f" * 32}, "reasons": ["consent-granted"], "type": "use"}
SCRIPT = """
import { examine } from "%s/verifier/js/proofs.mjs";
import { Key } from "%s/verifier/js/note.mjs";
const { data, key, times } = JSON.parse(process.argv[1]);
const bytes = Buffer.from(data, "base64");
const trust = { key: Key.parse(key), kept: null, chain: null, leaf: null, ownerKey: null };
const taken = [];
for (let at = 0; at < times; at += 1) {
  const began = process.hrtime.bigint();
  const examined = await examine("a file", bytes, trust);
  taken.push(Number(process.hrtime.bigint() - began) / 1000);
  if (examined.checks.outcome !== "holds") throw new Error(JSON.stringify(examined.checks));
}
console.log(JSON.stringify(taken));
"""


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leaves", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=2000)
    parser.add_argument("--folder", action="store_true", help="also verify the whole folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        public = Path(folder) / "public"
        files = make_files(public, options.leaves)
        for name, data in files.items():
            report(f"{name}, Python", measure_python(data, options.times))
            if shutil.which("node"):
                report(f"{name}, JavaScript", measure_javascript(data, options.times))
        if options.folder:
            started("folder, Python", public, sys.executable, "-m", "verifier")
            if node := shutil.which("node"):
                script = str(ROOT / "verifier" / "js" / "verify.mjs")
                started("folder, JavaScript", public, node, script)
    return 0


def make_files(public: Path, count: int) -> dict[str, bytes]:
    """An inclusion file with its record and a consistency file, of a log of ``count`` leaves."""
    for name in ("batches", "checkpoints"):
        (public / name).mkdir(parents=True)
    salt, index, old = b"\1" * 32, count // 3, count // 2 + 1
    leaves = [hashlib.sha256(b"%d" % number).digest() for number in range(count)]
    leaves[index] = leaf_of(salt, encode_canonical(RECORD))
    size, root = append_leaves(public, 0, leaves)
    reader = TileReader(public, size)
    counts = {"decide": 0, "exclude": 0, "revoke": 0, "use": size}
    digest = hashlib.sha256(b"".join(leaves)).hexdigest()
    statement = BatchStatement(Batch("all", 0, size, root.hex()), counts, digest, 1_800_000_000)
    note, vkey = sign_checkpoint(Checkpoint(SIGNER.name, size, root), SIGNER), SIGNER.verifier.vkey
    older = Checkpoint(SIGNER.name, old, reader.root(old))
    empty = Checkpoint(SIGNER.name, 0, EMPTY_ROOT)
    (public / "batches" / "all.json").write_bytes(sign_batch(statement, SIGNER))
    (public / "checkpoint").write_bytes(note)
    (public / "checkpoints" / "0").write_bytes(sign_checkpoint(empty, SIGNER))
    (public / "checkpoints" / str(size)).write_bytes(note)
    (public / "vkey").write_text(vkey + "\n")
    inclusion = {
        "checkpoint": note.decode(),
        "format": "kiyome.inclusion/1",
        "index": index,
        "leaf": leaves[index].hex(),
        "opening": {"record": RECORD, "salt": salt.hex()},
        "path": [step.hex() for step in prove_inclusion(index, size, reader.subtree)],
        "vkey": vkey,
    }
    consistency = {
        "format": "kiyome.consistency/1",
        "new": note.decode(),
        "old": sign_checkpoint(older, SIGNER).decode(),
        "path": [step.hex() for step in prove_consistency(old, size, reader.subtree)],
        "vkey": vkey,
    }
    named = {"inclusion": inclusion, "consistency": consistency}
    return {name: encode_canonical(value) + b"\n" for name, value in named.items()}


def measure_python(data: bytes, times: int) -> list[float]:
    """Microseconds that each verification took."""
    trust = Trust(Key.parse(SIGNER.verifier.vkey))
    return [_time(lambda: examine("a file", data, trust).checks.outcome) for _ in range(times)]


def _time(verify: Callable[[], str]) -> float:
    began = time.perf_counter_ns()
    outcome = verify()
    taken = (time.perf_counter_ns() - began) / 1000
    if outcome != "holds":
        raise SystemExit(f"the file {outcome}")
    return taken


def measure_javascript(data: bytes, times: int) -> list[float]:
    """The same in one process of Node.js."""
    asked = {
        "data": base64.b64encode(data).decode(),
        "key": SIGNER.verifier.vkey,
        "times": times,
    }
    script = SCRIPT % (ROOT, ROOT)
    done = subprocess.run(
        ["node", "--input-type=module", "--eval", script, json.dumps(asked)],
        capture_output=True,
        text=True,
        check=True,
    )
    return list(json.loads(done.stdout))


def started(name: str, public: Path, *command: str) -> None:
    """Seconds from the start of a program to its report."""
    began = time.perf_counter()
    asked = [*command, str(public), "--key", SIGNER.verifier.vkey]
    subprocess.run(asked, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)
    print(f"{name:24} {time.perf_counter() - began:9.2f} s")


def report(name: str, taken: list[float]) -> None:
    """Print one line."""
    slow = statistics.quantiles(taken, n=20)[-1]
    print(f"{name:24} {statistics.median(taken):9.0f} µs   slowest twentieth {slow:9.0f} µs")


if __name__ == "__main__":
    sys.exit(main())
