"""How surely it is known who made a statement, by the name that its carrier gives the speaker.

A key speaks for itself: whoever signs under an address or a certificate's fingerprint holds the key
to it. A name does not: anybody can have a certificate made that says it. Such a name is marked, so
that it is never taken for a key, nor for the holder of a contract of the same name.
"""

from __future__ import annotations

import re
from enum import StrEnum

SUBJECT = "subject:"
"""What the setter begins with where a certificate is known by what it says about itself only."""

_KEY = re.compile(r"0x[0-9a-f]{40}(?:/.*)?|[0-9a-f]{64}", re.ASCII | re.IGNORECASE)


class Known(StrEnum):
    """How surely a speaker is known."""

    CONTRACT = "contract"
    """An operator entered a contract with them."""

    KEY = "key"
    """They hold the key that they are named by."""

    AUTHORITY = "authority"
    """Their certificate says the name, and an authority that the operator trusts stands for it."""

    SUBJECT = "subject"
    """Their certificate says the name: anybody can have had it made."""

    NAMED = "named"
    """Nothing proves that they said it."""

    NOBODY = "nobody"
    """Nobody is named."""


def name_subject(name: str) -> str:
    """The setter of a statement whose certificate is known by its subject only; "" without one."""
    return f"{SUBJECT}{name}" if name else ""


def how_known(setter: str, levels: str) -> Known:
    """How surely the speaker of a statement is known.

    Args:
        setter: who spoke, as the carrier names them.
        levels: what is proven (``Trust.levels``), as in ``"L1+L2"``.
    """
    proven = set(levels.split("+"))
    if not setter:
        return Known.NOBODY
    if "L5" in proven:
        return Known.CONTRACT
    if setter.startswith(SUBJECT):
        return Known.AUTHORITY if "L2" in proven else Known.SUBJECT
    return Known.KEY if _KEY.fullmatch(setter) and proven & {"L1", "L2"} else Known.NAMED


def show_setter(setter: str) -> str:
    """A setter as people read it: a certificate's subject without its mark."""
    return setter.removeprefix(SUBJECT)


def is_key(identity: str) -> bool:
    """Whether an identity is a key or belongs to one: nobody speaks under it who lacks that."""
    return _KEY.fullmatch(identity) is not None
