"""Publishing releases that people have signed, and entering them into the usage ledger.

Each step is taken once, however often the process is ended between two of them: a release is moved
to its place inside the transaction that records it, and what a release still owes the ledger lies
in its folder of ``proposed`` until it is paid.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.consent.contract_register import with_registered
from models.errors import WorkspaceError
from models.failpoints import reach
from models.files import write_atomically
from models.freshness import read_summary, remember_summary
from models.judging import VerdictRecord
from models.policy import load_policy
from models.releases.proposal import (
    ORDER,
    POLICY,
    VERDICTS,
    Proposal,
    ProposalState,
    read_decided,
    read_proposal,
)
from models.releases.proposing import BY_RUN
from models.releases.publishing import purposes_of, read_manifest, record_release
from models.releases.release import Release
from models.releases.signing import outdate
from models.releases.standing_still import find_changes, write_changes
from models.runs import finish_waiting
from models.settings import Settings
from models.stages import stage_folder
from models.store.database import Database
from models.store.tables import ReleaseProposalRow
from models.takedowns import lock_refusals
from tasks.entering import enter_release
from tasks.order import open_desk


@dataclass(frozen=True, slots=True)
class Signed:
    """What became of a release that people had approved.

    Attributes:
        release: as it is in force; None where it was out of date.
        proposal: as it was approved, or as it stands now.
    """

    proposal: Proposal
    release: Release | None


def publish_signed(settings: Settings, database: Database, dataset: str) -> list[Signed]:
    """Publish what has been approved for a dataset, and finish what a crash left half done.

    The caller holds the workspace.

    Returns:
        What was published, or found to be out of date, now.

    Raises:
        KiyomeError: a file is missing or damaged, or the ledger cannot be written.
    """
    workspace = settings.workspace
    approved = _list(database, dataset, ProposalState.APPROVED)
    done = [_publish(settings, database, proposal) for proposal in approved]
    for proposal in _list(database, dataset, ProposalState.PUBLISHED):
        if (proposal.place(workspace) / ORDER).exists():
            _enter(settings, proposal)
    return done


def _list(database: Database, dataset: str, state: ProposalState) -> list[Proposal]:
    row = ReleaseProposalRow
    query = select(row).where(row.dataset == dataset, row.state == state.value)
    with database.snapshot() as session:
        return [
            read_proposal(session, each) for each in session.scalars(query.order_by(row.number))
        ]


def _publish(settings: Settings, database: Database, proposal: Proposal) -> Signed:
    workspace = settings.workspace
    place = workspace / proposal.published_folder
    built = proposal.release.path(workspace)
    moved = not built.exists() and place.exists()  # a crash came before the transaction's end
    lies = replace(proposal.release, folder=place.relative_to(workspace).as_posix())
    lies = lies if moved else proposal.release
    manifest = read_manifest(lies, workspace)
    try:
        with database.transaction() as session:
            lock_refusals(session, to_read=True)
            row = session.get_one(ReleaseProposalRow, proposal.release.id, with_for_update=True)
            proposal = read_proposal(session, row)
            if proposal.state is not ProposalState.APPROVED:
                return Signed(proposal, None)
            decided = read_decided(proposal, workspace)
            whole = _has_verdicts(workspace, proposal.place(workspace))
            changes = {"lost": 1}
            if whole and manifest is not None and decided is not None:
                purposes, policy = purposes_of(lies, workspace), _policy_now(settings, session)
                changes = find_changes(session, proposal, decided, manifest, purposes, policy)
            if changes:
                outdated = outdate(session, proposal, write_changes(changes), BY_RUN)
            else:
                release = _record(session, proposal)
                if not moved:
                    if place.exists():
                        shutil.rmtree(place)
                    place.parent.mkdir(parents=True, exist_ok=True)
                    built.rename(place)
                reach("signed-moved")
    except OSError as error:
        raise WorkspaceError(
            f"The release cannot be moved to {place}: {error.strerror or error}.",
            "Free some disk space or make the workspace writable, then run again.",
        ) from error
    if changes:
        for folder in (proposal.place(workspace), *([place] if moved else [])):
            shutil.rmtree(folder, ignore_errors=True)
        return Signed(outdated, None)
    reach("signed-recorded")
    return Signed(proposal, release)


def _policy_now(settings: Settings, session: Session) -> str:
    return with_registered(load_policy(settings.policy.absolute()), session).digest


def _record(session: Session, proposal: Proposal) -> Release:
    release = record_release(session, replace(proposal.release, folder=proposal.published_folder))
    finish_waiting(session, proposal.run_id)
    return release


def _enter(settings: Settings, proposal: Proposal) -> None:
    """Enter a published release into the usage ledger, then forget what that took."""
    # Every run asks whether a release is signed, and few find one: Prefect takes a second to load.
    from tasks.anchor import anchor_head
    from tasks.push import push_mirror

    workspace, place = settings.workspace, proposal.place(settings.workspace)
    if not _has_verdicts(workspace, place):
        # A restored backup holds no stages: the next run makes them, and enters what is missing.
        (place / ORDER).unlink()
        shutil.rmtree(place)
        return
    release = replace(proposal.release, folder=proposal.published_folder)
    order = _write_order(settings, place)
    verdicts: list[dict[str, Any]] = json.loads((place / VERDICTS).read_bytes())
    try:
        head = enter_release(str(order), release, verdicts)
        reach("signed-entered")
        anchor_head.fn(str(order))
        push_mirror.fn(str(order))
    finally:
        open_desk.cache_clear()
    summary = read_summary(workspace, proposal.run_id)
    if summary is not None:
        told = replace(
            summary,
            sign_off="",
            release_folder=str(release.path(workspace)),
            ledger_size=head["size"],
            ledger_root=head["root"],
        )
        remember_summary(workspace, told)
    (place / ORDER).unlink()  # what says that something is owed goes first
    shutil.rmtree(place)


def _has_verdicts(workspace: Path, place: Path) -> bool:
    """Whether the verdict rows that the usage ledger is told from are there."""
    try:
        records = [VerdictRecord(**each) for each in json.loads((place / VERDICTS).read_bytes())]
    except (OSError, ValueError, TypeError):
        return False
    folders = ((stage_folder(workspace, "verdict", each.shard), each.output) for each in records)
    return all((folder / output).is_file() for folder, output in folders)


def _write_order(settings: Settings, place: Path) -> Path:
    """The order of the run, with the settings of today and the policy of then."""
    value = json.loads((place / ORDER).read_bytes())
    value["settings"] = settings.without_secrets
    value["policy"] = str(place / POLICY)
    path = place / "entering.json"
    write_atomically(path, json.dumps(value).encode())
    return path
