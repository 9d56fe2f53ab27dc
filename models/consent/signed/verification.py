"""Whether a signed statement is what its signer signed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from models.consent.signed.consent_statement import (
    ZERO_ADDRESS,
    StatementError,
    digest_statement,
    hash_preference,
)
from models.consent.signed.erc1271 import CheckContractSignature, is_counterfactual
from models.consent.signed.parsing import SignedDocument
from models.consent.signed.recovery import SIGNATURE_BYTES, SignatureError, recover_address
from models.consent.statements import Condition

Recover = Callable[[bytes, bytes], str]
"""The address behind a digest and a signature; raises ``SignatureError``."""


@dataclass(frozen=True, slots=True)
class Proof:
    """What verifying a signed statement came to.

    Attributes:
        condition: sound where the signer signed exactly this; malformed, tampered or undetermined
            otherwise.
        note: how it was proven, or what failed.
    """

    condition: Condition
    note: str


def verify_document(
    document: SignedDocument,
    recover: Recover = recover_address,
    check_contract_signature: CheckContractSignature | None = None,
) -> Proof:
    """Verify the preference's hash and the signature.

    Args:
        document: the statement as it stands in its file.
        recover: finds the address behind a signature.
        check_contract_signature: asks a contract wallet (ERC-1271); None where no chain is read.
    """
    try:
        hashed = hash_preference(document.preference)
        digest = digest_statement(
            document.statement, document.preference, document.chain_id, document.scheme
        )
    except StatementError as error:
        return Proof(Condition.MALFORMED, error.problem)
    if hashed != document.statement.preference_hash:
        return Proof(Condition.TAMPERED, "the preference is not the one that was signed")
    if document.signer == ZERO_ADDRESS:
        return Proof(Condition.TAMPERED, "the zero address cannot sign")
    try:
        found = recover(digest, document.signature)
    except SignatureError as error:
        failure = error.problem
    else:
        if found.lower() == document.signer:
            return Proof(Condition.SOUND, f"signed by {document.signer} ({document.scheme})")
        failure = f"The signature is not by {document.signer}, or something signed was changed."
    return _ask_contract(document, digest, failure, check_contract_signature)


def _ask_contract(
    document: SignedDocument, digest: bytes, failure: str, check: CheckContractSignature | None
) -> Proof:
    """A signer that is a contract has no key: only the contract itself knows its signatures."""
    signature = document.signature
    counterfactual = is_counterfactual(signature)
    if check is None:
        if counterfactual or len(signature) > SIGNATURE_BYTES:
            return Proof(
                Condition.UNDETERMINED,
                "only a contract wallet can have signed this, and no chain was asked",
            )
        return Proof(Condition.TAMPERED, failure)
    answer = check(document.chain_id, document.signer, digest, signature)
    if answer is True:
        return Proof(
            Condition.SOUND,
            f"signed by the contract wallet {document.signer} ({document.scheme}, ERC-1271)",
        )
    if answer is None and counterfactual:
        return Proof(
            Condition.UNDETERMINED,
            "the signer is a contract wallet that is not deployed yet (ERC-6492), or could not be "
            "asked: deploy it, or sign again",
        )
    if answer is None:
        return Proof(
            Condition.UNDETERMINED,
            f"chain {document.chain_id} could not be asked whether the signer is a contract wallet "
            "that accepts the signature",
        )
    return Proof(Condition.TAMPERED, failure)
