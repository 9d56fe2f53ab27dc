"""Whether a wallet signed a message: by its key, or by its own word where it is a contract.

A key's address is the same person's on every chain. A contract's is not: somebody else may put
another contract at the same address of another chain, and let it accept anything. Statements name
an address without its chain, so a contract wallet proves itself only where no other chain that is
configured knows the address as a contract that refuses.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from enum import StrEnum

from models.consent.signed.recovery import SIGNATURE_BYTES, SignatureError, recover_address
from models.owners.wallet_messages import WalletMessage, digest_message

MAX_SIGNATURE = 4096
"""Bytes; a contract wallet with many owners joins their signatures."""

_HEX = re.compile(r"(?:0x)?([0-9a-f]{2,})", re.ASCII | re.IGNORECASE)


class Failing(StrEnum):
    """Why a wallet is not proven."""

    UNREADABLE = "unreadable"  # what was given is no signature
    NOT_SIGNED = "not_signed"  # it is not by this wallet, or of another message
    NO_CHAIN = "no_chain"  # only a contract can have signed, and its chain is not configured
    NOT_ASKED = "not_asked"  # a chain did not answer, or the wallet is not deployed yet
    ELSEWHERE = "elsewhere"  # a contract at this address of another chain refuses


CheckContract = Callable[[int, str, bytes, bytes], Failing | None]
"""Chain id, address, digest, signature: why a contract wallet is not proven, or None."""


def parse_signature(given: str) -> bytes | None:
    """The bytes of a signature in hex, with 0x or without; None where it is none."""
    match = _HEX.fullmatch("".join(given.split()))
    if match is None or len(match[1]) % 2 or len(match[1]) > 2 * MAX_SIGNATURE:
        return None
    return bytes.fromhex(match[1])


def find_failing(
    message: WalletMessage, text: str, signature: bytes, check_contract: CheckContract
) -> Failing | None:
    """Why a signature does not prove that a wallet signed a message; None where it does.

    Args:
        message, text: what was to be signed, read and as it was sent.
        check_contract: asked where the signature is not by the address's own key.
    """
    digest = digest_message(text)
    if len(signature) == SIGNATURE_BYTES:
        try:
            if recover_address(digest, signature) == message.address:
                return None
        except SignatureError:
            pass  # a contract may still accept it: it decides what its signatures look like
    found = check_contract(message.chain_id, message.address, digest, signature)
    if found is Failing.NO_CHAIN and len(signature) <= SIGNATURE_BYTES:
        return Failing.NOT_SIGNED
    return found


def ask_contracts(nodes: Mapping[str, str]) -> CheckContract:
    """A check that asks nodes at their newest finalized block (ERC-1271, ERC-6492).

    Args:
        nodes: JSON-RPC endpoint by chain, as in ``{"eip155:1": "https://…"}``.
    """

    def check(chain_id: int, address: str, digest: bytes, signature: bytes) -> Failing | None:
        if f"eip155:{chain_id}" not in nodes:
            return Failing.NO_CHAIN
        return _ask(nodes, chain_id, address, digest, signature)

    return check


def _ask(
    nodes: Mapping[str, str], chain_id: int, address: str, digest: bytes, signature: bytes
) -> Failing | None:
    from models.consent.chain.rpc import ChainReader
    from models.consent.chain.sources import ChainError, chain_number
    from models.consent.chain.wallets import CallRevertedError, WalletCalls
    from models.consent.signed.erc1271 import contract_check

    named = f"eip155:{chain_id}"
    with ExitStack() as stack:
        try:
            for chain in sorted(nodes, key=lambda each: each != named):
                reader = stack.enter_context(
                    ChainReader(chain, nodes[chain], timeout=10.0, attempts=2)
                )
                view = reader.open_view()
                has_code = view.has_code(address)
                if chain != named and has_code is False:
                    continue
                number = chain_number(chain)
                ask = contract_check({number: WalletCalls(view)}, ChainError, (CallRevertedError,))
                accepted = None if has_code is None else ask(number, address, digest, signature)
                if accepted is None:
                    return Failing.NOT_ASKED
                if not accepted:
                    return Failing.NOT_SIGNED if chain == named else Failing.ELSEWHERE
        except ChainError:
            return Failing.NOT_ASKED
    return None
