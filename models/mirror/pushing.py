"""Mirroring a workspace's releases and its ledger's public part to the target of the settings."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq
from filelock import FileLock, Timeout
from sqlalchemy import select

from models.errors import ReleaseError, SettingsError
from models.files import write_atomically
from models.ledger.log import UsageLedger
from models.mirror.shelf import check_release, point_at, push_release, require_not_older
from models.mirror.target import claim_target, open_target
from models.mirror.tiles import push_ledger
from models.releases.notices import FILE as NOTICE_FILE
from models.releases.noticing import make_notice
from models.releases.publishing import purposes_of
from models.releases.release import Release, read_release
from models.settings import Settings
from models.store.database import Database
from models.store.tables import ReleaseRow
from models.takedowns import find_taken_down, takedown_times
from models.withdrawals import find_withdrawn, read_withdrawals

_WAIT_S = 600.0


@dataclass(frozen=True, slots=True)
class Pushed:
    """What a push came to.

    Attributes:
        url: where to.
        sent: numbers of the releases of which anything was sent.
        kept: numbers of those that were there already.
        held: numbers of those that hold something that was taken down or withdrawn since, and of
            which nothing is sent.
        lost: numbers of those whose folder is no longer in the workspace, and not there either.
        pointer: the number that the pointer names now; 0 for none.
        ledger: how many objects of the ledger were sent.
    """

    url: str
    sent: tuple[int, ...]
    kept: tuple[int, ...]
    held: tuple[int, ...]
    lost: tuple[int, ...]
    pointer: int
    ledger: int

    @property
    def warning(self) -> str:
        """What a person should know; "" where there is nothing."""
        if not self.held or max(self.held) <= self.pointer:
            return ""
        return (
            f"Release {max(self.held)} was not pushed to {self.url}: it holds assets that were "
            "taken down or withdrawn since. Run `kiyome cleanse`, which makes one without them."
        )


def push_releases(database: Database, settings: Settings, dataset: str) -> Pushed:
    """Bring a dataset's releases, and the ledger, to the target of the settings.

    The ledger goes first, so that whoever sees a release finds its entries. What is there already
    is not sent again; a push that was interrupted goes on where it stopped.

    Raises:
        SettingsError: there is no target, or nothing installed can write to it.
        ReleaseError: it belongs to another workspace, or does not answer.
        LedgerError: the ledger is damaged, or older than its copy.
    """
    target = open_target(require_target(settings))
    ledger = UsageLedger.open(settings.workspace / "ledger", settings.ledger_origin)
    with _pushing(settings.workspace):
        claim_target(target, ledger.vkey)
        entries = push_ledger(target, ledger)
        sent: list[int] = []
        kept: list[int] = []
        held: list[int] = []
        lost: list[int] = []
        newest: Release | None = None
        releases = _releases(database, dataset)
        pointed = require_not_older(target, dataset, releases)
        for release in releases:
            if not release.path(settings.workspace).is_dir():
                lost.append(release.number)
                continue
            if _holds_refused(database, settings.workspace, release):
                held.append(release.number)
                continue
            _keep_notice(database, settings, release)
            (sent if push_release(target, release, settings.workspace) else kept).append(
                release.number
            )
            newest = release
        if newest is not None and newest.number >= pointed:
            point_at(target, newest, settings.workspace)
            pointed = newest.number
    return Pushed(
        target.url,
        tuple(sent),
        tuple(kept),
        tuple(held),
        tuple(lost),
        pointed,
        entries,
    )


def check_pushed(settings: Settings, dataset: str) -> tuple[int, list[str]]:
    """Read the release that the pointer names back from the target, byte by byte.

    Returns:
        Its number (0 where there is no pointer), and the objects that are missing or damaged.

    Raises:
        SettingsError: there is no target.
        ReleaseError: the storage does not answer.
    """
    target = open_target(require_target(settings))
    pointer = target.read_json(f"{dataset}/latest.json")
    if pointer is None:
        return 0, []
    place = str(pointer["folder"])
    if target.digest(f"{dataset}/{place}/index.json") != pointer["index_sha256"]:
        return int(pointer["number"]), [f"{dataset}/{place}/index.json"]
    return int(pointer["number"]), check_release(target, dataset, place)


def require_target(settings: Settings) -> str:
    """The URL of the target.

    Raises:
        SettingsError: there is none.
    """
    if not settings.release_target:
        raise SettingsError(
            "There is no release_target.",
            'Set it in kiyome.toml, as in release_target = "s3://bucket/kiyome".',
        )
    return settings.release_target


@contextmanager
def _pushing(workspace: Path) -> Iterator[None]:
    lock = FileLock(workspace / "push.lock", timeout=_WAIT_S)
    try:
        with lock:
            yield
    except Timeout as error:
        raise ReleaseError(
            f"Another push from {workspace} has been going on for {_WAIT_S:.0f} seconds.",
            "Wait for it to end, then push again.",
        ) from error


def _releases(database: Database, dataset: str) -> Sequence[Release]:
    query = select(ReleaseRow).where(ReleaseRow.dataset == dataset).order_by(ReleaseRow.number)
    with database.snapshot() as session:
        return [read_release(row) for row in session.scalars(query)]


def _holds_refused(database: Database, workspace: Path, release: Release) -> bool:
    """Whether a release holds something that was taken down or withdrawn after it was made."""
    path = release.path(workspace) / "manifest.parquet"
    if not path.is_file():
        return False  # said when it is sent
    with database.snapshot() as session:
        takedowns = takedown_times(session).keys()
        withdrawals = read_withdrawals(session)
    manifest = pq.read_table(path, columns=["asset_id", "names", "consent"])
    return bool(
        find_taken_down(manifest, takedowns)
        or find_withdrawn(manifest, withdrawals, purposes_of(release, workspace))
    )


def _keep_notice(database: Database, settings: Settings, release: Release) -> None:
    """Write the removal notice of a release that lost something, where nobody did so before."""
    path = release.path(settings.workspace) / NOTICE_FILE
    if release.number < 2 or not release.removed or path.exists():
        return
    try:
        _, _, data = make_notice(database, settings, release.dataset, release.number)
    except ReleaseError:
        return  # an earlier release is gone: nobody can say any more what it held
    write_atomically(path, data)
