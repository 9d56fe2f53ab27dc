"""The register as a run sees it: every reference that is protected."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy.orm import Session

from models.canonical import digest_lines
from models.motifs.alignment import Box
from models.motifs.claims import parse_stored_box, write_box
from models.motifs.listing import list_motifs
from models.motifs.register.keeping import motif_folder


@dataclass(frozen=True, slots=True)
class Reference:
    """One registered motif, with the place of its picture.

    Attributes:
        id: SHA-256 of the picture's original bytes, in hex.
        label: what a person calls it; several references may share one.
        category: one of ``CATEGORIES``.
        owner: who asked for it to be kept out.
        path: the picture in the workspace.
        box: what of the upright picture is the motif, as fractions; None for all of it.
    """

    id: str
    label: str
    category: str
    owner: str
    path: Path
    box: Box | None = None


def load_references(session: Session, workspace: Path) -> tuple[Reference, ...]:
    """Every protected motif as the index wants it, by id."""
    folder = motif_folder(workspace)
    rows = [
        Reference(
            row.id, row.label, row.category, row.owner, folder / row.id, parse_stored_box(row.box)
        )
        for row in list_motifs(session)
    ]
    return tuple(sorted(rows, key=lambda reference: reference.id))


def describe_reference(reference: Reference) -> str:
    """All that decides what is found by a reference, as one line for a digest."""
    parts = [reference.id, reference.label, reference.category]
    if reference.box is not None:
        parts.append(write_box(reference.box))
    return "\0".join(parts)


def register_digest(references: tuple[Reference, ...]) -> str:
    """Digest of what the register says, whatever its history."""
    lines = map(describe_reference, references)
    return digest_lines(["kiyome/motif-register", *sorted(lines)])
