"""Which addresses may be connected to, and how a URL is read."""

from __future__ import annotations

import pytest

from models.errors import SettingsError
from models.fetching.addresses import (
    AddressRefusedError,
    AddressRules,
    choose_addresses,
    normalise_host,
)
from models.fetching.fetched import Failure, FetchError
from models.fetching.urls import read_redirect, read_target

CLOSED = AddressRules()
METADATA = "169.254.169.254"


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.16.0.1", "172.31.255.255",
        "192.168.1.1", "169.254.1.1", METADATA, "100.64.0.1", "100.100.100.200", "0.0.0.0",
        "0.1.2.3", "224.0.0.1", "239.255.255.255", "240.0.0.1", "255.255.255.255", "192.0.0.192",
        "192.0.2.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "192.88.99.1", "168.63.129.16",
        "::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "2001:db8::1",
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:a9fe:a9fe", "::127.0.0.1", "::10.0.0.1",
        "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254",
        "64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:a9fe:a9fe::1", "2002:c0a8:101::1",
        "2001:0:7f00:1::", "2001:0:808:808:0:0:80ff:fffe", "2001::1", "100::1", "3fff::1",
        "4000::1", "5f00::1", "2607:f8b0:4005:805:0:5efe:7f00:1", "fe80::1%eth0", "rubbish", "",
    ],
)  # fmt: skip
def test_a_closed_address_is_refused(address: str) -> None:
    with pytest.raises(AddressRefusedError):
        choose_addresses("a.example", [address], 443, CLOSED)


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "2a00:1450::1", "192.0.1.1",
     "64:ff9b::8.8.8.8", "2002:808:808::1"],
)  # fmt: skip
def test_a_public_address_is_open(address: str) -> None:
    assert [str(a) for a in choose_addresses("a.example", [address], 443, CLOSED)]


def test_one_closed_address_among_public_ones_closes_the_host() -> None:
    with pytest.raises(AddressRefusedError, match="loopback"):
        choose_addresses("a.example", ["8.8.8.8", "127.0.0.1"], 443, CLOSED)


def test_a_mapped_public_address_is_connected_to_as_what_it_is() -> None:
    [address] = choose_addresses("a.example", ["::ffff:8.8.8.8"], 443, CLOSED)
    assert str(address) == "8.8.8.8"


@pytest.mark.parametrize("port", [0, 22, 25, 6379, 8080, 11211])
def test_a_port_that_is_not_listed_is_closed(port: int) -> None:
    with pytest.raises(AddressRefusedError, match="port"):
        choose_addresses("a.example", ["8.8.8.8"], port, CLOSED)


def test_the_operator_opens_a_port() -> None:
    rules = AddressRules(ports=frozenset({80, 443, 8080}))
    assert choose_addresses("a.example", ["8.8.8.8"], 8080, rules)


def test_the_operator_opens_one_address_at_one_port_and_no_other() -> None:
    rules = AddressRules(allow_private=("127.0.0.1:8080",))
    assert choose_addresses("127.0.0.1", ["127.0.0.1"], 8080, rules)
    for address, port in (("127.0.0.1", 80), ("127.0.0.1", 8081), ("127.0.0.2", 8080)):
        with pytest.raises(AddressRefusedError):
            choose_addresses(address, [address], port, rules)


def test_the_operator_opens_a_network_and_no_other() -> None:
    rules = AddressRules(allow_private=("10.1.0.0/16", "fd00:1::/32"))
    assert choose_addresses("a", ["10.1.2.3", "fd00:1::5"], 5001, rules)
    with pytest.raises(AddressRefusedError):
        choose_addresses("a", ["10.2.0.1"], 80, rules)


def test_the_operator_opens_a_name_at_one_port() -> None:
    rules = AddressRules(allow_private=("Gateway:8080",))
    assert choose_addresses("gateway", ["172.17.0.2"], 8080, rules)
    with pytest.raises(AddressRefusedError):
        choose_addresses("other", ["172.17.0.2"], 8080, rules)


@pytest.mark.parametrize("entry", ["169.254.0.0/16", "0.0.0.0/0", "gateway:80"])
def test_a_metadata_address_opens_only_where_it_is_listed_by_itself(entry: str) -> None:
    with pytest.raises(AddressRefusedError, match="metadata"):
        choose_addresses("gateway", [METADATA], 80, AddressRules(allow_private=(entry,)))
    assert choose_addresses("m", [METADATA], 80, AddressRules(allow_private=(METADATA,)))


@pytest.mark.parametrize(
    "entry", ["", "nonsense", "127.0.0.1/8", "a:b", "a:0", "a:99999", "2130706433:80", "[::1"]
)
def test_an_entry_that_cannot_be_read_is_an_error_at_once(entry: str) -> None:
    with pytest.raises(SettingsError, match="private addresses"):
        AddressRules(allow_private=(entry,))


@pytest.mark.parametrize(
    "host",
    [
        "2130706433", "0x7f000001", "0x7F.0.0.1", "0177.0.0.1", "127.1", "127.0.1", "0", "0x",
        "017700000001", "127.0.0.1.1", "1.2.3.04", "256.1.1.1", "a.b.0x7f", "example.1",
        "①②⑦.⓪.⓪.①", "１２７.０.０.１", "127。0。0。1", "１.１.１.１", "2130706433.", "127.1.",
        "𝟏𝟐𝟕.𝟎.𝟎.𝟏",
    ],
)  # fmt: skip
def test_an_oddly_spelled_ip_address_is_refused(host: str) -> None:
    with pytest.raises(FetchError) as caught:
        read_target(f"http://{host}/")
    assert caught.value.failure is Failure.FORBIDDEN_ADDRESS


def test_a_trailing_dot_changes_nothing() -> None:
    assert normalise_host("127.0.0.1.") == "127.0.0.1"
    assert normalise_host("A.Example.") == "a.example"


@pytest.mark.parametrize(
    ("host", "ascii_host"),
    [("Bücher.Example", "xn--bcher-kva.example"), ("例え。テスト", "xn--r8jz45g.xn--zckzah"),
     ("a_b.example", "a_b.example"), ("under-.example", "under-.example")],
)  # fmt: skip
def test_an_international_name_has_one_spelling(host: str, ascii_host: str) -> None:
    assert read_target(f"http://{host}/").host == ascii_host


@pytest.mark.parametrize(
    ("url", "failure"),
    [
        ("file:///etc/passwd", Failure.FORBIDDEN_SCHEME),
        ("ftp://a.example/", Failure.FORBIDDEN_SCHEME),
        ("gopher://a.example/", Failure.FORBIDDEN_SCHEME),
        ("javascript:alert(1)", Failure.FORBIDDEN_SCHEME),
        ("data:text/plain,x", Failure.FORBIDDEN_SCHEME),
        ("http://user@a.example/", Failure.FORBIDDEN_ADDRESS),
        ("http://a.example@127.0.0.1/", Failure.FORBIDDEN_ADDRESS),
        ("http://@127.0.0.1/", Failure.FORBIDDEN_ADDRESS),
        ("http://127.0.0.1\\@a.example/", Failure.FORBIDDEN_ADDRESS),
        ("http://[fe80::1%25eth0]/", Failure.FORBIDDEN_ADDRESS),
        ("http://127.0.0.1%2f@a.example/", Failure.FORBIDDEN_ADDRESS),
        ("http://%31%32%37.0.0.1/", Failure.FORBIDDEN_ADDRESS),
        ("http://a..example/", Failure.MALFORMED),
        ("http://./", Failure.MALFORMED),
        ("http://a example/", Failure.MALFORMED),
        ("http:///path", Failure.MALFORMED),
        ("http:a.example", Failure.MALFORMED),
        ("//a.example/x", Failure.MALFORMED),
        ("a.example/x", Failure.MALFORMED),
        ("http://a.example:x/", Failure.MALFORMED),
        ("http://a.example:99999/", Failure.MALFORMED),
        ("http://a.example:-1/", Failure.MALFORMED),
        ("http://[::1", Failure.MALFORMED),
        ("http://[127.0.0.1]/", Failure.MALFORMED),
        ("http://::1/", Failure.MALFORMED),
        ("http://a.example/\r\nX: y", Failure.MALFORMED),
        ("http://a.exa\tmple/", Failure.MALFORMED),
        ("http://a.example/\x00", Failure.MALFORMED),
        ("http://a.example/\ud800", Failure.MALFORMED),
        ("http://" + "a" * 64 + ".example/", Failure.MALFORMED),
        ("http://" + "ä" * 300 + "/", Failure.MALFORMED),
        ("http://" + "a." * 200 + "example/", Failure.MALFORMED),
        ("http://a.example/" + "x" * 20_000, Failure.MALFORMED),
        ("", Failure.MALFORMED),
    ],
)
def test_what_is_not_an_open_http_address_is_refused(url: str, failure: Failure) -> None:
    with pytest.raises(FetchError) as caught:
        read_target(url)
    assert caught.value.failure is failure


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("HTTP://A.Example", "http://a.example/"),
        ("https://a.example:443/x", "https://a.example/x"),
        ("https://a.example:/x", "https://a.example/x"),
        ("http://a.example:8080/x#part", "http://a.example:8080/x"),
        ("http://[2606:4700:0::1111]/x", "http://[2606:4700::1111]/x"),
        ("http://a.example/a b/ü?q=ä b", "http://a.example/a%20b/%C3%BC?q=%C3%A4%20b"),
        ("http://a.example/a%20b?c=%41", "http://a.example/a%20b?c=%41"),
        ("http://a.example/open/../closed/./x", "http://a.example/closed/x"),
        ("http://a.example/open/%2e%2E/closed", "http://a.example/closed"),
        ("http://a.example/../../x/..", "http://a.example/"),
        ("http://a.example/a//b/", "http://a.example/a//b/"),
        ("http://a.example?q=1", "http://a.example/?q=1"),
        ("  http://a.example/x\n", "http://a.example/x"),
    ],
)
def test_an_address_is_read_into_one_spelling(url: str, read: str) -> None:
    assert read_target(url).url == read
    assert read_target(read).url == read


def test_a_redirect_is_read_against_the_address_it_comes_from() -> None:
    base = read_target("https://a.example/x/y?z")
    assert read_redirect(base, "../w").url == "https://a.example/w"
    assert read_redirect(base, "//b.example/w").url == "https://b.example/w"
    assert read_redirect(base, "?q").url == "https://a.example/x/y?q"
