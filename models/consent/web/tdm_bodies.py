"""What captures of a document come to: bytes to read, certainly nothing, or something unknown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from models.consent.reading_json import printable
from models.consent.web.capture import Capture, WebEvidence
from models.consent.web_addresses import resolve_url
from models.fetching.fetched import Failure

_HTML_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body", b"<title", b"<meta")


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a capture.

    Attributes:
        data: the bytes to read; None where there are none.
        absent: it is certain that nothing is there.
        problem: why nobody knows what is there; empty where it is known.
    """

    data: bytes | None = None
    absent: bool = False
    problem: str = ""


def captures_at(evidence: WebEvidence, url: str) -> list[Capture]:
    """The captures that say what stands at an address.

    What a redirect leads to stands in for the redirect. A failure does not count where the same
    address was read at the same time or later.
    """
    found: dict[int, Capture] = {}
    waiting = list(responses_of(evidence, url))
    seen = set[int]()
    while waiting:
        capture = waiting.pop(0)
        if id(capture) in seen:
            continue
        seen.add(id(capture))
        behind = list(_behind(capture, evidence))
        waiting += behind
        if not behind:
            found[id(capture)] = capture
    return [c for c in found.values() if not _is_superseded(c, found.values())]


def responses_of(evidence: WebEvidence, url: str) -> Iterator[Capture]:
    """The captures of one address, redirects too; the fragment makes no other address."""
    wanted = url.partition("#")[0]
    return (c for c in evidence.captures if c.url.partition("#")[0] == wanted)


def is_whole(capture: Capture) -> bool:
    """Whether a capture is of a successful response, as one that grants has to be."""
    succeeded = capture.status is None or (200 <= capture.status < 300 and capture.status != 206)
    return capture.failure is None and succeeded


def is_unknown_host(host: str) -> bool:
    """Whether a host stands for an address that was not kept (RFC 2606: it never is a real one)."""
    return host == "invalid" or host.endswith(".invalid")


def body_of(capture: Capture) -> Body:
    """Tell 404 and 410 (absent) from whatever else kept the document from being read."""
    if capture.failure is Failure.ABSENT or capture.status in (404, 410):
        return Body(absent=True)
    if capture.failure is not None:
        why = capture.detail or capture.failure.value.replace("_", " ")
        return Body(problem=printable(f"it could not be read: {why}"))
    if not is_whole(capture):
        return Body(problem=f"it could not be read: the server answered {capture.status}")
    if capture.body is None:
        return Body(problem="its body was not kept")
    return Body(data=capture.body)


def is_html(capture: Capture) -> bool:
    """Whether a capture holds a web page, as servers send in place of a missing file."""
    start = (capture.body or b"")[:2048].removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if start.startswith(_HTML_STARTS):
        return True
    said = any("text/html" in value.lower() for value in capture.values("content-type"))
    return start.startswith(b"<") and (said or b"<html" in start)


def _behind(capture: Capture, evidence: WebEvidence) -> Iterator[Capture]:
    """What was captured at the address that a redirect leads to."""
    if capture.status is None or not 300 <= capture.status < 400:
        return
    for location in capture.values("location")[:4]:
        try:
            target = resolve_url(capture.url, location)
        except ValueError:
            continue
        yield from responses_of(evidence, target)


def _is_superseded(failed: Capture, captures: Iterable[Capture]) -> bool:
    if not body_of(failed).problem or failed.captured_at is None:
        return False
    return any(
        other.captured_at is not None
        and other.captured_at >= failed.captured_at
        and not body_of(other).problem
        for other in captures
    )
