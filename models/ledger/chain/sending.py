"""One transaction from its signature to finality, through crashes and reorganisations.

Whoever calls holds the journal's lock. What is sent was on the disk before, so that after a crash
at any point the same transaction is found again, looked up, and sent again where it is in no block.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from models.errors import LedgerError
from models.failpoints import reach
from models.ledger.chain.errors import ChainAwayError, DisplacedError
from models.ledger.chain.evm import EvmChain, Mined, Sending
from models.ledger.chain.fees import GWEI, Offer, gas_limit, offer, outbid
from models.ledger.chain.journal import Attempt, ChainJournal, Pending, State
from models.ledger.chain.pace import Pace
from models.ledger.chain.signing import TransactionSigner, Unsigned


@dataclass(frozen=True, slots=True)
class Limits:
    """What sending may cost and when it is over.

    Attributes:
        max_fee: the most that a unit of gas may cost, in wei.
        confirmations: how many blocks make one final, where the chain does not say.
    """

    max_fee: int
    confirmations: int


@dataclass(frozen=True, slots=True)
class Cost:
    """What a transaction would take: units of gas, and the most that they may cost in wei."""

    gas: int
    offer: Offer

    @property
    def wei(self) -> int:
        """The most that it may cost."""
        return self.gas * self.offer.max_fee


class TransactionSender:
    """Sends transactions of one account, one at a time.

    Args:
        chain: where to.
        journal: where the transaction under way is kept.
        signer: the account.
        limits, pace: what it may cost, and how long to wait.
        say: takes a sentence about what is going on.
    """

    def __init__(
        self,
        chain: EvmChain,
        journal: ChainJournal,
        signer: TransactionSigner,
        limits: Limits,
        pace: Pace,
        say: Callable[[str], None],
    ) -> None:
        self._chain = chain
        self._journal = journal
        self._signer = signer
        self._limits = limits
        self._pace = pace
        self._say = say
        self._outbid_at = 0.0
        self._is_fresh = False

    def estimate(self, to: str | None, data: bytes, value: int = 0) -> Cost:
        """What a transaction would take now, beside the ``value`` that it sends along.

        Raises:
            LedgerError: the contract would refuse it, or gas costs more than the limit.
            ChainAwayError: no answer.
        """
        sender = self._signer.address
        return estimate(self._chain, sender, to, data, self._limits.max_fee, value)

    def begin(
        self,
        chain_id: int,
        purpose: str,
        to: str | None,
        data: bytes,
        detail: dict[str, Any],
        value: int = 0,
    ) -> Pending:
        """Sign a transaction and put it on the disk; nobody else hears of it yet.

        Args:
            chain_id, to, data: the transaction.
            purpose, detail: what it is for, and what has to be known of that later.
            value: wei that are sent along.

        Raises:
            LedgerError: it would fail, or the account cannot pay for it. Nothing was spent.
            ChainAwayError: no answer.
        """
        sender = self._signer.address
        cost = self.estimate(to, data, value)
        balance, needed = self._chain.balance(sender), cost.wei + value
        if balance < needed:
            raise LedgerError(
                f"The account {sender} holds {balance / 10**18:.6f} of the chain's coin, and this "
                f"may take {needed / 10**18:.6f}.",
                "Nothing was sent: send it some, or lower ledger_max_fee_gwei.",
            )
        nonce = self._chain.nonce(sender, "pending")
        fees = cost.offer
        unsigned = Unsigned(chain_id, nonce, to, data, cost.gas, fees.max_fee, fees.tip, value)
        pending = Pending(
            purpose,
            detail,
            chain_id,
            sender,
            nonce,
            to or "",
            data.hex(),
            (self._sign(unsigned),),
            value=str(value),
        )
        self._journal.save(pending)
        self._is_fresh = True
        reach("chain.built")
        return pending

    def carry_on(self, pending: Pending) -> Pending:
        """Bring the transaction as far as it gets in the time that there is.

        Returns:
            The transaction, finalized or still under way; both are on the disk.

        Raises:
            DisplacedError: another one of this account was mined in its place, for good. The
                journal is clear.
            LedgerError: the node or the account cannot take it; it stays under way.
            ChainAwayError: the chain did not answer any more; it stays under way.
        """
        if pending.sender != self._signer.address:
            raise LedgerError(
                f"The transaction under way is of the account {pending.sender}, and the settings "
                f"name {self._signer.address}.",
                "Put the former account back until it is through.",
            )
        began = self._pace.now()
        self._outbid_at = began + self._pace.outbid_after
        while True:
            away = None
            try:
                pending = self._advance(pending)
            except ChainAwayError as error:
                away = error
                pending = self._journal.load() or pending
            if pending.state is State.FINALIZED:
                return pending
            patience = self._pace.mined_within
            if pending.state is State.MINED:
                patience += self._pace.final_within
            if self._pace.now() - began >= patience or (
                pending.state is State.MINED and not self._pace.final_within
            ):
                if away is not None:
                    raise away
                return pending
            self._pace.sleep(self._pace.poll)

    def _advance(self, pending: Pending) -> Pending:
        """One look at the chain, and what follows from it."""
        place = self._find(pending)
        if place is not None:
            return self._settle(pending, place)
        if pending.state in (State.MINED, State.FINALIZED):
            self._say("The block was replaced (reorganisation): the transaction is sent again.")
            pending = self._save(pending.sent())
            reach("chain.reorganised")
        self._check_displaced(pending)
        if self._pace.now() >= self._outbid_at:
            pending = self._outbid(pending)
        if self._chain.knows(pending.attempts[-1].tx_hash):
            return pending if pending.state is State.SENT else self._save(pending.sent())
        return self._send(pending)

    def _find(self, pending: Pending) -> Mined | None:
        """Where the transaction stands: any version of it may be the one that was mined."""
        for attempt in reversed(pending.attempts):
            place = self._chain.mined(attempt.tx_hash)
            if place is not None:
                return place
        return None

    def _settle(self, pending: Pending, place: Mined) -> Pending:
        if (pending.block_hash, pending.tx_hash) != (place.block_hash, place.tx_hash):
            pending = self._save(pending.mined(place))
            word = "" if place.succeeded else ", and the contract refused it"
            self._say(f"In block {place.block_number}{word}; waiting until that is final.")
            reach("chain.mined")
        final = self._chain.final_height(self._limits.confirmations)
        if place.block_number <= final and pending.state is State.MINED:
            # The block may have been replaced between the two answers.
            if self._chain.block_hash(place.block_number) != place.block_hash:
                return pending
            pending = self._save(pending.finalized())
            reach("chain.finalized")
        return pending

    def _send(self, pending: Pending) -> Pending:
        sent = self._chain.send(bytes.fromhex(pending.attempts[-1].raw))
        reach("chain.sent")
        if sent.outcome is Sending.POOR:
            raise LedgerError(
                f"The account {pending.sender} cannot pay for the transaction: {sent.detail}.",
                "Send it some of the chain's coin; then `kiyome ledger anchor` sends it again.",
            )
        if sent.outcome in (Sending.REFUSED, Sending.UNDERPRICED) and not self._is_fresh:
            # Signed earlier, when gas was cheaper or the node had other rules.
            made = self._outbid(pending)
            if made != pending:
                return self._send(made)
        if sent.outcome is Sending.REFUSED:
            raise LedgerError(
                f"The node at {self._chain.name} does not take the transaction: {sent.detail}.",
                "It is kept, and `kiyome ledger anchor` sends it again.",
            )
        if sent.outcome is Sending.UNKNOWN:
            self._say("The node did not say whether it took the transaction: it is looked up.")
        pending = self._save(pending.sent())
        reach("chain.noted")
        return pending

    def _outbid(self, pending: Pending) -> Pending:
        """One more version with higher fees, where the limit leaves room for it."""
        last = pending.attempts[-1]
        self._outbid_at = self._pace.now() + self._pace.outbid_after
        former = Offer(int(last.max_fee), int(last.tip))
        higher = outbid(former, self._chain.market(), self._limits.max_fee)
        if higher is None:
            self._say("It waits, and ledger_max_fee_gwei leaves no room to offer more.")
            return pending
        unsigned = Unsigned(
            pending.chain_id,
            pending.nonce,
            pending.to or None,
            bytes.fromhex(pending.data),
            last.gas,
            higher.max_fee,
            higher.tip,
            int(pending.value),
        )
        pending = self._save(pending.with_attempt(self._sign(unsigned)))
        self._is_fresh = True
        self._say(f"It waits: offering up to {higher.max_fee / GWEI:g} gwei for a unit of gas.")
        reach("chain.outbid")
        return pending

    def _check_displaced(self, pending: Pending) -> None:
        """Find out whether another transaction with this one's number is in for good."""
        if self._chain.nonce(pending.sender, "latest") <= pending.nonce:
            return
        final = self._chain.final_height(self._limits.confirmations)
        if final < 0 or self._chain.nonce(pending.sender, hex(final)) <= pending.nonce:
            return
        if self._find(pending) is not None:  # it was mined while we asked
            return
        self._journal.clear()
        raise DisplacedError(
            f"Another transaction of the account {pending.sender} took the place of the one under "
            "way.",
            "Let nobody else send from this account, then run `kiyome ledger anchor`.",
        )

    def _sign(self, unsigned: Unsigned) -> Attempt:
        signed = self._signer.sign(unsigned)
        return Attempt(
            signed.raw.hex(), signed.tx_hash, str(unsigned.max_fee), str(unsigned.tip), unsigned.gas
        )

    def _save(self, pending: Pending) -> Pending:
        self._journal.save(pending)
        return pending


def estimate(
    chain: EvmChain, sender: str, to: str | None, data: bytes, max_fee: int, value: int = 0
) -> Cost:
    """What a transaction would take now, beside the ``value`` in wei that it sends along.

    Args:
        max_fee: the most that a unit of gas may cost, in wei.

    Raises:
        LedgerError: the contract would refuse it, or gas costs more than that.
        ChainAwayError: no answer.
    """
    gas = gas_limit(chain.estimate_gas(sender, to, data, value))
    return Cost(gas, offer(chain.market(), max_fee))
