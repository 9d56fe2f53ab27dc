"""Where RSL licences of an image are: robots.txt, response headers and its page.

Really Simple Licensing 1.0, sections 4.2 to 4.9. Licences in image metadata are not read here.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from models.consent.reading_json import loose_text, printable
from models.consent.web.capture import Capture, WebEvidence, origin_of
from models.consent.web.html_meta import Page, read_page
from models.consent.web.rsl_terms import is_feed
from models.consent.web.tdm_bodies import body_of, captures_at, responses_of

MAX_LICENSES = 32
"""No more licences of one image are read; what goes beyond is undetermined."""

_MEDIA_TYPE = "application/rsl+xml"
_ROBOTS_LINE = re.compile(r"[ \t\ufeff]*([A-Za-z][A-Za-z -]{0,30}?)[ \t]*[:=]([^#\r\n]*)")
_LINK = re.compile(r"<([^<>]{0,4096})>([^<>]{0,2048})")
_PARAMETER = re.compile(
    r";\s{0,20}([A-Za-z*]{1,20})\s{0,20}=\s{0,20}(?:\"([^\"]*)\"?|([^\s;,\"]+))"
)


@dataclass(frozen=True, slots=True)
class Pointer:
    """Something that says which licence holds.

    Attributes:
        place: where it stood, for a reader: ``"robots.txt"``.
        url: the licence's address; empty where the licence itself stands there, or none is named.
        inline: the licence, where it stands there itself.
        about_page: it was found on the page, not at the image's own server.
        attached: ``url=""`` in the licence means that page.
        may_grant: else only a refusal in the licence counts.
        problem: why it points nowhere.
        observed_at: when it was found, UTC seconds.
    """

    place: str
    url: str = ""
    inline: str | bytes | None = None
    about_page: bool = False
    attached: bool = False
    may_grant: bool = True
    problem: str = ""
    observed_at: int | None = None


def discover_rsl(evidence: WebEvidence) -> tuple[str, ...]:
    """The addresses of the licences that an image's site points at, for a gatherer to fetch."""
    urls = dict.fromkeys(pointer.url for pointer in find_pointers(evidence) if pointer.url)
    return tuple(urls)[:MAX_LICENSES]


def find_pointers(evidence: WebEvidence) -> list[Pointer]:
    """Every pointer to a licence in the evidence, each once. Never raises."""
    return list(dict.fromkeys(_search(evidence)))


def _search(evidence: WebEvidence) -> Iterator[Pointer]:
    yield from _in_robots(evidence)
    for capture in responses_of(evidence, evidence.asset_url):
        yield from _in_headers(capture, about_page=False)
    if evidence.page_url and evidence.page_url != evidence.asset_url:
        for capture in responses_of(evidence, evidence.page_url):
            yield from _in_headers(capture, about_page=True)
            yield from _in_page(capture)


def _in_robots(evidence: WebEvidence) -> Iterator[Pointer]:
    try:
        robots = origin_of(evidence.asset_url) + "/robots.txt"
    except ValueError:
        return
    for capture in captures_at(evidence, robots):
        # Whatever part of a file was kept can point at a licence.
        if not body_of(capture).absent:
            for value, ours in license_lines(loose_text(capture.body or b"")):
                yield _pointer(
                    value, robots, "robots.txt", may_grant=ours, observed_at=capture.captured_at
                )


def license_lines(text: str) -> Iterator[tuple[str, bool]]:
    """The values of ``License:`` lines, and whether a line is meant for every client.

    A line outside of any group, or in a group of ``*``, is. One in another client's group is read
    too: a refusal in its licence is a refusal.
    """
    agents: list[str] = []
    in_rules = True
    for line in text.splitlines():
        found = _ROBOTS_LINE.match(line)
        if found is None:
            continue
        name, value = found[1].casefold().replace(" ", "-"), found[2].strip()
        if name in ("user-agent", "useragent"):
            agents = [value] if in_rules else [*agents[:100], value]
            in_rules = False
            continue
        in_rules = True
        if name in ("license", "licence", "rsl-license"):
            yield value, not agents or "*" in agents


def _in_headers(capture: Capture, *, about_page: bool) -> Iterator[Pointer]:
    place = "Link header of the page" if about_page else "Link header of the image"
    for value in capture.values("link"):
        for target, parameters in _LINK.findall(value):
            said: dict[str, str] = {}
            for name, quoted, bare in _PARAMETER.findall(parameters):
                said.setdefault(name.lower(), quoted or bare)
            if _is_license(said.get("rel", ""), said.get("type", ""), target):
                yield _pointer(
                    target,
                    capture.url,
                    place,
                    about_page=about_page,
                    observed_at=capture.captured_at,
                )


def _in_page(capture: Capture) -> Iterator[Pointer]:
    data = capture.body
    if data is None:
        return
    if is_feed(data):
        yield Pointer("the feed", inline=data, about_page=True, observed_at=capture.captured_at)
        return
    page = read_page(data, capture.headers)
    for link in page.links:
        if _is_license(link.rel, link.type, link.href):
            yield _pointer(
                link.href,
                _base(page, capture),
                "link element of the page",
                about_page=True,
                attached=True,
                observed_at=capture.captured_at,
            )
    for text in page.rsl:
        yield Pointer(
            "script element of the page",
            inline=text,
            about_page=True,
            attached=True,
            observed_at=capture.captured_at,
        )


def _base(page: Page, capture: Capture) -> str:
    try:
        return urljoin(capture.url, page.base)
    except ValueError:
        return capture.url


def _is_license(rel: str, kind: str, href: str) -> bool:
    """Whether a link is RSL's: by its media type, or a licence in XML that has no type."""
    kind = kind.partition(";")[0].strip().casefold()
    if kind == _MEDIA_TYPE or "rsl" in kind:
        return True
    is_license = "license" in rel.casefold().split()
    path = href.partition("#")[0].partition("?")[0].casefold()
    return is_license and kind in ("", "application/xml", "text/xml") and path.endswith(".xml")


def _pointer(
    value: str,
    base: str,
    place: str,
    *,
    about_page: bool = False,
    attached: bool = False,
    may_grant: bool = True,
    observed_at: int | None = None,
) -> Pointer:
    """A pointer to an address, resolved; with a problem where it is none."""
    url = ""
    try:
        joined = urljoin(base, value.strip())
        parts = urlsplit(joined)
        usable = bool(value.strip()) and not re.search(r"\s", value.strip())
        if usable and parts.scheme in ("http", "https") and parts.hostname and len(joined) <= 4096:
            url = joined.partition("#")[0]
    except ValueError:
        url = ""
    problem = "" if url else printable(f"it names no address of a licence: {value!r}")
    return Pointer(
        place,
        url,
        about_page=about_page,
        attached=attached,
        may_grant=may_grant,
        problem=problem,
        observed_at=observed_at,
    )
