"""Questions to owners as they stand: who may be asked, what was asked, and what became of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import RowMapping, Select, and_, bindparam, case, select, text
from sqlalchemy.orm import Session

from models.accounts.roles import Role
from models.review.items import UNDECIDED, Item, ItemState
from models.store.database import execute
from models.store.tables import (
    AccountRow,
    GoldenHandingRow,
    GoldenServingRow,
    OwnerIdentityRow,
    OwnerQuestionRow,
    ReviewItemRow,
)
from models.unicode import make_storable

_DECIDED = ItemState.DECIDED.value


@dataclass(frozen=True, slots=True)
class OwnerQuestion:
    """A question to an owner.

    Attributes:
        identity: the setter of the statement whose owner is asked.
        answer: "" until there is one.
        answered_ms, overdue_ms, withdrawn_ms: when it was answered, went back to the queue without
            an answer, or was taken back; None where it was not.
        dataset, name: of the item, for a list.
        asked: something is still asked about the asset, and it is what the question was about.
    """

    id: str
    item_id: str
    asset_id: str
    identity: str
    text: str
    asked_by: str
    asked_ms: int
    due_ms: int
    answer: str
    answered_by: str
    answered_ms: int | None
    overdue_ms: int | None
    withdrawn_ms: int | None
    dataset: str
    name: str
    asked: bool

    @property
    def open(self) -> bool:
        """Whether an answer is still taken, be it late."""
        return self.asked and self.answered_ms is None and self.withdrawn_ms is None


@dataclass(frozen=True, slots=True)
class AskableOwner:
    """Somebody who said something about an asset, and whether an account is known for them."""

    identity: str
    known: bool


def list_askable(session: Session, item: Item) -> tuple[AskableOwner, ...]:
    """Whoever said something about consent to an item's asset, as far as they are named."""
    setters = setters_of(item.evidence)
    if not setters:
        return ()
    known = frozenset(execute(session, _KNOWN, {"setters": setters}).scalars())
    return tuple(AskableOwner(setter, setter in known) for setter in setters)


_KNOWN = (
    select(OwnerIdentityRow.identity)
    .join(AccountRow, AccountRow.id == OwnerIdentityRow.account_id)
    .where(
        OwnerIdentityRow.identity.in_(bindparam("setters", expanding=True)),
        OwnerIdentityRow.ended_ms.is_(None),
        AccountRow.disabled_ms.is_(None),
        AccountRow.role == Role.OWNER.value,
    )
)


def setters_of(evidence: Mapping[str, Any]) -> tuple[str, ...]:
    """The setters of the statements in an item's evidence, each once."""
    statements = evidence.get("statements")
    given = statements if isinstance(statements, list) else []
    setters = (each.get("setter") for each in given if isinstance(each, dict))
    named = (setter for setter in setters if isinstance(setter, str) and setter)
    return tuple(setter for setter in dict.fromkeys(named) if _is_storable(setter))


def _is_storable(setter: str) -> bool:
    """No identity holds a NUL or half a surrogate pair, which no text column takes."""
    return setter == make_storable(setter)


def open_questions(session: Session, identities: Sequence[str]) -> tuple[OwnerQuestion, ...]:
    """The questions to these identities that may be answered, the most urgent first."""
    row = OwnerQuestionRow
    if not identities:
        return ()
    # Literally the condition of the partial index.
    unanswered = text("answered_ms IS NULL AND withdrawn_ms IS NULL")
    found = _select(session, and_(row.identity.in_(identities), unanswered))
    return tuple(sorted((each for each in found if each.open), key=lambda each: each.due_ms))


def list_questions(session: Session, identities: Sequence[str]) -> tuple[OwnerQuestion, ...]:
    """All questions to these identities, the newest first."""
    if not identities:
        return ()
    found = _select(session, OwnerQuestionRow.identity.in_(identities))
    return tuple(sorted(found, key=lambda each: -each.asked_ms))


def questions_on(
    session: Session, item_id: str, serving_id: str = "", *, golden: bool = False
) -> tuple[OwnerQuestion, ...]:
    """What owners were asked about an item, the oldest first.

    Args:
        item_id: which item.
        serving_id: of a golden item, what its reviewer asked; "" for what was asked about the item
            itself.
        golden: with that also what was asked about it as a golden item, for leads.
    """
    query, values = _ON_ITEM, {"item": item_id}
    if serving_id:
        query, values = _ON_SERVING, {**values, "serving": serving_id}
    elif golden:
        query = _ALL_ON_ITEM
    return tuple(map(_read, execute(session, query, values).mappings()))


def find_question(session: Session, question_id: str) -> OwnerQuestion | None:
    """One question, or None."""
    return next(iter(_select(session, OwnerQuestionRow.id == question_id)), None)


def _select(session: Session, condition: Any) -> tuple[OwnerQuestion, ...]:
    return tuple(map(_read, session.execute(_select_questions(condition)).mappings()))


def _select_questions(condition: Any) -> Select[Any]:
    row, item = OwnerQuestionRow, ReviewItemRow
    names = (name for name in OwnerQuestion.__slots__ if hasattr(row, name))
    # Decided for everybody else, a golden item waits for its reviewer.
    waits = case(
        (GoldenHandingRow.id.is_(None), item.state.in_(UNDECIDED)),
        else_=and_(item.state == _DECIDED, GoldenServingRow.state != _DECIDED),
    )
    asked = and_(item.question == row.about, waits).label("asked")
    return (
        select(*(getattr(row, name) for name in names), item.dataset, item.name, asked)
        .join(item, item.id == row.item_id)
        .outerjoin(GoldenHandingRow, GoldenHandingRow.id == row.id)
        .outerjoin(GoldenServingRow, GoldenServingRow.id == GoldenHandingRow.serving_id)
        .where(condition)
        .order_by(row.asked_ms, row.id)
    )


_ALL_ON_ITEM = _select_questions(OwnerQuestionRow.item_id == bindparam("item"))
_ON_ITEM = _ALL_ON_ITEM.where(GoldenHandingRow.id.is_(None))
_ON_SERVING = _ALL_ON_ITEM.where(GoldenHandingRow.serving_id == bindparam("serving"))


def _read(found: RowMapping) -> OwnerQuestion:
    return OwnerQuestion(**{**found, "asked": bool(found["asked"])})
