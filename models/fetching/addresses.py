"""Which addresses may be connected to.

A URL found in a dataset is written by a stranger. It must not make Kiyome talk to the machine it
runs on, to the network around it, or to a cloud's metadata service.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property

import idna

from models.errors import KiyomeError, SettingsError

IPAddress = ipaddress.IPv4Address | ipaddress.IPv6Address
IPNetwork = ipaddress.IPv4Network | ipaddress.IPv6Network

PORTS = frozenset({80, 443})

_V4_CLOSED: tuple[tuple[ipaddress.IPv4Network, str], ...] = tuple(
    (ipaddress.IPv4Network(network), what)
    for network, what in (
        ("0.0.0.0/8", "unspecified"),
        ("10.0.0.0/8", "private"),
        ("100.64.0.0/10", "carrier-grade NAT"),
        ("127.0.0.0/8", "loopback"),
        ("168.63.129.16/32", "cloud metadata"),
        ("169.254.0.0/16", "link-local"),
        ("172.16.0.0/12", "private"),
        ("192.0.0.0/24", "reserved"),
        ("192.0.2.0/24", "reserved for documentation"),
        ("192.88.99.0/24", "reserved"),
        ("192.168.0.0/16", "private"),
        ("198.18.0.0/15", "reserved for benchmarks"),
        ("198.51.100.0/24", "reserved for documentation"),
        ("203.0.113.0/24", "reserved for documentation"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved"),
    )
)
# Only 2000::/3 is given out as global unicast; these parts of it are not.
_V6_OPEN = ipaddress.IPv6Network("2000::/3")
_V6_CLOSED: tuple[tuple[ipaddress.IPv6Network, str], ...] = tuple(
    (ipaddress.IPv6Network(network), what)
    for network, what in (
        ("2001::/23", "reserved"),
        ("2001:db8::/32", "reserved for documentation"),
        ("3ffe::/16", "reserved"),
        ("3fff::/20", "reserved for documentation"),
    )
)
_V6_NAMES: tuple[tuple[ipaddress.IPv6Network, str], ...] = tuple(
    (ipaddress.IPv6Network(network), what)
    for network, what in (
        ("::/128", "unspecified"),
        ("::1/128", "loopback"),
        ("fe80::/10", "link-local"),
        ("fc00::/7", "private"),
        ("ff00::/8", "multicast"),
    )
)
_METADATA = frozenset(
    ipaddress.ip_address(text)
    for text in (
        "169.254.169.254",
        "169.254.170.2",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "fd00:ec2::254",
        "fd20:ce::254",
    )
)

_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_SIX_TO_FOUR = ipaddress.IPv6Network("2002::/16")
_TEREDO = ipaddress.IPv6Network("2001::/32")
_ISATAP = (0x00005EFE, 0x02005EFE)

_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)\Z")  # WHATWG URL, "ends in a number"
_LABEL = re.compile(r"[a-z0-9_-]{1,63}\Z")
_HOST_LENGTH = 253


class AddressRefusedError(KiyomeError):
    """An address must not be connected to.

    Attributes:
        detail: why, without a full stop.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(f"An address is not connected to: {detail}.")
        self.detail = detail

    def __reduce__(self) -> tuple[type[AddressRefusedError], tuple[str]]:  # type: ignore[override]
        return (type(self), (self.detail,))


@dataclass(frozen=True, slots=True)
class _Opening:
    """One line of the operator's allow list; port None means every port."""

    network: IPNetwork | None
    name: str
    port: int | None

    def covers(self, host: str, address: IPAddress, port: int) -> bool:
        if self.port is not None and self.port != port:
            return False
        if self.network is None:
            return self.name == host and address not in _METADATA
        if address in _METADATA and self.network.num_addresses > 1:
            return False
        return address in self.network


@dataclass(frozen=True)
class AddressRules:
    """What the operator opens.

    Attributes:
        allow_private: addresses that are open although they are private. ``"127.0.0.0/8"`` and
            ``"10.1.2.3"`` open every port there, ``"127.0.0.1:8080"`` and ``"[::1]:8080"`` one
            port, ``"gateway:8080"`` whatever this name resolves to. A cloud's metadata address is
            open only where it is listed by itself.
        ports: ports that are open at public addresses.
    """

    allow_private: tuple[str, ...] = ()
    ports: frozenset[int] = field(default=PORTS)

    def __post_init__(self) -> None:
        self._openings  # noqa: B018  an entry that cannot be read is an error now, not later

    @cached_property
    def _openings(self) -> tuple[_Opening, ...]:
        return tuple(_read_opening(entry) for entry in self.allow_private)

    def opens(self, host: str, address: IPAddress, port: int) -> bool:
        """Whether the allow list names this address or this host, at this port."""
        return any(opening.covers(host, address, port) for opening in self._openings)

    def names(self, host: str, port: int) -> bool:
        """Whether the allow list names this host as it is written in a URL, at this port."""
        address = read_literal(host)
        if address is not None:
            return self.opens(host, address, port)
        return any(o.name == host and o.port == port for o in self._openings if o.network is None)


def _read_opening(entry: str) -> _Opening:
    text = entry.strip()
    try:
        return _Opening(ipaddress.ip_network(text), "", None)
    except ValueError:
        pass
    host, separator, port_text = text.rpartition(":")
    if separator and port_text.isascii() and port_text.isdigit() and 0 < int(port_text) < 65536:
        bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
        try:
            return _Opening(ipaddress.ip_network(bare), "", int(port_text))
        except ValueError:
            pass
        try:
            name = normalise_host(host)
        except (ValueError, AddressRefusedError):
            name = ""
        if name:
            return _Opening(None, name, int(port_text))
    raise SettingsError(
        f"{entry!r} in the list of private addresses is not a network, an address or host:port.",
        'Write "127.0.0.0/8", "10.1.2.3" or "127.0.0.1:8080".',
    )


def read_literal(host: str) -> IPAddress | None:
    """The address that a normalised host spells, or None if it is a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def normalise_host(host: str) -> str:
    """The one spelling of a host: lower case, ASCII, without a trailing dot or brackets.

    Raises:
        AddressRefusedError: it is an odd spelling of an IP address (decimal, octal, hexadecimal,
            short, in other digits, with a zone).
        ValueError: it is not a host.
    """
    if ":" in host:
        if "%" in host:
            raise AddressRefusedError(f"{host[:60]} names a network zone")
        return ipaddress.IPv6Address(host).compressed
    plain = host.lower()
    if not plain.isascii():
        if len(plain) > _HOST_LENGTH:
            raise ValueError("the host is too long")
        try:
            plain = idna.encode(plain, uts46=True, transitional=False).decode("ascii").lower()
        except (idna.IDNAError, UnicodeError) as error:
            if _looks_like_number(_fold_digits(plain)):
                raise AddressRefusedError("it is an odd spelling of an IP address") from error
            raise ValueError("the host is not a domain name") from error
    plain = plain.removesuffix(".")
    labels = plain.split(".")
    if _NUMBER.match(labels[-1]):
        try:
            address = ipaddress.IPv4Address(plain)
        except ValueError as error:
            raise AddressRefusedError("it is an odd spelling of an IP address") from error
        if not host.isascii():
            raise AddressRefusedError("it is an odd spelling of an IP address")
        return str(address)
    if len(plain) > _HOST_LENGTH or not all(_LABEL.match(label) for label in labels):
        raise ValueError("the host is not a domain name")
    return plain


def _fold_digits(host: str) -> str:
    """``host`` with the digits of every script as ASCII digits."""
    folded = unicodedata.normalize("NFKC", host).replace("。", ".")
    return "".join(str(unicodedata.digit(char, char)) for char in folded)


def _looks_like_number(host: str) -> bool:
    return _NUMBER.match(host.removesuffix(".").split(".")[-1]) is not None


def choose_addresses(
    host: str, resolved: Iterable[str], port: int, rules: AddressRules
) -> tuple[IPAddress, ...]:
    """The addresses of ``host`` that may be connected to at ``port``, in order, each once.

    One closed address closes the host: a name that has public and private addresses is how a
    check is got around.

    Args:
        host: normalised (``normalise_host``).
        resolved: what the name resolves to; for an address, itself.
        port: to connect to.
        rules: what the operator opens.

    Raises:
        AddressRefusedError: an address or the port is closed.
    """
    chosen: dict[IPAddress, None] = {}
    for text in resolved:
        try:
            address = ipaddress.ip_address(text)
        except ValueError as error:
            raise AddressRefusedError(f"{host} resolves to something unreadable") from error
        if isinstance(address, ipaddress.IPv6Address):
            if address.scope_id is not None:
                raise AddressRefusedError(f"{host} resolves to an address with a network zone")
            # The system connects a mapped address over IPv4: it is that IPv4 address.
            address = address.ipv4_mapped or address
        if not rules.opens(host, address, port):
            what = closed_because(address)
            if what:
                raise AddressRefusedError(f"{host} is at a {what} address, {address}")
            if port not in rules.ports:
                raise AddressRefusedError(f"port {port} is not open")
        chosen[address] = None
    return tuple(chosen)


def closed_because(address: IPAddress) -> str:
    """What kind of closed address this is ("loopback", "private"), or "" if it is public."""
    if address in _METADATA:
        return "cloud metadata"
    if isinstance(address, ipaddress.IPv4Address):
        return next((what for network, what in _V4_CLOSED if address in network), "")
    inner = list(_embedded(address))
    for embedded in inner:
        what = closed_because(embedded)
        if what:
            return f"disguised {what}"
    if inner and (address in _MAPPED or address in _NAT64):
        return ""
    named = next((what for network, what in _V6_NAMES if address in network), "")
    if named:
        return named
    if address not in _V6_OPEN:
        return "reserved"
    if inner and address in _TEREDO:
        return ""
    return next((what for network, what in _V6_CLOSED if address in network), "")


def _embedded(address: ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    """The IPv4 addresses that an IPv6 address leads to (RFC 4291, 6052, 3056, 4380, 5214)."""
    number = int(address)
    if address in _MAPPED or address in _NAT64:
        yield ipaddress.IPv4Address(number & 0xFFFFFFFF)
    elif address in _SIX_TO_FOUR:
        yield ipaddress.IPv4Address((number >> 80) & 0xFFFFFFFF)
    elif address in _TEREDO:
        yield ipaddress.IPv4Address((number >> 64) & 0xFFFFFFFF)
        yield ipaddress.IPv4Address((number & 0xFFFFFFFF) ^ 0xFFFFFFFF)
    elif (number >> 32) & 0xFFFFFFFF in _ISATAP:
        yield ipaddress.IPv4Address(number & 0xFFFFFFFF)
