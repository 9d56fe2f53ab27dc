"""What is kept on disk, for how long, and what of it is believed."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from models.fetching.cache import Cache, CacheRules
from models.fetching.exchange import Exchange, Hop, Request
from models.fetching.fetched import Failure
from models.fetching.fetcher import Fetcher, FetchLimits
from models.fetching.freshness import find_lifetime, may_store
from tests.fetching_servers import LOCAL, Clock, Scripted, respond, serving

URL = "https://a.example/x"
T0 = 1_700_000_000
EXPIRY = "Tue, 14 Nov 2023 22:15:20 GMT"  # two minutes later


def said(*headers: tuple[str, str], body: bytes | None = b"body", at: int = T0) -> Exchange:
    return Exchange(URL, URL, at, status=200, headers=headers, body=body)


@pytest.fixture(name="clock")
def _clock() -> Clock:
    return Clock(now=float(T0))


Make = Callable[..., tuple[Cache, Scripted]]


@pytest.fixture(name="make")
def _make(tmp_path: Path, clock: Clock) -> Make:
    def make(*answers: Exchange, rules: CacheRules | None = None) -> tuple[Cache, Scripted]:
        inner = Scripted(list(answers))
        return Cache(inner, tmp_path, rules, now=clock), inner

    return make


def test_a_fresh_answer_is_not_asked_for_again(make: Make) -> None:
    first = said(("x-robots-tag", "noai"), ("x-robots-tag", "noimageai"))
    cache, inner = make(first)
    assert cache.exchange(URL) == first
    assert cache.exchange(URL) == first
    assert len(inner.asked) == 1


def test_an_answer_outlives_the_process(make: Make) -> None:
    first = replace(said(), hops=(Hop("https://a.example/y", 301, (("a", "ü"),)),))
    make(first)[0].exchange(URL)
    cache, inner = make(said(body=b"other"))
    assert cache.exchange(URL) == first
    assert inner.asked == []


def test_the_time_of_an_answer_is_when_the_server_gave_it(make: Make, clock: Clock) -> None:
    cache, _ = make(said())
    cache(URL)
    clock.now += 600
    assert cache(URL).fetched_at == T0


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ([], 3600),
        ([("cache-control", "max-age=120")], 120),
        ([("cache-control", "public, MAX-AGE=120, foo")], 120),
        ([("cache-control", 'max-age="120"')], 120),
        ([("cache-control", "max-age=120"), ("cache-control", "max-age=60")], 60),
        ([("cache-control", "max-age=120"), ("age", "100")], 20),
        ([("cache-control", "max-age=soon")], 0),
        ([("cache-control", "max-age")], 0),
        ([("cache-control", "max-age=-1")], 0),
        ([("cache-control", "no-cache, max-age=120")], 0),
        ([("cache-control", "no-store")], 0),
        ([("pragma", "no-cache")], 0),
        ([("expires", "0")], 0),
        ([("expires", EXPIRY)], 120),
        ([("expires", EXPIRY), ("date", "Tue, 14 Nov 2023 22:14:20 GMT")], 60),
        ([("expires", "Tue, 14 Nov 2023 22:15:20 -0000")], 120),
        ([("expires", EXPIRY), ("cache-control", "max-age=7")], 7),
        ([("expires", "rubbish")], 0),
        ([("cache-control", "s-maxage=9")], 3600),
        ([("cache-control", "max-age=" + "9" * 5000)], 2**31),
    ],
)  # fmt: skip
def test_how_long_an_answer_is_fresh(headers: list[tuple[str, str]], seconds: int) -> None:
    assert find_lifetime(tuple(headers), T0, unstated=3600) == seconds


def test_nothing_is_believed_for_longer_than_a_day(make: Make, clock: Clock) -> None:
    cache, inner = make(said(("cache-control", "max-age=99999999, immutable")))
    cache.exchange(URL)
    clock.now += 86_399
    cache.exchange(URL)
    assert len(inner.asked) == 1
    clock.now += 1
    cache.exchange(URL)
    assert len(inner.asked) == 2


@pytest.mark.parametrize("header", [("cache-control", "No-Store"), ("vary", "accept, *")])
def test_what_may_not_be_kept_is_not(make: Make, tmp_path: Path, header: tuple[str, str]) -> None:
    assert not may_store((header,))
    cache, inner = make(said(header))
    cache.exchange(URL)
    cache.exchange(URL)
    assert len(inner.asked) == 2
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_site_that_forbids_keeping_ends_what_was_kept(make: Make, clock: Clock) -> None:
    cache, inner = make(said(("cache-control", "max-age=60")), said(("cache-control", "no-store")))
    cache.exchange(URL)
    clock.now += 61
    cache.exchange(URL)
    clock.now -= 61
    cache.exchange(URL)
    assert len(inner.asked) == 3


@pytest.mark.parametrize(
    "failure",
    [f for f in Failure if f is not Failure.ABSENT],
)
def test_a_failure_is_not_kept(make: Make, failure: Failure) -> None:
    cache, inner = make(Exchange(URL, URL, T0, status=500, failure=failure, body=b""), said())
    assert cache.exchange(URL).failure is failure
    assert cache.exchange(URL).failure is None
    assert len(inner.asked) == 2


def test_the_certainty_that_nothing_is_there_is_kept(make: Make) -> None:
    gone = Exchange(
        URL, URL, T0, status=404, failure=Failure.ABSENT, detail="the server answers 404", body=b""
    )
    cache, inner = make(gone)
    assert cache.exchange(URL) == gone
    assert cache.exchange(URL) == gone
    assert len(inner.asked) == 1


def test_a_refusal_to_answer_ends_what_was_kept(make: Make, clock: Clock) -> None:
    old = said(("cache-control", "max-age=60"), ("etag", '"1"'))
    denied = Exchange(URL, URL, T0 + 61, status=403, failure=Failure.DENIED, body=b"")
    cache, _ = make(old, denied)
    cache.exchange(URL)
    clock.now += 61
    assert cache.exchange(URL).failure is Failure.DENIED
    clock.now -= 61
    assert cache.exchange(URL).failure is Failure.DENIED


def test_a_stale_answer_is_asked_for_by_its_validators(make: Make, clock: Clock) -> None:
    old = said(
        ("etag", '"1"'),
        ("last-modified", "yesterday"),
        ("x-robots-tag", "noai"),
        ("content-length", "4"),
    )
    fresh = Exchange(
        URL, URL, T0 + 4000, status=304, headers=(("x-robots-tag", "all"), ("content-length", "0"))
    )
    cache, inner = make(old, fresh)
    cache.exchange(URL)
    clock.now += 4000
    found = cache.exchange(URL)
    assert (inner.asked[1].etag, inner.asked[1].last_modified) == ('"1"', "yesterday")
    assert (found.status, found.body, found.fetched_at) == (200, b"body", T0 + 4000)
    assert found.values("x-robots-tag") == ["all"]
    assert found.values("content-length") == ["4"]
    assert cache.exchange(URL) == found
    assert len(inner.asked) == 2


def test_a_refusal_that_a_304_does_not_repeat_stands(make: Make, clock: Clock) -> None:
    cache, _ = make(
        said(("etag", '"1"'), ("x-robots-tag", "noai")), Exchange(URL, URL, T0 + 4000, status=304)
    )
    cache.exchange(URL)
    clock.now += 4000
    assert cache.exchange(URL).values("x-robots-tag") == ["noai"]


def test_a_changed_answer_replaces_the_stored_one(make: Make, clock: Clock) -> None:
    cache, inner = make(said(("etag", '"1"')), said(("etag", '"2"'), body=b"new", at=T0 + 4000))
    cache.exchange(URL)
    clock.now += 4000
    assert cache(URL).body == b"new"
    assert cache(URL).body == b"new"
    assert len(inner.asked) == 2


def test_a_server_that_cannot_be_reached_is_not_covered_up(make: Make, clock: Clock) -> None:
    lost = Exchange(URL, URL, T0 + 4000, failure=Failure.TIMEOUT)
    cache, _ = make(said(("etag", '"1"')), lost)
    cache.exchange(URL)
    clock.now += 4000
    assert cache.exchange(URL) == lost


def test_a_clock_that_went_back_makes_nothing_fresh(make: Make, clock: Clock) -> None:
    cache, inner = make(said())
    cache.exchange(URL)
    clock.now -= 10
    cache.exchange(URL)
    assert len(inner.asked) == 2


def test_a_redirect_is_as_fresh_as_its_shortest_part(make: Make, clock: Clock) -> None:
    hop = Hop(URL, 302, (("cache-control", "max-age=5"),))
    cache, inner = make(replace(said(), hops=(hop,)))
    cache.exchange(URL)
    clock.now += 6
    cache.exchange(URL)
    assert len(inner.asked) == 2


@pytest.mark.parametrize("part", ["entries", "bodies"])
@pytest.mark.parametrize("damage", ["flip", "cut", "empty", "gone", "folder", "other"])
def test_what_is_damaged_is_asked_for_again(
    make: Make, tmp_path: Path, part: str, damage: str
) -> None:
    cache, inner = make(said(("x-robots-tag", "noai")))
    cache.exchange(URL)
    [path] = (tmp_path / part).iterdir()
    data = path.read_bytes()
    path.unlink()
    if damage == "folder":
        path.mkdir()
    elif damage != "gone":
        changed = {"flip": data.replace(b"o", b"0"), "cut": data[:-1], "empty": b"", "other": b"{}"}
        path.write_bytes(changed[damage])
    found = cache.exchange(URL)
    assert (found.body, found.values("x-robots-tag")) == (b"body", ["noai"])
    assert len(inner.asked) == 2
    if damage != "folder":
        cache.exchange(URL)
        assert len(inner.asked) == 2, "the damage is mended"


def test_a_different_accept_header_is_a_different_question(make: Make) -> None:
    cache, inner = make(said())
    cache.exchange(URL)
    cache.exchange(URL, accept="text/html")
    assert len(inner.asked) == 2


def test_headers_without_a_body_do_not_answer_for_a_body(make: Make) -> None:
    cache, inner = make(said(body=None), said())
    assert cache.exchange(URL, want_body=False).body is None
    assert cache.exchange(URL, want_body=False).body is None
    assert len(inner.asked) == 1
    assert cache.exchange(URL).body == b"body"
    assert cache.exchange(URL, want_body=False).body is None
    assert len(inner.asked) == 2


def test_a_stored_body_is_held_to_the_limit_of_who_asks(make: Make) -> None:
    cache, inner = make(said())
    cache.exchange(URL)
    found = cache.exchange(URL, max_bytes=3)
    assert (found.failure, found.body, found.partial) == (Failure.TOO_LARGE, None, b"bod")
    assert cache.exchange(URL, max_bytes=4).body == b"body"
    assert len(inner.asked) == 1


def test_other_methods_and_conditional_requests_pass_through(make: Make) -> None:
    cache, inner = make(said())
    cache.exchange(URL, method="HEAD")
    cache.answer(Request(URL, etag="x"))
    cache.exchange(URL)
    assert len(inner.asked) == 3


def test_a_folder_that_cannot_be_written_makes_it_slower_and_not_wrong(
    make: Make, tmp_path: Path
) -> None:
    cache, inner = make(said())
    (tmp_path / "bodies").rmdir()
    (tmp_path / "bodies").write_bytes(b"")
    assert cache(URL).body == b"body"
    assert cache(URL).body == b"body"
    assert len(inner.asked) == 2


def test_threads_share_a_folder(make: Make) -> None:
    cache, _ = make(said(body=b"x" * 10_000, at=T0))
    with ThreadPoolExecutor(8) as pool:
        bodies = list(pool.map(lambda n: cache(f"{URL}{n % 3}").body, range(60)))
    assert bodies == [b"x" * 10_000] * 60


def test_prune_removes_old_entries_and_the_bodies_that_nobody_names(
    make: Make, tmp_path: Path, clock: Clock
) -> None:
    cache, _ = make(said())
    cache.exchange(URL)
    clock.now = (tmp_path / "entries").stat().st_mtime + 50
    assert cache.prune(100) == 0
    assert len(list((tmp_path / "bodies").iterdir())) == 1
    clock.now += 100
    assert cache.prune(100) == 1
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_real_server_is_asked_whether_anything_has_changed(tmp_path: Path, clock: Clock) -> None:
    with serving() as server:
        server.pages["/"] = [
            respond(b"body", "200 OK", 'ETag: "7"', "Cache-Control: no-cache"),
            b'HTTP/1.1 304 Not Modified\r\nETag: "7"\r\n\r\n',
        ]
        cache = Cache(Fetcher(FetchLimits(), LOCAL), tmp_path)
        assert cache(server.url("/")).body == b"body"
        assert cache(server.url("/")).body == b"body"
        assert 'If-None-Match: "7"\r\n' in server.requests[1]
