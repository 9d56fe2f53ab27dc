"""From an item's evidence to what the page shows: pictures, marked captions, findings.

Evidence holds text that strangers wrote. Nothing here trusts its shape more than it must: what is
missing or odd is shown as missing or odd, and never keeps a reviewer from ruling.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from models.consent.setters import how_known, show_setter
from models.motifs.placement import read_number
from models.review.derivatives import VIEW, derivative_path, note_path
from models.review.queue import RulingReason
from review_ui.webp import read_webp_size

_SMALL = 384
"""Longer side, in pixels, below which a picture is enlarged: boxes and points need room."""

_HIDDEN = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\U000e0000-\U000e007f]"
)

_USUAL_REASONS: dict[str, tuple[RulingReason, RulingReason]] = {
    "motif_copy": (RulingReason.OTHER_MOTIF, RulingReason.COPIED_MOTIF),
    "motif_contained": (RulingReason.OTHER_MOTIF, RulingReason.COPIED_MOTIF),
    "motif_resembles": (RulingReason.OTHER_MOTIF, RulingReason.DERIVED_MOTIF),
    "name_protected": (RulingReason.OTHER_NAME, RulingReason.NAMES_PROTECTED),
    "name_possible": (RulingReason.ORDINARY_WORD, RulingReason.NAMES_PROTECTED),
    "image_animated": (RulingReason.FRAMES_HARMLESS, RulingReason.FRAMES_HARMFUL),
    "consent_tampered": (RulingReason.CONSENT_CONFIRMED, RulingReason.CONSENT_DOUBTFUL),
    "consent_malformed": (RulingReason.CONSENT_CONFIRMED, RulingReason.CONSENT_DOUBTFUL),
    "consent_undetermined": (RulingReason.CONSENT_CONFIRMED, RulingReason.CONSENT_DOUBTFUL),
    "consent_conflict": (RulingReason.CONSENT_CONFIRMED, RulingReason.CONSENT_DOUBTFUL),
}


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture to show, or why there is none.

    Attributes:
        asset_id: id of the asset or reference; "" where the evidence names no usable one.
        shown: there is a copy to show.
        missing: reason code and detail that the pipeline left, "" where it left none.
        boxes: finding number and x, y, width, height as fractions of the picture.
        shape: "enlarged wide" or "enlarged tall" where it is shown enlarged, else "".
    """

    asset_id: str
    shown: bool
    missing: str = ""
    boxes: tuple[tuple[int, float, float, float, float], ...] = ()
    shape: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """A registered motif beside which the asset is judged."""

    picture: Picture
    label: str
    category: str
    owner: str


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a caption.

    Attributes:
        text: what to show; for a character that cannot be seen, its code point.
        hidden: it stands for a character that cannot be seen.
        findings: numbers of the findings whose span covers it.
        ending: numbers of the findings whose span ends with it.
        kind: the kind of the gravest finding that covers it, or "".
    """

    text: str
    hidden: bool
    findings: tuple[int, ...]
    ending: tuple[int, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class MarkedCaption:
    """A caption cut into pieces, where it was found, and how a release would get it rewritten."""

    source: str
    pieces: tuple[Piece, ...]
    rewritten: tuple[Piece, ...] = ()


_FINDING: dict[str, Any] = {
    "kind": "",
    "detector": "",
    "score": 0.0,
    "explanation": "",
    "reference": "",
    "label": "",
    "category": "",
    "caption": -1,
    "start": -1,
    "end": -1,
    "surface": "",
    "box": None,
    "distance": None,
    "term": "",
    "alignment": None,
}
_STATEMENT: dict[str, Any] = {
    "carrier": "",
    "source": "",
    "preferences": {},
    "condition": "",
    "levels": "",
    "setter": "",
    "attribution": False,
    "license_ref": "",
    "issued_at": None,
    "expires_at": None,
    "observed_at": None,
    "anchor": "",
    "author": "",
    "notes": [],
}
_ASSET: dict[str, Any] = {"name": "", "names": [], "width": None, "height": None, "format": None}


def read_findings(evidence: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The findings, each with all its keys."""
    return [_complete(given, _FINDING) for given in _read_list(evidence, "findings")]


def read_statements(evidence: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The statements, each with all its keys, and with how surely its speaker is known."""
    read = [_complete(given, _STATEMENT) for given in _read_list(evidence, "statements")]
    for each in read:
        setter = str(each["setter"] or "")
        each["known"] = how_known(setter, str(each["levels"])).value
        each["speaker"] = show_setter(setter)
    return read


def read_chain(evidence: Mapping[str, Any]) -> dict[str, list[str]]:
    """By language the lines that say how consent was decided; none where nothing was kept."""
    given = evidence.get("consent")
    texts = given if isinstance(given, dict) else {}
    return {str(language): str(text).splitlines() for language, text in texts.items() if text}


def read_asset(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """The file's facts, with all their keys."""
    given = evidence.get("asset")
    return _complete(given if isinstance(given, dict) else {}, _ASSET)


def read_codes(evidence: Mapping[str, Any]) -> list[str]:
    """The reason codes for which the question is asked, the weightiest first."""
    given = evidence.get("reasons")
    return [str(code) for code in given] if isinstance(given, list) else []


def show_picture(
    folder: Path, asset_id: str, findings: Sequence[Mapping[str, Any]] = ()
) -> Picture:
    """What to show of a picture, and the boxes that findings draw on it."""
    try:
        copy = derivative_path(folder, asset_id, VIEW)
        note = note_path(folder, asset_id)
    except ValueError:
        return Picture("", False)
    missing = ""
    shown = copy.is_file()
    if not shown and note.is_file():
        missing = note.read_text("utf-8", "replace").strip()[:500]
    return Picture(asset_id, shown, missing, _draw_boxes(findings), _shape_of(copy))


def show_references(
    folder: Path, evidence: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]
) -> tuple[Reference, ...]:
    """The references of an item, the most surely matched first."""
    scores: dict[str, float] = {}
    for finding in findings:
        reference = str(finding.get("reference", ""))
        score = read_number(finding.get("score"), 0, 1) or 0.0
        scores[reference] = max(scores.get(reference, 0.0), score)
    references = [
        Reference(
            show_picture(folder, str(given.get("id", ""))),
            str(given.get("label", "")),
            str(given.get("category", "")),
            str(given.get("owner", "")),
        )
        for given in _read_list(evidence, "references")
    ]
    return tuple(sorted(references, key=lambda r: -scores.get(r.picture.asset_id, 0.0)))


def mark_captions(
    evidence: Mapping[str, Any], findings: Sequence[Mapping[str, Any]]
) -> tuple[MarkedCaption, ...]:
    """The captions, with the spans that findings point at; findings count from 1."""
    return tuple(
        MarkedCaption(
            str(caption.get("source", "")),
            cut_text(str(caption.get("text", "")), _spans_in(index, findings), findings),
            cut_text(str(caption.get("rewritten") or ""), [], findings),
        )
        for index, caption in enumerate(_read_list(evidence, "captions"))
    )


def usual_reasons(codes: Sequence[str]) -> tuple[RulingReason, RulingReason]:
    """The reasons to approve and to exclude that fit the weightiest reason for asking."""
    if not codes:
        return RulingReason.NOTHING_FOUND, RulingReason.EXCLUDED_OTHERWISE
    for code in codes:
        if code in _USUAL_REASONS:
            return _USUAL_REASONS[code]
        if code.startswith(("consent_", "grant_")):
            return RulingReason.CONSENT_CONFIRMED, RulingReason.CONSENT_MISSING
    return RulingReason.APPROVED_OTHERWISE, RulingReason.EXCLUDED_OTHERWISE


def _read_list(evidence: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    value = evidence.get(key)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def _complete(given: Mapping[str, Any], blank: Mapping[str, Any]) -> dict[str, Any]:
    """Every key of ``blank``, with what was given for it where that is of the same kind."""
    return {
        key: given[key] if key in given and _fits(given[key], value) else value
        for key, value in blank.items()
    }


def _fits(given: Any, blank: Any) -> bool:
    if isinstance(blank, float):
        return isinstance(given, int | float)
    return blank is None or isinstance(given, type(blank))


def _shape_of(copy: Path) -> str:
    width, height = read_webp_size(copy) or (_SMALL, _SMALL)
    if max(width, height) >= _SMALL:
        return ""
    return "enlarged wide" if width > height else "enlarged tall"


def _draw_boxes(
    findings: Sequence[Mapping[str, Any]],
) -> tuple[tuple[int, float, float, float, float], ...]:
    boxes = []
    for number, finding in enumerate(findings, 1):
        box = finding.get("box")
        if not (isinstance(box, list) and len(box) == 4):
            continue
        if not all(isinstance(side, int | float) and 0 <= side <= 1 for side in box):
            continue
        left, top, right, bottom = box
        if left < right and top < bottom:
            boxes.append((number, left, top, right - left, bottom - top))
    return tuple(boxes)


def _spans_in(caption: int, findings: Sequence[Mapping[str, Any]]) -> list[tuple[int, int, int]]:
    spans = []
    for number, finding in enumerate(findings, 1):
        start, end = finding.get("start"), finding.get("end")
        if finding.get("caption") == caption and isinstance(start, int) and isinstance(end, int):
            spans.append((number, start, end))
    return spans


def cut_text(
    text: str,
    spans: Sequence[tuple[int, int, int]],
    findings: Sequence[Mapping[str, Any]] = ({"kind": "unknown_term"},),
) -> tuple[Piece, ...]:
    """A text cut into pieces, with what cannot be seen in it made visible.

    Args:
        spans: number of a finding, where it begins and where it ends.
        findings: the findings, which count from 1; without them, one unknown term.
    """
    spans = [span for span in spans if 0 <= span[1] < span[2] <= len(text)]
    hidden = {match.start() for match in _HIDDEN.finditer(text)}
    cuts = {0, len(text), *(at for _, start, end in spans for at in (start, end))}
    cuts |= {at for position in hidden for at in (position, position + 1)}
    edges = sorted(cuts)
    pieces = []
    for start, end in pairwise(edges):
        covering = tuple(n for n, first, last in spans if first <= start and end <= last)
        kinds = sorted(str(findings[number - 1].get("kind", "")) for number in covering)
        kind = "name_protected" if "name_protected" in kinds else next(iter(kinds), "")
        unseen = start in hidden
        pieces.append(
            Piece(
                text=f"U+{ord(text[start]):04X}" if unseen else text[start:end],
                hidden=unseen,
                findings=covering,
                ending=tuple(n for n, _, last in spans if last == end),
                kind=kind,
            )
        )
    return tuple(pieces)
