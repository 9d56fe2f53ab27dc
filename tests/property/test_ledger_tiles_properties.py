"""What holds however a log was cut into batches: the same root, and every beginning provable."""

from __future__ import annotations

import hashlib
import tempfile
from itertools import accumulate
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from models.ledger.merkle import (
    prove_consistency,
    prove_inclusion,
    root_of,
    verify_consistency,
    verify_inclusion,
)
from models.ledger.tiles import TileReader, append_leaves, parse_tile_path, tile_path

LEAVES = [hashlib.sha256(b"\x00%d" % number).digest() for number in range(1200)]


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=4), st.data())
def test_proofs_through_tiles_verify_for_every_cut_into_batches(
    batches: list[int], data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder, size = Path(name), 0
        for end in accumulate(batches):
            size, root = append_leaves(folder, size, LEAVES[size:end])
            assert root == root_of(LEAVES[:end])
        reader = TileReader(folder, size)
        index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
        path = prove_inclusion(index, size, reader.subtree)
        assert verify_inclusion(LEAVES[index], index, size, path, root)
        proof = prove_consistency(old, size, reader.subtree)
        assert verify_consistency(old, size, proof, root_of(LEAVES[:old]), root)


@given(st.integers(0, 63), st.integers(0, 1 << 60), st.integers(1, 256))
def test_every_tile_has_one_path_that_reads_back(level: int, index: int, width: int) -> None:
    assert parse_tile_path(tile_path(level, index, width)) == (level, index, width)
