"""CPU time, memory and disk of appending to the usage ledger and of verifying it.

python benchmarks/ledger.py 100000 1000000
"""

from __future__ import annotations

import hashlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from models.consent.purposes import Preference, Purpose
from models.ledger.log import UsageLedger
from models.ledger.records import (
    ConsentRef,
    DatasetRef,
    MediaType,
    PolicyRef,
    RecordType,
    UsageRecord,
)
from models.ledger.verification import verify_ledger
from models.reasons import Reason
from models.verdicts import Verdict

ORIGIN = "kiyome.local/benchmark"


def make_records(count: int) -> Iterator[UsageRecord]:
    """Uses of made-up assets."""
    policy = PolicyRef("benchmark", "1", "a" * 64)
    dataset = DatasetRef("benchmark", "b" * 64, "c" * 64)
    consent = ConsentRef(("sidecar",), ("d" * 64,))
    for number in range(count):
        yield UsageRecord(
            type=RecordType.USE,
            asset_sha256=hashlib.sha256(b"%d" % number).hexdigest(),
            media_type=MediaType.JPEG,
            purpose=Purpose.GENERATIVE_TRAINING,
            value=Preference.ALLOWED,
            decision=Verdict.CLEAR,
            reasons=(Reason.CONSENT_GRANTED,),
            policy=policy,
            dataset=dataset,
            decided_at=1_800_000_000,
            observed_at=1_799_999_999,
            consent=consent,
        )


def measure(step: str, folder: Path, count: int) -> None:
    """Run one step in this process and print what it took."""
    started, cpu = time.perf_counter(), time.process_time()
    ledger = UsageLedger.open(folder, ORIGIN)
    if step == "append":
        ledger.append("batch", make_records(count), 1_800_000_000)
    elif step == "append one more":
        ledger.append("one-more", make_records(1), 1_800_000_000)
    elif step == "verify public":
        if not verify_ledger(ledger.public_folder, ledger.vkey).ok:
            raise SystemExit("the ledger does not verify")
    elif not verify_ledger(ledger.public_folder, ledger.vkey, ledger.private_folder).ok:
        raise SystemExit("the ledger does not verify")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{count:>9,}  {step:<16} {time.process_time() - cpu:7.2f} s CPU "
        f"{time.perf_counter() - started:7.2f} s wall {peak:6.0f} MB peak"
    )


def main(arguments: list[str]) -> None:
    """Measure every size given, each step in a process of its own."""
    if arguments[:1] == ["--step"]:
        measure(arguments[1], Path(arguments[2]), int(arguments[3]))
        return
    for count in arguments or ["100000"]:
        with tempfile.TemporaryDirectory() as folder:
            for step in ("append", "append one more", "verify public", "verify all"):
                command = [sys.executable, __file__, "--step", step, folder, count]
                subprocess.run(command, check=True)
            for name in ("public", "private"):
                files = [path for path in Path(folder, name).rglob("*") if path.is_file()]
                total = sum(path.stat().st_size for path in files) / 1e6
                print(f"{int(count):>9,}  {name:<16} {total:7.1f} MB in {len(files)} files")


if __name__ == "__main__":
    main(sys.argv[1:])
