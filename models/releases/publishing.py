"""Publishing a release: a folder that appears whole, and the row that makes it official."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

import pyarrow as pa
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.canonical import digest_bytes, digest_of
from models.consent.purposes import ALL_PURPOSES, Purpose
from models.errors import ReleaseError, WorkspaceError
from models.failpoints import reach
from models.files import write_atomically
from models.outbox import post_event
from models.parquet import parse_parquet, read_bytes
from models.releases.attribution import FILE as ATTRIBUTION_FILE
from models.releases.attribution import write_attribution
from models.releases.consent_share import count_consent
from models.releases.manifest import HELD, build_removed, digest_exclusions, to_parquet
from models.releases.release import Release, read_release
from models.store.database import Database, now_ms
from models.store.tables import ReleaseProposalRow, ReleaseRow, TakedownRow
from models.takedowns import find_taken_down, lock_refusals
from models.withdrawals import find_withdrawn, read_withdrawals

REWRITTEN_FILE = "rewritten.parquet"
SidecarWriter = Callable[[Path], None]


class VerdictsStaleError(ReleaseError):
    """An owner's refusal was acknowledged after the verdicts were made: judge again."""


@dataclass(frozen=True)
class Contents:
    """What a run has come to, for a release to hold.

    Attributes:
        manifest: ``build_manifest`` of all shards.
        outcomes: ``build_outcomes`` of all shards.
        rewritten: ``build_rewritten`` of all shards.
        facts: what ``release.json`` also says: policy, registers, encoder, counts.
        write_sidecars: writes the captions of the cleared assets into the folder it is given.
        purposes: what the release is for: a withdrawal for any of them keeps an asset out.
    """

    manifest: pa.Table
    outcomes: pa.Table
    rewritten: pa.Table
    facts: dict[str, Any]
    write_sidecars: SidecarWriter
    purposes: Collection[Purpose]

    @cached_property
    def manifest_bytes(self) -> bytes:
        """The manifest as it is written."""
        return to_parquet(self.manifest)

    @cached_property
    def outcomes_bytes(self) -> bytes:
        """The outcomes as they are written."""
        return to_parquet(self.outcomes)

    def encode(self) -> None:
        """Make both at the same time, which on two cores takes as long as the larger one."""
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(partial(getattr, self), ("manifest_bytes", "outcomes_bytes")))


@dataclass(frozen=True, slots=True)
class Draft:
    """The release that some contents make: the latest one, or the one that would come after it.

    Attributes:
        release: as it would be recorded; its time is 0.
        is_new: it says something else than the latest one.
        latest: the newest release that is published.
        previous: the one before ``release``.
        before_is_lost: the manifest of ``previous`` is missing or damaged.
        removed: what ``previous`` holds and ``release`` does not.
    """

    release: Release
    is_new: bool
    latest: Release | None
    previous: Release | None
    before_is_lost: bool
    removed: pa.Table


def draft_release(database: Database, workspace: Path, dataset: str, contents: Contents) -> Draft:
    """What release some contents make; nothing is written."""
    manifest_sha = digest_bytes(contents.manifest_bytes)
    exclusions_sha = digest_exclusions(contents.outcomes)
    latest = latest_release(database, dataset)
    is_new = latest is None or (latest.manifest_sha256, latest.exclusions_sha256) != (
        manifest_sha,
        exclusions_sha,
    )
    number = 1 if latest is None else latest.number + is_new
    with database.snapshot() as session:
        previous = _read(session, dataset, number - 1) if number > 1 else None
    before = read_manifest(previous, workspace, HELD) if previous else None
    removed = build_removed(before, contents.manifest, contents.outcomes)
    release_id = digest_of(
        {
            "dataset": dataset,
            "number": number,
            "manifest_sha256": manifest_sha,
            "exclusions_sha256": exclusions_sha,
        }
    )
    release = Release(
        id=release_id,
        dataset=dataset,
        number=number,
        manifest_sha256=manifest_sha,
        exclusions_sha256=exclusions_sha,
        folder=f"releases/{dataset}/{number:04d}-{release_id[:8]}",
        cleared=contents.manifest.num_rows,
        removed=removed.num_rows,
        created_ms=0,
    )
    lost = previous is not None and before is None
    return Draft(release, is_new, latest, previous, lost, removed)


def build_release(draft: Draft, contents: Contents, building: Path) -> None:
    """Write the files of a release into a new folder.

    Raises:
        OSError: one of them cannot be written.
    """
    release = draft.release
    building.mkdir()
    write_atomically(building / "manifest.parquet", contents.manifest_bytes)
    write_atomically(building / "removed.parquet", to_parquet(draft.removed))
    write_atomically(building / "outcomes.parquet", contents.outcomes_bytes)
    if contents.rewritten.num_rows:
        write_atomically(building / REWRITTEN_FILE, to_parquet(contents.rewritten))
    if (attribution := write_attribution(contents.manifest)) is not None:
        write_atomically(building / ATTRIBUTION_FILE, attribution)
    contents.write_sidecars(building / "sidecars")
    facts = contents.facts
    described = {
        **facts,
        "dataset": release.dataset,
        "number": release.number,
        "manifest_sha256": release.manifest_sha256,
        "exclusions_sha256": release.exclusions_sha256,
        "consent": {**facts.get("consent", {}), **count_consent(contents.manifest).as_dict()},
        "id": release.id,
        "previous": draft.previous.id if draft.previous else None,
        "removed_is_known": not draft.before_is_lost,
        "cleared": release.cleared,
        "removed": release.removed,
    }
    write_atomically(
        building / "release.json",
        json.dumps(described, indent=2, ensure_ascii=False, sort_keys=True).encode(),
    )
    reach("release-built")


def publish(
    database: Database,
    workspace: Path,
    dataset: str,
    contents: Contents,
) -> tuple[Release, bool]:
    """Publish the cleared assets, unless the latest release already says exactly the same.

    The folder is built beside its place, then moved there inside the transaction that records it.
    After a crash in between, the folder without a row is taken for what it is, and built again. So
    is the folder of the latest release where its manifest has been lost.

    Returns:
        The release in force, and whether it is new.

    Raises:
        VerdictsStaleError: a cleared asset was taken down or withdrawn in the meantime.
        WorkspaceError: the folder cannot be written.
    """
    shelf = workspace / "releases" / dataset
    for unfinished in shelf.glob(".building-*"):
        shutil.rmtree(unfinished)
    draft = draft_release(database, workspace, dataset, contents)
    latest = draft.latest
    if latest is not None and not draft.is_new and holds_manifest(latest, workspace):
        with database.transaction() as session:
            end_proposals(session, latest)
        return latest, False
    folder = draft.release.path(workspace)
    try:
        shelf.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".building-", dir=shelf) as built:
            building = Path(built) / folder.name
            build_release(draft, contents, building)
            with database.transaction() as session:
                require_unrefused(session, contents.manifest, contents.purposes)
                release = record_release(session, draft.release)
                if folder.exists():
                    shutil.rmtree(folder)
                building.rename(folder)
                reach("release-moved")
            reach("release-recorded")
    except OSError as error:
        raise WorkspaceError(
            f"The release cannot be written to {shelf}: {error.strerror or error}.",
            "Free some disk space or make the workspace writable, then run again.",
        ) from error
    return release, draft.is_new


def require_unrefused(session: Session, manifest: pa.Table, purposes: Collection[Purpose]) -> None:
    """Make sure that nothing in a manifest is refused, and stays so until the transaction ends.

    Raises:
        VerdictsStaleError: an asset has been taken down or withdrawn.
    """
    lock_refusals(session, to_read=True)
    stale = find_refused(session, manifest, purposes)
    if stale:
        raise VerdictsStaleError(
            f"{len(stale)} asset(s) were taken down or withdrawn while the release was being made.",
            "Run again: the release will be made without them.",
        )


def find_refused(session: Session, manifest: pa.Table, purposes: Collection[Purpose]) -> set[str]:
    """The assets of a manifest that have been taken down or withdrawn."""
    gone = find_taken_down(manifest, set(session.scalars(select(TakedownRow.asset_id))))
    return gone.keys() | find_withdrawn(manifest, read_withdrawals(session), purposes)


def record_release(session: Session, release: Release) -> Release:
    """Make a release official, unless it is; others that wait to be signed off are over.

    Returns:
        The release with the time at which it was published.
    """
    if (row := session.get(ReleaseRow, release.id)) is not None:
        recorded = read_release(row)
    else:
        recorded = replace(release, created_ms=now_ms(session))
        session.add(ReleaseRow(**asdict(recorded)))
        session.flush()
        _tell(session, recorded)
    end_proposals(session, recorded)
    return recorded


def end_proposals(session: Session, release: Release) -> None:
    """End what waits to be signed off for a dataset: this release is in force."""
    row = ReleaseProposalRow
    ended = update(row).where(
        row.dataset == release.dataset, row.state.in_(("waiting", "approved", "refused"))
    )
    now = now_ms(session)
    same = ended.where(row.id == release.id).values(state="published", ended_ms=now)
    others = ended.where(row.id != release.id).values(state="superseded", ended_ms=now)
    for statement in (same, others):
        session.execute(statement.execution_options(synchronize_session="fetch"))


def _tell(session: Session, release: Release) -> None:
    told = ("dataset", "number", "manifest_sha256", "exclusions_sha256", "cleared", "removed")
    facts = {name: getattr(release, name) for name in told}
    post_event(session, "release.published", {"release_id": release.id, **facts})


def read_manifest(
    release: Release, workspace: Path, columns: Sequence[str] | None = None
) -> pa.Table | None:
    """The manifest as it was published, or None where it is missing or damaged.

    Args:
        columns: those to read, or leaves of them by their path in the file; None for all.
    """
    data = _read_bytes(release, workspace)
    if data is None:
        return None
    return parse_parquet(data, columns)


def holds_manifest(release: Release, workspace: Path) -> bool:
    """Whether the manifest is there as it was published."""
    return _read_bytes(release, workspace) is not None


def _read_bytes(release: Release, workspace: Path) -> pa.Buffer | None:
    try:
        data = read_bytes(release.path(workspace) / "manifest.parquet")
    except OSError:
        return None
    return data if digest_bytes(memoryview(data)) == release.manifest_sha256 else None


def read_facts(release: Release, workspace: Path) -> dict[str, Any]:
    """What ``release.json`` says; nothing where it is missing or damaged."""
    try:
        value = json.loads((release.path(workspace) / "release.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}


def purposes_of(release: Release, workspace: Path) -> frozenset[Purpose]:
    """What a release is for; every purpose where it does not say so, as old ones do not."""
    said = read_facts(release, workspace).get("consent")
    named = said.get("purposes") if isinstance(said, dict) else None
    known = frozenset(p for p in ALL_PURPOSES if isinstance(named, list) and p.value in named)
    return known or frozenset(ALL_PURPOSES)


def latest_release(database: Database, dataset: str) -> Release | None:
    """The newest release of a dataset, or None."""
    with database.snapshot() as session:
        return _read(session, dataset, None)


def find_release(database: Database, dataset: str, number: int) -> Release:
    """One release of a dataset by its number.

    Raises:
        ReleaseError: there is no such release; the message lists those that exist.
    """
    with database.snapshot() as session:
        found = _read(session, dataset, number)
        if found:
            return found
        numbers = session.scalars(select(ReleaseRow.number).where(ReleaseRow.dataset == dataset))
        known = ", ".join(str(n) for n in sorted(numbers)) or "none yet"
    raise ReleaseError(f"Dataset {dataset!r} has no release {number}.", f"Its releases: {known}.")


def require_own_database(database: Database, workspace: Path) -> None:
    """Make sure that the database is the one that made the releases of the workspace.

    Another one, or a new one in the place of one that was lost, knows none of the registers,
    rulings and takedowns that those releases were made under, and would clear what they kept out.
    A folder that a crash left behind does not count: only what the usage ledger holds was official.

    Raises:
        WorkspaceError: it is not.
    """
    with database.snapshot() as session:
        known = set(session.scalars(select(ReleaseRow.folder)))
    for described in sorted((workspace / "releases").glob("[!.]*/[!.]*/release.json")):
        folder = described.parent.relative_to(workspace).as_posix()
        if folder in known:
            continue
        try:
            batch = workspace / "ledger" / "public" / "batches" / f"{_id_in(described)}.json"
        except (OSError, ValueError, LookupError, TypeError):
            continue
        if batch.exists():
            raise WorkspaceError(
                f"The database does not know the release {folder}, which the usage ledger holds: "
                "it is not the database that this workspace was made with.",
                "Restore kiyome.db from a backup, or mend database_url. To begin anew, without "
                "its registers, rulings and takedowns, name a new workspace.",
            )


def _id_in(described: Path) -> str:
    return str(json.loads(described.read_bytes())["id"])


def _read(session: Session, dataset: str, number: int | None) -> Release | None:
    query = select(ReleaseRow).where(ReleaseRow.dataset == dataset)
    if number is not None:
        query = query.where(ReleaseRow.number == number)
    row = session.scalars(query.order_by(ReleaseRow.number.desc()).limit(1)).first()
    return read_release(row) if row else None
