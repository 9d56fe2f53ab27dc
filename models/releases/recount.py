"""Recounting: the proof that every asset ended in exactly one verdict, and the release agrees."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from models.assets.shards import read_shard
from models.canonical import digest_bytes
from models.consent.purposes import Purpose
from models.errors import KiyomeError
from models.parquet import parse_parquet, read_bytes
from models.planning import dataset_folder, read_outcomes, read_plan
from models.releases.manifest import digest_exclusions
from models.releases.proposal import Proposal, open_proposal
from models.releases.publishing import (
    holds_manifest,
    latest_release,
    purposes_of,
    read_manifest,
)
from models.releases.release import Release
from models.store.database import Database
from models.takedowns import find_taken_down, takedown_times
from models.verdicts import Verdict
from models.withdrawals import Withdrawals, read_withdrawals


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was counted."""

    name: str
    ok: bool
    detail: str


def recount(database: Database, workspace: Path, dataset: str) -> list[Check]:
    """Count a dataset's shards, verdicts and release again, from the files.

    Returns:
        Every check made, passed or failed.

    Raises:
        WorkspaceError: the dataset was never cleansed in this workspace.
    """
    plan = read_plan(workspace, dataset)
    checks: list[Check] = []
    planned: Counter[str] = Counter()
    for digest, count in plan.shards:
        path = dataset_folder(workspace, dataset) / "shards" / f"{digest}.parquet"
        try:
            members = [asset.asset_id for asset in read_shard(path).assets]
        except (KiyomeError, OSError) as error:
            checks.append(Check(f"shard {digest[:12]}", ok=False, detail=str(error)))
            continue
        planned.update(members)
        if len(members) != count:
            detail = f"the plan says {count} assets, the file holds {len(members)}"
            checks.append(Check(f"shard {digest[:12]}", ok=False, detail=detail))
    doubled = [asset_id for asset_id, times in planned.items() if times > 1]
    checks.append(_judge_shards(len(plan.shards), len(planned), doubled))
    with database.snapshot() as session:
        waiting = open_proposal(session, dataset)
    standing = latest_release(database, dataset)
    # What the last run has come to, whether or not it is signed off yet.
    release = waiting.release if waiting else standing
    if waiting:
        checks.append(_tell_waiting(waiting, standing, workspace))
    if release is None:
        checks.append(Check("release", ok=False, detail="the dataset has no release yet"))
        return checks
    with database.snapshot() as session:
        takedowns = takedown_times(session)
        withdrawals = read_withdrawals(session)
    checks += _check_release(workspace, release, set(planned), takedowns)
    checks += _check_withdrawn(workspace, release, withdrawals)
    return checks


def _tell_waiting(waiting: Proposal, standing: Release | None, workspace: Path) -> Check:
    """The release in force is looked at for its bytes alone: verdicts are those of the other."""
    told = f"release {waiting.release.number} is {waiting.state.value} and not published"
    if standing is None:
        return Check("sign-off", ok=True, detail=told)
    intact = holds_manifest(standing, workspace)
    how = "is as it was published" if intact else "is missing or damaged"
    return Check(
        "sign-off", ok=intact, detail=f"{told}; the manifest of release {standing.number} {how}"
    )


def _judge_shards(shards: int, assets: int, doubled: Sequence[str]) -> Check:
    if doubled:
        detail = f"{len(doubled)} asset(s) stand in two places, {doubled[0]} among them"
        return Check("assets in shards", ok=False, detail=detail)
    detail = f"{assets} assets in {shards} shard(s), each once"
    return Check("assets in shards", ok=True, detail=detail)


def _check_release(
    workspace: Path, release: Release, planned: set[str], takedowns: dict[str, int]
) -> Iterator[Check]:
    folder = release.path(workspace)
    try:
        data = read_bytes(folder / "manifest.parquet")
        manifest = parse_parquet(data)
        outcomes = read_outcomes(workspace, release.dataset)
    except (KiyomeError, OSError, pa.ArrowException) as error:
        yield Check(f"release {release.number}", ok=False, detail=f"cannot be read: {error}")
        return
    ids = outcomes["asset_id"].to_pylist()
    verdicts = Counter(outcomes["verdict"].to_pylist())
    counted = ", ".join(f"{verdicts[v.value]} {v.value}" for v in Verdict)
    yield Check(
        "one verdict each",
        ok=len(ids) == len(set(ids)) and set(verdicts) <= {v.value for v in Verdict},
        detail=f"{len(ids)} verdicts for {len(set(ids))} assets: {counted}",
    )
    missing, strange = planned - set(ids), set(ids) - planned
    yield Check(
        "verdicts match the plan",
        ok=not missing and not strange,
        detail=f"{len(missing)} planned assets without a verdict, {len(strange)} verdicts for "
        "assets that are not planned",
    )
    intact = digest_bytes(memoryview(data)) == release.manifest_sha256
    yield Check("manifest digest", ok=intact, detail=release.manifest_sha256)
    excluded = digest_exclusions(outcomes) == release.exclusions_sha256
    yield Check("exclusions digest", ok=excluded, detail=release.exclusions_sha256)
    cleared = set(
        outcomes.filter(pc.equal(outcomes["verdict"], Verdict.CLEAR.value))["asset_id"].to_pylist()
    )
    listed = manifest["asset_id"].to_pylist()
    yield Check(
        "the release holds what is clear",
        ok=len(listed) == len(set(listed)) and set(listed) == cleared,
        detail=f"{len(listed)} assets in the manifest, {len(cleared)} clear",
    )
    late = find_taken_down(manifest, takedowns.keys())
    ignored = [
        asset_id
        for asset_id, ids in late.items()
        if min(takedowns[i] for i in ids) <= release.created_ms
    ]
    detail = f"{len(ignored)} of the release's assets were taken down before it was made"
    if len(late) > len(ignored):
        detail += f", {len(late) - len(ignored)} after: `kiyome cleanse` makes one without them"
    yield Check("nothing taken down", ok=not ignored, detail=detail)


def _check_withdrawn(
    workspace: Path, release: Release, withdrawals: Withdrawals
) -> Iterator[Check]:
    manifest = read_manifest(release, workspace)
    if manifest is None:
        return  # the digest's check says so
    purposes = purposes_of(release, workspace)
    late = {
        row["asset_id"]: min(since)
        for row in manifest.select(["asset_id", "names", "consent"]).to_pylist()
        if (since := _withdrawn_since(row, withdrawals, purposes))
    }
    ignored = sum(since <= release.created_ms for since in late.values())
    detail = f"{ignored} of the release's assets were withdrawn before it was made"
    if len(late) > ignored:
        detail += f", {len(late) - ignored} after: `kiyome cleanse` makes one without them"
    yield Check("nothing withdrawn", ok=not ignored, detail=detail)


def _withdrawn_since(
    row: dict[str, Any], withdrawals: Withdrawals, purposes: frozenset[Purpose]
) -> list[int]:
    setters = (said["setter"] for said in row["consent"])
    found = withdrawals.find(row["asset_id"], row["names"], setters)
    return [since for purpose, since in found.items() if purpose in purposes]
