"""Which items need two persons, and what they are not shown."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.errors import PolicyError
from models.policy import Policy, ReviewPolicy, parse_policy
from models.reasons import Reason
from models.review.two_persons import count_persons, hide_scores

MOTIF = {
    "kind": "motif_resembles",
    "score": 0.93,
    "distance": 21,
    "explanation": "The risk is 0.93.",
    "reference": "r1",
    "alignment": {"inliers": 12, "matched": 40, "points": [[0.1, 0.2, 0.3, 0.4]]},
}
NAME = {"kind": "name_protected", "score": 1.0, "explanation": "'Mimi' is registered."}


def evidence(**given: Any) -> dict[str, Any]:
    return {"reasons": ["motif_resembles"], "findings": [MOTIF, NAME], **given}


@pytest.mark.parametrize(
    ("policy", "given", "persons"),
    [
        (ReviewPolicy(), evidence(), 1),
        (ReviewPolicy(two_persons=(Reason.MOTIF_RESEMBLES,)), evidence(), 2),
        (ReviewPolicy(two_persons=(Reason.MOTIF_COPY,)), evidence(), 1),
        (ReviewPolicy(two_persons_risk=0.9), evidence(), 2),
        (ReviewPolicy(two_persons_risk=0.95), evidence(), 1),
        (ReviewPolicy(two_persons_risk=0.9), evidence(findings=[NAME]), 1),
        (ReviewPolicy(two_persons_owned=True), evidence(), 1),
        (ReviewPolicy(two_persons_owned=True), evidence(statements=[{"setter": "x"}]), 2),
        (ReviewPolicy(two_persons_owned=True), evidence(references=[{"owner": "x"}]), 2),
        (ReviewPolicy(two_persons_risk=0.9), {"findings": [{**MOTIF, "score": "high"}]}, 1),
        (ReviewPolicy(two_persons_risk=0.9, two_persons_owned=True), {"findings": 7}, 1),
    ],
)
def test_the_policy_says_how_many_persons_rule(
    policy: ReviewPolicy, given: dict[str, Any], persons: int
) -> None:
    assert count_persons(policy, given) == persons


def test_no_figure_of_a_detector_is_left() -> None:
    hidden = json.dumps(hide_scores(evidence(motifs={"risk": 0.5}, explanation={"en": "0.93"})))
    assert "0.93" not in hidden
    assert "0.5" not in hidden
    assert "21" not in hidden
    assert "inliers" not in hidden
    assert "is registered" in hidden
    assert "points" in hidden


def test_the_order_says_nothing_of_scores() -> None:
    one = hide_scores(evidence(findings=[MOTIF, NAME]))
    other = hide_scores(evidence(findings=[NAME, {**MOTIF, "score": 0.1, "distance": 90}]))
    assert [f["kind"] for f in one["findings"]] == [f["kind"] for f in other["findings"]]


def test_a_policy_that_says_nothing_of_reviewers_keeps_its_digest() -> None:
    plain = parse_policy('name = "a"\nversion = "1"\n')
    said = parse_policy('name = "a"\nversion = "1"\n[review]\ntwo_persons_owned = true\n')
    assert plain.digest == parse_policy('name = "a"\nversion = "1"\n[review]\n').digest
    assert plain.digest != said.digest
    assert Policy(name="a", version="1").digest == plain.digest


def test_an_unknown_reason_is_refused_with_its_line() -> None:
    text = 'name = "a"\nversion = "1"\n[review]\ntwo_persons = ["motif_cop"]\n'
    with pytest.raises(PolicyError, match=r"policy.toml:4.*motif_cop"):
        parse_policy(text)
