"""Web addresses in one spelling, and the names under which statements about them are found.

RFC 3986 section 6.2.2 (syntax-based normalisation), RFC 5890 (A-labels). Whitespace and backslashes
are treated as browsers treat them (WHATWG URL Standard): what a browser opens as one address must
not be two here, or a refusal of the one would miss the other.
"""

from __future__ import annotations

import ipaddress
import re
from urllib.parse import unquote, urljoin, urlsplit

from models.consent.subjects import Subject, SubjectKind

MAX_URL = 16_384
"""Longer addresses are refused, in characters."""

_DEFAULT_PORTS = {"http": 80, "https": 443}
_START = re.compile(r"\A(https?):[/\\]{2}", re.IGNORECASE)
_CONTROLS = "".join(map(chr, range(0x21)))
_DROPPED = {ord(char): None for char in "\t\r\n"}
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})?")
_NOT_IN_PATH = re.compile(r"[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]+")
_NOT_IN_QUERY = re.compile(r"[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%]+")
_UNRESERVED = re.compile(r"[A-Za-z0-9\-._~]")
_HOST = re.compile(r"[a-z0-9_\-]{1,63}(?:\.[a-z0-9_\-]{1,63})*")
_NUMBER = re.compile(r"(?:0x[0-9a-f]*|[0-9]+)")
_MAX_HOST = 253


def normalise_url(url: str) -> str:
    """An absolute http(s) URL in its one canonical spelling.

    Scheme and host in lower case, international names as A-labels, no credentials, no default
    port, no fragment, no dot segments, percent-encoding only where it is needed and in upper case,
    ``/`` for an empty path. Applying it twice changes nothing more.

    Raises:
        ValueError: it is not an absolute http(s) URL with a usable host.
    """
    text = url.strip(_CONTROLS).translate(_DROPPED)
    if len(text) > MAX_URL:
        raise ValueError(f"the address is longer than {MAX_URL:,} characters")
    start = _START.match(text)
    if start is None:
        raise ValueError(f"{_shown(url)} is not an absolute http(s) address")
    scheme = start[1].lower()
    rest = text[start.end() :].partition("#")[0]
    before, mark, query = rest.partition("?")
    before = before.replace("\\", "/")
    authority, slash, path = before.partition("/")
    host, port = _split_authority(authority.rpartition("@")[2], url)
    if port is not None and port != _DEFAULT_PORTS[scheme]:
        host = f"{host}:{port}"
    path = _remove_dot_segments(_normalise_escapes(slash + path, _NOT_IN_PATH)) or "/"
    query = _normalise_escapes(query, _NOT_IN_QUERY)
    return f"{scheme}://{host}{path}" + (f"?{query}" if mark and query else "")


def resolve_url(base: str, reference: str) -> str:
    """A reference that stands in a document, as a normalised absolute URL.

    Args:
        base: the document's own absolute URL.
        reference: what it points at, absolute or relative.

    Raises:
        ValueError: it does not lead to an http(s) URL.
    """
    text = reference.strip(_CONTROLS).translate(_DROPPED)
    if len(text) > MAX_URL:
        raise ValueError(f"the address is longer than {MAX_URL:,} characters")
    before, mark, query = text.partition("?")
    return normalise_url(urljoin(base, before.replace("\\", "/") + mark + query))


def domain_of(url: str) -> str:
    """The host of an absolute http(s) URL: a name with A-labels, or an IP address.

    Raises:
        ValueError: see ``normalise_url``.
    """
    host = urlsplit(normalise_url(url)).hostname
    if not host:
        raise ValueError(f"{_shown(url)} has no host")
    return host


def parent_domains(host: str) -> tuple[str, ...]:
    """The host and each domain above it that has at least two labels, the host first.

    An IP address has no parents.
    """
    name = host.strip("[]").rstrip(".").lower()
    if _is_address(name):
        return (name,)
    labels = name.split(".")
    return tuple(".".join(labels[i:]) for i in range(max(1, len(labels) - 1)))


def subjects_of_url(url: str) -> tuple[Subject, ...]:
    """The names under which statements about an image from this URL may be found.

    The URL, the same one under the other of http and https (they serve the same file, and an owner
    who lists one means both), then its host and the domains above it.

    Raises:
        ValueError: see ``normalise_url``.
    """
    normal = normalise_url(url)
    scheme, _, rest = normal.partition("://")
    other = "http" if scheme == "https" else "https"
    urls = (normal, normalise_url(f"{other}://{rest}"))
    return (
        *(Subject(SubjectKind.URL, each) for each in urls),
        *(Subject(SubjectKind.DOMAIN, name) for name in parent_domains(domain_of(normal))),
    )


def _split_authority(authority: str, url: str) -> tuple[str, int | None]:
    bracketed, closing, after = authority.partition("]")
    if authority.startswith("["):
        if not closing or (after and not after.startswith(":")):
            raise ValueError(f"{_shown(url)} has no usable host")
        address = ipaddress.IPv6Address(bracketed[1:])
        if address.scope_id is not None:
            raise ValueError(f"{_shown(url)} names a network interface")
        return f"[{address.compressed}]", _port_of(after[1:], url)
    name, _, port = authority.partition(":")
    return _host_of(name, url), _port_of(port, url)


def _host_of(name: str, url: str) -> str:
    host = unquote(name, errors="strict") if "%" in name else name
    if not host.isascii():
        import idna  # its tables are large, and most names need none of them

        host = idna.encode(host, uts46=True, transitional=False).decode("ascii")
    host = host.lower().removesuffix(".")
    if len(host) > _MAX_HOST or not _HOST.fullmatch(host):
        raise ValueError(f"{_shown(url)} has no usable host")
    if _NUMBER.fullmatch(host.rpartition(".")[2]):
        return _address_of(host, url)
    return host


def _address_of(host: str, url: str) -> str:
    """The IPv4 address that a numeric host means: ``0x7f.1`` is 127.0.0.1 (WHATWG, 3.5)."""
    parts = host.split(".")
    values: list[int] = []
    for part in parts:
        if len(part) > 32 or not _NUMBER.fullmatch(part):
            raise ValueError(f"{_shown(url)} has a host that is no IP address")
        octal = len(part) > 1 and part.startswith("0") and not part.startswith("0x")
        values.append(
            int(part[2:] or "0", 16) if part.startswith("0x") else int(part, 8 * octal or 10)
        )
    last = 256 ** (5 - len(values)) if len(values) <= 4 else 0
    if values[-1] >= last or any(value > 255 for value in values[:-1]):
        raise ValueError(f"{_shown(url)} has a host that is no IP address")
    number = values[-1] + sum(value << (24 - 8 * i) for i, value in enumerate(values[:-1]))
    return str(ipaddress.IPv4Address(number))


def _port_of(text: str, url: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 32 and int(text) < 65_536):
        raise ValueError(f"{_shown(url)} has no usable port")
    return int(text)


def _normalise_escapes(text: str, not_allowed: re.Pattern[str]) -> str:
    def encode(match: re.Match[str]) -> str:
        return "".join(f"%{byte:02X}" for byte in match[0].encode("utf-8", "surrogatepass"))

    def decode(match: re.Match[str]) -> str:
        if match[1] is None:
            return "%25"
        char = chr(int(match[1], 16))
        return char if _UNRESERVED.fullmatch(char) else match[0].upper()

    return not_allowed.sub(encode, _ESCAPE.sub(decode, text))


def _remove_dot_segments(path: str) -> str:
    """RFC 3986 section 5.2.4, for a path that is empty or begins with a slash."""
    kept: list[str] = []
    segments = path.split("/")[1:]
    for index, segment in enumerate(segments):
        is_last = index == len(segments) - 1
        if segment == "..":
            if kept:
                kept.pop()
        elif segment != ".":
            kept.append(segment)
            continue
        if is_last:
            kept.append("")
    return "/" + "/".join(kept) if segments else ""


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _shown(url: str) -> str:
    return repr(url if len(url) <= 100 else url[:99] + "…")
