"""The Merkle tree that the contract ``Payouts`` pays from.

As OpenZeppelin's ``StandardMerkleTree`` and ``MerkleProof`` have it: a leaf is Keccak-256 twice
over the ABI encoding of (uint256 index, address account, uint256 amount), a node Keccak-256 over
its two children, the smaller one first, and the leaves are laid out in the order of their hashes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from models.errors import LedgerError
from models.ledger.compensation.accounts import check_address

MAX_PROOF = 64
_WORD = 1 << 256


@dataclass(frozen=True, slots=True)
class Payout:
    """One claim on the contract.

    Attributes:
        index: its number in the period, from 0; the contract marks it once it is paid.
        account: EVM address with its checksum.
        amount: in the token's smallest units, above zero.

    Raises:
        LedgerError: one of them cannot be.
    """

    index: int
    account: str
    amount: int

    def __post_init__(self) -> None:
        check_address(self.account)
        if not 0 <= self.index < _WORD or not 0 < self.amount < _WORD:
            raise LedgerError(
                "A payout's index or amount is out of range.", "Give whole numbers below 2**256."
            )

    @property
    def leaf(self) -> bytes:
        """Its leaf hash, 32 bytes."""
        from eth_utils.crypto import keccak

        account = bytes.fromhex(self.account[2:]).rjust(32, b"\0")
        words = self.index.to_bytes(32, "big") + account + self.amount.to_bytes(32, "big")
        return keccak(keccak(words))


class PayoutTree:
    """The tree over the payouts of a period."""

    def __init__(self, payouts: Sequence[Payout]) -> None:
        """Build it.

        Raises:
            LedgerError: there is no payout, or their indexes are not 0, 1, 2 and so on.
        """
        if [payout.index for payout in payouts] != list(range(len(payouts))) or not payouts:
            raise LedgerError("The payouts are not numbered from 0.", "Number them without gaps.")
        self.payouts = tuple(payouts)
        leaves = sorted((payout.leaf, payout.index) for payout in payouts)
        count = len(leaves)
        # A heap: the children of node i are 2i + 1 and 2i + 2, the leaves fill it from the end.
        self._nodes = [b""] * (2 * count - 1)
        self._places = {}
        for at, (leaf, index) in enumerate(leaves):
            self._nodes[-1 - at] = leaf
            self._places[index] = len(self._nodes) - 1 - at
        for at in range(count - 2, -1, -1):
            self._nodes[at] = hash_pair(self._nodes[2 * at + 1], self._nodes[2 * at + 2])

    @property
    def root(self) -> bytes:
        """The root, 32 bytes."""
        return self._nodes[0]

    @property
    def total(self) -> int:
        """What all payouts need, in the token's smallest units."""
        return sum(payout.amount for payout in self.payouts)

    def prove(self, index: int) -> list[bytes]:
        """The proof of a payout, from its sibling up.

        Raises:
            LedgerError: there is no such payout.
        """
        if index not in self._places:
            raise LedgerError(f"There is no payout {index}.", "They are numbered from 0.")
        at, proof = self._places[index], []
        while at:
            proof.append(self._nodes[at + 1 if at % 2 else at - 1])
            at = (at - 1) // 2
        return proof

    def claim(self, index: int) -> dict[str, Any]:
        """A payout with its proof, JSON-ready: what the account needs to claim it."""
        proof = ["0x" + digest.hex() for digest in self.prove(index)]
        payout = self.payouts[index]
        return {
            "account": payout.account,
            "amount": str(payout.amount),
            "index": payout.index,
            "proof": proof,
        }


def verify_payout(payout: Payout, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether a proof leads from a payout to the root, as the contract computes it."""
    digest = payout.leaf
    for sibling in proof:
        if len(sibling) != 32:
            return False
        digest = hash_pair(digest, sibling)
    return len(proof) <= MAX_PROOF and digest == root


def hash_pair(one: bytes, other: bytes) -> bytes:
    """Keccak-256 over two hashes, the smaller one first."""
    from eth_utils.crypto import keccak

    return keccak(one + other if one < other else other + one)
