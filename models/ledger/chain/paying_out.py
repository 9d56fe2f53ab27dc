"""Making the contract that pays owners, and giving it a period's money: once, whatever happens."""

from __future__ import annotations

from dataclasses import dataclass

from models.errors import LedgerError
from models.failpoints import reach
from models.ledger.chain import payouts_contract as contract
from models.ledger.chain.fees import GWEI
from models.ledger.chain.funding import (
    Claims,
    Funding,
    PayoutsState,
    find_period,
    read_funding,
    read_payouts,
    write_funding,
)
from models.ledger.chain.heads import check_chain_id
from models.ledger.chain.journal import PAYOUTS, State
from models.ledger.chain.operating import Done, Operator
from models.ledger.chain.payouts_contract import NO_TOKEN
from models.ledger.chain.sending import Cost, estimate

_DAY = 86_400


@dataclass(frozen=True, slots=True)
class FundingPlan:
    """What funding would send.

    Attributes:
        step: ``approve``, ``add the period``, or "" where there is nothing to do.
        amount: in the token's smallest units.
        holds: what the account has of it.
        token: the token, or the zero address.
        cost: gas of the step; None where there is none.
        period: the contract's period, where it has the money already.
    """

    step: str
    amount: int
    holds: int
    token: str
    cost: Cost | None
    period: int | None


class PayoutsOperator(Operator):
    """Sends to the contract that pays owners; see ``Operator`` for its arguments."""

    def deploy(self, token: str) -> Done | None:
        """Make a contract, with the account of the settings as its owner.

        Args:
            token: the ERC-20 token to pay in, or ``NO_TOKEN``.

        Raises:
            LedgerError: the settings name a contract, there is no token, the account cannot pay,
                or another transaction is under way.
            ChainAwayError: the chain does not answer.
        """
        if self._settings.ledger_payouts:
            raise LedgerError(
                f"The settings name a contract already, {self._settings.ledger_payouts}.",
                "Take ledger_payouts out of kiyome.toml to make another, for another token.",
            )
        check_chain_id(self._chain, self._settings.ledger_chain_id)
        if token != NO_TOKEN and not self._chain.has_code(token):
            raise LedgerError(
                f"There is no token at {token} on the chain at {self._chain.name}.",
                "Give the address of an ERC-20 token of this chain.",
            )
        signer = self._open_signer("")
        data = contract.deployment(signer.address, token)
        return self._operate(f"{PAYOUTS}deploy", None, data, signer, {"token": token})

    def plan(self, claims: Claims, reclaim_days: int) -> FundingPlan:
        """What ``fund`` would send first. Nothing is sent, and no key is opened.

        Raises: as ``fund``.
        """
        state = self._read()
        known = find_period(state, claims, self._chain_id())
        if known is not None:
            return FundingPlan("", claims.total, 0, state.token, None, known)
        self._check(state)
        holds, to, data, value, step = self._next(state, claims, state.owner, reclaim_days)
        self._check_money(claims, holds, state.token)
        most = int(self._settings.ledger_max_fee_gwei * GWEI)
        cost = estimate(self._chain, state.owner, to, data, most, value)
        return FundingPlan(step, claims.total, holds, state.token, cost, None)

    def fund(self, claims: Claims, reclaim_days: int) -> Funding | Done | None:
        """Give the contract a period's money, unless it has it.

        Approves the token first where it takes that. Asked again after a crash, it goes on with
        the same transaction; a period that the chain knows is never added again.

        Args:
            claims: the period's claims, once the ledger is known to have entered them.
            reclaim_days: after how many days what nobody claimed may be taken back.

        Returns:
            The funding; how far the transaction came, where it is under way; None where it was not
            confirmed.

        Raises:
            LedgerError: the contract is not ours, is paused or another's, the money is not there,
                or another transaction is under way.
            ChainAwayError: the chain does not answer.
        """
        detail = {"claims": claims.sha256}
        while True:
            state = self._read()
            known = find_period(state, claims, self._chain_id())
            pending = self._journal.load()
            adding = pending is not None and pending.purpose == f"{PAYOUTS}add-period"
            if known is not None and not adding:
                return self._remember(claims, known, "")
            self._check(state)
            signer = self._open_signer(state.owner)
            if signer.address != state.owner:
                raise LedgerError(
                    f"The contract listens to {state.owner}, and the settings name the account "
                    f"{signer.address}.",
                    "Nothing was sent: use the owner's account.",
                )
            holds, to, data, value, step = self._next(
                state, claims, signer.address, reclaim_days, adding=adding
            )
            if not adding:
                self._check_money(claims, holds, state.token)
            if step == "approve":
                done = self._operate(f"{PAYOUTS}approve", to, data, signer, detail)
                if done is None or done.state is not State.FINALIZED:
                    return done
                continue
            done = self._operate(
                f"{PAYOUTS}add-period",
                to,
                data,
                signer,
                detail,
                value,
                by_detail=True,
                check=lambda: self._refuse_known(claims),
            )
            if done is None or done.state is not State.FINALIZED:
                return done
            reach("payouts.funded")
            found = find_period(self._read(), claims, done.chain_id)
            if found is None:
                raise LedgerError(
                    "The transaction is final, and the contract does not show the period.",
                    "The node may be behind: run the same command again.",
                )
            return self._remember(claims, found, done.tx_hash)

    def _next(
        self,
        state: PayoutsState,
        claims: Claims,
        account: str,
        reclaim_days: int,
        *,
        adding: bool = False,
    ) -> tuple[int, str, bytes, int, str]:
        """What the account holds, and the next transaction: to, data, value, and what it does."""
        reclaimable = self._chain.time() + (reclaim_days + 1) * _DAY
        data = contract.add_period(
            claims.root, claims.total, reclaimable, bytes.fromhex(claims.sha256)
        )
        if state.token == NO_TOKEN:
            holds = self._chain.balance(account)
            return holds, state.contract, data, claims.total, "add the period"
        token = state.token
        holds = contract.read_number(self._chain.call(token, contract.balance_of(account)))
        asked = contract.allowance(account, state.contract)
        allowed = contract.read_number(self._chain.call(token, asked))
        if adding or allowed >= claims.total:
            return holds, state.contract, data, 0, "add the period"
        # Some tokens take another allowance only from zero.
        amount = 0 if allowed else claims.total
        return holds, token, contract.approve(state.contract, amount), 0, "approve"

    def _refuse_known(self, claims: Claims) -> None:
        known = find_period(self._read(), claims, self._chain_id())
        if known is not None:
            raise LedgerError(
                f"Another process has added these claims just now, as period {known}.",
                "Nothing was sent: run the command again to see it.",
            )

    def _check(self, state: PayoutsState) -> None:
        if state.paused:
            raise LedgerError("The contract is paused.", "Nothing was sent: end the pause first.")

    def _check_money(self, claims: Claims, holds: int, token: str) -> None:
        if holds < claims.total:
            what = "the chain's coin" if token == NO_TOKEN else f"the token {token}"
            raise LedgerError(
                f"The account holds {holds} of the smallest units of {what}, and the period pays "
                f"{claims.total}.",
                "Nothing was sent: give the account what is missing.",
            )

    def _read(self) -> PayoutsState:
        if not self._settings.ledger_payouts:
            raise LedgerError(
                "No contract for payouts is named.",
                "Make one with `kiyome ledger payouts deploy`, and set ledger_payouts in "
                "kiyome.toml.",
            )
        self._chain_id()
        return read_payouts(self._chain, self._settings.ledger_payouts.lower())

    def _chain_id(self) -> int:
        return check_chain_id(self._chain, self._settings.ledger_chain_id)

    def _remember(self, claims: Claims, period: int, tx_hash: str) -> Funding:
        known = read_funding(claims.folder)
        address = self._settings.ledger_payouts.lower()
        funding = Funding(
            self._chain_id(), address, period, claims.sha256, str(claims.total), tx_hash
        )
        if known is not None and (known.contract, known.period, known.claims_sha256) == (
            address,
            period,
            claims.sha256,
        ):
            return known
        write_funding(claims.folder, funding)
        return funding
