"""Sheets to look at: what was missed beside its reference, and what was taken for what."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageOps

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from benchmarks.motif_cases import Reference
from benchmarks.motif_edits import Box, Pixels
from benchmarks.motif_pictures import on_white
from benchmarks.motif_scores import Scored

PAIRS = 48
"""Pairs on a sheet at most."""

PER_KIND = 4
"""Misses of one kind on a sheet at most: one hard kind must not hide the others."""

_Pair = tuple[Scored, Reference, str, Box | None, Box | None]
_SIDE, _COLUMNS, _LINE = 150, 6, 24
_TRUE, _GIVEN = (220, 30, 30), (30, 90, 220)


def save_sheets(
    scored: Sequence[Scored],
    references: Sequence[Reference],
    way: tuple[str, str],
    above: float,
    folder: Path,
) -> None:
    """Write two sheets: the worst misses, and the clean pictures with the highest scores.

    On a miss the red box is where the motif lies, the blue one where the detector saw it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    kind = way[1]
    pictures = {reference.label: reference for reference in references}
    missed = [s for s in scored if s.case.truth and s.of_truth(kind).score <= above]
    missed.sort(key=lambda s: (s.of_truth(kind).score, s.case.id))
    counts: dict[str, int] = {}
    pairs: list[_Pair] = []
    for s in missed:
        counts[s.case.kind] = counts.get(s.case.kind, 0) + 1
        if counts[s.case.kind] <= PER_KIND:
            seen = s.of_truth(kind)
            text = f"{s.case.kind}\n{seen.score:.3f} {s.case.truth}"
            pairs.append((s, pictures[s.case.truth or ""], text, s.box, seen.box))
    readable = "".join(c if c.isalnum() else "-" for c in "-".join(way))[-60:]
    _draw(pairs[:PAIRS], folder / f"{readable}-misses.png")
    clean = [s for s in scored if s.case.group == "clean" and s.scores.get(kind)]
    clean.sort(key=lambda s: (-s.best(kind)[1], s.case.id))
    pairs = []
    for s in clean[:PAIRS]:
        label, score = s.best(kind)
        box = s.scores[kind][label].box
        text = f"{s.case.kind}\n{score:.3f} {label}"
        pairs.append((s, pictures[label], text, None, box))
    _draw(pairs, folder / f"{readable}-alarms.png")


def _draw(pairs: Sequence[_Pair], path: Path) -> None:
    rows = max(1, -(-len(pairs) // _COLUMNS))
    sheet = Image.new("RGB", (_COLUMNS * (2 * _SIDE + 8), rows * (_SIDE + _LINE)), (225, 225, 230))
    pen = ImageDraw.Draw(sheet)
    for number, (scored, reference, text, truth, given) in enumerate(pairs):
        left = number % _COLUMNS * (2 * _SIDE + 8)
        top = number // _COLUMNS * (_SIDE + _LINE)
        sheet.paste(_thumbnail(scored.case.pixels(), (truth, _TRUE), (given, _GIVEN)), (left, top))
        sheet.paste(_thumbnail(on_white(reference.picture())), (left + _SIDE, top))
        pen.text((left, top + _SIDE), text, fill=(0, 0, 0), spacing=1)
    sheet.save(path)


def _thumbnail(pixels: Pixels, *boxes: tuple[Box | None, tuple[int, int, int]]) -> Image.Image:
    image = ImageOps.contain(Image.fromarray(pixels), (_SIDE - 2, _SIDE - 2))
    pen = ImageDraw.Draw(image)
    for box, colour in boxes:
        if box:
            x0, y0, x1, y1 = (v * side for v, side in zip(box, image.size * 2, strict=True))
            pen.rectangle((x0, y0, max(x0, x1 - 1), max(y0, y1 - 1)), outline=colour)
    return image
