"""From statements to a decision: who is believed, what wins, and until when."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from models.assets.asset import Asset, Location
from models.consent.contracts import contract_statements
from models.consent.purposes import Preference, Purpose
from models.consent.resolution import ConsentDecision, resolve
from models.consent.statements import Condition, Statement, Trust
from models.consent.terms import ConsentPolicy
from models.reasons import Reason
from models.verdicts import Verdict

DAY = 86_400
NOW = 1_780_000_000
SIGNER = "5e" * 32
GT, INF = Purpose.GENERATIVE_TRAINING, Purpose.INFERENCE
YES, NO, IF = Preference.ALLOWED, Preference.NOT_ALLOWED, Preference.CONSTRAINED
PROVEN = Trust(integrity=True, signer=True, control=True, bound=True)
SIGNED = Trust(integrity=True, bound=True)
ASSET = Asset("ab" * 32, (Location("studio/a.png", "studio/a.png"),))


def says(value: Preference = NO, purpose: Purpose = GT, **fields: Any) -> Statement:
    return Statement(**{"carrier": "web", "source": "s", "preferences": {purpose: value}, **fields})


def grant(**fields: Any) -> Statement:
    return says(YES, **{"trust": PROVEN, "issued_at": NOW - DAY, "setter": "0xowner", **fields})


def contract(**fields: Any) -> dict[str, Any]:
    return {
        "id": "K-1",
        "holder": "Studio Hoshikage",
        "purposes": ["generative_training"],
        "folder": "studio",
        "entered_by": "Aiko",
        "approved_by": "Ben",
        "issued": date(2026, 1, 1),
        "expires": date(2027, 1, 1),
        **fields,
    }


def policy(*contracts: dict[str, Any], **fields: Any) -> ConsentPolicy:
    return ConsentPolicy.model_validate({"contract": contracts, **fields})


def decide(*statements: Statement, at: int = NOW, under: ConsentPolicy | None = None) -> Any:
    decision = resolve(ASSET, statements, under or policy(), at)
    return decision.verdict, *decision.reasons


OPT_OUT = policy(profile="opt-out", opt_out_name="legacy", opt_in_target=date(2027, 6, 1))
CLEAR, REVIEW, EXCLUDE = Verdict.CLEAR, Verdict.REVIEW, Verdict.EXCLUDE


class TestGrants:
    def test_silence_excludes(self) -> None:
        assert decide() == (EXCLUDE, Reason.CONSENT_ABSENT)

    def test_a_proven_grant_clears(self) -> None:
        assert decide(grant()) == (CLEAR, Reason.CONSENT_GRANTED)

    @pytest.mark.parametrize(
        "trust",
        [
            Trust(),
            Trust(integrity=True, bound=True),
            Trust(integrity=True, signer=True, bound=True),
            Trust(signer=True, control=True),
        ],
    )
    def test_a_strangers_grant_does_not(self, trust: Trust) -> None:
        assert decide(grant(trust=trust)) == (EXCLUDE, Reason.GRANT_UNAUTHENTICATED)

    def test_a_grant_without_a_time_of_issue_does_not(self) -> None:
        assert decide(grant(issued_at=None)) == (EXCLUDE, Reason.GRANT_UNAUTHENTICATED)

    def test_a_grant_ends_when_it_says(self) -> None:
        assert decide(grant(expires_at=NOW + 1))[0] is CLEAR
        assert decide(grant(expires_at=NOW)) == (EXCLUDE, Reason.GRANT_EXPIRED)

    def test_a_grant_without_an_end_lasts_for_the_policys_term(self) -> None:
        old = grant(issued_at=NOW - 180 * DAY)
        assert decide(old) == (EXCLUDE, Reason.GRANT_EXPIRED)
        assert decide(old, at=NOW - 1)[0] is CLEAR
        assert decide(old, under=policy(grant_days=181))[0] is CLEAR

    def test_a_grant_of_tomorrow_is_none_today(self) -> None:
        assert decide(grant(issued_at=NOW + DAY))[0] is EXCLUDE

    def test_a_grant_for_one_of_two_purposes_is_partial(self) -> None:
        both = policy(purposes=["generative_training", "inference"])
        assert decide(grant(), under=both) == (EXCLUDE, Reason.CONSENT_PARTIAL)
        assert decide(grant(), grant(purpose=INF, preferences={INF: YES}), under=both)[0] is CLEAR

    def test_a_grant_for_another_purpose_is_none(self) -> None:
        assert decide(grant(preferences={INF: YES})) == (EXCLUDE, Reason.CONSENT_ABSENT)

    def test_an_obligation_that_the_policy_does_not_accept_is_unmet(self) -> None:
        assert decide(grant(attribution=True))[0] is CLEAR
        strict = policy(accept_attribution=False)
        assert decide(grant(attribution=True), under=strict) == (EXCLUDE, Reason.CONSENT_UNMET)

    def test_the_obligation_is_passed_on(self) -> None:
        assert resolve(ASSET, [grant(attribution=True)], policy(), NOW).attribution
        assert not resolve(ASSET, [grant()], policy(), NOW).attribution


class TestRefusals:
    @pytest.mark.parametrize("trust", [Trust(), Trust(integrity=True), PROVEN])
    def test_a_refusal_is_believed_from_anyone(self, trust: Trust) -> None:
        assert decide(says(NO, trust=trust)) == (EXCLUDE, Reason.CONSENT_REFUSED)

    def test_a_refusal_beats_a_proven_grant(self) -> None:
        assert decide(grant(), says(NO)) == (EXCLUDE, Reason.CONSENT_REFUSED)

    def test_a_refusal_of_another_purpose_does_not_matter(self) -> None:
        assert decide(grant(), says(NO, purpose=INF))[0] is CLEAR

    def test_a_condition_that_is_not_met_excludes(self) -> None:
        assert decide(says(IF)) == (EXCLUDE, Reason.CONSENT_UNMET)
        assert decide(grant(), says(IF)) == (EXCLUDE, Reason.CONSENT_UNMET)

    def test_a_proven_condition_that_is_met_clears(self) -> None:
        assert decide(grant(preferences={GT: IF}, constraint_met=True))[0] is CLEAR

    def test_a_tampered_refusal_still_excludes(self) -> None:
        assert decide(says(NO, condition=Condition.TAMPERED)) == (
            EXCLUDE,
            Reason.CONSENT_REFUSED,
            Reason.CONSENT_TAMPERED,
        )

    def test_a_refusal_past_its_own_end_still_excludes_where_nobody_granted(self) -> None:
        assert decide(says(NO, expires_at=NOW - 1)) == (EXCLUDE, Reason.CONSENT_REFUSED)


class TestWhatCannotBeRelied:
    @pytest.mark.parametrize(
        ("condition", "reason"),
        [
            (Condition.MALFORMED, Reason.CONSENT_MALFORMED),
            (Condition.TAMPERED, Reason.CONSENT_TAMPERED),
            (Condition.UNDETERMINED, Reason.CONSENT_UNDETERMINED),
        ],
    )
    def test_it_goes_to_review_with_or_without_a_grant(
        self, condition: Condition, reason: Reason
    ) -> None:
        broken = says(preferences={}, condition=condition)
        assert decide(broken) == (REVIEW, reason)
        assert decide(broken, grant()) == (REVIEW, reason)
        assert decide(broken, under=OPT_OUT) == (REVIEW, reason)

    def test_a_grant_inside_it_is_none(self) -> None:
        assert decide(grant(condition=Condition.MALFORMED))[0] is REVIEW

    def test_a_plain_refusal_beside_it_excludes(self) -> None:
        broken = says(preferences={}, condition=Condition.MALFORMED)
        assert decide(broken, says(NO))[:2] == (EXCLUDE, Reason.CONSENT_REFUSED)

    def test_a_broken_refusal_against_a_proven_grant_is_a_conflict(self) -> None:
        assert decide(grant(), says(NO, condition=Condition.MALFORMED)) == (
            REVIEW,
            Reason.CONSENT_MALFORMED,
            Reason.CONSENT_CONFLICT,
        )

    def test_an_ended_refusal_against_a_proven_grant_is_a_conflict(self) -> None:
        assert decide(grant(), says(NO, expires_at=NOW)) == (REVIEW, Reason.CONSENT_CONFLICT)


class TestSuperseding:
    def older(self, **fields: Any) -> Statement:
        return grant(preferences={GT: NO}, issued_at=NOW - 9 * DAY, **fields)

    def test_the_same_proven_speakers_later_word_holds(self) -> None:
        assert decide(self.older(), grant())[0] is CLEAR

    @pytest.mark.parametrize(
        "change",
        [
            {"setter": "0xother"},
            {"setter": ""},
            {"carrier": "c2pa"},
            {"issued_at": NOW - 9 * DAY},
            {"issued_at": None},
            {"issued_at": NOW + 1},
            {"expires_at": NOW},
            {"condition": Condition.MALFORMED},
            {"trust": Trust(contract=True)},
            {"preferences": {INF: YES}},
        ],
        ids=lambda change: next(iter(change)),
    )
    def test_nothing_else_lifts_a_refusal(self, change: dict[str, Any]) -> None:
        third = grant(setter="0xthird")
        assert decide(self.older(), third, grant(**change))[:2] == (
            EXCLUDE,
            Reason.CONSENT_REFUSED,
        )

    def test_a_later_refusal_holds_as_well(self) -> None:
        assert decide(grant(), grant(preferences={GT: NO}, issued_at=NOW))[0] is EXCLUDE


class TestContracts:
    def test_a_contract_for_the_folder_clears(self) -> None:
        assert decide(under=policy(contract())) == (CLEAR, Reason.CONSENT_CONTRACT)

    def test_a_contract_for_the_asset_clears(self) -> None:
        listed = contract(folder="", assets=[ASSET.asset_id])
        assert decide(under=policy(listed))[0] is CLEAR

    def test_a_contract_holds_from_its_first_day_to_the_day_before_its_last(self) -> None:
        under = policy(contract())
        start, end = 1_767_225_600, 1_798_761_600
        assert decide(at=start, under=under)[0] is CLEAR
        assert decide(at=start - 1, under=under) == (EXCLUDE, Reason.CONSENT_ABSENT)
        assert decide(at=end - 1, under=under)[0] is CLEAR
        assert decide(at=end, under=under) == (EXCLUDE, Reason.GRANT_EXPIRED)

    @pytest.mark.parametrize(
        "names",
        [
            ("other/a.png",),
            ("studio/a.png", "other/a.png"),
            ("studio/../other/a.png",),
            ("studio-two/a.png",),
            ("/studio/a.png",),
            ("Studio/a.png",),
        ],
    )
    def test_a_folder_covers_only_what_lies_wholly_inside(self, names: tuple[str, ...]) -> None:
        asset = Asset("cd" * 32, tuple(Location(name, name) for name in names))
        assert contract_statements(asset, (), policy(contract())) == ()

    def test_the_whole_dataset_can_be_covered(self) -> None:
        assert decide(under=policy(contract(folder=".")))[0] is CLEAR

    def test_a_contract_by_signer_needs_sound_credentials_for_these_bytes(self) -> None:
        under = policy(contract(folder="", signer=SIGNER))
        credentials = says(YES, carrier="c2pa", setter=SIGNER, trust=SIGNED)
        assert decide(credentials, under=under) == (CLEAR, Reason.CONSENT_CONTRACT)
        for change in (
            {"setter": "6f" * 32},
            {"trust": Trust(integrity=True)},
            {"trust": Trust(bound=True)},
            {"carrier": "sidecar"},
        ):
            changed = {"carrier": "c2pa", "setter": SIGNER, "trust": SIGNED, **change}
            assert decide(says(YES, **changed), under=under)[0] is EXCLUDE

    def test_a_contract_by_signer_covers_credentials_that_are_silent(self) -> None:
        under = policy(contract(folder="", signer=SIGNER))
        silent = says(preferences={}, carrier="c2pa", setter=SIGNER, trust=SIGNED)
        assert decide(silent, under=under)[0] is CLEAR

    def test_a_contract_by_signer_ends_with_the_signature(self) -> None:
        under = policy(contract(folder="", signer=SIGNER))
        ending = says(YES, carrier="c2pa", setter=SIGNER, trust=SIGNED, expires_at=NOW)
        assert decide(ending, at=NOW - 1, under=under)[0] is CLEAR
        assert decide(ending, under=under) == (EXCLUDE, Reason.GRANT_EXPIRED)

    def test_a_contract_does_not_lift_a_refusal_by_itself(self) -> None:
        assert decide(says(NO), under=policy(contract())) == (EXCLUDE, Reason.CONSENT_REFUSED)
        assert decide(says(IF), under=policy(contract())) == (EXCLUDE, Reason.CONSENT_UNMET)

    def test_a_contract_that_overrides_does_and_says_so(self) -> None:
        under = policy(contract(overrides_refusals=True))
        decision = resolve(ASSET, [says(NO, source="robots.txt")], under, NOW)
        assert (decision.verdict, decision.reasons) == (CLEAR, (Reason.CONSENT_CONTRACT,))
        assert "overrides the refusal in robots.txt" in decision.explanation_en
        assert "robots.txt" in decision.explanation_ja

    @pytest.mark.parametrize("condition", [c for c in Condition if c is not Condition.SOUND])
    def test_it_never_overrides_what_is_broken(self, condition: Condition) -> None:
        under = policy(contract(overrides_refusals=True))
        refused = decide(says(NO, condition=condition), under=under)
        assert refused[0] is REVIEW
        assert refused[-1] is Reason.CONSENT_CONFLICT
        assert decide(says(preferences={}, condition=condition), under=under)[0] is REVIEW

    def test_it_never_overrides_what_somebody_signed_for_these_bytes(self) -> None:
        under = policy(contract(overrides_refusals=True))
        assert decide(says(NO, trust=SIGNED), under=under)[0] is EXCLUDE

    def test_it_overrides_only_while_it_holds(self) -> None:
        under = policy(contract(overrides_refusals=True))
        assert decide(says(NO), at=1_798_761_600, under=under)[0] is EXCLUDE

    def test_one_contract_does_not_lend_its_power_to_another(self) -> None:
        plain = contract()
        strong = contract(id="K-2", folder="elsewhere", overrides_refusals=True)
        assert decide(says(NO), under=policy(plain, strong))[0] is EXCLUDE


class TestTheOptOutProfile:
    def test_silence_clears_and_is_labelled(self) -> None:
        decision = resolve(ASSET, [], OPT_OUT, NOW)
        assert (decision.verdict, decision.reasons) == (CLEAR, (Reason.CONSENT_OPT_OUT_PROFILE,))
        assert "legacy, 2027-06-01" in decision.explanation_en
        assert "legacy, 2027-06-01" in decision.explanation_ja

    def test_a_refusal_excludes(self) -> None:
        assert decide(says(NO), under=OPT_OUT) == (EXCLUDE, Reason.CONSENT_REFUSED)

    def test_a_condition_excludes(self) -> None:
        assert decide(says(IF), under=OPT_OUT) == (EXCLUDE, Reason.CONSENT_UNMET)

    def test_a_grant_that_has_ended_is_not_silence(self) -> None:
        assert decide(grant(expires_at=NOW), under=OPT_OUT) == (EXCLUDE, Reason.GRANT_EXPIRED)

    def test_a_grant_is_named_as_one(self) -> None:
        assert decide(grant(), under=OPT_OUT) == (CLEAR, Reason.CONSENT_GRANTED)


class TestWhatADecisionTells:
    def decision(
        self, *statements: Statement, under: ConsentPolicy | None = None
    ) -> ConsentDecision:
        return resolve(ASSET, statements, under or policy(), NOW)

    def test_it_names_the_statements_that_made_it(self) -> None:
        assert self.decision(grant(), says(NO), says(NO, purpose=INF)).decided_by == (1,)
        assert self.decision(says(YES), under=policy(contract())).decided_by == (1,)
        assert self.decision().decided_by == ()

    def test_it_explains_itself_in_two_languages(self) -> None:
        decision = self.decision(says(NO, source="a.json", notes=("odd key",)))
        assert decision.explanation_en == (
            "Excluded (generative training): A rights holder, or someone speaking for them, "
            "refuses this use. a.json (web, L0): generative training: not allowed; odd key."
        )
        assert "除外（生成AIの学習）" in decision.explanation_ja
        assert "不許可" in decision.explanation_ja

    def test_it_holds_until_the_grant_ends(self) -> None:
        assert self.decision(grant()).valid_until == NOW - DAY + 180 * DAY
        assert self.decision(grant(expires_at=NOW + 5)).valid_until == NOW + 5

    def test_it_holds_for_ever_where_time_changes_nothing(self) -> None:
        assert self.decision().valid_until is None
        assert self.decision(says(NO), grant(expires_at=NOW + 5)).valid_until is None

    def test_it_holds_until_a_second_grant_ends_where_one_ends_first(self) -> None:
        two = self.decision(grant(expires_at=NOW + 5), grant(expires_at=NOW + 9, setter="0xb"))
        assert two.verdict is CLEAR
        assert two.valid_until == NOW + 5  # from then on fewer statements carry it

    def test_it_holds_until_a_contract_begins(self) -> None:
        coming = policy(contract(issued=date(2026, 12, 1)))
        assert self.decision(under=coming).valid_until == 1_796_083_200
