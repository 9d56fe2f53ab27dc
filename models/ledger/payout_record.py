"""The payout record: what an owner is due for a period, as an entry of the ledger.

It is about an owner and no asset. Amounts are whole minor units of the currency, written as
decimal text because a token's smallest unit soon passes 2**53. Like a usage record it holds no
word of free text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from models.errors import LedgerError
from models.ledger.commitments import encode_canonical
from models.ledger.records import LARGEST, RecordType

FORMAT = "kiyome.payout/1"
# An EVM word has 78 digits at most: more cannot be paid anywhere.
_PATTERNS = {
    "owner_ref": r"(?:[0-9a-f]{32})?",
    "period": r"[0-9]{4}(?:-Q[1-4]|-(?:0[1-9]|1[0-2]))?",
    "rules_id": r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}",
    "rules_version": r"[A-Za-z0-9][A-Za-z0-9._-]{0,79}",
    "rules_sha256": r"[0-9a-f]{64}",
    "currency": r"[A-Z0-9]{3,12}",
    "weight": r"(?:0|[1-9][0-9]{0,999})(?:/[1-9][0-9]{0,999})?",
    "total_weight": r"(?:0|[1-9][0-9]{0,999})(?:/[1-9][0-9]{0,999})?",
    "account": r"(?:0x[0-9a-fA-F]{40})?",
}
_AMOUNTS = ("pot", "gross", "carried_in", "net", "carried_out")


@dataclass(frozen=True, slots=True)
class Share:
    """What one account of an owner receives: its share, and the amount in minor units.

    ``account`` is an EVM address with its checksum (EIP-55).
    """

    account: str
    share: int
    amount: int

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary."""
        return {"account": self.account, "amount": str(self.amount), "share": self.share}


@dataclass(frozen=True, slots=True)
class PayoutRecord:
    """What one owner is due for one period.

    Attributes:
        owner_ref: pseudonym of the owner; empty for the part of unknown owners, and for padding.
        period: ``2026``, ``2026-Q3`` or ``2026-07``.
        rules_id, rules_version, rules_sha256: the rule file.
        currency, digits: its code, and how many digits its minor unit stands behind the point.
        pot: what was shared out.
        total_weight, weight: of everybody, and of this owner, as exact fractions (``3/2``).
        gross: this owner's part of the pot.
        carried_in, carried_out: what earlier periods left over, and what this one does.
        net: what is paid now; ``gross + carried_in == net + carried_out``.
        decided_at: UTC seconds since 1970.
        shares: how the net amount is split; empty where it is not paid by a contract.
        prev: index of the payout record that this one supersedes.

    Raises:
        LedgerError: a field holds what it cannot, or the amounts do not add up.
    """

    owner_ref: str
    period: str
    rules_id: str
    rules_version: str
    rules_sha256: str
    currency: str
    digits: int
    pot: int
    total_weight: str
    weight: str
    gross: int
    carried_in: int
    net: int
    carried_out: int
    decided_at: int
    shares: tuple[Share, ...] = ()
    prev: int | None = None

    def __post_init__(self) -> None:
        if not all(isinstance(share, Share) for share in self.shares):
            raise LedgerError("A part of a payout is not a share.", "Give Share objects.")
        for name, pattern in _PATTERNS.items():
            for value in self._values(name):
                if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
                    raise LedgerError(
                        f"A payout record's {name} does not have the form {pattern}.",
                        "Free text never goes into the ledger.",
                    )
        amounts = [getattr(self, name) for name in _AMOUNTS] + [s.amount for s in self.shares]
        if any(type(amount) is not int or not 0 <= amount < 1 << 256 for amount in amounts):
            raise LedgerError(
                "An amount is not a whole number of minor units.", "Money is never a fraction."
            )
        small = [self.digits, self.decided_at, *(s.share for s in self.shares)]
        small += [] if self.prev is None else [self.prev]
        if any(type(number) is not int or not 0 <= number < LARGEST for number in small):
            raise LedgerError("A number of a payout record is out of range.", "Compare the rules.")
        if self.gross + self.carried_in != self.net + self.carried_out or self.gross > self.pot:
            raise LedgerError("The amounts of a payout do not add up.", "Compute them again.")
        if self.shares and sum(share.amount for share in self.shares) != self.net:
            raise LedgerError("The parts of a payout are not the whole.", "Compute them again.")

    @property
    def type(self) -> RecordType:
        """A payout, as the batch counts it."""
        return RecordType.PAYOUT

    def as_dict(self) -> dict[str, Any]:
        """A JSON-ready dictionary: what an opening shows."""
        value: dict[str, Any] = {
            "carriedIn": str(self.carried_in),
            "carriedOut": str(self.carried_out),
            "currency": self.currency,
            "digits": self.digits,
            "format": FORMAT,
            "gross": str(self.gross),
            "net": str(self.net),
            "period": self.period,
            "pot": str(self.pot),
            "rules": {
                "id": self.rules_id,
                "sha256": self.rules_sha256,
                "version": self.rules_version,
            },
            "shares": [share.as_dict() for share in self.shares],
            "times": {"decided": self.decided_at},
            "totalWeight": self.total_weight,
            "type": self.type.value,
            "weight": self.weight,
        }
        if self.owner_ref:
            value["ownerRef"] = self.owner_ref
        if self.prev is not None:
            value["prev"] = self.prev
        return value

    def canonical(self) -> bytes:
        """Canonical JSON (RFC 8785): what is committed to."""
        return encode_canonical(self.as_dict())

    def _values(self, name: str) -> list[Any]:
        if name == "account":
            return [share.account for share in self.shares]
        return [getattr(self, name)]
