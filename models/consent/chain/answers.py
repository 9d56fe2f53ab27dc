"""What a node answers, and which of its many wordings mean the same."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Result:
    """The node answered."""

    value: Any


@dataclass(frozen=True, slots=True)
class Refused:
    """The node answered with an error, and would do so again."""

    code: int
    message: str
    data: str = ""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """There is no answer, after every attempt."""

    detail: str


Answer = Result | Refused | Unanswered


@dataclass(frozen=True, slots=True)
class Returned:
    """A call of a contract returned."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Reverted:
    """A contract refused a call: it will at this block, whoever asks."""

    reason: str


@dataclass(frozen=True, slots=True)
class Failed:
    """It is not known what the contract would have answered."""

    detail: str


CallOutcome = Returned | Reverted | Failed

_LOOK_ELSEWHERE = "0x556f1830"  # OffchainLookup (EIP-3668)
_REVERTED = re.compile(r"\brevert|invalid opcode|VM execution error|bad instruction", re.IGNORECASE)
_OUT_OF_GAS = re.compile(r"out of gas|gas required exceeds", re.IGNORECASE)
_NOT_REVERTED = re.compile(
    r"out of gas|gas required exceeds|timeout|timed out|cancel", re.IGNORECASE
)
_TOO_WIDE = re.compile(
    r"more than [\d,]+ (?:results|logs)|too many (?:results|logs|blocks|events)"
    r"|(?:block )?range.{0,40}(?:too (?:large|wide|big)|exceed|limit|larger than|bigger than|max)"
    r"|(?:exceed|max|limit|too large|too wide|greater).{0,60}\brange\b"
    r"|(?:result|response|log response).{0,20}(?:size|too large).{0,20}(?:exceed|limit|large)?"
    r"|blocks? (?:distance|count).{0,20}(?:exceed|limit)|query timeout|timed? ?out"
    r"|limited to.{0,40}(?:blocks?|range)|narrow",
    re.IGNORECASE,
)
_BUSY = re.compile(
    r"rate.?limit|too many requests|limit exceeded|per second|throughput|capacity|compute units"
    r"|try again|overloaded|temporar|busy|quota",
    re.IGNORECASE,
)
_NOT_THERE_YET = re.compile(
    r"header not found|unknown block|block (?:\S+ )?not found|missing trie node"
    r"|state (?:is )?not (?:available|found)|hash \S+ is not currently canonical",
    re.IGNORECASE,
)
_BATCH = re.compile(
    r"batch|payload too large|request (?:entity )?too large|response too large", re.IGNORECASE
)
_BUSY_CODES = {429, -32005, -32016, -32097}
_PASSING_CODES = {-32603, -32000, -32002}


def is_too_wide(refused: Refused) -> bool:
    """Whether ``eth_getLogs`` was refused for how much it asked, in any provider's words."""
    if _TOO_WIDE.search(refused.message):
        return True
    return refused.code in (-32005, 413) and _BUSY.search(refused.message) is None


def is_reverted(refused: Refused) -> bool:
    """Whether a contract refused the call."""
    return refused.code == 3 or _REVERTED.search(refused.message) is not None


def is_busy(refused: Refused) -> bool:
    """Whether the node wants fewer requests. What a contract says when it reverts is not that."""
    if is_reverted(refused):
        return False
    return refused.code in _BUSY_CODES or _BUSY.search(refused.message) is not None


def is_passing(refused: Refused) -> bool:
    """Whether the same question may be answered a moment later, or by the node's neighbour."""
    if is_reverted(refused) or _OUT_OF_GAS.search(refused.message):
        return False
    return refused.code in _PASSING_CODES or _NOT_THERE_YET.search(refused.message) is not None


def is_about_the_batch(refused: Refused) -> bool:
    """Whether the node refused how many questions came at once."""
    return _BATCH.search(refused.message) is not None


def outcome_of_call(answer: Answer) -> CallOutcome:
    """What ``eth_call`` came to. Only what the contract itself did is a revert."""
    if isinstance(answer, Unanswered):
        return Failed(answer.detail)
    if isinstance(answer, Refused):
        if answer.data.startswith(_LOOK_ELSEWHERE):
            return Failed("the contract keeps the answer off the chain (EIP-3668)")
        if _NOT_REVERTED.search(answer.message):
            return Failed(f"the node refuses: {answer.message}")
        if is_reverted(answer):
            return Reverted(answer.message)
        return Failed(f"the node refuses: {answer.message}")
    data = read_hex(answer.value)
    return Failed("the node's answer is not hexadecimal") if data is None else Returned(data)


def read_hex(value: object) -> bytes | None:
    """The bytes of a ``0x…`` string; None where it is not one."""
    if not isinstance(value, str) or not value.startswith("0x"):
        return None
    try:
        return bytes.fromhex(value[2:])
    except ValueError:
        return None


def read_quantity(value: object) -> int | None:
    """The number in a ``0x…`` string; None where it is not one."""
    if not isinstance(value, str) or not re.fullmatch(r"0x[0-9a-fA-F]{1,64}", value):
        return None
    return int(value, 16)
