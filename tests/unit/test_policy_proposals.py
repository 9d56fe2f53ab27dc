"""Proposed changes of the policy: what the rulings weigh, and what is written on approval."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from models.errors import PolicyError, ReviewError, WorkspaceError
from models.policy import load_policy, parse_policy
from models.policy_rewriting import count_version, rewrite_number
from models.review.audit import verify_audit
from models.review.policy_proposals import (
    MOTIF_RISK,
    decide_policy,
    list_policy_proposals,
    propose_number,
)
from models.review.quality.ruled_release import HELD, Known, gather_ruled, judge_ruling
from models.store.database import Database
from models.store.tables import AuditRow
from review_ui.histogram import draw_histogram

POLICY = """# Ours.
name = "house"
version = "7"  # counted up

[motifs]
# how sure
risk = 0.5   # of a match
copy_action = "exclude"
"""


def put(database: Database, file: Path, new: float = 0.35) -> str:
    policy = load_policy(file)
    with database.transaction() as session:
        return propose_number(
            session,
            "set",
            MOTIF_RISK,
            (policy.digest, policy.version),
            (policy.motifs.risk, new),
            {"bins": []},
            "aiko",
        )


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy.toml"
    path.write_text(POLICY, encoding="utf-8")
    return path


def test_only_the_number_and_the_version_change_and_comments_stay() -> None:
    rewritten = rewrite_number(POLICY, "motifs", "risk", 0.35, "8")
    assert rewritten.text == POLICY.replace('"7"', '"8"').replace("0.5 ", "0.35 ")
    assert (rewritten.policy.motifs.risk, rewritten.policy.version) == (0.35, "8")
    assert "-risk = 0.5   # of a match" in rewritten.difference
    assert "+risk = 0.35   # of a match" in rewritten.difference


@pytest.mark.parametrize(
    "text",
    [
        'name = "a"\nversion = "1"\n',
        'name = "a"\nversion = "1"\n[motifs]\ncopy_action = "review"\n[images]\n',
        (
            'name = "a"\nversion = "1"\n[[consent.contract]]\nid = "risk"\nholder = "h"\n'
            'purposes = ["data_mining"]\nfolder = "."\nentered_by = "a"\napproved_by = "b"\n'
            "issued = 2026-01-01\nexpires = 2027-01-01\n"
        ),
    ],
)
def test_a_number_that_does_not_stand_there_is_put_where_it_belongs(text: str) -> None:
    assert rewrite_number(text, "motifs", "risk", 0.4, "2").policy.motifs.risk == 0.4


def test_a_file_that_cannot_be_changed_for_certain_is_refused() -> None:
    text = 'name = "a"\nversion = "1"\nmotifs = {risk = 0.5}\n'
    with pytest.raises(PolicyError, match="for certain"):
        rewrite_number(text, "motifs", "risk", 0.4, "2")


@given(st.integers(11, 100).map(lambda n: n / 100), st.integers(0, 10**6))
def test_what_is_written_says_the_same_but_for_the_number_and_the_version(
    risk: float, version: int
) -> None:
    before = parse_policy(POLICY).said
    after = rewrite_number(POLICY, "motifs", "risk", risk, str(version)).policy.said
    before["version"], before["motifs"]["risk"] = str(version), risk
    assert after == before


def test_versions_are_counted_up() -> None:
    assert [count_version(v) for v in ("7", "2026-01.9", "draft")] == ["8", "2026-01.10", "draft.1"]


def test_approving_writes_a_new_file_beside_the_policy_and_seals_it(
    database: Database, file: Path
) -> None:
    proposal_id = put(database, file)
    with database.transaction() as session:
        done = decide_policy(session, proposal_id, "mika", file, approve=True)
    assert file.read_text("utf-8") == POLICY
    assert Path(done.file).name == "policy-8.toml"
    assert load_policy(Path(done.file)).motifs.risk == 0.35
    assert done.new_sha256 == load_policy(Path(done.file)).digest
    with database.snapshot() as session:
        assert verify_audit(session).ok
        actions = session.scalars(select(AuditRow.action).order_by(AuditRow.seq)).all()
    assert actions == ["propose_policy", "approve_policy"]
    with pytest.raises(ReviewError, match="not open"), database.transaction() as session:
        decide_policy(session, proposal_id, "mika", file, approve=True)


def test_a_policy_that_was_edited_since_is_not_changed(database: Database, file: Path) -> None:
    proposal_id = put(database, file)
    file.write_text(POLICY.replace('"7"', '"9"'), encoding="utf-8")
    with pytest.raises(ReviewError, match="edited since"), database.transaction() as session:
        decide_policy(session, proposal_id, "mika", file, approve=True)
    with database.snapshot() as session:
        assert list_policy_proposals(session)[0].state == "open"


def test_a_file_that_is_there_is_never_overwritten(database: Database, file: Path) -> None:
    proposal_id = put(database, file)
    file.with_name("policy-8.toml").write_text("something else", encoding="utf-8")
    with pytest.raises(WorkspaceError, match="is there already"), database.transaction() as session:
        decide_policy(session, proposal_id, "mika", file, approve=True)
    assert file.with_name("policy-8.toml").read_text("utf-8") == "something else"


def test_a_refusal_needs_a_reason_and_a_newer_proposal_ends_the_one_before(
    database: Database, file: Path
) -> None:
    first = put(database, file)
    with pytest.raises(ReviewError, match="reason"), database.transaction() as session:
        decide_policy(session, first, "mika", file, approve=False)
    second = put(database, file, 0.4)
    with database.transaction() as session:
        decide_policy(session, second, "mika", file, approve=False, note="too many reviews")
    with database.snapshot() as session:
        states = {each.id: each.state for each in list_policy_proposals(session)}
    assert states == {first: "superseded", second: "refused"}


def test_what_was_sampled_weighs_by_its_stratum_and_what_was_held_is_certain() -> None:
    population = [
        Known("flagged", 0.8),
        Known("held", 0.0, otherwise=True),
        Known("drawn", 0.2, "cats"),
        Known("unruled", 0.3, "dogs"),
        Known("unseen", 0.4, "dogs"),
    ]
    ruled, least = gather_ruled(
        population,
        {"drawn": "cats", "unruled": "dogs"},
        {"cats": (40, 10), "dogs": (100, 20)},
        {"flagged": True, "drawn": False},
    )
    found = [(each.score, each.violates, each.probability) for each in ruled]
    assert found == [(0.8, True, 1.0), (HELD, None, 1.0), (0.2, False, 0.25), (0.3, None, 0.2)]
    assert least == pytest.approx(0.2)
    assert least < 0.2


def test_a_ruling_counts_for_the_stage_whose_reason_it_gives() -> None:
    assert judge_ruling("motifs", "exclude", "copied_motif") is True
    assert judge_ruling("motifs", "exclude", "names_protected") is False
    assert judge_ruling("nouns", "rewrite", "names_removed") is True
    assert judge_ruling("motifs", "approve", "nothing_found") is False
    assert judge_ruling("motifs", "exclude", "excluded_otherwise") is None


def test_the_plot_keeps_every_count_inside_its_frame() -> None:
    bins = [
        {"from": 0.1 + n * 0.05, "violating": n, "harmless": 3, "open": n % 2, "unseen": 9}
        for n in range(18)
    ]
    plot = draw_histogram(bins, 0.5, 0.35)
    for each in plot.bins:
        for bar in each.bars:
            assert plot.left <= bar.x
            assert bar.x + bar.width <= plot.right
            assert plot.top <= bar.y
            assert bar.y + bar.height <= plot.base + 0.02
    assert [limit.kind for limit in plot.limits] == ["old", "new"]
    assert plot.limits[1].x < plot.limits[0].x
