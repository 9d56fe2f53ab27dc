"""Committing to a chain, and contract wallets on one: a real node and real contracts."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from eth_abi import encode
from eth_account import Account
from eth_hash.auto import keccak
from web3 import Web3
from web3.exceptions import ContractLogicError, Web3Exception

from models.consent.declaring.commit import (
    COMMIT_SELECTOR,
    MAX_COMMIT_BYTES,
    encode_commit,
    send_commit,
    write_commit_data,
)
from models.consent.declaring.signing import SigningKey, draft_statement, write_document
from models.consent.eip7517 import parse_token_json
from models.consent.purposes import Preference, Purpose
from models.consent.signed.consent_statement import Scheme, digest_statement
from models.consent.signed.document import read_signed_document
from models.consent.signed.erc1271 import contract_check
from models.consent.statements import Condition
from models.errors import KiyomeError

CHAIN_ID = 31337
CID = "bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy"
REGISTRY = """
# pragma version ^0.4.0

event Commit:
    recorder: indexed(address)
    assetCid: indexed(String[512])
    commitData: String[24576]

@external
def commit(assetCid: String[512], commitData: String[24576]):
    assert len(assetCid) != 5
    log Commit(recorder=msg.sender, assetCid=assetCid, commitData=commitData)
"""
WALLET = """
# pragma version ^0.4.0

owner: address

@deploy
def __init__(owner: address):
    self.owner = owner

@external
@view
def isValidSignature(digest: bytes32, signature: Bytes[65]) -> bytes4:
    assert len(signature) == 65
    r: uint256 = convert(slice(signature, 0, 32), uint256)
    s: uint256 = convert(slice(signature, 32, 32), uint256)
    v: uint256 = convert(slice(signature, 64, 1), uint256)
    if ecrecover(digest, v, r, s) == self.owner:
        return 0x1626ba7e
    return 0xffffffff
"""


def find_anvil() -> str | None:
    local = Path(__file__).resolve().parents[2] / "node_modules" / ".bin" / "anvil"
    given = os.environ.get("KIYOME_ANVIL") or shutil.which("anvil")
    return given or (str(local) if local.is_file() else None)


@pytest.fixture(scope="module")
def web3() -> Iterator[Web3]:
    anvil = find_anvil()
    if anvil is None:
        pytest.skip("anvil is not here: set KIYOME_ANVIL, or put it on PATH")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = subprocess.Popen(
        [anvil, "--port", str(port), "--chain-id", str(CHAIN_ID), "--silent"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    client = Web3(Web3.HTTPProvider(f"http://127.0.0.1:{port}"))
    try:
        deadline = time.monotonic() + 20
        while not client.is_connected():
            assert process.poll() is None, "anvil ended"
            assert time.monotonic() < deadline, "anvil does not answer"
            time.sleep(0.05)
        yield client
    finally:
        process.terminate()
        process.wait(timeout=40)


def deploy(web3: Web3, source: str, *arguments: Any) -> str:
    vyper = pytest.importorskip("vyper")
    out = vyper.compile_code(source, output_formats=["abi", "bytecode"])
    contract = web3.eth.contract(abi=out["abi"], bytecode=out["bytecode"])
    sent = contract.constructor(*arguments).transact({"from": web3.eth.accounts[0]})
    address = web3.eth.wait_for_transaction_receipt(sent)["contractAddress"]
    assert address is not None
    return str(address)


@pytest.fixture(scope="module")
def registry(web3: Web3) -> str:
    return deploy(web3, REGISTRY)


@pytest.fixture(scope="module")
def owner(web3: Web3) -> Any:
    account = Account.from_key(b"\x51" * 32)
    sent = web3.eth.send_transaction(
        {"from": web3.eth.accounts[0], "to": account.address, "value": web3.to_wei(1, "ether")}
    )
    web3.eth.wait_for_transaction_receipt(sent)
    return account


DATA = write_commit_data({"aiTraining": "notAllowed"})


def test_a_commit_stands_in_a_block_with_its_event(web3: Web3, registry: str, owner: Any) -> None:
    receipt = send_commit(web3, owner, registry, CID, DATA)
    [log] = web3.eth.get_transaction_receipt(receipt.transaction_hash)["logs"]
    assert log["topics"][0].hex() == (
        "39b5d1808997c4c413695960efbe703ad3d5c8982d2eb21ff57b01e22a671532"
    )
    assert bytes(log["topics"][1])[12:].hex() == owner.address[2:].lower()
    assert bytes(log["topics"][2]) == keccak(CID.encode())
    assert log["blockNumber"] == receipt.block_number
    assert "0x" + log["blockHash"].hex() == receipt.block_hash
    said = web3.codec.decode(["string"], log["data"])[0]
    statement = parse_token_json(said.encode(), "commit")
    assert statement is not None
    assert statement.preference(Purpose.GENERATIVE_TRAINING) is Preference.NOT_ALLOWED


def test_a_registry_that_refuses_is_reported(web3: Web3, registry: str, owner: Any) -> None:
    with pytest.raises(KiyomeError, match="was not sent"):
        send_commit(web3, owner, registry, "abcde", DATA)


def test_an_account_without_funds_is_reported(web3: Web3, registry: str) -> None:
    with pytest.raises(KiyomeError, match="was not sent"):
        send_commit(web3, Account.create(), registry, CID, DATA)


@pytest.mark.parametrize("address", ["0x" + "12" * 20, "0x12", "registry"])
def test_an_address_without_a_registry_is_reported(web3: Web3, owner: Any, address: str) -> None:
    with pytest.raises(KiyomeError):
        send_commit(web3, owner, address, CID, DATA)


def test_a_chain_that_cannot_be_reached_is_reported(owner: Any) -> None:
    away = Web3(Web3.HTTPProvider("http://127.0.0.1:1"))
    with pytest.raises(KiyomeError, match="was not sent"):
        send_commit(away, owner, "0x" + "12" * 20, CID, DATA)


def test_a_block_that_does_not_come_in_time_is_reported(
    web3: Web3, registry: str, owner: Any
) -> None:
    web3.provider.make_request("evm_setAutomine", [False])
    try:
        with pytest.raises(KiyomeError, match="not seen in a block") as caught:
            send_commit(web3, owner, registry, CID, DATA, timeout_s=0.2)
        assert "0x" in caught.value.problem
    finally:
        web3.provider.make_request("evm_setAutomine", [True])
        web3.provider.make_request("evm_mine", [])


def test_the_call_data_is_encoded_as_the_abi_says() -> None:
    for cid, data in ((CID, DATA), ("Qm" + "a" * 44, ""), ("x" * 32, "愛" * 40)):
        assert encode_commit(cid, data) == COMMIT_SELECTOR + encode(
            ["string", "string"], [cid, data]
        )


@pytest.mark.parametrize("cid", ["", "two words", "b\n", "愛"])
def test_what_is_no_cid_is_not_committed(cid: str) -> None:
    with pytest.raises(KiyomeError, match="CID"):
        encode_commit(cid, DATA)


def test_more_than_a_block_should_hold_is_not_committed() -> None:
    with pytest.raises(KiyomeError, match="more to commit"):
        encode_commit(CID, "x" * MAX_COMMIT_BYTES)


def test_the_preference_is_committed_in_place_and_compact() -> None:
    assert DATA == '{"dataMiningPreference":{"aiTraining":"notAllowed"}}'


@pytest.mark.parametrize("preference", [{}, {"aiTraining": 1}, {"x": "y"}, {"aiTraining": {1}}])
def test_a_preference_that_says_nothing_is_not_committed(preference: dict[str, Any]) -> None:
    with pytest.raises(KiyomeError, match="preference"):
        write_commit_data(preference)


class ChainCalls:
    """The calls of one real chain."""

    def __init__(self, web3: Web3) -> None:
        self.web3 = web3

    def call(self, to: str, data: bytes, block: str) -> bytes:
        return bytes(
            self.web3.eth.call({"to": self.web3.to_checksum_address(to), "data": data}, block)
        )


def test_a_real_contract_wallet_proves_its_statement(web3: Web3) -> None:
    key = SigningKey(b"\x61" * 32)
    wallet = deploy(web3, WALLET, web3.to_checksum_address(key.address))
    preference = {"aiTraining": "allowed"}
    statement = draft_statement(preference, 1_760_000_000, asset_cid="sha256:" + "ab" * 32)
    digest = digest_statement(statement, preference, CHAIN_ID, Scheme.EIP712)
    check = contract_check(
        {CHAIN_ID: ChainCalls(web3)}, Web3Exception, ContractLogicError, "latest"
    )

    def condition_of(signature: bytes, signer: str = wallet) -> Condition:
        data = write_document(statement, preference, CHAIN_ID, signer, signature, Scheme.EIP712)
        [said] = read_signed_document(data, "a.json", "ab" * 32, check_contract_signature=check)
        return said.condition

    assert condition_of(key.sign(digest)) is Condition.SOUND
    assert condition_of(SigningKey(b"\x62" * 32).sign(digest)) is Condition.TAMPERED
    assert condition_of(b"\1" * 64) is Condition.TAMPERED
    assert condition_of(key.sign(digest), "0x" + "77" * 20) is Condition.TAMPERED
    assert condition_of(b"\1" * 65, "0x" + "4".rjust(40, "0")) is Condition.TAMPERED
