"""Many fetches at once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.fetching.fetched import Failure, Fetched, FetchError
from models.fetching.fetcher import Fetcher, FetchLimits
from models.fetching.pool import fetch_all
from tests.fetching_servers import LOCAL, respond, serving


def fetched(url: str) -> Fetched:
    return Fetched(url, url, 200, (), url.encode(), 0)


class Counting:
    """Fetches nothing, and counts how many do so at a time, in all and for each host."""

    def __init__(self, pause: float = 0.005) -> None:
        self.lock = threading.Lock()
        self.pause = pause
        self.busy: Counter[str] = Counter()
        self.most = 0
        self.most_at_one_host = 0

    def __call__(self, url: str, *, accept: str = "*/*", max_bytes: int | None = None) -> Fetched:
        host = url.split("/")[2]
        with self.lock:
            self.busy[host] += 1
            self.most = max(self.most, self.busy.total())
            self.most_at_one_host = max(self.most_at_one_host, self.busy[host])
        time.sleep(self.pause)
        with self.lock:
            self.busy[host] -= 1
        if url.endswith("7"):
            raise FetchError(Failure.ABSENT, url, "nothing there")
        return fetched(url)


@pytest.mark.parametrize("slots", [1, 4, 500])
def test_every_request_ends_exactly_once(slots: int) -> None:
    requests = [(number, f"http://{number % 5}.example/{number}") for number in range(100)]
    found = list(fetch_all(Counting(0), requests, slots))
    assert sorted(key for key, _ in found) == list(range(100))
    for key, outcome in found:
        if key % 10 == 7:
            assert isinstance(outcome, FetchError)
        else:
            assert isinstance(outcome, Fetched)
            assert outcome.url == requests[key][1]


def test_no_more_slots_are_used_than_allowed() -> None:
    fetch = Counting()
    list(fetch_all(fetch, [(n, f"http://{n}.example/") for n in range(40)], 3))
    assert fetch.most == 3


def test_slots_are_spread_over_hosts() -> None:
    requests = [(n, f"http://{n // 20}.example/{n}") for n in range(80)]
    fetch = Counting()
    list(fetch_all(fetch, requests, 4))
    assert fetch.most_at_one_host < 4
    assert fetch.most == 4


def test_the_same_key_and_url_may_come_twice() -> None:
    found = list(fetch_all(Counting(0), [("a", "http://a.example/")] * 3, 2))
    assert [key for key, _ in found] == ["a"] * 3


def test_nothing_to_fetch_is_nothing() -> None:
    assert list(fetch_all(Counting(), [], 4)) == []


def test_there_is_at_least_one_slot() -> None:
    with pytest.raises(ValueError, match="slot"):
        fetch_all(Counting(), [], 0)


def test_progress_counts_what_has_ended() -> None:
    seen: list[int] = []
    list(fetch_all(Counting(0), [(n, "http://a.example/") for n in range(5)], 2, seen.append))
    assert seen == [1, 2, 3, 4, 5]


def test_requests_are_read_no_further_than_needed() -> None:
    read = 0

    def endless() -> Iterator[tuple[int, str]]:
        nonlocal read
        while True:
            read += 1
            yield read, f"http://{read}.example/"

    found = fetch_all(Counting(0), endless(), 2)
    for _ in range(10):
        next(found)
    found.close()  # type: ignore[attr-defined]
    assert read < 1000


def test_what_is_not_a_url_is_an_outcome_too() -> None:
    fetcher = Fetcher(FetchLimits(), LOCAL)
    found = dict(
        fetch_all(fetcher, [(1, "http://["), (2, ""), (3, "file:///x"), (4, "http://\ud800/")])
    )
    assert {key: getattr(outcome, "failure", None) for key, outcome in found.items()} == {
        1: Failure.MALFORMED,
        2: Failure.MALFORMED,
        3: Failure.FORBIDDEN_SCHEME,
        4: Failure.MALFORMED,
    }


def test_a_fault_in_the_code_reaches_the_caller() -> None:
    def broken(url: str, *, accept: str = "*/*", max_bytes: int | None = None) -> Fetched:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        list(fetch_all(broken, [(1, "http://a.example/")]))


def test_nothing_new_is_begun_once_the_caller_stops() -> None:
    fetch = Counting(0.01)
    begun = 0

    def count(url: str, *, accept: str = "*/*", max_bytes: int | None = None) -> Fetched:
        nonlocal begun
        begun += 1
        return fetch(url)

    for _ in fetch_all(count, [(n, "http://a.example/") for n in range(1000)], 2):
        break
    time.sleep(0.05)
    assert begun <= 4


def test_a_real_server_is_fetched_from_in_several_slots() -> None:
    with serving() as server:
        for number in range(12):
            server.pages[f"/{number}"] = respond(b"%d" % number)
        requests = [(number, server.url(f"/{number}")) for number in range(12)]
        bodies = {
            key: outcome.body
            for key, outcome in fetch_all(Fetcher(FetchLimits(), LOCAL), requests, 4)
            if isinstance(outcome, Fetched)
        }
    assert bodies == {number: b"%d" % number for number in range(12)}


PROGRAM = """
import os, signal, sys, time
from models.fetching.pool import fetch_all

# Whoever started the tests in the background may have left it ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)

def slow(url, *, accept="*/*", max_bytes=None):
    os.write(1, b"begun\\n")  # in one piece: two slots may write at once
    time.sleep(600)

try:
    for _ in fetch_all(slow, [(n, "http://a.example/") for n in range(9)], 2):
        pass
except KeyboardInterrupt:
    sys.exit(7)
"""


def test_an_interrupted_program_ends_at_once() -> None:
    root = Path(__file__).parents[2]
    program = subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=root, stdout=subprocess.PIPE, text=True
    )
    assert program.stdout is not None
    assert program.stdout.readline() == "begun\n"
    os.kill(program.pid, signal.SIGINT)
    assert program.wait(40) == 7
