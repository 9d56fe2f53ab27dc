"""Signing a proposed release: who may, how often, and what becomes of it."""

from __future__ import annotations

import uuid
from dataclasses import replace
from typing import Final

from sqlalchemy.orm import Session

from models.accounts.records import any_accounts, find_by_name, read_account
from models.accounts.roles import PERMISSIONS, Permission
from models.errors import ReleaseError
from models.outbox import post_event
from models.releases.proposal import Decision, Proposal, ProposalState, Via, read_proposal
from models.review.audit import append_audit
from models.store.database import now_ms
from models.store.tables import ReleaseProposalRow, ReleaseSignatureRow

LONGEST_NOTE: Final = 2000
_SIGNABLE: Final = {
    "approve": (ProposalState.WAITING, ProposalState.REFUSED),
    "refuse": (ProposalState.WAITING, ProposalState.APPROVED),
}
_OVER: Final = {
    ProposalState.APPROVED: "has been approved and is about to be published",
    ProposalState.PUBLISHED: "is published",
    ProposalState.REFUSED: "has been refused already",
    ProposalState.OUTDATED: "is out of date, and has to be judged again",
    ProposalState.SUPERSEDED: "was replaced by a newer one",
}


def sign(
    session: Session,
    proposal_id: str,
    actor: str,
    decision: Decision,
    *,
    note: str = "",
    via: Via = "page",
) -> Proposal:
    """Approve or refuse a proposed release; each person counts once.

    A refusal ends earlier approvals. Who approves after a refusal takes it back, and begins anew.

    Args:
        session: an open transaction.
        actor: who signs. Where there are accounts, the name of one that may sign releases.
        note: why; a refusal needs it.
        via: where it was said.

    Raises:
        ReleaseError: there is no such proposal, it cannot be signed, or not by this person.
    """
    actor, note = find_signer(session, actor), note.strip()
    if decision == "refuse" and not note:
        raise ReleaseError("A refusal needs a reason.", "Say what is wrong with the release.")
    if len(note) > LONGEST_NOTE:
        raise ReleaseError(
            f"The note has {len(note):,} characters.", f"At most {LONGEST_NOTE:,} are kept."
        )
    row = session.get(ReleaseProposalRow, proposal_id, with_for_update=True)
    if row is None:
        raise ReleaseError("There is no such proposal.", "Look at the list of those that wait.")
    before = read_proposal(session, row)
    if before.state not in _SIGNABLE[decision]:
        state = _OVER.get(before.state, "cannot be signed")
        raise ReleaseError(
            f"Release {row.number} of {row.dataset!r} {state}. Nothing was written.",
            "`kiyome releases proposed` shows how it stands.",
        )
    if decision == "approve" and any(_same(each.actor, actor) for each in before.approvals):
        raise ReleaseError(
            f"{actor} has approved this release already.",
            "It takes another person's approval, too.",
        )
    now = max(now_ms(session), *(each.signed_ms + 1 for each in before.signatures), row.proposed_ms)
    session.add(
        ReleaseSignatureRow(
            id=uuid.uuid4().hex,
            proposal_id=row.id,
            actor=actor,
            decision=decision,
            note=note,
            via=via,
            signed_ms=now,
        )
    )
    session.flush()
    row.state, row.detail = ProposalState.WAITING.value, ""
    if decision == "refuse":
        row.state, row.detail = ProposalState.REFUSED.value, note
    else:
        given = len(read_proposal(session, row).approvals)
        if given >= row.needed:
            row.state = ProposalState.APPROVED.value
    session.flush()
    after = read_proposal(session, row)
    _tell(session, after, actor, decision, note, via)
    return after


def find_signer(session: Session, actor: str) -> str:
    """The name under which somebody signs: that of their account, once there are accounts.

    Raises:
        ReleaseError: nobody is named, or they may not sign releases.
    """
    actor = actor.strip()
    if not actor:
        raise ReleaseError("A release is signed by somebody.", "Give your name.")
    if not any_accounts(session):
        return actor
    row = find_by_name(session, actor)
    account = read_account(row) if row is not None else None
    if (
        account is None
        or account.disabled_ms is not None
        or Permission.SIGN_RELEASES not in PERMISSIONS[account.role]
    ):
        raise ReleaseError(
            f"{actor} may not sign releases.",
            "It takes the name of an account whose role may: `kiyome accounts list` shows them.",
        )
    return account.name


def outdate(session: Session, proposal: Proposal, why: str, actor: str) -> Proposal:
    """Say that a proposal no longer holds what would be judged now: it cannot be published.

    Args:
        why: codes of what has changed, with a comma between.
        actor: who or what found it.
    """
    row = session.get_one(ReleaseProposalRow, proposal.release.id, with_for_update=True)
    row.state, row.detail = ProposalState.OUTDATED.value, why
    row.ended_ms = now_ms(session)
    session.flush()
    append_audit(session, actor, "outdate_release", row.id, {"changed": why})
    return replace(proposal, state=ProposalState.OUTDATED, detail=why)


def _same(one: str, other: str) -> bool:
    return one.casefold() == other.casefold()


def _tell(
    session: Session, proposal: Proposal, actor: str, decision: Decision, note: str, via: Via
) -> None:
    release = proposal.release
    what = {"dataset": release.dataset, "number": release.number}
    told = {**what, "manifest_sha256": release.manifest_sha256, "note": note, "via": via}
    append_audit(session, actor, f"{decision}_release", release.id, told)
    if decision == "refuse":
        post_event(session, "release.refused", {"release_id": release.id, **what})
        return
    facts = {
        **what,
        "approvals": len(proposal.approvals),
        "needed": proposal.needed,
        "signer": actor,
    }
    post_event(session, "release.signed", {"release_id": release.id, **facts})
