"""Signed statements: no change and no noise turns a refusal into a grant."""

from __future__ import annotations

import json
from typing import Any

from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from hypothesis import given, settings
from hypothesis import strategies as st

from models.canonical import canonical_json
from models.consent.declaring.signing import SigningKey, draft_statement, sign_statement
from models.consent.purposes import Preference
from models.consent.signed.consent_statement import (
    DOMAIN_NAME,
    DOMAIN_VERSION,
    PRIMARY_TYPE,
    TYPES,
    ConsentStatement,
    Scheme,
    describe_statement,
    digest_statement,
    hash_preference,
)
from models.consent.signed.document import read_signed_document
from models.consent.signed.parsing import is_signed_document
from models.consent.statements import Condition, Statement

QUICK = settings(max_examples=150, deadline=None)
ASSET = "ab" * 32
KEY = SigningKey(b"\x71" * 32)
REFERENCE = st.text("abcdefghijklmnopqrstuvwxyzABCXYZ0123456789:/._~?#=&%+,;@-", max_size=80)
PREFERENCES = st.dictionaries(st.text(max_size=12), st.text(max_size=12), max_size=5)

statements = st.builds(
    ConsentStatement,
    asset_cid=REFERENCE,
    contract_address=st.binary(min_size=20, max_size=20).map(lambda b: "0x" + b.hex()),
    token_id=st.integers(0, 2**256 - 1),
    preference_hash=st.binary(min_size=32, max_size=32).map(lambda b: "0x" + b.hex()),
    license_cid=REFERENCE,
    issued_at=st.integers(0, 2**64 - 1),
    expires_at=st.integers(0, 2**64 - 1),
    nonce=st.integers(0, 2**256 - 1),
)


@QUICK
@given(statements, st.integers(1, 2**53 - 1))
def test_every_typed_digest_is_the_one_of_eth_account(
    statement: ConsentStatement, chain_id: int
) -> None:
    message = encode_typed_data(
        full_message={
            "types": {
                name: [{"name": n, "type": t} for n, t in fields] for name, fields in TYPES.items()
            },
            "primaryType": PRIMARY_TYPE,
            "domain": {"name": DOMAIN_NAME, "version": DOMAIN_VERSION, "chainId": chain_id},
            "message": statement.as_message(),
        }
    )
    digest = digest_statement(statement, {}, chain_id, Scheme.EIP712)
    assert Account.recover_message(message, signature=KEY.sign(digest)).lower() == KEY.address


@QUICK
@given(statements, PREFERENCES, st.integers(1, 2**53 - 1))
def test_every_text_digest_is_the_one_of_eth_account(
    statement: ConsentStatement, preference: dict[str, str], chain_id: int
) -> None:
    message = encode_defunct(text=describe_statement(statement, preference, chain_id))
    digest = digest_statement(statement, preference, chain_id, Scheme.EIP191)
    assert Account.recover_message(message, signature=KEY.sign(digest)).lower() == KEY.address


@QUICK
@given(statements, statements, PREFERENCES, PREFERENCES)
def test_different_statements_never_share_a_text(
    one: ConsentStatement, other: ConsentStatement, mine: dict[str, str], yours: dict[str, str]
) -> None:
    same = (one, mine) == (other, yours)
    assert (describe_statement(one, mine, 1) == describe_statement(other, yours, 1)) is same


def document_of(preference: dict[str, Any], scheme: Scheme) -> bytes:
    statement = draft_statement(preference, 1_760_000_000, asset_cid=f"sha256:{ASSET}", nonce=2)
    return sign_statement(statement, preference, 1, KEY, scheme)


REFUSING = {scheme: document_of({"aiTraining": "notAllowed"}, scheme) for scheme in Scheme}
GRANTING = {scheme: document_of({"aiTraining": "allowed"}, scheme) for scheme in Scheme}


def read(data: bytes) -> Statement:
    [statement] = read_signed_document(data, "a.json", ASSET)
    assert Statement.from_dict(json.loads(canonical_json(statement.as_dict()))) == statement
    return statement


def is_proven_grant(statement: Statement) -> bool:
    return statement.condition is Condition.SOUND and (
        Preference.ALLOWED in statement.preferences.values()
    )


@QUICK
@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    is_signed_document(data)
    assert not is_proven_grant(read(data))


@QUICK
@given(st.sampled_from(list(Scheme)), st.data())
def test_a_changed_byte_never_turns_a_refusal_into_a_grant(scheme: Scheme, data: Any) -> None:
    body = bytearray(REFUSING[scheme])
    for _ in range(data.draw(st.integers(1, 3))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    statement = read(bytes(body))
    assert Preference.ALLOWED not in statement.preferences.values()


@QUICK
@given(st.sampled_from(list(Scheme)), st.integers(0, 10**6), st.integers(0, 7))
def test_a_flipped_bit_leaves_a_grant_whole_or_grants_nothing(
    scheme: Scheme, place: int, bit: int
) -> None:
    whole = GRANTING[scheme]
    body = bytearray(whole)
    body[place % len(body)] ^= 1 << bit
    statement = read(bytes(body))
    if is_proven_grant(statement):
        before = read(whole)
        assert (statement.setter, statement.preferences, statement.trust) == (
            before.setter,
            before.preferences,
            before.trust,
        )
        assert (statement.issued_at, statement.expires_at, statement.sequence) == (
            before.issued_at,
            before.expires_at,
            before.sequence,
        )


@QUICK
@given(st.sampled_from(list(Scheme)), st.integers(0, 64), st.integers(1, 255))
def test_no_other_signature_is_accepted(scheme: Scheme, place: int, change: int) -> None:
    document = json.loads(GRANTING[scheme])
    signature = bytearray.fromhex(document["signature"][2:])
    signature[place] ^= change
    document["signature"] = "0x" + signature.hex()
    statement = read(json.dumps(document).encode())
    other_spelling = (
        place == 64
        and signature[64] in (0, 1)
        and (signature[64] == bytes.fromhex(json.loads(GRANTING[scheme])["signature"][2:])[64] - 27)
    )
    assert is_proven_grant(statement) is other_spelling


@QUICK
@given(st.integers(0, 5000))
def test_a_document_that_is_cut_short_grants_nothing(length: int) -> None:
    for data in (*GRANTING.values(), *REFUSING.values()):
        if length < len(data.rstrip()):
            assert not is_proven_grant(read(data[:length]))


@QUICK
@given(PREFERENCES)
def test_the_hash_tells_preferences_apart(preference: dict[str, str]) -> None:
    changed = {**preference, "aiTraining": preference.get("aiTraining", "") + "x"}
    assert hash_preference(preference) != hash_preference(changed)
