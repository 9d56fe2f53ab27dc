"""Content identifiers: a hash of bytes, what kind of bytes they are, and every way to spell that.

Specification: github.com/multiformats/cid. The codecs are our own, without the ``multiformats``
package: it takes 50 to 80 ms to import and 150 µs for a CID, where this takes 5 ms and 13 µs, and
every image has several.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from models.consent.ipfs.multibase import (
    decode_base58,
    decode_multibase,
    encode_base58,
    encode_multibase,
)
from models.consent.ipfs.varint import read_varint, write_varint

RAW = 0x55
DAG_PB = 0x70
DAG_CBOR = 0x71
LIBP2P_KEY = 0x72
DAG_JSON = 0x0129
JSON = 0x0200

IDENTITY = 0x00
SHA2_256 = 0x12
SHA2_512 = 0x13
BLAKE3 = 0x1E

DIGEST_BYTES = {SHA2_256: 32, SHA2_512: 64, BLAKE3: 32}
MAX_DIGEST_BYTES = 128  # also of inline content; the limit of Kubo
_MAX_TEXT = 512
_MAX_FOUND = 4096
_V1_PREFIXES = "bBzkf"  # base32, base32upper, base58btc, base36, base16

# Runs of letters and digits are tried one by one. A run has one start, so the search is linear.
_RUN = re.compile(r"[0-9A-Za-z]{40,}+")
_NAMED = re.compile(
    r"(?:ipfs:/*+(?:ipfs/++)?|/ipfs/++)([0-9A-Za-z_=-]{5,512})"
    r"|//([0-9A-Za-z]{5,63})\.ipfs\.",
    re.IGNORECASE,
)


class CidError(ValueError):
    """The text or the bytes are not a CID; the message says why."""


@dataclass(frozen=True, slots=True)
class Cid:
    """A content identifier.

    Two CIDs are equal when they name the same bytes read in the same way. The version is a matter
    of spelling and does not count.

    Attributes:
        version: 0 or 1, as it was found.
        codec: how the bytes are to be read, a multicodec number: ``RAW``, ``DAG_PB`` ...
        hash_code: by which function they were hashed, a multicodec number.
        digest: the hash; for ``IDENTITY`` the bytes themselves.
    """

    version: int = field(compare=False)
    codec: int
    hash_code: int
    digest: bytes

    @property
    def multihash(self) -> bytes:
        """Function, length and digest: what blocks are known by, whatever their codec."""
        return write_varint(self.hash_code) + write_varint(len(self.digest)) + self.digest

    @property
    def binary(self) -> bytes:
        """The bytes by which blocks link to this one: of version 0 where it was found so."""
        return self.multihash if self.version == 0 else self._binary_v1

    @property
    def canonical(self) -> str:
        """CIDv1 in lower-case base32, whatever it was found as."""
        return encode_multibase(self._binary_v1, "b")

    @property
    def spellings(self) -> tuple[str, ...]:
        """Every spelling that people use for this CID, the canonical one first."""
        spelled = [encode_multibase(self._binary_v1, prefix) for prefix in _V1_PREFIXES]
        if self.codec == DAG_PB and self.hash_code == SHA2_256:
            spelled.insert(1, encode_base58(self.multihash))
        return tuple(spelled)

    @property
    def _binary_v1(self) -> bytes:
        return b"\x01" + write_varint(self.codec) + self.multihash

    def __str__(self) -> str:
        return self.canonical


def parse_cid(text: str) -> Cid:
    """Read a CID in any spelling. Nothing may stand before or after it.

    Raises:
        CidError: it is not a CID, is longer than 512 characters, or its digest is shorter than
            its function makes it.
    """
    if len(text) > _MAX_TEXT:
        raise CidError(f"it is longer than {_MAX_TEXT} characters")
    is_v0 = len(text) == 46 and text.startswith("Qm")
    try:
        data = decode_base58(text) if is_v0 else decode_multibase(text)
    except ValueError as error:
        raise CidError(str(error)) from error
    cid, end = read_cid(data)
    if end != len(data):
        raise CidError("more follows after its digest")
    if (cid.version == 0) != is_v0:
        raise CidError("a CIDv0 is written without a multibase prefix, and no other CID is")
    return cid


def read_cid(data: bytes | memoryview, at: int = 0) -> tuple[Cid, int]:
    """The binary CID that starts at ``at``, and where it ends.

    Raises:
        CidError: there is none, or it is cut short.
    """
    if bytes(data[at : at + 2]) == b"\x12\x20":
        version, codec, hash_code, length, at = 0, DAG_PB, SHA2_256, 32, at + 2
    else:
        version, at = _read_number(data, at)
        if version != 1:
            raise CidError(f"version {version} is not known")
        codec, at = _read_number(data, at)
        hash_code, at = _read_number(data, at)
        length, at = _read_number(data, at)
    if length > MAX_DIGEST_BYTES:
        raise CidError(f"its digest is longer than {MAX_DIGEST_BYTES} bytes")
    if length != DIGEST_BYTES.get(hash_code, length):
        raise CidError("its digest is not as long as its hash function makes it")
    digest = bytes(data[at : at + length])
    if len(digest) != length:
        raise CidError("its digest is cut short")
    return Cid(version, codec, hash_code, digest), at + length


def _read_number(data: bytes | memoryview, at: int) -> tuple[int, int]:
    try:
        return read_varint(data, at)
    except ValueError as error:
        raise CidError(str(error)) from error


def find_cids(text: str) -> tuple[Cid, ...]:
    """Every CID in ``text``, in order, each once, at most 4,096.

    Found in ``ipfs://`` URIs, ``/ipfs/`` paths, host names of subdomain gateways, and bare, also
    where they were percent-encoded up to twice. Names of IPNS are not content and are left out.
    """
    found: dict[Cid, None] = {}
    for layer in _decode_layers(text):
        places = [(match.start(), match[0], False) for match in _RUN.finditer(layer)]
        places += [
            (match.start(match.lastindex or 0), match[match.lastindex or 0], True)
            for match in _NAMED.finditer(layer)
        ]
        for _, candidate, is_named in sorted(places):
            cid = _parse_candidate(candidate, is_named)
            if cid is not None:
                found.setdefault(cid)
                if len(found) == _MAX_FOUND:
                    return tuple(found)
    return tuple(found)


def _decode_layers(text: str) -> list[str]:
    layers = [text]
    for _ in range(2):
        if "%" not in layers[-1]:
            break
        layers.append(unquote(layers[-1], errors="replace"))
    return layers


def _parse_candidate(text: str, is_named: bool) -> Cid | None:
    """The CID, if it is one. A bare word has to look more like one than one behind ``ipfs://``."""
    if not (text[0] in "bBcCvVfFkKzmMuU" or text.startswith("Qm")):
        return None
    try:
        cid = parse_cid(text)
    except CidError:
        return None
    if cid.codec == LIBP2P_KEY or not (is_named or cid.hash_code in DIGEST_BYTES):
        return None
    return cid
