"""A release as training runs see it: its assets, their licences, and what is gone since."""

from __future__ import annotations

import re
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select

from models.consent.purposes import ALL_PURPOSES, Purpose
from models.errors import ReleaseError
from models.releases.listed import find_listed
from models.releases.publishing import find_release, latest_release, read_manifest
from models.releases.release import Release
from models.store.database import Database
from models.store.tables import ReleaseRow
from models.takedowns import find_taken_down, takedown_times
from models.withdrawals import find_withdrawn, read_withdrawals


@dataclass(frozen=True, slots=True)
class ReleasedAssets:
    """A release as it was published, and what has been taken down since.

    Attributes:
        release: which one.
        licences: for each asset the licence that its consent names; empty where it names none.
        taken_down: those that an owner had taken down.
        withdrawn: those whose owner withdrew consent, each with the purposes that it was for.
    """

    release: Release
    licences: Mapping[str, str]
    taken_down: Set[str]
    withdrawn: Mapping[str, frozenset[Purpose]]


def read_released(database: Database, workspace: Path, release_id: str) -> ReleasedAssets:
    """The assets of a release, from its manifest.

    Args:
        release_id: the release's id, or at least 8 digits that it begins with.

    Raises:
        ReleaseError: there is no such release or there are several, or its manifest is damaged.
    """
    release = find_by_id(database, release_id)
    manifest = read_manifest(release, workspace)
    if manifest is None:
        raise ReleaseError(
            f"The manifest in {release.path(workspace)} is missing or damaged.",
            "Restore it from a backup.",
        )
    with database.snapshot() as session:
        gone = find_taken_down(manifest, takedown_times(session).keys())
        withdrawals = read_withdrawals(session)
    licences = {
        row["asset_id"]: next((c["license_ref"] for c in row["consent"] if c["license_ref"]), "")
        for row in manifest.select(["asset_id", "consent"]).to_pylist()
    }
    withdrawn = {
        purpose: find_withdrawn(manifest, withdrawals, {purpose}) for purpose in ALL_PURPOSES
    }
    refused = {
        asset_id: frozenset(purpose for purpose in ALL_PURPOSES if asset_id in withdrawn[purpose])
        for asset_id in set[str]().union(*withdrawn.values())
    }
    return ReleasedAssets(release, licences, gone.keys(), refused)


@dataclass(frozen=True, slots=True)
class Superseding:
    """The newest release of a dataset, seen from an older one.

    Attributes:
        release: the newest.
        left_out: how many of some assets it does not hold; None where its manifest is damaged.
    """

    release: Release
    left_out: int | None


def find_superseding(
    database: Database, workspace: Path, release: Release, assets: Set[str]
) -> Superseding | None:
    """The newest release of a release's dataset; None where it is the newest itself."""
    newest = latest_release(database, release.dataset)
    if newest is None or newest.number == release.number:
        return None
    held = find_listed(newest, workspace, assets)
    return Superseding(newest, None if held is None else len(assets) - len(held))


def find_by_id(database: Database, release_id: str) -> Release:
    """The release whose id is given, or at least 8 digits that it begins with.

    Raises:
        ReleaseError: there is no such release, or there are several.
    """
    wanted = release_id.lower()
    if not re.fullmatch("[0-9a-f]{8,64}", wanted, re.ASCII):
        raise ReleaseError(
            f"{release_id!r} is not the id of a release.",
            "`kiyome ledger show` lists them; 8 digits are enough.",
        )
    query = select(ReleaseRow.dataset, ReleaseRow.number).where(ReleaseRow.id.startswith(wanted))
    with database.snapshot() as session:
        found = session.execute(query.limit(2)).all()
    if len(found) != 1:
        how_many = "no release" if not found else "more than one release"
        raise ReleaseError(
            f"There is {how_many} whose id begins with {wanted}.",
            "`kiyome ledger show` lists the ids.",
        )
    return find_release(database, found[0].dataset, found[0].number)
