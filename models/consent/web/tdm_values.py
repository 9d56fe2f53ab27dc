"""Values of ``tdm-reservation`` in every dress: what reserves, what does not, what nobody can read.

TDMRep, Final Community Group Report of 10 May 2024, section "tdm-reservation": 1 reserves, 0 does
not, anything else is an error. An error that shows a reservation is believed; none ever grants.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from models.consent.reading_json import Pairs

_SPACING = re.compile(r"[\s_.:\-]")
_WORDS = re.compile(r"[\s,;]+")
_NOT_RESERVED = frozenset({"", "0", "false", "no", "n", "off", "none", "null", "unset"})
_POLICY_NAMES = frozenset({"tdmpolicy", "policy", "xtdmpolicy"})
_MENTION = re.compile(r"tdm[\s_.:\-]{0,3}reserv\w{0,12}", re.IGNORECASE)
_ZERO = re.compile(
    r"[^0-9A-Za-z]{0,24}(?:(?:content|value)[^0-9A-Za-z]{0,12})?"
    r"(?:0|false|no|null|none|off)(?![0-9A-Za-z.])",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Declaration:
    """What one place declares.

    Attributes:
        reserved: whether TDM rights are reserved; None where a value stands that is neither.
        policy: the address of the TDM policy as it was written, or "".
        proper: place and spelling are those of the report. Nothing else can say that rights are
            not reserved.
        notes: what a reader should know.
    """

    reserved: bool | None
    policy: str = ""
    proper: bool = True
    notes: tuple[str, ...] = ()


def is_reservation_name(name: str) -> bool:
    """Whether a key of a rule is about a reservation, however it is spelled."""
    plain = _SPACING.sub("", name[:100]).casefold()
    return "reserv" in plain or "tdmoptout" in plain


def is_tdm_name(name: str) -> bool:
    """Whether a header or meta element is about a TDM reservation: others speak of tables."""
    return "tdm" in name[:100].casefold() and is_reservation_name(name)


def is_policy_name(name: str) -> bool:
    """Whether a key of a rule or a property names the policy, however it is spelled."""
    return _SPACING.sub("", name[:100]).casefold() in _POLICY_NAMES


def read_json_value(value: Any) -> tuple[bool | None, bool]:
    """Whether a JSON value reserves (None: it cannot be said), and whether it is a proper one."""
    if type(value) is int and value in (0, 1):
        return value == 1, True
    return (True if _shows_reservation(value) else None), False


def read_text_value(text: str) -> tuple[bool | None, bool]:
    """The same for the text of a header, a meta element or an XMP property."""
    text = text.strip(" \t\r\n")
    if text in ("0", "1"):
        return text == "1", True
    return (True if _shows_reservation(text) else None), False


def declare(
    values: list[tuple[bool | None, bool]], policies: list[str], *, proper: bool = True
) -> Declaration | None:
    """Combine the values that stand at one place: the most restrictive counts.

    Args:
        values: as ``read_text_value`` gives them.
        policies: the policies that stand there.
        proper: the names are spelled as the report gives them.

    Returns:
        None where no reservation is spoken of: a policy alone declares nothing.
    """
    if not values:
        return None
    notes = []
    proper = proper and all(sound for _, sound in values)
    if not proper:
        notes.append("tdm-reservation is not written as the report asks: only a refusal counts")
    answers = {reserved for reserved, _ in values}
    if len(answers) > 1:
        proper = False
        notes.append("tdm-reservation has several values: the most restrictive counts")
    wanted = list(dict.fromkeys(policy.strip() for policy in policies if policy.strip()))
    if len(wanted) > 1:
        proper = False
        notes.append("several policies are named: none of them is read")
        wanted = []
    reserved = True if True in answers else None if None in answers else False
    return Declaration(reserved, wanted[0] if wanted else "", proper, tuple(notes))


def mentions_reservation(text: str) -> bool:
    """Whether a text that nobody can parse names a reservation that is not plainly switched off."""
    return any(_ZERO.match(text, found.end()) is None for found in _MENTION.finditer(text))


def _shows_reservation(value: Any) -> bool:
    if value is None:
        return False
    if isinstance(value, str):
        return any(word not in _NOT_RESERVED for word in _WORDS.split(value.casefold()))
    if isinstance(value, Pairs):
        return any(_shows_reservation(item) for _, item in value)
    if isinstance(value, list):
        return any(_shows_reservation(item) for item in value)
    return bool(value)
