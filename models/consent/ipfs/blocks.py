"""Blocks: bytes that are proven to be those that a CID names."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from models.consent.ipfs.cid import BLAKE3, DIGEST_BYTES, IDENTITY, SHA2_256, SHA2_512, Cid
from models.consent.ipfs.errors import MissingBlockError, UnverifiableError, WrongBlockError


class Blocks:
    """Verified blocks, found by their hash. There is no way past the verification.

    Args:
        load: finds a block that is not here yet; what it returns is verified. None: nothing is
            looked for.
    """

    def __init__(self, load: Callable[[Cid], bytes] | None = None) -> None:
        self.load = load
        self.total_bytes = 0
        self._blocks: dict[bytes, bytes] = {}

    def __len__(self) -> int:
        return len(self._blocks)

    def add(self, cid: Cid, block: bytes) -> None:
        """Verify a block and keep it.

        Raises:
            WrongBlockError, UnverifiableError: see ``verify_block``.
        """
        verify_block(cid, block)
        if cid.hash_code != IDENTITY and cid.multihash not in self._blocks:
            self._blocks[cid.multihash] = block
            self.total_bytes += len(block)

    def get(self, cid: Cid) -> bytes:
        """The block; inline content comes out of the CID itself.

        Raises:
            MissingBlockError: it is not here and nothing is looked for.
            WrongBlockError, UnverifiableError: see ``verify_block``.
        """
        if cid.hash_code == IDENTITY:
            return cid.digest
        key = cid.multihash
        if key not in self._blocks:
            if not is_verifiable(cid):
                raise _unverifiable(cid)
            if self.load is None:
                raise MissingBlockError(f"Block {cid} is missing.", "Ask another gateway for it.")
            self.add(cid, self.load(cid))
        return self._blocks[key]


def verify_block(cid: Cid, block: bytes | memoryview) -> None:
    """Check that ``block`` is what ``cid`` names.

    SHA-256, SHA-512, BLAKE3 and inline content are accepted. A shortened digest is not: it could
    be forged.

    Raises:
        WrongBlockError: the bytes are others.
        UnverifiableError: nothing can be proven with this hash function.
    """
    if cid.hash_code == IDENTITY:
        matches = cid.digest == bytes(block)
    elif is_verifiable(cid):
        matches = _DIGESTS[cid.hash_code](block) == cid.digest
    else:
        raise _unverifiable(cid)
    if not matches:
        raise WrongBlockError(
            f"The bytes received for block {cid} are not those that it names.",
            "Remove the gateway that sent them from the settings.",
        )


def is_verifiable(cid: Cid) -> bool:
    """Whether bytes can be proven with the hash in ``cid``."""
    if cid.hash_code == IDENTITY:
        return True
    return cid.hash_code in _DIGESTS and len(cid.digest) == DIGEST_BYTES[cid.hash_code]


def _unverifiable(cid: Cid) -> UnverifiableError:
    return UnverifiableError(
        f"{cid} is made with hash function 0x{cid.hash_code:x}, which proves nothing here.",
        "Its publisher must add it with SHA-256.",
    )


def _sha2_256(block: bytes | memoryview) -> bytes:
    return hashlib.sha256(block).digest()


def _sha2_512(block: bytes | memoryview) -> bytes:
    return hashlib.sha512(block).digest()


def _blake3(block: bytes | memoryview) -> bytes:
    try:
        from blake3 import blake3
    except ImportError as error:
        raise UnverifiableError(
            "A block is named by its BLAKE3 hash, and the package blake3 is not installed.",
            "Install it with: pip install blake3.",
        ) from error
    return blake3(block).digest()


_DIGESTS: dict[int, Callable[[bytes | memoryview], bytes]] = {
    SHA2_256: _sha2_256,
    SHA2_512: _sha2_512,
    BLAKE3: _blake3,
}
