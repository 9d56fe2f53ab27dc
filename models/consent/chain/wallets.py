"""Asking contract wallets (ERC-1271) at a view's block, for those who verify signatures."""

from __future__ import annotations

from models.consent.chain.answers import Failed, Reverted
from models.consent.chain.rpc import BlockView
from models.consent.chain.sources import ChainError


class CallRevertedError(ChainError):
    """The contract refused the call."""


class WalletCalls:
    """Calls of contracts at one block, with errors for what did not return."""

    def __init__(self, view: BlockView) -> None:
        self._view = view

    def call(self, to: str, data: bytes, block: str = "") -> bytes:  # noqa: ARG002  the view's
        """What the contract returns at the view's block, whatever block is asked for.

        Raises:
            CallRevertedError: the contract refused.
            ChainError: it could not be asked.
        """
        outcome = self._view.call_one(to, data)
        if isinstance(outcome, Reverted):
            raise CallRevertedError(f"The contract {to} refused a call.", "Nothing can be done.")
        if isinstance(outcome, Failed):
            raise ChainError(
                f"The contract {to} could not be asked: {outcome.detail}.", "Read again."
            )
        return outcome.data
