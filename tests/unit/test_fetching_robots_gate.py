"""Nothing is fetched that robots.txt asks not to fetch."""

from __future__ import annotations

import threading
import time

import pytest

from models.fetching.exchange import Exchange, Exchanger, Request
from models.fetching.fetched import Failure, FetchError
from models.fetching.fetcher import Fetcher, FetchLimits
from models.fetching.robots_gate import RobotsGate, parse_robots
from tests.fetching_servers import LOCAL, Clock, redirect, respond, serving

SITE = "https://a.example"


class Site(Exchanger):
    """Serves one robots.txt, and a picture everywhere else."""

    def __init__(self, robots: bytes | Exchange) -> None:
        self.asked: list[str] = []
        self.robots = robots

    def answer(self, request: Request) -> Exchange:
        self.asked.append(request.url)
        url = request.url
        if not url.endswith("/robots.txt"):
            return Exchange(url, url, 0, status=200, body=b"picture")
        if isinstance(self.robots, bytes):
            return Exchange(url, url, 0, status=200, body=self.robots)
        return self.robots


def failed(failure: Failure, status: int | None = None, partial: bytes = b"") -> Exchange:
    return Exchange("", "", 0, status=status, failure=failure, detail="so", partial=partial)


@pytest.mark.parametrize(
    ("robots", "allowed"),
    [
        (b"", True),
        (b"User-agent: *\nDisallow: /", False),
        (b"\xef\xbb\xbfUser-agent: *\nDisallow: /", False),
        (b"User-agent: *\r\nDisallow: /pictures/\r\n", False),
        (b"User-agent: *\rDisallow: /pictures/", False),
        (b"User-agent: *\nDisallow: /other/", True),
        (b"User-agent: *\nDisallow:", True),
        (b"User-agent: kiyome\nDisallow: /\n\nUser-agent: *\nAllow: /", False),
        (b"User-Agent: KIYOME/2.0 # us\nDisallow: /", False),
        (b"User-agent: Kiyome\nAllow: /\n\nUser-agent: *\nDisallow: /", True),
        (b"User-agent: Kiyome\nUser-agent: other\nDisallow: /", False),
        (b"User-agent: other\nDisallow: /", True),
        (b"User-agent: kiyomebot\nDisallow: /", True),
        (b"User-agent: k\nDisallow: /", True),
        (b"User-agent: *\nDisallow: /\nAllow: /pictures/", True),
        (b"User-agent: *\nDisallow: /*.png$", False),
        (b"User-agent: *\nDisallow: /p%69ctures", False),
        (b"User-agent: *\nDisallow: /\nUser-agent:\nAllow: /", False),
        (b"User-agent: *\nDisallow: /\n\nUser-agent: *bot\nAllow: /", False),
        (b"User-agent: * # all\nDisallow: /", False),
        (b"useragent *\ndisallow /", False),
        (b"user agent : *\nDisallow: /", False),
        (b"<html>not found</html>", True),
        (b"\xff\xfe\x00\x01" * 100, True),
    ],
)
def test_robots_txt_is_asked_for_our_name_and_for_everybody(robots: bytes, allowed: bool) -> None:
    found = RobotsGate(Site(robots)).exchange(f"{SITE}/pictures/a.png")
    assert (found.failure is None) == allowed
    if not allowed:
        assert (found.failure, found.detail, found.status) == (
            Failure.DENIED, "robots.txt asks not to fetch it", None,
        )  # fmt: skip


def test_a_disallow_is_a_fetch_error_and_asks_the_site_nothing_more() -> None:
    site = Site(b"User-agent: *\nDisallow: /")
    with pytest.raises(FetchError, match=r"robots\.txt asks not to fetch it"):
        RobotsGate(site)(f"{SITE}/a.png")
    assert site.asked == [f"{SITE}/robots.txt"]


@pytest.mark.parametrize("path", ["/robots.txt", "/.well-known/tdmrep.json"])
def test_files_that_are_published_for_machines_are_not_asked_about(path: str) -> None:
    site = Site(b"User-agent: *\nDisallow: /")
    assert RobotsGate(site).exchange(SITE + path).failure is None
    assert site.asked == [SITE + path]


@pytest.mark.parametrize(
    "path", ["/x/robots.txt", "/.well-known/tdmrep.json/x", "/robots.txt/../a"]
)
def test_a_path_that_only_looks_exempt_is_not(path: str) -> None:
    gate = RobotsGate(Site(b"User-agent: *\nDisallow: /"))
    assert gate.exchange(SITE + path).failure is Failure.DENIED


@pytest.mark.parametrize(
    ("status", "failure", "allowed"),
    [
        (404, Failure.ABSENT, True),
        (410, Failure.ABSENT, True),
        (401, Failure.DENIED, True),
        (403, Failure.DENIED, True),
        (429, Failure.DENIED, False),
        (408, Failure.DENIED, False),
        (500, Failure.SERVER_ERROR, False),
        (503, Failure.SERVER_ERROR, False),
        (None, Failure.TIMEOUT, False),
        (None, Failure.UNREACHABLE, False),
        (None, Failure.DENIED, True),
        (200, Failure.MALFORMED, False),
        (302, Failure.TOO_MANY_REDIRECTS, False),
        (302, Failure.FORBIDDEN_ADDRESS, False),
    ],
)
def test_no_rules_allow_and_rules_that_cannot_be_read_do_not(
    status: int | None, failure: Failure, allowed: bool
) -> None:
    found = RobotsGate(Site(failed(failure, status))).exchange(f"{SITE}/a.png")
    assert found.failure is (None if allowed else failure)
    if not allowed:
        assert found.detail == "its robots.txt cannot be read (so)"


def test_rules_that_are_too_long_are_read_as_far_as_they_came() -> None:
    site = Site(failed(Failure.TOO_LARGE, 200, b"User-agent: *\nDisallow: /\n"))
    assert RobotsGate(site).exchange(f"{SITE}/a.png").failure is Failure.DENIED


def test_a_site_is_asked_once_a_day_and_sooner_where_it_could_not_answer() -> None:
    clock = Clock()
    site = Site(failed(Failure.TIMEOUT))
    gate = RobotsGate(site, clock=clock)
    gate.exchange(f"{SITE}/a.png")
    gate.exchange(f"{SITE}/b.png")
    assert site.asked.count(f"{SITE}/robots.txt") == 1
    site.robots = b""
    clock.now += 601
    assert gate.exchange(f"{SITE}/a.png").failure is None
    clock.now += 80_000
    gate.exchange(f"{SITE}/a.png")
    assert site.asked.count(f"{SITE}/robots.txt") == 2
    clock.now += 10_000
    gate.exchange(f"{SITE}/a.png")
    assert site.asked.count(f"{SITE}/robots.txt") == 3


def test_every_origin_has_its_own_rules() -> None:
    site = Site(b"")
    gate = RobotsGate(site)
    for url in (
        "https://a.example/",
        "http://a.example/",
        "https://A.example:443/",
        "https://b.example/",
    ):
        gate.exchange(url)
    assert [url for url in site.asked if url.endswith("robots.txt")] == [
        "https://a.example/robots.txt",
        "http://a.example/robots.txt",
        "https://b.example/robots.txt",
    ]


def test_many_threads_ask_a_site_for_its_rules_once() -> None:
    site = Site(b"User-agent: *\nDisallow: /")
    gate = RobotsGate(site)
    threads = [
        threading.Thread(target=gate.exchange, args=(f"{SITE}/{number}",)) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
    assert site.asked == [f"{SITE}/robots.txt"]


def test_a_gate_that_is_switched_off_asks_nothing() -> None:
    site = Site(b"User-agent: *\nDisallow: /")
    assert RobotsGate(site, enabled=False).exchange(f"{SITE}/a.png").failure is None
    assert site.asked == [f"{SITE}/a.png"]


def test_an_address_of_the_operator_is_not_asked_about() -> None:
    site = Site(b"User-agent: *\nDisallow: /")
    gate = RobotsGate(site, is_exempt=lambda target: target.host == "127.0.0.1")
    assert gate.exchange("http://127.0.0.1:8080/ipfs/x").failure is None


def test_what_a_redirect_leads_to_is_asked_about_before_it_is_followed() -> None:
    with serving() as server:
        server.pages["/robots.txt"] = respond(b"User-agent: *\nDisallow: /secret")
        server.pages["/a.png"] = redirect("/secret.png")
        server.pages["/secret.png"] = respond(b"picture")
        gate = RobotsGate(Fetcher(FetchLimits(), LOCAL))
        found = gate.exchange(server.url("/a.png"))
        assert (found.failure, found.detail) == (Failure.DENIED, "robots.txt asks not to fetch it")
        assert server.asked == ["/robots.txt", "/a.png"]


def test_a_hostile_robots_txt_takes_neither_time_nor_memory() -> None:
    agents = b"".join(b"User-agent: r%d\n" % number for number in range(15_000))
    again = b"".join(b"User-agent: r%d\n" % number for number in range(15_000))
    rules = b"".join(b"Disallow: /%d*a*a*a*a*a*b\n" % number for number in range(10_000))
    started = time.monotonic()
    parsed = parse_robots((agents + rules + again)[: 512 * 1024], "kiyome")
    assert parsed.can_fetch(f"{SITE}/{'a' * 8000}", "kiyome")
    wild = parse_robots(
        b"User-agent: *\n" + b"Disallow: /*a*a*a*a*a*a*a*a*a*a*b\n" * 10_000, "kiyome"
    )
    assert wild.can_fetch(f"{SITE}/{'a' * 8000}", "kiyome")
    assert time.monotonic() - started < 5
