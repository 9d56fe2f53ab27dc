"""TDM·AI declarations: refusals from every published form, permissions from the exact one only."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.consent.iscc.tdmai import TdmaiReading, read_tdmai
from models.consent.purposes import Preference, Purpose
from models.consent.statements import Condition, Statement
from models.consent.subjects import Subject, SubjectKind

CODE = "KECTBQHZY2QWP7BKYNBTBHR4T2HGP3MLVE64D3M36CMOITEYZHFULOQ"
OTHER = "EEA4GQZQTY6J5DTH"
YES, NO, IF = Preference.ALLOWED, Preference.NOT_ALLOWED, Preference.CONSTRAINED
DM, INF = Purpose.DATA_MINING, Purpose.INFERENCE
NGT, GT = Purpose.NON_GENERATIVE_TRAINING, Purpose.GENERATIVE_TRAINING
NO_MINING = dict.fromkeys((DM, NGT, GT), NO)


def read(document: Any) -> TdmaiReading:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    return read_tdmai(data, "a.json", 1_800_000_000)


def declared(**members: Any) -> dict[str, Any]:
    return {"iscc": f"ISCC:{CODE}", **{key.replace("_", "-"): v for key, v in members.items()}}


def only(document: Any) -> Statement:
    reading = read(document)
    (said,) = reading.said
    assert said.subject == Subject(SubjectKind.ISCC, CODE)
    assert said.statement.carrier == "tdmai"
    assert said.statement.observed_at == 1_800_000_000
    assert not said.statement.trust.may_grant
    return said.statement


class TestPublishedForms:
    def test_a_reservation_refuses_mining_and_training(self) -> None:
        assert only(declared(tdm_reservation=1)).preferences == NO_MINING

    def test_a_reservation_with_a_policy_is_constrained(self) -> None:
        statement = only(declared(tdm_reservation=1, tdm_policy="https://a.example/p"))
        assert statement.preferences == dict.fromkeys((DM, NGT, GT), IF)
        assert statement.license_ref == "https://a.example/p"

    def test_a_policy_that_is_no_address_leaves_a_plain_refusal(self) -> None:
        statement = only(declared(tdm_reservation=1, tdm_policy="ask my agent"))
        assert statement.preferences == NO_MINING

    def test_no_reservation_is_a_permission_that_nobody_proves(self) -> None:
        statement = only(declared(tdm_reservation=0))
        assert statement.preferences == dict.fromkeys((DM, NGT, GT), YES)
        assert statement.trust.levels == "L0"

    def test_all_covers_mining_and_both_kinds_of_training(self) -> None:
        assert only(declared(all="false")).preferences == NO_MINING

    def test_the_more_special_word_overrides_the_general_one(self) -> None:
        statement = only(declared(all="true", train_genai="false", ai_use="true"))
        assert statement.preferences == {DM: YES, NGT: YES, GT: NO, INF: YES}

    def test_train_ai_covers_generative_training(self) -> None:
        expected = {DM: YES, NGT: NO, GT: NO}
        assert only(declared(all="true", train_ai="false")).preferences == expected

    @pytest.mark.parametrize("value", ["false", False, "n", "FALSE", "notAllowed", 0])
    def test_a_refusal_is_read_however_it_is_spelled(self, value: Any) -> None:
        assert only(declared(train_genai=value)).preferences == {GT: NO}

    def test_usage_permission_of_2025(self) -> None:
        document = declared(usagePermission={"TDM": True, "aiTraining": False})
        assert only(document).preferences == {NGT: NO, GT: NO}

    def test_the_plugin_of_2024(self) -> None:
        document = declared(liccium_plugins=None)
        document["liccium_plugins"] = {"tdmai": {"TDMAI": False}}
        assert only(document).preferences == NO_MINING

    def test_the_plugin_of_today(self) -> None:
        document = declared()
        document["liccium_plugins"] = {"tdmrep": {"tdm-reservation": 1}}
        assert only(document).preferences == NO_MINING

    @pytest.mark.parametrize("value", [True, False])
    def test_an_opt_out_object_refuses_whichever_way_it_is_meant(self, value: bool) -> None:
        document = declared(tdmOptOut={"aiTraining": value})
        assert only(document).preferences == {NGT: NO, GT: NO}

    def test_a_credential_around_a_declaration_is_read_and_proves_nothing(self) -> None:
        document = {
            "type": ["VerifiableCredential"],
            "issuer": "did:example:1",
            "credentialSubject": {"id": f"iscc:{CODE.lower()}", "tdm-reservation": 1},
            "proof": {"type": "DataIntegrityProof", "proofValue": "z123"},
        }
        statement = only(document)
        assert statement.preferences == NO_MINING
        assert statement.trust.levels == "L0"

    def test_each_declaration_of_a_list_speaks_for_itself(self) -> None:
        reading = read([declared(all="false"), {"iscc": OTHER, "train-genai": "false"}])
        told = {said.subject.value: said.statement.preferences for said in reading.said}
        assert told == {CODE: NO_MINING, OTHER: {GT: NO}}

    def test_every_code_that_a_declaration_names_is_refused(self) -> None:
        reading = read({"iscc": [CODE, OTHER], "tdm-reservation": 1})
        assert [said.subject.value for said in reading.said] == [CODE, OTHER]


class TestCare:
    @pytest.mark.parametrize(
        "members",
        [
            {"tdm_reservation": "0"},
            {"tdm_reservation": False},
            {"TDM_Reservation": 0},
            {"train_ai": "yes"},
            {"aiTraining": "allowed"},
            {"usagePermission": {"tdm": True}},
        ],
    )
    def test_a_permission_in_another_spelling_is_not_read(self, members: dict[str, Any]) -> None:
        assert only(declared(**members)).preferences == {}

    @pytest.mark.parametrize(
        "members", [{"tdm_reservation": "maybe"}, {"train_ai": 7}, {"ai_use": ["true"]}]
    )
    def test_an_unknown_value_is_a_refusal_and_malformed(self, members: dict[str, Any]) -> None:
        statement = only(declared(**members))
        assert statement.condition is Condition.MALFORMED
        assert set(statement.preferences.values()) == {NO}

    def test_a_repeated_key_cannot_hide_a_refusal(self) -> None:
        data = f'{{"iscc": "{CODE}", "all": "false", "all": "true"}}'.encode()
        statement = only(data)
        assert statement.condition is Condition.MALFORMED
        assert statement.preferences == NO_MINING

    def test_a_refusal_beside_the_declaration_counts_and_a_permission_does_not(self) -> None:
        inner = {"iscc": CODE}
        assert only({"tdm-reservation": 1, "subject": inner}).preferences == NO_MINING
        assert only({"tdm-reservation": 0, "subject": inner}).preferences == {}

    def test_a_text_that_is_not_json_keeps_its_refusals(self) -> None:
        data = f'{{"iscc": "ISCC:{CODE}", "usagePermission": {{"tdm": false,}},}}'.encode()
        statement = only(data)
        assert statement.condition is Condition.MALFORMED
        assert statement.preferences == NO_MINING

    def test_a_declaration_cut_short_keeps_its_refusals(self) -> None:
        data = json.dumps(declared(tdm_reservation=1, summary="x" * 90)).encode()
        assert only(data[:-20]).preferences == NO_MINING

    def test_a_refusal_without_a_code_is_a_problem_that_is_told(self) -> None:
        reading = read({"tdm-reservation": 1})
        assert reading.said == ()
        assert "generative_training" in reading.problems[0]

    def test_a_code_that_cannot_be_compared_is_a_problem_that_is_told(self) -> None:
        reading = read({"iscc": "ISCC:MAAGZTFQTTVIZPJR", "all": "false"})
        assert reading.said == ()
        assert "ISCC-ID" in reading.problems[0]

    def test_a_declaration_of_something_else_says_nothing(self) -> None:
        assert read(declared(name="A walk", creator="Aoi")) == TdmaiReading()

    @pytest.mark.parametrize("data", [b"", b"null", b"[]", b"3", b'"x"', b"\xff\xfe", b"[" * 9999])
    def test_rubbish_is_never_an_error(self, data: bytes) -> None:
        assert read_tdmai(data, "a.json").said == ()
