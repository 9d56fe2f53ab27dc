"""No spelling of anything leads to a closed address."""

from __future__ import annotations

import ipaddress
import socket

from hypothesis import example, given
from hypothesis import strategies as st

from models.fetching.addresses import (
    AddressRefusedError,
    AddressRules,
    choose_addresses,
    closed_because,
    read_literal,
)
from models.fetching.fetched import FetchError
from models.fetching.urls import read_target

PARTS = st.one_of(
    st.integers(0, 300).map(str),
    st.integers(0, 2**32).map(str),
    st.integers(0, 2**32).map(hex),
    st.integers(0, 300).map(lambda n: f"0{n:o}"),
    st.sampled_from(["", "a", "0x", "x7f", "①", "１", "٣", "%31", "-", "_", "xn--a", "localhost"]),
)
HOSTS = st.one_of(
    st.lists(PARTS, min_size=1, max_size=5).map(".".join),
    st.ip_addresses(v=6).map(lambda a: f"[{a}]"),
    st.text(max_size=30),
)


@given(HOSTS)
@example("2130706433")
@example("[::ffff:7f00:1]")
def test_a_host_is_a_checked_address_a_name_that_is_no_number_or_refused(host: str) -> None:
    try:
        target = read_target(f"http://{host}/")
    except FetchError:
        return
    literal = read_literal(target.host)
    if literal is not None:
        assert str(literal) == target.host
        return
    try:  # what the C library would make of it without asking anybody
        socket.inet_aton(target.host)
    except OSError:
        return
    raise AssertionError(f"{host!r} is an IP address to the system, as {target.host!r}")


@given(st.ip_addresses(v=4))
def test_an_ipv4_address_is_open_only_if_python_holds_it_for_global(
    address: ipaddress.IPv4Address,
) -> None:
    if not closed_because(address):
        assert address.is_global
        assert not address.is_multicast


@given(st.ip_addresses(v=6))
def test_an_ipv6_address_is_open_only_if_python_holds_it_for_global(
    address: ipaddress.IPv6Address,
) -> None:
    if not closed_because(address) and address.ipv4_mapped is None:
        assert address.is_global
        assert not address.is_multicast


@given(
    st.ip_addresses(v=4, network="10.0.0.0/8")
    | st.ip_addresses(v=4, network="127.0.0.0/8")
    | st.ip_addresses(v=4, network="169.254.0.0/16"),
    st.sampled_from(["::ffff:0:0", "::", "64:ff9b::", "::ffff:0:0:0"]),
)
def test_a_closed_ipv4_address_is_closed_inside_ipv6(
    inner: ipaddress.IPv4Address, prefix: str
) -> None:
    outer = ipaddress.IPv6Address(int(ipaddress.IPv6Address(prefix)) + int(inner))
    try:
        choose_addresses("a.example", [str(outer)], 80, AddressRules())
    except AddressRefusedError:
        return
    raise AssertionError(outer)


@given(st.text(max_size=200))
def test_reading_a_url_raises_nothing_but_a_fetch_error(text: str) -> None:
    for url in (text, f"http://{text}", f"http://a.example/{text}"):
        try:
            target = read_target(url)
        except FetchError:
            continue
        assert read_target(target.url) == target
        assert target.url.isascii()
        assert "/../" not in target.path.partition("?")[0]
