"""What the ledger's commands open: the ledger, its chain, and the account's password."""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from models.ledger.chain.evm import EvmChain
    from models.ledger.chain.operating import ContractOperator
    from models.ledger.chain.pace import Pace
    from models.ledger.chain.sending import Cost
    from models.ledger.chain.signing import TransactionSigner
    from models.ledger.log import UsageLedger
    from models.settings import Settings


class Seconds(click.FloatRange):
    """A number of seconds: ``nan`` compares with nothing, and would wait for ever."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Refuse what is no number, and infinity."""
        found = super().convert(value, param, ctx)
        if not math.isfinite(found):
            self.fail(f"{value!r} is not a number of seconds.", param, ctx)
        return found


wait_option = click.option(
    "--wait",
    type=Seconds(min=0),
    default=1800.0,
    show_default=True,
    help="Seconds to wait for the block to be final; 0 does not wait.",
)
yes_option = click.option("--yes", is_flag=True, help="Send without asking.")


@dataclass(frozen=True, slots=True)
class Opened:
    """The ledger of a workspace with its settings and its chain."""

    settings: Settings
    ledger: UsageLedger
    chain: EvmChain


@contextmanager
def opened(workspace: Path | None, *, begin: bool = False) -> Iterator[Opened]:
    """Open the ledger and its chain.

    Args:
        workspace: the folder that the command line names.
        begin: begin a ledger where there is none.

    Raises:
        LedgerError: there is no ledger, or the settings name no chain.
    """
    from models.ledger.chain.backends import open_backend
    from models.ledger.chain.evm import EvmChain
    from models.settings import load_settings

    settings = load_settings(workspace=workspace)
    ledger = open_ledger_of(settings, begin=begin)
    chain = EvmChain(open_backend(settings))
    try:
        yield Opened(settings, ledger, chain)
    finally:
        chain.close()


def open_ledger(workspace: Path | None) -> UsageLedger:
    """Open the ledger of a workspace.

    Raises:
        LedgerError: there is none, or it cannot be opened.
    """
    from models.settings import load_settings

    return open_ledger_of(load_settings(workspace=workspace))


def make_folder(folder: Path) -> None:
    """Make the folder that proof files are written to, where it is missing.

    Raises:
        LedgerError: it cannot be made.
    """
    from models.errors import LedgerError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LedgerError(
            f"The folder {folder} cannot be made: {error.strerror}.",
            "Name a folder that can be written.",
        ) from error


def open_ledger_of(settings: Settings, *, begin: bool = False) -> UsageLedger:
    """Open the ledger of the workspace that the settings name.

    Raises:
        LedgerError: there is none and ``begin`` does not ask for one, or it cannot be opened.
    """
    from models.errors import LedgerError
    from models.ledger.log import UsageLedger

    folder = settings.workspace.absolute() / "ledger"
    if not begin and not folder.is_dir():
        raise LedgerError(
            f"There is no ledger in {folder}.", "`kiyome cleanse` begins one with a release."
        )
    return UsageLedger.open(folder, settings.ledger_origin)


def make_pace(wait: float) -> Pace:
    """How long a command waits for what."""
    from models.ledger.chain.pace import Pace

    return Pace(final_within=wait)


def ask_password() -> str:
    """The key file's password, from a person."""
    found: str = click.prompt("Password of the account's key file", hide_input=True, err=True)
    return found


def say(text: str) -> None:
    """A sentence about what is going on."""
    click.echo(text, err=True)


def signer_opener(settings: Settings) -> Callable[[str], TransactionSigner]:
    """Opens the account's signer once, asking for a password where it takes one."""
    from models.ledger.chain.signing import open_signer

    @cache
    def open_account(account: str) -> TransactionSigner:
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always", UserWarning)
            signer = open_signer(settings, account=account or None, ask_password=ask_password)
        for each in warned:
            say(str(each.message))  # a sentence, without the line of code that said it
        return signer

    return open_account


def operator_of(found: Opened, wait: float, *, yes: bool, what: str) -> ContractOperator:
    """Sends to the contract, after asking a person.

    Args:
        found: the ledger and its chain.
        wait: seconds to wait for finality.
        yes: do not ask.
        what: what is going to be done, as a sentence.
    """
    from models.ledger.chain.operating import ContractOperator

    return ContractOperator(
        found.ledger.private_folder,
        found.chain,
        found.settings,
        signer_opener(found.settings),
        make_pace(wait),
        say,
        confirmation(yes=yes, what=what),
    )


def confirmation(*, yes: bool, what: str) -> Callable[[int, str, Cost], bool]:
    """Asks a person before anything is sent, with what it costs.

    Args:
        yes: do not ask.
        what: what is going to be done, as a sentence.
    """

    def confirm(chain_id: int, account: str, cost: Cost) -> bool:
        click.echo(f"chain    {chain_id}\naccount  {account}")
        click.echo(f"gas      {cost.gas:,}, at most {cost.wei / 10**18:.6f} of the chain's coin")
        return yes or click.confirm(f"{what} It costs that, and cannot be taken back.", err=True)

    return confirm
