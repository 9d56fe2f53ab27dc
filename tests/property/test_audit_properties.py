"""Drawing, bounds and consent in an audit: the auditor's code and the operator's agree."""

from __future__ import annotations

import hashlib
from collections import Counter
from decimal import Decimal
from itertools import islice

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from models.assets.asset import Asset, Location
from models.canonical import canonical_json
from models.consent.purposes import Preference, Purpose
from models.consent.resolution import resolve
from models.consent.statements import Condition, Statement, Trust
from models.consent.terms import AcceptedLicense, ConsentPolicy, Contract
from models.ledger.auditing.request import draw_positions, sample_size
from models.policy import Policy, ReviewPolicy
from models.releases.audited import encode_policy
from models.verdicts import Verdict
from verifier.bounds import bound_share, count_sample
from verifier.consent import find_violation, read_statement, read_terms
from verifier.drawing import draw

NOW = 1_800_000_000
DAY = 86_400
USE = Purpose.GENERATIVE_TRAINING
LICENCE = "e" * 64
seeds = st.binary(min_size=32, max_size=32)
shares = st.decimals("0.0001", "0.9999", places=4)


@given(seeds, st.integers(1, 400), st.data())
def test_both_sides_draw_the_same_distinct_entries(
    seed: bytes, entries: int, data: st.DataObject
) -> None:
    wanted = data.draw(st.integers(1, entries))
    drawn = list(islice(draw(seed, entries), wanted))
    assert drawn == draw_positions(seed, entries, wanted)
    assert len(set(drawn)) == wanted
    assert all(0 <= at < entries for at in drawn)


@given(seeds, st.integers(1, 1 << 53))
def test_a_larger_sample_begins_with_the_smaller(seed: bytes, entries: int) -> None:
    more = list(islice(draw(seed, entries), 20))
    assert more[:7] == list(islice(draw(seed, entries), 7))


@given(seeds, seeds, st.integers(1 << 40, 1 << 53))
def test_another_block_draws_other_entries(one: bytes, other: bytes, entries: int) -> None:
    assume(one != other)
    assert list(islice(draw(one, entries), 5)) != list(islice(draw(other, entries), 5))


@pytest.mark.parametrize("entries", [2, 3, 7, 10])
def test_every_entry_is_as_likely_as_the_others(entries: int) -> None:
    rounds = 4000
    seen: Counter[int] = Counter()
    for number in range(rounds):
        seen[next(draw(hashlib.sha256(b"%d" % number).digest(), entries))] += 1
    expected = rounds / entries
    chi = sum((seen[at] - expected) ** 2 / expected for at in range(entries))
    assert chi < 30  # fixed seeds: the same figure every time; 27.9 is passed once in a thousand


def test_a_drawn_word_in_the_last_incomplete_multiple_is_passed_over() -> None:
    entries = (1 << 63) + 1  # almost half of all words are above the only multiple
    assert list(islice(draw(b"s" * 32, entries), 30)) == draw_positions(b"s" * 32, entries, 30)


@given(st.integers(1, 10**9), st.data(), shares, shares)
def test_both_sides_draw_the_same_number(
    entries: int, data: st.DataObject, rate: Decimal, confidence: Decimal
) -> None:
    uses = data.draw(st.integers(1, entries))
    wanted = count_sample(entries, uses, rate, confidence)
    assert wanted == sample_size(entries, uses, rate, confidence)
    assert 1 <= wanted <= entries


@pytest.mark.parametrize(
    ("rate", "confidence", "wanted"),
    [("0.01", "0.95", 299), ("0.001", "0.95", 2995), ("0.5", "0.75", 2), ("0.01", "0.99", 459)],
)
def test_the_number_of_entries_is_the_textbooks(rate: str, confidence: str, wanted: int) -> None:
    assert count_sample(10**9, 10**9, Decimal(rate), Decimal(confidence)) == wanted


@given(st.integers(1, 3000), shares)
def test_without_a_violation_the_bound_is_what_was_asked_for(drawn: int, rate: Decimal) -> None:
    wanted = count_sample(10**9, 10**9, rate, Decimal("0.95"))
    assume(wanted < 10**6)
    assert bound_share(wanted, 0, 0.95) <= float(rate) + 1e-9


@pytest.mark.parametrize(
    ("drawn", "violations", "share"),
    # Computed once with scipy.stats.beta.ppf(0.95, violations + 1, drawn - violations).
    [(299, 0, 0.0099691), (299, 1, 0.0157668), (100, 5, 0.1022534), (20, 20, 1.0)],
)
def test_the_bound_is_that_of_clopper_and_pearson(
    drawn: int, violations: int, share: float
) -> None:
    assert bound_share(drawn, violations, 0.95) == pytest.approx(share, abs=2e-6)


@settings(deadline=None)
@given(st.integers(2, 2000), st.data())
def test_more_violations_never_lower_the_bound(drawn: int, data: st.DataObject) -> None:
    few = data.draw(st.integers(0, drawn - 1))
    assert bound_share(drawn, few, 0.95) <= bound_share(drawn, few + 1, 0.95)


times = st.none() | st.integers(NOW - 400 * DAY, NOW + 20 * DAY)
trusts = st.builds(Trust, *[st.booleans()] * 4) | st.just(
    Trust(integrity=True, signer=True, control=True, bound=True)
)
statements = st.lists(
    st.builds(
        Statement,
        carrier=st.sampled_from(["sidecar", "c2pa"]),
        source=st.just("s"),
        preferences=st.dictionaries(st.just(USE), st.sampled_from(Preference)),
        condition=st.sampled_from([Condition.SOUND] * 4 + [Condition.TAMPERED]),
        trust=trusts,
        setter=st.sampled_from(["", "one"]),
        attribution=st.booleans(),
        license_ref=st.sampled_from(["", "https://example.com/licence"]),
        license_sha256=st.sampled_from(["", LICENCE]),
        constraint_met=st.booleans(),
        issued_at=times,
        expires_at=times,
        observed_at=times,
        sequence=st.integers(0, 2),
        anchor=st.sampled_from(["", "eip155:1/block:7/0x1"]),
    ),
    max_size=4,
).map(tuple)
contracts = st.none() | st.builds(
    lambda overrides, attribution: Contract(
        id="all",
        holder="Studio",
        entered_by="Aoki",
        approved_by="Baba",
        issued="2026-01-01",
        expires="2030-01-01",
        purposes=(USE,),
        folder=".",
        overrides_refusals=overrides,
        attribution=attribution,
    ),
    st.booleans(),
    st.booleans(),
)
licences = st.sampled_from([False, True]).map(
    lambda attribution: AcceptedLicense(
        document="https://example.com/licence",
        sha256=LICENCE,
        purposes=(USE,),
        entered_by="Aoki",
        approved_by="Baba",
        attribution=attribution,
    )
)
policies = st.builds(
    lambda profile, attribution, days, contract, licence: ConsentPolicy(
        profile=profile,
        opt_out_name="legacy",
        opt_in_target="2030-01-01",
        accept_attribution=attribution,
        grant_days=days,
        contract=() if contract is None else (contract,),
        license=(licence,),
    ),
    st.sampled_from(["opt-in", "opt-out"]),
    st.booleans(),
    st.integers(1, 300),
    contracts,
    licences,
)


@settings(max_examples=600, deadline=None)
@given(statements, policies, st.booleans())
def test_the_auditors_rules_find_what_the_products_rules_would_not_clear(
    said: tuple[Statement, ...], consent: ConsentPolicy, approved: bool
) -> None:
    # The address of a licence is not compared by the auditor: its digest is what was accepted.
    assume(all(bool(s.license_ref) == bool(s.license_sha256) for s in said))
    asset = Asset("a" * 64, (Location("001.png", 1),), ())
    decision = resolve(asset, said, consent, NOW)
    policy = Policy(name="p", version="1", consent=consent)
    why = find_violation(
        [read_statement(canonical_json(s.as_dict()).decode()) for s in decision.statements],
        USE.value,
        NOW,
        read_terms(encode_policy(policy)),
        approved=approved,
        revoked_at=None,
    )
    cleared = decision.verdict is Verdict.CLEAR or (decision.verdict is Verdict.REVIEW and approved)
    assert (why == "") is cleared, (decision.verdict, decision.reasons, why)


@given(st.builds(ReviewPolicy, two_persons_owned=st.booleans()), policies)
def test_the_policy_that_is_kept_has_the_digest_that_the_batch_signs(
    review: ReviewPolicy, consent: ConsentPolicy
) -> None:
    policy = Policy(name="p", version="1", consent=consent, review=review)
    assert hashlib.sha256(encode_policy(policy)).hexdigest() == policy.digest
