"""ERC-1271: asking a contract wallet whether a signature is its own.

ERC-6492 wraps the signature of a wallet that may not be deployed yet. Such a signature is
unwrapped and put to the wallet where it is deployed; deploying it in a simulation, as ERC-6492
allows, would run code that the statement's author chose, and is not done.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

CheckContractSignature = Callable[[int, str, bytes, bytes], bool | None]
"""Chain id, address, digest, signature: whether the contract there accepts the signature.

None where the contract could not be asked. False also where there is no contract.
"""

# isValidSignature(bytes32,bytes) answers with its own selector, padded to a word.
_SELECTOR = bytes.fromhex("1626ba7e")
_ACCEPTED = _SELECTOR.ljust(32, b"\0")
_COUNTERFACTUAL = bytes.fromhex("6492" * 16)
_WORD = 32
# Precompiled contracts live below; "identity" (4) would answer any question with the question.
_FIRST_CONTRACT = 0x10000


class EthCall(Protocol):
    """Calls a contract without a transaction (``eth_call``)."""

    def call(self, to: str, data: bytes, block: str) -> bytes:
        """What the contract at ``to`` returns for ``data`` at ``block``; empty without a contract.

        Raises:
            an error of the classes that ``contract_check`` was told.
        """


def contract_check(
    chains: Mapping[int, EthCall],
    unreachable: type[Exception] | tuple[type[Exception], ...],
    reverted: type[Exception] | tuple[type[Exception], ...] = (),
    block: str = "finalized",
) -> CheckContractSignature:
    """A check that asks the signer's contract on its chain.

    Args:
        chains: how to call each chain that can be asked, by chain id.
        unreachable: the errors that mean that the chain could not be asked.
        reverted: the errors that mean that the contract refused the call, which is a no. Where a
            class is in both, it is a no.
        block: the block to ask at.
    """

    def check(chain_id: int, address: str, digest: bytes, signature: bytes) -> bool | None:
        if int(address, 16) < _FIRST_CONTRACT:
            return False
        chain = chains.get(chain_id)
        if chain is None:
            return None
        counterfactual = is_counterfactual(signature)
        if counterfactual:
            inner = unwrap_counterfactual(signature)
            if inner is None:
                return False
            signature = inner
        try:
            answer = chain.call(address, encode_question(digest, signature), block)
        except reverted:
            return False
        except unreachable:
            return None
        if not answer and counterfactual:
            return None
        return answer[:_WORD] == _ACCEPTED

    return check


def encode_question(digest: bytes, signature: bytes) -> bytes:
    """The call data of ``isValidSignature(bytes32 hash, bytes signature)``."""
    padded = signature.ljust(-(-len(signature) // _WORD) * _WORD, b"\0")
    return b"".join(
        (
            _SELECTOR,
            digest,
            (2 * _WORD).to_bytes(_WORD, "big"),
            len(signature).to_bytes(_WORD, "big"),
            padded,
        )
    )


def is_counterfactual(signature: bytes) -> bool:
    """Whether a signature is wrapped as ERC-6492 says, for a wallet that may not exist yet."""
    return signature.endswith(_COUNTERFACTUAL)


def unwrap_counterfactual(signature: bytes) -> bytes | None:
    """The signature inside: the third of ``(address factory, bytes calldata, bytes signature)``.

    None where the wrapping is not built like that.
    """
    body = signature.removesuffix(_COUNTERFACTUAL)
    start = int.from_bytes(body[2 * _WORD : 3 * _WORD], "big")
    if len(body) < 3 * _WORD or start + _WORD > len(body):
        return None
    length = int.from_bytes(body[start : start + _WORD], "big")
    inner = body[start + _WORD : start + _WORD + length]
    return inner if len(inner) == length else None
