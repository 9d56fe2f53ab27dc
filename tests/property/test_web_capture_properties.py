"""Web evidence: nothing that anybody writes raises, and no spelling hides a refusal."""

from __future__ import annotations

import io
import json
from contextlib import suppress
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from models.assets.asset import Asset, Location
from models.consent.carriers.web import CapturedWebCarrier
from models.consent.purposes import Preference, Purpose
from models.consent.reading_json import Pairs, read_json
from models.consent.statements import Statement
from models.consent.web.html_meta import read_meta, read_page
from models.consent.web.kept import asset_urls_in, evidences_in, token_refs_in
from models.consent.web.warc import WarcError, read_warc
from models.consent.web.warc_payload import read_payload
from models.consent.web_addresses import normalise_url, parent_domains, subjects_of_url

KEYS = [
    *("url", "original_url", "page_url", "headers", "response_headers", "x_robots_tag"),
    *("tdm_reservation", "tdm_policy", "content_usage", "content_signal", "robots_txt", "robots"),
    *("ai_txt", "tdmrep", "html_meta", "page_html", "fetched_at", "status", "name", "value"),
    *("chain", "contract", "token_id", "body", "response", "address", "date"),
]
TEXTS = st.one_of(
    st.text(max_size=30),
    st.sampled_from(
        ["https://a.example/x", "noai", "0x" + "a" * 40, "1", "X-Robots-Tag: noai", "{'a': 'b'}"]
    ),
)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXTS,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), inner, max_size=6)
    ),
    max_leaves=25,
)
RECORDS = st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=8), VALUES, max_size=8)
MARKUP = st.lists(
    st.sampled_from(
        [
            *("<", ">", "<!--", "-->", "<meta ", "name=robots ", "content='noai' ", "'", '"', "="),
            *(
                "<script>",
                "</script>",
                "<svg>",
                "<title>",
                "</title>",
                "<![CDATA[",
                "&#",
                "\0",
                "/",
            ),
            *("é", " ", "http-equiv=", "<base href=x>", "<a href=", "charset=utf-16", "<?", "--!>"),
        ]
    ),
    max_size=40,
).map("".join)


def read(document: Any) -> list[Statement]:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    sidecars = (Location("a.json", "a.json"),)
    asset = Asset("ab" * 32, (Location("a.png", "a.png"),), sidecars=sidecars)
    return CapturedWebCarrier().read(asset, None, lambda _: content)


def refused(statements: list[Statement]) -> bool:
    return any(
        s.preference(Purpose.GENERATIVE_TRAINING) is Preference.NOT_ALLOWED for s in statements
    )


@given(st.binary(max_size=300) | MARKUP.map(str.encode))
def test_any_bytes_are_a_page(body: bytes) -> None:
    for name, content in read_meta(body):
        assert isinstance(name, str)
        assert isinstance(content, str)


@given(MARKUP)
def test_a_tag_before_everything_else_is_always_seen(rest: str) -> None:
    page = b"<meta name=robots content=noai>" + rest.encode()
    assert ("robots", "noai") in read_page(page).meta


@given(st.binary(max_size=200))
@settings(max_examples=50)
def test_any_bytes_are_a_sidecar(content: bytes) -> None:
    for statement in read(content):
        assert not statement.trust.may_grant


@given(RECORDS)
@settings(max_examples=80, deadline=None)
def test_any_record_is_read(document: dict[str, Any]) -> None:
    for statement in read(document):
        assert not statement.trust.may_grant
        assert Statement.from_dict(statement.as_dict()) == statement


@given(RECORDS)
@settings(max_examples=80, deadline=None)
def test_any_record_has_addresses_tokens_and_evidence(document: dict[str, Any]) -> None:
    pairs = read_json(json.dumps(document).encode())
    assert isinstance(pairs, Pairs)
    assert all(normalise_url(url) == url for url in asset_urls_in(pairs))
    assert all(":" in token.value for token in token_refs_in(pairs))
    assert all(evidence.captures for evidence in evidences_in(pairs))


@given(
    st.sampled_from(
        ["headers", "response_headers", "http_headers", "x_robots_tag", "robots", "html_meta"]
    ),
    st.lists(st.booleans(), min_size=20, max_size=20),
    st.sampled_from(["_", "-", "", " ", "."]),
    RECORDS,
    st.booleans(),
)
@settings(max_examples=150, deadline=None)
def test_no_spelling_of_a_key_and_no_neighbour_hides_a_refusal(
    key: str, upper: list[bool], joint: str, others: dict[str, Any], nested: bool
) -> None:
    value: Any = {"X-Robots-Tag": "noai"} if "headers" in key else "noai"
    if key == "html_meta":
        value = {"robots": "noai"}
    letters = zip(key.replace("_", joint), upper, strict=False)
    spelled = "".join(char.upper() if up else char for char, up in letters)
    record = {spelled: value}
    document = {**others, "kept": record} if nested else {**others, **record}
    assert refused(read(document))


@given(st.text(max_size=60) | TEXTS.map(lambda text: f"http://a.example/{text}"))
def test_an_address_is_normal_or_no_address(text: str) -> None:
    try:
        normal = normalise_url(text)
    except ValueError:
        return
    assert normalise_url(normal) == normal
    assert normal.isascii()
    assert subjects_of_url(text) == subjects_of_url(normal)


@given(st.text(max_size=60))
def test_every_host_is_its_own_first_parent(host: str) -> None:
    assert len(parent_domains(host)) >= 1


@given(
    st.lists(st.binary(max_size=40), max_size=5),
    st.sampled_from([(), ("gzip",), ("deflate",), ("br",), ("gzip", "deflate")]),
    st.booleans(),
)
def test_any_payload_is_decoded_or_failed(
    chunks: list[bytes], codings: tuple[str, ...], chunked: bool
) -> None:
    headers = [("Content-Encoding", coding) for coding in codings]
    headers += [("Transfer-Encoding", "chunked")] if chunked else []
    payload = read_payload(chunks, tuple(headers), 20)
    assert bool(payload.sha256) or payload.failure is not None


@given(
    st.binary(max_size=200)
    | st.binary(max_size=200).map(
        lambda body: (
            b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/\r\n"
            b"Content-Length: 50\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n" + body
        )
    )
)
@settings(max_examples=100)
def test_any_bytes_are_a_warc_or_an_error_for_people(data: bytes) -> None:
    with suppress(WarcError):
        assert all(asset.evidence.captures for asset in read_warc(io.BytesIO(data)))
