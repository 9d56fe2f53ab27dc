"""The verifier's own tree: published vectors, and the definition."""

from __future__ import annotations

import hashlib

import pytest

from verifier.merkle import EMPTY_ROOT, hash_entry, is_consistent, is_included, root_of

# Entries, roots and proofs published with the Certificate Transparency reference implementation.
ENTRIES = (
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
)
LEAVES = [hash_entry(bytes.fromhex(entry)) for entry in ENTRIES]
ROOTS = [
    bytes.fromhex(text)
    for text in (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    )
]
L1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
L4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
N23 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
N45 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
N47 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
N67 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
N01, N03 = ROOTS[1].hex(), ROOTS[3].hex()
INCLUSION = [
    (0, 1, []),
    (0, 8, [L1, N23, N47]),
    (5, 8, [L4, N67, N03]),
    (2, 3, [N01]),
    (1, 5, [LEAVES[0].hex(), N23, L4]),
]
CONSISTENCY = [
    (1, 1, []),
    (1, 8, [L1, N23, N47]),
    (6, 8, [N45, N67, N03]),
    (2, 5, [N23, L4]),
]


def unhex(path: list[str]) -> list[bytes]:
    return [bytes.fromhex(step) for step in path]


@pytest.mark.parametrize("size", range(1, 9))
def test_the_published_roots_come_out(size: int) -> None:
    assert root_of(LEAVES[:size]) == ROOTS[size - 1]


@pytest.mark.parametrize(("index", "size", "path"), INCLUSION)
def test_the_published_inclusion_proofs_hold(index: int, size: int, path: list[str]) -> None:
    assert is_included(LEAVES[index], index, size, unhex(path), ROOTS[size - 1])


@pytest.mark.parametrize(("index", "size", "path"), INCLUSION)
def test_a_published_inclusion_proof_holds_for_nothing_else(
    index: int, size: int, path: list[str]
) -> None:
    steps, root = unhex(path), ROOTS[size - 1]
    assert not is_included(LEAVES[(index + 1) % 8], index, size, steps, root)
    assert not is_included(LEAVES[index], index, size, [*steps, steps[0] if steps else root], root)
    for other in (-1, index + 1, size, 2**52):
        assert not is_included(LEAVES[index], other, size, steps, root)
    for at in range(len(steps)):
        assert not is_included(LEAVES[index], index, size, steps[:at] + steps[at + 1 :], root)
        assert not is_included(LEAVES[index], index, size, [s[:31] for s in steps], root)


@pytest.mark.parametrize(("old", "new", "path"), CONSISTENCY)
def test_the_published_consistency_proofs_hold(old: int, new: int, path: list[str]) -> None:
    assert is_consistent(old, ROOTS[old - 1], new, ROOTS[new - 1], unhex(path))


@pytest.mark.parametrize(("old", "new", "path"), CONSISTENCY)
def test_a_published_consistency_proof_holds_for_nothing_else(
    old: int, new: int, path: list[str]
) -> None:
    steps, roots = unhex(path), (ROOTS[old - 1], ROOTS[new - 1])
    assert not is_consistent(old, ROOTS[old % 8], new, roots[1], steps)
    assert not is_consistent(old, roots[0], new, ROOTS[new % 8], steps)
    assert not is_consistent(old, roots[0], new, roots[1], [*steps, roots[0]])
    for at in range(len(steps)):
        assert not is_consistent(old, roots[0], new, roots[1], steps[:at] + steps[at + 1 :])


def test_a_shrinking_log_is_never_consistent() -> None:
    assert not is_consistent(8, ROOTS[7], 4, ROOTS[3], [])
    assert not is_consistent(8, ROOTS[7], 4, ROOTS[3], unhex([N47]))


def test_nothing_is_shown_from_the_empty_log_and_nothing_is_in_it() -> None:
    assert root_of([]) == EMPTY_ROOT == hashlib.sha256(b"").digest()
    assert not is_consistent(0, EMPTY_ROOT, 8, ROOTS[7], [])
    assert not is_consistent(0, EMPTY_ROOT, 0, EMPTY_ROOT, [])
    assert not is_included(EMPTY_ROOT, 0, 0, [], EMPTY_ROOT)


def test_a_path_longer_than_any_tree_is_high_is_refused() -> None:
    assert not is_included(LEAVES[0], 0, 2**53 - 1, [LEAVES[0]] * 10_000, ROOTS[0])
