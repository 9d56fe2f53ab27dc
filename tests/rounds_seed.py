"""Items that need two persons, for tests: asked, taken and ruled on by name."""

from __future__ import annotations

from models.accounts.keeping import create_account
from models.accounts.records import Account
from models.accounts.roles import Role
from models.review.golden_marking import mark_golden
from models.review.queue import (
    Item,
    Question,
    Ruled,
    decide,
    enqueue,
    escalate,
    find_item,
    item_id_of,
    lease_item,
)
from models.store.database import Database
from models.store.tables import GoldenServingRow, OwnerIdentityRow

DATASET = "foxes"
REASONS = {"approve": "other_name", "exclude": "copied_motif", "skip": ""}
SETTER = "did:example:studio"


def asset(number: int) -> str:
    return f"{number:064x}"


def make_question(
    number: int, *, persons: int = 2, digest: str = "a", setter: str = ""
) -> Question:
    statements = [{"setter": setter}] if setter else []
    evidence = {"asset": {"name": f"{number}.png"}, "statements": statements}
    return Question(asset(number), digest * 64, 100 - number, evidence, persons)


def ask(database: Database, *questions: Question, complete: bool = False) -> None:
    with database.transaction() as session:
        enqueue(session, DATASET, questions, frozenset() if complete else None)


def item_of(number: int) -> str:
    return item_id_of(DATASET, asset(number))


def look(database: Database, number: int) -> Item:
    with database.snapshot() as session:
        item = find_item(session, item_of(number))
    assert item is not None
    return item


def take(database: Database, number: int, reviewer: str, *, lead: bool = False) -> Item:
    with database.transaction() as session:
        return lease_item(session, item_of(number), reviewer, lead=lead)


def submit(
    database: Database, item: Item, reviewer: str, ruling: str = "approve", note: str = ""
) -> Ruled:
    with database.transaction() as session:
        return decide(
            session,
            item.id,
            item.lease_token,
            item.version,
            ruling,
            REASONS[ruling],
            note,
            reviewer,
        )


def rule(
    database: Database,
    number: int,
    reviewer: str,
    ruling: str = "approve",
    note: str = "",
    *,
    lead: bool = False,
) -> Ruled:
    return submit(database, take(database, number, reviewer, lead=lead), reviewer, ruling, note)


def put_owner(database: Database, name: str = "studio", identity: str = SETTER) -> Account:
    """An owner's account whose identity is a setter of statements."""
    with database.transaction() as session:
        account = create_account(session, name, Role.OWNER, "test")
        session.add(
            OwnerIdentityRow(
                id=f"{len(name):032x}",
                account_id=account.id,
                identity=identity,
                how="vouched",
                bound_by="test",
                bound_ms=1,
                ended_ms=None,
            )
        )
    return account


def hand_golden_to_lead(database: Database, number: int, reviewer: str, note: str) -> None:
    """A decided item is golden for a reviewer, who has handed it to a lead."""
    rule(database, number, "lead", "exclude")
    item = look(database, number)
    with database.transaction() as session:
        serving = GoldenServingRow(
            id=f"{number:032x}",
            golden_id=mark_golden(session, item.id, "lead"),
            item_id=item.id,
            question=item.question,
            reviewer=reviewer,
            reviewer_key=reviewer,
            state="leased",
            version=item.version,
            lease_token="token",
            lease_until_ms=item.updated_ms + 600_000,
            asked_ms=item.asked_ms,
            served_ms=item.updated_ms,
            updated_ms=item.updated_ms,
        )
        session.add(serving)
        session.flush()
        escalate(session, item.id, "token", item.version, note, reviewer)
