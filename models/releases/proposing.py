"""Proposing a release: built whole, put where no release lies, and left for people to sign."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models.errors import WorkspaceError
from models.failpoints import reach
from models.files import write_atomically
from models.outbox import post_event
from models.releases.proposal import (
    DECIDED,
    RELEASE,
    SHELF,
    Proposal,
    ProposalState,
    ToSign,
    open_proposal,
    read_proposal,
)
from models.releases.publishing import (
    Contents,
    Draft,
    build_release,
    draft_release,
    publish,
    require_unrefused,
)
from models.releases.release import Release
from models.review.audit import append_audit
from models.store.database import Database, now_ms
from models.store.tables import ReleaseProposalRow, ReleaseSignatureRow

BY_RUN = "kiyome"
"""Stands in the audit chain where a run did something and no person."""

_ENDED = (ProposalState.OUTDATED.value, ProposalState.SUPERSEDED.value)


def propose(
    database: Database, workspace: Path, dataset: str, contents: Contents, to_sign: ToSign
) -> tuple[Release, bool, Proposal | None]:
    """Propose what is cleared as the next release, unless the latest one already says the same.

    A proposal that says the same is the same proposal: what was said of it stands, as long as the
    policy is the one that it was said under. Any other one of the dataset is over.

    Returns:
        The release in force, or the one that would be; whether it is new; and how it waits.

    Raises:
        VerdictsStaleError: a cleared asset was taken down or withdrawn in the meantime.
        WorkspaceError: the folder cannot be written.
    """
    draft = draft_release(database, workspace, dataset, contents)
    if not draft.is_new:
        return (*publish(database, workspace, dataset, contents), None)
    shelf = workspace / SHELF / dataset
    for unfinished in shelf.glob(".building-*"):
        shutil.rmtree(unfinished)
    release = draft.release
    place = shelf / f"{release.number:04d}-{release.id[:8]}"
    before = _take_before(database, release, workspace)
    try:
        shelf.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".building-", dir=shelf) as built:
            building = Path(built) / place.name
            building.mkdir()
            build_release(draft, contents, building / RELEASE)
            ids = contents.manifest["asset_id"].to_pylist()
            decided = keep_decided(to_sign.decided, ids)
            for name, data in {**to_sign.files, DECIDED: json.dumps(decided).encode()}.items():
                write_atomically(building / name, data)
            proposal = _record(database, workspace, draft, contents, to_sign, building, place)
    except OSError as error:
        raise WorkspaceError(
            f"The proposed release cannot be written to {shelf}: {error.strerror or error}.",
            "Free some disk space or make the workspace writable, then run again.",
        ) from error
    for folder in before:
        shutil.rmtree(folder, ignore_errors=True)
    return proposal.release, True, proposal


def keep_decided(decided: Mapping[str, Any], asset_ids: Collection[str]) -> dict[str, Any]:
    """Of what verdicts were decided on, the part that the assets of a release rest on."""
    wanted = set(asset_ids)
    return {
        "registers": decided["registers"],
        "terms": decided["terms"],
        "evidence": decided["evidence"],
        "rulings": {k: v for k, v in decided["rulings"].items() if k in wanted},
        "caption_edits": {k: v for k, v in decided["caption_edits"].items() if k in wanted},
    }


def _take_before(database: Database, release: Release, workspace: Path) -> list[Path]:
    """Folders of the proposal that this one takes the place of."""
    with database.snapshot() as session:
        known = open_proposal(session, release.dataset)
    return [known.place(workspace)] if known and known.release.id != release.id else []


def _record(
    database: Database,
    workspace: Path,
    draft: Draft,
    contents: Contents,
    to_sign: ToSign,
    building: Path,
    place: Path,
) -> Proposal:
    release, table = draft.release, ReleaseProposalRow
    with database.transaction() as session:
        require_unrefused(session, contents.manifest, contents.purposes)
        now, signed = now_ms(session), _last_signed(session, release.id)
        session.execute(
            update(table)
            .where(
                table.dataset == release.dataset,
                table.id != release.id,
                table.state.not_in((*_ENDED, ProposalState.PUBLISHED.value)),
            )
            .values(state=ProposalState.SUPERSEDED.value, ended_ms=now)
        )
        row = session.get(table, release.id, with_for_update=True)
        anew = row is None or row.state in _ENDED or row.policy_sha256 != to_sign.policy_sha256
        if row is None:
            row = table(id=release.id, dataset=release.dataset, number=release.number)
            row.manifest_sha256 = release.manifest_sha256
            row.exclusions_sha256 = release.exclusions_sha256
            session.add(row)
        row.folder = (place / RELEASE).relative_to(workspace).as_posix()
        row.cleared, row.removed = release.cleared, release.removed
        row.run_id, row.policy_sha256 = to_sign.run_id, to_sign.policy_sha256
        row.holds_until_ms, row.ended_ms = to_sign.holds_until_ms, None
        if anew:
            row.state, row.detail = ProposalState.WAITING.value, ""
            row.proposed_ms, row.needed = max(now, signed + 1), to_sign.needed
            told = {
                "dataset": release.dataset,
                "number": release.number,
                "cleared": release.cleared,
                "removed": release.removed,
                "manifest_sha256": release.manifest_sha256,
                "needed": to_sign.needed,
            }
            append_audit(session, BY_RUN, "propose_release", release.id, told)
            post_event(session, "release.proposed", {"release_id": release.id, **told})
        session.flush()
        if place.exists():
            shutil.rmtree(place)
        building.rename(place)
        reach("proposal-moved")
        proposal = read_proposal(session, row)
    reach("proposal-recorded")
    return proposal


def _last_signed(session: Session, proposal_id: str) -> int:
    """When somebody last said something of a proposal; 0 where nobody has."""
    signed = ReleaseSignatureRow
    query = select(func.max(signed.signed_ms)).where(signed.proposal_id == proposal_id)
    return session.scalar(query) or 0
