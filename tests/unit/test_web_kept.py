"""Web evidence in a dataset's records: every shape in which pipelines keep it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from models.consent.reading_json import Pairs, read_json
from models.consent.web.capture import Capture, WebEvidence
from models.consent.web.html_meta import read_meta
from models.consent.web.kept import asset_urls_in, evidence_in, evidences_in, token_refs_in
from models.consent.web.kept_values import read_header_lines, read_moment, read_status
from models.fetching.fetched import Failure

URL = "https://a.example/cat.png"
ADDRESS = "0x" + "Ab" * 20


def record(value: dict[str, Any] | str) -> Pairs:
    text = value if isinstance(value, str) else json.dumps(value)
    document = read_json(text.encode())
    assert isinstance(document, Pairs)
    return document


def evidence(**columns: Any) -> WebEvidence:
    found = evidence_in(record({"url": URL, **columns}))
    assert found is not None
    return found


def only(found: WebEvidence) -> Capture:
    (capture,) = found.captures
    return capture


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Robots-Tag": "noai"},
        {"x-robots-tag": ["noai"]},
        {"X_ROBOTS_TAG": "noai"},
        {"HTTP_X_ROBOTS_TAG": "noai"},
        [["X-Robots-Tag", "noai"]],
        [{"name": "X-Robots-Tag", "value": "noai"}],
        [{"Key": "X-Robots-Tag", "Value": "noai"}],
        [{"X-Robots-Tag": "noai"}],
        ["X-Robots-Tag: noai"],
        "X-Robots-Tag: noai",
        "HTTP/1.1 200 OK\r\nServer: x\r\nX-Robots-Tag:noai\r\n\r\n",
        "X-Robots-Tag:\r\n noai",
        json.dumps({"X-Robots-Tag": "noai"}),
        json.dumps([["X-Robots-Tag", "noai"]]),
    ],
    ids=repr,
)
@pytest.mark.parametrize("key", ["headers", "response_headers", "HTTP-Headers"])
def test_response_headers_are_read_in_every_shape(key: str, headers: Any) -> None:
    capture = only(evidence(**{key: headers}))
    assert capture.values("x-robots-tag") == ["noai"]
    assert (capture.url, capture.failure) == (URL, None)


@pytest.mark.parametrize(
    "headers",
    ["{'X-Robots-Tag': 'noai', 'Server': \"x\"}", '{"X-Robots-Tag": "noai", "Server": "'],
)
def test_headers_that_cannot_be_parsed_are_malformed_and_still_refuse(headers: str) -> None:
    capture = only(evidence(headers=headers))
    assert capture.values("x-robots-tag") == ["noai"]
    assert capture.failure is Failure.MALFORMED
    assert "'headers'" in capture.detail


@pytest.mark.parametrize("headers", [5, True, "nothing of the kind", [1, 2], [["a", "b", "c"]]])
def test_headers_that_are_no_headers_are_malformed(headers: Any) -> None:
    assert only(evidence(headers=headers)).failure is Failure.MALFORMED


@pytest.mark.parametrize(
    ("column", "value", "line"),
    [
        ("x_robots_tag", "noai", ("X-Robots-Tag", "noai")),
        ("X-Robots-Tag", "noai", ("X-Robots-Tag", "noai")),
        ("header_x_robots_tag", "noai", ("X-Robots-Tag", "noai")),
        ("tdm_reservation", 1, ("TDM-Reservation", "1")),
        ("tdm-reservation", 1.0, ("TDM-Reservation", "1")),
        ("tdmReservation", True, ("TDM-Reservation", "1")),
        ("tdm_policy", "https://a.example/p", ("TDM-Policy", "https://a.example/p")),
        ("content_usage", "train-ai=n", ("Content-Usage", "train-ai=n")),
        ("content-usage", {"train-ai": "n"}, ("Content-Usage", "train-ai=n")),
        ("Content_Signal", "ai-train=no", ("Content-Signal", "ai-train=no")),
    ],
)
def test_one_header_may_stand_in_a_column(column: str, value: Any, line: tuple[str, str]) -> None:
    capture = only(evidence(**{column: value}))
    assert (capture.headers, capture.failure) == ((line,), None)


def test_several_values_of_a_column_are_several_lines() -> None:
    assert only(evidence(x_robots_tag=["noai", "a: b"])).values("x-robots-tag") == ["noai", "a: b"]


def test_of_two_equal_keys_both_count() -> None:
    found = evidence_in(record('{"x_robots_tag": "noai", "x_robots_tag": "all"}'))
    assert found is not None
    assert only(found).values("x-robots-tag") == ["noai", "all"]


def test_evidence_counts_at_any_depth() -> None:
    found = evidence_in(record({"response": {"url": URL, "headers": {"X-Robots-Tag": "noai"}}}))
    assert found is not None
    assert only(found).values("x-robots-tag") == ["noai"]
    assert found.asset_url == URL


@pytest.mark.parametrize(
    ("key", "value", "path", "body"),
    [
        ("robots_txt", "User-agent: *\n", "/robots.txt", b"User-agent: *\n"),
        ("robots.txt", ["User-agent: *", "x: y"], "/robots.txt", b"User-agent: *\nx: y"),
        ("robots", "User-agent: *\nDisallow:", "/robots.txt", b"User-agent: *\nDisallow:"),
        ("ai_txt", "Disallow: /", "/ai.txt", b"Disallow: /"),
        ("ai.txt", {"status": 200, "body": "Disallow: /"}, "/ai.txt", b"Disallow: /"),
        ("tdmrep", "[]", "/.well-known/tdmrep.json", b"[]"),
        ("tdmrep.json", [{"a": 1}], "/.well-known/tdmrep.json", b'[{"a":1}]'),
    ],
)
def test_a_file_of_the_site_is_read(key: str, value: Any, path: str, body: bytes) -> None:
    capture = only(evidence(**{key: value}))
    assert (capture.url, capture.body, capture.failure) == (f"https://a.example{path}", body, None)


def test_duplicate_keys_of_a_parsed_file_are_kept() -> None:
    text = '{"url": "https://a.example/", "tdmrep": [{"tdm-reservation":1,"tdm-reservation":0}]}'
    found = evidence_in(record(text))
    assert found is not None
    assert only(found).body == b'[{"tdm-reservation":1,"tdm-reservation":0}]'


def test_a_file_that_was_not_there_is_absent() -> None:
    assert only(evidence(ai_txt={"status": 404, "body": "x"})).failure is Failure.ABSENT


@pytest.mark.parametrize("body", ["sorry", "", "User-agent: *\n"])
def test_a_kept_answer_that_failed_is_not_silence(body: str) -> None:
    captures = evidence(robots_txt={"status": 503, "body": body}).captures
    assert (503, body.encode()) in [(c.status, c.body) for c in captures]


def test_a_file_that_is_no_text_is_malformed() -> None:
    assert only(evidence(ai_txt=7)).failure is Failure.MALFORMED
    assert only(evidence(robots_txt={"a": "b"})).failure is Failure.MALFORMED


def test_a_reservation_beside_a_body_is_not_lost() -> None:
    found = evidence(tdmrep={"content": "x", "location": "/*", "tdm-reservation": 1})
    assert any(b'"tdm-reservation":1' in (capture.body or b"") for capture in found.captures)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("html_meta", {"robots": "noai"}),
        ("page_meta", [["robots", "noai"]]),
        ("html_meta", [{"name": "robots", "content": "noai"}]),
        ("meta_tags", '<meta name="robots" content="noai">'),
        ("page_html", "<html><meta name=robots content=noai>"),
        ("robots", "noai"),
        ("robots", ["noai"]),
        ("meta_robots", "noai"),
    ],
)
def test_meta_tags_of_the_page_are_read(key: str, value: Any) -> None:
    found = evidence(page_url="https://a.example/page", **{key: value})
    assert found.page_url == "https://a.example/page"
    capture = next(found.of(found.page_url))
    assert read_meta(capture.body or b"", capture.headers) == (("robots", "noai"),)


def test_a_value_that_looks_like_markup_does_not_change_what_it_says() -> None:
    (capture,) = evidence(html_meta={"robots": '"><meta name=robots content=all><!--'}).captures
    assert read_meta(capture.body or b"") == (("robots", '"><meta name=robots content=all><!--'),)


def test_a_page_without_an_address_still_counts() -> None:
    found = evidence(page_html="<meta name=robots content=noai>")
    assert found.page_url != found.asset_url
    assert next(found.of(found.page_url)).body


def test_headers_count_without_an_address_and_files_are_not_taken_as_sound() -> None:
    headers = evidence_in(record({"x_robots_tag": "noai"}))
    assert headers is not None
    assert only(headers).failure is None
    file = evidence_in(record({"ai_txt": "User-Agent: *\nDisallow: /"}))
    assert file is not None
    assert only(file).failure is Failure.MALFORMED
    assert only(file).body


def test_an_address_alone_is_no_evidence() -> None:
    plain = {"url": URL, "status": "success", "width": 3, "exif": "{}", "x_robots_tag": None}
    assert evidence_in(record({**plain, "headers": {}, "robots_txt": ""})) is None


def test_every_address_of_the_image_is_found_once_and_normalised() -> None:
    found = asset_urls_in(
        record(
            {
                "image": "https://a.example/4",
                "source_url": "HTTPS://A.example:443/1#x",
                "original_url": "https://a.example/2",
                "url": "https://a.example/1",
                "image_url": "no address",
                "page": {"url": "https://a.example/page"},
            }
        )
    )
    assert found == tuple(f"https://a.example/{n}" for n in (1, 2, 4))


def test_the_evidence_is_given_for_each_address() -> None:
    document = record({"url": URL, "original_url": "https://b.example/", "ai_txt": "Disallow: /"})
    assert [next(iter(e.captures)).url for e in evidences_in(document)] == [
        "https://a.example/ai.txt",
        "https://b.example/ai.txt",
    ]


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-01T10:00:00Z",
        "2026-03-01T11:00:00+01:00",
        "2026-03-01 10:00:00",
        "20260301T100000Z",
        "Sun, 01 Mar 2026 10:00:00 GMT",
        "20260301100000",
        20260301100000,
        1772359200,
        1772359200.7,
        1772359200123,
        1772359200123456,
        1772359200123456789,
        "1772359200",
        "1772359200123",
    ],
)
def test_a_moment_is_read(value: Any) -> None:
    assert read_moment(value) == 1772359200
    assert only(evidence(x_robots_tag="noai", fetched_at=value)).captured_at == 1772359200


@pytest.mark.parametrize(
    "value", ["", "yesterday", -1, 0, 1e300, float("inf"), True, None, [], "9" * 5000, "2026-99-99"]
)
def test_what_is_no_moment_is_none(value: Any) -> None:
    assert read_moment(value) is None


def test_the_date_header_says_when_where_nothing_else_does() -> None:
    found = evidence(headers={"Date": "Sun, 01 Mar 2026 10:00:00 GMT", "X-Robots-Tag": "noai"})
    assert only(found).captured_at == 1772359200


@pytest.mark.parametrize(
    ("value", "status"),
    [(200, 200), ("404", 404), (301.0, 301), ("200 OK", 200), ("success", None), (7, None)],
)
def test_a_status_is_a_number_of_http(value: Any, status: int | None) -> None:
    assert read_status(value) == status


def test_a_record_that_says_the_image_was_not_found_still_refuses() -> None:
    assert only(evidence(x_robots_tag="noai", status=404)).status is None


@pytest.mark.parametrize(
    ("document", "token"),
    [
        (
            {"chain": "ethereum", "contract": ADDRESS, "token_id": 7, "standard": "ERC-721"},
            "eip155:1/erc721",
        ),
        (
            {
                "chain_id": 137,
                "contract_address": ADDRESS,
                "tokenId": "7",
                "token_type": "ERC1155",
            },
            "eip155:137/erc1155",
        ),
        (
            {
                "network": "base",
                "asset_contract": {"address": ADDRESS, "schema_name": "ERC721"},
                "token_id": "0x7",
            },
            "eip155:8453/erc721",
        ),
        (
            {
                "chain": "eip155:10",
                "nft": {"contract": ADDRESS, "identifier": "7", "token_standard": "erc721"},
            },
            "eip155:10/erc721",
        ),
        ({"asset": f"eip155:1/erc721:{ADDRESS}/7"}, "eip155:1/erc721"),
        ({"token_uri": f"see EIP155:1/ERC721:{ADDRESS}/7."}, "eip155:1/erc721"),
    ],
)
def test_a_token_is_found(document: dict[str, Any], token: str) -> None:
    (found,) = token_refs_in(record(document))
    assert str(found) == f"token:{token}:{ADDRESS.lower()}/7"


def test_without_a_standard_it_may_be_either() -> None:
    found = token_refs_in(record({"contract": ADDRESS, "token_id": "7"}))
    assert [str(f).partition(":0x")[0] for f in found] == [
        "token:eip155:1/erc721",
        "token:eip155:1/erc1155",
    ]


@pytest.mark.parametrize(
    "document",
    [
        {"contract": ADDRESS},
        {"contract": "0x12", "token_id": 7},
        {"contractAddress": "0x" + "00" * 20, "tokenId": "0"},  # a statement that names no token
        {"contract": ADDRESS, "token_id": -1},
        {"contract": ADDRESS, "token_id": "9" * 78},
        {"contract": ADDRESS, "token_id": True},
        {"contract": ADDRESS, "token_id": 7, "chain": "solana"},
        {"url": f"https://opensea.io/assets/ethereum/{ADDRESS}/7"},
    ],
)
def test_what_names_no_token_gives_none(document: dict[str, Any]) -> None:
    assert token_refs_in(record(document)) == ()


@pytest.mark.timeout(20)
def test_a_huge_record_is_read_in_time() -> None:
    headers = "'a':\"" * 100_000
    assert not read_header_lines("{" + headers)[1]
    many = ",".join(['"x_robots_tag":"noai"'] * 5_000)
    found = evidence_in(record(f"{{{many}}}"))
    assert found is not None
    assert len(only(found).headers) == 5_000
