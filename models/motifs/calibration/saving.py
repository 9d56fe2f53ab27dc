"""Writing an evaluation into a folder: figures, sheets, a page and the numbers."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from models.assets.decoding import decode_image
from models.assets.faults import FaultError
from models.errors import WorkspaceError
from models.files import write_atomically
from models.motifs.calibration.evaluating import Evaluation
from models.motifs.calibration.pairs import CalibrationError
from models.motifs.calibration.plotting import plot_curves, plot_recall, plot_risks
from models.motifs.calibration.reporting import write_page
from models.motifs.calibration.sheets import Pixels, draw_alarms, draw_misses
from models.motifs.register import Reference, decode_reference
from models.motifs.remarks import ReferenceRefusedError
from models.motifs.risk import Calibration

PAGE: Final = "report.md"
NUMBERS: Final = "report.json"

_SHOWN_SIDE: Final = 400


def save_evaluation(
    evaluation: Evaluation,
    references: Sequence[Reference],
    folder: Path,
    max_pixels: int,
    before: Calibration | None = None,
) -> Path:
    """Write all of an evaluation; files of the same names are replaced.

    Args:
        evaluation: what was measured.
        references: the register's, to be shown on the sheets.
        folder: made where it is missing.
        max_pixels: larger pictures are not shown.
        before: another calibration whose curves are to be shown too.

    Returns:
        The page.

    Raises:
        WorkspaceError: the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        figures = _draw(evaluation, references, folder, max_pixels, before)
        numbers = json.dumps(evaluation.as_dict(), indent=1, ensure_ascii=False) + "\n"
        write_atomically(folder / NUMBERS, numbers.encode("utf-8", "backslashreplace"))
        page = write_page(evaluation, figures)
        write_atomically(folder / PAGE, page.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise WorkspaceError(
            f"The report cannot be written to {folder}: {error.strerror or error}.",
            "Free some disk space, make it writable, or name another folder with --out.",
        ) from error
    return folder / PAGE


def require_new_file(path: Path, *, force: bool) -> None:
    """Make sure that a calibration can be written, before hours are spent on it.

    Raises:
        CalibrationError: there is something already, or there is no such folder.
    """
    if path.is_dir():
        raise CalibrationError(f"{path} is a folder.", "Name a file with --out.")
    if path.exists() and not force:
        raise CalibrationError(
            f"There is a file at {path} already.", "Name another with --out, or add --force."
        )
    if not path.parent.is_dir():
        raise CalibrationError(f"There is no folder {path.parent}.", "Make it, then run again.")


def save_calibration(calibration: Calibration, path: Path) -> None:
    """Write a calibration whole or not at all; ``Calibration.from_json`` reads it.

    Raises:
        WorkspaceError: the file cannot be written.
    """
    text = json.dumps(calibration.as_dict(), indent=1, ensure_ascii=False) + "\n"
    try:
        write_atomically(path, text.encode("utf-8", "backslashreplace"))
    except OSError as error:
        raise WorkspaceError(
            f"The calibration cannot be written to {path}: {error.strerror or error}.",
            "Free some disk space, make the folder writable, or name another file with --out.",
        ) from error


def _draw(
    evaluation: Evaluation,
    references: Sequence[Reference],
    folder: Path,
    max_pixels: int,
    before: Calibration | None,
) -> list[tuple[str, str]]:
    """Draw what there is something to draw of; file names and captions."""
    known = {reference.id: reference for reference in references}
    first: Mapping[str, str] = {r.label: r.id for r in reversed(references)}

    def read_picture(path: Path) -> Pixels | None:
        return _read_picture(path, max_pixels)

    def read_reference(number: str) -> Pixels | None:
        return _read_reference(known.get(number), max_pixels)

    figures = []
    clean, shown = evaluation.summary.alarms.of, evaluation.summary.recall.of
    if clean and shown:
        plot_recall(evaluation, folder / "recall.png")
        figures.append(("recall.png", "What is found, by clean pictures flagged"))
    plot_risks(evaluation, folder / "risks.png")
    figures.append(("risks.png", "Risks"))
    plot_curves(evaluation, folder / "curves.png", before)
    figures.append(("curves.png", "What each detector adds"))
    if draw_misses(evaluation.missed, first, folder / "misses.png", read_picture, read_reference):
        figures.append(("misses.png", "Missed: the picture, and a reference of what it shows"))
    if draw_alarms(evaluation.alarms, folder / "alarms.png", read_picture, read_reference):
        figures.append(("alarms.png", "Clean pictures, and the reference each was taken for"))
    return figures


def _read_picture(path: Path, max_pixels: int) -> Pixels | None:
    try:
        return decode_image(path.read_bytes(), max_pixels=max_pixels, fit=_SHOWN_SIDE).pixels
    except (OSError, FaultError):  # it was examined before; a sheet does without it
        return None


def _read_reference(reference: Reference | None, max_pixels: int) -> Pixels | None:
    if reference is None:
        return None
    try:
        data = reference.path.read_bytes()
        return decode_reference(
            data, max_pixels=max_pixels, fit=_SHOWN_SIDE, box=reference.box
        ).pixels
    except (OSError, ReferenceRefusedError):
        return None
