"""The fetcher against a real server that misbehaves."""

from __future__ import annotations

import gzip
import socket
import threading
import time
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from models.errors import SettingsError
from models.fetching.addresses import AddressRules
from models.fetching.exchange import Exchange, Request
from models.fetching.fetched import Failure, Fetch, FetchError
from models.fetching.fetcher import Fetcher, FetchLimits
from models.fetching.user_agent import make_user_agent
from tests.fetching_servers import (
    LOCAL,
    Server,
    make_authority,
    redirect,
    respond,
    serving,
)

LIMITS = FetchLimits(
    max_bytes=100_000, connect_seconds=2.0, read_seconds=1.0, total_seconds=2.0, max_redirects=3
)


@pytest.fixture(name="server")
def _server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture(name="fetcher")
def _fetcher() -> Fetcher:
    return Fetcher(LIMITS, LOCAL)


def drip(connection: socket.socket, data: bytes, every: float = 0.05) -> None:
    """Send so slowly, and steadily, that no timeout between two bytes ever ends it."""
    for position in range(len(data)):
        connection.sendall(data[position : position + 1])
        time.sleep(every)


def test_a_response_comes_as_it_was_sent(server: Server, fetcher: Fetcher) -> None:
    server.pages["/a"] = respond(
        b"hello", "200 OK", "X-Robots-Tag: noai", "ETag: x", "x-robots-tag:  b: noindex"
    )
    fetch: Fetch = fetcher
    found = fetch(server.url("/a"), accept="text/plain")
    assert (found.status, found.body, found.url, found.final_url) == (
        200, b"hello", server.url("/a"), server.url("/a"),
    )  # fmt: skip
    assert found.headers == (
        ("content-length", "5"),
        ("x-robots-tag", "noai"),
        ("etag", "x"),
        ("x-robots-tag", "b: noindex"),
    )
    assert abs(found.fetched_at - time.time()) < 5
    assert "Accept: text/plain\r\n" in server.requests[0]


def test_the_request_says_who_asks_and_sends_nothing_else(server: Server) -> None:
    server.pages["/"] = respond(b"")
    Fetcher(LIMITS, LOCAL, contact="https://lab.example/bot")(server.url("/"))
    names = [line.split(":")[0] for line in server.requests[0].split("\r\n")[1:] if line]
    assert names == ["Host", "User-Agent", "Accept", "Accept-Encoding", "Connection"]
    assert "User-Agent: Kiyome/" in server.requests[0]
    assert "(+https://lab.example/bot)" in server.requests[0]


@pytest.mark.parametrize("contact", ["a b", "a\r\nX: y", "a)", "ü@a.example", "x" * 300])
def test_a_contact_that_cannot_stand_in_a_header_is_an_error(contact: str) -> None:
    with pytest.raises(SettingsError, match="contact"):
        make_user_agent(contact)


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        ("404 Not Found", Failure.ABSENT),
        ("410 Gone", Failure.ABSENT),
        ("401 Unauthorized", Failure.DENIED),
        ("403 Forbidden", Failure.DENIED),
        ("429 Too Many Requests", Failure.DENIED),
        ("451 Unavailable For Legal Reasons", Failure.DENIED),
        ("500 Oh", Failure.SERVER_ERROR),
        ("503 Busy", Failure.SERVER_ERROR),
        ("206 Partial Content", Failure.MALFORMED),
        ("300 Multiple Choices", Failure.MALFORMED),
        ("304 Not Modified", Failure.MALFORMED),
        ("700 What", Failure.MALFORMED),
    ],
)
def test_a_status_that_is_no_success_is_a_failure_and_keeps_its_headers(
    server: Server, fetcher: Fetcher, status: str, failure: Failure
) -> None:
    server.pages["/"] = respond(b"because", status, "X-Robots-Tag: noai")
    found = fetcher.exchange(server.url("/"))
    assert (found.status, found.failure) == (int(status[:3]), failure)
    assert found.values("x-robots-tag") == ["noai"]
    assert found.body == (b"" if found.status == 304 else b"because")
    with pytest.raises(FetchError) as caught:
        fetcher(server.url("/"))
    assert caught.value.failure is failure


def test_a_success_without_a_body_has_an_empty_one(server: Server, fetcher: Fetcher) -> None:
    server.pages["/"] = b"HTTP/1.1 204 No Content\r\n\r\n"
    assert fetcher(server.url("/")).body == b""


def test_headers_can_be_read_without_the_body(server: Server, fetcher: Fetcher) -> None:
    server.pages["/"] = (
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\nX-Robots-Tag: noai\r\n\r\nab"
    )
    found = fetcher.exchange(server.url("/"), want_body=False)
    assert (found.status, found.failure, found.body) == (200, None, None)
    assert found.values("x-robots-tag") == ["noai"]


def test_head_has_no_body(server: Server, fetcher: Fetcher) -> None:
    server.pages["/"] = b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n"
    found = fetcher.exchange(server.url("/"), method="HEAD")
    assert (found.status, found.failure, found.body) == (200, None, None)
    assert server.requests[0].startswith("HEAD / ")


@pytest.mark.parametrize(
    "sent",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"
        + gzip.compress(b"abc" * 99, mtime=0)[:-9],
        b"HTTP/1.1 200 OK\r\nContent-Le",
        b"HTTP/1.1",
        b"",
    ],
)
def test_a_response_that_is_cut_short_is_never_a_success(
    server: Server, fetcher: Fetcher, sent: bytes
) -> None:
    server.pages["/"] = sent
    found = fetcher.exchange(server.url("/"))
    assert found.failure is Failure.UNREACHABLE
    assert found.body is None
    assert "cut short" in found.detail


def test_what_arrived_of_a_body_that_is_cut_short_is_kept_apart(
    server: Server, fetcher: Fetcher
) -> None:
    server.pages["/"] = b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\nX-A: b\r\n\r\nabc"
    found = fetcher.exchange(server.url("/"))
    assert (found.body, found.partial, found.values("x-a")) == (None, b"abc", ["b"])


@pytest.mark.parametrize(
    "sent",
    [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"\x00\x01\x02\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\nabcd",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"9" * 5000 + b"\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip,gzip,gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n",
    ],
)
def test_what_is_not_http_is_malformed(server: Server, fetcher: Fetcher, sent: bytes) -> None:
    def send_and_stay(connection: socket.socket) -> None:
        connection.sendall(sent)
        connection.recv(1)

    server.pages["/"] = send_and_stay
    found = fetcher.exchange(server.url("/"))
    assert found.failure is Failure.MALFORMED
    assert found.body is None


def test_a_body_without_a_length_ends_with_the_connection(server: Server, fetcher: Fetcher) -> None:
    server.pages["/"] = b"HTTP/1.0 200 OK\r\n\r\nold but fine"
    assert fetcher(server.url("/")).body == b"old but fine"


@pytest.mark.parametrize(
    ("coding", "compressed"),
    [
        ("gzip", gzip.compress(b"picture", mtime=0)),
        ("x-gzip", gzip.compress(b"picture", mtime=0)),
        ("GZIP", gzip.compress(b"pic", mtime=0) + gzip.compress(b"ture", mtime=0)),
        ("deflate", zlib.compress(b"picture")),
        ("deflate", zlib.compressobj(wbits=-15).compress(b"") + zlib.compress(b"picture")[2:-4]),
        ("gzip, deflate", zlib.compress(gzip.compress(b"picture", mtime=0))),
        ("identity", b"picture"),
        ("", b"picture"),
    ],
)
def test_a_compressed_body_is_decompressed(
    server: Server, fetcher: Fetcher, coding: str, compressed: bytes
) -> None:
    server.pages["/"] = respond(compressed, "200 OK", f"Content-Encoding: {coding}")
    assert fetcher(server.url("/")).body == b"picture"


def test_an_empty_body_that_claims_to_be_compressed_is_empty(
    server: Server, fetcher: Fetcher
) -> None:
    server.pages["/"] = respond(b"", "200 OK", "Content-Encoding: gzip")
    assert fetcher(server.url("/")).body == b""


@pytest.mark.parametrize("wrap", [gzip.compress, zlib.compress])
def test_a_decompression_bomb_is_too_large(server: Server, fetcher: Fetcher, wrap: object) -> None:
    bomb = gzip.compress(bytes(50_000_000))
    coding = "gzip"
    if wrap is zlib.compress:
        bomb, coding = zlib.compress(bomb), "gzip, deflate"
    server.pages["/"] = respond(bomb, "200 OK", f"Content-Encoding: {coding}")
    found = fetcher.exchange(server.url("/"))
    assert (found.failure, found.body) == (Failure.TOO_LARGE, None)
    assert len(found.partial) <= LIMITS.max_bytes


@pytest.mark.parametrize("limit", [99, 100, 101])
def test_a_body_may_have_as_many_bytes_as_were_asked_for(
    server: Server, fetcher: Fetcher, limit: int
) -> None:
    server.pages["/"] = respond(b"x" * 100)
    found = fetcher.exchange(server.url("/"), max_bytes=limit)
    assert (found.failure is Failure.TOO_LARGE) == (limit < 100)
    assert found.partial == (b"x" * 99 if limit < 100 else b"")


def test_a_caller_cannot_raise_the_limit(server: Server, fetcher: Fetcher) -> None:
    server.pages["/"] = respond(b"x" * (LIMITS.max_bytes + 1))
    assert fetcher.exchange(server.url("/"), max_bytes=10**9).failure is Failure.TOO_LARGE


def test_a_body_without_end_is_too_large(server: Server, fetcher: Fetcher) -> None:
    def pour(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(bytes(65_536))

    server.pages["/"] = pour
    assert fetcher.exchange(server.url("/")).failure is Failure.TOO_LARGE


def test_a_body_that_is_nearly_all_framing_is_too_large(server: Server, fetcher: Fetcher) -> None:
    def pour(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            connection.sendall((b"1;" + b"x" * 8000 + b"\r\na\r\n") * 10)

    server.pages["/"] = pour
    assert fetcher.exchange(server.url("/")).failure is Failure.TOO_LARGE


@pytest.mark.parametrize("piece", [b"X-A: b\r\n", b"x" * 1000, b""])
def test_headers_without_end_are_too_large(server: Server, fetcher: Fetcher, piece: bytes) -> None:
    def pour(connection: socket.socket) -> None:
        if not piece:
            while True:
                connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n" * 100)
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(piece * 100)

    server.pages["/"] = pour
    found = fetcher.exchange(server.url("/"))
    assert (found.failure, found.status) == (Failure.TOO_LARGE, None)


def test_more_header_lines_than_allowed_are_too_large(server: Server, fetcher: Fetcher) -> None:
    server.pages["/"] = respond(b"", "200 OK", *["X-A: b"] * 300)
    assert fetcher.exchange(server.url("/")).failure is Failure.TOO_LARGE


@pytest.mark.parametrize(
    "prefix", [b"", b"HTTP/1.1 200 OK\r\nX-A: ", b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"]
)
def test_a_server_that_drips_holds_no_slot_for_longer_than_the_total_time(
    server: Server, prefix: bytes
) -> None:
    def dribble(connection: socket.socket) -> None:
        connection.sendall(prefix)
        drip(connection, b"HTTP/1.1 200 OK\r\n" if not prefix else b"x" * 900)

    server.pages["/"] = dribble
    fetcher = Fetcher(replace(LIMITS, total_seconds=0.5), LOCAL)
    started = time.monotonic()
    found = fetcher.exchange(server.url("/"))
    assert found.failure is Failure.TIMEOUT
    assert time.monotonic() - started < 4


def test_a_server_that_says_nothing_times_out(server: Server) -> None:
    server.pages["/"] = lambda connection: time.sleep(1)
    fetcher = Fetcher(replace(LIMITS, read_seconds=0.2), LOCAL)
    assert fetcher.exchange(server.url("/")).failure is Failure.TIMEOUT


def test_a_server_that_says_nothing_is_waited_for_no_longer_than_the_total_time(
    server: Server,
) -> None:
    server.pages["/"] = lambda connection: time.sleep(9)
    fetcher = Fetcher(replace(LIMITS, read_seconds=9, total_seconds=0.2), LOCAL)
    started = time.monotonic()
    assert fetcher.exchange(server.url("/")).failure is Failure.TIMEOUT
    assert time.monotonic() - started < 4


def test_a_closed_port_is_unreachable(fetcher: Fetcher) -> None:
    with socket.socket() as placeholder:
        placeholder.bind(("127.0.0.1", 0))
        port = placeholder.getsockname()[1]
        found = fetcher.exchange(f"http://127.0.0.1:{port}/")
    assert found.failure is Failure.UNREACHABLE


def test_a_connection_that_is_reset_is_unreachable(server: Server, fetcher: Fetcher) -> None:
    def reset(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")

    server.pages["/"] = reset
    found = fetcher.exchange(server.url("/"))
    assert (found.failure, found.body) == (Failure.UNREACHABLE, None)


# Redirects


def test_redirects_are_followed_and_kept(server: Server, fetcher: Fetcher) -> None:
    server.pages["/a"] = redirect("/b?c", "301 Moved", "X-Robots-Tag: noai")
    server.pages["/b?c"] = redirect(server.url("/d"), "307 Temporary")
    server.pages["/d"] = respond(b"here")
    found = fetcher.exchange(server.url("/a"))
    assert (found.body, found.url, found.final_url) == (b"here", server.url("/a"), server.url("/d"))
    assert [(hop.url, hop.status) for hop in found.hops] == [
        (server.url("/a"), 301),
        (server.url("/b?c"), 307),
    ]
    assert ("x-robots-tag", "noai") in found.hops[0].headers


@pytest.mark.parametrize("location", ["/\xfc".encode(), "/\xfc".encode("latin-1"), b"/%C3%BC"])
def test_a_redirect_to_another_script_is_followed_however_it_is_encoded(
    server: Server, fetcher: Fetcher, location: bytes
) -> None:
    server.pages["/"] = redirect(location.decode("latin-1"))
    server.pages["/%C3%BC"] = respond(b"here")
    assert fetcher(server.url("/")).body == b"here"


@pytest.mark.parametrize(
    ("etag", "failure"), [('"\xe9"', None), ("a\r\nX: y", Failure.MALFORMED), ("例", None)]
)
def test_a_validator_can_be_anything_that_a_header_can_hold(
    server: Server, fetcher: Fetcher, etag: str, failure: Failure | None
) -> None:
    server.pages["/"] = b"HTTP/1.1 304 Not Modified\r\n\r\n"
    found = fetcher.answer(Request(server.url("/"), etag=etag))
    assert found.failure is failure
    assert not any("X: y" in request for request in server.requests)


def test_a_redirect_loop_ends(server: Server, fetcher: Fetcher) -> None:
    server.pages["/"] = redirect("/")
    assert fetcher.exchange(server.url("/")).failure is Failure.TOO_MANY_REDIRECTS
    assert len(server.asked) == LIMITS.max_redirects + 1


@pytest.mark.parametrize(
    ("location", "failure"),
    [
        ("http://169.254.169.254/latest/meta-data/", Failure.FORBIDDEN_ADDRESS),
        ("http://127.0.0.1/", Failure.FORBIDDEN_ADDRESS),
        ("http://127.0.0.1:22/", Failure.FORBIDDEN_ADDRESS),
        ("http://[::1]/", Failure.FORBIDDEN_ADDRESS),
        ("http://[::ffff:127.0.0.1]/", Failure.FORBIDDEN_ADDRESS),
        ("http://2130706433/", Failure.FORBIDDEN_ADDRESS),
        ("http://0x7f.1/", Failure.FORBIDDEN_ADDRESS),
        ("//0177.0.0.1/", Failure.FORBIDDEN_ADDRESS),
        ("http://a@10.0.0.1/", Failure.FORBIDDEN_ADDRESS),
        ("file:///etc/passwd", Failure.FORBIDDEN_SCHEME),
        ("gopher://127.0.0.1:6379/_FLUSHALL", Failure.FORBIDDEN_SCHEME),
        ("http://[", Failure.MALFORMED),
        ("", Failure.TOO_MANY_REDIRECTS),
    ],
)
def test_a_redirect_leads_nowhere_that_is_closed(
    server: Server, location: str, failure: Failure
) -> None:
    fetcher = Fetcher(LIMITS, AddressRules(allow_private=(f"127.0.0.1:{server.port}",)))
    server.pages["/"] = redirect(location)
    found = fetcher.exchange(server.url("/"))
    assert (found.failure, found.body) == (failure, None)


@pytest.mark.parametrize("lines", [[], ["Location: /a", "Location: /b"]])
def test_a_redirect_that_does_not_say_where_is_malformed(
    server: Server, fetcher: Fetcher, lines: list[str]
) -> None:
    server.pages["/"] = respond(b"", "302 Found", *lines)
    found = fetcher.exchange(server.url("/"))
    assert (found.failure, found.status) == (Failure.MALFORMED, 302)


def test_a_redirect_is_followed_only_if_it_is_admitted(server: Server, fetcher: Fetcher) -> None:
    server.pages["/"] = redirect("/secret")
    asked: list[str] = []

    def admit(url: str) -> tuple[Failure, str]:
        asked.append(url)
        return Failure.DENIED, "no"

    found = fetcher.answer(Request(server.url("/"), admit=admit))
    assert (found.failure, found.detail, server.asked) == (Failure.DENIED, "no", ["/"])
    assert asked == [server.url("/secret")]


def test_redirects_share_one_total_time(server: Server) -> None:
    def late(connection: socket.socket) -> None:
        time.sleep(0.2)
        connection.sendall(redirect("/"))

    server.pages["/"] = late
    fetcher = Fetcher(replace(LIMITS, total_seconds=0.5, max_redirects=50), LOCAL)
    assert fetcher.exchange(server.url("/")).failure is Failure.TIMEOUT
    assert len(server.asked) <= 4


# Addresses


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "[::1]", "127.0.0.1."])
def test_nothing_is_sent_to_a_closed_address(server: Server, host: str) -> None:
    server.pages["/"] = respond(b"secret")
    found = Fetcher(LIMITS).exchange(server.url("/", host=host))
    assert (found.failure, server.connections) == (Failure.FORBIDDEN_ADDRESS, 0)


def test_a_name_that_resolves_to_a_closed_address_is_refused(server: Server) -> None:
    fetcher = Fetcher(LIMITS, resolve=lambda host, port: ["127.0.0.1"])
    found = fetcher.exchange(server.url("/", host="rebind.example"))
    assert (found.failure, server.connections) == (Failure.FORBIDDEN_ADDRESS, 0)


def test_a_name_that_changes_its_address_is_connected_to_where_it_was_checked(
    server: Server,
) -> None:
    server.pages["/"] = respond(b"checked")
    answers = [["127.0.0.1"], ["127.0.0.9"], ["10.0.0.1"]]
    asked: list[str] = []

    def rebind(host: str, port: int) -> list[str]:
        asked.append(host)
        return answers.pop(0)

    rules = AddressRules(allow_private=(f"127.0.0.1:{server.port}",))
    fetcher = Fetcher(LIMITS, rules, resolve=rebind)
    assert fetcher(server.url("/", host="rebind.example")).body == b"checked"
    assert f"Host: rebind.example:{server.port}\r\n" in server.requests[0]
    assert asked == ["rebind.example"]
    again = fetcher.exchange(server.url("/", host="rebind.example"))
    assert again.failure is Failure.FORBIDDEN_ADDRESS
    assert server.connections == 1


def test_the_next_address_is_tried_where_the_first_is_dead(server: Server) -> None:
    server.pages["/"] = respond(b"second")
    fetcher = Fetcher(LIMITS, LOCAL, resolve=lambda host, port: ["::1", "127.0.0.1"])
    assert fetcher(server.url("/", host="two.example")).body == b"second"


def test_ipv6_is_spoken(fetcher: Fetcher) -> None:
    try:
        context = serving(address="::1")
        server = context.__enter__()
    except OSError:
        pytest.skip("this machine has no IPv6")
    try:
        server.pages["/"] = respond(b"six")
        assert fetcher(server.url("/", host="[::1]")).body == b"six"
        assert f"Host: [::1]:{server.port}\r\n" in server.requests[0]
    finally:
        context.__exit__(None, None, None)


def test_a_name_that_does_not_exist_is_unreachable_and_final() -> None:
    def deny(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    found = Fetcher(LIMITS, resolve=deny).exchange("http://gone.example/")
    assert (found.failure, found.final) == (Failure.UNREACHABLE, True)


@pytest.mark.parametrize("answer", [[], OSError("broken"), UnicodeError("label too long")])
def test_a_name_that_cannot_be_resolved_is_unreachable(answer: list[str] | Exception) -> None:
    def resolve(host: str, port: int) -> list[str]:
        if isinstance(answer, Exception):
            raise answer
        return answer

    assert (
        Fetcher(LIMITS, resolve=resolve).exchange("http://a.example/").failure
        is Failure.UNREACHABLE
    )


def test_a_resolver_that_hangs_holds_no_slot() -> None:
    held = threading.Event()

    def hang(host: str, port: int) -> list[str]:
        held.wait(40)
        return []

    fetcher = Fetcher(replace(LIMITS, connect_seconds=0.2), resolve=hang)
    started = time.monotonic()
    assert fetcher.exchange("http://a.example/").failure is Failure.TIMEOUT
    held.set()
    assert time.monotonic() - started < 4


def test_proxies_of_the_environment_are_not_used(
    server: Server, fetcher: Fetcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:1")
    server.pages["/"] = respond(b"direct")
    assert fetcher(server.url("/")).body == b"direct"


def test_an_explicit_proxy_is_asked_and_never_for_a_local_address(server: Server) -> None:
    server.pages["http://a.example/x"] = respond(b"through")
    fetcher = Fetcher(LIMITS, proxy=server.url("").removesuffix("/"))
    assert fetcher("http://a.example/x").body == b"through"
    for url in (
        "http://10.0.0.1/",
        "http://localhost/",
        "http://a.internal/",
        "http://a.example:22/",
    ):
        assert fetcher.exchange(url).failure is Failure.FORBIDDEN_ADDRESS
    assert server.connections == 1


@pytest.mark.parametrize("proxy", ["proxy:3128", "https://p:1", "http://u:p@p:1", "http://p"])
def test_a_proxy_that_cannot_be_used_is_an_error(proxy: str) -> None:
    with pytest.raises(SettingsError, match="proxy"):
        Fetcher(proxy=proxy)


# TLS


def exchange_over_tls(
    tmp_path: Path, certified: str, asked: str, *, trusted: bool = True
) -> tuple[Exchange, Server]:
    authority = make_authority(tmp_path)
    with serving(tls=authority.server_context(certified)) as server:
        server.pages["/"] = respond(b"private")
        fetcher = Fetcher(
            LIMITS,
            LOCAL,
            resolve=lambda host, port: ["127.0.0.1"],
            ssl_context=authority.client_context() if trusted else None,
        )
        return fetcher.exchange(server.url("/", host=asked, scheme="https")), server


def test_the_certificate_is_verified_for_the_name_at_the_checked_address(tmp_path: Path) -> None:
    found, server = exchange_over_tls(tmp_path, "a.example", "a.example")
    assert (found.failure, found.body, server.names) == (None, b"private", ["a.example"])


def test_an_untrusted_certificate_is_unreachable(tmp_path: Path) -> None:
    found, server = exchange_over_tls(tmp_path, "a.example", "a.example", trusted=False)
    assert (found.failure, found.body, server.asked) == (Failure.UNREACHABLE, None, [])


def test_a_certificate_for_another_name_is_unreachable(tmp_path: Path) -> None:
    found, server = exchange_over_tls(tmp_path, "b.example", "a.example")
    assert (found.failure, found.body, server.asked) == (Failure.UNREACHABLE, None, [])


def test_a_server_that_speaks_no_tls_is_unreachable(server: Server) -> None:
    fetcher = Fetcher(replace(LIMITS, total_seconds=0.3), LOCAL)
    found = fetcher.exchange(server.url("/", scheme="https"))
    assert found.failure in (Failure.UNREACHABLE, Failure.TIMEOUT)


@pytest.mark.parametrize("allowed", [False, True])
def test_a_redirect_from_https_to_http_is_followed_only_if_the_operator_says_so(
    tmp_path: Path, server: Server, allowed: bool
) -> None:
    authority = make_authority(tmp_path)
    server.pages["/"] = respond(b"plain")
    with serving(tls=authority.server_context("127.0.0.1")) as secure:
        secure.pages["/"] = redirect(server.url("/"))
        fetcher = Fetcher(
            replace(LIMITS, allow_downgrade=allowed), LOCAL, ssl_context=authority.client_context()
        )
        found = fetcher.exchange(secure.url("/", scheme="https"))
    assert found.failure is (None if allowed else Failure.FORBIDDEN_SCHEME)
    assert len(server.asked) == int(allowed)


def test_a_tls_body_without_a_length_that_ends_without_a_farewell_is_cut_short(
    tmp_path: Path,
) -> None:
    authority = make_authority(tmp_path)
    with serving(tls=authority.server_context("127.0.0.1")) as server:

        def cut(connection: socket.socket) -> None:
            connection.sendall(b"HTTP/1.1 200 OK\r\n\r\nUser-agent: *\n")
            connection.shutdown(socket.SHUT_RDWR)

        server.pages["/"] = cut
        fetcher = Fetcher(LIMITS, LOCAL, ssl_context=authority.client_context())
        found = fetcher.exchange(server.url("/", scheme="https"))
    assert (found.failure, found.body) == (Failure.UNREACHABLE, None)
    assert found.partial == b"User-agent: *\n"


def test_threads_share_a_fetcher(server: Server, fetcher: Fetcher) -> None:
    for number in range(20):
        server.pages[f"/{number}"] = respond(b"%d" % number)
    bodies: dict[int, bytes] = {}

    def fetch(number: int) -> None:
        bodies[number] = fetcher(server.url(f"/{number}")).body

    threads = [threading.Thread(target=fetch, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
    assert bodies == {number: b"%d" % number for number in range(20)}
