"""What must hold for any input: nothing that anybody adds, mangles or cuts ever clears an asset."""

from __future__ import annotations

import json
import random
from datetime import date
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from models.assets.asset import Asset, Location
from models.consent.carriers import carriers
from models.consent.carriers.xmp_packets import find_packets
from models.consent.cose import CoseError, signing_certificate
from models.consent.eip7517 import EXPANSIONS, PREFERENCE_KEYS, parse_token_json
from models.consent.purposes import ALL_PURPOSES, Preference
from models.consent.resolution import resolve
from models.consent.stage import read_statements
from models.consent.statements import Condition, Statement, Trust
from models.consent.terms import ConsentPolicy
from models.reasons import Reason
from models.verdicts import Verdict
from tests.consent_files import MIMES, asset_of, data_mining, signed, with_packet

NOW = 1_780_000_000
ASSET = Asset("ab" * 32, (Location("studio/a.png", "studio/a.png"),))
RANK = {Verdict.CLEAR: 0, Verdict.REVIEW: 1, Verdict.EXCLUDE: 2}
QUICK = settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])

times = st.none() | st.integers(NOW - 400 * 86_400, NOW + 400 * 86_400)
trusts = st.builds(Trust, *[st.booleans()] * 5)
preferences = st.dictionaries(st.sampled_from(ALL_PURPOSES), st.sampled_from(Preference))


def statements_with(trust: st.SearchStrategy[Trust]) -> st.SearchStrategy[Statement]:
    return st.builds(
        Statement,
        carrier=st.sampled_from(["sidecar", "c2pa", "plus", "chain"]),
        source=st.just("s"),
        preferences=preferences,
        condition=st.sampled_from(Condition),
        trust=trust,
        setter=st.sampled_from(["", "one", "two"]),
        attribution=st.booleans(),
        constraint_met=st.booleans(),
        issued_at=times,
        expires_at=times,
    )


statements = st.lists(statements_with(trusts), max_size=5)
# Noise is what anybody can put there: its speaker is not proven.
noise = statements_with(st.builds(Trust, bound=st.booleans()))
powerless = statements_with(trusts.filter(lambda trust: not trust.may_grant))
policies = st.builds(
    ConsentPolicy,
    purposes=st.lists(st.sampled_from(ALL_PURPOSES), min_size=1, unique=True).map(tuple),
    accept_attribution=st.booleans(),
    grant_days=st.integers(1, 400),
)
contract = {
    "id": "K-1",
    "holder": "Studio",
    "purposes": ["generative_training", "inference"],
    "folder": "studio",
    "entered_by": "Aiko",
    "approved_by": "Ben",
    "issued": date(2026, 1, 1),
    "expires": date(2027, 1, 1),
}
with_contract = st.booleans().map(
    lambda overrides: ConsentPolicy.model_validate(
        {"contract": [{**contract, "overrides_refusals": overrides}]}
    )
)
opt_out = st.just(
    ConsentPolicy(profile="opt-out", opt_out_name="legacy", opt_in_target=date(2027, 1, 1))
)
any_policy = policies | with_contract | opt_out


@QUICK
@given(statements, noise, any_policy)
def test_added_noise_never_clears_and_never_lifts_a_refusal(
    given_: list[Statement], added: Statement, policy: ConsentPolicy
) -> None:
    before = resolve(ASSET, given_, policy, NOW)
    after = resolve(ASSET, [*given_, added], policy, NOW)
    if before.verdict is not Verdict.CLEAR:
        assert after.verdict is not Verdict.CLEAR
    if Reason.CONSENT_REFUSED in before.reasons:
        assert after.verdict is Verdict.EXCLUDE
    if added.condition is Condition.SOUND:
        assert RANK[after.verdict] >= RANK[before.verdict]


@QUICK
@given(statements, any_policy, st.randoms(use_true_random=False))
def test_the_order_of_statements_does_not_matter(
    given_: list[Statement], policy: ConsentPolicy, chance: random.Random
) -> None:
    shuffled = list(given_)
    chance.shuffle(shuffled)
    one, other = (resolve(ASSET, each, policy, NOW) for each in (given_, shuffled))
    assert (one.verdict, one.reasons, one.attribution, one.valid_until) == (
        other.verdict,
        other.reasons,
        other.attribution,
        other.valid_until,
    )


@QUICK
@given(statements.filter(bool), any_policy)
def test_saying_a_thing_twice_changes_nothing(
    given_: list[Statement], policy: ConsentPolicy
) -> None:
    once = resolve(ASSET, given_, policy, NOW)
    twice = resolve(ASSET, [*given_, given_[0]], policy, NOW)
    assert (once.verdict, once.reasons) == (twice.verdict, twice.reasons)


@QUICK
@given(st.lists(powerless, max_size=6), policies)
def test_without_a_proven_grant_nothing_is_ever_clear_under_opt_in(
    given_: list[Statement], policy: ConsentPolicy
) -> None:
    assert resolve(ASSET, given_, policy, NOW).verdict is not Verdict.CLEAR


@QUICK
@given(statements, any_policy)
def test_what_is_clear_has_only_sound_statements_and_no_standing_refusal(
    given_: list[Statement], policy: ConsentPolicy
) -> None:
    decision = resolve(ASSET, given_, policy, NOW)
    if decision.verdict is Verdict.CLEAR:
        assert all(s.condition is Condition.SOUND for s in decision.statements)
        for index in decision.decided_by:
            assert decision.statements[index].trust.may_grant


@QUICK
@given(statements, any_policy, st.integers(0, 500 * 86_400))
def test_a_decision_holds_until_its_valid_until(
    given_: list[Statement], policy: ConsentPolicy, later: int
) -> None:
    decision = resolve(ASSET, given_, policy, NOW)
    moment = NOW + later
    if decision.valid_until is None or moment < decision.valid_until:
        then = resolve(ASSET, given_, policy, moment)
        assert (then.verdict, then.reasons, then.decided_by) == (
            decision.verdict,
            decision.reasons,
            decision.decided_by,
        )
    else:
        assert decision.valid_until > NOW


@QUICK
@given(statements, any_policy)
def test_every_decision_gives_a_reason_and_explains_it(
    given_: list[Statement], policy: ConsentPolicy
) -> None:
    decision = resolve(ASSET, given_, policy, NOW)
    assert decision.verdict is not Verdict.ERROR
    assert decision.reasons
    assert decision.explanation_en
    assert decision.explanation_ja


uses = st.dictionaries(
    st.sampled_from(sorted(EXPANSIONS)), st.sampled_from(["allowed", "notAllowed", "constrained"])
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from([*PREFERENCE_KEYS, *EXPANSIONS, "properties", "value", "trait_type"])
            | st.text(max_size=6),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
STRICTNESS = [
    Preference.UNKNOWN,
    Preference.ALLOWED,
    Preference.CONSTRAINED,
    Preference.NOT_ALLOWED,
]


def harmless(statement: Statement | None) -> bool:
    """Whether a statement alone cannot clear anything."""
    if statement is None:
        return True
    every = ConsentPolicy(purposes=ALL_PURPOSES)
    return all(
        resolve(ASSET, [statement], policy, NOW).verdict is not Verdict.CLEAR
        for policy in (every, *(ConsentPolicy(purposes=(p,)) for p in ALL_PURPOSES))
    )


@QUICK
@given(st.binary(max_size=200))
@example(b'{"dataMiningPreference":{"aiTraining":"allowed"}}')
@example(b"\xff\xfe{\0}\0")
def test_any_bytes_as_token_metadata_neither_crash_nor_clear(data: bytes) -> None:
    assert harmless(parse_token_json(data, "a.json", "ab" * 32))


@QUICK
@given(values)
def test_any_json_as_token_metadata_neither_crashes_nor_clears(value: Any) -> None:
    statement = parse_token_json(json.dumps(value).encode(), "a.json", "ab" * 32)
    assert harmless(statement)
    if statement is not None:
        json.dumps(statement.as_dict(), ensure_ascii=False).encode("utf-8")


@QUICK
@given(uses.filter(bool), st.data())
def test_a_change_of_case_never_makes_metadata_less_restrictive(
    said: dict[str, str], data: st.DataObject
) -> None:
    text = json.dumps({"dataMiningPreference": said})
    position = data.draw(st.integers(0, len(text) - 1))
    changed = text[:position] + text[position].swapcase() + text[position + 1 :]
    before = parse_token_json(text.encode(), "a.json")
    after = parse_token_json(changed.encode(), "a.json")
    assert before is not None
    for purpose in ALL_PURPOSES:
        if before.preference(purpose) is Preference.NOT_ALLOWED:
            assert after is not None
            assert after.preference(purpose) is not Preference.ALLOWED


@QUICK
@given(uses.filter(bool), st.data())
def test_cut_metadata_never_grants(said: dict[str, str], data: st.DataObject) -> None:
    text = json.dumps({"dataMiningPreference": said})
    cut = data.draw(st.integers(0, len(text) - 1))
    statement = parse_token_json(text[:cut].encode(), "a.json")
    assert statement is not None
    assert statement.condition is Condition.MALFORMED
    assert Preference.ALLOWED not in statement.preferences.values()


@QUICK
@given(
    uses, st.text(max_size=12).filter(lambda v: v not in ("allowed", "constrained", "constraint"))
)
def test_an_unknown_value_never_makes_metadata_less_restrictive(
    said: dict[str, str], value: str
) -> None:
    before = parse_token_json(json.dumps({"dataMiningPreference": said}).encode(), "a")
    more = {**said, "aiTraining": value, "aiGenerativeTraining": value}
    after = parse_token_json(json.dumps({"dataMiningPreference": more}).encode(), "a")
    assert before is not None
    assert after is not None
    for purpose in ALL_PURPOSES:
        assert STRICTNESS.index(after.preference(purpose)) >= STRICTNESS.index(
            before.preference(purpose)
        )


@settings(max_examples=150, deadline=None)
@given(st.sampled_from(sorted(MIMES)), st.data())
def test_mangled_images_neither_crash_nor_clear(kind: str, data: st.DataObject) -> None:
    base = data.draw(
        st.sampled_from(
            [
                signed(kind, use="notAllowed"),
                signed(kind),
                with_packet(kind, data_mining("DMI-PROHIBITED").encode()),
                with_packet(kind, data_mining("DMI-ALLOWED").encode()),
            ]
        )
    )
    mangled = bytearray(base[: data.draw(st.integers(0, len(base)))])
    for _ in range(data.draw(st.integers(0, 4))):
        if mangled:
            mangled[data.draw(st.integers(0, len(mangled) - 1))] = data.draw(st.integers(0, 255))
    asset = asset_of(bytes(mangled))
    found = read_statements(asset, bytes(mangled), carriers(), lambda _: b"")
    assert not any("the carrier failed" in note for s in found for note in s.notes)
    assert resolve(asset, found, ConsentPolicy(), NOW).verdict is not Verdict.CLEAR


@QUICK
@given(
    st.sampled_from([b"\xff\xd8", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WEBP", b"II*\0", b"GIF89a"]),
    st.binary(max_size=300),
)
def test_any_bytes_behind_a_magic_number_are_searched_without_a_crash(
    magic: bytes, data: bytes
) -> None:
    for packet in find_packets(magic + data):
        assert packet.place


@QUICK
@given(st.binary(max_size=300))
def test_any_bytes_as_a_manifest_store_give_a_cose_error(data: bytes) -> None:
    try:
        signing_certificate(data, "x")
    except CoseError:
        return
    raise AssertionError("random bytes named a signer")
