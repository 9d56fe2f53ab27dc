"""The usage ledger on owners' pages: opened once, read only, and never named in a log."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast
from urllib.parse import urlsplit

from fastapi import Depends, Request

from models.settings import Settings

if TYPE_CHECKING:
    from models.owners.usage import BatchUsage, UsageHistory

COUNTED_S = 0.1
"""So much CPU time a page spends on batches that were not counted before."""


@dataclass(slots=True)
class OwnerLedger:
    """The ledger of the workspace, and what the settings let browsers know of its chain.

    Attributes:
        folder: the ledger's.
        explorer: address of a transaction's page, with {tx} in it; "" for none.
        rpc: endpoint that browsers may ask; "" for none.
        contract, chain_id: what they ask it about.
    """

    folder: Path
    explorer: str = ""
    rpc: str = ""
    contract: str = ""
    chain_id: int = 0
    _opened: UsageHistory | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def history(self) -> UsageHistory | None:
        """What owners are shown of the ledger; None where none has been begun.

        Raises:
            LedgerError: its signing key is damaged, or can be read by others.
        """
        # Cryptography, which no page of reviewers needs.
        from models.owners.own_ledger import open_own_ledger
        from models.owners.usage import UsageHistory

        with self._lock:
            if self._opened is None:
                ledger = open_own_ledger(self.folder)
                self._opened = None if ledger is None else UsageHistory(ledger)
            return self._opened

    def explore(self, tx_hash: str) -> str:
        """The address of a transaction's page at the block explorer; "" without one."""
        return self.explorer.replace("{tx}", tx_hash)


def references(history: UsageHistory, identities: Sequence[str]) -> list[tuple[str, str]]:
    """An owner's pseudonyms in the ledger, each with its identity."""
    return [(history.ledger.reference(identity), identity) for identity in identities]


def list_so_far(
    history: UsageHistory, identities: Sequence[str]
) -> tuple[list[tuple[BatchUsage, str]], int]:
    """Batches for every identity of an owner, the newest first, as far as they are counted.

    Returns:
        Those, and how many are left: they are counted on while nobody waits.

    Raises:
        LedgerError: a file of the ledger is missing or damaged.
    """
    named = references(history, identities)
    listed: list[tuple[BatchUsage, str]] = []
    left = 0
    for reference, identity in named:
        counted, uncounted = history.batches_so_far(reference, COUNTED_S / len(named))
        listed += [(usage, identity) for usage in counted]
        left += uncounted
    if left:
        history.count_on([reference for reference, _ in named])
    listed.sort(key=lambda pair: -pair[0].size)
    return listed, left


def choose_ledger(settings: Settings) -> OwnerLedger:
    """The ledger that the settings name."""
    return OwnerLedger(
        settings.workspace.absolute() / "ledger",
        settings.ledger_explorer,
        settings.ledger_rpc_public,
        settings.ledger_contract.lower(),
        settings.ledger_chain_id,
    )


def origin_of(address: str) -> str:
    """What a content security policy calls an address; "" for none."""
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def get_owner_ledger(request: Request) -> OwnerLedger:
    """The ledger of the site that a request is for."""
    return cast("OwnerLedger", request.app.state.owner_ledger)


ThisLedger = Annotated[OwnerLedger, Depends(get_owner_ledger)]
