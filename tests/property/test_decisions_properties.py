"""What holds for every decision, whatever was seen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from models.assets.asset import Asset, Fault, Location
from models.consent.purposes import Preference, Purpose
from models.consent.resolution import resolve
from models.consent.statements import Condition, Statement, Trust
from models.decisions import Ruling, decide
from models.findings import Finding, FindingKind
from models.policy import FINDING_DEFAULTS, parse_policy
from models.reasons import TEXTS, Reason
from models.verdicts import Verdict, most_restrictive

NOW = 1_790_000_000
POLICY = parse_policy('name = "t"\nversion = "1"\n')
ASSET = Asset("a" * 64, (Location("x.png", "/x.png", 1),))

findings = st.builds(
    Finding,
    kind=st.sampled_from(get_args(FindingKind)),
    detector=st.just("d/1"),
    score=st.floats(0, 1),
    explanation=st.text(max_size=5),
    category=st.sampled_from([*FINDING_DEFAULTS, "", "new"]),
    distance=st.none() | st.floats(0, 256),
)
statements = st.builds(
    Statement,
    carrier=st.sampled_from(["sidecar", "c2pa", "plus", "contract"]),
    source=st.just("s"),
    preferences=st.dictionaries(st.sampled_from(Purpose), st.sampled_from(Preference)),
    condition=st.sampled_from(Condition),
    trust=st.builds(Trust, *[st.booleans()] * 5),
    issued_at=st.none() | st.integers(NOW - 10**8, NOW + 10**6),
    expires_at=st.none() | st.integers(NOW - 10**8, NOW + 10**8),
)
faults = st.builds(Fault, st.sampled_from(Reason), st.text(max_size=5))
rulings = st.none() | st.builds(
    Ruling, st.sampled_from(["", "0" * 64]), st.booleans(), st.just("r"), st.just("who")
)


def _verdict(
    said: Sequence[Statement] | None,
    seen: Sequence[Finding],
    broken: Sequence[Fault],
    ruling: Ruling | None,
    down: bool,
) -> Verdict:
    consent = None if said is None else resolve(ASSET, said, POLICY.consent, NOW)
    decision = decide(ASSET, consent, seen, broken, POLICY, {}, ruling=ruling, taken_down=down)
    assert decision.reasons
    assert all(reason in TEXTS for reason in decision.reasons)
    return decision.verdict


@given(st.none() | st.lists(statements, max_size=3), st.lists(findings, max_size=3),
       st.lists(faults, max_size=2), rulings, st.booleans())  # fmt: skip
def test_every_asset_gets_exactly_one_verdict_with_reasons(
    said: list[Statement] | None,
    seen: list[Finding],
    broken: list[Fault],
    ruling: Ruling | None,
    down: bool,
) -> None:
    assert _verdict(said, seen, broken, ruling, down) in Verdict


@given(st.none() | st.lists(statements, max_size=3), st.lists(findings, max_size=3),
       st.lists(faults, min_size=1, max_size=2), rulings)  # fmt: skip
def test_a_fault_never_clears(
    said: list[Statement] | None, seen: list[Finding], broken: list[Fault], ruling: Ruling | None
) -> None:
    assert _verdict(said, seen, broken, ruling, False) is not Verdict.CLEAR


@given(st.lists(statements, max_size=3), st.lists(findings, max_size=3), findings, rulings)
def test_one_more_finding_never_makes_a_verdict_milder(
    said: list[Statement], seen: list[Finding], more: Finding, ruling: Ruling | None
) -> None:
    before = _verdict(said, seen, [], ruling, False)
    after = _verdict(said, [*seen, more], [], ruling, False)
    assert most_restrictive([before, after]) is after


@given(st.lists(statements, max_size=3), st.lists(findings, max_size=3), rulings)
def test_a_takedown_always_excludes(
    said: list[Statement], seen: list[Finding], ruling: Ruling | None
) -> None:
    assert _verdict(said, seen, [], ruling, True) is Verdict.EXCLUDE


@given(st.lists(statements, max_size=3))
def test_without_a_proven_grant_nothing_is_clear(said: list[Statement]) -> None:
    unproven = [s for s in said if not s.trust.may_grant]
    assert _verdict(unproven, [], [], None, False) is not Verdict.CLEAR
