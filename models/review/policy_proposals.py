"""Changes of the policy that rulings suggest: kept, shown, and approved or refused by a person.

Nothing changes by itself. What is approved is written as a new version beside the policy's file,
and takes effect once somebody puts it in that file's place, or names it in the settings.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.canonical import canonical_json
from models.errors import ReviewError
from models.policy import load_policy
from models.policy_rewriting import Rewritten, count_version, rewrite_number, write_version
from models.review.audit import append_audit
from models.store.database import now_ms
from models.store.tables import PolicyProposalRow

MOTIF_RISK: Final = "motifs.risk"
LONGEST_NOTE: Final = 2000
State = Literal["open", "approved", "refused", "superseded"]


@dataclass(frozen=True, slots=True)
class PolicyProposal:
    """One number of a policy that could be another.

    Attributes:
        setting: which, as ``section.key``.
        policy_sha256, policy_version: of the policy that it would change.
        old, new: the number in force and the proposed one.
        facts: everything that the page shows: the guarantee, counts and the plot.
        state: open until a person decides, or a newer one takes its place.
        new_version, file: of what was written when it was approved.
    """

    id: str
    dataset: str
    setting: str
    policy_sha256: str
    policy_version: str
    old: float
    new: float
    facts: Mapping[str, Any]
    state: State
    proposed_by: str
    proposed_ms: int
    decided_by: str
    decided_ms: int | None
    note: str
    new_version: str
    new_sha256: str
    file: str


def propose_number(
    session: Session,
    dataset: str,
    setting: str,
    policy: tuple[str, str],
    numbers: tuple[float, float],
    facts: Mapping[str, Any],
    actor: str,
) -> str:
    """Keep a proposal for a person to decide; an open one of the same number is over.

    Args:
        policy: digest and version of the policy that it would change.
        numbers: the one in force, and the proposed one.

    Returns:
        Its id.
    """
    row, now = PolicyProposalRow, now_ms(session)
    session.execute(
        update(row)
        .where(row.dataset == dataset, row.setting == setting, row.state == "open")
        .values(state="superseded", decided_ms=now)
    )
    proposal_id = uuid.uuid4().hex
    session.add(
        row(
            id=proposal_id,
            dataset=dataset,
            setting=setting,
            policy_sha256=policy[0],
            policy_version=policy[1],
            old=numbers[0],
            new=numbers[1],
            facts=canonical_json(dict(facts)).decode(),
            state="open",
            proposed_by=actor,
            proposed_ms=now,
            decided_by="",
            decided_ms=None,
            note="",
            new_version="",
            new_sha256="",
            file="",
        )
    )
    session.flush()
    told = {"dataset": dataset, "setting": setting, "policy_sha256": policy[0]}
    numbers_told = {"old": f"{numbers[0]:g}", "new": f"{numbers[1]:g}"}
    append_audit(session, actor, "propose_policy", proposal_id, {**told, **numbers_told})
    return proposal_id


def list_policy_proposals(session: Session, *, limit: int = 50) -> tuple[PolicyProposal, ...]:
    """Proposals, the newest first."""
    row = PolicyProposalRow
    query = select(row).order_by(row.proposed_ms.desc(), row.id).limit(limit)
    return tuple(map(_read, session.scalars(query)))


def draft_version(proposal: PolicyProposal, file: Path) -> Rewritten:
    """The policy with the proposed number, as the next version; nothing is written.

    Raises:
        ReviewError: the policy is another one than the proposal was made for.
        PolicyError: its file cannot be read, or not be changed for certain.
    """
    policy = load_policy(file)
    if policy.digest != proposal.policy_sha256:
        raise ReviewError(
            "The policy has been edited since this was proposed.",
            "Run `kiyome assurance calibrate` again.",
        )
    section, _, key = proposal.setting.partition(".")
    text = file.read_text(encoding="utf-8")
    return rewrite_number(text, section, key, proposal.new, count_version(policy.version))


def decide_policy(
    session: Session, proposal_id: str, actor: str, file: Path, *, approve: bool, note: str = ""
) -> PolicyProposal:
    """Approve a proposal, which writes the policy's next version beside ``file``, or refuse it.

    Args:
        session: an open transaction.
        file: the policy in force.
        note: why; a refusal needs it.

    Raises:
        ReviewError: there is no such open proposal, or the policy has been edited since.
        PolicyError: the file cannot be changed for certain.
        WorkspaceError: the new file cannot be written, or is there already.
    """
    actor, note = actor.strip(), note.strip()
    if not actor:
        raise ReviewError("A policy is changed by somebody.", "Give your name.")
    if not approve and not note:
        raise ReviewError("A refusal needs a reason.", "Say why the number should stay.")
    if len(note) > LONGEST_NOTE:
        raise ReviewError(f"The note has {len(note):,} characters.", "Make it shorter.")
    row = session.get(PolicyProposalRow, proposal_id, with_for_update=True)
    if row is None or row.state != "open":
        raise ReviewError("This proposal is not open any more.", "Look at the list again.")
    told: dict[str, Any] = {"setting": row.setting, "note": note}
    if approve:
        rewritten = draft_version(_read(row), file)
        row.file = str(write_version(file, rewritten))
        row.new_version = rewritten.policy.version
        row.new_sha256 = rewritten.policy.digest
        told |= {"old": f"{row.old:g}", "new": f"{row.new:g}"}
        told |= {"policy_sha256": row.new_sha256, "version": row.new_version}
    row.state = "approved" if approve else "refused"
    row.decided_by, row.note, row.decided_ms = actor, note, now_ms(session)
    session.flush()
    append_audit(session, actor, f"{'approve' if approve else 'refuse'}_policy", row.id, told)
    return _read(row)


def _read(row: PolicyProposalRow) -> PolicyProposal:
    values = {name: getattr(row, name) for name in PolicyProposal.__slots__}
    return PolicyProposal(**{**values, "facts": json.loads(row.facts)})
