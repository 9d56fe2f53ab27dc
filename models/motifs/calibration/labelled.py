"""A user's own labelled pictures: a folder with a ``pairs.csv`` that says what each shows."""

from __future__ import annotations

import csv
import difflib
import io
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from models.motifs.alignment import Box
from models.motifs.calibration.pairs import CalibrationError
from models.motifs.claims import parse_stored_box
from models.motifs.remarks import ReferenceRefusedError

LIST_FILE: Final = "pairs.csv"
COLUMNS: Final = ("file", "label", "kind", "box")
UNNAMED_EDIT: Final = "as labelled"
UNNAMED_CLEAN: Final = "clean"

_WHOLE: Final[Box] = (0.0, 0.0, 1.0, 1.0)
_NEAREST: Final = 3
_MAX_BYTES: Final = 64 * 1024**2


@dataclass(frozen=True, slots=True)
class LabelledPicture:
    """One row of the list.

    Attributes:
        line: of the file, from 1.
        name: the picture's file as the row gives it.
        path: that file.
        label: what it shows, as it is registered; None for a clean picture.
        kind: how it was edited, or what kind of clean picture it is.
        box: where in it the motif lies, as fractions; None where the row does not say.
    """

    line: int
    name: str
    path: Path
    label: str | None
    kind: str
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that does not count, and why."""

    line: int
    name: str
    why: str


@dataclass(frozen=True, slots=True)
class LabelledFolder:
    """What a folder's list says.

    Attributes:
        pictures: rows that can be used, in order.
        left_out: rows that cannot.
    """

    pictures: tuple[LabelledPicture, ...]
    left_out: tuple[LeftOut, ...]

    @property
    def labels(self) -> tuple[str, ...]:
        """The labels of the pictures, sorted."""
        return tuple(sorted({p.label for p in self.pictures if p.label is not None}))


def read_labelled(folder: Path, labels: Collection[str]) -> LabelledFolder:
    """Read a folder's ``pairs.csv``.

    Columns: ``file`` (beneath the folder, or absolute), ``label`` (as registered; empty for a clean
    picture) and optionally ``kind`` and ``box`` (left, top, right, bottom as fractions). A picture
    that shows several motifs has a row for each.

    Args:
        folder: that holds the list.
        labels: those of the register.

    Raises:
        CalibrationError: there is no list, it is not such a table, or none of its rows can be used.
    """
    path = folder / LIST_FILE
    rows = _read_rows(path)
    clean = {row["file"] for _, row in rows if not row["label"]}
    labelled = {row["file"] for _, row in rows if row["label"]}
    pictures: list[LabelledPicture] = []
    left_out: list[LeftOut] = []
    seen: set[tuple[str, str]] = set()
    for line, row in rows:
        name, label = row["file"], row["label"]
        why = _objection(folder, name, label, labels)
        if not why and (name, label) in seen:
            why = "the same file and label stand in an earlier row"
        if not why and not label and name in labelled and name in clean:
            why = "another row says what this file shows, so it is not clean"
        seen.add((name, label))
        box: Box | None = None
        if not why and row["box"]:
            try:
                box = parse_stored_box(row["box"]) or _WHOLE
            except ReferenceRefusedError:
                why = (
                    f"its box {row['box'][:60]!r} is not four fractions: "
                    "left, top, right, bottom, each from 0 to 1"
                )
        if why:
            left_out.append(LeftOut(line, name, why))
            continue
        kind = row["kind"] or (UNNAMED_EDIT if label else UNNAMED_CLEAN)
        pictures.append(
            LabelledPicture(line, name, folder / name, label or None, kind, box if label else None)
        )
    if not pictures:
        first = f" Line {left_out[0].line}: {left_out[0].why}." if left_out else ""
        raise CalibrationError(
            f"No row of {path} can be used.{first}",
            "Give each picture a row with its file and its label as registered; "
            "`kiyome register motifs list` shows the labels.",
        )
    return LabelledFolder(tuple(pictures), tuple(left_out))


def _read_rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """Every row that is not empty, with the line on which it ends."""
    text = _read_text(path)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        names = {(name or "").strip().lower(): name for name in reader.fieldnames or ()}
        _check_columns(path, names)
        rows = []
        for row in reader:
            if None in row:
                raise CalibrationError(
                    f"Line {reader.line_num} of {path} has more values than there are columns.",
                    "Put a value that holds a comma in double quotes.",
                )
            values = {c: (row.get(names.get(c, "")) or "").strip() for c in COLUMNS}
            # Labels are registered in this form.
            values["label"] = unicodedata.normalize("NFC", values["label"])
            if any(values.values()):
                rows.append((reader.line_num, values))
    except csv.Error as error:
        raise CalibrationError(
            f"Line {reader.reader.line_num} of {path} cannot be read: {error}.",
            "Save it as comma-separated values, with quotes around values that hold commas.",
        ) from error
    return rows


def _read_text(path: Path) -> str:
    remedy = (
        "Make one with the columns file and label (empty for a clean picture), and optionally "
        "kind and box; see docs/motif-calibration.md."
    )
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise CalibrationError(
                f"{path} is larger than {_MAX_BYTES:,} bytes.", "Split it over several folders."
            )
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise CalibrationError(f"There is no {path}.", remedy) from error
    except UnicodeDecodeError as error:
        raise CalibrationError(
            f"{path} is not UTF-8: byte {error.start} cannot be read.", "Save it as UTF-8."
        ) from error
    except OSError as error:
        raise CalibrationError(
            f"{path} cannot be read: {error.strerror or error}.", remedy
        ) from error


def _check_columns(path: Path, names: Mapping[str, str]) -> None:
    missing = [column for column in ("file", "label") if column not in names]
    if missing:
        found = ", ".join(repr(name) for name in names) or "none"
        raise CalibrationError(
            f"{path} has no column {' and no column '.join(missing)}; its columns are {found}.",
            "Its first line must name the columns file and label, parted by a comma.",
        )


def _objection(folder: Path, name: str, label: str, labels: Collection[str]) -> str:
    """Why a row cannot be used; "" where it can."""
    if not name:
        return "it names no file"
    if "\0" in name:
        return "its file name holds a NUL"
    if label and label not in labels:
        near = difflib.get_close_matches(label, sorted(labels), n=_NEAREST, cutoff=0.6)
        hint = f"; did you mean {' or '.join(map(repr, near))}?" if near else ""
        return f"no reference is registered with the label {label[:80]!r}{hint}"
    try:
        found = (folder / name).is_file()
    except OSError as error:
        return f"its file cannot be looked at: {error.strerror or error}"
    return "" if found else "there is no such file"
