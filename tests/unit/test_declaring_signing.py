"""Signing statements: keys stay secret, and nothing is signed that would not be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from models.consent.declaring.signing import (
    SigningKey,
    draft_statement,
    read_signing_key,
    sign_statement,
    write_document,
)
from models.consent.signed.consent_statement import Scheme
from models.consent.signed.document import read_signed_document
from models.consent.statements import Condition
from models.errors import KiyomeError

SECRET = bytes(range(1, 33))
KEY = SigningKey(SECRET)
PREFERENCE = {"aiTraining": "notAllowed"}
NOW = 1_760_000_000


def draft(**fields: Any) -> Any:
    return draft_statement(
        fields.pop("preference", PREFERENCE),
        fields.pop("issued_at", NOW),
        **{"asset_cid": "sha256:" + "ab" * 32, **fields},
    )


@pytest.fixture(scope="module")
def keystore() -> bytes:
    return json.dumps(Account.encrypt(SECRET, "secret", kdf="pbkdf2", iterations=1000)).encode()


def test_a_keystore_opens_with_its_password(tmp_path: Path, keystore: bytes) -> None:
    path = tmp_path / "keystore.json"
    path.write_bytes(keystore)
    assert read_signing_key(path, "secret") == KEY


@pytest.mark.parametrize("text", [SECRET.hex(), "0x" + SECRET.hex() + "\n", SECRET.hex().upper()])
def test_a_key_is_read_from_hex(tmp_path: Path, text: str) -> None:
    path = tmp_path / "key"
    path.write_text(text)
    assert read_signing_key(path).address == Account.from_key(SECRET).address.lower()


@pytest.mark.parametrize("password", [None, "", "wrong"])
def test_a_keystore_stays_shut_without_its_password(
    tmp_path: Path, keystore: bytes, password: str | None
) -> None:
    path = tmp_path / "keystore.json"
    path.write_bytes(keystore)
    with pytest.raises(KiyomeError):
        read_signing_key(path, password)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"hello",
        b"{",
        b"{}",
        b'{"version": 3}',
        b"0x12",
        b"{" + b" " * 70_000,
        b'{"a":' * 10_000,
        b"\xff",
    ],
)
def test_a_file_that_holds_no_key_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(content)
    with pytest.raises(KiyomeError):
        read_signing_key(path, "secret")


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KiyomeError, match="cannot be read"):
        read_signing_key(tmp_path / "nothing")


@pytest.mark.parametrize("secret", [b"", b"\0" * 32, b"\xff" * 32, b"\1" * 31, b"\1" * 33])
def test_bytes_that_are_no_key_are_refused(secret: bytes) -> None:
    with pytest.raises(KiyomeError):
        SigningKey(secret)


def test_a_key_does_not_print_itself() -> None:
    shown = f"{KEY!r} {KEY}"
    assert SECRET.hex() not in shown
    assert repr(SECRET) not in shown
    assert KEY.address in shown


@pytest.mark.parametrize("scheme", list(Scheme))
def test_the_same_statement_gives_the_same_file(scheme: Scheme) -> None:
    one, other = (sign_statement(draft(), PREFERENCE, 1, KEY, scheme) for _ in range(2))
    assert one == other
    assert SECRET.hex().encode() not in one


def test_a_statement_signed_in_a_wallet_can_be_written_down() -> None:
    signed = json.loads(sign_statement(draft(), PREFERENCE, 1, KEY))
    data = write_document(
        draft(),
        PREFERENCE,
        1,
        Account.from_key(SECRET).address,
        bytes.fromhex(signed["signature"][2:]),
        Scheme.EIP712,
        {"name": "none"},
    )
    [statement] = read_signed_document(data, "a.json", "ab" * 32)
    assert statement.condition is Condition.SOUND


def test_a_preference_other_than_the_drafted_is_not_signed() -> None:
    with pytest.raises(KiyomeError, match="another preference"):
        sign_statement(draft(), {"aiTraining": "allowed"}, 1, KEY)


@pytest.mark.parametrize(
    ("fields", "word"),
    [
        ({"asset_cid": ""}, "speaks of nothing"),
        ({"issued_at": 0}, "time of issue"),
        ({"issued_at": NOW * 1000}, "time of issue"),
        ({"expires_at": NOW}, "ends before"),
        ({"expires_at": NOW * 1000}, "ends before"),
        ({"preference": {"aiTraining": "constrained"}}, "licence"),
        ({"contract_address": "0x12"}, "contract_address"),
        ({"token_id": -1}, "token_id"),
        ({"nonce": 2**256}, "nonce"),
        ({"asset_cid": "two words"}, "asset_cid"),
        ({"preference": {"aiTraining": 2**60}}, "canonical JSON"),
        ({"preference": {"aiTraining": "\ud800"}}, "canonical JSON"),
    ],
)
def test_a_draft_that_would_not_be_read_is_refused(fields: dict[str, Any], word: str) -> None:
    with pytest.raises(KiyomeError, match=word):
        draft(**fields)
