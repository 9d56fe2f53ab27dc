"""The contract on a real EVM: what it takes, what it refuses and why, who may do what."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from itertools import pairwise

import pytest
from eth_abi import encode
from eth_utils import keccak
from web3 import HTTPProvider, Web3

from models.errors import LedgerError
from models.ledger.chain.client import Head, UsageLedgerClient
from models.ledger.chain.contract import AnchoredEvent, fold_history, load_artifact
from models.ledger.chain.errors import ChainAwayError
from models.ledger.merkle import (
    EMPTY_ROOT,
    hash_leaf,
    prove_consistency,
    prove_inclusion,
    root_of,
    subtree_of,
)
from models.recursion import keeping_recursion_limit
from tests.anvil import Anvil, start_anvil
from tests.synthetic_trees import synthetic_tree
from tests.usage_ledger_contract import CALLS, DeployedLedger, deploy_ledger

LEAVES = [hash_leaf(b"entry %d" % number) for number in range(64)]
OTHERS = [hash_leaf(b"other %d" % number) for number in range(64)]
LOG = subtree_of(LEAVES)
MANIFEST = hashlib.sha256(b"manifest").digest()
NOBODY = "0x" + "0" * 40

NOT_EXTENDED = "The proof does not lead from the present head to the new one."
NOT_LARGER = "The new size must be larger than the present one."
NOT_OPERATOR = "Only the operator may do this."
NOT_PROPOSED = "Only the proposed operator may do this."
PAUSED = "The ledger is paused."


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    with start_anvil() as chain:
        yield chain


@pytest.fixture
def ledger(chain: Anvil) -> DeployedLedger:
    return deploy_ledger(chain)


@pytest.fixture
def at_five(ledger: DeployedLedger) -> DeployedLedger:
    """A ledger with a head over five entries."""
    ledger.send(_anchor(0, 5))
    return ledger


def _anchor(old: int, new: int) -> bytes:
    proof = prove_consistency(old, new, LOG) if old else []
    return CALLS.anchor(new, root_of(LEAVES[:new]), MANIFEST, proof)


# --- heads


def test_a_new_contract_holds_an_empty_log(ledger: DeployedLedger) -> None:
    assert ledger.client.head() == Head(0, 0, EMPTY_ROOT)
    assert ledger.client.operator() == ledger.chain.accounts[0]
    assert ledger.client.pending_operator() == NOBODY
    assert not ledger.client.paused()
    assert ledger.client.history() == bytes(32)


def test_the_first_head_is_taken_without_a_proof(ledger: DeployedLedger) -> None:
    receipt = ledger.send(_anchor(0, 3))
    root = root_of(LEAVES[:3])
    assert ledger.client.head() == Head(3, 1, root)
    assert ledger.client.read_receipt(receipt) == (AnchoredEvent(1, 3, root, MANIFEST),)


def test_the_first_head_with_a_proof_is_refused(ledger: DeployedLedger) -> None:
    data = CALLS.anchor(3, root_of(LEAVES[:3]), MANIFEST, [LEAVES[0]])
    assert ledger.refusal(data) == "The first head takes no proof."


def test_the_first_head_without_a_root_is_refused(ledger: DeployedLedger) -> None:
    assert ledger.refusal(CALLS.anchor(3, bytes(32), MANIFEST, [])) == "The root is missing."


def test_every_later_head_is_taken_with_its_proof(ledger: DeployedLedger) -> None:
    sizes = [0, 1, 2, 3, 4, 7, 8, 9, 16, 31, 33, 48, 63, 64]
    for sequence, (old, new) in enumerate(pairwise(sizes), 1):
        receipt = ledger.send(_anchor(old, new))
        root = root_of(LEAVES[:new])
        assert ledger.client.head() == Head(new, sequence, root)
        assert ledger.client.read_receipt(receipt) == (
            AnchoredEvent(sequence, new, root, MANIFEST),
        )


def test_a_forged_root_is_refused(at_five: DeployedLedger) -> None:
    proof = prove_consistency(5, 9, LOG)
    assert at_five.refusal(CALLS.anchor(9, OTHERS[0], MANIFEST, proof)) == NOT_EXTENDED
    assert at_five.refusal(CALLS.anchor(9, bytes(32), MANIFEST, proof)) == NOT_EXTENDED


def test_a_log_that_changed_an_anchored_entry_is_refused(at_five: DeployedLedger) -> None:
    for changed in range(5):
        forked = [*LEAVES[:changed], OTHERS[changed], *LEAVES[changed + 1 : 9]]
        for tree in (subtree_of(forked), LOG):
            proof = prove_consistency(5, 9, tree)
            data = CALLS.anchor(9, root_of(forked), MANIFEST, proof)
            assert at_five.refusal(data) == NOT_EXTENDED


def test_a_log_that_lost_an_anchored_entry_is_refused(at_five: DeployedLedger) -> None:
    shifted = LEAVES[1:10]
    data = CALLS.anchor(9, root_of(shifted), MANIFEST, prove_consistency(5, 9, subtree_of(shifted)))
    assert at_five.refusal(data) == NOT_EXTENDED


def test_a_shrunk_log_is_refused(at_five: DeployedLedger) -> None:
    for size in (1, 4):
        proof = prove_consistency(size, 5, LOG)
        data = CALLS.anchor(size, root_of(LEAVES[:size]), MANIFEST, proof)
        assert at_five.refusal(data) == NOT_LARGER


def test_the_same_head_again_is_refused(at_five: DeployedLedger) -> None:
    assert at_five.refusal(_anchor(0, 5)) == NOT_LARGER


def test_another_root_at_the_same_size_is_refused(at_five: DeployedLedger) -> None:
    data = CALLS.anchor(5, root_of(OTHERS[:5]), MANIFEST, [])
    assert at_five.refusal(data) == NOT_LARGER


def test_a_proof_from_another_size_is_refused(at_five: DeployedLedger) -> None:
    for old in (1, 2, 3, 4, 6, 7, 8):
        data = CALLS.anchor(9, root_of(LEAVES[:9]), MANIFEST, prove_consistency(old, 9, LOG))
        assert at_five.refusal(data) == NOT_EXTENDED


def test_a_proof_with_a_hash_too_few_or_too_many_is_refused(at_five: DeployedLedger) -> None:
    proof = prove_consistency(5, 9, LOG)
    root = root_of(LEAVES[:9])
    for at in range(len(proof)):
        fewer = proof[:at] + proof[at + 1 :]
        assert at_five.refusal(CALLS.anchor(9, root, MANIFEST, fewer)) == NOT_EXTENDED
    for at in range(len(proof) + 1):
        more = [*proof[:at], OTHERS[0], *proof[at:]]
        assert at_five.refusal(CALLS.anchor(9, root, MANIFEST, more)) == NOT_EXTENDED
    assert at_five.refusal(CALLS.anchor(9, root, MANIFEST, [])) == NOT_EXTENDED
    assert at_five.refusal(CALLS.anchor(9, root, MANIFEST, [root] * 64)) == NOT_EXTENDED


def test_the_present_root_alone_is_no_proof(at_five: DeployedLedger) -> None:
    root = root_of(LEAVES[:5])
    for proof in ([], [root], [root, root]):
        assert at_five.refusal(CALLS.anchor(9, root, MANIFEST, proof)) == NOT_EXTENDED


def test_heads_go_to_the_size_of_2_to_the_63_and_no_further(ledger: DeployedLedger) -> None:
    old, new = 2**62 + 1, 2**63
    tree = synthetic_tree(old, new)
    ledger.send(CALLS.anchor(old, tree(0, old), MANIFEST, []))
    proof = prove_consistency(old, new, tree)
    assert len(proof) == 64
    ledger.send(CALLS.anchor(new, tree(0, new), MANIFEST, proof))
    assert ledger.client.head() == Head(new, 2, tree(0, new))
    for size in (new + 1, 2**64, 2**64 + 1, 2**256 - 1):
        data = _raw_anchor(size, OTHERS[0], [])
        assert ledger.refusal(data) == "The new size is above 2**63."


def _raw_anchor(size: int, root: bytes, proof: list[bytes]) -> bytes:
    """Call data that the client would not make."""
    selector = keccak(text="anchor(uint256,bytes32,bytes32,bytes32[])")[:4]
    types = ["uint256", "bytes32", "bytes32", "bytes32[]"]
    return selector + encode(types, [size, root, MANIFEST, proof])


def test_a_proof_of_more_than_64_hashes_is_refused(at_five: DeployedLedger) -> None:
    data = _raw_anchor(9, root_of(LEAVES[:9]), [*prove_consistency(5, 9, LOG), *LEAVES])
    assert at_five.refusal(data) == ""


def test_call_data_that_is_cut_short_is_refused(at_five: DeployedLedger) -> None:
    # The EVM reads zeros where call data ends: a hash that was cut is another hash.
    data = _anchor(5, 9)
    for length, reason in ((3, ""), (4, ""), (100, ""), (len(data) - 1, NOT_EXTENDED)):
        assert at_five.refusal(data[:length]) == reason


def test_the_history_is_the_hash_over_all_heads(ledger: DeployedLedger) -> None:
    heads: list[tuple[int, bytes, bytes]] = []
    for old, new in ((0, 2), (2, 5), (5, 6)):
        ledger.send(_anchor(old, new))
        heads.append((new, root_of(LEAVES[:new]), MANIFEST))
        assert ledger.client.history() == fold_history(heads)
    other = [*heads[:-1], (6, heads[-1][1], OTHERS[0])]
    assert ledger.client.history() != fold_history(other)
    assert ledger.client.history() != fold_history(heads[1:])


# --- proofs against the present head


def test_a_leaf_is_proven_under_the_present_head_and_no_longer_under_a_newer_one(
    at_five: DeployedLedger,
) -> None:
    path = prove_inclusion(3, 5, LOG)
    block = at_five.chain.height
    assert at_five.client.verify_inclusion(LEAVES[3], 3, path)
    assert not at_five.client.verify_inclusion(LEAVES[2], 3, path)
    assert not at_five.client.verify_inclusion(LEAVES[3], 2, path)
    at_five.send(_anchor(5, 20))
    assert not at_five.client.verify_inclusion(LEAVES[3], 3, path)
    assert at_five.client.verify_inclusion(LEAVES[3], 3, path, block)
    assert at_five.client.verify_inclusion(LEAVES[3], 3, prove_inclusion(3, 20, LOG))


def test_nothing_is_in_an_empty_log(ledger: DeployedLedger) -> None:
    assert not ledger.client.verify_inclusion(LEAVES[0], 0, [])
    assert not ledger.client.verify_inclusion(EMPTY_ROOT, 0, [])
    assert not ledger.client.verify_inclusion_at(EMPTY_ROOT, 0, 0, [], EMPTY_ROOT)
    assert not ledger.client.verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)
    assert not ledger.client.verify_consistency(0, 5, [], EMPTY_ROOT, root_of(LEAVES[:5]))


# --- who may do what


def test_no_contract_is_made_without_an_operator(chain: Anvil) -> None:
    code = "0x" + load_artifact().bytecode.hex() + bytes(32).hex()
    with pytest.raises(RuntimeError, match="The operator cannot be the zero address"):
        chain.ask("eth_call", {"from": chain.accounts[0], "data": code}, "latest")


def test_a_stranger_may_do_nothing_but_look(at_five: DeployedLedger) -> None:
    stranger = at_five.chain.accounts[2]
    for data in (
        _anchor(5, 9),
        CALLS.propose_operator(stranger),
        CALLS.pause(),
        CALLS.unpause(),
        CALLS.commit("bafkrei", "{}"),
    ):
        assert at_five.refusal(data, sender=2) == NOT_OPERATOR
    assert at_five.refusal(CALLS.accept_operator(), sender=2) == NOT_PROPOSED


def test_a_new_operator_has_to_accept(at_five: DeployedLedger) -> None:
    old, new = at_five.chain.accounts[:2]
    proposed = at_five.send(CALLS.propose_operator(new))
    assert _named(proposed, "OperatorProposed(address,address)") == [old, new]
    assert (at_five.client.operator(), at_five.client.pending_operator()) == (old, new)
    assert at_five.refusal(_anchor(5, 9), sender=1) == NOT_OPERATOR
    assert at_five.refusal(CALLS.accept_operator(), sender=0) == NOT_PROPOSED
    assert at_five.refusal(CALLS.accept_operator(), sender=2) == NOT_PROPOSED
    at_five.send(_anchor(5, 6), sender=0)

    accepted = at_five.send(CALLS.accept_operator(), sender=1)
    assert _named(accepted, "OperatorChanged(address,address)") == [old, new]
    assert (at_five.client.operator(), at_five.client.pending_operator()) == (new, NOBODY)
    assert at_five.refusal(_anchor(6, 9), sender=0) == NOT_OPERATOR
    at_five.send(_anchor(6, 9), sender=1)
    assert at_five.client.head().sequence == 3


def test_an_acceptance_counts_once(at_five: DeployedLedger) -> None:
    at_five.send(CALLS.propose_operator(at_five.chain.accounts[1]))
    at_five.send(CALLS.accept_operator(), sender=1)
    assert at_five.refusal(CALLS.accept_operator(), sender=1) == NOT_PROPOSED


def test_a_proposal_can_be_withdrawn_and_replaced(at_five: DeployedLedger) -> None:
    first, second = at_five.chain.accounts[1:3]
    at_five.send(CALLS.propose_operator(first))
    at_five.send(CALLS.propose_operator(NOBODY))
    assert at_five.refusal(CALLS.accept_operator(), sender=1) == NOT_PROPOSED
    at_five.send(CALLS.propose_operator(first))
    at_five.send(CALLS.propose_operator(second))
    assert at_five.refusal(CALLS.accept_operator(), sender=1) == NOT_PROPOSED
    at_five.send(CALLS.accept_operator(), sender=2)
    assert at_five.client.operator() == second


def test_a_pause_stops_anchoring_and_committing(at_five: DeployedLedger) -> None:
    paused = at_five.send(CALLS.pause())
    assert _named(paused, "Paused(address)") == [at_five.chain.accounts[0]]
    assert at_five.client.paused()
    assert at_five.refusal(_anchor(5, 9)) == PAUSED
    assert at_five.refusal(CALLS.commit("bafkrei", "{}")) == PAUSED
    assert at_five.refusal(CALLS.pause()) == PAUSED

    ended = at_five.send(CALLS.unpause())
    assert _named(ended, "Unpaused(address)") == [at_five.chain.accounts[0]]
    assert at_five.refusal(CALLS.unpause()) == "The ledger is not paused."
    at_five.send(_anchor(5, 9))
    assert at_five.client.head().sequence == 2


def test_a_pause_stops_neither_views_nor_the_change_of_the_operator(
    at_five: DeployedLedger,
) -> None:
    at_five.send(CALLS.pause())
    assert at_five.client.head() == Head(5, 1, root_of(LEAVES[:5]))
    assert at_five.client.verify_inclusion(LEAVES[3], 3, prove_inclusion(3, 5, LOG))
    at_five.send(CALLS.propose_operator(at_five.chain.accounts[1]))
    at_five.send(CALLS.accept_operator(), sender=1)
    assert at_five.client.paused()
    assert at_five.refusal(_anchor(5, 9), sender=1) == PAUSED
    assert at_five.refusal(CALLS.unpause(), sender=0) == NOT_OPERATOR
    at_five.send(CALLS.unpause(), sender=1)
    at_five.send(_anchor(5, 9), sender=1)


def _named(receipt: object, signature: str) -> list[str]:
    """The addresses that the only event of a transaction names, lower case."""
    (log,) = receipt["logs"]  # type: ignore[index]
    assert log["topics"][0] == keccak(text=signature)
    return ["0x" + bytes(topic)[12:].hex() for topic in log["topics"][1:]]


# --- ERC-7053


def test_a_commit_is_an_erc_7053_event_and_leaves_the_log_alone(at_five: DeployedLedger) -> None:
    before = at_five.state()
    cid, said = "b" + "a" * 127, "語" * 682 + "  "
    data = CALLS.commit(cid, said)
    answer = at_five.web3.eth.call(
        {
            "from": Web3.to_checksum_address(at_five.chain.accounts[0]),
            "to": at_five.client.address,
            "data": data,  # type: ignore[typeddict-item]
        }
    )
    assert abs(int.from_bytes(answer, "big") - at_five.chain.height) <= 1
    (log,) = at_five.send(data)["logs"]
    assert [bytes(topic) for topic in log["topics"]] == [
        keccak(text="Commit(address,string,string)"),
        bytes(12) + bytes.fromhex(at_five.chain.accounts[0][2:]),
        keccak(text=cid),
    ]
    assert bytes(log["data"]) == encode(["string"], [said])
    assert at_five.state() == before


# --- the client


def test_events_of_another_contract_are_not_taken_for_this_ones(
    ledger: DeployedLedger, chain: Anvil
) -> None:
    other = deploy_ledger(chain)
    receipt = other.send(_anchor(0, 5))
    assert other.client.read_receipt(receipt)
    assert ledger.client.read_receipt(receipt) == ()


def test_the_code_at_an_address_can_be_compared_with_the_published_one(
    ledger: DeployedLedger, chain: Anvil
) -> None:
    assert ledger.client.has_published_code()
    other = chain.deploy("commit_registry")
    assert not UsageLedgerClient(ledger.web3, other.address).has_published_code()
    assert not UsageLedgerClient(ledger.web3, chain.accounts[0]).has_published_code()


def test_an_address_without_a_ledger_is_said_to_have_none(ledger: DeployedLedger) -> None:
    with pytest.raises(LedgerError, match="not a usage ledger"):
        UsageLedgerClient(ledger.web3, ledger.chain.accounts[3]).head()
    with pytest.raises(LedgerError, match="is not an address"):
        UsageLedgerClient(ledger.web3, "0x12")


def test_a_node_that_does_not_answer_is_told_from_one_that_refuses() -> None:
    nowhere = Web3(HTTPProvider("http://127.0.0.1:1", exception_retry_configuration=None))
    client = UsageLedgerClient(nowhere, "0x" + "11" * 20)
    with pytest.raises(ChainAwayError):
        client.head()
    with pytest.raises(ChainAwayError):
        client.rehearse("0x" + "22" * 20, CALLS.pause())
    with pytest.raises(ChainAwayError):
        client.has_published_code()


@pytest.mark.parametrize(
    ("old", "new"),
    [(1, 2), (899_999, 1_000_000), (900_000, 1_000_000), (10**9, 10**9 + 10**6)],
)
def test_anchoring_takes_less_than_75_000_gas(ledger: DeployedLedger, old: int, new: int) -> None:
    tree = synthetic_tree(old, new)
    ledger.send(CALLS.anchor(old, tree(0, old), MANIFEST, []))
    proof = prove_consistency(old, new, tree)
    receipt = ledger.send(CALLS.anchor(new, tree(0, new), MANIFEST, proof))
    assert receipt["gasUsed"] < 75_000


# --- eth-tester


def test_the_evm_in_this_process_gives_the_same_reasons() -> None:
    with keeping_recursion_limit():
        pytest.importorskip("eth_tester", reason="eth-tester is not installed")
        pytest.importorskip("eth", reason="py-evm is not installed")
        from web3 import EthereumTesterProvider

    from models.ledger.chain.client import ContractRefusedError, explain_reverts

    web3 = Web3(EthereumTesterProvider())
    operator, stranger = web3.eth.accounts[:2]
    made = web3.eth.send_transaction(
        {"from": operator, "data": CALLS.deployment(operator)}  # type: ignore[typeddict-item]
    )
    address = web3.eth.wait_for_transaction_receipt(made)["contractAddress"]
    assert address is not None
    client = UsageLedgerClient(web3, address)
    client.rehearse(operator, _anchor(0, 5))
    with pytest.raises(ContractRefusedError) as refused:
        client.rehearse(stranger, _anchor(0, 5))
    assert refused.value.reason == NOT_OPERATOR
    with pytest.raises(ContractRefusedError) as silent:
        client.rehearse(operator, b"\x12\x34\x56\x78")
    assert silent.value.reason == ""
    with pytest.raises(ContractRefusedError) as sent, explain_reverts():
        web3.eth.send_transaction(
            {"from": operator, "to": address, "data": CALLS.unpause()}  # type: ignore[typeddict-item]
        )
    assert sent.value.reason == "The ledger is not paused."
    with pytest.raises(LedgerError, match="not a usage ledger"):
        UsageLedgerClient(web3, stranger).head()


def test_what_shares_a_slot_with_the_head_never_changes_it(ledger: DeployedLedger) -> None:
    largest = 1 << 63
    ledger.send(CALLS.anchor(largest - 1, b"\xff" * 32, b"\xff" * 32, []))
    head = ledger.client.head()
    assert (head.size, head.sequence) == (largest - 1, 1)
    successor = ledger.chain.accounts[1]
    for data, sender in (
        (CALLS.pause(), 0),
        (CALLS.propose_operator(successor), 0),
        (CALLS.accept_operator(), 1),
    ):
        ledger.send(data, sender)
        assert ledger.client.head() == head
    assert ledger.client.operator().lower() == successor
    assert ledger.client.paused()
    ledger.send(CALLS.unpause(), 1)
    assert ledger.client.head() == head
    assert not ledger.client.paused()
    assert ledger.client.operator().lower() == successor
