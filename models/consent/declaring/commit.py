"""ERC-7053: committing a preference for an asset to a chain.

``commit`` has no owner check: anyone may commit for any CID. What is committed therefore counts as
a grant only where its recorder is proven to control the asset; as a refusal it always counts.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eth_hash.auto import keccak

from models.consent.eip7517 import parse_token_json
from models.consent.statements import Condition
from models.errors import KiyomeError
from models.recursion import keeping_recursion_limit

if TYPE_CHECKING:
    from eth_account.signers.local import LocalAccount
    from web3 import Web3

COMMIT_SELECTOR = keccak(b"commit(string,string)")[:4]
MAX_COMMIT_BYTES = 24 * 1024  # far below what a block holds, and dear enough

_WORD = 32


@dataclass(frozen=True, slots=True)
class CommitReceipt:
    """A commit that stands in a block.

    Attributes:
        transaction_hash: ``0x`` and 64 hex digits.
        block_number: the block's height.
        block_hash: ``0x`` and 64 hex digits.
    """

    transaction_hash: str
    block_number: int
    block_hash: str


def write_commit_data(preference: Mapping[str, Any]) -> str:
    """``commitData`` with the preference in place: compact JSON.

    Args:
        preference: the value of ``dataMiningPreference``.

    Raises:
        KiyomeError: it would not be read as a sound preference.
    """
    try:
        text = json.dumps(
            {"dataMiningPreference": dict(preference)}, ensure_ascii=False, separators=(",", ":")
        )
        said = parse_token_json(text.encode("utf-8"), "commitData")
    except (TypeError, ValueError) as error:
        raise KiyomeError(f"The preference is not JSON: {error}.", "Use texts.") from error
    if said is None or said.condition is not Condition.SOUND or not said.preferences:
        raise KiyomeError(
            "The preference says nothing that can be read.",
            "Make it with kiyome from the uses that you choose.",
        )
    return text


def encode_commit(asset_cid: str, commit_data: str) -> bytes:
    """The call data of ``commit(string assetCid, string commitData)``.

    Args:
        asset_cid: the CID of the asset. Readers look for its exact spelling: use CIDv1 in base32.
        commit_data: see ``write_commit_data``.

    Raises:
        KiyomeError: the CID is empty or has blanks, or there is too much data.
    """
    if not asset_cid.isascii() or not asset_cid.isprintable() or not asset_cid or " " in asset_cid:
        raise KiyomeError("This is not an asset's CID.", "Give it as CIDv1 in base32, without URI.")
    texts = [asset_cid.encode("ascii"), commit_data.encode("utf-8", "replace")]
    if sum(map(len, texts)) > MAX_COMMIT_BYTES:
        raise KiyomeError(
            f"There is more to commit than {MAX_COMMIT_BYTES:,} bytes.",
            "Commit the CID of a document instead.",
        )
    head, tail = b"", b""
    for text in texts:
        head += (len(texts) * _WORD + len(tail)).to_bytes(_WORD, "big")
        tail += len(text).to_bytes(_WORD, "big") + text.ljust(-(-len(text) // _WORD) * _WORD, b"\0")
    return COMMIT_SELECTOR + head + tail


def send_commit(
    web3: Web3,
    account: LocalAccount,
    registry: str,
    asset_cid: str,
    commit_data: str,
    timeout_s: float = 180,
) -> CommitReceipt:
    """Commit to a registry and wait until the transaction stands in a block.

    Args:
        web3: a connected client.
        account: pays and is recorded as the recorder.
        registry: the contract's address.
        asset_cid: the CID of the asset.
        commit_data: see ``write_commit_data``.
        timeout_s: seconds to wait for the block.

    Raises:
        KiyomeError: there is no such contract, the chain cannot be reached or refuses, the
            transaction fails, or it is not in a block in time.
    """
    from requests import RequestException

    with keeping_recursion_limit():
        from web3.exceptions import Web3Exception

    call_data = encode_commit(asset_cid, commit_data)
    try:
        to = web3.to_checksum_address(registry)
        if not web3.eth.get_code(to):
            raise KiyomeError(
                f"There is no contract at {registry} on chain {web3.eth.chain_id}.",
                "Check the registry's address and the network.",
            )
        transaction: Any = {
            "from": account.address,
            "to": to,
            "data": call_data,
            "value": 0,
            "chainId": web3.eth.chain_id,
            "nonce": web3.eth.get_transaction_count(account.address, "pending"),
            "type": 2,
            **_fees(web3),
        }
        transaction["gas"] = web3.eth.estimate_gas(transaction) * 12 // 10
        signed = account.sign_transaction({k: v for k, v in transaction.items() if k != "from"})
    except (Web3Exception, RequestException, OSError, ValueError) as error:
        raise KiyomeError(
            f"The commit was not sent: {error}.",
            "Check the network, the account's funds and the registry's address.",
        ) from error
    name = "0x" + bytes(signed.hash).hex()
    try:
        web3.eth.send_raw_transaction(signed.raw_transaction)
        receipt = web3.eth.wait_for_transaction_receipt(signed.hash, timeout=timeout_s)
    except (Web3Exception, RequestException, OSError, ValueError) as error:
        raise KiyomeError(
            f"The commit {name} is not seen in a block: {error}.",
            "Look that transaction up before sending again, so as not to pay twice.",
        ) from error
    if receipt["status"] != 1:
        raise KiyomeError(
            f"The registry refused the commit {name}.",
            "Check that the registry follows ERC-7053.",
        )
    return CommitReceipt(
        transaction_hash=name,
        block_number=int(receipt["blockNumber"]),
        block_hash="0x" + bytes(receipt["blockHash"]).hex(),
    )


def _fees(web3: Web3) -> dict[str, int]:
    """EIP-1559: twice the base fee, so that the commit holds through a few full blocks."""
    base = int(web3.eth.get_block("latest").get("baseFeePerGas") or 0)
    tip = int(web3.eth.max_priority_fee)
    return {"maxFeePerGas": 2 * base + tip, "maxPriorityFeePerGas": tip}
