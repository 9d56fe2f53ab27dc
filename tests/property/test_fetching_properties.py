"""Whatever comes over the wire, fetching ends, in bounds, with an outcome."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from models.fetching.decoding import BodyDecoder, BodyTooLargeError, EncodingError
from models.fetching.exchange import Exchange
from models.fetching.fetched import Failure
from models.fetching.fetcher import Fetcher, FetchLimits
from models.fetching.freshness import find_lifetime, may_store
from models.fetching.pacing import read_retry_after
from models.fetching.robots_gate import parse_robots
from tests.fetching_servers import LOCAL, Server, serving


def compress_raw(data: bytes) -> bytes:
    state = zlib.compressobj(wbits=-15)
    return state.compress(data) + state.flush()


CODINGS = {
    "gzip": gzip.compress,
    "deflate": zlib.compress,
    " Deflate": compress_raw,
    "gzip, deflate": lambda data: zlib.compress(gzip.compress(data)),
    "identity": lambda data: data,
}
# Long runs of one byte make zlib hold output back at the end of its input.
BODIES = st.binary(max_size=500) | st.builds(
    lambda byte, count: byte * count, st.binary(min_size=1, max_size=3), st.integers(0, 200_000)
)


@given(st.sampled_from(sorted(CODINGS)), BODIES, st.lists(st.integers(0, 400), max_size=4))
@example("deflate", b"a" * 65_536, [])
@example(" Deflate", b"a" * 131_072, [3])
@example(" Deflate", b"", [1])
def test_a_compressed_body_comes_out_whole_however_it_is_cut_into_pieces(
    coding: str, body: bytes, cuts: list[int]
) -> None:
    compressed = CODINGS[coding](body)
    decoder = BodyDecoder([coding], len(body))
    for start, end in pairwise(
        sorted({0, len(compressed), *(c % (len(compressed) + 1) for c in cuts)})
    ):
        decoder.feed(compressed[start:end])
    assert decoder.complete
    assert decoder.body == body


def test_output_that_zlib_holds_back_is_not_lost() -> None:
    for size in range(65_000, 400_000, 97):
        decoder = BodyDecoder(["deflate"], size)
        decoder.feed(compress_raw(b"a" * size))
        assert decoder.complete
        assert len(decoder.body) == size


@given(st.sampled_from(["gzip", "deflate", "gzip, deflate"]), BODIES, st.integers(0, 300_000))
def test_no_more_comes_out_than_was_asked_for(coding: str, body: bytes, limit: int) -> None:
    decoder = BodyDecoder([coding], limit)
    try:
        decoder.feed(CODINGS[coding](body))
    except BodyTooLargeError:
        assert len(body) > limit or "," in coding
    else:
        assert len(body) <= limit
    assert len(decoder.body) <= limit


@given(
    st.sampled_from(["gzip", "deflate", " Deflate", "gzip, deflate"]),
    BODIES.filter(bool),
    st.integers(1, 10_000),
)
def test_a_compressed_body_that_is_cut_short_is_never_whole(
    coding: str, body: bytes, lost: int
) -> None:
    compressed = CODINGS[coding](body)
    kept = compressed[: max(1, len(compressed) - lost)]
    decoder = BodyDecoder([coding], len(body))
    try:
        decoder.feed(kept)
    except EncodingError:
        return
    assert not decoder.complete


@given(st.lists(st.text(max_size=20), max_size=3), st.lists(st.binary(max_size=50), max_size=4))
def test_a_body_of_anything_is_decoded_or_refused(
    encodings: list[str], pieces: list[bytes]
) -> None:
    with suppress(EncodingError, BodyTooLargeError):
        decoder = BodyDecoder(encodings, 100)
        for piece in pieces:
            decoder.feed(piece)
        assert len(decoder.body) <= 100


HEADERS = st.lists(
    st.tuples(
        st.sampled_from(
            ["cache-control", "expires", "date", "age", "pragma", "vary", "retry-after"]
        ),
        st.text(st.characters(max_codepoint=255), max_size=40)
        | st.sampled_from(["max-age=5", "no-store", "no-cache", "Tue, 14 Nov 2023 22:15:20 GMT"])
        | st.from_regex(r"\w{0,4}, ?[0-9]{1,5}[ -]\w{0,3}[ -][0-9]{0,9} [0-9:]{0,9} ?[-+]?\w{0,5}"),
    ),
    max_size=6,
).map(tuple)


@given(HEADERS)
def test_any_headers_have_a_lifetime_and_a_wait(headers: tuple[tuple[str, str], ...]) -> None:
    lifetime = find_lifetime(headers, 1_700_000_000, unstated=60)
    assert lifetime >= 0
    if not may_store(headers) and any("no-store" in value.lower() for _, value in headers):
        assert lifetime == 0 or any(name == "vary" for name, _ in headers)
    wait = read_retry_after(Exchange("", "", 0, headers=headers), 1_700_000_000.0)
    assert wait is None or wait >= 0


LINES = st.lists(
    st.sampled_from(
        ["User-agent: *", "User-agent: kiyome", "User-agent: x", "user agent *", "User-agent:",
         "Disallow: /", "Disallow: /a*b$", "Allow: /a", "Allow: /", "Crawl-delay: x", "#", ""]
    )
    | st.text(max_size=15),
    max_size=12,
)  # fmt: skip


@given(LINES, st.text(max_size=15))
def test_any_robots_txt_gives_an_answer(lines: list[str], path: str) -> None:
    body = "\n".join(lines).encode("utf-8", "surrogatepass")
    assert parse_robots(body, "kiyome").can_fetch(f"https://a.example/{path}", "kiyome") in (
        True,
        False,
    )


@given(LINES)
def test_a_site_that_closes_itself_to_us_is_closed_whatever_else_it_says(lines: list[str]) -> None:
    """RFC 9309 2.2.1: groups for one robot are one; only a longer Allow beats a Disallow."""
    kept = [line for line in lines if "allow" not in line.lower() or "dis" in line.lower()]
    text = "\n".join([*kept, "User-agent: Kiyome", "Disallow: /"])
    assert not parse_robots(text.encode("utf-8", "surrogatepass"), "kiyome").can_fetch(
        "https://a.example/abc", "kiyome"
    )


@pytest.fixture(name="server", scope="module")
def _server() -> Iterator[Server]:
    with serving() as server:
        yield server


FETCHER = Fetcher(FetchLimits(max_bytes=1000, total_seconds=5), LOCAL)
SOUND = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nX-Robots-Tag: noai\r\n\r\nhello"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, len(SOUND) - 1), st.binary(max_size=3), st.booleans())
def test_a_response_that_is_changed_anywhere_is_an_outcome(
    server: Server, position: int, change: bytes, cut: bool
) -> None:
    server.pages["/"] = SOUND[:position] + change + (b"" if cut else SOUND[position + 1 :])
    found = FETCHER.exchange(server.url("/"))
    assert (found.failure is None) == (found.body is not None)
    if cut and not change:
        assert found.failure is Failure.UNREACHABLE


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200))
def test_a_response_of_any_bytes_is_an_outcome(server: Server, sent: bytes) -> None:
    server.pages["/"] = b"HTTP/1.1 200 OK\r\n" + sent
    found = FETCHER.exchange(server.url("/"))
    assert (found.failure is None) == (found.body is not None)
