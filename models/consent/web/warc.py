"""Images in a WARC file, each with what its site, its page and its response said in that crawl.

The file is read three times, so that memory does not grow with its size: first every record's
place is noted (about 200 bytes a record), then the pages are searched for the images that they
show, then the evidence for each image is gathered. Gzip has to be one member a record.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import BinaryIO

from models.consent.web.capture import Capture, WebEvidence, origin_of
from models.consent.web.html_meta import MAX_HTML_BYTES
from models.consent.web.kept_values import SIGNAL_HEADERS, plain_key
from models.consent.web.reading import images_on, places_of, read_web, redirects_in
from models.consent.web.rsl import discover_rsl
from models.consent.web.tdmrep import discover_tdm_policies
from models.consent.web.warc_noting import Image, Noted, Spot, as_capture, examine_record
from models.consent.web.warc_payload import read_payload
from models.consent.web.warc_records import WarcError, read_records
from models.consent.web_addresses import normalise_url
from models.fetching.fetched import Failure

__all__ = ["WarcAsset", "WarcError", "read_warc", "read_warcs"]

_SITE_PATHS = ("/robots.txt", "/ai.txt", "/.well-known/tdmrep.json")
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_MAX_AT_ONE_URL = 64
_MAX_SILENT_PAGES = 8
_MAX_PAGES = 64
_MAX_SOURCES = 32
_MAX_FURTHER = 32
_MAX_HOPS = 5
_REMEMBERED = 64  # addresses whose captures are kept at hand


@dataclass(frozen=True, slots=True)
class WarcAsset:
    """One image of a WARC file.

    Attributes:
        evidence: what the file holds about it.
        sha256: of its bytes, decoded, in hex: the asset's id. Empty where they are not whole, or
            lie in another file.
    """

    evidence: WebEvidence
    sha256: str


def read_warc(
    stream: BinaryIO, asset_urls: Container[str] | None = None, name: str = "the WARC file"
) -> Iterator[WarcAsset]:
    """The images of one WARC file (see ``read_warcs``)."""
    return read_warcs([(name, stream)], asset_urls)


def read_warcs(
    files: Sequence[tuple[str, BinaryIO]], asset_urls: Container[str] | None = None
) -> Iterator[WarcAsset]:
    """The images of a crawl, in the order in which they stand, with their evidence.

    An image is an answer with an image type or an image's first bytes. An address that was
    captured twice is given twice, each time with the evidence of both.

    Args:
        files: name and seekable stream of each ``.warc`` or ``.warc.gz`` of the crawl. Sites'
            files and pages are found across all of them.
        asset_urls: the addresses (normalised) of the images that are wanted; None for all. An
            image that one of them redirects to counts.

    Raises:
        WarcError: a record is cut short or damaged. Every image before it has been given by then;
            the rest of that file is not read.
    """
    index = _Index(tuple(files))
    faults = [fault for number in range(len(files)) if (fault := index.scan(number)) is not None]
    index.find_pages()
    for image in index.images:
        asset = index.gather(image, asset_urls)
        if asset is not None:
            yield asset
    for fault in faults:
        raise fault


@dataclass
class _Index:
    """Where everything lies, by a short hash of its address."""

    files: tuple[tuple[str, BinaryIO], ...]
    images: list[Image] = field(default_factory=list)
    spots: dict[bytes, list[Spot]] = field(default_factory=dict)
    pages: list[Spot] = field(default_factory=list)
    image_keys: set[bytes] = field(default_factory=set)
    pages_of: dict[bytes, list[str]] = field(default_factory=dict)
    sources_of: dict[bytes, list[str]] = field(default_factory=dict)
    overfull: set[bytes] = field(default_factory=set)
    digests: dict[str, bytes] = field(default_factory=dict)
    remembered: OrderedDict[tuple[str, int], tuple[Capture, ...]] = field(
        default_factory=OrderedDict
    )

    def scan(self, number: int) -> WarcError | None:
        """Note every whole record of a file; what ended the reading early, or None."""
        name, stream = self.files[number]
        noted: Noted | None = None
        begun = 0
        try:
            for record in read_records(stream, name):
                self._add(noted)
                begun = record.number
                noted = examine_record(record, number)
        except WarcError as error:
            if error.number > begun:  # what was begun last is whole
                self._add(noted)
            return error
        self._add(noted)
        return None

    def find_pages(self) -> None:
        """Find the pages that show or link to the images."""
        if not self.image_keys:
            return
        for spot in self.pages:
            capture = self._capture(spot, MAX_HTML_BYTES)
            if capture is None:
                continue
            shown = [url for url in images_on(capture) if _key(url) in self.image_keys]
            # An image may stand on every page of a site: those that say something come first.
            speaks = shown and read_web(WebEvidence(shown[0], capture.url, (capture,)))
            for url in sorted(shown):
                self._note_page(_key(url), capture.url, speaks=bool(speaks))

    def _note_page(self, key: bytes, page: str, *, speaks: bool) -> None:
        pages = self.pages_of.setdefault(key, [])
        if page in pages:
            return
        if len(pages) < (_MAX_PAGES if speaks else _MAX_SILENT_PAGES):
            pages.append(page)
        elif speaks:
            self.overfull.add(key)

    def gather(self, image: Image, wanted: Container[str] | None) -> WarcAsset | None:
        """The evidence for one image; None where it is not wanted."""
        found = self._capture(image.spot, 0)
        if found is None:
            return None
        sources = self._sources_of(found.url)
        url = found.url
        if wanted is not None:
            names = [name for name in (url, *sources) if name in wanted]
            if not names:
                return None
            url = names[0]
        captures = self._image_captures(found, sources)
        if any(_key(place) in self.overfull for place in (found.url, *sources)):
            detail = "more pages show it, or more addresses lead to it, than are read"
            captures.append(Capture(url, failure=Failure.TOO_LARGE, detail=detail))
        evidence = WebEvidence(url, captures=tuple(captures))
        places = places_of(evidence)
        pages = list(
            dict.fromkeys(page for place in places for page in self.pages_of.get(_key(place), ()))
        )[:_MAX_PAGES]
        shown = {page: self.captures_at(page, MAX_HTML_BYTES) for page in pages}
        # The page that loaded the image by a script does not show it: it has to be named. Those
        # that show it are recognised by that.
        pages.sort(key=lambda page: _page_order(shown[page], places))
        captures += [capture for page in pages for capture in shown[page]]
        for origin in dict.fromkeys(map(origin_of, (*places, *pages))):
            for path in _SITE_PATHS:
                captures += self.captures_at(origin + path)
        evidence = WebEvidence(url, pages[0] if pages else "", tuple(captures))
        for address in self._further_addresses(evidence, places, pages):
            captures += self.captures_at(address)
        evidence = replace(evidence, captures=tuple(dict.fromkeys(captures)))
        digest = image.digest or self.digests.get(image.refers_to, b"")
        return WarcAsset(evidence, digest.hex())

    def captures_at(self, url: str, keep: int = 1024**2, hops: int = 0) -> tuple[Capture, ...]:
        """What was captured at an address; where it redirects, what stood there."""
        known = (url, keep)
        if known not in self.remembered:
            try:
                key = _key(normalise_url(url))
            except ValueError:
                return ()
            spots = self.spots.get(key, [])
            found: dict[Capture, None] = {}
            for spot in spots[-_MAX_AT_ONE_URL:]:
                capture = self._capture(spot, keep)
                if capture is not None:
                    for each in self._follow(replace(capture, url=url), keep, hops):
                        found[each] = None
            if len(spots) > _MAX_AT_ONE_URL:
                detail = f"only the last {_MAX_AT_ONE_URL} of its captures were read"
                found[Capture(url, failure=Failure.TOO_LARGE, detail=detail)] = None
            self.remembered[known] = tuple(found)
            while len(self.remembered) > _REMEMBERED:
                self.remembered.popitem(last=False)
        self.remembered.move_to_end(known)
        return self.remembered[known]

    def _follow(self, capture: Capture, keep: int, hops: int) -> Iterator[Capture]:
        """A redirect gives way to what stands at its target, if that was captured."""
        targets = [target for _, target in redirects_in(WebEvidence("", captures=(capture,)))]
        ends: list[Capture] = []
        if hops < _MAX_HOPS:
            for target in targets[:1]:
                ends += self.captures_at(target, keep, hops + 1)
        if not ends:
            yield capture
        for end in ends:
            signals = [line for line in capture.headers if plain_key(line[0]) in SIGNAL_HEADERS]
            yield replace(end, url=capture.url, headers=(*end.headers, *signals))

    def _sources_of(self, url: str) -> list[str]:
        """The addresses that redirect to one, directly or not."""
        found = {url: None}
        for _ in range(_MAX_HOPS):
            for place in list(found)[:_MAX_SOURCES]:
                found.update(dict.fromkeys(self.sources_of.get(_key(place), ())))
        return list(found)[1 : _MAX_SOURCES + 1]

    def _image_captures(self, found: Capture, sources: list[str]) -> list[Capture]:
        captures = []
        for spot in self.spots.get(_key(found.url), [])[-_MAX_AT_ONE_URL:]:
            capture = self._capture(spot, 0)
            if capture is not None and (_is_success(capture) or _has_signals(capture)):
                captures.append(capture)
        for source in sources:
            for spot in self.spots.get(_key(source), [])[-_MAX_AT_ONE_URL:]:
                capture = self._capture(spot, 0)
                if capture is not None and capture.status in _REDIRECTS:
                    # What stands behind a redirect stands where it was asked for, too.
                    moment = max(capture.captured_at or 0, found.captured_at or 0) or None
                    captures += [capture, replace(found, url=source, captured_at=moment)]
        return captures

    def _further_addresses(
        self, evidence: WebEvidence, places: Sequence[str], pages: Sequence[str]
    ) -> list[str]:
        """The licences and policies that the evidence points at."""
        found: dict[str, None] = {}
        for page in pages or [""]:
            for place in places:
                here = replace(evidence, asset_url=place, page_url=page)
                for url in (*discover_rsl(here), *discover_tdm_policies(here)):
                    found[url] = None
        return list(found)[:_MAX_FURTHER]

    def _capture(self, spot: Spot, keep: int) -> Capture | None:
        """Read one record again; None where it cannot be any more."""
        name, stream = self.files[spot.file]
        record = next(read_records(stream, name, spot.offset), None)
        if record is None:
            return None
        payload = None
        if keep and record.kind != "revisit":
            payload = read_payload(record.chunks(), record.head.headers, keep, keep + 1)
        return as_capture(record, payload)

    def _add(self, noted: Noted | None) -> None:
        if noted is None or not noted.url:
            return
        key = _key(noted.url)
        if noted.referrer:
            self._note_page(key, noted.referrer, speaks=True)
        if noted.spot is None:
            return
        self.spots.setdefault(key, []).append(noted.spot)
        if noted.target:
            target = _key(noted.target)
            sources = self.sources_of.setdefault(target, [])
            if len(sources) >= _MAX_SOURCES and noted.url not in sources:
                self.overfull.add(target)
            elif noted.url not in sources:
                sources.append(noted.url)
            self.image_keys.add(key)
        if noted.is_page:
            self.pages.append(noted.spot)
        if noted.image is not None:
            self.images.append(noted.image)
            self.image_keys.add(key)
            if noted.payload_digest and noted.image.digest:
                self.digests[noted.payload_digest] = noted.image.digest


def _page_order(captures: Sequence[Capture], places: Sequence[str]) -> int:
    if not captures:
        return 2
    return int(any(not images_on(capture).isdisjoint(places) for capture in captures))


def _is_success(capture: Capture) -> bool:
    return capture.status is None or 200 <= capture.status < 300


def _has_signals(capture: Capture) -> bool:
    return any(plain_key(name) in SIGNAL_HEADERS for name, _ in capture.headers)


def _key(url: str) -> bytes:
    return hashlib.blake2b(url.encode("utf-8", "surrogatepass"), digest_size=12).digest()
