"""Where owners' money goes: an EVM account for each, or several with whole-number shares.

The file is private, unlike the rules: it says which account belongs to which pseudonym.
"""

from __future__ import annotations

import re
from pathlib import Path

from models.errors import LedgerError
from models.ledger.compensation.toml_file import Fields, read_toml

FORMAT = "kiyome.accounts/1"
Accounts = dict[str, dict[str, int]]
"""Shares by account, by owner."""


def load_accounts(path: Path) -> Accounts:
    """Read an accounts file: for each owner's reference the accounts and their shares.

    Raises:
        LedgerError: it cannot be read, an address fails its checksum, or a share is no whole
            number above zero. The message names the field.
    """
    _, value = read_toml(path)
    fields = Fields(path, "", value)
    fields.text("format", FORMAT)
    owners = fields.table("owners")
    fields.finish()
    found: Accounts = {}
    for reference, table in owners.items():
        if not re.fullmatch("[0-9a-f]{32}", reference, re.ASCII):
            fields.fail(f"owners.{reference}", "is not the reference of an owner, 32 hex digits")
        shares = Fields(path, f"owners.{reference}.", table)
        found[reference] = {
            check_address(account): shares.whole(account, 1, 10**9) for account in table
        }
        if not found[reference]:
            shares.fail("", "names no account")
    return found


def check_address(address: str) -> str:
    """The address, once its checksum (EIP-55) holds. Other spellings are refused: a mistyped
    account would be paid all the same.

    Raises:
        LedgerError: it is no address with a checksum, or the zero address.
    """
    if not re.fullmatch("0x[0-9a-fA-F]{40}", address, re.ASCII) or address != to_checksum(address):
        raise LedgerError(
            f"{address!r} is not an address with its checksum (EIP-55).",
            "Copy it from the wallet, capital letters included.",
        )
    if not int(address, 16):
        raise LedgerError("The zero address belongs to nobody.", "Give the owner's account.")
    return address


def to_checksum(address: str) -> str:
    """An address in the spelling of EIP-55."""
    from eth_utils.crypto import keccak

    digits = address[2:].lower()
    digest = keccak(text=digits).hex()
    pairs = zip(digits, digest, strict=False)
    return "0x" + "".join(c.upper() if int(nibble, 16) >= 8 else c for c, nibble in pairs)
