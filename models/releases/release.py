"""A published dataset version, as the database knows it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.store.tables import ReleaseRow


@dataclass(frozen=True, slots=True)
class Release:
    """A published dataset version."""

    id: str
    dataset: str
    number: int
    manifest_sha256: str
    exclusions_sha256: str
    folder: str
    cleared: int
    removed: int
    created_ms: int

    def path(self, workspace: Path) -> Path:
        """The release folder."""
        return workspace / self.folder


def read_release(row: ReleaseRow) -> Release:
    """A release from its row."""
    return Release(**{name: getattr(row, name) for name in Release.__slots__})
