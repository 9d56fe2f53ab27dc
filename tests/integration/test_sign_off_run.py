"""Releases that have to be signed off, in real runs: proposed, signed, published once, or stale."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from sqlalchemy import select

from models.errors import ReleaseError
from models.freshness import digest_inputs, find_fresh_summary, read_state
from models.nouns.register.storage import add_name
from models.planning import read_plan
from models.policy import load_policy
from models.releases.proposal import ProposalState
from models.releases.recount import recount
from models.review.audit import verify_audit
from models.store.tables import AuditRow, OutboxRow, RunRow
from models.takedowns import acknowledge_takedown
from tests.pipeline import POLICY, outcomes_of
from tests.signing_parts import DATASET, SigningStudio, signed_policy

pytestmark = [pytest.mark.prefect, pytest.mark.timeout(600)]


@pytest.fixture
def studio(tmp_path: Path, database_url: str) -> Iterator[SigningStudio]:
    made = SigningStudio(tmp_path, database_url)
    yield made
    made.database.dispose()


def topics(studio: SigningStudio) -> list[str]:
    with studio.database.snapshot() as session:
        return list(session.scalars(select(OutboxRow.topic).order_by(OutboxRow.created_ms)))


def fresh(studio: SigningStudio) -> bool:
    workspace = studio.settings.workspace
    inputs = digest_inputs(
        read_state(studio.database, DATASET),
        studio.settings,
        load_policy(studio.settings.policy),
        read_plan(workspace, DATASET).digest,
    )
    return find_fresh_summary(studio.database, workspace, DATASET, inputs) is not None


def held(studio: SigningStudio) -> set[str]:
    release = studio.released()
    assert release is not None
    table = pq.read_table(release.path(studio.settings.workspace) / "manifest.parquet")
    return set(table["asset_id"].to_pylist())


def test_a_release_that_waits_is_nowhere_and_what_is_approved_is_published_once(
    studio: SigningStudio,
) -> None:
    summary = studio.cleanse()
    assert summary.sign_off == "waiting"
    (proposal,) = studio.proposals()
    assert (proposal.release.number, proposal.needed) == (1, 1)
    assert proposal.release.cleared == studio.pictures
    assert studio.released() is None
    assert not (studio.settings.workspace / "releases").exists()
    assert studio.batches() == []
    assert "release.published" not in topics(studio)
    assert "run.finished" not in topics(studio)
    assert "release.proposed" in topics(studio)
    with studio.database.snapshot() as session:
        assert session.scalars(select(RunRow.status)).all() == ["waiting"]
    assert all(check.ok for check in recount(studio.database, studio.settings.workspace, DATASET))

    assert fresh(studio)
    again = studio.cleanse()
    assert (again.sign_off, again.release_id) == ("waiting", summary.release_id)
    assert len(studio.proposals()) == 1

    assert studio.sign("mika").state is ProposalState.APPROVED
    assert not fresh(studio)
    (done,) = studio.publish()
    assert done.release is not None
    assert done.release.id == summary.release_id
    assert studio.released() == done.release
    assert studio.batches() == [summary.release_id]
    assert len(held(studio)) == studio.pictures
    assert fresh(studio)
    assert studio.publish() == []
    assert studio.batches() == [summary.release_id]
    assert topics(studio).count("release.published") == 1
    assert topics(studio).count("run.finished") == 1
    assert not list((studio.settings.workspace / "proposed").glob("*/*"))
    with studio.database.snapshot() as session:
        assert verify_audit(session).ok
        actions = session.scalars(select(AuditRow.action)).all()
    assert {"propose_release", "approve_release"} <= set(actions)
    assert all(check.ok for check in recount(studio.database, studio.settings.workspace, DATASET))
    assert studio.cleanse().release_is_new is False


def test_a_takedown_while_it_waits_is_in_no_release_and_it_is_judged_anew(
    studio: SigningStudio,
) -> None:
    studio.cleanse()
    (proposal,) = studio.proposals()
    manifest = proposal.release.path(studio.settings.workspace) / "manifest.parquet"
    gone = pq.read_table(manifest)["asset_id"][0].as_py()
    with studio.database.transaction() as session:
        acknowledge_takedown(session, gone, "Studio", "")
    assert studio.sign("mika").state is ProposalState.APPROVED
    (done,) = studio.publish()
    assert done.release is None
    assert done.proposal.detail == "refusal=1"
    assert studio.released() is None
    newest, old = studio.proposals()
    assert (newest.state, old.state) == (ProposalState.WAITING, ProposalState.OUTDATED)
    assert newest.approvals == ()
    studio.sign("mika")
    assert studio.publish()[0].release is not None
    assert gone not in held(studio)
    assert len(held(studio)) == studio.pictures - 1


def test_a_policy_or_register_that_changed_meanwhile_is_judged_anew(
    studio: SigningStudio,
) -> None:
    studio.cleanse()
    with studio.database.transaction() as session:
        add_name(session, "Hoshino Kirari", "character")
    studio.sign("mika")
    (done,) = studio.publish()
    assert done.release is None
    assert done.proposal.detail == "names=1"
    assert outcomes_of(studio.settings, DATASET)["000.png"] == ("review", "name_protected")
    newest = studio.proposals()[0]
    assert newest.release.cleared == studio.pictures - 1
    assert newest.state is ProposalState.WAITING

    studio.settings.policy.write_text(
        signed_policy("lead").replace('version = "1"', 'version = "2"'), encoding="utf-8"
    )
    studio.sign("mika")
    (done,) = studio.publish()
    assert (done.release, done.proposal.detail) == (None, "policy=1")
    assert studio.proposals()[0].state is ProposalState.WAITING
    assert studio.proposals()[0].approvals == ()


def test_a_refused_release_stays_refused_until_it_is_another_or_somebody_approves(
    studio: SigningStudio,
) -> None:
    studio.cleanse()
    with pytest.raises(ReleaseError, match="needs a reason"):
        studio.sign("mika", "refuse")
    assert studio.sign("mika", "refuse", "too many circles").state is ProposalState.REFUSED
    assert studio.publish() == []
    assert studio.cleanse().sign_off == "refused"
    assert studio.released() is None
    assert studio.sign("ren").state is ProposalState.APPROVED
    assert studio.publish()[0].release is not None


def test_two_different_people_have_to_approve(tmp_path: Path, database_url: str) -> None:
    studio = SigningStudio(tmp_path, database_url, sign_off="two")
    studio.cleanse()
    assert studio.sign("mika").state is ProposalState.WAITING
    with pytest.raises(ReleaseError, match="approved this release already"):
        studio.sign("Mika")
    assert studio.publish() == []
    assert studio.sign("ren").state is ProposalState.APPROVED
    assert studio.publish()[0].release is not None
    studio.database.dispose()


def test_an_approved_release_is_published_by_the_next_run(studio: SigningStudio) -> None:
    studio.cleanse()
    studio.sign("mika")
    (studio.root / "005.txt").unlink()
    (studio.root / "005.png").unlink()
    summary = studio.cleanse()
    released = studio.released()
    assert released is not None
    assert (released.number, released.cleared) == (1, studio.pictures)
    assert (summary.release, summary.sign_off) == (2, "waiting")


def test_without_the_section_the_proposal_is_over_and_the_release_is_published(
    studio: SigningStudio,
) -> None:
    studio.cleanse()
    policy = f'{POLICY}\n[nouns]\nunknown_term = "allow"\n'
    studio.settings.policy.write_text(policy, encoding="utf-8")
    assert studio.cleanse().sign_off == ""
    assert studio.released() is not None
    with pytest.raises(ReleaseError, match="published"):
        studio.sign("mika")
