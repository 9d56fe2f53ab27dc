"""Token metadata (ERC-7517, Numbers): what it says about mining an image."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from models.consent.binding import check_binding, raw_leaf_digest
from models.consent.eip7517 import parse_token_json
from models.consent.purposes import ALL_PURPOSES, Preference, Purpose
from models.consent.reading_json import MAX_BYTES, Pairs
from models.consent.statements import Condition, Statement

YES, NO, IF, SILENT = (
    Preference.ALLOWED,
    Preference.NOT_ALLOWED,
    Preference.CONSTRAINED,
    Preference.UNKNOWN,
)
DIGEST = "ab" * 32


def read(document: Any, asset_id: str = DIGEST) -> Statement:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    statement = parse_token_json(data, "a.json", asset_id)
    assert statement is not None
    return statement


def of(statement: Statement) -> tuple[Preference, ...]:
    """Data mining, inference, non-generative training, generative training."""
    return tuple(statement.preference(purpose) for purpose in ALL_PURPOSES)


def pref(**uses: Any) -> dict[str, Any]:
    return {"dataMiningPreference": uses}


class TestTheStandardsOwnExamples:
    def test_no_generative_training(self) -> None:
        statement = read(
            pref(
                dataMining="allowed",
                aiInference="allowed",
                aiTrainingWithAuthorship="allowed",
                aiGenerativeTraining="notAllowed",
            )
        )
        assert of(statement) == (YES, YES, YES, NO)
        assert statement.attribution

    def test_only_inference(self) -> None:
        statement = read(
            pref(aiInference="allowed", aiTraining="notAllowed", aiGenerativeTraining="notAllowed")
        )
        assert of(statement) == (SILENT, YES, NO, NO)

    def test_generative_training_under_a_licence_with_authorship(self) -> None:
        document = pref(
            dataMining="allowed",
            aiInference="allowed",
            aiTrainingWithAuthorship="allowed",
            aiGenerativeTrainingWithAuthorship="constrained",
        )
        document["license"] = {"name": "CC-BY-4.0", "document": "https://example.org/by/4.0"}
        statement = read(document)
        assert of(statement) == (YES, YES, YES, IF)
        assert statement.license_ref == "https://example.org/by/4.0"
        assert not statement.constraint_met

    def test_a_document_with_a_comment_and_no_preference_says_nothing(self) -> None:
        document = b'{\n  /* custom metadata CID */\n  "assetTreeCid": "bafyb"\n}'
        assert parse_token_json(document, "a.json") is None


class TestExpansion:
    def test_ai_training_covers_both_kinds_of_training(self) -> None:
        assert of(read(pref(aiTraining="allowed"))) == (SILENT, SILENT, YES, YES)

    def test_a_missing_key_is_unknown_and_not_allowed(self) -> None:
        assert of(read(pref(dataMining="allowed"))) == (YES, SILENT, SILENT, SILENT)

    def test_the_specific_use_beats_the_general_one(self) -> None:
        assert of(read(pref(aiTraining="notAllowed", aiGenerativeTraining="allowed")))[2:] == (
            NO,
            YES,
        )

    def test_refusing_with_authorship_refuses_without_it_too(self) -> None:
        uses = pref(aiTraining="allowed", aiTrainingWithAuthorship="notAllowed")
        assert of(read(uses))[2:] == (NO, NO)

    def test_a_grant_with_authorship_does_not_lift_a_refusal(self) -> None:
        statement = read(pref(aiTraining="notAllowed", aiTrainingWithAuthorship="allowed"))
        assert of(statement)[2:] == (NO, NO)
        assert any("does not lift" in note for note in statement.notes)

    def test_an_unconditional_grant_asks_for_no_attribution(self) -> None:
        uses = pref(aiTraining="allowed", aiTrainingWithAuthorship="allowed")
        assert not read(uses).attribution

    def test_unknown_keys_are_ignored(self) -> None:
        assert of(read(pref(dataMining="allowed", paint="blue"))) == (YES, *(SILENT,) * 3)


class TestValues:
    @pytest.mark.parametrize("value", ["constrained", "constraint"])
    def test_both_spellings_of_constrained_are_read(self, value: str) -> None:
        assert of(read(pref(dataMining=value)))[0] is IF

    @pytest.mark.parametrize("value", ["Allowed", "yes", "", "allow", "ALLOWED "])
    def test_an_unknown_value_is_a_refusal_and_noted(self, value: str) -> None:
        statement = read(pref(dataMining=value))
        assert of(statement)[0] is NO
        assert statement.condition is Condition.SOUND
        assert "unknown value" in statement.notes[0]

    @pytest.mark.parametrize("value", [1, None, ["allowed"], {"use": "allowed"}, True])
    def test_a_value_that_is_no_string_is_malformed(self, value: Any) -> None:
        statement = read(pref(dataMining=value, aiInference="notAllowed"))
        assert statement.condition is Condition.MALFORMED
        assert of(statement)[:2] == (SILENT, NO)

    @pytest.mark.parametrize("value", [7, None, [], [1], True])
    def test_a_preference_of_another_type_is_malformed(self, value: Any) -> None:
        assert read({"dataMiningPreference": value}).condition is Condition.MALFORMED

    def test_false_is_a_refusal_even_though_malformed(self) -> None:
        statement = read({"dataMiningPreference": False})
        assert statement.condition is Condition.MALFORMED
        assert of(statement) == (NO,) * 4


class TestNumbers:
    def test_one_string_names_the_single_selected_use(self) -> None:
        assert of(read({"miningPreference": "aiInference"})) == (NO, YES, NO, NO)

    def test_the_string_not_allowed_refuses_everything(self) -> None:
        assert of(read({"miningPreference": "notAllowed"})) == (NO,) * 4

    def test_a_string_that_names_no_use_refuses_everything(self) -> None:
        assert of(read({"miningPreference": "sure"})) == (NO,) * 4

    def test_a_selection_with_authorship_carries_the_obligation(self) -> None:
        statement = read({"miningPreference": "aiTrainingWithAuthorship"})
        assert of(statement) == (NO, NO, YES, YES)
        assert statement.attribution

    def test_an_early_list_names_several_uses(self) -> None:
        statement = read({"miningPreference": ["dataMining", "aiTraining"]})
        assert of(statement) == (YES, NO, YES, YES)

    def test_a_list_that_refuses_anywhere_refuses(self) -> None:
        assert of(read({"miningPreference": ["aiTraining", "notAllowed"]})) == (NO,) * 4

    def test_an_early_list_of_objects_is_read_as_one(self) -> None:
        statement = read({"miningPreference": [{"dataMining": "allowed"}, {"aiInference": "no"}]})
        assert of(statement)[:2] == (YES, NO)


class TestOddPlacesAndSpellings:
    @pytest.mark.parametrize(
        "document",
        [
            {"DataMiningPreference": {"aiTraining": "notAllowed"}},
            {"data_mining_preference": {"aiTraining": "notAllowed"}},
            {"properties": {"dataMiningPreference": {"aiTraining": "notAllowed"}}},
            {"properties": {"dataMiningPreference": {"value": {"aiTraining": "notAllowed"}}}},
            {"attributes": [{"trait_type": "aiTraining", "value": "notAllowed"}]},
            {"attributes": [{"trait_type": "AI Training", "value": "Not allowed"}]},
            {"attributes": [{"trait_type": "Mining Preference", "value": "notAllowed"}]},
            {"aiTraining": "notAllowed"},
            {"dataMiningPreference": {"AITraining": "notAllowed"}},
            [{"dataMiningPreference": {"aiTraining": "notAllowed"}}],
        ],
    )
    def test_a_refusal_there_is_believed(self, document: Any) -> None:
        assert of(read(document))[2:] == (NO, NO)

    @pytest.mark.parametrize(
        "document",
        [
            {"DataMiningPreference": {"aiTraining": "allowed"}},
            {"properties": {"dataMiningPreference": {"aiTraining": "allowed"}}},
            {"attributes": [{"trait_type": "dataMiningPreference", "value": "aiTraining"}]},
            [{"dataMiningPreference": {"aiTraining": "allowed"}}],
        ],
    )
    def test_a_grant_there_is_not(self, document: Any) -> None:
        statement = read(document)
        assert YES not in of(statement)
        assert any("not read" in note for note in statement.notes)


class TestDamagedDocuments:
    @pytest.mark.parametrize(
        "data",
        [
            b"",
            b"{",
            b"not json",
            b'{"dataMiningPreference": {"aiTraining": "allowed"',
            b'{"dataMiningPreference": {"aiTraining": NaN}}',
            b'{"a": Infinity}',
            b'{"dataMiningPreference": {"aiTraining": "allowed"}} trailing',
            b'{"dataMiningPreference": {"aiTraining": "allowed"}} /* no end',
            "{}".encode("utf-16"),
            b'{"name": "\xff\xfe"}',
            b"[" * 100_000,
            b"[" * 100 + b"]" * 100,
            b'{"a": ' + b"9" * 5000 + b"}",
            b" " * (MAX_BYTES + 1),
        ],
        ids=lambda data: repr(data[:24]),
    )
    def test_what_cannot_be_relied_on_is_malformed_and_never_dropped(self, data: bytes) -> None:
        statement = read(data)
        assert statement.condition is Condition.MALFORMED
        assert statement.notes
        assert YES not in of(statement)

    @pytest.mark.parametrize(
        "data",
        [
            b'{"dataMiningPreference": {"aiTraining": "notAllowed"',
            '{"dataMiningPreference": {"aiTraining": "notAllowed"}}'.encode("utf-16"),
            b"dataMiningPreference:\n  aiTraining: notAllowed\n",
            b"\xff{'aiTraining': 'not allowed'}",
        ],
    )
    def test_a_refusal_in_a_damaged_document_is_believed(self, data: bytes) -> None:
        assert of(read(data))[2:] == (NO, NO)

    def test_a_byte_order_mark_is_tolerated(self) -> None:
        data = b"\xef\xbb\xbf" + json.dumps(pref(aiTraining="notAllowed")).encode()
        assert read(data).condition is Condition.SOUND

    def test_of_two_equal_keys_the_most_restrictive_counts(self) -> None:
        for first, second in (("allowed", "notAllowed"), ("notAllowed", "allowed")):
            data = f'{{"dataMiningPreference":{{"aiTraining":"{first}","aiTraining":"{second}"}}}}'
            statement = read(data.encode())
            assert of(statement)[2:] == (NO, NO)
            assert statement.condition is Condition.MALFORMED

    def test_of_two_preferences_the_most_restrictive_counts(self) -> None:
        data = (
            b'{"dataMiningPreference":{"aiTraining":"notAllowed"},'
            b'"dataMiningPreference":{"aiTraining":"allowed"}}'
        )
        statement = read(data)
        assert of(statement)[2:] == (NO, NO)
        assert statement.condition is Condition.MALFORMED

    def test_comments_are_skipped_but_not_inside_strings(self) -> None:
        data = (
            b'{ // one\n "note": "/* not a comment */ // nor this", /* two */'
            b' "license": "https://example.org//x", "dataMiningPreference": '
            b'{"aiTraining": "constrained"} }'
        )
        statement = read(data)
        assert statement.condition is Condition.SOUND
        assert statement.license_ref == "https://example.org//x"

    def test_a_lone_surrogate_does_not_reach_the_statement(self) -> None:
        statement = read(b'{"dataMiningPreference": {"aiTraining": "\\ud800"}}')
        assert of(statement)[2:] == (NO, NO)
        json.dumps(statement.as_dict(), ensure_ascii=False).encode("utf-8")


def cid(digest: str, codec: int = 0x55) -> str:
    raw = bytes([1, codec, 0x12, 32]) + bytes.fromhex(digest)
    return "b" + base64.b32encode(raw).decode().rstrip("=").lower()


class TestBinding:
    @pytest.mark.parametrize(
        "field",
        [
            {"assetCid": cid(DIGEST)},
            {"image": f"ipfs://{cid(DIGEST)}"},
            {"image": f"https://gateway.example/ipfs/{cid(DIGEST)}"},
            {"image": f"ipfs://{cid(DIGEST)}/a.png"},
            {"assetCid": "f01551220" + DIGEST},
            {"sha256": DIGEST.upper()},
            {"assetSha256": "0x" + DIGEST},
            {"integrity": "sha256-" + base64.b64encode(bytes.fromhex(DIGEST)).decode()},
        ],
    )
    def test_a_matching_hash_binds_the_metadata_to_the_bytes(self, field: dict[str, str]) -> None:
        statement = read({**pref(aiTraining="allowed"), **field})
        assert statement.trust.bound
        assert statement.trust.levels == "L4"
        assert not statement.trust.may_grant

    def test_another_hash_is_noted_and_never_bound(self) -> None:
        statement = read({**pref(aiTraining="notAllowed"), "sha256": "cd" * 32})
        assert not statement.trust.bound
        assert any("other bytes" in note for note in statement.notes)

    def test_a_match_beside_a_mismatch_is_not_bound(self) -> None:
        document = Pairs([("sha256", DIGEST), ("assetCid", cid("cd" * 32))])
        assert check_binding(document, DIGEST)[0] is False

    @pytest.mark.parametrize("value", ["Qm" + "a" * 44, cid(DIGEST, codec=0x70)])
    def test_a_cid_of_a_file_tree_is_neither_match_nor_mismatch(self, value: str) -> None:
        assert raw_leaf_digest(value) == ""
        bound, notes = check_binding(Pairs([("image", f"ipfs://{value}")]), DIGEST)
        assert not bound
        assert all("other bytes" not in note for note in notes)

    @pytest.mark.parametrize("value", ["", "b" + "a" * 58, "zzz", "https://example.org/a.png", 3])
    def test_what_is_no_hash_proves_nothing(self, value: Any) -> None:
        bound, _ = check_binding(Pairs([("image", value), ("sha256", value)]), DIGEST)
        assert not bound


def test_unsigned_metadata_proves_nothing_about_who_speaks() -> None:
    statement = read(pref(aiTraining="allowed"))
    assert statement.trust.levels == "L0"
    assert statement.setter == ""
    assert Purpose.GENERATIVE_TRAINING in statement.preferences


class TestAuthor:
    @pytest.mark.parametrize(
        ("members", "author"),
        [
            ({"creator": "Aoi Minase"}, "Aoi Minase"),
            ({"author": {"name": " Aoi \n Minase ", "url": "x"}}, "Aoi Minase"),
            ({"artist": "Aoi", "creator": "0xabc"}, "Aoi"),
            ({"created_by": "蒼井"}, "蒼井"),
            ({"creator": ["Aoi", {"name": "Ren"}, 3, "Aoi"]}, "Aoi, Ren"),
            ({"author": {"id": 1}, "creator": "Aoi"}, "Aoi"),
        ],
    )
    def test_is_named_as_the_metadata_names_them(self, members: Any, author: str) -> None:
        assert read({**pref(aiTrainingWithAuthorship="allowed"), **members}).author == author

    @pytest.mark.parametrize("value", [None, 7, True, "", " ", [], {}, [[]], {"name": 3}])
    def test_is_nobody_where_nobody_is_named(self, value: Any) -> None:
        assert read({**pref(aiTraining="allowed"), "author": value}).author == ""

    def test_has_a_name_of_bounded_length_that_can_be_shown(self) -> None:
        author = read({**pref(aiTraining="allowed"), "author": "a\u202eb\0" + "c" * 10_000}).author
        assert len(author) <= 200
        assert author.isprintable()
