"""The ledger's contract (``contracts/UsageLedger.vy``): what to send it, and what it answers.

Nothing here talks to a chain. Everything is encoded and decoded by the ABI that was compiled
together with the bytecode, ``contracts/UsageLedger.json``; neither needs the compiler.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from models.errors import LedgerError
from models.ledger.merkle import HASH_BYTES

MAX_SIZE = 1 << 63
MAX_HASHES = 64
MAX_CID_BYTES = 128
MAX_COMMIT_BYTES = 2048
# Keccak-256 of "Anchored(uint256,uint256,bytes32,bytes32)".
ANCHORED_TOPIC = bytes.fromhex("42acc1435f05d2388e574236471bfe43abd76212ee44fa9838ed7619a4a9118b")
EMPTY_HISTORY = bytes(HASH_BYTES)

# Beside the packages, in a checkout as in what a wheel installs.
_ARTIFACTS = Path(__file__).resolve().parents[3] / "contracts"
_NOT_OURS = "Compare the address and the chain with those that the operator published."


@dataclass(frozen=True, slots=True)
class Artifact:
    """What the contract was compiled to.

    Attributes:
        abi: as Ethereum's JSON ABI has it.
        bytecode: creation code, without the constructor's argument.
        runtime: the code that then lies at the contract's address.
        compiler: its name and full version.
    """

    abi: tuple[dict[str, Any], ...]
    bytecode: bytes
    runtime: bytes
    compiler: str


@dataclass(frozen=True, slots=True)
class AnchoredEvent:
    """The event ``Anchored``: the contract took a head.

    Attributes:
        sequence: which head it is, from 1.
        size: number of entries.
        root: root over them, 32 bytes.
        manifest: SHA-256 of the anchor manifest, 32 bytes.
    """

    sequence: int
    size: int
    root: bytes
    manifest: bytes


@cache
def load_artifact(name: str = "UsageLedger") -> Artifact:
    """Read ``contracts/<name>.json``.

    Raises:
        LedgerError: it is missing or damaged.
    """
    try:
        read = json.loads((_ARTIFACTS / f"{name}.json").read_bytes())
        return Artifact(
            tuple(read["abi"]),
            bytes.fromhex(read["bytecode"].removeprefix("0x")),
            bytes.fromhex(read["runtime"].removeprefix("0x")),
            read["compiler"],
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise LedgerError(
            f"The compiled contract, contracts/{name}.json, is missing or damaged.",
            "Install Kiyome again, or run python tools/build_contract.py in a checkout.",
        ) from error


class UsageLedgerContract:
    """Call data for the contract's functions, and their answers decoded.

    The methods named like a function of the contract give its call data.
    """

    def deployment(self, operator: str) -> bytes:
        """The data of the transaction that makes a contract.

        Args:
            operator: address that may anchor.

        Raises:
            LedgerError: it is no address, or the zero address.
        """
        from eth_abi.abi import encode

        if not int(check_address(operator), 16):
            raise LedgerError(
                "The operator cannot be the zero address.", "Name the account that is to anchor."
            )
        return load_artifact().bytecode + encode(["address"], [operator])

    def head(self) -> bytes:
        """Ask for the present head; ``read_head`` decodes the answer."""
        return _encode("head")

    def operator(self) -> bytes:
        """Ask who may anchor; ``read_address`` decodes the answer."""
        return _encode("operator")

    def pending_operator(self) -> bytes:
        """Ask who is proposed as the operator; ``read_address`` decodes the answer."""
        return _encode("pendingOperator")

    def paused(self) -> bytes:
        """Ask whether the ledger is paused; ``read_flag`` decodes the answer."""
        return _encode("paused")

    def history(self) -> bytes:
        """Ask for the hash over all heads (``fold_history``); ``read_hash`` decodes the answer."""
        return _encode("history")

    def anchor(self, size: int, root: bytes, manifest: bytes, proof: Sequence[bytes]) -> bytes:
        """Anchor a head.

        Args:
            size: number of entries.
            root: root over them.
            manifest: SHA-256 of the anchor manifest.
            proof: consistency proof from the present head; empty for the first one.

        Raises:
            ValueError: a hash is not 32 bytes, there are more than 64, or the size is out of range.
        """
        if not 0 < size <= MAX_SIZE:
            raise ValueError(f"a head cannot have {size} entries")
        _check_hashes(root, manifest, *proof)
        _check_length(proof)
        return _encode("anchor", size, root, manifest, list(proof))

    def verify_inclusion(self, leaf: bytes, index: int, path: Sequence[bytes]) -> bytes:
        """Ask whether a leaf is under the present head; ``read_flag`` decodes the answer.

        Raises:
            ValueError: a hash is not 32 bytes, there are more than 64, or the index is negative.
        """
        _check_hashes(leaf, *path)
        _check_length(path)
        _check_numbers(index)
        return _encode("verifyInclusion", leaf, index, list(path))

    def verify_inclusion_at(
        self, leaf: bytes, index: int, size: int, path: Sequence[bytes], root: bytes
    ) -> bytes:
        """Ask the same about any tree. The arguments are in the order of ``models.ledger.merkle``.

        Raises:
            ValueError: as ``verify_inclusion``.
        """
        _check_hashes(leaf, root, *path)
        _check_length(path)
        _check_numbers(index, size)
        return _encode("verifyInclusionAt", leaf, index, size, root, list(path))

    def verify_consistency(
        self, old_size: int, new_size: int, proof: Sequence[bytes], old_root: bytes, new_root: bytes
    ) -> bytes:
        """Ask whether a tree begins with another; ``read_flag`` decodes the answer.

        The arguments are in the order of ``models.ledger.merkle``.

        Raises:
            ValueError: a hash is not 32 bytes, there are more than 64, or a size is negative.
        """
        _check_hashes(old_root, new_root, *proof)
        _check_length(proof)
        _check_numbers(old_size, new_size)
        return _encode("verifyConsistency", old_size, old_root, new_size, new_root, list(proof))

    def propose_operator(self, proposed: str) -> bytes:
        """Propose a successor, who has to accept; the zero address withdraws a proposal.

        Raises:
            LedgerError: it is no address.
        """
        return _encode("proposeOperator", check_address(proposed))

    def accept_operator(self) -> bytes:
        """Become the operator."""
        return _encode("acceptOperator")

    def pause(self) -> bytes:
        """Stop anchoring and committing."""
        return _encode("pause")

    def unpause(self) -> bytes:
        """End a pause."""
        return _encode("unpause")

    def commit(self, asset_cid: str, commit_data: str) -> bytes:
        """Commit data to an asset (ERC-7053).

        Raises:
            ValueError: the CID has more than 128 bytes, or the data more than 2,048.
        """
        for text, most in ((asset_cid, MAX_CID_BYTES), (commit_data, MAX_COMMIT_BYTES)):
            if len(text.encode()) > most:
                raise ValueError(f"the contract takes {most} bytes of text, not more")
        return _encode("commit", asset_cid, commit_data)

    def read_head(self, answer: bytes) -> tuple[int, int, bytes]:
        """Size, sequence (0 before the first head) and root.

        Raises:
            LedgerError: the answer is none of a usage ledger.
        """
        size, sequence, root = _decode(["uint256", "uint256", "bytes32"], answer)
        return size, sequence, root

    def read_address(self, answer: bytes) -> str:
        """An address, ``0x…`` in lower case.

        Raises:
            LedgerError: the answer is none of a usage ledger.
        """
        (address,) = _decode(["address"], answer)
        return str(address).lower()

    def read_flag(self, answer: bytes) -> bool:
        """True or false.

        Raises:
            LedgerError: the answer is none of a usage ledger.
        """
        (flag,) = _decode(["bool"], answer)
        return bool(flag)

    def read_hash(self, answer: bytes) -> bytes:
        """32 bytes.

        Raises:
            LedgerError: the answer is none of a usage ledger.
        """
        (digest,) = _decode(["bytes32"], answer)
        return bytes(digest)


def read_anchored(topics: Sequence[bytes], data: bytes) -> AnchoredEvent | None:
    """The event ``Anchored`` in a log entry, or None where it is another event.

    Any contract can emit such an event: compare the entry's address first.
    """
    if len(topics) != 2 or bytes(topics[0]) != ANCHORED_TOPIC or len(topics[1]) != HASH_BYTES:
        return None
    if len(data) != 3 * HASH_BYTES:
        return None
    size, root, manifest = (bytes(data[at : at + HASH_BYTES]) for at in (0, 32, 64))
    return AnchoredEvent(
        int.from_bytes(topics[1], "big"), int.from_bytes(size, "big"), root, manifest
    )


def fold_history(heads: Iterable[tuple[int, bytes, bytes]]) -> bytes:
    """What the contract's ``history`` is after these heads, from the first one on.

    Args:
        heads: size, root and manifest of each, in their order.
    """
    digest = EMPTY_HISTORY
    for size, root, manifest in heads:
        digest = hashlib.sha256(digest + size.to_bytes(32, "big") + root + manifest).digest()
    return digest


def check_address(address: str) -> str:
    """An address in lower case.

    Raises:
        LedgerError: it is none, or its mixed case is not the checksum of EIP-55.
    """
    from eth_utils.address import is_checksum_address, is_hex_address

    digits = address.removeprefix("0x")
    plain = digits in (digits.lower(), digits.upper())
    if (
        address == digits
        or not is_hex_address(address)
        or not (plain or is_checksum_address(address))
    ):
        raise LedgerError(
            f"{address!r} is not an address.",
            "Give 0x and 40 hexadecimal digits, all lower case or with the right checksum.",
        )
    return address.lower()


@cache
def _find_function(name: str) -> tuple[bytes, tuple[str, ...]]:
    """The selector of a function, and the types of its arguments."""
    from eth_utils.crypto import keccak

    for entry in load_artifact().abi:
        if entry["type"] == "function" and entry["name"] == name:
            types = tuple(part["type"] for part in entry["inputs"])
            return keccak(text=f"{name}({','.join(types)})")[:4], types
    raise ValueError(f"the contract has no function {name}")


def _encode(name: str, *arguments: Any) -> bytes:
    from eth_abi.abi import encode

    selector, types = _find_function(name)
    return selector + encode(types, arguments)


def _decode(types: Sequence[str], answer: bytes) -> tuple[Any, ...]:
    from eth_abi.abi import decode
    from eth_abi.exceptions import DecodingError

    try:
        if len(answer) == 32 * len(types):
            return decode(types, answer)
    except DecodingError:
        pass
    raise LedgerError("What answers at the contract's address is not a usage ledger.", _NOT_OURS)


def _check_hashes(*hashes: bytes) -> None:
    for digest in hashes:
        if len(digest) != HASH_BYTES:
            raise ValueError(f"a hash has {HASH_BYTES} bytes, not {len(digest)}")


def _check_length(proof: Sequence[bytes]) -> None:
    if len(proof) > MAX_HASHES:
        raise ValueError(f"a proof has at most {MAX_HASHES} hashes, not {len(proof)}")


def _check_numbers(*numbers: int) -> None:
    for number in numbers:
        if not 0 <= number < 1 << 256:
            raise ValueError(f"{number} is not an unsigned number of 256 bits")
