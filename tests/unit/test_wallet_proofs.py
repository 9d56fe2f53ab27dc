"""Whether a wallet signed: by its key, or by its contract's word."""

from __future__ import annotations

import pytest

from models.consent.signed.recovery import recover_address
from models.owners.wallet_messages import WalletMessage, digest_message, write_message
from models.owners.wallet_proofs import (
    MAX_SIGNATURE,
    CheckContract,
    Failing,
    ask_contracts,
    find_failing,
    parse_signature,
)
from tests.wallet_parts import ADDRESS, OTHER_KEY, sign_text

MESSAGE = WalletMessage("a.example", ADDRESS, "s", "https://a.example", 5, "n" * 8, 0, 300)
TEXT = write_message(MESSAGE)
SIGNATURE = bytes.fromhex(sign_text(TEXT)[2:])
FOREIGN = bytes.fromhex(sign_text(TEXT, OTHER_KEY)[2:])
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141


def answering(answer: Failing | None, asked: list[tuple[int, str, bytes, bytes]]) -> CheckContract:
    def check(chain_id: int, address: str, digest: bytes, signature: bytes) -> Failing | None:
        asked.append((chain_id, address, digest, signature))
        return answer

    return check


def test_a_key_needs_no_chain() -> None:
    asked: list[tuple[int, str, bytes, bytes]] = []
    assert find_failing(MESSAGE, TEXT, SIGNATURE, answering(Failing.NO_CHAIN, asked)) is None
    assert asked == []


def test_hardware_wallets_that_count_from_zero_are_understood() -> None:
    counted = SIGNATURE[:64] + bytes([SIGNATURE[64] - 27])
    assert find_failing(MESSAGE, TEXT, counted, answering(Failing.NO_CHAIN, [])) is None


def test_a_contract_is_asked_about_exactly_what_was_signed_on_the_chain_that_is_named() -> None:
    asked: list[tuple[int, str, bytes, bytes]] = []
    assert find_failing(MESSAGE, TEXT, FOREIGN, answering(None, asked)) is None
    assert asked == [(5, ADDRESS, digest_message(TEXT), FOREIGN)]


def test_a_contract_decides_what_its_signatures_look_like() -> None:
    assert find_failing(MESSAGE, TEXT, b"\x01", answering(None, [])) is None


@pytest.mark.parametrize("failing", list(Failing), ids=str)
def test_what_the_chain_answers_is_passed_on(failing: Failing) -> None:
    assert find_failing(MESSAGE, TEXT, b"\x01" * 130, answering(failing, [])) is failing


def test_a_keys_wrong_signature_is_not_blamed_on_a_missing_chain() -> None:
    failing = find_failing(MESSAGE, TEXT, FOREIGN, answering(Failing.NO_CHAIN, []))
    assert failing is Failing.NOT_SIGNED


def test_the_altered_twin_of_a_signature_is_not_taken() -> None:
    s = ORDER - int.from_bytes(SIGNATURE[32:64], "big")
    twin = SIGNATURE[:32] + s.to_bytes(32, "big") + bytes([55 - SIGNATURE[64]])
    assert recover_address(digest_message(TEXT), SIGNATURE) == ADDRESS
    failing = find_failing(MESSAGE, TEXT, twin, answering(Failing.NO_CHAIN, []))
    assert failing is Failing.NOT_SIGNED


def test_a_chain_that_is_not_configured_is_not_asked() -> None:
    check = ask_contracts({"eip155:1": "http://127.0.0.1:9"})
    assert check(5, ADDRESS, b"d" * 32, b"s") is Failing.NO_CHAIN


def test_a_chain_that_does_not_answer_proves_nothing() -> None:
    check = ask_contracts({"eip155:5": "http://127.0.0.1:9"})
    assert check(5, ADDRESS, b"d" * 32, b"s") is Failing.NOT_ASKED


@pytest.mark.parametrize("given", ["0x1234", "1234", " 0x12\n 34 ", "0X1234"])
def test_signatures_are_read_as_tools_print_them(given: str) -> None:
    assert parse_signature(given) == b"\x12\x34"


@pytest.mark.parametrize(
    "given", ["", "0x", "0x123", "xyz", "0x12g4", "{}", "0x" + "00" * (MAX_SIGNATURE + 1)]
)
def test_what_is_no_hex_is_no_signature(given: str) -> None:
    assert parse_signature(given) is None
