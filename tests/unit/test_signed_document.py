"""Signed statements: what is proven, what is refused, and that refusals outlive both."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from models.consent.declaring.signing import SigningKey, draft_statement, sign_statement
from models.consent.purposes import ALL_PURPOSES, Preference, Purpose
from models.consent.signed.consent_statement import Scheme, digest_statement
from models.consent.signed.document import names_asset, read_signed_document, subjects_of
from models.consent.signed.parsing import parse_document
from models.consent.signed.recovery import SignatureError, recover_address
from models.consent.statements import Condition, Statement

ASSET = "ab" * 32
OTHER = "cd" * 32
KEY = SigningKey(b"\x21" * 32)
NOW = 1_760_000_000
GRANT = {"aiTraining": "allowed", "dataMining": "allowed"}
REFUSAL = {"aiGenerativeTraining": "notAllowed", "dataMining": "allowed"}
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


@pytest.fixture
def raised_recursion_limit() -> Iterator[None]:
    """What importing eth-account does to the whole process."""
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(100_000)
    yield
    sys.setrecursionlimit(before)


Change = Callable[[dict[str, Any]], None]


def signed(
    preference: dict[str, Any] = GRANT, scheme: Scheme = Scheme.EIP712, **fields: Any
) -> bytes:
    statement = draft_statement(
        preference,
        fields.pop("issued_at", NOW),
        **{"asset_cid": f"sha256:{ASSET}", "expires_at": NOW + 86_400, "nonce": 4, **fields},
    )
    return sign_statement(statement, preference, 1, KEY, scheme)


def changed(data: bytes, change: Change) -> bytes:
    document = json.loads(data)
    change(document)
    return json.dumps(document).encode()


def read(data: bytes, **arguments: Any) -> Statement:
    [statement] = read_signed_document(data, "a.consent.json", ASSET, **arguments)
    return statement


@pytest.mark.parametrize("scheme", list(Scheme))
def test_a_sound_statement_proves_its_signer_and_its_bytes(scheme: Scheme) -> None:
    statement = read(signed(scheme=scheme))
    assert statement.condition is Condition.SOUND
    assert statement.trust.levels == "L1+L2+L4"
    assert not statement.trust.may_grant
    assert (statement.carrier, statement.setter) == ("signed", KEY.address)
    assert (statement.issued_at, statement.expires_at) == (NOW, NOW + 86_400)
    assert statement.sequence == 4
    assert statement.preferences == {
        Purpose.DATA_MINING: Preference.ALLOWED,
        Purpose.NON_GENERATIVE_TRAINING: Preference.ALLOWED,
        Purpose.GENERATIVE_TRAINING: Preference.ALLOWED,
    }


def test_a_statement_about_other_bytes_is_not_bound() -> None:
    statement = read(signed(asset_cid=f"sha256:{OTHER}"))
    assert statement.condition is Condition.SOUND
    assert statement.trust.levels == "L1+L2"


def test_a_statement_that_names_only_a_token_is_not_bound() -> None:
    statement = read(signed(asset_cid="", contract_address="0x" + "c0" * 20, token_id=7))
    assert statement.trust.levels == "L1+L2"
    assert any("token 7" in note and "chain 1" in note for note in statement.notes)


def test_a_caller_decides_which_cids_name_the_bytes() -> None:
    data = signed(asset_cid="bafyanything")
    assert read(data, matches=lambda cid: cid == "bafyanything").trust.bound
    assert not read(data, matches=lambda cid: False).trust.bound


def test_the_cid_of_one_raw_block_names_its_bytes() -> None:
    cid = "f01551220" + ASSET
    assert names_asset(cid, ASSET)
    assert not names_asset(cid, OTHER)
    assert not names_asset("f01701220" + ASSET, ASSET)
    assert not names_asset("", "")


def test_the_subject_is_the_bytes_that_are_named() -> None:
    [by_digest] = subjects_of(parse_document(signed()))
    [by_cid] = subjects_of(parse_document(signed(asset_cid="f01551220" + ASSET)))
    assert str(by_digest) == str(by_cid) == f"sha256:{ASSET}"


FIELD_CHANGES: dict[str, Any] = {
    "assetCid": f"sha256:{OTHER}",
    "contractAddress": "0x" + "c1" * 20,
    "tokenId": "8",
    "licenseCid": "bafkreib",
    "issuedAt": NOW + 1,
    "expiresAt": NOW + 900_000,
    "nonce": 5,
    "preferenceHash": "0x" + "00" * 32,
}


@pytest.mark.parametrize("scheme", list(Scheme))
@pytest.mark.parametrize("field", sorted(FIELD_CHANGES))
def test_a_change_to_any_signed_field_is_seen(field: str, scheme: Scheme) -> None:
    data = changed(
        signed(REFUSAL, scheme), lambda d: d["statement"].update({field: FIELD_CHANGES[field]})
    )
    statement = read(data)
    assert statement.condition is Condition.TAMPERED
    assert statement.trust.levels == "L0"
    assert statement.setter == ""
    assert statement.preference(Purpose.GENERATIVE_TRAINING) is Preference.NOT_ALLOWED
    assert Preference.ALLOWED not in statement.preferences.values()


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.update(chainId=137),
        lambda d: d.update(scheme="eip191"),
        lambda d: d.update(signer="0x" + "11" * 20),
        lambda d: d.update(signer="0x" + "00" * 20),
        lambda d: d["preference"]["dataMiningPreference"].update(aiInference="allowed"),
        lambda d: d["preference"].update(dataMiningPreference=GRANT),
    ],
)
def test_a_change_around_the_fields_is_seen(change: Change) -> None:
    assert read(changed(signed(REFUSAL), change)).condition is Condition.TAMPERED


def test_a_refusal_that_was_turned_into_a_grant_grants_nothing() -> None:
    data = changed(signed(REFUSAL), lambda d: d["preference"].update(dataMiningPreference=GRANT))
    assert read(data).preferences == {}


def test_a_grant_that_was_turned_into_a_refusal_refuses() -> None:
    data = changed(
        signed(),
        lambda d: d["preference"].update(dataMiningPreference={"aiTraining": "notAllowed"}),
    )
    statement = read(data)
    assert statement.condition is Condition.TAMPERED
    assert statement.preference(Purpose.GENERATIVE_TRAINING) is Preference.NOT_ALLOWED


def altered_twin(signature: bytes) -> bytes:
    s = ORDER - int.from_bytes(signature[32:64], "big")
    return signature[:32] + s.to_bytes(32, "big") + bytes([55 - signature[64]])


def test_the_altered_twin_of_a_signature_is_refused() -> None:
    digest = b"\x07" * 32
    signature = KEY.sign(digest)
    assert recover_address(digest, signature) == KEY.address
    with pytest.raises(SignatureError, match="twin"):
        recover_address(digest, altered_twin(signature))


@pytest.mark.parametrize("v", [0, 1, 27, 28])
def test_each_spelling_of_the_recovery_id_is_read(v: int) -> None:
    digest = next(d for i in range(64) if KEY.sign(d := bytes([i]) * 32)[64] - 27 == v % 27)
    assert recover_address(digest, KEY.sign(digest)[:64] + bytes([v])) == KEY.address


@pytest.mark.parametrize(
    "signature",
    [
        b"",
        b"\0" * 65,
        KEY.sign(b"\x07" * 32)[:64],
        KEY.sign(b"\x07" * 32) + b"\0",
        KEY.sign(b"\x07" * 32)[:64] + b"\x02",
        KEY.sign(b"\x07" * 32)[:64] + b"\x25",
        b"\xff" * 64 + b"\x1b",
        ORDER.to_bytes(32, "big") + (1).to_bytes(32, "big") + b"\x1b",
        (1).to_bytes(32, "big") + b"\0" * 32 + b"\x1b",
        (5).to_bytes(32, "big") + (1).to_bytes(32, "big") + b"\x1b",
    ],
)
def test_what_is_no_signature_is_refused_with_a_reason(signature: bytes) -> None:
    with pytest.raises(SignatureError):
        recover_address(b"\x07" * 32, signature)


def test_a_damaged_signature_leaves_the_refusal() -> None:
    data = changed(signed(REFUSAL), lambda d: d.update(signature="0x" + "00" * 65))
    statement = read(data)
    assert statement.condition is Condition.TAMPERED
    assert statement.preference(Purpose.GENERATIVE_TRAINING) is Preference.NOT_ALLOWED


@pytest.mark.parametrize(
    "change",
    [
        lambda d: d.pop("signature"),
        lambda d: d.pop("statement"),
        lambda d: d.update(signature="0x"),
        lambda d: d.update(signature="0xabc"),
        lambda d: d.update(signature=7),
        lambda d: d.update(signature="0x" + "00" * 9000),
        lambda d: d.update(signer="Aoi"),
        lambda d: d.update(scheme="eip-712"),
        lambda d: d.update(scheme=["eip712"]),
        lambda d: d.update(chainId=0),
        lambda d: d.update(chainId=True),
        lambda d: d.update(chainId=1.0),
        lambda d: d.update(chainId="01"),
        lambda d: d.update(comment="not signed"),
        lambda d: d.update(license={"aiTraining": "allowed"}),
        lambda d: d.update(preference=[]),
        lambda d: d["preference"].update(miningPreference={}),
        lambda d: d["preference"].update(dataMiningPreference="aiTraining"),
        lambda d: d["statement"].pop("nonce"),
        lambda d: d["statement"].update(owner="me"),
        lambda d: d["statement"].update(tokenId=-1),
        lambda d: d["statement"].update(tokenId=str(2**256)),
        lambda d: d["statement"].update(issuedAt=2**64),
        lambda d: d["statement"].update(assetCid="a\nToken: 8"),
        lambda d: d["statement"].update(assetCid=None),
        lambda d: d["statement"].update(contractAddress="0xZZ"),
        lambda d: d["statement"].update(preferenceHash=""),
    ],
)
def test_what_is_not_of_the_form_is_malformed_and_keeps_its_refusal(change: Change) -> None:
    statement = read(changed(signed({"dataMining": "notAllowed"}), change))
    assert statement.condition is Condition.MALFORMED
    assert statement.trust.levels == "L0"
    assert statement.notes[0].startswith("The signed statement cannot be read")
    assert Preference.ALLOWED not in statement.preferences.values()


def test_a_malformed_statement_still_refuses() -> None:
    data = changed(signed(REFUSAL), lambda d: d.pop("signature"))
    assert read(data).preference(Purpose.GENERATIVE_TRAINING) is Preference.NOT_ALLOWED


@pytest.mark.parametrize(
    "again",
    [
        b'"signature": "0x00", ',
        b'"preference": {"dataMiningPreference": {}}, ',
        b'"kiyome": "consent-statement/1", ',
    ],
)
def test_a_key_that_stands_twice_is_malformed(again: bytes) -> None:
    data = b"{" + again + signed(REFUSAL).strip()[1:]
    statement = read(data)
    assert statement.condition is Condition.MALFORMED
    assert statement.preference(Purpose.GENERATIVE_TRAINING) is Preference.NOT_ALLOWED


def test_a_use_that_stands_twice_is_malformed_and_refuses() -> None:
    data = signed().replace(
        b'"aiTraining": "allowed"', b'"aiTraining": "notAllowed", "aiTraining": "allowed"'
    )
    statement = read(data)
    assert statement.condition is Condition.MALFORMED
    assert statement.preference(Purpose.GENERATIVE_TRAINING) is Preference.NOT_ALLOWED


def test_a_statement_that_is_cut_short_is_malformed_and_refuses() -> None:
    data = signed(REFUSAL)
    cut = data[: data.index(b'"signer"')]
    statement = read(cut)
    assert statement.condition is Condition.MALFORMED
    assert statement.preference(Purpose.GENERATIVE_TRAINING) is Preference.NOT_ALLOWED


def test_a_later_version_is_undetermined_and_refuses() -> None:
    data = changed(signed(REFUSAL), lambda d: d.update(kiyome="consent-statement/2"))
    statement = read(data)
    assert statement.condition is Condition.UNDETERMINED
    assert statement.preference(Purpose.GENERATIVE_TRAINING) is Preference.NOT_ALLOWED


@pytest.mark.parametrize(
    "data",
    [b"", b"null", b"[]", b"\xff\xfe", b"{" * 5000, b"[" * 100_000, b"7" * 5000, b'{"a":'],
)
def test_bytes_that_are_no_statement_are_malformed(data: bytes) -> None:
    assert read(data).condition is Condition.MALFORMED


@pytest.mark.usefixtures("raised_recursion_limit")
@pytest.mark.parametrize("opening", ["[", '{"a":'])
def test_nesting_that_would_exhaust_the_stack_is_malformed_and_refuses(opening: str) -> None:
    refusal = '{"dataMiningPreference": {"aiTraining": "notAllowed"}}'
    statement = read((refusal + opening * 150_000).encode())
    assert statement.condition is Condition.MALFORMED
    assert statement.preference(Purpose.GENERATIVE_TRAINING) is Preference.NOT_ALLOWED


def test_an_unknown_value_that_was_signed_refuses() -> None:
    statement = read(signed({"aiTraining": "maybe"}))
    assert statement.condition is Condition.SOUND
    assert statement.preference(Purpose.GENERATIVE_TRAINING) is Preference.NOT_ALLOWED


def test_a_value_that_is_no_text_is_malformed_although_it_was_signed() -> None:
    statement = read(signed({"aiTraining": True, "dataMining": "allowed"}))
    assert statement.condition is Condition.MALFORMED
    assert statement.preferences == {}


def raw(**fields: Any) -> bytes:
    """Signed with fields that the writer would refuse."""
    document = json.loads(signed())
    document["statement"] |= fields
    parsed = parse_document(json.dumps(document).encode())
    digest = digest_statement(parsed.statement, parsed.preference, 1, Scheme.EIP712)
    document["signature"] = "0x" + KEY.sign(digest).hex()
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    "fields",
    [
        {"issuedAt": 0},
        {"issuedAt": NOW * 1000},
        {"expiresAt": NOW},
        {"expiresAt": NOW - 1},
    ],
)
def test_times_that_make_no_sense_are_malformed(fields: dict[str, int]) -> None:
    statement = read(raw(**fields))
    assert statement.condition is Condition.MALFORMED
    assert statement.preferences == {}
    assert statement.expires_at is None or statement.issued_at is None


@pytest.mark.parametrize("end", [0, 2**64 - 1])
def test_no_end_and_an_end_beyond_all_time_leave_the_end_to_the_policy(end: int) -> None:
    statement = read(raw(expiresAt=end))
    assert statement.condition is Condition.SOUND
    assert statement.expires_at is None


def test_numbers_of_256_bits_do_not_break_what_is_stored() -> None:
    from models.canonical import canonical_json

    statement = read(raw(nonce=str(2**256 - 1), tokenId=str(2**256 - 1)))
    assert statement.condition is Condition.SOUND
    assert Statement.from_dict(json.loads(canonical_json(statement.as_dict()))) == statement


def test_only_the_licence_that_was_signed_counts() -> None:
    preference = {"aiTraining": "constrained"}
    data = signed(preference, license_cid="bafkreisigned")
    data = changed(data, lambda d: d.update(license={"document": "https://other.example"}))
    assert read(data).license_ref == "bafkreisigned"


def test_addresses_are_read_in_any_case() -> None:
    data = changed(signed(), lambda d: d.update(signer="0x" + d["signer"][2:].upper()))
    statement = read(data)
    assert (statement.condition, statement.setter) == (Condition.SOUND, KEY.address)


def test_a_statement_without_uses_says_nothing() -> None:
    statement = read(signed({}))
    assert statement.preferences == {}
    assert "it says nothing about any use" in statement.notes
    assert all(statement.preference(p) is Preference.UNKNOWN for p in ALL_PURPOSES)


def test_a_recovery_of_ones_own_may_answer_in_mixed_case() -> None:
    from eth_account import Account

    def recover(digest: bytes, signature: bytes) -> str:
        return str(Account._recover_hash(digest, signature=signature))

    assert read(signed(), recover=recover).condition is Condition.SOUND
