"""What on a chain is looked at: collections of tokens, and registries of commits."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from models.consent.subjects import Subject, SubjectKind
from models.errors import KiyomeError
from models.fetching.fetched import Fetched

Resolve = Callable[[str], Fetched]  # ``Resolver.resolve``: raises FetchError
Standard = Literal["auto", "erc721", "erc1155"]

_CHAIN = re.compile(r"eip155:([1-9][0-9]{0,17})")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
MAX_TOKEN = 2**256 - 1


class ChainError(KiyomeError):
    """A chain cannot be read as it was asked for."""


class WrongChainError(ChainError):
    """The node serves another chain than the one asked for."""


class BlockChangedError(ChainError):
    """The block that was read at is no longer part of the chain: read anew."""


@dataclass(frozen=True, slots=True)
class Collection:
    """A contract whose tokens say what their images may be used for.

    Attributes:
        chain: CAIP-2, ``"eip155:1"``.
        contract: its address.
        standard: ``"erc721"``, ``"erc1155"``, or ``"auto"`` to ask the contract.
        from_block: where its events begin.
        holder: the rights holder whose contract the operator recognises this to be; "" where it
            is not recognised: then it can refuse, and not grant.
        tokens: the ids to read; empty for all.
    """

    chain: str
    contract: str
    standard: Standard = "auto"
    from_block: int = 0
    holder: str = ""
    tokens: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        _check(self.chain, self.from_block, self.contract)
        if self.standard not in ("auto", "erc721", "erc1155"):
            raise ChainError(
                f"There is no token standard called {self.standard!r}.",
                "Write erc721, erc1155 or auto.",
            )
        if any(not 0 <= token <= MAX_TOKEN for token in self.tokens):
            raise ChainError(
                f"{self.contract} cannot have a token of that id.", "Write ids of 0 to 2**256 - 1."
            )

    @property
    def address(self) -> str:
        """The contract's address in lower case."""
        return self.contract.lower()

    @property
    def recognised(self) -> bool:
        """Whether the operator recognises the contract as the rights holder's."""
        return bool(self.holder.strip())


@dataclass(frozen=True, slots=True)
class CommitRegistry:
    """A contract in which anyone commits to asset CIDs (ERC-7053).

    Attributes:
        chain: CAIP-2, ``"eip155:10507"``.
        contract: its address.
        from_block: where its events begin.
        custodians: addresses that record for others and are trusted to check who they are.
    """

    chain: str
    contract: str
    from_block: int = 0
    custodians: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        _check(self.chain, self.from_block, self.contract, *self.custodians)

    @property
    def address(self) -> str:
        """The contract's address in lower case."""
        return self.contract.lower()

    @property
    def source(self) -> str:
        """How observations of it are named: ``"eip155:10507/erc7053:0x…"``."""
        return f"{self.chain}/erc7053:{self.address}"


@dataclass(frozen=True, slots=True, order=True)
class TokenRef:
    """One token.

    Attributes:
        chain: CAIP-2.
        standard: ``"erc721"`` or ``"erc1155"``.
        contract: address in lower case.
        token: its id.
    """

    chain: str
    standard: str
    contract: str
    token: int

    def __str__(self) -> str:
        """CAIP-19: ``"eip155:1/erc721:0xabc…/7"``."""
        return f"{self.chain}/{self.standard}:{self.contract}/{self.token}"

    @property
    def subject(self) -> Subject:
        """The token as the subject of a statement."""
        return Subject(SubjectKind.TOKEN, str(self))


def chain_number(chain: str) -> int:
    """The chain id in a CAIP-2 name.

    Raises:
        ChainError: it is not the name of an EVM chain.
    """
    match = _CHAIN.fullmatch(chain)
    if match is None:
        raise ChainError(
            f"{chain!r} is not the name of an EVM chain.", "Write it like eip155:1 (CAIP-2)."
        )
    return int(match[1])


def is_address(text: object) -> bool:
    """Whether ``text`` is an address: ``0x`` and 40 hex digits, in any case."""
    return isinstance(text, str) and _ADDRESS.fullmatch(text) is not None


def _check(chain: str, from_block: int, *addresses: str) -> None:
    chain_number(chain)
    if from_block < 0:
        raise ChainError("A block number cannot be negative.", "Write from_block = 0 or more.")
    for address in addresses:
        if not is_address(address):
            raise ChainError(
                f"{address!r} is not an address.", "Write 0x and 40 hexadecimal digits."
            )
