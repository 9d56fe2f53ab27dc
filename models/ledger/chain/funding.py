"""What a period pays by contract, what the contract says, and which of its periods is which.

A period is known on the chain by the root of its payout tree, and here by ``funding.json`` beside
its ``claims.json``, which says which of the contract's periods it is.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from models.errors import LedgerError
from models.files import write_atomically
from models.ledger.chain import payouts_contract as contract
from models.ledger.chain.evm import EvmChain
from models.ledger.chain.payouts_contract import PeriodOnChain
from models.ledger.commitments import decode_canonical, encode_canonical

FORMAT = "kiyome.funding/1"


@dataclass(frozen=True, slots=True)
class Claims:
    """What a period pays by contract, as its ``claims.json`` says.

    Attributes:
        sha256: of the file, in hex: what the ledger's batch and the contract name it by.
        root: of the payout tree.
        total: in the token's smallest units.
        folder: where the file lies.
        count: how many claims there are.
    """

    sha256: str
    root: bytes
    total: int
    folder: Path
    count: int


@dataclass(frozen=True, slots=True)
class Funding:
    """Which of the contract's periods pays some claims; ``tx_hash`` is "" where that was lost."""

    chain_id: int
    contract: str
    period: int
    claims_sha256: str
    total: str
    tx_hash: str


@dataclass(frozen=True, slots=True)
class PayoutsState:
    """What the contract says at the newest block. Its periods are numbered from 1."""

    contract: str
    owner: str
    token: str
    paused: bool
    periods: tuple[PeriodOnChain, ...]


def read_payouts(chain: EvmChain, address: str) -> PayoutsState:
    """Ask the contract for everything.

    Raises:
        LedgerError: there is another contract at the address, or none.
        ChainAwayError: no answer.
    """
    if not contract.is_published_code(chain.code(address)):
        raise LedgerError(
            f"The code at {address} on the chain at {chain.name} is not that of Payouts.",
            "Correct ledger_payouts in kiyome.toml, or make one with `kiyome ledger payouts "
            "deploy`.",
        )

    def number(name: str) -> int:
        return contract.read_number(chain.call(address, contract.ask(name)))

    periods = (
        contract.read_period(chain.call(address, contract.ask("periods", at)))
        for at in range(1, number("count") + 1)
    )
    return PayoutsState(
        address,
        contract.read_address(chain.call(address, contract.ask("owner"))),
        contract.read_address(chain.call(address, contract.ask("TOKEN"))),
        number("paused") != 0,
        tuple(periods),
    )


def read_funding(folder: Path) -> Funding | None:
    """What is known of a period's money; None where nothing is.

    Raises:
        LedgerError: the file is damaged.
    """
    path = folder / "funding.json"
    try:
        value = decode_canonical(path.read_bytes().removesuffix(b"\n"))
        form = value.pop("format")
        funding = Funding(**value)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise LedgerError(
            f"{path} cannot be read: {error}.", "Restore it from a backup."
        ) from error
    if form != FORMAT:
        raise LedgerError(f"{path} is not of the format {FORMAT}.", "Restore it from a backup.")
    return funding


def find_period(state: PayoutsState, claims: Claims, chain_id: int) -> int | None:
    """Which of the contract's periods pays these claims; None where none does.

    It is the one with their root. Two periods may have the same root, where the same accounts are
    due the same: one that ``funding.json`` gives to other claims is not theirs.
    """
    others: set[int] = set()
    for path in claims.folder.parent.glob("*/funding.json"):
        other = read_funding(path.parent)
        if other is None or (other.chain_id, other.contract) != (chain_id, state.contract):
            continue
        if other.claims_sha256 == claims.sha256:
            return other.period
        others.add(other.period)
    for number, period in enumerate(state.periods, 1):
        if period.root == claims.root and number not in others:
            return number
    return None


def read_claims(folder: Path, entered_sha256: str) -> Claims:
    """The claims of a period, once they are those that the ledger entered.

    Args:
        folder: holds ``claims.json``.
        entered_sha256: the digest in the period's batch.

    Raises:
        LedgerError: the file is missing or another.
    """
    path = folder / "claims.json"
    try:
        data = path.read_bytes()
    except OSError as error:
        raise LedgerError(
            f"The claims {path} cannot be read: {error.strerror}.",
            "`kiyome ledger pay` makes them, where owners have accounts.",
        ) from error
    digest = hashlib.sha256(data).hexdigest()
    if digest != entered_sha256:
        raise LedgerError(
            f"{path} is not the one whose digest the ledger entered.",
            "Run `kiyome ledger pay` again, which makes the same file from what was entered.",
        )
    value: dict[str, Any] = decode_canonical(data.removesuffix(b"\n"))
    root = bytes.fromhex(value["root"].removeprefix("0x"))
    return Claims(digest, root, int(value["total"]), folder, len(value["claims"]))


def write_funding(folder: Path, funding: Funding) -> None:
    """Remember which of the contract's periods pays the claims in a folder.

    Raises:
        LedgerError: it cannot be written.
    """
    data = encode_canonical({**asdict(funding), "format": FORMAT}) + b"\n"
    try:
        write_atomically(folder / "funding.json", data)
    except OSError as error:
        raise LedgerError(
            f"The period has its money, but {folder / 'funding.json'} cannot be written: "
            f"{error.strerror}.",
            "Make room on the disk and run the same command again.",
        ) from error
