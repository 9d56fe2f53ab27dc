"""Making the ledger's contract, handing it over, and stopping it: the same way as anchoring."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from models.errors import LedgerError
from models.ledger.chain.backends import require_chain
from models.ledger.chain.contract import UsageLedgerContract
from models.ledger.chain.errors import ChainAwayError
from models.ledger.chain.evm import EvmChain
from models.ledger.chain.fees import GWEI
from models.ledger.chain.heads import check_chain_id, read_contract
from models.ledger.chain.journal import PAYOUTS, ChainJournal, Pending, State
from models.ledger.chain.pace import Pace
from models.ledger.chain.sending import Cost, Limits, TransactionSender
from models.ledger.chain.signing import TransactionSigner
from models.settings import Settings


@dataclass(frozen=True, slots=True)
class Done:
    """What an operation came to.

    Attributes:
        state: FINALIZED, or how far it came in the time that there was.
        tx_hash: the transaction, once it is in a block; "" before.
        contract: the address of the contract that was made; "" where none was.
        chain_id: the chain it was sent to.
    """

    state: State
    tx_hash: str
    contract: str
    chain_id: int


class Operator:
    """Sends one transaction at a time, after a person has said so.

    Args:
        private: the ledger's private folder: one journal for all transactions of its account.
        chain, settings: where the contract is, or is going to be.
        open_signer: opens the signer; takes the account that is meant, "" for the only one.
        pace, say: how long to wait, and who hears about it.
        confirm: asked before anything is spent; False ends it.
    """

    def __init__(
        self,
        private: Path,
        chain: EvmChain,
        settings: Settings,
        open_signer: Callable[[str], TransactionSigner],
        pace: Pace,
        say: Callable[[str], None],
        confirm: Callable[[int, str, Cost], bool] = lambda *_: True,
    ) -> None:
        require_chain(settings)
        self._chain = chain
        self._settings = settings
        self._open_signer = open_signer
        self._pace = pace
        self._say = say
        self._confirm = confirm
        self._journal = ChainJournal(private)

    def _operate(
        self,
        purpose: str,
        to: str | None,
        data: bytes,
        signer: TransactionSigner,
        detail: dict[str, Any],
        value: int = 0,
        *,
        by_detail: bool = False,
        check: Callable[[], None] = lambda: None,
    ) -> Done | None:
        """Send it, or go on with it where it is under way.

        Args:
            value: wei that are sent along.
            by_detail: what is under way is the same where its detail is, whatever its data.
            check: called once nobody else can send any more, and nothing is under way; raises
                where it must not be sent.
        """
        limits = Limits(
            int(self._settings.ledger_max_fee_gwei * GWEI), self._settings.ledger_confirmations
        )
        sender = TransactionSender(
            self._chain, self._journal, signer, limits, self._pace, self._say
        )
        chain_id = check_chain_id(self._chain, self._settings.ledger_chain_id)
        with self._journal.hold(self._pace.lock_within):
            pending = self._journal.load()
            if pending is None:
                check()
                if not self._confirm(chain_id, signer.address, sender.estimate(to, data, value)):
                    return None
                pending = sender.begin(chain_id, purpose, to, data, detail, value)
            elif (pending.purpose, pending.to, pending.chain_id) != (
                purpose,
                to or "",
                chain_id,
            ) or not (pending.detail == detail if by_detail else pending.data == data.hex()):
                raise LedgerError(
                    f"Another transaction is under way ({pending.purpose}).",
                    _finish_first(pending.purpose),
                )
            pending = sender.carry_on(pending)
            if pending.state is not State.FINALIZED:
                return Done(pending.state, pending.tx_hash, "", chain_id)
            return self._conclude(pending)

    def _conclude(self, pending: Pending) -> Done:
        place = self._chain.mined(pending.tx_hash)
        if place is None:
            raise ChainAwayError(
                f"The node at {self._chain.name} does not show the transaction "
                f"{pending.tx_hash}, although it was final.",
                "Nothing is lost: run the same command again.",
            )
        self._journal.clear()
        if not place.succeeded:
            raise LedgerError(
                f"The contract refused the transaction {pending.tx_hash} ({pending.purpose}).",
                "`kiyome ledger status` shows its state.",
            )
        made = None if pending.to else place.contract
        return Done(State.FINALIZED, place.tx_hash, made or "", pending.chain_id)


class ContractOperator(Operator):
    """Sends what is not an anchor to the ledger's contract."""

    def deploy(self) -> Done | None:
        """Make a contract, with the account of the settings as its operator.

        Asked again after a crash, it goes on with the same one.

        Returns:
            What came of it; None where it was not confirmed.

        Raises:
            LedgerError: the settings name a contract, the account cannot pay, or another
                transaction is under way.
            ChainAwayError: the chain does not answer.
        """
        if self._settings.ledger_contract:
            raise LedgerError(
                f"The settings name a contract already, {self._settings.ledger_contract}.",
                "One log has one contract: take ledger_contract out of kiyome.toml only where that "
                "one is lost.",
            )
        signer = self._open_signer("")
        data = UsageLedgerContract().deployment(signer.address)
        return self._operate("deploy", None, data, signer, {})

    def propose(self, account: str) -> Done | None:
        """Offer the contract to another account, which has to accept it. Raises: as ``deploy``."""
        return self._call("propose", UsageLedgerContract().propose_operator(account))

    def accept(self) -> Done | None:
        """Take the contract over, with the account that was proposed. Raises: as ``deploy``."""
        contract = self._contract()
        state = read_contract(self._chain, contract)
        signer = self._open_signer(state.pending_operator)
        if signer.address != state.pending_operator:
            raise LedgerError(
                f"The contract was offered to {state.pending_operator}, and the settings name the "
                f"account {signer.address}.",
                "Nothing was sent: use the account that it was offered to.",
            )
        data = UsageLedgerContract().accept_operator()
        return self._operate("accept", contract, data, signer, {})

    def pause(self) -> Done | None:
        """Let no head in until ``unpause``. Raises: as ``deploy``."""
        return self._call("pause", UsageLedgerContract().pause())

    def unpause(self) -> Done | None:
        """Let heads in again. Raises: as ``deploy``."""
        return self._call("unpause", UsageLedgerContract().unpause())

    def _call(self, purpose: str, data: bytes) -> Done | None:
        contract = self._contract()
        state = read_contract(self._chain, contract)
        signer = self._open_signer(state.operator)
        if signer.address != state.operator:
            raise LedgerError(
                f"The contract listens to {state.operator}, and the settings name the account "
                f"{signer.address}.",
                "Nothing was sent: use the operator's account.",
            )
        return self._operate(purpose, contract, data, signer, {})

    def _contract(self) -> str:
        if not self._settings.ledger_contract:
            raise LedgerError("No contract is named.", "Set ledger_contract in kiyome.toml.")
        check_chain_id(self._chain, self._settings.ledger_chain_id)
        return self._settings.ledger_contract.lower()


def _finish_first(purpose: str) -> str:
    if purpose.startswith(PAYOUTS):
        return "Finish it first: run the same `kiyome ledger payouts` command again."
    if purpose == "deploy":
        return "Finish it first: run `kiyome ledger deploy` with the same settings."
    return "Let `kiyome ledger anchor` finish it first."
