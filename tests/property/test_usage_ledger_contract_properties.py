"""The contract and ``models.ledger.merkle`` agree on every proof, sound or not."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.ledger.chain.client import UsageLedgerClient
from models.ledger.merkle import (
    hash_leaf,
    hash_node,
    prove_consistency,
    prove_inclusion,
    root_of,
    subtree_of,
    verify_consistency,
    verify_inclusion,
)
from tests.synthetic_trees import synthetic_tree
from tests.usage_ledger_contract import start_ledger

MAX_SIZE = 2**63
LEAVES = [hash_leaf(b"entry %d" % number) for number in range(40)]
LOG = subtree_of(LEAVES)
# Hypothesis favours small and extreme sizes; real logs are between them.
SIZES = st.integers(1, MAX_SIZE) | st.integers(1, 64) | st.integers(0, 62).map(lambda n: 1 << n)
HASHES = st.binary(min_size=32, max_size=32)
Proof = list[bytes]

checked = settings(deadline=None, max_examples=60)


@pytest.fixture(scope="module")
def contract() -> Iterator[UsageLedgerClient]:
    with start_ledger() as ledger:
        yield ledger.client


@st.composite
def _mutations(draw: st.DrawFn, proof: Proof) -> Proof:
    """A proof that is one step from the given one."""
    changed = list(proof)
    kind = draw(st.sampled_from(["add", "cut", "flip", "swap"] if proof else ["add"]))
    if kind == "add":
        added = draw(st.sampled_from([*proof, bytes(32)]) | HASHES)
        changed.insert(draw(st.integers(0, len(proof))), added)
        return changed
    at = draw(st.integers(0, len(proof) - 1))
    if kind == "cut":
        del changed[at]
    elif kind == "flip":
        bit = draw(st.integers(0, 255))
        changed[at] = (int.from_bytes(changed[at], "big") ^ 1 << bit).to_bytes(32, "big")
    else:
        other = draw(st.integers(0, len(proof) - 1))
        changed[at], changed[other] = changed[other], changed[at]
    return changed


def test_they_agree_on_every_leaf_of_every_small_tree(contract: UsageLedgerClient) -> None:
    for size in range(1, 18):
        root = root_of(LEAVES[:size])
        for index in range(size):
            path = prove_inclusion(index, size, LOG)
            assert contract.verify_inclusion_at(LEAVES[index], index, size, path, root)
            for other in (index - 1, index + 1, size, 2 * size):
                if other < 0:
                    continue
                told = contract.verify_inclusion_at(LEAVES[index], other, size, path, root)
                assert told == verify_inclusion(LEAVES[index], other, size, path, root)
                assert not told
            for wrong in ([*path, LEAVES[0]], [*path, root], path[:-1] if path else [root]):
                assert not contract.verify_inclusion_at(LEAVES[index], index, size, wrong, root)


def test_they_agree_on_every_two_small_trees(contract: UsageLedgerClient) -> None:
    for new in range(1, 18):
        for old in range(1, new + 1):
            proof = prove_consistency(old, new, LOG)
            roots = root_of(LEAVES[:old]), root_of(LEAVES[:new])
            assert contract.verify_consistency(old, new, proof, *roots)
            for claimed_old, claimed_new in ((old - 1, new), (old + 1, new), (old, new + 1)):
                told = contract.verify_consistency(claimed_old, claimed_new, proof, *roots)
                assert told == verify_consistency(claimed_old, claimed_new, proof, *roots)


@checked
@given(data=st.data(), size=SIZES)
def test_they_agree_on_inclusion(
    contract: UsageLedgerClient, data: st.DataObject, size: int
) -> None:
    index = data.draw(st.integers(0, size - 1), "index")
    tree = synthetic_tree(size, index, index + 1)
    leaf, root = tree(index, index + 1), tree(0, size)
    path = prove_inclusion(index, size, tree)
    assert contract.verify_inclusion_at(leaf, index, size, path, root)

    changed = data.draw(_mutations(path), "changed path")
    told = contract.verify_inclusion_at(leaf, index, size, changed, root)
    assert told == verify_inclusion(leaf, index, size, changed, root)
    assert told == (changed == path)

    other_index = data.draw(st.integers(0, MAX_SIZE), "other index")
    other_size = data.draw(st.integers(0, MAX_SIZE), "other size")
    told = contract.verify_inclusion_at(leaf, other_index, other_size, path, root)
    assert told == verify_inclusion(leaf, other_index, other_size, path, root)
    stranger = data.draw(HASHES, "another hash")
    assert not contract.verify_inclusion_at(stranger, index, size, path, root)
    assert not contract.verify_inclusion_at(leaf, index, size, path, stranger)


@checked
@given(data=st.data(), new=SIZES)
def test_they_agree_on_consistency(
    contract: UsageLedgerClient, data: st.DataObject, new: int
) -> None:
    old = data.draw(
        st.integers(1, new) | st.integers(max(1, new - 64), new) | st.integers(1, min(64, new)),
        "old size",
    )
    tree = synthetic_tree(old, new)
    roots = tree(0, old), tree(0, new)
    proof = prove_consistency(old, new, tree)
    assert contract.verify_consistency(old, new, proof, *roots)

    changed = data.draw(_mutations(proof), "changed proof")
    told = contract.verify_consistency(old, new, changed, *roots)
    assert told == verify_consistency(old, new, changed, *roots)
    assert told == (changed == proof)

    other_old = data.draw(st.integers(0, MAX_SIZE), "other old size")
    other_new = data.draw(st.integers(0, MAX_SIZE), "other new size")
    for sizes in ((other_old, new), (old, other_new), (other_old, other_new), (new, old)):
        told = contract.verify_consistency(*sizes, proof, *roots)
        assert told == verify_consistency(*sizes, proof, *roots)
    stranger = data.draw(HASHES, "another hash")
    assert not contract.verify_consistency(old, new, proof, stranger, roots[1])
    assert not contract.verify_consistency(old, new, proof, roots[0], stranger)


def test_a_sound_proof_for_a_tree_above_2_to_the_63_is_refused(contract: UsageLedgerClient) -> None:
    left, leaf = LEAVES[:2]
    root = hash_node(left, leaf)
    for height, sound in ((62, True), (63, False), (200, False)):
        size = (1 << height) + 1
        assert contract.verify_inclusion_at(leaf, size - 1, size, [left], root) == sound
        assert contract.verify_consistency(size - 1, size, [leaf], left, root) == sound


@checked
@given(size=st.integers(MAX_SIZE + 1, 2**256 - 1), proof=st.lists(HASHES, max_size=64))
def test_no_tree_is_larger_than_2_to_the_63(
    contract: UsageLedgerClient, size: int, proof: Proof
) -> None:
    """It is False, and not a revert: whoever asks gets an answer."""
    root = LEAVES[0]
    assert not contract.verify_inclusion_at(root, 0, size, proof, root)
    assert not contract.verify_inclusion_at(root, size - 1, size, proof, root)
    assert not contract.verify_inclusion_at(root, size, size, proof, root)
    assert not contract.verify_consistency(1, size, proof, root, root)
    assert not contract.verify_consistency(size, size, proof, root, root)
    assert not contract.verify_consistency(size, 1, proof, root, root)


@checked
@given(index=st.just(0) | st.integers(0, 2**256 - 1), proof=st.lists(HASHES, max_size=64))
def test_any_arguments_get_an_answer(contract: UsageLedgerClient, index: int, proof: Proof) -> None:
    expected = index == 0 and not proof
    assert contract.verify_inclusion_at(LEAVES[0], index, 1, proof, LEAVES[0]) == expected
