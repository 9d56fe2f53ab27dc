"""What has to be true once everything runs again: every check gives sentences, or none."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from pathlib import Path

import pyarrow.parquet as pq
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.ledger.verification import verify_ledger
from models.releases.publishing import latest_release
from models.releases.recount import recount
from models.review.audit import RULED, verify_audit
from models.review.stored_rulings import effective_rulings
from models.store.database import Database
from models.store.tables import (
    AuditRow,
    OwnerRequestRow,
    ReleaseRow,
    ReviewItemRow,
    RulingRow,
    TakedownRow,
)
from tests.chaos.people import Acknowledged
from tests.chaos.worlds import DATASET, World


def check_all(world: World) -> list[str]:
    """Every promise that can be looked at without running anything."""
    found: list[str] = []
    with world.opened() as database:
        with database.snapshot() as session:
            report = verify_audit(session)
            if not report.ok:
                found.append(f"audit: {report.detail}")
            found += check_rulings(session, world.known)
            found += check_refusals(session, world.known)
            found += check_releases(session, world.settings.workspace, world.known)
        counted = recount(database, world.settings.workspace, DATASET)
        found += [f"recount: {check.name}: {check.detail}" for check in counted if not check.ok]
    ledger = world.settings.workspace / "ledger"
    verified = verify_ledger(ledger / "public", None, ledger / "private")
    if not verified.ok:
        found.append(f"ledger: {verified.failures}")
    return found


def check_rulings(session: Session, known: Acknowledged) -> list[str]:
    """Every acknowledged ruling is there once, stands unless undone, and nothing else is there."""
    found: list[str] = []
    rows = {row.id: row for row in session.scalars(select(RulingRow))}
    said = select(AuditRow.subject).where(AuditRow.action == RULED)
    logged = Counter(session.scalars(said))
    items = {row.id: row for row in session.scalars(select(ReviewItemRow))}
    standing = {ruling.ruling_id for ruling in effective_rulings(session, DATASET).values()}
    for ruling, (item, version, what) in known.rulings.items():
        row = rows.get(ruling)
        if row is None:
            found.append(f"ruling {ruling} was acknowledged and is lost")
            continue
        if (row.item_id, row.item_version, row.ruling) != (item, version, what):
            found.append(f"ruling {ruling} is another than was acknowledged")
        if logged[ruling] != 1:
            found.append(f"ruling {ruling} is {logged[ruling]} times in the audit chain")
        ended = ruling in known.undone or ruling in known.unanswered
        current = items[item].version == version
        if ruling in known.undone and ruling in standing:
            found.append(f"ruling {ruling} was undone and stands")
        if not ended and current and items[item].state == "decided" and ruling not in standing:
            found.append(f"ruling {ruling} was not undone and does not stand")
        if not ended and current and items[item].state in ("open", "leased"):
            found.append(f"item {item} has an acknowledged ruling and is open")
    for ruling, row in rows.items():
        place = (row.item_id, row.item_version)
        if ruling not in known.rulings and place not in known.unanswered:
            found.append(f"ruling {ruling} is there and nobody sent it")
    places = Counter((row.item_id, row.item_version) for row in rows.values())
    found += [f"{place} has {n} rulings" for place, n in places.items() if n > 1]
    return found


def check_refusals(session: Session, known: Acknowledged) -> list[str]:
    """Every acknowledged takedown and withdrawal is there, once."""
    found: list[str] = []
    down = set(session.scalars(select(TakedownRow.asset_id)))
    said = Counter(session.scalars(select(AuditRow.subject).where(AuditRow.action == "takedown")))
    found += [f"the takedown of {asset} is lost" for asset in known.takedowns - down]
    found += [f"the takedown of {a} is {said[a]} times in the chain" for a in down if said[a] != 1]
    sent = set(session.scalars(select(OwnerRequestRow.id)))
    found += [f"the withdrawal {form} is lost" for form in known.withdrawals.keys() - sent]
    for form in sent - known.withdrawals.keys() - known.unanswered:
        found.append(f"the withdrawal {form} is there and nobody sent it")
    return found


def check_releases(session: Session, workspace: Path, known: Acknowledged) -> list[str]:
    """No release that was made after an acknowledged refusal holds the asset."""
    found: list[str] = []
    rows = session.execute(select(TakedownRow.asset_id, TakedownRow.acknowledged_ms))
    refused = {asset: [at] for asset, at in rows}
    sent = session.execute(select(OwnerRequestRow.id, OwnerRequestRow.acknowledged_ms)).all()
    for form, at in sent:
        if form in known.withdrawals:
            refused.setdefault(known.withdrawals[form], []).append(at)
    for release in session.scalars(select(ReleaseRow)):
        manifest = workspace / release.folder / "manifest.parquet"
        if not manifest.exists():
            found.append(f"release {release.number} has no manifest")
            continue
        ids = set(pq.read_table(manifest, columns=["asset_id"])["asset_id"].to_pylist())
        for asset, times in refused.items():
            if asset in ids and release.created_ms > min(times):
                found.append(f"release {release.number} holds {asset}, refused before it was made")
    return found


def check_twin(world: World) -> list[str]:
    """A workspace that knows nothing but the database comes to the same manifest and verdicts."""
    folder = world.folder / "twin"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    url = world.pg.copy("twin") if world.pg else ""
    if not url:
        with (
            sqlite3.connect(world.settings.workspace / "kiyome.db") as source,
            sqlite3.connect(folder / "kiyome.db") as copy,
        ):
            source.backup(copy)
    try:
        run = world.start_twin(folder, url)
        if run.wait(600) != 0:
            return [f"the twin failed: {run.said()[-1500:]}"]
        with world.opened(url or f"sqlite:///{folder / 'kiyome.db'}") as database:
            twin = _come_to(database, folder)
    finally:
        if world.pg:
            world.pg.drop("twin")
    with world.opened() as database:
        if _come_to(database, world.settings.workspace) != twin:
            return [f"the twin in {folder} came to another manifest or other verdicts"]
    shutil.rmtree(folder)
    return []


def _come_to(database: Database, workspace: Path) -> tuple[bytes, list[tuple[object, ...]]]:
    release = latest_release(database, DATASET)
    assert release is not None
    columns = ["asset_id", "names", "verdict", "reasons", "decided_by", "ruling_id"]
    outcomes = pq.read_table(
        workspace / "datasets" / DATASET / "outcomes.parquet", columns=columns
    ).to_pylist()
    rows: list[tuple[object, ...]] = sorted(
        (tuple(str(row[name]) for name in columns) for row in outcomes), key=str
    )
    return (release.path(workspace) / "manifest.parquet").read_bytes(), rows
