"""TDM policies in ODRL: what they offer, and what they leave of a reservation."""

import json
from typing import Any

import pytest

from models.canonical import digest_bytes
from models.consent.purposes import Preference
from models.consent.web.capture import Capture
from models.consent.web.tdm_policy import (
    TdmPolicy,
    judge_policy,
    judge_policy_captures,
    read_policy_capture,
    read_tdm_policy,
)

FRAME: dict[str, Any] = {
    "@context": ["http://www.w3.org/ns/odrl.jsonld", "http://www.w3.org/ns/tdmrep.jsonld"],
    "@type": "Offer",
    "profile": "http://www.w3.org/ns/tdmrep",
    "uid": "https://provider.example/policies/1",
}
RESEARCH = {"leftOperand": "purpose", "operator": "eq", "rightOperand": "tdm:research"}


def policy_of(**parts: Any) -> TdmPolicy:
    return read_tdm_policy(json.dumps({**FRAME, **parts}).encode())


def left_by(**parts: Any) -> Preference:
    return judge_policy(policy_of(**parts))[0]


# The examples of the report


def test_consent_has_to_be_obtained() -> None:
    policy = policy_of(
        assigner={
            "uid": "https://provider.example",
            "vcard:fn": "Provider",
            "vcard:hasEmail": "mailto:contact@provider.example",
            "vcard:hasURL": "https://provider.example/tdm/licensing.html",
        },
        permission=[{"action": "tdm:mine", "duty": [{"action": "obtainConsent"}]}],
    )
    assert policy.needs_consent
    assert not policy.needs_payment
    assert not policy.research_only
    assert (policy.assigner, policy.contact) == ("Provider", "contact@provider.example")
    preference, notes = judge_policy(policy)
    assert preference is Preference.CONSTRAINED
    assert "ask for a licence: Provider, contact@provider.example" in notes


def test_others_than_researchers_may_pay() -> None:
    policy = policy_of(
        permission=[
            {
                "action": "tdm:mine",
                "duty": [{"action": "compensate"}],
                "constraint": [{**RESEARCH, "rightOperand": "tdm:non-research"}],
            }
        ]
    )
    assert policy.needs_payment
    assert not policy.research_only
    assert judge_policy(policy)[0] is Preference.CONSTRAINED


def test_research_only_is_a_refusal_for_everybody_else() -> None:
    policy = policy_of(permission=[{"action": "tdm:mine", "constraint": [RESEARCH]}])
    assert policy.research_only
    assert judge_policy(policy)[0] is Preference.NOT_ALLOWED


def test_the_documents_hash_is_what_an_operator_accepts() -> None:
    data = json.dumps({**FRAME, "permission": [{"action": "tdm:mine"}]}).encode()
    policy = read_tdm_policy(data)
    assert policy.sha256 == digest_bytes(data)
    assert any(policy.sha256 in note for note in judge_policy(policy)[1])


# Prohibitions


@pytest.mark.parametrize(
    "prohibition",
    [
        {"prohibition": [{"action": "tdm:mine"}]},
        {"prohibition": {"action": "use"}},
        {"odrl:prohibition": [{"action": "odrl:use"}]},
        {"http://www.w3.org/ns/odrl/2/prohibition": "https://provider.example/rules/7"},
        {"Prohibitions": ["mine"]},
        {"@graph": [{"@type": "odrl:Prohibition", "action": "use"}]},
        {"@context": {"never": {"@id": "odrl:prohibition"}}, "never": [{"action": "use"}]},
    ],
)
def test_a_prohibition_beats_a_permission_wherever_it_stands(prohibition: dict[str, Any]) -> None:
    parts = {"permission": [{"action": "tdm:mine"}], **prohibition}
    assert policy_of(**parts).prohibits_mining
    assert left_by(**parts) is Preference.NOT_ALLOWED


@pytest.mark.parametrize("empty", [None, [], {}, ""])
def test_an_empty_prohibition_is_none(empty: Any) -> None:
    parts = {"permission": [{"action": "tdm:mine"}], "prohibition": empty}
    assert left_by(**parts) is Preference.CONSTRAINED


# Permissions that are none


@pytest.mark.parametrize(
    "permission",
    [
        [],
        None,
        "tdm:mine",
        [{"action": "use"}],
        [{"action": "index"}],
        [{"action": ["tdm:mine", "sell"]}],
        [{"target": "https://provider.example/"}],
        [{"action": {"rdf:value": {"@id": "odrl:use"}}}],
    ],
)
def test_only_permission_to_mine_is_an_offer(permission: Any) -> None:
    assert left_by(permission=permission) is Preference.NOT_ALLOWED


@pytest.mark.parametrize(
    "action",
    [
        "http://www.w3.org/ns/tdmrep#mine",
        {"@id": "tdm:mine"},
        ["tdm:mine"],
        {"rdf:value": {"@id": "tdm:mine"}},
    ],
)
def test_the_action_may_be_written_in_every_form_of_json_ld(action: Any) -> None:
    assert left_by(permission=[{"action": action}]) is Preference.CONSTRAINED


@pytest.mark.parametrize(
    ("constraint", "research_only"),
    [
        ({**RESEARCH, "rightOperand": {"@id": "tdm:research"}}, True),
        ({**RESEARCH, "operator": "odrl:isAnyOf"}, True),
        ({**RESEARCH, "operator": "neq", "rightOperand": "tdm:non-research"}, True),
        ({**RESEARCH, "operator": "neq"}, False),
        ({**RESEARCH, "rightOperand": "scientific-research"}, True),
        ({"or": [RESEARCH]}, False),
        ({"leftOperand": "spatial", "operator": "eq", "rightOperand": "EU"}, False),
    ],
)
def test_constraints_on_the_purpose(constraint: dict[str, Any], research_only: bool) -> None:
    policy = policy_of(permission=[{"action": "tdm:mine", "constraint": constraint}])
    assert policy.research_only is research_only


def test_what_is_not_understood_stands_in_the_notes() -> None:
    policy = policy_of(
        duty={"action": "compensate"},
        permission=[
            {
                "action": "tdm:mine",
                "duty": [{"action": "attribute"}],
                "constraint": [{"leftOperand": "spatial", "operator": "eq", "rightOperand": "EU"}],
                "assignee": "https://friend.example",
            }
        ],
    )
    [offer] = policy.offers
    assert offer.needs_payment
    assert offer.conditions == (
        "the duty attribute",
        "the constraint spatial eq EU",
        "a named party only",
    )


# What cannot be relied on


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"1",
        b"{}",
        b'{"permission": [{"action": "tdm:mine"}]}',
        b'{"profile": "http://www.w3.org/ns/tdmrep"}',
        b'{"profile": "http://www.w3.org/ns/tdmrep", "permission": [], "permission": []}',
        b"\xff\xfe\x00",
    ],
)
def test_what_is_no_policy_of_the_profile_leaves_the_refusal(data: bytes) -> None:
    policy = read_tdm_policy(data)
    assert policy.problem or not policy.offers
    assert judge_policy(policy)[0] is Preference.NOT_ALLOWED


def test_a_web_page_is_for_a_person_to_read() -> None:
    page = Capture("https://a.example/terms", 200, (("content-type", "text/html"),), b"<html>Ask")
    policy = read_policy_capture(page)
    assert policy.for_people
    preference, notes = judge_policy(policy)
    assert preference is Preference.CONSTRAINED
    assert policy.sha256 in notes[0]


def test_a_policy_that_was_never_fetched_is_a_condition() -> None:
    assert judge_policy_captures([]) == (
        Preference.CONSTRAINED,
        ("the TDM policy has not been read",),
    )
