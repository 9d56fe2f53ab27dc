"""JSON read piece by piece: the members of one array or object, without holding the whole."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from models.errors import RegisterError
from models.nouns.importers.list_file import ListFile
from models.nouns.importers.rows import EndedEarlyError
from models.recursion import is_nested_deeper

DEEPEST = 64
LONGEST_MEMBER = 1 << 24
_LONGEST_FRAME = 1 << 20
# Everything up to the next bracket outside strings. Possessive: no position is tried twice.
_TO_BRACKET = re.compile(r'[^"\[\]{}]*+(?:"(?:[^"\\]|\\.)*+"[^"\[\]{}]*+)*+([\[\]{}])', re.DOTALL)
_KEY_AT_END = re.compile(r'"((?:[^"\\]|\\.){0,200})"\s*:\s*\Z', re.DOTALL)
_CLOSING = {"[": "]", "{": "}"}


class Member(NamedTuple):
    """One member of the array or object that is read.

    Attributes:
        number: counted from 1.
        value: what it holds; None where it cannot be read.
        problem: why it cannot be read, or "".
    """

    number: int
    value: Any
    problem: str = ""


def parse_json(text: str) -> tuple[Any, str]:
    """What a JSON text holds, or None and why it cannot be read."""
    if is_nested_deeper(text, DEEPEST):
        return None, f"The JSON is nested more than {DEEPEST} levels deep. Leave the entry out."
    return _load(text)


class JsonPieces:
    """The members of the arrays and objects that lie at the paths given.

    Attributes:
        frame: what stands beside them, as far as it has been read: for
            ``{"a": 1, "data": [...]}`` and the path ``("data",)`` it is ``{"a": 1, "data": []}``.

    Args:
        paths: the keys that lead there from the top; ``()`` is the top itself.
    """

    def __init__(self, file: ListFile, paths: frozenset[tuple[str, ...]]) -> None:
        self._file = file
        self._paths = paths
        self._outside: list[str] = []
        self._held = 0
        self._stack: list[tuple[str, str]] = []
        self.frame: Any = None

    def members(self) -> Iterator[Member]:
        """All members, in order.

        Raises:
            EndedEarlyError: the text breaks off.
            RegisterError: it is no JSON, so that no member after this place can be told apart.
        """
        for number, (text, is_deep) in enumerate(self._split(), 1):
            if is_deep:
                problem = f"The entry is nested more than {DEEPEST} levels deep. Leave it out."
                yield Member(number, None, problem)
            else:
                yield Member(number, *_load(text))

    def _split(self) -> Iterator[tuple[str, bool]]:
        """The text of every member that is an array or object, and whether it is too deep."""
        text, place, start = "", 0, 0
        depth = deepest = 0
        for piece in self._texts():
            text = text[start:] + piece
            place, start = place - start, 0
            while found := _TO_BRACKET.match(text, place):
                bracket, place = found[1], found.end()
                if depth:
                    depth += 1 if bracket in "[{" else -1
                    deepest = max(deepest, depth)
                    if not depth:
                        yield text[start:place], deepest > DEEPEST
                        start = place
                elif bracket in "[{" and self._is_inside():
                    start, depth, deepest = place - 1, 1, 1
                else:
                    self._leave_or_enter(text[start : place - 1], bracket)
                    start = place
            if len(text) - start > LONGEST_MEMBER:
                raise self._broken("An entry is longer than 16 MiB.")
        self._outside.append(text[start:])
        if depth or self._stack or not "".join(self._outside).strip():
            raise EndedEarlyError(
                f"The list {self._file.path} breaks off: its JSON is not closed.",
                "Fetch it anew, or take what is there with --partial.",
            )
        self._read_frame("")

    def _texts(self) -> Iterator[str]:
        decoder = codecs.getincrementaldecoder("utf-8")("surrogateescape")
        is_first = True
        for piece in self._file.pieces():
            text = decoder.decode(piece)
            yield text.removeprefix("\ufeff") if is_first else text
            is_first = False
        yield decoder.decode(b"", final=True)

    def _is_inside(self) -> bool:
        return bool(self._stack) and tuple(key for _, key in self._stack[1:]) in self._paths

    def _leave_or_enter(self, before: str, bracket: str) -> None:
        """Note a bracket outside the members."""
        # Between members nothing but a comma or a key may stand; it would only fill memory.
        if not self._is_inside():
            self._outside.append(before)
            self._held += len(before) + 1
        if bracket in "[{":
            key = _KEY_AT_END.search(before)
            self._stack.append((bracket, key[1] if key else ""))
            self._outside.append(bracket)
            if self._is_inside():
                self._read_frame("".join(_CLOSING[each] for each, _ in reversed(self._stack)))
        else:
            if not self._stack or _CLOSING[self._stack.pop()[0]] != bracket:
                raise self._broken("Its brackets do not match.")
            self._outside.append(bracket)
        if self._held > _LONGEST_FRAME:
            raise self._broken("It does not have the structure of such a list.")

    def _read_frame(self, ending: str) -> None:
        frame, problem = parse_json("".join(self._outside) + ending)
        if problem:
            raise self._broken("It is not valid JSON.")
        self.frame = frame

    def _broken(self, problem: str) -> RegisterError:
        return RegisterError(
            f"The list {self._file.path} cannot be read. {problem}",
            "Fetch it anew from where it is published.",
        )


def _load(text: str) -> tuple[Any, str]:
    try:
        return json.loads(text), ""
    except (ValueError, RecursionError) as error:
        return None, f"The entry is not valid JSON: {error}."
