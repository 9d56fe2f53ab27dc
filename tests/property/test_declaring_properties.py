"""Any choice of an owner is read back as what was meant, or as something stricter."""

from __future__ import annotations

import io

from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from models.consent.carriers.plus import VALUES, PlusCarrier
from models.consent.declaring.preference import (
    build_preference,
    cawg_entries,
    plus_value,
    preference_of,
    write_preference,
)
from models.consent.declaring.signing import SigningKey, draft_statement, sign_statement
from models.consent.declaring.xmp_writing import embed_plus
from models.consent.eip7517 import EXPANSIONS, parse_token_json
from models.consent.purposes import ALL_PURPOSES, Preference, Purpose
from models.consent.signed.consent_statement import Scheme
from models.consent.signed.document import read_signed_document
from models.consent.statements import Condition
from models.consent.training_mining import read_entries
from models.errors import KiyomeError
from tests.consent_files import MIMES, asset_of, picture, xmp

QUICK = settings(max_examples=200, deadline=None)
NGT, GT = Purpose.NON_GENERATIVE_TRAINING, Purpose.GENERATIVE_TRAINING
STRICTNESS = {
    Preference.ALLOWED: 0,
    Preference.CONSTRAINED: 1,
    Preference.UNKNOWN: 2,  # without a grant nothing is used
    Preference.NOT_ALLOWED: 3,
}
KEY = SigningKey(b"\x81" * 32)

choices = st.dictionaries(
    st.sampled_from(ALL_PURPOSES),
    st.sampled_from([p for p in Preference if p is not Preference.UNKNOWN]),
)
uses = st.dictionaries(
    st.sampled_from(sorted(EXPANSIONS)), st.sampled_from(["allowed", "notAllowed", "constrained"])
)


@QUICK
@given(choices, st.booleans())
def test_a_choice_is_read_as_meant_or_stricter(
    choice: dict[Purpose, Preference], attribution: bool
) -> None:
    try:
        preference = preference_of(choice, attribution=attribution)
    except KiyomeError:
        return
    statement = parse_token_json(
        write_preference(preference, license_document="ipfs://bafkreia"), "token.json"
    )
    assert statement is not None
    assert statement.condition is Condition.SOUND
    for purpose in ALL_PURPOSES:
        meant = choice.get(purpose, Preference.UNKNOWN)
        read = statement.preference(purpose)
        assert STRICTNESS[read] >= STRICTNESS[meant]
        if meant is Preference.NOT_ALLOWED and purpose is not NGT:
            assert read is Preference.NOT_ALLOWED
    if NGT in choice and choice[NGT] is Preference.NOT_ALLOWED:
        assert statement.preference(NGT) is Preference.NOT_ALLOWED
    if attribution:
        assert statement.attribution


@QUICK
@given(choices.filter(lambda c: c.get(NGT) == c.get(GT)))
def test_a_choice_that_does_not_split_training_is_read_exactly(
    choice: dict[Purpose, Preference],
) -> None:
    if choice:
        statement = parse_token_json(
            write_preference(preference_of(choice), license_document="x"), "token.json"
        )
        assert statement is not None
        assert statement.preferences == choice


@QUICK
@given(uses, st.booleans())
def test_uses_are_written_and_read_alike_or_refused(
    chosen: dict[str, str], attribution: bool
) -> None:
    try:
        preference = build_preference(chosen, attribution=attribution)
        data = write_preference(chosen, attribution=attribution, license_document="ipfs://b")
    except KiyomeError:
        return
    statement = parse_token_json(data, "token.json")
    assert statement is not None
    assert statement.notes == ()
    for key, value in preference.items():
        for purpose in EXPANSIONS[key]:
            specific = key.startswith("aiGenerative") or purpose is not GT
            specific = specific or not any(k.startswith("aiGenerative") for k in preference)
            if specific:
                assert statement.preference(purpose) == value


@QUICK
@given(choices, st.booleans())
def test_the_plus_value_refuses_every_refusal_and_never_grants_more(
    choice: dict[Purpose, Preference], has_text: bool
) -> None:
    value = plus_value(choice, has_constraint_text=has_text)
    meaning = VALUES[value]
    for purpose in ALL_PURPOSES:
        if choice.get(purpose) is Preference.NOT_ALLOWED:
            assert meaning.get(purpose) is Preference.NOT_ALLOWED
        if meaning.get(purpose) is Preference.ALLOWED:
            assert choice.get(purpose) is Preference.ALLOWED


@QUICK
@given(choices.filter(bool))
def test_the_cawg_entries_mean_exactly_the_choice(choice: dict[Purpose, Preference]) -> None:
    entries = {f"cawg.{key}": {"use": use} for key, use in cawg_entries(choice).items()}
    preferences, _, sound, _ = read_entries({"entries": entries})
    assert (preferences, sound) == (choice, True)


@QUICK
@given(choices, st.sampled_from(list(Scheme)))
def test_a_signed_choice_means_what_the_unsigned_one_means(
    choice: dict[Purpose, Preference], scheme: Scheme
) -> None:
    try:
        preference = preference_of(choice)
    except KiyomeError:
        return
    plain = parse_token_json(write_preference(preference, license_document="x"), "token.json")
    statement = draft_statement(
        preference, 1_760_000_000, asset_cid="sha256:" + "ab" * 32, license_cid="bafkreia"
    )
    data = sign_statement(statement, preference, 1, KEY, scheme)
    [signed] = read_signed_document(data, "a.json", "ab" * 32)
    assert plain is not None
    assert (signed.preferences, signed.condition) == (plain.preferences, Condition.SOUND)


PICTURES = {kind: picture(kind) for kind in MIMES}
texts = st.text(st.characters(blacklist_categories=["Cc", "Cs"]), max_size=60)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(sorted(MIMES)), st.sampled_from(sorted(VALUES)), texts, texts)
def test_any_texts_are_written_into_xmp_and_the_value_is_read_back(
    kind: str, value: str, web_statement: str, constraints: str
) -> None:
    try:
        data = embed_plus(PICTURES[kind], value, web_statement, constraints)
    except KiyomeError:
        return
    [statement] = PlusCarrier().read(asset_of(data), data, lambda _: b"")
    assert statement.preferences == VALUES[value]
    with Image.open(io.BytesIO(data)) as image, Image.open(io.BytesIO(PICTURES[kind])) as before:
        assert image.tobytes() == before.tobytes()


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(sorted(MIMES)), st.data())
def test_a_damaged_image_is_refused_or_still_says_exactly_the_value(
    kind: str, data: st.DataObject
) -> None:
    body = bytearray(embed_plus(PICTURES[kind], "DMI-PROHIBITED"))
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(body[: data.draw(st.integers(len(body) // 2, len(body)))])
    try:
        written = embed_plus(cut, "DMI-ALLOWED")
    except KiyomeError:
        return
    [statement] = PlusCarrier().read(asset_of(written), written, lambda _: b"")
    assert statement.preferences == VALUES["DMI-ALLOWED"]


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=40), st.text(max_size=40))
def test_any_packet_is_merged_or_refused(attributes: str, elements: str) -> None:
    from models.consent.declaring.xmp_packet import Property, set_properties

    wanted = Property("http://a.example/", "B", "a", "c")
    packet = xmp(attributes, elements).encode("utf-8", "replace")
    try:
        merged = set_properties(packet, [wanted])
    except KiyomeError:
        return
    assert merged.count(b"http://a.example/") == 1
    assert len(merged) > len(packet) - 8
