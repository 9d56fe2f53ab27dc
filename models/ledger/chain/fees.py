"""What a transaction offers for gas, and by how much another in its place has to offer more."""

from __future__ import annotations

from dataclasses import dataclass

from models.errors import LedgerError
from models.ledger.chain.evm import Market

GWEI = 10**9
_ROOM = (6, 5)
"""A fifth more gas than estimated: the present head may cost another branch of the proof."""


@dataclass(frozen=True, slots=True)
class Offer:
    """Fees of a transaction (EIP-1559), in wei for a unit of gas."""

    max_fee: int
    tip: int


def offer(market: Market, cap: int) -> Offer:
    """The first offer: room for the base fee to double, never above the cap.

    Args:
        market: what gas costs now.
        cap: the most that a unit of gas may cost, in wei.

    Raises:
        LedgerError: gas costs more than the cap now.
    """
    if market.base_fee + 1 > cap:
        raise LedgerError(
            f"Gas costs {market.base_fee / GWEI:g} gwei now, more than the {cap / GWEI:g} of "
            "ledger_max_fee_gwei.",
            "Nothing was sent: wait until it is cheaper, or raise the limit in kiyome.toml.",
        )
    max_fee = min(2 * market.base_fee + market.tip, cap)
    return Offer(max_fee, min(market.tip, max_fee))


def outbid(former: Offer, market: Market, cap: int) -> Offer | None:
    """An offer that takes the place of a former one, or None where the cap leaves no room.

    Nodes take a replacement whose both fees are higher by a tenth or an eighth; this is an eighth
    at least, and as much as the market asks.
    """
    tip = max(_raise(former.tip), market.tip)
    max_fee = max(_raise(former.max_fee), 2 * market.base_fee + tip)
    max_fee = min(max_fee, cap)
    tip = min(tip, max_fee)
    if max_fee < _raise(former.max_fee) or tip < _raise(former.tip):
        return None
    return Offer(max_fee, tip)


def gas_limit(estimate: int) -> int:
    """The gas that a transaction may take, from what it was estimated to."""
    return estimate * _ROOM[0] // _ROOM[1]


def _raise(fee: int) -> int:
    """At least 12.5 % more, and at least 1 wei."""
    return max(fee + 1, -(-fee * 9 // 8))
