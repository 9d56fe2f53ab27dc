"""The file that carries a signed statement: its form, read strictly.

    {"kiyome": "consent-statement/1", "chainId": 1, "scheme": "eip712",
     "statement": {…}, "preference": {"dataMiningPreference": {…}},
     "license": {"name": "…", "document": "…"}, "signer": "0x…", "signature": "0x…"}

Nothing may stand in it that the signature does not cover, except ``license``, which is for readers
only: what counts is ``licenseCid`` in the statement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from models.consent.reading_json import MalformedJsonError, Pairs, printable, read_json
from models.consent.signed.consent_statement import (
    FIELDS,
    MAX_CHAIN_ID,
    ConsentStatement,
    Scheme,
    StatementError,
)
from models.errors import KiyomeError

MARKER_KEY = "kiyome"
MARKER = "consent-statement/1"
MAX_SIGNATURE_BYTES = 8192
MAX_BRACKETS = 500

_MARKER_FAMILY = "consent-statement/"
_REQUIRED = {MARKER_KEY, "chainId", "statement", "preference", "signer", "signature", "scheme"}
_LICENSE_KEYS = {"name", "document"}
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_HASH = re.compile(r"0x[0-9a-fA-F]{64}")
_SIGNATURE = re.compile(r"0x(?:[0-9a-fA-F]{2})+")
_DECIMAL = re.compile(r"0|[1-9][0-9]{0,77}")


class DocumentError(KiyomeError):
    """A file is not a signed statement of a form that can be relied on."""


class UnknownVersionError(DocumentError):
    """A file is a signed statement of a version that is not known here."""


@dataclass(frozen=True, slots=True)
class SignedDocument:
    """A signed statement as it stands in its file. Nothing in it is verified yet.

    Attributes:
        chain_id: the chain that it is bound to.
        statement: the signed fields.
        preference: the value of ``dataMiningPreference``.
        signer: who is said to have signed, an address in lower case.
        signature: as given.
        scheme: how the fields were turned into the bytes that were signed.
        has_license: a licence stands beside the statement, which the signature does not cover.
    """

    chain_id: int
    statement: ConsentStatement
    preference: dict[str, Any]
    signer: str
    signature: bytes
    scheme: Scheme
    has_license: bool = False


def is_signed_document(data: bytes) -> bool:
    """Whether a file says of itself that it is a signed statement, of whatever version.

    One that is damaged counts as well: it has to be reported, not passed over.
    """
    try:
        document = _read_json(data)
    except MalformedJsonError:
        return _MARKER_FAMILY.encode() in data and f'"{MARKER_KEY}"'.encode() in data
    return isinstance(document, Pairs) and any(
        isinstance(value, str) and value.startswith(_MARKER_FAMILY)
        for value in document.all(MARKER_KEY)
    )


def is_safely_parsed(data: bytes) -> bool:
    """Whether a file has so few brackets that no JSON parser can run out of stack on it.

    Libraries for Ethereum raise Python's recursion limit, which would otherwise stop the parser.
    """
    return data.count(b"[") + data.count(b"{") <= MAX_BRACKETS


def parse_document(data: bytes) -> SignedDocument:
    """Read a signed statement's file without verifying it.

    Raises:
        UnknownVersionError: it is of a version that is not known here.
        DocumentError: it is not of the form above; the problem says where.
    """
    try:
        root = _read_json(data)
    except MalformedJsonError as error:
        raise _malformed(f"{error}") from error
    fields = _fields_of(root, "the file")
    marker = fields.get(MARKER_KEY)
    if isinstance(marker, str) and marker.startswith(_MARKER_FAMILY) and marker != MARKER:
        raise UnknownVersionError(
            f"The statement is written as {printable(marker, 60)!r}, which is not known here.",
            "Use a newer Kiyome, or ask the owner for version 1.",
        )
    if marker != MARKER:
        raise _malformed(f"it does not say {MARKER_KEY!r}: {MARKER!r}")
    _check_keys(fields, _REQUIRED, _REQUIRED | {"license"}, "the file")
    preference = _fields_of(fields["preference"], "preference")
    _check_keys(preference, {"dataMiningPreference"}, {"dataMiningPreference"}, "preference")
    if "license" in fields:
        _check_license(fields["license"])
    chain_id = _number(fields["chainId"], "chainId")
    if not 0 < chain_id <= MAX_CHAIN_ID:
        raise _malformed("chainId is not the number of a chain")
    try:
        scheme = Scheme(_text(fields["scheme"], "scheme"))
    except ValueError as error:
        raise _malformed("scheme is neither 'eip712' nor 'eip191'") from error
    return SignedDocument(
        chain_id=chain_id,
        statement=_statement(fields["statement"]),
        preference=_plain_object(preference["dataMiningPreference"]),
        signer=_matching(_ADDRESS, fields["signer"], "signer", "an address"),
        signature=_signature(fields["signature"]),
        scheme=scheme,
        has_license="license" in fields,
    )


def _read_json(data: bytes) -> Any:
    if not is_safely_parsed(data):
        raise MalformedJsonError(f"it has more than {MAX_BRACKETS} brackets")
    return read_json(data)


def _statement(value: Any) -> ConsentStatement:
    fields = _fields_of(value, "statement")
    _check_keys(fields, set(FIELDS), set(FIELDS), "statement")
    try:
        return ConsentStatement(
            asset_cid=_text(fields["assetCid"], "assetCid"),
            contract_address=_matching(
                _ADDRESS, fields["contractAddress"], "contractAddress", "an address"
            ),
            token_id=_number(fields["tokenId"], "tokenId"),
            preference_hash=_matching(
                _HASH, fields["preferenceHash"], "preferenceHash", "a hash of 32 bytes"
            ),
            license_cid=_text(fields["licenseCid"], "licenseCid"),
            issued_at=_number(fields["issuedAt"], "issuedAt"),
            expires_at=_number(fields["expiresAt"], "expiresAt"),
            nonce=_number(fields["nonce"], "nonce"),
        )
    except StatementError as error:
        raise _malformed(error.problem.rstrip(".")) from error


def _plain_object(value: Any) -> dict[str, Any]:
    """The preference as plain JSON values; a key that stands twice is refused at any depth."""
    _fields_of(value, "dataMiningPreference")
    plain = _plain(value)
    return plain if isinstance(plain, dict) else {}


def _plain(value: Any) -> Any:
    if isinstance(value, Pairs):
        fields = _fields_of(value, "dataMiningPreference")
        return {key: _plain(item) for key, item in fields.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value


def _fields_of(value: Any, where: str) -> dict[str, Any]:
    if not isinstance(value, Pairs):
        raise _malformed(f"{where} is not an object")
    fields = dict(value)
    if len(fields) != len(value):
        raise _malformed(f"a key stands more than once in {where}")
    return fields


def _check_keys(fields: dict[str, Any], required: set[str], known: set[str], where: str) -> None:
    if missing := required - fields.keys():
        raise _malformed(f"{where} has no {min(missing)}")
    if unknown := fields.keys() - known:
        raise _malformed(f"{where} holds {min(unknown)!r}, which the signature does not cover")


def _check_license(value: Any) -> None:
    if isinstance(value, str):
        return
    fields = _fields_of(value, "license")
    _check_keys(fields, set(), _LICENSE_KEYS, "license")
    for name in fields:
        _text(fields[name], f"license.{name}")


def _number(value: Any, where: str) -> int:
    """A JSON integer, or its decimal digits as a text: JSON readers round what passes 2^53."""
    if type(value) is int:
        return value
    if isinstance(value, str) and _DECIMAL.fullmatch(value):
        return int(value)
    raise _malformed(f"{where} is not a whole number")


def _text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise _malformed(f"{where} is not a text")
    return value


def _matching(pattern: re.Pattern[str], value: Any, where: str, what: str) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise _malformed(f"{where} is not {what}")
    return value.lower()


def _signature(value: Any) -> bytes:
    if (
        not isinstance(value, str)
        or len(value) > 2 + 2 * MAX_SIGNATURE_BYTES
        or not _SIGNATURE.fullmatch(value)
    ):
        raise _malformed("signature is not in hex, or is too long")
    return bytes.fromhex(value[2:])


def _malformed(what: str) -> DocumentError:
    return DocumentError(
        f"The signed statement cannot be read: {printable(what)}.",
        "Ask the owner to sign it again with kiyome.",
    )
