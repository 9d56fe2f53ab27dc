"""Contract wallets: ERC-1271, and signatures wrapped as ERC-6492 says."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest
from eth_abi import decode, encode

from models.consent.declaring.signing import (
    SigningKey,
    draft_statement,
    sign_statement,
    write_document,
)
from models.consent.signed.consent_statement import Scheme, digest_statement
from models.consent.signed.document import read_signed_document
from models.consent.signed.erc1271 import (
    CheckContractSignature,
    contract_check,
    encode_question,
    unwrap_counterfactual,
)
from models.consent.signed.recovery import SignatureError, recover_address
from models.consent.statements import Condition, Statement

ASSET = "ab" * 32
OWNER = SigningKey(b"\x31" * 32)
WALLET = "0x" + "5a" * 20
PREFERENCE = {"aiTraining": "notAllowed"}
STATEMENT = draft_statement(PREFERENCE, 1_760_000_000, asset_cid=f"sha256:{ASSET}")
DIGEST = digest_statement(STATEMENT, PREFERENCE, 1, Scheme.EIP712)
MAGIC = bytes.fromhex("1626ba7e").ljust(32, b"\0")
WRAPPING = bytes.fromhex("6492" * 16)


class UnreachableError(Exception):
    """The node did not answer."""


class RevertedError(Exception):
    """The contract refused."""


@dataclass
class Wallet:
    """A wallet contract that accepts its owner's signature."""

    answer: bytes | Exception = MAGIC
    asked: list[str] = field(default_factory=list)

    def call(self, to: str, data: bytes, block: str) -> bytes:
        self.asked.append(block)
        if isinstance(self.answer, Exception):
            raise self.answer
        digest, signature = decode(["bytes32", "bytes"], data[4:])
        assert data[:4] == MAGIC[:4]
        try:
            accepted = recover_address(digest, signature) == OWNER.address
        except SignatureError as error:
            raise RevertedError from error
        return self.answer if accepted else b"\0" * 32


def check_with(wallet: Wallet, chain_id: int = 1) -> CheckContractSignature:
    return contract_check({chain_id: wallet}, UnreachableError, RevertedError)


def read(signature: bytes, check: CheckContractSignature | None, signer: str = WALLET) -> Statement:
    data = write_document(STATEMENT, PREFERENCE, 1, signer, signature, Scheme.EIP712)
    [statement] = read_signed_document(data, "a.json", ASSET, check_contract_signature=check)
    return statement


def wrapped(signature: bytes) -> bytes:
    body = encode(["address", "bytes", "bytes"], ["0x" + "fa" * 20, b"make it", signature])
    return body + WRAPPING


def test_a_wallet_that_accepts_the_signature_is_the_proven_signer() -> None:
    wallet = Wallet()
    statement = read(OWNER.sign(DIGEST), check_with(wallet))
    assert statement.condition is Condition.SOUND
    assert (statement.setter, statement.trust.levels) == (WALLET, "L1+L2+L4")
    assert wallet.asked == ["finalized"]


@pytest.mark.parametrize(
    "answer", [b"", b"\0" * 32, b"\xff" * 32, MAGIC[:4], MAGIC[:31] + b"\1", RevertedError()]
)
def test_a_wallet_that_does_not_accept_the_signature_proves_tampering(
    answer: bytes | Exception,
) -> None:
    statement = read(OWNER.sign(DIGEST), check_with(Wallet(answer)))
    assert statement.condition is Condition.TAMPERED
    assert (statement.setter, statement.trust.levels) == ("", "L0")


def test_a_wallet_that_cannot_be_asked_leaves_it_undetermined() -> None:
    statement = read(OWNER.sign(DIGEST), check_with(Wallet(UnreachableError())))
    assert statement.condition is Condition.UNDETERMINED
    assert statement.trust.levels == "L0"


def test_a_wallet_on_a_chain_that_is_not_read_leaves_it_undetermined() -> None:
    statement = read(OWNER.sign(DIGEST), check_with(Wallet(), chain_id=137))
    assert statement.condition is Condition.UNDETERMINED


def test_a_long_signature_without_a_chain_is_undetermined() -> None:
    assert read(b"\1" * 130, None).condition is Condition.UNDETERMINED


def test_a_short_signature_without_a_chain_is_taken_for_tampering() -> None:
    assert read(OWNER.sign(DIGEST), None).condition is Condition.TAMPERED


def test_a_key_that_signed_itself_is_not_asked_on_chain() -> None:
    wallet = Wallet()
    data = sign_statement(STATEMENT, PREFERENCE, 1, OWNER)
    [statement] = read_signed_document(
        data, "a.json", ASSET, check_contract_signature=check_with(wallet)
    )
    assert statement.condition is Condition.SOUND
    assert wallet.asked == []


def test_a_precompiled_contract_is_no_wallet() -> None:
    class Identity:
        def call(self, to: str, data: bytes, block: str) -> bytes:
            return data

    check = contract_check({1: Identity()}, UnreachableError)
    assert check(1, "0x" + "4".rjust(40, "0"), DIGEST, b"") is False
    assert check(1, WALLET, DIGEST, b"") is False


def test_a_wrapped_signature_of_a_deployed_wallet_is_verified() -> None:
    statement = read(wrapped(OWNER.sign(DIGEST)), check_with(Wallet()))
    assert statement.condition is Condition.SOUND


def test_a_wrapped_signature_of_a_wallet_that_is_not_deployed_is_undetermined() -> None:
    statement = read(wrapped(OWNER.sign(DIGEST)), check_with(Wallet(b"")))
    assert statement.condition is Condition.UNDETERMINED
    assert "ERC-6492" in statement.notes[0]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\0" * 96,
        b"\0" * 64 + b"\xff" * 32,
        b"\0" * 64 + (96).to_bytes(32, "big") + b"\xff" * 32,
    ],
)
def test_a_wrapping_that_is_broken_is_refused(body: bytes) -> None:
    statement = read(body + WRAPPING, check_with(Wallet()))
    assert statement.condition is Condition.TAMPERED


def test_a_wrapping_is_opened_as_it_was_closed() -> None:
    assert unwrap_counterfactual(wrapped(b"inner")) == b"inner"


@pytest.mark.parametrize("length", [0, 1, 32, 65, 200])
def test_the_question_is_encoded_as_the_abi_says(length: int) -> None:
    signature = b"\x07" * length
    assert encode_question(DIGEST, signature) == MAGIC[:4] + encode(
        ["bytes32", "bytes"], [DIGEST, signature]
    )


def test_a_refusal_counts_whatever_the_wallet_says() -> None:
    for wallet in (Wallet(), Wallet(b""), Wallet(UnreachableError())):
        statement = read(OWNER.sign(DIGEST), check_with(wallet))
        assert json.dumps(statement.as_dict()["preferences"]).count("notAllowed") == 2
