"""Signing in with contract wallets (ERC-1271, ERC-6492), on real chains."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from eth_abi import encode

from models.owners.wallet_messages import WalletMessage, write_message
from models.owners.wallet_proofs import Failing, ask_contracts, find_failing
from tests.anvil import CHAIN, KEYS, Anvil, start_anvil
from tests.wallet_parts import OTHER_KEY, sign_text

SECOND = "eip155:31338"
NOWHERE = "0x" + "9" * 40


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    with start_anvil() as anvil:
        yield anvil


@pytest.fixture(scope="module")
def second() -> Iterator[Anvil]:
    with start_anvil("--chain-id", "31338") as anvil:
        yield anvil


def ask_for(address: str, chain_id: int = 31337) -> tuple[WalletMessage, str]:
    message = WalletMessage(
        "a.example", address, "s", "https://a.example", chain_id, "n" * 8, 0, 300
    )
    return message, write_message(message)


def deploy(chain: Anvil, account: int = 1, sender: int = 0) -> str:
    address = chain.deploy("contract_wallet", chain.accounts[account], sender=sender).address
    chain.finalize()
    return address


def failing_of(
    nodes: dict[str, str], address: str, key: str = KEYS[1], chain_id: int = 31337
) -> Failing | None:
    message, text = ask_for(address, chain_id)
    signature = bytes.fromhex(sign_text(text, key)[2:])
    return find_failing(message, text, signature, ask_contracts(nodes))


def test_a_contract_that_accepts_the_signature_is_proven(chain: Anvil) -> None:
    assert failing_of({CHAIN: chain.url}, deploy(chain)) is None


def test_a_contract_that_refuses_the_signature_is_not(chain: Anvil) -> None:
    address = deploy(chain)
    assert failing_of({CHAIN: chain.url}, address, OTHER_KEY) is Failing.NOT_SIGNED


def test_an_address_without_a_contract_signs_by_its_key_alone(chain: Anvil) -> None:
    assert failing_of({CHAIN: chain.url}, NOWHERE) is Failing.NOT_SIGNED


def test_a_contract_of_another_kind_accepts_nothing(chain: Anvil) -> None:
    address = chain.deploy("commit_registry").address
    chain.finalize()
    assert failing_of({CHAIN: chain.url}, address) is Failing.NOT_SIGNED


def test_a_wrapped_signature_of_a_deployed_wallet_is_unwrapped(chain: Anvil) -> None:
    address = deploy(chain)
    message, text = ask_for(address)
    inner = bytes.fromhex(sign_text(text, KEYS[1])[2:])
    wrapped = encode(["address", "bytes", "bytes"], [NOWHERE, b"", inner])
    signature = wrapped + bytes.fromhex("6492" * 16)
    check = ask_contracts({CHAIN: chain.url})
    assert find_failing(message, text, signature, check) is None


def test_a_wallet_that_is_not_deployed_yet_is_not_proven(chain: Anvil) -> None:
    message, text = ask_for(NOWHERE)
    inner = bytes.fromhex(sign_text(text, KEYS[1])[2:])
    wrapped = encode(["address", "bytes", "bytes"], [NOWHERE, b"", inner])
    signature = wrapped + bytes.fromhex("6492" * 16)
    check = ask_contracts({CHAIN: chain.url})
    assert find_failing(message, text, signature, check) is Failing.NOT_ASKED


def test_somebody_elses_contract_at_the_same_address_of_another_chain_proves_nothing(
    chain: Anvil, second: Anvil
) -> None:
    sender = 7  # it has sent nothing yet on either chain: both contracts get the same address
    owners, thiefs = deploy(chain, 1, sender), deploy(second, 2, sender)
    assert owners == thiefs
    nodes = {CHAIN: chain.url, SECOND: second.url}
    thief_key = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a"
    assert failing_of({SECOND: second.url}, thiefs, thief_key, 31338) is None
    assert failing_of(nodes, thiefs, thief_key, 31338) is Failing.ELSEWHERE


def test_chains_where_there_is_no_contract_have_no_say(chain: Anvil, second: Anvil) -> None:
    address = deploy(chain, 1, sender=8)
    assert failing_of({CHAIN: chain.url, SECOND: second.url}, address) is None


def test_a_chain_that_cannot_be_asked_might_refuse(chain: Anvil) -> None:
    nodes = {CHAIN: chain.url, SECOND: "http://127.0.0.1:9"}
    assert failing_of(nodes, deploy(chain)) is Failing.NOT_ASKED


def test_a_node_of_another_chain_is_not_believed(chain: Anvil) -> None:
    address = deploy(chain)
    assert failing_of({SECOND: chain.url}, address, chain_id=31338) is Failing.NOT_ASKED
