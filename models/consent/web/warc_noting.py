"""What one record of a WARC file is: an image, a page, a request with a referrer, a redirect."""

from __future__ import annotations

from dataclasses import dataclass

from models.consent.web.capture import Capture, WebEvidence
from models.consent.web.kept_values import read_moment
from models.consent.web.reading import redirects_in
from models.consent.web.warc_payload import Payload, read_payload
from models.consent.web.warc_records import Record
from models.consent.web_addresses import normalise_url
from models.fetching.fetched import Failure

_ANSWERS = frozenset(("response", "resource", "revisit"))
_MAGIC_LENGTH = 16
_MAGIC = (
    *(b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF87a", b"GIF89a", b"II*\0", b"MM\0*"),
    *(b"\0\0\1\0", b"\xff\x0a", b"\0\0\0\x0cJXL "),
)
_BRANDS = (b"avif", b"avis", b"heic", b"heix", b"mif1")


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a record lies."""

    file: int
    offset: int


@dataclass(frozen=True, slots=True)
class Image:
    """A record that holds an image, or refers to one."""

    spot: Spot
    digest: bytes
    refers_to: str = ""


@dataclass(frozen=True, slots=True)
class Noted:
    """What one record adds to the index once it is known to be whole."""

    url: str = ""
    spot: Spot | None = None
    image: Image | None = None
    payload_digest: str = ""
    is_page: bool = False
    referrer: str = ""
    target: str = ""


def examine_record(record: Record, number: int) -> Noted | None:
    """What a record adds to the index. Reads all of its payload where it may be an image."""
    try:
        url = normalise_url(record.url)
    except ValueError:
        return None
    if record.kind == "request":
        return Noted(url, referrer=_referrer_in(record))
    if record.kind not in _ANSWERS:
        return None
    spot = Spot(number, record.offset)
    capture = Capture(url, record.head.status, record.head.headers)
    target = next((to for _, to in redirects_in(WebEvidence(url, captures=(capture,)))), "")
    image_type = _content_type(capture).startswith("image/")
    digest_name = record.fields.get("warc-payload-digest", "")
    if record.kind == "revisit":
        image = Image(spot, b"", digest_name) if image_type else None
        return Noted(url, spot, image, target=target)
    if record.kind == "response" and record.head.status not in (None, 200, 203):
        return Noted(url, spot, target=target)
    payload = read_payload(record.chunks(), record.head.headers, _MAGIC_LENGTH)
    if image_type or _is_image(payload.body):
        whole = "warc-truncated" not in record.fields
        digest = bytes.fromhex(payload.sha256) if whole else b""
        return Noted(url, spot, Image(spot, digest), digest_name)
    is_page = "html" in _content_type(capture) or payload.body.lstrip()[:1] == b"<"
    return Noted(url, spot, is_page=is_page)


def as_capture(record: Record, payload: Payload | None) -> Capture | None:
    try:
        url = normalise_url(record.url)
    except ValueError:
        return None
    failure, detail = None, ""
    if payload is not None and payload.failure is not None:
        failure, detail = payload.failure, payload.detail
    elif "warc-truncated" in record.fields and payload is not None:
        failure, detail = Failure.TOO_LARGE, "the crawler kept a part of it only"
    return Capture(
        url=url,
        status=None if record.kind == "revisit" else record.head.status,
        headers=record.head.headers,
        body=payload.body if payload is not None else None,
        captured_at=read_moment(record.fields.get("warc-date")),
        failure=failure,
        detail=detail,
    )


def _referrer_in(record: Record) -> str:
    for name, value in record.head.headers:
        if name.lower() == "referer":
            try:
                return normalise_url(value)
            except ValueError:
                return ""
    return ""


def _content_type(capture: Capture) -> str:
    return next(iter(capture.values("content-type")), "").strip().lower()


def _is_image(start: bytes) -> bool:
    return (
        start.startswith(_MAGIC)
        or (start[:4] == b"RIFF" and start[8:12] == b"WEBP")
        or (start[4:8] == b"ftyp" and start[8:12] in _BRANDS)
        or (start[:2] == b"BM" and start[6:10] == b"\0\0\0\0")
    )
