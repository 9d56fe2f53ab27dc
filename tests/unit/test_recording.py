"""Records made by another process are entered as if they had been made here, in the same order."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from models.errors import WorkspaceError
from models.ledger.records import RecordType
from models.ledger.written import WrittenRecord
from models.releases.release import Release
from tasks.entering import enter_release
from tasks.recording import Link, RecordMaker, make_beside, open_link, take_end

SHARDS: list[dict[str, Any]] = [{"shard": number} for number in range(6)]
RELEASE = Release("b" * 64, "set", 1, "c" * 64, "d" * 64, "releases/set", 1, 0, 0)


def records_of(shard: int, by: str = "here") -> list[WrittenRecord]:
    return [
        WrittenRecord(RecordType.USE, f"{place:032x}", f"{shard}.{place} {by}".encode())
        for place in range(shard % 3)  # of some shards there is nothing to record
    ]


class Maker(RecordMaker):
    """Makes records without a workspace, and remembers of which shards."""

    def __init__(self) -> None:
        self.made: list[int] = []

    def make(self, verdict: dict[str, Any]) -> list[WrittenRecord]:
        self.made.append(verdict["shard"])
        return records_of(verdict["shard"])


def hand_over(link: Link, shards: range) -> None:
    for shard in shards:
        link.send(records_of(shard, "there"))


def expected(here: range) -> list[WrittenRecord]:
    """All records, of which those of some shards are made here."""
    return [
        each
        for shard in range(len(SHARDS))
        for each in records_of(shard, "here" if shard in here else "there")
    ]


def test_without_another_process_all_are_made_here() -> None:
    maker = Maker()
    assert list(maker.make_all(SHARDS, None)) == expected(range(6))
    assert maker.made == [0, 1, 2, 3, 4, 5]


def test_while_nobody_is_there_they_are_made_here() -> None:
    entering, making = open_link()
    maker = Maker()
    assert list(maker.make_all(SHARDS, take_end(entering))) == expected(range(6))
    take_end(making).close()


def test_all_are_taken_from_a_process_that_was_there_first() -> None:
    entering, making = open_link()
    with take_end(making) as link:
        link.send(None)
        hand_over(link, range(6))
        maker = Maker()
        assert list(maker.make_all(SHARDS, take_end(entering))) == expected(range(0))
        assert link.recv() == 0
    assert maker.made == []


def test_a_process_that_comes_later_is_asked_for_what_is_left() -> None:
    entering, making = open_link()
    with take_end(making) as link:
        maker = Maker()
        records = maker.make_all(SHARDS, take_end(entering))
        assert [next(records), next(records)] == records_of(1) + records_of(2)[:1]
        link.send(None)
        hand_over(link, range(3, 6))
        assert [*records_of(1), *records_of(2)[:1], *records] == expected(range(3))
        assert link.recv() == 3
    assert maker.made == [0, 1, 2]


@pytest.mark.parametrize("cut_short", [False, True])
def test_what_a_process_did_not_hand_over_before_it_was_gone_is_made_here(
    cut_short: bool,
) -> None:
    entering, making = open_link()
    with take_end(making) as link:
        link.send(None)
        hand_over(link, range(3))
        if cut_short:
            os.write(link.fileno(), (1000).to_bytes(4, "big") + b"the beginning of")
        maker = Maker()
        records = maker.make_all(SHARDS, take_end(entering))
        first = next(records)
    assert [first, *records] == expected(range(3, 6))
    assert maker.made == [3, 4, 5]


def test_whoever_makes_records_ends_where_nobody_wants_them_any_more() -> None:
    entering, making = open_link()
    take_end(entering).close()
    make_beside("no order is read", RELEASE, SHARDS, making)


def test_whoever_makes_records_is_told_where_they_cannot_be_entered(tmp_path: Path) -> None:
    entering, making = open_link()
    with take_end(making) as link:
        link.send(None)
        with pytest.raises(WorkspaceError):
            enter_release(str(tmp_path / "no-order.json"), RELEASE, SHARDS, entering)
        with pytest.raises((EOFError, OSError)):
            link.recv()
