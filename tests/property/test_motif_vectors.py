"""Whatever is added, removed and replaced: the answers are those of brute force."""

from __future__ import annotations

import tempfile
from itertools import pairwise
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from models.errors import RegisterError
from models.motifs.vectors.kinds import Kind, choose_kind
from models.motifs.vectors.live import LiveIndex
from models.motifs.vectors.opening import save
from models.motifs.vectors.protocol import Vectors
from models.motifs.vectors.scanning import Block, scan
from tests.motif_vectors import DIMENSION, IDENTITY, assert_same, brute_force, build_kind, draw

# Few different ones, so that equal scores are common.
POOL = np.concatenate([draw(12), draw(6), np.zeros((1, DIMENSION), np.float32)])
numbers = st.integers(0, 25)
picks = st.integers(0, len(POOL) - 1)


class Changes(RuleBasedStateMachine):
    """An index of an exact kind beside a dictionary that says what must be in it."""

    kind: Kind = "exact"

    def __init__(self) -> None:
        super().__init__()
        self.known: dict[int, Vectors] = {}
        self.index = LiveIndex(DIMENSION, half=self.kind != "exact")

    @initialize(first=st.lists(st.tuples(numbers, picks), max_size=12, unique_by=lambda p: p[0]))
    def build(self, first: list[tuple[int, int]]) -> None:
        self.known = {number: POOL[pick] for number, pick in first}
        ids, vectors = self._all()
        self.index = LiveIndex(DIMENSION, build_kind(ids, vectors, self.kind).segment)

    @rule(given_ids=st.lists(numbers, max_size=6), pick=picks)
    def add(self, given_ids: list[int], pick: int) -> None:
        vectors = POOL[(pick + np.arange(len(given_ids))) % len(POOL)]
        ids = np.array(given_ids, np.int64)
        if len(set(given_ids)) < len(given_ids) or self.known.keys() & set(given_ids):
            try:
                self.index.add(ids, vectors)
            except RegisterError:
                return
            raise AssertionError("an id was taken twice")
        self.index.add(ids, vectors)
        self.known |= dict(zip(given_ids, vectors, strict=True))

    @rule(given_ids=st.lists(numbers, max_size=8))
    def remove(self, given_ids: list[int]) -> None:
        there = self.known.keys() & set(given_ids)
        assert self.index.remove(np.array(given_ids, np.int64)) == len(there)
        for number in there:
            del self.known[number]

    @rule(given_ids=st.lists(numbers, max_size=6, unique=True), pick=picks)
    def replace(self, given_ids: list[int], pick: int) -> None:
        vectors = POOL[(pick + np.arange(len(given_ids))) % len(POOL)]
        self.index.replace(np.array(given_ids, np.int64), vectors)
        self.known |= dict(zip(given_ids, vectors, strict=True))

    @precondition(lambda self: self.kind == "exact")
    @rule()
    def save_and_open(self) -> None:
        with tempfile.TemporaryDirectory() as folder:
            self.index = save(Path(folder, "index"), IDENTITY, self.index).index

    @invariant()
    def answers_as_brute_force_does(self) -> None:
        ids, vectors = self._all()
        kept = vectors if self.kind == "exact" else vectors.astype(np.float16)
        assert len(self.index) == len(ids)
        assert_same(self.index.search(POOL[::3], 7), brute_force(ids, kept, POOL[::3], 7))

    def _all(self) -> tuple[np.ndarray, Vectors]:  # type: ignore[type-arg]
        ids = np.array(sorted(self.known), np.int64)
        rows = [self.known[number] for number in ids.tolist()]
        return ids, np.array(rows, np.float32).reshape(-1, DIMENSION)


class HalfChanges(Changes):
    kind: Kind = "exact_half"


def test_after_any_changes_the_answers_are_those_of_brute_force() -> None:
    run_state_machine_as_test(Changes, settings=settings(max_examples=25, stateful_step_count=12))


def test_after_any_changes_in_half_precision_too() -> None:
    run_state_machine_as_test(
        HalfChanges, settings=settings(max_examples=25, stateful_step_count=12)
    )


@settings(max_examples=60, deadline=None)
@given(
    picked=st.lists(picks, max_size=60),
    cuts=st.lists(st.integers(0, 60), max_size=5),
    k=st.integers(1, 20),
    floor=st.floats(-1, 1, width=32),
    threads=st.integers(1, 3),
    seed=st.integers(0, 100),
)
def test_a_scan_gives_the_same_in_whatever_blocks_order_and_threads(
    picked: list[int], cuts: list[int], k: int, floor: float, threads: int, seed: int
) -> None:
    rows = POOL[picked].astype(np.float16).reshape(-1, DIMENSION)
    keys = np.arange(len(rows))
    order = np.random.default_rng(seed).permutation(len(rows))
    ends = [0, *sorted(min(cut, len(rows)) for cut in cuts), len(rows)]
    blocks = [Block(keys[order[a:b]], rows[order[a:b]]) for a, b in pairwise(ends)]
    queries = POOL[::5]
    found = scan(blocks, queries, k, floor, threads=threads)
    scores, ids = brute_force(keys, rows, queries, max(1, len(rows)))
    for hits, score, number in zip(found, scores, ids, strict=True):
        wanted = (number >= 0) & (score >= floor)
        assert hits.total == wanted.sum()
        assert hits.keys == tuple(number[wanted][:k].tolist())
        assert hits.scores == tuple(score[wanted][:k].tolist())


@given(count=st.integers(0, 10**9), dimension=st.integers(1, 4096), memory=st.integers(0, 2**40))
def test_a_choice_is_always_made_and_explained(count: int, dimension: int, memory: int) -> None:
    choice = choose_kind(count, dimension, memory)
    assert (choice.cells > 0) == (choice.kind == "cells_half")
    assert choice.kind == "cells_half" or choice.bytes <= memory or count == 0
    assert choice.reason.endswith(".")
