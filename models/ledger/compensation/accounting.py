"""Rules and uses become what everybody is due for a period: one payout record for each owner."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction

from models.errors import LedgerError
from models.ledger.compensation.accounts import Accounts
from models.ledger.compensation.payouts import Payout, PayoutTree
from models.ledger.compensation.periods import Period
from models.ledger.compensation.rules import Rules, UnknownOwners
from models.ledger.compensation.sums import Due, settle, share_out, split, sum_weights
from models.ledger.compensation.uses import Books, Use
from models.ledger.owners.keys import OPERATOR
from models.ledger.payout_record import PayoutRecord, Share
from models.ledger.records import LicenceRef

_LEAST_RECORDS = 16


def account_for(
    rules: Rules, period: Period, books: Books, accounts: Accounts, decided_at: int
) -> list[PayoutRecord]:
    """What every owner is due, sorted by owner.

    The record of the operator (no owner) holds the part of assets without a known owner; it is
    kept in reserve and never paid.

    Raises:
        LedgerError: the rules name no pot, nothing was used, an earlier period has to be paid
            first, or a later one was paid already.
    """
    pot = rules.pot(period)
    _check_order(rules, period, books)
    weights = weigh(rules, period, books.uses.values())
    carried = carry_over(rules, period, books.payouts)
    if not any(weights.values()):
        raise LedgerError(
            f"The ledger holds no use in {period.name} that the rules {rules.id} pay for.",
            "Enter the training runs of the period with `kiyome ledger use` first.",
        )
    settled = settle(share_out(pot, weights), carried, rules.minimum_payout)
    if OPERATOR in settled:
        reserve = settled[OPERATOR]
        due = reserve.gross + reserve.carried_in
        settled[OPERATOR] = Due(reserve.gross, reserve.carried_in, 0, due)
    total = sum(weights.values(), Fraction(0))
    return [
        PayoutRecord(
            owner_ref=owner,
            period=period.name,
            rules_id=rules.id,
            rules_version=rules.version,
            rules_sha256=rules.sha256,
            currency=rules.currency,
            digits=rules.digits,
            pot=pot,
            total_weight=str(total),
            weight=str(weights.get(owner, Fraction(0))),
            gross=due.gross,
            carried_in=due.carried_in,
            net=due.net,
            carried_out=due.carried_out,
            decided_at=decided_at,
            shares=_divide(due.net, accounts.get(owner, {})),
        )
        for owner, due in settled.items()
    ]


def weigh(rules: Rules, period: Period, uses: Iterable[Use]) -> dict[str, Fraction]:
    """The weight of each owner in a period; of the operator, what unknown owners come to."""
    purposes = {purpose.value for purpose in rules.purposes}
    multipliers: dict[str, Fraction] = {}

    def multiplier(licence: str) -> Fraction:
        if licence not in multipliers:
            multipliers[licence] = rules.multiplier(LicenceRef(licence) if licence else None)
        return multipliers[licence]

    weights = sum_weights(
        (use.owner_ref, use.samples, multiplier(use.license))
        for use in uses
        if period.holds(use.counted_at) and use.purpose in purposes
    )
    if rules.unknown_owners is UnknownOwners.LEAVE_OUT:
        weights.pop(OPERATOR, None)
    return weights


def carry_over(rules: Rules, period: Period, payouts: Iterable[PayoutRecord]) -> dict[str, int]:
    """What the period paid last before this one left over, by owner.

    Raises:
        LedgerError: it was in another currency.
    """
    own = [payout for payout in payouts if payout.rules_id == rules.id]
    earlier = {p.period for p in own if Period.parse(p.period).end <= period.start}
    if not earlier:
        return {}
    last = max(earlier, key=lambda name: Period.parse(name).start)
    carried: dict[str, int] = {}
    for payout in own:
        if payout.period != last:
            continue
        if (payout.currency, payout.digits) != (rules.currency, rules.digits):
            raise LedgerError(
                f"What {last} left over is in {payout.currency} with {payout.digits} digits.",
                "Keep the currency, or begin rules with another id and pay out what is left.",
            )
        carried[payout.owner_ref] = carried.get(payout.owner_ref, 0) + payout.carried_out
    return {owner: amount for owner, amount in carried.items() if amount}


def pad(records: Sequence[PayoutRecord]) -> list[PayoutRecord]:
    """The records, filled up with empty ones to a power of two, at least 16.

    A batch publishes how many records it holds: unpadded, it would publish the number of owners.
    """
    wanted = max(_LEAST_RECORDS, 1 << (len(records) - 1).bit_length())
    empty = replace(
        records[0],
        owner_ref=OPERATOR,
        weight="0",
        gross=0,
        carried_in=0,
        net=0,
        carried_out=0,
        shares=(),
        prev=None,
    )
    return [*records, *[empty] * (wanted - len(records))]


def plant(records: Iterable[PayoutRecord], units_per_minor: int) -> PayoutTree | None:
    """The tree over every part that goes to an account; None where there is none."""
    payouts: list[Payout] = []
    for record in records:
        for share in record.shares:
            if share.amount:
                amount = share.amount * units_per_minor
                payouts.append(Payout(len(payouts), share.account, amount))
    return PayoutTree(payouts) if payouts else None


def _divide(net: int, shares: Mapping[str, int]) -> tuple[Share, ...]:
    if not shares or not net:
        return ()
    amounts = split(net, shares)
    return tuple(
        Share(account, share, amounts[account]) for account, share in sorted(shares.items())
    )


def _check_order(rules: Rules, period: Period, books: Books) -> None:
    """Refuse to pay out of turn: what is carried over would be lost, or counted twice."""
    paid = {payout.period for payout in books.payouts if payout.rules_id == rules.id}
    spans = {name: Period.parse(name) for name in paid | rules.pots.keys()}
    for name in sorted(paid):
        if name != period.name and spans[name].end > period.start:
            raise LedgerError(
                f"{name} was paid already, and {period.name} is not after it.",
                "Pay periods in their order, and each second once.",
            )
    for name in sorted(rules.pots.keys() - paid):
        earlier = spans[name].end <= period.start
        if earlier and any(weigh(rules, spans[name], books.uses.values()).values()):
            raise LedgerError(
                f"{name} has uses and was not paid.", f"Pay {name} before {period.name}."
            )
