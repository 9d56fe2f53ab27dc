"""The report of a run as one HTML file that opens without a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from models.errors import WorkspaceError
from models.files import write_atomically
from models.planning import read_outcomes
from models.reasons import TEXTS, Reason
from models.review.derivatives import THUMB, derivative_path
from models.summary import VERDICT_WORDS, Summary, describe_duplicates, describe_sign_off
from models.verdicts import Verdict

SHOWN_EACH = 200
"""How many assets of each verdict the report lists; the files in the release list all."""
_ORDER = ("reasons", "names")
_COLUMNS = ("asset_id", "names", "verdict", "reasons", "decided_by", "explanation_en")
_LISTED = (Verdict.REVIEW, Verdict.EXCLUDE, Verdict.ERROR)


def report_path(workspace: Path, dataset: str) -> Path:
    """Where the report of a dataset's last run lies."""
    return workspace / "reports" / dataset / "report.html"


def write_report(workspace: Path, summary: Summary) -> Path:
    """Write the report of a run.

    Returns:
        The file.

    Raises:
        WorkspaceError: it cannot be written.
    """
    path = report_path(workspace, summary.dataset)
    outcomes = read_outcomes(workspace, summary.dataset, _COLUMNS)
    html = render_report(summary, outcomes, workspace, path.parent)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, html.encode("utf-8"))
    except OSError as error:
        raise WorkspaceError(
            f"The report cannot be written to {path}: {error.strerror or error}.",
            "Free some disk space or make the workspace writable, then run again.",
        ) from error
    return path


def render_report(summary: Summary, outcomes: pa.Table, workspace: Path, folder: Path) -> str:
    """The report as HTML.

    Args:
        outcomes: ``models.releases.manifest.OUTCOMES`` of the run; ``_COLUMNS`` at least.
        folder: where the file will lie; pictures are linked relative to it.
    """
    environment = Environment(
        loader=PackageLoader("models.releases"),
        autoescape=select_autoescape(),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    lists = [
        {
            "verdict": verdict.value,
            "title": VERDICT_WORDS[verdict],
            "total": summary.counts.get(verdict.value, 0),
            "rows": _rows(outcomes, verdict, workspace, folder),
        }
        for verdict in _LISTED
        if summary.counts.get(verdict.value)
    ]
    bars = [
        {
            "verdict": verdict.value,
            "title": VERDICT_WORDS[verdict],
            "count": summary.counts.get(verdict.value, 0),
            "share": 100 * summary.counts.get(verdict.value, 0) / max(1, summary.assets),
            "reasons": [
                {"code": code, "count": count, "text": TEXTS[Reason(code)]}
                for code, count in summary.reasons.get(verdict.value, {}).items()
            ],
        }
        for verdict in (Verdict.CLEAR, Verdict.REVIEW, Verdict.EXCLUDE, Verdict.ERROR)
    ]
    return environment.get_template("report.html").render(
        summary=summary,
        bars=bars,
        lists=lists,
        shown=SHOWN_EACH,
        duplicates=describe_duplicates(summary),
        sign_off=describe_sign_off(summary),
    )


def _rows(
    outcomes: pa.Table, verdict: Verdict, workspace: Path, folder: Path
) -> list[dict[str, Any]]:
    found = outcomes.filter(pc.equal(outcomes["verdict"], verdict.value))
    keys = pa.table([pc.binary_join(found[name], "\0") for name in _ORDER], names=list(_ORDER))
    by = [(name, "ascending") for name in _ORDER]
    first = pc.select_k_unstable(keys, SHOWN_EACH, by)
    rows = []
    for row in found.take(first).to_pylist():
        picture = derivative_path(workspace / "derivatives", row["asset_id"], THUMB)
        linked = picture.exists() and picture.is_relative_to(workspace)
        back = "/".join([".."] * len(folder.relative_to(workspace).parts))
        rows.append(
            {
                "name": row["names"][0],
                "others": len(row["names"]) - 1,
                "reasons": row["reasons"],
                "explanation": row["explanation_en"],
                "decided_by": row["decided_by"],
                "picture": f"{back}/{picture.relative_to(workspace).as_posix()}" if linked else "",
            }
        )
    return rows
