"""docs/consent-faults.md, written from the table."""

from __future__ import annotations

from pathlib import Path

from tests.fault_matrix.axes import Fault
from tests.fault_matrix.outcomes import Cell
from tests.fault_matrix.table import MATRIX

PAGE = Path(__file__).resolve().parents[2] / "docs" / "consent-faults.md"

_HEAD = """\
# Faults of consent: what follows from each

This page says, for every way in which consent reaches Kiyome and for everything that can go wrong
with it, what becomes of the image. Look up where the statement stood, then what went wrong. There
are three verdicts for each: with a **contract on file** that covers the image (and overrides
nothing), with **nothing on file**, and under the **opt-out** profile. A fault that was taken for
silence would clear in the first and third column; so wherever one of them says *clear*, the last
column says why that is right. The first two lines of each table are controls: nothing is wrong,
and the carrier is heard. The purpose is generative training throughout.

*exclude* needs nothing from you. *review* waits for a person, and the explanation of the verdict
names the source that could not be read: mend it (start the node, ask the site again, get the whole
file) and run again, and the image is decided by what the source really says; or rule on it by hand.
A dash means that the combination cannot come about. What the reasons mean stands in
[reasons.md](reasons.md), how statements weigh against each other in [consent.md](consent.md). This
page is written by `python -m tests.fault_matrix`; the test of the same table brings every line
about with real servers, a real chain and really signed files.
"""


def write_page() -> str:
    """The page, from the table."""
    lines = [_HEAD]
    for carrier, row in MATRIX.items():
        lines += [
            f"## {carrier.value[0].upper()}{carrier.value[1:]}",
            "",
            "| What goes wrong | Exactly | Contract on file | Nothing on file | Opt-out | Why |",
            "|---|---|---|---|---|---|",
        ]
        for fault in Fault:
            cell = row[fault]
            if isinstance(cell, Cell):
                decisions = " | ".join(map(_show, cell.outcome.decisions))
                lines.append(f"| {fault.value} | {cell.what} | {decisions} | {_why(cell)} |")
            else:
                lines.append(f"| {fault.value} | – | – | – | – | {cell.why} |")
        lines.append("")
    return "\n".join(lines)


def _show(decision: str) -> str:
    verdict, reason = decision.split()
    return f"{verdict} `{reason}`" if verdict != "stopped" else "no run begins"


def _why(cell: Cell) -> str:
    return " ".join(
        part for part in (cell.because or cell.outcome.why, cell.outcome.clears) if part
    )
