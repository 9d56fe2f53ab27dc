"""Tokens that a dataset's record names: which NFT an image belongs to.

Read are CAIP-19 names wherever they stand, and objects that name a contract and a token:

| What | Keys (case, ``_`` and ``-`` do not matter) |
|---|---|
| contract | ``contract``, ``contract_address``, ``token_address``, ``collection_address``, or an object under ``contract`` / ``asset_contract`` / ``collection`` with an ``address`` |
| token | ``token_id``, ``identifier``; decimal, or hexadecimal with ``0x`` |
| chain | ``chain``, ``chain_id``, ``network``, ``blockchain``: a number, ``eip155:1``, or a name |
| standard | ``token_standard``, ``standard``, ``schema_name``, ``token_type``, ``contract_type`` |

Where no chain is named anywhere it is Ethereum; where no standard is named it may be either of
ERC-721 and ERC-1155, and both are given. Links to market places and explorers are not parsed.
"""  # noqa: E501

from __future__ import annotations

import re
from typing import Any

from models.consent.reading_json import Pairs, walk
from models.consent.subjects import Subject, SubjectKind
from models.consent.web.kept_values import plain_key

_MAX_TOKENS = 256
_MAX_TOKEN_ID = 2**256
_CAIP_19 = re.compile(
    r"(?<![a-z0-9:])eip155:([0-9]{1,32})/(erc721|erc1155):(0x[0-9a-f]{40})/([0-9]{1,78})(?![0-9a-z])",
    re.IGNORECASE,
)
_ADDRESS = re.compile(r"0x[0-9a-f]{40}", re.IGNORECASE)
_CONTRACT_KEYS = (
    "contract",
    "contractaddress",
    "assetcontract",
    "assetcontractaddress",
    "tokenaddress",
    "collection",
    "collectionaddress",
)
_TOKEN_KEYS = ("tokenid", "identifier")
_CHAIN_KEYS = ("chain", "chainid", "network", "blockchain")
_STANDARD_KEYS = ("tokenstandard", "standard", "schemaname", "tokentype", "contracttype")
_CHAINS = {
    "ethereum": 1,
    "eth": 1,
    "mainnet": 1,
    "ethereummainnet": 1,
    "ethmainnet": 1,
    "homestead": 1,
    "optimism": 10,
    "bsc": 56,
    "bnb": 56,
    "polygon": 137,
    "matic": 137,
    "base": 8453,
    "numbers": 10507,
    "numbersmainnet": 10507,
    "arbitrum": 42161,
    "arbitrumone": 42161,
    "avalanche": 43114,
    "zora": 7777777,
    "sepolia": 11155111,
}


def token_refs_in(document: Pairs) -> tuple[Subject, ...]:
    """The tokens that a record names, as CAIP-19 subjects, each once and in order. Never raises."""
    found: dict[Subject, None] = {}
    chains = {chain for node in walk(document) for chain in _chains_of(node)}
    default = 1 if not chains else chains.pop() if len(chains) == 1 else None
    for node in walk(document):
        for _, value in node:
            for text in value if isinstance(value, list) else [value]:
                if isinstance(text, str):
                    for match in _CAIP_19.finditer(text[:10_000]):
                        _add(found, int(match[1]), match[2], match[3], int(match[4]))
        _read_object(node, default, found)
        if len(found) >= _MAX_TOKENS:
            break
    return tuple(found)[:_MAX_TOKENS]


def _read_object(node: Pairs, default: int | None, found: dict[Subject, None]) -> None:
    token_ids = [
        number for value in _values(node, _TOKEN_KEYS) if (number := _token_id(value)) >= 0
    ]
    if not token_ids:
        return
    for value in _values(node, _CONTRACT_KEYS)[:16]:
        places = [node]
        addresses = [value]
        if isinstance(value, Pairs):
            places = [value, node]
            addresses = _values(value, ("address", *_CONTRACT_KEYS))
        own_chains = [chain for place in places for chain in _chains_of(place)]
        # An object that names a chain that is not known here is about no chain that is.
        named = any(_values(place, _CHAIN_KEYS) for place in places)
        chain = own_chains[0] if own_chains else None if named else default
        standards = [kind for place in places for kind in _standards_of(place)]
        for address in addresses[:16]:
            if chain is None or not isinstance(address, str):
                continue
            text = address.strip()
            if not _ADDRESS.fullmatch(text):
                continue
            for token_id in token_ids[:16]:
                for standard in standards or ("erc721", "erc1155"):
                    _add(found, chain, standard, text, token_id)


def _add(found: dict[Subject, None], chain: int, standard: str, address: str, token: int) -> None:
    # The zero address is no contract: with it a signed statement says that it names no token.
    if token < _MAX_TOKEN_ID and int(address, 16):
        name = f"eip155:{chain}/{standard.lower()}:{address.lower()}/{token}"
        found[Subject(SubjectKind.TOKEN, name)] = None


def _values(node: Pairs, keys: tuple[str, ...]) -> list[Any]:
    return [value for key, value in node if value is not None and plain_key(key) in keys]


def _chains_of(node: Pairs) -> list[int]:
    numbers = []
    for value in _values(node, _CHAIN_KEYS):
        if isinstance(value, Pairs):
            numbers += [
                number
                for inner in _values(value, ("id", "name", *_CHAIN_KEYS))
                if (number := _chain(inner)) > 0
            ][:1]
        elif (number := _chain(value)) > 0:
            numbers.append(number)
    return numbers


def _chain(value: Any) -> int:
    """The EIP-155 number of a chain; 0 where it is not known."""
    if isinstance(value, str):
        text = value.strip().lower().removeprefix("eip155:")
        return _CHAINS.get(plain_key(text[:64]), 0) or max(0, _number(text))
    return max(0, _number(value))


def _standards_of(node: Pairs) -> list[str]:
    texts = [plain_key(v[:64]) for v in _values(node, _STANDARD_KEYS) if isinstance(v, str)]
    return [text for text in texts if text in ("erc721", "erc1155")]


def _token_id(value: Any) -> int:
    number = _number(value)
    return number if number < _MAX_TOKEN_ID else -1


def _number(value: Any) -> int:
    """A whole number of at most 78 digits; -1 for anything else."""
    if isinstance(value, bool):
        return -1
    if isinstance(value, int):
        return value if 0 <= value < 10**78 else -1
    if isinstance(value, float):
        return int(value) if 0 <= value < 2**53 and value == int(value) else -1
    text = value.strip() if isinstance(value, str) else ""
    if re.fullmatch(r"[0-9]{1,78}", text):
        return int(text)
    return int(text, 16) if re.fullmatch(r"0[xX][0-9a-fA-F]{1,64}", text) else -1
