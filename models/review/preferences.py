"""How somebody likes the page of an item: which key does what, and how pictures are shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models.recursion import is_nested_deeper
from models.store.database import execute
from models.store.tables import ReviewPreferencesRow

_DEEPEST = 4


class Action(StrEnum):
    """What a key does on the page of an item."""

    APPROVE = "approve"
    EXCLUDE = "exclude"
    REWRITE = "rewrite"
    SKIP = "skip"
    UNDO = "undo"
    NOTE = "note"
    ALIKE = "alike"
    SWAP = "swap"
    POINTS = "points"
    OVERLAY = "overlay"
    ZOOM = "zoom"
    PLAIN = "plain"
    HELP = "help"


USUAL: Mapping[Action, str] = MappingProxyType(
    {
        Action.APPROVE: "a",
        Action.EXCLUDE: "x",
        Action.REWRITE: "r",
        Action.SKIP: "s",
        Action.UNDO: "u",
        Action.NOTE: "n",
        Action.ALIKE: "c",
        Action.SWAP: "w",
        Action.POINTS: "m",
        Action.OVERLAY: "o",
        Action.ZOOM: "z",
        Action.PLAIN: "b",
        Action.HELP: "?",
    }
)
"""The keys as long as nobody changes them. 1 to 9 show the evidence of findings, always."""

FINDINGS = frozenset("123456789")


class Look(StrEnum):
    """How pictures are shown until somebody asks for them plainly."""

    PLAIN = ""
    GREY = "grey"
    BLUR = "blur"
    BOTH = "grey_blur"


class KeyProblem(StrEnum):
    """Why a key cannot be taken."""

    NO_KEY = "no_key"
    FINDING = "finding"
    TAKEN = "taken"


@dataclass(frozen=True, slots=True)
class Preferences:
    """What somebody chose.

    Attributes:
        keys: the key of every action.
        look: how pictures are shown.
    """

    keys: Mapping[Action, str] = field(default_factory=lambda: USUAL)
    look: Look = Look.PLAIN


def clean_keys(given: Mapping[str, str]) -> tuple[dict[Action, str], dict[Action, KeyProblem]]:
    """The keys that were chosen, and what is wrong with them.

    Args:
        given: keys by action; an action that is left out keeps its usual key.

    Returns:
        The key of every action as it was given, and a problem for each that cannot be taken: it is
        not one visible character, belongs to the findings, or belongs to two actions.
    """
    keys = {action: fold_key(given.get(action.value, usual)) for action, usual in USUAL.items()}
    held = list(keys.values())
    problems = {}
    for action, key in keys.items():
        if len(key) != 1 or not key.isprintable() or key.isspace():
            problems[action] = KeyProblem.NO_KEY
        elif key in FINDINGS:
            problems[action] = KeyProblem.FINDING
        elif held.count(key) > 1:
            problems[action] = KeyProblem.TAKEN
    return keys, problems


def fold_key(given: str) -> str:
    """A key as the page compares it: a letter is the same with and without Shift."""
    key = given if given.isspace() else given.strip()
    lower = key.lower()
    return lower if len(lower) == 1 else key


def write_preferences(preferences: Preferences) -> str:
    """What differs from the usual, as JSON: for a database, or a browser without an account."""
    changed = {a.value: key for a, key in preferences.keys.items() if USUAL[a] != key}
    return json.dumps({"keys": changed, "look": preferences.look.value}, sort_keys=True)


def read_preferences(text: str) -> Preferences:
    """Preferences from what ``write_preferences`` gave; the usual ones where it cannot be read."""
    if is_nested_deeper(text, _DEEPEST):
        return Preferences()
    try:
        said = json.loads(text)
        given = said["keys"]
        if not all(isinstance(key, str) for key in given.values()):
            return Preferences()
        keys, problems = clean_keys(given)
        return Preferences(USUAL if problems else keys, Look(said["look"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        return Preferences()


def preferences_of(session: Session, account_id: str) -> Preferences:
    """What an account has chosen."""
    chosen = execute(session, _CHOSEN, {"account": account_id}).scalar()
    return Preferences() if chosen is None else read_preferences(chosen)


_CHOSEN = select(ReviewPreferencesRow.chosen).where(
    ReviewPreferencesRow.account_id == bindparam("account")
)


def store_preferences(session: Session, account_id: str, preferences: Preferences) -> None:
    """Keep what an account has chosen."""
    session.merge(
        ReviewPreferencesRow(account_id=account_id, chosen=write_preferences(preferences))
    )
