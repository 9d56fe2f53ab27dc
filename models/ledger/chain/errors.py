"""What can go wrong between the ledger and its chain, as far as callers tell it apart."""

from __future__ import annotations

from models.errors import LedgerError


class ChainAwayError(LedgerError):
    """The chain does not answer now; nothing is lost, and the same call may succeed later."""


class ForkedHeadError(LedgerError):
    """The chain holds a head that the log on disk does not lead to: one of the two was changed."""


class DisplacedError(LedgerError):
    """Another transaction of the same account was mined in place of the one under way."""
