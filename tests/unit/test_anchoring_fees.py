"""What a transaction offers for gas, and what takes its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import LedgerError
from models.ledger.chain.evm import Market
from models.ledger.chain.fees import GWEI, Offer, gas_limit, offer, outbid

CAP = 100 * GWEI
fees = st.integers(0, 10**12)


def test_the_base_fee_may_double_before_the_offer_is_too_low() -> None:
    assert offer(Market(10 * GWEI, GWEI), CAP) == Offer(21 * GWEI, GWEI)


def test_gas_above_the_limit_is_refused() -> None:
    with pytest.raises(LedgerError, match=r"Gas costs 120 gwei now, more than the 100"):
        offer(Market(120 * GWEI, GWEI), CAP)


@given(base=fees, tip=fees)
def test_an_offer_keeps_the_limit_and_covers_the_base_fee(base: int, tip: int) -> None:
    if base + 1 > CAP:
        return
    made = offer(Market(base, tip), CAP)
    assert base <= made.max_fee <= CAP
    assert made.tip <= made.max_fee


@given(max_fee=st.integers(1, 10**12), tip=fees, base=fees, market_tip=fees)
def test_a_replacement_offers_an_eighth_more_of_both_and_keeps_the_limit(
    max_fee: int, tip: int, base: int, market_tip: int
) -> None:
    former = Offer(max_fee, min(tip, max_fee))
    made = outbid(former, Market(base, market_tip), CAP)
    if made is None:
        return
    assert made.max_fee * 8 >= former.max_fee * 9
    assert made.tip * 8 >= former.tip * 9
    assert made.max_fee > former.max_fee
    assert made.tip > former.tip
    assert made.tip <= made.max_fee <= CAP


def test_where_the_limit_leaves_no_room_nothing_is_offered() -> None:
    assert outbid(Offer(90 * GWEI, GWEI), Market(GWEI, GWEI), CAP) is None


def test_a_replacement_follows_the_market_where_it_rose_more() -> None:
    assert outbid(Offer(3 * GWEI, GWEI), Market(40 * GWEI, 2 * GWEI), CAP) == Offer(
        82 * GWEI, 2 * GWEI
    )


def test_a_transaction_may_take_a_fifth_more_gas_than_estimated() -> None:
    assert gas_limit(70_000) == 84_000
