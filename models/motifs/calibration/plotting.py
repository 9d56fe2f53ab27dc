"""Figures of an evaluation: what is found at which cost, where risks lie, and each curve."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from models.motifs.calibration.evaluating import Evaluation
from models.motifs.calibration.judging import Judged
from models.motifs.calibration.lettering import choose_fonts, make_showable
from models.motifs.calibration.measuring import trace
from models.motifs.calibration.shares import Share
from models.motifs.evidence import DETECTORS, Detector
from models.motifs.risk import CLEAN_SHARE, Calibration

# Colours that people with a colour vision deficiency tell apart: Okabe and Ito, 2008.
_BLUE: Final = "#0072B2"
_RED: Final = "#D55E00"
_GREY: Final = "#8a8a8a"
_INK: Final = "#222222"

_COLUMNS: Final = 4
_MOST_PANELS: Final = 24
_LEAST_RATE: Final = 1e-4
_BINS: Final = 40
_DPI: Final = 110
_SEEN_AS: Final[Mapping[Detector, str]] = {
    "pdq": "fingerprint: bits that are equal, of 256",
    "whole": "encoder, whole pictures: cosine",
    "part": "encoder, parts: cosine",
    "points": "matched points: their score",
}


def plot_recall(evaluation: Evaluation, path: Path) -> None:
    """For each kind of picture: what is found against the clean pictures flagged for it.

    A panel a kind, with all kinds in grey behind it, the 95 % interval as a band, and the policy's
    risk as a dot. Kinds beyond ``_MOST_PANELS`` are left out, those with the fewest pictures first.
    """
    clean = [j.scored.best for j in evaluation.judged if j.picture.label is None]
    by_kind: dict[str, list[float]] = {}
    for each in evaluation.judged:
        if each.picture.label is not None:
            by_kind.setdefault(each.picture.kind, []).append(each.scored.of_label)
    everything = [score for scores in by_kind.values() for score in scores]
    kept = sorted(by_kind, key=lambda kind: (-len(by_kind[kind]), kind))[:_MOST_PANELS]
    panels = {"all kinds": everything} | {k: by_kind[k] for k in by_kind if k in kept}
    if len(by_kind) == 1:
        panels.pop("all kinds")
    columns = min(_COLUMNS, len(panels))
    rows = math.ceil(len(panels) / columns)
    least = max(_LEAST_RATE, 0.5 / max(1, len(clean)))
    with _figure((3.1 * columns + 0.5, 2.6 * rows + 0.8)) as figure:
        axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
        for axis in axes.flat[len(panels) :]:
            axis.set_visible(False)
        for (kind, scores), axis in zip(panels.items(), axes.flat, strict=False):
            if scores is not everything and len(panels) > 1:
                _draw_trace(axis, everything, clean, least, _GREY, band=False)
            _draw_trace(axis, scores, clean, least, _BLUE, band=True)
            here = Share(sum(s >= evaluation.risk for s in scores), len(scores))
            flagged = max(least, evaluation.summary.alarms.value)
            axis.plot([flagged], [here.value], "o", color=_RED, markersize=5, zorder=5)
            axis.axvline(CLEAN_SHARE, color=_INK, linewidth=0.6, linestyle=":")
            axis.set_title(
                f"{make_showable(kind, 30)}  ({here.of:,})", fontsize=9, parse_math=False
            )
            axis.set_xscale("log")
            axis.set_xlim(least, 1)
            axis.set_ylim(0, 1.02)
            axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: _as_percent(value)))
            axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: _as_percent(value)))
            axis.grid(visible=True, color="#e4e4e4", linewidth=0.6)
        for number in range(len(panels)):
            if number + columns >= len(panels):
                axes.flat[number].tick_params(labelbottom=True)
        figure.supxlabel(
            f"clean pictures flagged (of {len(clean):,}); dotted: 1 in 1,000; "
            f"dot: risk {evaluation.risk:.2f}",
            fontsize=9,
        )
        figure.supylabel("found", fontsize=9)
        _save(figure, path)


def plot_risks(evaluation: Evaluation, path: Path) -> None:
    """Where the risks of pictures that show a motif lie, and those of clean pictures."""
    shown = [_risk_of(j) for j in evaluation.judged if j.picture.label is not None]
    clean = [_risk_of(j) for j in evaluation.judged if j.picture.label is None]
    edges = np.linspace(0, 1, _BINS + 1)
    with _figure((7.5, 4.6)) as figure:
        axes = figure.subplots(2, 1, sharex=True)
        rows: tuple[tuple[Axes, Sequence[float], str, str], ...] = (
            (axes[0], shown, _BLUE, "pictures that show a motif: risk of their own label"),
            (axes[1], clean, _RED, "clean pictures: risk of the likeliest reference"),
        )
        for axis, values, colour, title in rows:
            axis.set_axisbelow(True)
            axis.hist(values, bins=edges.tolist(), color=colour)
            axis.axvline(evaluation.risk, color=_INK, linewidth=1)
            axis.set_title(f"{title}  ({len(values):,})", fontsize=9, loc="left")
            # Few clean pictures lie to the right, and those are the ones that matter.
            axis.set_yscale("symlog", linthresh=1)
            axis.set_ylim(bottom=0)
            axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
            axis.set_ylabel("pictures", fontsize=9)
            axis.grid(visible=True, axis="y", color="#e4e4e4", linewidth=0.6)
        axes[1].set_xlabel(f"risk; line: {evaluation.risk:.2f}, from which on counts", fontsize=9)
        axes[1].set_xlim(0, 1)
        _save(figure, path)


def plot_curves(evaluation: Evaluation, path: Path, before: Calibration | None = None) -> None:
    """What each detector adds to the log-odds, above the measures that were seen.

    Args:
        before: another calibration to show beside it, dashed.
    """
    calibration = evaluation.calibration
    drawn = [d for d in DETECTORS if d in calibration.curves or (before and d in before.curves)]
    with _figure((3.6 * max(1, len(drawn)) + 0.4, 4.2)) as figure:
        axes = figure.subplots(
            2, max(1, len(drawn)), sharex="col", squeeze=False, height_ratios=(2, 1)
        )
        for number, detector in enumerate(drawn):
            above, below = axes[0][number], axes[1][number]
            for shown, style in ((before, "--"), (calibration, "-")):
                curve = shown.curves.get(detector) if shown else None
                if shown is not None and curve is not None:
                    colour = _GREY if shown is before else _BLUE
                    at = [_as_shown(detector, value) for value in curve.at]
                    needed = -shown.bias
                    above.plot(
                        at,
                        [100 * add / needed for add in curve.adds],
                        style,
                        color=colour,
                        marker="." if shown is calibration else "",
                    )
            above.axhline(100, color=_INK, linewidth=0.6, linestyle=":")
            above.set_ylim(bottom=0)
            above.set_title(_SEEN_AS[detector], fontsize=9)
            above.grid(visible=True, color="#e4e4e4", linewidth=0.6)
            _draw_measures(below, detector, evaluation.judged)
        axes[0][0].set_ylabel("share of a risk of 0.5, in %", fontsize=9)
        axes[1][0].set_ylabel("of these, in %", fontsize=9)
        _save(figure, path)


def _draw_trace(
    axis: Axes,
    scores: Sequence[float],
    clean: Sequence[float],
    least: float,
    colour: str,
    *,
    band: bool,
) -> None:
    rates, found = trace(scores, clean)
    # At the left end stands what is found when no clean picture is flagged.
    rates = np.maximum(rates, least)
    shares = [Share(count, len(scores)) for count in found.tolist()]
    axis.step(rates, [share.value for share in shares], where="post", color=colour, linewidth=1.4)
    if band:
        low, high = zip(*(share.interval for share in shares), strict=True)
        axis.fill_between(rates, low, high, step="post", color=colour, alpha=0.18, linewidth=0)


def _draw_measures(axis: Axes, detector: Detector, judged: Sequence[Judged]) -> None:
    groups: list[tuple[str, str, list[float]]] = []
    for name, colour, clean in (("show the motif", _BLUE, False), ("clean", _RED, True)):
        values = []
        for each in judged:
            seen = each.top if clean else each.own
            if (each.picture.label is None) == clean and seen is not None:
                measure = seen.evidence.strength_of(detector)
                if measure is not None:
                    values.append(_as_shown(detector, measure))
        groups.append((name, colour, values))
    everything = [value for *_, values in groups for value in values]
    if everything:
        low, high = min(everything), max(everything)
        edges = np.linspace(low, high if high > low else low + 1, _BINS // 2 + 1)
        for name, colour, values in groups:
            if values:
                weights = [100 / len(values)] * len(values)
                axis.hist(
                    values,
                    bins=edges.tolist(),
                    weights=weights,
                    color=colour,
                    alpha=0.55,
                    label=f"{name} ({len(values):,})",
                )
        axis.legend(fontsize=7, frameon=False)


def _as_shown(detector: Detector, measure: float) -> float:
    return 256 + measure if detector == "pdq" else measure


def _risk_of(judged: Judged) -> float:
    clean = judged.picture.label is None
    return max(0.0, judged.scored.best if clean else judged.scored.of_label)


def _as_percent(value: float) -> str:
    percent = 100 * value
    return f"{percent:.0f} %" if percent >= 1 or percent == 0 else f"{percent:g} %"


@contextmanager
def _figure(size: tuple[float, float]) -> Iterator[Figure]:
    """A figure of its own, outside of pyplot's registry: nothing is left open, in any thread."""
    with mpl.rc_context(
        {
            "font.family": list(choose_fonts()),
            "axes.spines.top": False,
            "axes.spines.right": False,
            "xtick.labelsize": 8,
            "ytick.labelsize": 8,
            "axes.unicode_minus": False,
        }
    ):
        figure = Figure(figsize=size, layout="constrained")
        FigureCanvasAgg(figure)
        yield figure


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, dpi=_DPI, metadata={"Software": None})
