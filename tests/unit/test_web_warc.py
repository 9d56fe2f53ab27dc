"""WARC files: images with what their crawl captured, whole records only."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterable

import pytest
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from models.canonical import digest_bytes
from models.consent.purposes import Preference, Purpose
from models.consent.statements import Statement
from models.consent.web.reading import read_web
from models.consent.web.warc import WarcAsset, WarcError, read_warc, read_warcs
from models.consent.web.warc_payload import read_payload
from models.fetching.fetched import Failure
from tests.consent_files import picture

PNG = picture()
IMAGE = "https://img.a.example/cat.png"
PAGE = "https://a.example/gallery"
NOAI_PAGE = b"<meta name=robots content=noai><img src='https://img.a.example/cat.png'>"


class Crawl:
    """A WARC file in the making."""

    def __init__(self, gzipped: bool = True) -> None:
        self.file = io.BytesIO()
        self.writer = WARCWriter(self.file, gzip=gzipped)
        self.ends: list[int] = []

    def add(
        self,
        url: str,
        body: bytes = PNG,
        headers: Iterable[tuple[str, str]] = (("Content-Type", "image/png"),),
        status: str = "200 OK",
        kind: str = "response",
        **fields: str,
    ) -> Crawl:
        lines = StatusAndHeaders(status, list(headers), protocol="HTTP/1.1")
        record = self.writer.create_warc_record(
            url,
            kind,
            payload=io.BytesIO(body),
            http_headers=None if kind == "resource" else lines,
            warc_content_type="image/png" if kind == "resource" else "",
            warc_headers_dict={"WARC-Date": "2026-03-01T10:00:00Z", **fields},
        )
        self.writer.write_record(record)
        self.ends.append(self.file.tell())
        return self

    def text(self, url: str, body: bytes, kind: str = "text/plain") -> Crawl:
        return self.add(url, body, (("Content-Type", kind),))

    def request(self, url: str, referrer: str) -> Crawl:
        lines = StatusAndHeaders("GET / HTTP/1.1", [("Referer", referrer)], is_http_request=True)
        self.writer.write_record(self.writer.create_warc_record(url, "request", http_headers=lines))
        self.ends.append(self.file.tell())
        return self

    def read(self, wanted: set[str] | None = None) -> list[WarcAsset]:
        self.file.seek(0)
        return list(read_warc(self.file, wanted))


def said(asset: WarcAsset) -> list[Statement]:
    return read_web(asset.evidence)


def refuses(asset: WarcAsset) -> bool:
    return any(
        s.preference(Purpose.GENERATIVE_TRAINING) is Preference.NOT_ALLOWED for s in said(asset)
    )


@pytest.mark.parametrize("gzipped", [True, False])
def test_an_image_is_given_with_its_headers_and_digest(gzipped: bool) -> None:
    headers = (("Content-Type", "image/png"), ("X-Robots-Tag", "noai"), ("x-robots-tag", "noml"))
    (asset,) = Crawl(gzipped).add(IMAGE, headers=headers).read()
    assert asset.sha256 == digest_bytes(PNG)
    (capture,) = asset.evidence.of(IMAGE)
    assert capture.values("X-Robots-Tag") == ["noai", "noml"]
    assert capture.captured_at == 1_772_359_200
    assert refuses(asset)


def test_an_image_is_known_by_its_first_bytes() -> None:
    (asset,) = Crawl().text(IMAGE, PNG).text("https://a.example/x", b"BMW drivers").read()
    assert asset.evidence.asset_url == IMAGE


def test_the_files_of_its_site_come_with_it_wherever_they_stand() -> None:
    crawl = Crawl().add(IMAGE)
    crawl.text("https://img.a.example/robots.txt", b"User-agent: *\nContent-Usage: train-ai=n\n")
    crawl.text("https://img.a.example/ai.txt", b"User-Agent: *\nDisallow: /\n")
    crawl.text("https://other.example/ai.txt", b"User-Agent: *\nDisallow: /\n")
    (asset,) = crawl.read()
    assert {c.url for c in asset.evidence.captures} == {
        IMAGE,
        "https://img.a.example/robots.txt",
        "https://img.a.example/ai.txt",
    }
    assert refuses(asset)


def test_its_page_is_found_by_what_it_shows() -> None:
    (asset,) = Crawl().text(PAGE, NOAI_PAGE, "text/html").add(IMAGE).read()
    assert asset.evidence.page_url == PAGE
    assert refuses(asset)


def test_its_page_is_found_by_the_referrer() -> None:
    page = b"<html><meta name=robots content=noai><script>load()</script>"
    crawl = Crawl().text(PAGE, page, "text/html").request(IMAGE, PAGE).add(IMAGE)
    (asset,) = crawl.read()
    assert asset.evidence.page_url == PAGE
    assert refuses(asset)


def test_a_refusal_on_any_page_that_shows_it_counts() -> None:
    crawl = Crawl().text("https://b.example/", NOAI_PAGE.replace(b"noai", b"all"), "text/html")
    crawl.text(PAGE, NOAI_PAGE, "text/html").add(IMAGE)
    assert refuses(crawl.read()[0])


def test_on_many_pages_the_one_that_refuses_is_heard() -> None:
    crawl = Crawl()
    for number in range(30):
        crawl.text(f"https://a.example/{number}", NOAI_PAGE.replace(b"noai", b"all"), "text/html")
    assert refuses(crawl.text(PAGE, NOAI_PAGE, "text/html").add(IMAGE).read()[0])


def test_more_refusing_pages_than_are_read_are_not_forgotten() -> None:
    crawl = Crawl()
    for number in range(70):
        crawl.text(f"https://a.example/{number}", NOAI_PAGE, "text/html")
    (asset,) = crawl.add(IMAGE).read()
    assert any(capture.failure is Failure.TOO_LARGE for capture in asset.evidence.captures)


def test_a_licence_that_is_pointed_at_comes_with_it() -> None:
    licence = (
        b'<rsl xmlns="https://rslstandard.org/rsl"><content url="/"><license>'
        b'<prohibits type="usage">ai-train</prohibits></license></content></rsl>'
    )
    crawl = Crawl().add(IMAGE).text("https://a.example/l.xml", licence, "application/rsl+xml")
    crawl.text("https://img.a.example/robots.txt", b"License: https://a.example/l.xml\n")
    (asset,) = crawl.read()
    assert list(asset.evidence.of("https://a.example/l.xml"))


def test_what_the_address_before_a_redirect_refuses_stands() -> None:
    crawl = Crawl().add(
        "https://a.example/i", b"", (("Location", IMAGE), ("X-Robots-Tag", "noai")), "302 Found"
    )
    (asset,) = crawl.add(IMAGE).read({"https://a.example/i"})
    assert asset.evidence.asset_url == "https://a.example/i"
    assert refuses(asset)


def test_the_site_before_a_redirect_is_heard() -> None:
    crawl = Crawl().add("https://a.example/i", b"", (("Location", IMAGE),), "301 Moved")
    crawl.text("https://a.example/ai.txt", b"User-Agent: *\nDisallow: /\n").add(IMAGE)
    (asset,) = crawl.read()
    assert refuses(asset)
    assert all(s.condition == "sound" for s in said(asset))


def test_a_site_file_behind_a_redirect_is_the_sites_file() -> None:
    crawl = Crawl().add(
        "https://img.a.example/ai.txt", b"", (("Location", "https://a.example/ai.txt"),), "301 x"
    )
    crawl.text("https://a.example/ai.txt", b"User-Agent: *\nDisallow: /\n").add(IMAGE)
    assert refuses(crawl.read()[0])


def test_only_the_images_that_are_wanted_are_given() -> None:
    crawl = Crawl().add(IMAGE).add("https://b.example/dog.png")
    assert [a.evidence.asset_url for a in crawl.read({IMAGE})] == [IMAGE]
    assert crawl.read(set()) == []


def test_a_revisit_is_the_image_that_it_refers_to() -> None:
    first, again = Crawl().add(IMAGE), "https://b.example/same.png"
    first.file.seek(0)
    from warcio.archiveiterator import ArchiveIterator

    digest = next(iter(ArchiveIterator(first.file))).rec_headers.get_header("WARC-Payload-Digest")
    first.file.seek(0, 2)
    headers = (("Content-Type", "image/png"), ("X-Robots-Tag", "noai"))
    first.add(again, b"", headers, kind="revisit", **{"WARC-Payload-Digest": digest})
    assets = first.read()
    assert [a.sha256 for a in assets] == [digest_bytes(PNG)] * 2
    assert [refuses(a) for a in assets] == [False, True]


def test_a_part_of_an_image_is_not_the_image() -> None:
    (asset,) = Crawl().add(IMAGE, PNG[:40], **{"WARC-Truncated": "length"}).read()
    assert asset.sha256 == ""


def test_a_resource_record_is_an_image_too() -> None:
    (asset,) = Crawl().add(IMAGE, kind="resource").read()
    assert asset.sha256 == digest_bytes(PNG)


def test_several_files_of_one_crawl_are_read_together() -> None:
    images = Crawl().add(IMAGE)
    site = Crawl().text("https://img.a.example/ai.txt", b"User-Agent: *\nDisallow: /\n")
    (asset,) = read_warcs([("1", images.file), ("2", site.file)])
    assert refuses(asset)


@pytest.mark.parametrize("gzipped", [True, False])
def test_of_a_file_that_is_cut_short_every_whole_record_is_read(gzipped: bool) -> None:
    crawl = Crawl(gzipped)
    for number in range(3):
        crawl.add(f"https://a.example/{number}.png")
    data = crawl.file.getvalue()
    # An uncompressed record is whole before the two line ends that follow it.
    margin = 0 if gzipped else 4
    for cut in range(1, len(data), 7):
        whole = sum(end - margin <= cut for end in crawl.ends)
        clean = cut in crawl.ends or (not gzipped and any(e - 4 <= cut <= e for e in crawl.ends))
        found: list[WarcAsset] = []
        if clean:
            found += read_warc(io.BytesIO(data[:cut]))
        else:
            with pytest.raises(WarcError, match=f"Record {whole + 1} of w at|Record {whole + 1} "):
                found.extend(read_warc(io.BytesIO(data[:cut]), name="w"))
        assert len(found) == whole, cut


def test_a_damaged_record_is_named_and_ends_the_reading() -> None:
    crawl = Crawl().add(IMAGE).add("https://a.example/2.png").add("https://a.example/3.png")
    data = bytearray(crawl.file.getvalue())
    middle = (crawl.ends[0] + crawl.ends[1]) // 2
    data[middle : middle + 8] = b"\xff" * 8
    found: list[WarcAsset] = []
    with pytest.raises(WarcError, match=f"Record 2 .*at byte {crawl.ends[0]:,}"):
        found.extend(read_warc(io.BytesIO(bytes(data))))
    assert [a.evidence.asset_url for a in found] == [IMAGE]


def test_one_gzip_for_the_whole_file_is_refused_with_what_to_do() -> None:
    crawl = Crawl(gzipped=False).add(IMAGE).add("https://a.example/2.png")
    with pytest.raises(WarcError, match="recompress"):
        list(read_warc(io.BytesIO(gzip.compress(crawl.file.getvalue(), mtime=0))))


@pytest.mark.parametrize(
    "data",
    [
        b"not a WARC",
        b"\x89PNG\r\n\x1a\n",
        b"WARC/1.0\r\n\r\n",
        b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: -5\r\n\r\n",
        b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 9999999999\r\n\r\nHTTP/1.1 200",
        b"WARC/1.0\r\nWARC-Type: response\r\nX: " + b"a" * 1_000_000,
        gzip.compress(b"WARC/1.0\r\nX: " + b"a" * 50_000_000, mtime=0),
        b"\x1f\x8b\x08\x00garbage",
    ],
    ids=lambda data: repr(data[:30]),
)
def test_what_is_no_sound_warc_is_an_error_that_a_person_understands(data: bytes) -> None:
    with pytest.raises(WarcError, match="cannot be read"):
        list(read_warc(io.BytesIO(data)))


def test_an_empty_file_has_no_images() -> None:
    assert list(read_warc(io.BytesIO(b""))) == []


def test_an_unencodable_site_file_is_not_taken_for_silence() -> None:
    crawl = Crawl().add(IMAGE)
    crawl.add("https://img.a.example/ai.txt", b"\x1b\x00", (("Content-Encoding", "br"),))
    (asset,) = crawl.read()
    (capture,) = asset.evidence.site_file("/ai.txt")
    assert capture.failure is Failure.MALFORMED
    assert "'br'" in capture.detail


CHUNKED = (("Transfer-Encoding", "Chunked"),)
GZIPPED = (("Content-Encoding", "gzip"),)
DEFLATED = (("content-encoding", "deflate"),)


@pytest.mark.parametrize(
    ("sent", "headers"),
    [
        (b"hello", ()),
        (b"5\r\nhello\r\n0\r\n\r\n", CHUNKED),
        (b"2;x=y\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n", CHUNKED),
        (b"hello", CHUNKED),
        (gzip.compress(b"hello", mtime=0), GZIPPED),
        (gzip.compress(b"hel", mtime=0) + gzip.compress(b"lo", mtime=0), GZIPPED),
        (b"hello", GZIPPED),
        (zlib.compress(b"hello"), DEFLATED),
        (zlib.compress(b"hello")[2:-4], DEFLATED),
        (
            b"%x\r\n%b\r\n0\r\n\r\n"
            % (len(gzip.compress(b"hello", mtime=0)), gzip.compress(b"hello", mtime=0)),
            (*CHUNKED, *GZIPPED),
        ),
    ],
)
def test_a_payload_is_decoded(sent: bytes, headers: tuple[tuple[str, str], ...]) -> None:
    for size in (1, 3, len(sent)):
        pieces = [sent[i : i + size] for i in range(0, len(sent), size)]
        payload = read_payload(pieces, headers, 100)
        if size >= 3 or sent != b"hello":
            assert (payload.body, payload.failure) == (b"hello", None)
            assert payload.sha256 == digest_bytes(b"hello")


@pytest.mark.parametrize(
    ("sent", "headers"),
    [
        (b"5\r\nhel", CHUNKED),
        (b"5\r\nhello\r\n", CHUNKED),
        (gzip.compress(b"hello" * 100, mtime=0)[:-6], GZIPPED),
    ],
)
def test_a_payload_that_is_cut_short_has_no_digest(
    sent: bytes, headers: tuple[tuple[str, str], ...]
) -> None:
    payload = read_payload([sent], headers, 100)
    assert payload.failure is Failure.MALFORMED
    assert payload.sha256 == ""
    assert payload.body.startswith(b"hel")


@pytest.mark.timeout(20)
def test_a_bomb_is_not_unpacked() -> None:
    bomb = gzip.compress(bytes(200_000_000), mtime=0)
    payload = read_payload([bomb], GZIPPED, 100, max_bytes=10_000_000)
    assert (payload.sha256, payload.failure) == ("", Failure.TOO_LARGE)
