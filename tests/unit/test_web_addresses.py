"""Web addresses: one spelling for what is one address, and no address where there is none."""

from __future__ import annotations

import pytest

from models.consent.subjects import Subject, SubjectKind
from models.consent.web_addresses import (
    MAX_URL,
    domain_of,
    normalise_url,
    parent_domains,
    resolve_url,
    subjects_of_url,
)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("HTTP://A.Example", "http://a.example/"),
        ("https://a.example:443/x", "https://a.example/x"),
        ("https://a.example:8443/x", "https://a.example:8443/x"),
        ("http://a.example:/x", "http://a.example/x"),
        ("http://a.example./x", "http://a.example/x"),
        ("https://user:secret@a.example/x", "https://a.example/x"),
        ("https://a@b@a.example/x", "https://a.example/x"),
        ("https://a.example/x#part", "https://a.example/x"),
        ("https://a.example/%7euser/%e3%81%82", "https://a.example/~user/%E3%81%82"),
        ("https://a.example/あ b", "https://a.example/%E3%81%82%20b"),
        ("https://a.example/100%", "https://a.example/100%25"),
        ("https://a.example/%2F", "https://a.example/%2F"),
        ("https://a.example/a/./b/../c", "https://a.example/a/c"),
        ("https://a.example/a/%2e%2E/c", "https://a.example/c"),
        ("https://a.example/../..", "https://a.example/"),
        ("https://a.example/a/..", "https://a.example/"),
        ("https://a.example/a//b/", "https://a.example/a//b/"),
        ("https://a.example?q=../x", "https://a.example/?q=../x"),
        ("https://a.example/x?", "https://a.example/x"),
        ("https:\\\\a.example\\x", "https://a.example/x"),
        ("  https://a.exa\nmple/x\t", "https://a.example/x"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://ＡＢＣ.example/", "https://abc.example/"),
        ("https://星。example/", "https://xn--yt2a.example/"),
        ("https://%61.example/", "https://a.example/"),
        ("http://0x7f.1/", "http://127.0.0.1/"),
        ("http://2130706433/", "http://127.0.0.1/"),
        ("http://[2001:DB8:0::1]:80/", "http://[2001:db8::1]/"),
        ("http://a_b.example/", "http://a_b.example/"),
    ],
)
def test_an_address_has_one_spelling(written: str, normal: str) -> None:
    if "星" in written:
        normal = "https://" + "星".encode("idna").decode() + ".example/"
    assert normalise_url(written) == normal
    assert normalise_url(normal) == normal


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a.example/x",
        "/x",
        "//a.example/x",
        "ftp://a.example/x",
        "data:image/png;base64,AAAA",
        "http:///x",
        "http://",
        "http://a b/",
        "http://a.example:99999/",
        "http://a.example:x/",
        "http://[::1/",
        "http://[::1%25eth0]/",
        "http://1.2.3.4.5/",
        "http://256.1.1.1/",
        "http://a..example/",
        "http://%ff/",
        "http://" + "a" * 300 + ".example/",
        "http://a.example/" + "a" * MAX_URL,
        "http://xn--\u2603-.\ud800/",
    ],
)
def test_what_is_no_absolute_web_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        normalise_url(text)


def test_a_reference_is_read_where_it_stands() -> None:
    page = "https://a.example/gallery/index.html?x=1"
    assert resolve_url(page, "../img/a.png") == "https://a.example/img/a.png"
    assert resolve_url(page, "//cdn.example/a.png") == "https://cdn.example/a.png"
    assert resolve_url(page, "\\license.xml") == "https://a.example/license.xml"
    with pytest.raises(ValueError):
        resolve_url(page, "data:image/png;base64,AAAA")
    with pytest.raises(ValueError):
        resolve_url(page, "http://[")


def test_a_host_has_its_parents_down_to_two_labels() -> None:
    assert parent_domains("a.b.c.example") == ("a.b.c.example", "b.c.example", "c.example")
    assert parent_domains("localhost") == ("localhost",)


def test_an_ip_address_has_no_parents() -> None:
    assert parent_domains("192.0.2.7") == ("192.0.2.7",)
    assert parent_domains("2001:db8::1") == ("2001:db8::1",)
    assert domain_of("http://[2001:db8::1]:8080/x") == "2001:db8::1"


def test_a_url_is_found_under_itself_the_other_scheme_and_its_domains() -> None:
    assert subjects_of_url("HTTPS://Img.A.example/x") == (
        Subject(SubjectKind.URL, "https://img.a.example/x"),
        Subject(SubjectKind.URL, "http://img.a.example/x"),
        Subject(SubjectKind.DOMAIN, "img.a.example"),
        Subject(SubjectKind.DOMAIN, "a.example"),
    )
