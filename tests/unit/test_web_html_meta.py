"""Tags of a page: what a browser sees is read, whatever the page looks like."""

from __future__ import annotations

import pytest

from models.consent.web.html_meta import MAX_HTML_BYTES, Link, read_links, read_meta, read_page

NOAI = ("robots", "noai")
TAG = b'<meta name="robots" content="noai">'


@pytest.mark.parametrize(
    "page",
    [
        TAG,
        b"<!doctype html><html><head>" + TAG + b"</head></html>",
        b"<META CONTENT='noai' NAME='robots'/>",
        b"<meta name=robots content=noai>",
        b"<meta\nname = robots\tcontent\n=\n'noai'\n>",
        b"<meta/name='robots'/content='noai'>",
        b"<meta name=robots content='n&#111;&#x61;i'>",
        b"<meta name=robots content='&#0000000000110;oai'>",
        b"<meta name=robots content=noai",
        b'<meta name="robots" content="noai',
        b"<p title=\"'>'\"></p><p x='\"'>" + TAG,
        b"<p title=it's>" + TAG,
        b"1 < 2 <3 <" + TAG,
        b"</ broken>" + TAG,
        b"<!-->" + TAG,
        b"<!--->" + TAG,
        b"<!-- x --!>" + TAG,
        b"<!-- -- > -->" + TAG,
        b"<![CDATA[ x >" + TAG,
        b"<? x ?>" + TAG,
        b"<script>'</scripts>'</script >" + TAG,
        b"<script><!-- <script> </script> --></script>" + TAG,
        b"<script><!--></script>" + TAG,
        b"<script src=x/></script>" + TAG,
        b"<title>a<b</title>" + TAG,
        b"<template>" + TAG + b"</template>",
        b"<noscript>" + TAG + b"</noscript>",
        b"<svg><title>" + TAG + b"</title></svg>",
        b"<svg><style/></svg>" + TAG,
        "<title>あ</title>".encode("cp932") + TAG,
        b"\xef\xbb\xbf" + TAG,
        b"\xff\xfe" + TAG.decode().encode("utf-16-le"),
        b"\xfe\xff" + TAG.decode().encode("utf-16-be"),
        TAG.decode().encode("utf-16-le"),
        b"\xff\x00\xfe" + TAG,
        b"x" * (MAX_HTML_BYTES - len(TAG)) + TAG,
    ],
)
def test_a_meta_tag_that_a_browser_sees_is_read(page: bytes) -> None:
    assert NOAI in read_meta(page)


@pytest.mark.parametrize(
    "page",
    [
        b"",
        b"<!-- " + TAG + b" -->",
        b"<script>'" + TAG + b"'</script>",
        b"<style>" + TAG + b"</style>",
        b"<textarea>" + TAG + b"</textarea>",
        b"<title>" + TAG + b"</title>",
        b'<p title="' + TAG.replace(b'"', b"") + b'">',
        b"</meta name=robots content=noai>",
        b"&lt;meta name=robots content=noai&gt;",
    ],
)
def test_what_a_browser_does_not_see_is_no_meta_tag(page: bytes) -> None:
    assert read_meta(page) == ()


@pytest.mark.parametrize(
    "opening",
    [b"<!-- ", b"<script>", b"<script><!-- <script> </script> ", b"<title>", b"<!-- a <!-- b "],
)
def test_what_never_ends_hides_nothing(opening: bytes) -> None:
    assert NOAI in read_meta(opening + TAG)


def test_a_charset_that_no_browser_knows_hides_nothing() -> None:
    headers = (("Content-Type", "text/html; charset=utf-7"),)
    assert read_meta(TAG, headers) == (NOAI,)
    assert read_meta(b"<meta charset=rot13>" + TAG) == (NOAI,)


def test_a_wrong_utf_16_label_hides_nothing() -> None:
    assert NOAI in read_meta(TAG, (("content-type", "text/html; charset=UTF-16"),))


def test_the_charset_of_the_header_is_used() -> None:
    page = "<meta name=author content=星>".encode("euc-jp")
    assert read_meta(page, (("content-type", "text/html; charset=EUC-JP"),)) == (("author", "星"),)
    assert read_meta(b"<meta charset=euc-jp>" + page) == (("author", "星"),)


def test_http_equiv_and_property_count_as_names() -> None:
    page = b"<meta http-equiv=X-Robots-Tag content=noai><meta property=tdm-reservation content=1>"
    assert read_meta(page) == (("X-Robots-Tag", "noai"), ("tdm-reservation", "1"))


def test_of_two_equal_attributes_both_count() -> None:
    assert read_meta(b"<meta name=robots content=all content=noai>") == (("robots", "all"), NOAI)


def test_links_are_read_with_their_relation() -> None:
    page = (
        b"<base href=/x/><link rel=license type='application/rsl+xml' href=l.xml>"
        b"<a rel='nofollow license' href=/terms>terms</a><a href=/plain>p</a>"
    )
    assert read_links(page) == (
        Link("license", "application/rsl+xml", "l.xml"),
        Link("nofollow license", "", "/terms"),
    )
    assert read_page(page).base == "/x/"


def test_an_rsl_document_in_a_script_is_found() -> None:
    page = (
        b"<script type='Application/RSL+XML; charset=utf-8'><rsl><a/></rsl></script>"
        b"<script>x</script>"
    )
    assert read_page(page).rsl == ("<rsl><a/></rsl>",)


def test_the_images_of_a_page_are_found() -> None:
    page = (
        b"<img src=a.png data-src=b.png><source srcset='c.png 1x, d.png 2x'><a href=e.png>"
        b"<meta property=og:image content=f.png><svg><image href=g.png /></svg>"
    )
    found = ("a.png", "b.png", "c.png", "d.png", "e.png", "f.png", "g.png")
    assert read_page(page).images == found


def test_what_lies_too_far_inside_is_not_read() -> None:
    assert read_meta(b" " * MAX_HTML_BYTES + TAG) == ()


@pytest.mark.parametrize(
    "page",
    [
        b"<" * 2_000_000,
        b"<!--" * 500_000,
        b"<script><!--<script>" * 100_000,
        b"<svg><style>" * 170_000,
        b"<meta name=a content='" * 90_000,
        b"<meta name=robots content='" + b"&#0" * 600_000 + b"'>",
        b"<meta name=robots content='&#" + b"9" * 1_000_000 + b";'>",
        b"<a " + b" =x" * 600_000,
        b"<meta charset " * 150_000,
        bytes(range(256)) * 8_000,
    ],
    ids=lambda page: repr(page[:20]),
)
@pytest.mark.timeout(20)
def test_a_hostile_page_ends_in_time(page: bytes) -> None:
    assert len(read_meta(page + TAG)) <= 2
