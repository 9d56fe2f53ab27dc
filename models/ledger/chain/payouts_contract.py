"""The contract that pays owners (``contracts/Payouts.vy``): what to send it, what it answers.

Nothing here talks to a chain. The token's functions are those of ERC-20.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from models.errors import LedgerError
from models.ledger.chain.contract import check_address, load_artifact

NO_TOKEN = "0x" + "00" * 20
"""In the place of a token: the chain's own coin."""

_NAME = "Payouts"
_ERC20 = {
    "allowance": ("address", "address"),
    "approve": ("address", "uint256"),
    "balanceOf": ("address",),
}


@dataclass(frozen=True, slots=True)
class PeriodOnChain:
    """A period that the contract pays. ``remaining`` is in the token's smallest units.

    From ``reclaimable_from`` on (UTC seconds since 1970) the owner may take that back.
    """

    root: bytes
    remaining: int
    reclaimable_from: int


def deployment(owner: str, token: str) -> bytes:
    """The data of the transaction that makes a contract.

    Raises:
        LedgerError: one of them is no address.
    """
    from eth_abi.abi import encode

    given = [check_address(owner), check_address(token)]
    return load_artifact(_NAME).bytecode + encode(["address", "address"], given)


def is_published_code(code: bytes) -> bool:
    """Whether code on a chain is this contract's: the token's address follows it."""
    runtime = load_artifact(_NAME).runtime
    return code[: len(runtime)] == runtime and len(code) == len(runtime) + 32


def add_period(root: bytes, total: int, reclaimable_from: int, statement: bytes) -> bytes:
    """Add a period with the money for it."""
    return _encode("addPeriod", root, total, reclaimable_from, statement)


def ask(name: str, *arguments: Any) -> bytes:
    """Ask a view: ``owner``, ``TOKEN``, ``paused``, ``count`` or ``periods``."""
    return _encode(name, *arguments)


def approve(spender: str, amount: int) -> bytes:
    """Let a contract take tokens."""
    return _encode_erc20("approve", spender, amount)


def allowance(owner: str, spender: str) -> bytes:
    """Ask what a contract may take; ``read_number`` decodes the answer."""
    return _encode_erc20("allowance", owner, spender)


def balance_of(owner: str) -> bytes:
    """Ask what an account holds; ``read_number`` decodes the answer."""
    return _encode_erc20("balanceOf", owner)


def read_number(answer: bytes) -> int:
    """A number.

    Raises:
        LedgerError: the answer is none.
    """
    if len(answer) != 32:
        raise _not_ours()
    return int.from_bytes(answer, "big")


def read_address(answer: bytes) -> str:
    """An address, ``0x…`` in lower case.

    Raises:
        LedgerError: the answer is none.
    """
    if len(answer) != 32 or any(answer[:12]):
        raise _not_ours()
    return "0x" + answer[12:].hex()


def read_period(answer: bytes) -> PeriodOnChain:
    """A period.

    Raises:
        LedgerError: the answer is none.
    """
    if len(answer) != 96:
        raise _not_ours()
    numbers = (int.from_bytes(answer[at : at + 32], "big") for at in (32, 64))
    return PeriodOnChain(answer[:32], *numbers)


@cache
def _types(name: str) -> tuple[str, ...]:
    for entry in load_artifact(_NAME).abi:
        if entry["type"] == "function" and entry["name"] == name:
            return tuple(part["type"] for part in entry["inputs"])
    raise ValueError(f"the contract has no function {name}")


def _encode(name: str, *arguments: Any) -> bytes:
    return _call(name, _types(name), arguments)


def _encode_erc20(name: str, *arguments: Any) -> bytes:
    return _call(name, _ERC20[name], arguments)


def _call(name: str, types: Sequence[str], arguments: Sequence[Any]) -> bytes:
    from eth_abi.abi import encode
    from eth_utils.crypto import keccak

    return keccak(text=f"{name}({','.join(types)})")[:4] + encode(types, arguments)


def _not_ours() -> LedgerError:
    return LedgerError(
        "What answers at the address is not a contract for payouts, or not a token.",
        "Correct ledger_payouts or the token's address.",
    )
