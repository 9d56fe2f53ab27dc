"""Telling the usage ledger what owners refuse: one revocation for each use that was recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Set
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models.assets.asset import Asset
from models.consent.purposes import ALL_PURPOSES
from models.errors import ReleaseError
from models.failpoints import reach
from models.ledger.batches import Batch, BatchStatement
from models.ledger.log import UsageLedger
from models.ledger.revocations import AssetUse, Refusal, Revocations, Whose, find_revocations
from models.reasons import Reason
from models.releases.drawn import find_by_id
from models.releases.listed import find_listed
from models.store.database import Database, now_ms
from models.store.tables import RevocationRow
from models.takedowns import ids_for_takedown, takedown_times
from models.withdrawals import Withdrawals, read_withdrawals, setters_of

REFUSED = (Reason.TAKEDOWN.value, Reason.CONSENT_WITHDRAWN.value)
"""First reasons of assets that owners refuse."""


def enter_revocations(
    database: Database,
    ledger: UsageLedger,
    workspace: Path,
    run_id: str,
    judged: Iterable[tuple[Iterable[Asset], pa.Table]],
    decided_at: int,
) -> Batch | None:
    """Append a revocation for every recorded use that an owner refuses now: each once.

    The ledger itself says which are missing, so that a crash between the append and the note of it
    appends nothing twice. The note saves reading the ledger again at every run.

    Args:
        workspace: where releases lie.
        run_id: names the batch.
        judged: for each shard its assets and its verdict rows.
        decided_at: UTC seconds since 1970.

    Returns:
        The batch that was appended, or None where nothing was to be revoked.

    Raises:
        LedgerError: the ledger cannot be read or appended to.
    """
    with database.snapshot() as session:
        refused = _list_refused(takedown_times(session), read_withdrawals(session), judged)
        pending = _leave_out_noted(session, refused)
    if not pending:
        return None
    whose = look_up_owners(database, ledger, workspace)
    found = find_revocations(ledger, pending, decided_at, whose)
    batch = None
    if found.records:
        batch = ledger.append(f"revocations-{run_id}", found.records, decided_at)
        reach("revocations.appended")
    _note(database, pending, found, batch)
    return batch


def look_up_owners(database: Database, ledger: UsageLedger, workspace: Path) -> Whose:
    """Looks up in manifests of releases who spoke about an asset, as pseudonyms of the ledger.

    A record stands under one of them, or under nobody where nobody in particular spoke.
    """

    def whose(statement: BatchStatement, assets: Set[str]) -> dict[str, list[str]] | None:
        try:
            release = find_by_id(database, statement.batch.batch_id)
        except ReleaseError:
            return None
        if release.manifest_sha256 != statement.manifest_sha256:
            return None
        listed = find_listed(release, workspace, assets)
        if listed is None:
            return None
        return {
            asset_id: [ledger.reference("owner", setter) for setter in setters] or [""]
            for asset_id, setters in listed.items()
        }

    return whose


def _list_refused(
    takedowns: Mapping[str, int],
    withdrawals: Withdrawals,
    judged: Iterable[tuple[Iterable[Asset], pa.Table]],
) -> dict[AssetUse, Refusal]:
    """Every asset and purpose that is refused: by its own id, or as a run has found it to be."""
    refused: dict[AssetUse, Refusal] = {}
    for asset_id, standings in withdrawals.assets.items():
        for each in standings:
            refusal = Refusal(Reason.CONSENT_WITHDRAWN, each.since_ms)
            _put(refused, (asset_id, each.purpose), refusal)
    if takedowns or withdrawals:
        for assets, verdicts in judged:
            _add_judged(refused, takedowns, withdrawals, assets, verdicts)
    for asset_id, since in takedowns.items():
        _take_down(refused, asset_id, since)
    return refused


def _add_judged(
    refused: dict[AssetUse, Refusal],
    takedowns: Mapping[str, int],
    withdrawals: Withdrawals,
    assets: Iterable[Asset],
    verdicts: pa.Table,
) -> None:
    first = pc.list_element(verdicts["reasons"], 0)
    out = verdicts.filter(pc.is_in(first, value_set=pa.array(REFUSED)))
    if not out.num_rows:
        return
    names = {asset.asset_id: [at.name for at in asset.locations] for asset in assets}
    for row in out.select(["asset_id", "statements"]).to_pylist():
        asset_id = row["asset_id"]
        setters = setters_of(row["statements"])
        for purpose, since in withdrawals.find(asset_id, names[asset_id], setters).items():
            _put(refused, (asset_id, purpose), Refusal(Reason.CONSENT_WITHDRAWN, since))
        times = [
            takedowns[each]
            for each in ids_for_takedown(asset_id, names[asset_id])
            if each in takedowns
        ]
        if times:
            _take_down(refused, asset_id, min(times))


def _put(refused: dict[AssetUse, Refusal], use: AssetUse, refusal: Refusal) -> None:
    known = refused.get(use)
    if known is None or refusal.since_ms < known.since_ms:
        refused[use] = refusal


def _take_down(refused: dict[AssetUse, Refusal], asset_id: str, since: int) -> None:
    for purpose in ALL_PURPOSES:
        refused[asset_id, purpose] = Refusal(Reason.TAKEDOWN, since)


def _leave_out_noted(
    session: Session, refused: Mapping[AssetUse, Refusal]
) -> dict[AssetUse, Refusal]:
    row = RevocationRow
    noted = {
        (asset_id, purpose, since)
        for asset_id, purpose, since in session.execute(
            select(row.asset_id, row.purpose, row.refused_ms)
        )
    }
    return {
        (asset_id, purpose): refusal
        for (asset_id, purpose), refusal in refused.items()
        if (asset_id, purpose.value, refusal.since_ms) not in noted
    }


def _note(
    database: Database,
    pending: Mapping[AssetUse, Refusal],
    found: Revocations,
    batch: Batch | None,
) -> None:
    """Keep that the ledger has been searched: until another refusal of the same asset begins."""
    fresh = {(record.asset_sha256, record.purpose) for record in found.records}
    with database.transaction() as session:
        at = now_ms(session)
        rows = [
            {
                "asset_id": asset_id,
                "purpose": purpose.value,
                "refused_ms": refusal.since_ms,
                "batch_id": batch.batch_id
                if batch is not None and (asset_id, purpose) in fresh
                else found.told.get((asset_id, purpose), ""),
                "noted_ms": at,
            }
            for (asset_id, purpose), refusal in pending.items()
        ]
        session.execute(insert(RevocationRow), rows)
