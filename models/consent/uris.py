"""Resolving the URIs that tokens and statements point with, and saying what is proven of the bytes.

``data:`` (RFC 2397) holds its bytes itself, and ``ipfs:`` names them by their hash: both are
verified. ``https:``, ``http:``, ``ar:`` and ``ipns:`` lead to whatever a server says today.
"""

from __future__ import annotations

import base64
import binascii
import re
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote, unquote, unquote_to_bytes, urlsplit

from models.consent.ipfs.cid import LIBP2P_KEY, Cid, CidError, parse_cid
from models.consent.ipfs.errors import NoSuchPathError
from models.consent.ipfs.files import split_path
from models.consent.ipfs.gateway import Gateway, most_telling
from models.consent.reading_json import printable
from models.fetching.fetched import Failure, Fetch, Fetched, FetchError

_MAX_URI = 8192  # characters; data URIs may be as long as their bytes need
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):")
_IPFS_PREFIX = re.compile(r"(?:dweb:|ipfs:|web\+ipfs:)?/*(?:ipfs/+)?", re.IGNORECASE)
_IPNS_PREFIX = re.compile(r"(?:dweb:|ipns:)?/*(?:ipns/+)?", re.IGNORECASE)
_GATEWAY_PATH = re.compile(r"/+ipfs/+([^/]+)(.*)", re.DOTALL)
_TRANSACTION = re.compile(r"/*([A-Za-z0-9_-]{43})(?![A-Za-z0-9_-])(.*)", re.DOTALL)
_SPACE = re.compile(rb"[\t\n\f\r ]+")
_DEFAULT_TYPE = "text/plain;charset=US-ASCII"  # RFC 2397, section 3


@dataclass(frozen=True, slots=True)
class ContentAddress:
    """What a URI names in IPFS.

    Attributes:
        cid: the root.
        path: everything after it, as it was written: percent-encoded, with query and fragment.
    """

    cid: Cid
    path: str


@dataclass(frozen=True, slots=True)
class Resolver:
    """Resolves URIs.

    Attributes:
        fetch: fetches over HTTP.
        gateway: reads IPFS; None where that is not configured.
        arweave_gateways: addresses such as ``"https://arweave.net"``, in order of preference.
        max_bytes: the longest body that is accepted.
        now: the time, UTC seconds.
    """

    fetch: Fetch
    gateway: Gateway | None
    arweave_gateways: Sequence[str] = ()
    max_bytes: int = 16 * 1024**2
    now: Callable[[], int] = lambda: int(time.time())

    def resolve(self, uri: str) -> Fetched:
        """The bytes that ``uri`` leads to.

        ``verified`` is True for ``data:``, for ``ipfs:`` in all its spellings, and for HTTP
        addresses of IPFS gateways, whose content is read by its CID through our own gateways.

        Raises:
            FetchError: see ``Failure``; ``FORBIDDEN_SCHEME`` for a scheme not named here,
                ``MALFORMED`` for what is not a URI.
        """
        uri = uri.strip(" \t\r\n\f\0")
        scheme = scheme_of(uri)
        if scheme == "data":
            return self._read_data(uri)
        if len(uri) > _MAX_URI:
            raise _fail(Failure.MALFORMED, uri, f"it is longer than {_MAX_URI:,} characters")
        if scheme not in ("", "dweb", "ipfs", "web+ipfs", "ipns", "ar", "http", "https"):
            raise _fail(Failure.FORBIDDEN_SCHEME, uri, f"{scheme}: is not resolved")
        address = find_content_address(uri)
        if address is not None:
            return self._read_content(uri, address)
        if scheme in ("http", "https"):
            return replace(self.fetch(uri, max_bytes=self.max_bytes), verified=False)
        if scheme == "ipns" or re.match(r"(?:dweb:)?/+ipns/", uri, re.IGNORECASE):
            return self._fetch_name(uri)
        if scheme == "ar":
            return self._fetch_transaction(uri)
        what = "it names no CID" if scheme else "it is neither a URI nor a CID"
        raise _fail(Failure.MALFORMED, uri, what)

    def _read_data(self, uri: str) -> Fetched:
        # Three characters for each byte at most, and some room for the type.
        if len(uri) > 3 * self.max_bytes + _MAX_URI:
            raise _fail(Failure.TOO_LARGE, uri, f"it has {len(uri):,} characters")
        try:
            media_type, body = decode_data_uri(uri)
        except ValueError as error:
            raise _fail(Failure.MALFORMED, uri, str(error)) from error
        return self._proven(uri, uri, body, (("content-type", media_type),))

    def _read_content(self, uri: str, address: ContentAddress) -> Fetched:
        if self.gateway is None:
            raise _fail(Failure.UNREACHABLE, uri, "no IPFS gateway is configured")
        absent: list[FetchError] = []
        for path in _readings(address.path):
            try:
                body = self.gateway.read(address.cid, path)
            except FetchError as error:
                # Only where the directory is proven not to hold a name may it mean another one.
                if not isinstance(error.__cause__, NoSuchPathError):
                    raise _fail(error.failure, uri, error.detail) from error
                absent.append(error)
            else:
                return self._proven(uri, f"ipfs://{address.cid}{_quote_path(path)}", body)
        raise _fail(Failure.ABSENT, uri, absent[0].detail)

    def _proven(
        self, uri: str, final: str, body: bytes, headers: tuple[tuple[str, str], ...] = ()
    ) -> Fetched:
        if len(body) > self.max_bytes:
            raise _fail(Failure.TOO_LARGE, uri, f"it has {len(body):,} bytes")
        return Fetched(uri, final, 200, headers, body, self.now(), verified=True)

    def _fetch_name(self, uri: str) -> Fetched:
        rest = uri[_match_length(_IPNS_PREFIX, uri) :]
        name = re.split(r"[/?#]", rest, maxsplit=1)[0]
        if not re.fullmatch(r"[A-Za-z0-9._-]+", name) or not name.strip("."):
            raise _fail(Failure.MALFORMED, uri, "it names nothing in IPNS")
        gateways = self.gateway.gateways if self.gateway else ()
        path = _quote_path(unquote(_cut_query(rest[len(name) :]), errors="surrogateescape"))
        return self._fetch_first(uri, [f"{address}/ipns/{name}{path}" for address in gateways])

    def _fetch_transaction(self, uri: str) -> Fetched:
        match = _TRANSACTION.fullmatch(uri, uri.index(":") + 1)
        if match is None or match[2][:1] not in ("", "/", "?", "#"):
            raise _fail(Failure.MALFORMED, uri, "it names no Arweave transaction")
        path = _quote_path(unquote(_cut_query(match[2]), errors="surrogateescape"))
        gateways = [address.rstrip("/") for address in self.arweave_gateways]
        return self._fetch_first(uri, [f"{address}/{match[1]}{path}" for address in gateways])

    def _fetch_first(self, uri: str, addresses: Iterable[str]) -> Fetched:
        failures: list[FetchError] = []
        for address in addresses:
            try:
                found = self.fetch(address, max_bytes=self.max_bytes)
            except FetchError as error:
                failures.append(error)
            else:
                return replace(found, url=uri, verified=False)
        if not failures:
            raise _fail(Failure.UNREACHABLE, uri, "no gateway is configured for it")
        raise most_telling(printable(uri), failures)


def scheme_of(uri: str) -> str:
    """The scheme in lower case, or "" where there is none."""
    match = _SCHEME.match(uri)
    return match[1].lower() if match else ""


def find_content_address(uri: str) -> ContentAddress | None:
    """What ``uri`` names in IPFS, or None where it names nothing there.

    Read are ``ipfs://<cid>/path``, the same with a superfluous ``ipfs/`` or too few slashes,
    ``/ipfs/<cid>/path``, ``<cid>/path``, and HTTP addresses of gateways with the CID in the path
    or the host name.
    """
    if scheme_of(uri) in ("http", "https"):
        return _find_in_http(uri)
    match = re.match(r"([^/?#]+)(.*)", uri[_match_length(_IPFS_PREFIX, uri) :], re.DOTALL)
    return _address(unquote(match[1]), match[2]) if match else None


def decode_data_uri(uri: str) -> tuple[str, bytes]:
    """Media type and bytes of a ``data:`` URI (RFC 2397).

    Read as browsers do: base64 may lack its padding and hold white space. Unlike there, ``#`` ends
    nothing, because metadata on chain is full of it unescaped.

    Raises:
        ValueError: it has no comma, or its base64 is not base64.
    """
    header, comma, payload = uri[5:].partition(",")
    if not comma:
        raise ValueError("a data URI without a comma holds no data")
    parts = [part.strip() for part in header.split(";")]
    body = unquote_to_bytes(payload.encode("utf-8", "surrogatepass"))
    if any(part.lower() == "base64" for part in parts[1:]):
        body = _decode_base64(body)
        parts = [parts[0], *(part for part in parts[1:] if part.lower() != "base64")]
    media_type = printable(";".join(parts).strip(";"))
    if media_type.startswith("charset=") or not media_type:
        media_type = f"text/plain;{media_type}" if media_type else _DEFAULT_TYPE
    return media_type, body


def _decode_base64(data: bytes) -> bytes:
    data = _SPACE.sub(b"", data)
    stripped = data.rstrip(b"=")
    if len(data) - len(stripped) > 2 or len(stripped) % 4 == 1:
        raise ValueError("its base64 is cut short or padded wrongly")
    try:
        return base64.b64decode(stripped + b"=" * (-len(stripped) % 4), validate=True)
    except binascii.Error as error:
        raise ValueError("its base64 holds characters that are not base64") from error


def _find_in_http(uri: str) -> ContentAddress | None:
    try:
        parts = urlsplit(uri)
        labels = (parts.hostname or "").split(".")
    except ValueError:
        return None
    rest = parts.path + uri[_end_of_path(uri) :]
    if len(labels) > 2 and labels[1] == "ipfs":
        found = _address(labels[0], rest)
        if found is not None:
            return found
    match = _GATEWAY_PATH.fullmatch(parts.path)
    return _address(unquote(match[1]), match[2] + uri[_end_of_path(uri) :]) if match else None


def _end_of_path(uri: str) -> int:
    match = re.search(r"[?#]", uri)
    return match.start() if match else len(uri)


def _address(text: str, path: str) -> ContentAddress | None:
    try:
        cid = parse_cid(text)
    except CidError:
        return None
    return None if cid.codec == LIBP2P_KEY else ContentAddress(cid, path)


def _readings(path: str) -> list[str]:
    """What a path may mean, the standard's reading first.

    By the standard ``?`` and ``#`` end it and ``%`` encodes. Publishers forget that and name files
    ``"7#1.json"``; then the name as it stands is looked for. Whatever is found is below the CID.
    """
    standard = unquote(_cut_query(path), errors="surrogateescape")
    return list(dict.fromkeys((standard, unquote(path, errors="surrogateescape"), path)))


def _cut_query(path: str) -> str:
    return path[: _end_of_path(path)]


def _quote_path(path: str) -> str:
    return "".join("/" + quote(name, safe="") for name in split_path(path))


def _match_length(pattern: re.Pattern[str], text: str) -> int:
    match = pattern.match(text)
    return match.end() if match else 0


def _fail(failure: Failure, uri: str, detail: str) -> FetchError:
    return FetchError(failure, printable(uri[:1000], 120), detail)
