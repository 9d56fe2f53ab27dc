"""The certificate behind a C2PA signature, read from the manifest store that was validated.

The SDK says whether a signature holds but not with which certificate. The store is a tree of
JUMBF boxes (ISO 19566-5); the signature box of the active manifest holds a COSE_Sign1 (RFC 9052)
whose header carries the chain (RFC 9360, ``x5chain``). Whatever is ambiguous has no certificate:
a contract must never be met by a guess.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cryptography import x509

_X5CHAIN = 33
_X5CHAIN_NAMES = (_X5CHAIN, "x5chain")
_MAX_DEPTH = 32


class CoseError(ValueError):
    """The store or the signature is not built as its standard says."""


def signing_certificate(store: bytes, manifest_label: str) -> x509.Certificate:
    """The signing certificate of one manifest.

    Args:
        store: the C2PA manifest store, as JUMBF.
        manifest_label: the manifest's label, as the SDK gives it.

    Raises:
        CoseError: there is not exactly one such manifest, signature and certificate chain.
    """
    manifests = [
        body
        for label, body in _superboxes(store)
        if label == "c2pa"
        for name, body in _superboxes(body)
        if name == manifest_label
    ]
    signatures = [
        content
        for manifest in manifests
        for label, body in _superboxes(manifest)
        if label == "c2pa.signature"
        for kind, content in _boxes(body)
        if kind == b"cbor"
    ]
    if len(manifests) != 1 or len(signatures) != 1:
        raise CoseError("the store does not hold exactly one signature of the manifest")
    chain = _chain(signatures[0])
    try:
        return x509.load_der_x509_certificate(chain[0])
    except ValueError as error:
        raise CoseError(f"the signing certificate cannot be read: {error}") from error


def _chain(signature: bytes) -> list[bytes]:
    value, end = _read_cbor(signature, 0, 0)
    if not isinstance(value, list) or len(value) != 4:
        raise CoseError("the signature is not a COSE_Sign1")
    protected, unprotected = value[0], value[1]
    if not isinstance(protected, bytes) or not isinstance(unprotected, dict):
        raise CoseError("the signature's headers are not those of a COSE_Sign1")
    header, header_end = _read_cbor(protected, 0, 0)
    if not isinstance(header, dict) or header_end != len(protected):
        raise CoseError("the protected header is not a map")
    if signature[end:].strip(b"\0"):
        raise CoseError("something follows the signature")
    chains = [
        part[name] for part in (header, unprotected) for name in _X5CHAIN_NAMES if name in part
    ]
    if len(chains) != 1:
        raise CoseError("the signature does not carry exactly one certificate chain")
    chain = chains[0] if isinstance(chains[0], list) else [chains[0]]
    if not chain or not all(isinstance(certificate, bytes) for certificate in chain):
        raise CoseError("the certificate chain is not a list of certificates")
    return chain


def _boxes(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Type and content of each box."""
    position = 0
    while position < len(data):
        length = int.from_bytes(data[position : position + 4], "big")
        kind = data[position + 4 : position + 8]
        head = 8
        if length == 1:
            length = int.from_bytes(data[position + 8 : position + 16], "big")
            head = 16
        elif length == 0:
            length = len(data) - position
        if length < head or position + length > len(data):
            raise CoseError("a box is longer than what holds it")
        yield kind, data[position + head : position + length]
        position += length


def _superboxes(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Label and content (without the description) of each JUMBF superbox."""
    for kind, content in _boxes(data):
        if kind != b"jumb":
            continue
        length = int.from_bytes(content[:4], "big")
        if content[4:8] != b"jumd" or not 25 <= length <= len(content):
            raise CoseError("a JUMBF superbox has no description")
        has_label = content[24] & 0x02
        label = content[25:length].split(b"\0", 1)[0] if has_label else b""
        yield label.decode("utf-8", "replace"), content[length:]


def _read_cbor(data: bytes, position: int, depth: int) -> tuple[Any, int]:
    """One CBOR item (RFC 8949) and where it ends; tags are looked through.

    Raises:
        CoseError: it is cut short, nested too deeply, or holds a key twice.
    """
    if depth > _MAX_DEPTH:
        raise CoseError("it is nested too deeply")
    if position >= len(data):
        raise CoseError("it is cut short")
    major, info = data[position] >> 5, data[position] & 0x1F
    position += 1
    if info == 31:
        return _read_indefinite(data, position, major, depth)
    argument = info
    if info >= 24:
        width = 1 << (info - 24)
        if width > 8:
            raise CoseError("it has a reserved length")
        argument = int.from_bytes(data[position : position + width], "big")
        position += width
    if major == 0:
        return argument, position
    if major == 1:
        return -1 - argument, position
    if major in (2, 3):
        return _read_string(data, position, major, argument)
    if major in (4, 5):
        if argument > len(data):
            raise CoseError("it is cut short")
        items: list[Any] = []
        for _ in range(argument * (major - 3)):
            item, position = _read_cbor(data, position, depth + 1)
            items.append(item)
        return (items if major == 4 else _as_map(items)), position
    if major == 6:
        return _read_cbor(data, position, depth + 1)
    return None, position


def _read_string(data: bytes, position: int, major: int, length: int) -> tuple[Any, int]:
    end = position + length
    if end > len(data):
        raise CoseError("it is cut short")
    raw = data[position:end]
    return (raw if major == 2 else raw.decode("utf-8", "replace")), end


def _read_indefinite(data: bytes, position: int, major: int, depth: int) -> tuple[Any, int]:
    items: list[Any] = []
    while data[position : position + 1] != b"\xff":
        item, position = _read_cbor(data, position, depth + 1)
        items.append(item)
    position += 1
    if major == 4:
        return items, position
    if major == 5:
        return _as_map(items), position
    if major == 2 and all(isinstance(item, bytes) for item in items):
        return b"".join(items), position
    if major == 3 and all(isinstance(item, str) for item in items):
        return "".join(items), position
    raise CoseError("it has a length that its type cannot have")


def _as_map(items: list[Any]) -> dict[Any, Any]:
    keys, values = items[::2], items[1::2]
    if len(keys) != len(values) or not all(isinstance(key, int | str | bytes) for key in keys):
        raise CoseError("a map has a key that is neither a number nor a text")
    if len(set(keys)) != len(keys):
        raise CoseError("a map holds a key twice")
    return dict(zip(keys, values, strict=True))
