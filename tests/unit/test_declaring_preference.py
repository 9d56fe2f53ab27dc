"""From an owner's choice to EIP-7517, CAWG and PLUS."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.consent.carriers.c2pa import C2paCarrier
from models.consent.declaring.preference import (
    cawg_entries,
    plus_value,
    preference_of,
    write_preference,
)
from models.consent.eip7517 import parse_token_json
from models.consent.purposes import ALL_PURPOSES, Preference, Purpose
from models.consent.signing import make_certificate_chain, sign_image
from models.errors import KiyomeError
from tests.consent_files import asset_of, picture

ALLOWED, REFUSED = Preference.ALLOWED, Preference.NOT_ALLOWED
CONSTRAINED = Preference.CONSTRAINED
DM, INF = Purpose.DATA_MINING, Purpose.INFERENCE
NGT, GT = Purpose.NON_GENERATIVE_TRAINING, Purpose.GENERATIVE_TRAINING


def test_a_choice_is_written_as_token_metadata() -> None:
    data = write_preference(
        {"aiTraining": "allowed", "aiInference": "notAllowed"},
        attribution=True,
        license_name="CC BY 4.0",
        license_document="https://creativecommons.org/licenses/by/4.0/",
        fields={"name": "Fox", "image": "ipfs://bafkreia"},
    )
    assert json.loads(data) == {
        "name": "Fox",
        "image": "ipfs://bafkreia",
        "dataMiningPreference": {
            "aiInference": "notAllowed",
            "aiTrainingWithAuthorship": "allowed",
        },
        "license": {
            "name": "CC BY 4.0",
            "document": "https://creativecommons.org/licenses/by/4.0/",
        },
    }


def test_what_is_written_is_read_as_it_was_meant() -> None:
    data = write_preference({"aiTraining": "constrained"}, license_document="ipfs://bafkreia")
    statement = parse_token_json(data, "token.json")
    assert statement is not None
    assert statement.license_ref == "ipfs://bafkreia"
    assert statement.notes == ()
    assert statement.preferences == {NGT: CONSTRAINED, GT: CONSTRAINED}


@pytest.mark.parametrize(
    ("uses", "arguments", "word"),
    [
        ({}, {}, "No use"),
        ({"training": "allowed"}, {}, "There is no use"),
        ({"aiTraining": "yes"}, {}, "cannot be"),
        ({"aiTraining": "constrained"}, {}, "licence"),
        ({"aiTraining": "allowed", "aiGenerativeTraining": "notAllowed"}, {}, "includes"),
        ({"aiTraining": "constrained", "aiGenerativeTraining": "notAllowed"}, {}, "includes"),
        ({"aiTraining": "allowed", "aiTrainingWithAuthorship": "allowed"}, {}, "only one"),
        ({"aiTraining": "notAllowed", "aiTrainingWithAuthorship": "allowed"}, {}, "only one"),
        ({"aiTraining": "allowed", "aiGenerativeTrainingWithAuthorship": "allowed"}, {}, "author"),
        ({"dataMining": "allowed"}, {"attribution": True}, "no training"),
        ({"aiTraining": "notAllowed"}, {"attribution": True}, "no training"),
        ({"aiTraining": "allowed"}, {"fields": {"miningPreference": {}}}, "written from"),
        ({"aiTraining": "allowed"}, {"fields": {"license": "x"}}, "written from"),
        (
            {"aiTraining": "allowed"},
            {"fields": {"attributes": [{"trait_type": "AI training", "value": "not allowed"}]}},
            "would not be read",
        ),
        ({"aiTraining": "allowed"}, {"fields": {"size": {1, 2}}}, "as JSON"),
        ({"aiTraining": "allowed"}, {"fields": {"size": float("nan")}}, "as JSON"),
    ],
)
def test_a_choice_that_contradicts_itself_is_refused(
    uses: dict[str, str], arguments: dict[str, Any], word: str
) -> None:
    with pytest.raises(KiyomeError, match=word) as caught:
        write_preference(uses, **arguments)
    assert caught.value.remedy


def test_training_is_allowed_only_if_both_kinds_are() -> None:
    assert preference_of({NGT: ALLOWED, GT: ALLOWED}) == {"aiTraining": "allowed"}
    assert preference_of({NGT: ALLOWED, GT: REFUSED}) == {"aiGenerativeTraining": "notAllowed"}
    assert preference_of({NGT: REFUSED, GT: ALLOWED}) == {
        "aiTraining": "notAllowed",
        "aiGenerativeTraining": "allowed",
    }
    with pytest.raises(KiyomeError, match="cannot say"):
        preference_of({NGT: ALLOWED})


def test_attribution_is_asked_for_in_every_kind_of_training() -> None:
    assert preference_of({NGT: ALLOWED, GT: ALLOWED}, attribution=True) == {
        "aiTrainingWithAuthorship": "allowed"
    }
    assert preference_of({NGT: CONSTRAINED, GT: ALLOWED}, attribution=True) == {
        "aiTrainingWithAuthorship": "constrained",
        "aiGenerativeTrainingWithAuthorship": "allowed",
    }


@pytest.mark.parametrize(
    ("choice", "value"),
    [
        ({}, "DMI-UNSPECIFIED"),
        ({NGT: ALLOWED, GT: ALLOWED}, "DMI-UNSPECIFIED"),
        ({DM: ALLOWED, NGT: ALLOWED, GT: ALLOWED}, "DMI-ALLOWED"),
        ({DM: ALLOWED, NGT: ALLOWED, GT: ALLOWED, INF: REFUSED}, "DMI-PROHIBITED"),
        ({GT: REFUSED}, "DMI-PROHIBITED-GENAIMLTRAINING"),
        ({DM: ALLOWED, NGT: ALLOWED, GT: REFUSED}, "DMI-PROHIBITED-GENAIMLTRAINING"),
        ({NGT: REFUSED}, "DMI-PROHIBITED-AIMLTRAINING"),
        ({NGT: REFUSED, GT: REFUSED}, "DMI-PROHIBITED-AIMLTRAINING"),
        ({DM: REFUSED}, "DMI-PROHIBITED"),
        ({INF: REFUSED}, "DMI-PROHIBITED"),
        ({GT: CONSTRAINED}, "DMI-PROHIBITED-GENAIMLTRAINING"),
        ({GT: REFUSED, DM: CONSTRAINED}, "DMI-PROHIBITED"),
    ],
)
def test_the_plus_value_refuses_what_is_refused_and_little_else(
    choice: dict[Purpose, Preference], value: str
) -> None:
    assert plus_value(choice) == value


def test_constraints_that_are_written_down_have_a_value_of_their_own() -> None:
    assert plus_value({GT: CONSTRAINED}, has_constraint_text=True) == "DMI-PROHIBITED-SEECONSTRAINT"
    mixed = {GT: REFUSED, NGT: CONSTRAINED}
    assert plus_value(mixed, has_constraint_text=True) == "DMI-PROHIBITED-AIMLTRAINING"


def test_the_cawg_entries_can_be_signed_and_mean_the_same() -> None:
    choice = {DM: ALLOWED, INF: CONSTRAINED, NGT: ALLOWED, GT: REFUSED}
    chain = make_certificate_chain("Aoi Minase")
    data = sign_image(picture(), "image/png", cawg_entries(choice), chain.chain_pem, chain.key_pem)
    [statement] = C2paCarrier().read(asset_of(data), data, lambda _: b"")
    assert statement.preferences == choice


def test_entries_of_no_choice_are_refused() -> None:
    with pytest.raises(KiyomeError):
        cawg_entries(dict.fromkeys(ALL_PURPOSES, Preference.UNKNOWN))
