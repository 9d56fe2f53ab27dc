"""Registering pictures from a file, from bytes that an owner submits, and from a folder."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path, PurePath
from typing import Final

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from models.assets.asset import Location
from models.assets.faults import FaultError
from models.assets.reading import path_uri, read_location
from models.errors import RegisterError
from models.motifs.claims import Claim
from models.motifs.listing import REGISTER_KIND
from models.motifs.register.changing import (
    PLAIN_MANNER,
    Manner,
    Outcome,
    inspect_as,
    register_picture,
)
from models.motifs.register.keeping import write_copies
from models.motifs.register.neighbours import Neighbours
from models.motifs.register.pictures import MAX_BYTES, MAX_PIXELS
from models.motifs.remarks import ReferenceRefusedError, Remark
from models.reasons import Reason
from models.store.database import Database
from models.store.tables import Base, MotifRow, RegisterRow

LIST_FILE: Final = "motifs.csv"
COLUMNS: Final = (
    *("file", "label", "category", "owner", "source"),
    *("right", "right_note", "box", "registered_by", "state"),
)
"""Columns of a ``motifs.csv``; the last two are written by an export and not read again."""

_SUFFIXES: Final = frozenset(
    (".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"),
)

Transactions = Callable[[], AbstractContextManager[Session]]
"""Opens a transaction on the register."""


@dataclass(frozen=True, slots=True)
class FolderReport:
    """What ``add_folder`` did: every picture is in exactly one of the three.

    ``known`` holds those that were there, corrected or not, and those that were left out because
    they look the same as one that is there.
    """

    added: tuple[MotifRow, ...]
    known: tuple[MotifRow, ...]
    refused: tuple[tuple[str, str], ...]


def add_motif(
    session: Session,
    workspace: Path,
    image_path: Path,
    label: str,
    category: str = "",
    *,
    owner: str = "",
    source: str = "",
    right: str = "",
    right_note: str = "",
    box: str = "",
    manner: Manner = PLAIN_MANNER,
) -> MotifRow:
    """Register a picture, or correct what the register says about one that it holds already.

    For a picture that is there already an empty owner, source or right leaves what is known.

    Raises:
        ReferenceRefusedError: the picture cannot be read or decoded, is not fit to be a reference,
            or the claim cannot be used; nothing is registered then.
    """
    claim = Claim(label, category, owner, source, right, right_note, box)
    data = read_picture(image_path)
    row = _row_of(register_picture(session, workspace, data, claim, manner))
    write_copies(workspace, row.id, data)
    return row


def submit_reference(
    session: Session,
    workspace: Path,
    data: bytes,
    claim: Claim,
    *,
    submitted_by: str,
    also_mine: bool = False,
    max_pixels: int = MAX_PIXELS,
) -> Outcome:
    """Take a picture that an owner submits.

    It is protected at once, and unconfirmed until staff confirm or refuse it. A picture that is
    registered already stays as it is; a second owner's claim to it is recorded where
    ``also_mine`` says so.

    Args:
        data: the uploaded bytes.
        submitted_by: the owner, as signed in; it is the owner where the claim names none.

    Raises:
        ReferenceRefusedError: the picture or the claim is not fit, another owner has registered
            the same, or it was refused before. Nothing is changed then.
    """
    if not claim.owner:
        claim = replace(claim, owner=submitted_by)
    manner = Manner(submitted_by, "unconfirmed", also_mine=also_mine, max_pixels=max_pixels)
    outcome = register_picture(session, workspace, data, claim, manner)
    write_copies(workspace, _row_of(outcome).id, data)
    return outcome


def add_folder(
    session: Session,
    workspace: Path,
    folder: Path,
    *,
    category: str = "",
    owner: str = "",
    source: str = "",
) -> FolderReport:
    """Register every picture of a folder in one transaction; see ``register_folder``.

    Raises:
        RegisterError: the folder or its ``motifs.csv`` cannot be read, or holds no picture.
    """
    defaults = Claim("", category, owner, source)
    added: list[MotifRow] = []
    known: list[MotifRow] = []
    refused: list[tuple[str, str]] = []
    entries = read_folder(folder, defaults)
    for name, outcome in register_folder(lambda: nullcontext(session), workspace, folder, entries):
        if outcome.row is None:
            refused.append((name, str(outcome.refusal)))
        else:
            (added if outcome.kind == "added" else known).append(outcome.row)
    return FolderReport(tuple(added), tuple(known), tuple(refused))


def read_folder(folder: Path, defaults: Claim) -> list[tuple[str, Claim]]:
    """The pictures of a folder, by name, with what is claimed of each.

    Where the folder holds a ``motifs.csv`` (columns ``file``, ``label``, and optionally
    ``category``, ``owner``, ``source``, ``right``, ``right_note``, ``box``), it decides what is
    registered. Otherwise all pictures are: one in a subfolder is labelled with the subfolder's
    name, one at the top with its own.

    Args:
        defaults: what is claimed where neither the list nor a name says anything.

    Raises:
        RegisterError: the folder or its ``motifs.csv`` cannot be read, or holds no picture.
    """
    try:
        if (folder / LIST_FILE).is_file():
            return _listed(folder / LIST_FILE, defaults)
        if not folder.is_dir():
            raise RegisterError(f"{folder} is not a folder.", "Name the folder of the pictures.")
        paths = sorted(p for p in _walk(folder) if p.suffix.lower() in _SUFFIXES)
    except OSError as error:
        where = error.filename or folder
        raise RegisterError(
            f"{where} cannot be read: {error.strerror or error}.",
            "Make it readable: a picture that is passed over would not be protected.",
        ) from error
    names = [path.relative_to(folder) for path in paths if not path.name.startswith(".")]
    if not names:
        raise RegisterError(f"There is no picture in {folder}.", "Name the folder that holds them.")
    labels = [name.parts[0] if len(name.parts) > 1 else name.stem for name in names]
    return [
        (str(name), replace(defaults, label=defaults.label or label))
        for name, label in zip(names, labels, strict=True)
    ]


def register_folder(
    transactions: Transactions,
    workspace: Path,
    folder: Path,
    entries: list[tuple[str, Claim]],
    manner: Manner = PLAIN_MANNER,
) -> Iterator[tuple[str, Outcome]]:
    """Register pictures one by one, each in its own transaction; none stops the others.

    Args:
        transactions: opens a transaction. Pictures are decoded outside of them, so that nobody
            else who writes has to wait.
        entries: what ``read_folder`` gave.

    Yields:
        The name of each picture and what became of it, as soon as it has.
    """
    neighbours = Neighbours(workspace)
    for name, claim in entries:
        try:
            _require_within(name)
            data = read_picture(folder / name)
        except ReferenceRefusedError as error:
            yield name, Outcome("refused", None, (), error.remark)
            continue
        inspection = inspect_as(data, claim, manner)
        with transactions() as session:
            outcome = register_picture(
                session,
                workspace,
                data,
                claim,
                manner,
                inspection=inspection,
                neighbours=neighbours,
            )
        if outcome.row is not None and manner.keep_files:
            write_copies(workspace, inspection.id, data)
        yield name, outcome


@contextmanager
def rehearsing(database: Database | None) -> Iterator[Transactions]:
    """Transactions on a copy of the register that is thrown away, to see what would happen.

    Args:
        database: whose register is copied, or None for an empty one.
    """
    with tempfile.TemporaryDirectory(prefix="kiyome-rehearsal-") as folder:
        copy = Database(f"sqlite:///{folder}/register.db")
        try:
            Base.metadata.create_all(copy.engine)
            if database is not None:
                _copy_register(database, copy)
            yield copy.transaction
        finally:
            copy.dispose()


def read_picture(image_path: Path) -> bytes:
    """The bytes of a picture.

    Raises:
        ReferenceRefusedError: it is not there, cannot be read, or is larger than ``MAX_BYTES``.
    """
    uri = path_uri(os.fsencode(image_path.absolute()))
    try:
        return read_location(Location(image_path.name, uri), MAX_BYTES)
    except FaultError as error:
        fault = error.fault
        if fault.reason is Reason.FILE_TOO_LARGE:
            raise ReferenceRefusedError(Remark.of("file_too_large", limit=MAX_BYTES)) from error
        raise ReferenceRefusedError(Remark.of_fault(fault)) from error


def _require_within(name: str) -> None:
    """A list that came from somebody else must not reach for other files of this machine.

    Raises:
        ReferenceRefusedError: the name leads out of the folder that it stands in.
    """
    file = PurePath(os.path.normpath(name))
    if file.is_absolute() or file.parts[:1] == ("..",):
        raise ReferenceRefusedError(Remark.of("outside_folder"))


def _walk(folder: Path) -> Iterator[Path]:
    """Everything in a folder and its subfolders, where a glob passes over what it cannot read.

    Raises:
        OSError: a folder cannot be read.
    """

    def stop(error: OSError) -> None:
        raise error

    for parent, folders, files in os.walk(folder, onerror=stop):
        yield from (Path(parent, name) for name in (*folders, *files))


def _row_of(outcome: Outcome) -> MotifRow:
    if outcome.refusal is not None:
        raise ReferenceRefusedError(outcome.refusal)
    if outcome.row is None:
        raise ReferenceRefusedError(outcome.warnings[-1])
    return outcome.row


def _copy_register(database: Database, copy: Database) -> None:
    motifs, versions = MotifRow.__table__, RegisterRow.__table__
    with database.snapshot() as source, copy.transaction() as target:
        kept = select(versions).where(RegisterRow.kind == REGISTER_KIND)
        for table, query in ((motifs, select(motifs)), (versions, kept)):
            if rows := [dict(row) for row in source.execute(query).mappings()]:
                target.execute(insert(table), rows)  # type: ignore[arg-type]


def _listed(path: Path, defaults: Claim) -> list[tuple[str, Claim]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
        rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
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
            Claim(
                row["label"] or "",
                *(
                    (row.get(name) or "").strip() or getattr(defaults, name)
                    for name in ("category", "owner", "source", "right", "right_note", "box")
                ),
            ),
        )
        for row in rows
    ]
