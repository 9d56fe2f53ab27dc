"""What holds for every tree: proofs verify, and no changed proof does."""

from __future__ import annotations

import hashlib

from hypothesis import given, settings
from hypothesis import strategies as st

from models.ledger.merkle import (
    prove_consistency,
    prove_inclusion,
    root_of,
    subtree_of,
    verify_consistency,
    verify_inclusion,
)

LEAVES = [hashlib.sha256(b"\x00%d" % number).digest() for number in range(1100)]
SUBTREE = subtree_of(LEAVES)
SIZES = st.integers(1, len(LEAVES))
Proof = list[bytes]


@st.composite
def _mutations(draw: st.DrawFn, proof: Proof) -> Proof:
    """A proof that differs from the given one by one step."""
    kinds = ["add"] + (["flip", "drop", "swap"] if proof else [])
    kind = draw(st.sampled_from(kinds))
    changed = list(proof)
    if kind == "add":
        at = draw(st.integers(0, len(proof)))
        changed.insert(at, draw(st.sampled_from([*proof, LEAVES[0], bytes(32)])))
        return changed
    at = draw(st.integers(0, len(proof) - 1))
    if kind == "flip":
        bit = draw(st.integers(0, 255))
        step = bytearray(proof[at])
        step[bit // 8] ^= 1 << (bit % 8)
        changed[at] = bytes(step)
    elif kind == "drop":
        del changed[at]
    else:
        other = draw(st.integers(0, len(proof) - 1))
        changed[at], changed[other] = changed[other], changed[at]
    return changed


@settings(deadline=None, max_examples=60)
@given(st.data(), SIZES)
def test_every_leaf_is_provable_and_no_other_claim_is(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    root = root_of(LEAVES[:size])
    proof = prove_inclusion(index, size, SUBTREE)
    assert verify_inclusion(LEAVES[index], index, size, proof, root)
    other = data.draw(st.integers(-1, size + 1).filter(lambda i: i != index))
    assert not verify_inclusion(LEAVES[index], other, size, proof, root)
    assert not verify_inclusion(bytes(32), index, size, proof, root)
    changed = data.draw(_mutations(proof))
    if changed != proof:
        assert not verify_inclusion(LEAVES[index], index, size, changed, root)


@settings(deadline=None, max_examples=60)
@given(st.data(), SIZES)
def test_every_beginning_is_provable_and_no_other_claim_is(data: st.DataObject, new: int) -> None:
    old = data.draw(st.integers(1, new))
    old_root, new_root = root_of(LEAVES[:old]), root_of(LEAVES[:new])
    proof = prove_consistency(old, new, SUBTREE)
    assert verify_consistency(old, new, proof, old_root, new_root)
    assert not verify_consistency(old, new, proof, bytes(32), new_root)
    assert not verify_consistency(old, new, proof, old_root, bytes(32))
    if old < new:
        assert not verify_consistency(old, new, proof, new_root, old_root)
    changed = data.draw(_mutations(proof))
    if changed != proof:
        assert not verify_consistency(old, new, changed, old_root, new_root)
