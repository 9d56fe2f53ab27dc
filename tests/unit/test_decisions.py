"""The decision: which of the things seen about an asset wins."""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.assets.asset import Asset, Caption, Fault, Location
from models.consent.purposes import Preference
from models.consent.resolution import resolve
from models.consent.statements import Statement, Trust
from models.decisions import Decision, Ruling, TermRuling, decide
from models.findings import Finding, FindingKind
from models.policy import Policy, parse_policy
from models.reasons import Reason
from models.verdicts import Verdict

NOW = 1_790_000_000
POLICY = parse_policy('name = "t"\nversion = "1"\n')
ASSET = Asset("a" * 64, (Location("x.png", "/x.png", 1),), (Caption("a cat", "x.txt"),))
GRANT = Statement.from_dict(
    {
        **Statement("contract", "c1").as_dict(),
        "preferences": {"generative_training": "allowed"},
        "trust": {**Statement("x", "y").as_dict()["trust"], "contract": True},
        "setter": "Studio",
        "issued_at": NOW - 1000,
        "expires_at": NOW + 100_000,
    }
)
REFUSAL = replace(GRANT, carrier="plus", trust=Trust(), preferences={})
NAME = Finding("name_protected", "register/1", 1.0, "a name", category="character")
COPY = Finding("motif_copy", "pdq/1", 0.9, "a copy", reference="b" * 64, distance=20.0)


def _decide(
    *findings: Finding,
    statements: tuple[Statement, ...] | None = (GRANT,),
    faults: tuple[Fault, ...] = (),
    policy: Policy = POLICY,
    ruling: Ruling | None = None,
    taken_down: bool = False,
) -> Decision:
    consent = None if statements is None else resolve(ASSET, statements, policy.consent, NOW)
    return decide(
        ASSET,
        consent,
        findings,
        faults,
        policy,
        {},
        ruling=ruling,
        taken_down=taken_down,
    )


def test_a_granted_asset_without_findings_is_clear() -> None:
    assert _decide().verdict is Verdict.CLEAR


def test_an_asset_about_which_nobody_spoke_is_excluded() -> None:
    decision = _decide(statements=())
    assert (decision.verdict, decision.reasons) == (Verdict.EXCLUDE, (Reason.CONSENT_ABSENT,))


def test_an_asset_whose_consent_was_not_examined_is_an_error_and_never_clear() -> None:
    assert _decide(statements=None).verdict is Verdict.ERROR


def test_a_fault_is_explained_by_its_reason_and_its_detail_once() -> None:
    decision = _decide(faults=(Fault(Reason.IMAGE_DAMAGED, "PNG: no end"),))
    assert decision.explain(None, "en") == "The file is damaged or cut short. PNG: no end"


def test_a_fault_makes_a_granted_asset_an_error() -> None:
    decision = _decide(faults=(Fault(Reason.IMAGE_DAMAGED, "cut short"),))
    assert (decision.verdict, decision.reasons) == (Verdict.ERROR, (Reason.IMAGE_DAMAGED,))


def test_an_exclusion_beats_an_error() -> None:
    decision = _decide(statements=(), faults=(Fault(Reason.IMAGE_DAMAGED, "cut short"),))
    assert decision.verdict is Verdict.EXCLUDE


def test_a_protected_name_goes_where_the_policy_sends_its_category() -> None:
    assert _decide(NAME).verdict is Verdict.REVIEW
    assert _decide(replace(NAME, category="artist")).verdict is Verdict.EXCLUDE
    assert _decide(replace(NAME, category="place")).verdict is Verdict.CLEAR


@pytest.mark.parametrize(
    ("kind", "acted"),
    [
        ("motif_copy", Verdict.EXCLUDE),
        ("motif_contained", Verdict.REVIEW),
        ("motif_resembles", Verdict.REVIEW),
    ],
)
def test_a_motif_counts_from_the_risk_in_force(kind: FindingKind, acted: Verdict) -> None:
    seen = replace(COPY, kind=kind)
    assert _decide(replace(seen, score=0.5)).verdict is acted
    assert _decide(replace(seen, score=0.49)).verdict is Verdict.CLEAR


def test_a_takedown_beats_a_grant_and_an_approval() -> None:
    ruling = Ruling(_decide(NAME).question, True, "r", "reviewer")
    decision = _decide(NAME, ruling=ruling, taken_down=True)
    assert (decision.verdict, decision.decided_by) == (Verdict.EXCLUDE, "takedown")


def test_an_approval_of_this_very_question_clears() -> None:
    asked = _decide(NAME)
    decision = _decide(NAME, ruling=Ruling(asked.question, True, "r", "reviewer"))
    assert (decision.verdict, decision.decided_by) == (Verdict.CLEAR, "ruling")


def test_an_approval_of_another_question_does_not_clear() -> None:
    asked = _decide(NAME)
    other = replace(NAME, surface="somebody else")
    decision = _decide(other, ruling=Ruling(asked.question, True, "r", "reviewer"))
    assert decision.verdict is Verdict.REVIEW


def test_an_approval_never_clears_an_exclusion() -> None:
    asked = _decide(NAME)
    decision = _decide(NAME, COPY, ruling=Ruling(asked.question, True, "r", "reviewer"))
    assert decision.verdict is Verdict.EXCLUDE


def test_an_approval_never_clears_an_error() -> None:
    asked = _decide(NAME)
    fault = Fault(Reason.STAGE_FAILED, "detector broke")
    ruling = Ruling(asked.question, True, "r", "reviewer")
    assert _decide(NAME, faults=(fault,), ruling=ruling).verdict is Verdict.ERROR


def test_a_reviewers_exclusion_holds_though_the_machine_would_clear() -> None:
    decision = _decide(ruling=Ruling("0" * 64, False, "r", "reviewer"))
    assert (decision.verdict, decision.reasons) == (Verdict.EXCLUDE, (Reason.RULING_EXCLUDED,))


def test_an_edit_of_the_policy_that_changes_nothing_here_asks_the_same_question() -> None:
    edited = parse_policy('name = "t"\nversion = "2"\n[motifs]\nrisk = 0.95\n')
    assert _decide(NAME).question == _decide(NAME, policy=edited).question


def test_other_purposes_are_another_question() -> None:
    wider = parse_policy(
        'name = "t"\nversion = "1"\n[consent]\npurposes = ["generative_training", "inference"]\n'
    )
    both = replace(GRANT, preferences=dict.fromkeys(wider.consent.purposes, Preference.ALLOWED))
    asked = _decide(NAME, statements=(both,), policy=wider)
    assert asked.question != _decide(NAME, statements=(both,)).question


def test_the_verdict_lasts_until_the_grant_runs_out() -> None:
    assert _decide().valid_until == GRANT.expires_at


def test_the_explanation_names_what_was_seen_in_both_languages() -> None:
    decision = _decide(NAME, COPY)
    assert "a copy" in decision.explain(None, "en")
    assert "登録されたモチーフの複製です。" in decision.explain(None, "ja")


def test_twenty_thousand_findings_are_all_acted_on_in_their_order() -> None:
    findings = [replace(NAME, start=n, end=n + 4, explanation=f"name {n}") for n in range(20_000)]
    assert _decide(*findings).findings == tuple(findings)


def test_an_approval_does_not_answer_for_a_term_that_was_ruled_a_name_since() -> None:
    seen = Finding("unknown_term", "unlisted-tags/1", 0.7, "unlisted", caption=0, term="qwerty")

    def decide_with(terms: dict[str, TermRuling], ruling: Ruling | None = None) -> Decision:
        consent = resolve(ASSET, (GRANT,), POLICY.consent, NOW)
        return decide(ASSET, consent, (seen,), (), POLICY, terms, ruling=ruling)

    approval = Ruling(decide_with({}).question, True, "r1", "Aiko")
    assert decide_with({}, approval).verdict is Verdict.CLEAR
    named = {"qwerty": TermRuling("character", "t1")}
    assert decide_with(named, approval).verdict is Verdict.REVIEW


@pytest.mark.parametrize(
    ("category", "verdict"), [("", Verdict.CLEAR), ("artist", Verdict.EXCLUDE)]
)
def test_a_ruling_on_a_term_decides_what_becomes_of_it(category: str, verdict: Verdict) -> None:
    seen = Finding("unknown_term", "unlisted-tags/1", 0.7, "unlisted", caption=0, term="qwerty")
    consent = resolve(ASSET, (GRANT,), POLICY.consent, NOW)
    terms = {"qwerty": TermRuling(category, "t1")}
    decision = decide(ASSET, consent, (seen,), (), POLICY, terms)
    assert decision.verdict is verdict
