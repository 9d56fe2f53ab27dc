"""ISCC and TDM·AI: what holds for every input."""

from __future__ import annotations

import json
from typing import Any

import iscc_core as ic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.consent.iscc.codes import IsccError, image_code_distance, parse_iscc, units_of
from models.consent.iscc.tdmai import read_tdmai
from models.consent.purposes import Preference, Purpose

CODE = "KECTBQHZY2QWP7BKYNBTBHR4T2HGP3MLVE64D3M36CMOITEYZHFULOQ"
image_codes = st.binary(min_size=8, max_size=8).map(lambda b: ic.encode_component(2, 1, 0, 64, b))
VOCABULARY = (
    *("iscc", "id", "credentialSubject", "x", "tdm-reservation", "tdm-policy", "all", "train-ai"),
    *("train-genai", "ai-use", "TDM", "usagePermission", "tdmOptOut", "aiTraining", "Train_AI"),
)
keys = st.sampled_from(VOCABULARY)
scalars = st.sampled_from(
    [None, True, False, 0, 1, 1.5, "true", "false", "y", "n", "1", "0", "", "maybe", CODE, "iscc:x"]
)
documents = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(keys, inner, max_size=5)
)


@given(st.text(max_size=120) | st.binary(max_size=80).map(lambda b: ic.encode_base32(b)))
def test_a_text_is_a_code_with_one_spelling_or_an_error(text: str) -> None:
    try:
        code = parse_iscc(text)
    except IsccError:
        return
    assert parse_iscc(code) == code
    assert parse_iscc(f"ISCC:{code}") == code
    assert parse_iscc(code.lower()) == code
    assert units_of(code)


@given(image_codes, image_codes, image_codes)
def test_distances_are_those_of_a_metric(one: str, two: str, three: str) -> None:
    assert image_code_distance(one, one) == 0
    assert image_code_distance(one, two) == image_code_distance(two, one)
    by_detour = image_code_distance(one, two) + image_code_distance(two, three)
    assert image_code_distance(one, three) <= by_detour


@given(st.binary(max_size=300))
def test_no_bytes_are_an_error(data: bytes) -> None:
    read_tdmai(data, "x")


@given(documents)
def test_nothing_in_a_document_ever_grants_by_itself(document: Any) -> None:
    for said in read_tdmai(json.dumps(document).encode(), "x").said:
        assert not said.statement.trust.may_grant


@given(st.dictionaries(keys, documents, max_size=4))
def test_a_reservation_at_its_place_survives_whatever_stands_beside_it(
    beside: dict[str, Any],
) -> None:
    beside = {k: v for k, v in beside.items() if k not in ("iscc", "id", "tdm-policy")}
    document = {**beside, "iscc": CODE, "tdm-reservation": 1}
    refused = [
        said.statement.preferences
        for said in read_tdmai(json.dumps(document).encode(), "x").said
        if said.subject.value == CODE
    ]
    reserved = (
        Purpose.DATA_MINING,
        Purpose.NON_GENERATIVE_TRAINING,
        Purpose.GENERATIVE_TRAINING,
    )
    restricting = (Preference.NOT_ALLOWED, Preference.CONSTRAINED)
    assert any(all(said.get(p) in restricting for p in reserved) for said in refused)


@given(st.sampled_from(["all", "train-ai", "train-genai", "ai-use"]), st.integers(0, 60))
def test_a_refusal_survives_any_cut_behind_it(key: str, cut: int) -> None:
    data = json.dumps({"iscc": CODE, key: "false", "summary": "no use, " * 9}).encode()
    (said,) = read_tdmai(data[: len(data) - cut], "x").said
    assert Preference.NOT_ALLOWED in said.statement.preferences.values()


REPEATED = (
    '"all":"false",',
    '"tdm-reservation":1,',
    '"tdmOptOut":{},',
    '"iscc":"x",',
    '"y":{"iscc":"x","all":"n"},',
)


@pytest.mark.parametrize("part", REPEATED)
def test_many_equal_members_are_answered(part: str) -> None:
    many = part * (900_000 // len(part))
    (first, *_) = read_tdmai(f'{{{many}"iscc":"{CODE}","train-ai":"n"}}'.encode(), "x").said
    assert Preference.NOT_ALLOWED in first.statement.preferences.values()


@pytest.mark.parametrize("letters", ["ISCC:" * 40_000, '{"iscc":' * 20_000, "a" * 900_000])
def test_long_rubbish_is_answered(letters: str) -> None:
    assert read_tdmai(letters.encode(), "x").problems
