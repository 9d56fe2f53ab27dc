"""A statement's lines as CSV (UTF-8): one line for each record."""

from __future__ import annotations

import csv
import io
from dataclasses import fields
from datetime import UTC, datetime

from models.ledger.statements.statement import Line, Statement

_COLUMNS = tuple(field.name for field in fields(Line))


def write_table(statement: Statement) -> bytes:
    """The lines of a statement. Lists are joined by spaces; times are ISO 8601 in UTC."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for line in statement.lines:
        writer.writerow([_write(name, getattr(line, name)) for name in _COLUMNS])
    return text.getvalue().encode()


def _write(name: str, value: object) -> str:
    if name == "decided_at" and isinstance(value, int):
        return datetime.fromtimestamp(value, UTC).isoformat()
    if isinstance(value, tuple):
        return " ".join(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
