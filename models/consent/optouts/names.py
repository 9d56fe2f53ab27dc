"""The names by which a list speaks of assets, brought to their canonical spelling."""

from __future__ import annotations

import base64
import binascii
import re

from models.consent.ipfs.cid import CidError, parse_cid
from models.consent.iscc.codes import IsccError, parse_iscc
from models.consent.optouts.columns import Role
from models.consent.subjects import Subject, SubjectKind
from models.consent.web_addresses import MAX_URL, domain_of, normalise_url

_HEX = re.compile(r"[0-9a-f]+")
_SHA256_PREFIX = re.compile(r"\A(?:sha-?2?-?256[:\-=]|0x)", re.IGNORECASE)
_CID_LIKE = re.compile(r"(?:Qm[1-9A-HJ-NP-Za-km-z]{44}|[bBzfFk][0-9A-Za-z]{40,})")
_IPFS = re.compile(r"\A(?:ipfs:/{0,2}(?:ipfs/)?|/ipfs/)", re.IGNORECASE)
_SCHEME = re.compile(r"\A[A-Za-z][A-Za-z0-9+.\-]{0,30}:")
# Registries below a country's domain. Private ones ("github.io") and rare ones are not known here.
_SECOND_LEVEL = frozenset(
    {"ac", "ad", "asso", "co", "com", "ed", "edu", "gen", "go", "gob", "gov", "gr", "ind", "info"}
    | {"lg", "ltd", "me", "mil", "ne", "net", "nom", "or", "org", "plc", "sch", "web"}
)
_LENGTHS = {32: "an MD5", 40: "a SHA-1", 128: "a SHA-512"}


def read_name(role: Role, value: str) -> Subject:
    """The subject that a value of a column names.

    Args:
        role: what the column holds.
        value: as it stands in the list.

    Raises:
        ValueError: it names nothing that can be looked for; the message says why.
    """
    text = value.strip()
    if "\ufffd" in text:
        raise ValueError("it is not UTF-8")
    if len(text) > MAX_URL:
        raise ValueError("it is too long")
    if role is Role.ANY:
        role = _role_of_value(text)
    if role in (Role.SHA256, Role.HASH):
        return Subject(SubjectKind.SHA256, _read_sha256(text))
    if role is Role.PDQ:
        return Subject(SubjectKind.PDQ, _read_pdq(text))
    if role is Role.CID:
        return Subject(SubjectKind.CID, _read_cid(text))
    if role is Role.ISCC:
        try:
            return Subject(SubjectKind.ISCC, parse_iscc(text))
        except IsccError as error:
            raise ValueError(str(error)) from error
    if role is Role.DOMAIN:
        return Subject(SubjectKind.DOMAIN, _read_domain(text))
    return _read_url(text)


def _role_of_value(text: str) -> Role:
    lowered = text.lower()
    if lowered.startswith(("iscc:", "urn:iscc:")):
        return Role.ISCC
    if _IPFS.match(text) or _CID_LIKE.fullmatch(text):
        return Role.CID
    if lowered.startswith("pdq:"):
        return Role.PDQ
    if _HEX.fullmatch(_SHA256_PREFIX.sub("", lowered)) and "." not in text:
        return Role.SHA256
    if _SCHEME.match(text) or "/" in text:
        return Role.URL
    if re.search(r"\s", text) or "." not in text:
        raise ValueError("it is no address, domain, hash, CID or ISCC")
    return Role.DOMAIN


def _read_sha256(text: str) -> str:
    bare = _SHA256_PREFIX.sub("", text)
    digits = bare.lower()
    if _HEX.fullmatch(digits):
        if len(digits) == 64:
            return digits
        kind = _LENGTHS.get(len(digits), f"a hash of {len(digits)} digits")
        raise ValueError(f"it is {kind}, not a SHA-256 of 64 hex digits")
    if len(bare) == 44 and bare.endswith("="):
        try:
            return base64.b64decode(bare, altchars=None, validate=True).hex()
        except binascii.Error as error:
            raise ValueError("it is neither hex nor base64") from error
    raise ValueError("it is not a SHA-256 of 64 hex digits")


def _read_pdq(text: str) -> str:
    digits = re.sub(r"\A(?:pdq:|0x)", "", text.lower())
    if len(digits) != 64 or not _HEX.fullmatch(digits):
        raise ValueError("it is not a PDQ hash of 64 hex digits")
    return digits


def _read_cid(text: str) -> str:
    bare = _IPFS.sub("", text)
    root, slash, path = bare.partition("/")
    if slash and path:
        raise ValueError("it names a file inside a CID: give the file's own CID")
    try:
        return parse_cid(root).canonical
    except CidError as error:
        raise ValueError(f"it is not a CID: {error}") from error


def _read_url(text: str) -> Subject:
    if _IPFS.match(text):
        return Subject(SubjectKind.CID, _read_cid(text))
    if text.startswith("//"):
        text = f"https:{text}"
    elif not _SCHEME.match(text) or re.match(r"[^/]*\.[^/:]*:\d", text):
        if "." not in re.split(r"[/?#]", text)[0]:
            raise ValueError("it is not an absolute http(s) address")
        text = f"https://{text}"
    return Subject(SubjectKind.URL, normalise_url(text))


def _read_domain(text: str) -> str:
    bare = re.sub(r"\A(?:https?:)?//", "", text, flags=re.IGNORECASE)
    host, slash, path = bare.partition("/")
    if slash and path.strip("/*"):
        raise ValueError("it has a path: give it in a column of addresses (url)")
    host = host.removeprefix("*").removeprefix(".").rstrip(".")
    if not host or re.search(r"[\s@*?#\\]", host):
        raise ValueError("it is not a domain")
    name = domain_of(f"https://{host}/")
    if _is_public_suffix(name):
        raise ValueError(f"{name} is everybody's: it would refuse every site below it")
    if name.startswith("www."):
        # Who lists the www host means the site; the site's bare name covers its other hosts.
        site = name.removeprefix("www.")
        if not _is_public_suffix(site):
            return site
    return name


def _is_public_suffix(name: str) -> bool:
    labels = name.split(".")
    if len(labels) == 1:
        return ":" not in name  # an IPv6 address has no dots either
    return len(labels) == 2 and len(labels[1]) == 2 and labels[0] in _SECOND_LEVEL
