"""What a wallet is asked to sign: the file that keeps it until the signature is there."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from flows.cli.declare.files import read_object
from models.consent.signed.consent_statement import (
    DOMAIN_NAME,
    DOMAIN_VERSION,
    PRIMARY_TYPE,
    TYPES,
    ConsentStatement,
    Scheme,
    describe_statement,
)
from models.consent.signed.parsing import MARKER, MARKER_KEY, SignedDocument, parse_document
from models.errors import KiyomeError

REQUEST_MARKER = "consent-request/1"

_TO_SIGN = "toSign"


def payload_of(
    statement: ConsentStatement, preference: Mapping[str, str], chain_id: int, scheme: Scheme
) -> str:
    """What the wallet signs: a text (EIP-191), or the JSON of typed data (EIP-712)."""
    if scheme is Scheme.EIP191:
        return describe_statement(statement, preference, chain_id)
    return json.dumps(_typed_data(statement, chain_id), indent=2)


def write_request(
    statement: ConsentStatement,
    preference: Mapping[str, str],
    chain_id: int,
    scheme: Scheme,
    license_: Mapping[str, str],
) -> bytes:
    """The file that ``read_request`` reads, with what is to be signed for a reader."""
    to_sign: Any = (
        describe_statement(statement, preference, chain_id)
        if scheme is Scheme.EIP191
        else _typed_data(statement, chain_id)
    )
    document: dict[str, Any] = {
        MARKER_KEY: REQUEST_MARKER,
        "chainId": chain_id,
        "scheme": scheme.value,
        "statement": _message(statement),
        "preference": {"dataMiningPreference": dict(preference)},
        **({"license": dict(license_)} if license_ else {}),
        _TO_SIGN: to_sign,
    }
    return json.dumps(document, ensure_ascii=False, indent=2).encode() + b"\n"


def read_request(
    path: Path, signer: str, signature: str
) -> tuple[SignedDocument, dict[str, str] | None]:
    """The document that a request becomes with a signature, and its licence. Nothing is verified.

    Args:
        path: the request.
        signer: the address of the wallet.
        signature: its signature, in hex.

    Raises:
        KiyomeError: it is not a request, was changed, or signer or signature are of another form.
    """
    fields = read_object(path)
    if fields.pop(MARKER_KEY, None) != REQUEST_MARKER:
        raise KiyomeError(
            f"{path} is not what was to be signed.",
            "Give the file that `kiyome declare sign --unsigned` wrote.",
        )
    fields.pop(_TO_SIGN, None)
    made = {MARKER_KEY: MARKER, **fields, "signer": signer, "signature": signature}
    license_ = fields.get("license")
    return parse_document(json.dumps(made).encode()), (
        license_ if isinstance(license_, dict) else None
    )


def _typed_data(statement: ConsentStatement, chain_id: int) -> dict[str, Any]:
    """The argument of ``eth_signTypedData_v4``."""
    return {
        "types": {
            name: [{"name": field, "type": kind} for field, kind in fields]
            for name, fields in TYPES.items()
        },
        "primaryType": PRIMARY_TYPE,
        "domain": {"name": DOMAIN_NAME, "version": DOMAIN_VERSION, "chainId": chain_id},
        "message": _message(statement),
    }


def _message(statement: ConsentStatement) -> dict[str, Any]:
    # JSON readers round numbers beyond 2^53: 256-bit fields are written as their digits.
    return statement.as_message() | {
        "preferenceHash": statement.preference_hash,
        "tokenId": str(statement.token_id),
        "nonce": str(statement.nonce),
    }
