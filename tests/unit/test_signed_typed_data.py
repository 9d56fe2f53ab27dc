"""EIP-712 and EIP-191 digests: the published example, and eth-account's own code."""

from __future__ import annotations

import pytest
from eth_account import Account
from eth_account.messages import encode_defunct, encode_typed_data
from eth_hash.auto import keccak

from models.consent.declaring.signing import SigningKey
from models.consent.signed.consent_statement import (
    DOMAIN_NAME,
    DOMAIN_VERSION,
    PRIMARY_TYPE,
    TYPES,
    ConsentStatement,
    Scheme,
    StatementError,
    describe_statement,
    digest_statement,
    hash_preference,
)
from models.consent.signed.recovery import recover_address
from models.consent.signed.typed_data import (
    TypedDataError,
    encode_type,
    hash_struct,
    hash_typed_data,
)

MAIL_TYPES = {
    "EIP712Domain": [
        ("name", "string"),
        ("version", "string"),
        ("chainId", "uint256"),
        ("verifyingContract", "address"),
    ],
    "Person": [("name", "string"), ("wallet", "address")],
    "Mail": [("from", "Person"), ("to", "Person"), ("contents", "string")],
}
MAIL_DOMAIN = {
    "name": "Ether Mail",
    "version": "1",
    "chainId": 1,
    "verifyingContract": "0xCcCCccccCCCCcCCCCCCcCcCccCcCCCcCcccccccC",
}
MAIL = {
    "from": {"name": "Cow", "wallet": "0xCD2a3d9F938E13CD947Ec05AbC7FE734Df8DD826"},
    "to": {"name": "Bob", "wallet": "0xbBbBBBBbbBBBbbbBbbBbbbbBBbBbbbbBbBbbBBbB"},
    "contents": "Hello, Bob!",
}
PREFERENCE = {"aiTraining": "notAllowed", "dataMining": "allowed"}
STATEMENT = ConsentStatement(
    asset_cid="sha256:" + "ab" * 32,
    contract_address="0x" + "c0" * 20,
    token_id=2**255 + 7,
    preference_hash=hash_preference(PREFERENCE),
    license_cid="ipfs://bafkreia/licence.txt",
    issued_at=1_760_000_000,
    expires_at=1_790_000_000,
    nonce=3,
)


def test_the_published_mail_example_has_its_published_hashes() -> None:
    assert encode_type(MAIL_TYPES, "Mail") == (
        "Mail(Person from,Person to,string contents)Person(string name,address wallet)"
    )
    assert hash_struct(MAIL_TYPES, "EIP712Domain", MAIL_DOMAIN).hex() == (
        "f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f"
    )
    assert hash_struct(MAIL_TYPES, "Mail", MAIL).hex() == (
        "c52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e"
    )
    assert hash_typed_data(MAIL_TYPES, "Mail", MAIL_DOMAIN, MAIL).hex() == (
        "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2"
    )


def test_the_published_mail_example_is_signed_by_its_published_address() -> None:
    digest = hash_typed_data(MAIL_TYPES, "Mail", MAIL_DOMAIN, MAIL)
    cow = SigningKey(keccak(b"cow"))
    assert cow.sign(digest).hex() == (
        "4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d"
        "07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b915621c"
    )
    assert recover_address(digest, cow.sign(digest)) == cow.address
    assert cow.address == "0xcd2a3d9f938e13cd947ec05abc7fe734df8dd826"


def test_a_typed_statement_is_signed_as_eth_account_signs_it() -> None:
    key = SigningKey(b"\x11" * 32)
    message = encode_typed_data(
        full_message={
            "types": {
                name: [{"name": n, "type": t} for n, t in fields] for name, fields in TYPES.items()
            },
            "primaryType": PRIMARY_TYPE,
            "domain": {"name": DOMAIN_NAME, "version": DOMAIN_VERSION, "chainId": 137},
            "message": STATEMENT.as_message(),
        }
    )
    digest = digest_statement(STATEMENT, PREFERENCE, 137, Scheme.EIP712)
    theirs = Account.sign_message(message, key.secret)
    assert theirs.message_hash == digest
    assert bytes(theirs.signature) == key.sign(digest)


def test_a_text_statement_is_signed_as_eth_account_signs_it() -> None:
    key = SigningKey(b"\x12" * 32)
    text = describe_statement(STATEMENT, PREFERENCE, 137)
    digest = digest_statement(STATEMENT, PREFERENCE, 137, Scheme.EIP191)
    theirs = Account.sign_message(encode_defunct(text=text), key.secret)
    assert theirs.message_hash == digest
    assert bytes(theirs.signature) == key.sign(digest)


def test_the_text_shows_every_field() -> None:
    assert describe_statement(STATEMENT, PREFERENCE, 137).splitlines()[3:] == [
        f"Asset: {STATEMENT.asset_cid}",
        f"Contract: {STATEMENT.contract_address}",
        f"Token: {STATEMENT.token_id}",
        'Preference: {"aiTraining":"notAllowed","dataMining":"allowed"}',
        f"Preference hash: {STATEMENT.preference_hash}",
        f"License: {STATEMENT.license_cid}",
        "Issued at: 1760000000",
        "Expires at: 1790000000",
        "Nonce: 3",
        "Chain: 137",
    ]


def test_the_preference_hash_does_not_depend_on_the_order_of_keys() -> None:
    assert hash_preference(PREFERENCE) == hash_preference(dict(reversed(PREFERENCE.items())))
    assert hash_preference({"aiTraining": "allowed"}) == (
        "0x" + keccak(b'{"aiTraining":"allowed"}').hex()
    )


@pytest.mark.parametrize("text", ["a b", "a\nToken: 8", "(none)", "\u202ecid", "a" * 513])
def test_a_reference_that_could_pass_for_another_line_is_refused(text: str) -> None:
    with pytest.raises(StatementError):
        ConsentStatement(text, "0x" + "0" * 40, 0, "0x" + "0" * 64, "", 1, 0, 0)


@pytest.mark.parametrize("chain_id", [0, -1, True, 2**53])
def test_there_is_no_digest_for_a_chain_that_cannot_be(chain_id: int) -> None:
    with pytest.raises(StatementError):
        digest_statement(STATEMENT, PREFERENCE, chain_id, Scheme.EIP712)


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("uint8", 256),
        ("uint8", -1),
        ("int8", 128),
        ("uint256", "1"),
        ("uint256", True),
        ("bool", 1),
        ("bytes32", b"short"),
        ("bytes33", b"x" * 33),
        ("address", "0x12"),
        ("string", b"bytes"),
        ("string", "\ud800"),
        ("uint256[]", [1]),
        ("Unknown", {}),
    ],
)
def test_a_value_that_is_not_of_its_type_is_refused(kind: str, value: object) -> None:
    with pytest.raises(TypedDataError):
        hash_struct({"T": [("field", kind)]}, "T", {"field": value})


def test_a_field_that_is_missing_is_refused() -> None:
    with pytest.raises(TypedDataError):
        hash_struct({"T": [("field", "bool")]}, "T", {})
