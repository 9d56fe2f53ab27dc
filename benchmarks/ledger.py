"""CPU time, memory and disk of the usage ledger: appending, verifying, proving to owners, erasing.

Records belong to one owner in twenty of their number: 50,000 owners of 1,000,000 records.

python benchmarks/ledger.py 100000 1000000
"""

from __future__ import annotations

import hashlib
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from models.consent.purposes import Preference, Purpose
from models.ledger.inclusion import verify_inclusion_file
from models.ledger.log import UsageLedger
from models.ledger.owners.absence import verify_absence_file
from models.ledger.owners.completeness import verify_completeness_file
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
from verifier.heads import Trust
from verifier.note import Key
from verifier.proofs import examine

ORIGIN = "kiyome.local/benchmark"
RECORDS_PER_OWNER = 20
PROOFS = 100
STEPS = (
    "append",
    "append one more",
    "verify public",
    "verify all",
    "prove owners",
    "erase one owner",
    "verify all",
)


def refer(number: int) -> str:
    """The pseudonym of a made-up owner."""
    return hashlib.sha256(b"owner %d" % number).hexdigest()[:32]


def make_records(count: int) -> Iterator[UsageRecord]:
    """Uses of made-up assets, each owner's scattered over the whole batch."""
    owners = [refer(number) for number in range(max(1, count // RECORDS_PER_OWNER))]
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
            owner_ref=owners[number % len(owners)],
        )


def measure(step: str, folder: Path, count: int) -> None:
    """Run one step in this process and print what it took."""
    started, cpu = time.perf_counter(), time.process_time()
    ledger = UsageLedger.open(folder, ORIGIN)
    if step == "append":
        ledger.append("batch", make_records(count), 1_800_000_000)
    elif step == "append one more":
        ledger.append("one-more", make_records(1), 1_800_000_000)
    elif step == "prove owners":
        prove_owners(ledger, folder, count)
    elif step == "erase one owner":
        ledger.erase_owner(refer(0))
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


def prove_owners(ledger: UsageLedger, folder: Path, count: int) -> None:
    """Make and verify proofs of each kind; print the median of what one takes."""
    path, trust = folder / "proof.json", Trust(Key.parse(ledger.vkey))
    owner = refer(0)

    some = list(islice(ledger.openings("batch"), PROOFS))

    def entry(number: int) -> None:
        ledger.prove_inclusion(some[number].index, path, opening=some[number])

    def entry_by_place(number: int) -> None:
        ledger.prove_inclusion(number * 7919 % count, path)

    def entry_hidden(number: int) -> None:
        ledger.prove_inclusion(number * 7919 % count, path, reveal=False)

    def all_of_owner(number: int) -> None:
        ledger.prove_owner("batch", refer(number), path)

    def only_one(_: int) -> None:
        ledger.prove_owner("one-more", owner, path)

    def none(number: int) -> None:
        ledger.prove_owner("one-more", refer(number + 1), path)

    kinds = (
        ("one entry", entry, verify_inclusion_file),
        ("one entry, by place", entry_by_place, verify_inclusion_file),
        ("one entry, hidden", entry_hidden, verify_inclusion_file),
        ("all of an owner, 20", all_of_owner, verify_completeness_file),
        ("all of an owner, 1", only_one, verify_completeness_file),
        ("absence", none, verify_absence_file),
    )
    for name, make, verify in kinds:
        making, verifying, apart = [], [], []
        for number in range(PROOFS):
            making.append(_time(lambda number=number, make=make: make(number)))
            verifying.append(_time(lambda verify=verify: verify(path, ledger.vkey).ok))
            data = path.read_bytes()
            holds = lambda data=data: examine("", data, trust).checks.outcome == "holds"  # noqa: E731
            apart.append(_time(holds))
        made, verified, other = map(statistics.median, (making, verifying, apart))
        print(
            f"{count:>9,}  {name:<20} {made:6.2f} ms made, {verified:5.2f} ms verified, "
            f"{other:5.2f} ms by verifier/ (CPU)"
        )


def _time(act: Callable[[], bool | None]) -> float:
    """Milliseconds of processor time that something takes; it has to be true, where it says so."""
    started = time.process_time()
    good = act()
    taken = 1000 * (time.process_time() - started)
    if good is False:
        raise SystemExit("a proof does not verify")
    return taken


def main(arguments: list[str]) -> None:
    """Measure every size given, each step in a process of its own."""
    if arguments[:1] == ["--step"]:
        measure(arguments[1], Path(arguments[2]), int(arguments[3]))
        return
    for count in arguments or ["100000"]:
        with tempfile.TemporaryDirectory() as folder:
            for step in STEPS:
                command = [sys.executable, __file__, "--step", step, folder, count]
                subprocess.run(command, check=True)
            for name in ("public", "private"):
                files = [path for path in Path(folder, name).rglob("*") if path.is_file()]
                total = sum(path.stat().st_size for path in files) / 1e6
                print(f"{int(count):>9,}  {name:<16} {total:7.1f} MB in {len(files)} files")


if __name__ == "__main__":
    main(sys.argv[1:])
