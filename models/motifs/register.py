"""The motif register: the reference pictures that owners ask to be kept out.

A reference is known by the SHA-256 of its original bytes, which lie in the workspace; what it
shows and whose it is stands in the database. The same picture is in the register once.
"""

from __future__ import annotations

import csv
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from sqlalchemy import select, text, update
from sqlalchemy.orm import Session

from models.assets.asset import Fault, Location
from models.assets.decoding import DecodedImage, decode_image
from models.assets.faults import FaultError
from models.assets.reading import path_uri, read_location
from models.canonical import digest_bytes, digest_lines
from models.errors import RegisterError
from models.files import write_atomically
from models.motifs.fingerprints import DECODED_SIDE
from models.reasons import TEXTS
from models.store.database import now_ms
from models.store.tables import MotifRow, RegisterRow

REGISTER_KIND: Final = "motifs"
CATEGORIES: Final = ("character", "logo", "motif", "work", "brand", "person")
LIST_FILE: Final = "motifs.csv"
MAX_BYTES: Final = 64 * 1024**2
MAX_PIXELS: Final = 64_000_000
SMALLEST_SIDE: Final = 32
"""Pixels of the shorter side below which a picture is too small to be compared with others."""

_PLAIN_SPREAD: Final = 4.0
_SUFFIXES: Final = frozenset(
    (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"),
)


@dataclass(frozen=True, slots=True)
class Reference:
    """One registered motif, with the place of its picture.

    Attributes:
        id: SHA-256 of the picture's original bytes, in hex.
        label: what a person calls it; several references may share one.
        category: one of ``CATEGORIES``.
        owner: who asked for it to be kept out.
        path: the picture in the workspace.
    """

    id: str
    label: str
    category: str
    owner: str
    path: Path


@dataclass(frozen=True, slots=True)
class FolderReport:
    """What ``add_folder`` did: every picture is in exactly one of the three."""

    added: tuple[MotifRow, ...]
    known: tuple[MotifRow, ...]
    refused: tuple[tuple[str, str], ...]


def add_motif(
    session: Session,
    workspace: Path,
    image_path: Path,
    label: str,
    category: str,
    *,
    owner: str = "",
    source: str = "",
) -> MotifRow:
    """Register a picture, or correct what the register says about one that it holds already.

    For a picture that is there already an empty owner or source leaves what is known.

    Raises:
        RegisterError: the picture cannot be read or decoded, is too small or plain, or label or
            category cannot be used; nothing is registered then.
    """
    return _add(session, workspace, image_path, label, category, owner, source)[0]


def add_folder(
    session: Session,
    workspace: Path,
    folder: Path,
    *,
    category: str = "motif",
    owner: str = "",
    source: str = "",
) -> FolderReport:
    """Register every picture of a folder; one that is refused does not stop the others.

    Where the folder holds a ``motifs.csv`` (columns ``file``, ``label``, and optionally
    ``category``, ``owner``, ``source``), it decides what is registered. Otherwise all pictures are:
    one in a subfolder is labelled with the subfolder's name, one at the top with its own.

    Raises:
        RegisterError: the folder or its ``motifs.csv`` cannot be read, or holds no picture.
    """
    added: list[MotifRow] = []
    known: list[MotifRow] = []
    refused: list[tuple[str, str]] = []
    for name, entry in _entries(folder, category, owner, source):
        try:
            row, is_new = _add(session, workspace, folder / name, *entry)
        except RegisterError as error:
            refused.append((name, str(error)))
        else:
            (added if is_new else known).append(row)
    return FolderReport(tuple(added), tuple(known), tuple(refused))


def remove_motif(session: Session, motif_id: str) -> MotifRow:
    """Take a motif out of the register.

    Its picture stays in the workspace until ``remove_unlisted_pictures``, so that a transaction
    that is rolled back leaves the register whole.

    Raises:
        RegisterError: there is no such motif.
    """
    _lock_register(session)
    row = session.get(MotifRow, motif_id)
    if row is None:
        raise RegisterError(
            f"There is no motif {motif_id!r} in the register.",
            "`kiyome register motifs list` shows the ids.",
        )
    session.delete(row)
    _bump(session)
    return row


def remove_unlisted_pictures(session: Session, workspace: Path) -> int:
    """Delete the pictures of motifs that are no longer registered; returns how many."""
    _lock_register(session)
    listed = {row.id for row in list_motifs(session)}
    folder = motif_folder(workspace)
    unlisted = [p for p in folder.iterdir() if p.name not in listed] if folder.is_dir() else []
    for path in unlisted:
        path.unlink()
    return len(unlisted)


def list_motifs(session: Session) -> tuple[MotifRow, ...]:
    """Every motif, by label, then by id."""
    session.flush()
    query = select(MotifRow).order_by(MotifRow.label, MotifRow.id)
    return tuple(sorted(session.scalars(query), key=lambda row: (row.label, row.id)))


def load_references(session: Session, workspace: Path) -> tuple[Reference, ...]:
    """Every motif as the index wants it, by id."""
    folder = motif_folder(workspace)
    rows = [
        Reference(row.id, row.label, row.category, row.owner, folder / row.id)
        for row in list_motifs(session)
    ]
    return tuple(sorted(rows, key=lambda reference: reference.id))


def register_digest(references: tuple[Reference, ...]) -> str:
    """Digest of what the register says, whatever its history: pictures, labels, categories."""
    lines = [f"{r.id}\0{r.label}\0{r.category}" for r in references]
    return digest_lines(["kiyome/motif-register", *sorted(lines)])


def register_version(session: Session) -> int:
    """How many times the register has changed."""
    session.flush()
    row = session.get(RegisterRow, REGISTER_KIND)
    return row.version if row else 0


def motif_folder(workspace: Path) -> Path:
    """Where the reference pictures lie, each named by its id."""
    return workspace / "register" / "motifs"


def decode_reference(data: bytes, *, max_pixels: int, fit: int = DECODED_SIDE) -> DecodedImage:
    """Decode a reference picture and make sure that others can be compared with it.

    Transparent parts are shown on white, as everywhere in Kiyome.

    Raises:
        RegisterError: it cannot be decoded, is too small, or is plain.
    """
    try:
        image = decode_image(data, max_pixels=max_pixels, fit=fit)
    except FaultError as error:
        raise _refusal(error.fault) from error
    if min(image.width, image.height) < SMALLEST_SIDE:
        raise RegisterError(
            f"The picture is {image.width} x {image.height} pixels: too small to be recognised.",
            f"Register one of at least {SMALLEST_SIDE} pixels on the shorter side.",
        )
    if float(np.std(image.pixels.astype(np.float32), axis=(0, 1)).max()) < _PLAIN_SPREAD:
        ground = " on white" if image.has_alpha else ""
        raise RegisterError(
            f"The picture is plain{ground}: everything plain would look like a copy of it.",
            "Register one that shows the motif; flatten a white motif onto a darker ground first.",
        )
    return image


def _add(
    session: Session,
    workspace: Path,
    image_path: Path,
    label: str,
    category: str,
    owner: str,
    source: str,
) -> tuple[MotifRow, bool]:
    label = label.strip()
    if not label:
        raise RegisterError(f"{image_path.name} has no label.", "Say what a person calls it.")
    if category not in CATEGORIES:
        raise RegisterError(
            f"There is no motif category {category!r}.", f"Use one of {', '.join(CATEGORIES)}."
        )
    data = _read(image_path)
    decode_reference(data, max_pixels=MAX_PIXELS)
    motif_id = digest_bytes(data)
    _lock_register(session)
    row = session.get(MotifRow, motif_id)
    told = {"label": label, "category": category, "owner": owner, "source": source}
    _store_picture(workspace, motif_id, data)
    if row is not None:
        told["owner"] = owner or row.owner
        told["source"] = source or row.source
    if row is None:
        row = MotifRow(id=motif_id, added_ms=now_ms(session), **told)
        session.add(row)
        session.flush()
        _bump(session)
        return row, True
    if any(getattr(row, name) != value for name, value in told.items()):
        for name, value in told.items():
            setattr(row, name, value)
        session.flush()
        _bump(session)
    return row, False


def _read(image_path: Path) -> bytes:
    uri = path_uri(os.fsencode(image_path.absolute()))
    try:
        return read_location(Location(image_path.name, uri), MAX_BYTES)
    except FaultError as error:
        raise _refusal(error.fault) from error


def _refusal(fault: Fault) -> RegisterError:
    texts = TEXTS[fault.reason]
    return RegisterError(f"{texts.en} ({fault.detail})", texts.remedy)


def _store_picture(workspace: Path, motif_id: str, data: bytes) -> None:
    path = motif_folder(workspace) / motif_id
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.is_file() or digest_bytes(path.read_bytes()) != motif_id:
            write_atomically(path, data)
    except OSError as error:
        raise RegisterError(
            f"The picture cannot be kept in {path.parent}: {error.strerror or error}.",
            "Free some disk space or make the workspace writable, then add it again.",
        ) from error


def _lock_register(session: Session) -> None:
    """Make sure that the register's row is there, and hold it until the transaction ends."""
    session.execute(
        text(
            "INSERT INTO register_versions (kind, version) VALUES (:kind, 0) "
            "ON CONFLICT (kind) DO NOTHING"
        ),
        {"kind": REGISTER_KIND},
    )
    session.execute(
        select(RegisterRow.kind).where(RegisterRow.kind == REGISTER_KIND).with_for_update()
    )


def _bump(session: Session) -> None:
    session.execute(
        update(RegisterRow)
        .where(RegisterRow.kind == REGISTER_KIND)
        .values(version=RegisterRow.version + 1)
        .execution_options(synchronize_session="fetch")
    )


def _entries(
    folder: Path, category: str, owner: str, source: str
) -> list[tuple[str, tuple[str, str, str, str]]]:
    """File names below the folder, each with its label, category, owner and source."""
    try:
        if (folder / LIST_FILE).is_file():
            return _listed(folder / LIST_FILE, category, owner, source)
        paths = sorted(p for p in folder.rglob("*") if p.suffix.lower() in _SUFFIXES)
        if not folder.is_dir():
            raise RegisterError(f"{folder} is not a folder.", "Name the folder of the pictures.")
    except OSError as error:
        raise RegisterError(f"{folder} cannot be read: {error.strerror or error}.") from error
    if not paths:
        raise RegisterError(f"There is no picture in {folder}.", "Name the folder that holds them.")
    names = [path.relative_to(folder) for path in paths]
    labels = [name.parts[0] if len(name.parts) > 1 else name.stem for name in names]
    return [
        (str(name), (label, category, owner, source))
        for name, label in zip(names, labels, strict=True)
    ]


def _listed(
    path: Path, category: str, owner: str, source: str
) -> list[tuple[str, tuple[str, str, str, str]]]:
    try:
        rows = list(csv.DictReader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (UnicodeDecodeError, csv.Error) as error:
        raise RegisterError(f"{path} is not a CSV file in UTF-8: {error}.") from error
    if not rows or not {"file", "label"} <= rows[0].keys():
        raise RegisterError(
            f"{path} does not say which pictures to register.",
            "Give it the columns file and label, and a row for each picture.",
        )
    return [
        (
            row["file"] or "",
            (
                row["label"] or "",
                row.get("category") or category,
                row.get("owner") or owner,
                row.get("source") or source,
            ),
        )
        for row in rows
    ]
