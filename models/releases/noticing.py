"""Making the removal notice of a release, from the releases of a workspace."""

from __future__ import annotations

from models.errors import ReleaseError
from models.ledger.log import UsageLedger
from models.ledger.note import read_key_file
from models.releases.difference import compare_releases
from models.releases.holding import find_releases_with
from models.releases.notices import (
    RemovalNotice,
    choose_withdrawn,
    sign_notice,
    write_notice,
)
from models.releases.publishing import find_release, latest_release
from models.releases.release import Release
from models.settings import Settings
from models.store.database import Database


def make_notice(
    database: Database, settings: Settings, dataset: str, number: int | None = None
) -> tuple[Release, RemovalNotice, bytes]:
    """The notice of what a release holds no longer, signed with the usage ledger's key.

    Args:
        number: which release; None for the newest.

    Returns:
        The release, its notice, and the content of ``removal-notice.json``.

    Raises:
        ReleaseError: there is no such release, it is the first, or one is missing or damaged.
        LedgerError: the ledger's key is missing or damaged.
    """
    release = (
        latest_release(database, dataset)
        if number is None
        else find_release(database, dataset, number)
    )
    if release is None or release.number < 2:
        raise ReleaseError(
            f"No release of {dataset!r} has another before it that would hold more.",
            "A notice can be made once there are two.",
        )
    workspace = settings.workspace
    earlier = {n: find_release(database, dataset, n) for n in range(1, release.number)}
    _, rows = compare_releases(earlier[release.number - 1], release, workspace)
    withdrawn = choose_withdrawn(rows)
    ids = withdrawn["asset_id"].to_pylist()
    holding = find_releases_with(database, workspace, dataset, ids)
    notice = write_notice(release, withdrawn, holding, earlier)
    ledger = UsageLedger.open(workspace / "ledger", settings.ledger_origin)
    signer = read_key_file(ledger.private_folder / "signing.key")
    return release, notice, sign_notice(notice, signer)
