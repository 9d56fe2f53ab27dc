"""Asking the web now: what an image's server, page and site say, and what that comes to."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Literal, Protocol

from models.canonical import canonical_json, digest_bytes
from models.consent.evidence.observation import Observation, Outcome, Said
from models.consent.reading_json import printable
from models.consent.statements import Condition, Statement
from models.consent.subjects import Subject, SubjectKind
from models.consent.web.capture import Capture, WebEvidence, origin_of
from models.consent.web.html_meta import MAX_HTML_BYTES
from models.consent.web.kept_values import SIGNAL_HEADERS, plain_key, read_moment
from models.consent.web.reading import places_of, read_web
from models.consent.web.rsl import discover_rsl
from models.consent.web.site_files import SiteFiles
from models.consent.web.tdmrep import discover_tdm_policies
from models.consent.web_addresses import normalise_url
from models.fetching.exchange import Exchange
from models.fetching.fetched import Failure

SITE_PATHS = ("/robots.txt", "/ai.txt", "/.well-known/tdmrep.json")
"""The files of a site that are asked for."""

_NO_PAGE = "http://no-page-address.invalid/"
_SIGNALS = frozenset(SIGNAL_HEADERS)

DAY = 86_400
"""Seconds for which web evidence is valid at most, unless the caller says otherwise."""
_HOUR = 3_600
_MAX_SITE_FILE = 1024**2
_MAX_FURTHER = 16  # licences and policies of one image that are followed
_MAX_KEPT_BODY = 256 * 1024
_ACCEPT_IMAGE = "image/avif,image/webp,image/*,*/*;q=0.8"
_ACCEPT_PAGE = "text/html,application/xhtml+xml,*/*;q=0.8"
_MAX_AGE = re.compile(r"(?:^|[\s,])(?:s-)?max-age\s{0,8}=\s{0,8}\"?([0-9]{1,10})", re.IGNORECASE)


class Ask(Protocol):
    """Makes one exchange: ``Exchanger.exchange``."""

    def __call__(
        self,
        url: str,
        *,
        method: Literal["GET", "HEAD"] = "GET",
        accept: str = "*/*",
        max_bytes: int | None = None,
        want_body: bool = True,
    ) -> Exchange:
        """Make one exchange. Failures are part of the answer, not raised."""


def gather_web(
    asset_url: str, page_url: str, exchange: Ask, clock: Callable[[], int], known: SiteFiles
) -> WebEvidence:
    """Ask for everything on the web that may say something about one image.

    The image itself is asked for with GET, and the connection is closed after the headers: what
    servers say to HEAD is often not what they say to GET. Where it redirects, every site on the
    way is asked. Licences and policies that are pointed at are fetched as well.

    Args:
        asset_url: where the image is.
        page_url: the page that it stands on, or "".
        exchange: makes one request; ``Fetcher.exchange`` or a stricter one.
        clock: UTC seconds.
        known: answers that are shared between images.

    Raises:
        ValueError: ``asset_url`` is not an absolute http(s) URL. (Of a page that has none nothing
            is asked, and that is a failed capture.)
    """
    asset = normalise_url(asset_url)

    def ask(url: str, accept: str, max_bytes: int) -> tuple[Capture, ...]:
        def make(address: str) -> tuple[Capture, ...]:
            return _file_captures(exchange(address, accept=accept, max_bytes=max_bytes))

        return known.get(url, clock(), make)

    captures = _image_captures(exchange(asset, accept=_ACCEPT_IMAGE, want_body=False))
    page = ""
    if page_url:
        try:
            page = normalise_url(page_url)
        except ValueError as error:
            page = _NO_PAGE
            captures.append(Capture(page, failure=Failure.MALFORMED, detail=str(error)))
        else:
            captures += ask(page, _ACCEPT_PAGE, MAX_HTML_BYTES)
    evidence = WebEvidence(asset, page, tuple(captures))
    places = places_of(evidence)
    sites = (*places, page) if page not in ("", _NO_PAGE) else places
    for origin in dict.fromkeys(map(origin_of, sites)):
        for path in SITE_PATHS:
            captures += ask(origin + path, "*/*", _MAX_SITE_FILE)
    evidence = replace(evidence, captures=tuple(captures))
    for number, url in enumerate(_further_addresses(evidence, places)):
        if number < _MAX_FURTHER:
            captures += ask(url, "*/*", _MAX_SITE_FILE)
        else:
            detail = f"only {_MAX_FURTHER} of the documents that are pointed at were asked for"
            captures.append(Capture(url, failure=Failure.TOO_LARGE, detail=detail))
    return replace(evidence, captures=tuple(dict.fromkeys(captures)))


def observe_web(evidence: WebEvidence, observed_at: int, ttl_seconds: int = DAY) -> Observation:
    """What live evidence comes to, as an observation of the image's address.

    It is undetermined where anything that was asked for failed, other than for being absent. It
    is valid for ``ttl_seconds``, or shorter where the caching headers of an answer say so, though
    never for less than an hour.

    Args:
        evidence: as ``gather_web`` gives it.
        observed_at: when, UTC seconds.
        ttl_seconds: for how long it is valid at most.
    """
    failed = [c for c in evidence.captures if c.failure not in (None, Failure.ABSENT)]
    statements = [
        replace(s, observed_at=observed_at) if s.observed_at is None else s
        for s in read_web(evidence)
    ]
    note = ""
    if failed:
        told = "; ".join(f"{c.url}: {c.detail or c.failure}" for c in failed[:4])
        note = printable(f"{len(failed)} of {len(evidence.captures)} requests failed: {told}", 500)
        if not any(s.condition is Condition.UNDETERMINED for s in statements):
            statements.append(
                Statement(
                    carrier="web",
                    source=printable(evidence.asset_url, 400),
                    condition=Condition.UNDETERMINED,
                    observed_at=observed_at,
                    notes=(note,),
                )
            )
    outcome = Outcome.UNDETERMINED if failed else Outcome.READ
    if not statements:
        outcome, note = (
            Outcome.ABSENT,
            "neither the image, nor its page, nor its site says anything",
        )
    subject = Subject(SubjectKind.URL, evidence.asset_url)
    return Observation(
        source=f"web:{evidence.asset_url}",
        carrier="web",
        outcome=outcome,
        observed_at=observed_at,
        said=tuple(Said(subject, statement) for statement in statements),
        valid_until=observed_at + _seconds_valid(evidence, observed_at, ttl_seconds),
        body=write_evidence(evidence),
        note=note,
    )


def write_evidence(evidence: WebEvidence) -> bytes:
    """The evidence as canonical JSON, to be kept.

    Bodies are text, or base64 where they are not UTF-8; of a body larger than 256 KiB only the
    beginning is kept, with the digest of the whole.
    """
    return canonical_json(
        {
            "asset_url": evidence.asset_url,
            "page_url": evidence.page_url,
            "captures": [_as_dict(capture) for capture in evidence.captures],
        }
    )


def _image_captures(found: Exchange) -> list[Capture]:
    """The answer for the image, at every address on the way; and each redirect with its headers."""
    last = _answer(found, found.final_url)
    ways = [Capture(_spell(h.url), h.status, h.headers, None, found.fetched_at) for h in found.hops]
    ends = dict.fromkeys((_spell(found.url), *(way.url for way in ways), last.url))
    return [*ways, *(replace(last, url=url) for url in ends)]


def _file_captures(found: Exchange) -> tuple[Capture, ...]:
    """The answer for a page or file: what stands behind a redirect stands where it was asked for.

    Signals in the headers of redirects count as well.
    """
    added = [line for hop in found.hops for line in hop.headers if plain_key(line[0]) in _SIGNALS]
    last = _answer(found, found.url)
    return (replace(last, url=found.url, headers=(*last.headers, *added)),)


def _answer(found: Exchange, url: str) -> Capture:
    return Capture(
        url=_spell(url),
        status=found.status,
        headers=found.headers,
        body=found.body if found.body is not None else found.partial or None,
        captured_at=found.fetched_at,
        failure=found.failure,
        detail=found.detail,
    )


def _spell(url: str) -> str:
    try:
        return normalise_url(url)
    except ValueError:
        return url


def _further_addresses(evidence: WebEvidence, places: Iterable[str]) -> list[str]:
    """The licences and policies that the evidence points at."""
    found: dict[str, None] = {}
    for place in places:
        here = replace(evidence, asset_url=place)
        for url in (*discover_rsl(here), *discover_tdm_policies(here)):
            found[url] = None
    asked = {capture.url for capture in evidence.captures}
    return [url for url in found if url not in asked]


def _seconds_valid(evidence: WebEvidence, now: int, ttl: int) -> int:
    seconds = ttl
    for capture in evidence.captures:
        lifetime = _lifetime(capture)
        if lifetime is not None:
            age = max(0, now - (capture.captured_at or now))
            seconds = min(seconds, max(_HOUR, lifetime - age))
    return min(seconds, ttl)


def _lifetime(capture: Capture) -> int | None:
    """For how many seconds an answer may be kept (RFC 9111, 4.2.1); None where it does not say."""
    ages = [int(age) for v in capture.values("cache-control") for age in _MAX_AGE.findall(v[:1000])]
    if ages:
        return min(ages)
    ends = [read_moment(value) for value in capture.values("expires")]
    starts = [read_moment(value) for value in capture.values("date")]
    if not ends:
        return None
    start = starts[0] if starts and starts[0] is not None else capture.captured_at
    if ends[0] is None or start is None:
        return 0  # "Expires: 0" and the like mean: already past
    return max(0, ends[0] - start)


def _as_dict(capture: Capture) -> dict[str, Any]:
    value: dict[str, Any] = {
        "url": capture.url,
        "status": capture.status,
        "headers": [list(line) for line in capture.headers],
        "captured_at": capture.captured_at,
        "failure": capture.failure.value if capture.failure else None,
        "detail": capture.detail,
    }
    if capture.body is not None:
        kept = capture.body[:_MAX_KEPT_BODY]
        value["body_sha256"] = digest_bytes(capture.body)
        try:
            value["body"] = kept.decode("utf-8")
        except UnicodeDecodeError:
            value["body_base64"] = base64.b64encode(kept).decode("ascii")
    return value
