"""The contract ABI, asked and answered by anybody."""

from __future__ import annotations

import contextlib

import pytest
from eth_abi import encode
from hypothesis import given
from hypothesis import strategies as st

from models.consent.chain import abi
from models.consent.chain.sources import ChainError, Collection, CommitRegistry, TokenRef

ADDRESS = "0x" + "ab" * 20


def test_a_call_is_encoded_as_the_standard_encoder_does() -> None:
    data = abi.encode_call("checkDelegateForContract(address,address,address,bytes32)", ADDRESS)
    assert data[4:] == encode(["address"], [ADDRESS])
    assert abi.encode_call("ownerOf(uint256)", 7)[4:] == encode(["uint256"], [7])
    assert abi.encode_call("f(bytes4)", b"\1\2\3\4")[4:] == encode(["bytes4"], [b"\1\2\3\4"])


def test_the_selectors_and_topics_are_those_of_the_standards() -> None:
    assert abi.selector("tokenURI(uint256)").hex() == "c87b56dd"
    assert abi.selector("uri(uint256)").hex() == "0e89341c"
    assert abi.topic("Commit(address,string,string)") == (
        "0x39b5d1808997c4c413695960efbe703ad3d5c8982d2eb21ff57b01e22a671532"
    )


@given(st.text(), st.lists(st.integers(0, 2**256 - 1), max_size=20))
def test_what_the_standard_encoder_writes_is_read(text: str, numbers: list[int]) -> None:
    raw = text.encode("utf-8", "replace")
    data = encode(["bytes", "uint256[]", "address"], [raw, numbers, ADDRESS])
    assert abi.read_bytes(data, 0) == raw
    assert abi.read_uints(data, 1) == tuple(numbers)
    assert abi.read_address(data, 2) == ADDRESS


@given(st.binary(max_size=300), st.integers(0, 5))
def test_no_answer_breaks_the_reader(data: bytes, index: int) -> None:
    for read in (abi.read_bytes, abi.read_uints, abi.read_address, abi.read_bool, abi.read_uint):
        with contextlib.suppress(abi.AbiError):
            read(data, index)


@pytest.mark.parametrize("length", [2**255, 5 * 1024**2, 100])
def test_a_string_that_claims_more_than_there_is_cannot_be_read(length: int) -> None:
    with pytest.raises(abi.AbiError):
        abi.read_bytes(encode(["uint256", "uint256"], [32, length]) + b"x" * 32)


def test_a_truth_value_is_zero_or_one() -> None:
    assert abi.read_bool(encode(["uint256"], [1])) is True
    with pytest.raises(abi.AbiError):
        abi.read_bool(encode(["uint256"], [2]))


@pytest.mark.parametrize(
    "chain", ["1", "eip155:0", "eip155:01", "solana:1", "eip155:", "eip155:1 "]
)
def test_only_evm_chains_are_named(chain: str) -> None:
    with pytest.raises(ChainError, match="CAIP-2"):
        Collection(chain, ADDRESS)


@pytest.mark.parametrize("address", ["", "0x12", "vitalik.eth", ADDRESS + "0", "0xzz" + "a" * 38])
def test_an_address_that_is_none_is_an_error(address: str) -> None:
    with pytest.raises(ChainError, match="not an address"):
        Collection("eip155:1", address)
    with pytest.raises(ChainError, match="not an address"):
        CommitRegistry("eip155:1", ADDRESS, 0, (address,))


def test_a_token_is_named_as_caip_19_does() -> None:
    token = TokenRef("eip155:1", "erc721", ADDRESS, 7)
    assert str(token.subject) == f"token:eip155:1/erc721:{ADDRESS}/7"
