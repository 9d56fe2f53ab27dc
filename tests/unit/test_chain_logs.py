"""Ranges of events, cursors, and chains that change their mind."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.consent.chain.answers import Answer, Refused, Result, Unanswered
from models.consent.chain.logs import LogCursor, LogPage, read_logs
from models.consent.chain.rpc import Block, BlockView
from models.consent.chain.sources import BlockChangedError, ChainError

CHAIN = "eip155:1"
CONTRACT = "0x" + "ab" * 20
TOPIC = "0x" + "11" * 32


@dataclass
class SimulatedNode:
    """A chain in memory: the fork that each block belongs to, and the heights with an event."""

    forks: list[int]
    events: set[int] = field(default_factory=set)
    widest: int = 10**9
    most_logs: int = 10**9
    cut_silently: int = 0
    name: str = "simulated"
    ranges: list[tuple[int, int]] = field(default_factory=list)
    asked_blocks: int = 0

    def hash_of(self, number: int) -> str:
        return "0x" + hashlib.sha256(f"{self.forks[number]}/{number}".encode()).hexdigest()

    def ask_one(self, method: str, *parameters: Any) -> Answer:
        return self.ask([(method, list(parameters))])[0]

    def ask(self, questions: Sequence[tuple[str, list[Any]]]) -> list[Answer]:
        return [self._answer(method, parameters) for method, parameters in questions]

    def _answer(self, method: str, parameters: list[Any]) -> Answer:
        if method == "eth_call":
            return Result("0x")
        if method == "eth_getBlockByNumber":
            self.asked_blocks += 1
            number = int(parameters[0], 16)
            if number >= len(self.forks):
                return Result(None)
            return Result(
                {"number": hex(number), "hash": self.hash_of(number), "timestamp": hex(number)}
            )
        first, last = (int(parameters[0][key], 16) for key in ("fromBlock", "toBlock"))
        self.ranges.append((first, last))
        if last - first + 1 > self.widest:
            return Refused(-32602, f"range {last - first} exceeds limit of {self.widest}")
        logs = [self._log(number) for number in sorted(self.events) if first <= number <= last]
        if len(logs) > self.most_logs:
            return Refused(-32005, f"query returned more than {self.most_logs} results")
        return Result(logs[: self.cut_silently or None])

    def _log(self, number: int) -> dict[str, Any]:
        return {
            "address": CONTRACT,
            "topics": [TOPIC],
            "data": "0x",
            "blockNumber": hex(number),
            "blockHash": self.hash_of(number),
            "logIndex": "0x0",
            "transactionHash": "0x" + "00" * 32,
        }

    def view(self, height: int | None = None) -> BlockView:
        number = len(self.forks) - 1 if height is None else height
        block = Block(number, self.hash_of(number), number)
        return BlockView(CHAIN, self, block, "")  # type: ignore[arg-type]


def read(node: SimulatedNode, cursor: LogCursor, height: int | None = None) -> list[LogPage]:
    return list(read_logs(node.view(height), cursor, [TOPIC]))


def heights(pages: list[LogPage]) -> list[int]:
    return [log.block for page in pages for log in page.logs]


def start(block: int = 0) -> LogCursor:
    return LogCursor(CHAIN, CONTRACT, block)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 6000),
    st.sets(st.integers(0, 5999), max_size=60),
    st.integers(1, 5000),
    st.integers(1, 20),
)
def test_every_event_is_read_once_whatever_the_node_refuses(
    length: int, events: set[int], widest: int, most: int
) -> None:
    node = SimulatedNode([0] * length, {e for e in events if e < length}, widest, most)
    assert heights(read(node, start())) == sorted(node.events)


def test_ranges_grow_where_the_node_allows_it() -> None:
    node = SimulatedNode([0] * 300_000)
    read(node, start())
    assert len(node.ranges) < 12


def test_an_answer_that_was_cut_without_a_word_is_asked_for_in_parts() -> None:
    node = SimulatedNode([0] * 1500, set(range(1500)), cut_silently=1000)
    assert heights(read(node, start())) == list(range(1500))


def test_nothing_past_the_block_of_the_view_is_read() -> None:
    node = SimulatedNode([0] * 100, {10, 60})
    assert heights(read(node, start(), height=50)) == [10]


def test_reading_goes_on_where_it_ended() -> None:
    node = SimulatedNode([0] * 100, {10, 60})
    cursor = read(node, start(), height=50)[-1].cursor
    assert cursor.next_block == 51
    assert heights(read(node, cursor)) == [60]


def test_a_cursor_in_the_middle_of_a_look_can_be_resumed() -> None:
    node = SimulatedNode([0] * 9000, set(range(0, 9000, 100)), widest=1000)
    pages = read(node, start())
    half = pages[len(pages) // 2]
    before = heights(pages[: pages.index(half) + 1])
    assert before + heights(read(node, half.cursor)) == sorted(node.events)


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 399), st.lists(st.integers(1, 40), min_size=1, max_size=80))
def test_after_a_reorganisation_all_that_changed_is_read_anew(depth: int, steps: list[int]) -> None:
    node = SimulatedNode([0] * 400, set(range(0, 400, 7)))
    cursor, height = start(), 0
    for step in steps:
        height = min(399, height + step)
        cursor = read(node, cursor, height)[-1].cursor
    fork = 400 - depth
    node.forks[fork:] = [1] * depth
    node.events = {e for e in node.events if e < fork} | set(range(fork, 400, 5))
    pages = read(node, cursor)
    reread_from = pages[0].reread_from
    if fork > height:
        assert reread_from is None
    else:
        assert reread_from is not None
        assert reread_from <= fork
        assert heights(pages) == [e for e in sorted(node.events) if e >= reread_from]


def test_a_reorganisation_is_found_without_looking_at_every_block() -> None:
    node = SimulatedNode([0] * 5000)
    cursor = start()
    for height in range(0, 4000, 10):
        cursor = read(node, cursor, height)[-1].cursor
    assert len(cursor.remembered) < 100
    node.forks[3800:] = [1] * 1200
    node.asked_blocks = 0
    page = next(iter(read_logs(node.view(), cursor, [TOPIC])))
    assert page.reread_from is not None
    assert 3500 < page.reread_from <= 3800
    assert node.asked_blocks < 20


def test_a_reorganisation_past_everything_remembered_starts_from_the_beginning() -> None:
    node = SimulatedNode([0] * 100, {50})
    cursor = read(node, start(20))[-1].cursor
    node.forks = [1] * 100
    page = next(iter(read_logs(node.view(), cursor, [TOPIC], 20)))
    assert (page.reread_from, page.cursor.next_block) == (20, 20)


def test_a_node_that_is_behind_has_not_changed_its_mind() -> None:
    node = SimulatedNode([0] * 100, {10})
    cursor = read(node, start())[-1].cursor
    pages = read(node, cursor, height=50)
    assert (len(pages), pages[0].reread_from, pages[0].cursor) == (1, None, cursor)
    assert "before where the last look ended" in pages[0].note


def test_a_block_that_is_replaced_during_a_look_stops_it() -> None:
    node = SimulatedNode([0] * 9000, {10}, widest=1000)
    pages = read_logs(node.view(), start(), [TOPIC])
    next(pages)
    node.forks[4000:] = [1] * 5000
    with pytest.raises(BlockChangedError):
        list(pages)


def test_a_block_whose_events_are_never_given_is_an_error_and_not_silence() -> None:
    node = SimulatedNode([0] * 10, {5}, most_logs=0)
    with pytest.raises(ChainError, match="block 5"):
        read(node, start())


def test_a_limit_that_does_not_say_of_what_is_met_by_narrower_ranges() -> None:
    node = SimulatedNode([0] * 3000, {5, 2500})
    real = node._answer

    def limited(method: str, parameters: list[Any]) -> Answer:
        if method == "eth_getLogs":
            first, last = (int(parameters[0][key], 16) for key in ("fromBlock", "toBlock"))
            if last - first > 100:
                return Refused(-32005, "limit exceeded")
        return real(method, parameters)

    node._answer = limited  # type: ignore[method-assign]
    assert heights(read(node, start())) == [5, 2500]


def test_a_node_without_events_is_an_error_and_not_silence() -> None:
    node = SimulatedNode([0] * 10)
    node._answer = lambda method, parameters: (  # type: ignore[method-assign]
        Unanswered("it is down") if method == "eth_getLogs" else Result("0x")
    )
    with pytest.raises(ChainError):
        read(node, start())


@pytest.mark.parametrize(
    "change",
    [
        {"address": "0x" + "cd" * 20},
        {"blockNumber": "0x64"},
        {"topics": "none"},
        {"topics": ["0x11"]},
        {"data": "hello"},
        {"blockHash": None},
        {"removed": True},
    ],
)
def test_events_that_were_not_asked_for_are_an_error(change: dict[str, Any]) -> None:
    node = SimulatedNode([0] * 10, {5})
    real = node._log
    node._log = lambda number: real(number) | change  # type: ignore[method-assign]
    with pytest.raises(ChainError, match="not asked for"):
        read(node, start())
