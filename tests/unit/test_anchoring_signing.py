"""Who signs: key files, external signers that are not trusted, and a variable for trying."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from eth_account import Account

from models.consent.chain.answers import Answer, Refused, Result
from models.errors import LedgerError
from models.ledger.chain.signing import (
    KEY_VARIABLE,
    ExternalSigner,
    LocalSigner,
    Signed,
    Unsigned,
    check_signed,
    open_signer,
)
from models.settings import Settings
from tests.anvil import KEYS

KEY = bytes.fromhex(KEYS[0][2:])
ADDRESS = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"
UNSIGNED = Unsigned(31337, 3, "0x" + "12" * 20, b"\x01\x02", 84_000, 21 * 10**9, 10**9)


class _Signer:
    """Stands for an external signer: it answers what it is told to."""

    name = "signer.test"

    def __init__(self, accounts: object, answer: Answer | None = None) -> None:
        self.accounts = accounts
        self.answer = answer
        self.asked: list[Any] = []

    def ask(self, method: str, *parameters: Any) -> Answer:
        self.asked.append((method, *parameters))
        if method == "eth_accounts":
            return Result(self.accounts)
        assert self.answer is not None
        return self.answer

    def close(self) -> None:
        pass


@pytest.fixture
def keystore(tmp_path: Path) -> Path:
    """A key file; few rounds, so that no test waits for it."""
    path = tmp_path / "key.json"
    path.write_text(json.dumps(Account.encrypt(KEY, "secret words", kdf="pbkdf2", iterations=2)))
    path.chmod(0o600)
    return path


def _settings(keystore: Path, password: str = "secret words", mode: int = 0o600) -> Settings:
    file = keystore.parent / "password"
    file.write_text(password + "\n")
    file.chmod(mode)
    return Settings(ledger_keystore=keystore, ledger_keystore_password_file=file)


def test_a_key_file_opens_with_the_password_from_its_file(keystore: Path) -> None:
    assert open_signer(_settings(keystore)).address == ADDRESS


def test_a_key_file_is_opened_once_a_process(keystore: Path) -> None:
    assert open_signer(_settings(keystore)) is open_signer(_settings(keystore))


def test_a_person_is_asked_where_there_is_no_password_file(keystore: Path) -> None:
    settings = Settings(ledger_keystore=keystore)
    assert open_signer(settings, ask_password=lambda: "secret words").address == ADDRESS


def test_without_anybody_to_ask_the_setting_is_named(keystore: Path) -> None:
    with pytest.raises(LedgerError, match="Set ledger_keystore_password_file"):
        open_signer(Settings(ledger_keystore=keystore))


def test_a_wrong_password_is_told_without_repeating_it(keystore: Path) -> None:
    with pytest.raises(LedgerError, match="the password is wrong") as caught:
        open_signer(_settings(keystore, "not these words"))
    assert "not these words" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_key_file_that_others_can_read_is_refused(keystore: Path) -> None:
    keystore.chmod(0o644)
    with pytest.raises(LedgerError, match=r"key file .* can be read by others"):
        open_signer(_settings(keystore))


def test_a_password_file_that_others_can_read_is_refused(keystore: Path) -> None:
    with pytest.raises(LedgerError, match="can be read by others"):
        open_signer(_settings(keystore, mode=0o644))


def test_a_key_in_the_environment_is_used_with_a_loud_warning(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(KEY_VARIABLE, KEYS[0])
    with pytest.warns(UserWarning, match="every program of this user can read it") as heard:
        assert open_signer(Settings()).address == ADDRESS
    assert KEYS[0][2:] not in str(heard[0].message)


def test_a_damaged_key_is_never_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(KEY_VARIABLE, "0xabcdef")
    with pytest.warns(UserWarning, match=KEY_VARIABLE), pytest.raises(LedgerError) as caught:
        open_signer(Settings())
    assert "abcdef" not in str(caught.value)


def test_no_key_stands_in_a_representation() -> None:
    assert KEYS[0][2:] not in repr(LocalSigner.of(KEY))
    assert str(KEY) not in repr(LocalSigner.of(KEY))


def test_no_account_at_all_names_the_settings() -> None:
    with pytest.raises(LedgerError, match="Set ledger_keystore or ledger_signer"):
        open_signer(Settings())


@pytest.mark.parametrize("wrapped", [True, False])
def test_an_external_signer_may_answer_in_both_usual_forms(wrapped: bool) -> None:
    signed = LocalSigner.of(KEY).sign(UNSIGNED)
    raw = "0x" + signed.raw.hex()
    signer = ExternalSigner(_Signer([ADDRESS], Result({"raw": raw, "tx": {}} if wrapped else raw)))
    assert signer.sign(UNSIGNED) == signed


@pytest.mark.parametrize(
    "changed",
    [
        replace(UNSIGNED, nonce=4),
        replace(UNSIGNED, to="0x" + "13" * 20),
        replace(UNSIGNED, to=None),
        replace(UNSIGNED, data=b"\x01\x03"),
        replace(UNSIGNED, gas=84_001),
        replace(UNSIGNED, max_fee=22 * 10**9),
        replace(UNSIGNED, tip=2 * 10**9),
        replace(UNSIGNED, chain_id=1),
    ],
)
def test_a_signer_that_signs_something_else_is_found_out(changed: Unsigned) -> None:
    signed = LocalSigner.of(KEY).sign(changed)
    with pytest.raises(LedgerError, match="signed something else"):
        check_signed(signed.raw, UNSIGNED, ADDRESS)


def test_a_signer_that_sends_money_along_is_found_out() -> None:
    fields = UNSIGNED.fields() | {"value": 1}
    raw = bytes(Account.from_key(KEY).sign_transaction(fields).raw_transaction)
    with pytest.raises(LedgerError, match="signed something else"):
        check_signed(raw, UNSIGNED, ADDRESS)


def test_a_signer_that_uses_another_account_is_found_out() -> None:
    signed: Signed = LocalSigner.of(bytes.fromhex(KEYS[1][2:])).sign(UNSIGNED)
    with pytest.raises(LedgerError, match="signed something else"):
        check_signed(signed.raw, UNSIGNED, ADDRESS)


@pytest.mark.parametrize("raw", [b"", b"\x02", b"\x02\xf8\x00", b"\xf8" * 40, bytes(100)])
def test_an_answer_that_is_no_transaction_is_refused(raw: bytes) -> None:
    with pytest.raises(LedgerError, match="not a signed EIP-1559 transaction"):
        check_signed(raw, UNSIGNED, ADDRESS)


def test_a_signer_that_refuses_is_quoted() -> None:
    signer = ExternalSigner(_Signer([ADDRESS], Refused(-32000, "Request denied")))
    with pytest.raises(LedgerError, match="does not sign: Request denied"):
        signer.sign(UNSIGNED)


def test_of_several_accounts_the_operator_is_taken() -> None:
    other = "0x" + "2" * 40
    assert ExternalSigner(_Signer([other, ADDRESS]), ADDRESS).address == ADDRESS
    with pytest.raises(LedgerError, match="holds 2 accounts"):
        ExternalSigner(_Signer([other, ADDRESS]), "0x" + "3" * 40)
