"""Every reader of web signals over the evidence for one image, wherever that evidence came from."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from models.consent.statements import Statement
from models.consent.web.ai_txt import read_ai_txt
from models.consent.web.aipref import read_aipref
from models.consent.web.capture import Capture, WebEvidence
from models.consent.web.content_signals import read_content_signals
from models.consent.web.html_meta import read_meta, read_page
from models.consent.web.robots_tags import read_robots_meta, read_robots_tags
from models.consent.web.robots_txt import read_robots_txt
from models.consent.web.rsl import read_rsl
from models.consent.web.tdmrep import read_tdmrep
from models.consent.web_addresses import normalise_url, resolve_url

_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_MAX_PLACES = 64
_MAX_PAGES = 128


@dataclass(frozen=True, slots=True)
class WebReader:
    """One kind of web signal.

    Attributes:
        name: what it reads, with a number that rises when it reads the same bytes differently.
        read: gives its statements about one image.
    """

    name: str
    read: Callable[[WebEvidence], list[Statement]]


def read_page_tags(evidence: WebEvidence) -> list[Statement]:
    """What the robots meta tags of the image's page say about AI, also where it is cut short."""
    if not evidence.page_url or evidence.page_url == evidence.asset_url:
        return []
    return [
        statement
        for capture in evidence.of(evidence.page_url)
        if capture.body is not None
        for statement in read_robots_meta(
            [(n.lower(), c) for n, c in read_meta(capture.body, capture.headers)],
            capture.url,
            observed_at=capture.captured_at,
            evidence=capture.body,
        )
    ]


WEB_READERS = (
    WebReader("robots-tags/2", read_robots_tags),
    WebReader("page-tags/2", read_page_tags),
    WebReader("robots-txt/1", read_robots_txt),
    WebReader("ai-txt/1", read_ai_txt),
    WebReader("aipref/2", read_aipref),
    WebReader("content-signals/2", read_content_signals),
    WebReader("tdmrep/2", read_tdmrep),
    WebReader("rsl/2", read_rsl),
)
"""Every reader, in the order in which their statements are listed."""


def read_web(evidence: WebEvidence) -> list[Statement]:
    """What every reader finds, each statement once.

    An image that was reached by a redirect stands at several addresses, and may be shown by
    several of the captured pages. Each of them is asked about, with its own site's files: what
    one refuses, another cannot lift.
    """
    found: dict[str, Statement] = {}
    places = places_of(evidence)
    for page in pages_of(evidence, places):
        for place in places:
            here = replace(evidence, asset_url=place, page_url=page)
            for reader in WEB_READERS:
                for statement in reader.read(here):
                    found.setdefault(repr(statement.as_dict()), statement)
    return list(found.values())


def pages_of(evidence: WebEvidence, places: tuple[str, ...]) -> tuple[str, ...]:
    """The page of the image as it was given, or "", then each captured page that shows it."""
    pages = {evidence.page_url: None}
    for capture in evidence.captures:
        if capture.url in pages or b"<" not in (capture.body or b""):
            continue
        if not images_on(capture).isdisjoint(places):
            pages[capture.url] = None
    return tuple(pages)[:_MAX_PAGES]


def images_on(capture: Capture) -> frozenset[str]:
    """The addresses of the images that a captured page shows or links to, normalised."""
    page = read_page(capture.body or b"", capture.headers)
    found = set[str]()
    base = capture.url
    if page.base:
        with suppress(ValueError):
            base = resolve_url(capture.url, page.base)
    for address in page.images:
        with suppress(ValueError):
            found.add(resolve_url(base, address))
    return frozenset(found)


def places_of(evidence: WebEvidence) -> tuple[str, ...]:
    """The addresses of the image: as asked for, then those before and after in redirects."""
    links: dict[str, list[str]] = {}
    for source, target in redirects_in(evidence):
        links.setdefault(source, []).append(target)
        links.setdefault(target, []).append(source)
    places = {evidence.asset_url: None}
    waiting = deque([evidence.asset_url])
    while waiting and len(places) < _MAX_PLACES:
        for place in links.get(waiting.popleft(), ()):
            if place not in places:
                places[place] = None
                waiting.append(place)
    return tuple(places)


def redirects_in(evidence: WebEvidence) -> Iterator[tuple[str, str]]:
    """Every redirect among the captures: from where to where."""
    for capture in evidence.captures:
        if capture.status in _REDIRECTS:
            for location in capture.values("location"):
                try:
                    yield capture.url, resolve_url(normalise_url(capture.url), location)
                except ValueError:
                    continue
