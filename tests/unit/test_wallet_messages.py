"""The message that a wallet signs (EIP-4361): written in one form, and read in that form only."""

from __future__ import annotations

from dataclasses import replace

import pytest
from eth_account.messages import _hash_eip191_message, encode_defunct

from models.errors import AccountError
from models.owners.wallet_messages import (
    WalletMessage,
    digest_message,
    parse_message,
    write_message,
)

MESSAGE = WalletMessage(
    domain="review.example",
    address="0x19e7e376e7c213b7e7e7e46cc70a5dd086daff2a",
    statement="Sign in to Kiyome as a rights owner. This costs nothing and moves nothing.",
    uri="https://review.example/sign-in/wallet",
    chain_id=1,
    nonce="0123456789abcdef0123456789abcdef",
    issued_at=1_900_000_000,
    expires_at=1_900_000_300,
)
TEXT = """\
review.example wants you to sign in with your Ethereum account:
0x19E7E376E7C213B7E7e7e46cc70A5dD086DAff2A

Sign in to Kiyome as a rights owner. This costs nothing and moves nothing.

URI: https://review.example/sign-in/wallet
Version: 1
Chain ID: 1
Nonce: 0123456789abcdef0123456789abcdef
Issued At: 2030-03-17T17:46:40Z
Expiration Time: 2030-03-17T17:51:40Z"""


def test_the_text_has_the_form_of_the_specification() -> None:
    assert write_message(MESSAGE) == TEXT


def test_what_was_written_is_read_back() -> None:
    assert parse_message(TEXT) == MESSAGE


def test_the_digest_is_that_of_a_personal_message() -> None:
    assert digest_message(TEXT) == _hash_eip191_message(encode_defunct(text=TEXT))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Version: 1", "Version: 2"),
        ("0x19E7", "0x19e7"),
        ("0x19E7", "0X19E7"),
        ("Chain ID: 1", "Chain ID: 01"),
        ("Chain ID: 1", "Chain ID: 0"),
        ("Chain ID: 1", "Chain ID: 9999999999999999"),
        ("Chain ID: 1", "Chain ID: １"),
        ("Nonce: 0123456789abcdef0123456789abcdef", "Nonce: short"),
        ("17:46:40Z", "17:46:40+00:00"),
        ("17:46:40Z", "17:46:40.5Z"),
        ("2030-03-17T17:46", "2030-02-30T17:46"),
        ("17:51:40Z", "17:46:40Z"),
        ("\n\nURI", "\nURI"),
        ("URI: https", "URI: javascript"),
        ("URI: ", "URI:  "),
        ("review.example wants", "https://review.example wants"),
        ("review.example wants", "review.example@evil.example wants"),
        ("Sign in to", "Sign in\nto"),
        ("Sign in to", "Anmelden für"),
        ("Issued At", "Not Before: 2030-03-17T17:46:40Z\nIssued At"),
    ],
)
def test_any_other_form_is_refused(old: str, new: str) -> None:
    assert old in TEXT
    with pytest.raises(AccountError):
        parse_message(TEXT.replace(old, new, 1))


@pytest.mark.parametrize("tail", ["\n", " ", "\r\n", "\nRequest ID: 1", "\nResources:\n- a"])
def test_nothing_may_follow(tail: str) -> None:
    with pytest.raises(AccountError):
        parse_message(TEXT + tail)


def test_windows_line_ends_are_refused() -> None:
    with pytest.raises(AccountError):
        parse_message(TEXT.replace("\n", "\r\n"))


@pytest.mark.parametrize(
    "change",
    [
        {"domain": "a b"},
        {"domain": "a\nb"},
        {"address": "0x12"},
        {"statement": ""},
        {"statement": "two\nlines"},
        {"uri": "https://a b"},
        {"chain_id": 0},
        {"nonce": "a-b-c-d-e"},
        {"expires_at": 1_900_000_000},
        {"issued_at": -1},
        {"expires_at": 10**12},
    ],
    ids=str,
)
def test_what_could_not_be_read_back_is_not_written(change: dict[str, object]) -> None:
    with pytest.raises(AccountError):
        write_message(replace(MESSAGE, **change))  # type: ignore[arg-type]
