"""The register of contracts: entered by one person, in force once another has read and approved it.

Whoever approves gives the signed document too: its digest has to be that of the document which was
entered, so that both have had the same paper in hand. Every step stands in the audit trail.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from models.canonical import canonical_json
from models.consent.terms import Contract
from models.errors import RegisterError
from models.policy import Policy
from models.review.audit import append_audit
from models.sections import explain_problem
from models.store.database import now_ms
from models.store.tables import ContractRow

_UNKNOWN_APPROVER = "(nobody yet)"


class ContractState(StrEnum):
    """Where a contract stands."""

    WAITING = "waiting"
    APPROVED = "approved"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class RegisteredContract:
    """A contract as the register holds it.

    Attributes:
        contract: its terms; ``approved_by`` is a placeholder while it waits.
        state: whether it counts.
        document_sha256: digest of the signed document.
    """

    contract: Contract
    state: ContractState
    document_sha256: str


def enter_contract(
    session: Session, terms: Mapping[str, Any], document_sha256: str, by: str
) -> str:
    """Enter a contract. It counts for nothing until somebody else approves it.

    Args:
        terms: fields of ``models.consent.terms.Contract``, without who entered and approved it.
        document_sha256: digest of the signed document.
        by: who enters it.

    Returns:
        The contract's id.

    Raises:
        RegisterError: the terms cannot be used, or the id is taken.
    """
    contract = _validate({**terms, "document_sha256": document_sha256}, by, _UNKNOWN_APPROVER)
    if session.get(ContractRow, contract.id) is not None:
        raise RegisterError(
            f"There is a contract {contract.id!r} already.",
            "Give this one another id; contracts are ended, never changed.",
        )
    session.add(
        ContractRow(
            id=contract.id,
            terms=canonical_json(_terms_of(contract)).decode(),
            document_sha256=document_sha256,
            entered_by=contract.entered_by,
            entered_ms=now_ms(session),
        )
    )
    append_audit(session, by, "contract-entered", contract.id, {"document": document_sha256})
    return contract.id


def approve_contract(session: Session, contract_id: str, document_sha256: str, by: str) -> None:
    """Approve a contract; from the commit of this transaction on it counts.

    Args:
        contract_id: which.
        document_sha256: digest of the document that the approver has in hand.
        by: who approves it: not the one who entered it.

    Raises:
        RegisterError: there is no such contract, it does not wait, the document is another one, or
            the same person entered it.
    """
    row = _find(session, contract_id)
    if _state_of(row) is not ContractState.WAITING:
        raise RegisterError(
            f"Contract {contract_id!r} is {_state_of(row)}.", "Only a waiting one can be approved."
        )
    if document_sha256 != row.document_sha256:
        raise RegisterError(
            f"This is not the document that was entered for {contract_id!r}.",
            f"Its SHA-256 is {row.document_sha256}: ask {row.entered_by} for it.",
        )
    _validate(json.loads(row.terms), row.entered_by, by)
    row.approved_by, row.approved_ms = by.strip(), now_ms(session)
    append_audit(session, by, "contract-approved", contract_id, {"document": document_sha256})


def end_contract(session: Session, contract_id: str, by: str, note: str) -> None:
    """End a contract, approved or waiting; once this transaction is committed it counts no more.

    Raises:
        RegisterError: there is no such contract, or it has ended.
    """
    row = _find(session, contract_id)
    if row.ended_ms is not None:
        raise RegisterError(
            f"Contract {contract_id!r} has ended already.", "Nothing is to be done."
        )
    row.ended_by, row.ended_ms = by, now_ms(session)
    append_audit(session, by, "contract-ended", contract_id, {"note": note})


def list_contracts(session: Session) -> tuple[RegisteredContract, ...]:
    """Every contract that was ever entered, by id."""
    rows = session.scalars(select(ContractRow).order_by(ContractRow.id))
    return tuple(
        RegisteredContract(
            _validate(json.loads(row.terms), row.entered_by, row.approved_by or _UNKNOWN_APPROVER),
            _state_of(row),
            row.document_sha256,
        )
        for row in rows
    )


def with_registered(policy: Policy, session: Session) -> Policy:
    """The policy, with the approved contracts of the register beside its own.

    Raises:
        RegisterError: a contract of the register has the id of one in the policy.
    """
    approved = tuple(
        each.contract for each in list_contracts(session) if each.state is ContractState.APPROVED
    )
    if not approved:
        return policy
    known = {contract.id for contract in policy.consent.contract}
    for contract in approved:
        if contract.id in known:
            raise RegisterError(
                f"The contract {contract.id!r} stands in the policy and in the register.",
                "Take it out of the policy, or end it with `kiyome contract end`.",
            )
    consent = policy.consent.model_copy(update={"contract": (*policy.consent.contract, *approved)})
    return policy.model_copy(update={"consent": consent})


def _find(session: Session, contract_id: str) -> ContractRow:
    row = session.get(ContractRow, contract_id, with_for_update=True)
    if row is None:
        raise RegisterError(
            f"There is no contract {contract_id!r}.", "`kiyome contract list` shows them."
        )
    return row


def _state_of(row: ContractRow) -> ContractState:
    if row.ended_ms is not None:
        return ContractState.ENDED
    return ContractState.WAITING if row.approved_ms is None else ContractState.APPROVED


def _terms_of(contract: Contract) -> dict[str, Any]:
    return contract.model_dump(mode="json", exclude={"entered_by", "approved_by"})


def _validate(terms: Mapping[str, Any], entered_by: str, approved_by: str) -> Contract:
    try:
        return Contract.model_validate(
            {**terms, "entered_by": entered_by, "approved_by": approved_by}
        )
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        field = ".".join(str(part) for part in first["loc"])
        what = explain_problem(first)
        raise RegisterError(
            f"The contract cannot be used: {field + ': ' if field else ''}{what}.",
            "`kiyome contract add --help` says what it needs.",
        ) from error
