"""The contract that pays owners, on a real EVM."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from models.ledger.compensation.accounts import to_checksum
from models.ledger.compensation.payouts import Payout, PayoutTree
from tests.anvil import Anvil, start_anvil
from tests.payouts_contract import DAY, NO_TOKEN, Payouts, deploy_payouts, make_tree


@pytest.fixture(scope="module")
def chain() -> Iterator[Anvil]:
    with start_anvil() as running:
        yield running


@pytest.fixture
def payouts(chain: Anvil) -> Payouts:
    return deploy_payouts(chain)


@pytest.fixture
def tree(chain: Anvil) -> PayoutTree:
    return make_tree(chain, 5, 7, 11, 13, 17)


def _balance(chain: Anvil, address: str) -> int:
    return int(chain.ask("eth_getBalance", address, "latest"), 16)


def test_every_account_claims_its_coins_once(
    chain: Anvil, payouts: Payouts, tree: PayoutTree
) -> None:
    payouts.add(tree)
    for index, payout in enumerate(tree.payouts):
        before = _balance(chain, payout.account)
        payouts.claim(tree, index, sender=9)
        assert _balance(chain, payout.account) - before == payout.amount
        assert payouts.ask("isClaimed", 1, index) == 1
        with pytest.raises(RuntimeError, match="claimed before"):
            payouts.claim(tree, index)
    assert _balance(chain, payouts.address) == 0


def test_every_claim_of_300_can_be_paid_whatever_word_it_is_marked_in(chain: Anvil) -> None:
    payouts, many = deploy_payouts(chain), make_tree(chain, *range(1, 301))
    payouts.add(many)
    for index in (0, 1, 254, 255, 256, 257, 299):
        assert payouts.ask("isClaimed", 1, index) == 0
        payouts.claim(many, index)
        assert payouts.ask("isClaimed", 1, index) == 1
    assert payouts.ask("isClaimed", 1, 2) == 0


@pytest.mark.parametrize(
    "change",
    [
        {"amount": 8},
        {"index": 2},
        {"account": "0x" + "12" * 20},
        {"proof": []},
        {"proof": [b"\x00" * 32] * 3},
    ],
)
def test_a_claim_that_is_not_in_the_tree_is_refused(
    payouts: Payouts, tree: PayoutTree, change: dict[str, object]
) -> None:
    payouts.add(tree)
    with pytest.raises(RuntimeError, match="proof does not hold"):
        payouts.claim(tree, 1, **change)


def test_a_claim_on_an_unknown_period_is_refused(payouts: Payouts, tree: PayoutTree) -> None:
    payouts.add(tree)
    with pytest.raises(RuntimeError, match="no such period"):
        payouts.claim(tree, 1, period=2)
    assert payouts.ask("verify", 2, 0, NO_TOKEN, 0, []) == 0


def test_a_period_pays_from_its_own_money_only(chain: Anvil, payouts: Payouts) -> None:
    account = to_checksum(chain.accounts[1])
    overdrawn, other = PayoutTree([Payout(0, account, 100)]), make_tree(chain, 100)
    payouts.add(overdrawn, value=99, total=99)
    payouts.add(other)
    with pytest.raises(RuntimeError, match="used up"):
        payouts.claim(overdrawn, 0)
    payouts.claim(other, 0, period=2)


def test_the_same_claim_in_two_periods_is_paid_twice(payouts: Payouts, tree: PayoutTree) -> None:
    payouts.add(tree)
    payouts.add(tree)
    payouts.claim(tree, 0)
    payouts.claim(tree, 0, period=2)


@pytest.mark.parametrize("value", [0, 52, 54])
def test_a_period_without_exactly_its_coins_is_refused(
    payouts: Payouts, tree: PayoutTree, value: int
) -> None:
    with pytest.raises(RuntimeError, match="not the total"):
        payouts.add(tree, value=value)


def test_periods_are_added_by_the_owner_only_and_give_time_to_claim(
    payouts: Payouts, tree: PayoutTree
) -> None:
    with pytest.raises(RuntimeError, match="Only the owner"):
        payouts.add(tree, sender=1)
    with pytest.raises(RuntimeError, match="90 days"):
        payouts.add(tree, reclaimable=payouts.now() + 89 * DAY)
    with pytest.raises(RuntimeError, match="root is missing"):
        payouts.add(tree, root=bytes(32))
    with pytest.raises(RuntimeError, match="nothing to pay"):
        payouts.add(tree, total=0, value=0)


def test_what_nobody_claimed_is_taken_back_after_its_time_and_no_earlier(
    chain: Anvil, payouts: Payouts, tree: PayoutTree
) -> None:
    payouts.add(tree)
    payouts.claim(tree, 0)
    with pytest.raises(RuntimeError, match="too early"):
        payouts.send("reclaim", 1)
    payouts.wait(101 * DAY)
    payouts.claim(tree, 1)  # late, and still there
    with pytest.raises(RuntimeError, match="Only the owner"):
        payouts.send("reclaim", 1, sender=1)
    payouts.send("reclaim", 1)
    assert _balance(chain, payouts.address) == 0
    with pytest.raises(RuntimeError, match="nothing left"):
        payouts.send("reclaim", 1)
    with pytest.raises(RuntimeError, match="used up"):
        payouts.claim(tree, 2)


def test_a_pause_stops_claims_and_gives_their_time_back(payouts: Payouts, tree: PayoutTree) -> None:
    payouts.add(tree)
    with pytest.raises(RuntimeError, match="Only the owner"):
        payouts.send("pause", sender=1)
    payouts.send("pause")
    with pytest.raises(RuntimeError, match="paused"):
        payouts.claim(tree, 0)
    with pytest.raises(RuntimeError, match="paused"):
        payouts.add(tree)
    payouts.wait(101 * DAY)
    with pytest.raises(RuntimeError, match="paused"):
        payouts.send("reclaim", 1)
    payouts.send("unpause")
    with pytest.raises(RuntimeError, match="too early"):
        payouts.send("reclaim", 1)
    payouts.claim(tree, 0)
    payouts.wait(91 * DAY)
    payouts.send("reclaim", 1)


def test_the_owner_changes_in_two_steps(chain: Anvil, payouts: Payouts, tree: PayoutTree) -> None:
    with pytest.raises(RuntimeError, match="Only the owner"):
        payouts.send("proposeOwner", chain.accounts[1], sender=1)
    payouts.send("proposeOwner", chain.accounts[1])
    with pytest.raises(RuntimeError, match="Only the proposed"):
        payouts.send("acceptOwner", sender=2)
    payouts.send("acceptOwner", sender=1)
    assert payouts.ask("owner") == int(chain.accounts[1], 16)
    with pytest.raises(RuntimeError, match="Only the owner"):
        payouts.add(tree)
    payouts.add(tree, sender=1)
    with pytest.raises(RuntimeError, match="Only the proposed"):
        payouts.send("acceptOwner", sender=1)


def test_tokens_are_paid_and_taken_back(chain: Anvil, tree: PayoutTree) -> None:
    token = chain.deploy("plain_token", 1000)
    payouts = deploy_payouts(chain, token)
    with pytest.raises(RuntimeError, match=r"revert|underflow"):
        payouts.add(tree, value=0)
    token.send("approve", payouts.address, tree.total)
    with pytest.raises(RuntimeError, match="pays in tokens"):
        payouts.add(tree, value=1)
    payouts.add(tree, value=0)
    payouts.claim(tree, 4)
    assert _tokens(token, tree.payouts[4].account) == 17
    payouts.wait(101 * DAY)
    payouts.send("reclaim", 1)
    assert _tokens(token, payouts.address) == 0
    assert _tokens(token, chain.accounts[0]) == 1000 - 17


def test_a_token_that_keeps_a_fee_is_refused(chain: Anvil, tree: PayoutTree) -> None:
    token = chain.deploy("plain_token", 1000)
    payouts = deploy_payouts(chain, token)
    token.send("approve", payouts.address, tree.total)
    token.send("set_fee", 1)
    with pytest.raises(RuntimeError, match="arrived are not the total"):
        payouts.add(tree, value=0)


def test_a_claim_whose_transfer_fails_stays_open(chain: Anvil, tree: PayoutTree) -> None:
    token = chain.deploy("plain_token", 1000)
    payouts = deploy_payouts(chain, token)
    token.send("approve", payouts.address, tree.total)
    payouts.add(tree, value=0)
    token.send("set_refusing", True)
    with pytest.raises(RuntimeError, match="not transferred"):
        payouts.claim(tree, 0)
    token.send("set_refusing", False)
    payouts.claim(tree, 0)


def test_an_account_that_claims_again_while_it_is_paid_gets_nothing(chain: Anvil) -> None:
    claimant = chain.deploy("greedy_claimant")
    claimant.send("prepare", 10)
    payouts = deploy_payouts(chain)
    greedy = PayoutTree([Payout(0, to_checksum(claimant.address), 10)])
    payouts.add(greedy)
    payouts.add(greedy)
    with pytest.raises(RuntimeError, match="revert"):
        payouts.claim(greedy, 0)
    assert _balance(chain, claimant.address) == 0
    assert payouts.ask("isClaimed", 1, 0) == 0


def _tokens(token: object, account: str) -> int:
    from tests.anvil import Contract, compile_contract, encode_arguments

    assert isinstance(token, Contract)
    abi, _ = compile_contract(token.name)
    data = encode_arguments(abi, "balanceOf", [account])
    return int(token.chain.ask("eth_call", {"to": token.address, "data": data}, "latest"), 16)
