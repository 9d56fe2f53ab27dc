"""A release that waits to be signed off, as the database and the workspace know it.

proposed/<dataset>/<number>-<id>/
    release/         what will be the release's folder, as it is
    verdicts.json    the verdict records that the usage ledger is told from
    decided.json     what the verdicts were decided on
    order.json       the order of the run, with a copy of its policy
    policy.toml
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.errors import ReleaseError
from models.releases.release import Release
from models.store.tables import ReleaseProposalRow, ReleaseSignatureRow

SHELF: Final = "proposed"
RELEASE: Final = "release"
VERDICTS: Final = "verdicts.json"
DECIDED: Final = "decided.json"
ORDER: Final = "order.json"
POLICY: Final = "policy.toml"

Decision = Literal["approve", "refuse"]
Via = Literal["page", "command", "prefect"]


class ProposalState(StrEnum):
    """How a proposal stands."""

    WAITING = "waiting"
    APPROVED = "approved"
    PUBLISHED = "published"
    REFUSED = "refused"
    OUTDATED = "outdated"
    SUPERSEDED = "superseded"


OPEN: Final = (ProposalState.WAITING, ProposalState.APPROVED, ProposalState.REFUSED)
"""States in which a proposal is what the dataset's next release would be."""


@dataclass(frozen=True, slots=True)
class Signature:
    """What somebody said of a proposal.

    ``counts`` unless it was said before the proposal was made anew, or before it was refused.
    """

    actor: str
    decision: Decision
    note: str
    via: str
    signed_ms: int
    counts: bool


@dataclass(frozen=True, slots=True)
class Proposal:
    """A release that was built and is not published.

    Attributes:
        release: as it will be recorded; its folder is the one where it lies now, its time the one
            at which it was proposed.
        run_id: the run that made it.
        policy_sha256: the policy that it was made under.
        needed: how many people have to approve it.
        holds_until_ms: when time alone may take an asset out of it, or None.
        state, detail: how it stands, and why where it is over.
        signatures: what people have said, in order.
    """

    release: Release
    run_id: str
    policy_sha256: str
    needed: int
    holds_until_ms: int | None
    state: ProposalState
    detail: str
    signatures: tuple[Signature, ...]

    @property
    def approvals(self) -> tuple[Signature, ...]:
        """The approvals that count, one of each person."""
        return tuple(s for s in self.signatures if s.counts and s.decision == "approve")

    def place(self, workspace: Path) -> Path:
        """The folder with everything that belongs to it."""
        return self.release.path(workspace).parent

    @property
    def published_folder(self) -> str:
        """Where the release lies once it is published."""
        release = self.release
        return f"releases/{release.dataset}/{release.number:04d}-{release.id[:8]}"


@dataclass(frozen=True, slots=True)
class ToSign:
    """How a release that needs signatures is proposed.

    Attributes:
        needed: how many people have to approve it.
        run_id: the run that made it.
        policy_sha256: the policy that it was made under.
        decided: what its verdicts were decided on (``models.freshness.read_state``).
        holds_until_ms: when time alone may take an asset out of it, or None.
        files: what is needed to publish it, by name: verdicts, order and policy.
    """

    needed: int
    run_id: str
    policy_sha256: str
    decided: Mapping[str, Any]
    holds_until_ms: int | None
    files: Mapping[str, bytes]


def read_proposal(session: Session, row: ReleaseProposalRow) -> Proposal:
    """A proposal from its row, with what has been said of it."""
    signed = ReleaseSignatureRow
    query = select(signed).where(signed.proposal_id == row.id).order_by(signed.signed_ms, signed.id)
    said = session.scalars(query).all()
    refusals = [s.signed_ms for s in said if s.decision == "refuse"]
    since = max([row.proposed_ms, *refusals])
    signatures: list[Signature] = []
    approved: set[str] = set()
    for each in said:
        decision: Decision = "approve" if each.decision == "approve" else "refuse"
        counts = each.signed_ms >= since and each.actor.casefold() not in approved
        if counts and decision == "approve":
            approved.add(each.actor.casefold())
        signatures.append(
            Signature(each.actor, decision, each.note, each.via, each.signed_ms, counts)
        )
    return Proposal(
        release=Release(
            id=row.id,
            dataset=row.dataset,
            number=row.number,
            manifest_sha256=row.manifest_sha256,
            exclusions_sha256=row.exclusions_sha256,
            folder=row.folder,
            cleared=row.cleared,
            removed=row.removed,
            created_ms=row.proposed_ms,
        ),
        run_id=row.run_id,
        policy_sha256=row.policy_sha256,
        needed=row.needed,
        holds_until_ms=row.holds_until_ms,
        state=ProposalState(row.state),
        detail=row.detail,
        signatures=tuple(signatures),
    )


def open_proposal(session: Session, dataset: str) -> Proposal | None:
    """What a dataset's next release would be, where it waits, is approved or was refused."""
    row = ReleaseProposalRow
    query = (
        select(row)
        .where(row.dataset == dataset, row.state.in_([state.value for state in OPEN]))
        .order_by(row.proposed_ms.desc())
        .limit(1)
    )
    found = session.scalars(query).first()
    return read_proposal(session, found) if found else None


def list_proposals(session: Session, *, limit: int = 50) -> tuple[Proposal, ...]:
    """Proposals, the newest first."""
    row = ReleaseProposalRow
    query = select(row).order_by(row.proposed_ms.desc(), row.id).limit(limit)
    return tuple(read_proposal(session, each) for each in session.scalars(query))


def find_proposal(session: Session, dataset: str, number: int) -> Proposal:
    """The newest proposal of a release's number.

    Raises:
        ReleaseError: there is none.
    """
    row = ReleaseProposalRow
    query = select(row).where(row.dataset == dataset, row.number == number)
    found = session.scalars(query.order_by(row.proposed_ms.desc()).limit(1)).first()
    if found is None:
        raise ReleaseError(
            f"No release {number} of {dataset!r} has been proposed.",
            "`kiyome releases proposed` lists those that wait to be signed off.",
        )
    return read_proposal(session, found)


def owes_ledger(release: Release, workspace: Path) -> bool:
    """Whether a release that was signed is published and not yet in the usage ledger."""
    place = workspace / SHELF / release.dataset / f"{release.number:04d}-{release.id[:8]}"
    return (place / ORDER).exists()


def read_decided(proposal: Proposal, workspace: Path) -> dict[str, Any] | None:
    """What the verdicts of a proposal were decided on; None where that is lost or damaged."""
    try:
        value = json.loads((proposal.place(workspace) / DECIDED).read_bytes())
    except (OSError, ValueError):
        return None
    return value if isinstance(value, dict) else None
