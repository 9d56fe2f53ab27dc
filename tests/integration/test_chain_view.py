"""The block at which a chain is read, and what changed since the last one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from models.consent.chain.abi import encode_call, keccak
from models.consent.chain.answers import Failed, Returned, Reverted
from models.consent.chain.events import Changes, changed_since
from models.consent.chain.logs import LogCursor
from models.consent.chain.rpc import ChainReader
from models.consent.chain.sources import BlockChangedError, ChainError, WrongChainError
from tests.anvil import CHAIN, Anvil, Contract, start_anvil
from tests.faulty_node import FaultyNode, Reply, listed, pass_on, refusal, reply, start_faulty_node

OWNER = encode_call("owner()")


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    with start_anvil() as anvil:
        yield anvil


@pytest.fixture
def pictures(chain: Anvil) -> Contract:
    contract = chain.deploy("picture_tokens", False, False)
    contract.send("mint", chain.accounts[1], 7, "data:,")
    chain.finalize()
    return contract


def reader(url: str, **options: Any) -> ChainReader:
    return ChainReader(CHAIN, url, **{"sleep": lambda _: None, "attempts": 3, **options})


def without_tags(*tags: str) -> Any:
    """A node that does not know some names of blocks."""

    def behave(node: FaultyNode, body: Any) -> Reply:
        (question,) = listed(body)
        if question["method"] == "eth_getBlockByNumber" and question["params"][0] in tags:
            return refusal(body, -32602, "invalid block tag")
        return pass_on(node, body)

    return behave


def test_a_chain_is_read_at_its_finalized_block(chain: Anvil, pictures: Contract) -> None:
    view = reader(chain.url).open_view()
    finalized = chain.ask("eth_getBlockByNumber", "finalized", False)
    assert view.block.hash == finalized["hash"]
    assert view.anchor == f"{CHAIN}/block:{view.block.number}/{view.block.hash}"
    assert (view.by_hash, view.note) == (True, "")


def test_calls_are_answered_as_of_the_block_of_the_view(chain: Anvil, pictures: Contract) -> None:
    view = reader(chain.url).open_view()
    pictures.send("pass_on", chain.accounts[2])
    chain.finalize()
    before, after = view, reader(chain.url).open_view()
    owners = [v.call_one(pictures.address, OWNER).data[-20:].hex() for v in (before, after)]  # type: ignore[union-attr]
    assert owners == [chain.accounts[0][2:], chain.accounts[2][2:]]


def test_a_revert_is_not_a_failure(chain: Anvil, pictures: Contract) -> None:
    view = reader(chain.url).open_view()
    outcome = view.call_one(pictures.address, encode_call("ownerOf(uint256)", 99))
    assert isinstance(outcome, Reverted)
    assert "no such token" in outcome.reason


def test_a_node_without_a_finalized_block_is_read_at_its_safe_one(
    chain: Anvil, pictures: Contract
) -> None:
    with start_faulty_node(without_tags("finalized"), chain.url) as node:
        view = reader(node.url).open_view()
    assert view.block.hash == chain.ask("eth_getBlockByNumber", "safe", False)["hash"]
    assert "safe" in view.note


def test_a_node_without_either_is_read_behind_its_newest_block(
    chain: Anvil, pictures: Contract
) -> None:
    with start_faulty_node(without_tags("finalized", "safe"), chain.url) as node:
        view = reader(node.url, lag=4).open_view()
    assert view.block.number == chain.height - 4
    assert "4 blocks behind" in view.note


def test_a_node_of_another_chain_stops_the_look(chain: Anvil) -> None:
    def lie(node: FaultyNode, body: Any) -> Reply:
        return reply({"jsonrpc": "2.0", "id": body["id"], "result": "0x2"})

    with (
        start_faulty_node(lie) as node,
        pytest.raises(WrongChainError, match="serves eip155:2, not eip155:31337"),
    ):
        reader(node.url).open_view()


def test_a_node_that_is_down_is_an_error_that_says_so() -> None:
    with pytest.raises(ChainError, match="does not say which chain"):
        reader("http://127.0.0.1:9", attempts=2).open_view()


def by_number_only(node: FaultyNode, body: Any) -> Reply:
    """A node that knows no EIP-1898."""
    places = [q["params"][1] for q in listed(body) if q["method"] in ("eth_call", "eth_getCode")]
    if any(isinstance(place, dict) for place in places):
        return refusal(body, -32602, "invalid argument 1: json: cannot unmarshal object")
    return pass_on(node, body)


def test_a_node_that_takes_no_hashes_is_asked_by_number(chain: Anvil, pictures: Contract) -> None:
    with start_faulty_node(by_number_only, chain.url) as node:
        view = reader(node.url).open_view()
        assert view.by_hash is False
        assert isinstance(view.call_one(pictures.address, OWNER), Returned)
        view.check()


def test_a_block_that_was_replaced_is_noticed(chain: Anvil, pictures: Contract) -> None:
    with start_faulty_node(by_number_only, chain.url) as node:
        view = reader(node.url).open_view()
        chain.reorganise(chain.height - view.block.number + 2)
        with pytest.raises(BlockChangedError, match="replaced while it was read"):
            view.check()


def test_no_other_block_answers_for_one_that_was_replaced(chain: Anvil, pictures: Contract) -> None:
    view = reader(chain.url).open_view()
    chain.reorganise(chain.height - view.block.number + 2)
    assert isinstance(view.call_one(pictures.address, OWNER), Failed)


def test_calls_that_run_out_of_time_fail(chain: Anvil, pictures: Contract) -> None:
    view = reader(chain.url).open_view()
    with start_faulty_node(lambda *_: None, chain.url) as node:
        view.node = reader(node.url).node
        assert isinstance(view.call_one(pictures.address, OWNER), Failed)


def changes(contract: Contract, cursor: LogCursor) -> list[Changes]:
    contract.chain.finalize()
    return list(changed_since(reader(contract.chain.url).open_view(), cursor))


def test_each_event_names_what_has_to_be_read_again(chain: Anvil, pictures: Contract) -> None:
    cursor = changes(pictures, LogCursor(CHAIN, pictures.address, 0))[-1].cursor
    pictures.send("set_uri", 7, "data:,x")
    pictures.send("mint", chain.accounts[1], 8, "data:,")
    pictures.send("announce", 20, 22)
    *_, last = found = changes(pictures, cursor)
    assert frozenset().union(*(c.tokens for c in found)) == {7, 8, 20, 21, 22}
    assert not any(c.whole for c in found)
    assert all(c.tokens == frozenset() for c in changes(pictures, last.cursor))


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("set_collection_uri", ("data:,",)),
        ("pass_on", ("0x" + "12" * 20,)),
        ("announce", (0, 2**256 - 1)),
        ("announce", (9, 3)),
    ],
)
def test_what_touches_all_tokens_has_all_of_them_read_again(
    pictures: Contract, function: str, arguments: tuple[Any, ...]
) -> None:
    cursor = changes(pictures, LogCursor(CHAIN, pictures.address, 0))[-1].cursor
    pictures.send(function, *arguments)
    assert any(c.whole for c in changes(pictures, cursor))


def test_new_addresses_of_erc_1155_tokens_are_changes(chain: Anvil) -> None:
    contract = chain.deploy("multi_tokens", "")
    contract.send("mint", chain.accounts[1], 1, 1)
    contract.send("mint_batch", chain.accounts[1], [2, 3])
    contract.send("set_uri", 4, "data:,")
    found = changes(contract, LogCursor(CHAIN, contract.address, 0))
    assert frozenset().union(*(c.tokens for c in found)) == {1, 2, 3, 4}


def test_commits_are_changes_of_the_cids_they_hash(chain: Anvil) -> None:
    registry = chain.deploy("commit_registry")
    registry.send("commit", "bafy", "x")
    found = changes(registry, LogCursor(CHAIN, registry.address, 0))
    assert frozenset().union(*(c.cids for c in found)) == {"0x" + keccak(b"bafy").hex()}


def test_a_reorganisation_has_everything_read_again(chain: Anvil, pictures: Contract) -> None:
    cursor = changes(pictures, LogCursor(CHAIN, pictures.address, 0))[-1].cursor
    chain.reorganise(chain.height - cursor.next_block + 4)
    chain.mine(2)
    first = changes(pictures, cursor)[0]
    assert first.whole
    assert first.reread_from is not None


def test_the_address_of_a_node_never_stands_in_a_message(chain: Anvil) -> None:
    def lie(node: FaultyNode, body: Any) -> Reply:
        return 200, {}, json.dumps({"jsonrpc": "2.0", "id": body["id"], "result": "0x2"}).encode()

    with start_faulty_node(lie) as node, pytest.raises(ChainError) as caught:
        reader(f"{node.url}/key-1234").open_view()
    assert "key-1234" not in str(caught.value)
