"""Which images a token's metadata speaks of, in every way in which they are named."""

from __future__ import annotations

import base64
import contextlib
import re
from typing import Any

from models.canonical import digest_bytes
from models.consent.binding import DIGEST_FIELDS
from models.consent.ipfs.cid import RAW, SHA2_256, Cid, find_cids
from models.consent.reading_json import Pairs
from models.consent.subjects import Subject, SubjectKind
from models.consent.uris import decode_data_uri, find_content_address
from models.consent.web_addresses import normalise_url

IMAGE_FIELDS = ("image", "image_url", "imageUrl", "image_data", "imageData", "contentUrl")
CID_FIELDS = ("assetCid", "asset_cid", "imageCid", "image_cid")
_MAX_SUBJECTS = 32
_MAX_ADDRESS = 8192
_HEX = re.compile(r"(?:sha256[-:])?(?:0x)?([0-9a-fA-F]{64})")
_SRI = re.compile(r"sha256-([A-Za-z0-9+/_-]{43}=?)")


def name_images(document: Pairs) -> tuple[Subject, ...]:
    """The images that a metadata document names at its root and under ``properties``."""
    places = [document, *(value for value in document.all("properties") if type(value) is Pairs)]
    subjects: dict[Subject, None] = {}
    for place in places:
        for field in (*IMAGE_FIELDS, *CID_FIELDS, *DIGEST_FIELDS):
            for value in place.all(field):
                for subject in _name(field, value):
                    subjects.setdefault(subject)
    return tuple(subjects)[:_MAX_SUBJECTS]


def name_cid(cid: Cid) -> tuple[Subject, ...]:
    """A CID as a subject; a CID of one raw block also names the file's own SHA-256."""
    named = Subject(SubjectKind.CID, cid.canonical)
    if cid.codec == RAW and cid.hash_code == SHA2_256:
        return named, Subject(SubjectKind.SHA256, cid.digest.hex())
    return (named,)


def locate_in_ipfs(address: str) -> tuple[Cid, str] | None:
    """The CID, and the path below it, that an address names; None where it names none.

    A CID with a path below is that of a folder, and not that of the file.
    """
    found = find_content_address(address)
    if found is None:
        return None
    path = re.split(r"[?#]", found.path, maxsplit=1)[0]
    return found.cid, "" if path == "/" else path


def _name(field: str, value: Any) -> tuple[Subject, ...]:
    if not isinstance(value, str):
        return ()
    text = value.strip()
    if field in DIGEST_FIELDS:
        return _name_digest(text)
    if field in CID_FIELDS:
        return tuple(s for cid in find_cids(text[:_MAX_ADDRESS])[:4] for s in name_cid(cid))
    if text[:5].lower() == "data:":
        try:
            return _name_bytes(decode_data_uri(text)[1])
        except ValueError:
            return ()
    if field in ("image_data", "imageData") and text.startswith("<"):
        return _name_bytes(value.encode("utf-8", "surrogatepass"))
    return _name_address(text) if len(text) <= _MAX_ADDRESS else ()


def _name_address(text: str) -> tuple[Subject, ...]:
    subjects: list[Subject] = []
    located = locate_in_ipfs(text)
    if located is not None:
        cid, path = located
        if path:
            subjects.append(Subject(SubjectKind.URL, f"ipfs://{cid.canonical}{path}"))
        else:
            subjects.extend(name_cid(cid))
    if text[:8].lower().startswith(("https://", "http://")):
        with contextlib.suppress(ValueError):  # not an address that anything was fetched from
            subjects.append(Subject(SubjectKind.URL, normalise_url(text)))
    elif text[:5].lower() == "ar://":
        subjects.append(Subject(SubjectKind.URL, "ar://" + text[5:].split("#")[0]))
    return tuple(subjects)


def _name_digest(text: str) -> tuple[Subject, ...]:
    if match := _HEX.fullmatch(text):
        return (Subject(SubjectKind.SHA256, match[1].lower()),)
    if match := _SRI.fullmatch(text):
        standard = match[1].rstrip("=").replace("-", "+").replace("_", "/")
        return (Subject(SubjectKind.SHA256, base64.b64decode(standard + "=").hex()),)
    return ()


def _name_bytes(data: bytes) -> tuple[Subject, ...]:
    return (Subject(SubjectKind.SHA256, digest_bytes(data)),) if data else ()
