"""What waits for a lead's word: releases to be signed off, and changes of the policy."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Path, Request
from fastapi.responses import Response

from models.errors import KiyomeError
from models.store.tables import ReleaseProposalRow
from review_ui.histogram import draw_histogram
from review_ui.permitted import DecidesPolicy, SeesProposals, SignsReleases
from review_ui.security import Visitor
from review_ui.site import Site, ThisSite, go

if TYPE_CHECKING:
    from models.releases.difference import Difference
    from models.releases.proposal import Proposal
    from models.review.policy_proposals import PolicyProposal
    from models.review.sampling.reporting import SampleReport

router = APIRouter()
MOST_EXAMPLES = 12
MOST_OLDER = 20
ReleaseId = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
ProposalId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


@dataclass(frozen=True, slots=True)
class ShownRelease:
    """A proposed release with what a signer looks at."""

    proposal: Proposal
    facts: Mapping[str, Any]
    difference: Difference | None
    examples: tuple[dict[str, Any], ...]
    report: SampleReport | None
    signed: bool


@router.get("/releases/proposed")
def show_releases(request: Request, site: ThisSite, visitor: SeesProposals) -> Response:
    """Releases that wait to be signed off, each with what is different, and those that are over."""
    return _show_releases(request, site, visitor)


@router.post("/releases/proposed/{release_id}/sign")
def sign_release(
    request: Request,
    site: ThisSite,
    visitor: SignsReleases,
    release_id: ReleaseId,
    ruling: Annotated[str, Form(max_length=16)] = "",
    note: Annotated[str, Form(max_length=8000)] = "",
    manifest: Annotated[str, Form(max_length=64)] = "",
) -> Response:
    """Approve or refuse a release; the last approval starts its publication."""
    from models.releases.proposal import ProposalState
    from models.releases.signing import sign

    if ruling not in ("approve", "refuse"):
        return _show_releases(request, site, visitor, notice="no_ruling", note=note)
    try:
        with site.database.transaction() as session:
            if (row := session.get(ReleaseProposalRow, release_id)) is None:
                raise HTTPException(404)
            if row.manifest_sha256 != manifest:
                return _show_releases(request, site, visitor, notice="changed", note=note)
            decision = "approve" if ruling == "approve" else "refuse"
            proposal = sign(session, release_id, visitor.reviewer, decision, note=note)
    except KiyomeError as error:
        return _show_releases(request, site, visitor, error=error, note=note)
    if proposal.state is ProposalState.APPROVED:
        request.app.state.start_publishing(proposal.release.dataset)
    return go("/releases/proposed")


def _show_releases(
    request: Request,
    site: Site,
    visitor: Visitor,
    *,
    notice: str = "",
    error: KiyomeError | None = None,
    note: str = "",
) -> Response:
    from models.releases.proposal import OPEN, list_proposals
    from models.releases.standing_still import read_changes
    from models.review.quality.wording import percent

    with site.database.snapshot() as session:
        found = list_proposals(session)
    waiting = [_look(site, each, visitor) for each in found if each.state in OPEN]
    return site.render(
        request,
        "releases.html",
        status=422 if notice or error else 200,
        visitor=visitor,
        waiting=waiting,
        older=[each for each in found if each.state not in OPEN][:MOST_OLDER],
        read_changes=read_changes,
        percent=percent,
        notice=notice,
        error=error,
        note=note,
    )


def _look(site: Site, proposal: Proposal, visitor: Visitor) -> ShownRelease:
    from models.releases.publishing import read_facts
    from models.review.sampling.reporting import report_samples

    folder = proposal.release.path(site.workspace)
    with site.database.snapshot() as session:
        reports = report_samples(session, proposal.release.dataset)
    signer = visitor.reviewer.casefold()
    return ShownRelease(
        proposal=proposal,
        facts=read_facts(proposal.release, site.workspace),
        difference=_read_difference(folder),
        examples=_read_examples(folder),
        report=reports[0] if reports else None,
        signed=any(each.actor.casefold() == signer for each in proposal.approvals),
    )


def _read_difference(folder: FilePath) -> Difference | None:
    from models.releases.difference import SUMMARY, Difference

    try:
        return Difference.from_dict(json.loads((folder / SUMMARY).read_bytes()))
    except (OSError, ValueError, LookupError, TypeError):
        return None


def _read_examples(folder: FilePath) -> tuple[dict[str, Any], ...]:
    """Some of the assets that the release before holds and this one does not."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    from models.releases.difference import FILE

    try:
        table = pq.read_table(folder / FILE, filters=pc.field("change") == "withdrawn")
    except (OSError, pa.ArrowException):
        return ()
    return tuple(table.slice(0, MOST_EXAMPLES).to_pylist())


@router.get("/proposals")
def show_policy(request: Request, site: ThisSite, visitor: SeesProposals) -> Response:
    """Changes of the policy that rulings suggest, and what became of earlier ones."""
    return _show_policy(request, site, visitor)


@router.post("/proposals/{proposal_id}/decide")
def decide_policy(
    request: Request,
    site: ThisSite,
    visitor: DecidesPolicy,
    proposal_id: ProposalId,
    ruling: Annotated[str, Form(max_length=16)] = "",
    note: Annotated[str, Form(max_length=8000)] = "",
) -> Response:
    """Approve a change, which writes the policy's next version beside it, or refuse it."""
    from models.review.policy_proposals import decide_policy as decide

    if ruling not in ("approve", "refuse"):
        return _show_policy(request, site, visitor, notice="no_ruling", note=note)
    try:
        with site.database.transaction() as session:
            decide(
                session,
                proposal_id,
                visitor.reviewer,
                request.app.state.policy_file,
                approve=ruling == "approve",
                note=note,
            )
    except KiyomeError as error:
        return _show_policy(request, site, visitor, error=error, note=note)
    return go("/proposals")


def _show_policy(
    request: Request,
    site: Site,
    visitor: Visitor,
    *,
    notice: str = "",
    error: KiyomeError | None = None,
    note: str = "",
) -> Response:
    from models.review.policy_proposals import list_policy_proposals
    from models.review.quality.wording import percent, plain_percent

    with site.database.snapshot() as session:
        found = list_policy_proposals(session)
    file = request.app.state.policy_file
    shown = [
        (each, draw_histogram(each.facts["bins"], each.old, each.new), _draft(each, file))
        for each in found
        if each.state == "open"
    ]
    return site.render(
        request,
        "proposals.html",
        status=422 if notice or error else 200,
        visitor=visitor,
        shown=shown,
        older=[each for each in found if each.state != "open"][:MOST_OLDER],
        percent=percent,
        plain_percent=plain_percent,
        notice=notice,
        error=error,
        note=note,
    )


def _draft(proposal: PolicyProposal, file: FilePath) -> str:
    """The lines that would change, or why none can be shown."""
    from models.review.policy_proposals import draft_version

    try:
        return draft_version(proposal, file).difference
    except KiyomeError as error:
        return str(error)
