"""Which wallets may sign in, and what there is to ask about them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models.owners.known_wallets import KnownWallets
from models.owners.wallet_proofs import CheckContract, ask_contracts
from models.settings import Settings
from models.store.database import Database


@dataclass(frozen=True, slots=True)
class Wallets:
    """What signing in with a wallet depends on.

    Attributes:
        admits: whether an owner's account is made for an address that has none.
        spellings: how statements name an address as their setter.
        check_contract: asks a contract wallet for its word.
        chains: EIP-155 numbers of the chains that can be asked, in order.
    """

    admits: Callable[[str], bool]
    spellings: Callable[[str], tuple[str, ...]]
    check_contract: CheckContract
    chains: tuple[int, ...]


def choose_wallets(settings: Settings, database: Database) -> Wallets:
    """What the settings say of wallets."""
    known = KnownWallets(database, settings.workspace.absolute())
    admits: dict[str, Callable[[str], bool]] = {
        "refuse": lambda _: False,
        "known": known.knows,
        "anyone": lambda _: True,
    }
    return Wallets(
        admits=admits[settings.owner_wallets],
        spellings=known.spellings,
        check_contract=ask_contracts(settings.consent_rpc),
        chains=tuple(sorted(int(chain.partition(":")[2]) for chain in settings.consent_rpc)),
    )
