"""What anchoring costs: records committed, a log built, its heads anchored on anvil.

    python benchmarks/ledger_anchor.py 10000 1000000

Nine tenths of the records come as a first batch, the rest as a second, and each batch's head is
anchored: the second anchor takes a consistency proof. Each size runs in a process of its own, so
that the peak memory is its own; CPU is that of this process, without anvil's. Needs anvil (see
``tests/anvil.py``).
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

STAMP = 1_800_000_000


def measure(size: int) -> dict[str, Any]:
    """CPU seconds, peak MiB, gas, and hashes in the proof, for a log of so many records."""
    from models.ledger.merkle import prove_consistency
    from models.ledger.tiles import TileReader
    from tests.anchoring_parts import (
        FakeClock,
        anchored_events,
        anchorer_of,
        deploy_ledger,
        make_settings,
        mine_on_sleep,
    )
    from tests.anvil import start_anvil
    from tests.ledger_parts import make_ledger, make_records

    first = size - size // 10
    found: dict[str, Any] = {"records": size}
    with tempfile.TemporaryDirectory() as folder, start_anvil() as chain:
        ledger = make_ledger(Path(folder))
        settings = make_settings(chain, deploy_ledger(chain))
        clock = FakeClock(on_sleep=mine_on_sleep(chain))
        with anchorer_of(ledger, settings, clock) as anchorer:
            started = time.process_time()
            ledger.append("first", make_records(first), STAMP)
            found["append s"] = time.process_time() - started
            found["append MiB"] = _peak()
            started = time.process_time()
            anchorer.anchor()
            found["anchor s"] = time.process_time() - started
            started = time.process_time()
            ledger.append("second", make_records(size - first, first), STAMP)
            found["append s"] += time.process_time() - started
            started = time.process_time()
            anchorer.anchor()
            found["anchor again s"] = time.process_time() - started
        found["peak MiB"] = _peak()
        reader = TileReader(ledger.public_folder, size)
        found["proof"] = len(prove_consistency(first, size, reader.subtree))
        receipts = [
            chain.ask("eth_getTransactionReceipt", event["transactionHash"])
            for event in anchored_events(chain, settings.ledger_contract)
        ]
        found["gas first"], found["gas again"] = (int(each["gasUsed"], 16) for each in receipts)
    found["gas a record"] = found["gas again"] / (size - first)
    return found


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Print a table; with ``--one SIZE`` one measurement as JSON."""
    if sys.argv[1:2] == ["--one"]:
        print(json.dumps(measure(int(sys.argv[2]))))
        return
    rows = [
        json.loads(
            subprocess.run(
                [sys.executable, __file__, "--one", size],
                check=True,
                capture_output=True,
                text=True,
            ).stdout
        )
        for size in sys.argv[1:] or ["10000", "1000000"]
    ]
    print("| " + " | ".join(rows[0]) + " |\n|" + "---:|" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(_show(value) for value in row.values()) + " |")


def _show(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


if __name__ == "__main__":
    main()
