"""From a motif finding to what the page draws of it: boxes, matched points, overlay, enlargement.

The evidence may be of another version or damaged. A number that is missing, not finite or outside
the picture leaves out what would be drawn from it, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from models.motifs.alignment import Box
from models.motifs.placement import (
    Matrix,
    Placement,
    find_box,
    find_placement,
    find_points,
    read_number,
)
from models.review.derivatives import VIEW, derivative_path
from review_ui.evidence import Reference
from review_ui.webp import read_webp_size

SLOTS: Final = 9
"""Matches whose evidence can be drawn, as many as there are digits to press."""

CLEAN_RISK: Final = 0.5
"""Risk that one clean picture in a thousand reaches by accident (``models.motifs.risk``)."""

CANVAS: Final = 1000
"""Side of the square of units in which the overlay is drawn, stretched over the asset."""

COLOURS: Final = 6
"""Colours of matched points in the style sheet, told apart by colour-blind people as well."""

_BITS: Final = 256
_MOST: Final = 10**6
_MARGIN: Final = 0.12
_LEAST_CROP: Final = 32
_UPRIGHT: Final = 3
_WHOLE: Final = 0.8
_EDGES: Final = (0.4, 0.6)
_PLACES: Final = (
    ("motif.at.upper_left", "motif.at.upper", "motif.at.upper_right"),
    ("motif.at.left", "motif.at.middle", "motif.at.right"),
    ("motif.at.lower_left", "motif.at.lower", "motif.at.lower_right"),
)
_RISKS: Final = (
    (0.9, "motif.risk.very_likely"),
    (0.7, "motif.risk.likely"),
    (0.5, "motif.risk.possible"),
    (0.3, "motif.risk.weak"),
    (0.0, "motif.risk.very_weak"),
)


@dataclass(frozen=True, slots=True)
class Dot:
    """A matched point, in per cent of the two pictures' widths and heights."""

    colour: int
    asset: tuple[float, float]
    reference: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a box lies in the asset.

    Attributes:
        words: the key of the words for it.
        share: how much of the picture it covers, in whole per cent.
        box: left, top, width, height in per cent of the picture.
    """

    words: str
    share: int
    box: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Crop:
    """A part of a picture, in units of the asset's pixels.

    Attributes:
        view: x, y, width and height of the part.
        size: width and height to which the picture is stretched.
        matrix: how it is laid after that, as SVG writes it; "" as it is.
    """

    view: tuple[float, float, float, float]
    size: tuple[float, float]
    matrix: str = ""


@dataclass(frozen=True, slots=True)
class Match:
    """What is known and what can be drawn of one motif finding.

    Attributes:
        number: of the finding, from 1.
        slot: from 1 in the order of risk; 0 where only its words are shown.
        key: the digit that chooses it, or "".
        label: the motif's name for a person.
        reference: the motif with its picture; None where the evidence does not say what it is.
        risk: 0 to 1, or None.
        risk_shown: the same with two places, and never a certainty that it is not; or "".
        risk_words: the key of the words for it, or "".
        same_file: the asset is the registered file.
        bits: of 256, in which the fingerprints differ, or None.
        inliers, matched: matched points that agree on one place, of how many; or None.
        mirrored: the motif lies mirrored left to right.
        turned: by how many degrees it is turned clockwise, 0 where hardly.
        place: where it lies in the asset, or None.
        part: what of the reference matched, or None.
        dots: matched points.
        matrix: lays the reference, stretched to the ``CANVAS``, onto the asset; "" where unknown.
        outline: the reference's corners there, as SVG writes them.
        crops: the matched part of the asset and of the reference, at the same scale where
            ``matrix`` is known; or None.
    """

    number: int
    slot: int
    key: str
    label: str
    reference: Reference | None
    risk: float | None
    risk_shown: str
    risk_words: str
    same_file: bool
    bits: int | None
    inliers: int | None
    matched: int | None
    mirrored: bool
    turned: int
    place: Place | None
    part: Place | None
    dots: tuple[Dot, ...]
    matrix: str
    outline: str
    crops: tuple[Crop, Crop] | None


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From which risk on the policy acts; None where the evidence does not say."""

    risk: float | None
    named_risk: float | None


def read_thresholds(evidence: Mapping[str, Any]) -> Thresholds:
    """The limits of the policy that was in force, from the evidence's ``motifs``."""
    given = evidence.get("motifs")
    limits = given if isinstance(given, dict) else {}
    return Thresholds(
        read_number(limits.get("risk"), 0, 1), read_number(limits.get("named_risk"), 0, 1)
    )


def read_matches(
    folder: Path,
    asset_id: str,
    findings: Sequence[Mapping[str, Any]],
    references: Sequence[Reference],
) -> tuple[Match, ...]:
    """The motif findings, the riskiest first; the first ``SLOTS`` can be drawn.

    Args:
        folder: where the pictures' copies lie.
        asset_id: id of the asset.
        findings: as ``review_ui.evidence.read_findings`` gives them.
        references: the motifs that the evidence describes.
    """
    by_id = {reference.picture.asset_id: reference for reference in references}
    numbered = [
        (number, finding)
        for number, finding in enumerate(findings, 1)
        if str(finding.get("kind", "")).startswith("motif_")
    ]
    numbered.sort(key=lambda pair: (-(read_number(pair[1].get("score"), 0, 1) or 0), pair[0]))
    size = _find_size(folder, asset_id)
    matches = []
    slot = 0
    for number, finding in numbered:
        reference = by_id.get(str(finding.get("reference", "")))
        drawn = reference is not None and slot < SLOTS
        slot += drawn
        matches.append(
            _read_match(number, slot if drawn else 0, finding, reference, (folder, asset_id, size))
        )
    return tuple(matches)


def describe_place(box: Box) -> Place:
    """A box in words: where in the picture its middle lies, and how much of it the box covers."""
    left, top, right, bottom = box
    width, height = right - left, bottom - top
    share = max(1, round(100 * width * height))
    column, row = (
        sum(middle > edge for edge in _EDGES) for middle in ((left + right) / 2, (top + bottom) / 2)
    )
    words = _PLACES[row][column] if width * height < _WHOLE else "motif.at.whole"
    return Place(words, share, (_cent(left), _cent(top), _cent(width), _cent(height)))


def _read_match(
    number: int,
    slot: int,
    finding: Mapping[str, Any],
    reference: Reference | None,
    asset: tuple[Path, str, tuple[int, int] | None],
) -> Match:
    folder, asset_id, size = asset
    alignment = finding.get("alignment")
    given: Mapping[str, Any] = alignment if isinstance(alignment, dict) else {}
    mirrored = given.get("mirrored") is True
    placement = find_placement(given.get("transform"), mirrored)
    box = find_box(finding.get("box"))
    part = find_box(given.get("reference_box"))
    risk = read_number(finding.get("score"), 0, 1)
    points = _read_dots(given.get("points")) if slot else ()
    drawn = placement if slot and reference is not None and reference.picture.shown else None
    crops = None
    if reference is not None and slot and box is not None and size is not None:
        reference_size = _find_size(folder, reference.picture.asset_id)
        crops = _cut(box, size, placement, part, reference_size)
    inliers, matched = (_read_count(given.get(name), _MOST) for name in ("inliers", "matched"))
    turned = placement.turn(size, mirrored) if placement and size else 0
    return Match(
        number=number,
        slot=slot,
        key=str(number) if slot and number <= SLOTS else "",
        label=str(finding.get("label", "")),
        reference=reference,
        risk=risk,
        risk_shown=_write_risk(risk),
        risk_words=next(
            (words for least, words in _RISKS if risk is not None and risk >= least), ""
        ),
        same_file=finding.get("reference") == asset_id,
        bits=_read_count(finding.get("distance"), _BITS),
        inliers=inliers,
        matched=matched if inliers is not None and (matched or 0) >= inliers else None,
        mirrored=mirrored and placement is not None,
        turned=turned if abs(turned) > _UPRIGHT else 0,
        place=describe_place(box) if box else None,
        part=describe_place(part) if part else None,
        dots=points,
        matrix=_write_matrix(_spread(drawn.matrix)) if drawn else "",
        outline=_write_outline(drawn) if drawn else "",
        crops=crops,
    )


def _write_risk(risk: float | None) -> str:
    if risk is None:
        return ""
    return "> 0.99" if 0.99 < risk < 1 else f"{risk:.2f}"


def _read_dots(points: object) -> tuple[Dot, ...]:
    """The points from top to bottom, so that lines beside each other differ in colour."""
    sound = sorted(find_points(points), key=lambda point: (point[1], point))
    return tuple(
        Dot(place % COLOURS, (_cent(x), _cent(y)), (_cent(u), _cent(v)))
        for place, (x, y, u, v) in enumerate(sound)
    )


def _cut(
    box: Box,
    asset: tuple[int, int],
    placement: Placement | None,
    part: Box | None,
    reference: tuple[int, int] | None,
) -> tuple[Crop, Crop] | None:
    """The part in the box with a margin, of the asset and of the reference."""
    if reference is None:
        return None
    view = _widen(box, asset)
    width, height = (float(side) for side in asset)
    here = Crop(view, (width, height))
    if placement is not None:
        return here, Crop(view, (width, height), _write_matrix(placement.scale(asset)))
    there = _widen(part or (0.0, 0.0, 1.0, 1.0), reference, margin=0.0)
    return here, Crop(there, (float(reference[0]), float(reference[1])))


def _widen(
    box: Box, size: tuple[int, int], margin: float = _MARGIN
) -> tuple[float, float, float, float]:
    """A box in pixels with a margin around it, cut at the picture's edges."""
    edges = []
    for low, high, side in ((box[0], box[2], size[0]), (box[1], box[3], size[1])):
        around = max(margin * (high - low) * side, (_LEAST_CROP - (high - low) * side) / 2, 0.0)
        edges.append((max(0.0, low * side - around), min(float(side), high * side + around)))
    (left, right), (top, bottom) = edges
    return round(left, 2), round(top, 2), round(right - left, 2), round(bottom - top, 2)


def _spread(matrix: Matrix) -> Matrix:
    a, b, c, d, e, f = matrix
    return a, b, c * CANVAS, d, e, f * CANVAS


def _write_matrix(matrix: Matrix) -> str:
    """As SVG writes it: column by column."""
    a, b, c, d, e, f = (f"{number + 0.0:.6g}" for number in matrix)
    return f"matrix({a} {d} {b} {e} {c} {f})"


def _write_outline(placement: Placement) -> str:
    corners = placement.place_corners()
    return " ".join(f"{x * CANVAS:.6g},{y * CANVAS:.6g}" for x, y in corners)


def _read_count(value: object, most: int) -> int | None:
    """A whole number from 0 to a limit, also where it is written as 12.0."""
    number = read_number(value, 0, most)
    return int(number) if number is not None and number.is_integer() else None


def _find_size(folder: Path, asset_id: str) -> tuple[int, int] | None:
    try:
        return read_webp_size(derivative_path(folder, asset_id, VIEW))
    except ValueError:
        return None


def _cent(fraction: float) -> float:
    return round(100 * fraction, 2)
