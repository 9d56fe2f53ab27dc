"""What it takes to show an owner their works, beside reading the whole index.

Every asset has one statement of its own, and owners take turns: with the default, 50,000 owners of
1,000,000 assets.

python benchmarks/owner_works.py 1000000 50000
"""

from __future__ import annotations

import hashlib
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from models.canonical import canonical_json
from models.consent.purposes import Preference, Purpose
from models.consent.statements import Statement, Trust
from models.owners.works import find_work, find_works
from models.owners.works_index import FILE, OWNED, write_owned

ASKED = 50
DATASET = "large"


def name_owner(number: int) -> str:
    """The identity of a made-up owner."""
    return f"0x{hashlib.sha256(b'owner %d' % number).hexdigest()[:40]}"


def make_index(assets: int, owners: int) -> pa.Table:
    """The rows of made-up works, in the index's order."""
    columns: dict[str, list[Any]] = {name: [] for name in OWNED.names}
    trust = Trust(integrity=True, signer=True, control=True, bound=True)
    for number in range(assets):
        digest = hashlib.sha256(b"asset %d" % number)
        setter = name_owner(number % owners)
        statement = Statement(
            "signed",
            "a signed document",
            {Purpose.GENERATIVE_TRAINING: Preference.ALLOWED},
            trust=trust,
            setter=setter,
            evidence_sha256=digest.hexdigest(),
        )
        row = {
            "setter": setter,
            "asset_id": digest.digest(),
            "name": f"{number:09d}.png",
            "names": 1,
            "verdict": "clear" if number % 3 else "exclude",
            "reasons": ["consent_granted" if number % 3 else "motif_copy"],
            "decided_by": "machine",
            "ruling_id": "",
            "may_grant": True,
            "carriers": ["signed"],
            "statements": [canonical_json(statement.as_dict()).decode()],
            "others": [],
            "part": str(number // 2000),
        }
        for name, value in row.items():
            columns[name].append(value)
    order = [("setter", "ascending"), ("name", "ascending"), ("asset_id", "ascending")]
    return pa.table(columns, schema=OWNED).sort_by(order)


def measure(action: Callable[[int], object], times: int) -> list[float]:
    """Milliseconds of each call."""
    taken = []
    for number in range(times):
        started = time.perf_counter()
        action(number)
        taken.append(1000 * (time.perf_counter() - started))
    return taken


def main(assets: int, owners: int) -> None:
    """Print what was measured."""
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder)
        path = workspace / "datasets" / DATASET / FILE
        path.parent.mkdir(parents=True)
        table = make_index(assets, owners)
        started = time.perf_counter()
        write_owned(path, table, [str(number) for number in range(assets // 2000 + 1)])
        written = time.perf_counter() - started
        del table
        chosen = [name_owner(number * owners // ASKED) for number in range(ASKED)]
        page = measure(lambda n: find_works(workspace, (chosen[n],)), ASKED)
        known = [find_works(workspace, (owner,)).works[0].asset_id for owner in chosen]
        one = measure(lambda n: find_work(workspace, (chosen[n],), DATASET, known[n]), ASKED)
        whole = measure(lambda _: pq.read_table(path), 3)
        print(f"{assets:,} assets, {owners:,} owners, {path.stat().st_size / 1e6:.0f} MB")
        print(f"write the index            {written:8.2f} s")
        for name, taken in (("a page of works", page), ("one work", one), ("all rows", whole)):
            middle, most = statistics.median(taken), max(taken)
            print(f"{name:<26} {middle:8.1f} ms median, {most:8.1f} ms at most")
        print(
            f"all rows over a page       {statistics.median(whole) / statistics.median(page):8.0f}"
        )
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(f"peak memory                {peak:8.0f} MB")


if __name__ == "__main__":
    main(*(int(given) for given in sys.argv[1:3] or (1_000_000, 50_000)))
