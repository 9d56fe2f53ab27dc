"""Web evidence that was kept when an image was fetched, in the JSON record beside it.

Read are the columns that img2dataset and pipelines like it write. Case and punctuation of a key do
not matter. Where a key stands more than once, or at several depths, all of its values count.

| What | Keys |
|---|---|
| where the image came from | ``url``, ``original_url``, ``image_url``, ``source_url``, ``final_url``, ``img_url``, ``content_url``; ``image`` where it is an address |
| the page that it stood on | ``page_url``, ``referrer``, ``referer``, ``page`` |
| response headers | ``headers``, ``response_headers``, ``http_headers``, ``http_response_headers``: an object, a list of pairs, a list of ``{name, value}``, or text |
| one response header | ``x_robots_tag``, ``tdm_reservation``, ``tdm_policy``, ``content_usage``, ``content_signal``, each also with ``http_``, ``header_`` or ``response_`` before it |
| headers of the page | ``page_headers``, ``page_response_headers`` |
| files of the site | ``robots_txt``, ``robots``, ``ai_txt``, ``tdmrep``, ``tdmrep_json``: text, parsed JSON, or ``{status, body}`` |
| the page | ``page_html``, ``html``; its meta tags: ``html_meta``, ``page_meta``, ``meta_tags``, ``meta_robots``, ``robots_meta`` |
| when | ``fetched_at``, ``captured_at``, ``downloaded_at``, ``crawled_at``, ``date``, ``timestamp``: ISO 8601, RFC 7231, or seconds to nanoseconds since 1970 |
| HTTP status | ``status``, ``status_code``, ``http_status`` |

What is kept and cannot be read makes a capture with ``Failure.MALFORMED``, which holds whatever
could be made of it. An address is read at the root, or in an object that holds an exchange, such as
``response``; everything else is read at any depth.
"""  # noqa: E501

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from models.consent.reading_json import Pairs, printable
from models.consent.web.capture import Capture, WebEvidence, origin_of
from models.consent.web.kept_tokens import token_refs_in
from models.consent.web.kept_values import (
    SIGNAL_HEADERS,
    HeaderLines,
    keyed_objects,
    plain_key,
    read_header_column,
    read_header_lines,
    read_moment,
    read_status,
    write_json,
)
from models.consent.web_addresses import normalise_url
from models.fetching.fetched import Failure

__all__ = ["asset_urls_in", "evidence_in", "evidences_in", "token_refs_in"]

_UNKNOWN_ASSET = "http://address-not-kept.invalid/"
_UNKNOWN_PAGE = "http://page-address-not-kept.invalid/"
_NO_ADDRESS = "the record does not say where the image came from"

_ASSET_KEYS = (
    "url",
    "originalurl",
    "imageurl",
    "sourceurl",
    "finalurl",
    "imgurl",
    "contenturl",
    "image",
)
_PAGE_KEYS = ("pageurl", "referrer", "referer", "page")
_EXCHANGE_KEYS = frozenset(
    (
        *("response", "request", "fetch", "http", "download", "crawl", "capture", "exchange"),
        *("record", "source", "provenance", "image", "web", "json", "metadata", "meta"),
        *("info", "extra"),
    )
)
_HEADER_KEYS = frozenset(("headers", "responseheaders", "httpheaders", "httpresponseheaders"))
_PAGE_HEADER_KEYS = frozenset(("pageheaders", "pageresponseheaders"))
_SIGNAL_COLUMNS = {
    prefix + key: name
    for key, name in SIGNAL_HEADERS.items()
    for prefix in ("", "http", "header", "headers", "response", "responseheader", "httpheader")
}
_SITE_FILES = {
    "robotstxt": "/robots.txt",
    "robots": "/robots.txt",
    "aitxt": "/ai.txt",
    "tdmrep": "/.well-known/tdmrep.json",
    "tdmrepjson": "/.well-known/tdmrep.json",
    "wellknowntdmrepjson": "/.well-known/tdmrep.json",
}
_META_KEYS = frozenset(("htmlmeta", "pagemeta", "metatags"))
_META_ROBOTS_KEYS = frozenset(("metarobots", "robotsmeta"))
_HTML_KEYS = frozenset(("pagehtml", "html"))
_MOMENT_KEYS = (
    "fetchedat",
    "capturedat",
    "downloadedat",
    "crawledat",
    "date",
    "timestamp",
)
_STATUS_KEYS = ("httpstatus", "statuscode", "status")
_BODY_KEYS = ("body", "text", "content", "data", "raw")
_ROBOTS_LINE = re.compile(r"^[ \t\ufeff]*+[A-Za-z][A-Za-z-]{0,40}[ \t]*+:", re.MULTILINE)
_MAX_URLS = 8  # a record with more is no record of one image


def evidence_in(document: Pairs) -> WebEvidence | None:
    """The web evidence that a record keeps; None where it keeps none. Never raises.

    An address alone is no evidence. Where the record names several addresses of the image, the
    evidence speaks of the first (see ``evidences_in``).
    """
    return next(iter(evidences_in(document)), None)


def evidences_in(document: Pairs) -> tuple[WebEvidence, ...]:
    """The same evidence for each address under which the record says the image was found."""
    pieces = _gather(document)
    if not pieces.any:
        return ()
    urls = asset_urls_in(document) or (_UNKNOWN_ASSET,)
    page = next(_addresses(document, _PAGE_KEYS), "")
    moment = _first(read_moment(v) for v in _values(document, _MOMENT_KEYS))
    if moment is None:
        dates = (value for key, value in pieces.headers if key.lower() == "date")
        moment = _first(map(read_moment, dates))
    status = _first(read_status(v) for v in _values(document, _STATUS_KEYS))
    found = []
    for url in urls:
        captures = (
            *_asset_captures(pieces, url, status),
            *_site_captures(pieces, url),
            *_page_captures(pieces, page or _UNKNOWN_PAGE),
        )
        kept = tuple(replace(capture, captured_at=moment) for capture in captures)
        has_page = bool(page or pieces.html or pieces.page_headers or pieces.page_problems)
        found.append(WebEvidence(url, (page or _UNKNOWN_PAGE) if has_page else "", kept))
    return tuple(found)


def asset_urls_in(document: Pairs) -> tuple[str, ...]:
    """Every address that a record gives for its image, normalised, each once, the best first."""
    return tuple(dict.fromkeys(_addresses(document, _ASSET_KEYS)))[:_MAX_URLS]


@dataclass
class _Pieces:
    """What has been found in one record."""

    headers: list[tuple[str, str]] = field(default_factory=list)
    page_headers: list[tuple[str, str]] = field(default_factory=list)
    html: list[str] = field(default_factory=list)
    files: list[tuple[str, int | None, bytes]] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    page_problems: list[str] = field(default_factory=list)
    file_problems: list[tuple[str, str]] = field(default_factory=list)

    @property
    def any(self) -> bool:
        return any(
            (
                self.headers,
                self.page_headers,
                self.html,
                self.files,
                self.problems,
                self.page_problems,
                self.file_problems,
            )
        )


def _gather(document: Pairs) -> _Pieces:
    pieces = _Pieces()
    for under, node in keyed_objects(document):
        if _was_read(under, node):
            continue
        for key, value in node:
            if value is None or value == "" or value in ([], Pairs()):
                continue
            _read_piece(plain_key(key), key, value, pieces)
    return pieces


def _was_read(under: str, node: Pairs) -> bool:
    """Whether what an object holds was read as the value of the key that it stands under."""
    if _SITE_FILES.get(under) == "/.well-known/tdmrep.json":
        return True  # its rules are about locations of their own
    if under in _SITE_FILES:
        return any(plain_key(key) in (*_BODY_KEYS, *_STATUS_KEYS) for key, _ in node)
    return under in _HEADER_KEYS | _PAGE_HEADER_KEYS | _META_KEYS


def _read_piece(plain: str, key: str, value: Any, pieces: _Pieces) -> None:
    if plain in _HEADER_KEYS:
        _add_lines(read_header_lines(value), key, pieces.headers, pieces.problems)
    elif plain in _PAGE_HEADER_KEYS:
        _add_lines(read_header_lines(value), key, pieces.page_headers, pieces.page_problems)
    elif plain in _SIGNAL_COLUMNS:
        lines = read_header_column(_SIGNAL_COLUMNS[plain], value)
        _add_lines(lines, key, pieces.headers, pieces.problems)
    elif plain in _META_KEYS and not (isinstance(value, str) and "<" in value):
        _add_meta(read_header_lines(value), key, pieces)
    elif plain in _META_ROBOTS_KEYS:
        _add_meta(read_header_column("robots", value), key, pieces)
    elif plain in _HTML_KEYS | _META_KEYS:
        if isinstance(value, str):
            pieces.html.append(value)
        else:
            pieces.page_problems.append(f"what the record keeps under {key!r} is no text")
    elif plain in _SITE_FILES:
        _add_file(plain, key, value, pieces)


def _add_lines(
    read: tuple[HeaderLines, bool], key: str, into: list[tuple[str, str]], problems: list[str]
) -> None:
    lines, sound = read
    into += lines
    if not sound:
        problems.append(f"what the record keeps under {key!r} cannot be read as headers")


def _add_meta(read: tuple[HeaderLines, bool], key: str, pieces: _Pieces) -> None:
    lines, sound = read
    if lines:
        pieces.html.append(_as_html(lines))
    if not sound:
        pieces.page_problems.append(f"what the record keeps under {key!r} cannot be read")


def _add_file(plain: str, key: str, value: Any, pieces: _Pieces) -> None:
    path = _SITE_FILES[plain]
    if isinstance(value, Pairs):
        bodies = [inner for name, inner in value if plain_key(name) in _BODY_KEYS]
        statuses = [inner for name, inner in value if plain_key(name) in _STATUS_KEYS]
        status = _first(map(read_status, statuses))
        for body in bodies or [""] * bool(statuses):
            _add_body(path, key, body, status, pieces)
        is_file = any("reservation" in plain_key(name) for name, _ in value)
        if (bodies or statuses) and not is_file:
            return
    _add_body(path, key, value, None, pieces)


def _add_body(path: str, key: str, body: Any, status: int | None, pieces: _Pieces) -> None:
    if isinstance(body, Pairs | list) and path.endswith(".json"):
        body = write_json(body)
    elif isinstance(body, list) and all(isinstance(line, str) for line in body):
        body = "\n".join(body)
    if not isinstance(body, str):
        pieces.file_problems.append((path, f"what the record keeps under {key!r} is no text"))
        return
    if path == "/robots.txt" and (plain_key(key) == "robots" or not _ROBOTS_LINE.search(body)):
        if body.strip() and "\n" not in body.strip():
            # The content of a robots meta tag, under a name that two things share.
            pieces.html.append(_as_html((("robots", body),)))
        # What came with an HTTP status was an answer, and a failed one is not silence.
        if status is None and not _ROBOTS_LINE.search(body):
            return
    pieces.files.append((path, status, body.encode("utf-8", "replace")))


def _asset_captures(pieces: _Pieces, url: str, status: int | None) -> list[Capture]:
    # The image was had: a status that says otherwise is the record's own, not the answer's.
    answered = status if status is not None and 200 <= status < 300 else None
    captures = [Capture(url, answered, tuple(pieces.headers))] if pieces.headers else []
    return _spoil(captures, url, pieces.problems)


def _site_captures(pieces: _Pieces, url: str) -> Iterator[Capture]:
    origin = origin_of(url)
    for path in dict.fromkeys(_SITE_FILES.values()):
        captures = []
        # What a file says depends on the address: without one it can refuse, and no more.
        problems = [problem for where, problem in pieces.file_problems if where == path]
        for where, status, body in pieces.files:
            if where == path and status in (404, 410):
                captures.append(Capture(origin + path, status, failure=Failure.ABSENT))
            elif where == path:
                captures.append(Capture(origin + path, status, body=body))
                problems += [_NO_ADDRESS] if url == _UNKNOWN_ASSET else []
        yield from _spoil(captures, origin + path, problems)


def _page_captures(pieces: _Pieces, page: str) -> list[Capture]:
    content_type = (("Content-Type", "text/html; charset=utf-8"),)
    headers = tuple(line for line in pieces.page_headers if line[0].lower() != "content-type")
    captures = [
        Capture(page, headers=(*content_type, *headers), body=text.encode("utf-8", "replace"))
        for text in pieces.html
    ]
    if headers and not captures:
        captures = [Capture(page, headers=headers)]
    return _spoil(captures, page, pieces.page_problems)


def _spoil(captures: list[Capture], url: str, problems: list[str]) -> list[Capture]:
    """The captures of one address, marked as malformed where a part of them could not be read."""
    if not problems:
        return captures
    detail = printable("; ".join(dict.fromkeys(problems)), 400)
    return [
        replace(capture, failure=Failure.MALFORMED, detail=detail)
        for capture in captures or [Capture(url)]
    ]


def _as_html(pairs: Iterable[tuple[str, str]]) -> str:
    return "".join(
        f'<meta name="{html.escape(name)}" content="{html.escape(content)}">\n'
        for name, content in pairs
    )


def _addresses(document: Pairs, keys: tuple[str, ...]) -> Iterator[str]:
    for value in _values(document, keys):
        for text in value if isinstance(value, list) else [value]:
            if isinstance(text, str):
                try:
                    yield normalise_url(text)
                except ValueError:
                    continue


def _values(document: Pairs, keys: tuple[str, ...]) -> Iterator[Any]:
    """The values under these keys, in the order of the keys, the outermost objects first."""
    found: dict[str, list[Any]] = {key: [] for key in keys}
    for under, node in keyed_objects(document):
        if under in _EXCHANGE_KEYS or not under:
            for key, value in node:
                if (plain := plain_key(key)) in found:
                    found[plain].append(value)
    return (value for key in keys for value in found[key])


def _first(values: Iterable[int | None]) -> int | None:
    return next((value for value in values if value is not None), None)
