"""What the commands of the motif register print, and the report that they write."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from models.spreadsheets import defuse

if TYPE_CHECKING:
    from models.motifs.listing import MotifChange, MotifGroup
    from models.motifs.register import Outcome
    from models.store.tables import MotifRow

_SHORT_ID = 12
_COLUMNS = ("file", "outcome", "id", "label", "category", "owner", "why", "warnings")
_WOULD = {"added": "would add", "corrected": "would correct"}


class Report:
    """Counts what became of pictures, and writes it down where asked."""

    def __init__(self, file: IO[str] | None) -> None:
        self._rows: Any = csv.writer(file, lineterminator="\n") if file else None
        if self._rows:
            self._rows.writerow(_COLUMNS)
        self._kinds: Counter[str] = Counter()

    @classmethod
    @contextmanager
    def written_to(cls, path: Path | None) -> Iterator[Report]:
        """A report that goes into a file, or nowhere.

        Raises:
            RegisterError: the file cannot be written.
        """
        from models.errors import RegisterError

        if path is None:
            yield cls(None)
            return
        try:
            file = path.open("w", encoding="utf-8", newline="")
        except OSError as error:
            raise RegisterError(
                f"The report {path} cannot be written: {error.strerror or error}.",
                "Name another file with --report.",
            ) from error
        with file:
            yield cls(file)

    @property
    def count(self) -> int:
        """How many pictures there were."""
        return self._kinds.total()

    @property
    def refused(self) -> int:
        """How many of them were refused."""
        return self._kinds["refused"]

    def add(self, name: str, outcome: Outcome) -> None:
        """One picture more."""
        self._kinds[outcome.kind] += 1
        if not self._rows:
            return
        row = outcome.row
        said = (row.id, row.label, row.category, row.owner) if row else ("", "", "", "")
        why = str(outcome.refusal) if outcome.refusal else ""
        cells = (name, outcome.kind, *said, why, " ".join(map(str, outcome.warnings)))
        # A spreadsheet would run what begins like a formula.
        safe = map(defuse, cells)
        self._rows.writerow([cell.encode("utf-8", "replace").decode() for cell in safe])

    def summary(self, *, dry_run: bool) -> str:
        """All in one sentence."""
        counts = self._kinds
        parts = [
            f"{counts['added']} {'would be ' if dry_run else ''}registered",
            f"{counts['known'] + counts['corrected'] + counts['disputed']} known already",
        ]
        if counts["corrected"]:
            parts[1] += f" ({counts['corrected']} corrected)"
        if counts["skipped"]:
            parts.append(f"{counts['skipped']} skipped")
        if counts["refused"]:
            parts.append(f"{counts['refused']} refused")
        end = " Nothing was changed." if dry_run else ""
        return f"{', '.join(parts)}.{end}"


def describe_outcome(
    name: str, outcome: Outcome, number: int, total: int, *, dry_run: bool = False
) -> Iterator[str]:
    """What became of one picture, or would become, with what its owner should know."""
    place = f"[{number}/{total}] " if total > 1 else ""
    if outcome.refusal is not None:
        how = " (--also-mine)" if outcome.refusal.code == "claimed_by_other" else ""
        yield f"{place}refused {name}: {outcome.refusal}{how}"
    elif outcome.row is None:
        yield f"{place}skipped {name}"
    else:
        row = outcome.row
        owner = f" of {row.owner}" if row.owner else ""
        kind = _WOULD.get(outcome.kind, outcome.kind) if dry_run else outcome.kind
        yield f"{place}{kind} {name}: {row.label!r} as {row.category}{owner}: {row.id}"
    for warning in outcome.warnings:
        yield f"    {warning}"


def describe_group(group: MotifGroup) -> Iterator[str]:
    """A label with its pictures."""
    owners = " / ".join(group.owners)
    count = f"{len(group.rows)} picture{'' if len(group.rows) == 1 else 's'}"
    told = [group.label, " / ".join(group.categories), *([f"({owners})"] if owners else []), count]
    yield "  ".join(told)
    if len(group.categories) > 1 or len(group.owners) > 1:
        yield "  its pictures disagree: `kiyome register motifs correct` sets one for all"
    for row in group.rows:
        yield f"  {describe_row(row)}"


def describe_row(row: MotifRow) -> str:
    """One reference in a line."""
    right = " ".join(filter(None, (row.right_kind, f"[{row.right_note}]" * bool(row.right_note))))
    parts = [
        row.id[:_SHORT_ID],
        row.category,
        row.state,
        right,
        f"box {row.box}" if row.box else "",
        f"of {row.owner}" if row.owner else "",
        f"by {row.registered_by}" if row.registered_by else "",
        "disputed" if row.disputed_with else "",
    ]
    return "  ".join(filter(None, parts))


def describe_change(change: MotifChange) -> str:
    """One change in a line."""
    at = datetime.fromtimestamp(change.at_ms / 1000, UTC)
    what = "; ".join(
        f"{name}: {old or '-'} -> {new or '-'}" for name, (old, new) in change.fields.items()
    )
    if change.action in ("added", "removed"):
        what = ""
    note = ", ".join(f"{name} {value}" for name, value in change.note.items() if value)
    parts = [
        f"{change.version:>5}",
        f"{at:%Y-%m-%d %H:%M}",
        change.action,
        change.motif_id[:_SHORT_ID],
        change.label,
        what,
        note,
        f"({change.why})" if change.why else "",
        f"by {change.actor}" if change.actor else "",
    ]
    return "  ".join(filter(None, parts))
