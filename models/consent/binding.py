"""Whether token metadata speaks of the bytes in hand (trust level L4).

A CID of one raw block holds the file's own SHA-256 and can be compared. A CID of a file tree
(dag-pb) hashes the tree's nodes: comparing it with a file's hash would be wrong both ways, so it
proves nothing here and is never a mismatch.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

from models.consent.reading_json import Pairs, printable

CID_FIELDS = ("assetCid", "image")
DIGEST_FIELDS = ("sha256", "assetSha256", "integrity")

_RAW = 0x55
_SHA2_256 = 0x12
_HEX = re.compile(r"(?:sha256[-:])?(?:0x)?([0-9a-fA-F]{64})")
_SRI = re.compile(r"sha256-([A-Za-z0-9+/_-]{43}=?)")
_CID = re.compile(
    r"(?:^|[/:.])(b[a-z2-7]{50,}|f[0-9a-f]{66,}|Qm[1-9A-HJ-NP-Za-km-z]{44})(?=$|[/?#.])"
)


def check_binding(document: Pairs, asset_id: str) -> tuple[bool, tuple[str, ...]]:
    """Compare the hashes that a metadata document gives for its image with ``asset_id``.

    Returns:
        Whether a hash matches and none contradicts, and notes on what was compared.
    """
    matched: list[str] = []
    notes: list[str] = []
    contradicted = False
    for name in (*CID_FIELDS, *DIGEST_FIELDS):
        for value in document.all(name):
            digest = _digest_in(name, value)
            if digest is None:
                continue
            if digest == "":
                notes.append(f"{name} is a CID of a file tree: not comparable without its blocks")
            elif digest == asset_id:
                matched.append(name)
            else:
                contradicted = True
                notes.append(f"{name} names other bytes (SHA-256 {printable(digest, 16)})")
    if matched and not contradicted:
        notes.append(f"{matched[0]} matches the image's bytes")
    return bool(matched) and not contradicted, tuple(notes)


def raw_leaf_digest(cid: str) -> str | None:
    """The SHA-256 in a CID of one raw block; "" for any other well-formed CID.

    Returns None where ``cid`` is not a CID (CIDv0, or CIDv1 in base32 or base16).
    """
    if re.fullmatch(r"Qm[1-9A-HJ-NP-Za-km-z]{44}", cid):
        return ""
    try:
        if cid.startswith("b"):
            body = cid[1:].upper()
            data = base64.b32decode(body + "=" * (-len(body) % 8))
        elif cid.startswith("f"):
            data = bytes.fromhex(cid[1:])
        else:
            return None
    except (binascii.Error, ValueError):
        return None
    if len(data) < 4 or data[0] != 1:
        return None
    if data[1:4] == bytes([_RAW, _SHA2_256, 32]) and len(data) == 36:
        return data[4:].hex()
    return ""


def _digest_in(name: str, value: Any) -> str | None:
    """The SHA-256 that a field gives, "" where it gives a CID that cannot be compared."""
    if not isinstance(value, str) or len(value) > 4096:
        return None
    if name in CID_FIELDS:
        match = _CID.search(value)
        return raw_leaf_digest(match[1]) if match else None
    if match := _HEX.fullmatch(value.strip()):
        return match[1].lower()
    if match := _SRI.fullmatch(value.strip()):
        standard = match[1].rstrip("=").replace("-", "+").replace("_", "/")
        return base64.b64decode(standard + "=").hex()
    return None
