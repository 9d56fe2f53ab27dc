"""Who signed: the address behind a recoverable secp256k1 signature."""

from __future__ import annotations

from eth_hash.auto import keccak

from models.errors import KiyomeError

SIGNATURE_BYTES = 65

_ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
_RECOVERY_IDS = {0: 0, 1: 1, 27: 0, 28: 1}


class SignatureError(KiyomeError):
    """The bytes are not a signature that one key can have made; the problem says why."""


def recover_address(digest: bytes, signature: bytes) -> str:
    """The address, in lower case, whose key made a signature over ``digest``.

    Args:
        digest: the 32 bytes that were signed.
        signature: r, s and v, 65 bytes. v is 0, 1, 27 or 28. Of the two values that s may have,
            only the lower is accepted (EIP-2), so that no second form of a signature exists.

    Raises:
        SignatureError: the signature is of another form, or no key can have made it.
    """
    from coincurve import PublicKey  # a native library: who reads no signature does not load it

    remedy = "Sign the statement again."
    if len(signature) != SIGNATURE_BYTES:
        raise SignatureError(
            f"The signature has {len(signature)} bytes, not {SIGNATURE_BYTES}.", remedy
        )
    recovery_id = _RECOVERY_IDS.get(signature[64])
    if recovery_id is None:
        raise SignatureError(
            f"The signature's last byte is {signature[64]}, not 0, 1, 27 or 28.", remedy
        )
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:64], "big")
    if not 0 < r < _ORDER or not 0 < s < _ORDER:
        raise SignatureError("The signature's numbers are out of range.", remedy)
    if s > _ORDER // 2:
        raise SignatureError(
            "The signature is the altered twin of another: its s is the higher one.", remedy
        )
    try:
        key = PublicKey.from_signature_and_message(
            signature[:64] + bytes([recovery_id]), digest, hasher=None
        )
    except ValueError as error:
        raise SignatureError("No key can have made the signature.", remedy) from error
    return address_of(key.format(compressed=False))


def address_of(public_key: bytes) -> str:
    """The address, in lower case, of an uncompressed public key (65 bytes)."""
    return "0x" + keccak(public_key[1:])[-20:].hex()
