"""An evaluation as text: for the terminal, and as a page with its figures."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from models.motifs.calibration.evaluating import Evaluation, in_thousand
from models.motifs.calibration.labelled import LeftOut
from models.motifs.calibration.shares import Share
from models.motifs.evidence import Detector
from models.unicode import escape_unprintable

DETECTOR_WORDS: Final[dict[Detector, str]] = {
    "pdq": "fingerprint",
    "whole": "encoder, whole",
    "part": "encoder, parts",
    "points": "matched points",
}
_LEFT_OUT_SHOWN: Final = 50
_WIDE = frozenset("WF")


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its title, the names of its columns, and its rows; figures stand to the right."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tabulate(evaluation: Evaluation) -> Iterator[Table]:
    """The tables of an evaluation; those without rows are left out."""
    summary, risk = evaluation.summary, evaluation.risk
    kinds = [("all", summary.recall), *summary.by_kind.items()]
    yield Table(
        f"Found at risk {risk:.2f}, by kind",
        (
            "kind",
            "found",
            "recall",
            "95 % interval",
            *(["boxes right"] if evaluation.boxes else []),
        ),
        tuple(
            (
                *_share_cells(kind, share),
                *([_box_cell(evaluation, kind)] if evaluation.boxes else []),
            )
            for kind, share in (kinds if len(kinds) > 2 else kinds[1:])
        ),
    )
    alarms = [("all", summary.alarms), *summary.alarms_by_kind.items()]
    yield Table(
        "Clean pictures flagged",
        ("kind", "flagged", "in 1,000", "95 % interval"),
        tuple(
            (
                kind,
                f"{share.found:,} of {share.of:,}",
                in_thousand(share.value).removesuffix(" in 1,000"),
                "{:.1f} to {:.1f}".format(*(1000 * end for end in share.interval)),
            )
            for kind, share in (alarms if len(alarms) > 2 else alarms[1:])
        ),
    )
    yield Table(
        "Detectors",
        ("detector", "finds alone", "recall", "95 % interval", "only it finds"),
        tuple(
            (
                *_share_cells(DETECTOR_WORDS[detector], shares.alone),
                f"{shares.only.found:,} of {shares.only.of:,}",
            )
            for detector, shares in evaluation.detectors.items()
            if shares.alone.of
        ),
    )


def write_terminal(evaluation: Evaluation) -> str:
    """What the command prints."""
    lines = [*_facts(evaluation), ""]
    for table in tabulate(evaluation):
        if table.rows:
            lines += [table.title, *align(table), ""]
    lines += [f"- {line}" for line in evaluation.advice]
    if evaluation.left_out:
        lines += ["", f"{len(evaluation.left_out):,} rows of the list were left out:"]
        lines += [f"  line {e.line}: {e.name}: {e.why}" for e in evaluation.left_out[:10]]
        if len(evaluation.left_out) > 10:
            lines.append("  and more, in the report")
    return "\n".join(map(escape_unprintable, lines)) + "\n"


def write_page(evaluation: Evaluation, figures: Sequence[tuple[str, str]]) -> str:
    """The same as a page of Markdown.

    Args:
        evaluation: what was measured.
        figures: file name and caption of each figure that lies beside the page.
    """
    lines = ["# Evaluation of motif detection", "", *_facts(evaluation), ""]
    for table in tabulate(evaluation):
        if table.rows:
            lines += [f"## {table.title}", "", *_markdown(table), ""]
    if evaluation.advice:
        lines += ["## What to do", "", *(f"- {_escape(line)}" for line in evaluation.advice), ""]
    for name, caption in figures:
        lines += [f"## {caption}", "", f"![{caption}]({name})", ""]
    if evaluation.left_out:
        lines += ["## Rows left out", "", *_markdown(_left_out(evaluation.left_out)), ""]
    return "\n".join(lines)


def _facts(evaluation: Evaluation) -> list[str]:
    references, labels = sum(evaluation.references.values()), len(evaluation.references)
    recall, alarms = evaluation.summary.recall, evaluation.summary.alarms
    measured = (
        f"Pictures that show a motif: {recall.of:,}; clean ones: {alarms.of:,}; "
        f"references: {references:,}, of {labels:,} {'label' if labels == 1 else 'labels'}."
    )
    judged_by = (
        f"Encoder {evaluation.encoder}, calibration {evaluation.calibration.name!r}, "
        f"risk {evaluation.risk:.2f}."
    )
    lines = [measured, judged_by]
    if evaluation.mistaken.found:
        lines.append(
            f"{evaluation.mistaken.found:,} of the pictures that show a motif are flagged for "
            "another label only; they count as missed."
        )
    return lines


def _share_cells(name: str, share: Share) -> tuple[str, str, str, str]:
    low, high = share.interval
    return (
        name,
        f"{share.found:,} of {share.of:,}",
        f"{share.value:.2f}",
        f"{low:.2f} to {high:.2f}",
    )


def _box_cell(evaluation: Evaluation, kind: str) -> str:
    if kind == "all":
        parts = evaluation.boxes.values()
        share = Share(sum(part.found for part in parts), sum(part.of for part in parts))
    else:
        share = evaluation.boxes.get(kind, Share(0, 0))
    return f"{share.found:,} of {share.of:,}" if share.of else ""


def _left_out(left_out: Sequence[LeftOut]) -> Table:
    rows = [(str(each.line), each.name, each.why) for each in left_out[:_LEFT_OUT_SHOWN]]
    if len(left_out) > _LEFT_OUT_SHOWN:
        rows.append(("…", f"{len(left_out) - _LEFT_OUT_SHOWN:,} more", "see report.json"))
    return Table("Rows left out", ("line", "file", "why"), tuple(rows))


def align(table: Table) -> Iterator[str]:
    """A table for a terminal, a line each, with its columns below one another."""
    rows = [table.columns, *table.rows]
    rows = [tuple(escape_unprintable(cell) for cell in row) for row in rows]
    widths = [max(_width(row[n]) for row in rows) for n in range(len(table.columns))]
    for row in rows:
        cells = [
            _pad(cell, width, right=number > 0)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        yield ("  " + "  ".join(cells)).rstrip()


def _pad(text: str, width: int, *, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space


def _width(text: str) -> int:
    """Columns of a terminal: Japanese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in _WIDE else 1 for c in text)


def _markdown(table: Table) -> Iterator[str]:
    yield "| " + " | ".join(table.columns) + " |"
    yield "|" + "---|" * len(table.columns)
    for row in table.rows:
        yield "| " + " | ".join(map(_escape, row)) + " |"


def _escape(text: str) -> str:
    """A text that Markdown shows as it is, on one line."""
    return re.sub(r"([\\`*_\[\]<>|#])", r"\\\1", escape_unprintable(text))
