"""What an owner signs: the consent statement, and the digest of it under each scheme.

EIP-712 lets a wallet show the fields one by one. EIP-191 signs a text that holds the same fields
in a fixed layout, for wallets that show texts only. Both name the chain, so that a signature made
for a test chain is worth nothing on another.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from eth_hash.auto import keccak

from models.canonical import canonical_json
from models.consent.signed.typed_data import DOMAIN, hash_typed_data
from models.errors import KiyomeError

DOMAIN_NAME = "Kiyome Consent"
DOMAIN_VERSION = "1"
PRIMARY_TYPE = "ConsentStatement"
TYPES: dict[str, list[tuple[str, str]]] = {
    DOMAIN: [("name", "string"), ("version", "string"), ("chainId", "uint256")],
    PRIMARY_TYPE: [
        ("assetCid", "string"),
        ("contractAddress", "address"),
        ("tokenId", "uint256"),
        ("preferenceHash", "bytes32"),
        ("licenseCid", "string"),
        ("issuedAt", "uint64"),
        ("expiresAt", "uint64"),
        ("nonce", "uint256"),
    ],
}
FIELDS = tuple(name for name, _ in TYPES[PRIMARY_TYPE])
ZERO_ADDRESS = "0x" + "0" * 40
MAX_CHAIN_ID = 2**53 - 1

# Neither blank, line break nor bracket: no value can pass for another line of the signed text.
_REFERENCE = re.compile(r"[A-Za-z0-9:/._~?#=&%+,;@-]{0,512}")
_ADDRESS = re.compile(r"0x[0-9a-f]{40}")
_HASH = re.compile(r"0x[0-9a-f]{64}")


class Scheme(StrEnum):
    """How a statement is turned into the 32 bytes that are signed."""

    EIP712 = "eip712"
    EIP191 = "eip191"


class StatementError(KiyomeError):
    """A consent statement has a field that cannot be signed or read."""


@dataclass(frozen=True, slots=True)
class ConsentStatement:
    """The eight signed fields.

    Attributes:
        asset_cid: the bytes that are spoken of: a CID of one raw block, ``sha256:`` with 64 hex
            digits, or "" where the token says it.
        contract_address: the token's contract, ``0x`` and 40 hex digits in lower case; the zero
            address where there is no token.
        token_id: the token's number.
        preference_hash: ``hash_preference`` of the preference, ``0x`` and 64 hex digits.
        license_cid: the licence that a constrained use points at; "" where there is none.
        issued_at: UTC seconds since 1970.
        expires_at: UTC seconds since 1970; 0 where the statement sets no end of its own.
        nonce: orders what one signer said in the same second.

    Raises:
        StatementError: a field is not of this form.
    """

    asset_cid: str
    contract_address: str
    token_id: int
    preference_hash: str
    license_cid: str
    issued_at: int
    expires_at: int
    nonce: int

    def __post_init__(self) -> None:
        for name, pattern in _PATTERNS.items():
            value = getattr(self, name)
            if not isinstance(value, str) or not pattern.fullmatch(value):
                raise StatementError(
                    f"The statement's {name} is not of the form that is signed.",
                    "Write addresses and hashes in lower-case hex, references without blanks.",
                )
        for name, bits in _BITS.items():
            value = getattr(self, name)
            if type(value) is not int or not 0 <= value < 1 << bits:
                raise StatementError(
                    f"The statement's {name} is not a number of {bits} bits.",
                    "Give a whole number that is not negative.",
                )

    def as_message(self) -> dict[str, Any]:
        """The fields under their EIP-712 names, with the hash as bytes."""
        return {
            "assetCid": self.asset_cid,
            "contractAddress": self.contract_address,
            "tokenId": self.token_id,
            "preferenceHash": bytes.fromhex(self.preference_hash[2:]),
            "licenseCid": self.license_cid,
            "issuedAt": self.issued_at,
            "expiresAt": self.expires_at,
            "nonce": self.nonce,
        }


_PATTERNS = {
    "asset_cid": _REFERENCE,
    "contract_address": _ADDRESS,
    "preference_hash": _HASH,
    "license_cid": _REFERENCE,
}
_BITS = {"token_id": 256, "issued_at": 64, "expires_at": 64, "nonce": 256}


def hash_preference(preference: Mapping[str, Any]) -> str:
    """``preferenceHash``: keccak-256 of the RFC 8785 canonical JSON of the preference object.

    The object is the value of ``dataMiningPreference`` (ERC-7517), not the document around it.

    Raises:
        StatementError: the object holds something that JSON cannot express exactly.
    """
    return "0x" + keccak(_canonical(preference)).hex()


def digest_statement(
    statement: ConsentStatement, preference: Mapping[str, Any], chain_id: int, scheme: Scheme
) -> bytes:
    """The 32 bytes that are signed.

    Args:
        statement: the signed fields.
        preference: the preference object. EIP-191's text shows it; EIP-712 holds its hash only.
        chain_id: the chain that the statement is bound to (EIP-155).
        scheme: how the fields are turned into bytes.

    Raises:
        StatementError: the preference cannot be expressed, or there is no such chain.
    """
    if type(chain_id) is not int or not 0 < chain_id <= MAX_CHAIN_ID:
        raise StatementError("There is no such chain id.", "Give the chain's EIP-155 number.")
    if scheme is Scheme.EIP191:
        text = describe_statement(statement, preference, chain_id).encode("utf-8")
        # EIP-191, version 0x45 ("E"): what every wallet's personal_sign puts before a text.
        return keccak(b"\x19Ethereum Signed Message:\n" + str(len(text)).encode() + text)
    domain = {"name": DOMAIN_NAME, "version": DOMAIN_VERSION, "chainId": chain_id}
    return hash_typed_data(TYPES, PRIMARY_TYPE, domain, statement.as_message())


def describe_statement(
    statement: ConsentStatement, preference: Mapping[str, Any], chain_id: int
) -> str:
    """The text that a wallet shows and signs under EIP-191; every field stands on its own line.

    Raises:
        StatementError: the preference cannot be expressed.
    """
    lines = (
        "Kiyome consent statement, version 1.",
        "I say for what the work named here may be used by data mining and AI.",
        "",
        f"Asset: {statement.asset_cid or '(none)'}",
        f"Contract: {statement.contract_address}",
        f"Token: {statement.token_id}",
        f"Preference: {_canonical(preference).decode('utf-8')}",
        f"Preference hash: {statement.preference_hash}",
        f"License: {statement.license_cid or '(none)'}",
        f"Issued at: {statement.issued_at}",
        f"Expires at: {statement.expires_at}",
        f"Nonce: {statement.nonce}",
        f"Chain: {chain_id}",
    )
    return "\n".join(lines)


def _canonical(preference: Mapping[str, Any]) -> bytes:
    try:
        return canonical_json(dict(preference))
    except (ValueError, RecursionError) as error:
        raise StatementError(
            "The preference holds something that canonical JSON cannot express.",
            "Use texts for its values.",
        ) from error
