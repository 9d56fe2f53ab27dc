"""What the terms of consent ask besides a grant: fresh evidence, licences that were accepted."""

from __future__ import annotations

from typing import Any

import pytest

from models.assets.asset import Asset, Location
from models.consent.licences import documents_to_fetch, name_document
from models.consent.purposes import Preference, Purpose
from models.consent.resolution import resolve
from models.consent.statements import Statement, Trust
from models.consent.terms import ConsentPolicy
from models.errors import PolicyError
from models.policy import parse_policy
from models.reasons import Reason
from models.verdicts import Verdict

DAY = 86_400
NOW = 1_780_000_000
GT = Purpose.GENERATIVE_TRAINING
PROVEN = Trust(integrity=True, signer=True, control=True, bound=True)
ASSET = Asset("ab" * 32, (Location("a.png", "a.png"),))
CID = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
LICENSE: dict[str, Any] = {
    "document": f"ipfs://{CID}",
    "sha256": "cd" * 32,
    "purposes": ["generative_training"],
    "entered_by": "Aiko",
    "approved_by": "Ben",
}


def says(value: Preference = Preference.ALLOWED, **fields: Any) -> Statement:
    given = {"trust": PROVEN, "issued_at": NOW - DAY, "setter": "0xowner", **fields}
    return Statement("erc721", "token", {GT: value}, **given)


def decide(*statements: Statement, at: int = NOW, **terms: Any) -> tuple[Verdict, Reason]:
    decision = resolve(ASSET, statements, ConsentPolicy.model_validate(terms), at)
    return decision.verdict, decision.reasons[0]


class TestFreshness:
    def test_a_grant_that_was_read_lately_counts(self) -> None:
        assert decide(says(observed_at=NOW - 6 * DAY)) == (Verdict.CLEAR, Reason.CONSENT_GRANTED)

    def test_a_grant_that_was_read_too_long_ago_does_not(self) -> None:
        stale = says(observed_at=NOW - 7 * DAY, issued_at=NOW - 8 * DAY)
        assert decide(stale) == (Verdict.EXCLUDE, Reason.EVIDENCE_STALE)

    def test_the_policy_says_how_long_a_reading_stands(self) -> None:
        old = says(observed_at=NOW - 7 * DAY, issued_at=NOW - 8 * DAY)
        assert decide(old, evidence_days=30)[0] is Verdict.CLEAR

    def test_a_refusal_does_not_grow_old(self) -> None:
        old = says(Preference.NOT_ALLOWED, observed_at=NOW - 900 * DAY)
        assert decide(old) == (Verdict.EXCLUDE, Reason.CONSENT_REFUSED)

    def test_a_grant_that_has_ended_is_not_merely_stale(self) -> None:
        ended = says(observed_at=NOW - 90 * DAY, issued_at=NOW - 99 * DAY, expires_at=NOW - DAY)
        assert decide(ended) == (Verdict.EXCLUDE, Reason.GRANT_EXPIRED)

    def test_no_profile_takes_a_stale_grant_for_silence(self) -> None:
        stale = says(observed_at=NOW - 7 * DAY, issued_at=NOW - 8 * DAY)
        legacy = {"profile": "opt-out", "opt_out_name": "old", "opt_in_target": "2027-01-01"}
        assert decide(stale, **legacy) == (Verdict.EXCLUDE, Reason.EVIDENCE_STALE)

    def test_a_decision_says_when_its_evidence_will_be_too_old(self) -> None:
        decision = resolve(ASSET, [says(observed_at=NOW - DAY)], ConsentPolicy(), NOW)
        assert decision.valid_until == NOW + 6 * DAY


class TestOrder:
    def test_of_two_things_said_at_one_moment_the_later_in_sequence_counts(self) -> None:
        yes = says(sequence=7)
        no = says(Preference.NOT_ALLOWED, sequence=6)
        assert decide(no, yes)[0] is Verdict.CLEAR
        assert decide(says(sequence=6), says(Preference.NOT_ALLOWED, sequence=7)) == (
            Verdict.EXCLUDE,
            Reason.CONSENT_REFUSED,
        )

    def test_without_an_order_the_refusal_counts(self) -> None:
        assert decide(says(), says(Preference.NOT_ALLOWED))[0] is Verdict.EXCLUDE


class TestLicences:
    def constrained(self, **fields: Any) -> Statement:
        given = {"license_ref": CID, "license_sha256": "cd" * 32, **fields}
        return says(Preference.CONSTRAINED, **given)

    def test_a_condition_is_met_by_the_document_that_was_accepted(self) -> None:
        assert decide(self.constrained(), license=[LICENSE])[0] is Verdict.CLEAR

    def test_it_is_not_met_by_a_document_that_was_not_fetched(self) -> None:
        unfetched = self.constrained(license_sha256="")
        assert decide(unfetched, license=[LICENSE]) == (Verdict.EXCLUDE, Reason.CONSENT_UNMET)

    def test_it_is_not_met_by_a_document_that_has_changed(self) -> None:
        changed = self.constrained(license_sha256="ee" * 32)
        assert decide(changed, license=[LICENSE]) == (Verdict.EXCLUDE, Reason.CONSENT_UNMET)

    def test_it_is_not_met_for_a_purpose_that_was_not_accepted(self) -> None:
        mining = {**LICENSE, "purposes": ["data_mining"]}
        assert decide(self.constrained(), license=[mining]) == (
            Verdict.EXCLUDE,
            Reason.CONSENT_UNMET,
        )

    def test_a_met_condition_proves_nothing_about_who_speaks(self) -> None:
        anybody = self.constrained(trust=Trust())
        assert decide(anybody, license=[LICENSE]) == (
            Verdict.EXCLUDE,
            Reason.GRANT_UNAUTHENTICATED,
        )

    def test_a_licence_may_ask_for_the_author(self) -> None:
        terms = ConsentPolicy.model_validate({"license": [{**LICENSE, "attribution": True}]})
        decision = resolve(ASSET, [self.constrained(author="Aoi")], terms, NOW)
        assert (decision.attribution, decision.authors) == (True, ("Aoi",))

    @pytest.mark.parametrize("spelling", [CID, f"ipfs://{CID}", f"/ipfs/{CID}", f" ipfs://{CID}/"])
    def test_every_spelling_of_an_ipfs_address_is_one(self, spelling: str) -> None:
        assert name_document(spelling) == f"ipfs://{CID}"

    def test_only_addresses_of_conditions_are_fetched(self) -> None:
        web = "https://a.example/terms"
        assert documents_to_fetch([self.constrained(license_ref=web)]) == {web}
        assert documents_to_fetch([says(license_ref=web)]) == set()
        assert documents_to_fetch([self.constrained(license_ref="ask me")]) == set()
        assert documents_to_fetch([self.constrained(license_ref="file:///etc/passwd")]) == set()


class TestAuthors:
    def test_the_author_is_named_as_the_grant_says(self) -> None:
        decision = resolve(ASSET, [says(attribution=True, author="Aoi")], ConsentPolicy(), NOW)
        assert decision.authors == ("Aoi",)

    def test_without_a_name_the_speaker_is_named(self) -> None:
        decision = resolve(ASSET, [says(attribution=True)], ConsentPolicy(), NOW)
        assert decision.authors == ("0xowner",)

    def test_of_a_recognised_collection_the_holder_is_named(self) -> None:
        contract = "0x" + "a" * 40
        terms = ConsentPolicy.model_validate(
            {"collection": [{"chain": "eip155:1", "contract": contract, "holder": "Studio"}]}
        )
        token = says(attribution=True, setter=f"{contract}/7")
        assert resolve(ASSET, [token], terms, NOW).authors == ("Studio",)

    def test_nobody_is_named_where_nobody_asks(self) -> None:
        assert resolve(ASSET, [says(author="Aoi")], ConsentPolicy(), NOW).authors == ()


@pytest.mark.parametrize(
    ("table", "field", "value", "complaint"),
    [
        ("collection", "contract", '"0x12"', "0x and 40 hexadecimal digits"),
        ("collection", "chain", '"ethereum"', "eip155"),
        ("collection", "holder", '""', "at least 1 character"),
        ("collection", "tokens", "[-1]", "greater than or equal to 0"),
        ("registry", "custodians", '["nobody"]', "0x and 40 hexadecimal digits"),
        ("license", "approved_by", '"Aiko"', "two different people"),
        ("license", "sha256", '"short"', "a SHA-256 as 64 hexadecimal digits"),
        ("license", "purposes", '"data_mining"', "a list in brackets"),
    ],
)
def test_a_table_of_the_policy_that_cannot_be_used_is_refused(
    table: str, field: str, value: str, complaint: str
) -> None:
    fields = {
        "collection": {"chain": '"eip155:1"', "contract": f'"0x{"a" * 40}"', "holder": '"Studio"'},
        "registry": {"chain": '"eip155:1"', "contract": f'"0x{"a" * 40}"'},
        "license": {
            "document": '"https://a.example/"',
            "sha256": f'"{"cd" * 32}"',
            "purposes": '["generative_training"]',
            "entered_by": '"Aiko"',
            "approved_by": '"Ben"',
        },
    }[table] | {field: value}
    lines = [f"{name} = {text}" for name, text in fields.items()]
    text = "\n".join(['name = "p"', 'version = "1"', f"[[consent.{table}]]", *lines])
    with pytest.raises(PolicyError, match=complaint):
        parse_policy(text)
