"""What it takes to find the records of refused assets in a ledger of one large release.

Every asset has one use and one owner, and owners take turns: with the default, 50,000 owners of
1,000,000 records. Looked for are one asset and then a hundred: once by a pass over every record,
once by the release's manifest and the owner index.

python benchmarks/refusals.py 1000000 50000
"""

from __future__ import annotations

import hashlib
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa

from models.canonical import digest_bytes
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
from models.ledger.revocations import Refusal, Revocations, Whose, find_revocations
from models.owners.revoking import look_up_owners
from models.reasons import Reason
from models.releases.manifest import MANIFEST, to_parquet
from models.store.schema import open_database
from models.store.tables import ReleaseRow
from models.verdicts import Verdict

RELEASE, POLICY = "e" * 64, "a" * 64
FOLDER = "releases/large/1"
DECIDED = 1_800_000_000
USE = Purpose.GENERATIVE_TRAINING


def name_asset(number: int) -> str:
    """The id of a made-up asset."""
    return hashlib.sha256(b"asset %d" % number).hexdigest()


def name_owner(number: int) -> str:
    """The identity of a made-up owner."""
    return f"0x{hashlib.sha256(b'owner %d' % number).hexdigest()[:40]}"


def write_manifest(path: Path, count: int, owners: int) -> str:
    """Write a release's manifest; its digest."""
    numbers = sorted(range(count), key=name_asset)
    empty: list[list[str]] = [[]] * count
    said = [
        [
            {
                "carrier": "signed",
                "source": "a signed document",
                "setter": name_owner(number % owners),
                "trust": "integrity signer control bound",
                "license_ref": "",
                "evidence_sha256": hashlib.sha256(b"%d" % number).hexdigest(),
            }
        ]
        for number in numbers
    ]
    columns = {
        "asset_id": [name_asset(number) for number in numbers],
        "names": [[f"{number:09d}.png"] for number in numbers],
        "captions": empty,
        "width": [512] * count,
        "height": [512] * count,
        "format": ["png"] * count,
        "reasons": [["consent_granted"]] * count,
        "decided_by": ["machine"] * count,
        "ruling_id": [""] * count,
        "basis": [["consent_granted"]] * count,
        "consent": said,
        "attribution": [False] * count,
        "authors": empty,
    }
    data = to_parquet(pa.table(columns, schema=MANIFEST))
    path.parent.mkdir(parents=True)
    path.write_bytes(data)
    return digest_bytes(data)


def make_records(
    ledger: UsageLedger, count: int, owners: int, manifest: str
) -> Iterator[UsageRecord]:
    """A use of every asset."""
    references = [ledger.reference("owner", name_owner(number)) for number in range(owners)]
    dataset = DatasetRef("large", RELEASE, manifest)
    for number in range(count):
        yield UsageRecord(
            type=RecordType.USE,
            asset_sha256=name_asset(number),
            media_type=MediaType.PNG,
            purpose=USE,
            value=Preference.ALLOWED,
            decision=Verdict.CLEAR,
            reasons=(Reason.CONSENT_GRANTED,),
            policy=PolicyRef("strict", "1", POLICY),
            dataset=dataset,
            decided_at=DECIDED,
            consent=ConsentRef(("signed",), (hashlib.sha256(b"%d" % number).hexdigest(),)),
            owner_ref=references[number % owners],
        )


def find(ledger: UsageLedger, assets: list[str], whose: Whose, how: str) -> Revocations:
    """Look for some assets, and say what it took."""
    refused = {(asset, USE): Refusal(Reason.TAKEDOWN, DECIDED * 1000) for asset in assets}
    started, wall = time.process_time(), time.perf_counter()
    found = find_revocations(ledger, refused, DECIDED, whose)
    cpu, wall = time.process_time() - started, time.perf_counter() - wall
    print(f"{len(assets):4} assets {how:12} {cpu:8.3f} s of CPU, {wall:8.3f} s", flush=True)
    return found


def main(count: int, owners: int) -> None:
    """Build the ledger, look, and compare what was found."""
    with tempfile.TemporaryDirectory(prefix="kiyome-refusals-") as scratch:
        workspace = Path(scratch)
        manifest = write_manifest(workspace / FOLDER / "manifest.parquet", count, owners)
        ledger = UsageLedger.open(workspace / "ledger", "kiyome.benchmark/refusals")
        records = make_records(ledger, count, owners, manifest)
        ledger.append(RELEASE, records, DECIDED, manifest_sha256=manifest, policy_sha256=POLICY)
        database = open_database(f"sqlite:///{workspace / 'kiyome.db'}")
        row = ReleaseRow(
            id=RELEASE,
            dataset="large",
            number=1,
            manifest_sha256=manifest,
            exclusions_sha256="0" * 64,
            folder=FOLDER,
            cleared=count,
            removed=0,
            created_ms=DECIDED * 1000,
        )
        with database.transaction() as session:
            session.add(row)
        size = (workspace / FOLDER / "manifest.parquet").stat().st_size
        print(f"{count} records of {owners} owners, a manifest of {size / 1e6:.0f} MB", flush=True)
        whose = look_up_owners(database, ledger, workspace)
        for many in (1, 100):
            assets = [name_asset(count // many * number + 7) for number in range(many)]
            by_index = find(ledger, assets, whose, "by the index")
            by_pass = find(ledger, assets, lambda _batch, _assets: None, "by a pass")
            if by_index != by_pass or len(by_pass.records) != many:
                raise SystemExit("The two found different records.")
        database.dispose()


if __name__ == "__main__":
    main(*(int(word) for word in (sys.argv[1:] or ["1000000", "50000"])))
