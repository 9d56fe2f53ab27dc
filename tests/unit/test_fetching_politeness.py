"""How often a host is asked, and when it is asked again."""

from __future__ import annotations

import threading
import time

import pytest

from models.fetching.exchange import Exchange
from models.fetching.fetched import Failure
from models.fetching.fetcher import Fetcher, FetchLimits
from models.fetching.pacing import HostClosedError, Pacing, PacingRules, read_retry_after
from models.fetching.politeness import Polite, RetryRules
from tests.fetching_servers import LOCAL, Clock, Scripted, redirect, respond, serving

URL = "http://a.example/"
GOOD = Exchange(URL, URL, 0, status=200, body=b"")
LOST = Exchange(URL, URL, 0, failure=Failure.TIMEOUT)


def answer(status: int, failure: Failure, retry_after: str = "") -> Exchange:
    headers = (("retry-after", retry_after),) if retry_after else ()
    return Exchange(URL, URL, 0, status=status, failure=failure, headers=headers)


def paced(rules: PacingRules | None = None) -> tuple[Pacing, Clock]:
    clock = Clock()
    return Pacing(rules, clock=clock, sleep=clock.sleep), clock


def test_two_requests_to_one_host_start_apart() -> None:
    pacing, clock = paced(PacingRules(delay_seconds=0.5))
    for _ in range(3):
        with pacing.turn("a.example"):
            pass
    assert clock.slept == [0.5, 0.5]


def test_a_host_does_not_wait_for_another() -> None:
    pacing, clock = paced()
    for place in ("a.example", "b.example", "c.example"):
        with pacing.turn(place):
            pass
    assert clock.slept == []


def test_time_that_the_request_took_counts_towards_the_delay() -> None:
    pacing, clock = paced(PacingRules(delay_seconds=0.5))
    with pacing.turn("a.example"):
        clock.now += 0.25
    with pacing.turn("a.example"):
        pass
    assert clock.slept == [0.25]


def test_a_listed_private_host_is_not_slowed_down() -> None:
    pacing, clock = paced()
    for _ in range(5):
        with pacing.turn("127.0.0.1 8080", local=True):
            pass
    assert clock.slept == []


@pytest.mark.parametrize("concurrent", [1, 3])
def test_no_more_than_the_allowed_number_ask_one_host_at_a_time(concurrent: int) -> None:
    pacing = Pacing(PacingRules(concurrent=concurrent, delay_seconds=0))
    lock = threading.Lock()
    inside, most = [0], [0]

    def take() -> None:
        with pacing.turn("a.example"):
            with lock:
                inside[0] += 1
                most[0] = max(most[0], inside[0])
            time.sleep(0.01)
            with lock:
                inside[0] -= 1

    threads = [threading.Thread(target=take) for _ in range(9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
    assert most == [concurrent]


def test_a_dead_host_is_given_up_on_for_the_run() -> None:
    pacing, clock = paced(PacingRules(failures_in_a_row=3))
    for _ in range(3):
        pacing.note("a.example", LOST, now=0)
    clock.now += 1e6
    with pytest.raises(HostClosedError, match="given up on this host"), pacing.turn("a.example"):
        pass
    with pacing.turn("b.example"):
        pass


@pytest.mark.parametrize(
    "between", [GOOD, answer(404, Failure.ABSENT), answer(403, Failure.DENIED)]
)
def test_a_host_that_answers_in_between_is_not_given_up_on(between: Exchange) -> None:
    pacing, _ = paced(PacingRules(failures_in_a_row=2))
    for found in (LOST, between, LOST):
        pacing.note("a.example", found, now=0)
    with pacing.turn("a.example"):
        pass


def test_those_who_wait_for_a_dead_host_give_up_with_it() -> None:
    pacing, _ = paced(PacingRules(failures_in_a_row=1))
    refused = threading.Event()

    def wait() -> None:
        try:
            with pacing.turn("a.example"):
                pass
        except HostClosedError:
            refused.set()

    with pacing.turn("a.example"):
        waiting = threading.Thread(target=wait)
        waiting.start()
        pacing.note("a.example", LOST, now=0)
    waiting.join(40)
    assert refused.is_set()


def test_a_host_that_asks_for_patience_gets_it_from_everybody() -> None:
    pacing, clock = paced()
    pacing.note("a.example", answer(429, Failure.DENIED, "7"), now=0)
    with pacing.turn("a.example"):
        pass
    assert clock.slept == [7.0]


def test_a_host_that_asks_for_more_patience_than_we_have_is_left_alone_until_then() -> None:
    pacing, clock = paced(PacingRules(longest_wait_seconds=60))
    pacing.note("a.example", answer(503, Failure.SERVER_ERROR, "3600"), now=0)
    with pytest.raises(HostClosedError, match="3600 seconds"), pacing.turn("a.example"):
        pass
    clock.now += 3601
    with pacing.turn("a.example"):
        pass


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        (" 5 ", 5.0),
        ("Thu, 01 Jan 1970 00:01:40 GMT", 60.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
        ("٣", None),
        ("Thu, 99 Jan 99999 00:00:00 GMT", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(value: str, seconds: float | None) -> None:
    assert read_retry_after(answer(503, Failure.SERVER_ERROR, value), now=40.0) == seconds


def test_a_retry_after_of_any_length_is_a_finite_wait() -> None:
    wait = read_retry_after(answer(503, Failure.SERVER_ERROR, "9" * 5000), now=0)
    assert wait is not None
    assert wait < 1e9


# Trying again


def polite(inner: Scripted, rules: RetryRules | None = None) -> tuple[Polite, Clock]:
    clock = Clock()
    return Polite(inner, rules, sleep=clock.sleep, now=clock, draw=lambda: 0.5), clock


@pytest.mark.parametrize(
    "found",
    [
        LOST,
        Exchange(URL, URL, 0, failure=Failure.UNREACHABLE),
        answer(500, Failure.SERVER_ERROR),
        answer(429, Failure.DENIED),
    ],
)
def test_what_may_pass_is_tried_again_with_growing_waits(found: Exchange) -> None:
    inner = Scripted([found])
    fetch, clock = polite(inner, RetryRules(retries=3, first_wait_seconds=1.0))
    assert fetch.exchange(URL) == found
    assert (len(inner.asked), clock.slept) == (4, [1.0, 2.0, 4.0])


@pytest.mark.parametrize(
    "failure", [f for f in Failure if f not in ("timeout", "server_error", "unreachable")]
)
def test_what_will_not_pass_is_not_tried_again(failure: Failure) -> None:
    inner = Scripted([answer(400, failure)])
    assert polite(inner)[0].exchange(URL).failure is failure
    assert len(inner.asked) == 1


def test_what_is_final_is_not_tried_again() -> None:
    inner = Scripted([Exchange(URL, URL, 0, failure=Failure.UNREACHABLE, final=True)])
    polite(inner)[0].exchange(URL)
    assert len(inner.asked) == 1


def test_the_first_good_answer_ends_the_attempts() -> None:
    inner = Scripted([LOST, GOOD])
    assert polite(inner)[0].exchange(URL) == GOOD


def test_a_retry_is_no_sooner_than_the_server_asks() -> None:
    fetch, clock = polite(Scripted([answer(503, Failure.SERVER_ERROR, "30"), GOOD]))
    assert fetch.exchange(URL) == GOOD
    assert clock.slept == [30.0]


def test_a_server_that_asks_for_too_much_patience_is_not_waited_for() -> None:
    fetch, clock = polite(Scripted([answer(503, Failure.SERVER_ERROR, "7200"), GOOD]))
    assert fetch.exchange(URL).failure is Failure.SERVER_ERROR
    assert clock.slept == []


def test_all_waits_for_one_request_are_bounded() -> None:
    inner = Scripted([answer(503, Failure.SERVER_ERROR, "50")])
    fetch, clock = polite(inner, RetryRules(retries=100, total_wait_seconds=120))
    fetch.exchange(URL)
    assert sum(clock.slept) <= 120


# With a fetcher


def test_a_fetcher_fails_at_once_where_a_host_is_given_up_on() -> None:
    pacing, _ = paced(PacingRules(failures_in_a_row=2))
    with serving() as server:
        server.pages["/"] = respond(b"", "500 Oh")
        fetcher = Polite(Fetcher(FetchLimits(), LOCAL, pacing=pacing), RetryRules(retries=0))
        found = [fetcher.exchange(server.url("/")) for _ in range(5)]
        assert len(server.asked) == 2
    assert [f.failure for f in found] == [Failure.SERVER_ERROR] * 2 + [Failure.UNREACHABLE] * 3
    assert found[-1].detail == "given up on this host for this run"


def test_every_hop_of_a_redirect_takes_its_turn() -> None:
    pacing, clock = paced(PacingRules(delay_seconds=3))
    with serving() as server:
        server.pages["/"] = redirect("/b")
        server.pages["/b"] = respond(b"there")
        host = f"slow.example:{server.port}"
        rules = type(LOCAL)(allow_private=("127.0.0.0/8",))
        fetcher = Fetcher(
            FetchLimits(total_seconds=2), rules, pacing=pacing, resolve=lambda h, p: ["127.0.0.1"]
        )
        assert fetcher(f"http://{host}/").body == b"there"
    assert len(clock.slept) == 1
    assert clock.slept[0] == pytest.approx(3)
