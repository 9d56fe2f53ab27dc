"""Reads TOML files that decide about money: strictly, and without a float anywhere."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn

from models.errors import LedgerError

_NUMBER = re.compile(r"[0-9]{1,18}(?:\.[0-9]{1,9}|/[1-9][0-9]{0,5})?", re.ASCII)


def read_toml(path: Path) -> tuple[bytes, dict[str, Any]]:
    """The bytes of a TOML file, and what it says.

    Raises:
        LedgerError: it cannot be read, is no TOML, or holds a floating-point number.
    """
    try:
        data = path.read_bytes()
        value = tomllib.loads(data.decode(), parse_float=_refuse_float)
    except OSError as error:
        raise LedgerError(f"{path} cannot be read: {error.strerror}.", "Name a file.") from error
    except ValueError as error:
        raise LedgerError(f"{path} is not right: {error}.", "Mend the file.") from error
    return data, value


def _refuse_float(text: str) -> NoReturn:
    raise ValueError(f'{text} is a floating-point number; write it as text, "{text}"')


class Fields:
    """The fields of a table. Each is taken once, and ``finish`` refuses what was not taken.

    Every method raises LedgerError, naming file and field, where a value is not what it must be.
    """

    def __init__(self, path: Path, where: str, value: Any) -> None:
        self._path, self._where = path, where
        if not isinstance(value, dict):
            self.fail("", "is not a table")
        self._left: dict[str, Any] = dict(value)

    def fail(self, name: str, problem: str) -> NoReturn:
        """Refuse a field."""
        raise LedgerError(
            f"{self._path}: {(self._where + name).rstrip('.') or 'the file'} {problem}.",
            "docs/compensation.md explains it.",
        )

    def text(self, name: str, pattern: str, default: str | None = None) -> str:
        """A string of a form."""
        value = self._take(name, default)
        if not isinstance(value, str) or not re.fullmatch(pattern, value, re.ASCII):
            self.fail(name, f"does not have the form {pattern}")
        return value

    def whole(self, name: str, low: int, high: int, default: int | None = None) -> int:
        """A whole number from ``low`` to ``high``; as digits in a string where TOML has no room."""
        value = self._take(name, default)
        if isinstance(value, str) and re.fullmatch("[0-9]{1,78}", value, re.ASCII):
            value = int(value)
        if type(value) is not int or not low <= value <= high:
            self.fail(name, f"is not a whole number from {low} to {high}")
        return value

    def texts(self, name: str) -> list[str]:
        """A list of strings, at least one."""
        value = self._take(name, None)
        if not isinstance(value, list) or not value or any(type(v) is not str for v in value):
            self.fail(name, "is not a list of words")
        return value

    def table(self, name: str, default: dict[str, Any] | None = None) -> Mapping[str, Any]:
        """A table."""
        value = self._take(name, default)
        if not isinstance(value, dict):
            self.fail(name, "is not a table")
        return value

    def tables(self, name: str) -> list[Any]:
        """A list of tables; empty where it is absent."""
        value = self._take(name, [])
        if not isinstance(value, list):
            self.fail(name, "is not a list of tables")
        return value

    def finish(self) -> None:
        """Refuse what is unknown: a misspelt rule must not be passed over."""
        if self._left:
            self.fail(min(self._left), "is not known")

    def _take(self, name: str, default: Any) -> Any:
        value = self._left.pop(name, default)
        if value is None:
            self.fail(name, "is missing")
        return value


def read_fraction(value: Any) -> Fraction | None:
    """An exact number from an integer, ``"1.5"`` or ``"3/2"``; None where it is none."""
    match = _NUMBER.fullmatch(str(value)) if type(value) in (int, str) else None
    return None if match is None else Fraction(match[0])
