"""Contracts on file: nothing counts until a second person has approved the same document."""

from __future__ import annotations

import json
import threading
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from models.consent.contract_register import (
    ContractState,
    approve_contract,
    end_contract,
    enter_contract,
    list_contracts,
    with_registered,
)
from models.errors import RegisterError
from models.policy import Policy
from models.review.audit import verify_audit
from models.store.database import Database
from models.store.tables import AuditRow

PAPER, OTHER_PAPER = "ab" * 32, "cd" * 32
TERMS: dict[str, Any] = {
    "id": "K-1",
    "holder": "Studio Hoshikage",
    "purposes": ["generative_training"],
    "folder": "hoshikage",
    "issued": "2026-01-15",
    "expires": "2027-01-15",
}
POLICY = Policy(name="p", version="1")


def enter(database: Database, by: str = "Aiko", **fields: Any) -> None:
    with database.transaction() as session:
        enter_contract(session, {**TERMS, **fields}, PAPER, by)


def approve(database: Database, by: str = "Ben", paper: str = PAPER) -> None:
    with database.transaction() as session:
        approve_contract(session, "K-1", paper, by)


def in_force(database: Database, policy: Policy = POLICY) -> list[str]:
    with database.snapshot() as session:
        return [contract.id for contract in with_registered(policy, session).consent.contract]


def test_a_contract_that_waits_counts_for_nothing(database: Database) -> None:
    enter(database)
    assert in_force(database) == []


def test_a_contract_counts_once_somebody_else_has_approved_it(database: Database) -> None:
    enter(database)
    approve(database)
    with database.snapshot() as session:
        [contract] = with_registered(POLICY, session).consent.contract
    assert (contract.entered_by, contract.approved_by) == ("Aiko", "Ben")
    assert (contract.document_sha256, contract.expires) == (PAPER, date(2027, 1, 15))


@pytest.mark.parametrize("by", ["Aiko", "aiko", " Aiko "])
def test_nobody_approves_what_they_entered(database: Database, by: str) -> None:
    enter(database)
    with pytest.raises(RegisterError, match="two different people"):
        approve(database, by)
    assert in_force(database) == []


def test_another_document_is_not_approved(database: Database) -> None:
    enter(database)
    with pytest.raises(RegisterError, match="not the document"):
        approve(database, paper=OTHER_PAPER)
    assert in_force(database) == []


def test_a_contract_that_has_ended_counts_no_more_and_cannot_be_approved(
    database: Database,
) -> None:
    enter(database)
    approve(database)
    with database.transaction() as session:
        end_contract(session, "K-1", "Aiko", "the studio withdrew")
    assert in_force(database) == []
    with pytest.raises(RegisterError, match="ended"):
        approve(database, "Chie")


def test_a_contract_is_never_changed_under_its_id(database: Database) -> None:
    enter(database)
    with pytest.raises(RegisterError, match="already"):
        enter(database, folder=".")


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"folder": ""}, "say what it covers"),
        ({"expires": "2025-01-01"}, "later than issued"),
        ({"folder": "../elsewhere"}, "inside the dataset"),
        ({"address": "0x12"}, "40 hexadecimal digits"),
        ({"holder": " "}, "holder"),
    ],
)
def test_terms_that_cannot_be_used_are_refused_at_once(
    database: Database, fields: dict[str, Any], complaint: str
) -> None:
    with pytest.raises(RegisterError, match=complaint):
        enter(database, **fields)


def test_one_id_cannot_stand_in_the_policy_and_in_the_register(database: Database) -> None:
    enter(database)
    approve(database)
    also = {**TERMS, "entered_by": "Aiko", "approved_by": "Ben"}
    policy = Policy.model_validate({"name": "p", "version": "1", "consent": {"contract": [also]}})
    with pytest.raises(RegisterError, match="in the policy and in the register"):
        in_force(database, policy)


def test_an_approved_contract_changes_the_digest_of_the_policy(database: Database) -> None:
    enter(database)
    with database.snapshot() as session:
        assert with_registered(POLICY, session).digest == POLICY.digest
    approve(database)
    with database.snapshot() as session:
        assert with_registered(POLICY, session).digest != POLICY.digest


def test_every_step_stands_in_the_audit_trail(database: Database) -> None:
    enter(database)
    approve(database)
    with database.transaction() as session:
        end_contract(session, "K-1", "Chie", "it was replaced")
    with database.snapshot() as session:
        rows = session.scalars(select(AuditRow).order_by(AuditRow.seq)).all()
        assert [(row.actor, row.action, row.subject) for row in rows] == [
            ("Aiko", "contract-entered", "K-1"),
            ("Ben", "contract-approved", "K-1"),
            ("Chie", "contract-ended", "K-1"),
        ]
        assert json.loads(rows[0].detail) == {"document": PAPER}
        assert verify_audit(session).ok
        assert [each.state for each in list_contracts(session)] == [ContractState.ENDED]


@pytest.mark.parametrize("same", ["aiko", " Aiko ", "Ａｉｋｏ", "Ai\u200bko", "A iko"])
def test_another_spelling_of_a_name_is_no_second_person(database: Database, same: str) -> None:
    enter(database, by="Aiko")
    with pytest.raises(RegisterError, match="two different people"):
        approve(database, by=same)


def test_of_two_who_approve_at_once_one_does(database: Database) -> None:
    enter(database)
    refused: list[str] = []

    def approve_too() -> None:
        try:
            approve(database, by="Chie")
        except RegisterError as error:
            refused.append(str(error))

    other = threading.Thread(target=approve_too)
    with database.transaction() as session:
        approve_contract(session, "K-1", PAPER, "Ben")
        other.start()
        other.join(0.5)
    other.join()
    assert refused
    with database.snapshot() as session:
        [found] = list_contracts(session)
    assert found.contract.approved_by == "Ben"
