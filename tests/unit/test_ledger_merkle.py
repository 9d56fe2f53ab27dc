"""Merkle hashes and proofs against the published vectors and an independent recursion."""

from __future__ import annotations

import hashlib

import pytest

from models.ledger.merkle import (
    EMPTY_ROOT,
    Frontier,
    hash_leaf,
    hash_perfect,
    prove_consistency,
    prove_inclusion,
    root_of,
    split_perfect,
    subtree_of,
    verify_consistency,
    verify_inclusion,
)

# Entries, roots and proofs published with the Certificate Transparency reference implementation.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
LEAVES = [hash_leaf(entry) for entry in ENTRIES]
ROOTS = (
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
N01 = ROOTS[1]
N23 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
N03 = ROOTS[3]
N45 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
N67 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
N47 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
L0 = ROOTS[0]
L1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
L4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
INCLUSION = [
    (0, 1, []),
    (0, 8, [L1, N23, N47]),
    (5, 8, [L4, N67, N03]),
    (2, 3, [N01]),
    (1, 5, [L0, N23, L4]),
]
CONSISTENCY = [
    (1, 1, []),
    (1, 8, [L1, N23, N47]),
    (6, 8, [N45, N67, N03]),
    (2, 5, [N23, L4]),
]


def _naive_root(entries: list[bytes]) -> bytes:
    """The definition of RFC 6962, 2.1, word for word, sharing nothing with the product."""
    count = len(entries)
    if count == 0:
        return hashlib.sha256(b"").digest()
    if count == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    middle = 1
    while middle * 2 < count:
        middle *= 2
    left, right = _naive_root(entries[:middle]), _naive_root(entries[middle:])
    return hashlib.sha256(b"\x01" + left + right).digest()


@pytest.mark.parametrize("size", range(1, 9))
def test_the_published_roots_come_out(size: int) -> None:
    assert root_of(LEAVES[:size]).hex() == ROOTS[size - 1]


@pytest.mark.parametrize(("index", "size", "path"), INCLUSION)
def test_the_published_inclusion_proofs_come_out_and_verify(
    index: int, size: int, path: list[str]
) -> None:
    proof = prove_inclusion(index, size, subtree_of(LEAVES))
    assert [step.hex() for step in proof] == path
    assert verify_inclusion(LEAVES[index], index, size, proof, bytes.fromhex(ROOTS[size - 1]))


@pytest.mark.parametrize(("old", "new", "path"), CONSISTENCY)
def test_the_published_consistency_proofs_come_out_and_verify(
    old: int, new: int, path: list[str]
) -> None:
    proof = prove_consistency(old, new, subtree_of(LEAVES))
    assert [step.hex() for step in proof] == path
    roots = bytes.fromhex(ROOTS[old - 1]), bytes.fromhex(ROOTS[new - 1])
    assert verify_consistency(old, new, proof, *roots)


def test_roots_agree_with_the_definition_at_every_size_up_to_300() -> None:
    entries = [b"%d" % number for number in range(300)]
    leaves = [hash_leaf(entry) for entry in entries]
    frontier = Frontier()
    for size in range(301):
        expected = _naive_root(entries[:size])
        assert root_of(leaves[:size]) == expected
        assert frontier.root() == expected
        if size < 300:
            frontier.push(leaves[size])


def test_the_empty_tree_has_the_root_of_nothing_and_no_proofs() -> None:
    assert root_of([]) == Frontier().root() == EMPTY_ROOT == hashlib.sha256(b"").digest()
    assert not verify_inclusion(EMPTY_ROOT, 0, 0, [], EMPTY_ROOT)
    with pytest.raises(ValueError, match="no leaf 0"):
        prove_inclusion(0, 0, subtree_of([]))


def test_a_consistency_proof_from_size_zero_is_neither_made_nor_accepted() -> None:
    with pytest.raises(ValueError, match="from size 0"):
        prove_consistency(0, 8, subtree_of(LEAVES))
    assert not verify_consistency(0, 8, [], EMPTY_ROOT, bytes.fromhex(ROOTS[7]))
    assert not verify_consistency(0, 0, [], EMPTY_ROOT, EMPTY_ROOT)


def test_a_shrinking_log_is_never_consistent() -> None:
    old, new = bytes.fromhex(ROOTS[7]), bytes.fromhex(ROOTS[3])
    assert not verify_consistency(8, 4, [], old, new)
    with pytest.raises(ValueError, match="from size 8 to 4"):
        prove_consistency(8, 4, subtree_of(LEAVES))


def test_equal_sizes_are_consistent_only_with_the_same_root_and_no_proof() -> None:
    root = bytes.fromhex(ROOTS[4])
    assert verify_consistency(5, 5, [], root, root)
    assert not verify_consistency(5, 5, [], root, bytes.fromhex(ROOTS[5]))
    assert not verify_consistency(5, 5, [root], root, root)


def test_hashes_of_another_length_never_verify() -> None:
    root = bytes.fromhex(ROOTS[1])
    path = prove_inclusion(0, 2, subtree_of(LEAVES[:2]))
    assert verify_inclusion(LEAVES[0], 0, 2, path, root)
    assert not verify_inclusion(LEAVES[0][:-1], 0, 2, path, root)
    assert not verify_inclusion(LEAVES[0], 0, 2, [path[0] + b"\0"], root)


def test_a_path_that_ends_below_the_root_of_the_claimed_size_does_not_verify() -> None:
    root = bytes.fromhex(ROOTS[3])
    path = prove_inclusion(0, 4, subtree_of(LEAVES))
    assert verify_inclusion(LEAVES[0], 0, 4, path, root)
    assert not verify_inclusion(LEAVES[0], 0, 8, path, root)


def test_a_leaf_is_never_taken_for_a_node() -> None:
    left, right = LEAVES[:2]
    assert hash_leaf(left + right) != root_of([left, right])


@pytest.mark.parametrize("count", [0, 3, 6])
def test_a_perfect_subtree_has_a_power_of_two_of_hashes(count: int) -> None:
    with pytest.raises(ValueError, match="perfect subtree"):
        hash_perfect(LEAVES[:count])


def test_a_frontier_refuses_a_subtree_where_it_does_not_fit() -> None:
    frontier = Frontier()
    frontier.push(LEAVES[0])
    with pytest.raises(ValueError, match="does not fit at size 1"):
        frontier.push(LEAVES[1], height=1)


def test_ranges_split_into_the_perfect_subtrees_of_their_binary_digits() -> None:
    assert split_perfect(0, 7) == [(2, 0), (1, 2), (0, 6)]
    assert split_perfect(8, 11) == [(1, 4), (0, 10)]
    with pytest.raises(ValueError, match="not a subtree"):
        split_perfect(1, 3)
