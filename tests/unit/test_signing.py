"""Signing a proposed release: who may, how often, and what is left of it afterwards."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import select

from models.accounts.roles import Role
from models.errors import ReleaseError
from models.releases.proposal import Proposal, ProposalState, list_proposals, open_proposal
from models.releases.publishing import VerdictsStaleError, latest_release, publish
from models.releases.signing import sign
from models.review.audit import verify_audit
from models.store.database import Database
from models.store.tables import AuditRow, OutboxRow, ReleaseRow
from models.takedowns import acknowledge_takedown
from models.webhooks.topics import find_topic, read_payload
from tests.account_parts import cheap_passwords, put_account
from tests.signing_parts import DATASET, make_contents, put_proposal, seed_proposal

pytestmark = pytest.mark.usefixtures("cheap_passwords")
__all__ = ["cheap_passwords"]
CLEAR = ("clear", "consent_granted")


def say(
    database: Database, proposal: Proposal, actor: str, decision: str = "approve", note: str = ""
) -> Proposal:
    with database.transaction() as session:
        wanted = "refuse" if decision == "refuse" else "approve"
        return sign(session, proposal.release.id, actor, wanted, note=note)


def test_a_proposed_release_is_no_release(database: Database, tmp_path: Path) -> None:
    proposal = seed_proposal(database, tmp_path)
    release = latest_release(database, DATASET)
    assert release is not None
    assert (release.number, proposal.release.number) == (1, 2)
    folders = (tmp_path / "releases" / DATASET).iterdir()
    assert [path.name[:4] for path in folders] == ["0001"]
    with database.snapshot() as session:
        assert session.get(ReleaseRow, proposal.release.id) is None


def test_one_approval_is_enough_for_one_and_two_different_ones_for_two(
    database: Database, tmp_path: Path
) -> None:
    proposal = seed_proposal(database, tmp_path, needed=2)
    assert say(database, proposal, "mika").state is ProposalState.WAITING
    with pytest.raises(ReleaseError, match="already"):
        say(database, proposal, " MIKA ")
    assert say(database, proposal, "ren").state is ProposalState.APPROVED
    with pytest.raises(ReleaseError, match="about to be published"):
        say(database, proposal, "sora")


def test_a_refusal_needs_a_reason_and_ends_the_approvals_before_it(
    database: Database, tmp_path: Path
) -> None:
    proposal = seed_proposal(database, tmp_path, needed=2)
    say(database, proposal, "mika")
    with pytest.raises(ReleaseError, match="reason"):
        say(database, proposal, "ren", "refuse", "  ")
    refused = say(database, proposal, "ren", "refuse", "seven is missing")
    assert refused.detail == "seven is missing"
    again = say(database, proposal, "ren")
    assert (again.state, [each.actor for each in again.approvals]) == (
        ProposalState.WAITING,
        ["ren"],
    )
    assert say(database, proposal, "mika").state is ProposalState.APPROVED


def test_with_accounts_only_those_who_may_sign_do(database: Database, tmp_path: Path) -> None:
    proposal = seed_proposal(database, tmp_path)
    for role in Role:
        put_account(database, role.value, role)
    for name in ("reviewer", "ops", "owner", "nobody"):
        with pytest.raises(ReleaseError, match="may not sign"):
            say(database, proposal, name)
    signed = say(database, proposal, "LEAD")
    assert [each.actor for each in signed.approvals] == ["lead"]


def test_the_same_contents_are_the_same_proposal_and_other_ones_end_it(
    database: Database, tmp_path: Path
) -> None:
    contents = make_contents(dict.fromkeys(range(5), CLEAR))
    first = put_proposal(database, tmp_path, contents, needed=2)
    say(database, first, "mika")
    again = put_proposal(database, tmp_path, contents, needed=2)
    assert [each.actor for each in again.approvals] == ["mika"]
    other = put_proposal(
        database, tmp_path, make_contents(dict.fromkeys(range(4), CLEAR)), needed=2
    )
    with database.snapshot() as session:
        states = {each.release.id: each.state for each in list_proposals(session)}
        found = open_proposal(session, DATASET)
    assert states == {
        first.release.id: ProposalState.SUPERSEDED,
        other.release.id: ProposalState.WAITING,
    }
    assert found is not None
    assert found.release.id == other.release.id
    assert len(list((tmp_path / "proposed" / DATASET).iterdir())) == 1
    with pytest.raises(ReleaseError, match="newer one"):
        say(database, first, "ren")


def test_another_policy_voids_what_was_signed(database: Database, tmp_path: Path) -> None:
    contents = make_contents(dict.fromkeys(range(5), CLEAR))
    first = put_proposal(database, tmp_path, contents, needed=2)
    say(database, first, "mika")
    again = put_proposal(database, tmp_path, contents, needed=2, policy_sha256="e" * 64)
    assert again.approvals == ()
    assert [each.counts for each in again.signatures] == [False]


def test_nothing_taken_down_is_ever_proposed(database: Database, tmp_path: Path) -> None:
    with database.transaction() as session:
        acknowledge_takedown(session, f"{3:064x}", "Studio", "")
    with pytest.raises(VerdictsStaleError):
        put_proposal(database, tmp_path, make_contents(dict.fromkeys(range(5), CLEAR)))
    assert not list((tmp_path / "proposed" / DATASET).iterdir())


def test_what_is_published_without_signing_ends_the_proposal(
    database: Database, tmp_path: Path
) -> None:
    contents = make_contents(dict.fromkeys(range(5), CLEAR))
    proposal = put_proposal(database, tmp_path, contents)
    release, is_new = publish(database, tmp_path, DATASET, contents)
    assert (release.id, is_new) == (proposal.release.id, True)
    with pytest.raises(ReleaseError, match="is published"):
        say(database, proposal, "mika")


def test_everything_is_on_the_audit_chain_and_told_with_ids_alone(
    database: Database, tmp_path: Path
) -> None:
    proposal = seed_proposal(database, tmp_path)
    say(database, proposal, "mika", "refuse", "a private reason")
    say(database, proposal, "ren")
    with database.snapshot() as session:
        assert verify_audit(session).ok
        actions = session.scalars(select(AuditRow.action).order_by(AuditRow.seq)).all()
        posted = session.execute(select(OutboxRow.topic, OutboxRow.payload)).all()
    assert actions == ["propose_release", "refuse_release", "approve_release"]
    told = {row.topic: read_payload(row.payload) for row in posted}
    assert {"release.proposed", "release.refused", "release.signed"} <= told.keys()
    for topic in told:
        assert find_topic(topic) is not None
    assert "private" not in str([row.payload for row in posted])
