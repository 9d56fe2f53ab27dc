"""Signing a consent statement with an Ethereum key."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from models.consent.signed.consent_statement import (
    ZERO_ADDRESS,
    ConsentStatement,
    Scheme,
    digest_statement,
    hash_preference,
)
from models.consent.signed.parsing import (
    MARKER,
    MARKER_KEY,
    DocumentError,
    is_safely_parsed,
    parse_document,
)
from models.consent.signed.recovery import address_of, recover_address
from models.errors import KiyomeError
from models.recursion import keeping_recursion_limit

_HEX_KEY = re.compile(r"(?:0x)?([0-9a-fA-F]{64})")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_MAX_KEY_FILE_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key that does not print itself.

    Attributes:
        secret: the 32 bytes.
        address: the account's address, in lower case.

    Raises:
        KiyomeError: the bytes are not a private key.
    """

    secret: bytes = field(repr=False)
    address: str = field(init=False)

    def __post_init__(self) -> None:
        from coincurve import PrivateKey

        try:
            key = PrivateKey(self.secret)
        except (ValueError, TypeError):
            key = None
        if key is None or len(self.secret) != 32:  # raised here: no trace may hold the key
            raise KiyomeError("This is not a private key.", "Give the 32 bytes of one.")
        public = key.public_key.format(compressed=False)
        object.__setattr__(self, "address", address_of(public))

    def sign(self, digest: bytes) -> bytes:
        """r, s and v (27 or 28) over 32 bytes; the same for the same digest (RFC 6979)."""
        from coincurve import PrivateKey

        signature = PrivateKey(self.secret).sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([signature[64] + 27])


def read_signing_key(path: Path, password: str | None = None) -> SigningKey:
    """The key of an encrypted keystore file (Web3 Secret Storage), or of a file with hex digits.

    Args:
        path: the file.
        password: opens a keystore; not used for a hex file.

    Raises:
        KiyomeError: the file cannot be read, is neither, or the password is wrong or missing.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MAX_KEY_FILE_BYTES + 1)
    except OSError as error:
        raise KiyomeError(
            f"The key file {path} cannot be read: {error.strerror}.", "Check its path and mode."
        ) from error
    text = content.decode("utf-8", "replace").strip()
    if match := _HEX_KEY.fullmatch(text):
        return SigningKey(bytes.fromhex(match[1]))
    is_keystore = text.startswith("{") and is_safely_parsed(content)
    if len(content) > _MAX_KEY_FILE_BYTES or not is_keystore:
        raise KiyomeError(
            f"{path} is neither a keystore nor a key in hex.",
            "Give an encrypted keystore (JSON), or a file with 64 hex digits.",
        )
    if password is None:
        raise KiyomeError(f"The keystore {path} is encrypted.", "Give its password.")
    return SigningKey(_decrypt(path, text, password))


def _decrypt(path: Path, text: str, password: str) -> bytes:
    with keeping_recursion_limit():
        from eth_account import Account  # takes half a second to load

    try:
        return bytes(Account.decrypt(json.loads(text), password))
    except (ValueError, KeyError, TypeError, NotImplementedError, RecursionError):
        raise KiyomeError(
            f"The keystore {path} cannot be opened: the password is wrong, or it is no keystore.",
            "Check the password, and that `kiyome declare key` or a wallet wrote the file.",
        ) from None


def draft_statement(
    preference: Mapping[str, Any],
    issued_at: int,
    *,
    asset_cid: str = "",
    contract_address: str = ZERO_ADDRESS,
    token_id: int = 0,
    license_cid: str = "",
    expires_at: int = 0,
    nonce: int = 0,
) -> ConsentStatement:
    """The statement to sign for a preference (``declaring.preference.preference_of``).

    Args:
        preference: the value of ``dataMiningPreference``.
        issued_at: UTC seconds since 1970.
        asset_cid: the bytes that are spoken of: ``sha256:`` with hex digits, or a CID.
        contract_address: the token's contract.
        token_id: the token's number.
        license_cid: the licence of a constrained use.
        expires_at: UTC seconds; 0 where the statement sets no end of its own.
        nonce: larger than in what was signed before in the same second.

    Raises:
        KiyomeError: a field is not of its form, the statement speaks of nothing, ends before it
            begins, or constrains a use without a licence.
    """
    statement = ConsentStatement(
        asset_cid=asset_cid,
        contract_address=contract_address.lower(),
        token_id=token_id,
        preference_hash=hash_preference(preference),
        license_cid=license_cid,
        issued_at=issued_at,
        expires_at=expires_at,
        nonce=nonce,
    )
    if not asset_cid and statement.contract_address == ZERO_ADDRESS:
        raise KiyomeError("The statement speaks of nothing.", "Name the file, the token, or both.")
    if not 0 < issued_at < 10**11:
        raise KiyomeError("The time of issue is not in seconds since 1970.", "Give seconds.")
    if expires_at and not issued_at < expires_at < 10**11:
        raise KiyomeError(
            "The statement ends before it begins, or its end is not in seconds.",
            "Give a later day, or no end at all.",
        )
    if "constrained" in preference.values() and not license_cid:
        raise KiyomeError(
            "A constrained use needs a licence that is signed with it.", "Give its CID or URL."
        )
    return statement


def sign_statement(
    statement: ConsentStatement,
    preference: Mapping[str, Any],
    chain_id: int,
    key: SigningKey,
    scheme: Scheme = Scheme.EIP712,
    license_: Mapping[str, str] | None = None,
) -> bytes:
    """The file of a signed statement, ready to lie beside its image.

    Args:
        statement: what to sign (``draft_statement``).
        preference: the preference whose hash it holds.
        chain_id: the chain that the signature is bound to.
        key: the owner's key.
        scheme: EIP-712 or EIP-191.
        license_: ``name`` and ``document`` of the licence, for readers; it is not signed.

    Returns:
        UTF-8 JSON, the same for the same arguments.

    Raises:
        KiyomeError: the preference is not the statement's, or the file could not be read back.
    """
    if hash_preference(preference) != statement.preference_hash:
        raise KiyomeError(
            "The statement was drafted for another preference.",
            "Draft it again for the one that is to be signed.",
        )
    signature = key.sign(digest_statement(statement, preference, chain_id, scheme))
    data = write_document(statement, preference, chain_id, key.address, signature, scheme, license_)
    if recover_address(
        digest_statement(statement, preference, chain_id, scheme), signature
    ) != key.address or not _reads_back(data, statement):
        raise KiyomeError("The signed file could not be read back.", "Check the preference's form.")
    return data


def write_document(
    statement: ConsentStatement,
    preference: Mapping[str, Any],
    chain_id: int,
    signer: str,
    signature: bytes,
    scheme: Scheme,
    license_: Mapping[str, str] | None = None,
) -> bytes:
    """The file for a signature that was made elsewhere, such as in a wallet; nothing is verified.

    Raises:
        KiyomeError: the signer is not an address, or the preference is not JSON.
    """
    if not _ADDRESS.fullmatch(signer):
        raise KiyomeError(f"{signer!r} is not an address.", "Give 0x and 40 hex digits.")
    message = statement.as_message()
    # JSON readers round numbers beyond 2^53: 256-bit fields are written as their digits.
    message |= {
        "preferenceHash": statement.preference_hash,
        "tokenId": str(statement.token_id),
        "nonce": str(statement.nonce),
    }
    document: dict[str, Any] = {
        MARKER_KEY: MARKER,
        "chainId": chain_id,
        "scheme": scheme.value,
        "statement": message,
        "preference": {"dataMiningPreference": dict(preference)},
        **({"license": dict(license_)} if license_ else {}),
        "signer": signer.lower(),
        "signature": "0x" + signature.hex(),
    }
    try:
        return json.dumps(document, ensure_ascii=False, indent=2).encode("utf-8") + b"\n"
    except (TypeError, ValueError) as error:
        raise KiyomeError(f"The file cannot be written: {error}.", "Use texts.") from error


def _reads_back(data: bytes, statement: ConsentStatement) -> bool:
    try:
        return parse_document(data).statement == statement
    except DocumentError:
        return False
